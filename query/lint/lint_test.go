package lint

import (
	"strings"
	"testing"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/storage/schema"
)

func shop() *schema.Schema {
	s := schema.New(1, "shop", schema.BaseOptions{})
	for i, a := range []struct {
		name string
		kind schema.Kind
	}{
		{"country", schema.KindText}, {"city", schema.KindText}, {"age", schema.KindInt}, {"signup_at", schema.KindTimestamp},
		{"birthday", schema.KindDate}, {"tags", schema.KindSet}, {"opt_in", schema.KindBool}, {"ltv", schema.KindFloat},
	} {
		s.Attrs = append(s.Attrs, schema.Attribute{ID: schema.FirstAttrID + schema.AttrID(i), Name: a.name, Type: schema.Type{Kind: a.kind}})
	}
	s.Events = []schema.EventType{
		{ID: 1, Name: "purchase", Props: []schema.Property{
			{ID: 16, Name: "amount", Type: schema.Type{Kind: schema.KindDecimal, Scale: 2}},
			{ID: 17, Name: "category", Type: schema.Type{Kind: schema.KindText}}}},
		{ID: 2, Name: "open", Props: []schema.Property{{ID: 18, Name: "campaign", Type: schema.Type{Kind: schema.KindText}}}},
	}
	return s
}

