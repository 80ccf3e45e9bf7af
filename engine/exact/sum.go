package exact

import (
	"math"
	"math/big"
	"math/bits"
)

// The accumulator is one long fixed-point number: bit 0 is 2^-1074, the smallest FLOAT, and there is
// room above 2^1024 for more terms than will ever be added. It is kept as digits of 32 bits in int64s,
// so that a term touches three digits and carries wait.
const (
	digitBits = 32
	digits    = (1074+1024)/digitBits + 4
	// A digit grows by less than 2^32 with each term, so carries must move before 2^30 terms.
	maxPending = 1 << 30
)

// FloatSum is an exact sum of FLOATs: whatever the order of the terms and however they are split over
// merged sums, the result is the same and is rounded once. The zero FloatSum is an empty sum. It takes
// about half a kilobyte.
type FloatSum struct {
	digit    [digits]int64
	pending  int
	plus     bool // +Inf was added
	minus    bool // −Inf was added
	nonEmpty bool
}

// Add adds a term, which must not be NaN.
func (s *FloatSum) Add(f float64) {
	b := math.Float64bits(f)
	exp, mant := int(b>>52&0x7ff), b&(1<<52-1)
	s.nonEmpty = true
	switch exp {
	case 0x7ff:
		s.plus = s.plus || f > 0
		s.minus = s.minus || f < 0
		return
	case 0:
		exp = 1
	default:
		mant |= 1 << 52
	}
	if s.pending++; s.pending >= maxPending {
		s.carry()
	}
	s.place(mant, uint(exp-1), f < 0)
}

// place adds ± mant · 2^(shift−1074).
func (s *FloatSum) place(mant uint64, shift uint, negative bool) {
	at, off := shift/digitBits, shift%digitBits
	hi, lo := bits.Mul64(mant, 1<<off)
	d := s.digit[at : at+3 : at+3]
	a, b, c := int64(lo&math.MaxUint32), int64(lo>>digitBits), int64(hi)
	if negative {
		a, b, c = -a, -b, -c
	}
	d[0] += a
	d[1] += b
	d[2] += c
}

// Merge adds all terms of t, which is left as it is in value.
func (s *FloatSum) Merge(t *FloatSum) {
	s.carry()
	t.carry()
	for i := range s.digit {
		s.digit[i] += t.digit[i]
	}
	s.pending = 2
	s.plus = s.plus || t.plus
	s.minus = s.minus || t.minus
	s.nonEmpty = s.nonEmpty || t.nonEmpty
}

// carry brings every digit but the topmost into [0, 2^32); the topmost keeps the sign.
func (s *FloatSum) carry() {
	var c int64
	for i := range s.digit[:digits-1] {
		v := s.digit[i] + c
		c = v >> digitBits
		s.digit[i] = v & math.MaxUint32
	}
	s.digit[digits-1] += c
	s.pending = 1
}

// Empty says whether no term was added.
func (s *FloatSum) Empty() bool { return !s.nonEmpty }

// Float64 returns the sum as the nearest FLOAT, ties to even. It is ErrOverflow if finite terms sum up
// to more than a FLOAT holds and ErrNaN if both infinities were added.
func (s *FloatSum) Float64() (float64, error) {
	if s.plus || s.minus {
		return s.infinite()
	}
	s.carry()
	m, negative := s.magnitude()
	f, err := m.round()
	if negative {
		f = -f
	}
	return f, err
}

// Mean returns the sum divided by n > 0 as the nearest FLOAT, rounded once.
func (s *FloatSum) Mean(n uint64) (float64, error) {
	if s.plus || s.minus {
		return s.infinite()
	}
	s.carry()
	m, negative := s.magnitude()
	num := new(big.Int)
	for i := digits - 1; i >= 0; i-- {
		num.Lsh(num, digitBits).Or(num, big.NewInt(m[i]))
	}
	den := new(big.Int).SetUint64(n)
	f, _ := new(big.Rat).SetFrac(num, den.Lsh(den, 1074)).Float64()
	if math.IsInf(f, 0) {
		return 0, ErrOverflow
	}
	if negative {
		f = -f
	}
	return f, nil
}

func (s *FloatSum) infinite() (float64, error) {
	if s.plus && s.minus {
		return 0, ErrNaN
	}
	if s.plus {
		return math.Inf(1), nil
	}
	return math.Inf(-1), nil
}

// long is the digits of a magnitude, each in [0, 2^32).
type long [digits]int64

// magnitude returns the absolute value of a carried sum.
func (s *FloatSum) magnitude() (m long, negative bool) {
	if s.digit[digits-1] >= 0 {
		return s.digit, false
	}
	var c int64
	for i, v := range s.digit {
		v = c - v
		c = v >> digitBits
		m[i] = v & math.MaxUint32
	}
	return m, true
}

// round returns the nearest FLOAT of a magnitude.
func (m *long) round() (float64, error) {
	top := digits - 1
	for top > 0 && m[top] == 0 {
		top--
	}
	length := top*digitBits + bits.Len64(uint64(m[top])) // in bits
	if length <= 53 {
		return math.Float64frombits(m.window(0)), nil // exact: the bits of a FLOAT of that size are its integer
	}
	shift := length - 53
	mant := m.window(shift)
	if m.bit(shift-1) && (mant&1 == 1 || m.below(shift-1)) {
		mant++
	}
	// A mantissa that was rounded up to 2^53 carries into the exponent, as it should.
	b := uint64(shift)<<52 + mant
	if b >= 0x7ff<<52 {
		return 0, ErrOverflow
	}
	return math.Float64frombits(b), nil
}

// window returns the 53 bits from bit shift on.
func (m *long) window(shift int) uint64 {
	var w uint64
	at, off := shift/digitBits, uint(shift%digitBits)
	for i := range 3 {
		if at+i < digits {
			w |= uint64(m[at+i]) << (uint(i) * digitBits) >> off
		}
		if i == 2 && at+2 < digits && off > 0 {
			w |= uint64(m[at+2]) << (2*digitBits - off)
		}
	}
	return w & (1<<53 - 1)
}

func (m *long) bit(i int) bool { return m[i/digitBits]>>(i%digitBits)&1 == 1 }

// below says whether any bit under bit i is set.
func (m *long) below(i int) bool {
	at := i / digitBits
	for _, v := range m[:at] {
		if v != 0 {
			return true
		}
	}
	return m[at]&(1<<(i%digitBits)-1) != 0
}
