package exact

import (
	"strconv"
)

// Parse reads a number: an optional sign, digits with at most one point, an optional exponent. The value
// is exact; the decimals written are kept ("1.50" has two), an exponent shifts them ("15e-1" is 1.5).
// Errors are ErrSyntax, and ErrOverflow for what 128 bits and MaxScale decimals do not hold.
func Parse[T string | []byte](text T) (Number, error) {
	i, negative := 0, false
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		negative = text[0] == '-'
		i = 1
	}
	m, i := parseDigits(text, i)
	exp, err := parseExponent(text, i)
	if err != nil || m.digits == 0 {
		return Number{}, ErrSyntax
	}
	x, err := m.number(exp)
	if err != nil || !negative {
		return x, err
	}
	return Neg(x)
}

// mantissa is the digits before the exponent. Leading zeros and a tail of zeros cost no space.
type mantissa struct {
	n        uint128
	digits   int // digits seen
	decimals int // of them, after the point
	zeros    int // pending trailing zeros, not yet in n
	lost     bool
}

func parseDigits[T string | []byte](text T, i int) (mantissa, int) {
	var m mantissa
	point := false
	for ; i < len(text); i++ {
		c := text[i]
		if c == '.' && !point {
			point = true
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		m.digits++
		if point {
			m.decimals++
		}
		m.push(c - '0')
	}
	return m, i
}

// push adds a digit; zeros wait until a digit follows, so that "1.000…0" fits however long.
func (m *mantissa) push(digit byte) {
	if digit == 0 {
		if m.n != (uint128{}) {
			m.zeros++
		}
		return
	}
	for ; m.zeros > 0 && !m.lost; m.zeros-- {
		m.times10(0)
	}
	m.times10(uint64(digit))
}

func (m *mantissa) times10(digit uint64) {
	if m.n.hi == 0 && m.n.lo < 1<<60 {
		m.n.lo = m.n.lo*10 + digit
		return
	}
	p, ok := m.n.mul(uint128{0, 10})
	sum := p.add(uint128{0, digit})
	m.lost = m.lost || !ok || sum.hi>>63 == 1
	m.n = sum
}

// number returns the mantissa · 10^exp with as many decimals as were written, or as few as fit.
func (m *mantissa) number(exp int) (Number, error) {
	if m.n == (uint128{}) {
		return Decimal(Int128{}, uint8(min(max(m.decimals-exp, 0), MaxScale))), nil
	}
	scale, keep := m.decimals-m.zeros-exp, m.zeros
	if m.lost || scale > MaxScale || scale < -MaxScale {
		return Number{}, ErrOverflow
	}
	n, _ := m.n.signed(false)
	for scale < 0 || keep > 0 && scale < MaxScale {
		up, ok := n.Mul(Int(10))
		if !ok && scale < 0 {
			return Number{}, ErrOverflow
		}
		if !ok {
			break
		}
		n, scale, keep = up, scale+1, keep-1
	}
	return Decimal(n, uint8(scale)), nil
}

// maxExponent bounds what an exponent may say before the number is out of range anyway.
const maxExponent = 100_000

func parseExponent[T string | []byte](text T, i int) (int, error) {
	if i == len(text) {
		return 0, nil
	}
	if text[i] != 'e' && text[i] != 'E' {
		return 0, ErrSyntax
	}
	i++
	sign := 1
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		if text[i] == '-' {
			sign = -1
		}
		i++
	}
	start, exp := i, 0
	for ; i < len(text) && text[i] >= '0' && text[i] <= '9'; i++ {
		exp = min(exp*10+int(text[i]-'0'), maxExponent)
	}
	if i == start || i != len(text) {
		return 0, ErrSyntax
	}
	return sign * exp, nil
}

// ParseFloat reads the same texts as Parse as the nearest FLOAT. It does not take inf, nan, hexadecimal
// digits or underscores.
func ParseFloat[T string | []byte](text T) (float64, error) {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, ErrSyntax
		}
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err == nil {
		return f, nil
	}
	if f != 0 {
		return 0, ErrOverflow
	}
	return 0, ErrSyntax
}

// String returns the number as text: a decimal with all its decimals, a FLOAT as the shortest text that
// reads back as itself, a quotient as n/d.
func (x Number) String() string { return string(x.Append(nil)) }

// Append appends String to dst.
func (x Number) Append(dst []byte) []byte {
	switch x.form {
	case binary:
		return AppendFloat(dst, x.f)
	case quotient:
		dst = x.n.appendDigits(dst, 0)
		dst = append(dst, '/')
		return x.d.appendDigits(dst, 0)
	}
	return x.n.appendDigits(dst, int(x.scale))
}

// AppendFloat appends the shortest text that reads back as f: plain digits between 1e-6 and 1e21, else
// with an exponent.
func AppendFloat(dst []byte, f float64) []byte {
	abs := max(f, -f)
	if abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// AppendDecimal appends unscaled / 10^scale with all its decimals, as a DECIMAL prints.
func AppendDecimal(dst []byte, unscaled int64, scale uint8) []byte {
	if scale == 0 {
		return strconv.AppendInt(dst, unscaled, 10)
	}
	abs := uint64(unscaled)
	if unscaled < 0 {
		dst = append(dst, '-')
		abs = -abs
	}
	var digits [20]byte
	return appendPoint(dst, strconv.AppendUint(digits[:0], abs, 10), int(scale))
}

func (x Int128) appendDigits(dst []byte, scale int) []byte {
	if v, ok := x.Int64(); ok && scale < 256 {
		return AppendDecimal(dst, v, uint8(scale))
	}
	if x.Hi < 0 {
		dst = append(dst, '-')
	}
	// 10^19 is the largest power of ten in 64 bits: three words of digits hold any magnitude.
	a, low := x.abs().quoRem(uint128{0, 1e19})
	top, mid := a.quoRem(uint128{0, 1e19})
	var buf [60]byte
	d := appendPadded(appendPadded(appendPadded(buf[:0], top.lo), mid.lo), low.lo)
	for len(d) > 1 && d[0] == '0' {
		d = d[1:]
	}
	return appendPoint(dst, d, scale)
}

// appendPadded appends v < 10^19 as 19 digits.
func appendPadded(dst []byte, v uint64) []byte {
	var buf [20]byte
	d := strconv.AppendUint(buf[:0], v, 10)
	for i := len(d); i < 19; i++ {
		dst = append(dst, '0')
	}
	return append(dst, d...)
}

// appendPoint appends digits with a point before the last scale of them.
func appendPoint(dst, digits []byte, scale int) []byte {
	if scale == 0 {
		return append(dst, digits...)
	}
	whole := len(digits) - scale
	if whole <= 0 {
		dst = append(dst, '0', '.')
		for ; whole < 0; whole++ {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	dst = append(dst, digits[:whole]...)
	dst = append(dst, '.')
	return append(dst, digits[whole:]...)
}
