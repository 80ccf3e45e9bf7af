package exact

import (
	bin "encoding/binary"
	"math/big"
)

// The forms of a canonical number.
const (
	canonDecimal  = 'd' // scale, 16 bytes
	canonQuotient = 'q' // 16 bytes, 16 bytes
)

// AppendCanonical appends bytes that are the same for equal numbers, whatever their forms, and differ for
// others: a decimal without trailing zeros, or a reduced fraction. x must not be a FLOAT, whose bits do as
// well. ReadCanonical reads them.
func (x Number) AppendCanonical(dst []byte) []byte {
	if x.form == quotient {
		x = x.reduced()
	}
	if x.form == quotient {
		return appendInt128(appendInt128(append(dst, canonQuotient), x.n), x.d)
	}
	if x = x.trim(0); x.n == (Int128{}) {
		x.scale = 0
	}
	return appendInt128(append(dst, canonDecimal, x.scale), x.n)
}

// reduced returns a quotient as a decimal if it is one that 128 bits hold, else reduced.
func (x Number) reduced() Number {
	r := x.rat()
	d := new(big.Int).Set(r.Denom())
	for decimals := range MaxScale + 1 {
		q, rest := new(big.Int).QuoRem(pow10[decimals].Big(), d, new(big.Int))
		if rest.Sign() != 0 {
			continue
		}
		if n, ok := FromBig(q.Mul(q, r.Num())); ok {
			return Decimal(n, uint8(decimals))
		}
		break
	}
	n, _ := FromBig(r.Num()) // neither can be larger than it was
	m, _ := FromBig(d)
	return newQuotient(n, m)
}

func appendInt128(dst []byte, x Int128) []byte {
	return bin.LittleEndian.AppendUint64(bin.LittleEndian.AppendUint64(dst, uint64(x.Hi)), x.Lo)
}

// ReadCanonical reads a number that AppendCanonical wrote and returns the bytes after it.
func ReadCanonical(b []byte) (Number, []byte, error) {
	switch {
	case len(b) >= 18 && b[0] == canonDecimal && b[1] <= MaxScale:
		return Decimal(int128At(b[2:]), b[1]), b[18:], nil
	case len(b) >= 33 && b[0] == canonQuotient && int128At(b[17:]).Sign() > 0:
		return newQuotient(int128At(b[1:]), int128At(b[17:])), b[33:], nil
	}
	return Number{}, nil, errState
}

func int128At(b []byte) Int128 {
	return Int128{Hi: int64(bin.LittleEndian.Uint64(b)), Lo: bin.LittleEndian.Uint64(b[8:])}
}

// Rescale returns an equal decimal with so many decimals if there is one, else x: as a DECIMAL of that
// scale prints.
func (x Number) Rescale(scale uint8) Number {
	if x.form == decimal && x.scale != scale {
		if n, ok := x.at(scale); ok {
			return Decimal(n, scale)
		}
	}
	return x
}
