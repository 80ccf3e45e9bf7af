package eval

import (
	"math"

	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/kernel"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/tile"
)

// selector is a plan's selector with its filter compiled.
type selector struct {
	events []schema.EventID
	filter node                     // nil: all events
	keep   map[schema.EventID]int64 // plan.Selector.Keep
}

// from returns the first instant of a window at which an event of a type counts.
func (s *selector) from(event schema.EventID, win plan.Window) int64 {
	if cut, ok := s.keep[event]; ok {
		return max(win.From, cut)
	}
	return win.From
}

func (s *selector) cost() int {
	if s.filter == nil {
		return 0
	}
	return s.filter.cost()
}

// cursor walks the blocks of one chunk that may hold events of a selector in a window: type after type,
// and in time order within a type.
type cursor struct {
	w     *Worker
	sel   *selector
	asked plan.Window
	win   plan.Window // of the type at hand: what it keeps of the window asked for
	chunk int
	next  int // index of the next type
	rest  []tile.Block
	event schema.EventID
	block tile.Block
}

func (w *Worker) cursor(sel *selector, win plan.Window, chunk int) cursor {
	return cursor{w: w, sel: sel, asked: win, win: win, chunk: chunk}
}

// advance moves to the next block, or returns false at the end.
func (c *cursor) advance() bool {
	for {
		if len(c.rest) > 0 && c.rest[0].MinTime() <= c.win.To {
			c.block, c.rest = c.rest[0], c.rest[1:]
			if c.block.MaxTime() >= c.win.From {
				return true
			}
			continue
		}
		if c.next == len(c.sel.events) {
			return false
		}
		c.event = c.sel.events[c.next]
		c.win.From = c.sel.from(c.event, c.asked)
		c.next++
		c.rest = nil
		if t := c.w.view.Tile(c.event, c.chunk); t != nil {
			c.rest = t.Blocks()[t.From(c.win.From):]
		}
	}
}

// whole says whether all events of the block are taken.
func (c *cursor) whole() bool {
	return c.sel.filter == nil && c.win.From <= c.block.MinTime() && c.block.MaxTime() <= c.win.To
}

// events returns a bit for each event of the block that is taken. It is scratch of the worker.
func (c *cursor) events() ([]uint64, error) {
	w, n := c.w, c.block.Len()
	alive := w.words(n)
	if c.win.From <= c.block.MinTime() && c.block.MaxTime() <= c.win.To {
		kernel.Fill(alive, n)
	} else {
		testTimes(alive, c.block, c.win)
	}
	if c.sel.filter == nil {
		return alive, nil
	}
	s := w.source()
	defer w.endSource()
	*s = source{n: n, chunk: c.chunk, isBlock: true, event: c.event, block: c.block}
	out := w.words(n)
	return out, c.sel.filter.eval(w, s, alive, out)
}

// testTimes finds the events of a block in a window, exactly: those in the very units of its ends look at
// their residual.
func testTimes(out []uint64, b tile.Block, win plan.Window) {
	start, unit := b.Start(), b.Unit()
	r16, r32 := b.Res()
	exact := r16 == nil && r32 == nil
	lo, hi := int64(0), int64(math.MaxUint16)
	if win.From > start {
		lo = floorDiv(win.From-start, unit)
		if exact {
			lo = ceilDiv(win.From-start, unit)
		}
	}
	if win.To < b.End() {
		hi = floorDiv(win.To-start, unit)
	}
	if lo > math.MaxUint16 || hi < 0 || lo > hi {
		clear(out)
		return
	}
	t := b.T()
	kernel.Range16(out, t, uint16(lo), uint16(min(hi, math.MaxUint16)))
	if exact {
		return
	}
	for i, u := range t {
		if int64(u) == lo || int64(u) == hi {
			if ms := b.Time(i); ms < win.From || ms > win.To {
				out[i>>6] &^= 1 << (i & 63)
			}
		}
	}
}

