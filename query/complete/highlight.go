package complete

import (
	"strings"

	"github.com/musterdb/muster/query/lex"
)

// Class says what a word is, for colouring.
type Class uint8

// The classes.
const (
	Keyword  Class = iota
	Function       // a name before an opening bracket, if there is such a function
	Name
	Text
	Number
	Duration // also an ordinal, such as 2ND
	Parameter
	Operator
	Bracket
	Comment
	Error // what is no token; an open text is a Text
)

var classText = [...]string{"keyword", "function", "name", "text", "number", "duration", "parameter", "operator", "bracket", "comment", "error"}

// String returns the class's name in lower case.
func (c Class) String() string { return classText[c] }

// Token is a stretch of a text, the bytes [Start, End), and what it is.
type Token struct {
	Start, End int
	Class      Class
}

// Highlight returns the words of a text in order, white space left out. Every text has an answer, in linear
// time; what is no token is an Error and ends nothing.
func Highlight(text string) []Token {
	words := scan(text)
	out := make([]Token, len(words))
	for i, w := range words {
		out[i] = Token{w.Start, w.End, classOf(text, words, i)}
	}
	return out
}

func classOf(text string, words []word, i int) Class {
	w := words[i]
	switch {
	case w.comment:
		return Comment
	case w.Kind == lex.Text:
		return Text
	case w.bad:
		return Error
	}
	switch w.Kind {
	case lex.Ident:
		return classOfIdent(text, words, i)
	case lex.Int, lex.Decimal, lex.Float:
		return Number
	case lex.Measure:
		return Duration
	case lex.Param:
		return Parameter
	case lex.Punct:
		if strings.IndexByte("()[]", text[w.Start]) >= 0 {
			return Bracket
		}
		return Operator
	}
	return Name
}

// classOfIdent tells keywords from names: after DID, a point or FROM stands a name, whatever it is called.
func classOfIdent(text string, words []word, i int) Class {
	w := strings.ToUpper(text[words[i].Start:words[i].End])
	if i+1 < len(words) && text[words[i+1].Start] == '(' && functionNamed(w) != nil {
		return Function
	}
	if i > 0 && text[words[i-1].Start] == '.' {
		return Name
	}
	if word := lex.Lookup(w); word.Reserved() && !word.Soft() {
		return Keyword
	}
	if !isKeyword(w) {
		return Name
	}
	if i > 0 {
		switch before := strings.ToUpper(text[words[i-1].Start:words[i-1].End]); {
		case before == "DID" && w != "SEQUENCE" && w != "ANY", before == "FROM" && w != "START":
			return Name
		}
	}
	return Keyword
}
