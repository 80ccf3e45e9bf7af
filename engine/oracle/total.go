package oracle

import (
	"math/big"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/schema"
)

// total is an aggregate over the rows of a group: count(*), sum(ltv), sum(sum(purchase.amount)). It stands
// only in a grouped statement's list, HAVING and ORDER BY, and there not within another total.
func (c *compiler) total(a *ast.Aggregate, fn string, sc scope) (node, error) {
	switch {
	case sc.g == nil:
		return node{}, diag.New(diag.Invalid, a.At, "a total stands only in a select list, HAVING or ORDER BY")
	case a.Window != nil || len(a.Pick) > 0:
		return node{}, diag.New(diag.Invalid, a.At, "a total has neither window nor property")
	case a.Distinct && fn != "count":
		return node{}, diag.New(diag.Invalid, a.At, "only count takes DISTINCT")
	case a.Star && fn != "count":
		return node{}, diag.New(diag.Invalid, a.At, "only count takes *")
	case a.Star:
		return node{t: typ{kind: kInt}, ev: func(en *env) val { return integer(int64(len(en.group))) }}, nil
	}
	x, err := c.argument(a, sc.g.row)
	if err != nil {
		return node{}, err
	}
	if fn == "count" && a.Distinct {
		fn = "distinct"
	}
	switch {
	case x.t.kind == kNull:
		return node{}, diag.New(diag.Type, a.At, "NULL has no type, so no total")
	case fn == "distinct" && x.t.kind == kSet:
		return node{}, diag.New(diag.Type, a.At, "sets are not counted apart")
	case x.t.exact && (fn == "sum" || fn == "avg"):
		return c.quotients(a, fn, asShown(x))
	}
	var t typ
	var f func(*env, []val) val
	switch fn {
	case "count":
		t, f = typ{kind: kInt}, func(_ *env, vs []val) val { return integer(int64(len(vs))) }
	case "sum", "avg", "min", "max", "distinct":
		if t, f, err = c.summary(fn, x.t, a.At); err != nil {
			return node{}, err
		}
	default:
		return node{}, diag.New(diag.Invalid, a.At, "%s takes events", fn)
	}
	return node{t: t, ev: func(en *env) val { return f(en, knownOf(en, x)) }}, nil
}

// argument compiles what is totalled: an expression, or a name, of one row.
func (c *compiler) argument(a *ast.Aggregate, row scope) (node, error) {
	if a.Arg != nil {
		return c.expr(a.Arg, row)
	}
	if a.Sel.Any || a.Sel.Filter != nil || len(a.Sel.Events) != 1 {
		return node{}, diag.New(diag.Invalid, a.At, "a total over an event takes its properties")
	}
	return c.name(&ast.Name{Parts: append(a.Sel.Events[:1:1], a.Prop...)}, row)
}

// quotients is the sum or avg of quotients: of what is shown of them, and shown with as many decimals.
func (c *compiler) quotients(a *ast.Aggregate, fn string, x node) (node, error) {
	t, f, err := c.summary(fn, x.t, a.At)
	t.scale = x.t.scale
	return node{t: t, ev: func(en *env) val { return f(en, knownOf(en, x)) }}, err
}

// asShown rounds a quotient to its decimals, halves away from zero: sums add what is shown.
func asShown(x node) node {
	t := typ{kind: x.t.kind, scale: min(x.t.scale, schema.MaxScale)}
	return mapped(x, t, func(_ *env, v val) val {
		r, _ := new(big.Rat).SetString(v.r.FloatString(t.scale))
		return number(r)
	})
}

func knownOf(en *env, x node) []val {
	var out []val
	for _, row := range en.group {
		inner := *row
		if v := x.ev(&inner); v.ok {
			out = append(out, v)
		}
		if inner.err != nil {
			en.fail(inner.err)
		}
	}
	return out
}
