package bind

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

// text returns an expression as it is written, cut where it is long.
func text(x ast.Expr) string { return shorten(print.Expr(x)) }

func shorten(s string) string {
	if len(s) <= shown {
		return s
	}
	cut := shown
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// quoted returns a name, possibly dotted, as it is written.
func quoted(name string) string {
	name = shorten(name)
	var parts []ast.Ident
	for _, p := range strings.Split(name, ".") {
		if !lex.IsPlain(p) {
			return print.Name(ast.Ident{Name: name})
		}
		parts = append(parts, ast.Ident{Name: p})
	}
	return print.Expr(&ast.Name{Parts: parts})
}

// describe says what an expression is: "age is INT", "'x' is text".
func describe(x ast.Expr, t plan.Type) string {
	if t.Kind == schema.KindNull {
		return text(x) + " has no value"
	}
	if t.Kind == schema.KindText && isLiteral(x) {
		return text(x) + " is text"
	}
	return text(x) + " is " + typeText(t)
}

func typeText(t plan.Type) string {
	if t.Kind == schema.KindDecimal && (t.Scale == plan.AnyScale || t.Quotient) {
		return "a number"
	}
	return t.String()
}

func isLiteral(x ast.Expr) bool {
	_, ok := bare(x).(*ast.Literal)
	return ok
}

// bare returns an expression without the brackets round it.
func bare(x ast.Expr) ast.Expr {
	for {
		p, ok := x.(*ast.Paren)
		if !ok {
			return x
		}
		x = p.X
	}
}

// unknown returns the error of a name that does not exist, with the nearest one that does.
func unknown(at diag.Span, what, name string, candidates []string) *diag.Error {
	e := diag.New(diag.Name, at, "there is no %s %s", what, quoted(name))
	if near, ok := diag.Suggest(name, candidates); ok {
		return e.WithHint("did you mean %s?", quoted(near))
	}
	return e
}

// notYet returns the error of what the language has and this version does not.
func notYet(at diag.Span, format string, args ...any) *diag.Error {
	return diag.New(diag.NotYet, at, "%s: not yet in this version", fmt.Sprintf(format, args...)).
		WithHint("docs/explanation/limits.md says what there is instead")
}

// listed returns names for a hint, a few at most.
func listed(names []string) string {
	const most = 8
	out := ""
	for i, n := range names {
		if i == most {
			return out + ", …"
		}
		if i > 0 {
			out += ", "
		}
		out += quoted(n)
	}
	return out
}
