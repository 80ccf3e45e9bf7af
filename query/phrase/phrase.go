// Package phrase owns how messages phrase what a user wrote: names, expressions, texts and types, cut where
// they are long, and the errors that many places share. It binds nothing and knows no schema.
package phrase

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/print"
	"github.com/musterdb/muster/storage/schema"
)

// shown is how much of what was written a message repeats, in bytes.
const shown = 80

// Expr returns an expression as it is written, cut where it is long.
func Expr(x ast.Expr) string { return Short(print.Expr(x)) }

// Short cuts a text that is too long to repeat.
func Short(s string) string {
	if len(s) <= shown {
		return s
	}
	cut := shown
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// Name returns a name, possibly dotted, as it is written.
func Name(name string) string {
	name = Short(name)
	var parts []ast.Ident
	for _, p := range strings.Split(name, ".") {
		if !lex.IsPlain(p) {
			return print.Name(ast.Ident{Name: name})
		}
		parts = append(parts, ast.Ident{Name: p})
	}
	return print.Expr(&ast.Name{Parts: parts})
}

// Typed says what an expression is: "age is INT", "'x' is text".
func Typed(x ast.Expr, t plan.Type) string {
	if t.Kind == schema.KindNull {
		return Expr(x) + " has no value"
	}
	if t.Kind == schema.KindText && IsLiteral(x) {
		return Expr(x) + " is text"
	}
	return Expr(x) + " is " + Type(t)
}

// Type names a type; numbers whose scale depends on the row are "a number".
func Type(t plan.Type) string {
	if t.Kind == schema.KindDecimal && (t.Scale == plan.AnyScale || t.Quotient) {
		return "a number"
	}
	return t.String()
}

// IsLiteral says whether an expression is a literal, brackets apart.
func IsLiteral(x ast.Expr) bool {
	_, ok := ast.Bare(x).(*ast.Literal)
	return ok
}

// Unknown returns the error of a name that does not exist, with the nearest one that does.
func Unknown(at diag.Span, what, name string, candidates []string) *diag.Error {
	e := diag.New(diag.Name, at, "there is no %s %s", what, Name(name))
	if near, ok := diag.Suggest(name, candidates); ok {
		return e.WithHint("did you mean %s?", Name(near))
	}
	return e
}

// NotYet returns the error of what the language has and this version does not.
func NotYet(at diag.Span, format string, args ...any) *diag.Error {
	return diag.New(diag.NotYet, at, "%s: not yet in this version", fmt.Sprintf(format, args...)).
		WithHint("docs/explanation/limits.md says what there is instead")
}

// List returns names for a hint, a few at most.
func List(names []string) string {
	const most = 8
	out := ""
	for i, n := range names {
		if i == most {
			return out + ", …"
		}
		if i > 0 {
			out += ", "
		}
		out += Name(n)
	}
	return out
}

// TextInstead adds that a name in double quotes may have been meant as a text.
func TextInstead(x *ast.Name) string {
	if !x.Parts[0].Quoted || len(x.Parts) > 1 {
		return ""
	}
	return " A text is written " + Text(x.Parts[0].Name)
}

// Text returns a text as a literal.
func Text(s string) string { return "'" + strings.ReplaceAll(Short(s), "'", "''") + "'" }

// AsText says how to write what stands there as a text.
func AsText(x ast.Expr) string {
	if p, ok := ast.Bare(x).(*ast.Param); ok {
		return "send $" + Short(p.Name) + " as a text"
	}
	return "write " + Text(Expr(x))
}

// JoinHints returns both hints as one.
func JoinHints(a, b string) string {
	if a == "" {
		return b
	}
	return a + " Or " + b
}
