package lex

import "strings"

// Word is a keyword's number; 0 is a word that is no keyword.
type Word uint8

// The keywords. Those up to LastReserved are reserved: as the name of an attribute in an expression
// they must be quoted, or stand where nothing but a name can (see Soft). All others are contextual.
const (
	None Word = iota
	And
	Or
	Not
	In
	Between
	Like
	ILike
	Is
	Null
	True
	False
	Did
	Never
	Has
	As
	Of
	Case
	When
	Then
	Else
	End
	Select
	From
	Where
	Group
	Having
	Order
	Limit
	LastReserved = Limit
)

// The contextual keywords.
const (
	After Word = iota + LastReserved + 1
	Ago
	All_
	Among
	Any
	At
	Before
	Bottom
	Contains
	Day
	Days
	Distinct
	During
	Each
	Ends
	Entered
	Event
	Exactly
	Fewer
	First
	For
	Known
	Last
	Least
	Left
	List
	Matches
	Month
	More
	Most
	Next
	No
	NoneOf
	On
	Once
	Percent
	Quarter
	Same
	Segment
	Sequence
	Since
	Starts
	Subset
	This
	Time
	Times
	Today
	Top
	TryCast
	Twice
	Week
	With
	Within
	Without
	Year
	Yesterday
	lastWord
)

var wordText = [lastWord]string{
	And: "AND", Or: "OR", Not: "NOT", In: "IN", Between: "BETWEEN", Like: "LIKE", ILike: "ILIKE", Is: "IS",
	Null: "NULL", True: "TRUE", False: "FALSE", Did: "DID", Never: "NEVER", Has: "HAS", As: "AS", Of: "OF",
	Case: "CASE", When: "WHEN", Then: "THEN", Else: "ELSE", End: "END", Select: "SELECT", From: "FROM",
	Where: "WHERE", Group: "GROUP", Having: "HAVING", Order: "ORDER", Limit: "LIMIT",
	After: "AFTER", Ago: "AGO", All_: "ALL", Among: "AMONG", Any: "ANY", At: "AT", Before: "BEFORE",
	Bottom: "BOTTOM", Contains: "CONTAINS", Day: "DAY", Days: "DAYS", Distinct: "DISTINCT", During: "DURING",
	Each: "EACH", Ends: "ENDS", Entered: "ENTERED", Event: "EVENT", Exactly: "EXACTLY", Fewer: "FEWER",
	First: "FIRST", For: "FOR", Known: "KNOWN", Last: "LAST", Least: "LEAST", Left: "LEFT", List: "LIST",
	Matches: "MATCHES", Month: "MONTH", More: "MORE", Most: "MOST", Next: "NEXT", No: "NO", NoneOf: "NONE",
	On: "ON", Once: "ONCE", Percent: "PERCENT", Quarter: "QUARTER", Same: "SAME", Segment: "SEGMENT",
	Sequence: "SEQUENCE", Since: "SINCE", Starts: "STARTS", Subset: "SUBSET", This: "THIS", Time: "TIME",
	Times: "TIMES", Today: "TODAY", Top: "TOP", TryCast: "TRY_CAST", Twice: "TWICE", Week: "WEEK",
	With: "WITH", Within: "WITHIN", Without: "WITHOUT", Year: "YEAR", Yesterday: "YESTERDAY",
}

// String returns the keyword in capitals.
func (w Word) String() string { return wordText[w] }

// longestWord is the length of the longest keyword.
const longestWord = 9

var words = func() map[string]Word {
	m := make(map[string]Word, lastWord)
	for w := And; w < lastWord; w++ {
		m[wordText[w]] = w
	}
	return m
}()

// Lookup returns the keyword that a word is, whatever its case, or None.
func Lookup(word string) Word {
	if len(word) > longestWord || len(word) < 2 {
		return None
	}
	var upper [longestWord]byte
	for i := range len(word) {
		c := word[i]
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		upper[i] = c
	}
	return words[string(upper[:len(word)])]
}

// Reserved tells whether the keyword is reserved.
func (w Word) Reserved() bool { return w > None && w <= LastReserved }

// Soft tells whether a reserved word can be a name without quotes wherever a clause cannot begin: it
// starts a clause and nothing else, so that count(order) and DID group have one reading.
func (w Word) Soft() bool { return w >= Select && w <= Limit }

// Words returns all keywords in capitals, for highlighting and completion.
func Words() []string {
	out := make([]string, 0, lastWord-1)
	for w := And; w < lastWord; w++ {
		out = append(out, wordText[w])
	}
	return out
}

// IsPlain tells whether a name can be written without quotes as far as its letters go.
func IsPlain(name string) bool {
	if name == "" || class[name[0]] != classLetter {
		return false
	}
	for i := range len(name) {
		if class[name[i]]&classWord == 0 {
			return false
		}
	}
	return true
}

// Unquote returns the value of a text or a quoted name as it stands in a statement, quotes included.
func Unquote(raw string) string {
	quote := raw[:1]
	return strings.ReplaceAll(raw[1:len(raw)-1], quote+quote, quote)
}

// Quote returns the value in the given quotes, which are doubled inside.
func Quote(value string, quote byte) string {
	q := string(quote)
	return q + strings.ReplaceAll(value, q, q+q) + q
}
