package random

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/print"
	"github.com/musterdb/muster/storage/schema"
)

// field is something with a name and a type that a condition can test.
type field struct {
	text string // as it is written
	typ  schema.Type
	id   uint32 // of its samples; 0 for those without
}

// place is where an expression stands: among attributes, or inside the brackets of a selector.
type place struct {
	events []*schema.EventType // empty outside brackets
	table  bool                // of a statement over an event type
}

// Statement returns a random statement: COUNT mostly, SELECT of every kind else. One in twenty is ill-typed.
func (run *Run) Statement() string {
	depth := 1 + run.r.IntN(6)
	switch p := run.r.Float64(); {
	case p < 0.05:
		return "COUNT " + run.illTyped()
	case p < 0.55:
		return "COUNT " + run.Condition(depth) + run.asOf()
	case p < 0.70:
		return run.projection(depth)
	case p < 0.75:
		return run.totals(depth)
	}
	return run.Select()
}

// Condition returns a random well-typed condition over contacts.
func (run *Run) Condition(depth int) string { return run.cond(place{}, depth) }

func (run *Run) asOf() string {
	if !run.chance(0.2) {
		return ""
	}
	if run.chance(0.3) {
		return " AS OF now() - " + run.duration()
	}
	return " AS OF " + run.instantText()
}

func (run *Run) projection(depth int) string {
	items := []string{"id"}
	for i := range 1 + run.r.IntN(3) {
		x := "(" + run.shown(place{}, 2) + ")"
		if bare := strings.Trim(x, "()"); run.chance(0.3) || slices.ContainsFunc(items, func(s string) bool { return strings.Trim(s, "()") == bare }) {
			x += " AS col" + strconv.Itoa(i)
		}
		items = append(items, x)
	}
	s := "SELECT " + strings.Join(items, ", ") + " FROM contacts WHERE " + run.cond(place{}, depth)
	if run.chance(0.5) {
		s += " ORDER BY " + pick(run, []string{run.number(place{}, 2), "1", run.instantOf(place{}, 1), run.anyText(place{}, 1)}) +
			pick(run, []string{"", " DESC", " ASC"})
	}
	if run.chance(0.4) {
		s += " LIMIT " + strconv.Itoa(run.r.IntN(20))
	}
	return s + run.asOf()
}

// shown is a value that can be shown: any type.
func (run *Run) shown(pl place, depth int) string {
	switch run.r.IntN(5) {
	case 0:
		return run.anyText(pl, depth)
	case 1:
		return run.instantOf(pl, depth)
	case 2:
		if f, ok := run.field(pl, kinds...); ok {
			return f.text
		}
	case 3:
		return "(" + run.cond(pl, depth) + ")"
	}
	return run.number(pl, depth)
}

func (run *Run) totals(depth int) string {
	items := []string{"count(*)"}
	for i := range 1 + run.r.IntN(3) {
		fn := pick(run, []string{"sum", "avg", "min", "max"})
		x := run.number(place{}, 1)
		if run.chance(0.5) {
			x = run.aggregate(1)
		}
		items = append(items, fmt.Sprintf("%s((%s) * 1) AS t%d", fn, x, i))
	}
	return "SELECT " + strings.Join(items, ", ") + " FROM contacts WHERE " + run.cond(place{}, depth) + run.asOf()
}

// cond is a condition of at most that depth; AND and OR are bracketed.
func (run *Run) cond(pl place, depth int) string {
	if depth > 1 && run.chance(0.55) {
		a, b := run.cond(pl, depth-1), run.cond(pl, depth-2)
		switch run.r.IntN(5) {
		case 0, 1:
			return "(" + a + ") AND (" + b + ")"
		case 2, 3:
			return "(" + a + ") OR (" + b + ")"
		}
		return "NOT (" + a + ")"
	}
	if len(pl.events) == 0 && run.chance(0.5) {
		return run.behaviour(depth)
	}
	if pl.table && run.chance(0.25) {
		return run.ofContact(depth)
	}
	return run.test(pl, depth)
}

