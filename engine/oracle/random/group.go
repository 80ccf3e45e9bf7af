package random

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/musterdb/muster/storage/schema"
)

// Select returns a random SELECT: mostly groups of contacts or of events, else the rows of an event type or
// of the contacts. One in thirty is ill-typed.
func (run *Run) Select() string {
	switch p := run.r.Float64(); {
	case p < 0.03:
		return run.illGrouped()
	case p < 0.45:
		return run.grouped(place{}, "contacts")
	case p < 0.65:
		pl, from := run.table()
		return run.grouped(pl, from)
	case p < 0.85:
		return run.eventRows()
	}
	return run.projection(1 + run.r.IntN(4))
}

// table is the place of a statement over one event type.
func (run *Run) table() (place, string) {
	et := pick(run, run.schema.Events)
	return place{events: []*schema.EventType{&et}, table: true}, name(et.Name)
}

// query is a SELECT that is being made. Columns have different names, or the statement is refused.
type query struct {
	items, group, order []string
	orders              []string // what the statement can be ordered by
}

func (q *query) add(run *Run, x string) {
	if run.chance(0.6) || slices.ContainsFunc(q.items, func(s string) bool { return strings.Trim(s, "()") == strings.Trim(x, "()") }) {
		alias := "c" + strconv.Itoa(len(q.items))
		q.orders = append(q.orders, alias)
		x += " AS " + alias
	}
	q.items = append(q.items, x)
	q.orders = append(q.orders, strconv.Itoa(len(q.items)))
}

// grouped is a statement whose rows are groups, or totals alone.
func (run *Run) grouped(pl place, from string) string {
	var q query
	var terms []string
	for range pick(run, []int{0, 1, 1, 1, 2, 2, 3}) {
		if t := run.term(pl); !slices.Contains(terms, t) {
			terms = append(terms, t)
		}
	}
	for _, t := range terms {
		if run.chance(0.2) {
			q.group = append(q.group, t) // a group that is not shown
			continue
		}
		q.add(run, t)
		q.group = append(q.group, pick(run, []string{t, strconv.Itoa(len(q.items))}))
	}
	for range 1 + run.r.IntN(3) {
		q.add(run, run.overTotals(pl, terms))
	}
	run.r.Shuffle(len(q.group), func(i, j int) { q.group[i], q.group[j] = q.group[j], q.group[i] })
	s := "SELECT " + strings.Join(q.items, ", ") + " FROM " + from + run.where(pl)
	if len(q.group) > 0 {
		s += " GROUP BY " + strings.Join(q.group, ", ")
	}
	if run.chance(0.35) {
		s += " HAVING " + run.having(pl, terms, 2)
	}
	q.orders = append(q.orders, run.total(pl), run.total(pl))
	return s + run.ordered(q) + run.limited() + run.asOf()
}

func (run *Run) where(pl place) string {
	if run.chance(0.3) {
		return ""
	}
	return " WHERE " + run.cond(pl, 1+run.r.IntN(4))
}

func (run *Run) ordered(q query) string {
	if !run.chance(0.6) {
		return ""
	}
	for range 1 + run.r.IntN(2) {
		q.order = append(q.order, pick(run, q.orders)+pick(run, []string{"", " DESC", " ASC"}))
	}
	return " ORDER BY " + strings.Join(q.order, ", ")
}

func (run *Run) limited() string {
	if !run.chance(0.25) {
		return ""
	}
	return " LIMIT " + strconv.Itoa(run.r.IntN(8))
}

