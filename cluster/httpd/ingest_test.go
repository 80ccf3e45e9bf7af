package httpd

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/musterdb/muster/engine/tabular"
)

const (
	contactsPath = "/v1/bases/shop/contacts"
	visitsPath   = "/v1/bases/shop/events/visit"
	ndjsonType   = "application/x-ndjson"
	jsonType     = "application/json"
	csvType      = "text/csv"
	arrowType    = "application/vnd.apache.arrow.stream"
	parquetType  = "application/vnd.apache.parquet"
)

// columnar returns the answer to a SELECT as an Arrow stream and as a Parquet file.
func (d *door) columnar(statement string) (stream, parquet []byte) {
	d.t.Helper()
	stream = []byte(d.ask("shop", statement, "arrow").body)
	r, err := ipc.NewReader(bytes.NewReader(stream))
	if err != nil {
		d.t.Fatal(err)
	}
	defer r.Release()
	var file bytes.Buffer
	w, err := tabular.NewWriter(&file, tabular.Parquet, r.Schema())
	if err != nil {
		d.t.Fatal(err)
	}
	for r.Next() {
		if err := w.Write(r.Record()); err != nil {
			d.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		d.t.Fatal(err)
	}
	return stream, file.Bytes()
}

func gzipped(body []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(body)
	_ = z.Close()
	return b.Bytes()
}

// TestBulk brings the same three contacts in by every format, plain and compressed.
func TestBulk(t *testing.T) {
	d := openDoor(t)
	d.must("shop", "CREATE ATTRIBUTE n INT")
	d.must("shop", "CREATE ATTRIBUTE name TEXT")
	const lines = "{\"id\":\"a\",\"n\":1,\"name\":\"x,y\"}\n{\"id\":\"b\",\"n\":2}\n{\"id\":\"c\",\"n\":3,\"name\":\"ż\"}\n"
	bodies := []struct {
		contentType string
		body        []byte
	}{
		{ndjsonType, []byte(lines)},
		{jsonType, []byte("[" + strings.ReplaceAll(strings.TrimSpace(lines), "\n", ",\n ") + "]")},
		{jsonType, []byte(" " + lines)},
		{jsonType + "; charset=utf-8", []byte("[" + strings.ReplaceAll(strings.TrimSpace(lines), "\n", ",") + "]\n")},
		{csvType, []byte("id,n,name\na,1,\"x,y\"\nb,2,\nc,3,ż\n")},
	}
	d.post(contactsPath, bodies[0].contentType, bodies[0].body).result(t)
	stream, file := d.columnar("SELECT id, n, name FROM contacts")
	bodies = append(bodies, bodies[0], bodies[0])
	bodies[5].contentType, bodies[5].body = arrowType, stream
	bodies[6].contentType, bodies[6].body = parquetType, file
	for i, b := range bodies {
		for _, how := range []string{"plain", "gzip", "gzip without a word"} {
			d.must("shop", "DELETE CONTACT 'a'")
			d.must("shop", "DELETE CONTACT 'b'")
			d.must("shop", "DELETE CONTACT 'c'")
			body, headers := b.body, []string(nil)
			if how != "plain" {
				body = gzipped(body)
			}
			if how == "gzip" {
				headers = []string{"Content-Encoding", "gzip"}
			}
			r := d.post(contactsPath, b.contentType, body, headers...)
			if r.status != 200 {
				t.Errorf("%d %s, %s: %d %s", i, b.contentType, how, r.status, r.body)
				continue
			}
			if res := r.result(t); res.Rows != 3 || res.Created != 3 || res.Rejected != 0 {
				t.Errorf("%d %s, %s: %+v", i, b.contentType, how, res)
			}
			d.is("SELECT id, n, name FROM contacts ORDER BY id", "a,1,\"x,y\"\nb,2,\nc,3,ż")
		}
	}
	one := d.post(contactsPath, jsonType, []byte(`{"id":"d","n":4}`)).result(t)
	if one.Created != 1 || one.Rows != 1 {
		t.Errorf("a single object: %+v", one)
	}
}

func TestBulkEvents(t *testing.T) {
	d := openDoor(t)
	d.must("shop", "CREATE EVENT visit (page TEXT, seconds INT)")
	for i, b := range []struct{ contentType, body string }{
		{ndjsonType, `{"contact":"a","time":"2026-01-01T10:00:00Z","page":"p","seconds":3}`},
		{jsonType, `[{"contact":"a","time":"2026-01-01T10:00:00Z","page":"p","seconds":3}]`},
		{csvType, "contact,time,page,seconds\na,2026-01-01 10:00,p,3\n"},
	} {
		if res := d.post(visitsPath, b.contentType, []byte(b.body)).result(t); res.Events != 1 {
			t.Errorf("%s: %+v", b.contentType, res)
		}
		d.is("COUNT count(visit[page = 'p' AND seconds = 3]) = "+fmt.Sprint(i+1), "1")
	}
}

// TestInference holds what open schema makes of JSON and CSV, and that strict schema makes nothing.
func TestInference(t *testing.T) {
	d := openDoor(t)
	d.post(contactsPath, ndjsonType, []byte(`{"id":"a","b":true,"i":7,"d":1.25,"f":1.23456789,"day":"2026-01-02","at":"2026-01-02T03:04:05Z","s":["x","y"],"t":"text","deep":{"er":1}}`)).result(t)
	d.post(contactsPath, csvType, []byte("id,points\nb,17\n")).result(t)
	shown := d.must("shop", "SHOW ATTRIBUTES")
	for _, want := range []string{"b,BOOL", "i,INT", "d,DECIMAL(6)", "f,FLOAT", "day,DATE", "at,TIMESTAMP", "s,SET", "t,TEXT", "deep.er,INT", "points,TEXT"} {
		if !strings.Contains("\n"+shown, "\n"+want) {
			t.Errorf("no %s in\n%s", want, shown)
		}
	}
	if res := d.post(visitsPath, ndjsonType, []byte(`{"contact":"a","time":"2026-01-02","n":1}`)).result(t); res.Events != 1 {
		t.Errorf("an event of a new type: %+v", res)
	}
	if res := d.post("/v1/bases/shop/events/bare", csvType, []byte("contact,time\na,2026-01-02\n")).result(t); res.Events != 1 {
		t.Errorf("an event without properties: %+v", res)
	}
	d.must("", "CREATE BASE strict WITH (schema = strict)")
	d.post("/v1/bases/strict/contacts", ndjsonType, []byte(`{"id":"a","b":true}`)).wants(t, 404, "UNKNOWN_NAME", "b", "CREATE ATTRIBUTE")
	d.post("/v1/bases/strict/events/visit", ndjsonType, []byte(`{"contact":"a","time":"2026-01-02"}`)).wants(t, 404, "UNKNOWN_NAME", "visit", "CREATE EVENT")
}

func TestRejectedRows(t *testing.T) {
	d := openDoor(t)
	d.must("shop", "CREATE ATTRIBUTE n INT")
	res := d.post(contactsPath, csvType, []byte("id,n\na,1\nb,many\n,3\nd,4,5\ne,\n"+strings.Repeat("x", 2000)+",1\n")).result(t)
	if res.Rows != 6 || res.Created != 2 || res.Rejected != 4 || len(res.Errors) != 4 {
		t.Errorf("got %+v", res)
	}
	for i, want := range []struct {
		line   int64
		reason string
	}{{3, "many"}, {4, "id"}, {5, "fields"}, {7, "1024"}} {
		if e := res.Errors[i]; e.Line != want.line || !strings.Contains(strings.ReplaceAll(e.Reason, ",", ""), want.reason) {
			t.Errorf("row %d: %+v, want line %d and %q", i, e, want.line, want.reason)
		}
	}
	ahead := time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339)
	events := d.post(visitsPath, ndjsonType, []byte(`{"contact":"a","time":"1969-12-31T00:00:00Z"}
{"contact":"a","time":"`+ahead+`"}
{"contact":"a"}
{"time":"2026-01-01"}
{"contact":"a","time":"2026-13-01"}
{"contact":"a","time":"2026-01-01"}
not json
`)).result(t)
	if events.Rows != 7 || events.Events != 1 || events.Rejected != 6 {
		t.Errorf("got %+v", events)
	}
}