// TestCheck holds what is warned of, and beside it what looks like it and is left alone. A want is a part of the
// only warning's message, then " | " and a part of its hint; nothing means no warning.
func TestCheck(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		// newcomers
		{"COUNT DID NOT open WITHIN 14d", "less than 14d ago match too | DID NOT open WITHIN 14d AND KNOWN FOR 14d"},
		{"COUNT country = 'PL' AND DID NOT purchase[amount > 5] WITHIN 1mo", "less than 1mo ago | KNOWN FOR 1mo"},
		{"COUNT DID NOT open WITHIN 14d OR age > 3", "less than 14d ago"},
		{"CREATE SEGMENT s AS DID NOT open WITHIN 14d", "less than 14d ago"},
		{"UPDATE contacts SET age = 1 WHERE DID NOT open WITHIN 14d", "less than 14d ago"},
		{"SELECT contact FROM purchase WHERE contact IN (DID NOT open WITHIN 14d)", "less than 14d ago"},
		{"EXPLAIN COUNT DID NOT open WITHIN 14d", "less than 14d ago"},
		{"COUNT DID NOT open WITHIN 14d AND KNOWN FOR 14d", ""},
		{"COUNT KNOWN FOR 30d AND (DID NOT open WITHIN 14d OR age > 3)", ""},
		{"COUNT DID purchase AND DID NOT open WITHIN 14d", ""},
		{"COUNT signup_at WITHIN 30d AND DID NOT open WITHIN 14d", ""},
		{"COUNT created_at < '2026-01-01' AND DID NOT open WITHIN 14d", ""},
		{"COUNT IN SEGMENT vip AND DID NOT open WITHIN 14d", ""},
		{"COUNT NEVER DID open", ""},
		{"COUNT DID NOT open DURING LAST MONTH", ""},

		// nulls
		{"COUNT country <> 'PL'", "whose country is not known do not match | country IS DISTINCT FROM 'PL'"},
		{"COUNT NOT (country = 'PL')", "whose country | IS DISTINCT FROM 'PL'"},
		{"COUNT NOT country = 'PL'", "whose country"},
		{"COUNT country NOT IN ('PL', 'DE')", "whose country | country IS NULL OR country NOT IN"},
		{"COUNT NOT country IN ('PL', 'DE')", "whose country"},
		{"COUNT country NOT LIKE 'P%'", "whose country | country IS NULL OR country NOT LIKE 'P%'"},
		{"COUNT NOT (country LIKE 'P%')", "whose country"},
		{"COUNT NOT opt_in", "whose opt_in | opt_in IS DISTINCT FROM TRUE"},
		{"COUNT opt_in <> TRUE", "whose opt_in"},
		{"COUNT country <> 'PL' AND country IS NOT NULL", ""},
		{"COUNT country IS NULL OR country <> 'PL'", ""},
		{"COUNT country IS NULL OR NOT country IN ('PL')", ""},
		{"COUNT country > 'A' AND country <> 'PL'", ""},
		{"COUNT country IS DISTINCT FROM 'PL'", ""},
		{"COUNT age <> 0", ""},
		{"COUNT id <> 'c1'", ""},
		{"COUNT DID purchase[category <> 'shoes']", ""},
		{"SELECT amount FROM purchase WHERE category <> 'shoes'", ""},
		{"COUNT NOT DID open", ""},
		{"COUNT nothing <> 'x'", ""},
		{"COUNT country <> city", ""},

		// LIKE
		{"COUNT country LIKE 'PL'", "LIKE without % or _ compares the whole text | country CONTAINS 'PL'"},
		{"COUNT country ILIKE 'pl'", "ILIKE without % or _"},
		{"COUNT country LIKE 'P*'", "* and ? stand for themselves | country LIKE 'P%'"},
		{"COUNT DID purchase[category LIKE 'it''s']", "without % or _ | CONTAINS 'it''s'"},
		{"COUNT country LIKE 'P%' OR country LIKE 'P_' OR country CONTAINS 'P*'", ""},
		{"COUNT country LIKE city", ""},

		// BETWEEN
		{"COUNT age BETWEEN 30 AND 18", "the larger end stands first | age BETWEEN 18 AND 30"},
		{"COUNT age NOT BETWEEN 3.5 AND -1", "every value lies outside"},
		{"COUNT country BETWEEN 'b' AND 'a'", "no value lies between"},
		{"COUNT birthday BETWEEN '2026-02-01' AND '2026-01'", "no value lies between"},
		{"COUNT recency(open) BETWEEN 60d AND 30d", "no value lies between"},
		{"COUNT age BETWEEN 18 AND 30", ""},
		{"COUNT age BETWEEN 18 AND 18", ""},
		{"COUNT age BETWEEN 30 AND ltv", ""},
		{"COUNT birthday BETWEEN '2026-01' AND '2026-01-31'", ""},
		{"COUNT recency(open) BETWEEN 30d AND 1mo", ""},
		{"COUNT signup_at BETWEEN '2026-01-01' AND '2026-01-31'", "ends at the first midnight of '2026-01-31' | signup_at DURING '2026-01-01' TO '2026-01-31'"},
		{"SELECT amount FROM purchase WHERE time BETWEEN '2026-01-01' AND '2026-01-31'", "first midnight"},
		{"COUNT signup_at BETWEEN '2026-01-01' AND '2026-01-31 23:59'", ""},

		// contradictions
		{"COUNT age > 5 AND age < 3", "this and age > 5 are never true together"},
		{"COUNT age >= 5 AND country = 'PL' AND age < 5", "never true together"},
		{"COUNT age = 1 AND age = 2", "never true together | age IN (1, 2)"},
		{"COUNT country = 'PL' AND country = 'DE'", "never true together | country IN ('PL', 'DE')"},
		{"COUNT age = 7 AND age BETWEEN 1 AND 5", "never true together"},
		{"COUNT age IS NULL AND age > 3", "never true together"},
		{"COUNT age > 3 AND age IS NULL", "never true together"},
		{"COUNT count(purchase) > 5 AND count(purchase) < 2", "never true together"},
		{"COUNT DID purchase[category = 'a' AND category = 'b']", "never true together"},
		{"COUNT age > 5 AND (age < 3 AND opt_in)", "never true together"},
		{"COUNT age > 3 AND age < 5", ""},
		{"COUNT age >= 5 AND age <= 5", ""},
		{"COUNT age > 5 OR age < 3", ""},
		{"COUNT age = 1 AND age = 1.0", ""},
		{"COUNT age IS NOT NULL AND age > 3", ""},
		{"COUNT DID purchase[category = 'a'] AND DID purchase[category = 'b']", ""},
		{"COUNT signup_at > '2026-01-01' AND signup_at < '2026-01-01 10:00'", ""},

		// alternatives
		{"COUNT country = 'a' OR country = 'b' OR country = 'c'", "one value after the other | country IN ('a', …)"},
		{"COUNT country = 'a' OR country = 'b'", ""},
		{"COUNT age <> 1 OR age <> 2", "true for every age | age NOT IN (1, 2)"},
		{"COUNT age <> 1 OR ltv <> 2", ""},

		// twice
		{"COUNT opt_in AND age > 3 AND opt_in", "stands twice between AND"},
		{"COUNT age = 1 OR (age = 1)", "stands twice between OR"},
		{"COUNT opt_in AND (age > 3 OR opt_in)", ""},

		// counts
		{"COUNT count(purchase WITHIN 30d) >= 1", "whether there is one | write DID purchase WITHIN 30d"},
		{"COUNT count(purchase) > 0", "whether there is one | write DID purchase"},
		{"COUNT count(purchase) = 0 AND opt_in", "that there is none | write DID NOT purchase"},
		{"COUNT count(purchase) >= 0", "always true"},
		{"COUNT count(purchase) < 0", "never true"},
		{"COUNT count(purchase) >= 2", ""},
		{"COUNT count(country) > 0", ""},
		{"SELECT country, count(*) FROM contacts GROUP BY country HAVING count(*) > 0", ""},
		{"COUNT DID purchase AT LEAST 0 TIMES", "AT LEAST 0 is always true | DID purchase"},
		{"COUNT DID purchase AT LEAST 1 TIME AND DID open AT MOST 0 TIMES", ""},

		// instants and days
		{"COUNT signup_at = '2026-04-01'", "its first midnight | signup_at DURING '2026-04-01'"},
		{"COUNT signup_at = '2026-04'", "its first midnight | for the whole month"},
		{"COUNT signup_at <= '2026-04-01'", "<= ends at the first midnight"},
		{"COUNT DID purchase[time = '2026-04-01']", "its first midnight"},
		{"COUNT signup_at >= '2026-04-01' AND signup_at < '2026-05-01'", ""},
		{"COUNT signup_at = '2026-04-01 10:00' AND birthday = '2026-04-01'", ""},

		// parts of a time
		{"COUNT weekday(signup_at) = 0", "weekday lies between 1 and 7, so that this is never true | 1 is Monday"},
		{"COUNT hour(signup_at) <= 24", "always true"},
		{"COUNT bucket('x') < 10000", "always true"},
		{"COUNT month(signup_at) = 13", "never true"},
		{"COUNT weekday(signup_at) = 7 AND hour(signup_at) >= 23 AND bucket('x') < 9999 AND day(signup_at) > 1", ""},

		{"COUNT country = NULL", "never true | write country IS NULL"},
		{"COUNT country <> NULL", "never true | write country IS NOT NULL"},

		// lists
		{"COUNT age IN (1, NULL)", "NULL in a list matches nothing | OR age IS NULL"},
		{"COUNT age NOT IN (1, NULL)", "never true"},
		{"COUNT age IN (1, 2)", ""},

		// select
		{"SELECT avg(avg(purchase.amount WITHIN 30d)) FROM contacts", "average of the contacts' averages | sum(sum(purchase.amount WITHIN 30d)) / sum(count(purchase WITHIN 30d))"},
		{"SELECT avg(sum(purchase.amount)), avg(ltv) FROM contacts", ""},
		{"SELECT id, count(*) FROM contacts GROUP BY id", "every contact is a group of its own"},
		{"SELECT signup_at, count(*) FROM contacts GROUP BY 1", "nearly every one makes a group | date_trunc('day', signup_at)"},
		{"SELECT time AS t, count(*) FROM purchase GROUP BY t", "nearly every one | date_trunc('day', time)"},
		{"SELECT date_trunc('day', time), count(*) FROM purchase GROUP BY 1", ""},
		{"SELECT country, birthday, count(*) FROM contacts GROUP BY country, 2", ""},
		{"SELECT contact, count(*) FROM purchase GROUP BY contact", ""},
		{"SELECT country, count(*) FROM contacts GROUP BY country LIMIT 10", "any of the groups"},
		{"SELECT country, count(*) FROM contacts GROUP BY country ORDER BY 2 LIMIT 10", ""},
		{"SELECT id FROM contacts LIMIT 10", ""},
		{"COPY (SELECT id FROM contacts LIMIT 10) TO 'x.csv'", "any of the rows"},
		{"COPY (SELECT id FROM contacts ORDER BY id LIMIT 10) TO 'x.csv'", ""},
		{"SELECT country, count(*) FROM contacts GROUP BY country HAVING country = 'PL' AND count(*) > 3", "after all rows were grouped | WHERE country = 'PL'"},
		{"SELECT count(*) FROM contacts GROUP BY country HAVING count(*) > 3", ""},
		{"SELECT count(*) AS country FROM contacts GROUP BY country HAVING country > 3", ""},
		{"SELECT id, ltv AS spend FROM contacts ORDER BY 'spend'", "orders nothing | ORDER BY spend"},
		{"SELECT id, ltv AS spend FROM contacts ORDER BY spend, \"age\", 1", ""},
		{"SELECT (country LIKE 'x') AS y FROM contacts", "without % or _"},

		// statements without conditions
		{"SHOW BASES", ""}, {"DROP EVENT purchase", ""}, {"COUNT", ""}, {"UPSERT CONTACT 'c' SET age = 1", ""},
	} {
		stmt, err := parse.Statement(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		check(t, c.text, stmt, c.want)
	}
}

