package twin

import (
	"fmt"
	"strconv"
	"strings"
)

// Statement makes a SELECT whose order is total: groups, totals, contacts or events.
func (b *Base) Statement() Pair {
	b.subs = nil
	pl := place{event: b.r.IntN(2) == 0}
	if b.r.IntN(4) > 0 {
		return b.grouped(pl)
	}
	return b.rows(pl)
}

// list collects columns; each has a name of its own.
type list struct{ muster, sql, names []string }

func (l *list) add(p Pair) {
	name := "c" + strconv.Itoa(len(l.names))
	l.names = append(l.names, name)
	l.muster, l.sql = append(l.muster, "("+p.Muster+") AS "+name), append(l.sql, "("+p.SQL+") AS "+name)
}

// from are the tables, and WHERE: of events those up to the clock.
func (b *Base) from(pl place, cond Pair) Pair {
	if !pl.event {
		return Pair{" FROM contacts WHERE " + cond.Muster, " FROM " + b.contacts() + " WHERE " + cond.SQL}
	}
	return Pair{" FROM e WHERE " + cond.Muster, fmt.Sprintf(" FROM e JOIN c ON c.id = e.contact WHERE e.t <= %d AND (%s)", Now, cond.SQL)}
}

// rows are contacts or events themselves.
func (b *Base) rows(pl place) Pair {
	var l list
	for range 1 + b.r.IntN(3) {
		l.add(b.value1(pl))
	}
	from := b.from(pl, b.cond(pl, 3))
	key, desc := b.pick(l.names...), b.pick("", " DESC")
	ties := "c.id"
	if pl.event {
		ties = "e.contact, e.t, e.n"
	}
	limit := " LIMIT " + strconv.Itoa(b.r.IntN(60))
	return Pair{
		"SELECT " + strings.Join(l.muster, ", ") + from.Muster + " ORDER BY " + key + desc + limit,
		"SELECT " + strings.Join(l.sql, ", ") + from.SQL + " ORDER BY " + key + desc + " NULLS LAST, " + ties + limit,
	}
}

// value1 is a value of a row.
func (b *Base) value1(pl place) Pair {
	switch b.r.IntN(4) {
	case 0:
		return b.field(pl, b.pick("text", "bool", "dec"))
	case 1:
		return b.truth(b.cond(pl, 2))
	case 2:
		if pl.event {
			return Pair{"time - '1970-01-01 00:00Z'", "e.t"}
		}
	}
	return b.number(pl)
}

// truth is a condition as a value.
func (b *Base) truth(c Pair) Pair { return Pair{"(" + c.Muster + ")", "(" + c.SQL + ")"} }

// term is what rows are grouped by, with how the group is shown.
func (b *Base) term(pl place) (by, shown Pair) {
	switch b.r.IntN(6) {
	case 0:
		by = b.field(pl, b.pick("text", "bool"))
	case 1:
		by = b.truth(b.cond(pl, 1))
	case 2:
		if pl.event {
			return b.timeTerm()
		}
		by = b.field(pl, "num")
	case 3:
		c := b.cond(pl, 1)
		by = Pair{"CASE WHEN " + c.Muster + " THEN 'yes' ELSE 'no' END", "CASE WHEN " + c.SQL + " THEN 'yes' ELSE 'no' END"}
	case 4:
		by = b.field(pl, "num")
	default:
		x := b.field(pl, "num")
		by = Pair{x.Muster + " + 1", x.SQL + " + 1"}
		if !pl.event {
			by = b.eventNumber()
		}
	}
	return by, by
}

// timeTerm is a part of an event's time in UTC, or its beginning as ms since 1970.
func (b *Base) timeTerm() (by, shown Pair) {
	const ms = " - '1970-01-01 00:00Z'"
	trunc := func(unit string) (Pair, Pair) {
		sql := b.either("CAST(strftime('%s', e.t / 1000, 'unixepoch', 'start of "+unit+"') AS INT) * 1000", "epoch_ms(CAST(date_trunc('"+unit+"', epoch_ms(e.t)) AS TIMESTAMP))")
		m := "date_trunc('" + unit + "', time)"
		return Pair{m, sql}, Pair{m + ms, sql}
	}
	switch b.r.IntN(5) {
	case 0:
		p := Pair{"hour(time)", "(e.t / 3600000) % 24"}
		if b.dialect == DuckDB {
			p.SQL = "hour(epoch_ms(e.t))"
		}
		return p, p
	case 1:
		p := Pair{"weekday(time)", b.either("(strftime('%w', e.t / 1000, 'unixepoch') + 6) % 7 + 1", "isodow(epoch_ms(e.t))")}
		return p, p
	case 2:
		p := Pair{"month(time)", b.either("CAST(strftime('%m', e.t / 1000, 'unixepoch') AS INT)", "month(epoch_ms(e.t))")}
		return p, p
	case 3:
		return trunc("day")
	}
	return trunc(b.pick("month", "year"))
}

