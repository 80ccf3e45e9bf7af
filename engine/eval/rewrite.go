package eval

import (
	"math"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// Many conditions over events are counts in disguise. "max(p) < c" is "some event has p, and none has
// p ≥ c"; "recency(x) > d" is "an x, but none since clock − d"; "2ND x WITHIN 10d" is "at least two x by
// now, at most one before". Written so, they need no values per contact, only counts in windows, which
// tiles answer by one pass over row numbers. Each rewriting below is true exactly where the original is
// true; the false rows are asked for by the negated operator, so that a null aggregate is in neither.

// selector compiles a selector.
func (c *compiler) selector(s *plan.Selector) (*selector, error) {
	out := &selector{events: s.Events, keep: s.Keep}
	if s.Filter == nil {
		return out, nil
	}
	n, err := c.condition(s.Filter, ofEvent, false)
	if err != nil {
		return nil, err
	}
	if all, ok := n.(constNode); ok {
		if !all {
			out.events = nil
		}
		return out, nil
	}
	out.filter = n
	return out, nil
}

func (c *compiler) did(x *plan.Did, neg bool) (node, error) {
	if x.Days {
		if x.Min == 1 && x.Max == math.MaxUint64 || x.Max == 0 {
			y := *x
			y.Days = false // a day with an event is an event
			x = &y
		} else {
			return nil, nil
		}
	}
	sel, err := c.selector(x.Sel)
	if err != nil {
		return nil, err
	}
	return newDidNode(sel, x, neg), nil
}

// exists is "an event of sel lies in the window".
func exists(sel *plan.Selector, win plan.Window) plan.Expr {
	return &plan.Did{Sel: sel, Window: win, Min: 1, Max: math.MaxUint64}
}

func not(x plan.Expr) plan.Expr { return &plan.Not{X: x} }

func both(x, y plan.Expr) plan.Expr { return &plan.And{Terms: []plan.Expr{x, y}} }

func either(x, y plan.Expr) plan.Expr { return &plan.Or{Terms: []plan.Expr{x, y}} }

// before and after are the parts of a window before t, and from t on.
func before(w plan.Window, t int64) plan.Window {
	if t == math.MinInt64 {
		return plan.Window{From: 1, To: 0}
	}
	return plan.Window{From: w.From, To: min(w.To, t-1)}
}

func after(w plan.Window, t int64) plan.Window { return plan.Window{From: max(w.From, t), To: w.To} }

// nthAsCounts rewrites the N-th event in all history up to the clock lying in a window.
func nthAsCounts(x *plan.Nth, clock int64) plan.Expr {
	all := plan.Window{From: plan.MinTime, To: clock}
	in := plan.Window{From: x.Window.From, To: min(x.Window.To, clock)}
	if in.Empty() {
		return &plan.Const{Value: schema.Value{Kind: schema.KindBool}, T: plan.Of(schema.KindBool)}
	}
	if x.N == 0 {
		if in.To >= clock {
			return exists(x.Sel, in)
		}
		return both(exists(x.Sel, in), not(exists(x.Sel, after(all, in.To+1))))
	}
	enough := &plan.Did{Sel: x.Sel, Window: plan.Window{From: plan.MinTime, To: in.To}, Min: x.N, Max: math.MaxUint64}
	if in.From == plan.MinTime {
		return enough
	}
	return both(enough, &plan.Did{Sel: x.Sel, Window: before(all, in.From), Max: x.N - 1})
}

// compareAgg compiles aggregate op constant; whole is the comparison it came from. nil if it has no
// vector path.
func (c *compiler) compareAgg(op plan.CmpOp, a *plan.Agg, v scalar.Value, whole *plan.Cmp, neg bool) (node, error) {
	known := op
	if neg {
		known = negate(op)
	}
	switch {
	case a.Fn == plan.AggCount && v.IsNumber():
		return c.compareCount(op, a, v.Num, neg)
	case a.Fn == plan.AggSum && a.Prop != nil && integral(a.Prop.T.Kind) && v.IsNumber():
		return c.compareSum(op, a, v.Num, whole, neg)
	case a.Fn == plan.AggRecency && v.Kind == schema.KindDuration:
		t, ok := subtract(c.env.Clock, v.I)
		if !ok {
			return nil, nil
		}
		return c.condition(lastTime(flip(known), a.Sel, a.Window, t), ofContact, false)
	case timed(a, plan.AggLast, plan.AggMax) && v.Kind == schema.KindTimestamp:
		return c.condition(lastTime(known, a.Sel, a.Window, v.I), ofContact, false)
	case timed(a, plan.AggFirst, plan.AggMin) && v.Kind == schema.KindTimestamp:
		return c.condition(firstTime(known, a.Sel, a.Window, v.I), ofContact, false)
	case (a.Fn == plan.AggMin || a.Fn == plan.AggMax) && a.Prop != nil && testable(a.Prop.T.Type, v.Kind):
		return c.condition(extreme(known, a, constantOf(whole)), ofContact, false)
	}
	return nil, nil
}

func subtract(x, y int64) (int64, bool) {
	d := x - y
	return d, (d < x) == (y > 0)
}

// timed says whether a is one of two functions of the pseudo-property time.
func timed(a *plan.Agg, f, g plan.AggFn) bool {
	return (a.Fn == f || a.Fn == g) && a.Prop != nil && pseudo(a.Prop, schema.PropTime)
}

// constantOf returns the side of a comparison that is not an aggregate.
func constantOf(whole *plan.Cmp) plan.Expr {
	if _, ok := whole.X.(*plan.Agg); ok {
		return whole.Y
	}
	return whole.X
}

func (c *compiler) compareCount(op plan.CmpOp, a *plan.Agg, v exact.Number, neg bool) (node, error) {
	s := intSpan(op, v, 0)
	d := &plan.Did{Sel: a.Sel, Window: a.Window, Min: uint64(max(s.lo, 0)), Max: math.MaxUint64}
	switch {
	case s.empty() || s.hi < 0:
		d.Min, d.Max = 1, 0
	case s.hi < math.MaxInt64:
		d.Max = uint64(s.hi)
	}
	return c.did(d, neg != (op == plan.Ne))
}

func (c *compiler) compareSum(op plan.CmpOp, a *plan.Agg, v exact.Number, whole *plan.Cmp, neg bool) (node, error) {
	prop, ok := c.column(a.Prop)
	if !ok {
		return nil, nil
	}
	sel, err := c.selector(a.Sel)
	if err != nil {
		return nil, err
	}
	was := c.slow // the exact way is taken where a total overflows, which is rare
	slow, err := c.fallback(whole, ofContact, neg)
	c.slow = was
	if err != nil {
		return nil, err
	}
	return &sumNode{
		sel: sel, prop: prop, win: a.Window, span: intSpan(op, v, prop.typ.Scale),
		neg: neg != (op == plan.Ne), exact: slow,
	}, nil
}

// lastTime is "the last event in the window has a time op t".
func lastTime(op plan.CmpOp, sel *plan.Selector, w plan.Window, t int64) plan.Expr {
	if op == plan.Gt || op == plan.Le || op == plan.Eq || op == plan.Ne {
		if t == math.MaxInt64 {
			t--
		}
	}
	switch op {
	case plan.Ge:
		return exists(sel, after(w, t))
	case plan.Gt:
		return exists(sel, after(w, t+1))
	case plan.Lt:
		return both(exists(sel, w), not(exists(sel, after(w, t))))
	case plan.Le:
		return both(exists(sel, w), not(exists(sel, after(w, t+1))))
	}
	at := both(exists(sel, after(before(w, t+1), t)), not(exists(sel, after(w, t+1))))
	if op == plan.Ne {
		return both(exists(sel, w), not(at))
	}
	return at
}

// firstTime is "the first event in the window has a time op t".
func firstTime(op plan.CmpOp, sel *plan.Selector, w plan.Window, t int64) plan.Expr {
	if t == math.MaxInt64 {
		t--
	}
	switch op {
	case plan.Lt:
		return exists(sel, before(w, t))
	case plan.Le:
		return exists(sel, before(w, t+1))
	case plan.Ge:
		return both(exists(sel, w), not(exists(sel, before(w, t))))
	case plan.Gt:
		return both(exists(sel, w), not(exists(sel, before(w, t+1))))
	}
	at := both(exists(sel, after(before(w, t+1), t)), not(exists(sel, before(w, t))))
	if op == plan.Ne {
		return both(exists(sel, w), not(at))
	}
	return at
}

// extreme is "min or max of the property op v".
func extreme(op plan.CmpOp, a *plan.Agg, v plan.Expr) plan.Expr {
	beyond, orEqual := plan.Gt, plan.Ge // on the side that a max is drawn to
	if a.Fn == plan.AggMin {
		beyond, orEqual = plan.Lt, plan.Le
	}
	some := func(op plan.CmpOp) plan.Expr {
		return exists(narrowed(a.Sel, &plan.Cmp{Op: op, X: a.Prop, Y: v}), a.Window)
	}
	any := exists(narrowed(a.Sel, not(&plan.IsNull{X: a.Prop})), a.Window)
	switch op {
	case beyond, orEqual:
		return some(op)
	case negate(beyond):
		return both(any, not(some(beyond)))
	case negate(orEqual):
		return both(any, not(some(orEqual)))
	case plan.Ne:
		return either(some(beyond), both(any, not(some(orEqual))))
	}
	return both(some(plan.Eq), not(some(beyond)))
}

// narrowed returns the selector with one more condition.
func narrowed(s *plan.Selector, x plan.Expr) *plan.Selector {
	if s.Filter != nil {
		x = both(s.Filter, x)
	}
	return &plan.Selector{Events: s.Events, Filter: x, Keep: s.Keep}
}
