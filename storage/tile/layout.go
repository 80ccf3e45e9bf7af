package tile

import (
	"math"
	"math/bits"
	"unsafe"

	"github.com/musterdb/muster/storage/schema"
)

// spec is the shape of a block to be laid out. Offsets in its lanes are not yet known.
type spec struct {
	span  uint32
	k     uint8
	cap   int
	res   bool // some time is not a whole number of units
	ids   bool
	lanes []lane
}

// newHeader lays a block out and allocates its memory, with at least the capacity asked for and as much
// as the allocation's size class has room for.
func (tx *Tx) newHeader(info *typeInfo, sp spec) *header {
	h := &header{info: info, span: sp.span, k: sp.k, cap: uint32(sp.cap), nl: uint16(len(sp.lanes)), flags: flagPending | flagOwnMem}
	if sp.res {
		h.resw = resWidth(sp.k)
	}
	if sp.ids {
		h.flags |= flagIDs
	}
	if len(sp.lanes) > 0 {
		h.lanes = &sp.lanes[0]
	}
	b := tx.s.arena.Allocate(h.place())
	h.size = uint32(cap(b) / 64)
	h.mem = unsafe.Pointer(unsafe.SliceData(b))
	h.fill(cap(b))
	return h
}

// fill raises the capacity to what size bytes have room for.
func (h *header) fill(size int) {
	least := h.cap
	h.cap += uint32((size - h.place()) / h.perEvent())
	for h.cap > least && h.place() > size {
		h.cap--
	}
	h.place()
}

// place sets the offsets of the lanes for the block's capacity and returns the bytes it takes.
func (h *header) place() int {
	n := int(h.cap)
	at := h.idOff()
	if h.has(flagIDs) {
		at += 8 * n
	}
	words := 8 * ((n + 63) / 64)
	ls := h.laneList()
	for i := range ls {
		l := &ls[i]
		l.off = uint32(at / 8)
		if l.width == widthBits {
			at += words
		} else {
			at += align8(int(l.width) * n)
		}
		l.voff = uint32(at / 8)
		if l.flags&laneNulls != 0 {
			at += words
		}
	}
	return max(at, 64)
}

// perEvent returns the bytes that one more event takes, rounded up.
func (h *header) perEvent() int {
	n := 4 + int(h.resw)
	if h.has(flagIDs) {
		n += 8
	}
	for _, l := range h.laneList() {
		if l.width != widthBits {
			n += int(l.width)
		}
		n++ // bits, generously
	}
	return n
}

// resWidth returns the bytes of a residual in a block of 2^k seconds.
func resWidth(k uint8) uint8 {
	if k <= maxKRes2 {
		return 2
	}
	return 4
}

// grownCap returns the capacity for a block that must hold need events: exact when it is the first, with
// room to grow afterwards.
func grownCap(have, need int) int {
	if have == 0 {
		return need
	}
	return max(need, have+have/2)
}

// widthFor returns the bytes of values from 0 to top.
func widthFor(top uint64) uint8 {
	switch n := bits.Len64(top); {
	case n == 0:
		return 0
	case n <= 8:
		return 1
	case n <= 16:
		return 2
	case n <= 32:
		return 4
	}
	return 8
}

// stats is what the values to be stored in a lane need of it.
type stats struct {
	min, max int64 // of the values that are not null; for FLOAT as floats' bits
	some     bool  // some value is not null
	nulls    bool
}

// fit widens a lane, whose offsets are then void, so that it can hold what s describes; it reports whether
// it had to. A fresh lane holds no event yet.
func (l *lane) fit(kind schema.Kind, s stats, fresh bool) bool {
	was := *l
	if s.nulls {
		l.flags |= laneNulls
	}
	switch {
	case kind == schema.KindBool:
		l.width, l.max = widthBits, 1
	case kind == schema.KindFloat && s.some:
		l.fitFloat(s)
	case kind == schema.KindText || kind == schema.KindSet:
		l.max = max(l.max, s.max)
		l.width = max(l.width, 1, widthFor(uint64(l.max)))
	case s.some && l.empty():
		l.min, l.max = s.min, s.max
		l.widen(kind, 0)
	case s.some:
		l.fitInt(kind, s)
	}
	if s.some {
		l.flags |= laneSome
	}
	return fresh || was.width != l.width || (was.flags^l.flags)&laneNulls != 0 || was.base != l.base
}

func (l *lane) fitInt(kind schema.Kind, s stats) {
	l.min, l.max = min(l.min, s.min), max(l.max, s.max)
	if l.width == 8 || s.min >= l.base && widthFor(uint64(l.max)-uint64(l.base)) <= l.width {
		return
	}
	l.widen(kind, l.width)
}

// widen chooses width, at least the one given, and base for values from l.min to l.max. As in package
// column, 8 bytes have the least int64 as base, so that raw values are ordered as values are, and a
// TIMESTAMP that is not constant takes 8 bytes (milliseconds).
func (l *lane) widen(kind schema.Kind, least uint8) {
	top := uint64(l.max) - uint64(l.min)
	l.width = max(widthFor(top), least)
	if kind == schema.KindTimestamp && l.width > 0 {
		l.width = 8
	}
	l.base = l.min
	switch l.width {
	case 0:
	case 8:
		l.base = math.MinInt64
	default: // what the width leaves over is split evenly, so that falling values do not move the base each time
		room := (uint64(1)<<(8*l.width) - 1 - top) / 2
		l.base = l.min - int64(min(room, uint64(l.min)^1<<63))
	}
}
