package httpd

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/musterdb/muster/cluster/api"
	"github.com/musterdb/muster/cluster/node"
)

// door is a server in this process.
type door struct {
	t   *testing.T
	url string
}

// newDoor serves a node over a folder, in memory only if dir is empty. The returned function closes it.
func newDoor(t *testing.T, dir string) (*door, func()) {
	t.Helper()
	n, err := node.Open(node.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(New(api.New(n, api.Config{}), Config{Version: "test"}))
	closed := false
	stop := func() {
		if closed {
			return
		}
		closed = true
		srv.Close()
		if err := n.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return &door{t, srv.URL}, stop
}

// openDoor serves an ephemeral node with the base shop.
func openDoor(t *testing.T) *door {
	t.Helper()
	d, _ := newDoor(t, "")
	d.must("", "CREATE BASE shop")
	return d
}

// reply is an answer, read to its end.
type reply struct {
	status int
	head   http.Header
	body   string
	cut    error // the body was cut off
}

// send sends a request with headers given as name, value, ….
func (d *door) send(method, path string, body io.Reader, headers ...string) reply {
	d.t.Helper()
	req, err := http.NewRequest(method, d.url+path, body)
	if err != nil {
		d.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(text), err}
}

func (d *door) ask(base, statement, format string) reply {
	d.t.Helper()
	return d.send("POST", "/v1/query?"+url.Values{"base": {base}, "format": {format}}.Encode(), strings.NewReader(statement))
}

// must carries out a statement and returns its answer as CSV without the header, or its message.
func (d *door) must(base, statement string) string {
	d.t.Helper()
	r := d.ask(base, statement, "csv")
	if r.status != http.StatusOK || r.cut != nil {
		d.t.Fatalf("%s: %d %s %v", statement, r.status, r.body, r.cut)
	}
	if m := r.head.Get("Muster-Message"); m != "" {
		return m
	}
	_, rows, _ := strings.Cut(strings.ReplaceAll(r.body, "\r\n", "\n"), "\n")
	return strings.TrimSpace(rows)
}

// is asks a question with one answer.
func (d *door) is(question, want string) {
	d.t.Helper()
	if got := d.must("shop", question); got != want {
		d.t.Errorf("%s\n got %s\nwant %s", question, got, want)
	}
}

// post sends a batch of rows.
func (d *door) post(path, contentType string, body []byte, headers ...string) reply {
	d.t.Helper()
	return d.send("POST", path, bytes.NewReader(body), append([]string{"Content-Type", contentType}, headers...)...)
}

// problem decodes an answer that must be an error.
func (r reply) problem(t *testing.T) Problem {
	t.Helper()
	var got struct{ Error *Problem }
	if err := json.Unmarshal([]byte(r.body), &got); err != nil || got.Error == nil {
		t.Fatalf("no error in the answer: %d %.300s", r.status, r.body)
	}
	return *got.Error
}

// result decodes the answer to a batch.
func (r reply) result(t *testing.T) api.IngestResult {
	t.Helper()
	var got api.IngestResult
	if err := json.Unmarshal([]byte(r.body), &got); err != nil || r.status != http.StatusOK {
		t.Fatalf("the batch was not taken: %d %.500s", r.status, r.body)
	}
	return got
}

// wants fails unless the answer is an error with that status and code whose text holds the words.
func (r reply) wants(t *testing.T, status int, code string, words ...string) {
	t.Helper()
	p := r.problem(t)
	if r.status != status || string(p.Code) != code {
		t.Errorf("answered %d %s, want %d %s: %.300s", r.status, p.Code, status, code, r.body)
	}
	for _, w := range words {
		if !strings.Contains(p.Message+" "+p.Hint, w) {
			t.Errorf("the error does not say %q: %.300s; %.300s", w, p.Message, p.Hint)
		}
	}
}
