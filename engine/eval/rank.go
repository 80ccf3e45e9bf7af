package eval

import (
	"math"
	"math/bits"

	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/kernel"
	"github.com/musterdb/muster/storage/schema"
)

// pruner finds the rows that can come before the last row that a ranking keeps, by the values of the first term
// of the order, a chunk at once. What it lets through is compared exactly.
type pruner struct {
	item  int
	desc  bool
	typ   plan.Type
	col   ref        // a stored column, if there is no source of words
	words wordSource // an aggregate of events, or the time of an event
}

// pruner returns the pruner of an ordered statement, or nil if its first term has no vector path.
func (c *compiler) pruner(q *plan.Query) (*pruner, error) {
	if len(q.Order) == 0 || q.Limit < 0 || q.Grouped {
		return nil, nil
	}
	x := q.Items[q.Order[0].Item].X
	p := &pruner{item: q.Order[0].Item, desc: q.Order[0].Desc, typ: x.Type()}
	if col, ok := c.column(x); ok {
		p.col = col
		ordered := integral(col.typ.Kind) && col.typ.Kind != schema.KindKey || col.typ.Kind == schema.KindFloat
		if !ordered || (col.props == nil) != (q.From == 0) || col.typ != p.typ.Type {
			return nil, nil
		}
		return p, nil
	}
	var err error
	p.words, err = c.wordsOf(&plan.Total{Fn: plan.TotalMax, X: x, T: x.Type()}, q.From)
	if p.words == nil || err != nil {
		return nil, err
	}
	return p, nil
}

// prune clears the rows of a source that come after last, a cell of the first term.
func (p *pruner) prune(w *Worker, s *source, rows []uint64, last scalar.Value) error {
	if last.Null() { // nulls come last, so that every row may come before
		return nil
	}
	defer w.release(w.mark())
	out := w.words(s.n)
	if p.typ.Kind == schema.KindFloat {
		p.floats(w, s, out, last.Num.Float64())
		kernel.And(rows, out)
		return nil
	}
	v := last.I
	if last.IsNumber() {
		var ok bool
		if v, ok = last.Num.Fits(scaleOf(p.typ)); !ok {
			return nil
		}
	}
	near := span{math.MinInt64, v}
	if p.desc {
		near = span{v, math.MaxInt64}
	}
	if p.words != nil {
		return p.byWords(w, s, rows, out, near)
	}
	c := w.column(s, &p.col)
	if c == nil {
		clear(rows)
		return nil
	}
	settle(out, s.n, c, testSpan(w, out, c, near), false)
	kernel.And(rows, out)
	return nil
}

func (p *pruner) floats(w *Worker, s *source, out []uint64, last float64) {
	near := floatSpan{math.Inf(-1), last}
	if p.desc {
		near = floatSpan{last, math.Inf(1)}
	}
	if c := w.column(s, &p.col); c != nil {
		settle(out, s.n, c, testFloats(out, c, near), false)
	} else {
		clear(out)
	}
}

// byWords compares what words gives, unless it must be evaluated row by row anyway.
func (p *pruner) byWords(w *Worker, s *source, rows, out []uint64, near span) error {
	vals := &w.ranked
	if err := p.words.of(w, s, vals); err != nil || vals.slow {
		return err
	}
	switch {
	case vals.none:
		clear(out)
	case vals.u32 != nil && vals.base == 0: // counts
		lo, hi := max(near.lo, 0), min(near.hi, math.MaxUint32)
		if lo > hi {
			clear(out)
		} else {
			kernel.Range32(out, vals.u32, uint32(lo), uint32(hi))
		}
	case vals.i64 != nil:
		kernel.RangeI64(out, vals.i64, near.lo, near.hi)
	default:
		return nil
	}
	if vals.valid != nil {
		kernel.And(out, vals.valid)
	}
	kernel.And(rows, out)
	return nil
}

// firstRows is how many rows of a source are ranked before the others are compared with the last one kept.
const firstRows = 128

// rank offers the rows of a source to the ranking, in growing batches: after each, rows that cannot be among
// the first any more are passed over without being looked at one by one. kept follows the bytes it holds.
func (w *Worker) rank(k *ranking, s *source, rows []uint64, kept *int64) error {
	defer w.release(w.mark())
	left, batch := w.words(s.n), w.words(s.n)
	copy(left, rows)
	for size := int64(firstRows); ; size *= 2 {
		if p := w.prog.pruner; p != nil && k.full() && len(k.rows) > 0 {
			if err := p.prune(w, s, left, k.rows[0].cells[p.item]); err != nil {
				return err
			}
		}
		if !kernel.Any(left) {
			return nil
		}
		copy(batch, left)
		if w.prog.pruner != nil {
			keepFirst(batch, max(size, k.limit-int64(len(k.rows))))
		}
		kernel.AndNot(left, batch)
		if err := w.rankBatch(k, s, batch, kept); err != nil {
			return err
		}
	}
}

// keepFirst clears all bits but the first n.
func keepFirst(rows []uint64, n int64) {
	for i, word := range rows {
		if n == 0 {
			clear(rows[i:])
			return
		}
		for int64(bits.OnesCount64(word)) > n {
			word &^= 1 << (63 - bits.LeadingZeros64(word))
		}
		rows[i] = word
		n -= int64(bits.OnesCount64(word))
	}
}

func (w *Worker) rankBatch(k *ranking, s *source, rows []uint64, kept *int64) error {
	lines, err := w.itemLines(s, rows)
	if err != nil {
		return err
	}
	defer w.give(lines)
	r := rowAt{w: w, lines: lines}
	for i := range rowsOf(rows) {
		r.at(s, i)
		if err := w.offer(k, &r, kept); err != nil {
			return err
		}
		if err := w.check(); err != nil {
			return err
		}
	}
	return nil
}
