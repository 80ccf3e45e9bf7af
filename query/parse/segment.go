package parse

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/query/print"
	"github.com/musterdb/muster/storage/schema"
)

// segmentRef tells whether IN SEGMENT or IN ANY SEGMENT comes next.
func (p *parser) segmentRef() bool {
	return p.word == lex.In && (p.wordAhead(1) == lex.Segment || p.wordAhead(1) == lex.Any)
}

// inSegment reads IN SEGMENT name [ . part ] [ AS OF sum | FOR duration ] | IN ANY SEGMENT ( name, … ).
func (p *parser) inSegment() (ast.Expr, error) {
	x := &ast.InSegment{At: spanOf(p.advance())}
	x.Any = p.take(lex.Any)
	err := p.need(lex.Segment, " after IN ANY")
	if err == nil && x.Any {
		err = p.anySegments(x)
	} else if err == nil {
		err = p.oneSegment(x)
	}
	x.At = p.spanSince(x.At)
	return x, err
}

func (p *parser) anySegments(x *ast.InSegment) error {
	open := spanOf(p.tok)
	if err := p.needPunct("(", " and the names of segments"); err != nil {
		return err
	}
	for {
		n, err := p.segmentName()
		if err != nil {
			return err
		}
		if x.Names = append(x.Names, n); !p.takePunct(",") {
			return p.close(")", open)
		}
	}
}

func (p *parser) oneSegment(x *ast.InSegment) error {
	if p.punct("(") {
		return p.expected("the name of a segment").hint("write IN ANY SEGMENT (a, b), or IN SEGMENT a AND IN SEGMENT b")
	}
	n, err := p.segmentName()
	if err != nil {
		return err
	}
	x.Names = []ast.SegmentName{n}
	switch {
	case p.word == lex.As && p.wordAhead(1) == lex.Of:
		p.advance()
		p.advance()
		x.AsOf, err = p.sum()
	case p.take(lex.For):
		x.For, err = p.duration("a duration such as 6mo after FOR")
	}
	return err
}

// segmentName reads name [ . part ].
func (p *parser) segmentName() (n ast.SegmentName, err error) {
	if n.Name, err = p.ident("the name of a segment"); err != nil || !p.takePunct(".") {
		return n, err
	}
	part, err := p.ident("the name of a part after the point")
	n.Part = &part
	return n, err
}

// valueInSegment reports x IN SEGMENT: segments hold contacts, not values. IN is the token before.
func (p *parser) valueInSegment(x ast.Expr, not bool) error {
	form := "IN SEGMENT name"
	if p.word == lex.Any {
		form = "IN ANY SEGMENT (a, b)"
	} else if n := p.ahead(1); n.Type == tokIdent || n.Type == tokQuoted {
		form = "IN SEGMENT " + shorten(n.Value, maxShown)
	}
	if not {
		form = "NOT " + form
	}
	f := syntax(x.Span().To(spanOf(p.tok)), "a segment is asked of the contact, not of a value")
	if n, ok := x.(*ast.Name); ok && len(n.Parts) == 1 && n.Parts[0].Name == "contact" {
		return f.hint("write contact IN (%s); in a condition over contacts write %[1]s", form)
	}
	return f.hint("write %s", form)
}

// segmentBody is what CREATE SEGMENT stores: one of a condition, a file and a list of ids.
type segmentBody struct {
	where ast.Expr
	file  *ast.Literal
	ids   []ast.Expr
	at    diag.Span
}

// bodyHook reads AS condition | FROM 'file' | [ FROM ] ( [ 'id' { , 'id' } ] ).
type bodyHook struct{ segmentBody }

func (h *bodyHook) Parse(toks *lexer.PeekingLexer) error {
	return read(toks, &h.segmentBody, (*parser).segmentBody)
}

func (p *parser) segmentBody() (b segmentBody, err error) {
	b.at = spanOf(p.tok)
	switch {
	case p.take(lex.As):
		b.where, err = p.segmentCondition()
	case p.word == lex.From && p.ahead(1).Type == tokText:
		p.advance()
		b.file, err = p.file()
	case p.idsAhead():
		p.take(lex.From)
		b.ids, err = p.bracketedIDs()
	default:
		err = p.noBody()
	}
	return b, err
}

// noBody reports what stands where the condition of a segment should begin.
func (p *parser) noBody() error {
	f := p.expected("AS and a condition, FROM 'file' or a list of ids in brackets")
	switch {
	case p.end():
		return f.hint("write for example AS DID purchase WITHIN 90d")
	case p.punct("="), p.word == lex.Where, p.word == lex.When:
		return f.hint("write AS before the condition, in place of %s", p.tok.Value)
	case p.word == lex.From:
		return f.hint("the name of a file stands in single quotes: FROM 'ids.csv'")
	}
	return f.suggest("AS", "FROM").or("write AS before the condition")
}

