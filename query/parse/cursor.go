package parse

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/storage/schema"
)

// maxChain bounds the operators on one path from a tree's root to a leaf, so that whoever walks the
// tree by recursion needs a bounded stack: a + a + … leans to the left.
const maxChain = 10_000

// parser is the part written by hand: conditions, expressions and what statements take over from them.
// It reads from participle's stream of tokens and leaves it after the last token it has used.
type parser struct {
	toks *lexer.PeekingLexer
	tok  *lexer.Token // the next token
	word lex.Word     // the keyword it is, if it is a word without quotes

	depth  int  // of nesting
	links  int  // operators on the longest path since it was last set to 0; see maxChain
	inItem bool // in a select list, where a value with a window may stand for itself

	trailing *ast.Aggregate // the last aggregate that has its window after the brackets
}

func newParser(toks *lexer.PeekingLexer) *parser {
	p := &parser{toks: toks}
	p.load()
	return p
}

func (p *parser) load() {
	p.tok = p.toks.Peek()
	p.word = wordOf(p.tok)
}

func wordOf(t *lexer.Token) lex.Word {
	if t.Type != tokIdent {
		return lex.None
	}
	return lex.Lookup(t.Value)
}

// advance returns the next token and passes over it.
func (p *parser) advance() *lexer.Token {
	t := p.toks.Next()
	p.load()
	return t
}

// ahead returns the token after n more, without moving.
func (p *parser) ahead(n int) *lexer.Token {
	at := p.toks.MakeCheckpoint()
	for range n {
		p.toks.Next()
	}
	t := p.toks.Peek()
	p.toks.LoadCheckpoint(at)
	return t
}

func (p *parser) wordAhead(n int) lex.Word { return wordOf(p.ahead(n)) }

// prev returns the token before the next one, or nil at the start.
func (p *parser) prev() *lexer.Token {
	n := p.toks.RawCursor()
	if n == 0 {
		return nil
	}
	return &p.toks.Range(n-1, n)[0]
}

// back returns to a checkpoint.
func (p *parser) back(at lexer.Checkpoint) {
	p.toks.LoadCheckpoint(at)
	p.load()
}

func (p *parser) end() bool { return p.tok.EOF() }

// punct tells whether the next token is the given operator or bracket.
func (p *parser) punct(s string) bool { return isPunct(p.tok, s) }

func isPunct(t *lexer.Token, s string) bool { return t.Type == tokPunct && t.Value == s }

// is tells whether the next token is a word that has no number of its own.
func (p *parser) is(word string) bool { return isWord(p.tok, word) }

func isWord(t *lexer.Token, word string) bool {
	return t.Type == tokIdent && strings.EqualFold(t.Value, word)
}

// take passes over the keyword if it comes next.
func (p *parser) take(w lex.Word) bool {
	if p.word != w {
		return false
	}
	p.advance()
	return true
}

func (p *parser) takePunct(s string) bool {
	if !p.punct(s) {
		return false
	}
	p.advance()
	return true
}

// need passes over the keyword or fails.
func (p *parser) need(w lex.Word, why string) error {
	if p.take(w) {
		return nil
	}
	return p.expected(w.String() + why).suggest(w.String())
}

func (p *parser) needPunct(s, why string) error {
	if p.takePunct(s) {
		return nil
	}
	return p.expected(s + why)
}

// close passes over the bracket that closes the one at open, or says which one is not closed.
func (p *parser) close(bracket string, open diag.Span) error {
	if p.takePunct(bracket) {
		return nil
	}
	if p.end() {
		return fail(diag.Syntax, open, "the bracket that opens here is not closed").WithHint("close it with %s", bracket).failure()
	}
	return p.expected(bracket)
}

// enter counts a level of nesting; leave is its other half.
func (p *parser) enter() error {
	if p.depth++; p.depth > schema.MaxNesting {
		return fail(diag.Limit, spanOf(p.tok), "the expression is nested deeper than %d levels", schema.MaxNesting).failure()
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

// link counts one operator over the operands before and after it.
func (p *parser) link(before int, at diag.Span) error {
	if p.links = max(before, p.links) + 1; p.links > maxChain {
		return fail(diag.Limit, at, "more than %d operators follow one another", maxChain).
			WithHint("write x IN (…) instead of x = … OR x = …, or use brackets").failure()
	}
	return nil
}

// ident reads a name, where only a name can stand: every word will do.
func (p *parser) ident(what string) (ast.Ident, error) {
	if p.tok.Type != tokIdent && p.tok.Type != tokQuoted {
		return ast.Ident{}, p.expectedName(what)
	}
	return identOf(p.advance()), nil
}

func identOf(t *lexer.Token) ast.Ident {
	if t.Type == tokQuoted {
		return ast.Ident{Name: lex.Unquote(t.Value), Quoted: true, At: spanOf(t)}
	}
	return ast.Ident{Name: t.Value, At: spanOf(t)}
}

func (p *parser) expectedName(what string) error {
	f := p.expected(what)
	switch p.tok.Type {
	case tokPunct:
		if p.punct("(") && isWord(p.ahead(1), "SELECT") {
			return f.hint("there are no subselects: put the conditions into one WHERE; a stored condition is a segment, IN SEGMENT name")
		}
	case tokText:
		return f.hint(`names stand in double quotes or none: %s`, lex.Quote(lex.Unquote(p.tok.Value), '"'))
	case tokParam:
		return f.hint(`a parameter stands for a value, not for a name; the name %s is written "%[1]s"`, p.tok.Value)
	case tokMeasure, tokInt:
		return f.hint("a name that begins with a digit stands in double quotes")
	}
	return f
}

// suffixes reads { "." name }.
func (p *parser) suffixes() ([]ast.Ident, error) {
	var out []ast.Ident
	for p.takePunct(".") {
		n, err := p.ident("a name after the point")
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}
