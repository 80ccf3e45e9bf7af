// Package diag owns the one form in which the language reports a mistake: what, where, why and what to
// write instead. Lexer, parser, binder and loader all return *Error; the doors render it. It does not
// decide what is a mistake.
package diag

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Code classifies an error for programs; the text is for people.
type Code string

// The codes, stable across versions.
const (
	Syntax      Code = "SYNTAX"        // the text is not a statement
	Name        Code = "UNKNOWN_NAME"  // a base, attribute, event or property that does not exist
	Type        Code = "TYPE_MISMATCH" // the types do not fit together
	Invalid     Code = "INVALID"       // well formed, but not allowed here
	NotYet      Code = "NOT_YET"       // part of the language, not of this version
	Limit       Code = "LIMIT"         // a documented limit was reached
	Exists      Code = "EXISTS"        // the name is taken
	Overflow    Code = "OVERFLOW"      // a number does not fit
	Conflict    Code = "CONFLICT"      // the state changed or the load does not match what was loaded before
	Unavailable Code = "UNAVAILABLE"   // not now: full disk, stopping, poisoned
	Canceled    Code = "CANCELED"      // the client or KILL ended it
	Internal    Code = "INTERNAL"      // a bug of ours; nothing was changed
)

// Span is a half-open range of byte offsets in the statement's text.
type Span struct{ Start, End int }

// To returns the span from s's start to e's end.
func (s Span) To(e Span) Span { return Span{s.Start, e.End} }

// Error is one mistake. Msg says what is wrong in one sentence without a full stop; Hint says what to
// write instead, and may be empty.
type Error struct {
	Code Code
	Span Span // into Text; meaningless if Text is empty
	Msg  string
	Hint string
	Text string // the whole statement, for line, column and caret
}

// Warning is something legal that is rarely meant. Its place is in the statement's text.
type Warning struct {
	Span Span
	Msg  string // one sentence without a full stop
	Hint string // what to write instead; may be empty
}

// New returns an error at a span.
func New(code Code, at Span, format string, args ...any) *Error {
	return &Error{Code: code, Span: at, Msg: fmt.Sprintf(format, args...)}
}

// WithHint returns the error with a hint.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// In returns the error with the statement's text, which gives it a line, a column and a caret.
func (e *Error) In(text string) *Error {
	e.Text = text
	return e
}

// Position returns the 1-based line and column (in runes) at which the error starts, or 0, 0.
func (e *Error) Position() (line, column int) {
	if e.Text == "" {
		return 0, 0
	}
	start := min(max(e.Span.Start, 0), len(e.Text))
	before := e.Text[:start]
	nl := strings.LastIndexByte(before, '\n')
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[nl+1:]) + 1
}

// Error returns the message in one line: position, message, hint.
func (e *Error) Error() string {
	var b strings.Builder
	if line, col := e.Position(); line > 0 {
		fmt.Fprintf(&b, "%d:%d: ", line, col)
	}
	b.WriteString(e.Msg)
	if e.Hint != "" {
		b.WriteString("; ")
		b.WriteString(e.Hint)
	}
	return b.String()
}

// maxCaretLine bounds the excerpt that Render shows of a long line, in runes.
const maxCaretLine = 120

// Render returns the error as people read it: message, the line with a caret under the text, hint.
func (e *Error) Render() string {
	line, col := e.Position()
	if line == 0 {
		return strings.TrimRight("error: "+e.Msg+hintLine(e.Hint), "\n")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "error at line %d, column %d: %s\n", line, col, e.Msg)
	text, offset := e.excerpt(col)
	prefix := fmt.Sprintf("  %d | ", line)
	fmt.Fprintf(&b, "%s%s\n", prefix, text)
	pad := strings.Repeat(" ", utf8.RuneCountInString(prefix)+col-1-offset)
	fmt.Fprintf(&b, "%s%s", pad, strings.Repeat("^", e.caretLen()))
	b.WriteString(hintLine(e.Hint))
	return b.String()
}

func hintLine(hint string) string {
	if hint == "" {
		return ""
	}
	return "\n  hint: " + hint
}

// excerpt returns the part of the error's line round the column, and how many runes were cut before it.
func (e *Error) excerpt(col int) (string, int) {
	start := min(max(e.Span.Start, 0), len(e.Text))
	from := strings.LastIndexByte(e.Text[:start], '\n') + 1
	line := e.Text[from:]
	if nl := strings.IndexByte(line, '\n'); nl >= 0 {
		line = line[:nl]
	}
	line = strings.ReplaceAll(strings.TrimRight(line, "\r"), "\t", " ")
	runes := []rune(line)
	if len(runes) <= maxCaretLine {
		return line, 0
	}
	cut := max(0, min(col-1-maxCaretLine/2, len(runes)-maxCaretLine))
	return string(runes[cut : cut+maxCaretLine]), cut
}

// caretLen returns how many carets underline the span, at least one and at most to the line's end.
func (e *Error) caretLen() int {
	start := min(max(e.Span.Start, 0), len(e.Text))
	end := min(max(e.Span.End, start), len(e.Text))
	under := e.Text[start:end]
	if nl := strings.IndexByte(under, '\n'); nl >= 0 {
		under = under[:nl]
	}
	return min(max(1, utf8.RuneCountInString(under)), maxCaretLine/2)
}
