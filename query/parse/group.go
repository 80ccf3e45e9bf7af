package parse

import (
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/query/print"
)

// groupHook is the list after GROUP BY.
type groupHook struct{ L []ast.Expr }

func (h *groupHook) Parse(toks *lexer.PeekingLexer) error {
	return read(toks, &h.L, listOf((*parser).groupTerm))
}

// list returns the terms, or none.
func (h *groupHook) list() []ast.Expr {
	if h == nil {
		return nil
	}
	return h.L
}

// groupTerm reads an expression, an alias or the number of a column.
func (p *parser) groupTerm() (ast.Expr, error) {
	next := p.ahead(1)
	name := next.Type == tokQuoted || next.Type == tokIdent && !wordOf(next).Reserved()
	switch {
	case p.word == lex.Segment && isPunct(next, "("):
		return nil, notYet(spanOf(p.tok), "GROUP BY SEGMENT")
	case p.is("WATERFALL") && name:
		return nil, notYet(spanOf(p.tok), "GROUP BY WATERFALL")
	case p.punct("*"):
		return nil, p.expected("a column after GROUP BY").hint("write the columns one by one, or their numbers: GROUP BY 1, 2")
	}
	p.inItem = true
	return p.condition()
}

// distinctAhead tells SELECT DISTINCT x from an attribute of that name; distinct(open.url) is an aggregate.
func (p *parser) distinctAhead() bool {
	next := p.ahead(1)
	if isPunct(next, "*") {
		next = p.ahead(2)
		return p.word == lex.Distinct && (next.EOF() || wordOf(next) == lex.From)
	}
	return p.word == lex.Distinct && startsOperand(next) && next.Type != tokPunct
}

// selectDistinct reports SELECT DISTINCT a, b and shows the grouped form.
func (p *parser) selectDistinct() error {
	f := syntax(spanOf(p.tok), "there is no SELECT DISTINCT")
	p.advance()
	columns := ""
	for {
		x, err := p.sum()
		if err != nil {
			return f.hint("write GROUP BY with the columns; count(DISTINCT x) counts the different values of x")
		}
		columns += print.Expr(x)
		if !p.takePunct(",") {
			break
		}
		columns += ", "
	}
	columns = shorten(columns, 300)
	return f.hint("write GROUP BY %s: SELECT %[1]s FROM … GROUP BY %[1]s", columns)
}