// didNode is a number of matching events within bounds: existence where the bounds ask for no more.
type didNode struct {
	sel      *selector
	each     []*selector // the same, type by type
	win      plan.Window
	min, max uint64
	neg      bool
}

func newDidNode(sel *selector, x *plan.Did, neg bool) *didNode {
	d := &didNode{sel: sel, win: x.Window, min: x.Min, max: x.Max, neg: neg}
	for i := range sel.events {
		d.each = append(d.each, &selector{events: sel.events[i : i+1], filter: sel.filter, keep: sel.keep})
	}
	return d
}

func (d *didNode) cost() int { return 60*len(d.sel.events) + d.sel.cost() }

func (d *didNode) eval(w *Worker, s *source, alive, out []uint64) error {
	return evalRaw(d, w, s, alive, out)
}

func (d *didNode) raw(w *Worker, s *source, _, out []uint64) error {
	neg := d.neg
	var err error
	switch {
	case d.min > d.max:
		clear(out)
	case d.min == 0 && d.max == math.MaxUint64:
		kernel.Fill(out, s.n)
	case d.min == 1 && d.max == math.MaxUint64:
		err = d.exists(w, s, out)
	case d.min == 0 && d.max == 0:
		err = d.exists(w, s, out)
		neg = !neg
	default:
		err = d.counts(w, s, out)
	}
	if neg {
		kernel.NotOf(out, out, s.n)
	}
	return err
}

// exists finds the rows with at least one event.
func (d *didNode) exists(w *Worker, s *source, out []uint64) error {
	defer w.release(w.mark())
	bits := w.rowBits()
	for _, sel := range d.each {
		if d.byLife(w, s, sel.events[0], bits) {
			continue
		}
		if err := d.byBlocks(w, s, sel, bits); err != nil {
			return err
		}
	}
	copy(out, bits[:len(out)])
	kernel.Trim(out, s.n)
	return nil
}

func (d *didNode) byBlocks(w *Worker, s *source, sel *selector, bits *[kernel.RowWords]uint64) error {
	for c := w.cursor(sel, d.win, s.chunk); c.advance(); {
		if c.whole() {
			kernel.SetRows(bits, c.block.Rows())
			continue
		}
		mark := w.mark()
		taken, err := c.events()
		if err != nil {
			return err
		}
		kernel.SetRowsSel(bits, c.block.Rows(), taken)
		w.release(mark)
	}
	return nil
}

// byLife answers existence from the time of each row's last event, if it may and if that is cheaper: it
// may where no event is later than the window, since then the last event decides.
func (d *didNode) byLife(w *Worker, s *source, event schema.EventID, bits *[kernel.RowWords]uint64) bool {
	t := w.view.Tile(event, s.chunk)
	if t == nil {
		return true
	}
	if !d.lifeAnswers(t, s.n) {
		return false
	}
	setByLife(w, t.Life(), d.sel.from(event, d.win), s.n, bits)
	return true
}

// lifeAnswers says whether byLife takes the lifetime columns of a tile of a chunk of n rows.
func (d *didNode) lifeAnswers(t *tile.Tile, n int) bool {
	life := t.Life()
	if d.sel.filter != nil || life == nil || life.MaxTime() > d.win.To || d.win.Empty() {
		return false
	}
	return inWindow(t, d.win) >= lifeCost(life, n)
}

// inWindow returns about how many events of a tile lie in a window.
func inWindow(t *tile.Tile, win plan.Window) int {
	n := 0
	for _, b := range t.Blocks()[t.From(win.From):] {
		if b.MinTime() > win.To {
			break
		}
		n += b.Len()
	}
	return n
}

// lifeCost is the number of events whose rows are set in the time that lifetime columns take.
func lifeCost(l *tile.Life, n int) int {
	if l.Rows() != nil {
		return l.Len()
	}
	return n / 2
}

