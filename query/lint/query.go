package lint

import (
	"fmt"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/print"
	"github.com/musterdb/muster/storage/schema"
)

// query checks a SELECT.
func (c *checker) query(s *ast.Select) {
	in := c.scopeOf(s.From.Name)
	for _, i := range s.Items {
		c.value(in, i.X)
	}
	c.where(in, s.Where)
	if s.Having != nil {
		c.having(s)
	}
	c.groups(in, s)
	c.order(s)
}

// having warns of terms of HAVING that look at no total: WHERE asks them before grouping. HAVING is not read
// further, since its names stand for groups.
func (c *checker) having(s *ast.Select) {
	terms := []ast.Expr{ast.Bare(s.Having)}
	if b, ok := terms[0].(*ast.Binary); ok && b.Op == ast.OpAnd {
		terms = flatten(b)
	}
	groups := map[string]bool{}
	for _, g := range s.Group {
		groups[key(g)] = true
	}
	for _, t := range terms {
		if b, ok := t.(*ast.Binary); ok && isLiteral(b.Y) && isPlainName(b.X) && groups[key(b.X)] && !aliased(s, key(b.X)) {
			c.warn(t.Span(), "HAVING asks this of each group after all rows were grouped", fmt.Sprintf("write WHERE %s before GROUP BY", short(t)))
		}
	}
}

func isPlainName(x ast.Expr) bool {
	_, ok := ast.Bare(x).(*ast.Name)
	return ok
}

func aliased(s *ast.Select, name string) bool {
	for _, i := range s.Items {
		if i.Alias != nil && i.Alias.Name == name {
			return true
		}
	}
	return false
}

// groups warns of groups that hold one row each, and of groups cut off in no order.
func (c *checker) groups(in scope, s *ast.Select) {
	u := &unit{checker: c, scope: in}
	for _, g := range s.Group {
		x := column(s, g)
		t, ok := u.typeOf(x)
		switch name := key(x); {
		case !ok:
		case !in.behaviour && name == "id":
			c.warn(g.Span(), "every contact is a group of its own", "leave GROUP BY out: SELECT answers one row for each contact")
		case t.Kind == schema.KindTimestamp:
			c.warn(g.Span(), fmt.Sprintf("%s is an instant, and nearly every one makes a group of its own", name),
				fmt.Sprintf("write GROUP BY date_trunc('day', %s)", name))
		}
	}
	if len(s.Group) > 0 && s.Limit != nil && len(s.Order) == 0 {
		c.warn(s.Limit.At, "without ORDER BY any of the groups may be the ones that are left", "write ORDER BY 2 DESC before LIMIT, for example")
	}
}

// copied warns of a file that holds any rows.
func (c *checker) copied(s *ast.Select) {
	if s.Limit != nil && len(s.Order) == 0 && len(s.Group) == 0 {
		c.warn(s.Limit.At, "without ORDER BY any of the rows may be the ones in the file", "write ORDER BY before LIMIT; ORDER BY bucket('name') takes a sample that is the same every time")
	}
}

// column returns what a term of GROUP BY or ORDER BY stands for: itself, or the column of that number or name.
func column(s *ast.Select, x ast.Expr) ast.Expr {
	if l, ok := ast.Bare(x).(*ast.Literal); ok && l.Kind == ast.LitInt {
		for i := range s.Items {
			if fmt.Sprint(i+1) == l.Text && s.Items[i].X != nil {
				return s.Items[i].X
			}
		}
	}
	for _, i := range s.Items {
		if i.Alias != nil && i.X != nil && isName(x, i.Alias.Name) {
			return i.X
		}
	}
	return x
}

// order warns of ORDER BY 'x', which is the same for every row.
func (c *checker) order(s *ast.Select) {
	for _, o := range s.Order {
		if l, ok := ast.Bare(o.X).(*ast.Literal); ok && l.Kind == ast.LitText {
			c.warn(l.At, "a text is the same for every row and orders nothing", fmt.Sprintf("the name of a column stands without quotes or in double ones: ORDER BY %s", print.Name(ast.Ident{Name: l.Text})))
		}
	}
}
