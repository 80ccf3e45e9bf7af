package bind

import (
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/names"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// starOfEvents is contact, time, event_id if the type has ids, and every property.
func (b *binder) starOfEvents(q *plan.Query) {
	ev := b.scope.Events[0]
	props := []schema.PropID{schema.PropContact, schema.PropTime}
	if ev.HasID {
		props = append(props, schema.PropEventID)
	}
	for _, p := range ev.Props {
		props = append(props, p.ID)
	}
	for _, id := range props {
		p, _ := ev.PropByID(id)
		q.Items = append(q.Items, plan.Item{Name: p.Name, X: propExpr(ev, p)})
	}
}

func propExpr(ev *schema.EventType, p schema.Property) *plan.Prop {
	return &plan.Prop{Name: p.Name, ByEvent: map[schema.EventID]schema.PropID{ev.ID: p.ID}, T: plan.Type{Type: p.Type}}
}

// behaviourInTable is the error of asking for a contact's events where the rows are events.
func (b *binder) behaviourInTable(x ast.Expr) error {
	ev := phrase.Name(b.scope.Events[0].Name)
	a, ok := x.(*ast.Aggregate)
	if ok && (a.Star || a.Sel == nil || b.isTotal(a)) {
		return b.noTotalHere(a)
	}
	if ok && a.Sel.Filter == nil && len(a.Prop) > 0 && len(a.Sel.Events) == 1 && a.Sel.Events[0].Name == b.scope.Events[0].Name && totalFns[a.Fn.Name] != 0 {
		return diag.New(diag.Invalid, x.Span(), "the rows are events of %s, whose properties have no name before them", ev).
			WithHint("write %s(%s)", a.Fn.Name, phrase.Name(ast.Dotted(a.Prop)))
	}
	what := phrase.Expr(x)
	if ok {
		what += " > 3"
	}
	return diag.New(diag.Invalid, x.Span(), "the rows are events of %s; what else a contact did is asked by a condition over contacts", ev).
		WithHint("write contact IN (%s)", what)
}

// contactIn binds contact IN (condition) of a statement over an event. ok is false where the brackets hold
// values: what stands first in them decides by its type.
func (b *binder) contactIn(x *ast.In) (e plan.Expr, ok bool, err error) {
	n, isName := ast.Bare(x.X).(*ast.Name)
	if !isName || len(n.Parts) != 1 || n.Parts[0].Name != names.Contact || b.scope.Kind != names.OfEvent || len(x.Values) == 0 {
		return nil, false, nil
	}
	first := ast.Bare(x.Values[0])
	if _, isParam := first.(*ast.Param); isParam || phrase.IsLiteral(first) && !isTruth(first) {
		return nil, false, nil
	}
	sc := b.scope
	err = b.within(b.contact(), func() error {
		e, err = b.expr(x.Values[0])
		return err
	})
	if err == nil && e.Type().Kind != schema.KindBool {
		return nil, false, nil
	}
	if _, asProp := first.(*ast.Name); err != nil && asProp {
		return nil, false, nil // a property, or the list's own error
	}
	return b.contactCondition(x, sc, e, err)
}

func isTruth(x ast.Expr) bool { return x.(*ast.Literal).Kind == ast.LitBool }

func (b *binder) contactCondition(x *ast.In, sc scope, e plan.Expr, err error) (plan.Expr, bool, error) {
	switch {
	case err != nil:
		return nil, true, err
	case sc.group != nil:
		return nil, true, diag.New(diag.Invalid, x.At, "contact IN (condition) is asked of each event, but the statement answers groups").
			WithHint("write it after WHERE")
	case !sc.Table:
		return nil, true, diag.New(diag.Invalid, x.At, "inside […] a condition is about one event").
			WithHint("put the condition on the contact outside the brackets and join it with AND")
	case len(x.Values) > 1:
		return nil, true, diag.New(diag.Invalid, x.Values[1].Span(), "contact IN (…) holds one condition, or ids of contacts").
			WithHint("join conditions with AND or OR: contact IN (a AND b)")
	}
	return negated(x.Not, &plan.IsTrue{X: e}), true, nil
}
