package bind

import (
	"math"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/typing"
	"github.com/musterdb/muster/storage/schema"
)

func arithOp(op ast.Op) plan.ArithOp { return plan.Add + plan.ArithOp(op-ast.OpAdd) }

// arith binds + - * /.
func (b *binder) arith(x *ast.Binary) (plan.Expr, error) {
	if e, ok, err := b.months(x); ok {
		return e, err
	}
	l, r, err := b.sides(x)
	if err != nil {
		return nil, err
	}
	if typing.IsTime(l.E) && typing.IsText(r.E) && x.Op == ast.OpSub {
		err = b.adapt(&r, l.E.Type())
	} else if typing.IsTime(r.E) && typing.IsText(l.E) && x.Op == ast.OpSub {
		err = b.adapt(&l, r.E.Type())
	}
	if err != nil {
		return nil, err
	}
	b.number(&l)
	b.number(&r)
	t, ok := typing.Arith(arithOp(x.Op), l.E, r.E)
	if !ok {
		return nil, typing.NoArith(x, l, r)
	}
	out := &plan.Arith{Op: arithOp(x.Op), X: l.E, Y: r.E, T: t}
	return b.fold(out), nil
}

// months binds a date ± months. ok is false if the expression is something else.
func (b *binder) months(x *ast.Binary) (e plan.Expr, ok bool, err error) {
	when, length := x.X, x.Y
	d, ok := typing.Months(length)
	if !ok && x.Op == ast.OpAdd {
		when = x.Y
		d, ok = typing.Months(x.X)
	}
	if !ok || x.Op > ast.OpSub {
		return nil, false, nil
	}
	if x.Op == ast.OpSub {
		d.Months = -d.Months
	}
	o, err := b.operand(when)
	if err != nil {
		return nil, true, err
	}
	if typing.IsText(o.E) {
		err = b.adapt(&o, plan.Of(schema.KindTimestamp))
	}
	if err != nil || !typing.IsTime(o.E) {
		if err == nil {
			err = diag.New(diag.Type, x.Span(), "months are added to dates; %s", o.Describe())
		}
		return nil, true, err
	}
	if c, ok := plan.AsConst(o.E); ok {
		if c.T.Kind == schema.KindDate {
			return plan.IntConst(schema.KindDate, calendar.AddMonthsToDay(c.Value.I, d.Months)), true, nil
		}
		return plan.IntConst(schema.KindTimestamp, b.zone.AddMonths(c.Value.I, d.Months)), true, nil
	}
	return &plan.AddCalendar{X: o.E, Months: d.Months, T: o.E.Type()}, true, nil
}

// fold computes arithmetic on constants.
func (b *binder) fold(x *plan.Arith) plan.Expr {
	l, ok := plan.AsConst(x.X)
	r, ok2 := plan.AsConst(x.Y)
	if !ok || !ok2 || l.Value.Null() || r.Value.Null() {
		return x
	}
	if l.T.Numeric() && r.T.Numeric() {
		if c, ok := typing.FoldNumbers(x.Op, l, r); ok {
			return c
		}
		return x
	}
	if l.T.Kind == schema.KindDuration && x.Op == plan.Add {
		l, r = r, l
	}
	return b.foldTime(x, l, r)
}

// foldTime computes a date or instant ± a duration, and durations ± each other.
func (b *binder) foldTime(x *plan.Arith, l, r *plan.Const) plan.Expr {
	at, by := l.Value.I, r.Value.I
	switch {
	case x.Op > plan.Sub || r.T.Kind != schema.KindDuration:
		return x
	case x.T.Kind == schema.KindDate:
		by /= calendar.Day
	case l.T.Kind == schema.KindDate:
		at = b.zone.Midnight(at)
	}
	if by == math.MinInt64 {
		return x
	}
	if x.Op == plan.Sub {
		by = -by
	}
	sum := at + by
	if (sum > at) != (by > 0) && by != 0 {
		return x
	}
	return plan.IntConst(x.T.Kind, sum)
}
