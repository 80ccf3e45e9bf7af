package twin

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Pair is one text in the language and in SQL.
type Pair struct{ Muster, SQL string }

func same(s string) Pair { return Pair{s, s} }

// place is what names mean: a contact's attributes, or an event's properties with those of its contact.
type place struct{ event bool }

func (b *Base) lit() string { return b.pick("-2", "0", "1", "2", "3", "5", "NULL") }

func (b *Base) op() string { return b.pick(" = ", " <> ", " < ", " <= ", " > ", " >= ") }

// cond is a condition of at most that depth.
func (b *Base) cond(pl place, depth int) Pair {
	if depth > 1 && b.r.IntN(3) > 0 {
		x, y := b.cond(pl, depth-1), b.cond(pl, depth-1)
		if b.r.IntN(4) == 0 {
			return Pair{"NOT (" + x.Muster + ")", "NOT (" + x.SQL + ")"}
		}
		join := b.pick(") AND (", ") OR (")
		return Pair{"(" + x.Muster + join + y.Muster + ")", "(" + x.SQL + join + y.SQL + ")"}
	}
	num, text := b.field(pl, "num"), b.field(pl, "text")
	two := func(format string, args ...any) Pair {
		return Pair{fmt.Sprintf(format, append([]any{num.Muster}, args...)...), fmt.Sprintf(format, append([]any{num.SQL}, args...)...)}
	}
	switch b.r.IntN(8) {
	case 0:
		return b.field(pl, "bool")
	case 1:
		return two("%s"+b.pick("", " NOT")+" IN (%s, %s, 1)", b.lit(), b.lit())
	case 2:
		return two("%s"+b.pick("", " NOT")+" BETWEEN %s AND %s", b.lit(), b.lit())
	case 3:
		return two("%s IS" + b.pick("", " NOT") + " NULL")
	case 4:
		tail := b.pick(" LIKE 'a%'", " LIKE '_'", " NOT LIKE '%b'", b.op()+quote(b.pick(words...)), " IN ("+quote(b.pick(words...))+", NULL)",
			" IS DISTINCT FROM "+quote(b.pick(words...)))
		return Pair{text.Muster + tail, text.SQL + tail}
	case 5:
		if pl.event {
			return b.ofContact(depth)
		}
		w := b.window()
		return Pair{b.pick("DID e", "NOT DID NOT e", "NOT NEVER DID e") + w.Muster, b.sub("count(*)", w.SQL) + " > 0"}
	}
	x, y, op := b.number(pl), b.number(pl), b.op()
	return Pair{"(" + x.Muster + ")" + op + "(" + y.Muster + ")", "(" + x.SQL + ")" + op + "(" + y.SQL + ")"}
}

// ofContact asks an event's contact.
func (b *Base) ofContact(depth int) Pair {
	not := b.pick("", "NOT ")
	outer := b.subs
	b.subs = nil
	x := b.cond(place{}, max(depth-1, 1))
	inner := b.contacts()
	b.subs = outer
	return Pair{"contact " + not + "IN (" + x.Muster + ")", "e.contact " + not + "IN (SELECT c.id FROM " + inner + " WHERE " + x.SQL + ")"}
}

// field is a name.
func (b *Base) field(pl place, kind string) Pair {
	attr := map[string]string{"num": b.pick("i", "j"), "text": "s", "bool": "b", "dec": "d"}[kind]
	prop := map[string]string{"num": "v", "text": "k", "dec": "p"}[kind]
	switch {
	case !pl.event:
		return Pair{attr, "c." + attr}
	case prop == "" || b.r.IntN(3) == 0:
		return Pair{"contact." + attr, "c." + attr}
	}
	return Pair{prop, "e." + prop}
}

