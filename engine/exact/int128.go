package exact

import (
	"cmp"
	"math"
	"math/big"
	"math/bits"
)

// Int128 is a 128-bit signed integer in two's complement. The zero Int128 is 0. It is comparable with ==.
// The operations report ok = false instead of wrapping; their result is then 0.
type Int128 struct {
	Hi int64
	Lo uint64
}

// Int returns v as an Int128.
func Int(v int64) Int128 { return Int128{v >> 63, uint64(v)} }

// Uint returns v as an Int128.
func Uint(v uint64) Int128 { return Int128{0, v} }

// Sign returns −1, 0 or 1.
func (x Int128) Sign() int {
	switch {
	case x.Hi < 0:
		return -1
	case x.Hi == 0 && x.Lo == 0:
		return 0
	}
	return 1
}

// Cmp returns −1, 0 or 1 as x is less than, equal to or greater than y.
func (x Int128) Cmp(y Int128) int {
	if x.Hi != y.Hi {
		return cmp.Compare(x.Hi, y.Hi)
	}
	return cmp.Compare(x.Lo, y.Lo)
}

// Add returns x + y.
func (x Int128) Add(y Int128) (sum Int128, ok bool) {
	lo, carry := bits.Add64(x.Lo, y.Lo, 0)
	hi, _ := bits.Add64(uint64(x.Hi), uint64(y.Hi), carry)
	sum = Int128{int64(hi), lo}
	// It overflowed if the terms agree in sign and the sum does not.
	if (x.Hi^sum.Hi)&(y.Hi^sum.Hi) < 0 {
		return Int128{}, false
	}
	return sum, true
}

// Sub returns x − y.
func (x Int128) Sub(y Int128) (diff Int128, ok bool) {
	lo, borrow := bits.Sub64(x.Lo, y.Lo, 0)
	hi, _ := bits.Sub64(uint64(x.Hi), uint64(y.Hi), borrow)
	diff = Int128{int64(hi), lo}
	if (x.Hi^y.Hi)&(x.Hi^diff.Hi) < 0 {
		return Int128{}, false
	}
	return diff, true
}

// AddInt64 adds v in place and says whether the sum fits; on overflow x is unchanged. It is what a sum
// over a column's values is made of.
func (x *Int128) AddInt64(v int64) bool {
	sum, ok := x.Add(Int(v))
	if ok {
		*x = sum
	}
	return ok
}

// Neg returns −x.
func (x Int128) Neg() (Int128, bool) { return Int128{}.Sub(x) }

// Mul returns x · y.
func (x Int128) Mul(y Int128) (Int128, bool) {
	a, b := x.abs(), y.abs()
	p, ok := a.mul(b)
	if !ok {
		return Int128{}, false
	}
	return p.signed((x.Hi < 0) != (y.Hi < 0))
}

// Int64 returns x as an int64 if it is one.
func (x Int128) Int64() (int64, bool) {
	v := int64(x.Lo)
	return v, v>>63 == x.Hi
}

// QuoRound returns x ÷ y rounded half away from zero. y must not be zero. ok is false only for the one
// quotient that does not fit, −2^127 ÷ −1.
func (x Int128) QuoRound(y Int128) (Int128, bool) {
	q, r := x.abs().quoRem(y.abs())
	// r ≥ y/2, written so that it cannot overflow: r ≥ y − r.
	if r.cmp(y.abs().sub(r)) >= 0 {
		q = q.add(uint128{0, 1})
	}
	return q.signed((x.Hi < 0) != (y.Hi < 0))
}

// Big returns x as a big.Int, for slow paths.
func (x Int128) Big() *big.Int {
	a := x.abs()
	v := new(big.Int).SetUint64(a.hi)
	v.Lsh(v, 64).Or(v, new(big.Int).SetUint64(a.lo))
	if x.Hi < 0 {
		v.Neg(v)
	}
	return v
}

