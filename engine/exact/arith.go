package exact

import (
	"math"
	"math/big"
)

// Add returns x + y.
func Add(x, y Number) (Number, error) {
	if x.form == decimal && y.form == decimal {
		return addDecimals(x, y)
	}
	if x.form == binary || y.form == binary {
		return floatResult(x, y, x.Float64()+y.Float64())
	}
	return fromRat(new(big.Rat).Add(x.rat(), y.rat()))
}

// Sub returns x − y.
func Sub(x, y Number) (Number, error) {
	if minus, err := Neg(y); err == nil {
		return Add(x, minus)
	}
	// Only −2^127 has no negative; the difference may fit all the same.
	switch {
	case x.form == binary:
		return floatResult(x, y, x.f-y.Float64())
	case x.form == decimal && y.form == decimal:
		a, b, scale := aligned(x, y)
		return trimmed(a.Sub(a, b), scale)
	}
	return fromRat(new(big.Rat).Sub(x.rat(), y.rat()))
}

// Mul returns x · y.
func Mul(x, y Number) (Number, error) {
	if x.form == decimal && y.form == decimal {
		return mulDecimals(x, y)
	}
	if x.form == binary || y.form == binary {
		return floatResult(x, y, x.Float64()*y.Float64())
	}
	return fromRat(new(big.Rat).Mul(x.rat(), y.rat()))
}

// Div returns x / y, never rounded unless one of them is a FLOAT. Zero y is ErrDivision.
func Div(x, y Number) (Number, error) {
	if y.Sign() == 0 {
		return Number{}, ErrDivision
	}
	if x.form == binary || y.form == binary {
		return floatResult(x, y, x.Float64()/y.Float64())
	}
	if x.form == decimal && y.form == decimal {
		if q, ok := divDecimals(x, y); ok {
			return q, nil
		}
	}
	return fromRat(new(big.Rat).Quo(x.rat(), y.rat()))
}

// Neg returns −x.
func Neg(x Number) (Number, error) {
	if x.form == binary {
		x.f = -x.f
		return x, nil
	}
	n, ok := x.n.Neg()
	if !ok {
		return Number{}, ErrOverflow
	}
	x.n = n
	return x, nil
}

// Abs returns |x|.
func Abs(x Number) (Number, error) {
	if x.Sign() >= 0 {
		return x, nil
	}
	return Neg(x)
}

// Sign returns −1, 0 or 1.
func (x Number) Sign() int {
	if x.form != binary {
		return x.n.Sign()
	}
	switch {
	case x.f < 0:
		return -1
	case x.f > 0:
		return 1
	}
	return 0
}

// Round returns x rounded half away from zero to so many decimals, which may be negative: round(1250, −2)
// is 1300. A FLOAT is rounded by its exact value and stays a FLOAT.
func (x Number) Round(decimals int) (Number, error) {
	switch {
	case x.form == binary:
		return x.roundFloat(decimals), nil
	case x.form == decimal && int(x.scale) <= decimals:
		return x, nil
	case decimals < -MaxScale:
		return Number{}, nil
	case decimals > MaxScale:
		decimals = MaxScale
	}
	if x.form == decimal {
		return x.roundDecimal(decimals)
	}
	return roundRat(x.rat(), decimals)
}

func (x Number) roundDecimal(decimals int) (Number, error) {
	drop := int(x.scale) - decimals
	if drop > MaxScale {
		return Number{}, nil
	}
	n, _ := x.n.QuoRound(pow10[drop])
	if decimals >= 0 {
		return Decimal(n, uint8(decimals)), nil
	}
	n, ok := n.Mul(pow10[-decimals])
	if !ok {
		return Number{}, ErrOverflow
	}
	return Decimal(n, 0), nil
}

// roundRat rounds a fraction to −MaxScale … MaxScale decimals.
func roundRat(r *big.Rat, decimals int) (Number, error) {
	n, d := new(big.Int).Set(r.Num()), new(big.Int).Set(r.Denom())
	if decimals >= 0 {
		n.Mul(n, pow10[decimals].Big())
	} else {
		d.Mul(d, pow10[-decimals].Big())
	}
	v, ok := FromBig(quoRoundBig(n, d))
	if ok && decimals < 0 {
		v, ok = v.Mul(pow10[-decimals])
		decimals = 0
	}
	if !ok {
		return Number{}, ErrOverflow
	}
	return Decimal(v, uint8(decimals)), nil
}

