package bind

import (
	"math"
	"time"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/names"
	"github.com/musterdb/muster/query/period"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/typing"
	"github.com/musterdb/muster/storage/schema"
)

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
	r, err := b.time().Reach(w, b.moment)
	if err != nil {
		return plan.Window{}, err
	}
	for _, ev := range events {
		if from := b.keptFrom(ev); from != 0 && r.From < from {
			return plan.Window{}, beyondRetention(w, ev)
		}
	}
	return plan.Window{From: r.From, To: min(r.To, b.clock)}, nil
}

// time is the clock under which the statement is asked.
func (b *binder) time() period.Clock { return period.Clock{Zone: b.zone, MS: b.clock} }

// moment binds a constant that names an instant or a day.
func (b *binder) moment(x ast.Expr, after string) (period.Moment, error) {
	e, err := b.expr(x)
	if err != nil {
		return period.Moment{}, err
	}
	if c, ok := plan.AsConst(e); ok {
		return b.time().Of(x, c, after)
	}
	if b.scope.Kind == names.OfEvent || after == "AS OF" {
		return period.Moment{}, diag.New(diag.Invalid, x.Span(), "%s needs a fixed instant", after).WithHint("write %s '2026-04-01' or now() - 7d", after)
	}
	return period.Moment{}, phrase.NotYet(x.Span(), "a window whose end differs from contact to contact")
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
	if typing.IsText(e) || isFileText(b, e) {
		o := operand{X: x.X, E: e}
		if err := b.adapt(&o, plan.Of(schema.KindTimestamp)); err != nil {
			return nil, err
		}
		e = o.E
	}
	kind := e.Type().Kind
	if kind != schema.KindDate && kind != schema.KindTimestamp {
		return nil, b.noWindow(x, e.Type())
	}
	r, err := b.time().Reach(x.Window, b.moment)
	if err != nil {
		return nil, err
	}
	if kind == schema.KindDate {
		return ranged(e, kind, r.First, r.Last), nil
	}
	return ranged(e, kind, r.From, r.To), nil
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
