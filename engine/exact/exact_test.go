package exact

import (
	"errors"
	"math"
	"math/big"
	"math/rand"
	"testing"

	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// corners are the 128-bit integers at which carries, signs and word borders go wrong.
func corners() []Int128 {
	out := []Int128{{math.MinInt64, 0}, {math.MinInt64, 1}, {math.MaxInt64, math.MaxUint64}}
	for _, v := range []int64{0, 1, 2, 5, 9, 10, 11, 1<<32 - 1, 1 << 32, 1 << 53, math.MaxInt64 - 1, math.MaxInt64} {
		for _, hi := range []int64{0, 1, -1, 1 << 31, 1 << 62} {
			out = append(out, Int128{hi, uint64(v)}, Int128{hi, uint64(-v)})
		}
	}
	return out
}

func randomInt(r *rand.Rand) Int128 {
	if r.Intn(4) == 0 {
		c := corners()
		return c[r.Intn(len(c))]
	}
	x := Int128{int64(r.Uint64()), r.Uint64()}
	n := r.Intn(128)
	if n >= 64 {
		return Int(x.Hi >> (n - 64))
	}
	x.Hi >>= n
	return x
}

func checkInt(t *testing.T, name string, x, y, got Int128, ok bool, want *big.Int) {
	t.Helper()
	exp, fits := FromBig(want)
	if ok != fits || ok && got != exp {
		t.Fatalf("%s(%v, %v) = %v, %v; want %v, %v", name, x, y, got, ok, want, fits)
	}
}

func checkInts(t *testing.T, x, y Int128) {
	t.Helper()
	a, b := x.Big(), y.Big()
	got, ok := x.Add(y)
	checkInt(t, "add", x, y, got, ok, new(big.Int).Add(a, b))
	got, ok = x.Sub(y)
	checkInt(t, "sub", x, y, got, ok, new(big.Int).Sub(a, b))
	got, ok = x.Mul(y)
	checkInt(t, "mul", x, y, got, ok, new(big.Int).Mul(a, b))
	if y.Sign() != 0 {
		got, ok = x.QuoRound(y)
		n, d := a, b
		if b.Sign() < 0 {
			n, d = new(big.Int).Neg(a), new(big.Int).Neg(b)
		}
		checkInt(t, "quo", x, y, got, ok, quoRoundBig(n, d))
		q, r := x.abs().quoRem(y.abs())
		back, fits := q.mul(y.abs())
		if !fits || r.cmp(y.abs()) >= 0 || back.add(r) != x.abs() {
			t.Fatalf("quoRem(%v, %v) = %v, %v", x, y, q, r)
		}
	}
	if x.Cmp(y) != a.Cmp(b) || x.String() != a.String() {
		t.Fatalf("cmp or text of %v, %v", x, y)
	}
}

func TestInt128AgainstBig(t *testing.T) {
	for _, x := range corners() {
		for _, y := range corners() {
			checkInts(t, x, y)
		}
	}
	seed := rand.Int63()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewSource(seed))
	for range 100_000 {
		checkInts(t, randomInt(r), randomInt(r))
	}
}

func randomNumber(r *rand.Rand) Number {
	switch r.Intn(6) {
	case 0:
		return FromFloat(math.Ldexp(float64(r.Int63n(2000)-1000), r.Intn(20)-10))
	case 1:
		q, err := Div(FromInt(r.Int63n(2000)-1000), FromInt(r.Int63n(50)+1))
		if err != nil {
			panic(err)
		}
		return q
	case 2:
		return Decimal(randomInt(r), uint8(r.Intn(MaxScale+1)))
	}
	return Decimal(Int(r.Int63n(100_000)-50_000), uint8(r.Intn(5)))
}

func checkNumbers(t *testing.T, x, y Number) {
	t.Helper()
	a, b := x.rat(), y.rat()
	if Cmp(x, y) != a.Cmp(b) || Cmp(y, x) != b.Cmp(a) {
		t.Fatalf("cmp(%v, %v) = %d, want %d", x, y, Cmp(x, y), a.Cmp(b))
	}
	if x.Float() || y.Float() {
		return
	}
	ops := []struct {
		name string
		op   func(x, y Number) (Number, error)
		want func(z, x, y *big.Rat) *big.Rat
	}{{"add", Add, (*big.Rat).Add}, {"sub", Sub, (*big.Rat).Sub}, {"mul", Mul, (*big.Rat).Mul}, {"div", Div, (*big.Rat).Quo}}
	for _, o := range ops {
		got, err := o.op(x, y)
		if o.name == "div" && y.Sign() == 0 {
			if !errors.Is(err, ErrDivision) {
				t.Fatalf("%v / 0 = %v, %v", x, got, err)
			}
			continue
		}
		want := o.want(new(big.Rat), a, b)
		if err != nil {
			if x.form == decimal && y.form == decimal && o.name != "div" && fitsDecimal(want) || fitsRatio(want) {
				t.Fatalf("%s(%v, %v): %v, but %v fits", o.name, x, y, err, want)
			}
			continue
		}
		if got.rat().Cmp(want) != 0 {
			t.Fatalf("%s(%v, %v) = %v, want %v", o.name, x, y, got, want)
		}
	}
}

