package shell

import (
	"strings"
	"testing"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/query/print"
	"github.com/musterdb/muster/storage/schema"
)

func TestComparedTexts(t *testing.T) {
	sch := &schema.Schema{}
	for i, n := range []string{"country", "plan", "stack.languages"} {
		sch.Attrs = append(sch.Attrs, schema.Attribute{ID: schema.AttrID(10 + i), Name: n, Type: schema.Type{Kind: schema.KindText}})
	}
	sch.Attrs = append(sch.Attrs, schema.Attribute{ID: 20, Name: "age", Type: schema.Type{Kind: schema.KindInt}})
	for text, want := range map[string]string{
		"COUNT country = 'Germany'":                           "country = 'Germany'",
		"COUNT (country = 'x' OR NOT plan = 'y') AND age = 3": "country = 'x'|plan = 'y'",
		"COUNT DID purchase[country = 'x']":                   "",
		"COUNT country <> 'x' AND lower(country) = 'x'":       "",
		"COUNT stack.languages = 'go' AND elsewhere = 'x'":    "stack.languages = 'go'",
		"SELECT id FROM contacts WHERE plan = 'gold' LIMIT 1": "plan = 'gold'",
		"SELECT amount FROM purchase WHERE country = 'x'":     "",
		"SHOW BASES": "",
		"COUNT" + strings.Repeat(" country = 'x' AND", 9) + " TRUE": "country = 'x'|country = 'x'|country = 'x'|country = 'x'",
	} {
		stmt, err := parse.Statement(text)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		if where := whereOf(stmt); where != nil {
			for _, x := range compared(where, sch) {
				got = append(got, print.Expr(ast.Expr(x)))
			}
		}
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("%s: %s, want %s", text, s, want)
		}
	}
}

func TestBareWords(t *testing.T) {
	for text, want := range map[string]bool{
		"help": true, "HELP;": true, "help select": true, "HELP SELECT;": true, "quit()": true, "exit ;": true,
		"quit now": false, "help me with this": false, "COUNT help": false, "helper": false, "": false, "select": false,
	} {
		if got := isWord(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