// segmentCondition reads the condition after AS, where people write a statement.
func (p *parser) segmentCondition() (ast.Expr, error) {
	statement := p.word == lex.Select || p.word == lex.Where || p.is("COUNT")
	if next := p.ahead(1); statement && startsOperand(next) && next.Type != tokPunct {
		return nil, p.expected("a condition").hint("a segment is a condition and nothing else: CREATE SEGMENT vip AS country = 'PL' AND DID purchase WITHIN 90d")
	}
	return p.condition()
}

// idsAhead tells ( 'id', … ) and ( ) from a condition in brackets.
func (p *parser) idsAhead() bool {
	at := p.toks.MakeCheckpoint()
	defer p.back(at)
	p.take(lex.From)
	if !p.takePunct("(") {
		return false
	}
	if p.tok.Type == tokText || p.tok.Type == tokParam {
		p.advance()
		return p.tok.Type != tokIdent && p.tok.Type != tokPunct || p.punct(",") || p.punct(")")
	}
	return p.punct(")")
}

func (p *parser) bracketedIDs() ([]ast.Expr, error) {
	open := spanOf(p.advance())
	if p.takePunct(")") {
		return []ast.Expr{}, nil
	}
	out, err := p.ids()
	if err != nil {
		return nil, err
	}
	return out, p.close(")", open)
}

// idsHook is a list of ids without brackets.
type idsHook struct{ L []ast.Expr }

func (h *idsHook) Parse(toks *lexer.PeekingLexer) error {
	return read(toks, &h.L, func(p *parser) ([]ast.Expr, error) {
		if p.punct("(") {
			return nil, p.expected("an id in single quotes").hint("write the ids without brackets: ADD 'c1', 'c2'")
		}
		return p.ids()
	})
}

// ids reads 'id' { , 'id' }.
func (p *parser) ids() ([]ast.Expr, error) {
	n := 0
	return listOf(func(p *parser) (ast.Expr, error) {
		if n++; n > schema.MaxListValues {
			return nil, fail(diag.Limit, spanOf(p.tok), "the list has more than %d ids", schema.MaxListValues).
				WithHint("put them into a file: CREATE STATIC SEGMENT name FROM 'ids.csv'").failure()
		}
		return p.key()
	})(p)
}

type createSegmentStmt struct {
	Replace bool        `parser:"'CREATE' ( @'OR' 'REPLACE' )?"`
	Static  bool        `parser:"@'STATIC'? 'SEGMENT'"`
	Name    segmentName `parser:"@@"`
	Body    bodyHook    `parser:"@@"`
}

func (s *createSegmentStmt) node() (ast.Stmt, error) {
	n := &ast.CreateSegment{Name: s.Name.Ident, Replace: s.Replace, Where: s.Body.where, File: s.Body.file, IDs: s.Body.ids}
	if s.Static {
		n.Kind = ast.SegmentStatic
	}
	if !s.Static && n.Where == nil {
		return nil, syntax(s.Body.at, "only a STATIC segment holds a list of contacts").
			hint("write CREATE STATIC SEGMENT %s …, or AS and a condition", print.Name(n.Name))
	}
	return n, nil
}

type alterSegmentStmt struct {
	Name   segmentName `parser:"'ALTER' 'SEGMENT' @@"`
	Change string      `parser:"@( 'ADD' | 'REMOVE' )"`
	IDs    idsHook     `parser:"@@"`
}

func (s *alterSegmentStmt) node() (ast.Stmt, error) {
	return &ast.AlterSegment{Name: s.Name.Ident, Add: strings.EqualFold(s.Change, "ADD"), IDs: s.IDs.L}, nil
}

// orReplace answers for CREATE OR, which only segments know.
func orReplace(p *parser) error {
	if !isWord(p.ahead(2), "REPLACE") {
		return nil // the form says it
	}
	switch what := p.ahead(3); strings.ToUpper(what.Value) {
	case "SEGMENT":
		return nil
	case "STATIC":
		if next := p.ahead(4); !isWord(next, "SEGMENT") {
			return syntax(spanOf(next), "expected SEGMENT after STATIC but found %s", describe(next))
		}
		return nil
	case "LIVE":
		return notYet(spanOf(what), "live segments")
	case "BASE", "ATTRIBUTE", "EVENT":
		return syntax(spanOf(p.ahead(1)).To(spanOf(p.ahead(2))), "OR REPLACE is for segments only").
			hint("what a base, an attribute or an event holds would be lost: DROP it and CREATE it anew")
	}
	p.advance()
	p.advance()
	p.advance()
	return p.expected("SEGMENT or STATIC SEGMENT after CREATE OR REPLACE").suggest("SEGMENT", "STATIC")
}