// FromBig returns v as an Int128 if it fits.
func FromBig(v *big.Int) (Int128, bool) {
	if v.BitLen() > 128 {
		return Int128{}, false
	}
	abs := new(big.Int).Abs(v)
	lo := new(big.Int).And(abs, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
	hi := abs.Rsh(abs, 64).Uint64()
	return uint128{hi, lo}.signed(v.Sign() < 0)
}

// String returns x in decimal digits.
func (x Int128) String() string { return string(x.appendDigits(nil, 0)) }

// uint128 is a magnitude.
type uint128 struct{ hi, lo uint64 }

// abs returns |x|, which always fits.
func (x Int128) abs() uint128 {
	if x.Hi >= 0 {
		return uint128{uint64(x.Hi), x.Lo}
	}
	lo, borrow := bits.Sub64(0, x.Lo, 0)
	hi, _ := bits.Sub64(0, uint64(x.Hi), borrow)
	return uint128{hi, lo}
}

// signed returns a or −a as an Int128 if it fits.
func (a uint128) signed(negative bool) (Int128, bool) {
	if !negative {
		return Int128{int64(a.hi), a.lo}, a.hi>>63 == 0
	}
	lo, borrow := bits.Sub64(0, a.lo, 0)
	hi, _ := bits.Sub64(0, a.hi, borrow)
	x := Int128{int64(hi), lo}
	// −2^127 is the only magnitude with the top bit that fits.
	if x.Hi > 0 || a.hi>>63 == 1 && (a.hi != 1<<63 || a.lo != 0) {
		return Int128{}, false
	}
	return x, true
}

func (a uint128) cmp(b uint128) int {
	if a.hi != b.hi {
		return cmp.Compare(a.hi, b.hi)
	}
	return cmp.Compare(a.lo, b.lo)
}

func (a uint128) add(b uint128) uint128 {
	lo, carry := bits.Add64(a.lo, b.lo, 0)
	hi, _ := bits.Add64(a.hi, b.hi, carry)
	return uint128{hi, lo}
}

func (a uint128) sub(b uint128) uint128 {
	lo, borrow := bits.Sub64(a.lo, b.lo, 0)
	hi, _ := bits.Sub64(a.hi, b.hi, borrow)
	return uint128{hi, lo}
}

func (a uint128) mul(b uint128) (uint128, bool) {
	if a.hi != 0 && b.hi != 0 {
		return uint128{}, false
	}
	hi, lo := bits.Mul64(a.lo, b.lo)
	over1, cross1 := bits.Mul64(a.hi, b.lo)
	over2, cross2 := bits.Mul64(a.lo, b.hi)
	hi, carry1 := bits.Add64(hi, cross1, 0)
	hi, carry2 := bits.Add64(hi, cross2, 0)
	return uint128{hi, lo}, over1|over2|carry1|carry2 == 0
}

// mulWide returns the 256-bit product, most significant word first.
func (a uint128) mulWide(b uint128) [4]uint64 {
	h00, w3 := bits.Mul64(a.lo, b.lo)
	h01, l01 := bits.Mul64(a.lo, b.hi)
	h10, l10 := bits.Mul64(a.hi, b.lo)
	h11, l11 := bits.Mul64(a.hi, b.hi)
	w2, c1 := bits.Add64(h00, l01, 0)
	w2, c2 := bits.Add64(w2, l10, 0)
	w1, c3 := bits.Add64(h01, h10, c1)
	w1, c4 := bits.Add64(w1, l11, c2)
	return [4]uint64{h11 + c3 + c4, w1, w2, w3}
}

// quoRem divides by b ≠ 0.
func (a uint128) quoRem(b uint128) (q, r uint128) {
	if b.hi == 0 {
		q.hi = a.hi / b.lo
		q.lo, r.lo = bits.Div64(a.hi%b.lo, a.lo, b.lo)
		return q, r
	}
	// The quotient has at most 64 bits. Estimate it from the leading 64 bits of b; the estimate is at
	// most one too large (Hacker's Delight, 9-5).
	n := uint(bits.LeadingZeros64(b.hi))
	top := b.shl(n).hi
	half := a.shr(1)
	guess, _ := bits.Div64(half.hi, half.lo, top)
	guess >>= 63 - n
	if guess > 0 {
		guess--
	}
	part, _ := b.mul(uint128{0, guess})
	r = a.sub(part)
	if r.cmp(b) >= 0 {
		guess++
		r = r.sub(b)
	}
	return uint128{0, guess}, r
}

func (a uint128) shl(n uint) uint128 {
	if n == 0 {
		return a
	}
	return uint128{a.hi<<n | a.lo>>(64-n), a.lo << n}
}

func (a uint128) shr(n uint) uint128 { return uint128{a.hi >> n, a.lo>>n | a.hi<<(64-n)} }