// test is one comparison.
func (run *Run) test(pl place, depth int) string {
	switch run.r.IntN(10) {
	case 0:
		return run.number(pl, depth-1) + run.op() + run.number(pl, depth-1)
	case 1:
		return run.anyText(pl, depth-1) + run.op() + run.anyText(pl, depth-1)
	case 2:
		return "(" + run.instantOf(pl, depth-1) + ") " + run.window(true)
	case 3:
		if f, ok := run.field(pl, kinds...); ok {
			return f.text + pick(run, []string{" IS NULL", " IS NOT NULL"})
		}
	case 4:
		if len(pl.events) == 0 && run.chance(0.5) {
			return run.segment()
		}
		if len(pl.events) == 0 {
			return pick(run, []string{
				fmt.Sprintf("bucket('%s') < %d", pick(run, []string{"s", ""}), run.r.IntN(10000)), "KNOWN FOR " + run.duration()})
		}
	}
	if f, ok := run.field(pl, kinds...); ok {
		return run.compareField(f)
	}
	return pick(run, []string{"TRUE", "FALSE", "NULL"})
}

// compareField tests a field against constants from its own data.
func (run *Run) compareField(f field) string {
	c := func() string { return run.constant(f) }
	switch f.typ.Kind {
	case schema.KindBool:
		return f.text + pick(run, []string{"", " = TRUE", " <> TRUE", " IS DISTINCT FROM TRUE"})
	case schema.KindSet:
		return run.setTest(f)
	case schema.KindKey:
		return f.text + pick(run, []string{" = ", " <> ", " IS DISTINCT FROM "}) + c()
	case schema.KindText:
		if run.chance(0.4) {
			return run.textTest(f)
		}
	case schema.KindDate, schema.KindTimestamp:
		if run.chance(0.3) {
			return f.text + " " + run.window(true)
		}
	}
	not := pick(run, []string{"", "NOT "})
	switch run.r.IntN(6) {
	case 0:
		return f.text + " " + not + "IN (" + c() + ", " + c() + ", " + pick(run, []string{c(), c(), "NULL"}) + ")"
	case 1:
		return f.text + " " + not + "BETWEEN " + c() + " AND " + c()
	case 2:
		return f.text + " IS " + not + "DISTINCT FROM " + c()
	}
	return f.text + run.op() + c()
}

func (run *Run) op() string { return pick(run, []string{" = ", " <> ", " < ", " <= ", " > ", " >= "}) }

func (run *Run) setTest(f field) string {
	list := "(" + quote(pick(run, words[:9])) + ", " + pick(run, []string{quote(pick(run, words[:9])), "NULL", quote(pick(run, words[:9]))}) + ")"
	return pick(run, []string{
		f.text + " HAS " + quote(pick(run, words[:9])), f.text + " HAS ANY " + list, f.text + " HAS ALL " + list,
		f.text + " HAS NONE " + list, "size(" + f.text + ")" + run.op() + strconv.Itoa(run.r.IntN(4)), f.text + " SUBSET OF " + f.text,
	})
}

func (run *Run) textTest(f field) string {
	if run.chance(0.2) {
		return pick(run, []string{
			"TRY_CAST(" + f.text + " AS BOOL)", "TRY_CAST(" + f.text + " AS DATE) " + run.window(true), "TRY_CAST(" + f.text + " AS TIMESTAMP)" + run.op() + run.instantText(),
			"TRY_CAST(" + f.text + " AS FLOAT)" + run.op() + "12", "TRY_CAST(" + f.text + " AS DATE) IS NULL", "version(" + f.text + ")" + run.op() + "version('1.9')",
		})
	}
	w := []rune(pick(run, words))
	part := string(w[:run.r.IntN(len(w)+1)])
	not := pick(run, []string{" ", " NOT "})
	return f.text + pick(run, []string{
		not + "LIKE " + quote(part+"%"), not + "ILIKE " + quote("%"+part), not + "LIKE '_%'", not + "STARTS WITH " + quote(part),
		not + "ENDS WITH " + quote(part), not + "CONTAINS " + quote(part), not + "MATCHES '^[a-c]'", not + "MATCHES '(?i)new|o'",
	})
}

