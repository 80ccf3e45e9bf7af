package exact

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// randomTerm returns integers, decimals and quotients, small and near the ends of 128 bits.
func randomTerm(rng *rand.Rand) Number {
	n := Int(rng.Int64N(2000) - 1000)
	switch rng.IntN(4) {
	case 0:
		n = Int128{Hi: rng.Int64() - rng.Int64(), Lo: rng.Uint64()}
	case 1:
		n = Int(rng.Int64() - rng.Int64())
	}
	switch rng.IntN(3) {
	case 0:
		return Decimal(n, uint8(rng.IntN(5)))
	case 1:
		return Decimal(n, 2)
	}
	x, err := Ratio(n, Int(1+rng.Int64N(12)), uint8(rng.IntN(3)))
	if err != nil {
		return Decimal(n, 0)
	}
	return x
}

// TestSum holds sums, split and merged by way of their bytes, against math/big.
func TestSum(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		want := new(big.Rat)
		parts := make([]Sum, 1+rng.IntN(3))
		terms := 1 + rng.IntN(40)
		for range terms {
			x := randomTerm(rng)
			want.Add(want, x.rat())
			parts[rng.IntN(len(parts))].Add(x)
		}
		total := &Sum{}
		for i := range parts {
			p, err := ReadSum(parts[i].Append(nil))
			if err != nil {
				t.Fatal(err)
			}
			total.Merge(p)
		}
		checkTotal(t, total, want)
		mean, err := total.Mean(uint64(terms))
		checkNumber(t, mean, err, want.Quo(want, new(big.Rat).SetInt64(int64(terms))))
	}
}

func checkTotal(t *testing.T, s *Sum, want *big.Rat) {
	t.Helper()
	got, err := s.Value()
	checkNumber(t, got, err, want)
}

// checkNumber accepts the exact value, the nearest decimal where that does not fit, and an error where the
// whole part does not.
func checkNumber(t *testing.T, got Number, err error, want *big.Rat) {
	t.Helper()
	exactly, fits := fromRat(want)
	switch {
	case fits == nil && err == nil && Cmp(got, exactly) == 0:
	case fits != nil && err == nil:
		off := new(big.Rat).Sub(got.rat(), want)
		step := new(big.Rat).SetFrac64(1, 2)
		step.Quo(step, new(big.Rat).SetInt(pow10[got.Scale()].Big()))
		if off.Abs(off).Cmp(step) > 0 {
			t.Fatalf("got %s, want %s", got, want.FloatString(20))
		}
	case err != nil && new(big.Rat).Abs(want).Cmp(new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), 112))) > 0: // with decimals
	default:
		t.Fatalf("got %s (%v), want %s", got, err, want.FloatString(20))
	}
}

// TestSumLeaves128: a sum may leave 128 bits on its way.
func TestSumLeaves128(t *testing.T) {
	most := Int128{Hi: math.MaxInt64, Lo: math.MaxUint64}
	minus, _ := most.Neg()
	s := &Sum{}
	for range 3 {
		s.AddDecimal(most, 2)
	}
	if _, err := s.Value(); !errors.Is(err, ErrOverflow) {
		t.Fatalf("three times the greatest number is %v", err)
	}
	s.AddDecimal(minus, 2)
	s.AddDecimal(minus, 2)
	if x, err := s.Value(); err != nil || Cmp(x, Decimal(most, 2)) != 0 {
		t.Fatalf("got %s (%v)", x, err)
	}
}

// TestCanonical: equal numbers have equal bytes, others differ, and both are read back.
func TestCanonical(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	numbers := make([]Number, 400)
	for i := range numbers {
		numbers[i] = randomTerm(rng)
	}
	for _, x := range numbers {
		b := x.AppendCanonical(nil)
		back, rest, err := ReadCanonical(b)
		if err != nil || len(rest) > 0 || Cmp(back, x) != 0 {
			t.Fatalf("%s is read back as %s (%v)", x, back, err)
		}
		for _, y := range numbers {
			if bytes.Equal(b, y.AppendCanonical(nil)) != (Cmp(x, y) == 0) {
				t.Fatalf("%s and %s: bytes %x and %x", x, y, b, y.AppendCanonical(nil))
			}
		}
	}
}

// FuzzStates: bytes from elsewhere are read or refused, and what is read is written again.
func FuzzStates(f *testing.F) {
	s, g := &Sum{}, &FloatSum{}
	s.Add(Decimal(Int(5), 2))
	s.Add(Decimal(Int(5), 3))
	g.Add(0.1)
	g.Add(math.Inf(1))
	f.Add(s.Append(nil))
	f.Add(g.Append(nil))
	f.Add(Decimal(Int(5), 2).AppendCanonical(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := ReadSum(b); err == nil {
			if again, err := ReadSum(s.Append(nil)); err != nil || again.rat().Cmp(s.rat()) != 0 {
				t.Fatal("a sum changed")
			}
		}
		if s, err := ReadFloatSum(b); err == nil {
			x, err1 := s.Float64()
			y, err2 := s.Float64()
			if !errors.Is(err1, err2) || x != y {
				t.Fatal("a sum changed")
			}
		}
		if x, _, err := ReadCanonical(b); err == nil {
			if y, _, err := ReadCanonical(x.AppendCanonical(nil)); err != nil || Cmp(x, y) != 0 {
				t.Fatal("a number changed")
			}
		}
	})
}
