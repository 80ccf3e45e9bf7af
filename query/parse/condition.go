package parse

import (
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/query/print"
)

// condition reads terms joined by AND or by OR; both without brackets are an error (semantics 6).
func (p *parser) condition() (ast.Expr, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	outer := p.links
	p.links = 0
	left, err := p.term()
	if err != nil {
		return nil, err
	}
	if left, err = p.chain(left); err != nil {
		return nil, err
	}
	p.links = max(p.links, outer)
	return left, nil
}

// chain goes on after the first term, as long as the connective stays the same.
func (p *parser) chain(left ast.Expr) (ast.Expr, error) {
	first := p.word
	for p.word == lex.And || p.word == lex.Or {
		if p.word != first {
			return nil, p.mixed(left)
		}
		before := p.links
		p.links = 0
		at := spanOf(p.advance())
		right, err := p.term()
		if err != nil {
			return nil, err
		}
		if err := p.link(before, at); err != nil {
			return nil, err
		}
		left = &ast.Binary{Op: connective(first), X: left, Y: right, OpAt: at}
	}
	return left, nil
}

func connective(w lex.Word) ast.Op {
	if w == lex.And {
		return ast.OpAnd
	}
	return ast.OpOr
}

// mixed reads the rest of a chain that mixes AND and OR, to show its two readings.
func (p *parser) mixed(left ast.Expr) error {
	at := spanOf(p.tok)
	terms, ops := flatten(left)
	for p.word == lex.And || p.word == lex.Or {
		ops = append(ops, connective(p.word))
		p.advance()
		right, err := p.term()
		if err != nil {
			return err
		}
		if terms = append(terms, right); len(terms) > maxChain {
			break
		}
	}
	const longest = 300
	return syntax(at, "AND and OR are mixed without brackets, which can be read in two ways").hint("write %s or %s",
		shorten(print.Expr(reading(terms, ops, ast.OpAnd)), longest),
		shorten(print.Expr(reading(terms, ops, ast.OpOr)), longest))
}

// flatten returns the terms of a chain of one connective, and the connectives between them.
func flatten(x ast.Expr) (terms []ast.Expr, ops []ast.Op) {
	for {
		b, ok := x.(*ast.Binary)
		if !ok || b.Op != ast.OpAnd && b.Op != ast.OpOr {
			break
		}
		terms, ops, x = append(terms, b.Y), append(ops, b.Op), b.X
	}
	terms = append(terms, x)
	for i, j := 0, len(terms)-1; i < j; i, j = i+1, j-1 {
		terms[i], terms[j] = terms[j], terms[i]
	}
	return terms, ops
}

// reading puts the terms that the tight connective joins into brackets.
func reading(terms []ast.Expr, ops []ast.Op, tight ast.Op) ast.Expr {
	loose := ast.OpOr + ast.OpAnd - tight
	var out ast.Expr
	for i := 0; i < len(terms); {
		group := terms[i]
		for i++; i < len(terms) && ops[i-1] == tight; i++ {
			group = &ast.Binary{Op: tight, X: group, Y: terms[i]}
		}
		if out == nil {
			out = group
			continue
		}
		out = &ast.Binary{Op: loose, X: out, Y: group}
	}
	return out
}

// term reads [ NOT ] predicate.
func (p *parser) term() (ast.Expr, error) {
	if p.word == lex.Not {
		if err := p.enter(); err != nil {
			return nil, err
		}
		defer p.leave()
		at := spanOf(p.advance())
		x, err := p.term()
		if err != nil {
			return nil, err
		}
		return &ast.Unary{Op: ast.OpNot, X: x, At: at}, nil
	}
	x, err := p.predicate()
	if err != nil {
		return nil, err
	}
	return x, p.checkPick(x)
}

// checkPick refuses first(x).time WITHIN 30d as a condition: it could mean two things.
func (p *parser) checkPick(x ast.Expr) error {
	a, ok := x.(*ast.Aggregate)
	if !ok || a != p.trailing || len(a.Pick) == 0 || p.inItem {
		return nil
	}
	f := syntax(a.At, "a window directly after %s(…).%s can be read in two ways", a.Fn.Name, a.Pick[0].Name)
	bare := *a
	bare.Window = nil
	value := "(" + print.Expr(&bare) + ") " + print.Window(a.Window)
	if a.Sel != nil && len(a.Prop) == 0 && (a.Fn.Name == "first" || a.Fn.Name == "last") {
		nth := &ast.Nth{N: 1, Sel: a.Sel, Window: a.Window}
		if a.Fn.Name == "last" {
			nth.N = 0
		}
		return f.hint("write %s, or %s to compare the value", print.Expr(nth), value)
	}
	return f.hint("write %s to compare the value", value)
}

// predicate reads one condition that is no AND, OR or NOT.
func (p *parser) predicate() (ast.Expr, error) {
	if err := p.laterPredicate(); err != nil {
		return nil, err
	}
	var x ast.Expr
	var err error
	switch {
	case p.word == lex.Did || p.word == lex.Never:
		x, err = p.did()
	case p.word == lex.Known && p.wordAhead(1) == lex.For:
		x, err = p.knownFor()
	case p.segmentRef():
		x, err = p.inSegment()
	case p.nthAhead():
		x, err = p.nth()
	default:
		return p.comparison()
	}
	if err != nil {
		return nil, err
	}
	if p.comparisonAhead() {
		return nil, p.expected("AND, OR or the end after this condition").
			hint("a clause such as DID … is true or false by itself; to compare a number write count(…)")
	}
	return x, nil
}

// knownFor reads KNOWN FOR duration.
func (p *parser) knownFor() (ast.Expr, error) {
	start := spanOf(p.advance())
	p.advance()
	d, err := p.duration("a duration such as 30d after KNOWN FOR")
	if err != nil {
		return nil, err
	}
	return &ast.KnownFor{Duration: d, At: start.To(d.At)}, nil
}

// inWindow reads a window after a value that is no aggregate over events.
func (p *parser) inWindow(x ast.Expr) (ast.Expr, error) {
	w, err := p.window()
	if err != nil {
		return nil, err
	}
	if y, ok := pushWindow(x, w); ok {
		return nil, syntax(w.At, "a window belongs to the clause directly before it, not to a calculation").
			hint("write %s", shorten(print.Expr(y), 300))
	}
	return &ast.InWindow{X: x, Window: w}, nil
}

// pushWindow returns a calculation with the window put into every number of events it has, and whether
// it has any. Values such as first(x).time are left alone: a window compares them.
func pushWindow(x ast.Expr, w *ast.Window) (ast.Expr, bool) {
	switch x := x.(type) {
	case *ast.Paren:
		y, ok := pushWindow(x.X, w)
		if _, bare := y.(*ast.Binary); ok && !bare {
			return y, true
		}
		return &ast.Paren{X: y}, ok
	case *ast.Unary:
		y, ok := pushWindow(x.X, w)
		return &ast.Unary{Op: x.Op, X: y}, ok && x.Op == ast.OpNeg
	case *ast.Binary:
		if x.Op < ast.OpAdd {
			return x, false
		}
		l, lok := pushWindow(x.X, w)
		r, rok := pushWindow(x.Y, w)
		return &ast.Binary{Op: x.Op, X: l, Y: r}, lok || rok
	case *ast.Aggregate:
		if !countsEvents[x.Fn.Name] || x.Sel == nil || x.Window != nil {
			return x, false
		}
		y := *x
		y.Window = w
		return &y, true
	}
	return x, false
}

var countsEvents = map[string]bool{"count": true, "sum": true, "avg": true, "distinct": true, "days": true}
