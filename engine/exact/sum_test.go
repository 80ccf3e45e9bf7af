package exact

import (
	"errors"
	"math"
	"math/big"
	"math/rand"
	"testing"
)

// bigSum is the obviously right sum: enough bits for every FLOAT, rounded once.
func bigSum(terms []float64) float64 {
	sum := new(big.Float).SetPrec(4096)
	for _, f := range terms {
		sum.Add(sum, new(big.Float).SetPrec(4096).SetFloat64(f))
	}
	f, _ := sum.Float64()
	return f
}

func randomFloat(r *rand.Rand) float64 {
	switch r.Intn(5) {
	case 0:
		return math.Float64frombits(r.Uint64() &^ (0x7ff << 52)) // denormal
	case 1:
		return float64(r.Int63n(2000)-1000) / 100
	case 2:
		return -math.Ldexp(r.Float64(), r.Intn(100))
	}
	for {
		if f := math.Float64frombits(r.Uint64()); f == f && math.Abs(f) < 1e307 {
			return f
		}
	}
}

func checkSum(t *testing.T, r *rand.Rand, terms []float64) {
	t.Helper()
	var whole FloatSum
	parts := make([]FloatSum, 3)
	for _, f := range terms {
		whole.Add(f)
		parts[r.Intn(3)].Add(f)
	}
	want := bigSum(terms)
	got, err := whole.Float64()
	if math.IsInf(want, 0) {
		if !errors.Is(err, ErrOverflow) {
			t.Fatalf("sum of %v = %v, want an overflow", terms, got)
		}
		return
	}
	if err != nil || got != want {
		t.Fatalf("sum of %v = %v, %v; want %v", terms, got, err, want)
	}
	parts[0].Merge(&parts[1])
	parts[2].Merge(&parts[0])
	if merged, err := parts[2].Float64(); err != nil || merged != want {
		t.Fatalf("merged sum = %v, %v; want %v", merged, err, want)
	}
	if again, err := whole.Float64(); err != nil || again != want {
		t.Fatalf("asked twice: %v, %v; want %v", again, err, want)
	}
}

func TestFloatSumAgainstBig(t *testing.T) {
	seed := rand.Int63()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewSource(seed))
	for range 3000 {
		terms := make([]float64, r.Intn(40))
		for i := range terms {
			terms[i] = randomFloat(r)
			if i > 0 && r.Intn(3) == 0 {
				terms[i] = -terms[r.Intn(i)] // cancellation
			}
		}
		checkSum(t, r, terms)
	}
}

func TestFloatSumCases(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for _, terms := range [][]float64{
		{}, {0}, {math.Copysign(0, -1)}, {5e-324}, {-5e-324}, {5e-324, 5e-324}, {1, 1e100, 1, -1e100},
		{math.MaxFloat64, math.MaxFloat64, -math.MaxFloat64}, {math.MaxFloat64, math.Ldexp(1, 970)},
		{math.MaxFloat64, math.Ldexp(1, 969)}, {1, math.Ldexp(1, -53)}, {1, math.Ldexp(1, -53), 5e-324},
		{2.2250738585072014e-308, -5e-324}, {0.1, 0.2, -0.3}, {1 << 53, 1}, {1 << 53, 3},
	} {
		checkSum(t, r, terms)
	}
	var s FloatSum
	s.Add(math.Inf(1))
	if f, err := s.Float64(); err != nil || !math.IsInf(f, 1) {
		t.Errorf("inf: %v, %v", f, err)
	}
	s.Add(math.Inf(-1))
	if _, err := s.Float64(); !errors.Is(err, ErrNaN) {
		t.Errorf("inf − inf: %v", err)
	}
}

// TestFloatSumCarry forces the carry that otherwise comes after 2^30 terms.
func TestFloatSumCarry(t *testing.T) {
	var s FloatSum
	for range 1000 {
		s.Add(math.Nextafter(1, 2))
		s.pending = maxPending - 1
		s.Add(-0.5)
	}
	terms := []float64{}
	for range 1000 {
		terms = append(terms, math.Nextafter(1, 2), -0.5)
	}
	if got, err := s.Float64(); err != nil || got != bigSum(terms) {
		t.Fatalf("%v, %v; want %v", got, err, bigSum(terms))
	}
}

// TestFloatSumCarryInTime has a digit that the next term would overflow.
func TestFloatSumCarryInTime(t *testing.T) {
	var s FloatSum
	s.Add(0)
	const digit = 40
	s.digit[digit], s.pending = math.MaxInt64-10, maxPending-1
	term := math.Ldexp(1<<20, digit*digitBits-1074)
	s.Add(term)
	want := math.Ldexp(math.MaxInt64, digit*digitBits-1074) + term
	if got, err := s.Float64(); err != nil || got != want {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}

func TestMean(t *testing.T) {
	var s FloatSum
	for _, f := range []float64{0.1, 0.2, 0.4} {
		s.Add(f)
	}
	want, _ := new(big.Rat).Quo(ratSum(0.1, 0.2, 0.4), big.NewRat(3, 1)).Float64()
	if got, err := s.Mean(3); err != nil || got != want {
		t.Errorf("mean = %v, %v; want %v", got, err, want)
	}
}

func ratSum(terms ...float64) *big.Rat {
	sum := new(big.Rat)
	for _, f := range terms {
		sum.Add(sum, new(big.Rat).SetFloat64(f))
	}
	return sum
}

func BenchmarkFloatSum(b *testing.B) {
	var s FloatSum
	for i := range b.N {
		s.Add(float64(i) * 1.37)
	}
}
