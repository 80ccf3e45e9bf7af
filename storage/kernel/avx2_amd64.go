//go:build amd64 && !purego

package kernel

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

func init() {
	if !cpu.X86.HasAVX2 {
		return
	}
	range8 = func(out []uint64, x []uint8, lo, hi uint8) {
		wide(out, x, lo, hi, range8AVX2, range8Go)
	}
	range16 = func(out []uint64, x []uint16, lo, hi uint16) {
		wide(out, x, lo, hi, range16AVX2, range16Go)
	}
	range32 = func(out []uint64, x []uint32, lo, hi uint32) {
		wide(out, x, lo, hi, range32AVX2, range32Go)
	}
	range64 = func(out []uint64, x []uint64, lo, hi uint64) {
		wide(out, x, lo, hi, range64AVX2, range64Go)
	}
	rangeF64 = rangeF64Wide
	rangeI64 = rangeI64Wide
	in8 = in8Wide
}

//go:noescape
func range8AVX2(out *uint64, x *uint8, n int, lo, width uint8)

//go:noescape
func range16AVX2(out *uint64, x *uint16, n int, lo, width uint16)

//go:noescape
func range32AVX2(out *uint64, x *uint32, n int, lo, width uint32)

//go:noescape
func range64AVX2(out *uint64, x *uint64, n int, lo, width uint64)

//go:noescape
func rangeF64AVX2(out *uint64, x *float64, n int, lo, hi float64)

//go:noescape
func in8AVX2(out *uint64, x *uint8, n int, halves *[2][16]uint8)

// split returns how many rounds of 64 values x has, and checks that out has a word for each.
func split[T any](out []uint64, x []T) int {
	_ = out[:Words(len(x))]
	return len(x) / 64
}

// wide gives whole words to the fast version and the rest to the portable one.
func wide[T uint8 | uint16 | uint32 | uint64](out []uint64, x []T, lo, hi T,
	fast func(*uint64, *T, int, T, T), slow func([]uint64, []T, T, T)) {
	n := split(out, x)
	if lo > hi {
		clear(out[:Words(len(x))])
		return
	}
	if n > 0 {
		fast(&out[0], &x[0], n, lo, hi-lo)
	}
	slow(out[n:], x[n*64:], lo, hi)
}

func rangeF64Wide(out []uint64, x []float64, lo, hi float64) {
	n := split(out, x)
	if n > 0 {
		rangeF64AVX2(&out[0], &x[0], n, lo, hi)
	}
	rangeF64Go(out[n:], x[n*64:], lo, hi)
}

// rangeI64Wide subtracts lo as range64AVX2 does: the distance from lo has no sign.
func rangeI64Wide(out []uint64, x []int64, lo, hi int64) {
	n := split(out, x)
	if lo > hi {
		clear(out[:Words(len(x))])
		return
	}
	if n > 0 {
		range64AVX2(&out[0], (*uint64)(unsafe.Pointer(&x[0])), n, uint64(lo), uint64(hi)-uint64(lo))
	}
	rangeI64Go(out[n:], x[n*64:], lo, hi)
}

// in8Wide gives each code a bit: that of its high four bits in the row of its low four, in the half of the
// table that its top bit says.
func in8Wide(out []uint64, x []uint8, t *Table8) {
	n := split(out, x)
	if n > 0 {
		var halves [2][16]uint8
		for c, in := range t {
			halves[c>>7][c&15] |= in << (c >> 4 & 7)
		}
		in8AVX2(&out[0], &x[0], n, &halves)
	}
	in8Go(out[n:], x[n*64:], t)
}