// term is what rows are grouped by: something of few values mostly, which can be ordered.
func (run *Run) term(pl place) string {
	switch run.r.IntN(9) {
	case 0:
		f, _ := run.field(pl, schema.KindTimestamp)
		return pick(run, []string{"hour(", "weekday(", "day(", "month(", "year("}) + f.text + ")"
	case 1, 2:
		f, _ := run.field(pl, schema.KindTimestamp, schema.KindDate)
		return "date_trunc('" + pick(run, []string{"day", "week", "month", "quarter", "year"}) + "', " + f.text + ")"
	case 3:
		return "CASE WHEN " + run.cond(pl, 2) + " THEN 'yes' WHEN " + run.cond(pl, 1) + " THEN 'no' END"
	case 4:
		return "(" + run.cond(pl, 2) + ")"
	case 5:
		if f, ok := run.field(pl, schema.KindText); ok {
			return pick(run, []string{"lower(" + f.text + ")", "length(" + f.text + ")", "COALESCE(" + f.text + ", 'none')"})
		}
	case 6:
		if len(pl.events) == 0 {
			return run.aggregate(1)
		}
		return "contact"
	case 7:
		if f, ok := run.field(pl, schema.KindInt, schema.KindDecimal, schema.KindFloat); ok {
			return pick(run, []string{"round(" + f.text + ")", f.text + " / 3", "abs(" + f.text + ")", f.text + " > 1", f.text + " + 1"})
		}
	}
	if f, ok := run.field(pl, schema.KindBool, schema.KindInt, schema.KindDecimal, schema.KindFloat, schema.KindText, schema.KindDate); ok {
		return f.text
	}
	return "year(" + run.timeOf(pl) + ")"
}

func (run *Run) timeOf(pl place) string {
	f, _ := run.field(pl, schema.KindTimestamp)
	return f.text
}

// total is an aggregate over the rows of a group.
func (run *Run) total(pl place) string {
	x := run.number(pl, 2)
	if f, ok := run.field(pl, schema.KindInt, schema.KindDecimal, schema.KindFloat); ok && run.chance(0.5) {
		x = f.text
	} else if len(pl.events) == 0 && run.chance(0.6) {
		x = run.aggregate(1)
	}
	switch run.r.IntN(10) {
	case 0, 1:
		return "count(*)"
	case 2:
		return pick(run, []string{"count(", "count(DISTINCT "}) + run.value1(pl) + ")"
	case 3:
		return "count(CASE WHEN " + run.cond(pl, 2) + " THEN 1 END)"
	case 4, 5:
		return pick(run, []string{"min(", "max("}) + run.value1(pl) + ")"
	case 6:
		return pick(run, []string{"min(", "max("}) + "(" + x + ") * 1)"
	case 7:
		if f, ok := run.field(pl, schema.KindInt, schema.KindDecimal, schema.KindFloat); ok {
			return pick(run, []string{"sum(", "avg("}) + f.text + ")"
		}
	}
	return pick(run, []string{"sum(", "sum(", "avg(", "count(DISTINCT "}) + "(" + x + ") * 1)"
}

// value1 is one value of a row that has an order, written so that no selector can be meant.
func (run *Run) value1(pl place) string {
	f, ok := run.field(pl, schema.KindBool, schema.KindInt, schema.KindDecimal, schema.KindFloat, schema.KindText, schema.KindDate, schema.KindTimestamp)
	if !ok {
		return "COALESCE(" + run.timeOf(pl) + ", NULL)"
	}
	if f.typ.Kind == schema.KindText && run.chance(0.3) {
		return "lower(" + f.text + ")"
	}
	return f.text
}

// overTotals is an expression of a group.
func (run *Run) overTotals(pl place, terms []string) string {
	t := run.total(pl)
	switch run.r.IntN(12) {
	case 0:
		return "count(*)" + pick(run, []string{" + ", " - ", " * ", " / "}) + "count(CASE WHEN " + run.cond(pl, 1) + " THEN 1 END)"
	case 1:
		return "COALESCE(" + t + ", " + t + ")"
	case 2:
		return "(" + run.having(pl, terms, 1) + ")"
	case 3:
		return "CASE WHEN " + run.having(pl, terms, 1) + " THEN 'a' ELSE 'b' END"
	case 4:
		return "sum((" + run.number(pl, 1) + ") * 1) / count(*)"
	}
	return t
}

