package eval

import (
	"slices"

	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/kernel"
)

// intsLeaf is membership of an integer column in a list of more than one span.
type intsLeaf struct {
	ref
	values []int64 // ascending, without repetition
	neg    bool
}

func (l *intsLeaf) cost() int { return 40 }

func (l *intsLeaf) eval(w *Worker, s *source, alive, out []uint64) error {
	return evalRaw(l, w, s, alive, out)
}

func (l *intsLeaf) raw(w *Worker, s *source, alive, out []uint64) error {
	c := w.column(s, &l.ref)
	if c == nil {
		clear(out)
		return nil
	}
	settle(out, s.n, c, l.test(w, out, c, alive), l.neg)
	return nil
}

// fewSpans is the number of values up to which comparing with each beats looking each row up.
const fewSpans = 4

func (l *intsLeaf) test(w *Worker, out []uint64, c *column.Chunk, alive []uint64) verdict {
	values := l.values
	if lo, hi, ok := c.MinMax(); ok {
		from, _ := slices.BinarySearch(values, lo)
		to, found := slices.BinarySearch(values, hi)
		if found {
			to++
		}
		values = values[from:max(from, to)]
	}
	switch {
	case len(values) == 0 || c.Enc() == column.AllNull:
		return noRow
	case c.Enc() == column.Const || len(values) == 1:
		return testEach(w, out, c, values)
	case c.Enc() == column.Narrow && c.Width() <= 2 && c.Unit() == 1:
		return testTable(w, out, c, values)
	case len(values) <= fewSpans:
		return testEach(w, out, c, values)
	}
	clear(out)
	for row := range rowsOf(alive) {
		if row >= c.Len() {
			break
		}
		if _, ok := slices.BinarySearch(values, c.Int(row)); ok {
			out[row>>6] |= 1 << (row & 63)
		}
	}
	return anyRow
}

// testEach compares with one value after the other.
func testEach(w *Worker, out []uint64, c *column.Chunk, values []int64) verdict {
	defer w.release(w.mark())
	one := w.words(c.Len())
	n := len(one)
	clear(out)
	found := noRow
	for _, v := range values {
		switch testSpan(w, one, c, span{v, v}) {
		case allRow:
			return allRow
		case anyRow:
			kernel.Or(out[:n], one)
			found = anyRow
		}
	}
	return found
}

// testTable marks the values in a table of the stored one or two bytes.
func testTable(w *Worker, out []uint64, c *column.Chunk, values []int64) verdict {
	base := c.Base()
	if c.Width() == 1 {
		w.table = kernel.Table8{}
		for _, v := range values {
			if d := uint64(v) - uint64(base); d < 256 {
				w.table[d] = 1
			}
		}
		kernel.In8(out, c.U8(), &w.table)
		return anyRow
	}
	defer w.release(w.mark())
	set := w.rowBits()
	for _, v := range values {
		if d := uint64(v) - uint64(base); d < kernel.Rows {
			set[d>>6] |= 1 << (d & 63)
		}
	}
	kernel.In16(out, c.U16(), set[:])
	return anyRow
}

// idNode is a contact with one of a list of ids, looked up when the program was compiled.
type idNode struct {
	rows []uint32
	neg  bool
}

func (l *idNode) cost() int { return 1 + len(l.rows)/16 }

func (l *idNode) eval(_ *Worker, s *source, alive, out []uint64) error {
	clear(out)
	for _, row := range l.rows {
		if int(row/kernel.Rows) == s.chunk {
			r := row % kernel.Rows
			out[r>>6] |= 1 << (r & 63)
		}
	}
	if l.neg {
		kernel.NotOf(out, out, s.n)
	}
	kernel.And(out, alive)
	return nil
}

// timeLeaf is a range of the pseudo-property time of an event.
type timeLeaf struct {
	span
	neg bool
}

func (l *timeLeaf) cost() int { return 20 }

func (l *timeLeaf) eval(w *Worker, s *source, alive, out []uint64) error {
	return evalRaw(l, w, s, alive, out)
}

func (l *timeLeaf) raw(_ *Worker, s *source, _, out []uint64) error {
	testTimes(out, s.block, plan.Window{From: l.lo, To: l.hi})
	if l.neg {
		kernel.NotOf(out, out, s.n)
	}
	return nil
}

// eventIDLeaf is equality of the pseudo-property event_id with a hash; 0 is no id, which is null.
type eventIDLeaf struct {
	id  uint64
	neg bool
}

func (l *eventIDLeaf) cost() int { return 40 }

func (l *eventIDLeaf) eval(w *Worker, s *source, alive, out []uint64) error {
	return evalRaw(l, w, s, alive, out)
}

func (l *eventIDLeaf) raw(w *Worker, s *source, _, out []uint64) error {
	ids := s.block.IDs()
	if ids == nil || l.id == 0 {
		clear(out)
		return nil
	}
	kernel.Range64(out, ids, l.id, l.id)
	if l.neg {
		defer w.release(w.mark())
		null := w.words(s.n)
		kernel.Range64(null, ids, 0, 0)
		kernel.Or(out, null)
		kernel.NotOf(out, out, s.n)
	}
	return nil
}
