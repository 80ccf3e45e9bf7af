package random

import (
	"fmt"
	"strconv"
	"time"

	"github.com/musterdb/muster/storage/schema"
)

// behaviour is a condition over a contact's events.
func (run *Run) behaviour(depth int) string {
	switch run.r.IntN(10) {
	case 0:
		return run.aggregate(depth) + run.op() + run.aggregate(depth)
	case 1:
		return pick(run, []string{"FIRST ", "LAST ", "2ND ", "3RD ", "256TH "}) + run.selector(depth, false) + " " + run.window(false)
	case 2:
		sel := run.selector(depth, true)
		return "recency(" + sel + ")" + run.op() + run.fixed()
	case 3, 4:
		return run.aggregate(depth) + run.op() + strconv.Itoa(run.r.IntN(12)-1)
	case 5:
		return run.picked(depth)
	}
	return run.did(depth)
}

func (run *Run) did(depth int) string {
	sel, win := run.selector(depth, false), ""
	if run.chance(0.6) {
		win = " " + run.window(false)
	}
	switch run.r.IntN(5) {
	case 0:
		return "DID NOT " + sel + win
	case 1:
		return "NEVER DID " + sel + win
	case 2:
		return "DID " + sel + win
	}
	return "DID " + sel + " " + run.frequency() + win
}

func (run *Run) frequency() string {
	n := pick(run, []int{0, 1, 2, 2, 3, 4, 5, 255, 256, 257})
	bound := pick(run, []string{"AT LEAST", "AT MOST", "EXACTLY", "MORE THAN", "FEWER THAN"})
	if n == 0 && bound == "FEWER THAN" && run.chance(0.9) {
		n = 1
	}
	switch run.r.IntN(6) {
	case 0:
		return pick(run, []string{"ONCE", "TWICE"})
	case 1:
		return fmt.Sprintf("BETWEEN %d AND %d TIMES", n, n+run.r.IntN(4))
	case 2:
		return fmt.Sprintf("ON %s %d DAYS", bound, run.r.IntN(6))
	}
	return fmt.Sprintf("%s %d TIMES", bound, n)
}

// selector names one type, a union or all, with brackets half the time.
func (run *Run) selector(depth int, windowed bool) string {
	events, text := run.events()
	if run.chance(0.5) {
		text += "[" + run.cond(place{events: events}, min(depth-1, 3)) + "]"
	}
	if windowed && run.chance(0.5) {
		text += " " + run.window(false)
	}
	return text
}

func (run *Run) events() ([]*schema.EventType, string) {
	all := run.schema.Events
	a, b := &all[run.r.IntN(len(all))], &all[run.r.IntN(len(all))]
	switch p := run.r.Float64(); {
	case p < 0.15:
		return []*schema.EventType{a, b}, "(" + name(a.Name) + ", " + name(b.Name) + ")"
	case p < 0.25:
		var every []*schema.EventType
		for i := range all {
			every = append(every, &all[i])
		}
		return every, "ANY EVENT"
	}
	return []*schema.EventType{a}, name(a.Name)
}

// aggregate is a number of a contact's events.
func (run *Run) aggregate(depth int) string {
	if run.chance(0.35) {
		return pick(run, []string{"count(", "days("}) + run.selector(depth, true) + ")"
	}
	sel, prop, ok := run.property(depth, schema.KindInt, schema.KindDecimal, schema.KindFloat)
	if !ok {
		return "count(" + run.selector(depth, true) + ")"
	}
	win := ""
	if run.chance(0.5) {
		win = " " + run.window(false)
	}
	return pick(run, []string{"sum(", "sum(", "avg(", "min(", "max(", "distinct("}) + sel + "." + prop + win + ")"
}

