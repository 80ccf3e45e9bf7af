package digits

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// edges are numbers with a change of length beside them.
func edges() (all []uint64) {
	all = append(all, 0, 1, math.MaxInt64, math.MaxInt64+1, math.MaxUint64)
	for _, p := range powers {
		all = append(all, p-1, p, p+1)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		all = append(all, rng.Uint64()>>rng.IntN(64))
	}
	return all
}

func TestIntegers(t *testing.T) {
	for _, v := range edges() {
		if got, want := string(AppendUint([]byte("x"), v)), "x"+strconv.FormatUint(v, 10); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
		if got, want := string(AppendInt(nil, int64(v))), strconv.FormatInt(int64(v), 10); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
		if got, want := Len(v), len(strconv.FormatUint(v, 10)); got != want {
			t.Fatalf("Len(%d) is %d, want %d", v, got, want)
		}
	}
}

// slowDecimal places the point in the digits as text.
func slowDecimal(v int64, scale int) string {
	d := new(big.Int).Abs(big.NewInt(v)).String()
	if len(d) <= scale {
		d = strings.Repeat("0", scale-len(d)+1) + d
	}
	if scale > 0 {
		d = d[:len(d)-scale] + "." + d[len(d)-scale:]
	}
	if v < 0 {
		d = "-" + d
	}
	return d
}

func TestDecimals(t *testing.T) {
	for scale := range MaxScale + 1 {
		for _, u := range edges() {
			v := int64(u)
			if got, want := string(AppendDecimal(nil, v, uint8(scale))), slowDecimal(v, scale); got != want {
				t.Fatalf("%d with %d decimals is %s, want %s", v, scale, got, want)
			}
		}
	}
}

func BenchmarkAppendUint(b *testing.B) {
	buf := make([]byte, 0, 32)
	for i := range b.N {
		buf = AppendUint(buf[:0], 10_000_000_000+uint64(i))
	}
}
