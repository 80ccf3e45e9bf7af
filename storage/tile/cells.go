package tile

import (
	"math"
)

// cells is some values of one property between two places: what a lane stores, widened.
type cells struct {
	v  []uint64 // stored values: value - base
	ok []uint8  // 1 where not null
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/2)
	}
	return s[:n]
}

func (c *cells) resize(n int) {
	c.v, c.ok = resize(c.v, n), resize(c.ok, n)
}

// load reads the selected events' values of a lane; a nil lane is all null.
func (c *cells) load(h *header, l *lane, sel []uint32) {
	c.resize(len(sel))
	if l == nil {
		clear(c.v)
		clear(c.ok)
		return
	}
	loadValues(c.v, h, l, sel)
	if l.flags&laneNulls != 0 {
		loadBits(c.ok, h.words(l.voff), sel)
	} else {
		for i := range c.ok {
			c.ok[i] = 1
		}
	}
}

func pick[T any](dst, src []T, sel []uint32) {
	for i, j := range sel {
		dst[i] = src[j]
	}
}

func widen[T uint8 | uint16 | uint32](dst []uint64, src []T, sel []uint32) {
	for i, j := range sel {
		dst[i] = uint64(src[j])
	}
}

func narrow[T uint8 | uint16 | uint32 | uint64](dst []T, src []uint64) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = T(v)
	}
}

func loadBits(dst []uint8, words []uint64, sel []uint32) {
	for i, j := range sel {
		dst[i] = uint8(words[j>>6] >> (j & 63) & 1)
	}
}

// words returns the bits at an offset, as many words as the capacity takes.
func (h *header) words(off uint32) []uint64 {
	return sliceAt[uint64](h, int(off)*8, (int(h.cap)+63)/64)
}

func loadValues(dst []uint64, h *header, l *lane, sel []uint32) {
	off, n := int(l.off)*8, int(h.n)
	switch l.width {
	case 0:
		clear(dst)
	case 1:
		widen(dst, sliceAt[uint8](h, off, n), sel)
	case 2:
		widen(dst, sliceAt[uint16](h, off, n), sel)
	case 4:
		widen(dst, sliceAt[uint32](h, off, n), sel)
	case 8:
		pick(dst, sliceAt[uint64](h, off, n), sel)
	case widthBits:
		w := h.words(l.off)
		for i, j := range sel {
			dst[i] = w[j>>6] >> (j & 63) & 1
		}
	}
}

// store writes cells from event `at` on. The block's memory there must belong to the writer, bits below
// `at` in the same word included.
func (c *cells) store(h *header, l *lane, at int) {
	end := at + len(c.v)
	off := int(l.off) * 8
	switch l.width {
	case 1:
		narrow(sliceAt[uint8](h, off, end)[at:], c.v)
	case 2:
		narrow(sliceAt[uint16](h, off, end)[at:], c.v)
	case 4:
		narrow(sliceAt[uint32](h, off, end)[at:], c.v)
	case 8:
		copy(sliceAt[uint64](h, off, end)[at:], c.v)
	case widthBits:
		storeBits(h.words(l.off), at, c.v)
	}
	if l.flags&laneNulls != 0 {
		storeBits(h.words(l.voff), at, c.ok)
	}
}

// storeBits writes bits from place `at` on and clears the rest of the last word.
func storeBits[T uint8 | uint64](words []uint64, at int, src []T) {
	if len(src) == 0 {
		return
	}
	w := words[at>>6] & (1<<(at&63) - 1)
	for i, v := range src {
		p := at + i
		w |= uint64(v&1) << (p & 63)
		if p&63 == 63 {
			words[p>>6] = w
			w = 0
		}
	}
	if end := at + len(src); end&63 != 0 {
		words[end>>6] = w
	}
}

// rebase turns values stored over one base into values over another and makes null cells 0.
func (c *cells) rebase(from, to int64) {
	d := uint64(from) - uint64(to)
	for i := range c.v {
		c.v[i] = (c.v[i] + d) * uint64(c.ok[i])
	}
}

// fitFloat keeps the bounds of a FLOAT lane, whose values are stored as they are.
func (l *lane) fitFloat(s stats) {
	l.width = 8
	if l.empty() || floatOf(s.min) < floatOf(l.min) {
		l.min = s.min
	}
	if l.empty() || floatOf(s.max) > floatOf(l.max) {
		l.max = s.max
	}
}

func floatOf(b int64) float64 { return math.Float64frombits(uint64(b)) }
