package typing

import (
	"math"
	"math/big"

	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// QuotientDecimals is how many decimals a quotient prints beyond those of its operands.
const QuotientDecimals = 6

// IsTime says whether an expression is a DATE or a TIMESTAMP.
func IsTime(e plan.Expr) bool {
	k := e.Type().Kind
	return k == schema.KindDate || k == schema.KindTimestamp
}

// Arith returns the type of x op y; ok is false if there is no such arithmetic.
func Arith(op plan.ArithOp, x, y plan.Expr) (t plan.Type, ok bool) {
	a, c := x.Type(), y.Type()
	switch {
	case a.Kind == schema.KindNull && (c.Numeric() || c.Kind == schema.KindNull):
		return numberType(op, plan.Of(schema.KindInt), c), true
	case c.Kind == schema.KindNull && a.Numeric():
		return numberType(op, a, plan.Of(schema.KindInt)), true
	case a.Numeric() && c.Numeric():
		return numberType(op, a, c), true
	case IsTime(x) && a.Kind == c.Kind && op == plan.Sub, IsTime(x) && IsTime(y) && op == plan.Sub:
		return plan.Of(schema.KindDuration), true
	case IsTime(x) && c.Kind == schema.KindDuration && op <= plan.Sub:
		return shifted(x, y), true
	case a.Kind == schema.KindDuration && IsTime(y) && op == plan.Add:
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
		return Quotient(QuotientDecimals), true
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

// Quotient is the type of an exact quotient that shows so many decimals, at most schema.MaxScale.
func Quotient(scale int) plan.Type {
	return plan.Type{Type: schema.Type{Kind: schema.KindDecimal, Scale: uint8(min(scale, schema.MaxScale))}, Quotient: true}
}

// numberType is the type of arithmetic on numbers; a scale that is not known stays so.
func numberType(op plan.ArithOp, a, c plan.Type) plan.Type {
	if a.Kind == schema.KindFloat || c.Kind == schema.KindFloat {
		return plan.Of(schema.KindFloat)
	}
	scale := int(max(a.Scale, c.Scale))
	if scale == plan.AnyScale {
		t := AnyNumber
		t.Quotient = a.Quotient || c.Quotient || op == plan.Div
		return t
	}
	switch op {
	case plan.Div:
		return Quotient(scale + QuotientDecimals)
	case plan.Mul:
		scale = int(a.Scale) + int(c.Scale)
	}
	if a.Quotient || c.Quotient {
		return Quotient(scale)
	}
	if a.Kind == schema.KindInt && c.Kind == schema.KindInt {
		return a
	}
	return plan.Type{Type: schema.Type{Kind: schema.KindDecimal, Scale: uint8(min(scale, schema.MaxScale))}}
}

// AnyNumber is a number out of a column of text.
var AnyNumber = plan.Type{Type: schema.Type{Kind: schema.KindDecimal, Scale: plan.AnyScale}}

// FoldNumbers computes arithmetic on constants, for those that fit; others are left to the evaluator, which
// has 128 bits.
func FoldNumbers(op plan.ArithOp, x, y *plan.Const) (*plan.Const, bool) {
	if x.Value.Kind == schema.KindFloat || y.Value.Kind == schema.KindFloat || op == plan.Div {
		return nil, false
	}
	a, c, scale := big.NewInt(x.Value.I), big.NewInt(y.Value.I), x.Value.Scale+y.Value.Scale
	if op == plan.Mul {
		a.Mul(a, c)
	} else {
		scale = max(x.Value.Scale, y.Value.Scale)
		a.Mul(a, pow10(scale-x.Value.Scale))
		c.Mul(c, pow10(scale-y.Value.Scale))
		if op == plan.Sub {
			c.Neg(c)
		}
		a.Add(a, c)
	}
	switch {
	case !a.IsInt64() || scale > schema.MaxScale:
		return nil, false
	case x.Value.Kind == schema.KindInt && y.Value.Kind == schema.KindInt:
		return plan.IntConst(schema.KindInt, a.Int64()), true
	}
	return decimalConst(a.Int64(), scale), true
}

func pow10(n uint8) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// Negation returns what is subtracted by adding.
func Negation(e plan.Expr) plan.Expr {
	if c, ok := plan.AsConst(e); ok && c.T.Numeric() {
		return Negated(c)
	}
	return &plan.Neg{X: e, T: e.Type()}
}

// Decimals is how many decimals a number shows; of a quotient those that averages add are there already.
func Decimals(t plan.Type) int {
	if t.Quotient {
		return int(t.Scale) - QuotientDecimals
	}
	return int(t.Scale)
}

// Negated returns a constant number or duration with the other sign.
func Negated(c *plan.Const) plan.Expr {
	v := c.Value
	if v.I == math.MinInt64 {
		return &plan.Neg{X: c, T: c.T}
	}
	v.I, v.F = -v.I, -v.F
	return &plan.Const{Value: v, T: c.T}
}
