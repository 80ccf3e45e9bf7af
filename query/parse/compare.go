package parse

import (
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/storage/schema"
)

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
	if !p.take(lex.And) {
		return nil, p.expected("AND and the upper end of BETWEEN").suggest("AND").or("write BETWEEN 1 AND 5; both ends belong to it")
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

// in reads IN ( values ). The first may be a condition: contact IN (country = 'PL').
func (p *parser) in(x ast.Expr, not bool) (ast.Expr, error) {
	start := spanOf(p.advance())
	if err := p.laterIn(start.To(spanOf(p.tok)), 0); err != nil {
		return nil, err
	}
	if p.word == lex.Segment || p.word == lex.Any && p.wordAhead(1) == lex.Segment {
		return nil, p.valueInSegment(x, not)
	}
	if !p.punct("(") {
		return nil, p.expected("a list in brackets after IN").hint("write IN ('a', 'b')")
	}
	values, err := p.valuesOr((*parser).condition)
	if err != nil {
		return nil, err
	}
	return &ast.In{X: x, Values: values, Not: not, At: p.spanFrom(x)}, nil
}

// values reads ( sum { , sum } ).
func (p *parser) values() ([]ast.Expr, error) { return p.valuesOr((*parser).sum) }

// valuesOr reads the first value its own way.
func (p *parser) valuesOr(next func(*parser) (ast.Expr, error)) ([]ast.Expr, error) {
	open := spanOf(p.advance())
	var out []ast.Expr
	for {
		x, err := next(p)
		if err != nil {
			return nil, err
		}
		next = (*parser).sum
		if out = append(out, x); len(out) > schema.MaxListValues {
			return nil, fail(diag.Limit, x.Span(), "the list has more than %d values", schema.MaxListValues).
				WithHint("load the values into an attribute with COPY and compare that").failure()
		}
		if !p.takePunct(",") {
			if p.tok.Type == tokText || p.tok.Type == tokInt || p.tok.Type == tokDecimal {
				return nil, p.expected("a comma or )").hint("commas stand between the values of a list")
			}
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
