package parse

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/lex"
)

// The statements that look at what there is, and at what runs.

type describeStmt struct {
	What describeHook `parser:"'DESCRIBE' @@"`
}

func (s *describeStmt) node() (ast.Stmt, error) { n := s.What.n; return &n, nil }

type showStmt struct {
	What string `parser:"'SHOW' @( 'BASES' | 'ATTRIBUTES' | 'EVENTS' | 'STORAGE' | 'QUERIES' )"`
}

var showKinds = map[string]ast.ShowKind{
	"BASES": ast.ShowBases, "ATTRIBUTES": ast.ShowAttributes, "EVENTS": ast.ShowEvents, "STORAGE": ast.ShowStorage, "QUERIES": ast.ShowQueries,
}

func (s *showStmt) node() (ast.Stmt, error) {
	return &ast.Show{Kind: showKinds[strings.ToUpper(s.What)]}, nil
}

type showSegmentsStmt struct {
	Of *keyHook `parser:"'SHOW' 'SEGMENTS' ( 'OF' 'CONTACT' @@ )?"`
}

func (s *showSegmentsStmt) node() (ast.Stmt, error) {
	if s.Of == nil {
		return &ast.Show{Kind: ast.ShowSegments}, nil
	}
	return &ast.ShowSegmentsOf{ID: s.Of.X}, nil
}

type showContactStmt struct {
	ID    keyHook    `parser:"'SHOW' 'CONTACT' @@"`
	Limit *limitHook `parser:"( 'LIMIT' @@ )?"`
}

func (s *showContactStmt) node() (ast.Stmt, error) {
	n := &ast.ShowContact{ID: s.ID.X}
	if s.Limit != nil {
		n.Limit = s.Limit.X
	}
	return n, nil
}

type killStmt struct {
	Query numberHook `parser:"'KILL' @@"`
}

func (s *killStmt) node() (ast.Stmt, error) { return &ast.Kill{Query: s.Query.X}, nil }

// numberHook is the number of a statement that runs.
type numberHook struct{ X *ast.Literal }

func (h *numberHook) Parse(toks *lexer.PeekingLexer) error {
	return read(toks, &h.X, func(p *parser) (*ast.Literal, error) {
		if p.tok.Type != tokInt {
			return nil, p.expected("the number of a statement").hint("SHOW QUERIES lists the numbers: KILL 17")
		}
		return p.whole("the number of a statement")
	})
}

// whole reads a whole number and keeps its text.
func (p *parser) whole(what string) (*ast.Literal, error) {
	at := spanOf(p.tok)
	if _, err := p.count(what); err != nil {
		return nil, err
	}
	return &ast.Literal{Kind: ast.LitInt, Text: p.prev().Value, At: at}, nil
}

// describeHook is what follows DESCRIBE: a word that says what a name is stands before it, and is itself the
// name if nothing follows.
type describeHook struct{ n ast.Describe }

func (h *describeHook) Parse(toks *lexer.PeekingLexer) error {
	return read(toks, &h.n, (*parser).describe)
}

func (p *parser) describe() (n ast.Describe, err error) {
	if p.end() {
		return n, p.expected("a name after DESCRIBE").hint("write DESCRIBE contacts for all attributes, or DESCRIBE and the name of an attribute, event or segment")
	}
	next := p.ahead(1)
	if kind, ok := describeKinds[strings.ToUpper(p.tok.Value)]; ok && p.tok.Type == tokIdent && (next.Type == tokIdent || next.Type == tokQuoted) {
		n.Kind = kind
		p.advance()
	}
	first, err := p.ident("the name of an attribute, event or segment")
	if err != nil {
		return n, err
	}
	rest, err := p.suffixes()
	n.Name.Parts = append([]ast.Ident{first}, rest...)
	return n, err
}

var describeKinds = map[string]ast.DescribeKind{
	"BASE": ast.DescribeBase, "ATTRIBUTE": ast.DescribeAttribute, "EVENT": ast.DescribeEvent, "SEGMENT": ast.DescribeSegment,
}

// explaining passes over EXPLAIN [ ANALYZE ] if a statement begins with it.
func explaining(toks *lexer.PeekingLexer) (*ast.Explain, error) {
	p := newParser(toks)
	if !p.is("EXPLAIN") {
		return nil, nil
	}
	n := &ast.Explain{At: spanOf(p.advance())}
	if p.is("ANALYZE") || p.is("ANALYSE") {
		n.Analyze = true
		p.advance()
	}
	return n, p.explained()
}

// explained answers for what may not follow EXPLAIN.
func (p *parser) explained() error {
	next := p.ahead(1)
	switch {
	case p.end():
		return p.expected("a statement after EXPLAIN").hint("write EXPLAIN COUNT country = 'PL'")
	case p.is("ENGLISH"):
		return notYet(spanOf(p.tok), "EXPLAIN ENGLISH")
	case p.is("FORMAT"):
		return notYet(spanOf(p.tok), "EXPLAIN FORMAT")
	case p.is("CONTACT"):
		return notYet(spanOf(p.tok), "EXPLAIN CONTACT")
	case p.is("EXPLAIN"):
		return p.expected("a statement after EXPLAIN").hint("write EXPLAIN once, or EXPLAIN ANALYZE to run the statement and measure it")
	case p.is("VERBOSE"), p.punct("("):
		return p.expected("a statement after EXPLAIN").hint("EXPLAIN has no options but ANALYZE: EXPLAIN ANALYZE COUNT country = 'PL'")
	case p.tok.Type == tokIdent && next.Type == tokPunct && next.Value != "(" && next.Value != "*":
		return p.expected("a statement after EXPLAIN").hint("a condition is explained by EXPLAIN COUNT %s %s …", shorten(p.tok.Value, maxShown), next.Value)
	}
	return nil
}

// clauseNamed returns the clause that begins with a word, or -1.
func (f *form) clauseNamed(word string) int {
	for i, c := range f.clauses {
		if first, _, _ := strings.Cut(c.words, " "); lex.IsPlain(first) && strings.EqualFold(first, word) {
			return i
		}
	}
	return -1
}
