package exact

import (
	"cmp"
	"math"
)

// Cmp returns −1, 0 or 1 as x is less than, equal to or greater than y by exact value, whatever their
// forms: a DECIMAL 0.1 is less than the FLOAT 0.1, which is 0.1000000000000000055….
func Cmp(x, y Number) int {
	if x.form == binary || y.form == binary {
		return cmpFloat(x, y)
	}
	if x.form == decimal && y.form == decimal && x.scale == y.scale {
		return x.n.Cmp(y.n)
	}
	if s, t := x.n.Sign(), y.n.Sign(); s != t || s == 0 {
		return cmp.Compare(s, t)
	}
	a := x.n.abs().mulWide(y.den())
	b := y.n.abs().mulWide(x.den())
	return cmpWide(a, b) * x.n.Sign()
}

func cmpWide(a, b [4]uint64) int {
	for i := range a {
		if a[i] != b[i] {
			return cmp.Compare(a[i], b[i])
		}
	}
	return 0
}

// cmpFloat compares where at least one side is a FLOAT. Rounding to nearest never inverts an order, so
// only numbers that round to the very same FLOAT need their exact values.
func cmpFloat(x, y Number) int {
	f, g := x.Float64(), y.Float64()
	if f != g || x.form == y.form {
		return cmp.Compare(f, g)
	}
	if math.IsInf(f, 0) { // a finite number cannot round to it: 2^127 is far below
		return 0
	}
	return x.rat().Cmp(y.rat())
}