func TestRefusedBatches(t *testing.T) {
	d := openDoor(t)
	for _, c := range []struct {
		name, path, contentType, body string
		status                        int
		code                          string
		words                         []string
	}{
		{"no base", "/v1/bases/shap/contacts", csvType, "id\na\n", 404, "UNKNOWN_NAME", []string{"shap", "shop"}},
		{"no type", contactsPath, "", "id\na\n", 400, "INVALID", []string{"Content-Type", "text/csv"}},
		{"a form", contactsPath, "application/x-www-form-urlencoded", "id=a", 400, "INVALID", []string{"Content-Type"}},
		{"empty JSON", contactsPath, jsonType, "", 400, "INVALID", []string{"empty"}},
		{"not JSON", contactsPath, jsonType, "id,n\n1,2\n", 400, "INVALID", []string{"JSON"}},
		{"an array that is cut off", contactsPath, jsonType, `[{"id":"a"},{"id":"b"}`, 400, "INVALID", []string{"row 3", "ends"}},
		{"an object that is cut off", contactsPath, jsonType, `[{"id":"a"},{"id":"b`, 400, "INVALID", []string{"row 2", "ends"}},
		{"text after the array", contactsPath, jsonType, `[{"id":"a"}] x`, 400, "INVALID", []string{"after the end"}},
		{"two arrays", contactsPath, jsonType, `[{"id":"a"}][{"id":"b"}]`, 400, "INVALID", []string{"after the end"}},
		{"no id", contactsPath, csvType, "name\na\n", 400, "INVALID", []string{"id"}},
		{"no time", visitsPath, csvType, "contact\na\n", 400, "INVALID", []string{"time"}},
		{"no such Arrow", contactsPath, arrowType, "id,n\n1,2\n", 400, "INVALID", nil},
		{"no such Parquet", contactsPath, parquetType, "id,n\n1,2\n", 400, "INVALID", nil},
		{"contacts as events", "/v1/bases/shop/events/contacts", csvType, "id\na\n", 400, "INVALID", []string{"/contacts"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.t = t
			d.post(c.path, c.contentType, []byte(c.body)).wants(t, c.status, c.code, c.words...)
		})
	}
	d.t = t
	d.post(contactsPath, csvType, []byte("id\na\n"), "Content-Encoding", "br").wants(t, 400, "INVALID", "br", "gzip")
	d.is("COUNT", "0")
	empty := d.post(contactsPath, jsonType, []byte("[]")).result(t)
	if empty.Rows != 0 {
		t.Errorf("an empty array: %+v", empty)
	}
}