// property is a selector of one type, bracketed or not, with one of its properties of those kinds.
func (run *Run) property(depth int, of ...schema.Kind) (sel, prop string, ok bool) {
	et := &run.schema.Events[run.r.IntN(len(run.schema.Events))]
	pl := place{events: []*schema.EventType{et}}
	var fit []field
	for _, f := range run.fields(pl)[1:] { // the first is the contact's
		for _, k := range of {
			if f.typ.Kind == k {
				fit = append(fit, f)
			}
		}
	}
	if len(fit) == 0 {
		return "", "", false
	}
	sel = name(et.Name)
	if run.chance(0.3) {
		sel += "[" + run.cond(pl, min(depth-1, 2)) + "]"
	}
	return sel, pick(run, fit).text, true
}

// picked tests a property of the first or last event.
func (run *Run) picked(depth int) string {
	et := &run.schema.Events[run.r.IntN(len(run.schema.Events))]
	pl := place{events: []*schema.EventType{et}}
	fields := run.fields(pl)[1:]
	f := pick(run, fields)
	sel := name(et.Name)
	if run.chance(0.3) {
		sel += "[" + run.cond(pl, min(depth-1, 2)) + "]"
	}
	if run.chance(0.4) {
		sel += " " + run.window(false)
	}
	f.text = "(" + pick(run, []string{"first", "last"}) + "(" + sel + ")." + f.text + ")"
	return run.compareField(f)
}

// number is an expression of a number.
func (run *Run) number(pl place, depth int) string {
	f, ok := run.field(pl, schema.KindInt, schema.KindDecimal, schema.KindFloat)
	if depth <= 1 {
		if ok && run.chance(0.7) {
			return f.text
		}
		return pick(run, []string{"0", "1", "2.5", "1e-1", "40 PERCENT", "100"})
	}
	sub := func() string { return run.number(pl, depth-1) }
	switch run.r.IntN(9) {
	case 0, 1:
		return "(" + sub() + pick(run, []string{" + ", " - ", " * ", " / "}) + sub() + ")"
	case 2:
		return pick(run, []string{"abs(", "round("}) + sub() + ")"
	case 3:
		return "round(" + sub() + ", " + strconv.Itoa(run.r.IntN(4)) + ")"
	case 4:
		return pick(run, []string{"least(", "greatest(", "COALESCE("}) + sub() + ", " + sub() + ")"
	case 5:
		return "CASE WHEN " + run.cond(pl, 1) + " THEN " + sub() + pick(run, []string{"", " ELSE " + sub()}) + " END"
	case 6:
		return pick(run, []string{"hour(", "weekday(", "day(", "month(", "year("}) + run.timestamp(pl) + ")"
	case 7:
		if t, ok := run.field(pl, schema.KindText); ok {
			return pick(run, []string{"length(" + t.text + ")", "TRY_CAST(" + t.text + " AS INT)", "TRY_CAST(" + t.text + " AS DECIMAL(2))"})
		}
	case 8:
		if len(pl.events) == 0 {
			return run.aggregate(1)
		}
	}
	return sub()
}

// anyText is an expression of a text.
func (run *Run) anyText(pl place, depth int) string {
	f, ok := run.field(pl, schema.KindText)
	if !ok || run.chance(0.2) {
		return quote(pick(run, words))
	}
	switch run.r.IntN(4) {
	case 0:
		return pick(run, []string{"lower(", "upper(", "domain("}) + f.text + ")"
	case 1:
		if depth > 1 {
			return "COALESCE(" + f.text + ", " + run.anyText(pl, depth-1) + ")"
		}
	}
	return f.text
}

// timestamp is an instant for certain, never a DATE.
func (run *Run) timestamp(pl place) string {
	f, _ := run.field(pl, schema.KindTimestamp)
	return pick(run, []string{f.text, f.text, "now()"})
}

// instantOf is an expression of an instant or a DATE.
func (run *Run) instantOf(pl place, depth int) string {
	f, _ := run.field(pl, schema.KindTimestamp, schema.KindDate)
	if depth <= 1 {
		return f.text
	}
	return pick(run, []string{
		f.text, f.text + pick(run, []string{" + ", " - "}) + run.duration(),
		"date_trunc(" + quote(pick(run, []string{"day", "week", "month", "quarter", "year"})) + ", " + f.text + ")",
	})
}

