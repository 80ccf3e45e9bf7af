package complete

import "strings"

// slot is what stands behind the words of a clause.
type slot uint8

const (
	noSlot slot = iota
	slotCondition
	slotItems
	slotGroup
	slotHaving
	slotOrder
	slotInstant
	slotNumber
	slotTable
	slotContacts
	slotEvent
	slotAttribute
	slotSegment
	slotBase
	slotProperty
	slotNew
	slotID
	slotIDs
	slotFile
	slotType // a new name, then its type
	slotFields
	slotAssign
	slotOptions
	slotDuration
	slotDescribe
)

// clause is a part of a statement: its words and what follows them.
type clause struct {
	words string
	slot  slot
	need  bool // nothing after it can come before it
}

// shapes are the statements; the words of the first clause tell them apart, the longest fit wins.
var shapes = [][]clause{
	{{"COUNT", slotCondition, false}, {"AS OF", slotInstant, false}},
	selectShape,
	{{"SHOW ATTRIBUTES", noSlot, false}}, {{"SHOW EVENTS", noSlot, false}}, {{"SHOW BASES", noSlot, false}},
	{{"SHOW SEGMENTS", noSlot, false}, {"OF CONTACT", slotID, false}},
	{{"SHOW CONTACT", slotID, false}, {"LIMIT", slotNumber, false}},
	{{"SHOW QUERIES", noSlot, false}}, {{"SHOW STORAGE", noSlot, false}},
	{{"DESCRIBE", slotDescribe, false}}, {{"DESCRIBE ATTRIBUTE", slotAttribute, false}}, {{"DESCRIBE EVENT", slotEvent, false}},
	{{"DESCRIBE SEGMENT", slotSegment, false}}, {{"DESCRIBE BASE", slotBase, false}},
	{{"CREATE SEGMENT", slotNew, false}, {"AS", slotCondition, true}},
	{{"CREATE STATIC SEGMENT", slotNew, false}, {"AS", slotCondition, false}, {"FROM", slotFile, false}},
	{{"CREATE OR REPLACE SEGMENT", slotNew, false}, {"AS", slotCondition, true}},
	{{"CREATE OR REPLACE STATIC SEGMENT", slotNew, false}, {"AS", slotCondition, false}, {"FROM", slotFile, false}},
	{{"CREATE ATTRIBUTE", slotType, false}, {"PERSONAL", noSlot, false}},
	{{"CREATE EVENT", slotFields, false}, {"ID", slotNew, false}, {"KEEP", slotDuration, false}},
	{{"CREATE BASE", slotNew, false}, {"WITH", slotOptions, false}},
	{{"UPSERT CONTACT", slotID, false}, {"SET", slotAssign, false}},
	{{"UPDATE", slotContacts, false}, {"SET", slotAssign, true}, {"WHERE", slotCondition, true}},
	{{"TRACK", slotEvent, false}, {"FOR", slotID, true}, {"AT", slotInstant, false}, {"ID", slotID, false}},
	{{"DELETE CONTACT", slotID, false}, {"NOW", noSlot, false}},
	{{"DELETE FROM", slotEvent, false}, {"WHERE", slotCondition, true}},
	{{"COPY", slotTable, false}, {"FROM", slotFile, true}, {"ON ERROR SKIP", noSlot, false}, {"REJECTS TO", slotFile, false}, {"AGAIN", noSlot, false}},
	{{"ALTER SEGMENT", slotSegment, false}, {"ADD", slotIDs, false}, {"REMOVE", slotIDs, false}},
	{{"ALTER EVENT", slotEvent, false}, {"ADD", slotFields, false}, {"DROP", slotProperty, false}},
	{{"DROP SEGMENT", slotSegment, false}}, {{"DROP ATTRIBUTE", slotAttribute, false}}, {{"DROP EVENT", slotEvent, false}}, {{"DROP BASE", slotBase, false}},
	{{"RENAME SEGMENT", slotSegment, false}, {"TO", slotNew, true}}, {{"RENAME ATTRIBUTE", slotAttribute, false}, {"TO", slotNew, true}},
	{{"RENAME EVENT", slotEvent, false}, {"TO", slotNew, true}}, {{"RENAME BASE", slotBase, false}, {"TO", slotNew, true}},
	{{"USE", slotBase, false}},
	{{"KILL", slotNumber, false}},
}

var selectShape = []clause{
	{"SELECT", slotItems, false}, {"FROM", slotTable, true}, {"WHERE", slotCondition, false}, {"GROUP BY", slotGroup, false}, {"HAVING", slotHaving, false},
	{"ORDER BY", slotOrder, false}, {"LIMIT", slotNumber, false}, {"AS OF", slotInstant, false},
}

// copyShape is what follows COPY (SELECT …).
var copyShape = []clause{{"COPY", noSlot, false}, {"TO", slotFile, true}}

// starts are offered where a statement begins.
var starts = strings.Split("COUNT,SELECT,DESCRIBE,SHOW,EXPLAIN,EXPLAIN ANALYZE,CREATE SEGMENT,CREATE STATIC SEGMENT,CREATE ATTRIBUTE,CREATE EVENT,CREATE BASE,UPSERT CONTACT,UPDATE contacts,"+
	"TRACK,DELETE CONTACT,DELETE FROM,COPY,ALTER,DROP,RENAME,USE,KILL", ",")

// shapeOf returns the shape that words in capitals begin, and how many words of them are its first clause's.
func shapeOf(words []string) (shape []clause, n int) {
	for _, s := range shapes {
		first := strings.Fields(s[0].words)
		if len(first) > n && len(first) <= len(words) && equal(first, words[:len(first)]) {
			shape, n = s, len(first)
		}
	}
	return shape, n
}

// following returns the words with which shapes go on after words that begin them.
func following(words []string) (out []string) {
	for _, s := range shapes {
		first := strings.Fields(s[0].words)
		if len(first) > len(words) && equal(first[:len(words)], words) {
			out = append(out, strings.Join(first[len(words):], " "))
		}
	}
	return out
}

func equal(a, b []string) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