// total is an aggregate over the rows of a group.
func (b *Base) total(pl place) Pair {
	x := b.number(pl)
	switch b.r.IntN(9) {
	case 0, 1:
		return same("count(*)")
	case 2:
		t := b.field(pl, b.pick("text", "num", "bool"))
		fn := b.pick("count(", "count(DISTINCT ")
		return Pair{fn + t.Muster + ")", fn + t.SQL + ")"}
	case 3:
		t := b.field(pl, b.pick("text", "num", "dec"))
		fn := b.pick("min(", "max(")
		return Pair{fn + t.Muster + ")", fn + t.SQL + ")"}
	case 4:
		if b.dialect == DuckDB {
			t := b.field(pl, "dec")
			return Pair{"sum(" + t.Muster + ")", "sum(" + t.SQL + ")"}
		}
	case 5:
		c := b.cond(pl, 2)
		return Pair{"count(CASE WHEN " + c.Muster + " THEN 1 END)", "count(CASE WHEN " + c.SQL + " THEN 1 END)"}
	case 6:
		if pl.event {
			return Pair{"count(DISTINCT contact)", "count(DISTINCT e.contact)"}
		}
	}
	fn := b.pick("sum", "sum", "min", "max", "count(DISTINCT")
	open := strings.TrimPrefix(fn, "count(DISTINCT")
	if open == "" {
		return Pair{"count(DISTINCT (" + x.Muster + ") * 1)", "count(DISTINCT (" + x.SQL + ") * 1)"}
	}
	return Pair{fn + "((" + x.Muster + ") * 1)", fn + "((" + x.SQL + ") * 1)"}
}

// having compares a number of the group.
func (b *Base) having(pl place) Pair {
	t, test := same("count(*)"), b.pick(" > 1", " <= 2", " IS NULL", " BETWEEN 2 AND 9", " <> 3")
	if b.r.IntN(2) == 0 {
		x, fn := b.number(pl), b.pick("sum", "min", "max")
		t = Pair{fn + "((" + x.Muster + ") * 1)", fn + "((" + x.SQL + ") * 1)"}
	}
	return Pair{" HAVING (" + t.Muster + ")" + test, " HAVING (" + t.SQL + ")" + test}
}

// grouped are groups with their totals, and what HAVING leaves of them.
func (b *Base) grouped(pl place) Pair {
	var l list
	var by list
	for range b.r.IntN(3) {
		term, shown := b.term(pl)
		by.muster, by.sql = append(by.muster, "("+term.Muster+")"), append(by.sql, "("+term.SQL+")")
		if b.r.IntN(5) > 0 {
			l.add(shown)
		}
	}
	for range 1 + b.r.IntN(3) {
		l.add(b.total(pl))
	}
	having := Pair{}
	if b.r.IntN(3) == 0 {
		having = b.having(pl)
	}
	from := b.from(pl, b.cond(pl, 2))
	key, desc := b.pick(l.names...), b.pick("", " DESC")
	m, q := "SELECT "+strings.Join(l.muster, ", ")+from.Muster, "SELECT "+strings.Join(l.sql, ", ")+from.SQL
	ties := ""
	if len(by.sql) > 0 {
		m, q = m+" GROUP BY "+strings.Join(by.muster, ", "), q+" GROUP BY "+strings.Join(by.sql, ", ")
		ties = ", " + strings.Join(by.sql, " NULLS LAST, ") + " NULLS LAST"
	}
	limit := " LIMIT " + strconv.Itoa(b.r.IntN(12))
	return Pair{m + having.Muster + " ORDER BY " + key + desc + limit, q + having.SQL + " ORDER BY " + key + desc + " NULLS LAST" + ties + limit}
}
