package complete

import (
	"fmt"
	"strings"
	"testing"

	"github.com/musterdb/muster/storage/schema"
)

func shop() Names {
	s := schema.New(1, "shop", schema.BaseOptions{})
	attr := func(name string, kind schema.Kind) {
		s.Attrs = append(s.Attrs, schema.Attribute{ID: schema.FirstAttrID + schema.AttrID(len(s.Attrs)), Name: name, Type: schema.Type{Kind: kind}})
	}
	attr("country", schema.KindText)
	attr("city", schema.KindText)
	attr("age", schema.KindInt)
	attr("signup_at", schema.KindTimestamp)
	attr("tags", schema.KindSet)
	attr("opt_in", schema.KindBool)
	attr("order", schema.KindInt)
	attr("Home Town", schema.KindText)
	attr("stack.languages", schema.KindSet)
	text, dec := schema.Type{Kind: schema.KindText}, schema.Type{Kind: schema.KindDecimal, Scale: 2}
	s.Events = []schema.EventType{
		{ID: 1, Name: "purchase", Props: []schema.Property{{ID: 16, Name: "amount", Type: dec}, {ID: 17, Name: "category", Type: text}}},
		{ID: 2, Name: "open", Props: []schema.Property{{ID: 18, Name: "campaign", Type: text}}},
		{ID: 3, Name: "Order Completed", Props: []schema.Property{{ID: 19, Name: "$value", Type: dec}}},
	}
	s.Segments = []schema.Segment{{ID: 1, Name: "vip", Text: "age > 30"}, {ID: 2, Name: "my list", Attr: 99}, {ID: 3, Name: "hidden", Attr: 98, Building: true}}
	return Names{Schema: s, Bases: []string{"shop", "my base"}, Values: func(event, name, prefix string) []string {
		switch event + "." + name {
		case ".country":
			return []string{"PL", "DE", "it's"}
		case ".tags":
			return []string{"vip", "gold"}
		case "purchase.category":
			return []string{"shoes", "books"}
		}
		return nil
	}}
}

