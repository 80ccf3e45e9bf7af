package kernel

import (
	"math/rand/v2"
	"testing"
)

// Each benchmark works on one full chunk that stays in cache: ns/op is ns per 65,536 rows.

func benchRange[T value](b *testing.B, size int, f func([]uint64, []T, T, T), of func(uint64) T) {
	x := make([]T, Rows)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range x {
		x[i] = of(rng.Uint64())
	}
	out := make([]uint64, RowWords)
	b.SetBytes(int64(size * Rows))
	lo, hi := min(x[0], x[1]), max(x[0], x[1])
	for b.Loop() {
		f(out, x, lo, hi)
	}
}

func BenchmarkRange8(b *testing.B) {
	benchRange(b, 1, Range8, func(u uint64) uint8 { return uint8(u) })
}

func BenchmarkRange16(b *testing.B) {
	benchRange(b, 2, Range16, func(u uint64) uint16 { return uint16(u) })
}

func BenchmarkRange32(b *testing.B) {
	benchRange(b, 4, Range32, func(u uint64) uint32 { return uint32(u) })
}

func BenchmarkRange64(b *testing.B) {
	benchRange(b, 8, Range64, func(u uint64) uint64 { return u })
}

func BenchmarkRangeF64(b *testing.B) {
	benchRange(b, 8, RangeF64, func(u uint64) float64 { return float64(int64(u)) })
}

func BenchmarkIn8(b *testing.B) {
	var t Table8
	t[3], t[77] = 1, 1
	benchRange(b, 1, func(out []uint64, x []uint8, _, _ uint8) { In8(out, x, &t) }, func(u uint64) uint8 { return uint8(u) })
}

func BenchmarkIn16(b *testing.B) {
	set := make([]uint64, RowWords)
	benchRange(b, 2, func(out []uint64, x []uint16, _, _ uint16) { In16(out, x, set) }, func(u uint64) uint16 { return uint16(u) })
}

func benchRows(b *testing.B, f func(rows []uint16)) {
	rows := make([]uint16, Rows)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range rows {
		rows[i] = uint16(rng.Uint64())
	}
	b.SetBytes(2 * Rows)
	for b.Loop() {
		f(rows)
	}
}

func BenchmarkCount8(b *testing.B) {
	var acc [Rows]uint8
	benchRows(b, func(rows []uint16) { Count8(&acc, rows) })
}

func BenchmarkCount16(b *testing.B) {
	var acc [Rows]uint16
	benchRows(b, func(rows []uint16) { Count16(&acc, rows) })
}

func BenchmarkSum32(b *testing.B) {
	var acc [Rows]int64
	x := make([]uint32, Rows)
	benchRows(b, func(rows []uint16) { Sum32(&acc, rows, x, 1) })
}

func BenchmarkSetRows(b *testing.B) {
	var out [RowWords]uint64
	benchRows(b, func(rows []uint16) { SetRows(&out, rows) })
}

func BenchmarkAndCount(b *testing.B) {
	x, y := make([]uint64, RowWords), make([]uint64, RowWords)
	n := 0
	b.SetBytes(2 * 8 * RowWords)
	for b.Loop() {
		n += AndCount(x, y)
	}
}
