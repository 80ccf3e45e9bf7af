package parse

import (
	"errors"
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/lex"
)

// form is one statement as the user knows it: its shape, shown in hints, and the clauses it is made of,
// in order, from which an error tells what could have come.
type form struct {
	shape   string
	clauses []clause
	parse   func(*lexer.PeekingLexer) (ast.Stmt, error)
	hints   map[string]string // what to write instead of a word that people put into this statement
}

// clause is a part of a statement that begins with fixed words.
type clause struct {
	words  string // at depth 0; a bracket may be the last of them
	need   bool   // must be there
	joins  string // what may go on inside the clause before the next one
	silent bool   // not offered: another clause names it as what joins it
}

// forms are the statements by their first word, or by their first two.
var forms = map[string]*form{
	"COUNT": {"COUNT condition [AS OF instant]",
		[]clause{{words: "COUNT", joins: "AND OR"}, {words: "AS OF"}}, production[countStmt](), countHints},
	"SELECT": {"SELECT columns FROM contacts [WHERE condition] [GROUP BY columns] [HAVING condition] [ORDER BY columns] [LIMIT n] [AS OF instant]",
		[]clause{{words: "SELECT", joins: ", AS"}, {words: "FROM", need: true}, {words: "WHERE", joins: "AND OR"},
			{words: "GROUP BY", joins: ","}, {words: "HAVING", joins: "AND OR"},
			{words: "ORDER BY", joins: ", DESC ASC"}, {words: "LIMIT"}, {words: "AS OF"}}, production[selectStmt](), nil},
	"UPDATE": {"UPDATE contacts SET attribute = value, … WHERE condition",
		[]clause{{words: "UPDATE"}, {words: "SET", need: true, joins: ","}, {words: "WHERE", joins: "AND OR"}}, production[updateStmt](), updateHints},
	"DELETE FROM": {"DELETE FROM event WHERE condition",
		[]clause{{words: "DELETE FROM"}, {words: "WHERE", joins: "AND OR"}}, production[deleteEventsStmt](), nil},
	"CREATE SEGMENT": {segmentShape, segmentClauses("CREATE SEGMENT"), production[createSegmentStmt](), segmentHints},
	"CREATE STATIC":  {segmentShape, segmentClauses("CREATE STATIC SEGMENT"), production[createSegmentStmt](), segmentHints},
	"CREATE OR":      {segmentShape, segmentClauses("CREATE OR REPLACE"), production[createSegmentStmt](), segmentHints},
	"ALTER SEGMENT": {"ALTER SEGMENT name ADD 'id', …, or ALTER SEGMENT name REMOVE 'id', …",
		[]clause{{words: "ALTER SEGMENT", joins: "REMOVE"}, {words: "ADD", need: true, joins: ","}, {words: "REMOVE", silent: true, joins: ","}},
		production[alterSegmentStmt](), nil},
	"DESCRIBE": {"DESCRIBE contacts, or DESCRIBE [BASE | ATTRIBUTE | EVENT | SEGMENT] name",
		[]clause{{words: "DESCRIBE"}}, production[describeStmt](), nil},
	"SHOW CONTACT":  {"SHOW CONTACT 'id' [LIMIT n]", []clause{{words: "SHOW CONTACT"}, {words: "LIMIT"}}, production[showContactStmt](), nil},
	"SHOW SEGMENTS": {"SHOW SEGMENTS [OF CONTACT 'id']", []clause{{words: "SHOW SEGMENTS"}, {words: "OF CONTACT"}}, production[showSegmentsStmt](), nil},
	"KILL":          {"KILL n", []clause{{words: "KILL"}}, production[killStmt](), nil},
	"USE":           {"USE base", []clause{{words: "USE"}}, production[useStmt](), nil},
	"CREATE BASE": {"CREATE BASE name [WITH (timezone = 'Europe/Warsaw', schema = open, spread = 4)]",
		[]clause{{words: "CREATE BASE"}, {words: "WITH ("}}, production[createBaseStmt](), nil},
	"CREATE ATTRIBUTE": {"CREATE ATTRIBUTE name type [PERSONAL]",
		[]clause{{words: "CREATE ATTRIBUTE"}, {words: "PERSONAL"}}, production[createAttributeStmt](), nil},
	"CREATE EVENT": {"CREATE EVENT name (property type, …) [ID property] [KEEP 400d]",
		[]clause{{words: "CREATE EVENT"}, {words: "("}, {words: "ID"}, {words: "KEEP"}}, production[createEventStmt](), nil},
	"ALTER EVENT": {"ALTER EVENT name ADD (property type, …), or ALTER EVENT name DROP property",
		[]clause{{words: "ALTER EVENT", joins: "DROP"}, {words: "ADD (", need: true}, {words: "DROP", silent: true}},
		production[alterEventStmt](), nil},
	"DROP": {"DROP BASE | ATTRIBUTE | EVENT | SEGMENT name", []clause{{words: "DROP"}}, production[dropStmt](), nil},
	"RENAME": {"RENAME BASE | ATTRIBUTE | EVENT | SEGMENT name TO name",
		[]clause{{words: "RENAME"}, {words: "TO", need: true}}, production[renameStmt](), nil},
	"UPSERT CONTACT": {"UPSERT CONTACT 'id' [SET attribute = value, …]",
		[]clause{{words: "UPSERT CONTACT"}, {words: "SET", joins: ","}}, production[upsertStmt](), nil},
	"TRACK": {"TRACK event FOR 'id' [AT instant] [ID 'id'] [(property = value, …)]",
		[]clause{{words: "TRACK"}, {words: "FOR", need: true}, {words: "AT"}, {words: "ID"}, {words: "("}}, production[trackStmt](), nil},
	"DELETE CONTACT": {"DELETE CONTACT 'id' [NOW]",
		[]clause{{words: "DELETE CONTACT"}, {words: "NOW"}}, production[deleteContactStmt](), nil},
	"COPY": {"COPY contacts | event FROM 'file' [(column = expression, …)] [ON ERROR SKIP [REJECTS TO 'file']] [AGAIN]",
		[]clause{{words: "COPY"}, {words: "FROM", need: true}, {words: "("}, {words: "ON ERROR SKIP"}, {words: "REJECTS TO"}, {words: "AGAIN"}},
		production[copyFromStmt](), map[string]string{"TO": "a file is written by COPY (SELECT …) TO 'file.csv'"}},
	"COPY (": {"COPY (SELECT …) TO 'file'",
		[]clause{{words: "COPY"}, {words: "(", need: true}, {words: "TO", need: true}}, production[copyToStmt](), nil},
	"SHOW": {"SHOW BASES | ATTRIBUTES | EVENTS | SEGMENTS | STORAGE | QUERIES | CONTACT 'id'", []clause{{words: "SHOW"}}, production[showStmt](), nil},
}

