package bind

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// operand is a bound expression with what was written, for messages.
type operand struct {
	e plan.Expr
	x ast.Expr
}

func (o operand) describe() string { return phrase.Typed(o.x, o.e.Type()) }

func (b *binder) operand(x ast.Expr) (operand, error) {
	e, err := b.expr(x)
	return operand{e, x}, err
}

func (b *binder) operands(xs []ast.Expr) ([]operand, error) {
	out := make([]operand, len(xs))
	for i, x := range xs {
		var err error
		if out[i], err = b.operand(x); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// sides binds what stands on both sides of an operator.
func (b *binder) sides(x *ast.Binary) (l, r operand, err error) {
	if l, err = b.operand(x.X); err != nil {
		return l, r, err
	}
	r, err = b.operand(x.Y)
	return l, r, err
}

// expr binds a condition or a value.
func (b *binder) expr(x ast.Expr) (plan.Expr, error) {
	b.steps++
	if b.depth++; b.depth > maxDepth {
		return nil, diag.New(diag.Limit, x.Span(), "the statement is nested too deeply")
	}
	defer func() { b.depth-- }()
	if b.scope.group != nil {
		if e, ok, err := b.groupTerm(x); ok || err != nil {
			return e, err
		}
	}
	switch x := x.(type) {
	case *ast.Literal:
		return literal(x, "")
	case *ast.Param:
		return b.param(x)
	case *ast.Name:
		return b.name(x)
	case *ast.Paren:
		return b.expr(x.X)
	case *ast.Unary:
		return b.unary(x)
	case *ast.Binary:
		return b.binary(x)
	case *ast.Call:
		return b.call(x)
	case *ast.Case:
		return b.caseOf(x)
	case *ast.TryCast:
		return b.tryCast(x)
	case *ast.InSegment:
		return b.inSegment(x)
	case *ast.Aggregate, *ast.Did, *ast.Nth, *ast.KnownFor:
		return b.behaviour(x)
	}
	return b.test(x)
}

// test binds the comparisons that are no Binary.
func (b *binder) test(x ast.Expr) (plan.Expr, error) {
	switch x := x.(type) {
	case *ast.Between:
		return b.betweenValues(x)
	case *ast.In:
		return b.in(x)
	case *ast.IsNull:
		e, err := b.expr(x.X)
		if err != nil {
			return nil, err
		}
		return negated(x.Not, &plan.IsNull{X: e}), nil
	case *ast.IsDistinct:
		return b.isDistinct(x)
	case *ast.Has:
		return b.has(x)
	case *ast.SubsetOf:
		return b.subsetOf(x)
	case *ast.InWindow:
		return b.inWindow(x)
	}
	return nil, diag.New(diag.Internal, x.Span(), "the binder does not know %T", x)
}

func (b *binder) param(x *ast.Param) (plan.Expr, error) {
	v, ok := b.params[x.Name]
	if b.needs != nil || len(b.refs.path) > 0 {
		return nil, diag.New(diag.Invalid, x.At, "the condition of a segment is stored, and $%s would have no value later", phrase.Short(x.Name)).
			WithHint("write the value itself")
	}
	if !ok {
		return nil, diag.New(diag.Name, x.At, "there is no value for the parameter $%s", phrase.Short(x.Name)).
			WithHint("send it with the statement")
	}
	return &plan.Const{Value: v, T: plan.Type{Type: v.Type()}}, nil
}

// literal binds a literal; sign is "-" before a number, so that the smallest integer can be written.
func literal(x *ast.Literal, sign string) (plan.Expr, error) {
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
	d, err := (*binder)(nil).duration(x)
	if err != nil {
		return nil, err
	}
	if d.Months != 0 {
		return nil, diag.New(diag.Type, x.At, "%s has no fixed length: months differ", x.Text).
			WithHint("write days, such as 30d; %s can be added to a date and used in windows", x.Text)
	}
	return plan.IntConst(schema.KindDuration, d.MS), nil
}

func (b *binder) unary(x *ast.Unary) (plan.Expr, error) {
	if x.Op == ast.OpNot {
		e, err := b.condition(x.X)
		if err != nil {
			return nil, err
		}
		return &plan.Not{X: e}, nil
	}
	if l, ok := x.X.(*ast.Literal); ok && l.Kind >= ast.LitInt && l.Kind <= ast.LitFloat || ok && l.Kind == ast.LitPercent {
		return literal(l, "-")
	}
	o, err := b.operand(x.X)
	if err != nil {
		return nil, err
	}
	b.number(&o)
	t := o.e.Type()
	if !t.Numeric() && t.Kind != schema.KindDuration && t.Kind != schema.KindNull {
		return nil, diag.New(diag.Type, x.Span(), "- takes a number; %s", o.describe())
	}
	if c, ok := plan.AsConst(o.e); ok {
		return negatedConst(c), nil
	}
	return &plan.Neg{X: o.e, T: t}, nil
}

func negatedConst(c *plan.Const) plan.Expr {
	v := c.Value
	if v.I == math.MinInt64 {
		return &plan.Neg{X: c, T: c.T}
	}
	v.I, v.F = -v.I, -v.F
	return &plan.Const{Value: v, T: c.T}
}

func (b *binder) binary(x *ast.Binary) (plan.Expr, error) {
	switch {
	case x.Op <= ast.OpAnd:
		return b.chain(x)
	case x.Op <= ast.OpGe:
		return b.compare(x)
	case x.Op <= ast.OpContains:
		return b.match(x)
	}
	return b.arith(x)
}

// chain binds a AND b AND …, which leans to the left, as one node.
func (b *binder) chain(x *ast.Binary) (plan.Expr, error) {
	terms := []ast.Expr{x.Y}
	left := x.X
	for {
		l, ok := left.(*ast.Binary)
		if !ok || l.Op != x.Op {
			break
		}
		terms, left = append(terms, l.Y), l.X
	}
	terms = append(terms, left)
	out := make([]plan.Expr, 0, len(terms))
	for i := len(terms) - 1; i >= 0; i-- {
		e, err := b.condition(terms[i])
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	if x.Op == ast.OpAnd {
		return &plan.And{Terms: out}, nil
	}
	return &plan.Or{Terms: out}, nil
}

// caseOf binds CASE; its values are brought to one type.
func (b *binder) caseOf(x *ast.Case) (plan.Expr, error) {
	out := &plan.Case{}
	var values []operand
	for _, w := range x.Whens {
		cond, err := b.condition(w.Cond)
		if err != nil {
			return nil, err
		}
		v, err := b.operand(w.Then)
		if err != nil {
			return nil, err
		}
		out.Whens, values = append(out.Whens, plan.When{Cond: cond}), append(values, v)
	}
	if x.Else != nil {
		v, err := b.operand(x.Else)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	var err error
	if out.T, err = b.unify(values, "the values of a CASE"); err != nil {
		return nil, err
	}
	for i := range out.Whens {
		out.Whens[i].Then = values[i].e
	}
	out.Else = &plan.Const{}
	if x.Else != nil {
		out.Else = values[len(values)-1].e
	}
	return out, nil
}

func (b *binder) tryCast(x *ast.TryCast) (plan.Expr, error) {
	o, err := b.operand(x.X)
	if err != nil {
		return nil, err
	}
	t, err := TypeOf(x.Type)
	if err != nil {
		return nil, err
	}
	from := o.e.Type().Kind
	if !castable(from, t.Kind) {
		return nil, diag.New(diag.Type, x.At, "TRY_CAST cannot make %s of %s", t, phrase.Type(o.e.Type()))
	}
	return &plan.Cast{X: o.e, T: plan.Type{Type: t}}, nil
}

// TypeOf reads a type as written.
func TypeOf(n ast.TypeName) (schema.Type, error) {
	t, err := schema.ParseType(n.Name, n.Args)
	if err == nil {
		return t, nil
	}
	return schema.Type{}, diag.New(diag.Type, n.At, "%v", err)
}

// castable says whether a value of one kind may become one of another.
func castable(from, to schema.Kind) bool {
	number := func(k schema.Kind) bool { return schema.Type{Kind: k}.Numeric() }
	switch {
	case from == schema.KindNull, from == to, from == schema.KindText && to != schema.KindSet && to != schema.KindKey:
		return true
	case to == schema.KindText:
		return from != schema.KindKey
	case number(from):
		return number(to)
	}
	return from == schema.KindDate && to == schema.KindTimestamp || from == schema.KindTimestamp && to == schema.KindDate
}

// arithmetic on constants, for those that fit; others are left to the evaluator, which has 128 bits.
func foldNumbers(op plan.ArithOp, x, y *plan.Const) (*plan.Const, bool) {
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
		return negatedConst(c)
	}
	return &plan.Neg{X: e, T: e.Type()}
}
