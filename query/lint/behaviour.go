package lint

import (
	"fmt"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/print"
)

// frequency warns of a number of times that everybody reaches.
func (u *unit) frequency(d *ast.Did) {
	f := d.Freq
	if f == nil || f.N > 0 || f.Bound != ast.BoundAtLeast {
		return
	}
	u.warn(f.At, "AT LEAST 0 is always true", fmt.Sprintf("write %s for at least one", print.Expr(&ast.Did{Sel: d.Sel, Window: d.Window})))
}

// counted warns of count(x) >= 1, which DID says, and of what holds for every count.
func (u *unit) counted(x *ast.Binary) {
	a, ok := ast.Bare(x.X).(*ast.Aggregate)
	l, is := literal(x.Y)
	if !ok || !is || a.Fn.Name != "count" || a.Sel == nil || len(a.Prop) > 0 || a.Distinct || l.Kind != ast.LitInt {
		return
	}
	if len(a.Sel.Events) == 1 && !a.Sel.Any {
		if _, event := u.sch.Event(a.Sel.Events[0].Name); !event {
			return
		}
	}
	did := &ast.Did{Sel: a.Sel, Window: a.Window}
	switch {
	case x.Op == ast.OpGe && l.Text == "0":
		u.warn(x.Span(), "a count is never less than 0, so that this is always true", "write "+print.Expr(did)+" for at least one")
	case x.Op == ast.OpLt && l.Text == "0":
		u.warn(x.Span(), "a count is never less than 0, so that this is never true", "")
	case x.Op == ast.OpGe && l.Text == "1", x.Op == ast.OpGt && l.Text == "0":
		u.warn(x.Span(), "this counts all events to know whether there is one", "write "+print.Expr(did))
	case x.Op == ast.OpEq && l.Text == "0", x.Op == ast.OpLt && l.Text == "1":
		did.Not = true
		u.warn(x.Span(), "this counts all events to know that there is none", "write "+print.Expr(did))
	}
}

// nested warns of an average of averages, in which a contact with one event weighs as much as one with many.
func (u *unit) nested(a *ast.Aggregate) {
	inner, ok := a.Arg.(*ast.Aggregate)
	if !ok || a.Fn.Name != "avg" || inner.Fn.Name != "avg" || inner.Sel == nil {
		return
	}
	sum, count := *inner, *inner
	sum.Fn.Name, count.Fn.Name, count.Prop = "sum", "count", nil
	u.warn(a.At, "this is the average of the contacts' averages: one with a single event weighs as much as one with many",
		fmt.Sprintf("for the average over all events write sum(%s) / sum(%s)", print.Expr(&sum), print.Expr(&count)))
}
