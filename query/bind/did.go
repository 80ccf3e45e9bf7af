package bind

import (
	"math"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/names"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/print"
	"github.com/musterdb/muster/query/typing"
	"github.com/musterdb/muster/storage/schema"
)

// behaviour binds what asks for a contact's events.
func (b *binder) behaviour(x ast.Expr) (plan.Expr, error) {
	if b.scope.group != nil {
		return b.behaviourInGroup(x)
	}
	switch b.scope.Kind {
	case names.OfEvent:
		if b.scope.Table {
			return nil, b.behaviourInTable(x)
		}
		return nil, diag.New(diag.Invalid, x.Span(), "inside […] a condition is about one event").
			WithHint("put what the contact did outside the brackets and join it with AND")
	case names.OfFile, names.OfConstant:
		return nil, diag.New(diag.Invalid, x.Span(), "a contact's events cannot be asked for here")
	}
	switch x := x.(type) {
	case *ast.Did:
		return b.did(x)
	case *ast.Nth:
		return b.nth(x)
	case *ast.KnownFor:
		return b.knownFor(x)
	case *ast.Aggregate:
		return b.aggregate(x)
	}
	return nil, diag.New(diag.Internal, x.Span(), "the binder does not know %T", x)
}

// selector binds the events and their condition; unknown does not match.
func (b *binder) selector(s *ast.Selector) (*plan.Selector, []*schema.EventType, error) {
	b.selectors++
	events, err := b.scope.Select(s)
	if err != nil {
		return nil, nil, err
	}
	out := &plan.Selector{}
	for _, ev := range events {
		out.Events = append(out.Events, ev.ID)
		if from := b.keptFrom(ev); from != 0 {
			if out.Keep == nil {
				out.Keep = map[schema.EventID]int64{}
			}
			out.Keep[ev.ID] = from
		}
	}
	if s.Filter == nil {
		return out, events, nil
	}
	err = b.within(b.ofEvents(events, false), func() (err error) {
		out.Filter, err = b.condition(s.Filter)
		return err
	})
	return out, events, err
}

func (b *binder) did(x *ast.Did) (plan.Expr, error) {
	sel, events, err := b.selector(x.Sel)
	if err != nil {
		return nil, err
	}
	w, err := b.eventWindow(x.Window, events)
	if err != nil {
		return nil, err
	}
	out := &plan.Did{Sel: sel, Window: w, Min: 1, Max: unbounded}
	switch {
	case x.Not || x.Never:
		out.Min, out.Max = 0, 0
	case x.Freq != nil:
		out.Days = x.Freq.Days
		out.Min, out.Max, err = times(x.Freq)
	}
	return out, err
}

// times returns the bounds of a frequency.
func times(f *ast.Frequency) (least, most uint64, err error) {
	n := f.N
	switch f.Bound {
	case ast.BoundAtLeast:
		return n, unbounded, nil
	case ast.BoundAtMost:
		return 0, n, nil
	case ast.BoundExactly:
		return n, n, nil
	case ast.BoundMoreThan:
		if n == math.MaxUint64 {
			return 0, 0, diag.New(diag.Limit, f.At, "%d is too large to count with", n)
		}
		return n + 1, unbounded, nil
	case ast.BoundFewerThan:
		if n == 0 {
			return 0, 0, diag.New(diag.Invalid, f.At, "nothing happens fewer than 0 times").WithHint("write DID NOT for never")
		}
		return 0, n - 1, nil
	}
	if f.M < n {
		return 0, 0, diag.New(diag.Invalid, f.At, "no number lies between %d and %d", n, f.M).WithHint("write BETWEEN %d AND %d TIMES", f.M, n)
	}
	return n, f.M, nil
}

func (b *binder) nth(x *ast.Nth) (plan.Expr, error) {
	sel, events, err := b.selector(x.Sel)
	if err != nil {
		return nil, err
	}
	w, err := b.eventWindow(x.Window, events)
	return b.nthThen(&plan.Nth{Sel: sel, N: x.N, Window: w}), err
}

// knownFor binds KNOWN FOR d: created_at <= now - d.
func (b *binder) knownFor(x *ast.KnownFor) (plan.Expr, error) {
	d, err := typing.Duration(x.Duration)
	if err != nil {
		return nil, err
	}
	ms, _ := b.time().Ago(d)
	created, _ := b.sch.AttrByID(schema.AttrCreatedAt)
	return &plan.Cmp{Op: plan.Le, X: names.Attr(created), Y: plan.IntConst(schema.KindTimestamp, ms)}, nil
}

