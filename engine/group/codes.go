package group

import "math/bits"

// The loops over codes: small numbers that stand for the values of a group. Slices are indexed by code; mask
// has a bit for each row that counts, and nil means that all do.

// Code is a stored code. Word is a stored integer.
type (
	Code interface{ ~uint8 | ~uint16 }
	Word interface {
		~uint8 | ~uint16 | ~uint32 | ~uint64 | ~int64
	}
)

// CountCodes counts the rows of each code.
func CountCodes[C Code](n []uint64, codes []C, mask []uint64) {
	if mask == nil {
		countAll(n, codes)
		return
	}
	for w, word := range mask {
		if word == 0 {
			continue
		}
		part := codes[w<<6 : min(w<<6+64, len(codes))]
		if word == ^uint64(0) {
			for _, c := range part {
				n[c]++
			}
			continue
		}
		for ; word != 0; word &= word - 1 {
			n[part[bits.TrailingZeros64(word)]]++
		}
	}
}

// countAll keeps four counters of each code, so that runs of one code do not wait for each other.
func countAll[C Code](n []uint64, codes []C) {
	small, ok := any(codes).([]uint8)
	if !ok || len(codes) < 1024 {
		for _, c := range codes {
			n[c]++
		}
		return
	}
	var four [4][256]uint32
	i := 0
	for ; i+4 <= len(small); i += 4 {
		x := small[i : i+4 : i+4]
		four[0][x[0]]++
		four[1][x[1]]++
		four[2][x[2]]++
		four[3][x[3]]++
	}
	for ; i < len(small); i++ {
		four[0][small[i]]++
	}
	for c := range min(256, len(n)) { // codes are below len(n)
		n[c] += uint64(four[0][c]) + uint64(four[1][c]) + uint64(four[2][c]) + uint64(four[3][c])
	}
}

// SumCodes counts the rows of each code and adds up base + their values. The caller knows that no sum passes
// 64 bits.
func SumCodes[C Code, V Word](n []uint64, sum []int64, codes []C, values []V, base int64, mask []uint64) {
	values = values[:len(codes)]
	if mask == nil {
		for i, c := range codes {
			n[c]++
			sum[c] += base + int64(values[i])
		}
		return
	}
	for w, word := range mask {
		for ; word != 0; word &= word - 1 {
			i := w<<6 + bits.TrailingZeros64(word)
			c := codes[i]
			n[c]++
			sum[c] += base + int64(values[i])
		}
	}
}

// Sum returns the number of rows and the sum of base + their values. The caller knows that it does not pass 64
// bits.
func Sum[V Word](values []V, base int64, mask []uint64) (n uint64, sum int64) {
	if mask == nil {
		for _, v := range values {
			sum += int64(v)
		}
		return uint64(len(values)), sum + base*int64(len(values))
	}
	for w, word := range mask {
		n += uint64(bits.OnesCount64(word))
		for ; word != 0; word &= word - 1 {
			sum += int64(values[w<<6+bits.TrailingZeros64(word)])
		}
	}
	return n, sum + base*int64(n)
}

// ExtremeCodes counts the rows of each code and keeps the greatest of best and base + their values if sign is
// 1, the smallest if it is −1. What best holds of a code without rows does not matter.
func ExtremeCodes[C Code, V Word](n []uint64, best []int64, sign int, codes []C, values []V, base int64, mask []uint64) {
	add := func(i int) {
		c, v := codes[i], base+int64(values[i])
		if n[c] == 0 || sign > 0 && v > best[c] || sign < 0 && v < best[c] {
			best[c] = v
		}
		n[c]++
	}
	if mask == nil {
		for i := range codes {
			add(i)
		}
		return
	}
	for w, word := range mask {
		for ; word != 0; word &= word - 1 {
			add(w<<6 + bits.TrailingZeros64(word))
		}
	}
}

// AddCodes adds (off + codes[i]) · stride to the combined codes of rows.
func AddCodes[C Code](combined []uint16, codes []C, off, stride int, mask []uint64) {
	if mask == nil {
		for i, c := range codes {
			combined[i] += uint16((off + int(c)) * stride)
		}
		return
	}
	for w, word := range mask {
		for ; word != 0; word &= word - 1 {
			i := w<<6 + bits.TrailingZeros64(word)
			combined[i] += uint16((off + int(codes[i])) * stride)
		}
	}
}

// AddCode adds a number to the combined codes of rows.
func AddCode(combined []uint16, code int, mask []uint64) {
	if mask == nil {
		for i := range combined {
			combined[i] += uint16(code)
		}
		return
	}
	for w, word := range mask {
		for ; word != 0; word &= word - 1 {
			combined[w<<6+bits.TrailingZeros64(word)] += uint16(code)
		}
	}
}

// MarkCodes sets bit values[i] of the words of each code: seen from codes[i] · words on.
func MarkCodes[C Code](seen []uint64, words int, codes []C, values []uint16, mask []uint64) {
	values = values[:len(codes)]
	if mask == nil {
		for i, c := range codes {
			set(seen, int(c)*words, values[i])
		}
		return
	}
	for w, word := range mask {
		for ; word != 0; word &= word - 1 {
			i := w<<6 + bits.TrailingZeros64(word)
			set(seen, int(codes[i])*words, values[i])
		}
	}
}

// Mark sets the bits of values.
func Mark(seen []uint64, values []uint16, mask []uint64) {
	if mask == nil {
		for _, v := range values {
			set(seen, 0, v)
		}
		return
	}
	for w, word := range mask {
		for ; word != 0; word &= word - 1 {
			set(seen, 0, values[w<<6+bits.TrailingZeros64(word)])
		}
	}
}

// set writes only bits that are new: they are few, and rows that follow need not wait for the write.
func set(seen []uint64, from int, v uint16) {
	at := from + int(v>>6)
	if bit := uint64(1) << (v & 63); seen[at]&bit == 0 {
		seen[at] |= bit
	}
}
