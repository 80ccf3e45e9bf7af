package httpd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/storage/schema"
)

// TestStatements carries out every kind of statement in one session.
func TestStatements(t *testing.T) {
	d := openDoor(t)
	for _, c := range []struct{ statement, want string }{
		{"CREATE ATTRIBUTE email TEXT PERSONAL", "attribute email created"},
		{"CREATE ATTRIBUTE ltv DECIMAL(2)", "attribute ltv created"},
		{"CREATE EVENT purchase (amount DECIMAL(2), category TEXT, line KEY) ID line", "event purchase created"},
		{"ALTER EVENT purchase ADD (shop TEXT)", "event purchase changed"},
		{"ALTER EVENT purchase DROP shop", "event purchase changed"},
		{"CREATE ATTRIBUTE tags SET", "attribute tags created"},
		{"UPSERT CONTACT 'c1' SET email = 'a@b.example', ltv = 12.5, tags = tags + 'vip'", "1 contact created"},
		{"UPSERT CONTACT 'c1' SET country = 'PL', age = 31, tags = tags + 'vip'", "1 contact updated"},
		{"UPSERT CONTACT 'c2' SET country = 'DE'", "1 contact created"},
		{"TRACK purchase FOR 'c1' AT '2026-01-02 10:00' ID 'l1' (amount = 12.50, category = 'shoes')", "1 event stored"},
		{"TRACK purchase FOR 'c1' AT '2026-01-02 10:00' ID 'l1' (amount = 12.50, category = 'shoes')", "1 duplicate dropped"},
		{"TRACK visit FOR 'c3' AT '2026-01-03'", "1 contact created, 1 event stored"},
		{"COUNT", "3"},
		{"COUNT country = 'PL' AND DID purchase[category = 'shoes' AND amount > 10]", "1"},
		{"SELECT count(*) FROM contacts WHERE DID visit AS OF '2026-01-02'", "0"},
		{"SELECT id, country, ltv FROM contacts WHERE country IS NOT NULL ORDER BY id DESC LIMIT 1", "c2,DE,"},
		{"SHOW BASES", "shop,UTC,open,"},
		{"SHOW ATTRIBUTES", "id,TEXT,no"},
		{"SHOW EVENTS", "purchase,amount,DECIMAL(2),"},
		{"SHOW STORAGE", "shop,event,purchase,"},
		{"RENAME ATTRIBUTE ltv TO lifetime_value", "attribute ltv is called lifetime_value now"},
		{"RENAME EVENT visit TO view", "event visit is called view now"},
		{"DROP ATTRIBUTE lifetime_value", "attribute lifetime_value dropped"},
		{"DROP EVENT view", "event view dropped"},
		{"DELETE CONTACT 'c2'", "1 contact deleted"},
		{"DELETE CONTACT 'c2'", "1 id did not exist"},
		{"DELETE CONTACT 'c3' NOW", "1 contact deleted"},
		{"COUNT", "1"},
		{"CREATE BASE other WITH (timezone = 'Europe/Warsaw', schema = strict, spread = 1)", "base other created"},
		{"RENAME BASE other TO another", "base other is called another now"},
		{"DROP BASE another", "base another dropped"},
	} {
		if got := d.must("shop", c.statement); !strings.Contains(got, c.want) {
			t.Errorf("%s\n got %s\nwant %s", c.statement, got, c.want)
		}
	}
}

// seven makes a base with seven contacts.
func seven(t *testing.T) *door {
	d := openDoor(t)
	for i := range 7 {
		d.must("shop", fmt.Sprintf("UPSERT CONTACT 'c%d' SET n = %d, name = 'Zoë \"%d\"'", i, i, i))
	}
	return d
}

