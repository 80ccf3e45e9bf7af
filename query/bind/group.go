package bind

import (
	"errors"
	"maps"
	"reflect"
	"slices"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// grouping is what a grouped statement knows while its list, HAVING and ORDER BY are bound: there a name
// means a term of GROUP BY, an aggregate a total over the rows of the group.
type grouping struct {
	q        *plan.Query
	row      scope // of the rows that are grouped
	terms    []groupTerm
	totals   map[string]int // by plan text, the index in q.Totals
	aliases  map[string]int // of the list, the index in q.Items; nil while the list itself is bound
	compared int            // the work of finding terms: nodes bound and bytes of plans
}

// groupTerm is one term of GROUP BY.
type groupTerm struct {
	X    ast.Expr // without brackets
	text string   // of the plan
	ref  *plan.GroupRef
}

// maxCompared bounds the work of comparing expressions, and what stands in them, with the terms of GROUP BY.
const maxCompared = schema.MaxStatementBytes

// grouped says whether a statement answers groups instead of rows.
func (b *binder) grouped(s *ast.Select) bool {
	if len(s.Group) > 0 || s.Having != nil {
		return true
	}
	for _, i := range s.Items {
		if !i.Star && b.hasTotal(i.X) {
			return true
		}
	}
	for _, o := range s.Order {
		if b.hasTotal(o.X) {
			return true
		}
	}
	return false
}

// hasTotal says whether a total stands in an expression.
func (b *binder) hasTotal(x ast.Expr) bool {
	found := false
	ast.Walk(x, func(x ast.Expr) bool {
		switch x := x.(type) {
		case *ast.Aggregate:
			found = found || b.isTotal(x)
			return false
		case *ast.Did, *ast.Nth, *ast.InSegment:
			return false
		}
		return !found
	})
	return found
}

// groups binds GROUP BY, the list, HAVING and ORDER BY of a grouped statement.
func (b *binder) groups(q *plan.Query, s *ast.Select) error {
	q.Grouped = true
	g := &grouping{q: q, row: b.scope, totals: map[string]int{}}
	for _, x := range s.Group {
		if err := b.addGroupTerm(g, s, x); err != nil {
			return err
		}
	}
	if s.Having != nil && len(s.Group) == 0 && !b.anyTotal(s) {
		return diag.New(diag.Invalid, s.Having.Span(), "HAVING tests the totals of groups, and there are neither groups nor totals").
			WithHint("write WHERE %s", phrase.Expr(s.Having))
	}
	sc := b.scope
	sc.group = g
	return b.within(sc, func() error {
		if err := b.items(q, s.Items); err != nil {
			return err
		}
		q.Visible = len(q.Items)
		g.aliases = aliases(s.Items)
		return b.havingAndOrder(q, s)
	})
}

func (b *binder) anyTotal(s *ast.Select) bool {
	without := *s
	without.Having = nil
	return b.grouped(&without) || b.hasTotal(s.Having)
}

func aliases(items []ast.Item) map[string]int {
	out := map[string]int{}
	for n, i := range items {
		if i.Alias != nil {
			out[i.Alias.Name] = n
		}
	}
	return out
}

func (b *binder) havingAndOrder(q *plan.Query, s *ast.Select) (err error) {
	if s.Having != nil {
		if q.Having, err = b.condition(s.Having); err != nil {
			return err
		}
	}
	return b.orders(q, s)
}

// addGroupTerm binds one term of GROUP BY: a column's number, an expression over rows, or an alias that is
// no name of a row.
func (b *binder) addGroupTerm(g *grouping, s *ast.Select, x ast.Expr) error {
	if l, ok := ast.Bare(x).(*ast.Literal); ok && l.Kind == ast.LitInt {
		item, err := groupColumn(s, l)
		if err != nil {
			return err
		}
		return b.addTerm(g, x, item)
	}
	if n, ok := ast.Bare(x).(*ast.Name); ok && len(n.Parts) == 1 && !b.knownName(n) {
		if i, ok := aliases(s.Items)[n.Parts[0].Name]; ok {
			return b.addTerm(g, x, s.Items[i].X)
		}
	}
	return b.addTerm(g, x, x)
}

// knownName says whether a name means something of a row.
func (b *binder) knownName(n *ast.Name) bool {
	_, err := b.name(n)
	return err == nil
}

// groupColumn returns the expression of the column that GROUP BY n names.
func groupColumn(s *ast.Select, l *ast.Literal) (ast.Expr, error) {
	n, err := columnNumber(l, len(s.Items), "group by")
	if err != nil {
		return nil, err
	}
	if s.Items[n].Star {
		return nil, starInGroups(s.Items[n])
	}
	return s.Items[n].X, nil
}

// addTerm adds x, which was written as written, unless it is there already.
func (b *binder) addTerm(g *grouping, written, x ast.Expr) error {
	if b.hasTotal(x) {
		e := diag.New(diag.Invalid, written.Span(), "%s is a total over the rows of a group, so rows cannot be grouped by it", phrase.Expr(x))
		return e.WithHint("group by what it is to be counted for, and test the total after HAVING")
	}
	e, err := b.expr(x)
	if err != nil {
		return err
	}
	if err := groupable(written, x, e); err != nil {
		return err
	}
	x = ast.Bare(x)
	text := plan.String(e)
	for _, t := range g.terms {
		if t.text == text {
			return nil
		}
	}
	g.terms = append(g.terms, groupTerm{x, text, &plan.GroupRef{Index: len(g.terms), T: e.Type()}})
	g.q.Group = append(g.q.Group, e)
	return nil
}

// groupable refuses what has no value of its own in each row, and sets.
func groupable(written, x ast.Expr, e plan.Expr) error {
	l, isLiteral := ast.Bare(written).(*ast.Literal)
	_, isParam := ast.Bare(written).(*ast.Param)
	if isLiteral && l.Kind == ast.LitText && lex.IsPlain(l.Text) {
		return diag.New(diag.Invalid, written.Span(), "%s is a text, the same in every row", phrase.Expr(x)).
			WithHint("a name stands without quotes: GROUP BY %s", phrase.Name(l.Text))
	}
	if isParam || isLiteral && l.Kind != ast.LitInt || plan.Nothing(e) {
		return diag.New(diag.Invalid, written.Span(), "%s is the same in every row", phrase.Expr(x)).
			WithHint("leave it out of GROUP BY; without GROUP BY all rows are one group")
	}
	if e.Type().Kind == schema.KindSet {
		return diag.New(diag.Type, written.Span(), "a SET cannot be grouped by; %s", phrase.Typed(x, e.Type())).
			WithHint("group by one value of it, as in GROUP BY %s HAS 'a', or by how many it has, as in GROUP BY size(%[1]s)", phrase.Expr(x))
	}
	return nil
}

// groupTerm returns the reference to the term of GROUP BY that an expression is: one with the same plan, so
// that brackets, quotes round names and the like make no difference.
func (b *binder) groupTerm(x ast.Expr) (plan.Expr, bool, error) {
	g := b.scope.group
	x = ast.Bare(x)
	if !slices.ContainsFunc(g.terms, func(t groupTerm) bool { return alike(t.X, x) }) {
		return nil, false, nil
	}
	before := b.steps
	e, err := b.inRow(x)
	text := ""
	if err == nil {
		text = plan.String(e)
	}
	if g.compared += b.steps - before + len(text); g.compared > maxCompared {
		return nil, false, diag.New(diag.Limit, x.Span(), "the statement is too long to be compared with the terms of GROUP BY")
	}
	for _, t := range g.terms {
		if text == t.text && alike(t.X, x) {
			return t.ref, true, nil
		}
	}
	return nil, false, nil
}

// alike is false for expressions that differ at first sight, and for literals, which need no group.
func alike(a, c ast.Expr) bool {
	if phrase.IsLiteral(c) || reflect.TypeOf(a) != reflect.TypeOf(c) {
		return false
	}
	switch a := a.(type) {
	case *ast.Binary:
		return a.Op == c.(*ast.Binary).Op
	case *ast.Call:
		return a.Fn.Name == c.(*ast.Call).Fn.Name
	case *ast.Aggregate:
		return a.Fn.Name == c.(*ast.Aggregate).Fn.Name
	}
	return true
}

// nameInGroup binds a name that is no term of GROUP BY: an alias of the list, or an error.
func (b *binder) nameInGroup(x *ast.Name) (plan.Expr, error) {
	g := b.scope.group
	if i, ok := g.aliases[ast.Dotted(x.Parts)]; ok && len(x.Parts) == 1 {
		return g.q.Items[i].X, nil
	}
	e, err := b.inRow(x)
	if err != nil {
		return nil, b.groupHint(x, err)
	}
	return nil, b.notGrouped(x, e.Type())
}

// inRow binds an expression as one over a row of the group.
func (b *binder) inRow(x ast.Expr) (e plan.Expr, err error) {
	err = b.within(b.scope.group.row, func() error {
		e, err = b.expr(x)
		return err
	})
	return e, err
}

// groupHint adds the aliases to what an unknown name may have been meant to be.
func (b *binder) groupHint(x *ast.Name, err error) error {
	d, ok := errors.AsType[*diag.Error](err)
	if !ok || d.Code != diag.Name {
		return err
	}
	names := slices.Sorted(maps.Keys(b.scope.group.aliases))
	if near, ok := diag.Suggest(ast.Dotted(x.Parts), names); ok {
		d.Hint = "did you mean " + phrase.Name(near) + "?"
	}
	return d
}

// notGrouped is the error of what differs from row to row where a group is asked.
func (b *binder) notGrouped(x ast.Expr, t plan.Type) error {
	what := phrase.Expr(x)
	e := diag.New(diag.Invalid, x.Span(), "%s is neither in GROUP BY nor inside an aggregate", what)
	total := "max(" + what + ")"
	switch {
	case t.Numeric():
		total = "avg(" + what + ")"
	case t.Kind == schema.KindBool:
		return e.WithHint("add it to GROUP BY, or write sum(CASE WHEN %s THEN 1 ELSE 0 END) for how many there are", what)
	case t.Kind == schema.KindText || t.Kind == schema.KindKey:
		total = "count(DISTINCT " + what + ")"
	case t.Kind == schema.KindSet:
		return e.WithHint("write count(%s), or group by one value of it: GROUP BY %[1]s HAS 'a'", what)
	}
	if len(b.scope.group.terms) == 0 {
		return e.WithHint("write GROUP BY %s, or %s", what, total)
	}
	return e.WithHint("add it to GROUP BY, or write %s", total)
}

func starInGroups(i ast.Item) error {
	return diag.New(diag.Invalid, i.At, "* is every column of a row, but the statement answers groups of rows").
		WithHint("name the columns: the terms of GROUP BY and totals such as count(*)")
}
