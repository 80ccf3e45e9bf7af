package bind

import (
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/typing"
	"github.com/musterdb/muster/storage/schema"
)

// operand is a bound expression with what was written, for messages.
type operand = typing.Operand

func (b *binder) operand(x ast.Expr) (operand, error) {
	e, err := b.expr(x)
	return operand{X: x, E: e}, err
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
func (b *binder) expr(x ast.Expr) (e plan.Expr, err error) {
	b.steps++
	if b.depth++; b.depth > maxDepth {
		return nil, diag.New(diag.Limit, x.Span(), "the statement is nested too deeply")
	}
	defer func() {
		if b.depth--; b.sources != nil && err == nil {
			b.sources[e] = x
		}
	}()
	if b.scope.group != nil {
		if e, ok, err := b.groupTerm(x); ok || err != nil {
			return e, err
		}
	}
	switch x := x.(type) {
	case *ast.Literal:
		return typing.Literal(x, "")
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
	if b.scope.Needs != nil || len(b.refs.path) > 0 {
		return nil, diag.New(diag.Invalid, x.At, "the condition of a segment is stored, and $%s would have no value later", phrase.Short(x.Name)).
			WithHint("write the value itself")
	}
	if !ok {
		return nil, diag.New(diag.Name, x.At, "there is no value for the parameter $%s", phrase.Short(x.Name)).
			WithHint("send it with the statement")
	}
	return &plan.Const{Value: v, T: plan.Type{Type: v.Type()}}, nil
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
		return typing.Literal(l, "-")
	}
	o, err := b.operand(x.X)
	if err != nil {
		return nil, err
	}
	b.number(&o)
	t := o.E.Type()
	if !t.Numeric() && t.Kind != schema.KindDuration && t.Kind != schema.KindNull {
		return nil, diag.New(diag.Type, x.Span(), "- takes a number; %s", o.Describe())
	}
	if c, ok := plan.AsConst(o.E); ok {
		return typing.Negated(c), nil
	}
	return &plan.Neg{X: o.E, T: t}, nil
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
		out.Whens[i].Then = values[i].E
	}
	out.Else = &plan.Const{}
	if x.Else != nil {
		out.Else = values[len(values)-1].E
	}
	return out, nil
}

func (b *binder) tryCast(x *ast.TryCast) (plan.Expr, error) {
	o, err := b.operand(x.X)
	if err != nil {
		return nil, err
	}
	t, err := typing.TypeOf(x.Type)
	if err != nil {
		return nil, err
	}
	from := o.E.Type().Kind
	if !typing.Castable(from, t.Kind) {
		return nil, diag.New(diag.Type, x.At, "TRY_CAST cannot make %s of %s", t, phrase.Type(o.E.Type()))
	}
	return &plan.Cast{X: o.E, T: plan.Type{Type: t}}, nil
}
