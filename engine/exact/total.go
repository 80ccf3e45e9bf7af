package exact

import (
	bin "encoding/binary"
	"errors"
	"math/big"
	"math/bits"
	"slices"
)

// errState is the error of bytes that are no state of a sum.
var errState = errors.New("the state of a sum is damaged")

// Sum is an exact sum of numbers that are not FLOATs. Like FloatSum it does not depend on the order of its
// terms or on how they are split over merged sums: it has room for more terms than will ever be added, and
// whether the total fits is asked at the end only. The zero Sum is an empty sum.
//
// Terms of one scale are added as integers of 192 bits. Other decimals and quotients are added by
// denominator; a sum of quotients takes 64 bytes for each denominator.
type Sum struct {
	whole wide // unscaled, of the scale
	scale uint8
	used  bool // the scale is known
	parts map[Int128]*wide
}

// Fraction returns an integer, decimal or quotient as num / den with den > 0, not always reduced.
func (x Number) Fraction() (num, den Int128) {
	if x.form == quotient {
		return x.n, x.d
	}
	return x.n, pow10[x.scale]
}

// Add adds a term, which must not be a FLOAT.
func (s *Sum) Add(x Number) {
	if x.form == decimal && (!s.used || x.scale == s.scale) {
		s.used, s.scale = true, x.scale
		s.whole.add(wideOf(x.n))
		return
	}
	num, den := x.Fraction()
	s.part(den).add(wideOf(num))
}

// AddDecimal adds unscaled / 10^scale.
func (s *Sum) AddDecimal(unscaled Int128, scale uint8) { s.Add(Decimal(unscaled, scale)) }

func (s *Sum) part(den Int128) *wide {
	if s.parts == nil {
		s.parts = map[Int128]*wide{}
	}
	p, ok := s.parts[den]
	if !ok {
		p = &wide{}
		s.parts[den] = p
	}
	return p
}

// Denominators returns how many denominators the sum keeps apart: its memory grows with them.
func (s *Sum) Denominators() int { return len(s.parts) }

// Merge adds all terms of t.
func (s *Sum) Merge(t *Sum) {
	switch {
	case !t.used:
	case !s.used || s.scale == t.scale:
		s.used, s.scale = true, t.scale
		s.whole.add(t.whole)
	default:
		s.part(pow10[t.scale]).add(t.whole)
	}
	for den, p := range t.parts {
		s.part(den).add(*p)
	}
}

// Value returns the sum. Without quotients it is exact or ErrOverflow. A sum with quotients that is no
// fraction of two numbers of 128 bits is rounded, once, to as many decimals as 128 bits hold.
func (s *Sum) Value() (Number, error) {
	if len(s.parts) == 0 {
		n, ok := s.whole.int128()
		if !ok {
			return Number{}, ErrOverflow
		}
		return Decimal(n, s.scale), nil
	}
	return nearest(s.rat())
}

// Mean returns the sum divided by n > 0, exact or rounded as Value says.
func (s *Sum) Mean(n uint64) (Number, error) {
	if sum, ok := s.whole.int128(); ok && len(s.parts) == 0 {
		return Ratio(sum, Uint(n), s.scale)
	}
	r := s.rat()
	return nearest(r.Quo(r, new(big.Rat).SetInt(new(big.Int).SetUint64(n))))
}

func (s *Sum) rat() *big.Rat {
	total := new(big.Rat).SetFrac(s.whole.big(), pow10[s.scale].Big())
	for den, p := range s.parts {
		total.Add(total, new(big.Rat).SetFrac(p.big(), den.Big()))
	}
	return total
}

// nearest returns r, or the decimal nearest to it that 128 bits hold.
func nearest(r *big.Rat) (Number, error) {
	if x, err := fromRat(r); err == nil {
		return x, nil
	}
	for decimals := MaxScale; decimals >= 0; decimals-- {
		if x, err := roundRat(r, decimals); err == nil {
			return x, nil
		}
	}
	return Number{}, ErrOverflow
}

// The bytes of a sum: the scale + 1 (0 if no term has one), 24 bytes, the number of denominators, and 16 + 24
// bytes for each, in the order of the denominators.

