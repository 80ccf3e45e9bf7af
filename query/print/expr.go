package print

import (
	"github.com/musterdb/muster/query/ast"
)

// level is how tightly an expression binds, loosest first.
type level int

const (
	levelOr level = iota
	levelAnd
	levelNot
	levelCompare
	levelSum
	levelTerm
	levelFactor
)

func levelOf(x ast.Expr) level {
	switch x := x.(type) {
	case *ast.Binary:
		return opLevel(x.Op)
	case *ast.Unary:
		if x.Op == ast.OpNot {
			return levelNot
		}
	case *ast.Between, *ast.In, *ast.IsNull, *ast.IsDistinct, *ast.Has, *ast.SubsetOf, *ast.InWindow,
		*ast.Did, *ast.Nth, *ast.KnownFor, *ast.InSegment:
		return levelCompare
	}
	return levelFactor
}

func opLevel(op ast.Op) level {
	switch {
	case op == ast.OpOr:
		return levelOr
	case op == ast.OpAnd:
		return levelAnd
	case op < ast.OpAdd:
		return levelCompare
	case op <= ast.OpSub:
		return levelSum
	}
	return levelTerm
}

// expr writes an expression that stands where at least the given level is needed, in brackets if it
// binds more loosely.
func (p *printer) expr(x ast.Expr, min level) {
	if levelOf(x) < min {
		p.WriteByte('(')
		defer p.WriteByte(')')
	}
	switch x := x.(type) {
	case *ast.Binary:
		p.binary(x)
	case *ast.Unary:
		p.unary(x)
	case *ast.Paren:
		p.WriteByte('(')
		p.expr(x.X, levelOr)
		p.WriteByte(')')
	case *ast.Literal:
		p.literal(x)
	case *ast.Param:
		p.words("$", x.Name)
	case *ast.Name:
		p.fullName(x)
	case *ast.Call:
		p.words(x.Fn.Name, "(")
		p.sums(x.Args)
		p.WriteByte(')')
	case *ast.Aggregate:
		p.aggregate(x)
	case *ast.Case:
		p.caseOf(x)
	case *ast.TryCast:
		p.WriteString("TRY_CAST(")
		p.expr(x.X, levelSum)
		p.WriteString(" AS ")
		p.typeName(x.Type)
		p.WriteByte(')')
	case *ast.Did:
		p.did(x)
	case *ast.Nth:
		p.nth(x)
	case *ast.KnownFor:
		p.words("KNOWN FOR ", x.Duration.Text)
	case *ast.InSegment:
		p.inSegment(x)
	default:
		p.comparison(x)
	}
}

func (p *printer) fullName(x *ast.Name) {
	p.leading(x.Parts[0])
	if len(x.Parts) > 1 {
		p.WriteByte('.')
		p.dotted(x.Parts[1:])
	}
}

func (p *printer) sums(xs []ast.Expr) {
	list(p, xs, func(x ast.Expr) { p.expr(x, levelSum) })
}

// binary writes x op y. The right side of an operator needs a higher level, since all associate to the
// left; AND and OR do not mix without brackets, and comparisons do not chain.
func (p *printer) binary(x *ast.Binary) {
	l := opLevel(x.Op)
	left, right := l, l+1
	switch l {
	case levelOr, levelAnd:
		left, right = sideLevel(x.X, x.Op), levelNot
	case levelCompare:
		left, right = levelSum, levelSum
	}
	p.expr(x.X, left)
	p.WriteByte(' ')
	if x.Not {
		p.WriteString("NOT ")
	}
	p.words(x.Op.String(), " ")
	p.expr(x.Y, right)
}

// sideLevel lets a chain of one connective run on without brackets.
func sideLevel(x ast.Expr, op ast.Op) level {
	if b, ok := x.(*ast.Binary); ok && b.Op == op {
		return levelOr
	}
	return levelNot
}

func (p *printer) unary(x *ast.Unary) {
	if x.Op == ast.OpNot {
		p.WriteString("NOT ")
		p.expr(x.X, levelNot)
		return
	}
	p.WriteByte('-')
	if inner, ok := x.X.(*ast.Unary); ok && inner.Op == ast.OpNeg {
		p.WriteByte(' ') // two minus signs begin a comment
	}
	p.expr(x.X, levelFactor)
}

