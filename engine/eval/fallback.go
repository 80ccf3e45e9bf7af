package eval

import (
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/kernel"
)

// scalarNode evaluates a condition row by row over the rows still alive. It is right for every condition
// and used where there is no vector path.
type scalarNode struct {
	expr   *scalar.Expr
	events []eventsOf
	want   scalar.Tri
}

func (c *compiler) fallback(x plan.Expr, _ scope, neg bool) (node, error) {
	c.slow = true
	e, err := scalar.Compile(x, c.env)
	if err != nil {
		return nil, err
	}
	n := &scalarNode{expr: e, want: scalar.True}
	if neg {
		n.want = scalar.False
	}
	n.events, err = c.eventsOf(usesOf(x).events)
	return n, err
}

func (n *scalarNode) cost() int { return 5000 * (1 + len(n.events)) }

func (n *scalarNode) eval(w *Worker, s *source, alive, out []uint64) error {
	clear(out)
	if !kernel.Any(alive) {
		return nil
	}
	r := rowAt{w: w}
	lines, err := w.gatherAll(n.events, s, alive)
	if err != nil {
		return err
	}
	defer w.give(lines)
	r.lines = lines
	for i := range rowsOf(alive) {
		r.at(s, i)
		t, err := n.expr.Test(&r)
		if err != nil {
			return err
		}
		if t == n.want {
			out[i>>6] |= 1 << (i & 63)
		}
		if err := w.check(); err != nil {
			return err
		}
	}
	return nil
}

// gatherAll collects the events that expressions need of the contacts of the rows alive.
func (w *Worker) gatherAll(events []eventsOf, s *source, alive []uint64) ([]*timeline, error) {
	if len(events) == 0 {
		return nil, nil
	}
	contacts := alive
	if s.isBlock {
		defer w.release(w.mark())
		bits := w.rowBits()
		kernel.SetRowsSel(bits, s.block.Rows(), alive)
		contacts = bits[:kernel.Words(w.view.ChunkLen(s.chunk))]
	}
	lines := make([]*timeline, 0, len(events))
	for i := range events {
		l, err := w.gather(&events[i], s.chunk, contacts)
		if err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	return lines, nil
}