// fitsDecimal says whether a value is a 128-bit integer over a power of ten.
func fitsDecimal(v *big.Rat) bool {
	for s := range MaxScale + 1 {
		r := new(big.Rat).Mul(v, new(big.Rat).SetInt(pow10[s].Big()))
		if _, ok := FromBig(r.Num()); r.IsInt() && ok {
			return true
		}
	}
	return false
}

// fitsRatio says whether a value with a denominator that no decimal has fits a quotient.
func fitsRatio(v *big.Rat) bool {
	rest := new(big.Int).Set(v.Denom())
	for _, p := range []int64{2, 5} {
		for f, r := big.NewInt(p), new(big.Int); r.Rem(rest, f).Sign() == 0; {
			rest.Quo(rest, f)
		}
	}
	_, ok := FromBig(v.Num())
	_, ok2 := FromBig(v.Denom())
	return ok && ok2 && rest.BitLen() > 1
}

func TestNumbersAgainstBig(t *testing.T) {
	seed := rand.Int63()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewSource(seed))
	for range 50_000 {
		x, y := randomNumber(r), randomNumber(r)
		checkNumbers(t, x, y)
		checkFloat64(t, x)
		checkRound(t, x, r.Intn(50)-10)
	}
}

func checkFloat64(t *testing.T, x Number) {
	t.Helper()
	if want, _ := x.rat().Float64(); x.Float64() != want {
		t.Fatalf("%v as FLOAT = %v, want %v", x, x.Float64(), want)
	}
}

func checkRound(t *testing.T, x Number, decimals int) {
	t.Helper()
	got, err := x.Round(decimals)
	if err != nil || x.Float() || decimals > MaxScale {
		return
	}
	want, err := roundRat(x.rat(), decimals)
	if err == nil && Cmp(got, want) != 0 {
		t.Fatalf("round(%v, %d) = %v, want %v", x, decimals, got, want)
	}
}

func TestRound(t *testing.T) {
	for _, c := range []struct {
		in       string
		decimals int
		want     string
	}{
		{"2.5", 0, "3"}, {"-2.5", 0, "-3"}, {"2.4999", 0, "2"}, {"1250", -2, "1300"}, {"-1250", -2, "-1300"},
		{"0.005", 2, "0.01"}, {"1.5", 3, "1.5"}, {"49", -2, "0"}, {"7", -40, "0"}, {"0.00", 1, "0.0"},
	} {
		x, err := Parse(c.in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := x.Round(c.decimals)
		if err != nil || got.String() != c.want {
			t.Errorf("round(%s, %d) = %v, %v; want %s", c.in, c.decimals, got, err, c.want)
		}
	}
	for _, c := range []struct {
		in       float64
		decimals int
		want     float64
	}{{2.5, 0, 3}, {-2.5, 0, -3}, {0.15, 1, 0.1}, {0.25, 1, 0.3}, {1e300, 2, 1e300}, {1234, -2, 1200}} {
		got, err := FromFloat(c.in).Round(c.decimals)
		if err != nil || got.Float64() != c.want {
			t.Errorf("round(%v, %d) = %v, want %v", c.in, c.decimals, got, c.want)
		}
	}
}

func TestCmpDecimalWithFloat(t *testing.T) {
	tenth := Decimal(Int(1), 1)
	if Cmp(tenth, FromFloat(0.1)) != -1 || Cmp(FromFloat(0.1), tenth) != 1 {
		t.Error("the FLOAT 0.1 is a little more than 0.1")
	}
	if Cmp(Decimal(Int(5), 1), FromFloat(0.5)) != 0 {
		t.Error("0.5 is 0.5")
	}
	big53 := FromInt(1<<53 + 1)
	if Cmp(big53, FromFloat(1<<53)) != 1 {
		t.Error("2^53+1 is more than the FLOAT 2^53")
	}
	if Cmp(FromInt(1), FromFloat(math.Inf(1))) != -1 || Cmp(FromFloat(math.Inf(-1)), FromInt(math.MinInt64)) != -1 {
		t.Error("infinities lie outside")
	}
}

func TestParseAndPrint(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"0", "0"}, {"-0", "0"}, {"+7", "7"}, {"1.50", "1.50"}, {"-0.05", "-0.05"}, {".5", "0.5"}, {"5.", "5"},
		{"15e-1", "1.5"}, {"1e3", "1000"}, {"1.5E2", "150"}, {"100e-2", "1.00"}, {"0.000", "0.000"}, {"00012", "12"},
		{"9223372036854775807", "9223372036854775807"}, {"-9223372036854775808", "-9223372036854775808"},
		{"170141183460469231731687303715884105727", "170141183460469231731687303715884105727"},
		{"1.0000000000000000000000000000000000000000000000", "1.00000000000000000000000000000000000000"},
		{"0e99999999999", "0"}, {"123456789.123456789123456789", "123456789.123456789123456789"},
	} {
		got, err := Parse(c.in)
		if err != nil || got.String() != c.want {
			t.Errorf("Parse(%q) = %v, %v; want %s", c.in, got, err, c.want)
		}
	}
	for _, in := range []string{"", "-", ".", "1,5", "1 ", " 1", "0x1", "1e", "1e+", "e5", "1.2.3", "inf", "NaN", "1_000", "--1", "1e5x"} {
		if got, err := Parse(in); !errors.Is(err, ErrSyntax) {
			t.Errorf("Parse(%q) = %v, %v; want a syntax error", in, got, err)
		}
	}
	for _, in := range []string{"170141183460469231731687303715884105728", "1e39", "1e-39", "1e999999999999999999", "1234567890123456789012345678901234567890123"} {
		if got, err := Parse(in); !errors.Is(err, ErrOverflow) {
			t.Errorf("Parse(%q) = %v, %v; want an overflow", in, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1.5", "-12e-3", "0.000", "1000000000000000000000e-20", "1e38", ".5e1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x, err := Parse(s)
		if err != nil {
			return
		}
		if len(s) < 300 {
			want, ok := new(big.Rat).SetString(s)
			if ok && want.Cmp(x.rat()) != 0 {
				t.Fatalf("Parse(%q) = %v", s, x)
			}
		}
		back, err := Parse(x.String())
		if err != nil || Cmp(x, back) != 0 || back.Scale() != x.Scale() {
			t.Fatalf("%q prints as %q, which reads as %v, %v", s, x.String(), back, err)
		}
		if f, err := ParseFloat(s); err == nil && len(s) < 300 && f != x.Float64() {
			t.Fatalf("ParseFloat(%q) = %v, exact %v", s, f, x.Float64())
		}
	})
}

