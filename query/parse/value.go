package parse

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/lex"
)

// The binding powers of the operators between values. Comparisons, NOT, AND and OR bind more loosely
// and are read by condition; the unary minus and .name bind more tightly and are read by factor.
const (
	powerSum  = 1
	powerTerm = 2
)

// operator returns the arithmetic operator that the next token is, and its power, or 0.
func (p *parser) operator() (ast.Op, int) {
	if p.tok.Type != tokPunct {
		return 0, 0
	}
	switch p.tok.Value {
	case "+":
		return ast.OpAdd, powerSum
	case "-":
		return ast.OpSub, powerSum
	case "*":
		return ast.OpMul, powerTerm
	case "/":
		return ast.OpDiv, powerTerm
	}
	return 0, 0
}

// sum reads a value: factors joined by + - * /.
func (p *parser) sum() (ast.Expr, error) {
	outer := p.links
	p.links = 0
	x, err := p.infix(powerSum)
	p.links = max(p.links, outer)
	return x, err
}

// infix is the Pratt loop: it reads operators that bind at least as tightly as min.
func (p *parser) infix(min int) (ast.Expr, error) {
	left, err := p.factor()
	if err != nil {
		return nil, err
	}
	for {
		op, power := p.operator()
		if power == 0 || power < min {
			return left, nil
		}
		before := p.links
		p.links = 0
		at := spanOf(p.advance())
		right, err := p.infix(power + 1)
		if err != nil {
			return nil, err
		}
		if err := p.link(before, at); err != nil {
			return nil, err
		}
		left = &ast.Binary{Op: op, X: left, Y: right, OpAt: at}
	}
}

// factor reads one operand.
func (p *parser) factor() (ast.Expr, error) {
	switch p.tok.Type {
	case tokInt, tokDecimal, tokFloat:
		return p.number()
	case tokMeasure:
		return p.duration("a value")
	case tokText:
		t := p.advance()
		return &ast.Literal{Kind: ast.LitText, Text: lex.Unquote(t.Value), At: spanOf(t)}, nil
	case tokParam:
		t := p.advance()
		return &ast.Param{Name: t.Value[1:], At: spanOf(t)}, nil
	case tokQuoted:
		return p.fullName()
	case tokIdent:
		return p.wordFactor()
	case tokPunct:
		return p.punctFactor()
	}
	return nil, p.noOperand()
}

// punctFactor reads -x and (condition).
func (p *parser) punctFactor() (ast.Expr, error) {
	open := spanOf(p.tok)
	switch p.tok.Value {
	case "-":
		return p.negative(open)
	case "(":
		p.advance()
		x, err := p.condition()
		if err != nil {
			return nil, err
		}
		if err := p.close(")", open); err != nil {
			return nil, err
		}
		return &ast.Paren{X: x, At: p.spanSince(open)}, nil
	}
	return nil, p.noOperand()
}

func (p *parser) negative(at diag.Span) (ast.Expr, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	p.advance()
	x, err := p.factor()
	if err != nil {
		return nil, err
	}
	return &ast.Unary{Op: ast.OpNeg, X: x, At: at}, nil
}

// noOperand reports that a value should stand here.
func (p *parser) noOperand() error {
	f := p.expected(p.operandAfter())
	switch {
	case p.word == lex.Select:
		return f.hint("there are no subselects: a condition on events is DID purchase …, a stored one IN SEGMENT name")
	case p.word == lex.Not, p.word == lex.Did, p.word == lex.Never:
		return f.hint("put the condition into brackets: (%s …)", p.word)
	case p.punct("*"):
		return f.hint("* stands in count(*) and alone in a select list")
	case p.punct(")"):
		return f.hint("something is missing before the bracket")
	case p.word == lex.In:
		return f.hint("a value stands before IN, as in country IN ('PL', 'DE'); a segment is asked by IN SEGMENT name")
	case p.word.Reserved():
		return f.hint(`something is missing before %s; a name that is spelt so is written "%s"`, p.word, p.tok.Value)
	}
	return f
}

// operandAfter says what should stand here, by the token before it.
func (p *parser) operandAfter() string {
	t := p.prev()
	switch {
	case t == nil:
		return "a condition or a value"
	case isPunct(t, "(") || isPunct(t, "[") || isPunct(t, ","):
		return "a condition or a value"
	case t.Type == tokPunct:
		return "a value after " + t.Value
	}
	return "a condition or a value after " + describe(t)
}

// number reads a number, a percentage or a duration of two words.
func (p *parser) number() (ast.Expr, error) {
	if next := p.ahead(1); next.Type == tokIdent {
		if wordOf(next) == lex.Percent {
			t := p.advance()
			p.advance()
			return &ast.Literal{Kind: ast.LitPercent, Text: t.Value, At: p.spanSince(spanOf(t))}, nil
		}
		if unitNamed(next.Value) != "" {
			return p.duration("a value")
		}
	}
	t := p.advance()
	return &ast.Literal{Kind: numberKinds[t.Type], Text: t.Value, At: spanOf(t)}, nil
}

