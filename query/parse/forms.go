package parse

import (
	"errors"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/lex"
)

// form is one statement as the user knows it: its shape, shown in hints, and the words that part it into
// clauses, in order, from which an error tells what could have come. A clause in need must be there.
type form struct {
	shape   string
	clauses []clause
	parse   func(*lexer.PeekingLexer) (ast.Stmt, error)
}

type clause struct {
	words string
	need  bool
	joins string // what may go on inside the clause before the next one
}

// forms are the statements by their first word, or by their first two.
var forms = map[string]*form{
	"COUNT": {"COUNT condition [AS OF instant]",
		[]clause{{"COUNT", true, "AND OR"}, {"AS OF", false, ""}}, production[countStmt]()},
	"SELECT": {"SELECT columns FROM contacts [WHERE condition] [ORDER BY columns] [LIMIT n] [AS OF instant]",
		[]clause{{"SELECT", true, ", AS"}, {"FROM", true, ""}, {"WHERE", false, "AND OR"},
			{"ORDER BY", false, ", ASC DESC"}, {"LIMIT", false, ""}, {"AS OF", false, ""}}, production[selectStmt]()},
	"USE": {"USE base", []clause{{"USE", true, ""}}, production[useStmt]()},
	"CREATE BASE": {"CREATE BASE name [WITH (timezone = 'Europe/Warsaw', schema = open, spread = 4)]",
		[]clause{{"BASE", true, ""}, {"WITH", false, "( , )"}}, production[createBaseStmt]()},
	"CREATE ATTRIBUTE": {"CREATE ATTRIBUTE name type [PERSONAL]",
		[]clause{{"ATTRIBUTE", true, ""}, {"PERSONAL", false, ""}}, production[createAttributeStmt]()},
	"CREATE EVENT": {"CREATE EVENT name (property type, …) [ID property] [KEEP 400d]",
		[]clause{{"EVENT", true, "( , )"}, {"ID", false, ""}, {"KEEP", false, ""}}, production[createEventStmt]()},
	"ALTER EVENT": {"ALTER EVENT name ADD (property type, …), or ALTER EVENT name DROP property",
		[]clause{{"EVENT", true, ""}, {"ADD", false, "( , )"}, {"DROP", false, ""}}, production[alterEventStmt]()},
	"DROP": {"DROP BASE | ATTRIBUTE | EVENT name",
		[]clause{{"DROP", true, "BASE ATTRIBUTE EVENT"}}, production[dropStmt]()},
	"RENAME": {"RENAME BASE | ATTRIBUTE | EVENT name TO name",
		[]clause{{"RENAME", true, ""}, {"TO", true, ""}}, production[renameStmt]()},
	"UPSERT CONTACT": {"UPSERT CONTACT 'id' [SET attribute = value, …]",
		[]clause{{"CONTACT", true, ""}, {"SET", false, ","}}, production[upsertStmt]()},
	"TRACK": {"TRACK event FOR 'id' [AT instant] [ID 'id'] [(property = value, …)]",
		[]clause{{"TRACK", true, ""}, {"FOR", true, "("}, {"AT", false, "("}, {"ID", false, "( , )"}}, production[trackStmt]()},
	"DELETE CONTACT": {"DELETE CONTACT 'id' [NOW]",
		[]clause{{"CONTACT", true, ""}, {"NOW", false, ""}}, production[deleteContactStmt]()},
	"COPY": {"COPY contacts | event FROM 'file' [(column = expression, …)] [ON ERROR SKIP [REJECTS TO 'file']] [AGAIN]",
		[]clause{{"COPY", true, ""}, {"FROM", true, "( , )"}, {"ON ERROR SKIP", false, ""}, {"REJECTS TO", false, ""}, {"AGAIN", false, ""}},
		production[copyFromStmt]()},
	"COPY (": {"COPY (SELECT …) TO 'file'",
		[]clause{{"COPY", true, ""}, {"TO", true, ""}}, production[copyToStmt]()},
	"SHOW": {"SHOW BASES | ATTRIBUTES | EVENTS | STORAGE",
		[]clause{{"SHOW", true, "BASES ATTRIBUTES EVENTS STORAGE"}}, production[showStmt]()},
}

// firstWords are the words that begin a statement, for messages.
var firstWords = []string{"COUNT", "SELECT", "CREATE", "USE", "ALTER", "DROP", "RENAME", "UPSERT", "TRACK", "DELETE", "COPY", "SHOW"}

// secondWords are the words that follow a first word that needs one.
var secondWords = map[string][]string{
	"CREATE": {"BASE", "ATTRIBUTE", "EVENT"}, "ALTER": {"EVENT"}, "UPSERT": {"CONTACT"}, "DELETE": {"CONTACT"},
	"DROP": {"BASE", "ATTRIBUTE", "EVENT"}, "RENAME": {"BASE", "ATTRIBUTE", "EVENT"},
	"SHOW": {"BASES", "ATTRIBUTES", "EVENTS", "STORAGE"},
}

