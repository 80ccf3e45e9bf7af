package group

import (
	"bytes"
	"math/bits"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/zeebo/xxh3"
)

// keys numbers byte strings from 0 in the order in which they are first seen: open addressing over their
// hashes, the bytes one after the other.
type keys struct {
	index []uint32 // number + 1, 0 for free; the length is a power of two
	hash  []uint64 // by number
	end   []uint64 // by number: where its bytes end
	text  []byte
}

// find returns the number of a key, and whether it is new.
func (k *keys) find(key []byte) (n int32, fresh bool) {
	if 2*(len(k.hash)+1) > len(k.index) {
		k.rehash(2 * len(k.index))
	}
	h := xxh3.Hash(key)
	mask := uint64(len(k.index) - 1)
	for at := h & mask; ; at = (at + 1) & mask {
		i := k.index[at]
		if i == 0 {
			k.hash = append(k.hash, h)
			n = k.append(key)
			k.index[at] = uint32(n + 1)
			return n, true
		}
		if k.hash[i-1] == h && bytes.Equal(k.key(int(i-1)), key) {
			return int32(i - 1), false
		}
	}
}

// expect makes room for so many keys.
func (k *keys) expect(n int) {
	if 2*(n+1) <= len(k.index) {
		return
	}
	more := n - k.len()
	k.hash, k.end, k.text = slices.Grow(k.hash, more), slices.Grow(k.end, more), slices.Grow(k.text, 8*more)
	k.rehash(1 << bits.Len(uint(2*n+1)))
}

// rehash makes the index so long, a power of two.
func (k *keys) rehash(length int) {
	k.index = make([]uint32, max(64, length))
	mask := uint64(len(k.index) - 1)
	for i, h := range k.hash {
		at := h & mask
		for k.index[at] != 0 {
			at = (at + 1) & mask
		}
		k.index[at] = uint32(i + 1)
	}
}

// key returns the bytes of a number.
func (k *keys) key(i int) []byte {
	return k.text[k.start(i):k.end[i]]
}

// start returns where the bytes of a number begin, or where those of all end.
func (k *keys) start(i int) uint64 {
	if i == 0 {
		return 0
	}
	return k.end[i-1]
}

// array returns some keys, one after the other, as a column over their own memory.
func (k *keys) array(from, to int) arrow.Array {
	first := k.start(from)
	offsets := make([]int32, to-from+1)
	for i := range offsets {
		offsets[i] = int32(k.start(from+i) - first)
	}
	data := array.NewData(arrow.BinaryTypes.Binary, to-from, []*memory.Buffer{
		nil, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(offsets)), memory.NewBufferBytes(k.text[first:k.start(to)]),
	}, nil, 0, 0)
	defer data.Release()
	return array.NewBinaryData(data)
}

// append adds a key that find will not find.
func (k *keys) append(key []byte) int32 {
	k.text = append(k.text, key...)
	k.end = append(k.end, uint64(len(k.text)))
	return int32(len(k.end) - 1)
}

func (k *keys) len() int { return len(k.end) }

// keyBytes is what a key takes beside its bytes: hash, end, up to four places of the index, and as much
// again while slices grow.
const keyBytes = 48
