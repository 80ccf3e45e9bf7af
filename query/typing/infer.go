package typing

import (
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// inferredScale is the scale of a DECIMAL that open schema infers: types never change, so the first value
// must not decide how many decimals the later ones may have.
const inferredScale = 6

// Infer returns the type that open schema gives a name when this is its first value, and false for null,
// which says nothing about the type (LANGUAGE.md §5.15).
func Infer(v schema.Value) (schema.Type, bool) {
	switch v.Kind {
	case schema.KindNull, schema.KindDuration:
		return schema.Type{}, false
	case schema.KindDecimal:
		if v.Scale > inferredScale {
			return schema.Type{Kind: schema.KindFloat}, true
		}
		return schema.Type{Kind: schema.KindDecimal, Scale: inferredScale}, true
	case schema.KindText:
		return inferText(v.S), true
	}
	return schema.Type{Kind: v.Kind}, true
}

func inferText(s string) schema.Type {
	_, p, err := calendar.UTC.ParseInstant(s)
	switch {
	case err == nil && p == calendar.ToDay:
		return schema.Type{Kind: schema.KindDate}
	case err == nil && p > calendar.ToDay:
		return schema.Type{Kind: schema.KindTimestamp}
	}
	return schema.Type{Kind: schema.KindText}
}

// InferExpr is Infer for an expression that is not computed yet.
func InferExpr(e plan.Expr) (schema.Type, bool) {
	if c, ok := plan.AsConst(e); ok {
		return Infer(c.Value)
	}
	t := e.Type()
	if t.Quotient || t.Scale == plan.AnyScale {
		return schema.Type{Kind: schema.KindFloat}, true
	}
	return Infer(schema.Value{Kind: t.Kind, Scale: t.Scale})
}
