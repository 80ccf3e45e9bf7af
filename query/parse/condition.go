package parse

import (
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/query/print"
	"github.com/musterdb/muster/storage/schema"
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

// comparison reads sum [ comparison ].
func (p *parser) comparison() (ast.Expr, error) {
	left, err := p.sum()
	if err != nil {
		return nil, err
	}
	if x := p.firstBrackets(left); x != nil {
		left = x
	} else if !p.comparisonAhead() {
		return left, nil
	} else if left, err = p.compare(left); err != nil {
		return nil, err
	}
	if p.comparisonAhead() {
		return nil, p.chained()
	}
	return left, nil
}

func (p *parser) chained() error {
	f := syntax(spanOf(p.tok), "comparisons do not chain")
	if p.tok.Type == tokPunct {
		return f.hint("write a < b AND b < c, or put one comparison into brackets")
	}
	return f.hint("put one of them into brackets or join them with AND")
}

// comparisonAhead tells whether the next token goes on with a comparison of the value before it.
func (p *parser) comparisonAhead() bool {
	switch p.word {
	case lex.In, lex.Between, lex.Like, lex.ILike, lex.Is, lex.Has, lex.Matches, lex.Starts, lex.Ends,
		lex.Contains, lex.Subset, lex.Within, lex.Since, lex.Before, lex.During, lex.Not:
		return true
	}
	_, ok := p.relation()
	return ok
}

// relation returns the operator = <> < <= > >= that the next token is.
func (p *parser) relation() (ast.Op, bool) {
	if p.tok.Type != tokPunct {
		return 0, false
	}
	switch p.tok.Value {
	case "=":
		return ast.OpEq, true
	case "<>", "!=":
		return ast.OpNe, true
	case "<":
		return ast.OpLt, true
	case "<=":
		return ast.OpLe, true
	case ">":
		return ast.OpGt, true
	case ">=":
		return ast.OpGe, true
	}
	return 0, false
}

// compare reads the comparison after its left side.
func (p *parser) compare(x ast.Expr) (ast.Expr, error) {
	if op, ok := p.relation(); ok {
		return p.binary(x, op, false, spanOf(p.advance()))
	}
	switch p.word {
	case lex.Not:
		return p.compareNot(x)
	case lex.Is:
		return p.isTest(x)
	case lex.Has:
		return p.has(x)
	case lex.Subset:
		p.advance()
		if err := p.need(lex.Of, " after SUBSET"); err != nil {
			return nil, err
		}
		y, err := p.sum()
		return &ast.SubsetOf{X: x, Y: y, At: p.spanFrom(x)}, err
	}
	if p.windowAhead() {
		return p.inWindow(x)
	}
	return p.negatable(x, false)
}

func (p *parser) binary(x ast.Expr, op ast.Op, not bool, at diag.Span) (ast.Expr, error) {
	y, err := p.sum()
	if err != nil {
		return nil, err
	}
	return &ast.Binary{Op: op, Not: not, X: x, Y: y, OpAt: at}, nil
}

// spanFrom returns the span from an expression's start to the last token read.
func (p *parser) spanFrom(x ast.Expr) diag.Span { return p.spanSince(x.Span()) }

// spanSince returns the span from a span's start to the last token read.
func (p *parser) spanSince(s diag.Span) diag.Span {
	return s.To(spanOf(p.prev()))
}

// compareNot reads what may follow NOT after a value.
func (p *parser) compareNot(x ast.Expr) (ast.Expr, error) {
	p.advance()
	switch p.word {
	case lex.In, lex.Between, lex.Like, lex.ILike, lex.Matches, lex.Starts, lex.Ends, lex.Contains:
		return p.negatable(x, true)
	}
	f := p.expected("IN, BETWEEN, LIKE, ILIKE, MATCHES, STARTS WITH, ENDS WITH or CONTAINS after NOT")
	switch p.word {
	case lex.Null:
		return nil, f.hint("write IS NOT NULL")
	case lex.Has:
		return nil, f.hint("write NOT x HAS …, or x HAS NONE (…)")
	}
	return nil, f
}

// negatable reads the comparisons that take a NOT before them.
func (p *parser) negatable(x ast.Expr, not bool) (ast.Expr, error) {
	at := spanOf(p.tok)
	switch w := p.word; w {
	case lex.In:
		return p.in(x, not)
	case lex.Between:
		return p.between(x, not)
	case lex.Starts, lex.Ends:
		p.advance()
		if err := p.need(lex.With, " after "+w.String()); err != nil {
			return nil, err
		}
		return p.binary(x, textOps[w], not, p.spanSince(at))
	default:
		p.advance()
		return p.binary(x, textOps[w], not, at)
	}
}

var textOps = map[lex.Word]ast.Op{
	lex.Like: ast.OpLike, lex.ILike: ast.OpILike, lex.Matches: ast.OpMatches,
	lex.Starts: ast.OpStartsWith, lex.Ends: ast.OpEndsWith, lex.Contains: ast.OpContains,
}

// between reads BETWEEN sum AND sum.
func (p *parser) between(x ast.Expr, not bool) (ast.Expr, error) {
	p.advance()
	lo, err := p.sum()
	if err != nil {
		return nil, err
	}
	if err := p.need(lex.And, " and the upper end of BETWEEN"); err != nil {
		return nil, err
	}
	hi, err := p.sum()
	if err != nil {
		return nil, err
	}
	switch p.word {
	case lex.Ago:
		return nil, p.expected("AND, OR or the end").hint("a window is written BETWEEN 90d AND 30d AGO, with two durations")
	case lex.Times:
		return nil, p.expected("AND, OR or the end").hint("a number of times belongs to DID: DID purchase BETWEEN 2 AND 5 TIMES")
	}
	return &ast.Between{X: x, Lo: lo, Hi: hi, Not: not, At: p.spanFrom(x)}, nil
}

// in reads IN ( values ).
func (p *parser) in(x ast.Expr, not bool) (ast.Expr, error) {
	start := spanOf(p.advance())
	if err := p.laterIn(start.To(spanOf(p.tok)), 0); err != nil {
		return nil, err
	}
	if !p.punct("(") {
		return nil, p.expected("a list in brackets after IN").hint("write IN ('a', 'b')")
	}
	values, err := p.values()
	if err != nil {
		return nil, err
	}
	return &ast.In{X: x, Values: values, Not: not, At: p.spanFrom(x)}, nil
}

// values reads ( sum { , sum } ).
func (p *parser) values() ([]ast.Expr, error) {
	open := spanOf(p.advance())
	var out []ast.Expr
	for {
		x, err := p.sum()
		if err != nil {
			return nil, err
		}
		if out = append(out, x); len(out) > schema.MaxListValues {
			return nil, fail(diag.Limit, x.Span(), "the list has more than %d values", schema.MaxListValues).
				WithHint("load the values into an attribute with COPY and compare that").failure()
		}
		if !p.takePunct(",") {
			return out, p.close(")", open)
		}
	}
}

// isTest reads IS [ NOT ] ( NULL | DISTINCT FROM sum ).
func (p *parser) isTest(x ast.Expr) (ast.Expr, error) {
	p.advance()
	not := p.take(lex.Not)
	switch p.word {
	case lex.Null:
		p.advance()
		return &ast.IsNull{X: x, Not: not, At: p.spanFrom(x)}, nil
	case lex.Distinct:
		p.advance()
		if err := p.need(lex.From, " after DISTINCT"); err != nil {
			return nil, err
		}
		y, err := p.sum()
		return &ast.IsDistinct{X: x, Y: y, Not: not, At: p.spanFrom(x)}, err
	}
	f := p.expected("NULL or DISTINCT FROM after IS").suggest("NULL", "DISTINCT")
	if f.err.Hint == "" {
		f = f.hint("values are compared with =")
	}
	return nil, f
}

// has reads HAS ( sum | ( ANY | ALL | NONE ) ( list | sum ) ).
func (p *parser) has(x ast.Expr) (ast.Expr, error) {
	p.advance()
	out := &ast.Has{X: x}
	if mode, ok := hasModes[p.word]; ok && startsOperand(p.ahead(1)) {
		p.advance()
		out.Mode = mode
		if p.punct("(") {
			values, err := p.values()
			out.Values, out.Bracketed, out.At = values, true, p.spanFrom(x)
			return out, err
		}
	}
	v, err := p.sum()
	out.Values, out.At = []ast.Expr{v}, p.spanFrom(x)
	return out, err
}

var hasModes = map[lex.Word]ast.HasMode{lex.Any: ast.HasAny, lex.All_: ast.HasAll, lex.NoneOf: ast.HasNone}

// startsOperand tells whether a value can begin with the token. Operators made of words cannot.
func startsOperand(t *lexer.Token) bool {
	switch t.Type {
	case lexer.EOF:
		return false
	case tokPunct:
		return t.Value == "(" || t.Value == "-"
	case tokIdent:
		switch w := lex.Lookup(t.Value); w {
		case lex.Null, lex.True, lex.False, lex.Case, lex.Not, lex.Did, lex.Never:
			return true
		case lex.Within, lex.Since, lex.Before, lex.During, lex.Matches, lex.Starts, lex.Ends, lex.Contains, lex.Subset:
			return false
		default:
			return !w.Reserved()
		}
	}
	return true
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
