package lint

import (
	"fmt"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/print"
	"github.com/musterdb/muster/storage/schema"
)

// facts are what the terms joined to a condition, and to those round it, say already.
type facts struct {
	outer  *facts
	nulls  map[string]bool // expressions whose nulls a neighbour has settled
	settle bool            // a neighbour leaves newcomers out
}

func (f *facts) newcomersSettled() bool {
	for ; f != nil; f = f.outer {
		if f.settle {
			return true
		}
	}
	return false
}

func (f *facts) nullSettled(key string) bool {
	for ; f != nil; f = f.outer {
		if f.nulls[key] {
			return true
		}
	}
	return false
}

// condition checks a condition: its connectives, and then each of its terms knowing the others.
func (u *unit) condition(x ast.Expr, f *facts) {
	x = ast.Bare(x)
	if u.inner[x] && x != ast.Bare(u.root) {
		return
	}
	switch y := x.(type) {
	case *ast.Binary:
		if y.Op == ast.OpAnd || y.Op == ast.OpOr {
			u.chain(y, f)
			return
		}
	case *ast.Unary:
		if y.Op == ast.OpNot {
			u.negation(y, f)
			u.condition(y.X, f)
			return
		}
	}
	u.leaf(x, f)
}

// chain checks terms that one connective joins.
func (u *unit) chain(x *ast.Binary, outer *facts) {
	terms := flatten(x)
	f := &facts{outer: outer, nulls: map[string]bool{}}
	for _, t := range terms {
		if x.Op == ast.OpAnd {
			f.settle = f.settle || knowsContact(t)
		}
		if k := settlesNull(t, x.Op); k != "" {
			f.nulls[k] = true
		}
	}
	u.twice(terms, x.Op)
	if x.Op == ast.OpAnd {
		u.contradictions(terms)
	} else {
		u.alternatives(terms)
	}
	for _, t := range terms {
		u.condition(t, f)
	}
}

// flatten returns the terms of a chain of one connective in the order of the text, brackets within it opened.
func flatten(x *ast.Binary) []ast.Expr {
	var out []ast.Expr
	todo := []ast.Expr{x}
	for len(todo) > 0 {
		y := ast.Bare(todo[len(todo)-1])
		todo = todo[:len(todo)-1]
		if b, ok := y.(*ast.Binary); ok && b.Op == x.Op {
			todo = append(todo, b.Y, b.X)
			continue
		}
		out = append(out, y)
	}
	return out
}

// knowsContact says whether a term leaves newcomers out, or shows that somebody has thought of time and
// behaviour: then there is nothing to warn of.
func knowsContact(x ast.Expr) bool {
	found := false
	ast.Walk(x, func(x ast.Expr) bool {
		switch x := x.(type) {
		case *ast.KnownFor, *ast.Nth, *ast.InSegment, *ast.InWindow, *ast.Aggregate:
			found = true
		case *ast.Did:
			found = found || !x.Not && !x.Never
		case *ast.Name:
			found = found || ast.Dotted(x.Parts) == "created_at"
		}
		return !found
	})
	return found
}

// settlesNull returns the expression whose nulls a term of a chain has dealt with: x IS NULL OR …,
// x IS NOT NULL AND …, or a comparison that no null passes.
func settlesNull(x ast.Expr, op ast.Op) string {
	switch x := x.(type) {
	case *ast.IsNull:
		if x.Not == (op == ast.OpAnd) {
			return key(x.X)
		}
	case *ast.Binary:
		if op == ast.OpAnd && (x.Op == ast.OpEq || x.Op > ast.OpNe && x.Op < ast.OpAdd && !x.Not) {
			return key(x.X)
		}
	case *ast.In:
		if op == ast.OpAnd && !x.Not {
			return key(x.X)
		}
	case *ast.InWindow:
		if op == ast.OpAnd {
			return key(x.X)
		}
	}
	return ""
}

// twice warns of a term that stands twice in a chain.
func (u *unit) twice(terms []ast.Expr, op ast.Op) {
	seen := make(map[string]bool, len(terms))
	for _, t := range terms {
		k := key(t)
		if k == "" {
			continue
		}
		if seen[k] {
			u.warn(t.Span(), fmt.Sprintf("this condition stands twice between %s", op), "leave one of them out, or change it to what was meant")
		}
		seen[k] = true
	}
}

