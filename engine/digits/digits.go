// Package digits prints integers in decimal straight into a byte slice, two digits at a time. It exists
// because exports print tens of millions of them a second; everything else uses strconv.
package digits

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// pairs are the two digits of 0 to 99, the tens in the low byte: as they stand in memory.
var pairs = func() (t [100]uint16) {
	for i := range t {
		t[i] = uint16('0'+i/10) | uint16('0'+i%10)<<8
	}
	return t
}()

// powers of ten up to the largest in 64 bits.
var powers = [...]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

// MaxScale is the most decimals that AppendDecimal prints.
const MaxScale = len(powers) - 1

// Len returns the number of digits of v, 1 for 0.
func Len(v uint64) int {
	n := bits.Len64(v|1) * 1233 >> 12 // log10 2 is about 1233/4096; n is right or one too large
	if v < powers[n] && n > 0 {
		return n
	}
	return n + 1
}

// AppendUint appends v in decimal.
func AppendUint(dst []byte, v uint64) []byte {
	if v < 10 {
		return append(dst, byte('0'+v))
	}
	return appendPadded(dst, v, Len(v))
}

// AppendInt appends v in decimal.
func AppendInt(dst []byte, v int64) []byte {
	if v < 0 {
		return AppendUint(append(dst, '-'), -uint64(v))
	}
	return AppendUint(dst, uint64(v))
}

// AppendDecimal appends unscaled / 10^scale with all its decimals. Scale is at most MaxScale.
func AppendDecimal(dst []byte, unscaled int64, scale uint8) []byte {
	abs := uint64(unscaled)
	if unscaled < 0 {
		dst = append(dst, '-')
		abs = -abs
	}
	var whole uint64
	switch scale {
	case 0:
		return AppendUint(dst, abs)
	case 2: // money, by far the most; a division by a constant is a multiplication
		whole = abs / 100
		rest := pairs[abs-whole*100]
		return append(AppendUint(dst, whole), '.', byte(rest), byte(rest>>8))
	default:
		whole = abs / powers[scale]
	}
	dst = append(AppendUint(dst, whole), '.')
	return appendPadded(dst, abs-whole*powers[scale], int(scale))
}

// appendPadded appends v as n digits, with zeros before it; v has no more than n.
func appendPadded(dst []byte, v uint64, n int) []byte {
	from := len(dst)
	if cap(dst)-from < n {
		dst = slices.Grow(dst, n)
	}
	dst = dst[:from+n]
	out := dst[from : from+n]
	for v >= 1e8 && n >= 8 { // the rest is divided in 32 bits
		q := v / 1e8
		put8(out[n-8:n], uint32(v-q*1e8))
		v = q
		n -= 8
	}
	for w := uint32(v); n >= 2; n -= 2 {
		q := w / 100
		binary.LittleEndian.PutUint16(out[n-2:], pairs[w-q*100])
		w, v = q, uint64(q)
	}
	if n > 0 {
		out[0] = byte('0' + v)
	}
	return dst
}

// put8 writes eight digits.
func put8(out []byte, v uint32) {
	high, low := v/10_000, v%10_000
	_ = out[7]
	binary.LittleEndian.PutUint16(out, pairs[high/100])
	binary.LittleEndian.PutUint16(out[2:], pairs[high%100])
	binary.LittleEndian.PutUint16(out[4:], pairs[low/100])
	binary.LittleEndian.PutUint16(out[6:], pairs[low%100])
}
