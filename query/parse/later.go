package parse

import (
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/lex"
)

// laterFunctions are the functions of the language that this version does not have.
var laterFunctions = map[string]string{
	"nth": "nth", "mode": "mode", "share": "share", "median": "median", "largest": "largest",
	"smallest": "smallest", "gap": "gap", "ntile": "ntile", "population": "POPULATION", "anniversary": "ANNIVERSARY",
}

// laterPredicate answers for the predicates that this version does not have.
func (p *parser) laterPredicate() error {
	at := spanOf(p.tok)
	switch p.word {
	case lex.In:
		return p.laterIn(at.To(spanOf(p.ahead(1))), 1)
	case lex.Has:
		return notYet(at, "objects")
	case lex.Entered, lex.Left:
		if p.wordAhead(1) == lex.Segment && p.nameAfterSegment(p.ahead(2)) {
			return notYet(at, p.word.String()+" SEGMENT")
		}
	case lex.Any, lex.NoneOf, lex.All_:
		if p.wordAhead(1) == lex.Of && p.wordAhead(2) == lex.Same {
			return notYet(at, "OF SAME")
		}
	}
	if p.is("COUNT") && p.wordAhead(1) == lex.Of {
		return notYet(at, "OF SAME")
	}
	return nil
}

func (p *parser) nameAfterSegment(t *lexer.Token) bool {
	return t.Type == tokQuoted || t.Type == tokIdent
}

// laterIn answers for what may follow IN besides a list in brackets; it is the token n ahead.
func (p *parser) laterIn(at diag.Span, n int) error {
	switch p.wordAhead(n) {
	case lex.List:
		return notYet(at, "lists")
	case lex.Top, lex.Bottom:
		return notYet(at, "TOP and BOTTOM")
	}
	return nil
}

// laterStatements are the statements of the language that this version does not have, by their first
// word or their first two.
var laterStatements = map[string]string{
	"WATCH": "WATCH", "OVERLAP": "OVERLAP", "CREATE LIVE": "live segments", "CREATE WATERFALL": "waterfalls",
	"CREATE OBJECT": "objects", "CREATE LOOKUP": "look-ups", "CREATE LIST": "lists",
	"DROP OBJECT": "objects", "DROP LOOKUP": "look-ups", "DROP LIST": "lists", "DROP WATERFALL": "waterfalls",
	"RENAME OBJECT": "objects", "RENAME LOOKUP": "look-ups", "RENAME LIST": "lists", "RENAME WATERFALL": "waterfalls",
	"UPSERT OBJECT": "objects", "UPSERT LOOKUP": "look-ups", "DELETE OBJECT": "objects", "DELETE LOOKUP": "look-ups",
	"SHOW LISTS": "lists", "SHOW NODES": "SHOW NODES",
}