// comparison writes the comparisons that are no Binary.
func (p *printer) comparison(x ast.Expr) {
	switch x := x.(type) {
	case *ast.Between:
		p.expr(x.X, levelSum)
		p.not(x.Not)
		p.WriteString(" BETWEEN ")
		p.expr(x.Lo, levelSum)
		p.WriteString(" AND ")
		p.expr(x.Hi, levelSum)
	case *ast.In:
		p.in(x)
	case *ast.IsNull:
		p.expr(x.X, levelSum)
		p.WriteString(" IS")
		p.not(x.Not)
		p.WriteString(" NULL")
	case *ast.IsDistinct:
		p.expr(x.X, levelSum)
		p.WriteString(" IS")
		p.not(x.Not)
		p.WriteString(" DISTINCT FROM ")
		p.expr(x.Y, levelSum)
	case *ast.Has:
		p.has(x)
	case *ast.SubsetOf:
		p.expr(x.X, levelSum)
		p.WriteString(" SUBSET OF ")
		p.expr(x.Y, levelSum)
	case *ast.InWindow:
		p.expr(x.X, levelSum)
		p.WriteByte(' ')
		p.window(x.Window)
	}
}

func (p *printer) not(not bool) {
	if not {
		p.WriteString(" NOT")
	}
}

func (p *printer) in(x *ast.In) {
	p.expr(x.X, levelSum)
	p.not(x.Not)
	if x.List != nil {
		p.WriteString(" IN LIST ")
		p.name(*x.List)
		return
	}
	p.WriteString(" IN (")
	for i, v := range x.Values {
		if i == 0 {
			p.expr(v, levelOr) // may be a condition over contacts
			continue
		}
		p.WriteString(", ")
		p.expr(v, levelSum)
	}
	p.WriteByte(')')
}

var hasText = [...]string{" HAS ", " HAS ANY ", " HAS ALL ", " HAS NONE "}

func (p *printer) has(x *ast.Has) {
	p.expr(x.X, levelSum)
	p.WriteString(hasText[x.Mode])
	if !x.Bracketed {
		p.expr(x.Values[0], levelSum)
		return
	}
	p.WriteByte('(')
	p.sums(x.Values)
	p.WriteByte(')')
}

func (p *printer) aggregate(x *ast.Aggregate) {
	p.words(x.Fn.Name, "(")
	if x.Distinct {
		p.WriteString("DISTINCT ")
	}
	switch {
	case x.Star:
		p.WriteByte('*')
	case x.Sel != nil:
		p.selector(x.Sel)
		p.suffix(x.Prop)
	default:
		p.expr(x.Arg, levelSum)
	}
	if x.Window != nil {
		p.WriteByte(' ')
		p.window(x.Window)
	}
	for _, o := range x.Options {
		p.WriteString(", ")
		p.expr(o, levelSum)
	}
	p.WriteByte(')')
	p.suffix(x.Pick)
}

// suffix writes .name for every part.
func (p *printer) suffix(parts []ast.Ident) {
	for _, n := range parts {
		p.WriteByte('.')
		p.name(n)
	}
}

func (p *printer) caseOf(x *ast.Case) {
	p.WriteString("CASE")
	for _, w := range x.Whens {
		p.WriteString(" WHEN ")
		p.expr(w.Cond, levelOr)
		p.WriteString(" THEN ")
		p.expr(w.Then, levelSum)
	}
	if x.Else != nil {
		p.WriteString(" ELSE ")
		p.expr(x.Else, levelSum)
	}
	p.WriteString(" END")
}

func (p *printer) typeName(t ast.TypeName) {
	p.WriteString(t.Name)
	if len(t.Args) == 0 {
		return
	}
	p.WriteByte('(')
	list(p, t.Args, func(n int) { p.number(uint64(n)) })
	p.WriteByte(')')
}

func (p *printer) did(x *ast.Did) {
	switch {
	case x.Never:
		p.WriteString("NEVER DID ")
	case x.Not:
		p.WriteString("DID NOT ")
	default:
		p.WriteString("DID ")
	}
	p.selector(x.Sel)
	if x.Freq != nil {
		p.WriteByte(' ')
		p.frequency(x.Freq)
	}
	if x.Window != nil {
		p.WriteByte(' ')
		p.window(x.Window)
	}
}

func (p *printer) nth(x *ast.Nth) {
	switch x.N {
	case 0:
		p.WriteString("LAST ")
	case 1:
		p.WriteString("FIRST ")
	default:
		p.number(x.N)
		p.words(OrdinalSuffix(x.N), " ")
	}
	p.selector(x.Sel)
	p.WriteByte(' ')
	p.window(x.Window)
}

// OrdinalSuffix returns ST, ND, RD or TH, as English has it.
func OrdinalSuffix(n uint64) string {
	if n%100 >= 11 && n%100 <= 13 {
		return "TH"
	}
	switch n % 10 {
	case 1:
		return "ST"
	case 2:
		return "ND"
	case 3:
		return "RD"
	}
	return "TH"
}
