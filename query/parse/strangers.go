package parse

import (
	"fmt"
	"strings"

	"github.com/musterdb/muster/query/lex"
)

// What people write who know another SQL, and what to write here instead.

const noJoins = "there are no joins: ask DID purchase …, or write sum(purchase.amount) as a column"

// strangers are words after a complete value or clause.
var strangers = map[string]string{
	"JOIN": noJoins, "INNER": noJoins, "OUTER": noJoins, "CROSS": noJoins, "NATURAL": noJoins,
	"UNION":     "there is no UNION: join the two conditions with OR",
	"INTERSECT": "there is no INTERSECT: join the two conditions with AND",
	"EXCEPT":    "there is no EXCEPT: write AND NOT (condition)",
	"OFFSET":    "there is no OFFSET: go on from the last value, as in WHERE id > '…' ORDER BY id LIMIT 100",
	"FETCH":     "write LIMIT 10",
	"OVER":      "there are no window functions: GROUP BY makes totals, first(…) and last(…) pick events",
	"FILTER":    "put the condition into the brackets: count(purchase[amount > 50])",
	"NULLS":     "the place of nulls is fixed; leave them out with WHERE x IS NOT NULL",
	"RLIKE":     "write MATCHES", "REGEXP": "write MATCHES", "SIMILAR": "write MATCHES",
	"COLLATE": "texts compare by their bytes; write lower(x) to ignore the case",
	"ISNULL":  "write IS NULL", "NOTNULL": "write IS NOT NULL",
}

// strangeStatements are first words of other languages' statements.
var strangeStatements = map[string]string{
	"INSERT": "write UPSERT CONTACT 'id' SET …, or TRACK event FOR 'id' (…)",
	"MERGE":  "write UPSERT CONTACT 'id' SET …",
	"DID":    "a condition is counted by COUNT: COUNT DID purchase WITHIN 30d",
	"NEVER":  "a condition is counted by COUNT: COUNT NEVER DID purchase",
	"WHERE":  "a condition is counted by COUNT: COUNT DID purchase WITHIN 30d",
	"IN":     "a condition is counted by COUNT: COUNT IN SEGMENT vip",
	"WITH":   "there is no WITH: keep a condition as a segment, CREATE SEGMENT name AS …, and ask IN SEGMENT name",
	"FROM":   "the columns come first: SELECT id FROM contacts",
	"DESC":   "write DESCRIBE", "ANALYZE": "write EXPLAIN ANALYZE and the statement", "LIST": "write SHOW",
	"BEGIN": "there are no transactions: each statement takes effect by itself, whole or not at all", "COMMIT": "there are no transactions",
	"ROLLBACK": "there are no transactions", "TRUNCATE": "write DELETE FROM event WHERE TRUE", "REPLACE": "write UPSERT CONTACT 'id' SET …",
	"GRANT": "there are no users or rights in this version", "SET": "options are set when a base is created: CREATE BASE name WITH (…)",
}

// strangeSeconds are wrong words after a first word that needs a second one.
var strangeSeconds = map[string]string{
	"SHOW TABLES": "write SHOW EVENTS, and DESCRIBE contacts for the attributes", "SHOW CONTACTS": "write SELECT * FROM contacts LIMIT 10",
	"SHOW COLUMNS": "write SHOW ATTRIBUTES, or DESCRIBE and the name of an event", "SHOW DATABASES": "write SHOW BASES",
	"SHOW PROCESSLIST": "write SHOW QUERIES", "SHOW SEGMENT": "write DESCRIBE SEGMENT name, or SHOW SEGMENTS",
	"CREATE TABLE": "contacts are the one table; write CREATE EVENT name (property type, …) or CREATE ATTRIBUTE name type",
	"CREATE VIEW":  "write CREATE SEGMENT name AS condition", "CREATE DATABASE": "write CREATE BASE name",
	"CREATE INDEX": "there are no indexes to create: every attribute can be asked", "CREATE UNIQUE": "there are no indexes to create: every attribute can be asked",
	"CREATE COLUMN": "write CREATE ATTRIBUTE name type", "ALTER TABLE": "write CREATE ATTRIBUTE name type, DROP ATTRIBUTE name or ALTER EVENT name …",
	"DROP TABLE": "write DROP EVENT name", "DROP COLUMN": "write DROP ATTRIBUTE name", "DROP VIEW": "write DROP SEGMENT name",
	"DROP DATABASE": "write DROP BASE name", "DELETE CONTACTS": "write DELETE CONTACT 'id'",
}