func check(t *testing.T, text string, stmt ast.Stmt, want string) {
	t.Helper()
	got := Check(stmt, shop())
	if want == "" {
		if len(got) > 0 {
			t.Errorf("%s\n  is warned of: %s; %s", text, got[0].Msg, got[0].Hint)
		}
		return
	}
	if len(got) != 1 {
		t.Errorf("%s\n  has %d warnings, want %q: %v", text, len(got), want, got)
		return
	}
	w := got[0]
	msg, hint, _ := strings.Cut(want, " | ")
	if !strings.Contains(w.Msg, msg) || !strings.Contains(w.Hint, hint) || strings.HasSuffix(w.Msg, ".") {
		t.Errorf("%s\n  says %q; %q\n  want %s", text, w.Msg, w.Hint, want)
	}
	if w.Span.Start < 0 || w.Span.End <= w.Span.Start || w.Span.End > len(text) {
		t.Errorf("%s: the span %v", text, w.Span)
	}
}

// TestHints parses what the hints offer as a condition: it must be one.
func TestHints(t *testing.T) {
	for text, want := range map[string]string{
		"COUNT DID NOT open WITHIN 14d":     "DID NOT open WITHIN 14d AND KNOWN FOR 14d",
		"COUNT country NOT LIKE 'P%'":       "country IS NULL OR country NOT LIKE 'P%'",
		"COUNT age BETWEEN 30 AND 18":       "age BETWEEN 18 AND 30",
		"COUNT signup_at = '2026-04-01'":    "signup_at DURING '2026-04-01'",
		"COUNT count(purchase[amount>3])>0": "DID purchase[amount > 3]",
	} {
		stmt, err := parse.Statement(text)
		if err != nil {
			t.Fatal(err)
		}
		got := Check(stmt, shop())
		if len(got) != 1 || !strings.HasSuffix(got[0].Hint, want) {
			t.Errorf("%s: %v", text, got)
			continue
		}
		again, err := parse.Statement("COUNT " + want)
		if err != nil || len(Check(again, shop())) > 0 {
			t.Errorf("%s: the hint is warned of again: %v %v", text, err, Check(again, shop()))
		}
	}
}

