package complete

import (
	"strings"
	"unicode/utf8"

	"github.com/musterdb/muster/query/lex"
)

// word is one token of a text that need not be a statement, comments and what is no token included.
type word struct {
	lex.Token
	comment bool
	bad     bool // no token, or one that is not closed
	open    bool // a text, a name or a comment that the end of the text cut off
}

// scan cuts a text into words as the lexer does, and goes on where the lexer would stop.
func scan(text string) []word {
	out := make([]word, 0, len(text)/5+2)
	for at := 0; at < len(text); {
		w := next(text, at)
		if w.End > w.Start {
			out = append(out, w)
		}
		at = max(w.End, at+1)
	}
	return out
}

// next returns the word at an offset, or an empty one where white space stands.
func next(text string, at int) word {
	c := text[at]
	w := word{Token: lex.Token{Start: at, End: at + 1}}
	switch {
	case isLetter(c):
		w.Kind, w.End = lex.Ident, run(text, at)
	case isDigit(c):
		w.Kind, w.End = number(text, at)
	case c == '\'':
		quotedWord(text, &w, lex.Text)
	case c == '"':
		quotedWord(text, &w, lex.Quoted)
	case c == '$':
		w.Kind, w.End = lex.Param, run(text, at+1)
		w.bad = w.End == at+1
	case strings.HasPrefix(text[at:], "--"):
		w.comment, w.End = true, lineEnd(text, at)
	case strings.HasPrefix(text[at:], "/*"):
		blockComment(text, &w)
	case strings.IndexByte(" \t\n\r\v\f", c) >= 0:
		w.End = at
	default:
		operator(text, &w)
	}
	return w
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// run returns the end of the letters and digits at an offset.
func run(text string, at int) int {
	for at < len(text) && (isLetter(text[at]) || isDigit(text[at])) {
		at++
	}
	return at
}

func digits(text string, at int) int {
	for at < len(text) && isDigit(text[at]) {
		at++
	}
	return at
}

// number returns the kind and the end of the number at an offset, with the letters that follow directly.
func number(text string, at int) (lex.Kind, int) {
	kind, end := lex.Int, digits(text, at)
	if end+1 < len(text) && text[end] == '.' && isDigit(text[end+1]) {
		kind, end = lex.Decimal, digits(text, end+1)
	}
	if e := exponent(text, end); e > end {
		kind, end = lex.Float, e
	}
	if letters := run(text, end); letters > end {
		return lex.Measure, letters
	}
	return kind, end
}

func exponent(text string, at int) int {
	if at >= len(text) || text[at]|0x20 != 'e' {
		return at
	}
	n := at + 1
	if n < len(text) && (text[n] == '+' || text[n] == '-') {
		n++
	}
	if n >= len(text) || !isDigit(text[n]) {
		return at
	}
	return digits(text, n)
}

func quotedWord(text string, w *word, kind lex.Kind) {
	w.Kind = kind
	quote := text[w.Start]
	for i := w.Start + 1; i < len(text); i++ {
		if text[i] != quote {
			continue
		}
		if i+1 < len(text) && text[i+1] == quote {
			i++
			continue
		}
		w.End = i + 1
		return
	}
	w.End, w.bad, w.open = len(text), true, true
}

func lineEnd(text string, at int) int {
	if n := strings.IndexByte(text[at:], '\n'); n >= 0 {
		return at + n
	}
	return len(text)
}

func blockComment(text string, w *word) {
	w.comment, w.End = true, len(text)
	if n := strings.Index(text[w.Start+2:], "*/"); n >= 0 {
		w.End = w.Start + 2 + n + 2
		return
	}
	w.bad, w.open = true, true
}

func operator(text string, w *word) {
	w.Kind = lex.Punct
	pair := text[w.Start:min(w.Start+2, len(text))]
	switch {
	case pair == "<=" || pair == "<>" || pair == ">=" || pair == "!=":
		w.End = w.Start + 2
	case pair == "==" || pair == "&&" || pair == "||":
		w.End, w.bad = w.Start+2, true
	case strings.IndexByte("=<>+-*/()[],.;:", text[w.Start]) < 0:
		stray(text, w)
	}
}

// stray takes what begins no token: one character, and spaces outside ASCII not at all.
func stray(text string, w *word) {
	r, n := utf8.DecodeRuneInString(text[w.Start:])
	w.End, w.bad = w.Start+n, true
	if r == 0x85 || r == 0xA0 || r == 0x3000 || r == 0xFEFF || r == 0x202F || r >= 0x2000 && r <= 0x200B || r == 0x2028 || r == 0x2029 {
		w.Start = w.End
	}
}
