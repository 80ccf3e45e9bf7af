package bind

import (
	"errors"
	"testing"
	"time"

	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/storage/schema"
)

// clock is Wednesday, 22 July 2026, 12:00 in Warsaw.
var clock = time.Date(2026, 7, 22, 10, 0, 0, 0, time.UTC).UnixMilli()

func typ(kind schema.Kind) schema.Type { return schema.Type{Kind: kind} }

func decimal(scale uint8) schema.Type { return schema.Type{Kind: schema.KindDecimal, Scale: scale} }

// shop is the schema of the tests: attributes from id 16 on, events 1 purchase, 2 open, 3 click, 4 stack,
// 5 sale, 6 ticket; the last two have an ID.
func shop(zone string) *schema.Schema {
	s := schema.New(7, "shop", schema.BaseOptions{TimeZone: zone, Spread: 1})
	for i, a := range []struct {
		name string
		t    schema.Type
	}{
		{"country", typ(schema.KindText)}, {"age", typ(schema.KindInt)}, {"ltv", decimal(2)}, {"email_opt_in", typ(schema.KindBool)},
		{"tags", typ(schema.KindSet)}, {"signup_at", typ(schema.KindTimestamp)}, {"birthday", typ(schema.KindDate)},
		{"score", typ(schema.KindFloat)}, {"app", typ(schema.KindText)}, {"visited", typ(schema.KindSet)}, {"external", typ(schema.KindKey)},
		{"stack.languages", typ(schema.KindInt)}, {"city", typ(schema.KindText)}, {"trial_ends_at", typ(schema.KindTimestamp)},
		{"lat", typ(schema.KindFloat)}, {"lon", typ(schema.KindFloat)},
	} {
		s.Attrs = append(s.Attrs, schema.Attribute{ID: schema.AttrID(16 + i), Name: a.name, Type: a.t})
	}
	prop := func(name string, t schema.Type) schema.Property {
		s.NextProp++
		return schema.Property{ID: s.NextProp - 1, Name: name, Type: t}
	}
	s.Events = []schema.EventType{
		{ID: 1, Name: "purchase", Props: []schema.Property{prop("amount", decimal(2)), prop("category", typ(schema.KindText)),
			prop("quantity", typ(schema.KindInt)), prop("order_line", typ(schema.KindKey)), prop("weight", typ(schema.KindFloat))}},
		{ID: 2, Name: "open", Props: []schema.Property{prop("message_id", typ(schema.KindKey)), prop("ref", typ(schema.KindText))}, Keep: 400 * 24 * time.Hour},
		{ID: 3, Name: "click", Props: []schema.Property{prop("message_id", typ(schema.KindKey)), prop("ref", typ(schema.KindInt)), prop("labels", typ(schema.KindSet))}},
		{ID: 4, Name: "stack", Props: []schema.Property{prop("languages", typ(schema.KindInt))}},
		{ID: 5, Name: "sale", Props: []schema.Property{prop("order_line", typ(schema.KindText)), prop("n", typ(schema.KindInt))}, HasID: true},
		{ID: 6, Name: "ticket", Props: []schema.Property{prop("number", typ(schema.KindInt))}, HasID: true},
	}
	s.Events[4].IDProp, s.Events[5].IDProp = s.Events[4].Props[0].ID, s.Events[5].Props[0].ID
	s.NextAttr, s.NextEvent = 16+schema.AttrID(len(s.Attrs)), 7
	return s
}

// bound returns the plan's text of a statement, or the rendered error.
func bound(text string, sch *schema.Schema) string {
	stmt, err := parse.Statement(text)
	if err != nil {
		return rendered(err, text)
	}
	q, err := Query(stmt, sch, Options{Clock: clock})
	if err != nil {
		return rendered(err, text)
	}
	return q.String()
}

func rendered(err error, text string) string {
	var d *diag.Error
	if errors.As(err, &d) {
		return string(d.Code) + " " + d.In(text).Render()
	}
	return "not a diag.Error: " + err.Error()
}

func TestStatementsBind(t *testing.T) {
	for _, s := range []string{
		"COUNT country IN ('PL','DE') AND age BETWEEN 25 AND 40 AND email_opt_in",
		"COUNT ltv / 3 > 50 OR tags HAS 'vip'",
		"COUNT DID purchase[category = 'shoes' AND amount > 50] AT LEAST 3 TIMES WITHIN 90d",
		"COUNT sum(purchase[category = 'books'].amount) WITHIN 60d > 75",
		"COUNT recency(purchase) > 2mo AND signup_at WITHIN 30d AND birthday DURING '2026-04' TO '2026-06'",
		"SELECT id, sum(purchase.amount WITHIN 90d) AS spend FROM contacts WHERE DID open ORDER BY spend DESC, age LIMIT 10",
		"COUNT last(purchase).category = 'shoes' AND version(app) < version('2.10.1') AND signup_at + 1mo > now()",
		"COUNT agee > 3", "COUNT age > 'x'", "COUNT country = \"PL\"", "COUNT DID country", "COUNT purchase", "COUNT x = NULL", "COUNT age = NULL",
		"COUNT DID open WITHIN 500d",
	} {
		t.Logf("%s\n%s", s, bound(s, shop("Europe/Warsaw")))
	}
}

func BenchmarkQuery(b *testing.B) {
	text := "COUNT country IN ('PL','DE') AND DID purchase[category = 'shoes'] AT LEAST 3 TIMES WITHIN 90d AND sum(purchase.amount) WITHIN 30d > 75"
	stmt, err := parse.Statement(text)
	if err != nil {
		b.Fatal(err)
	}
	sch := shop("Europe/Warsaw")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Query(stmt, sch, Options{Clock: clock}); err != nil {
			b.Fatal(err)
		}
	}
}
