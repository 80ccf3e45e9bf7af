package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestParamValues(t *testing.T) {
	for text, want := range map[string]any{
		"30": json.Number("30"), "-3": json.Number("-3"), "12.50": json.Number("12.50"), "1e3": json.Number("1e3"),
		"'30'": "30", "'it''s'": "it's", "PL": "PL", "007": "007", "": "", "true": true, "FALSE": false, "null": nil,
		"2026-04-01": "2026-04-01", "a b": "a b", "30d": "30d", "1 + 1": "1 + 1", "'": "'", "x = 1": "x = 1",
	} {
		if got := paramValue(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%q is %#v, want %#v", text, got, want)
		}
	}
}

// TestParamsOfQuery gives parameters to statements, to those over files too.
func TestParamsOfQuery(t *testing.T) {
	s := newShop(t)
	s.run(exitOK, "UPSERT CONTACT 'c1' SET country = 'PL', age = 31; UPSERT CONTACT 'c2' SET country = 'DE', age = 30")
	out := muster(t, exitOK, "query", "--url", s.url, "--base", "shop", "--format", "csv", "--param", "country=PL", "--param", "$age=30", "--param", "1=c2",
		"-c", "SELECT id FROM contacts WHERE country = $country AND age > $age; SELECT age FROM contacts WHERE id = $1; COPY (SELECT id FROM contacts WHERE age = $age) TO '"+s.dir+"/x.csv'")
	mustSay(t, out, "id\nc1\n", "age\n30\n", "1 row written")
	out = muster(t, exitFailed, "query", "--url", s.url, "--base", "shop", "--param", "x=1", "-c", "COUNT age = $y")
	mustSay(t, out, "no value for the parameter $y")
}

// TestSegmentsOfFiles makes static segments of files of ids.
func TestSegmentsOfFiles(t *testing.T) {
	s := newShop(t)
	s.run(exitOK, "UPSERT CONTACT 'c1'; UPSERT CONTACT 'c2'; UPSERT CONTACT 'c 3'; UPSERT CONTACT '\"4'; UPSERT CONTACT '7'")
	from := func(name, text, want string) {
		t.Helper()
		path := s.file(name, text)
		out := muster(t, exitOK, "query", "--url", s.url, "--base", "shop", "-c", "CREATE OR REPLACE STATIC SEGMENT list FROM '"+path+"'")
		if strings.TrimSpace(out) != want {
			t.Errorf("%s: %s, want %s", name, out, want)
		}
	}
	from("a.csv", "contact,x\nc1,1\nc2,2\nnobody,3\n", "segment list created with 2 members; of 1 id there is no contact")
	from("b.csv", "x,id\n1,c1\n2,\"c 3\"\n3,\"\"\"4\"\n4,\n", "segment list replaced with 3 members; 1 row without an id")
	from("c.ndjson", "{\"id\": 7}\n{\"id\": \"c1\"}\n{\"x\": 1}\n", "segment list replaced with 2 members; 1 row without an id")
	from("d.csv.gz", string(gzipOf("id\nc2\n")), "segment list replaced with 1 member")
	from("e.csv", "id\n", "segment list replaced with 0 members")
	out := muster(t, exitFailed, "query", "--url", s.url, "--base", "shop", "-c", "CREATE STATIC SEGMENT list FROM '"+s.dir+"/a.csv'")
	mustSay(t, out, "there is a segment list already")
	out = muster(t, exitFailed, "query", "--url", s.url, "--base", "shop", "-c", "CREATE STATIC SEGMENT l2 FROM '"+s.dir+"/a.cvs'")
	mustSay(t, out, "there is no file", "did you mean", "a.csv")
}