var numberKinds = map[lexer.TokenType]ast.LitKind{
	tokInt: ast.LitInt, tokDecimal: ast.LitDecimal, tokFloat: ast.LitFloat,
}

// wordFactor reads an operand that begins with a word.
func (p *parser) wordFactor() (ast.Expr, error) {
	switch p.word {
	case lex.Null:
		return p.constant(ast.LitNull), nil
	case lex.True, lex.False:
		return p.constant(ast.LitBool), nil
	case lex.Case:
		return p.caseOf()
	}
	if p.word.Reserved() && !p.softName() {
		return nil, p.noOperand()
	}
	if isPunct(p.ahead(1), "(") && !p.word.Reserved() {
		return p.function()
	}
	return p.fullName()
}

// softName tells whether a word that begins a clause is a name here: nothing that could begin an
// operand follows, as it would after the keyword.
func (p *parser) softName() bool {
	next := p.ahead(1)
	return p.word.Soft() && (!startsOperand(next) || isPunct(next, "-"))
}

func (p *parser) constant(kind ast.LitKind) ast.Expr {
	text := ""
	if kind == ast.LitBool {
		text = p.word.String()
	}
	return &ast.Literal{Kind: kind, Text: text, At: spanOf(p.advance())}
}

// fullName reads name { "." name }.
func (p *parser) fullName() (ast.Expr, error) {
	first := identOf(p.advance())
	rest, err := p.suffixes()
	if err != nil {
		return nil, err
	}
	if p.punct("[") {
		return nil, p.expected("an operator").
			hint("events stand after DID or inside count(…), sum(…) and the like: DID %s[…]", first.Name)
	}
	return &ast.Name{Parts: append([]ast.Ident{first}, rest...)}, nil
}

// function reads name "(" …, whatever the function is.
func (p *parser) function() (ast.Expr, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	if p.word == lex.TryCast {
		return p.tryCast()
	}
	fn := identOf(p.tok)
	fn.Name = strings.ToLower(fn.Name)
	if topic, ok := laterFunctions[fn.Name]; ok {
		return nil, notYet(fn.At, topic)
	}
	if err := p.strangeFunction(fn); err != nil {
		return nil, err
	}
	p.advance()
	if aggregates[fn.Name] {
		return p.aggregate(fn)
	}
	return p.call(fn)
}

// call reads ( [ sum { , sum } ] ).
func (p *parser) call(fn ast.Ident) (ast.Expr, error) {
	out := &ast.Call{Fn: fn}
	if isPunct(p.ahead(1), ")") {
		p.advance()
		p.advance()
		out.At = p.spanSince(fn.At)
		return out, nil
	}
	args, err := p.values()
	if err != nil {
		return nil, err
	}
	out.Args, out.At = args, p.spanSince(fn.At)
	return out, nil
}

// tryCast reads TRY_CAST ( sum AS type ).
func (p *parser) tryCast() (ast.Expr, error) {
	start := spanOf(p.advance())
	open := spanOf(p.advance())
	x, err := p.sum()
	if err != nil {
		return nil, err
	}
	if err := p.need(lex.As, " and a type"); err != nil {
		return nil, err
	}
	t, err := p.typeName()
	if err != nil {
		return nil, err
	}
	if err := p.close(")", open); err != nil {
		return nil, err
	}
	return &ast.TryCast{X: x, Type: t, At: p.spanSince(start)}, nil
}

// caseOf reads CASE { WHEN condition THEN sum } [ ELSE sum ] END.
func (p *parser) caseOf() (ast.Expr, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	out := &ast.Case{At: spanOf(p.advance())}
	if p.word != lex.When {
		return nil, p.expected("WHEN after CASE").hint("write CASE WHEN x = 1 THEN … END")
	}
	for p.take(lex.When) {
		w, err := p.when()
		if err != nil {
			return nil, err
		}
		out.Whens = append(out.Whens, w)
	}
	if p.take(lex.Else) {
		x, err := p.sum()
		if err != nil {
			return nil, err
		}
		out.Else = x
	}
	if !p.take(lex.End) {
		return nil, p.expected("WHEN, ELSE or END of the CASE").suggest("WHEN", "ELSE", "END")
	}
	out.At = p.spanSince(out.At)
	return out, nil
}

func (p *parser) when() (w ast.When, err error) {
	if w.Cond, err = p.condition(); err != nil {
		return w, err
	}
	if err = p.need(lex.Then, " after the condition of WHEN"); err != nil {
		return w, err
	}
	w.Then, err = p.sum()
	return w, err
}
