package bind

import (
	"strconv"
	"unicode/utf8"

	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/typing"
	"github.com/musterdb/muster/storage/schema"
)

// assigned binds the value of an assignment to a type: a constant of it, a plan.Cast that must fit, or a
// null constant.
func (b *binder) assigned(name string, t schema.Type, o operand) (plan.Expr, error) {
	c, ok := plan.AsConst(o.E)
	switch {
	case plan.Nothing(o.E):
		return &plan.Const{}, nil
	case ok:
		return b.assignedConst(name, t, o, c)
	case !assignable(b, o.E, t):
		return nil, b.noAssign(name, t, o)
	case o.E.Type().Type == t && !isFileText(b, o.E):
		return o.E, nil
	}
	return &plan.Cast{X: o.E, T: plan.Type{Type: t}, Must: true}, nil
}

// assignable says whether values of an expression's type may be stored as a type, row by row.
func assignable(b *binder, e plan.Expr, t schema.Type) bool {
	from := e.Type()
	switch {
	case isFileText(b, e), from.Kind == t.Kind, from.Numeric() && t.Numeric():
		return true
	case t.Kind == schema.KindText, t.Kind == schema.KindKey:
		return from.Kind == schema.KindInt || from.Kind == schema.KindText || from.Kind == schema.KindDecimal
	case from.Kind == schema.KindText:
		return true // a text column of a typed file may well hold dates and numbers
	}
	return from.Kind == schema.KindDate && t.Kind == schema.KindTimestamp
}

func (b *binder) noAssign(name string, t schema.Type, o operand) error {
	e := diag.New(diag.Type, o.X.Span(), "%s is %s; %s", phrase.Name(name), t, o.Describe())
	if typing.IsText(o.E) || phrase.IsLiteral(o.X) {
		return e.WithHint("write %s = %s", phrase.Name(name), typing.Example(t))
	}
	return e
}

func (b *binder) assignedConst(name string, t schema.Type, o operand, c *plan.Const) (plan.Expr, error) {
	v := c.Value
	switch {
	case c.T.Numeric() && t.Numeric():
		return b.assignedNumber(name, t, o, c)
	case v.Kind == schema.KindText && typing.Rank(t.Kind) > 0, v.Kind == schema.KindDate && t.Kind == schema.KindTimestamp:
		err := b.adapt(&o, plan.Type{Type: t})
		return o.E, err
	case v.Kind == schema.KindText && t.Kind == schema.KindSet:
		return b.setOfOne(name, o, v.S)
	case v.Kind != t.Kind:
		return nil, b.noAssign(name, t, o)
	case v.Kind == schema.KindText:
		return o.E, checkText(name, o.X.Span(), v.S)
	}
	return o.E, nil
}

func checkText(name string, at diag.Span, s string) error {
	if len(s) > schema.MaxTextBytes {
		return diag.New(diag.Limit, at, "the text of %s is %d bytes long; a TEXT has at most %d", phrase.Name(name), len(s), schema.MaxTextBytes)
	}
	if !utf8.ValidString(s) {
		return diag.New(diag.Invalid, at, "the text of %s is not valid UTF-8", phrase.Name(name))
	}
	return nil
}

func (b *binder) setOfOne(name string, o operand, s string) (plan.Expr, error) {
	if len(s) > schema.MaxSetValueBytes || !utf8.ValidString(s) {
		return nil, diag.New(diag.Limit, o.X.Span(), "a value of the set %s is UTF-8 of at most %d bytes", phrase.Name(name), schema.MaxSetValueBytes)
	}
	return &plan.Const{Value: schema.Value{Kind: schema.KindSet, Set: []string{s}}, T: plan.Of(schema.KindSet)}, nil
}

// assignedNumber brings a constant number to a type without rounding.
func (b *binder) assignedNumber(name string, t schema.Type, o operand, c *plan.Const) (plan.Expr, error) {
	switch {
	case c.T.Type == t:
		return c, nil
	case t.Kind == schema.KindFloat:
		f, _ := strconv.ParseFloat(decimalText(c.Value), 64)
		return &plan.Const{Value: schema.Value{Kind: t.Kind, F: f}, T: plan.Type{Type: t}}, nil
	case c.T.Kind == schema.KindFloat:
		return &plan.Cast{X: c, T: plan.Type{Type: t}, Must: true}, nil
	}
	i, scale := c.Value.I, c.Value.Scale
	for ; scale > t.Scale && i%10 == 0; scale-- {
		i /= 10
	}
	if scale > t.Scale {
		return nil, diag.New(diag.Type, o.X.Span(), "%s has more decimals than %s, which is %s", phrase.Expr(o.X), phrase.Name(name), t)
	}
	for ; scale < t.Scale; scale++ {
		if i*10/10 != i {
			return nil, diag.New(diag.Overflow, o.X.Span(), "%s is too large for %s, which is %s", phrase.Expr(o.X), phrase.Name(name), t)
		}
		i *= 10
	}
	return &plan.Const{Value: schema.Value{Kind: t.Kind, Scale: t.Scale, I: i}, T: plan.Type{Type: t}}, nil
}

// decimalText returns an INT or DECIMAL as digits.
func decimalText(v schema.Value) string {
	return strconv.FormatInt(v.I, 10) + "e-" + strconv.Itoa(int(v.Scale))
}