// duration is a literal of any unit; fixed has no calendar in it.
func (run *Run) duration() string {
	if run.chance(0.3) {
		return pick(run, []string{"1mo", "3mo", "1q", "1y", "2y", "13mo"})
	}
	return run.fixed()
}

func (run *Run) fixed() string {
	if run.chance(0.6) {
		return strconv.FormatInt(pick(run, edges)/3600_000, 10) + "h"
	}
	return pick(run, []string{"1d", "7d", "1w", "30d", "90d", "90m", "0.25h", "86400001ms", "3600s", "2d", "20d"})
}

func (run *Run) instantText() string {
	at := run.instant()
	if len(run.times) > 0 && run.chance(0.5) {
		at = pick(run, run.times)
	}
	t := time.UnixMilli(max(at, 0)).In(run.zone)
	form := pick(run, []string{"2006-01-02 15:04:05.000", "2006-01-02 15:04:05.000Z07:00", "2006-01-02 15:04", "2006-01-02", "2006-01"})
	return quote(t.Format(form))
}

func (run *Run) dayText() string {
	t := time.UnixMilli(run.end - run.r.Int64N(100*dayMS)).In(run.zone)
	return t.Format(pick(run, []string{"2006-01-02", "2006-01-02", "2006-01"}))
}

// window is any window; value says that it tests a value, for which the future has a meaning.
func (run *Run) window(value bool) string {
	if value && run.chance(0.15) {
		return "WITHIN NEXT " + run.duration()
	}
	switch run.r.IntN(9) {
	case 0, 1, 2:
		return "WITHIN " + run.duration()
	case 3:
		return run.betweenAgo()
	case 4:
		return "BEFORE " + run.duration() + " AGO"
	case 5:
		return "SINCE " + run.instantText()
	case 6:
		return "BEFORE " + run.instantText()
	}
	return "DURING " + run.period()
}

// betweenAgo puts the longer time first, except now and then, which is an error.
func (run *Run) betweenAgo() string {
	far := []string{"2y", "13mo", "366d", "3mo", "90d", "31d", "1mo"}
	near := []string{"30d", "20d", "168h", "2d", "24h", "90m", "3600s", "1ms", "0d"}
	if run.chance(0.03) {
		far, near = near[:8], far
	}
	return "BETWEEN " + pick(run, far) + " AND " + pick(run, near) + " AGO"
}

func (run *Run) period() string {
	unit := pick(run, []string{"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"})
	switch run.r.IntN(6) {
	case 0:
		return pick(run, []string{"TODAY", "YESTERDAY"})
	case 1:
		return pick(run, []string{"THIS ", "LAST "}) + unit
	case 2:
		return "LAST " + strconv.Itoa(2+run.r.IntN(5)) + " " + unit + "S"
	case 3:
		return quote(run.dayText())
	}
	a, b := run.dayText(), run.dayText()
	if a[:7] > b[:7] || len(a) == len(b) && a > b {
		a, b = b, a
	}
	return quote(a) + " TO " + quote(b)
}

// illTyped is a condition that must be refused: a type, a name or a place that is wrong.
func (run *Run) illTyped() string {
	sel := name(run.schema.Events[0].Name)
	f, _ := run.field(place{}, kinds...)
	return pick(run, []string{
		"nosuch = 1", "DID nosuch", "DID " + sel + "[nosuch = 1]", "created_at + 1 > now()", "created_at = 'soon'", "id > 5", "id + 1 = 2",
		"count(" + sel + ")", "sum(" + sel + ".nosuch) > 1", "count(*) > 1", "recency(" + sel + ") > 5", "id HAS 'a'", "bucket(5) < 3",
		"DID " + sel + " SINCE 'soon'", "created_at LIKE 'a%'", "lower(created_at) = 'a'", "id MATCHES '('", "first(" + sel + ") = 1",
		"(" + f.text + " IS NULL) + 1 = 2", "created_at", "id WITHIN 3d", "nosuchfn(id) = 1", "lower(id, id) = 'a'",
	})
}