// number is a whole number of a row.
func (b *Base) number(pl place) Pair {
	x, y := b.field(pl, "num"), b.field(pl, "num")
	form := b.pick("%[1]s", "%[1]s + %[2]s", "%[1]s - %[2]s * 2", "abs(%[1]s)", "COALESCE(%[1]s, %[2]s, 7)", "CASE WHEN %[1]s > 1 THEN %[2]s ELSE 5 END", "-%[1]s")
	of := func(x, y string) string { return fmt.Sprintf(form+"%.0[2]s", x, y) } // a form may leave the second out
	switch b.r.IntN(5) {
	case 0:
		return same(b.pick("1", "2", "0", "-1"))
	case 1:
		t := b.field(pl, "text")
		return Pair{"length(" + t.Muster + ")", "length(" + t.SQL + ")"}
	case 2, 3:
		if !pl.event {
			return b.eventNumber()
		}
	}
	return Pair{of(x.Muster, y.Muster), of(x.SQL, y.SQL)}
}

// eventNumber is a number of one contact's events, which in SQL is a column of a sub-select.
func (b *Base) eventNumber() Pair {
	w := b.window()
	filter, win, cut := strings.Cut(w.Muster, "]")
	if cut {
		filter += "]"
	} else {
		filter, win = "", w.Muster
	}
	switch fn := b.pick("count", "sum", "min", "max", "distinct", "last", "first"); fn {
	case "count":
		return Pair{"count(e" + w.Muster + ")", b.sub("count(*)", w.SQL)}
	case "distinct":
		return Pair{"distinct(e" + filter + ".k" + win + ")", b.sub("count(DISTINCT x.k)", w.SQL)}
	case "last":
		return Pair{"last(e" + w.Muster + ").v", b.sub("x.v", w.SQL+" ORDER BY x.t DESC, x.n DESC LIMIT 1")}
	case "first":
		return Pair{"first(e" + w.Muster + ").v", b.sub("x.v", w.SQL+" ORDER BY x.t, x.n LIMIT 1")}
	default:
		return Pair{fn + "(e" + filter + ".v" + win + ")", b.sub(fn+"(x.v)", w.SQL)}
	}
}

// sub adds a sub-select over the contact's events up to the clock and returns the name of its column.
func (b *Base) sub(what, where string) string {
	b.subs = append(b.subs, "(SELECT "+what+" FROM e AS x WHERE x.contact = y.id"+where+")")
	return "c.a" + strconv.Itoa(len(b.subs)-1)
}

// contacts is the table c with the columns of the sub-selects that the statement has asked for so far.
func (b *Base) contacts() string {
	s := "(SELECT y.*"
	for i, sub := range b.subs {
		s += ", " + sub + " AS a" + strconv.Itoa(i)
	}
	return s + " FROM c AS y) AS c"
}

// window is a filter in brackets and a window, and what SQL says for them.
func (b *Base) window() Pair {
	filter := Pair{}
	if b.r.IntN(2) == 0 {
		f := b.pick("v > 1", "v IS NULL", "k = 'a'", "NOT k = 'a'", "k IN ('a', NULL)", "v > 0 AND k <> 'b'")
		filter = Pair{"[" + f + "]", " AND (" + strings.NewReplacer("v ", "x.v ", "k ", "x.k ").Replace(f) + ")"}
	}
	h := func(n int) int64 { return Now - int64(n)*3600_000 }
	past := fmt.Sprintf(" AND x.t <= %d", Now)
	a, c := b.r.IntN(5)+1, b.r.IntN(5)
	w := Pair{"", past}
	switch b.r.IntN(5) {
	case 0:
		w = Pair{fmt.Sprintf(" WITHIN %dh", a), past + fmt.Sprintf(" AND x.t > %d", h(a))}
	case 1:
		a, c = max(a, c)+1, min(a, c)
		w = Pair{fmt.Sprintf(" BETWEEN %dh AND %dh AGO", a, c), fmt.Sprintf(" AND x.t > %d AND x.t <= %d", h(a), h(c))}
	case 2:
		w = Pair{fmt.Sprintf(" BEFORE %dh AGO", a), fmt.Sprintf(" AND x.t <= %d", h(a))}
	case 3:
		w = Pair{" SINCE " + time.UnixMilli(h(a)).UTC().Format("'2006-01-02 15:04Z'"), past + fmt.Sprintf(" AND x.t >= %d", h(a))}
	}
	return Pair{filter.Muster + w.Muster, filter.SQL + w.SQL}
}
