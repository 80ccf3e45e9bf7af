package eval

import (
	"math/bits"

	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/kernel"
)

// contactLane is count(DISTINCT contact) of a statement over an event type: a bit for each contact of the chunk
// and group, counted when the next chunk comes. Codes that stand for one group share their bits.
type contactLane struct {
	laneAt
	n     []uint64                   // by slot
	seen  []*[kernel.RowWords]uint64 // by slot; nil: none of the chunk
	slots []int32                    // that have one
	spare []*[kernel.RowWords]uint64
	chunk int
}

// maxSeen is the number of codes up to which contacts are noted in bits: 4 MiB of them.
const maxSeen = 512

func (l *contactLane) begin(s *source, _ []uint64) error {
	if s.chunk != l.chunk {
		l.count()
		l.chunk = s.chunk
	}
	return nil
}

// count adds the contacts of a chunk.
func (l *contactLane) count() {
	for _, slot := range l.slots {
		b := l.seen[slot]
		l.n[slot] += uint64(kernel.Count(b[:]))
		clear(b[:])
		l.seen[slot], l.spare = nil, append(l.spare, b)
	}
	l.slots = l.slots[:0]
}

// bits returns the bits of the group that a code stands for.
func (l *contactLane) bits(code int) (*[kernel.RowWords]uint64, error) {
	slot, err := l.d.slot(code)
	if err != nil {
		return nil, err
	}
	if more := int(slot) + 1 - len(l.seen); more > 0 { // groups that were made row by row
		l.seen, l.n = append(l.seen, make([]*[kernel.RowWords]uint64, more)...), append(l.n, make([]uint64, more)...)
	}
	if b := l.seen[slot]; b != nil {
		return b, nil
	}
	if len(l.spare) == 0 {
		l.spare = append(l.spare, new([kernel.RowWords]uint64))
	}
	b := l.spare[len(l.spare)-1]
	l.spare = l.spare[:len(l.spare)-1]
	l.seen[slot], l.slots = b, append(l.slots, slot)
	return b, nil
}

func (l *contactLane) add(s *source, st *strip, _ int) error {
	rows := s.block.Rows()
	if st.u8 == nil && st.u16 == nil {
		b, err := l.bits(st.off)
		if err != nil {
			return err
		}
		if st.mask == nil {
			kernel.SetRows(b, rows)
		} else {
			kernel.SetRowsSel(b, rows, st.mask)
		}
		return nil
	}
	return st.each(s.n, func(i, code int) error {
		b, err := l.bits(code)
		if err == nil {
			b[rows[i]>>6] |= 1 << (rows[i] & 63)
		}
		return err
	})
}

func (l *contactLane) flush(_ int, slot int32) error {
	l.count()
	l.d.g.table.Rows(l.total, slot, l.n[slot])
	l.n[slot] = 0
	return nil
}

// contactsOnce counts each contact of a slot once where rows are grouped one by one: the pairs of slot and row
// of a chunk that were seen.
type contactsOnce struct {
	chunk int
	table []uint64 // slot, row and a bit for used; open addressing
	used  int
}

// first says whether a row of the chunk at hand is the first of its contact in a slot.
func (c *contactsOnce) first(chunk int, row uint16, slot int32) bool {
	if chunk != c.chunk || c.table == nil {
		if c.chunk = chunk; len(c.table) != 1024 {
			c.table = make([]uint64, 1024)
		}
		clear(c.table)
		c.used = 0
	}
	if 2*(c.used+1) > len(c.table) {
		old := c.table
		c.table = make([]uint64, 2*len(old))
		for _, key := range old {
			if key != 0 {
				c.put(key)
			}
		}
	}
	fresh := c.put(1<<63 | uint64(uint32(slot))<<16 | uint64(row))
	if fresh {
		c.used++
	}
	return fresh
}

func (c *contactsOnce) put(key uint64) bool {
	mask := uint64(len(c.table) - 1)
	hi, lo := bits.Mul64(key, 0x9E3779B97F4A7C15)
	for at := (hi ^ lo) & mask; ; at = (at + 1) & mask {
		switch c.table[at] {
		case key:
			return false
		case 0:
			c.table[at] = key
			return true
		}
	}
}

// floatLane is sum(x) and avg(x) of a FLOAT column.
type floatLane struct {
	laneAt
	col ref
}

func (l *floatLane) add(s *source, st *strip, _ int) error {
	c := l.d.g.w.column(s, &l.col)
	if c == nil || c.Enc() == column.AllNull {
		return nil
	}
	return st.each(s.n, func(i, code int) error {
		if i >= c.Len() || c.Null(i) {
			return nil
		}
		slot, err := l.d.slot(code)
		if err != nil {
			return err
		}
		return l.d.g.table.AddFloat(l.total, slot, c.Float(i))
	})
}
