package parse

import (
	"fmt"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/lex"
)

// failure carries a diag.Error through participle, which wants errors with positions of its own kind.
type failure struct {
	err   *diag.Error
	found *lexer.Token
}

// Error returns the message in one line.
func (f *failure) Error() string { return f.err.Error() }

// Message is part of participle's contract.
func (f *failure) Message() string { return f.err.Msg }

// Position is part of participle's contract.
func (f *failure) Position() lexer.Position { return lexer.Position{Offset: f.err.Span.Start} }

// mistake is a diag.Error on its way to become a failure.
type mistake struct{ err *diag.Error }

func fail(code diag.Code, at diag.Span, format string, args ...any) mistake {
	return mistake{diag.New(code, at, format, args...)}
}

// WithHint adds a hint.
func (m mistake) WithHint(format string, args ...any) mistake {
	_ = m.err.WithHint(format, args...)
	return m
}

func (m mistake) failure() *failure { return &failure{err: m.err} }

func syntax(at diag.Span, format string, args ...any) *failure {
	return fail(diag.Syntax, at, format, args...).failure()
}

func (f *failure) hint(format string, args ...any) *failure {
	_ = f.err.WithHint(format, args...)
	return f
}

// suggest offers the keyword nearest to the word that was found, if one is near.
func (f *failure) suggest(candidates ...string) *failure {
	if f.found == nil || f.found.Type != tokIdent || f.err.Hint != "" {
		return f
	}
	if best, ok := diag.Suggest(f.found.Value, candidates); ok && !strings.EqualFold(best, f.found.Value) {
		return f.hint("did you mean %s?", best)
	}
	return f
}

// or adds a hint where there is none.
func (f *failure) or(hint string) *failure {
	if f.err.Hint == "" {
		f.err.Hint = hint
	}
	return f
}

// expected reports that something else should stand where the next token does.
func (p *parser) expected(what string) *failure {
	f := syntax(spanOf(p.tok), "expected %s but found %s", what, describe(p.tok))
	f.found = p.tok
	return f
}

// maxShown bounds how much of a token an error repeats, in bytes.
const maxShown = 40

// describe names a token in the user's words.
func describe(t *lexer.Token) string {
	switch t.Type {
	case lexer.EOF:
		return "the end of the statement"
	case tokText:
		return "the text " + shorten(t.Value, maxShown)
	case tokInt, tokDecimal, tokFloat:
		return "the number " + shorten(t.Value, maxShown)
	case tokParam:
		return "the parameter " + shorten(t.Value, maxShown)
	}
	if w := wordOf(t); w != lex.None {
		return w.String()
	}
	return shorten(t.Value, maxShown)
}

// shorten cuts a text to about n bytes, at a rune's edge.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// notYet answers for a part of the language that this version does not have.
func notYet(at diag.Span, topic string) *failure {
	verb := "is"
	if strings.HasSuffix(strings.Fields(topic)[0], "s") || strings.HasSuffix(topic, "s") || strings.Contains(topic, " and ") {
		verb = "are"
	}
	return fail(diag.NotYet, at, "%s %s not yet in this version", topic, verb).
		WithHint("docs/explanation/limits.md says what there is instead").failure()
}

// oneOf joins alternatives: a, b or c.
func oneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return fmt.Sprintf("%s or %s", strings.Join(words[:len(words)-1], ", "), words[len(words)-1])
}