// alternatives warns of x = 1 OR x = 2 OR x = 3, and of x <> 1 OR x <> 2, which holds for every x.
func (u *unit) alternatives(terms []ast.Expr) {
	const worthwhile = 3
	equal, unequal := map[string][]*ast.Binary{}, map[string]*ast.Binary{}
	for _, t := range terms {
		b, ok := t.(*ast.Binary)
		if !ok || !isLiteral(b.Y) {
			continue
		}
		k := key(b.X)
		switch {
		case k == "":
		case b.Op == ast.OpEq:
			if equal[k] = append(equal[k], b); len(equal[k]) == worthwhile {
				u.warn(equal[k][0].Span().To(b.Span()), fmt.Sprintf("%s is compared with one value after the other", k),
					fmt.Sprintf("write %s IN (%s, …)", k, short(equal[k][0].Y)))
			}
		case b.Op == ast.OpNe:
			if first := unequal[k]; first != nil && key(first.Y) != key(b.Y) {
				u.warn(first.Span().To(b.Span()), fmt.Sprintf("this is true for every %s: what is not the one is the other", k),
					fmt.Sprintf("write %s NOT IN (%s, %s), or AND", k, short(first.Y), short(b.Y)))
			}
			unequal[k] = b
		}
	}
}

// negation warns of NOT before a comparison that is unknown for nulls.
func (u *unit) negation(n *ast.Unary, f *facts) {
	switch x := ast.Bare(n.X).(type) {
	case *ast.Binary:
		if x.Op == ast.OpEq && isLiteral(x.Y) {
			u.nullsLeftOut(n, x.X, f, fmt.Sprintf("%s IS DISTINCT FROM %s", short(x.X), short(x.Y)))
		} else if x.Op >= ast.OpLike && x.Op <= ast.OpContains && !x.Not {
			u.nullsLeftOut(n, x.X, f, fmt.Sprintf("%s IS NULL OR …", short(x.X)))
		}
	case *ast.In:
		if !x.Not {
			u.nullsLeftOut(n, x.X, f, fmt.Sprintf("%s IS NULL OR %s NOT IN (…)", short(x.X), short(x.X)))
		}
	case *ast.Name:
		if t, ok := u.typeOf(x); ok && t.Kind == schema.KindBool {
			u.nullsLeftOut(n, x, f, fmt.Sprintf("%s IS DISTINCT FROM TRUE", short(x)))
		}
	}
}

// unequal warns of <>, NOT IN and NOT LIKE, which leave nulls out.
func (u *unit) unequal(x ast.Expr, f *facts) {
	switch x := x.(type) {
	case *ast.Binary:
		switch {
		case x.Op == ast.OpNe && isLiteral(x.Y):
			u.nullsLeftOut(x, x.X, f, fmt.Sprintf("%s IS DISTINCT FROM %s", short(x.X), short(x.Y)))
		case x.Not:
			u.nullsLeftOut(x, x.X, f, fmt.Sprintf("%s IS NULL OR %s", short(x.X), short(x)))
		}
	case *ast.In:
		if x.Not && x.List == nil {
			u.nullsLeftOut(x, x.X, f, fmt.Sprintf("%s IS NULL OR %s NOT IN (…)", short(x.X), short(x.X)))
		}
	}
}

// nullsLeftOut warns that contacts without a value do not match. Numbers are left alone: orders <> 0 means
// what it says, and events too, of which one that does not say is rarely asked for.
func (u *unit) nullsLeftOut(at, x ast.Expr, f *facts, instead string) {
	t, ok := u.typeOf(x)
	k := key(x)
	if !ok || u.scope.behaviour || k == "id" || k == "" || f.nullSettled(k) {
		return
	}
	if t.Kind == schema.KindText || t.Kind == schema.KindBool {
		u.warn(at.Span(), fmt.Sprintf("contacts whose %s is not known do not match", k), "if they should, write "+instead)
	}
}

// newcomers warns of DID NOT … WITHIN d, which everybody matches who has just arrived.
func (u *unit) newcomers(d *ast.Did, f *facts) {
	if !d.Not || d.Window == nil || d.Window.Kind != ast.WinWithin || u.scope.behaviour || f.newcomersSettled() {
		return
	}
	u.warn(d.At, fmt.Sprintf("contacts who became known less than %s ago match too", d.Window.D.Text),
		fmt.Sprintf("to leave newcomers out write %s AND KNOWN FOR %s", print.Expr(d), d.Window.D.Text))
}
