package oracle

import (
	"math/big"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
)

// grouping is what expressions outside totals see of a grouped statement.
type grouping struct {
	row     scope // of what totals take
	terms   []term
	aliases []ast.Item // where an alias has a meaning: HAVING and ORDER BY
}

// term is one term of GROUP BY: an expression of a row.
type term struct {
	x ast.Expr
	node
}

// isGrouped says whether the rows of the answer are groups.
func (c *compiler) isGrouped(s *ast.Select, row scope) bool {
	return len(s.Group) > 0 || s.Having != nil || c.totalled(s, row)
}

// totalled says whether a statement has a total.
func (c *compiler) totalled(s *ast.Select, row scope) bool {
	found := c.hasTotal(s.Having, row)
	for _, it := range s.Items {
		found = found || c.hasTotal(it.X, row)
	}
	for _, o := range s.Order {
		found = found || c.hasTotal(o.X, row)
	}
	return found
}

// hasTotal says whether an expression has a total in it.
func (c *compiler) hasTotal(e ast.Expr, row scope) bool {
	found := false
	inspect(e, func(x ast.Expr) bool {
		switch x := x.(type) {
		case *ast.Aggregate:
			total, _ := c.isTotal(x, row)
			found = found || total
			return false
		case *ast.In:
			return !row.table || !isContact(x.X) // contact IN (condition): its aggregates are a contact's
		}
		return true
	})
	return found
}

// groupedRows answers a statement whose rows are groups: one for each combination of the terms' values,
// null being one of them, or a single one if there are no terms.
func (c *compiler) groupedRows(s *ast.Select, src source, clock int64) (Answer, error) {
	if len(s.Group) == 0 && !c.totalled(s, src.scope) {
		return Answer{}, diag.New(diag.Invalid, s.Having.Span(), "there are neither groups nor totals to have anything")
	}
	g, err := c.grouping(s, src.scope)
	if err != nil {
		return Answer{}, err
	}
	list, later := src.scope, src.scope
	list.g = g
	later.g = &grouping{row: g.row, terms: g.terms, aliases: s.Items}
	sel, err := c.selection(s, list, later)
	if err != nil {
		return Answer{}, err
	}
	having := constant(typ{kind: kBool}, boolean(true), diag.Span{})
	if s.Having != nil {
		if having, err = c.condition(s.Having, later); err != nil {
			return Answer{}, err
		}
	}
	found, err := c.match(s.Where, src, clock)
	if err != nil {
		return Answer{}, err
	}
	groups, err := g.groups(found, c.db, clock)
	if err != nil {
		return Answer{}, err
	}
	if groups, err = such(groups, having); err != nil {
		return Answer{}, err
	}
	return sel.answer(answerOf(found), groups)
}

func such(groups []*env, having node) ([]*env, error) {
	var out []*env
	for _, en := range groups {
		if having.ev(en).isTrue() {
			out = append(out, en)
		}
		if en.err != nil {
			return nil, en.err
		}
	}
	return out, nil
}

func (c *compiler) grouping(s *ast.Select, row scope) (*grouping, error) {
	g := &grouping{row: row}
	for _, e := range s.Group {
		x, err := c.listed(e, s.Items, row)
		if err != nil {
			return nil, err
		}
		if c.hasTotal(x, row) {
			return nil, diag.New(diag.Invalid, e.Span(), "rows cannot be grouped by a total over them")
		}
		n, err := c.expr(x, row)
		if err != nil {
			return nil, err
		}
		switch {
		case n.t.kind == kindVersion:
			return nil, diag.New(diag.Invalid, n.at, "a version only compares")
		case n.t.kind == kSet || n.calendar():
			return nil, diag.New(diag.Type, n.at, "rows cannot be grouped by a %s", n.t)
		}
		g.terms = append(g.terms, term{x, n})
	}
	return g, nil
}

// listed resolves a term of GROUP BY: a column number stands for the item, and so does an alias unless it
// is also the name of what a row has.
func (c *compiler) listed(e ast.Expr, items []ast.Item, row scope) (ast.Expr, error) {
	if l, ok := e.(*ast.Literal); ok {
		n, ok := new(big.Int).SetString(l.Text, 10)
		if !ok || l.Kind != ast.LitInt || n.Sign() <= 0 || n.Cmp(big.NewInt(int64(len(items)))) > 0 || items[n.Int64()-1].Star {
			return nil, diag.New(diag.Invalid, l.At, "there is no column %s", l.Text)
		}
		return items[n.Int64()-1].X, nil
	}
	it, ok := aliased(e, items)
	if _, err := c.expr(e, row); ok && err != nil {
		return it.X, nil
	}
	return e, nil
}

// aliased finds the item whose alias the expression is.
func aliased(e ast.Expr, items []ast.Item) (ast.Item, bool) {
	name, ok := e.(*ast.Name)
	if !ok || len(name.Parts) != 1 {
		return ast.Item{}, false
	}
	for _, it := range items {
		if it.Alias != nil && it.Alias.Name == name.Parts[0].Name {
			return it, true
		}
	}
	return ast.Item{}, false
}

// ofGroup compiles what a group has as a whole: a term, wherever in an expression it stands, or an alias.
func (c *compiler) ofGroup(e ast.Expr, sc scope) (node, bool, error) {
	if sc.g == nil {
		return node{}, false, nil
	}
	for i, t := range sc.g.terms {
		if equal(t.x, e) {
			return node{t: t.t, ev: func(en *env) val { return en.keys[i] }}, true, nil
		}
	}
	if it, ok := aliased(e, sc.g.aliases); ok {
		list := sc
		list.g = &grouping{row: sc.g.row, terms: sc.g.terms}
		n, err := c.expr(it.X, list)
		return n, true, err
	}
	return node{}, false, nil
}

// groups sorts the rows by the values of the terms, nulls last, and cuts where they change.
func (g *grouping) groups(rows []*env, db *DB, clock int64) ([]*env, error) {
	if len(g.terms) == 0 {
		return []*env{{db: db, clock: clock, group: rows}}, nil
	}
	var keys []sortKey
	for _, t := range g.terms {
		keys = append(keys, sortKey{node: t.node})
	}
	for _, en := range rows {
		for _, t := range g.terms {
			en.keys = append(en.keys, t.ev(en))
		}
		if en.err != nil {
			return nil, en.err
		}
	}
	var out []*env
	for i, en := range sortedBy(rows, keys) {
		if last := len(out) - 1; i > 0 && compareKeys(keys, out[last].keys, en.keys) == 0 {
			out[last].group = append(out[last].group, en)
			continue
		}
		out = append(out, &env{db: db, clock: clock, keys: en.keys, group: []*env{en}})
	}
	return out, nil
}
