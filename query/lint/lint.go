// Package lint owns the warnings: what is legal but rarely meant. It reads a statement's tree and the names of
// its base, runs nothing and refuses nothing; a statement that does not bind may get any warnings or none.
package lint

import (
	"slices"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/print"
	"github.com/musterdb/muster/storage/schema"
)

const (
	maxWarnings = 20     // more are left out: nobody reads them
	maxNodes    = 20_000 // of a statement; larger ones were written by programs and are not read
	maxKey      = 300    // bytes of an expression that is compared with others by its text
)

// Check returns what is rarely meant in a statement, in the order of its text, at most 20 of them. The spans
// are into the text that was parsed. Names that the schema does not have are passed over.
func Check(stmt ast.Stmt, sch *schema.Schema) []diag.Warning {
	if sch == nil || tooLarge(stmt) {
		return nil
	}
	c := &checker{sch: sch}
	c.stmt(stmt)
	slices.SortStableFunc(c.found, func(a, b diag.Warning) int { return a.Span.Start - b.Span.Start })
	return c.found[:min(len(c.found), maxWarnings)]
}

func tooLarge(stmt ast.Stmt) bool {
	n := 0
	for _, x := range ast.Expressions(stmt) {
		ast.Walk(x, func(ast.Expr) bool { n++; return n <= maxNodes })
	}
	return n > maxNodes
}

// checker collects the warnings of one statement.
type checker struct {
	sch   *schema.Schema
	found []diag.Warning
}

func (c *checker) warn(at diag.Span, msg, hint string) {
	c.found = append(c.found, diag.Warning{Span: at, Msg: msg, Hint: hint})
}

func (c *checker) stmt(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.Count:
		c.where(ofContacts, s.Where)
	case *ast.Select:
		c.query(s)
	case *ast.CopyTo:
		c.copied(s.Query)
		c.query(s.Query)
	case *ast.Update:
		c.where(ofContacts, s.Where)
	case *ast.DeleteEvents:
		c.where(c.scopeOf(s.From.Name), s.Where)
	case *ast.CreateSegment:
		c.where(ofContacts, s.Where)
	case *ast.Explain:
		c.stmt(s.Stmt)
	}
}

// where checks a condition and the conditions that stand in it, each in the scope of its names.
func (c *checker) where(in scope, x ast.Expr) {
	if x == nil {
		return
	}
	for _, u := range c.units(in, x) {
		u.condition(u.root, nil)
	}
}

// value checks an expression of a select list, and the conditions in it.
func (c *checker) value(in scope, x ast.Expr) {
	if x == nil {
		return
	}
	for i, u := range c.units(in, x) {
		if i == 0 {
			u.leaf(x, nil)
			continue
		}
		u.condition(u.root, nil)
	}
}

// scope is what bare names are: attributes, or properties of an event type.
type scope struct {
	event *schema.EventType
	// behaviour is set inside […] and in a statement over events.
	behaviour bool
}

var ofContacts = scope{}

// scopeOf returns the scope of a statement's table.
func (c *checker) scopeOf(table string) scope {
	if table == "contacts" {
		return ofContacts
	}
	ev, _ := c.sch.Event(table)
	return scope{event: ev, behaviour: true}
}

// unit is one condition with one scope.
type unit struct {
	*checker
	root  ast.Expr
	scope scope
	inner map[ast.Expr]bool // roots of other units, which are left alone
}

// units takes an expression apart where the meaning of names changes: the first is the expression itself, then
// come the conditions in square brackets and those over the contacts of an event.
func (c *checker) units(in scope, x ast.Expr) []*unit {
	inner := map[ast.Expr]bool{}
	out := []*unit{{checker: c, root: x, scope: in, inner: inner}}
	add := func(sc scope, root ast.Expr) {
		inner[root] = true
		out = append(out, &unit{checker: c, root: root, scope: sc, inner: inner})
	}
	ast.Walk(x, func(x ast.Expr) bool {
		if s := selectorOf(x); s != nil && s.Filter != nil {
			add(c.filterScope(s), s.Filter)
		}
		if y := conditionOverContacts(x); y != nil && in.behaviour {
			add(ofContacts, y)
		}
		return true
	})
	return out
}

func selectorOf(x ast.Expr) *ast.Selector {
	switch x := x.(type) {
	case *ast.Did:
		return x.Sel
	case *ast.Nth:
		return x.Sel
	case *ast.Aggregate:
		return x.Sel
	}
	return nil
}

func (c *checker) filterScope(s *ast.Selector) scope {
	sc := scope{behaviour: true}
	if len(s.Events) == 1 {
		sc.event, _ = c.sch.Event(s.Events[0].Name)
	}
	return sc
}

// conditionOverContacts returns the condition of contact IN (condition).
func conditionOverContacts(x ast.Expr) ast.Expr {
	in, ok := x.(*ast.In)
	if !ok || len(in.Values) != 1 || !isName(in.X, "contact") {
		return nil
	}
	switch in.Values[0].(type) {
	case *ast.Literal, *ast.Param:
		return nil
	}
	return in.Values[0]
}

func isName(x ast.Expr, name string) bool {
	n, ok := ast.Bare(x).(*ast.Name)
	return ok && ast.Dotted(n.Parts) == name
}

// typeOf returns the type of an attribute or a property.
func (u *unit) typeOf(x ast.Expr) (schema.Type, bool) {
	n, ok := ast.Bare(x).(*ast.Name)
	if !ok {
		return schema.Type{}, false
	}
	name := ast.Dotted(n.Parts)
	if !u.scope.behaviour {
		a, ok := u.sch.Attr(name)
		return a.Type, ok
	}
	for id := schema.PropTime; id <= schema.PropContact; id++ {
		if p, _ := schema.PseudoProp(id); p.Name == name {
			return p.Type, true
		}
	}
	if u.scope.event == nil {
		return schema.Type{}, false
	}
	p, ok := u.scope.event.Prop(name)
	return p.Type, ok
}

// key returns an expression's text, by which equal ones are found, or nothing if it is long.
func key(x ast.Expr) string {
	x = ast.Bare(x)
	if s := x.Span(); s.End-s.Start > maxKey {
		return ""
	}
	return print.Expr(x)
}

// short returns an expression as a message shows it.
func short(x ast.Expr) string {
	if k := key(x); k != "" {
		return k
	}
	return "…"
}
