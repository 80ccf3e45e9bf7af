package lint

import (
	"fmt"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/storage/schema"
)

// bounds are what the terms of one AND say of one expression.
type bounds struct {
	t                schema.Type
	lo, hi           *ast.Literal
	above, below     bool // the end itself is left out
	equal            *ast.Literal
	null, known      bool
	contradicts      bool
	loTerm, hiTerm   ast.Expr
	equalTerm, first ast.Expr
}

// contradictions warns of terms that cannot be true together: x > 5 AND x < 3, x = 1 AND x = 2.
func (u *unit) contradictions(terms []ast.Expr) {
	all := map[string]*bounds{}
	for _, t := range terms {
		x := subject(t)
		if x == nil {
			continue
		}
		k := key(x)
		if k == "" {
			continue
		}
		b := all[k]
		if b == nil {
			typ, _ := u.typeOf(x)
			b = &bounds{t: typ}
			all[k] = b
		}
		if other := b.add(t); other != nil && !b.contradicts {
			b.contradicts = true
			u.warn(t.Span(), fmt.Sprintf("this and %s are never true together", short(other)), alternative(k, b.equal, t))
		}
	}
}

func alternative(k string, equal *ast.Literal, t ast.Expr) string {
	if b, ok := t.(*ast.Binary); ok && equal != nil && b.Op == ast.OpEq {
		return fmt.Sprintf("for either of them write %s IN (%s, %s)", k, short(equal), short(b.Y))
	}
	return "for either of them join them with OR"
}

// subject returns what a term says something about.
func subject(t ast.Expr) ast.Expr {
	switch t := t.(type) {
	case *ast.Binary:
		if t.Op >= ast.OpEq && t.Op <= ast.OpGe && isLiteral(t.Y) {
			return t.X
		}
	case *ast.Between:
		if !t.Not && isLiteral(t.Lo) && isLiteral(t.Hi) {
			return t.X
		}
	case *ast.IsNull:
		return t.X
	}
	return nil
}

// add takes a term in and returns an earlier one that contradicts it, or nil.
func (b *bounds) add(t ast.Expr) ast.Expr {
	if b.first == nil {
		defer func() { b.first = t }()
	}
	switch t := t.(type) {
	case *ast.IsNull:
		return b.nullness(!t.Not)
	case *ast.Between:
		lo, _ := literal(t.Lo)
		hi, _ := literal(t.Hi)
		if other := b.nullness(false); other != nil {
			return other
		}
		if other := b.from(lo, false, t); other != nil {
			return other
		}
		return b.to(hi, false, t)
	case *ast.Binary:
		if other := b.nullness(false); other != nil {
			return other
		}
		return b.compare(t)
	}
	return nil
}

func (b *bounds) nullness(null bool) ast.Expr {
	clash := null && b.known || !null && b.null
	b.null, b.known = b.null || null, b.known || !null
	if clash {
		return b.first
	}
	return nil
}

func (b *bounds) compare(t *ast.Binary) ast.Expr {
	l, _ := literal(t.Y)
	switch t.Op {
	case ast.OpEq:
		return b.equals(l, t)
	case ast.OpGt, ast.OpGe:
		return b.from(l, t.Op == ast.OpGt, t)
	case ast.OpLt, ast.OpLe:
		return b.to(l, t.Op == ast.OpLt, t)
	}
	return nil
}

func (b *bounds) equals(l ast.Literal, t ast.Expr) ast.Expr {
	if b.equal != nil {
		if cmp, ok := order(*b.equal, l, b.t); ok && cmp != 0 {
			return b.equalTerm
		}
		return nil
	}
	b.equal, b.equalTerm = &l, t
	if b.lo != nil {
		if cmp, ok := order(l, *b.lo, b.t); ok && (cmp < 0 || cmp == 0 && b.above) {
			return b.loTerm
		}
	}
	if b.hi != nil {
		if cmp, ok := order(l, *b.hi, b.t); ok && (cmp > 0 || cmp == 0 && b.below) {
			return b.hiTerm
		}
	}
	return nil
}

// from takes in a lower end.
func (b *bounds) from(l ast.Literal, open bool, t ast.Expr) ast.Expr {
	if b.lo == nil {
		b.lo, b.above, b.loTerm = &l, open, t
	} else if cmp, ok := order(l, *b.lo, b.t); ok && (cmp > 0 || cmp == 0 && open) {
		b.lo, b.above, b.loTerm = &l, open, t
	}
	if b.equal != nil {
		if cmp, ok := order(*b.equal, l, b.t); ok && (cmp < 0 || cmp == 0 && open) {
			return b.equalTerm
		}
	}
	if b.hi != nil && b.hiTerm != t {
		if cmp, ok := order(l, *b.hi, b.t); ok && (cmp > 0 || cmp == 0 && (open || b.below)) {
			return b.hiTerm
		}
	}
	return nil
}

// to takes in an upper end.
func (b *bounds) to(l ast.Literal, open bool, t ast.Expr) ast.Expr {
	if b.hi == nil {
		b.hi, b.below, b.hiTerm = &l, open, t
	} else if cmp, ok := order(l, *b.hi, b.t); ok && (cmp < 0 || cmp == 0 && open) {
		b.hi, b.below, b.hiTerm = &l, open, t
	}
	if b.equal != nil {
		if cmp, ok := order(*b.equal, l, b.t); ok && (cmp > 0 || cmp == 0 && open) {
			return b.equalTerm
		}
	}
	if b.lo != nil && b.loTerm != t {
		if cmp, ok := order(l, *b.lo, b.t); ok && (cmp < 0 || cmp == 0 && (open || b.above)) {
			return b.loTerm
		}
	}
	return nil
}
