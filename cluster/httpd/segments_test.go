package httpd

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
)

func TestSegmentOfRows(t *testing.T) {
	d := seven(t)
	const path = "/v1/bases/shop/segments/list"
	for _, c := range []struct{ path, contentType, body, want string }{
		{path, "text/csv", "id,name\nc1,x\nc2,x\nnobody,x\nc1,x\n", `{"segment":"list","members":2,"unknown":1}`},
		{path, "text/csv", "id\nc1\n", `"code":"EXISTS"`},
		{path + "?replace=true", "application/json", `[{"id": "c3"}, {"id": null}, {"id": 7}]`, `{"segment":"list","replaced":true,"members":1,"unknown":1,"rejected":1}`},
		{path + "?replace=true", "text/csv", "contact\nc1\n", `no column id`},
		{path + "?replace=true", "application/x-ndjson", "{\"id\": \"c4\"}\n{\"id\": ", `"members":1,"unknown":0,"rejected":1}`},
		{path + "?replace=true", "application/x-ndjson", "{\"id\": \"c4\"}\n{\"x\": 1, \"id\": \"c5\"}\n", `"members":2`},
		{path + "?replace=true", "text/csv", "contact\n", `no column id`},
		{"/v1/bases/shop/segments/none", "text/csv", "id\n", `{"segment":"none","members":0,"unknown":0}`},
		{"/v1/bases/shap/segments/none", "text/csv", "id\n", `UNKNOWN_NAME`},
	} {
		if r := d.post(c.path, c.contentType, []byte(c.body)); !strings.Contains(r.body, c.want) {
			t.Errorf("%s %s\n got %d %s\nwant %s", c.path, c.body, r.status, r.body, c.want)
		}
	}
	d.is("SELECT id FROM contacts WHERE IN SEGMENT list ORDER BY id", "c4\nc5")
	if got := d.must("shop", "SHOW SEGMENTS"); strings.Contains(got, "filled") {
		t.Errorf("a segment is left over:\n%s", got)
	}
}

// TestSegmentOfRowsIsAllOrNothing: rows that break off in the middle leave the segment as it was.
func TestSegmentOfRowsIsAllOrNothing(t *testing.T) {
	d := seven(t)
	d.must("shop", "CREATE STATIC SEGMENT list ('c6')")
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fmt.Fprintln(z, "id")
	for i := range 50_000 {
		fmt.Fprintf(z, "c%d\n", i)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	r := d.post("/v1/bases/shop/segments/list?replace=true", "text/csv", b.Bytes()[:b.Len()-20])
	if p := r.problem(t); p.Code != "INVALID" || !strings.Contains(p.Message, "cannot be read") {
		t.Errorf("%d %s", r.status, r.body)
	}
	d.is("SELECT id FROM contacts WHERE IN SEGMENT list", "c6")
	if got := d.must("shop", "SHOW SEGMENTS"); strings.Contains(got, "filled") {
		t.Errorf("a segment is left over:\n%s", got)
	}
}

// TestSchemaIsLean: the schema does not carry the whole of long conditions, which clients do not need to load.
func TestSchemaIsLean(t *testing.T) {
	d := seven(t)
	d.must("shop", "CREATE SEGMENT long AS name IN ('"+strings.Repeat("ü", 5000)+"')")
	d.must("shop", "CREATE SEGMENT short AS n > 1")
	r := d.send("GET", "/v1/bases/shop/schema", nil)
	if len(r.body) > 3000 || !strings.Contains(r.body, `üü…"`) || !strings.Contains(r.body, `"n \u003e 1"`) && !strings.Contains(r.body, `"n > 1"`) {
		t.Errorf("%d bytes: %s", len(r.body), r.body)
	}
	d.is("COUNT IN SEGMENT long OR IN SEGMENT short", "5")
}
