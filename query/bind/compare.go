package bind

import (
	"errors"

	"github.com/zeebo/xxh3"

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

func cmpOp(op ast.Op) plan.CmpOp { return plan.Eq + plan.CmpOp(op-ast.OpEq) }

// compare binds = <> < <= > >=.
func (b *binder) compare(x *ast.Binary) (plan.Expr, error) {
	if isVersion(x.X) || isVersion(x.Y) {
		return b.compareVersions(x.Op, x.X, x.Y)
	}
	if e, ok, err := b.recencyInMonths(x); ok {
		return e, err
	}
	l, r, err := b.sides(x)
	if err != nil {
		return nil, err
	}
	return b.compareOperands(x.Op, l, r)
}

func (b *binder) compareOperands(op ast.Op, l, r operand) (plan.Expr, error) {
	both := []operand{l, r}
	t, err := b.unifyFor(both, op)
	if err != nil {
		return nil, err
	}
	if plan.Nothing(l.E) || plan.Nothing(r.E) {
		return typing.Unknown(), nil
	}
	if op != ast.OpEq && op != ast.OpNe && !typing.Ordered(t.Kind) {
		return nil, diag.New(diag.Type, l.X.Span().To(r.X.Span()), "%s has no order", phrase.Type(t)).
			WithHint("write = or <>")
	}
	return &plan.Cmp{Op: cmpOp(op), X: both[0].E, Y: both[1].E}, nil
}

func isFileText(b *binder, e plan.Expr) bool {
	p, ok := e.(*plan.Prop)
	return ok && b.scope.Kind == names.OfFile && b.scope.Columns[p.ByEvent[0]].Text
}

// number turns a column of text into a number.
func (b *binder) number(o *operand) {
	if isFileText(b, o.E) {
		o.E = &plan.Cast{X: o.E, T: typing.AnyNumber, Must: true}
	}
}

// unify brings operands to one type and returns it; in says where they stand.
func (b *binder) unify(os []operand, in string) (plan.Type, error) {
	t := b.common(os)
	for i := range os {
		if err := b.adapt(&os[i], t); err != nil {
			if d, ok := errors.AsType[*diag.Error](err); ok && d.Code == diag.Type && d.Hint == "" {
				d.Msg = in + " are of different types: " + os[i].Describe() + ", another is " + phrase.Type(t)
			}
			return t, err
		}
	}
	return t, nil
}

// unifyFor brings the two sides of a comparison to one type.
func (b *binder) unifyFor(os []operand, op ast.Op) (plan.Type, error) {
	t := b.common(os)
	for i := range os {
		if err := b.adapt(&os[i], t); err != nil {
			if d, ok := errors.AsType[*diag.Error](err); ok && d.Hint == "" {
				return t, typing.Mismatch(op, os[0], os[1])
			}
			return t, err
		}
	}
	return t, nil
}

// common returns the type that the others turn into: KEY and dates win over text, TIMESTAMP over DATE,
// FLOAT over DECIMAL over INT; otherwise the first.
func (b *binder) common(os []operand) plan.Type {
	var out plan.Type
	for _, o := range os {
		t := o.E.Type()
		switch {
		case t.Kind == schema.KindNull:
		case out.Kind == schema.KindNull:
			out = t
		case t.Numeric() && out.Numeric():
			out = typing.Wider(out, t)
		case typing.Rank(t.Kind) > typing.Rank(out.Kind):
			out = t
		case out.Kind == schema.KindText && t.Kind != schema.KindText && b.bends(os, o):
			out = t
		}
	}
	return out
}

// bends says whether every text before o is a column of a file, which may become anything.
func (b *binder) bends(os []operand, o operand) bool {
	for _, other := range os {
		if other.X == o.X {
			return true
		}
		if other.E.Type().Kind == schema.KindText && !isFileText(b, other.E) {
			return false
		}
	}
	return true
}

// adapt turns an operand into one that compares with a type, or returns an error. Numbers keep their
// types: they compare by value.
func (b *binder) adapt(o *operand, to plan.Type) error {
	from := o.E.Type()
	c, isC := plan.AsConst(o.E)
	switch {
	case from.Kind == schema.KindNull, from.Kind == to.Kind, from.Numeric() && to.Numeric():
		return nil
	case isC && from.Kind == schema.KindText && typing.Rank(to.Kind) > 0:
		return b.adaptText(o, c.Value.S, to.Kind)
	case isFileText(b, o.E) && to.Kind != schema.KindSet && to.Kind != schema.KindNull:
		o.E = &plan.Cast{X: o.E, T: typing.Loose(to), Must: true}
		return nil
	case from.Kind == schema.KindDate && to.Kind == schema.KindTimestamp:
		if o.E = (&plan.Cast{X: o.E, T: to}); isC {
			o.E = plan.IntConst(schema.KindTimestamp, b.zone.Midnight(c.Value.I))
		}
		return nil
	case from.Kind == schema.KindText && to.Kind == schema.KindKey:
		o.E = &plan.Cast{X: o.E, T: to}
		return nil
	}
	return diag.New(diag.Type, o.X.Span(), "%s, but %s is needed", o.Describe(), phrase.Type(to))
}

// adaptText turns a constant text into a day, an instant or a key.
func (b *binder) adaptText(o *operand, s string, kind schema.Kind) error {
	var v int64
	var err error
	switch kind {
	case schema.KindKey:
		v = int64(xxh3.HashString(s))
	case schema.KindDate:
		v, _, err = calendar.ParseDate(s)
	default:
		v, _, err = b.zone.ParseInstant(s)
	}
	if err != nil {
		return period.NoDate(o.X.Span(), s, err)
	}
	o.E = plan.IntConst(kind, v)
	return nil
}

// betweenValues binds x BETWEEN lo AND hi as x >= lo AND x <= hi.
func (b *binder) betweenValues(x *ast.Between) (plan.Expr, error) {
	if isVersion(x.X) {
		return b.betweenVersions(x)
	}
	os, err := b.operands([]ast.Expr{x.X, x.Lo, x.Hi})
	if err != nil {
		return nil, err
	}
	ge, err := b.compareOperands(ast.OpGe, os[0], os[1])
	if err != nil {
		return nil, err
	}
	le, err := b.compareOperands(ast.OpLe, os[0], os[2])
	if err != nil {
		return nil, err
	}
	return negated(x.Not, &plan.And{Terms: []plan.Expr{ge, le}}), nil
}

func (b *binder) isDistinct(x *ast.IsDistinct) (plan.Expr, error) {
	os, err := b.operands([]ast.Expr{x.X, x.Y})
	if err != nil {
		return nil, err
	}
	if _, err := b.unifyFor(os, ast.OpEq); err != nil {
		return nil, err
	}
	return negated(x.Not, &plan.IsDistinct{X: os[0].E, Y: os[1].E}), nil
}

// in binds x IN (…). Values that are not constant are compared one by one.
func (b *binder) in(x *ast.In) (plan.Expr, error) {
	if x.List != nil {
		return nil, phrase.NotYet(x.List.At, "lists (IN LIST)")
	}
	if n := len(x.Values); n == 0 || n > schema.MaxListValues {
		return nil, diag.New(diag.Limit, x.At, "a list has 1 to %d values, not %d", schema.MaxListValues, n)
	}
	if e, ok, err := b.contactIn(x); ok {
		return e, err
	}
	left, err := b.operand(x.X)
	if err != nil {
		return nil, err
	}
	out, others, err := b.inValues(left, x.Values)
	if err != nil {
		return nil, err
	}
	if len(others) == 0 {
		return negated(x.Not, out), nil
	}
	if len(out.Values) > 0 || out.HasNull {
		others = append(others, out)
	}
	if len(others) == 1 {
		return negated(x.Not, others[0]), nil
	}
	return negated(x.Not, &plan.Or{Terms: others}), nil
}

func (b *binder) inValues(left operand, values []ast.Expr) (*plan.In, []plan.Expr, error) {
	out := &plan.In{X: left.E}
	var others []plan.Expr
	for _, v := range values {
		o, err := b.operand(v)
		if err != nil {
			return nil, nil, err
		}
		if plan.Nothing(o.E) {
			out.HasNull = true
			continue
		}
		e, err := b.compareOperands(ast.OpEq, left, o)
		if err != nil {
			return nil, nil, err
		}
		cmp, ok := e.(*plan.Cmp)
		if !ok { // NULL IN (…)
			out.HasNull = true
			continue
		}
		if c, ok := plan.AsConst(cmp.Y); ok && (cmp.X == left.E || len(values) == 1) {
			out.X, out.Values = cmp.X, append(out.Values, c.Value)
			continue
		}
		others = append(others, cmp)
	}
	return out, others, nil
}

// recencyInMonths binds recency(x) > 2mo: the length that two months have, back from the clock.
func (b *binder) recencyInMonths(x *ast.Binary) (plan.Expr, bool, error) {
	agg, length, op := x.X, x.Y, x.Op
	if _, ok := typing.Months(agg); ok {
		agg, length, op = x.Y, x.X, typing.Mirrored(x.Op)
	}
	d, ok := typing.Months(length)
	a, isAgg := ast.Bare(agg).(*ast.Aggregate)
	if !ok || !isAgg || a.Fn.Name != "recency" {
		return nil, false, nil
	}
	e, err := b.expr(a)
	if err != nil {
		return nil, true, err
	}
	ms, _ := b.time().Ago(d)
	return &plan.Cmp{Op: cmpOp(op), X: e, Y: plan.IntConst(schema.KindDuration, b.clock-ms)}, true, nil
}