// fields returns the names of a place with their types.
func (run *Run) fields(pl place) []field {
	var out []field
	prefix := ""
	if len(pl.events) > 0 {
		prefix = "contact."
	}
	for _, a := range run.schema.Attrs {
		out = append(out, field{prefix + dotted(a.Name), a.Type, uint32(a.ID)})
	}
	if len(pl.events) == 0 {
		return append(out, field{"created_at", schema.Type{Kind: schema.KindTimestamp}, 0})
	}
	out = append(out[:0:0], out[:1]...)
	for _, p := range pl.events[0].Props {
		if run.agreed(pl.events, p) {
			out = append(out, field{name(p.Name), p.Type, propBit | uint32(p.ID)})
		}
	}
	return append(out, field{"time", schema.Type{Kind: schema.KindTimestamp}, 0})
}

// agreed says whether all types of a union that have the property have it with one type.
func (run *Run) agreed(events []*schema.EventType, p schema.Property) bool {
	for _, et := range events {
		if q, ok := et.Prop(p.Name); ok && q.Type != p.Type {
			return false
		}
	}
	return true
}

func (run *Run) field(pl place, of ...schema.Kind) (field, bool) {
	var fit []field
	for _, f := range run.fields(pl) {
		for _, k := range of {
			if f.typ.Kind == k {
				fit = append(fit, f)
			}
		}
	}
	if len(fit) == 0 {
		return field{}, false
	}
	return pick(run, fit), true
}

// name writes an event or a property; group is quoted, which after LAST and before BETWEEN is the keyword.
func name(s string) string { return print.Name(ast.Ident{Name: s, Quoted: s == "group"}) }

// dotted writes an attribute where any expression may stand, so that reserved words are quoted, and so is
// first, which before NOT would ask for the first event.
func dotted(s string) string {
	n := &ast.Name{}
	for _, p := range strings.Split(s, ".") {
		n.Parts = append(n.Parts, ast.Ident{Name: p, Quoted: p == "first"})
	}
	return print.Expr(n)
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// constant is a literal near the field's own data.
func (run *Run) constant(f field) string {
	v := run.value(f.typ)
	if s := run.samples[f.id]; len(s) > 0 && run.chance(0.85) {
		v = pick(run, s)
	}
	switch {
	case v.Kind != f.typ.Kind:
		v = run.value(f.typ)
	case f.typ.Kind == schema.KindTimestamp && f.id == 0:
		return run.instantText()
	}
	return run.literal(v)
}

func (run *Run) literal(v schema.Value) string {
	switch v.Kind {
	case schema.KindNull:
		return "NULL"
	case schema.KindBool:
		return strings.ToUpper(strconv.FormatBool(v.I != 0))
	case schema.KindText:
		return quote(v.S)
	case schema.KindKey:
		return quote(pick(run, words))
	case schema.KindDate:
		return quote(time.Unix(v.I*86400, 0).UTC().Format("2006-01-02"))
	case schema.KindTimestamp:
		return quote(time.UnixMilli(v.I).UTC().Format("2006-01-02 15:04:05.000Z"))
	case schema.KindFloat:
		return floatText(v.F)
	case schema.KindDecimal:
		return decimalText(v.I, int(v.Scale))
	}
	return strconv.FormatInt(v.I, 10)
}

func floatText(f float64) string {
	s := strconv.FormatFloat(f, 'e', -1, 64)
	return strings.Replace(s, "e+", "e", 1)
}

func decimalText(unscaled int64, scale int) string {
	s := strconv.FormatInt(unscaled, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	if scale == 0 {
		return sign + s
	}
	if len(s) <= scale {
		s = strings.Repeat("0", scale-len(s)+1) + s
	}
	return sign + s[:len(s)-scale] + "." + s[len(s)-scale:]
}
