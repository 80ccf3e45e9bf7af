package complete

import (
	"strings"

	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/storage/schema"
)

// clauseWords are the keywords of statements; those of conditions are the lexer's.
var clauseWords = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`ADD AGAIN ALTER ANALYZE ASC ATTRIBUTE ATTRIBUTES BASE BASES BY CALENDAR CONTACT COPY COUNT CREATE DELETE
		DESC DESCRIBE DROP ERROR EVENTS EXPLAIN KEEP KEY KILL LIVE NOW OF PERIODS PERSONAL QUERIES REJECTS REMOVE RENAME REPLACE SEGMENTS
		SET SHOW SKIP STATIC STORAGE THAN TIME TO TRACK UPDATE UPSERT USE ZONE
		BOOL INT FLOAT DECIMAL TEXT DATE TIMESTAMP`) {
		m[w] = true
	}
	for _, w := range lex.Words() {
		m[w] = true
	}
	return m
}()

// isKeyword tells whether a word in capitals can be a keyword.
func isKeyword(upper string) bool { return clauseWords[upper] }

// function is what is said of a function.
type function struct {
	name      string
	signature string
	help      string
	aggregate bool        // over a contact's events, or over contacts
	result    schema.Kind // KindNull where it is that of the argument
}

var functions = []function{
	{"count", "count(event [WITHIN d]) or count(*)", "how many events, contacts or values", true, schema.KindInt},
	{"sum", "sum(event.property [WITHIN d])", "total", true, schema.KindNull},
	{"avg", "avg(event.property [WITHIN d])", "average", true, schema.KindNull},
	{"min", "min(event.property [WITHIN d])", "smallest value", true, schema.KindNull},
	{"max", "max(event.property [WITHIN d])", "largest value", true, schema.KindNull},
	{"distinct", "distinct(event.property [WITHIN d])", "how many different values", true, schema.KindInt},
	{"days", "days(event [WITHIN d])", "on how many days", true, schema.KindInt},
	{"first", "first(event).property", "of the earliest event", true, schema.KindNull},
	{"last", "last(event).property", "of the latest event", true, schema.KindNull},
	{"recency", "recency(event)", "time since the latest event", true, schema.KindDuration},
	{"now", "now()", "the statement's clock", false, schema.KindTimestamp},
	{"today", "today()", "the day of the clock", false, schema.KindDate},
	{"date_trunc", "date_trunc('month', x)", "the beginning of the day, week, month, quarter or year", false, schema.KindTimestamp},
	{"hour", "hour(x)", "0 to 23", false, schema.KindInt},
	{"weekday", "weekday(x)", "1 is Monday, 7 Sunday", false, schema.KindInt},
	{"day", "day(x)", "day of the month", false, schema.KindInt},
	{"month", "month(x)", "1 to 12", false, schema.KindInt},
	{"year", "year(x)", "the year", false, schema.KindInt},
	{"years_since", "years_since(birthday)", "whole years, such as an age", false, schema.KindInt},
	{"lower", "lower(text)", "in small letters", false, schema.KindText},
	{"upper", "upper(text)", "in capitals", false, schema.KindText},
	{"length", "length(text)", "how many characters", false, schema.KindInt},
	{"domain", "domain(email)", "what stands after the @", false, schema.KindText},
	{"coalesce", "coalesce(a, b, …)", "the first that is not null", false, schema.KindNull},
	{"round", "round(x [, decimals])", "rounded half away from zero", false, schema.KindDecimal},
	{"abs", "abs(x)", "without its sign", false, schema.KindDecimal},
	{"least", "least(a, b, …)", "the smallest", false, schema.KindNull},
	{"greatest", "greatest(a, b, …)", "the largest", false, schema.KindNull},
	{"size", "size(set)", "how many values", false, schema.KindInt},
	{"version", "version(text)", "compares 2.10 as later than 2.9", false, schema.KindNull},
	{"distance_km", "distance_km(lat, lon, lat, lon)", "along the earth's surface", false, schema.KindFloat},
	{"bucket", "bucket('name')", "0 to 9999, the same for ever: sampling", false, schema.KindInt},
	{"try_cast", "TRY_CAST(x AS type)", "null where it does not fit", false, schema.KindNull},
}

// functionNamed returns the function of that name in any case, or nil.
func functionNamed(name string) *function {
	for i := range functions {
		if strings.EqualFold(functions[i].name, name) {
			return &functions[i]
		}
	}
	return nil
}

// help is what is said of keywords that begin something.
var help = map[string]string{
	"COUNT": "how many contacts match a condition", "SELECT": "columns of contacts or events, groups and totals", "EXPLAIN": "how a statement would run",
	"EXPLAIN ANALYZE": "run a statement and measure it", "SHOW": "what there is", "DESCRIBE": "statistics of a name", "CREATE": "a base, attribute, event or segment",
	"CREATE SEGMENT": "a stored condition", "CREATE STATIC SEGMENT": "a stored list of contacts", "CREATE ATTRIBUTE": "of contacts", "CREATE EVENT": "a type of event", "CREATE BASE": "a base of its own contacts",
	"DROP": "a base, attribute, event or segment", "RENAME": "a base, attribute, event or segment", "ALTER": "an event or a static segment", "USE": "another base",
	"UPSERT CONTACT": "set attributes of one contact", "UPDATE contacts": "set attributes where a condition holds", "TRACK": "add one event", "DELETE CONTACT": "erase one contact", "DELETE FROM": "delete events",
	"COPY": "load a file, or write one", "KILL": "end a statement that runs",
	"DID": "has an event", "DID NOT": "has no such event", "NEVER DID": "has no such event", "IN SEGMENT": "is in a segment", "KNOWN FOR": "was first seen before", "FIRST": "the first such event was …",
	"LAST": "the last such event was …", "WITHIN": "up to now, such as 30d", "DURING": "a calendar period", "SINCE": "from an instant on", "BEFORE": "before an instant, or 10m AGO", "BETWEEN": "both ends included",
	"AT LEAST": "… n TIMES", "AT MOST": "… n TIMES", "EXACTLY": "… n TIMES", "MORE THAN": "… n TIMES", "FEWER THAN": "… n TIMES", "ON AT LEAST": "… n DAYS",
	"IS DISTINCT FROM": "like <>, but null is a value", "LIKE": "% any text, _ one character", "ILIKE": "LIKE in any case", "MATCHES": "a regular expression (RE2)", "HAS": "a set holds a value",
	"AS OF": "under an earlier clock", "GROUP BY": "one row for each group", "HAVING": "a condition on groups", "ORDER BY": "sort", "LIMIT": "at most so many rows",
}