// insideCopy is the SELECT in the brackets of COPY (SELECT …) TO, which a bracket ends.
var insideCopy = &form{shape: forms["COPY ("].shape, clauses: forms["SELECT"].clauses}

// firstWords are the words that begin a statement, for messages.
var firstWords = []string{"COUNT", "SELECT", "CREATE", "USE", "ALTER", "DROP", "RENAME", "UPSERT", "UPDATE", "TRACK", "DELETE", "COPY", "SHOW",
	"DESCRIBE", "EXPLAIN", "KILL"}

// secondWords are the words that follow a first word that needs one.
var secondWords = map[string][]string{
	"CREATE": {"BASE", "ATTRIBUTE", "EVENT", "SEGMENT"}, "ALTER": {"EVENT", "SEGMENT"}, "UPSERT": {"CONTACT"}, "DELETE": {"CONTACT", "FROM"},
	"DROP": {"BASE", "ATTRIBUTE", "EVENT", "SEGMENT"}, "RENAME": {"BASE", "ATTRIBUTE", "EVENT", "SEGMENT"},
	"SHOW": {"BASES", "ATTRIBUTES", "EVENTS", "SEGMENTS", "STORAGE", "QUERIES", "CONTACT"},
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
		at := spanOf(p.tok)
		if _, alone := laterStatements[first]; !alone {
			at = at.To(spanOf(next))
		}
		return nil, notYet(at, topic)
	}
	if f := forms[pair]; f != nil {
		if first == "CREATE" && isWord(next, "OR") {
			return f, orReplace(p)
		}
		return f, nil
	}
	if seconds := secondWords[first]; seconds != nil && !contains(seconds, strings.ToUpper(next.Value)) {
		p.advance()
		return nil, wrongSecond(p, first, seconds)
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
	f := p.expected("a statement")
	if hint := strangeStatements[strings.ToUpper(p.tok.Value)]; hint != "" {
		return f.hint("%s", hint)
	}
	if _ = f.suggest(firstWords...); f.err.Hint != "" {
		return f
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
	return f.unexpected(newParser(toks), perr.Position().Offset)
}

// unexpected says what could have come instead of the token at an offset.
func (f *form) unexpected(p *parser, offset int) error {
	at := f.find(p, offset)
	if at.depth > 0 && f == forms["COPY ("] {
		p.back(at.open)
		if next := p.ahead(1); !isWord(next, "SELECT") {
			p.advance()
			return p.expected("SELECT after COPY (").suggest("SELECT")
		}
		p.advance()
		return insideCopy.unexpected(p, offset)
	}
	if p.is("REFRESH") && f.shape == segmentShape {
		return notYet(spanOf(p.tok), "REFRESH EVERY")
	}
	want, mayEnd := f.wanted(at)
	if f == insideCopy && mayEnd {
		want, mayEnd = append(want, ")"), false
	}
	if at.depth > 0 && p.end() {
		p.back(at.open)
		return syntax(spanOf(p.tok), "the bracket that opens here is not closed").hint("close it with )")
	}
	err := afterValue(p, want, mayEnd)
	if hint := f.misplaced(p, at); hint != "" {
		_ = err.hint("%s", hint)
	}
	return err.or(f.aliasHint(p, at)).or("the form is " + f.shape)
}

// place is where in a form an error is.
type place struct {
	clause int              // the last one that has begun
	into   int              // how many tokens of it have passed at depth 0
	depth  int              // of brackets
	open   lexer.Checkpoint // the outermost open bracket
}

// find walks to the token at an offset.
func (f *form) find(p *parser, offset int) (at place) {
	for ; !p.end() && p.tok.Pos.Offset < offset; p.advance() {
		depth := at.depth
		if p.tok.Type == tokPunct {
			at.depth += bracketDepth(p.tok.Value)
		}
		if depth > 0 {
			continue
		}
		if at.depth > 0 {
			at.open = p.toks.MakeCheckpoint()
		}
		if n := f.clauseAt(p, at); n > at.clause {
			at.clause, at.into = n, 0
		}
		at.into++
	}
	return at
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

// clauseAt returns the clause that begins with the next token, or the one the place is in.
func (f *form) clauseAt(p *parser, at place) int {
	if at.into < len(strings.Fields(f.clauses[at.clause].words)) {
		return at.clause // still inside its words
	}
	for i := at.clause + 1; i < len(f.clauses); i++ {
		first, _, _ := strings.Cut(f.clauses[i].words, " ")
		if strings.EqualFold(p.tok.Value, first) && (f.clauses[i].words != "AS OF" || p.wordAhead(1) == lex.Of) {
			return i
		}
	}
	return at.clause
}

// wanted returns what can come at a place: the rest of the clause's words, or what joins it and the
// clauses after it up to the first one that must come; and whether the statement can end there.
func (f *form) wanted(at place) (want []string, mayEnd bool) {
	if at.depth > 0 {
		return []string{",", ")"}, false
	}
	in := f.clauses[at.clause]
	if words := strings.Fields(in.words); at.into < len(words) {
		return words[at.into : at.into+1], false
	}
	want = strings.Fields(in.joins)
	for _, c := range f.clauses[at.clause+1:] {
		if c.silent {
			continue
		}
		if want = append(want, c.words); c.need {
			return want, false
		}
	}
	return want, true
}

// afterValue reports a token after a complete value or clause.
func afterValue(p *parser, want []string, mayEnd bool) *failure {
	shown, words := []string{}, []string{}
	for _, w := range want {
		if w == "," {
			w = "a comma"
		} else if lex.IsPlain(w[:1]) {
			words = append(words, w)
		}
		shown = append(shown, w)
	}
	if mayEnd {
		shown = append(shown, "the end of the statement")
	}
	e := p.expected(oneOf(shown))
	stranger := strangerHint(p)
	switch {
	case stranger != "":
		return e.hint("%s", stranger)
	case isPunct(p.tok, ";"):
		return e.hint("send one statement at a time, or run them as a script")
	case isPunct(p.tok, ")"), isPunct(p.tok, "]"):
		return e.hint("no bracket is open here")
	case p.tok.Type == tokMeasure:
		return e.hint("a window is written WITHIN %s", p.tok.Value)
	}
	e = e.suggestClause(words)
	if next := p.ahead(1); slices.Contains(want, "AS") && p.tok.Type == tokIdent && (isPunct(next, ",") || isWord(next, "FROM")) {
		return e.or("put a comma between columns; a column is named by AS: AS " + shorten(p.tok.Value, maxShown))
	}
	return e
}

// suggestClause offers the clause whose first word is near to what was found.
func (f *failure) suggestClause(clauses []string) *failure {
	firsts := make([]string, len(clauses))
	for i, c := range clauses {
		firsts[i], _, _ = strings.Cut(c, " ")
	}
	if f.found.Type != tokIdent {
		return f
	}
	best, ok := diag.Suggest(f.found.Value, firsts)
	for i, first := range firsts {
		if ok && first == best && !strings.EqualFold(first, f.found.Value) {
			return f.hint("did you mean %s?", clauses[i])
		}
	}
	return f.suggest(conditionWords...)
}

// conditionWords are the keywords that may go on with a condition.
var conditionWords = []string{
	"WITHIN", "DURING", "SINCE", "BEFORE", "BETWEEN", "LIKE", "ILIKE", "MATCHES", "STARTS", "ENDS", "CONTAINS",
	"EXACTLY", "ONCE", "TWICE",
}
