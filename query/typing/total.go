package typing

import (
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// Total returns a total's type.
func Total(x *ast.Aggregate, arg ast.Expr, t plan.Total) (plan.Type, error) {
	of := t.X.Type()
	if of.Kind == schema.KindNull {
		return of, diag.New(diag.Type, arg.Span(), "NULL has no type, so there is no %s of it", x.Fn.Name).WithHint("leave it out")
	}
	ok := true
	switch t.Fn {
	case plan.TotalCount:
		return plan.Of(schema.KindInt), nil
	case plan.TotalDistinct:
		if ok = of.Kind != schema.KindSet; ok {
			return plan.Of(schema.KindInt), nil
		}
	case plan.TotalSum, plan.TotalAvg:
		ok = of.Numeric() || of.Kind == schema.KindDuration
	case plan.TotalMin, plan.TotalMax:
		ok = Ordered(of.Kind)
	}
	switch {
	case !ok:
		return of, noTotal(x, arg, of)
	case t.Fn == plan.TotalAvg && (of.Kind == schema.KindInt || of.Kind == schema.KindDecimal):
		return Quotient(Decimals(of) + QuotientDecimals), nil
	case t.Fn == plan.TotalSum:
		of.Quotient = false
	}
	return of, nil
}

// Totalled returns what a total is of. Sums and averages take a quotient as it is shown, rounded to its
// decimals: exact sums of fractions would soon need more digits than there are.
func Totalled(t plan.Total) plan.Expr {
	of := t.X.Type()
	if !of.Quotient || t.Fn != plan.TotalSum && t.Fn != plan.TotalAvg {
		return t.X
	}
	of.Quotient = false
	return &plan.Call{Fn: plan.FnRound, Args: []plan.Expr{t.X, plan.IntConst(schema.KindInt, int64(of.Scale))}, T: of}
}

func noTotal(x *ast.Aggregate, arg ast.Expr, of plan.Type) error {
	what := phrase.Expr(arg)
	name := x.Fn.Name
	if x.Distinct {
		name = "count(DISTINCT …)"
	}
	e := diag.New(diag.Type, x.At, "there is no %s of %s, which is %s", name, what, phrase.Type(of))
	switch of.Kind {
	case schema.KindBool:
		return e.WithHint("to count the rows for which it is true write sum(CASE WHEN %s THEN 1 ELSE 0 END), or count(*) with WHERE %[1]s", what)
	case schema.KindText, schema.KindKey:
		return e.WithHint("write count(DISTINCT %s) for how many different ones there are", what)
	case schema.KindSet:
		return e.WithHint("write %s(size(%s)) for how many values they have, or sum(CASE WHEN %[2]s HAS 'a' THEN 1 ELSE 0 END)", sizeTotal(x), what)
	case schema.KindDate, schema.KindTimestamp:
		return e.WithHint("write min(%s), max(%[1]s) or avg(now() - %[1]s)", what)
	}
	return e
}

func sizeTotal(x *ast.Aggregate) string {
	if x.Distinct || x.Fn.Name == "distinct" {
		return "sum"
	}
	return x.Fn.Name
}
