package plan

import "github.com/musterdb/muster/storage/schema"

// IntConst returns a constant of a kind whose values are integers.
func IntConst(kind schema.Kind, i int64) *Const {
	return &Const{Value: schema.Value{Kind: kind, I: i}, T: Of(kind)}
}

// TextConst returns a constant text.
func TextConst(s string) *Const {
	return &Const{Value: schema.Value{Kind: schema.KindText, S: s}, T: Of(schema.KindText)}
}

// AsConst returns the constant that an expression is.
func AsConst(e Expr) (*Const, bool) {
	c, ok := e.(*Const)
	return c, ok
}

// Nothing says whether an expression is the null that has no type.
func Nothing(e Expr) bool { return e.Type().Kind == schema.KindNull }
