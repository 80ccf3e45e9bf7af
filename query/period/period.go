// Package period owns what windows mean: WITHIN 30d, DURING LAST MONTH and the like become instants and days,
// seen from a clock in the base's zone. It binds no expressions: the caller does that for the ends that are.
package period

import (
	"errors"
	"math"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/typing"
	"github.com/musterdb/muster/storage/schema"
)

// Clock is the instant under which a statement is asked, in ms, and the base's zone.
type Clock struct {
	Zone *calendar.Zone
	MS   int64
}

// Reach is a resolved window: the closed range of instants and, for a DATE, of days. A DATE lies in a
// window that covers some of its day: WITHIN NEXT 30d is today to today + 30, WITHIN 30d is today − 30 to
// today. Open ends are plan.MinTime and math.MaxInt64.
type Reach struct {
	From, To    int64
	First, Last int64
}

// maxUnits bounds the periods of LAST n.
const maxUnits = 10_000

// Moments binds what stands at the end of a window, after a word such as SINCE.
type Moments func(x ast.Expr, after string) (Moment, error)

// Reach resolves a window at the clock.
func (c Clock) Reach(w *ast.Window, bind Moments) (Reach, error) {
	if w.Zone != nil {
		return Reach{}, phrase.NotYet(w.Zone.At, "windows IN TIME ZONE")
	}
	switch w.Kind {
	case ast.WinWithin, ast.WinWithinNext, ast.WinBetweenAgo, ast.WinBeforeAgo:
		return c.rolling(w)
	case ast.WinSince, ast.WinBefore:
		return sinceBefore(w, bind)
	case ast.WinDuring:
		return c.during(w, bind)
	case ast.WinWithinAfter, ast.WinWithinBefore:
		return Reach{}, phrase.NotYet(w.At, "windows AFTER or BEFORE an expression")
	}
	return Reach{}, phrase.NotYet(w.At, "IN EACH OF LAST …")
}

// Ago returns the instant and the day a duration before the clock.
func (c Clock) Ago(d calendar.Duration) (ms, day int64) {
	ms, today := c.Zone.Sub(c.MS, d), c.Today()
	if d.MS%calendar.Day == 0 {
		return ms, calendar.AddMonthsToDay(today, -d.Months) - d.MS/calendar.Day
	}
	return ms, c.Zone.DayOf(ms)
}

// Today returns the day on which the clock stands.
func (c Clock) Today() int64 { return c.Zone.DayOf(c.MS) }

func (c Clock) rolling(w *ast.Window) (Reach, error) {
	d, err := typing.Positive(w.D)
	if err != nil {
		return Reach{}, err
	}
	ms, day := c.Ago(d)
	switch w.Kind {
	case ast.WinWithinNext:
		ms, day = c.Ago(calendar.Duration{Months: -d.Months, MS: -d.MS})
		return Reach{c.MS + 1, ms, c.Today(), day}, nil
	case ast.WinBeforeAgo:
		return Reach{plan.MinTime, ms, plan.MinTime, day}, nil
	case ast.WinBetweenAgo:
		return c.betweenAgo(w, d, ms, day)
	}
	return Reach{ms + 1, c.MS, day, c.Today()}, nil
}

// betweenAgo refuses lengths in the wrong order where they are so on every day: of 1mo and 30d it depends.
func (c Clock) betweenAgo(w *ast.Window, long calendar.Duration, ms, day int64) (Reach, error) {
	d, err := typing.Duration(w.D2)
	if err != nil {
		return Reach{}, err
	}
	to, last := c.Ago(d)
	if sameSort := (d.Months == 0) == (long.Months == 0); sameSort && d.Months >= long.Months && d.MS >= long.MS {
		return Reach{}, diag.New(diag.Invalid, w.At, "the window ends before it begins").
			WithHint("the longer time comes first: BETWEEN %s AND %s AGO", w.D2.Text, w.D.Text)
	}
	return Reach{ms + 1, to, day, last}, nil
}

func sinceBefore(w *ast.Window, bind Moments) (Reach, error) {
	name := "SINCE"
	if w.Kind == ast.WinBefore {
		name = "BEFORE"
	}
	m, err := bind(w.X, name)
	if err != nil {
		return Reach{}, err
	}
	if w.Kind == ast.WinSince {
		return Reach{m.MS, math.MaxInt64, m.Day, math.MaxInt64}, nil
	}
	return Reach{plan.MinTime, m.MS - 1, plan.MinTime, m.Day - 1}, nil
}

