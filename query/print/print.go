// Package print owns the one canonical text of a syntax tree: keywords in capitals, one blank between
// words, windows inside the brackets of aggregates, quotes only round names that need them. Parsing what
// it prints gives the same tree up to positions, and the same text again. It decides nothing about
// meaning and never fails: a tree that no text can give (an And under an Or without brackets, say) gets
// the brackets it needs.
package print

import (
	"strconv"
	"strings"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/lex"
)

// Stmt returns the canonical text of a statement, without a semicolon.
func Stmt(s ast.Stmt) string {
	var p printer
	p.stmt(s)
	return p.String()
}

// Expr returns the canonical text of a condition or an expression.
func Expr(x ast.Expr) string {
	var p printer
	p.expr(x, levelOr)
	return p.String()
}

// Window returns the canonical text of a window.
func Window(w *ast.Window) string {
	var p printer
	p.window(w)
	return p.String()
}

// Selector returns the canonical text of a selector.
func Selector(s *ast.Selector) string {
	var p printer
	p.selector(s)
	return p.String()
}

// Frequency returns the canonical text of a frequency.
func Frequency(f *ast.Frequency) string {
	var p printer
	p.frequency(f)
	return p.String()
}

// Name returns a name as it is written where only a name can stand: quoted if it must be.
func Name(n ast.Ident) string {
	var p printer
	p.name(n)
	return p.String()
}

type printer struct{ strings.Builder }

// words writes its arguments one after the other.
func (p *printer) words(parts ...string) {
	for _, s := range parts {
		p.WriteString(s)
	}
}

func (p *printer) number(n uint64) { p.WriteString(strconv.FormatUint(n, 10)) }

// name writes a name where only a name can stand.
func (p *printer) name(n ast.Ident) {
	w := lex.Lookup(n.Name)
	if !lex.IsPlain(n.Name) || w.Reserved() && !w.Soft() || n.Quoted && w != lex.None {
		p.WriteString(lex.Quote(n.Name, '"'))
		return
	}
	p.WriteString(n.Name)
}

// leading writes the first part of a name in an expression, where reserved words are quoted.
func (p *printer) leading(n ast.Ident) {
	if lex.Lookup(n.Name).Reserved() {
		n.Quoted = true
	}
	p.name(n)
}

func (p *printer) dotted(parts []ast.Ident) {
	for i, n := range parts {
		if i > 0 {
			p.WriteByte('.')
		}
		p.name(n)
	}
}

// list writes its elements with commas between them.
func list[T any](p *printer, items []T, write func(T)) {
	for i, x := range items {
		if i > 0 {
			p.WriteString(", ")
		}
		write(x)
	}
}

func (p *printer) literal(l *ast.Literal) {
	switch l.Kind {
	case ast.LitNull:
		p.WriteString("NULL")
	case ast.LitText:
		p.WriteString(lex.Quote(l.Text, '\''))
	case ast.LitPercent:
		p.words(l.Text, " PERCENT")
	default:
		p.WriteString(l.Text)
	}
}

func (p *printer) selector(s *ast.Selector) {
	switch {
	case s.Any:
		p.WriteString("ANY EVENT")
	case len(s.Events) == 1:
		p.name(s.Events[0])
	default:
		p.WriteByte('(')
		list(p, s.Events, p.name)
		p.WriteByte(')')
	}
	if s.Filter != nil {
		p.WriteByte('[')
		p.expr(s.Filter, levelOr)
		p.WriteByte(']')
	}
}

func (p *printer) window(w *ast.Window) {
	switch w.Kind {
	case ast.WinWithin:
		p.words("WITHIN ", w.D.Text)
	case ast.WinWithinAfter:
		p.words("WITHIN ", w.D.Text, " AFTER ")
		p.expr(w.X, levelSum)
	case ast.WinWithinBefore:
		p.words("WITHIN ", w.D.Text, " BEFORE ")
		p.expr(w.X, levelSum)
	case ast.WinWithinNext:
		p.words("WITHIN NEXT ", w.D.Text)
	case ast.WinBetweenAgo:
		p.words("BETWEEN ", w.D.Text, " AND ", w.D2.Text, " AGO")
	case ast.WinBeforeAgo:
		p.words("BEFORE ", w.D.Text, " AGO")
	case ast.WinSince:
		p.WriteString("SINCE ")
		p.expr(w.X, levelSum)
	case ast.WinBefore:
		p.WriteString("BEFORE ")
		p.expr(w.X, levelSum)
	case ast.WinDuring:
		p.WriteString("DURING ")
		p.period(w.Period)
	case ast.WinEachOf:
		p.eachOf(w)
	}
	if w.Zone != nil {
		p.WriteString(" IN TIME ZONE ")
		p.literal(w.Zone)
	}
}

func (p *printer) eachOf(w *ast.Window) {
	p.WriteString("IN EACH OF LAST ")
	p.number(w.Period.N)
	if w.D != nil {
		p.words(" PERIODS OF ", w.D.Text)
		return
	}
	p.words(" CALENDAR ", w.Period.Unit.String())
	if w.Period.N != 1 {
		p.WriteByte('S')
	}
}

func (p *printer) period(d *ast.Period) {
	switch d.Kind {
	case ast.PeriodToday:
		p.WriteString("TODAY")
	case ast.PeriodYesterday:
		p.WriteString("YESTERDAY")
	case ast.PeriodThis:
		p.words("THIS ", d.Unit.String())
	case ast.PeriodLast:
		p.WriteString("LAST ")
		if d.N != 1 {
			p.number(d.N)
			p.words(" ", d.Unit.String(), "S")
			return
		}
		p.WriteString(d.Unit.String())
	case ast.PeriodRange:
		p.expr(d.X, levelSum)
		if d.Y != nil {
			p.WriteString(" TO ")
			p.expr(d.Y, levelSum)
		}
	}
}

var boundText = [...]string{"AT LEAST ", "AT MOST ", "EXACTLY ", "MORE THAN ", "FEWER THAN ", "BETWEEN "}

func (p *printer) frequency(f *ast.Frequency) {
	switch {
	case f.Days:
		p.words("ON ", boundText[f.Bound])
		p.number(f.N)
		p.plural(" DAY", f.N)
	case f.Bound == ast.BoundBetween:
		p.WriteString("BETWEEN ")
		p.number(f.N)
		p.WriteString(" AND ")
		p.number(f.M)
		p.WriteString(" TIMES")
	case f.Bound == ast.BoundExactly && f.N == 1:
		p.WriteString("ONCE")
	case f.Bound == ast.BoundExactly && f.N == 2:
		p.WriteString("TWICE")
	default:
		p.WriteString(boundText[f.Bound])
		p.number(f.N)
		p.plural(" TIME", f.N)
	}
}

func (p *printer) plural(word string, n uint64) {
	p.WriteString(word)
	if n != 1 {
		p.WriteByte('S')
	}
}