// setByLife sets the rows whose last event is at or after from.
func setByLife(w *Worker, l *tile.Life, from int64, n int, bits *[kernel.RowWords]uint64) {
	secs, ms := l.LastSeconds(), l.LastMS()
	edge := floorDiv(from, 1000)
	if rows := l.Rows(); rows != nil {
		for i, r := range rows {
			if t := int64(secs[i]); t > edge || t == edge && (from-edge*1000 <= msAt(ms, i)) {
				bits[r>>6] |= 1 << (r & 63)
			}
		}
		return
	}
	defer w.release(w.mark())
	out := w.words(n)
	if from <= 0 {
		positive(out, l, n)
		kernel.Or(bits[:len(out)], out)
		return
	}
	if ms == nil {
		edge = ceilDiv(from, 1000)
	}
	if edge > math.MaxUint32 {
		return
	}
	kernel.Range32(out, secs[:n], uint32(edge), math.MaxUint32)
	if from > edge*1000 {
		at := w.words(n)
		kernel.Range32(at, secs[:n], uint32(edge), uint32(edge))
		for i := range rowsOf(at) {
			if msAt(ms, i) < from-edge*1000 {
				out[i>>6] &^= 1 << (i & 63)
			}
		}
	}
	kernel.Or(bits[:len(out)], out)
}

func msAt(ms []uint16, i int) int64 {
	if ms == nil {
		return 0
	}
	return int64(ms[i])
}

// positive finds the rows that have events at all.
func positive(out []uint64, l *tile.Life, n int) {
	c8, c16, c32 := l.Counts()
	switch {
	case c8 != nil:
		kernel.Range8(out, c8[:n], 1, math.MaxUint8)
	case c16 != nil:
		kernel.Range16(out, c16[:n], 1, math.MaxUint16)
	default:
		kernel.Range32(out, c32[:n], 1, math.MaxUint32)
	}
}

// most returns a number that no row's count of matching events exceeds.
func (d *didNode) most(w *Worker, chunk int) uint64 {
	most := uint64(0)
	for _, e := range d.sel.events {
		t := w.view.Tile(e, chunk)
		if t == nil {
			continue
		}
		n := uint64(inWindow(t, d.win))
		if l := t.Life(); l != nil {
			n = min(n, uint64(l.MaxCount()))
		}
		most += n
	}
	return most
}

// counts finds the rows whose number of events lies in [min, max]. The counters are as wide as the
// greatest possible count demands, so they never wrap.
func (d *didNode) counts(w *Worker, s *source, out []uint64) error {
	most := d.most(w, s.chunk)
	if most < d.min {
		clear(out)
		return nil
	}
	acc := w.acc()
	defer w.endAcc()
	switch hi := min(d.max, most); {
	case most <= math.MaxUint8:
		return countInto(w, d, s, &acc.u8, kernel.Count8, kernel.Count8Sel, func(x []uint8) {
			kernel.Range8(out, x, uint8(d.min), uint8(hi))
		})
	case most <= math.MaxUint16:
		return countInto(w, d, s, &acc.u16, kernel.Count16, kernel.Count16Sel, func(x []uint16) {
			kernel.Range16(out, x, uint16(d.min), uint16(hi))
		})
	default:
		return countInto(w, d, s, &acc.u32, kernel.Count32, kernel.Count32Sel, func(x []uint32) {
			kernel.Range32(out, x, uint32(d.min), uint32(min(hi, math.MaxUint32)))
		})
	}
}

func countInto[T uint8 | uint16 | uint32](w *Worker, d *didNode, s *source, acc **[kernel.Rows]T,
	all func(*[kernel.Rows]T, []uint16), some func(*[kernel.Rows]T, []uint16, []uint64), test func([]T)) error {
	if *acc == nil {
		*acc = new([kernel.Rows]T)
	}
	x := *acc
	clear(x[:s.n])
	for c := w.cursor(d.sel, d.win, s.chunk); c.advance(); {
		if c.whole() {
			all(x, c.block.Rows())
			continue
		}
		mark := w.mark()
		taken, err := c.events()
		if err != nil {
			return err
		}
		some(x, c.block.Rows(), taken)
		w.release(mark)
	}
	test(x[:s.n])
	return nil
}