// TestBatchKey holds that a batch with a key counts once: sent again, by many at once, after a restart.
func TestBatchKey(t *testing.T) {
	dir := t.TempDir()
	d, stop := newDoor(t, dir)
	d.must("", "CREATE BASE shop")
	d.must("shop", "CREATE EVENT visit (n INT)")
	var body strings.Builder
	body.WriteString("contact,time,n\n")
	const rows = 20_000 // three batches of the reader
	for i := range rows {
		fmt.Fprintf(&body, "c%d,2026-01-01 10:00,%d\n", i%100, i)
	}
	send := func(d *door, key string) reply {
		return d.post(visitsPath, csvType, []byte(body.String()), "Muster-Batch", key)
	}
	var wg sync.WaitGroup
	stored := make([]uint64, 6)
	for i := range stored {
		wg.Go(func() { stored[i] = send(d, "one").result(t).Events })
	}
	wg.Wait()
	total := uint64(0)
	for _, n := range stored {
		total += n
	}
	if total != rows {
		t.Errorf("six at once stored %v, together %d, want %d", stored, total, rows)
	}
	d.is("COUNT count(visit) = 200", "100")
	stop()
	d, _ = newDoor(t, dir)
	again := send(d, "one").result(t)
	if again.Events != 0 || again.Repeated != rows {
		t.Errorf("sent again after a restart: %+v", again)
	}
	d.is("COUNT count(visit) = 200", "100")
	if other := send(d, "two").result(t); other.Events != rows || other.Repeated != 0 {
		t.Errorf("under another key: %+v", other)
	}
	d.is("COUNT count(visit) = 400", "100")
}

// TestBodyLimits holds that no body is taken that is too long, and that the server goes on.
func TestBodyLimits(t *testing.T) {
	d := openDoor(t)
	row := []byte("{\"id\":\"" + strings.Repeat("x", 1000) + "\"}\n")
	long := bytes.Repeat(row, maxRowsBody/len(row)+2)
	d.post(contactsPath, ndjsonType, long).wants(t, http.StatusRequestEntityTooLarge, "LIMIT", "64 MiB", "batches")
	array := slices.Concat([]byte("["), bytes.ReplaceAll(long[:len(long)-1], []byte("\n"), []byte(",")), []byte("]"))
	d.post(contactsPath, jsonType, array).wants(t, http.StatusRequestEntityTooLarge, "LIMIT", "64 MiB")
	d.ask("shop", "COUNT n = '"+strings.Repeat("x", 12<<20)+"'", "json").wants(t, http.StatusRequestEntityTooLarge, "LIMIT", "4 MiB")
	d.ask("shop", "COUNT n = '"+strings.Repeat("x", 20<<20)+"'", "json").wants(t, http.StatusRequestEntityTooLarge, "LIMIT", "MiB")
	d.is("COUNT", "1")
}
