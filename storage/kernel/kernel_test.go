package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
)

// lengths are those at which a loop over words, bytes or lanes may go wrong.
var lengths = []int{0, 1, 2, 3, 7, 8, 9, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1023, 1024, 1025, 65535, 65536}

// offsets start a slice off any alignment.
var offsets = []int{0, 1, 3, 7}

type value interface {
	uint8 | uint16 | uint32 | uint64 | float64
}

// reference is the one-row version of every test into words.
func reference(n int, test func(i int) bool) []uint64 {
	out := make([]uint64, Words(n))
	for i := range n {
		if test(i) {
			out[i>>6] |= 1 << (i & 63)
		}
	}
	return out
}

// check runs f on a buffer of garbage with guard words behind and compares with the reference.
func check(t *testing.T, what string, n int, f func(out []uint64), test func(i int) bool) {
	t.Helper()
	const guard = 0xdeadbeefdeadbeef
	buf := make([]uint64, Words(n)+2)
	for i := range buf {
		buf[i] = guard
	}
	f(buf)
	for i, w := range reference(n, test) {
		if buf[i] != w {
			t.Fatalf("%s n=%d: word %d is %064b, want %064b", what, n, i, buf[i], w)
		}
	}
	if buf[Words(n)] != guard || buf[Words(n)+1] != guard {
		t.Fatalf("%s n=%d: wrote beyond its words", what, n)
	}
}

func random[T value](rng *rand.Rand, n int, edges []T, of func(uint64) T) []T {
	x := make([]T, n)
	for i := range x {
		if rng.IntN(3) == 0 {
			x[i] = edges[rng.IntN(len(edges))]
		} else {
			x[i] = of(rng.Uint64())
		}
	}
	return x
}

func testRange[T value](t *testing.T, f func([]uint64, []T, T, T), edges []T, of func(uint64) T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, n := range lengths {
		for _, off := range offsets {
			x := random(rng, n+off, edges, of)[off:]
			for range 12 {
				b := random(rng, 2, edges, of)
				check(t, fmt.Sprintf("%v..%v", b[0], b[1]), n,
					func(out []uint64) { f(out, x, b[0], b[1]) },
					func(i int) bool { return b[0] <= x[i] && x[i] <= b[1] })
			}
		}
	}
}

// testRanges tests the version of this CPU and the portable one.
func testRanges[T value](t *testing.T, f, portable func([]uint64, []T, T, T), edges []T, of func(uint64) T) {
	testRange(t, f, edges, of)
	testRange(t, portable, edges, of)
}

func TestRange8(t *testing.T) {
	testRanges(t, Range8, range8Go, []uint8{0, 1, 127, 128, 129, 254, 255}, func(u uint64) uint8 { return uint8(u) })
}

// TestRange8All holds every pair of bounds against every value.
func TestRange8All(t *testing.T) {
	x := make([]uint8, 256)
	for i := range x {
		x[i] = uint8(i)
	}
	for lo := range 256 {
		for hi := range 256 {
			check(t, fmt.Sprintf("%d..%d", lo, hi), 256,
				func(out []uint64) { Range8(out, x, uint8(lo), uint8(hi)) },
				func(i int) bool { return lo <= i && i <= hi })
		}
	}
}

func TestRange16(t *testing.T) {
	testRanges(t, Range16, range16Go, []uint16{0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff}, func(u uint64) uint16 { return uint16(u) })
}

func TestRange32(t *testing.T) {
	testRanges(t, Range32, range32Go, []uint32{0, 1, 1<<31 - 1, 1 << 31, math.MaxUint32 - 1, math.MaxUint32}, func(u uint64) uint32 { return uint32(u) })
}

func TestRange64(t *testing.T) {
	testRanges(t, Range64, range64Go, []uint64{0, 1, 1<<63 - 1, 1 << 63, math.MaxUint64 - 1, math.MaxUint64}, func(u uint64) uint64 { return u })
}

func TestRangeF64(t *testing.T) {
	edges := []float64{
		math.Inf(-1), -math.MaxFloat64, -1, -math.SmallestNonzeroFloat64, math.Copysign(0, -1), 0,
		math.SmallestNonzeroFloat64, 1, math.MaxFloat64, math.Inf(1),
	}
	testRanges(t, RangeF64, rangeF64Go, edges, func(u uint64) float64 {
		f := math.Float64frombits(u)
		if f != f {
			return 0.5
		}
		return f
	})
}

func TestRangeI64(t *testing.T) {
	edges := []int64{math.MinInt64, -1, 0, 1, math.MaxInt64}
	for _, n := range []int{0, 1, 63, 64, 65, 1025} {
		x := make([]int64, n)
		for i := range x {
			x[i] = edges[(i*7)%5]
		}
		for _, lo := range edges {
			for _, hi := range edges {
				check(t, fmt.Sprintf("%d..%d", lo, hi), n,
					func(out []uint64) { RangeI64(out, x, lo, hi) },
					func(i int) bool { return lo <= x[i] && x[i] <= hi })
			}
		}
	}
}