// dispatch finds the statement's form by its first two words.
func dispatch(toks *lexer.PeekingLexer) (*form, error) {
	p := newParser(toks)
	if p.end() {
		return nil, syntax(spanOf(p.tok), "the statement is empty").hint("write for example COUNT country = 'PL'")
	}
	if p.tok.Type != tokIdent {
		return nil, p.expected("a statement").hint("statements begin with %s", oneOf(firstWords))
	}
	first, next := strings.ToUpper(p.tok.Value), p.ahead(1)
	pair := first + " " + strings.ToUpper(next.Value)
	if topic, ok := later(first, pair); ok {
		return nil, notYet(spanOf(p.tok).To(spanOf(next)), topic)
	}
	if f := forms[pair]; f != nil {
		return f, nil
	}
	if seconds := secondWords[first]; seconds != nil && !contains(seconds, strings.ToUpper(next.Value)) {
		p.advance()
		return nil, p.expected(oneOf(seconds) + " after " + first).suggest(seconds...)
	}
	if f := forms[first]; f != nil {
		return f, nil
	}
	return nil, unknownStatement(p)
}

func later(first, pair string) (string, bool) {
	if topic, ok := laterStatements[first]; ok {
		return topic, true
	}
	topic, ok := laterStatements[pair]
	return topic, ok
}

// unknownStatement reports a first word that begins nothing.
func unknownStatement(p *parser) error {
	f := p.expected("a statement").suggest(firstWords...)
	if f.err.Hint != "" {
		return f
	}
	switch strings.ToUpper(p.tok.Value) {
	case "INSERT":
		return f.hint("write UPSERT CONTACT 'id' SET …, or TRACK event FOR 'id' (…)")
	case "DID", "NEVER", "WHERE":
		return f.hint("a condition is counted by COUNT: COUNT DID purchase WITHIN 30d")
	}
	return f.hint("statements begin with %s", oneOf(firstWords))
}

// explain turns an error of the grammar into the user's words. toks stands at the statement's start.
func (f *form) explain(err error, toks *lexer.PeekingLexer) error {
	var own *failure
	if errors.As(err, &own) {
		return err
	}
	var perr participle.Error
	if !errors.As(err, &perr) {
		return err
	}
	p := newParser(toks)
	return f.unexpected(p, perr.Position().Offset)
}

// unexpected says what could have come instead of the token at an offset: the rest of the clause it is
// in, and the clauses after it up to the first one that is needed.
func (f *form) unexpected(p *parser, offset int) error {
	at, joins := 0, f.clauses[0].joins
	for depth := 0; !p.end() && p.tok.Pos.Offset < offset; p.advance() {
		if p.tok.Type == tokPunct {
			depth += bracketDepth(p.tok.Value)
		}
		if n := f.clauseAt(p, at); depth == 0 && n > at {
			at, joins = n, f.clauses[n].joins
		}
	}
	if topic, ok := laterClauses[p.word]; ok && f.clauses[0].words == "SELECT" {
		return notYet(spanOf(p.tok), topic)
	}
	want := strings.Fields(joins)
	for _, c := range f.clauses[at+1:] {
		want = append(want, c.words)
		if c.need {
			break
		}
	}
	return f.wanted(p, want, at)
}

func bracketDepth(s string) int {
	switch s {
	case "(", "[":
		return 1
	case ")", "]":
		return -1
	}
	return 0
}

// clauseAt returns the clause after at that begins with the next token, or at.
func (f *form) clauseAt(p *parser, at int) int {
	for i := at + 1; i < len(f.clauses); i++ {
		first, _, _ := strings.Cut(f.clauses[i].words, " ")
		if p.is(first) && (first != "AS" || p.wordAhead(1) == lex.Of) {
			return i
		}
	}
	return at
}

func (f *form) wanted(p *parser, want []string, at int) error {
	needed := false
	for _, c := range f.clauses[at+1:] {
		needed = needed || c.need
	}
	err := afterValue(p, want, !needed)
	if err.err.Hint == "" {
		err = err.hint("the form is %s", f.shape)
	}
	return err
}

// afterValue reports a token after a complete value or clause.
func afterValue(p *parser, want []string, mayEnd ...bool) *failure {
	words := append([]string{}, want...)
	if len(mayEnd) == 0 || mayEnd[0] {
		words = append(words, "the end of the statement")
	}
	e := p.expected(oneOf(words)).suggest(want...)
	switch {
	case e.err.Hint != "":
	case isPunct(p.tok, ";"):
		return e.hint("send one statement at a time, or run them as a script")
	case isPunct(p.tok, ")"), isPunct(p.tok, "]"):
		return e.hint("no bracket is open here")
	case p.tok.Type == tokMeasure:
		return e.hint("a window is written WITHIN %s", p.tok.Value)
	}
	return e
}
