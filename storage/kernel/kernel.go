// Package kernel owns the inner loops of evaluation: slices in, 64-bit words out, no branch on data where
// one can be avoided, no error, no allocation. It knows nothing of columns, nulls or plans; callers decide
// what the bits mean.
//
// Bit i of an answer is bit i&63 of word i>>6. Every function that writes words writes exactly
// Words(len(x)) of them and leaves the bits beyond len(x) zero. Slices that are too short are a
// programmer's error and panic.
//
// The compares and accumulators come in one version per width, made by gen from one template each.
// There is a portable version of everything; dispatch.go is where versions for one CPU take over. Build
// with the tag purego to leave those out.
package kernel

import "math/bits"

//go:generate go run ./gen

// Rows is the number of rows that one chunk holds at most; a row is a uint16, so that indexing an array
// of Rows by a row needs no bounds check.
const Rows = 1 << 16

// RowWords is the number of words that hold a bit for each of Rows rows.
const RowWords = Rows / 64

// Table8 says for each one-byte code whether it belongs to a set: 1 or 0, nothing else.
type Table8 [256]uint8

// Words returns how many words hold n bits.
func Words(n int) int { return (n + 63) >> 6 }

// Fill sets the first n bits of out and clears the rest of the last word.
func Fill(out []uint64, n int) {
	out = out[:Words(n)]
	for i := range out {
		out[i] = ^uint64(0)
	}
	Trim(out, n)
}

// Trim clears the bits of the last word that lie beyond bit n.
func Trim(out []uint64, n int) {
	if n&63 != 0 {
		out[n>>6] &= 1<<(n&63) - 1
	}
}

// And sets dst = dst AND x.
func And(dst, x []uint64) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] &= x[i]
	}
}

// AndNot sets dst = dst AND NOT x.
func AndNot(dst, x []uint64) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] &^= x[i]
	}
}

// Or sets dst = dst OR x.
func Or(dst, x []uint64) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] |= x[i]
	}
}

// NotOf sets dst = NOT x over n bits.
func NotOf(dst, x []uint64, n int) {
	dst = dst[:Words(n)]
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = ^x[i]
	}
	Trim(dst, n)
}

// Any says whether a bit is set.
func Any(x []uint64) bool {
	for len(x) >= 8 {
		s := x[:8:8]
		if s[0]|s[1]|s[2]|s[3]|s[4]|s[5]|s[6]|s[7] != 0 {
			return true
		}
		x = x[8:]
	}
	for _, w := range x {
		if w != 0 {
			return true
		}
	}
	return false
}

// Count returns the number of bits set.
func Count(x []uint64) int {
	n := 0
	for len(x) >= 4 {
		s := x[:4:4]
		n += bits.OnesCount64(s[0]) + bits.OnesCount64(s[1]) + bits.OnesCount64(s[2]) + bits.OnesCount64(s[3])
		x = x[4:]
	}
	for _, w := range x {
		n += bits.OnesCount64(w)
	}
	return n
}

// AndCount returns the number of bits set in x AND y.
func AndCount(x, y []uint64) int {
	y = y[:len(x)]
	n := 0
	for i, w := range x {
		n += bits.OnesCount64(w & y[i])
	}
	return n
}

// AndNotCount returns the number of bits set in x AND NOT y.
func AndNotCount(x, y []uint64) int {
	y = y[:len(x)]
	n := 0
	for i, w := range x {
		n += bits.OnesCount64(w &^ y[i])
	}
	return n
}

// AppendRows appends the numbers of the bits set in x, in rising order. x holds at most Rows bits.
func AppendRows(dst []uint16, x []uint64) []uint16 {
	for i, w := range x {
		for ; w != 0; w &= w - 1 {
			dst = append(dst, uint16(i<<6+bits.TrailingZeros64(w)))
		}
	}
	return dst
}

// SetRows sets the bit of each row.
func SetRows(out *[RowWords]uint64, rows []uint16) {
	for _, r := range rows {
		out[r>>6] |= 1 << (r & 63)
	}
}

// SetRowsSel sets the bit of each row i whose bit i of sel is set.
func SetRowsSel(out *[RowWords]uint64, rows []uint16, sel []uint64) {
	for i, w := range sel[:Words(len(rows))] {
		for ; w != 0; w &= w - 1 {
			r := rows[i<<6+bits.TrailingZeros64(w)]
			out[r>>6] |= 1 << (r & 63)
		}
	}
}

// GatherBits sets bit i of out to the bit rows[i] of src.
func GatherBits(out []uint64, src *[RowWords]uint64, rows []uint16) {
	for k := 0; k < len(rows); k += 64 {
		part := rows[k:min(k+64, len(rows))]
		w := uint64(0)
		for j, r := range part {
			w |= src[r>>6] >> (r & 63) & 1 << j
		}
		out[k>>6] = w
	}
}
