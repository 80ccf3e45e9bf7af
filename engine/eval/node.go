package eval

import (
	"slices"

	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/kernel"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/tile"
)

// source is where a condition is asked: the rows of a chunk of contacts, or the events of a block of one.
type source struct {
	n       int // rows or events
	chunk   int
	isBlock bool
	event   schema.EventID // of the block
	block   tile.Block
}

// node is a condition in the form that is evaluated.
type node interface {
	// eval sets out to the rows of alive of which the condition is true. alive and out hold
	// kernel.Words(s.n) words and do not overlap; bits beyond s.n are zero in both.
	eval(w *Worker, s *source, alive, out []uint64) error
	// cost guesses nanoseconds per 64 rows, to order terms; it need only be roughly in proportion.
	cost() int
}

// raw is a node whose answer does not need the rows alive: what is not alive may be set in out as well,
// so that the last AND can be fused with counting.
type raw interface {
	node
	raw(w *Worker, s *source, alive, out []uint64) error
}

// evalRaw is eval of a raw node.
func evalRaw(r raw, w *Worker, s *source, alive, out []uint64) error {
	if err := r.raw(w, s, alive, out); err != nil {
		return err
	}
	kernel.And(out, alive)
	return nil
}

// constNode is true of all rows or of none.
type constNode bool

func (c constNode) cost() int { return 0 }

func (c constNode) eval(_ *Worker, _ *source, alive, out []uint64) error {
	if c {
		copy(out, alive)
	} else {
		clear(out)
	}
	return nil
}

// andNode holds its terms cheapest first.
type andNode struct{ terms []node }

func (a *andNode) cost() int { return sumCost(a.terms) }

func sumCost(terms []node) int {
	n := 0
	for _, t := range terms {
		n += t.cost()
	}
	return n
}

func byCost(terms []node) {
	slices.SortStableFunc(terms, func(a, b node) int { return a.cost() - b.cost() })
}

func (a *andNode) eval(w *Worker, s *source, alive, out []uint64) error {
	defer w.release(w.mark())
	last := len(a.terms) - 1
	cur, err := a.most(w, s, alive)
	if err != nil || cur == nil {
		clear(out)
		return err
	}
	return a.terms[last].eval(w, s, cur, out)
}

// most evaluates all terms but the last into scratch; nil if no row is left.
func (a *andNode) most(w *Worker, s *source, alive []uint64) ([]uint64, error) {
	cur, next := alive, w.words(s.n)
	spare := w.words(s.n)
	for _, t := range a.terms[:len(a.terms)-1] {
		if err := t.eval(w, s, cur, next); err != nil {
			return nil, err
		}
		if !kernel.Any(next) {
			return nil, nil
		}
		cur, next, spare = next, spare, next
	}
	return cur, nil
}

// count returns how many rows of alive make the condition true.
func count(t node, w *Worker, s *source, alive []uint64) (int, error) {
	defer w.release(w.mark())
	if a, ok := t.(*andNode); ok {
		cur, err := a.most(w, s, alive)
		if err != nil || cur == nil {
			return 0, err
		}
		return count(a.terms[len(a.terms)-1], w, s, cur)
	}
	out := w.words(s.n)
	if r, ok := t.(raw); ok {
		if err := r.raw(w, s, alive, out); err != nil {
			return 0, err
		}
		return kernel.AndCount(out, alive), nil
	}
	if err := t.eval(w, s, alive, out); err != nil {
		return 0, err
	}
	return kernel.Count(out), nil
}

// orNode holds its terms cheapest first; each sees only the rows that none before it took.
type orNode struct{ terms []node }

func (o *orNode) cost() int { return sumCost(o.terms) }

func (o *orNode) eval(w *Worker, s *source, alive, out []uint64) error {
	defer w.release(w.mark())
	left, one := w.words(s.n), w.words(s.n)
	copy(left, alive)
	clear(out)
	for _, t := range o.terms {
		if err := t.eval(w, s, left, one); err != nil {
			return err
		}
		kernel.Or(out, one)
		kernel.AndNot(left, one)
		if !kernel.Any(left) {
			break
		}
	}
	return nil
}

// ref names a column: an attribute of the contact, or a property of the event.
type ref struct {
	attr  schema.AttrID
	props map[schema.EventID]schema.PropID
	typ   schema.Type
}

// column returns the values of r at s, or nil if all are null. Those of a property last until the next
// call.
func (w *Worker) column(s *source, r *ref) *column.Chunk {
	if r.props == nil {
		return w.view.Column(r.attr, s.chunk)
	}
	p, ok := r.props[s.event]
	if !ok || !s.block.PropInto(p, &w.leaf) {
		return nil
	}
	return &w.leaf
}

// spanLeaf tests an integer column for a range, or for lying outside of it if neg.
type spanLeaf struct {
	ref
	span
	neg bool
}

func (l *spanLeaf) cost() int { return 10 }

func (l *spanLeaf) eval(w *Worker, s *source, alive, out []uint64) error {
	return evalRaw(l, w, s, alive, out)
}

func (l *spanLeaf) raw(w *Worker, s *source, _, out []uint64) error {
	c := w.column(s, &l.ref)
	if c == nil {
		clear(out)
		return nil
	}
	settle(out, s.n, c, testSpan(w, out, c, l.span), l.neg)
	return nil
}

// floatLeaf is spanLeaf for FLOAT.
type floatLeaf struct {
	ref
	floatSpan
	neg bool
}

func (l *floatLeaf) cost() int { return 60 }

func (l *floatLeaf) eval(w *Worker, s *source, alive, out []uint64) error {
	return evalRaw(l, w, s, alive, out)
}

func (l *floatLeaf) raw(w *Worker, s *source, _, out []uint64) error {
	c := w.column(s, &l.ref)
	if c == nil {
		clear(out)
		return nil
	}
	settle(out, s.n, c, testFloats(out, c, l.floatSpan), l.neg)
	return nil
}

// nullLeaf is IS NULL, or IS NOT NULL if neg.
type nullLeaf struct {
	ref
	neg bool
}

func (l *nullLeaf) cost() int { return 1 }

func (l *nullLeaf) eval(w *Worker, s *source, alive, out []uint64) error {
	return evalRaw(l, w, s, alive, out)
}

func (l *nullLeaf) raw(w *Worker, s *source, _, out []uint64) error {
	c := w.column(s, &l.ref)
	if c == nil {
		clear(out)
	} else {
		settle(out, s.n, c, allRow, false)
	}
	if !l.neg {
		kernel.NotOf(out, out, s.n)
	}
	return nil
}

// gatherNode asks a condition over the contact of each event of a block: the contacts of the chunk are
// asked once and the events take their contact's bit.
type gatherNode struct {
	inner node
	memo  int // slot of the worker's memo
}

func (g *gatherNode) cost() int { return 20 + g.inner.cost()/4 }

func (g *gatherNode) eval(w *Worker, s *source, alive, out []uint64) error {
	return evalRaw(g, w, s, alive, out)
}

func (g *gatherNode) raw(w *Worker, s *source, _, out []uint64) error {
	bits, err := w.remember(g, s.chunk)
	if err != nil {
		return err
	}
	kernel.GatherBits(out, bits, s.block.Rows())
	return nil
}