func TestFormats(t *testing.T) {
	d := seven(t)
	const q = "SELECT id, n, name FROM contacts WHERE n < 2 ORDER BY n"
	query := func(more string, headers ...string) reply {
		return d.send("POST", "/v1/query?base=shop"+more, strings.NewReader(q), headers...)
	}
	for _, c := range []struct {
		name, more, accept, contentType string
	}{
		{"default", "", "", "application/json"},
		{"curl", "", "*/*", "application/json"},
		{"json", "&format=json", "text/csv", "application/json"},
		{"csv", "&format=csv", "", "text/csv; charset=utf-8"},
		{"csv by Accept", "", "text/html;q=0.3, text/csv;q=0.9", "text/csv; charset=utf-8"},
		{"any text", "", "text/*", "text/csv; charset=utf-8"},
		{"ndjson", "", "application/x-ndjson", "application/x-ndjson"},
		{"the better one", "", "text/csv;q=0.1, application/x-ndjson;q=0.8", "application/x-ndjson"},
		{"arrow", "", "application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.stream"},
		{"markdown", "", "text/markdown", "text/markdown; charset=utf-8"},
		{"parquet", "", "application/vnd.apache.parquet", "application/vnd.apache.parquet"},
		{"not wanted", "", "text/csv;q=0, */*", "application/json"},
		{"half a name", "", "text", "application/json"},
	} {
		r := query(c.more, "Accept", c.accept)
		if got := r.head.Get("Content-Type"); r.status != 200 || got != c.contentType {
			t.Errorf("%s: %d %q, want %q: %.200s", c.name, r.status, got, c.contentType, r.body)
		}
		if got := r.head.Get("Muster-Rows"); got != "2" {
			t.Errorf("%s: Muster-Rows is %q", c.name, got)
		}
	}
	query("&format=xml").wants(t, 400, "INVALID", "xml", "ndjson")
	checkJSON(t, query("&format=json").body)
	checkLines(t, query("&format=ndjson").body)
	if got := query("&format=csv").body; strings.ReplaceAll(got, "\r", "") != "id,n,name\nc0,0,\"Zoë \"\"0\"\"\"\nc1,1,\"Zoë \"\"1\"\"\"\n" {
		t.Errorf("CSV: %q", got)
	}
	if got := query("&format=markdown").body; got != "| id  |   n | name    |\n| --- | --: | ------- |\n| c0  |   0 | Zoë \"0\" |\n| c1  |   1 | Zoë \"1\" |\n" {
		t.Errorf("Markdown: %q", got)
	}
	if got := query("&format=parquet").body; !strings.HasPrefix(got, "PAR1") || !strings.HasSuffix(got, "PAR1") {
		t.Errorf("Parquet: %.20q", got)
	}
	r, err := ipc.NewReader(bytes.NewReader([]byte(query("&format=arrow").body)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	rows := int64(0)
	for r.Next() {
		rows += r.Record().NumRows()
	}
	if rows != 2 || r.Err() != nil {
		t.Errorf("Arrow: %d rows, %v", rows, r.Err())
	}
}

func checkJSON(t *testing.T, body string) {
	t.Helper()
	var doc map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	var stats struct {
		Rows  int
		Clock int64
	}
	if err := json.Unmarshal(doc["stats"], &stats); err != nil || stats.Rows != 2 || stats.Clock == 0 {
		t.Errorf("stats: %v in %s", err, body)
	}
	if !strings.Contains(body, `Zoë \"1\"`) {
		t.Errorf("the rows are not there: %s", body)
	}
}

// checkLines holds that every line is JSON and that the last one is the end marker with the row count.
func checkLines(t *testing.T, body string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(body), "\n")
	for _, l := range lines {
		if !json.Valid([]byte(l)) {
			t.Errorf("not JSON: %s", l)
		}
	}
	var last struct {
		End *struct{ Rows int } `json:"@end"`
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.End == nil || last.End.Rows != len(lines)-1 {
		t.Errorf("the last line is no end marker over %d rows: %s", len(lines)-1, lines[len(lines)-1])
	}
}

func TestErrors(t *testing.T) {
	d := seven(t)
	for _, c := range []struct {
		base, statement string
		status          int
		code            string
		words           []string
	}{
		{"shop", "COUNT nn = 1", 404, "UNKNOWN_NAME", []string{"nn", "n"}},
		{"shop", "COUNT n = 'x'", 400, "TYPE_MISMATCH", nil},
		{"shop", "CUONT n = 1", 400, "SYNTAX", []string{"COUNT"}},
		{"shop", "", 400, "SYNTAX", nil},
		{"shop", "COUNT; COUNT", 400, "SYNTAX", nil},
		{"shop", "CREATE LIVE SEGMENT vip AS n = 1", 501, "NOT_YET", nil},
		{"shop", "COUNT IN SEGMENT vip", 404, "UNKNOWN_NAME", nil},
		{"shap", "COUNT", 404, "UNKNOWN_NAME", []string{"shop"}},
		{"", "COUNT", 404, "UNKNOWN_NAME", []string{"base"}},
		{"shop", "CREATE BASE shop", 409, "EXISTS", []string{"shop"}},
		{"shop", "COPY contacts FROM '/etc/passwd'", 400, "INVALID", []string{"reads no files", "muster query"}},
		{"shop", "COPY (SELECT id FROM contacts) TO '/tmp/x.csv'", 400, "INVALID", []string{"writes no files"}},
		{"shop", "USE shop", 400, "INVALID", []string{"base=shop"}},
		{"shop", "UPSERT CONTACT '" + strings.Repeat("x", 2000) + "' SET n = 1", 413, "LIMIT", nil},
	} {
		r := d.ask(c.base, c.statement, "json")
		r.wants(t, c.status, c.code, c.words...)
		if p := r.problem(t); p.Rendered == "" {
			t.Errorf("%s: not rendered", c.statement)
		}
	}
	p := d.ask("shop", "COUNT\n  n = 1 AND\n  nn = 2", "json").problem(t)
	if p.Line != 3 || p.Column != 3 || !strings.Contains(p.Rendered, "^^") || p.Hint == "" {
		t.Errorf("place: line %d, column %d\n%s", p.Line, p.Column, p.Rendered)
	}
}

// TestErrorAfterRows holds that an answer that fails when rows are out already is not taken for whole.
func TestErrorAfterRows(t *testing.T) {
	d := openDoor(t)
	var rows strings.Builder
	for i := range 20_000 {
		id := fmt.Sprintf("c%05d", i)
		// Contacts of the last group, which is asked last, make the statement fail.
		n := node.GroupOf([]byte(id), schema.Groups) / (schema.Groups - 1)
		fmt.Fprintf(&rows, "{\"id\":%q,\"big\":9000000000000000000,\"n\":%d}\n", id, n)
	}
	d.must("", "DROP BASE shop")
	d.must("", "CREATE BASE shop WITH (spread = 16)")
	d.post("/v1/bases/shop/contacts", "application/x-ndjson", []byte(rows.String())).result(t)
	const q = "SELECT id, big + CASE WHEN n = 1 THEN big ELSE 0 END AS x FROM contacts"
	r := d.ask("shop", q, "ndjson")
	lines := strings.Split(strings.TrimSpace(r.body), "\n")
	if r.status != 200 || len(lines) < 1000 {
		t.Fatalf("the failure was not late: %d, %d lines, %.300s", r.status, len(lines), r.body)
	}
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, `{"@error":`) || !strings.Contains(last, `"OVERFLOW"`) {
		t.Errorf("NDJSON that fails late ends with %.200s", last)
	}
	for _, f := range []string{"json", "csv", "arrow", "markdown"} {
		if r := d.ask("shop", q, f); r.status != http.StatusOK || r.cut == nil {
			t.Errorf("%s that fails late looks whole, %d, %d bytes", f, r.status, len(r.body))
		}
	}
	// What fails before much is sent has a status of its own.
	d.ask("shop", q, "parquet").wants(t, http.StatusUnprocessableEntity, "OVERFLOW") // a row group is sent at once
	for _, f := range []string{"json", "csv", "arrow", "ndjson", "markdown"} {
		d.ask("shop", q+" WHERE n = 1 OR id < 'c00050'", f).wants(t, http.StatusUnprocessableEntity, "OVERFLOW")
	}
}

func TestGuard(t *testing.T) {
	d := openDoor(t)
	ask := func(headers ...string) reply {
		return d.send("POST", "/v1/query?base=shop", strings.NewReader("COUNT"), headers...)
	}
	for _, h := range [][]string{{"Host", "localhost:7070"}, {"Host", "127.0.0.1"}, {"Host", "[::1]:9"}, {"Origin", "http://localhost:3000"}, {}} {
		if r := ask(h...); r.status != 200 {
			t.Errorf("%v: %d %s", h, r.status, r.body)
		}
	}
	for _, host := range []string{"evil.example", "evil.example:7070", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1"} {
		ask("Host", host).wants(t, http.StatusMisdirectedRequest, "INVALID", "Host", "localhost")
	}
	for _, origin := range []string{"https://evil.example", "null", "http://localhost.evil.example", "file://"} {
		ask("Origin", origin).wants(t, http.StatusForbidden, "INVALID", "browser")
	}
}

// TestNoWritesByGet holds that what a link or an image of a page can request changes nothing.
func TestNoWritesByGet(t *testing.T) {
	d := openDoor(t)
	for _, path := range []string{
		"/v1/query?base=shop&q=DROP+BASE+shop", "/v1/bases/shop/contacts", "/v1/bases/shop/events/e", "/v1/bases/shop/loads",
	} {
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
			r := d.send(method, path, strings.NewReader("DROP BASE shop"))
			if r.status != http.StatusMethodNotAllowed || r.head.Get("Allow") != "POST" {
				t.Errorf("%s %s: %d, Allow %q", method, path, r.status, r.head.Get("Allow"))
			}
			if method == "GET" {
				r.wants(t, http.StatusMethodNotAllowed, "INVALID", "POST")
			}
		}
	}
	d.send("GET", "/nowhere", nil).wants(t, 404, "INVALID", "/nowhere", "/v1/query")
	d.send("POST", "/v1/query/v1/query", nil).wants(t, 404, "INVALID", "/v1/query")
	d.is("COUNT", "0")
}

func TestHealth(t *testing.T) {
	d := openDoor(t)
	for path, words := range map[string][]string{
		"/healthz": {`"ok"`, `"test"`},
		"/readyz":  {`"ready"`},
		"/metrics": {"muster_statements_total 1", "muster_ready 1", "go_goroutines"},
	} {
		r := d.send("GET", path, nil)
		for _, w := range words {
			if r.status != 200 || !strings.Contains(r.body, w) {
				t.Errorf("%s: %d, without %s:\n%.300s", path, r.status, w, r.body)
			}
		}
	}
}
