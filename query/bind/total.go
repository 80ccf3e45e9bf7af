package bind

import (
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/names"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/print"
	"github.com/musterdb/muster/query/typing"
	"github.com/musterdb/muster/storage/schema"
)

var totalFns = map[string]plan.TotalFn{
	"count": plan.TotalCount, "distinct": plan.TotalDistinct, "sum": plan.TotalSum, "avg": plan.TotalAvg, "min": plan.TotalMin, "max": plan.TotalMax,
}

// isTotal says whether an aggregate is over rows, contacts or the events of a table, and not over one
// contact's events: count(*), a total of an expression, or of a name of the row.
func (b *binder) isTotal(x *ast.Aggregate) bool {
	if x.Star || x.Sel == nil {
		return true
	}
	fn, ok := aggFns[x.Fn.Name]
	if x.Distinct {
		fn = plan.AggDistinct
	}
	name, simple := attributeName(x)
	if !ok || !simple || len(x.Pick) > 0 || !ofProperty(fn) && fn != plan.AggCount {
		return false
	}
	if b.scope.Table {
		return b.totalInTable(x)
	}
	_, isEvent := b.sch.Event(x.Sel.Events[0].Name)
	_, isAttr := b.sch.Attr(name)
	if fn == plan.AggCount {
		return isAttr && (!isEvent || len(x.Prop) > 0 && !b.eventHas(x)) || !isAttr && !isEvent && len(x.Prop) == 0 && b.mistyped(name)
	}
	if len(x.Prop) > 0 {
		return isAttr && !b.eventHas(x)
	}
	return isAttr || !isEvent // what is neither is sooner a mistyped attribute
}

// mistyped says whether what is neither an event nor an attribute is nearly the latter.
func (b *binder) mistyped(name string) bool {
	_, event := diag.Suggest(name, names.Events(b.sch))
	_, attr := diag.Suggest(name, names.Attributes(b.sch))
	return attr && !event
}

// totalInTable says whether sum(a), sum(a.b) in a statement over an event is of a column; what is none is
// sooner a mistyped column than another event, which cannot be asked there.
func (b *binder) totalInTable(x *ast.Aggregate) bool {
	name, _ := attributeName(x)
	if _, ok := names.FindProp(b.scope.Events[0], name); ok || len(x.Prop) == 0 || x.Sel.Events[0].Name == names.Contact {
		_, isEvent := b.sch.Event(x.Sel.Events[0].Name)
		return ok || !isEvent
	}
	return false
}

// total binds an aggregate over the rows of a group.
func (b *binder) total(x *ast.Aggregate) (plan.Expr, error) {
	if err := totalShape(x); err != nil {
		return nil, err
	}
	if x.Star {
		return b.addTotal(plan.Total{Fn: plan.TotalRows, T: plan.Of(schema.KindInt)}), nil
	}
	sc := b.scope.group.row
	sc.total = x
	arg := totalArgument(x)
	t := plan.Total{Fn: totalFns[x.Fn.Name]}
	err := b.within(sc, func() (err error) {
		t.X, err = b.expr(arg)
		return err
	})
	if err != nil {
		return nil, err
	}
	if x.Distinct {
		t.Fn = plan.TotalDistinct
	}
	if t.T, err = typing.Total(x, arg, t); err != nil {
		return nil, err
	}
	t.X = typing.Totalled(t)
	return b.addTotal(t), nil
}

// addTotal returns the reference to a total, which is computed once however often it is written.
func (b *binder) addTotal(t plan.Total) plan.Expr {
	g := b.scope.group
	key := string(rune('0' + t.Fn))
	if t.X != nil {
		key += plan.String(t.X)
	}
	i, ok := g.totals[key]
	if !ok {
		i = len(g.q.Totals)
		g.totals[key], g.q.Totals = i, append(g.q.Totals, t)
	}
	return &plan.TotalRef{Index: i, T: t.T}
}

// totalShape checks what stands in the brackets and after them.
func totalShape(x *ast.Aggregate) error {
	name := x.Fn.Name
	_, ok := totalFns[name]
	switch {
	case x.Star && name != "count":
		return diag.New(diag.Invalid, x.At, "%s(*) is nothing; only rows can be counted", name).WithHint("write count(*)")
	case !ok:
		return diag.New(diag.Invalid, x.At, "%s(…) takes events of one contact", name).
			WithHint("the totals over rows are count, count(DISTINCT …), sum, avg, min and max")
	case x.Distinct && name != "count" && name != "distinct":
		return diag.New(diag.Invalid, x.At, "DISTINCT counts different values; there is no %s(DISTINCT …)", name).
			WithHint("write count(DISTINCT %s)", phrase.Expr(totalArgument(x)))
	case len(x.Options) > 0:
		return diag.New(diag.Invalid, x.Options[0].Span(), "%s takes one argument", name).WithHint("write %s(%s)", name, phrase.Expr(totalArgument(x)))
	case len(x.Pick) > 0:
		return diag.New(diag.Invalid, x.At, "%s(…) is a value and has no properties", name)
	case x.Window != nil:
		return diag.New(diag.Invalid, x.Window.At, "a window chooses events of one contact, and this is a total over rows").
			WithHint("put the window into the inner aggregate, as in sum(sum(purchase.amount WITHIN 30d)), or write WHERE")
	}
	return nil
}

// totalArgument is what a total is of: an expression, or the name that was read as a selector.
func totalArgument(x *ast.Aggregate) ast.Expr {
	if x.Sel == nil {
		return x.Arg
	}
	return &ast.Name{Parts: append([]ast.Ident{x.Sel.Events[0]}, x.Prop...)}
}

// behaviourInGroup binds what asks for events where a group is asked: a total, or an error.
func (b *binder) behaviourInGroup(x ast.Expr) (plan.Expr, error) {
	a, isAggregate := x.(*ast.Aggregate)
	if isAggregate && b.isTotal(a) {
		return b.total(a)
	}
	e, err := b.inRow(x)
	if err != nil {
		return nil, err
	}
	what := phrase.Expr(x)
	if isAggregate {
		return nil, diag.New(diag.Invalid, x.Span(), "%s is one value of each contact; in a grouped statement it needs a total round it", what).
			WithHint("write %s, or add it to GROUP BY", nested(a, e.Type()))
	}
	return nil, diag.New(diag.Invalid, x.Span(), "%s is asked of each contact, but the statement answers groups", what).
		WithHint("write sum(CASE WHEN %s THEN 1 ELSE 0 END) for how many contacts there are, or add (%[1]s) to GROUP BY", what)
}

// nested is an event aggregate with the total round it that is most often meant.
func nested(x *ast.Aggregate, t plan.Type) string {
	inner := phrase.Short(print.Expr(x))
	switch fn := aggFns[x.Fn.Name]; {
	case fn == plan.AggMin, fn == plan.AggMax, fn == plan.AggAvg:
		return x.Fn.Name + "(" + inner + ")"
	case fn == plan.AggRecency:
		return "avg(" + inner + ")"
	case !t.Numeric():
		return "count(DISTINCT " + inner + ")"
	}
	return "sum(" + inner + ")"
}
