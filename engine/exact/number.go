package exact

import (
	"math"
	"math/big"

	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// MaxScale is the largest number of decimals that a Number keeps: 10^38 is the largest power of ten in
// 128 bits.
const MaxScale = 38

type form uint8

const (
	decimal  form = iota // n / 10^scale
	quotient             // n / d, d > 1, not always reduced
	binary               // f
)

// Number is an exact number: an integer or decimal of 128 bits, a quotient of two 128-bit integers, or a
// FLOAT. The zero Number is 0. Compare Numbers with Cmp, never with ==: 1.0 and 1 are equal.
type Number struct {
	n, d  Int128
	f     float64
	scale uint8
	form  form
}

// FromInt returns the integer v.
func FromInt(v int64) Number { return Number{n: Int(v)} }

// FromUint returns the integer v, such as a count.
func FromUint(v uint64) Number { return Number{n: Uint(v)} }

// FromFloat returns the FLOAT v, which must not be NaN.
func FromFloat(v float64) Number { return Number{f: v, form: binary} }

// Decimal returns unscaled / 10^scale. scale is at most MaxScale.
func Decimal(unscaled Int128, scale uint8) Number { return Number{n: unscaled, scale: scale} }

// Ratio returns num / den / 10^scale, such as an average of DECIMALs. den zero is ErrDivision.
func Ratio(num, den Int128, scale uint8) (Number, error) {
	return Div(Decimal(num, scale), Decimal(den, 0))
}

// FromValue returns the number of an INT, DECIMAL or FLOAT; a DURATION is its milliseconds. ok is false
// for every other kind, for null and for NaN.
func FromValue(v schema.Value) (x Number, ok bool) {
	switch v.Kind {
	case schema.KindInt, schema.KindDuration:
		return FromInt(v.I), true
	case schema.KindDecimal:
		return Decimal(Int(v.I), v.Scale), v.Scale <= MaxScale
	case schema.KindFloat:
		return FromFloat(v.F), v.F == v.F
	}
	return Number{}, false
}

// Float says whether the number is a FLOAT.
func (x Number) Float() bool { return x.form == binary }

// Quotient says whether the number is a quotient that is not a decimal of its operands.
func (x Number) Quotient() bool { return x.form == quotient }

// Scale returns the number of decimals of an integer or decimal; it is 0 for quotients and FLOATs.
func (x Number) Scale() int { return int(x.scale) }

// ToValue returns the number as a value of the type: an INT or DECIMAL is rounded half away from zero to
// the type's decimals (which changes only quotients and FLOATs, since the binder gives sums and products
// all their decimals), a scale of plan.AnyScale keeps the number's own decimals, a FLOAT is the nearest
// one. What does not fit is ErrOverflow. The kind must be INT, DECIMAL, FLOAT or DURATION.
func (x Number) ToValue(t plan.Type) (schema.Value, error) {
	if t.Kind == schema.KindFloat {
		f := x.Float64()
		if math.IsInf(f, 0) && x.form != binary {
			return schema.Value{}, ErrOverflow
		}
		return schema.Value{Kind: schema.KindFloat, F: f}, nil
	}
	if t.Kind == schema.KindDecimal && t.Scale == plan.AnyScale {
		x = x.ownScale()
		t.Scale = x.scale
	}
	v, err := x.Unscaled(t.Scale)
	return schema.Value{Kind: t.Kind, Scale: t.Scale, I: v}, err
}

// ownScale returns x as a decimal of at most schema.MaxScale decimals with no more than it needs.
func (x Number) ownScale() Number {
	if x.form != decimal {
		y, err := x.decimal(schema.MaxScale)
		if err != nil {
			return x
		}
		x = y.trim(0)
	}
	if x.scale > schema.MaxScale {
		x = x.trim(schema.MaxScale)
	}
	return x
}

// Unscaled returns x · 10^scale rounded half away from zero: the value of a DECIMAL column.
func (x Number) Unscaled(scale uint8) (int64, error) {
	if x.form == decimal && x.scale == scale {
		return int64Of(x.n)
	}
	y, err := x.decimal(int(scale))
	if err != nil {
		return 0, err
	}
	n, ok := y.at(scale)
	if !ok {
		return 0, ErrOverflow
	}
	return int64Of(n)
}

// decimal rounds x to a decimal, FLOATs too.
func (x Number) decimal(decimals int) (Number, error) {
	if x.form != binary {
		return x.Round(decimals)
	}
	if math.IsInf(x.f, 0) {
		return Number{}, ErrOverflow
	}
	return roundRat(x.rat(), min(decimals, MaxScale))
}

func int64Of(n Int128) (int64, error) {
	v, ok := n.Int64()
	if !ok {
		return 0, ErrOverflow
	}
	return v, nil
}

// Fits says whether x is exactly a value of the scale in 64 bits, and returns it unscaled.
func (x Number) Fits(scale uint8) (int64, bool) {
	v, err := x.Unscaled(scale)
	if err != nil || Cmp(Decimal(Int(v), scale), x) != 0 {
		return 0, false
	}
	return v, true
}

// at returns the unscaled integer of a decimal at a scale no smaller than its own needs.
func (x Number) at(scale uint8) (Int128, bool) {
	if scale < x.scale {
		x = x.trim(scale)
	}
	if scale < x.scale || scale > MaxScale {
		return Int128{}, false
	}
	return x.n.Mul(pow10[scale-x.scale])
}

// trim drops trailing zeros of a decimal down to a scale.
func (x Number) trim(scale uint8) Number {
	for x.scale > scale {
		q, r := x.n.abs().quoRem(uint128{0, 10})
		if r.lo != 0 {
			break
		}
		x.n, _ = q.signed(x.n.Hi < 0)
		x.scale--
	}
	return x
}

// Float64 returns the FLOAT nearest to x, ties to even; a FLOAT is itself.
func (x Number) Float64() float64 {
	if x.form == binary {
		return x.f
	}
	// A quotient of two integers that a float64 holds exactly is rounded once by the division.
	n, d := x.n.abs(), x.den()
	if n.hi == 0 && d.hi == 0 && n.lo <= 1<<53 && d.lo <= 1<<53 {
		f := float64(n.lo) / float64(d.lo)
		if x.n.Hi < 0 {
			f = -f
		}
		return f
	}
	f, _ := x.rat().Float64()
	return f
}

// den returns the denominator of a decimal or quotient.
func (x Number) den() uint128 {
	if x.form == quotient {
		return x.d.abs()
	}
	return pow10[x.scale].abs()
}

// rat returns the exact value; the number must be finite.
func (x Number) rat() *big.Rat {
	if x.form == binary {
		return new(big.Rat).SetFloat64(x.f)
	}
	d, _ := x.den().signed(false)
	return new(big.Rat).SetFrac(x.n.Big(), d.Big())
}

// fromRat returns a reduced fraction if both parts fit.
func fromRat(r *big.Rat) (Number, error) {
	n, ok := FromBig(r.Num())
	d, ok2 := FromBig(r.Denom())
	if !ok || !ok2 {
		return Number{}, ErrOverflow
	}
	return newQuotient(n, d), nil
}

// newQuotient returns n / d with d > 0.
func newQuotient(n, d Int128) Number {
	if d == Int(1) {
		return Decimal(n, 0)
	}
	return Number{n: n, d: d, form: quotient}
}

// pow10 holds the powers of ten that 128 bits hold.
var pow10 = powersOfTen()

func powersOfTen() (p [MaxScale + 1]Int128) {
	p[0] = Int(1)
	for i := 1; i <= MaxScale; i++ {
		p[i], _ = p[i-1].Mul(Int(10))
	}
	return p
}
