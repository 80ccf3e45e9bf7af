package typing

import (
	"math"
	"strconv"
	"strings"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// Literal binds a literal; sign is "-" before a number, so that the smallest integer can be written.
func Literal(x *ast.Literal, sign string) (plan.Expr, error) {
	switch x.Kind {
	case ast.LitNull:
		return &plan.Const{}, nil
	case ast.LitBool:
		return plan.IntConst(schema.KindBool, int64(len("FALSE")-len(x.Text))), nil
	case ast.LitInt:
		return intLiteral(x, sign)
	case ast.LitDecimal, ast.LitPercent:
		return decimalLiteral(x, sign)
	case ast.LitFloat:
		f, err := strconv.ParseFloat(sign+x.Text, 64)
		if err != nil {
			return nil, diag.New(diag.Overflow, x.At, "%s is too large for FLOAT", phrase.Short(x.Text))
		}
		return &plan.Const{Value: schema.Value{Kind: schema.KindFloat, F: f}, T: plan.Of(schema.KindFloat)}, nil
	case ast.LitDuration:
		return durationLiteral(x)
	}
	return plan.TextConst(x.Text), nil
}

func intLiteral(x *ast.Literal, sign string) (plan.Expr, error) {
	i, err := strconv.ParseInt(sign+x.Text, 10, 64)
	if err != nil {
		return nil, diag.New(diag.Overflow, x.At, "%s is too large: an INT is at most %d", phrase.Short(x.Text), int64(math.MaxInt64))
	}
	return plan.IntConst(schema.KindInt, i), nil
}

// decimalLiteral reads a number with a point or a percentage, exactly.
func decimalLiteral(x *ast.Literal, sign string) (plan.Expr, error) {
	whole, frac, _ := strings.Cut(x.Text, ".")
	scale := len(frac)
	if x.Kind == ast.LitPercent {
		scale += 2
	}
	digits := whole + frac
	for scale > schema.MaxScale && strings.HasSuffix(digits, "0") {
		digits, scale = digits[:len(digits)-1], scale-1
	}
	if scale > schema.MaxScale {
		return nil, diag.New(diag.Overflow, x.At, "%s has more than %d decimals", phrase.Short(x.Text), schema.MaxScale).
			WithHint("write it as a FLOAT, as in 1.5e0")
	}
	i, err := strconv.ParseInt(sign+digits, 10, 64)
	if err != nil {
		return nil, diag.New(diag.Overflow, x.At, "%s has too many digits for a DECIMAL, which holds 18", phrase.Short(x.Text)).
			WithHint("write it as a FLOAT, as in 1.5e20")
	}
	return decimalConst(i, uint8(scale)), nil
}

func decimalConst(i int64, scale uint8) *plan.Const {
	v := schema.Value{Kind: schema.KindDecimal, Scale: scale, I: i}
	return &plan.Const{Value: v, T: plan.Type{Type: v.Type()}}
}

// durationLiteral binds a duration of fixed length; months are bound where they stand beside a date.
func durationLiteral(x *ast.Literal) (plan.Expr, error) {
	d, err := Duration(x)
	if err != nil {
		return nil, err
	}
	if d.Months != 0 {
		return nil, diag.New(diag.Type, x.At, "%s has no fixed length: months differ", x.Text).
			WithHint("write days, such as 30d; %s can be added to a date and used in windows", x.Text)
	}
	return plan.IntConst(schema.KindDuration, d.MS), nil
}

// Duration reads a duration.
func Duration(l *ast.Literal) (calendar.Duration, error) {
	d, err := calendar.ParseDuration(l.Text)
	if err != nil {
		return d, diag.New(diag.Invalid, l.At, "%v", err)
	}
	return d, nil
}

// Positive is a duration that is not zero.
func Positive(l *ast.Literal) (calendar.Duration, error) {
	d, err := Duration(l)
	if err == nil && d.Zero() {
		return d, diag.New(diag.Invalid, l.At, "a window of %s holds nothing", l.Text).WithHint("write how long it is, such as 30d")
	}
	return d, err
}

// Months returns a duration written in months, quarters or years.
func Months(x ast.Expr) (calendar.Duration, bool) {
	l, ok := ast.Bare(x).(*ast.Literal)
	if !ok || l.Kind != ast.LitDuration {
		return calendar.Duration{}, false
	}
	d, err := calendar.ParseDuration(l.Text)
	return d, err == nil && d.Months != 0
}
