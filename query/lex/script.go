package lex

import (
	"strings"

	"github.com/musterdb/muster/query/diag"
)

// Split returns the statement that begins at from: its span without the semicolon and without blanks
// and comments before it, the offset after the semicolon, and whether there was one. An empty span with
// next at the end of the text means that nothing is left. A semicolon inside brackets, texts, quoted
// names and comments does not end a statement. The time is linear in the bytes passed over.
func Split(text string, from int) (span diag.Span, next int, terminated bool) {
	s := Scanner{text: text, pos: from}
	start, end, depth := -1, from, 0
	for i := from; ; {
		s.pos = i
		if s.skip() != nil { // an open comment: the rest of the text
			return splitSpan(start, i, len(text)), len(text), false
		}
		if i = s.pos; i >= len(text) {
			return splitSpan(start, from, end), len(text), false
		}
		if text[i] == ';' && depth <= 0 {
			return splitSpan(start, i, end), i + 1, true
		}
		if start < 0 {
			start = i
		}
		i, depth = step(text, i, depth)
		end = i
	}
}

// step passes over one token, near enough for splitting.
func step(text string, i, depth int) (int, int) {
	switch c := text[i]; c {
	case '\'', '"':
		if end := closing(text, i, c); end >= 0 {
			return end, depth
		}
		return len(text), depth
	case '(', '[':
		return i + 1, depth + 1
	case ')', ']':
		return i + 1, depth - 1
	}
	return i + max(1, plainRun(text[i:])), depth
}

// plainRun returns how many bytes follow that cannot begin a quote, a comment, a bracket or an end.
func plainRun(text string) int {
	if n := strings.IndexAny(text[:min(len(text), 256)], "'\"()[];-/ \t\r\n\v\f\u0085\u00a0\u2028\u2029\ufeff"); n >= 0 {
		return n
	}
	return min(len(text), 256)
}

func splitSpan(start, empty, end int) diag.Span {
	if start < 0 {
		return diag.Span{Start: empty, End: empty}
	}
	return diag.Span{Start: start, End: end}
}
