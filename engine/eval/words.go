package eval

import (
	"github.com/musterdb/muster/engine/group"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/kernel"
	"github.com/musterdb/muster/storage/schema"
)

// words is the values of one source as a lane reads them: base + one of the slices.
type words struct {
	u8    []uint8
	u16   []uint16
	u32   []uint32
	u64   []uint64
	i64   []int64
	base  int64
	valid []uint64 // nil: all
	most  uint64   // no magnitude is greater
	none  bool     // all are null
	slow  bool     // they are to be evaluated row by row

	buf    []int64
	counts *[kernel.Rows]uint32
	sums   *[kernel.Rows]int64
}

// clear forgets the values and keeps the buffers.
func (v *words) clear() { *v = words{buf: v.buf, counts: v.counts, sums: v.sums} }

// wordSource gives the values of an expression that are words.
type wordSource interface {
	// of sets out to the values of a source. They are scratch of the worker, or lie in out.
	of(w *Worker, s *source, out *words) error
}

// wordsOf returns where the values of a total come from, or nil if they must be evaluated row by row.
func (c *compiler) wordsOf(t *plan.Total, from schema.EventID) (wordSource, error) {
	if !group.Words(t) {
		return nil, nil
	}
	if pseudo(t.X, schema.PropTime) && from != 0 {
		return timeWords{}, nil
	}
	if a, ok := t.X.(*plan.Agg); ok && from == 0 {
		return c.aggWords(a)
	}
	col, ok := c.column(t.X)
	if !ok || !integral(col.typ.Kind) || (col.props == nil) != (from == 0) {
		return nil, nil
	}
	return &columnWords{col}, nil
}

// timeWords is the times of events.
type timeWords struct{}

func (timeWords) of(_ *Worker, s *source, out *words) error {
	out.clear()
	out.i64 = sized(&out.buf, s.n)
	for i := range out.i64 {
		out.i64[i] = s.block.Time(i)
	}
	out.most = max(magnitude(s.block.MinTime()), magnitude(s.block.MaxTime()))
	return nil
}

// columnWords is a stored column.
type columnWords struct{ ref }

func (x *columnWords) of(w *Worker, s *source, out *words) error {
	out.clear()
	c := w.column(s, &x.ref)
	if c == nil {
		out.none = true
		return nil
	}
	lo, hi, ok := c.MinMax()
	if out.none = !ok; out.none {
		return nil
	}
	out.most = max(magnitude(lo), magnitude(hi))
	if c.Len() != s.n {
		out.slow = true // not so by the contract of views
		return nil
	}
	if valid := c.Valid(); valid != nil {
		out.valid = valid[:kernel.Words(s.n)]
	}
	if c.Enc() != column.Narrow || c.Unit() != 1 {
		out.i64 = sized(&out.buf, s.n)
		for i := range out.i64 {
			out.i64[i] = c.Int(i)
		}
		return nil
	}
	out.base = c.Base()
	switch c.Width() {
	case 1:
		out.u8 = c.U8()[:s.n]
	case 2:
		out.u16 = c.U16()[:s.n]
	case 4:
		out.u32 = c.U32()[:s.n]
	default:
		out.u64 = c.U64()[:s.n]
	}
	return nil
}

// aggWords returns the values of an aggregate over each contact's events, if there is a way for a whole chunk
// at once.
func (c *compiler) aggWords(a *plan.Agg) (wordSource, error) {
	if a.Fn != plan.AggCount && a.Fn != plan.AggSum {
		return nil, nil
	}
	var prop ref
	if a.Fn == plan.AggSum {
		var ok bool
		if prop, ok = c.column(a.Prop); !ok || !integral(prop.typ.Kind) || a.T.Type != prop.typ {
			return nil, nil
		}
	}
	sel, err := c.selector(a.Sel)
	if err != nil {
		return nil, err
	}
	if a.Fn == plan.AggCount {
		return &countWords{sel, a.Window}, nil
	}
	return &sumWords{sumNode{sel: sel, prop: prop, win: a.Window}}, nil
}

// countWords is the number of each contact's events.
type countWords struct {
	sel *selector
	win plan.Window
}

func (x *countWords) of(w *Worker, s *source, out *words) error {
	out.clear()
	if out.counts == nil {
		out.counts = new([kernel.Rows]uint32)
	}
	clear(out.counts[:s.n])
	for c := w.cursor(x.sel, x.win, s.chunk); c.advance(); {
		out.most += uint64(c.block.Len())
		if c.whole() {
			kernel.Count32(out.counts, c.block.Rows())
			continue
		}
		mark := w.mark()
		taken, err := c.events()
		if err != nil {
			return err
		}
		kernel.Count32Sel(out.counts, c.block.Rows(), taken)
		w.release(mark)
	}
	out.u32 = out.counts[:s.n]
	return nil
}

// sumWords is the sum of a property of each contact's events.
type sumWords struct{ sumNode }

func (x *sumWords) of(w *Worker, s *source, out *words) error {
	out.clear()
	var ok bool
	if out.most, ok = x.most(w, s); !ok {
		out.slow = true
		return nil
	}
	if out.sums == nil {
		out.sums = new([kernel.Rows]int64)
	}
	clear(out.sums[:s.n])
	seen := w.rowBits()
	for c := w.cursor(x.sel, x.win, s.chunk); c.advance(); {
		mark := w.mark()
		if err := x.addBlock(w, &c, out.sums, seen); err != nil {
			return err
		}
		w.release(mark)
	}
	out.i64, out.valid = out.sums[:s.n], seen[:kernel.Words(s.n)]
	return nil
}
