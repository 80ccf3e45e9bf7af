package oracle

import (
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
)

// total is an aggregate over contacts: count(*), sum(ltv), sum(sum(purchase.amount)). It stands only in a
// select list, and there not within another total.
func (c *compiler) total(a *ast.Aggregate, fn string, sc scope) (node, error) {
	switch {
	case !sc.grouped:
		return node{}, diag.New(diag.Invalid, a.At, "a total over contacts stands only in a select list")
	case a.Window != nil || len(a.Pick) > 0:
		return node{}, diag.New(diag.Invalid, a.At, "a total over contacts has neither window nor property")
	case a.Star && fn != "count":
		return node{}, diag.New(diag.Invalid, a.At, "only count takes *")
	case a.Star:
		return node{t: typ{kind: kInt}, ev: func(en *env) val { return integer(int64(len(en.group))) }}, nil
	}
	x, err := c.totalled(a)
	if err != nil {
		return node{}, err
	}
	if fn == "count" && a.Distinct {
		fn = "distinct"
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

// totalled compiles what is totalled: an expression or an attribute of one contact.
func (c *compiler) totalled(a *ast.Aggregate) (node, error) {
	if a.Arg != nil {
		return c.expr(a.Arg, scope{})
	}
	return c.attribute(joinNames(append(a.Sel.Events[:1:1], a.Prop...)), a.At, scope{})
}

func knownOf(en *env, x node) []val {
	var out []val
	for _, ct := range en.group {
		inner := &env{db: en.db, clock: en.clock, c: ct}
		if v := x.ev(inner); v.ok {
			out = append(out, v)
		}
		if inner.err != nil {
			en.fail(inner.err)
		}
	}
	return out
}

// totals says whether an expression has a total over contacts in it, which makes the statement one row.
func (c *compiler) totals(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Aggregate:
		of, _ := c.ofContacts(e)
		return of
	case *ast.Paren:
		return c.totals(e.X)
	case *ast.Unary:
		return c.totals(e.X)
	case *ast.Binary:
		return c.totals(e.X) || c.totals(e.Y)
	case *ast.Between:
		return c.anyTotals(e.X, e.Lo, e.Hi)
	case *ast.In:
		return c.totals(e.X) || c.anyTotals(e.Values...)
	case *ast.IsNull:
		return c.totals(e.X)
	case *ast.IsDistinct:
		return c.anyTotals(e.X, e.Y)
	case *ast.InWindow:
		return c.totals(e.X)
	case *ast.Call:
		return c.anyTotals(e.Args...)
	case *ast.TryCast:
		return c.totals(e.X)
	case *ast.Case:
		return c.caseTotals(e)
	}
	return false
}

func (c *compiler) anyTotals(es ...ast.Expr) bool {
	for _, e := range es {
		if c.totals(e) {
			return true
		}
	}
	return false
}

func (c *compiler) caseTotals(e *ast.Case) bool {
	for _, w := range e.Whens {
		if c.anyTotals(w.Cond, w.Then) {
			return true
		}
	}
	return e.Else != nil && c.totals(e.Else)
}