// TestComplete gives texts with | for the cursor. A want is what must be offered, in this order but not only;
// after ! stands what must not be; "= a, b" is all there is; [ab] before it is the text that is replaced.
func TestComplete(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		// the beginning
		{"|", "COUNT · SELECT · DESCRIBE · SHOW · EXPLAIN · CREATE SEGMENT · UPDATE contacts · USE"},
		{"  |", "COUNT · SELECT"},
		{"SEL|", "[SEL] = SELECT · SELECT count(*) FROM contacts WHERE "},
		{"sel|", "[sel] SELECT"},
		{"cr|", "[cr] CREATE SEGMENT · CREATE ATTRIBUTE !SELECT"},
		{"COUNT a; |", "COUNT · SELECT !country"},
		{"COUNT a = 'x;y' |", "AND !SELECT"},
		{"EXPLAIN |", "COUNT · SELECT · ANALYZE"},
		{"EXPLAIN ANALYZE |", "= COUNT · SELECT"},
		{"EXPLAIN COUNT cou|", "[cou] country · count("},
		{"CREATE |", "SEGMENT · STATIC SEGMENT · ATTRIBUTE · EVENT · BASE"},
		{"CREATE OR |", "REPLACE SEGMENT · REPLACE STATIC SEGMENT"},
		{"CREATE STA|", "[STA] STATIC SEGMENT"},
		{"SHOW |", "ATTRIBUTES · EVENTS · SEGMENTS · CONTACT · QUERIES"},
		{"SHOW S|", "[S] SEGMENTS · STORAGE !EVENTS"},
		{"SHOW SEGMENTS |", "= OF CONTACT"},
		{"SHOW CONTACT 'c1' |", "= LIMIT"},
		{"DROP |", "SEGMENT · ATTRIBUTE · EVENT · BASE"},
		{"RENAME |", "SEGMENT · ATTRIBUTE"},
		{"ALTER |", "= SEGMENT · EVENT"},
		{"DELETE |", "CONTACT · FROM"},
		{"nonsense |", "="},

		// names in statements
		{"DROP SEGMENT |", `= vip · "my list"`},
		{"DROP EVENT |", `= purchase · open · "Order Completed"`},
		{"DROP EVENT ord|", `[ord] = "Order Completed"`},
		{`DROP EVENT "Or|`, `["Or] = "Order Completed"`},
		{"DROP ATTRIBUTE |", `country · order · "Home Town" !id`},
		{"DROP BASE |", `= shop · "my base"`},
		{"USE |", `= shop · "my base"`},
		{"RENAME EVENT purchase |", "= TO"},
		{"DESCRIBE |", `ATTRIBUTE · contacts · purchase · vip · country · id`},
		{"DESCRIBE EVENT |", `= purchase · open · "Order Completed"`},
		{"DESCRIBE purchase.|", "amount · category · time"},
		{"ALTER EVENT purchase |", "= ADD · DROP"},
		{"ALTER EVENT purchase DROP |", "amount · category"},
		{"ALTER SEGMENT vip |", "= ADD · REMOVE"},
		{"ALTER SEGMENT vip ADD |", "="},
		{"TRACK |", `purchase · open`},
		{"TRACK purchase |", "= FOR"},
		{"TRACK purchase FOR 'c1' |", "= AT · ID"},
		{"TRACK purchase FOR 'c1' (|", "amount · category !country"},
		{"TRACK purchase FOR 'c1' (category = |", "'shoes' · 'books'"},
		{"TRACK purchase FOR 'c1' (amount = 3, |", "amount · category"},
		{"UPSERT CONTACT 'c1' |", "= SET"},
		{"UPSERT CONTACT 'c1' SET |", `country · order · stack.languages !id !purchase`},
		{"UPSERT CONTACT 'c1' SET country |", "= ="},
		{"UPSERT CONTACT 'c1' SET country = |", "'PL' · 'DE' · 'it''s'"},
		{"UPSERT CONTACT 'c1' SET country = 'PL', |", "country · age"},
		{"UPDATE |", "= contacts"},
		{"UPDATE contacts |", "= SET"},
		{"UPDATE contacts SET age = 1 |", "= WHERE"},
		{"UPDATE contacts SET age = 1 WHERE |", "country · DID"},
		{"DELETE FROM |", "purchase · open !contacts"},
		{"DELETE FROM purchase |", "= WHERE"},
		{"DELETE FROM purchase WHERE |", "amount · category · time !country !DID"},
		{"DELETE CONTACT 'c1' |", "= NOW"},
		{"COPY |", "contacts · purchase"},
		{"COPY contacts |", "= FROM"},
		{"COPY contacts FROM 'x.csv' |", "ON ERROR SKIP · AGAIN"},
		{"COPY contacts FROM 'x.csv' (|", "id · country"},
		{"COPY purchase FROM 'x.csv' (|", "amount · contact · time"},
		{"COPY (SELECT |", "count(*) · country"},
		{"COPY (SELECT id FROM contacts) |", "= TO"},
		{"COPY (SELECT id FROM contacts |", "WHERE"},
		{"CREATE ATTRIBUTE x |", "TEXT · INT · DECIMAL(2)"},
		{"CREATE ATTRIBUTE x TEXT |", "= PERSONAL"},
		{"CREATE EVENT x (a |", "TEXT · INT"},
		{"CREATE EVENT x (a INT, b T|", "[T] TEXT · TIMESTAMP"},
		{"CREATE EVENT x (a INT) |", "ID · KEEP"},
		{"CREATE EVENT x (a INT) KEEP |", "30d · 90d"},
		{"CREATE BASE x |", "WITH"},
		{"CREATE BASE x WITH (|", "timezone = · schema = open"},
		{"CREATE SEGMENT x |", "= AS"},
		{"CREATE STATIC SEGMENT x |", "= AS · FROM"},
		{"CREATE SEGMENT x AS |", "country · DID · NEVER DID · IN SEGMENT"},

		// the beginning of a condition
		{"COUNT |", `country · age · "order" · "Home Town" · stack.languages · id · DID · NOT · NEVER DID · IN SEGMENT · KNOWN FOR · count( · lower( !purchase !amount`},
		{"COUNT c|", "[c] country · city · created_at · count( · coalesce( !age"},
		{"COUNT country = 'PL' AND |", "country · DID"},
		{"COUNT country = 'PL' OR NOT |", "country · DID"},
		{"COUNT (|", "country · DID"},
		{"COUNT Home|", `[Home] = "Home Town"`},
		{`COUNT "Ho|`, `["Ho] = "Home Town"`},
		{`COUNT "cou|`, `["cou] = "country"`},
		{"COUNT stack.|", "languages"},
		{"COUNT D|", "[D] DID · DID NOT · days( · date_trunc("},
		{"SELECT id FROM contacts WHERE |", "country · DID"},
		{"SELECT id FROM contacts WHERE age > 3 AND co|", "[co] country"},
		{"COUNT CASE |", "= WHEN"},
		{"COUNT CASE WHEN |", "country · DID"},

		// operators by type
		{"COUNT country |", "= · <> · IN ( · LIKE · IS NULL !WITHIN !HAS !>"},
		{"COUNT age |", "= · > · BETWEEN · IS NULL !LIKE !WITHIN"},
		{"COUNT signup_at |", "WITHIN · DURING · SINCE · BEFORE · IS NULL !LIKE"},
		{"COUNT tags |", "HAS · HAS ANY ( · SUBSET OF !="},
		{"COUNT opt_in |", "AND · OR"},
		{"COUNT length(city) |", "> · BETWEEN !LIKE"},
		{"COUNT recency(purchase) |", "> · < · BETWEEN"},
		{"COUNT last(purchase).|", "amount · category · time · event_id"},
		{"COUNT last(purchase).category |", "= · LIKE"},
		{"COUNT country I|", "[I] IN ( · ILIKE · IS NULL"},
		{"COUNT country IS |", "= NULL · NOT NULL · DISTINCT FROM · NOT DISTINCT FROM"},
		{"COUNT country IS NOT |", "= NULL · DISTINCT FROM"},
		{"COUNT country IS NULL |", "AND · OR · AS OF !LIKE"},
		{"COUNT country NOT |", "IN ( · LIKE"},
		{"COUNT country STARTS |", "= WITH"},
		{"COUNT country = 'PL' |", "AND · OR · AS OF !LIKE !="},
		{"COUNT country| = 'PL'", "[country] = country"},
		{"COUNT |= 'PL'", "country"},
		{"COUNT country |= 'PL'", "IN ( !="},

		// values
		{"COUNT country = |", "'PL' · 'DE' · 'it''s'"},
		{"COUNT country = 'P|", "['P] = 'PL'"},
		{"COUNT country = 'P|' AND age > 3", "['P'] = 'PL'"},
		{"COUNT country = 'P| AND age > 3", "['P] = 'PL'"},
		{"COUNT country = 'it'|", "AND"},
		{"COUNT country <> p|", "[p] 'PL'"},
		{"COUNT country IN (|", "'PL' · 'DE'"},
		{"COUNT country IN ('PL', |", "'PL' · 'DE'"},
		{"COUNT country NOT IN ('|", "['] 'PL' · 'DE'"},
		{"COUNT country LIKE |", "'PL'"},
		{"COUNT tags HAS |", "'vip' · 'gold' · ANY ("},
		{"COUNT tags HAS ANY (|", "'vip' · 'gold'"},
		{"COUNT opt_in = |", "TRUE · FALSE"},
		{"COUNT signup_at >= |", "now() · today()"},
		{"COUNT signup_at BETWEEN now() |", "= AND"},
		{"COUNT age BETWEEN 1 AND 2 |", "AND · OR"},
		{"COUNT DID purchase[category = |", "'shoes' · 'books'"},
		{"COUNT last(purchase).category = |", "'shoes' · 'books'"},

		// behaviour
		{"COUNT DID |", `purchase · open · "Order Completed" · NOT · ANY EVENT !country !SEQUENCE`},
		{"COUNT DID NOT |", "purchase · open"},
		{"COUNT NEVER |", "= DID"},
		{"COUNT NEVER DID p|", "[p] = purchase"},
		{"COUNT DID (|", "purchase · open"},
		{"COUNT DID (purchase, |", "purchase · open"},
		{"COUNT DID (purchase, open)[|", "amount · campaign"},
		{"COUNT DID ANY |", "= EVENT"},
		{"COUNT DID purchase |", "WITHIN · AT LEAST · DURING · AND !LIKE"},
		{"COUNT DID purchase[|", "amount · category · time !country !DID"},
		{"COUNT DID purchase[amount > 3 AND |", "amount · category"},
		{"COUNT DID purchase[contact.|", "country · age !amount"},
		{"COUNT DID purchase[contact.country = |", "'PL'"},
		{"COUNT DID purchase[amount |", "> · BETWEEN"},
		{"COUNT DID purchase[amount > 3] |", "WITHIN · AT LEAST"},
		{`COUNT DID "Order Completed"[|`, `"$value"`},
		{"COUNT DID purchase AT |", "= LEAST · MOST"},
		{"COUNT DID purchase AT LEAST |", "1 · 2 · 3"},
		{"COUNT DID purchase AT LEAST 3 |", "TIMES"},
		{"COUNT DID purchase AT LEAST 3 TIMES |", "WITHIN · AND"},
		{"COUNT DID purchase MORE |", "= THAN"},
		{"COUNT DID purchase AT LEAST 3 TIMES WITHIN 30d |", "AND · OR"},
		{"COUNT FIRST |", "purchase · open"},
		{"COUNT 2ND purchase |", "WITHIN"},
		{"COUNT KNOWN |", "= FOR"},
		{"COUNT KNOWN FOR |", "30d"},
		{"COUNT KNOWN FOR 30d |", "AND · OR"},
		{"COUNT DID order WITHIN |", "30d"},

		// windows
		{"COUNT DID purchase WITHIN |", "30d · 7d · NEXT"},
		{"COUNT DID purchase WITHIN 45|", "[45] 45d · 45h · 45mo"},
		{"COUNT DID purchase WITHIN 45m|", "[45m] 45m · 45mo !45d"},
		{"COUNT DID purchase WITHIN 30 |", "days · weeks"},
		{"COUNT DID purchase WITHIN 30 days |", "AND"},
		{"COUNT DID purchase DURING |", "TODAY · THIS QUARTER · LAST MONTH"},
		{"COUNT DID purchase DURING LAST |", "MONTH · WEEK"},
		{"COUNT DID purchase DURING LAST 3 |", "MONTHS"},
		{"COUNT DID purchase DURING LAST 3 MONTHS |", "AND"},
		{"COUNT DID purchase DURING '2026-04' |", "TO · AND"},
		{"COUNT signup_at WITHIN 3d |", "AND · OR"},
		{"COUNT DID purchase BEFORE 3d |", "= AGO"},
		{"COUNT DID purchase SINCE |", "now() · today()"},

		// segments
		{"COUNT IN |", "SEGMENT"},
		{"COUNT IN SEGMENT |", `= vip · "my list"`},
		{"COUNT NOT IN SEGMENT v|", "[v] = vip"},
		{"COUNT IN SEGMENT vip |", "FOR · AS OF · AND"},
		{"COUNT IN ANY SEGMENT (vip, |", `= vip · "my list"`},
		{"COUNT IN SEGMENT vip AND |", "country · DID"},

		// aggregates
		{"COUNT count(|", "purchase · open !*"},
		{"COUNT sum(|", "purchase.amount · purchase"},
		{"COUNT sum(purchase.|", "amount"},
		{"COUNT sum(purchase[|", "amount · category"},
		{"COUNT count(purchase |", "WITHIN · DURING"},
		{"COUNT count(purchase WITHIN |", "30d"},
		{"COUNT count(purchase) |", "> · BETWEEN"},
		{"COUNT count(purchase) > 3 |", "AND"},
		{"COUNT lower(|", "country · lower("},

		// SELECT
		{"SELECT |", "count(*) · * · country · count( · sum( !DID"},
		{"SELECT | FROM purchase", "amount · category · time · count( !country"},
		{"SELECT cou| FROM contacts", "[cou] country · count("},
		{"SELECT co|untry, age FROM contacts", "[country] country · count("},
		{"SELECT id |", "= AS · FROM"},
		{"SELECT id, |", "country"},
		{"SELECT id FROM |", "contacts · purchase"},
		{"SELECT id FROM contacts |", "WHERE · GROUP BY · HAVING · ORDER BY · LIMIT · AS OF"},
		{"SELECT id FROM contacts GR|", "[GR] = GROUP BY"},
		{"SELECT id FROM contacts GROUP |", "= BY"},
		{"SELECT country, count(*) FROM contacts GROUP BY |", "country !count(*)"},
		{"SELECT date_trunc('day', time) AS day, sum(amount) FROM purchase GROUP BY |", "day"},
		{"SELECT lower(city), count(*) FROM contacts GROUP BY |", "1 · country"},
		{"SELECT country, sum(age) AS total, count(*) FROM contacts GROUP BY 1 ORDER BY |", "country · total · 3"},
		{"SELECT country FROM contacts ORDER BY country |", "DESC · ASC · LIMIT !WHERE !AS"},
		{"SELECT country FROM contacts ORDER BY country DESC |", "= LIMIT · AS OF"},
		{"SELECT country, count(*) FROM contacts GROUP BY country HAVING |", "count( · sum( · country"},
		{"SELECT country, count(*) FROM contacts GROUP BY country HAVING count(|", "* · DISTINCT"},
		{"SELECT country, count(*) FROM contacts GROUP BY country |", "HAVING · ORDER BY !WHERE"},
		{"SELECT contact FROM purchase WHERE |", "amount · contact IN ("},
		{"SELECT contact FROM purchase WHERE contact IN (|", "country · DID !amount"},
		{"SELECT contact FROM purchase WHERE category = |", "'shoes'"},
		{"SELECT avg(| FROM contacts", "purchase.amount · age"},
		{"SELECT id FROM contacts LIMIT |", "="},
		{"SELECT id FROM contacts LIMIT 10 |", "= AS OF"},
		{"COUNT age > 3 AS |", "OF"},
		{"COUNT age > 3 AS OF |", "now()"},

		// after errors, over lines, in comments
		{"SELECT count( FROM contacts WHERE |", "country · DID"},
		{"COUNT ((( AND |", "country · DID"},
		{"COUNT country == 'PL' AND |", "country · DID"},
		{"COUNT country % 'PL' AND |", "country"},
		{"COUNT\n  country = 'PL'\n  AND |\n", "country · DID"},
		{"COUNT age > 3 -- AND |", "="},
		{"COUNT /* | */ age", "="},
		{"COUNT age /* x */ |", "= · >"},
		{"COUNT age <|> 3", "="},
		{"COUNT $na|", "[$na] ="},
		{"SHOW NOTHING; COUNT DID |", "purchase"},
		{"COUNT DID purchase[amount > ; COUNT |", "country · DID"},
	} {
		checkCase(t, c.text, c.want)
	}
}

