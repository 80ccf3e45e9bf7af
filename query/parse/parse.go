// Package parse owns the grammar of the segment language: it turns text into the tree of query/ast, or
// says in the user's words why it cannot. Statements are read by participle, conditions and values by a
// hand-written Pratt parser that participle's hooks call. The parser knows no schema: whether a name
// exists and what it means is for the binder. What the language has and this version has not is
// recognised at its place and answered with diag.NotYet.
//
// All errors are *diag.Error with the statement's text. Time and memory are linear in the text, and
// recursion is bounded (schema.MaxNesting), whatever the text.
package parse

import (
	"errors"
	"iter"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/lex"
)

// Statement parses one statement, with or without a semicolon after it.
func Statement(text string) (ast.Stmt, error) {
	toks, err := tokens(text)
	if err != nil {
		return nil, err
	}
	explain, err := explaining(toks)
	if err != nil {
		return nil, located(err, text)
	}
	s, err := statement(toks)
	if err != nil {
		return nil, located(err, text)
	}
	if explain != nil {
		explain.Stmt, s = s, explain
	}
	return s, nil
}

// statement reads one statement to the end of the text.
func statement(toks *lexer.PeekingLexer) (ast.Stmt, error) {
	form, err := dispatch(toks)
	if err != nil {
		return nil, err
	}
	start := toks.MakeCheckpoint()
	s, err := form.parse(toks)
	if err == nil && toks.Peek().EOF() {
		return s, bounded(s)
	}
	if err == nil {
		err = &participle.UnexpectedTokenError{Unexpected: *toks.Peek()}
	}
	toks.LoadCheckpoint(start)
	return nil, form.explain(err, toks)
}

// Condition parses a condition or an expression alone.
func Condition(text string) (ast.Expr, error) {
	toks, err := tokens(text)
	if err != nil {
		return nil, err
	}
	p := newParser(toks)
	x, err := p.condition()
	if err == nil && !p.end() {
		err = afterValue(p, []string{"AND", "OR"}, true)
	}
	if err != nil {
		return nil, located(err, text)
	}
	return x, nil
}

// Part is one statement of a script.
type Part struct {
	Span diag.Span // in the script; without the semicolon
	Text string    // what Span covers; positions in Stmt and Err count from its start
	Done bool      // a semicolon ended it; otherwise the text did
	Stmt ast.Stmt  // nil if Err is set
	Err  error
}

// Script yields the statements of a script one after the other, each parsed when it is asked for. A
// statement that does not parse does not stop the next one. Empty statements are passed over.
func Script(text string) iter.Seq[Part] {
	return func(yield func(Part) bool) {
		for at := 0; at < len(text); {
			span, next, done := lex.Split(text, at)
			at = next
			if span.Start == span.End {
				continue
			}
			part := Part{Span: span, Text: text[span.Start:span.End], Done: done}
			part.Stmt, part.Err = Statement(part.Text)
			if !yield(part) {
				return
			}
		}
	}
}

// tokens scans the whole statement, so that the limits hold before the first rule of grammar is tried.
func tokens(text string) (*lexer.PeekingLexer, error) {
	src, err := newSource(text)
	if err != nil {
		return nil, err
	}
	return lexer.Upgrade(src)
}

// located returns the error as a diag.Error with the statement's text.
func located(err error, text string) error {
	var f *failure
	if errors.As(err, &f) {
		if f.err.Span.Start >= len(text) && text != "" { // after the last token, not after the blanks behind it
			f.err.Span.Start = len(strings.TrimRight(text, " \t\r\n"))
			f.err.Span.End = f.err.Span.Start
		}
		return f.err.In(text)
	}
	return diag.New(diag.Syntax, diag.Span{}, "%s", err.Error()).In(text)
}
