package kernel

import (
	"encoding/binary"
	"testing"
)

// FuzzRange reads the bytes as values of each width and their first two as bounds.
func FuzzRange(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = b[:min(len(b), 1<<12)]
		fuzzOne(t, b, Range8)
		fuzzOne(t, decode(b, 2, binary.LittleEndian.Uint16), Range16)
		fuzzOne(t, decode(b, 4, binary.LittleEndian.Uint32), Range32)
		fuzzOne(t, decode(b, 8, binary.LittleEndian.Uint64), Range64)
	})
}

func fuzzOne[T value](t *testing.T, x []T, f func([]uint64, []T, T, T)) {
	if len(x) < 2 {
		return
	}
	lo, hi := x[0], x[1]
	check(t, "fuzz", len(x), func(out []uint64) { f(out, x, lo, hi) }, func(i int) bool { return lo <= x[i] && x[i] <= hi })
}

func decode[T value](b []byte, width int, one func([]byte) T) []T {
	x := make([]T, len(b)/width)
	for i := range x {
		x[i] = one(b[i*width:])
	}
	return x
}