func FuzzArith(f *testing.F) {
	f.Add(int64(1), uint64(2), int64(0), uint64(3), uint8(2), uint8(0))
	f.Add(int64(math.MinInt64), uint64(0), int64(-1), uint64(math.MaxUint64), uint8(38), uint8(1))
	f.Fuzz(func(t *testing.T, h1 int64, l1 uint64, h2 int64, l2 uint64, s1, s2 uint8) {
		x, y := Int128{h1, l1}, Int128{h2, l2}
		checkInts(t, x, y)
		checkNumbers(t, Decimal(x, s1%(MaxScale+1)), Decimal(y, s2%(MaxScale+1)))
	})
}

func TestToValue(t *testing.T) {
	third, _ := Div(FromInt(-2), FromInt(3))
	q6 := plan.Type{Type: schema.Type{Kind: schema.KindDecimal, Scale: 6}, Quotient: true}
	v, err := third.ToValue(q6)
	if err != nil || v.I != -666667 || v.Scale != 6 {
		t.Errorf("-2/3 prints %+v, %v", v, err)
	}
	x, _ := Parse("12.340")
	v, err = x.ToValue(plan.Type{Type: schema.Type{Kind: schema.KindDecimal, Scale: plan.AnyScale}})
	if err != nil || v.I != 12340 || v.Scale != 3 {
		t.Errorf("any scale: %+v, %v", v, err)
	}
	if _, err = Decimal(Int128{1, 0}, 0).ToValue(plan.Of(schema.KindInt)); !errors.Is(err, ErrOverflow) {
		t.Errorf("2^64 as INT: %v", err)
	}
	v, err = third.ToValue(plan.Of(schema.KindFloat))
	if err != nil || v.F != -2.0/3 {
		t.Errorf("-2/3 as FLOAT: %+v, %v", v, err)
	}
	if v, err = FromFloat(2.345).ToValue(q6); err != nil || v.I != 2345000 {
		t.Errorf("2.345 as DECIMAL(6): %+v, %v", v, err)
	}
	if _, err = FromFloat(math.Inf(1)).ToValue(q6); !errors.Is(err, ErrOverflow) {
		t.Errorf("inf as DECIMAL: %v", err)
	}
	if _, ok := Decimal(Int(1234), 3).Fits(2); ok {
		t.Error("1.234 has no place in two decimals")
	}
	if i, ok := Decimal(Int(1230), 3).Fits(2); !ok || i != 123 {
		t.Error("1.230 is 1.23")
	}
}

func TestFloatArithmetic(t *testing.T) {
	inf, huge := FromFloat(math.Inf(1)), FromFloat(math.MaxFloat64)
	if _, err := Add(huge, huge); !errors.Is(err, ErrOverflow) {
		t.Errorf("max + max: %v", err)
	}
	if _, err := Sub(inf, inf); !errors.Is(err, ErrNaN) {
		t.Errorf("inf − inf: %v", err)
	}
	if x, err := Add(inf, huge); err != nil || !math.IsInf(x.Float64(), 1) {
		t.Errorf("inf + max: %v %v", x, err)
	}
	if x, err := Mul(FromInt(3), FromFloat(0.5)); err != nil || !x.Float() || x.Float64() != 1.5 {
		t.Errorf("3 · 0.5: %v %v", x, err)
	}
}