func quoRoundBig(n, d *big.Int) *big.Int {
	q, r := new(big.Int).QuoRem(n, d, new(big.Int))
	if r.Abs(r).Lsh(r, 1).Cmp(d) >= 0 {
		q.Add(q, big.NewInt(int64(n.Sign())))
	}
	return q
}

func (x Number) roundFloat(decimals int) Number {
	// Beyond these a FLOAT has no digit to round, or none to keep.
	if x.f == 0 || math.IsInf(x.f, 0) || decimals > 1100 {
		return x
	}
	if decimals < -310 {
		return FromFloat(0)
	}
	p := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(decimals, -decimals))), nil)
	r := x.rat()
	n, d := new(big.Int).Set(r.Num()), new(big.Int).Set(r.Denom())
	if decimals >= 0 {
		n.Mul(n, p)
	} else {
		d.Mul(d, p)
	}
	back := new(big.Rat).SetInt(quoRoundBig(n, d))
	if decimals >= 0 {
		back.Quo(back, new(big.Rat).SetInt(p))
	} else {
		back.Mul(back, new(big.Rat).SetInt(p))
	}
	f, _ := back.Float64()
	return FromFloat(f)
}

func addDecimals(x, y Number) (Number, error) {
	scale := max(x.scale, y.scale)
	a, ok := x.n.Mul(pow10[scale-x.scale])
	b, ok2 := y.n.Mul(pow10[scale-y.scale])
	if ok && ok2 {
		if sum, fits := a.Add(b); fits {
			return Decimal(sum, scale), nil
		}
	}
	// The sum may fit without the trailing zeros of its terms.
	p, q, most := aligned(x, y)
	return trimmed(p.Add(p, q), most)
}

// aligned returns two decimals as integers over one power of ten.
func aligned(x, y Number) (a, b *big.Int, scale int) {
	most := max(x.scale, y.scale)
	up := func(v Number) *big.Int { return new(big.Int).Mul(v.n.Big(), pow10[most-v.scale].Big()) }
	return up(x), up(y), int(most)
}

// trimmed returns v / 10^scale without as many trailing zeros as it takes to fit.
func trimmed(v *big.Int, scale int) (Number, error) {
	ten, rem := big.NewInt(10), new(big.Int)
	for {
		if n, ok := FromBig(v); ok && scale <= MaxScale {
			return Decimal(n, uint8(scale)), nil
		}
		if scale == 0 || rem.Rem(v, ten).Sign() != 0 {
			return Number{}, ErrOverflow
		}
		v.Quo(v, ten)
		scale--
	}
}

func mulDecimals(x, y Number) (Number, error) {
	if p, ok := x.n.Mul(y.n); ok && x.scale+y.scale <= MaxScale {
		return Decimal(p, x.scale+y.scale), nil
	}
	return trimmed(new(big.Int).Mul(x.n.Big(), y.n.Big()), int(x.scale)+int(y.scale))
}

func divDecimals(x, y Number) (Number, bool) {
	n, d := x.n, y.n
	var ok bool
	if x.scale > y.scale {
		d, ok = d.Mul(pow10[x.scale-y.scale])
	} else {
		n, ok = n.Mul(pow10[y.scale-x.scale])
	}
	if !ok {
		return Number{}, false
	}
	if d.Hi < 0 {
		var ok2 bool
		n, ok = n.Neg()
		d, ok2 = d.Neg()
		ok = ok && ok2
	}
	return newQuotient(n, d), ok
}

// floatResult makes what IEEE 754 marks by Inf and NaN an error, unless an operand was infinite.
func floatResult(x, y Number, f float64) (Number, error) {
	if f != f {
		return Number{}, ErrNaN
	}
	if math.IsInf(f, 0) && !math.IsInf(x.Float64(), 0) && !math.IsInf(y.Float64(), 0) {
		return Number{}, ErrOverflow
	}
	return FromFloat(f), nil
}
