package complete

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/storage/schema"
)

// TestFunctionsExist binds each function that is offered: the binder must know it.
func TestFunctionsExist(t *testing.T) {
	sch := schema.New(1, "b", schema.BaseOptions{})
	for _, f := range functions {
		if f.name == "try_cast" {
			continue
		}
		stmt, err := parse.Statement("COUNT " + f.name + "(x) = 1")
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		if _, err = bind.Query(stmt, sch, bind.Options{}); err != nil && strings.Contains(err.Error(), "there is no function") {
			t.Errorf("the binder does not know %s", f.name)
		}
		if f.signature == "" || f.help == "" {
			t.Errorf("%s has no help", f.name)
		}
	}
}

// TestShapes parses the words of each statement that is offered: none may be unknown or not yet there.
func TestShapes(t *testing.T) {
	for _, s := range shapes {
		_, err := parse.Statement(s[0].words)
		if err != nil && (strings.Contains(err.Error(), "expected a statement") || strings.Contains(err.Error(), "not yet")) {
			t.Errorf("%s: %v", s[0].words, err)
		}
	}
	for _, s := range starts {
		if len(following(strings.Fields(s)[:1])) == 0 {
			if shape, _ := shapeOf(strings.Fields(s)[:1]); shape == nil && !strings.HasPrefix(s, "EXPLAIN") {
				t.Errorf("%s begins no statement", s)
			}
		}
	}
	if lex.Lookup("SEGMENT") == lex.None || !isKeyword("SEGMENT") {
		t.Error("SEGMENT is a keyword")
	}
}

func TestHighlight(t *testing.T) {
	for text, want := range map[string]string{
		"COUNT country = 'PL'":                    "keyword name operator text",
		"SELECT count(*), lower(x) FROM contacts": "keyword function bracket operator bracket operator function bracket name bracket keyword name",
		"DID order[time > 3] WITHIN 30d -- note":  "keyword name bracket keyword operator number bracket keyword duration comment",
		"SELECT id FROM first WHERE x.group = $1": "keyword name keyword name keyword name operator name operator parameter",
		"/* open":                        "comment",
		"COUNT a = 'open":                "keyword name operator text",
		`COUNT "Order Completed" = 1.5`:  "keyword name operator number",
		`COUNT "open`:                    "keyword error",
		"a == b ? c":                     "name error name error name",
		"count OF":                       "keyword keyword",
		"IN SEGMENT vip AS OF now()":     "keyword keyword name keyword keyword function bracket bracket",
		"DESCRIBE contacts; KILL 17":     "keyword name operator keyword number",
		"DID ANY EVENT AT LEAST 3 TIMES": "keyword keyword keyword keyword keyword number keyword",
		"żółw":                           "error error error name",
	} {
		var got []string
		for _, w := range Highlight(text) {
			got = append(got, w.Class.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s\n  is %s\n want %s", text, strings.Join(got, " "), want)
		}
	}
}

// TestLarge completes and highlights in long texts, in time that grows with them and not faster.
func TestLarge(t *testing.T) {
	for name, text := range map[string]string{
		"brackets":   "COUNT " + strings.Repeat("(", 1<<20),
		"names":      "COUNT " + strings.Repeat("a.", 1<<19),
		"list":       "COUNT country IN (" + strings.Repeat("'PL', ", 1<<18),
		"items":      "SELECT " + strings.Repeat("count(a), ", 1<<17) + "x FROM contacts GROUP BY ",
		"statements": strings.Repeat("COUNT a; ", 1<<17),
		"froms":      strings.Repeat("FROM ", 1<<18),
	} {
		start := time.Now()
		Complete(text, len(text), shop())
		Highlight(text)
		t.Logf("%s: %d bytes took %v", name, len(text), time.Since(start))
		if took := time.Since(start); took > 5*time.Second { // a loaded machine is no failure; a quadratic walk is
			t.Errorf("%s: %d bytes took %v", name, len(text), took)
		}
	}
	if res := Complete(strings.Repeat(" ", lex.MaxStatement+1), 3, shop()); len(res.Candidates) != 0 {
		t.Error("a text over the limit is completed")
	}
}

// TestManyNames keeps the keywords in sight behind many attributes, and the answer short.
func TestManyNames(t *testing.T) {
	names := shop()
	for i := range 2000 {
		names.Schema.Attrs = append(names.Schema.Attrs, schema.Attribute{ID: schema.AttrID(1000 + i), Name: fmt.Sprintf("z%04d", i), Type: schema.Type{Kind: schema.KindInt}})
	}
	res := Complete("COUNT ", 6, names)
	found := false
	for _, c := range res.Candidates {
		found = found || c.Text == "DID"
	}
	if !found || len(res.Candidates) > maxCandidates {
		t.Errorf("%d candidates, DID among them: %v", len(res.Candidates), found)
	}
	if res = Complete("COUNT z19", 9, names); len(res.Candidates) != maxCandidates {
		t.Errorf("%d candidates", len(res.Candidates))
	}
}

// TestNothingKnown completes without a schema.
func TestNothingKnown(t *testing.T) {
	if res := Complete("COUNT country = 'P", 18, Names{}); len(res.Candidates) != 0 {
		t.Errorf("offered: %v", res.Candidates)
	}
	if res := Complete("COUNT D", 7, Names{}); len(res.Candidates) == 0 {
		t.Error("nothing is offered")
	}
}
