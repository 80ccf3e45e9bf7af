package eval

import (
	"math"

	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/kernel"
)

// verdict is what a test found without, or after, looking at each value.
type verdict uint8

const (
	noRow  verdict = iota // true of no value
	anyRow                // out holds the values of which it is true
	allRow                // true of every value that is not null
)

// settle turns a verdict over the values of c into the answer over n rows: the true rows, or the false
// ones if neg. Rows at or beyond the chunk's length are null and so in neither.
func settle(out []uint64, n int, c *column.Chunk, v verdict, neg bool) {
	words := kernel.Words(n)
	have := min(n, c.Len())
	clear(out[kernel.Words(have):words])
	out = out[:kernel.Words(have)]
	if neg {
		v = allRow - v
	}
	if v == noRow {
		clear(out)
		return
	}
	valid := c.Valid()
	switch {
	case v == anyRow && neg:
		kernel.NotOf(out, out, have)
	case v == anyRow:
		kernel.Trim(out, have)
	case valid == nil:
		kernel.Fill(out, have)
	default:
		copy(out, valid)
		kernel.Trim(out, have)
		return
	}
	if valid != nil {
		kernel.And(out, valid)
	}
}

// zoneOf says what the bounds of an integer chunk tell of the values within s; anyRow is that one must look.
func zoneOf(c *column.Chunk, s span) verdict {
	lo, hi, ok := c.MinMax()
	switch {
	case c.Enc() == column.AllNull || s.empty() || ok && (hi < s.lo || s.hi < lo):
		return noRow
	case ok && s.lo <= lo && hi <= s.hi:
		return allRow
	case c.Enc() != column.Const:
		return anyRow
	}
	if v := c.Base(); s.lo <= v && v <= s.hi {
		return allRow
	}
	return noRow
}

// testSpan finds the values of an integer chunk within s. Rows that are null may be in out.
func testSpan(w *Worker, out []uint64, c *column.Chunk, s span) verdict {
	if v := zoneOf(c, s); v != anyRow {
		return v
	}
	if c.Enc() == column.Bits {
		return testBits(out, c, s)
	}
	if c.Unit() != 1 {
		return testSeconds(w, out, c, s)
	}
	return testRaw(out, c, s)
}

func testBits(out []uint64, c *column.Chunk, s span) verdict {
	f, t := s.lo <= 0 && 0 <= s.hi, s.lo <= 1 && 1 <= s.hi
	switch {
	case f && t:
		return allRow
	case t:
		copy(out, c.Bits())
	case f:
		kernel.NotOf(out, c.Bits(), c.Len())
	default:
		return noRow
	}
	return anyRow
}

// testRaw compares base + raw, in the chunk's units, with s.
func testRaw(out []uint64, c *column.Chunk, s span) verdict {
	base := c.Base()
	if s.hi < base || s.empty() {
		return noRow
	}
	var lo uint64
	if s.lo > base {
		lo = uint64(s.lo) - uint64(base)
	}
	return testStored(out, c, lo, uint64(s.hi)-uint64(base))
}

// testStored compares the stored values with lo and hi.
func testStored(out []uint64, c *column.Chunk, lo, hi uint64) verdict {
	most := ^uint64(0) >> (64 - 8*c.Width())
	if lo > most {
		return noRow
	}
	hi = min(hi, most)
	if lo == 0 && hi == most {
		return allRow
	}
	switch c.Width() {
	case 1:
		kernel.Range8(out, c.U8(), uint8(lo), uint8(hi))
	case 2:
		kernel.Range16(out, c.U16(), uint16(lo), uint16(hi))
	case 4:
		kernel.Range32(out, c.U32(), uint32(lo), uint32(hi))
	default:
		kernel.Range64(out, c.U64(), lo, hi)
	}
	return anyRow
}

// testSeconds compares a TIMESTAMP stored in seconds. Where the chunk keeps milliseconds, only the values
// in the very seconds of the bounds look at theirs.
func testSeconds(w *Worker, out []uint64, c *column.Chunk, s span) verdict {
	ms := c.MS()
	if ms == nil {
		return testRaw(out, c, span{ceilDiv(s.lo, 1000), floorDiv(s.hi, 1000)})
	}
	from, to := floorDiv(s.lo, 1000), floorDiv(s.hi, 1000)
	v := testRaw(out, c, span{from, to})
	if v == noRow {
		return v
	}
	if v == allRow {
		kernel.Fill(out, c.Len())
	}
	edge := func(sec int64) {
		if sec < c.Base() || sec-c.Base() > math.MaxUint32 {
			return
		}
		at := w.words(c.Len())
		kernel.Range32(at, c.U32(), uint32(sec-c.Base()), uint32(sec-c.Base()))
		for i := range rowsOf(at) {
			if t := sec*1000 + int64(ms[i]); t < s.lo || t > s.hi {
				out[i>>6] &^= 1 << (i & 63)
			}
		}
	}
	defer w.release(w.mark())
	if s.lo > from*1000 {
		edge(from)
	}
	if s.hi < to*1000+999 {
		edge(to)
	}
	return anyRow
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func ceilDiv(a, b int64) int64 {
	q := a / b
	if a%b > 0 {
		q++
	}
	return q
}

// testFloats finds the values of a FLOAT chunk within s.
func testFloats(out []uint64, c *column.Chunk, s floatSpan) verdict {
	lo, hi, ok := c.FloatMinMax()
	switch {
	case c.Enc() == column.AllNull || s.empty() || ok && (hi < s.lo || s.hi < lo):
		return noRow
	case ok && s.lo <= lo && hi <= s.hi:
		return allRow
	case c.Enc() == column.Const:
		if v := c.Float(0); s.lo <= v && v <= s.hi {
			return allRow
		}
		return noRow
	}
	kernel.RangeF64(out, c.F64(), s.lo, s.hi)
	return anyRow
}
