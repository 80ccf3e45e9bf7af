package tile

import (
	"math/bits"
	"unsafe"
)

// lifeOp adds to one row's count, and raises its last if ms is later; ms is -1 for events removed. If exact
// is set, ms is the last, also if it was later, and the row has events.
type lifeOp struct {
	ms    int64
	row   uint16
	exact bool
	add   int32
}

// rowSums gathers what happens to the rows of one tile: added or removed events and the latest time.
type rowSums struct {
	words [chunkRows / 64]uint64
	exact [chunkRows / 64]uint64 // rows whose last is what last says, whatever it was before
	add   []int32
	last  []int64
	ms    bool // some last has milliseconds
}

func (s *rowSums) put(op lifeOp) {
	if s.add == nil {
		s.add, s.last = make([]int32, chunkRows), make([]int64, chunkRows)
	}
	w, bit := op.row>>6, uint64(1)<<(op.row&63)
	if s.words[w]&bit == 0 {
		s.words[w] |= bit
		s.add[op.row], s.last[op.row] = 0, -1
	}
	s.add[op.row] += op.add
	if op.exact {
		s.exact[w] |= bit
		s.last[op.row] = op.ms
	}
	s.last[op.row] = max(s.last[op.row], op.ms)
	s.ms = s.ms || op.ms > 0 && op.ms%1000 != 0
}

func (s *rowSums) reset() {
	clear(s.words[:])
	clear(s.exact[:])
	s.ms = false
}

// lastOf returns the last of a row for which it was before.
func (s *rowSums) lastOf(row uint16, before int64) int64 {
	if s.exact[row>>6]>>(row&63)&1 != 0 {
		return s.last[row]
	}
	return max(s.last[row], before)
}

// each calls f for every row, ascending.
func (s *rowSums) each(f func(row uint16, add int32, last int64)) {
	for w, word := range s.words {
		for ; word != 0; word &= word - 1 {
			row := uint16(w<<6 + bits.TrailingZeros64(word))
			f(row, s.add[row], s.last[row])
		}
	}
}

// liveMore counts new events in the draft's lifetime columns.
func (tx *Tx) liveMore(d *draft, b *Batch, events []uint32) {
	tx.live(d, len(events), func(i int) lifeOp {
		e := events[i]
		return lifeOp{ms: b.Times[e], row: uint16(b.Rows[e]), add: 1}
	})
}

// live applies n operations to the draft's lifetime columns: to a new copy if they are listed, cannot
// hold the results or can be seen by a pin, else in place at Commit.
func (tx *Tx) live(d *draft, n int, op func(i int) lifeOp) {
	if l := d.life; l != nil && l.rows == nil {
		start := len(d.ops)
		for i := range n {
			d.ops = append(d.ops, op(i))
		}
		if !l.own && !tx.s.arena.Shared(l.epoch) && tx.holds(l, d.ops, start) {
			return
		}
		if l.own && tx.holds(l, d.ops, start) {
			l.apply(d.ops)
			d.ops = d.ops[:0]
			return
		}
	}
	sums := &tx.s.scr.rows
	sums.reset()
	if d.life != nil && d.life.rows == nil {
		for _, o := range d.ops {
			sums.put(o)
		}
		d.ops = d.ops[:0]
	} else {
		for i := range n {
			sums.put(op(i))
		}
	}
	l := tx.mergeLife(d.life, sums)
	tx.dropLife(d)
	d.life = l
}

func (tx *Tx) dropLife(d *draft) {
	switch {
	case d.life == nil:
	case d.life.own:
		tx.s.arena.Free(d.life.mem)
	default:
		tx.lives = append(tx.lives, d.life)
	}
	d.life = nil
}

// holds says whether dense columns can take the operations as they are; those before start were asked
// about before.
func (tx *Tx) holds(l *Life, ops []lifeOp, start int) bool {
	if l.ms == nil {
		for _, o := range ops[start:] {
			if o.ms > 0 && o.ms%1000 != 0 {
				return false
			}
		}
	}
	limit := l.countLimit()
	if uint64(l.maxCount)+uint64(len(ops)) <= uint64(limit) {
		return true
	}
	if tx.s.scr.adds == nil {
		tx.s.scr.adds = new([chunkRows]int32)
	}
	adds := tx.s.scr.adds
	fits := true
	for i := range ops {
		o := &ops[i]
		adds[o.row] += o.add
		fits = fits && int64(l.count(int(o.row)))+int64(adds[o.row]) <= int64(limit)
	}
	for i := range ops {
		adds[ops[i].row] = 0
	}
	return fits
}

