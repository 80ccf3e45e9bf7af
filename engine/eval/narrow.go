package eval

import (
	"slices"

	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/kernel"
	"github.com/musterdb/muster/storage/schema"
)

// reach is where a statement over an event type looks at all: terms of its condition that narrow it are
// taken out of the condition and met by not looking elsewhere.
type reach struct {
	win    plan.Window
	only   bool // nothing but these chunks
	chunks []int
}

// narrow takes the terms about time and the contact's id out of the condition of a statement over an event
// type. It returns what is left, nil for nothing, and the ids as a condition.
func (c *compiler) narrow(q *plan.Query) (rest plan.Expr, ids []node, r reach) {
	r.win = plan.Window{From: plan.MinTime, To: q.Clock}
	if q.KeepFrom != 0 {
		r.win.From = q.KeepFrom
	}
	var left []plan.Expr
	for _, t := range plan.Terms(q.Where) {
		if win, ok := c.timeSpan(t); ok {
			r.win.From, r.win.To = max(r.win.From, win.From), min(r.win.To, win.To)
			continue
		}
		if list, ok := plan.ContactIn(t); ok {
			n := c.ids(list, false).(*idNode)
			r.keep(n.rows)
			ids = append(ids, c.gather(n))
			continue
		}
		left = append(left, t)
	}
	switch len(left) {
	case 0:
		return nil, ids, r
	case 1:
		return left[0], ids, r
	}
	return &plan.And{Terms: left}, ids, r
}

// timeSpan returns the window that a condition on the time of the event asks for.
func (c *compiler) timeSpan(x plan.Expr) (plan.Window, bool) {
	cmp, ok := x.(*plan.Cmp)
	if !ok || cmp.Version || cmp.Op == plan.Ne {
		return plan.Window{}, false
	}
	left, right, op := cmp.X, cmp.Y, cmp.Op
	if !pseudo(left, schema.PropTime) {
		left, right, op = right, left, flip(op)
	}
	v, ok := c.constant(right)
	if !ok || v.Kind != schema.KindTimestamp || !pseudo(left, schema.PropTime) {
		return plan.Window{}, false
	}
	s := intSpan(op, number(v), 0)
	return plan.Window{From: s.lo, To: s.hi}, true
}

// keep leaves out chunks that hold none of the rows.
func (r *reach) keep(rows []uint32) {
	var chunks []int
	for _, row := range rows {
		if chunk := int(row / kernel.Rows); !r.only || slices.Contains(r.chunks, chunk) {
			chunks = append(chunks, chunk)
		}
	}
	slices.Sort(chunks)
	r.only, r.chunks = true, slices.Compact(chunks)
}

// visits says whether a chunk is looked at.
func (r *reach) visits(chunk int) bool {
	if !r.only {
		return true
	}
	_, ok := slices.BinarySearch(r.chunks, chunk)
	return ok
}