func TestIn(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 2))
	for _, n := range lengths {
		for _, off := range offsets {
			testIn8(t, rng, n, off)
			testInBits(t, rng, n, off)
		}
	}
}

func testIn8(t *testing.T, rng *rand.Rand, n, off int) {
	t.Helper()
	var table Table8
	for i := range table {
		table[i] = uint8(rng.IntN(2))
	}
	x := random(rng, n+off, []uint8{0, 255}, func(u uint64) uint8 { return uint8(u) })[off:]
	for _, f := range []func([]uint64, []uint8, *Table8){In8, in8Go} {
		check(t, "in8", n, func(out []uint64) { f(out, x, &table) }, func(i int) bool { return table[x[i]] == 1 })
	}
}

func testInBits(t *testing.T, rng *rand.Rand, n, off int) {
	t.Helper()
	set := make([]uint64, rng.IntN(1025))
	for i := range set {
		set[i] = rng.Uint64()
	}
	has := func(c int) bool { return c>>6 < len(set) && set[c>>6]>>(c&63)&1 == 1 }
	x := random(rng, n+off, []uint16{0, 65535}, func(u uint64) uint16 { return uint16(u) })[off:]
	check(t, "in16", n, func(out []uint64) { In16(out, x, set) }, func(i int) bool { return has(int(x[i])) })
	y := random(rng, n+off, []uint32{0, math.MaxUint32}, func(u uint64) uint32 { return uint32(u) >> 14 })[off:]
	check(t, "in32", n, func(out []uint64) { In32(out, y, set) }, func(i int) bool { return has(int(y[i])) })
}

func TestWords(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	for _, n := range lengths {
		x, y := randomWords(rng, n), randomWords(rng, n)
		bit := func(w []uint64) func(int) bool { return func(i int) bool { return w[i>>6]>>(i&63)&1 == 1 } }
		xb, yb := bit(x), bit(y)
		binary := func(name string, f func(dst, x []uint64), test func(i int) bool) {
			check(t, name, n, func(out []uint64) { copy(out, x); f(out[:Words(n)], y) }, test)
		}
		binary("and", And, func(i int) bool { return xb(i) && yb(i) })
		binary("or", Or, func(i int) bool { return xb(i) || yb(i) })
		binary("andnot", AndNot, func(i int) bool { return xb(i) && !yb(i) })
		check(t, "not", n, func(out []uint64) { NotOf(out, x, n) }, func(i int) bool { return !xb(i) })
		check(t, "fill", n, func(out []uint64) { Fill(out, n) }, func(int) bool { return true })
		testCounts(t, n, x, y)
	}
}

func testCounts(t *testing.T, n int, x, y []uint64) {
	t.Helper()
	cx, cand, cnot := 0, 0, 0
	rows := []uint16{}
	for i := range n {
		a, b := int(x[i>>6]>>(i&63)&1), int(y[i>>6]>>(i&63)&1)
		cx, cand, cnot = cx+a, cand+a*b, cnot+a*(1-b)
		if a == 1 {
			rows = append(rows, uint16(i))
		}
	}
	if Count(x) != cx || AndCount(x, y) != cand || AndNotCount(x, y) != cnot || Any(x) != (cx > 0) {
		t.Fatalf("n=%d: counts are %d %d %d %v, want %d %d %d", n, Count(x), AndCount(x, y), AndNotCount(x, y), Any(x), cx, cand, cnot)
	}
	if got := AppendRows([]uint16{}, x); fmt.Sprint(got) != fmt.Sprint(rows) {
		t.Fatalf("n=%d: AppendRows differs", n)
	}
}

func randomWords(rng *rand.Rand, n int) []uint64 {
	x := make([]uint64, Words(n))
	for i := range x {
		switch rng.IntN(4) {
		case 0:
			x[i] = ^uint64(0)
		case 1:
		default:
			x[i] = rng.Uint64()
		}
	}
	Trim(x, n)
	return x
}

// TestAccumulate holds every accumulator against one event at a time.
func TestAccumulate(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 4))
	for _, n := range lengths {
		rows := make([]uint16, n)
		for i := range rows {
			rows[i] = uint16(rng.IntN(1 << (1 + rng.IntN(16))))
			if i > 0 && rng.IntN(4) == 0 {
				rows[i] = rows[i-1]
			}
		}
		sel := randomWords(rng, n)
		testCount(t, "8", rows, sel, Count8, Count8Sel)
		testCount(t, "16", rows, sel, Count16, Count16Sel)
		testCount(t, "32", rows, sel, Count32, Count32Sel)
		testSum(t, rng, rows, sel, Sum8, Sum8Sel, Min8Sel, Max8Sel)
		testSum(t, rng, rows, sel, Sum16, Sum16Sel, Min16Sel, Max16Sel)
		testSum(t, rng, rows, sel, Sum32, Sum32Sel, Min32Sel, Max32Sel)
		testSum(t, rng, rows, sel, Sum64, Sum64Sel, Min64Sel, Max64Sel)
		testRowBits(t, rng, rows, sel)
	}
}