var aggFns = map[string]plan.AggFn{
	"count": plan.AggCount, "sum": plan.AggSum, "avg": plan.AggAvg, "min": plan.AggMin, "max": plan.AggMax,
	"distinct": plan.AggDistinct, "days": plan.AggDays, "first": plan.AggFirst, "last": plan.AggLast, "recency": plan.AggRecency,
}

// ofProperty says whether an aggregate is of a property: sum(x.p).
func ofProperty(fn plan.AggFn) bool { return fn >= plan.AggSum && fn <= plan.AggDistinct }

// aggregate binds an aggregate over one contact's events.
func (b *binder) aggregate(x *ast.Aggregate) (plan.Expr, error) {
	fn, ok := aggFns[x.Fn.Name]
	switch {
	case !ok:
		return nil, phrase.NotYet(x.Fn.At, "%s(…)", x.Fn.Name)
	case x.Star, x.Sel == nil:
		return nil, b.noTotalHere(x)
	case len(x.Options) > 0:
		return nil, diag.New(diag.Invalid, x.Options[0].Span(), "%s takes one argument", x.Fn.Name).
			WithHint("several events stand in brackets: %s((open, click))", x.Fn.Name)
	}
	if x.Distinct {
		if fn != plan.AggCount || len(x.Prop) == 0 {
			return nil, diag.New(diag.Invalid, x.At, "DISTINCT counts the values of a property").WithHint("write distinct(purchase.category)")
		}
		fn = plan.AggDistinct
	}
	if err := b.aggregateShape(x, fn); err != nil {
		return nil, err
	}
	return b.aggregateOf(x, fn)
}

// aggregateShape checks what stands in the brackets and after them.
func (b *binder) aggregateShape(x *ast.Aggregate, fn plan.AggFn) error {
	sel := print.Selector(x.Sel)
	name := x.Fn.Name
	if b.meansAttribute(x, fn) {
		return b.noTotalHere(x)
	}
	if err := b.twoMeanings(x, fn); err != nil {
		return err
	}
	pick := fn == plan.AggFirst || fn == plan.AggLast
	switch {
	case pick && len(x.Pick) == 0 && len(x.Prop) > 0:
		return diag.New(diag.Invalid, x.At, "the property stands after the brackets").
			WithHint("write %s(%s).%s", name, phrase.Short(sel), ast.Dotted(x.Prop))
	case pick && len(x.Pick) == 0:
		return diag.New(diag.Invalid, x.At, "%s(…) is an event, not a value", name).
			WithHint("write %s(%s).time, or another of its properties", name, phrase.Short(sel))
	case pick || len(x.Pick) == 0:
	case ofProperty(fn):
		return diag.New(diag.Invalid, x.At, "the property of %s(…) stands inside the brackets", name).
			WithHint("write %s(%s.%s)", name, phrase.Short(sel), ast.Dotted(x.Pick))
	default:
		return diag.New(diag.Invalid, x.At, "%s(…) is a number and has no properties", name)
	}
	switch {
	case ofProperty(fn) && len(x.Prop) == 0:
		return b.needsProperty(x)
	case fn == plan.AggCount && len(x.Prop) > 0:
		return diag.New(diag.Invalid, x.At, "count(…) counts events, not values").
			WithHint("write distinct(%s.%s) for different values, or count(%[1]s[%[2]s IS NOT NULL])", phrase.Short(sel), ast.Dotted(x.Prop))
	case !ofProperty(fn) && len(x.Prop) > 0:
		return diag.New(diag.Invalid, x.At, "%s(…) takes events, not a property", name).WithHint("write %s(%s)", name, phrase.Short(sel))
	}
	return nil
}

// attributeName returns the attribute's name that an aggregate's argument could be.
func attributeName(x *ast.Aggregate) (string, bool) {
	if x.Sel.Any || len(x.Sel.Events) != 1 || x.Sel.Filter != nil || x.Window != nil {
		return "", false
	}
	return ast.Dotted(append([]ast.Ident{x.Sel.Events[0]}, x.Prop...)), true
}

// meansAttribute says whether sum(a) or sum(a.b) is of an attribute.
func (b *binder) meansAttribute(x *ast.Aggregate, fn plan.AggFn) bool {
	name, ok := attributeName(x)
	if !ok || !ofProperty(fn) {
		return false
	}
	if _, ok = b.sch.Attr(name); !ok {
		return false
	}
	return len(x.Prop) == 0 || !b.eventHas(x)
}

// eventHas says whether a.b is an event's property.
func (b *binder) eventHas(x *ast.Aggregate) bool {
	ev, ok := b.sch.Event(x.Sel.Events[0].Name)
	if ok {
		_, ok = names.FindProp(ev, ast.Dotted(x.Prop))
	}
	return ok
}

