package eval

import (
	"math"
	"math/bits"

	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/kernel"
)

// sumNode compares sum(selector.property) of INT or DECIMAL with a constant. It sums in 64 bits where the
// chunk's bounds show that no sum can pass them, and hands other chunks to exact, which is the same
// condition evaluated row by row.
type sumNode struct {
	sel   *selector
	prop  ref
	win   plan.Window
	span  span
	neg   bool
	exact node
}

func (d *sumNode) cost() int { return 150*len(d.sel.events) + d.sel.cost() }

func (d *sumNode) eval(w *Worker, s *source, alive, out []uint64) error {
	if _, fits := d.most(w, s); !fits {
		return d.exact.eval(w, s, alive, out)
	}
	if err := d.sum(w, s, out); err != nil {
		return err
	}
	kernel.And(out, alive)
	return nil
}

// most returns what no sum of the chunk can exceed in magnitude, whichever events a row has; false if that
// leaves 63 bits.
func (d *sumNode) most(w *Worker, s *source) (total uint64, fits bool) {
	for c := w.cursor(d.sel, d.win, s.chunk); c.advance(); {
		col := w.prop(&c, &d.prop)
		if col == nil {
			continue
		}
		lo, hi, ok := col.MinMax()
		if !ok && col.Enc() != column.AllNull {
			return 0, false
		}
		high, add := bits.Mul64(max(magnitude(lo), magnitude(hi)), uint64(c.block.Len()))
		sum, carry := bits.Add64(total, add, 0)
		if total = sum; high != 0 || carry != 0 || total > math.MaxInt64 {
			return 0, false
		}
	}
	return total, true
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// prop returns the property's values in the cursor's block, or nil. They last until the next call.
func (w *Worker) prop(c *cursor, r *ref) *column.Chunk {
	p, ok := r.props[c.event]
	if !ok || !c.block.PropInto(p, &w.term) {
		return nil
	}
	return &w.term
}

// sum adds up and compares. Rows without a value have a sum of null; they need a bit of their own only
// where a sum of 0 would pass.
func (d *sumNode) sum(w *Worker, s *source, out []uint64) error {
	defer w.release(w.mark())
	acc := w.acc()
	defer w.endAcc()
	if acc.i64 == nil {
		acc.i64 = new([kernel.Rows]int64)
	}
	clear(acc.i64[:s.n])
	var seen *[kernel.RowWords]uint64
	if d.neg || d.span.lo <= 0 && 0 <= d.span.hi {
		seen = w.rowBits()
	}
	for c := w.cursor(d.sel, d.win, s.chunk); c.advance(); {
		mark := w.mark()
		if err := d.addBlock(w, &c, acc.i64, seen); err != nil {
			return err
		}
		w.release(mark)
	}
	kernel.RangeI64(out, acc.i64[:s.n], d.span.lo, d.span.hi)
	if d.neg {
		kernel.NotOf(out, out, s.n)
	}
	if seen != nil {
		kernel.And(out, seen[:len(out)])
	}
	return nil
}

func (d *sumNode) addBlock(w *Worker, c *cursor, acc *[kernel.Rows]int64, seen *[kernel.RowWords]uint64) error {
	col := w.prop(c, &d.prop)
	if col == nil || col.Enc() == column.AllNull {
		return nil
	}
	rows, valid := c.block.Rows(), col.Valid()
	if c.whole() && valid == nil && col.Enc() == column.Narrow {
		sumAll(acc, rows, col)
		if seen != nil {
			kernel.SetRows(seen, rows)
		}
		return nil
	}
	taken, err := c.events()
	if err != nil {
		return err
	}
	col = w.prop(c, &d.prop) // again: the filter may have asked for a sum itself
	if valid != nil {
		kernel.And(taken, valid)
	}
	sumSome(acc, rows, col, taken)
	if seen != nil {
		kernel.SetRowsSel(seen, rows, taken)
	}
	return nil
}

func sumAll(acc *[kernel.Rows]int64, rows []uint16, c *column.Chunk) {
	switch c.Width() {
	case 1:
		kernel.Sum8(acc, rows, c.U8(), c.Base())
	case 2:
		kernel.Sum16(acc, rows, c.U16(), c.Base())
	case 4:
		kernel.Sum32(acc, rows, c.U32(), c.Base())
	default:
		kernel.Sum64(acc, rows, c.U64(), c.Base())
	}
}

func sumSome(acc *[kernel.Rows]int64, rows []uint16, c *column.Chunk, sel []uint64) {
	if c.Enc() == column.Const {
		kernel.SumConst(acc, rows, c.Base(), sel)
		return
	}
	switch c.Width() {
	case 1:
		kernel.Sum8Sel(acc, rows, c.U8(), c.Base(), sel)
	case 2:
		kernel.Sum16Sel(acc, rows, c.U16(), c.Base(), sel)
	case 4:
		kernel.Sum32Sel(acc, rows, c.U32(), c.Base(), sel)
	default:
		kernel.Sum64Sel(acc, rows, c.U64(), c.Base(), sel)
	}
}