// Moment is a constant instant, or whole days.
type Moment struct {
	MS, Day int64 // the instant and its day; of whole days the first
	Whole   bool
	Next    int64 // of whole days: the day after
}

// Of returns the instant or the day that a constant is; x is what was written and after the word before it,
// for errors.
func (c Clock) Of(x ast.Expr, v *plan.Const, after string) (Moment, error) {
	switch v.Value.Kind {
	case schema.KindText:
		return c.parse(v.Value.S, x.Span())
	case schema.KindDate:
		return c.wholeDays(v.Value.I, v.Value.I+1), nil
	case schema.KindTimestamp:
		return Moment{MS: v.Value.I, Day: c.Zone.DayOf(v.Value.I)}, nil
	case schema.KindDuration:
		return Moment{}, diag.New(diag.Type, x.Span(), "%s takes an instant, not a length of time", after).
			WithHint("write %s now() - %s, or WITHIN %[2]s", after, phrase.Expr(x))
	}
	return Moment{}, diag.New(diag.Type, x.Span(), "%s takes a date; %s", after, phrase.Typed(x, v.T)).WithHint("write %s '2026-04-01'", after)
}

func (c Clock) wholeDays(from, to int64) Moment {
	return Moment{MS: c.Zone.Midnight(from), Day: from, Whole: true, Next: to}
}

func (c Clock) parse(s string, at diag.Span) (Moment, error) {
	ms, p, err := c.Zone.ParseInstant(s)
	if err != nil {
		return Moment{}, NoDate(at, s, err)
	}
	if p > calendar.ToDay {
		return Moment{MS: ms, Day: c.Zone.DayOf(ms)}, nil
	}
	day, _, _ := calendar.ParseDate(s)
	next := day + 1
	if p == calendar.ToMonth {
		next = calendar.AddMonthsToDay(day, 1)
	}
	return c.wholeDays(day, next), nil
}

// NoDate is the error of a text that is no date.
func NoDate(at diag.Span, s string, err error) error {
	e := diag.New(diag.Type, at, "%s is not a date", phrase.Text(s))
	if err != nil && !errors.Is(err, calendar.ErrForm) {
		e.Msg += ": " + err.Error()
	}
	return e.WithHint("write %s", calendar.Forms)
}

func calendarUnit(u ast.Unit) calendar.Unit { return calendar.UnitDay + calendar.Unit(u) }

func (c Clock) during(w *ast.Window, bind Moments) (Reach, error) {
	p, today := w.Period, c.Today()
	unit := calendarUnit(p.Unit)
	start := calendar.TruncDay(unit, today)
	switch p.Kind {
	case ast.PeriodToday:
		return c.days(today, today+1), nil
	case ast.PeriodYesterday:
		return c.days(today-1, today), nil
	case ast.PeriodThis:
		return c.days(start, calendar.StepDay(unit, today, 1)), nil
	case ast.PeriodRange:
		return c.between(p, bind)
	}
	if p.N == 0 || p.N > maxUnits {
		return Reach{}, diag.New(diag.Limit, p.At, "LAST takes 1 to %d units", maxUnits)
	}
	return c.days(calendar.StepDay(unit, today, -int(p.N)), start), nil
}

// days is the window of the local days from first to the one before end.
func (c Clock) days(first, end int64) Reach {
	return Reach{c.Zone.Midnight(first), c.Zone.Midnight(end) - 1, first, end - 1}
}

// between is DURING x and DURING x TO y.
func (c Clock) between(p *ast.Period, bind Moments) (Reach, error) {
	from, err := bind(p.X, "DURING")
	if err != nil {
		return Reach{}, err
	}
	to := from
	if p.Y != nil {
		if to, err = bind(p.Y, "TO"); err != nil {
			return Reach{}, err
		}
	} else if !from.Whole {
		return Reach{}, diag.New(diag.Invalid, p.X.Span(), "DURING an instant holds nothing").
			WithHint("write DURING '2026-04-01' for a day, or DURING x TO y")
	}
	end := to.MS
	if to.Whole {
		end = c.Zone.Midnight(to.Next)
	}
	if end <= from.MS && phrase.IsLiteral(p.X) && (p.Y == nil || phrase.IsLiteral(p.Y)) {
		return Reach{}, diag.New(diag.Invalid, p.At, "the window ends before it begins").WithHint("write the earlier end first")
	}
	return Reach{from.MS, end - 1, from.Day, c.Zone.DayOf(end - 1)}, nil
}
