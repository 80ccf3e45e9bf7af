package eval

import (
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// uses is what an expression looks at.
type uses struct {
	prop    bool        // properties of the event at hand
	contact bool        // the contact: its attributes, id or events
	events  []plan.Expr // the *plan.Agg, *plan.Did and *plan.Nth in it
	depth   int
}

// maxDepth is where walk stops: scalar.Compile refuses such an expression.
const maxDepth = 20_000

func usesOf(x plan.Expr) uses {
	var u uses
	u.walk(x)
	return u
}

// walk does not enter selectors: their filters look at other events.
func (u *uses) walk(x plan.Expr) {
	switch x := x.(type) {
	case *plan.Attr, *plan.IsTrue, *plan.Member:
		u.contact = true
	case *plan.Prop:
		u.prop = true
	case *plan.Agg, *plan.Did, *plan.Nth:
		u.contact = true
		u.events = append(u.events, x)
	case *plan.Call:
		u.contact = u.contact || x.Fn == plan.FnBucket
	}
	if u.depth++; u.depth > maxDepth {
		u.prop, u.contact = true, true
	} else {
		for _, y := range operands(x) {
			u.walk(y)
		}
	}
	u.depth--
}

// operands returns the expressions directly under x.
func operands(x plan.Expr) []plan.Expr {
	switch x := x.(type) {
	case *plan.Arith:
		return []plan.Expr{x.X, x.Y}
	case *plan.AddCalendar:
		return []plan.Expr{x.X}
	case *plan.Neg:
		return []plan.Expr{x.X}
	case *plan.Call:
		return x.Args
	case *plan.Case:
		out := make([]plan.Expr, 0, 2*len(x.Whens)+1)
		for _, w := range x.Whens {
			out = append(out, w.Cond, w.Then)
		}
		if x.Else != nil {
			out = append(out, x.Else)
		}
		return out
	case *plan.Cast:
		return []plan.Expr{x.X}
	case *plan.And:
		return x.Terms
	case *plan.Or:
		return x.Terms
	case *plan.Not:
		return []plan.Expr{x.X}
	case *plan.Cmp:
		return []plan.Expr{x.X, x.Y}
	case *plan.In:
		return []plan.Expr{x.X}
	case *plan.IsNull:
		return []plan.Expr{x.X}
	case *plan.IsDistinct:
		return []plan.Expr{x.X, x.Y}
	case *plan.Match:
		return []plan.Expr{x.X}
	case *plan.SetHas:
		return []plan.Expr{x.X}
	case *plan.SetCmp:
		return []plan.Expr{x.X, x.Y}
	case *plan.IsTrue:
		return []plan.Expr{x.X}
	}
	return nil
}

// propIn returns the id of a property for one type; 0 if the type lacks it.
func propIn(p *plan.Prop, event schema.EventID) schema.PropID { return p.ByEvent[event] }
