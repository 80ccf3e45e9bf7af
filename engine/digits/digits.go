// Package digits prints integers in decimal straight into a byte slice, two digits at a time. It exists
// because exports print tens of millions of them a second; everything else uses strconv.
package digits

import (
	"math/bits"
	"slices"
)

const pairs = "00010203040506070809" +
	"10111213141516171819" +
	"20212223242526272829" +
	"30313233343536373839" +
	"40414243444546474849" +
	"50515253545556575859" +
	"60616263646566676869" +
	"70717273747576777879" +
	"80818283848586878889" +
	"90919293949596979899"

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
		rest := (abs - whole*100) * 2
		return append(AppendUint(dst, whole), '.', pairs[rest], pairs[rest+1])
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
	out := dst[from:]
	for n >= 2 {
		q := v / 100
		r := (v - q*100) * 2
		out[n-1], out[n-2] = pairs[r+1], pairs[r]
		v = q
		n -= 2
	}
	if n > 0 {
		out[0] = byte('0' + v)
	}
	return dst
}
