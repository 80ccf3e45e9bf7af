package parse

import (
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/query/print"
)

type updateStmt struct {
	Table updateTable  `parser:"'UPDATE' @@"`
	Set   *assignsHook `parser:"'SET' @@"`
	Where *needHook    `parser:"( 'WHERE' @@ )?"`
}

func (s *updateStmt) node() (ast.Stmt, error) {
	return &ast.Update{Table: s.Table.Ident, Set: s.Set.list(), Where: s.Where.value()}, nil
}

// updateTable is the table of UPDATE, which people leave out.
type updateTable struct{ ast.Ident }

func (n *updateTable) Parse(t *lexer.PeekingLexer) error {
	return read(t, &n.Ident, func(p *parser) (ast.Ident, error) {
		if p.is("SET") && !isWord(p.ahead(1), "SET") {
			return ast.Ident{}, p.expected("contacts after UPDATE").hint("write UPDATE contacts SET …")
		}
		return p.ident("contacts")
	})
}

type deleteEventsStmt struct {
	From  tableName `parser:"'DELETE' 'FROM' @@"`
	Where *needHook `parser:"( 'WHERE' @@ )?"`
}

func (s *deleteEventsStmt) node() (ast.Stmt, error) {
	if s.From.Name == "contacts" {
		return nil, syntax(s.From.At, "DELETE FROM deletes events; contacts are deleted by their ids").hint("write DELETE CONTACT 'id'")
	}
	return &ast.DeleteEvents{From: s.From.Ident, Where: s.Where.value()}, nil
}

// value returns the hook's condition, or nil.
func (h *needHook) value() ast.Expr {
	if h == nil {
		return nil
	}
	return h.X
}

// bounded refuses a whole statement that changes everything because its WHERE was left out.
func bounded(s ast.Stmt) error {
	switch s := s.(type) {
	case *ast.Update:
		if s.Where == nil {
			return syntax(s.Table.At, "UPDATE without WHERE would change every contact").hint("add WHERE and a condition; WHERE TRUE if all are meant")
		}
	case *ast.DeleteEvents:
		if s.Where == nil {
			return syntax(s.From.At, "DELETE FROM %s without WHERE would delete every %[1]s", print.Name(s.From)).
				hint("add WHERE and a condition; WHERE TRUE if all are meant")
		}
	}
	return nil
}

// strangeFunctions are the functions of other databases whose brackets hold no list of values; the binder
// knows the others.
var strangeFunctions = map[string]string{
	"cast": "write TRY_CAST(x AS type)", "extract": "write year(x), month(x), day(x), hour(x) or weekday(x)", "exists": "a condition on events is DID purchase …",
	"if": "write CASE WHEN condition THEN a ELSE b END", "iif": "write CASE WHEN condition THEN a ELSE b END",
}

// strangeFunction reports a function that is written differently here.
func (p *parser) strangeFunction(fn ast.Ident) error {
	hint := strangeFunctions[fn.Name]
	if hint == "" {
		return nil
	}
	return syntax(fn.At, "there is no function %s", p.tok.Value).hint("%s", hint)
}

// selectTop reports SELECT TOP 10.
func (p *parser) selectTop() error {
	if n := p.ahead(1); p.word == lex.Top && n.Type == tokInt {
		return syntax(spanOf(p.tok).To(spanOf(n)), "there is no SELECT TOP").hint("write LIMIT %s after the other clauses", shorten(n.Value, maxShown))
	}
	return nil
}
