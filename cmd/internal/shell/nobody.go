package shell

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/print"
	"github.com/musterdb/muster/storage/schema"
)

const (
	// mostLookedUp bounds how many comparisons of a condition are asked about.
	mostLookedUp = 4
	// nobodyPatience bounds how long the shell looks for the reason: the prompt waits.
	nobodyPatience = 300 * time.Millisecond
)

// explainNobody says of an answer of nobody which text of its condition no contact has, and which texts
// there are: country = 'Germany' is no mistake of the language, but it is one. It is an extra: should it
// fail, nothing is said.
func (s *Shell) explainNobody(ctx context.Context, stmt ast.Stmt) {
	where := whereOf(stmt)
	if where == nil || s.last == nil || s.last.text != s.asked || !ofNobody(s.last.table) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, nobodyPatience)
	defer cancel()
	sch, err := s.cfg.Client.Schema(ctx, s.session.Base)
	if err != nil {
		return
	}
	for _, x := range compared(where, sch) {
		if n, err := s.ask(ctx, "COUNT "+print.Expr(x)); err != nil || n.Cell(0, 0) != "0" {
			continue
		}
		name := print.Expr(x.X)
		if values := s.someValues(ctx, name); values != "" {
			s.note("no contact has %s; the values are %s", print.Expr(x), values)
		}
	}
}

// whereOf returns the condition over contacts that a statement asks, nil if it asks none.
func whereOf(stmt ast.Stmt) ast.Expr {
	switch stmt := stmt.(type) {
	case *ast.Count:
		return stmt.Where
	case *ast.Select:
		if strings.EqualFold(stmt.From.Name, "contacts") {
			return stmt.Where
		}
	}
	return nil
}

// ofNobody says whether an answer has no rows, or is one count of 0.
func ofNobody(t *render.Table) bool {
	if t.Rows() != 1 || len(t.Schema().Fields()) != 1 {
		return t.Rows() == 0
	}
	col, i := t.Records()[0].Column(0), 0
	n, ok := col.(*array.Int64)
	return ok && n.IsValid(i) && n.Value(i) == 0
}

// compared returns the comparisons of a TEXT attribute with a text that stand in a condition.
func compared(where ast.Expr, sch *schema.Schema) (out []*ast.Binary) {
	ast.Walk(where, func(x ast.Expr) bool {
		if _, ok := x.(*ast.Did); ok { // its comparisons are of properties
			return false
		}
		b, ok := x.(*ast.Binary)
		if !ok || b.Op != ast.OpEq || len(out) == mostLookedUp {
			return true
		}
		name, ok := ast.Bare(b.X).(*ast.Name)
		text, also := ast.Bare(b.Y).(*ast.Literal)
		if !ok || !also || text.Kind != ast.LitText {
			return true
		}
		if a, ok := sch.Attr(ast.Dotted(name.Parts)); ok && a.Type.Kind == schema.KindText {
			out = append(out, b)
		}
		return true
	})
	return out
}

// someValues returns the most frequent texts of an attribute, or nothing if it has none that are shared.
func (s *Shell) someValues(ctx context.Context, name string) string {
	const most = 8
	t, err := s.ask(ctx, fmt.Sprintf("SELECT %s, count(*) FROM contacts WHERE %[1]s IS NOT NULL GROUP BY 1 HAVING count(*) > 1 ORDER BY 2 DESC LIMIT %d", name, most+1))
	if err != nil || t.Rows() == 0 {
		return ""
	}
	defer t.Release()
	var values []string
	for row := range min(int(t.Rows()), most) {
		values = append(values, t.Cell(row, 0))
	}
	text := strings.Join(values, ", ")
	if t.Rows() > most {
		text += " and others"
	}
	return text
}