func checkCase(t *testing.T, text, want string) {
	t.Helper()
	cursor := strings.IndexByte(text, '|')
	plain := text[:cursor] + text[cursor+1:]
	res := Complete(plain, cursor, shop())
	var got []string
	has := map[string]int{}
	for i, c := range res.Candidates {
		got = append(got, c.Text)
		if _, ok := has[c.Text]; !ok {
			has[c.Text] = i
		}
	}
	complain := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s\n  %s\n  offered for %q: %s", text, fmt.Sprintf(format, args...), plain[res.Start:res.End], strings.Join(got, " · "))
	}
	replaced := ""
	if strings.HasPrefix(want, "[") {
		replaced, want, _ = strings.Cut(want[1:], "] ")
	}
	if plain[res.Start:res.End] != replaced {
		complain("%q is to be replaced", replaced)
	}
	if all, only := strings.CutPrefix(want, "= "); only || want == "=" {
		if want == "=" {
			all = ""
		}
		// "= · <> …" begins with the operator: there the list is not complete
		if !strings.HasPrefix(all, "·") {
			if s := strings.Join(got, " · "); s != all {
				complain("want only %s", all)
			}
			return
		}
	}
	want, not, _ := strings.Cut(want, " !")
	last := -1
	for _, w := range strings.Split(want, " · ") {
		i, ok := has[w]
		if !ok && w == strings.TrimSpace(w) {
			i, ok = has[w+" "]
		}
		if !ok || i < last {
			complain("want %s, in this order", w)
		}
		last = i
	}
	for _, w := range strings.Split(not, " !") {
		if _, ok := has[w]; ok && w != "" {
			complain("%s must not be offered", w)
		}
	}
}