// Append appends the sum's state, which ReadSum reads.
func (s *Sum) Append(dst []byte) []byte {
	if !s.used {
		dst = append(dst, 0)
	} else {
		dst = s.whole.append(append(dst, s.scale+1))
	}
	dst = bin.AppendUvarint(dst, uint64(len(s.parts)))
	dens := make([]Int128, 0, len(s.parts))
	for den := range s.parts {
		dens = append(dens, den)
	}
	slices.SortFunc(dens, Int128.Cmp)
	for _, den := range dens {
		dst = bin.LittleEndian.AppendUint64(dst, uint64(den.Hi))
		dst = bin.LittleEndian.AppendUint64(dst, den.Lo)
		dst = s.parts[den].append(dst)
	}
	return dst
}

// ReadSum reads a state that Append wrote.
func ReadSum(b []byte) (*Sum, error) {
	s := &Sum{}
	if len(b) == 0 || b[0] > MaxScale+1 {
		return nil, errState
	}
	if at := b[0]; at > 0 {
		s.used, s.scale = true, at-1
		if !s.whole.read(b[1:]) {
			return nil, errState
		}
		b = b[wideBytes:]
	}
	n, used := bin.Uvarint(b[1:])
	if used <= 0 || n > uint64(len(b)) || uint64(len(b)-1-used) != n*(16+wideBytes) {
		return nil, errState
	}
	for b = b[1+used:]; len(b) > 0; b = b[16+wideBytes:] {
		den := Int128{Hi: int64(bin.LittleEndian.Uint64(b)), Lo: bin.LittleEndian.Uint64(b[8:])}
		var p wide
		if den.Sign() <= 0 || !p.read(b[16:]) {
			return nil, errState
		}
		s.part(den).add(p)
	}
	return s, nil
}

// Append appends the sum's state, which ReadFloatSum reads: what infinities were added, then the digits
// that are not zero with their places.
func (s *FloatSum) Append(dst []byte) []byte {
	s.carry()
	dst = append(dst, flag(s.nonEmpty)|flag(s.plus)<<1|flag(s.minus)<<2)
	for i, d := range s.digit {
		if d != 0 {
			dst = bin.LittleEndian.AppendUint64(append(dst, byte(i)), uint64(d))
		}
	}
	return dst
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// ReadFloatSum reads a state that Append wrote.
func ReadFloatSum(b []byte) (*FloatSum, error) {
	s := &FloatSum{}
	if len(b)%9 != 1 || b[0] > 7 {
		return nil, errState
	}
	s.nonEmpty, s.plus, s.minus = b[0]&1 != 0, b[0]&2 != 0, b[0]&4 != 0
	for b = b[1:]; len(b) > 0; b = b[9:] {
		d := int64(bin.LittleEndian.Uint64(b[1:]))
		if int(b[0]) >= digits || b[0] < digits-1 && d>>digitBits != 0 {
			return nil, errState
		}
		s.digit[b[0]] = d
	}
	s.pending = 1
	return s, nil
}

// wide is a signed integer of 192 bits in two's complement, lowest word first. Sums of fewer than 2^64
// integers of 128 bits fit.
type wide [3]uint64

const wideBytes = 24

func wideOf(x Int128) wide { return wide{x.Lo, uint64(x.Hi), uint64(x.Hi >> 63)} }

func (w *wide) add(x wide) {
	var c uint64
	w[0], c = bits.Add64(w[0], x[0], 0)
	w[1], c = bits.Add64(w[1], x[1], c)
	w[2], _ = bits.Add64(w[2], x[2], c)
}

func (w *wide) int128() (Int128, bool) {
	x := Int128{Hi: int64(w[1]), Lo: w[0]}
	return x, w[2] == uint64(x.Hi>>63)
}

func (w *wide) big() *big.Int {
	x := new(big.Int).SetInt64(int64(w[2]))
	x.Lsh(x, 64).Add(x, new(big.Int).SetUint64(w[1]))
	return x.Lsh(x, 64).Add(x, new(big.Int).SetUint64(w[0]))
}

func (w *wide) append(dst []byte) []byte {
	for _, x := range w {
		dst = bin.LittleEndian.AppendUint64(dst, x)
	}
	return dst
}

func (w *wide) read(b []byte) bool {
	if len(b) < wideBytes {
		return false
	}
	for i := range w {
		w[i] = bin.LittleEndian.Uint64(b[8*i:])
	}
	return true
}
