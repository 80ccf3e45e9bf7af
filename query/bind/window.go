package bind

import (
	"errors"
	"math"
	"time"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// reach is a resolved window: the closed range of instants and, for a DATE, of days. A DATE lies in a
// window that covers some of its day: WITHIN NEXT 30d is today to today + 30, WITHIN 30d is today − 30 to
// today. Open ends are plan.MinTime and math.MaxInt64.
type reach struct {
	from, to    int64
	first, last int64
}

// maxUnits bounds the periods of LAST n.
const maxUnits = 10_000

// reach resolves a window at the clock.
func (b *binder) reach(w *ast.Window) (reach, error) {
	if w.Zone != nil {
		return reach{}, phrase.NotYet(w.Zone.At, "windows IN TIME ZONE")
	}
	switch w.Kind {
	case ast.WinWithin, ast.WinWithinNext, ast.WinBetweenAgo, ast.WinBeforeAgo:
		return b.rolling(w)
	case ast.WinSince, ast.WinBefore:
		return b.sinceBefore(w)
	case ast.WinDuring:
		return b.during(w)
	case ast.WinWithinAfter, ast.WinWithinBefore:
		return reach{}, phrase.NotYet(w.At, "windows AFTER or BEFORE an expression")
	}
	return reach{}, phrase.NotYet(w.At, "IN EACH OF LAST …")
}

func (b *binder) duration(l *ast.Literal) (calendar.Duration, error) {
	d, err := calendar.ParseDuration(l.Text)
	if err != nil {
		return d, diag.New(diag.Invalid, l.At, "%v", err)
	}
	return d, nil
}

// positive is a duration that is not zero.
func (b *binder) positive(l *ast.Literal) (calendar.Duration, error) {
	d, err := b.duration(l)
	if err == nil && d.Zero() {
		return d, diag.New(diag.Invalid, l.At, "a window of %s holds nothing", l.Text).WithHint("write how long it is, such as 30d")
	}
	return d, err
}

// ago returns the instant and the day a duration before the clock.
func (b *binder) ago(d calendar.Duration) (ms, day int64) {
	ms, today := b.zone.Sub(b.clock, d), b.today()
	if d.MS%calendar.Day == 0 {
		return ms, calendar.AddMonthsToDay(today, -d.Months) - d.MS/calendar.Day
	}
	return ms, b.zone.DayOf(ms)
}

func (b *binder) today() int64 { return b.zone.DayOf(b.clock) }

func (b *binder) rolling(w *ast.Window) (reach, error) {
	d, err := b.positive(w.D)
	if err != nil {
		return reach{}, err
	}
	ms, day := b.ago(d)
	switch w.Kind {
	case ast.WinWithinNext:
		ms, day = b.ago(calendar.Duration{Months: -d.Months, MS: -d.MS})
		return reach{b.clock + 1, ms, b.today(), day}, nil
	case ast.WinBeforeAgo:
		return reach{plan.MinTime, ms, plan.MinTime, day}, nil
	case ast.WinBetweenAgo:
		return b.betweenAgo(w, d, ms, day)
	}
	return reach{ms + 1, b.clock, day, b.today()}, nil
}

// betweenAgo refuses lengths in the wrong order where they are so on every day: of 1mo and 30d it depends.
func (b *binder) betweenAgo(w *ast.Window, long calendar.Duration, ms, day int64) (reach, error) {
	d, err := b.duration(w.D2)
	if err != nil {
		return reach{}, err
	}
	to, last := b.ago(d)
	if sameSort := (d.Months == 0) == (long.Months == 0); sameSort && d.Months >= long.Months && d.MS >= long.MS {
		return reach{}, diag.New(diag.Invalid, w.At, "the window ends before it begins").
			WithHint("the longer time comes first: BETWEEN %s AND %s AGO", w.D2.Text, w.D.Text)
	}
	return reach{ms + 1, to, day, last}, nil
}

func (b *binder) sinceBefore(w *ast.Window) (reach, error) {
	name := "SINCE"
	if w.Kind == ast.WinBefore {
		name = "BEFORE"
	}
	m, err := b.moment(w.X, name)
	if err != nil {
		return reach{}, err
	}
	if w.Kind == ast.WinSince {
		return reach{m.ms, math.MaxInt64, m.day, math.MaxInt64}, nil
	}
	return reach{plan.MinTime, m.ms - 1, plan.MinTime, m.day - 1}, nil
}

// moment is a constant instant, or whole days.
type moment struct {
	ms, day int64 // the instant and its day; of whole days the first
	whole   bool
	next    int64 // of whole days: the day after
}

// moment binds a constant that names an instant or a day.
func (b *binder) moment(x ast.Expr, after string) (m moment, err error) {
	e, err := b.expr(x)
	if err != nil {
		return m, err
	}
	c, ok := plan.AsConst(e)
	if !ok {
		if b.scope.kind == ofEvent || after == "AS OF" {
			return m, diag.New(diag.Invalid, x.Span(), "%s needs a fixed instant", after).WithHint("write %s '2026-04-01' or now() - 7d", after)
		}
		return m, phrase.NotYet(x.Span(), "a window whose end differs from contact to contact")
	}
	switch c.Value.Kind {
	case schema.KindText:
		return b.parseMoment(c.Value.S, x.Span())
	case schema.KindDate:
		return b.wholeDays(c.Value.I, c.Value.I+1), nil
	case schema.KindTimestamp:
		return moment{ms: c.Value.I, day: b.zone.DayOf(c.Value.I)}, nil
	case schema.KindDuration:
		return m, diag.New(diag.Type, x.Span(), "%s takes an instant, not a length of time", after).
			WithHint("write %s now() - %s, or WITHIN %[2]s", after, phrase.Expr(x))
	}
	return m, diag.New(diag.Type, x.Span(), "%s takes a date; %s", after, phrase.Typed(x, c.T)).WithHint("write %s '2026-04-01'", after)
}

func (b *binder) wholeDays(from, to int64) moment {
	return moment{ms: b.zone.Midnight(from), day: from, whole: true, next: to}
}

func (b *binder) parseMoment(s string, at diag.Span) (moment, error) {
	ms, p, err := b.zone.ParseInstant(s)
	if err != nil {
		return moment{}, noDate(at, s, err)
	}
	if p > calendar.ToDay {
		return moment{ms: ms, day: b.zone.DayOf(ms)}, nil
	}
	day, _, _ := calendar.ParseDate(s)
	next := day + 1
	if p == calendar.ToMonth {
		next = calendar.AddMonthsToDay(day, 1)
	}
	return b.wholeDays(day, next), nil
}

// noDate is the error of a text that is no date.
func noDate(at diag.Span, s string, err error) error {
	e := diag.New(diag.Type, at, "%s is not a date", phrase.Text(s))
	if err != nil && !errors.Is(err, calendar.ErrForm) {
		e.Msg += ": " + err.Error()
	}
	return e.WithHint("write %s", calendar.Forms)
}

func calendarUnit(u ast.Unit) calendar.Unit { return calendar.UnitDay + calendar.Unit(u) }

func (b *binder) during(w *ast.Window) (reach, error) {
	p, today := w.Period, b.today()
	unit := calendarUnit(p.Unit)
	start := calendar.TruncDay(unit, today)
	switch p.Kind {
	case ast.PeriodToday:
		return b.days(today, today+1), nil
	case ast.PeriodYesterday:
		return b.days(today-1, today), nil
	case ast.PeriodThis:
		return b.days(start, calendar.StepDay(unit, today, 1)), nil
	case ast.PeriodRange:
		return b.between(p)
	}
	if p.N == 0 || p.N > maxUnits {
		return reach{}, diag.New(diag.Limit, p.At, "LAST takes 1 to %d units", maxUnits)
	}
	return b.days(calendar.StepDay(unit, today, -int(p.N)), start), nil
}

// days is the window of the local days from first to the one before end.
func (b *binder) days(first, end int64) reach {
	return reach{b.zone.Midnight(first), b.zone.Midnight(end) - 1, first, end - 1}
}

// between is DURING x and DURING x TO y.
func (b *binder) between(p *ast.Period) (reach, error) {
	from, err := b.moment(p.X, "DURING")
	if err != nil {
		return reach{}, err
	}
	to := from
	if p.Y != nil {
		if to, err = b.moment(p.Y, "TO"); err != nil {
			return reach{}, err
		}
	} else if !from.whole {
		return reach{}, diag.New(diag.Invalid, p.X.Span(), "DURING an instant holds nothing").
			WithHint("write DURING '2026-04-01' for a day, or DURING x TO y")
	}
	end := to.ms
	if to.whole {
		end = b.zone.Midnight(to.next)
	}
	if end <= from.ms && phrase.IsLiteral(p.X) && (p.Y == nil || phrase.IsLiteral(p.Y)) {
		return reach{}, diag.New(diag.Invalid, p.At, "the window ends before it begins").WithHint("write the earlier end first")
	}
	return reach{from.ms, end - 1, from.day, b.zone.DayOf(end - 1)}, nil
}

// eventWindow resolves a window over events, which ends at the clock, and holds it against the events'
// retention.
func (b *binder) eventWindow(w *ast.Window, events []*schema.EventType) (plan.Window, error) {
	if w == nil {
		return plan.Window{From: plan.MinTime, To: b.clock}, nil
	}
	if w.Kind == ast.WinWithinNext {
		return plan.Window{}, diag.New(diag.Invalid, w.At, "events lie in the past; WITHIN NEXT is for dates of the contact").
			WithHint("write WITHIN %s", w.D.Text)
	}
	r, err := b.reach(w)
	if err != nil {
		return plan.Window{}, err
	}
	for _, ev := range events {
		if from := b.keptFrom(ev); from != 0 && r.from < from {
			return plan.Window{}, beyondRetention(w, ev)
		}
	}
	return plan.Window{From: r.from, To: min(r.to, b.clock)}, nil
}

// keptFrom is the earliest instant whose events are within their retention, counted from now whatever AS OF
// says; 0 without one.
func (b *binder) keptFrom(ev *schema.EventType) int64 {
	if ev.Keep == 0 {
		return 0
	}
	return max(0, b.now-ev.Keep.Milliseconds()+1)
}

func beyondRetention(w *ast.Window, ev *schema.EventType) error {
	keep := calendar.FormatDuration(int64(ev.Keep / time.Millisecond))
	e := diag.New(diag.Invalid, w.At, "the window reaches back further than events of %s are kept (KEEP %s)", phrase.Name(ev.Name), keep)
	if w.Kind == ast.WinBeforeAgo {
		return e.WithHint("write BETWEEN %s AND %s AGO", keep, w.D.Text)
	}
	return e.WithHint("write WITHIN %s at most", keep)
}

// inWindow binds x WITHIN … of a date or an instant as comparisons with the window's ends.
func (b *binder) inWindow(x *ast.InWindow) (plan.Expr, error) {
	e, err := b.expr(x.X)
	if err != nil {
		return nil, err
	}
	if isText(e) || isFileText(b, e) {
		o := operand{e, x.X}
		if err := b.adapt(&o, plan.Of(schema.KindTimestamp)); err != nil {
			return nil, err
		}
		e = o.e
	}
	kind := e.Type().Kind
	if kind != schema.KindDate && kind != schema.KindTimestamp {
		return nil, b.noWindow(x, e.Type())
	}
	r, err := b.reach(x.Window)
	if err != nil {
		return nil, err
	}
	if kind == schema.KindDate {
		return ranged(e, kind, r.first, r.last), nil
	}
	return ranged(e, kind, r.from, r.to), nil
}

func (b *binder) noWindow(x *ast.InWindow, t plan.Type) error {
	e := diag.New(diag.Type, x.X.Span(), "a window tests a DATE or a TIMESTAMP; %s", phrase.Typed(x.X, t))
	if n, ok := ast.Bare(x.X).(*ast.Name); ok && t.Kind == schema.KindText {
		return e.WithHint("if it holds dates, write TRY_CAST(%s AS DATE)", phrase.Expr(n))
	}
	return e
}

// ranged is from <= e AND e <= to, without open ends.
func ranged(e plan.Expr, kind schema.Kind, from, to int64) plan.Expr {
	ge := &plan.Cmp{Op: plan.Ge, X: e, Y: plan.IntConst(kind, from)}
	le := &plan.Cmp{Op: plan.Le, X: e, Y: plan.IntConst(kind, to)}
	switch {
	case from == plan.MinTime:
		return le
	case to == math.MaxInt64:
		return ge
	}
	return &plan.And{Terms: []plan.Expr{ge, le}}
}
