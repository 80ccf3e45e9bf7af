// Package typing owns the types of values and expressions: what a literal is, which type arithmetic has, which kinds
// compare, cast and have an order, what open schema infers, and arithmetic on constants. It knows no names.
package typing

import (
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// TypeOf reads a type as written.
func TypeOf(n ast.TypeName) (schema.Type, error) {
	t, err := schema.ParseType(n.Name, n.Args)
	if err == nil {
		return t, nil
	}
	return schema.Type{}, diag.New(diag.Type, n.At, "%v", err)
}

// Ordered says whether the values of a kind have an order.
func Ordered(k schema.Kind) bool { return k != schema.KindKey && k != schema.KindSet }

// Unknown is the answer of a comparison with NULL.
func Unknown() *plan.Const { return &plan.Const{T: plan.Of(schema.KindBool)} }

// Rank says which kind texts and dates turn into opposite to another: the one of the higher rank.
func Rank(k schema.Kind) int {
	switch k {
	case schema.KindKey:
		return 3
	case schema.KindTimestamp:
		return 2
	case schema.KindDate:
		return 1
	}
	return 0
}

// Wider is the number type that holds the values of both.
func Wider(a, c plan.Type) plan.Type {
	if a.Kind == schema.KindFloat || c.Kind == schema.KindFloat {
		return plan.Of(schema.KindFloat)
	}
	if a.Kind == schema.KindInt && c.Kind == schema.KindInt {
		return a
	}
	t := plan.Type{Type: schema.Type{Kind: schema.KindDecimal, Scale: max(a.Scale, c.Scale)}}
	t.Quotient = a.Quotient || c.Quotient
	return t
}

// Loose is the type to which a column of text is turned to be compared.
func Loose(t plan.Type) plan.Type {
	if t.Numeric() {
		return AnyNumber
	}
	return t
}

// IsText says whether an expression is a constant text.
func IsText(e plan.Expr) bool {
	c, ok := plan.AsConst(e)
	return ok && c.Value.Kind == schema.KindText
}

// Castable says whether a value of one kind may become one of another.
func Castable(from, to schema.Kind) bool {
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
