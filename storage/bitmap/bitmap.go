// Package bitmap owns row sets at rest: immutable compressed sets of the rows of a shard, and their
// conversion from and to the dense words that the engine computes on. It is the only importer of roaring;
// nothing of roaring shows outside. It does no set algebra: that is done on words, 8 KiB a chunk, which is
// up to nine times faster.
package bitmap

import (
	"errors"
	"fmt"
	"iter"
	"math/bits"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/musterdb/muster/storage/schema"
)

// Words is the number of 64-bit words of a full chunk.
const Words = schema.ChunkRows / 64

// Set is an immutable set of rows. The zero Set is empty.
type Set struct{ b *roaring.Bitmap }

// Builder gathers a set chunk by chunk. The zero Builder is empty.
type Builder struct {
	b    *roaring.Bitmap
	next int
	rows []uint32
}

// Add adds the rows of a chunk, given as at most Words words. Chunks must come in ascending order; chunks
// without a row may be left out. The words are copied. It panics if the order is broken.
func (b *Builder) Add(chunk int, words []uint64) {
	if chunk < b.next || chunk >= schema.MaxRowsPerShard/schema.ChunkRows || len(words) > Words {
		panic(fmt.Sprintf("bitmap: chunk %d of %d words after chunk %d", chunk, len(words), b.next-1))
	}
	b.next = chunk + 1
	b.rows = b.rows[:0]
	for w, word := range words {
		for ; word != 0; word &= word - 1 {
			b.rows = append(b.rows, uint32(chunk<<16|w<<6|bits.TrailingZeros64(word)))
		}
	}
	if len(b.rows) == 0 {
		return
	}
	if b.b == nil {
		b.b = roaring.New()
	}
	b.b.AddMany(b.rows)
}

// Set returns what was added. The Builder is empty then.
func (b *Builder) Set() Set {
	s := Set{b.b}
	if s.b != nil {
		s.b.RunOptimize()
	}
	*b = Builder{rows: b.rows}
	return s
}

// Of returns the set of the given rows, in any order.
func Of(rows ...uint32) Set {
	if len(rows) == 0 {
		return Set{}
	}
	return Set{roaring.BitmapOf(rows...)}
}

// Len returns the number of rows.
func (s Set) Len() int {
	if s.b == nil {
		return 0
	}
	return int(s.b.GetCardinality())
}

// Has says whether a row is in the set.
func (s Set) Has(row uint32) bool { return s.b != nil && s.b.Contains(row) }

// Chunk sets the bits of the set's rows of a chunk in dst, whose other bits it clears, and returns their
// number. Rows beyond len(dst)*64 are left out.
func (s Set) Chunk(chunk int, dst []uint64) int {
	clear(dst)
	if s.b == nil {
		return 0
	}
	n := 0
	base := uint32(chunk) << 16
	it := s.b.Iterator()
	it.AdvanceIfNeeded(base)
	for it.HasNext() {
		row := it.Next()
		w := int(row-base) >> 6
		if row>>16 != uint32(chunk) || w >= len(dst) {
			break
		}
		dst[w] |= 1 << (row & 63)
		n++
	}
	return n
}

// All yields the rows in ascending order.
func (s Set) All() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		if s.b == nil {
			return
		}
		for it := s.b.Iterator(); it.HasNext(); {
			if !yield(it.Next()) {
				return
			}
		}
	}
}

// Equal says whether two sets hold the same rows.
func (s Set) Equal(t Set) bool {
	switch {
	case s.Len() != t.Len():
		return false
	case s.Len() == 0:
		return true
	}
	return s.b.Equals(t.b)
}

// Bytes returns the memory that the set takes.
func (s Set) Bytes() int {
	if s.b == nil {
		return 0
	}
	return int(s.b.GetSizeInBytes())
}

// AppendBinary appends the set in roaring's portable format.
func (s Set) AppendBinary(dst []byte) ([]byte, error) {
	b := s.b
	if b == nil {
		b = roaring.New()
	}
	out, err := b.ToBytes()
	if err != nil {
		return dst, fmt.Errorf("encode row set: %w", err)
	}
	return append(dst, out...), nil
}

var errRows = errors.New("decode row set: a row beyond the shard's limit")

// Decode reads a set that AppendBinary wrote, all of b. The set does not alias b.
func Decode(b []byte) (set Set, err error) {
	// roaring checks what it reads, but a panic on hostile bytes must not reach the caller.
	defer func() {
		if r := recover(); r != nil {
			set, err = Set{}, fmt.Errorf("decode row set: %v", r)
		}
	}()
	m := roaring.New()
	n, err := m.FromBuffer(append([]byte(nil), b...))
	if err != nil {
		return Set{}, fmt.Errorf("decode row set: %w", err)
	}
	if n != int64(len(b)) {
		return Set{}, fmt.Errorf("decode row set: %d bytes too many", int64(len(b))-n)
	}
	if err := m.Validate(); err != nil && !m.IsEmpty() {
		return Set{}, fmt.Errorf("decode row set: %w", err)
	}
	if m.IsEmpty() {
		return Set{}, nil
	}
	if m.Maximum() >= schema.MaxRowsPerShard {
		return Set{}, errRows
	}
	return Set{m}, nil
}
