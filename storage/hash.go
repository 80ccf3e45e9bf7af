package storage

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
)

// StateHash returns a hash of what a view holds: the sum over its contacts of hashes of id, values and
// events. It does not depend on rows, encodings, order of writing beyond what the language can see, or
// spread: the sum over a base's shards is the same however many there are.
func StateHash(v *View) uint64 {
	h := hasher{v: v}
	for c := range v.Chunks() {
		h.chunk(c)
	}
	return h.sum
}

type hasher struct {
	v   *View
	sum uint64
	buf []byte
}

func (h *hasher) chunk(c int) {
	events := make([]uint64, h.v.ChunkLen(c))
	h.v.Events.AddHashes(c, events)
	attrs := append(schema.SystemAttributes()[1:], storedAttrs(h.v.schema)...)
	slices.SortFunc(attrs, func(a, b schema.Attribute) int { return int(a.ID) - int(b.ID) })
	for i := range h.v.ChunkLen(c) {
		row := uint32(c<<16 | i)
		if !h.v.Alive(row) {
			continue
		}
		h.buf = h.v.AppendID(h.buf[:0], row)
		h.buf = binary.LittleEndian.AppendUint64(h.buf, events[i])
		for _, a := range attrs {
			if col := h.v.Column(a.ID, c); col != nil && !col.Null(i) {
				h.buf = binary.LittleEndian.AppendUint32(h.buf, uint32(a.ID))
				h.buf = appendCell(h.buf, col, i)
			}
		}
		h.sum += xxh3.Hash(h.buf)
	}
}

// appendCell appends the bytes of a value that is not null; each begins with its length.
func appendCell(dst []byte, c *column.Chunk, i int) []byte {
	switch c.Type().Kind {
	case schema.KindText:
		return appendText(dst, c.Text(i))
	case schema.KindSet:
		texts := make([]string, 0, c.SetLen(i))
		for j := range c.SetLen(i) {
			texts = append(texts, c.Dict().Text(c.SetCode(i, j)))
		}
		slices.Sort(texts)
		dst = binary.LittleEndian.AppendUint64(dst, uint64(len(texts)))
		for _, t := range texts {
			dst = appendText(dst, []byte(t))
		}
		return dst
	case schema.KindFloat:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(c.Float(i)))
	}
	return binary.LittleEndian.AppendUint64(dst, uint64(c.Int(i)))
}

func appendText(dst, text []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(len(text)))
	return append(dst, text...)
}