// having is a condition on a group.
func (run *Run) having(pl place, terms []string, depth int) string {
	if depth > 1 && run.chance(0.4) {
		a, b := run.having(pl, terms, depth-1), run.having(pl, terms, depth-1)
		return pick(run, []string{"(" + a + ") AND (" + b + ")", "(" + a + ") OR (" + b + ")", "NOT (" + a + ")"})
	}
	switch run.r.IntN(6) {
	case 0:
		return "(" + run.total(pl) + ") IS " + pick(run, []string{"", "NOT "}) + "NULL"
	case 1:
		if len(terms) > 0 {
			return "(" + pick(run, terms) + ") IS " + pick(run, []string{"", "NOT "}) + "NULL"
		}
	case 2:
		return "sum((" + run.number(pl, 1) + ") * 1)" + run.op() + strconv.Itoa(run.r.IntN(9)-2)
	}
	return "count(*)" + pick(run, []string{run.op() + strconv.Itoa(run.r.IntN(5)), fmt.Sprintf(" BETWEEN %d AND %d", run.r.IntN(4), 3+run.r.IntN(20))})
}

// eventRows are the events of a type.
func (run *Run) eventRows() string {
	pl, from := run.table()
	var q query
	for range 1 + run.r.IntN(3) {
		q.add(run, pick(run, []string{"contact", "time", run.tableValue(pl), run.tableValue(pl)}))
	}
	q.orders = nil
	if f, ok := run.field(pl, schema.KindInt, schema.KindDecimal, schema.KindFloat, schema.KindText, schema.KindBool); ok {
		q.orders = append(q.orders, f.text)
	}
	q.orders = append(q.orders, "time", "contact", "contact."+dotted(run.schema.Attrs[0].Name), run.number(pl, 2)+" + 0")
	if run.chance(0.05) {
		q.items = []string{"*"}
	}
	return "SELECT " + strings.Join(q.items, ", ") + " FROM " + from + run.where(pl) + run.ordered(q) + run.limited() + run.asOf()
}

// tableValue is a value of an event or of its contact.
func (run *Run) tableValue(pl place) string {
	if run.chance(0.3) {
		return "contact." + dotted(pick(run, run.schema.Attrs).Name)
	}
	return "(" + run.shown(pl, 2) + ")"
}

// ofContact is a condition over events that asks the contact.
func (run *Run) ofContact(depth int) string {
	not := pick(run, []string{"", "NOT "})
	if run.chance(0.3) {
		return "contact " + not + "IN (" + quote(pick(run, run.ids)) + ", " + quote(pick(run, run.ids)) + ")"
	}
	return "contact " + not + "IN (" + run.cond(place{}, max(depth-1, 1)) + ")"
}

// Mistake is a statement with one mistake in it, which every system must call by the same code.
func (run *Run) Mistake() string {
	if run.chance(0.5) {
		return run.illGrouped()
	}
	return "COUNT " + run.illTyped()
}

// illGrouped is a grouped statement that must be refused.
func (run *Run) illGrouped() string {
	et := name(run.schema.Events[0].Name)
	f, _ := run.field(place{}, kinds...)
	return pick(run, []string{
		"SELECT id, count(*) FROM contacts", "SELECT " + f.text + " FROM contacts GROUP BY id", "SELECT count(*) FROM contacts GROUP BY count(*)",
		"SELECT created_at, count(" + et + ") FROM contacts GROUP BY created_at", "SELECT count(*) FROM contacts GROUP BY 2", "SELECT sum(sum(created_at)) FROM contacts",
		"SELECT time, count(*) FROM " + et, "SELECT nosuch FROM " + et, "SELECT count(nosuch) FROM " + et + " GROUP BY contact", "SELECT * FROM contacts GROUP BY id",
		"SELECT id FROM contacts HAVING count(*) > 1", "SELECT count(*) FROM contacts HAVING id = 'a'", "SELECT count(*) FROM contacts HAVING count(*)",
		"SELECT sum(id) FROM contacts", "SELECT avg(time) FROM " + et, "SELECT contact FROM " + et + " WHERE DID " + et, "SELECT contact FROM " + et + " ORDER BY count(*)",
		"SELECT (DID " + et + ") FROM contacts GROUP BY id", "SELECT count(*) FROM " + et + " WHERE count(*) > 1", "SELECT contact FROM nosuch",
	})
}
