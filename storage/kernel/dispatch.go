package kernel

// The compares go through these variables, so that a file for one CPU can put its own versions in their
// place from its init. They are set before main and never after, and every version answers the same bits:
// the tests run each against the one-row reference.
var (
	range8   = range8Go
	range16  = range16Go
	range32  = range32Go
	range64  = range64Go
	rangeF64 = rangeF64Go
	rangeI64 = rangeI64Go
	in8      = in8Go
)

// Range8 sets bit i of out where lo ≤ x[i] ≤ hi.
func Range8(out []uint64, x []uint8, lo, hi uint8) { range8(out, x, lo, hi) }

// Range16 sets bit i of out where lo ≤ x[i] ≤ hi.
func Range16(out []uint64, x []uint16, lo, hi uint16) { range16(out, x, lo, hi) }

// Range32 sets bit i of out where lo ≤ x[i] ≤ hi.
func Range32(out []uint64, x []uint32, lo, hi uint32) { range32(out, x, lo, hi) }

// Range64 sets bit i of out where lo ≤ x[i] ≤ hi, unsigned.
func Range64(out []uint64, x []uint64, lo, hi uint64) { range64(out, x, lo, hi) }

// RangeF64 sets bit i of out where lo ≤ x[i] ≤ hi; −0 equals +0. Neither x nor the bounds hold a NaN; the
// infinities are values like any other.
func RangeF64(out []uint64, x []float64, lo, hi float64) { rangeF64(out, x, lo, hi) }

// RangeI64 sets bit i of out where lo ≤ x[i] ≤ hi, signed.
func RangeI64(out []uint64, x []int64, lo, hi int64) { rangeI64(out, x, lo, hi) }

// In8 sets bit i of out where t holds x[i].
func In8(out []uint64, x []uint8, t *Table8) { in8(out, x, t) }

// Implementation names the versions that are in place, for people who report figures.
func Implementation() string { return "portable" }