func selected(sel []uint64, i int) bool { return sel == nil || sel[i>>6]>>(i&63)&1 == 1 }

func testCount[T value](t *testing.T, name string, rows []uint16, sel []uint64, all func(*[Rows]T, []uint16), some func(*[Rows]T, []uint16, []uint64)) {
	t.Helper()
	var got, want [Rows]T
	all(&got, rows)
	some(&got, rows, sel)
	for i, r := range rows {
		want[r]++
		if selected(sel, i) {
			want[r]++
		}
	}
	if got != want {
		t.Fatalf("Count%s n=%d differs", name, len(rows))
	}
}

func testSum[T uint8 | uint16 | uint32 | uint64](t *testing.T, rng *rand.Rand, rows []uint16, sel []uint64,
	sum func(*[Rows]int64, []uint16, []T, int64), some, lowest, highest func(*[Rows]int64, []uint16, []T, int64, []uint64)) {
	t.Helper()
	x := make([]T, len(rows))
	for i := range x {
		x[i] = T(rng.Uint64() >> 24)
	}
	base := rng.Int64N(2000) - 1000
	type accs struct{ sum, low, high [Rows]int64 }
	got, want := new(accs), new(accs)
	for i := range Rows {
		got.low[i], want.low[i] = math.MaxInt64, math.MaxInt64
		got.high[i], want.high[i] = math.MinInt64, math.MinInt64
	}
	sum(&got.sum, rows, x, base)
	some(&got.sum, rows, x, base, sel)
	SumConst(&got.sum, rows, -5, sel)
	lowest(&got.low, rows, x, base, sel)
	highest(&got.high, rows, x, base, sel)
	for i, r := range rows {
		v := base + int64(x[i])
		want.sum[r] += v
		if selected(sel, i) {
			want.sum[r] += v - 5
			want.low[r], want.high[r] = min(want.low[r], v), max(want.high[r], v)
		}
	}
	if *got != *want {
		t.Fatalf("sums of %T n=%d differ", x, len(rows))
	}
}

func testRowBits(t *testing.T, rng *rand.Rand, rows []uint16, sel []uint64) {
	t.Helper()
	var got, want, src [RowWords]uint64
	SetRowsSel(&got, rows, sel)
	for i, r := range rows {
		if selected(sel, i) {
			want[r>>6] |= 1 << (r & 63)
		}
	}
	if got != want {
		t.Fatalf("SetRowsSel n=%d differs", len(rows))
	}
	SetRows(&got, rows)
	for _, r := range rows {
		want[r>>6] |= 1 << (r & 63)
	}
	if got != want {
		t.Fatalf("SetRows n=%d differs", len(rows))
	}
	for i := range src {
		src[i] = rng.Uint64()
	}
	check(t, "gather bits", len(rows), func(out []uint64) { GatherBits(out, &src, rows) },
		func(i int) bool { return src[rows[i]>>6]>>(rows[i]&63)&1 == 1 })
}

func TestGather(t *testing.T) {
	src8, src64, srcF := make([]uint8, Rows), make([]uint64, Rows), make([]float64, Rows)
	for i := range Rows {
		src8[i], src64[i], srcF[i] = uint8(i*7), uint64(i)*12345, float64(i)/3
	}
	rows := []uint16{0, 65535, 7, 7, 256}
	d8, d64, dF := make([]uint8, 5), make([]uint64, 5), make([]float64, 5)
	Gather8(d8, src8, rows)
	Gather64(d64, src64, rows)
	GatherF64(dF, srcF, rows)
	for i, r := range rows {
		if d8[i] != src8[r] || d64[i] != src64[r] || dF[i] != srcF[r] {
			t.Fatalf("row %d differs", r)
		}
	}
}

// TestGenerated holds that the committed kernels are what gen writes.
func TestGenerated(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("go", "run", "./gen", dir).CombinedOutput(); err != nil {
		t.Skipf("go run ./gen: %v %s", err, out)
	}
	for _, name := range []string{"zcompare.go", "zaccum.go"} {
		got, _ := os.ReadFile(name)
		want, err := os.ReadFile(dir + "/" + name)
		if err != nil || string(got) != string(want) {
			t.Fatalf("%s is stale: run go generate ./storage/kernel (%v)", name, err)
		}
	}
}