// apply does operations in place on dense columns that hold their results.
func (l *Life) apply(ops []lifeOp) {
	for i := range ops {
		o := &ops[i]
		was := l.count(int(o.row))
		now := uint32(int64(was) + int64(o.add))
		l.setCount(int(o.row), now)
		switch {
		case now == 0:
			l.setLast(int(o.row), 0)
			l.n--
			continue
		case was == 0:
			l.n++
			l.setLast(int(o.row), o.ms)
		case o.exact || o.ms > l.lastAt(int(o.row)):
			l.setLast(int(o.row), o.ms)
		}
		l.maxCount = max(l.maxCount, now)
		l.maxTime = max(l.maxTime, o.ms)
	}
}

// mergeLife returns new columns that hold old, which may be nil, and what happened since; nil if no row
// is left with an event.
func (tx *Tx) mergeLife(old *Life, sums *rowSums) *Life {
	n, top := old.merged(sums, func(uint16, uint32, int64) {})
	if n == 0 {
		return nil
	}
	ms := sums.ms || old != nil && old.ms != nil
	l := tx.newLife(n, ms, top)
	i := 0
	old.merged(sums, func(row uint16, count uint32, last int64) {
		at := i
		if l.rows == nil {
			at = int(row)
		} else {
			l.rows[i] = row
		}
		l.setCount(at, count)
		l.setLast(at, last)
		l.maxTime = max(l.maxTime, last)
		i++
	})
	l.n, l.maxCount = n, top
	return l
}

// copyLife returns a copy of dense columns.
func (tx *Tx) copyLife(old *Life) *Life {
	l := tx.newLife(chunkRows, old.ms != nil, old.countLimit())
	copy(l.last, old.last)
	copy(l.ms, old.ms)
	copy(l.c8, old.c8)
	copy(l.c16, old.c16)
	copy(l.c32, old.c32)
	l.n, l.maxCount, l.maxTime = old.n, old.maxCount, old.maxTime
	return l
}

// merged calls f for every row that has events after the sums are applied, ascending, and returns how
// many there are and the greatest count.
func (l *Life) merged(sums *rowSums, f func(row uint16, count uint32, last int64)) (n int, top uint32) {
	emit := func(row uint16, count uint32, last int64) {
		if count > 0 {
			n++
			top = max(top, count)
			f(row, count, last)
		}
	}
	if l == nil {
		sums.each(func(row uint16, add int32, last int64) { emit(row, uint32(add), last) })
		return n, top
	}
	at := 0
	next := func() (uint16, bool) {
		if l.rows != nil {
			if at == len(l.rows) {
				return 0, false
			}
			return l.rows[at], true
		}
		for at < chunkRows && l.count(at) == 0 {
			at++
		}
		return uint16(at), at < chunkRows
	}
	sums.each(func(row uint16, add int32, last int64) {
		for r, ok := next(); ok && r < row; r, ok = next() {
			emit(r, l.count(at), l.lastAt(at))
			at++
		}
		if r, ok := next(); ok && r == row {
			emit(row, uint32(int64(l.count(at))+int64(add)), sums.lastOf(row, l.lastAt(at)))
			at++
			return
		}
		emit(row, uint32(add), last)
	})
	for r, ok := next(); ok; r, ok = next() {
		emit(r, l.count(at), l.lastAt(at))
		at++
	}
	return n, top
}

// newLife allocates columns for n rows: dense if they are many.
func (tx *Tx) newLife(n int, ms bool, top uint32) *Life {
	l := &Life{own: true, epoch: tx.s.arena.Epoch()}
	size, dense := n, n >= denseAt
	if dense {
		size = chunkRows
	}
	width := max(1, int(widthFor(uint64(top))))
	need := 4*size + width*size
	if ms {
		need += 2 * size
	}
	if !dense {
		need += 2 * size
	}
	l.mem = tx.s.arena.Allocate(need + 8)
	at := 4 * size
	l.last = view[uint32](l.mem, 0, size)
	if width == 4 {
		l.c32 = view[uint32](l.mem, at, size)
		at += 4 * size
	}
	if ms {
		l.ms = view[uint16](l.mem, at, size)
		at += 2 * size
	}
	if !dense {
		l.rows = view[uint16](l.mem, at, size)
		at += 2 * size
	}
	switch width {
	case 2:
		l.c16 = view[uint16](l.mem, at, size)
	case 1:
		l.c8 = view[uint8](l.mem, at, size)
	}
	return l
}

// Bytes returns the memory of the columns.
func (l *Life) Bytes() int64 { return int64(cap(l.mem)) + int64(unsafe.Sizeof(*l)) }
