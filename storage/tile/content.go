package tile

import (
	"math"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
)

// ContentHashes appends to dst a hash of each of the block's events, taken of what a condition can ask of an
// event beyond its contact and time: its id and those properties of the view's type that are not null.
// Events of one type with equal contact, time and hash cannot be told apart, but for the one in 2^64 whose
// hashes are equal by chance. The hash depends neither on the layout nor on the dictionaries of a shard.
func (v *View) ContentHashes(dst []uint64, b Block) []uint64 {
	from := len(dst)
	dst = slices.Grow(dst, b.Len())[:from+b.Len()]
	b.h.contents(dst[from:], nil, v.find(b.h.info.id).info)
	return dst
}

// contents sets sums to the hashes of the contents of the events of sel; nil is all.
func (h *header) contents(sums []uint64, sel []uint32, now *typeInfo) {
	clear(sums)
	if ids := h.ids(); ids != nil {
		for i := range sums {
			if id := ids[nth(sel, i)]; id != 0 {
				sums[i] = mix(id ^ 0x1D)
			}
		}
	}
	h.addProps(sums, sel, now)
}

// nth returns event i of a selection; nil is all.
func nth(sel []uint32, i int) int {
	if sel == nil {
		return i
	}
	return int(sel[i])
}

// addProps adds the hashes of the properties that the view's type has to the events'. The block may be
// older than a drop.
func (h *header) addProps(sums []uint64, sel []uint32, now *typeInfo) {
	var c column.Chunk
	for _, l := range h.laneList() {
		p := &now.props[l.slot]
		if p.dropped {
			continue
		}
		h.alias(&l, p, &c)
		seed := mix(uint64(p.id))
		for i := range sums {
			if e := nth(sel, i); !c.Null(e) {
				sums[i] += mix(seed ^ valueHash(&c, p, e))
			}
		}
	}
}

func valueHash(c *column.Chunk, p *propInfo, i int) uint64 {
	switch p.typ.Kind {
	case schema.KindFloat:
		return mix(math.Float64bits(c.Float(i)))
	case schema.KindText:
		return xxh3.Hash(c.Text(i))
	case schema.KindSet:
		sum := uint64(c.SetLen(i)) + 1
		for j := range c.SetLen(i) {
			sum += mix(xxh3.HashString(p.texts.Text(c.SetCode(i, j))))
		}
		return sum
	}
	return mix(uint64(c.Int(i)))
}
