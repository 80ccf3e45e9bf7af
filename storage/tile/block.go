package tile

import (
	"unsafe"

	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
)

// Spans of blocks: 2^k seconds.
const (
	minK     = schema.SecondsPerUnitLog2 // a block that counts time in seconds
	maxK     = 26                        // two years
	maxKRes2 = 22                        // up to here a residual (below 64 s) fits 16 bits
	splitAt  = 768                       // a wider block of so many events is split
	mergeAt  = 512                       // neighbours with fewer events together are merged
)

// header describes one block. A published header is never changed: a change makes a copy.
type header struct {
	mem   unsafe.Pointer // the slab allocation; nil only while a block is being laid out
	info  *typeInfo      // the type as it was when the header was made: resolves slots of lanes
	lanes *lane          // nl of them, by slot
	min   int64          // ms of the oldest event held
	max   int64          // ms of the newest
	span  uint32         // start of the span in units of 2^16 s
	n     uint32         // events
	cap   uint32         // events that fit
	size  uint32         // units of 64 bytes of the allocation
	nl    uint16
	k     uint8
	resw  uint8 // bytes of a residual: 0, 2, 4
	flags uint8
}

const (
	flagIDs     = 1 << iota // the block keeps id hashes
	flagPending             // owned by the open Tx: may be changed
	flagOwnMem              // mem was allocated by the open Tx
)

// lane describes the values of one property in a block.
type lane struct {
	base  int64  // value = base + stored; 0 for FLOAT and codes
	min   int64  // no value is less; of FLOAT the bits of the least value
	max   int64  // no value is greater; of FLOAT the bits of the greatest value
	off   uint32 // of the values, in units of 8 bytes
	voff  uint32 // of the validity bits, likewise
	slot  uint16 // index into typeInfo.props
	width uint8  // bytes of a value: 0 (all equal base), 1, 2, 4, 8, or widthBits
	flags uint8
}

const widthBits = 0xff // BOOL: a bit each

const (
	laneNulls = 1 << iota // has validity bits
	laneSome              // some value is, or was, not null: min and max hold
)

func (l *lane) empty() bool { return l.flags&laneSome == 0 }

// Block is one block as a reader sees it: a small value, valid as long as the view it came from. Its
// slices alias the shard's memory and are read only. Index order is arrival order.
type Block struct{ h *header }

// Start returns the first ms of the block's span.
func (b Block) Start() int64 { return b.h.start() }

// End returns the first ms after the block's span.
func (b Block) End() int64 { return b.h.end() }

// MinTime returns the exact ms of the oldest event held.
func (b Block) MinTime() int64 { return b.h.min }

// MaxTime returns the exact ms of the newest event held.
func (b Block) MaxTime() int64 { return b.h.max }

// Len returns the number of events; a block holds at least one.
func (b Block) Len() int { return int(b.h.n) }

// Rows returns the events' rows within the chunk.
func (b Block) Rows() []uint16 { return b.h.rows() }

// T returns the events' times in Units after Start, rounded down.
func (b Block) T() []uint16 { return b.h.t() }

// Unit returns the ms of one step of T.
func (b Block) Unit() int64 { return b.h.unit() }

// Res returns the ms that T leaves out, below Unit: in r16 if they fit 16 bits (Unit up to 64 s), else in
// r32; both are nil if all are zero.
func (b Block) Res() (r16 []uint16, r32 []uint32) { return b.h.res16(), b.h.res32() }

// Time returns the exact ms of event i.
func (b Block) Time(i int) int64 { return b.h.time(i) }

// IDs returns the events' id hashes, 0 for none; nil if no event of the block has one.
func (b Block) IDs() []uint64 { return b.h.ids() }

// Prop returns a property's values, one for each event, or nil if all are null. It makes a new Chunk;
// loops over many blocks use PropInto.
func (b Block) Prop(p schema.PropID) *column.Chunk {
	c := new(column.Chunk)
	if !b.PropInto(p, c) {
		return nil
	}
	return c
}

// PropInto makes c a view of a property's values, or returns false if all are null. The property must be
// one of the view's schema: the values of one that was dropped may still lie here while their dictionary
// is gone, and a pin taken before the drop still reads both.
func (b Block) PropInto(p schema.PropID, c *column.Chunk) bool {
	ls := b.h.laneList()
	for i := range ls {
		if info := &b.h.info.props[ls[i].slot]; info.id == p {
			b.h.alias(&ls[i], info, c)
			return true
		}
	}
	return false
}

func (h *header) alias(l *lane, p *propInfo, c *column.Chunk) {
	a := column.Alias{Type: p.typ, Dict: p.texts, Sets: p.sets, Len: int(h.n), Width: int(l.width), Base: l.base,
		Lo: l.min, Hi: l.max, Values: unsafe.Add(h.mem, int(l.off)*8)}
	if l.flags&laneNulls != 0 {
		a.Valid = h.words(l.voff)[:(h.n+63)/64]
	}
	c.Alias(a)
}

func (h *header) start() int64 { return int64(h.span) << minK * 1000 }
func (h *header) end() int64   { return (int64(h.span)<<minK + 1<<h.k) * 1000 }
func (h *header) unit() int64  { return 1000 << (h.k - minK) }

// spanEnd returns the end of the span in units of 2^16 s.
func (h *header) spanEnd() uint32 { return h.span + 1<<(h.k-minK) }

func (h *header) has(flag uint8) bool { return h.flags&flag != 0 }

func (h *header) laneList() []lane { return unsafe.Slice(h.lanes, h.nl) }

// Offsets of the arrays that every block has; each array starts at a multiple of 8 bytes.
func align8(n int) int { return (n + 7) &^ 7 }

func (h *header) tOff() int   { return align8(2 * int(h.cap)) }
func (h *header) resOff() int { return 2 * align8(2*int(h.cap)) }
func (h *header) idOff() int  { return h.resOff() + align8(int(h.resw)*int(h.cap)) }

func sliceAt[T any](h *header, off, n int) []T {
	return unsafe.Slice((*T)(unsafe.Add(h.mem, off)), n)
}

func (h *header) rows() []uint16 { return sliceAt[uint16](h, 0, int(h.n)) }
func (h *header) t() []uint16    { return sliceAt[uint16](h, h.tOff(), int(h.n)) }

func (h *header) res16() []uint16 {
	if h.resw != 2 {
		return nil
	}
	return sliceAt[uint16](h, h.resOff(), int(h.n))
}

func (h *header) res32() []uint32 {
	if h.resw != 4 {
		return nil
	}
	return sliceAt[uint32](h, h.resOff(), int(h.n))
}

func (h *header) ids() []uint64 {
	if !h.has(flagIDs) {
		return nil
	}
	return sliceAt[uint64](h, h.idOff(), int(h.n))
}

func (h *header) time(i int) int64 {
	ms := h.start() + int64(h.t()[i])*h.unit()
	switch h.resw {
	case 2:
		ms += int64(h.res16()[i])
	case 4:
		ms += int64(h.res32()[i])
	}
	return ms
}

// lane returns the lane of a slot, or nil.
func (h *header) lane(slot uint16) *lane {
	ls := h.laneList()
	for i := range ls {
		if ls[i].slot == slot {
			return &ls[i]
		}
	}
	return nil
}

// bytes returns the allocation, with its whole capacity.
func (h *header) bytes() []byte { return unsafe.Slice((*byte)(h.mem), int(h.size)*64) }
