package eval

import (
	"math"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// span is a closed range of a column's integers (INT, BOOL, DATE, TIMESTAMP, KEY, unscaled DECIMAL). It is
// empty if lo > hi.
type span struct{ lo, hi int64 }

var (
	wholeSpan = span{math.MinInt64, math.MaxInt64}
	emptySpan = span{1, 0}
)

func (s span) empty() bool { return s.lo > s.hi }

// and returns what lies in both.
func (s span) and(t span) span { return span{max(s.lo, t.lo), min(s.hi, t.hi)} }

// firstInt returns the smallest int64 of which ok is true, where ok is false up to some value and true
// from there on; none if it is true of no int64.
func firstInt(ok func(int64) bool) (v int64, none bool) {
	if !ok(math.MaxInt64) {
		return 0, true
	}
	lo, hi := int64(math.MinInt64), int64(math.MaxInt64)
	for lo < hi {
		mid := lo + int64(uint64(hi-lo)/2)
		if ok(mid) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return hi, false
}

// intSpan returns the integers v with v/10^scale op c, exactly, whatever form c has. Ne gives the span of
// Eq: the caller turns its polarity.
func intSpan(op plan.CmpOp, c exact.Number, scale uint8) span {
	at := func(v int64) exact.Number { return exact.Decimal(exact.Int(v), scale) }
	least, noLeast := firstInt(func(v int64) bool { return exact.Cmp(at(v), c) >= 0 }) // first ≥ c
	above, noAbove := firstInt(func(v int64) bool { return exact.Cmp(at(v), c) > 0 })  // first > c
	return spanOf(op, least, noLeast, above, noAbove)
}

func spanOf(op plan.CmpOp, least int64, noLeast bool, above int64, noAbove bool) span {
	switch op {
	case plan.Lt:
		return spanBelow(least, noLeast)
	case plan.Le:
		return spanBelow(above, noAbove)
	case plan.Gt:
		return spanFrom(above, noAbove)
	case plan.Ge:
		return spanFrom(least, noLeast)
	}
	return spanFrom(least, noLeast).and(spanBelow(above, noAbove))
}

func spanBelow(v int64, none bool) span {
	switch {
	case none:
		return wholeSpan
	case v == math.MinInt64:
		return emptySpan
	}
	return span{math.MinInt64, v - 1}
}

func spanFrom(v int64, none bool) span {
	if none {
		return emptySpan
	}
	return span{v, math.MaxInt64}
}

// floatSpan is a closed range of floats; it is empty if lo > hi.
type floatSpan struct{ lo, hi float64 }

func (s floatSpan) empty() bool { return s.lo > s.hi }

var emptyFloats = floatSpan{1, 0}

// rankFloat maps floats, from −Inf to +Inf, to integers of the same order; −0 and +0 have one rank.
func rankFloat(f float64) int64 {
	b := int64(math.Float64bits(f))
	if b < 0 {
		return math.MinInt64 - b
	}
	return b
}

func floatOfRank(r int64) float64 {
	if r < 0 {
		r = math.MinInt64 - r
	}
	return math.Float64frombits(uint64(r))
}

// floatBounds returns the floats f with f op c by exact value. Ne gives the bounds of Eq.
func floatBounds(op plan.CmpOp, c exact.Number) floatSpan {
	lowest, highest := rankFloat(math.Inf(-1)), rankFloat(math.Inf(1))
	first := func(ok func(cmp int) bool) int64 { // highest + 1 if none
		lo, hi := lowest, highest+1
		for lo < hi {
			mid := lo + int64(uint64(hi-lo)/2)
			if ok(exact.Cmp(exact.FromFloat(floatOfRank(mid)), c)) {
				hi = mid
			} else {
				lo = mid + 1
			}
		}
		return lo
	}
	least := first(func(cmp int) bool { return cmp >= 0 })
	above := first(func(cmp int) bool { return cmp > 0 })
	from, to := lowest, highest
	switch op {
	case plan.Lt:
		to = least - 1
	case plan.Le:
		to = above - 1
	case plan.Gt:
		from = above
	case plan.Ge:
		from = least
	default:
		from, to = least, above-1
	}
	if from > to {
		return emptyFloats
	}
	return floatSpan{floatOfRank(from), floatOfRank(to)}
}

// integral says whether a kind's values are integers in a column.
func integral(k schema.Kind) bool {
	switch k {
	case schema.KindBool, schema.KindInt, schema.KindDecimal, schema.KindDate, schema.KindTimestamp, schema.KindKey:
		return true
	}
	return false
}

// testable says whether a column of type t can be tested directly against a constant of kind k: both
// are numbers, or of one kind.
func testable(t schema.Type, k schema.Kind) bool {
	numeric := schema.Type{Kind: k}.Numeric()
	return t.Numeric() && numeric || !t.Numeric() && t.Kind == k
}