// wrongSecond reports a second word that makes no statement. The first has been passed over.
func wrongSecond(p *parser, first string, seconds []string) error {
	f := p.expected(oneOf(seconds) + " after " + first)
	if hint := strangeSeconds[first+" "+strings.ToUpper(p.tok.Value)]; hint != "" {
		return f.hint("%s", hint)
	}
	switch {
	case first == "DELETE" && p.tok.Type == tokText:
		return f.hint("write DELETE CONTACT %s", shorten(p.tok.Value, maxShown))
	case first == "DELETE" && wordOf(p.ahead(1)) == lex.Where:
		return f.hint("write DELETE FROM %s WHERE …", shorten(p.tok.Value, maxShown))
	}
	return f.suggest(seconds...)
}

// countHints are what people write after COUNT's condition.
var countHints = map[string]string{
	"GROUP":  "COUNT gives one number: write SELECT country, count(*) FROM contacts WHERE … GROUP BY country",
	"HAVING": "COUNT gives one number: write SELECT country, count(*) FROM contacts GROUP BY country HAVING count(*) > 10",
	"FROM":   "COUNT takes the condition directly: COUNT country = 'PL'; or write SELECT count(*) FROM contacts",
	"BY":     "COUNT gives one number: write SELECT country, count(*) FROM contacts GROUP BY country",
}

var updateHints = map[string]string{"FROM": noJoins, textToken: "one contact is changed by UPSERT CONTACT 'id' SET …", "LIMIT": "UPDATE changes every contact that matches; narrow the condition"}

// segmentHints are what people write after a segment's condition.
var segmentHints = map[string]string{
	"AS": "a segment has no clock of its own: AS OF belongs to the statement that asks it", "ORDER": "a segment is a set without an order",
	"LIMIT": "a segment is a set without an order", "GROUP": "a segment is a condition",
}

const segmentShape = "CREATE [OR REPLACE] SEGMENT name AS condition, CREATE STATIC SEGMENT name AS condition | FROM 'file' | ('id', …)"

// segmentClauses returns the clauses of CREATE SEGMENT by its first words.
func segmentClauses(first string) []clause {
	return []clause{{words: first}, {words: "AS", need: true, joins: "AND OR"}}
}

// textToken stands for a text in a form's hints.
const textToken = "'"

// misplaced returns what to write instead of a word that this form does not have here, or nothing.
func (f *form) misplaced(p *parser, at place) string {
	if at.depth == 0 && p.tok.Type == tokText {
		return f.hints[textToken]
	}
	if p.tok.Type != tokIdent || at.depth > 0 {
		return ""
	}
	if hint := f.hints[strings.ToUpper(p.tok.Value)]; hint != "" {
		return hint
	}
	before, now := f.clauseNamed(p.tok.Value), f.clauses[at.clause].words
	switch {
	case before <= 0 || before > at.clause:
		return ""
	case before == at.clause:
		return fmt.Sprintf("there is one %s only", now)
	}
	return fmt.Sprintf("%s stands before %s", f.clauses[before].words, now)
}

// aliasHint returns what to say of a second name after FROM, or nothing.
func (f *form) aliasHint(p *parser, at place) string {
	if f.clauses[at.clause].words != "FROM" || at.depth > 0 || at.into != 2 || p.tok.Type != tokIdent {
		return ""
	}
	if next := p.ahead(1); isWord(next, "JOIN") || isWord(next, "LEFT") || isWord(next, "INNER") {
		return noJoins
	}
	return "a table has no second name: write country, not c.country"
}

// strangerHint returns what to write instead of the next token, which follows a complete value.
func strangerHint(p *parser) string {
	if hint := strangers[strings.ToUpper(p.tok.Value)]; hint != "" && p.tok.Type == tokIdent {
		return hint
	}
	prev := p.prev()
	switch {
	case isPunct(p.tok, ":"):
		return "write TRY_CAST(x AS type)"
	case p.word == lex.Left && isWord(p.ahead(1), "JOIN"), p.is("RIGHT"), p.is("FULL"):
		return noJoins
	case p.tok.Type == tokText && prev != nil && isTypeWord(prev.Value):
		return fmt.Sprintf("dates are plain texts: write %s without %s", shorten(p.tok.Value, maxShown), prev.Value)
	case p.tok.Type == tokText && prev != nil && isWord(prev, "INTERVAL"):
		return "durations are written 30d, 12h or 3mo"
	}
	return ""
}

func isTypeWord(s string) bool {
	switch strings.ToUpper(s) {
	case "DATE", "TIMESTAMP", "DATETIME", "TIME":
		return true
	}
	return false
}