// twoMeanings refuses a.b where the event a has a property b and there is an attribute a.b.
func (b *binder) twoMeanings(x *ast.Aggregate, fn plan.AggFn) error {
	name, ok := attributeName(x)
	if !ok || !ofProperty(fn) || len(x.Prop) == 0 || !b.eventHas(x) {
		return nil
	}
	if _, ok := b.sch.Attr(name); !ok {
		return nil
	}
	return diag.New(diag.Invalid, x.At, "%s could be the attribute %s or the property %s of the event %s",
		name, phrase.Name(name), phrase.Name(ast.Dotted(x.Prop)), phrase.Name(x.Sel.Events[0].Name)).
		WithHint(`write %s("%s") for the attribute, %[1]s(%[3]s[TRUE].%[4]s) for the event's property`,
			x.Fn.Name, name, phrase.Name(x.Sel.Events[0].Name), ast.Dotted(x.Prop))
}

// noTotalHere is the error of a total where one contact or one event is asked.
func (b *binder) noTotalHere(x *ast.Aggregate) error {
	what := phrase.Expr(x)
	if b.scope.total != nil {
		return diag.New(diag.Invalid, x.At, "%s is a total over rows, and totals do not stand in totals", what).
			WithHint("inside %s(…) write an expression over one row, such as sum(purchase.amount)", b.scope.total.Fn.Name)
	}
	e := diag.New(diag.Invalid, x.At, "%s is a total over rows; it stands in a select list, after HAVING or in ORDER BY", what)
	if x.Star {
		return e.WithHint("to count contacts write COUNT condition; how many events a contact has is count(event)")
	}
	return e.WithHint("the value of one row is %s", phrase.Expr(totalArgument(x)))
}

func (b *binder) needsProperty(x *ast.Aggregate) error {
	name := x.Fn.Name
	events, err := b.scope.Select(x.Sel)
	if err != nil {
		return err
	}
	e := diag.New(diag.Invalid, x.At, "%s(…) takes a property of the event", name)
	for _, p := range names.Props(events) {
		ev := events[0]
		if got, ok := names.FindProp(ev, p); ok && (got.Type.Numeric() || name == "distinct") {
			return e.WithHint("write %s(%s.%s)", name, phrase.Short(print.Selector(x.Sel)), phrase.Name(p))
		}
	}
	return e.WithHint("write count(%s) for how many there are", phrase.Short(print.Selector(x.Sel)))
}

func (b *binder) aggregateOf(x *ast.Aggregate, fn plan.AggFn) (plan.Expr, error) {
	sel, events, err := b.selector(x.Sel)
	if err != nil {
		return nil, err
	}
	out := &plan.Agg{Fn: fn, Sel: sel}
	if out.Window, err = b.eventWindow(x.Window, events); err != nil {
		return nil, err
	}
	parts := append(append([]ast.Ident(nil), x.Prop...), x.Pick...)
	if len(parts) > 0 {
		at := parts[0].At.To(parts[len(parts)-1].At)
		if out.Prop, err = b.scope.Property(events, ast.Dotted(parts), at); err != nil {
			return nil, err
		}
		if out.Prop == nil {
			return nil, names.NoProperty(at, events, ast.Dotted(parts))
		}
	}
	if out.T, err = aggType(x, out); err == nil && fn == plan.AggRecency {
		return b.recencyThen(out), nil
	}
	return out, err
}

// aggType returns an aggregate's type: a sum has the property's, an average is a quotient with six more
// decimals, distinct, count and days are INT.
func aggType(x *ast.Aggregate, a *plan.Agg) (plan.Type, error) {
	switch a.Fn {
	case plan.AggCount, plan.AggDays:
		return plan.Of(schema.KindInt), nil
	case plan.AggRecency:
		return plan.Of(schema.KindDuration), nil
	}
	t := a.Prop.T
	ok := true
	switch a.Fn {
	case plan.AggSum, plan.AggAvg:
		ok = t.Numeric()
	case plan.AggMin, plan.AggMax:
		ok = typing.Ordered(t.Kind)
	case plan.AggDistinct:
		if t.Kind != schema.KindSet {
			return plan.Of(schema.KindInt), nil
		}
		ok = false
	}
	if !ok {
		e := diag.New(diag.Type, x.At, "there is no %s of %s, which is %s", x.Fn.Name, phrase.Name(a.Prop.Name), t)
		if t.Kind == schema.KindText || t.Kind == schema.KindKey {
			e = e.WithHint("write distinct(%s.%s) for how many different ones there are", phrase.Short(print.Selector(x.Sel)), phrase.Name(a.Prop.Name))
		}
		return t, e
	}
	if a.Fn == plan.AggAvg && t.Kind != schema.KindFloat {
		return typing.Quotient(int(t.Scale) + typing.QuotientDecimals), nil
	}
	return t, nil
}