// TestBounded checks statements that programs write: many terms, deep brackets, and no more than 20 warnings.
func TestBounded(t *testing.T) {
	for _, text := range []string{
		"COUNT country <> 'a'" + strings.Repeat(" AND country <> 'a'", 5000),
		"COUNT " + strings.Repeat("(country <> 'a' OR ", 199) + "opt_in" + strings.Repeat(")", 199),
		"COUNT age = 1" + strings.Repeat(" OR age = 1", 9_999),
		"COUNT age IN (1" + strings.Repeat(", 1", 90_000) + ") AND age <> NULL",
	} {
		stmt, err := parse.Statement(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := Check(stmt, shop()); len(got) > 20 {
			t.Errorf("%d warnings", len(got))
		}
	}
	stmt, err := parse.Statement("COUNT country <> 'a'")
	if err != nil || Check(stmt, nil) != nil {
		t.Error("without a schema nothing is known", err)
	}
}

// FuzzCheck checks that no statement makes a warning without a form.
func FuzzCheck(f *testing.F) {
	f.Add("COUNT country <> 'PL' AND DID NOT open WITHIN 3d")
	f.Add("SELECT a, avg(avg(purchase.amount)) FROM purchase WHERE contact IN (x = 1) GROUP BY 1 HAVING a = 2 LIMIT 1")
	f.Fuzz(func(t *testing.T, text string) {
		stmt, err := parse.Statement(text)
		if err != nil {
			return
		}
		for _, w := range Check(stmt, shop()) {
			if w.Msg == "" || w.Span.Start < 0 || w.Span.End < w.Span.Start || w.Span.End > len(text) {
				t.Fatalf("%q: %+v", text, w)
			}
		}
	})
}
