package typing

import (
	"strconv"
	"strings"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// Operand is an expression with what was written, for messages.
type Operand struct {
	X ast.Expr
	E plan.Expr
}

// Describe says what the operand is: "age is INT", "'x' is text".
func (o Operand) Describe() string { return phrase.Typed(o.X, o.E.Type()) }

// Mirrored returns the comparison that holds with its sides exchanged.
func Mirrored(op ast.Op) ast.Op {
	switch op {
	case ast.OpLt:
		return ast.OpGt
	case ast.OpLe:
		return ast.OpGe
	case ast.OpGt:
		return ast.OpLt
	case ast.OpGe:
		return ast.OpLe
	}
	return op
}

// Mismatch is the error of a comparison between types that do not compare.
func Mismatch(op ast.Op, l, r Operand) error {
	e := diag.New(diag.Type, l.X.Span().To(r.X.Span()), "these do not compare: %s, %s", l.Describe(), r.Describe())
	if hint := mismatchHint(op, l, r); hint != "" {
		e.Hint = hint
	} else if hint := mismatchHint(Mirrored(op), r, l); hint != "" {
		e.Hint = hint
	}
	return e
}

func mismatchHint(op ast.Op, l, r Operand) string {
	a, c := l.E.Type(), r.E.Type()
	write := "write " + phrase.Expr(l.X) + " " + op.String() + " "
	switch {
	case a.Kind == schema.KindSet && c.Kind == schema.KindText:
		return "write " + phrase.Expr(l.X) + " HAS " + phrase.Expr(r.X)
	case a.Kind == schema.KindBool && !phrase.IsLiteral(l.X):
		return "write " + phrase.Expr(l.X) + " or NOT " + phrase.Expr(l.X)
	case a.Numeric() && IsText(r.E):
		if s := r.E.(*plan.Const).Value.S; isNumber(s) {
			return write + s
		}
		return write + Example(a.Type)
	case a.Numeric() && c.Kind == schema.KindText:
		return "if " + phrase.Expr(r.X) + " holds numbers, write TRY_CAST(" + phrase.Expr(r.X) + " AS DECIMAL(2))"
	case a.Kind == schema.KindText && !IsText(l.E) && phrase.IsLiteral(r.X):
		return write + phrase.Text(phrase.Expr(r.X))
	case a.Kind == schema.KindDuration && c.Numeric() && phrase.IsLiteral(r.X):
		return "a length of time has a unit: " + write + phrase.Expr(r.X) + "d"
	case IsTime(l.E) && c.Kind == schema.KindDuration:
		return "write " + phrase.Expr(l.X) + " " + op.String() + " now() - " + phrase.Expr(r.X) + ", or " + phrase.Expr(l.X) + " WITHIN " + phrase.Expr(r.X)
	case IsTime(l.E) && c.Numeric():
		return write + Example(a.Type) + "; for parts of a date there are year(x), month(x) and day(x)"
	}
	return ""
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil && strings.Trim(s, "+-.0123456789eE") == ""
}

// isDuration says whether a constant text reads as a duration.
func isDuration(e plan.Expr) bool {
	c, ok := plan.AsConst(e)
	if !ok || c.Value.Kind != schema.KindText {
		return false
	}
	_, err := calendar.ParseDuration(c.Value.S)
	return err == nil
}

// NoArith is the error of + - * / between types that have none.
func NoArith(x *ast.Binary, l, r Operand) error {
	e := diag.New(diag.Type, x.Span(), "there is no %s between these: %s, %s", x.Op, l.Describe(), r.Describe())
	a, c := l.E.Type(), r.E.Type()
	switch {
	case (IsTime(l.E) || a.Kind == schema.KindDuration) && c.Numeric() && phrase.IsLiteral(r.X):
		return e.WithHint("a length of time has a unit: write %sd for days", phrase.Expr(r.X))
	case IsTime(l.E) && isDuration(r.E):
		return e.WithHint("a length of time has no quotes: write %s %s %s", phrase.Expr(l.X), x.Op, r.E.(*plan.Const).Value.S)
	case a.Kind == schema.KindSet || c.Kind == schema.KindSet:
		return e.WithHint("values of a set are tested with HAS; UPSERT adds and removes them: tags = tags + 'vip'")
	case a.Kind == schema.KindText && c.Kind == schema.KindText:
		return e.WithHint("texts cannot be joined; if they hold numbers, write TRY_CAST(%s AS DECIMAL(2))", phrase.Expr(l.X))
	case a.Kind == schema.KindText:
		return e.WithHint("if it holds numbers, write TRY_CAST(%s AS DECIMAL(2))", phrase.Expr(l.X))
	case c.Kind == schema.KindText:
		return e.WithHint("if it holds numbers, write TRY_CAST(%s AS DECIMAL(2))", phrase.Expr(r.X))
	}
	return e
}

// NoCondition is the error of a value where a condition must stand.
func NoCondition(x ast.Expr, t plan.Type) error {
	what := phrase.Typed(x, t)
	e := diag.New(diag.Type, x.Span(), "%s, which is no condition", what)
	if n, ok := ast.Bare(x).(*ast.Name); ok {
		return e.WithHint("compare it, as in %s = %s, or write %[1]s IS NOT NULL", phrase.Expr(n), Example(t.Type))
	}
	if a, ok := ast.Bare(x).(*ast.Aggregate); ok {
		return e.WithHint("compare it, as in %s > %s", phrase.Expr(a), Example(t.Type))
	}
	return e.WithHint("a condition is a comparison, a BOOL attribute, DID … and the like")
}

// Example returns a literal of a type, for hints.
func Example(t schema.Type) string {
	switch t.Kind {
	case schema.KindInt:
		return "30"
	case schema.KindFloat, schema.KindDecimal:
		return "9.99"
	case schema.KindBool:
		return "TRUE"
	case schema.KindDate:
		return "'2026-04-01'"
	case schema.KindTimestamp:
		return "'2026-04-01 10:00'"
	case schema.KindDuration:
		return "30d"
	}
	return "'a'"
}
