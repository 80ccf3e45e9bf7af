package bind

import (
	"math"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// quotientDecimals is how many decimals a quotient prints beyond those of its operands.
const quotientDecimals = 6

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
	if isTime(l.e) && isText(r.e) && x.Op == ast.OpSub {
		err = b.adapt(&r, l.e.Type())
	} else if isTime(r.e) && isText(l.e) && x.Op == ast.OpSub {
		err = b.adapt(&l, r.e.Type())
	}
	if err != nil {
		return nil, err
	}
	b.number(&l)
	b.number(&r)
	t, ok := arithType(arithOp(x.Op), l.e, r.e)
	if !ok {
		return nil, noArith(x, l, r)
	}
	out := &plan.Arith{Op: arithOp(x.Op), X: l.e, Y: r.e, T: t}
	return b.fold(out), nil
}

func isTime(e plan.Expr) bool {
	k := e.Type().Kind
	return k == schema.KindDate || k == schema.KindTimestamp
}

// months binds a date ± months. ok is false if the expression is something else.
func (b *binder) months(x *ast.Binary) (e plan.Expr, ok bool, err error) {
	when, length := x.X, x.Y
	d, ok := monthLiteral(length)
	if !ok && x.Op == ast.OpAdd {
		when = x.Y
		d, ok = monthLiteral(x.X)
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
	if isText(o.e) {
		err = b.adapt(&o, plan.Of(schema.KindTimestamp))
	}
	if err != nil || !isTime(o.e) {
		if err == nil {
			err = diag.New(diag.Type, x.Span(), "months are added to dates; %s", o.describe())
		}
		return nil, true, err
	}
	if c, ok := plan.AsConst(o.e); ok {
		if c.T.Kind == schema.KindDate {
			return plan.IntConst(schema.KindDate, calendar.AddMonthsToDay(c.Value.I, d.Months)), true, nil
		}
		return plan.IntConst(schema.KindTimestamp, b.zone.AddMonths(c.Value.I, d.Months)), true, nil
	}
	return &plan.AddCalendar{X: o.e, Months: d.Months, T: o.e.Type()}, true, nil
}

// monthLiteral returns a duration written in months, quarters or years.
func monthLiteral(x ast.Expr) (calendar.Duration, bool) {
	l, ok := ast.Bare(x).(*ast.Literal)
	if !ok || l.Kind != ast.LitDuration {
		return calendar.Duration{}, false
	}
	d, err := calendar.ParseDuration(l.Text)
	return d, err == nil && d.Months != 0
}

// arithType returns the type of x op y; ok is false if there is no such arithmetic.
func arithType(op plan.ArithOp, x, y plan.Expr) (t plan.Type, ok bool) {
	a, c := x.Type(), y.Type()
	switch {
	case a.Kind == schema.KindNull && (c.Numeric() || c.Kind == schema.KindNull):
		return numberType(op, plan.Of(schema.KindInt), c), true
	case c.Kind == schema.KindNull && a.Numeric():
		return numberType(op, a, plan.Of(schema.KindInt)), true
	case a.Numeric() && c.Numeric():
		return numberType(op, a, c), true
	case isTime(x) && a.Kind == c.Kind && op == plan.Sub, isTime(x) && isTime(y) && op == plan.Sub:
		return plan.Of(schema.KindDuration), true
	case isTime(x) && c.Kind == schema.KindDuration && op <= plan.Sub:
		return shifted(x, y), true
	case a.Kind == schema.KindDuration && isTime(y) && op == plan.Add:
		return shifted(y, x), true
	}
	return durationType(op, a, c)
}

func durationType(op plan.ArithOp, a, c plan.Type) (plan.Type, bool) {
	d := plan.Of(schema.KindDuration)
	switch left, right := a.Kind == schema.KindDuration, c.Kind == schema.KindDuration; {
	case left && right && op <= plan.Sub,
		left && c.Numeric() && (op == plan.Mul || op == plan.Div),
		a.Numeric() && right && op == plan.Mul:
		return d, true
	case left && right && op == plan.Div:
		return quotient(quotientDecimals), true
	}
	return d, false
}

// shifted is the type of a date moved by a duration: a DATE stays one under whole days.
func shifted(when, by plan.Expr) plan.Type {
	c, ok := plan.AsConst(by)
	if when.Type().Kind == schema.KindDate && ok && c.Value.I%calendar.Day == 0 {
		return when.Type()
	}
	return plan.Of(schema.KindTimestamp)
}

func quotient(scale int) plan.Type {
	return plan.Type{Type: schema.Type{Kind: schema.KindDecimal, Scale: uint8(min(scale, schema.MaxScale))}, Quotient: true}
}

// numberType is the type of arithmetic on numbers; a scale that is not known stays so.
func numberType(op plan.ArithOp, a, c plan.Type) plan.Type {
	if a.Kind == schema.KindFloat || c.Kind == schema.KindFloat {
		return plan.Of(schema.KindFloat)
	}
	scale := int(max(a.Scale, c.Scale))
	if scale == plan.AnyScale {
		t := anyNumber
		t.Quotient = a.Quotient || c.Quotient || op == plan.Div
		return t
	}
	switch op {
	case plan.Div:
		return quotient(scale + quotientDecimals)
	case plan.Mul:
		scale = int(a.Scale) + int(c.Scale)
	}
	if a.Quotient || c.Quotient {
		return quotient(scale)
	}
	if a.Kind == schema.KindInt && c.Kind == schema.KindInt {
		return a
	}
	return plan.Type{Type: schema.Type{Kind: schema.KindDecimal, Scale: uint8(min(scale, schema.MaxScale))}}
}

// anyNumber is a number out of a column of text.
var anyNumber = plan.Type{Type: schema.Type{Kind: schema.KindDecimal, Scale: plan.AnyScale}}

// fold computes arithmetic on constants.
func (b *binder) fold(x *plan.Arith) plan.Expr {
	l, ok := plan.AsConst(x.X)
	r, ok2 := plan.AsConst(x.Y)
	if !ok || !ok2 || l.Value.Null() || r.Value.Null() {
		return x
	}
	if l.T.Numeric() && r.T.Numeric() {
		if c, ok := foldNumbers(x.Op, l, r); ok {
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

// isDuration says whether a constant text reads as a duration.
func isDuration(e plan.Expr) bool {
	c, ok := plan.AsConst(e)
	if !ok || c.Value.Kind != schema.KindText {
		return false
	}
	_, err := calendar.ParseDuration(c.Value.S)
	return err == nil
}

func noArith(x *ast.Binary, l, r operand) error {
	e := diag.New(diag.Type, x.Span(), "there is no %s between these: %s, %s", x.Op, l.describe(), r.describe())
	a, c := l.e.Type(), r.e.Type()
	switch {
	case (isTime(l.e) || a.Kind == schema.KindDuration) && c.Numeric() && phrase.IsLiteral(r.x):
		return e.WithHint("a length of time has a unit: write %sd for days", phrase.Expr(r.x))
	case isTime(l.e) && isDuration(r.e):
		return e.WithHint("a length of time has no quotes: write %s %s %s", phrase.Expr(l.x), x.Op, r.e.(*plan.Const).Value.S)
	case a.Kind == schema.KindSet || c.Kind == schema.KindSet:
		return e.WithHint("values of a set are tested with HAS; UPSERT adds and removes them: tags = tags + 'vip'")
	case a.Kind == schema.KindText && c.Kind == schema.KindText:
		return e.WithHint("texts cannot be joined; if they hold numbers, write TRY_CAST(%s AS DECIMAL(2))", phrase.Expr(l.x))
	case a.Kind == schema.KindText:
		return e.WithHint("if it holds numbers, write TRY_CAST(%s AS DECIMAL(2))", phrase.Expr(l.x))
	case c.Kind == schema.KindText:
		return e.WithHint("if it holds numbers, write TRY_CAST(%s AS DECIMAL(2))", phrase.Expr(r.x))
	}
	return e
}
