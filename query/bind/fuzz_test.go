package bind_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/query/write"
	"github.com/musterdb/muster/storage/schema"
)

// FuzzBind holds that nothing that parses makes the binder panic, and that every refusal is a diag.Error
// with a message and a span within the text.
func FuzzBind(f *testing.F) {
	for _, file := range []string{"plans", "errors", "writes", "groups", "tables", "segments", "parameters"} {
		raw, err := os.ReadFile("testdata/" + file + ".txt")
		if err != nil {
			f.Fatal(err)
		}
		for _, block := range strings.Split(string(raw), "\n\n") {
			stmt, _, _ := strings.Cut(block, "\n----\n")
			f.Add(stmt)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parse.Statement(text)
		if err != nil {
			return
		}
		for _, columns := range [][]bind.Column{csv, typed, nil} {
			checkError(t, text, s, columns)
		}
	})
}

func checkError(t *testing.T, text string, s ast.Stmt, columns []bind.Column) {
	sch := shop("America/New_York")
	addSegments(sch)
	_, err := bindAny(s, sch, columns)
	var d *diag.Error
	switch {
	case err == nil:
	case !errors.As(err, &d):
		t.Fatalf("%q: %v is no diag.Error", text, err)
	case d.Msg == "" || d.Code == diag.Internal && d.Msg != "":
		if !strings.Contains(d.Msg, "is no question") {
			t.Fatalf("%q: %v", text, d)
		}
	case d.Span.Start < 0 || d.Span.End > len(text) || d.Span.Start > d.Span.End:
		t.Fatalf("%q: span %v", text, d.Span)
	}
}

// TestWrapped puts every golden condition into other statements, where names mean other things.
func TestWrapped(t *testing.T) {
	raw, err := os.ReadFile("testdata/plans.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(string(raw), "\n\n") {
		stmt, _, _ := strings.Cut(block, "\n----\n")
		cond := strings.TrimPrefix(stmt, "COUNT ")
		for _, form := range []string{
			"COUNT NOT (%s)", "COUNT DID purchase[%s]", "COUNT DID ANY EVENT[%s]", "SELECT (%s) AS x FROM contacts ORDER BY x",
			"COUNT CASE WHEN %s THEN TRUE ELSE FALSE END", "COUNT age > 1 AS OF %s", "UPSERT CONTACT 'x' SET email_opt_in = (%s)",
			"COPY contacts FROM 'f' (id = CustomerID, email_opt_in = (%s))", "COUNT (%s) IS NULL", "COUNT coalesce((%[1]s), (%[1]s))",
			"SELECT (%[1]s), count(*) FROM contacts GROUP BY (%[1]s)", "SELECT count((%[1]s)) FROM contacts HAVING (%[1]s)", "SELECT contact FROM purchase WHERE %s",
			"SELECT contact FROM purchase WHERE contact IN (%s)", "CREATE SEGMENT s AS %s", "UPDATE contacts SET email_opt_in = (%s) WHERE TRUE",
			"SELECT age FROM contacts GROUP BY age HAVING %s",
		} {
			text := fmt.Sprintf(form, cond)
			if s, err := parse.Statement(text); err == nil {
				checkError(t, text, s, csv)
			}
		}
	}
}

func TestLimits(t *testing.T) {
	full := shop("UTC")
	for len(full.Attrs) < schema.MaxAttributes {
		full.Attrs = append(full.Attrs, schema.Attribute{ID: full.NextAttr, Name: fmt.Sprint("a", len(full.Attrs)), Type: typ(schema.KindInt)})
		full.NextAttr++
	}
	for len(full.Events[0].Props) < schema.MaxProps {
		full.Events[0].Props = append(full.Events[0].Props, schema.Property{ID: full.NextProp, Name: fmt.Sprint("p", len(full.Events[0].Props)), Type: typ(schema.KindInt)})
		full.NextProp++
	}
	for len(full.Events) < schema.MaxEventTypes {
		full.Events = append(full.Events, schema.EventType{ID: full.NextEvent, Name: fmt.Sprint("e", len(full.Events))})
		full.NextEvent++
	}
	for text, want := range map[string]string{
		"CREATE ATTRIBUTE one_more INT":                                                          "at most 2000 attributes",
		"CREATE EVENT one_more":                                                                  "at most 10000 event types",
		"ALTER EVENT purchase ADD (one_more INT)":                                                "at most 500 properties",
		"CREATE ATTRIBUTE \"a\x01b\" INT":                                                        "control characters",
		"UPSERT CONTACT '" + strings.Repeat("x", schema.MaxIDBytes+1) + "'":                      "at most 1024 bytes",
		"UPSERT CONTACT 'x' SET tags = '" + strings.Repeat("x", schema.MaxSetValueBytes+1) + "'": "at most 4096",
		"COUNT app MATCHES '" + strings.Repeat("x", bind.MaxPattern+1) + "'":                     "at most 1024 bytes",
		"COUNT DID purchase DURING LAST 10001 DAYS":                                              "1 to 10000",
	} {
		s, err := parse.Statement(text)
		if err == nil {
			_, err = bindAny(s, full, csv)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %s", text, err, want)
		}
	}
}

// TestLimitsOfValues checks what the parser checks too, but a parameter or a JSON tree does not pass.
func TestLimitsOfValues(t *testing.T) {
	long := ast.Ident{Name: strings.Repeat("x", schema.MaxNameBytes+1)}
	if err := write.BaseName(long); err == nil || !strings.Contains(err.Error(), "at most 255 bytes") {
		t.Error(err)
	}
	if err := write.BaseName(ast.Ident{Name: "\xff"}); err == nil {
		t.Error("a name that is no UTF-8 was taken")
	}
	s, err := parse.Statement("UPSERT CONTACT $id SET city = $city")
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) schema.Value { return schema.Value{Kind: schema.KindText, S: s} }
	for _, c := range []struct{ id, city, want string }{
		{"c1", strings.Repeat("x", schema.MaxTextBytes+1), "at most 1048576"},
		{"c1", "\xff", "valid UTF-8"},
		{"\xff", "x", "valid UTF-8"},
		{"", "x", "not empty"},
	} {
		opt := bind.Options{Params: map[string]schema.Value{"id": text(c.id), "city": text(c.city)}}
		if _, err := write.Upsert(s.(*ast.Upsert), shop("UTC"), opt); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.10q %.10q: %v, want %s", c.id, c.city, err, c.want)
		}
	}
}

// TestDeepTrees binds a tree that no text can give.
func TestDeepTrees(t *testing.T) {
	var x ast.Expr = &ast.Literal{Kind: ast.LitInt, Text: "1"}
	for range 200_000 {
		x = &ast.Binary{Op: ast.OpAdd, X: x, Y: &ast.Literal{Kind: ast.LitInt, Text: "1"}}
	}
	_, err := bind.Query(&ast.Count{Where: x}, shop("UTC"), options())
	var d *diag.Error
	if !errors.As(err, &d) || d.Code != diag.Limit {
		t.Error(err)
	}
}

// TestLongChains binds 10,000 terms and a list of 100,000 values.
func TestLongChains(t *testing.T) {
	for _, text := range []string{
		"COUNT age = 0" + strings.Repeat(" OR age = 1", 9_999),
		"COUNT age IN (0" + strings.Repeat(", 1", 99_999) + ")",
	} {
		s, err := parse.Statement(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bind.Query(s, shop("UTC"), options()); err != nil {
			t.Error(err)
		}
	}
}
