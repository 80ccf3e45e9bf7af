package httpd

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// asJSON asks with a JSON document.
func (d *door) asJSON(path, body string) reply {
	d.t.Helper()
	return d.send("POST", path, strings.NewReader(body), "Content-Type", "application/json", "Accept", "text/csv")
}

// csv returns a body of CSV with plain line ends.
func (r reply) csv() string { return strings.TrimSpace(strings.ReplaceAll(r.body, "\r\n", "\n")) }

// typed makes a base with an attribute of each type.
func typed(t *testing.T) *door {
	d := openDoor(t)
	for _, a := range []string{"i INT", "d DECIMAL(2)", "f FLOAT", "t TEXT", "b BOOL", "day DATE", "at TIMESTAMP", "tags SET"} {
		d.must("shop", "CREATE ATTRIBUTE "+a)
	}
	d.must("shop", "UPSERT CONTACT 'c1' SET i = 9007199254740993, d = 12.50, f = 0.1, t = 'x''y', b = TRUE, day = '2026-01-02', at = '2026-01-02 10:00', tags = tags + 'a'")
	return d
}

func TestParameters(t *testing.T) {
	d := typed(t)
	for _, c := range []struct{ condition, params string }{
		{"i = $i", `{"i": 9007199254740993}`}, // a float64 cannot tell it from …992
		{"i <> $i", `{"i": 9007199254740992}`},
		{"d = $1", `[12.50]`},
		{"d = $1 AND i > $2", `[12.5, 3]`},
		{"f = $f", `{"f": 1e-1}`},
		{"t = $t", `{"t": "x'y"}`},
		{"b = $b", `{"b": true}`},
		{"b <> $b", `{"b": false}`},
		{"day = $day AND at < $at", `{"day": "2026-01-02", "at": "2026-01-02 10:01"}`},
		{"t IN ($a, $b)", `{"a": "x", "b": "x'y"}`},
		{"tags = $s", `{"s": ["a", "a"]}`},
		{"t IS DISTINCT FROM $n", `{"n": null}`},
		{"TRUE", `null`},
	} {
		r := d.asJSON("/v1/query?base=shop", fmt.Sprintf(`{"statement": "COUNT %s", "params": %s}`, c.condition, c.params))
		if r.status != 200 || r.csv() != "count\n1" {
			t.Errorf("%s with %s: %d %s", c.condition, c.params, r.status, r.body)
		}
	}
	r := d.asJSON("/v1/query", `{"base": "shop", "statement": "UPSERT CONTACT $id SET i = $i, tags = tags + $tags", "params": {"id": "c2", "i": -3, "tags": ["y", "x"]}}`)
	if r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	d.is("SELECT i, tags FROM contacts WHERE id = 'c2'", `-3,"[""x"",""y""]"`)
}

func TestParametersInTheURL(t *testing.T) {
	d := typed(t)
	q := url.Values{"base": {"shop"}, "format": {"csv"}, "param.1": {"x'y"}, "param.day": {"2026-01-02"}}
	r := d.send("POST", "/v1/query?"+q.Encode(), strings.NewReader("COUNT t = $1 AND day = $day"))
	if r.status != 200 || r.csv() != "count\n1" {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestBadParameters(t *testing.T) {
	d := typed(t)
	for _, c := range []struct{ body, code, word string }{
		{`COUNT`, "INVALID", "not a JSON document with a statement"},
		{`{"statement": "COUNT", "parameters": {}}`, "INVALID", `unknown field \"parameters\"`},
		{`{"statement": "COUNT"} {}`, "INVALID", "text after its end"},
		{`{"statement": "COUNT", "params": 3}`, "INVALID", "neither an object nor an array"},
		{`{"statement": "COUNT t = $t", "params": {"t": {}}}`, "INVALID", "$t is an object"},
		{`{"statement": "COUNT t = $t", "params": {"t": [1]}}`, "INVALID", "holds something else than texts"},
		{`{"statement": "COUNT i = $i", "params": {"i": 9223372036854775808}}`, "OVERFLOW", "does not fit"},
		{`{"statement": "COUNT i = $i", "params": {"i": 0.1234567890123456789}}`, "OVERFLOW", "does not fit"},
		{`{"statement": "COUNT i = $i", "params": {"i": 1e999}}`, "OVERFLOW", "does not fit"},
		{`{"statement": "COUNT i = $i", "params": {"i": "3"}}`, "TYPE_MISMATCH", ""},
		{`{"statement": "COUNT i = $i", "params": {"j": 3}}`, "INVALID", "a value is given for $j"},
		{`{"statement": "COUNT i = $i"}`, "UNKNOWN_NAME", "no value for the parameter $i"},
		{`{"statement": "COUNT i = $i", "params": ["` + strings.Repeat("x", 1<<20+1) + `"]}`, "LIMIT", "bytes long"},
	} {
		r := d.asJSON("/v1/query?base=shop", c.body)
		if p := r.problem(t); string(p.Code) != c.code || !strings.Contains(r.body, c.word) {
			t.Errorf("%.80s: %d %.300s", c.body, r.status, r.body)
		}
	}
	r := d.send("POST", "/v1/query?base=shop&param.a=1&param.a=2", strings.NewReader("COUNT"))
	if p := r.problem(t); !strings.Contains(p.Message, "$a is given twice") {
		t.Errorf("%d %s", r.status, r.body)
	}
}
