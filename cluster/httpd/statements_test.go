package httpd

import (
	"encoding/json"
	"strings"
	"testing"
)

// prepare prepares a statement and returns its id.
func (d *door) prepare(statement string) string {
	d.t.Helper()
	r := d.send("POST", "/v1/statements?base=shop", strings.NewReader(statement))
	var p struct {
		ID     string
		Params []string
	}
	if err := json.Unmarshal([]byte(r.body), &p); r.status != 200 || err != nil || p.ID == "" {
		d.t.Fatalf("%s: %d %s", statement, r.status, r.body)
	}
	return p.ID
}

func TestPreparedStatements(t *testing.T) {
	d := typed(t)
	id := d.prepare("SELECT id, d FROM contacts WHERE id = $id AND i > $min AND id <> $min2")
	if r := d.send("GET", "/v1/statements", nil); !strings.Contains(r.body, `"params":["id","min","min2"]`) || !strings.Contains(r.body, id) {
		t.Errorf("the list says %s", r.body)
	}
	for range 2 {
		r := d.asJSON("/v1/statements/"+id, `{"params": {"id": "c1", "min": 3, "min2": "x"}}`)
		if r.status != 200 || r.csv() != "id,d\nc1,12.50" {
			t.Errorf("%d %s", r.status, r.body)
		}
	}
	// Bound under the schema of now.
	d.must("shop", "RENAME ATTRIBUTE i TO j")
	if p := d.asJSON("/v1/statements/"+id, `{"params": {"id": "c1", "min": 3, "min2": "x"}}`).problem(t); p.Code != "UNKNOWN_NAME" || !strings.Contains(p.Rendered, "i > $min") {
		t.Errorf("after a rename: %+v", p)
	}
	if again := d.prepare("COUNT"); again != d.prepare("COUNT") {
		t.Error("the same statement has two ids")
	}
	write := d.prepare("UPSERT CONTACT $1 SET t = $2")
	if r := d.asJSON("/v1/statements/"+write, `{"params": ["c9", "new"]}`); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := d.send("POST", "/v1/statements/"+write+"?param.1=c10&param.2=new", nil); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	d.is("COUNT t = 'new'", "2")
	if r := d.send("DELETE", "/v1/statements/"+id, nil); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if p := d.asJSON("/v1/statements/"+id, `{}`).problem(t); p.Code != "UNKNOWN_NAME" || !strings.Contains(p.Hint, "POST /v1/statements") {
		t.Errorf("%+v", p)
	}
}

func TestPrepareFindsMistakes(t *testing.T) {
	d := typed(t)
	for _, c := range []struct{ statement, code string }{
		{"COUNT nothing = $1", "UNKNOWN_NAME"},
		{"COUNT DID nothing", "UNKNOWN_NAME"},
		{"COUNT i = 'x'", "TYPE_MISMATCH"},
		{"COUNT i =", "SYNTAX"},
		{"SELECT id FROM nowhere WHERE x = $1", "UNKNOWN_NAME"},
	} {
		r := d.send("POST", "/v1/statements?base=shop", strings.NewReader(c.statement))
		if p := r.problem(t); string(p.Code) != c.code || p.Line != 1 {
			t.Errorf("%s: %d %s", c.statement, r.status, r.body)
		}
	}
}
