package column

import (
	"math"
	"unsafe"

	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// U8 returns the raw values of a chunk of width 1; value = Base + raw. Null rows hold 0.
func (c *Chunk) U8() []uint8 { return c.data[:c.n] }

// U16 returns the raw values of a chunk of width 2.
func (c *Chunk) U16() []uint16 { return view[uint16](c.data, c.n) }

// U32 returns the raw values of a chunk of width 4.
func (c *Chunk) U32() []uint32 { return view[uint32](c.data, c.n) }

// U64 returns the raw values of a chunk of width 8. Base is the smallest int64 then, so raw values are
// ordered as the values are.
func (c *Chunk) U64() []uint64 { return view[uint64](c.data, c.n) }

// F64 returns the values of a chunk of encoding Floats.
func (c *Chunk) F64() []float64 { return view[float64](c.data, c.n) }

// Bits returns the bits of a chunk of encoding Bits; bits of null rows and from Len on are 0.
func (c *Chunk) Bits() []uint64 { return view[uint64](c.data, (c.n+63)/64) }

// MS returns the milliseconds beyond the second of a TIMESTAMP chunk in seconds, nil if all are 0.
func (c *Chunk) MS() []uint16 {
	if c.ms == nil {
		return nil
	}
	return c.ms[:c.n]
}

func (c *Chunk) f64() []float64 { return view[float64](c.data, len(c.data)/8) }

// view returns the first n elements of raw bytes, which are 64-byte aligned.
func view[T slab.Number](b []byte, n int) []T {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

func (c *Chunk) raw(i int) uint64 {
	p := unsafe.Pointer(&c.data[i*int(c.width)])
	switch c.width {
	case 1:
		return uint64(*(*uint8)(p))
	case 2:
		return uint64(*(*uint16)(p))
	case 4:
		return uint64(*(*uint32)(p))
	}
	return *(*uint64)(p)
}

func (c *Chunk) putRaw(i int, v uint64) {
	p := unsafe.Pointer(&c.data[i*int(c.width)])
	switch c.width {
	case 1:
		*(*uint8)(p) = uint8(v)
	case 2:
		*(*uint16)(p) = uint16(v)
	case 4:
		*(*uint32)(p) = uint32(v)
	default:
		*(*uint64)(p) = v
	}
}

// Int returns the value of row i of an integer kind or a BOOL (0 or 1), a TIMESTAMP in ms; for TEXT in
// codes the code. It is meaningless for a null row.
func (c *Chunk) Int(i int) int64 {
	switch c.enc {
	case Const:
		return c.base
	case Bits:
		return int64(c.data[i>>3] >> (i & 7) & 1)
	case Narrow, Codes:
		v := c.base + int64(c.raw(i))
		if !c.secs {
			return v
		}
		v *= 1000
		if c.ms != nil {
			v += int64(c.ms[i])
		}
		return v
	}
	return 0
}

// SetInt stores a value of an integer kind or a BOOL; i may be at or beyond Len, rows between are null.
func (c *Chunk) SetInt(i int, v int64) {
	switch c.typ.Kind {
	case schema.KindBool:
		c.setBool(i, v != 0)
	case schema.KindText, schema.KindSet, schema.KindFloat:
		panic("column: SetInt on a chunk of " + c.typ.String())
	default:
		c.setInt(i, v)
	}
}

// AppendInt adds a value of an integer kind or a BOOL.
func (c *Chunk) AppendInt(v int64) { c.SetInt(c.n, v) }

// setInt stores v in Narrow or Codes, or stays Const while it can.
func (c *Chunk) setInt(i int, v int64) {
	if i == c.n && c.appendFast(v) {
		return
	}
	if c.enc == AllNull {
		c.startConst(i, v)
		return
	}
	if c.enc == Const {
		if v == c.base {
			c.place(i)
			return
		}
		c.unConst(v)
	}
	if !c.fits(v) {
		c.widen(v)
	}
	had := c.place(i)
	if c.hist != nil {
		c.count(i, v, had)
	}
	c.put(i, v)
	c.note(v)
	if c.hist == nil && c.enc == Codes && c.width == 1 && c.n == histogramRows {
		c.makeHistogram()
	}
}

// appendFast appends a value for which nothing but the values has to change, as in bulk loads.
func (c *Chunk) appendFast(v int64) bool {
	if c.enc != Narrow && c.enc != Codes || c.valid != nil || c.ms != nil || c.secs || c.n == histogramRows-1 ||
		(c.n+1)*int(c.width) > len(c.data) || !c.fits(v) {
		return false
	}
	if c.hist != nil {
		c.hist[v]++
	}
	c.putRaw(c.n, uint64(v-c.base))
	c.n++
	c.note(v)
	return true
}

func (c *Chunk) count(i int, v int64, had bool) {
	if had {
		c.hist[c.data[i]]--
	}
	c.hist[v]++
}

func (c *Chunk) makeHistogram() {
	c.hist = slab.Make[uint32](c.alloc, 256)
	for i, code := range c.U8() {
		if !c.Null(i) {
			c.hist[code]++
		}
	}
}

// note widens the zone map to v.
func (c *Chunk) note(v int64) {
	if !c.zone {
		c.min, c.max, c.zone = v, v, true
		return
	}
	c.min, c.max = min(c.min, v), max(c.max, v)
}

// startConst gives an all-null chunk its first value.
func (c *Chunk) startConst(i int, v int64) {
	c.enc, c.base = Const, v
	c.min, c.max, c.zone = v, v, true
	c.startValid(i)
}

// startValid makes row i the first valid one of a chunk that was all null.
func (c *Chunk) startValid(i int) {
	n := max(c.n, i+1)
	if n > 1 {
		c.valid = growTo[uint64](c.alloc, nil, (n+63)/64)
		c.valid[i>>6] |= 1 << (i & 63)
	}
	c.n, c.nulls = n, n-1
}

// unConst writes a Const out, in an encoding that has room for v too.
func (c *Chunk) unConst(v int64) {
	k := c.base
	c.encodeFor(min(k, v), max(k, v), false)
	c.reserve(c.n)
	for i := range c.n {
		if !c.Null(i) {
			c.put(i, k)
		}
	}
	c.min, c.max, c.zone = k, k, true
	if c.enc == Codes && c.width == 1 && c.n >= histogramRows {
		c.makeHistogram()
	}
}

// fits says whether v can be stored without a new encoding.
func (c *Chunk) fits(v int64) bool {
	if c.secs {
		s := floorDiv(v, 1000)
		return s >= c.base && uint64(s-c.base) <= math.MaxUint32
	}
	return c.width == 8 || v >= c.base && uint64(v-c.base) <= maxRaw(c.width)
}

func maxRaw(width uint8) uint64 { return ^uint64(0) >> (64 - 8*uint(width)) }

// put stores a value that fits.
func (c *Chunk) put(i int, v int64) {
	if !c.secs {
		c.putRaw(i, uint64(v-c.base))
		return
	}
	s := floorDiv(v, 1000)
	rest := uint16(v - s*1000)
	if rest != 0 && c.ms == nil {
		c.ms = growTo[uint16](c.alloc, nil, max(minRows, len(c.data)/4))
	}
	if c.ms != nil {
		c.ms[i] = rest
	}
	c.putRaw(i, uint64(s-c.base))
}

func floorDiv(v, d int64) int64 {
	q := v / d
	if v%d < 0 {
		q--
	}
	return q
}

// widen encodes the chunk anew so that v fits. It costs one pass over at most schema.ChunkRows rows (or
// one block), and the zone map is exact after it.
func (c *Chunk) widen(v int64) {
	old := *c
	lo, hi := v, v
	c.zone = false
	for i := range old.n {
		if !old.Null(i) {
			x := old.Int(i)
			lo, hi = min(lo, x), max(hi, x)
			c.note(x)
		}
	}
	c.data, c.ms, c.hist = nil, nil, nil
	c.encodeFor(lo, hi, v == lo)
	c.reserve(old.n)
	for i := range old.n {
		if !old.Null(i) {
			c.put(i, old.Int(i))
		}
	}
	slab.Release(c.alloc, old.data)
	slab.Release(c.alloc, old.ms)
	slab.Release(c.alloc, old.hist)
}

// encodeFor chooses base and width for values from lo to hi. With slack the unused part of the range is
// split evenly below and above, so that values that keep falling do not cost an encoding each.
func (c *Chunk) encodeFor(lo, hi int64, slack bool) {
	switch c.typ.Kind {
	case schema.KindText:
		c.enc, c.base, c.width = Codes, 0, widthOf(uint64(hi))
		if c.width == 8 {
			panic("column: dictionary code out of range")
		}
		return
	case schema.KindTimestamp:
		c.encodeTime(lo, hi, slack)
		return
	}
	c.enc = Narrow
	c.width = widthOf(uint64(hi) - uint64(lo))
	c.base = baseFor(lo, uint64(hi)-uint64(lo), c.width, slack, math.MinInt64)
}

// encodeTime chooses seconds in 32 bits, or milliseconds in 64 if that is not enough.
func (c *Chunk) encodeTime(lo, hi int64, slack bool) {
	lo, hi = floorDiv(lo, 1000), floorDiv(hi, 1000)
	c.enc, c.width, c.secs = Narrow, 4, true
	if r := uint64(hi) - uint64(lo); r <= math.MaxUint32 {
		c.base = baseFor(lo, r, 4, slack, math.MinInt64/1000)
		return
	}
	c.width, c.base, c.secs = 8, math.MinInt64, false
}

// baseFor returns the base for a range of span values from lo on, at least least.
func baseFor(lo int64, span uint64, width uint8, slack bool, least int64) int64 {
	if width == 8 {
		return math.MinInt64
	}
	if !slack {
		return lo
	}
	spare := int64((maxRaw(width) - span) / 2)
	if lo < least+spare {
		return min(lo, least)
	}
	return lo - spare
}

func widthOf(span uint64) uint8 {
	switch {
	case span <= math.MaxUint8:
		return 1
	case span <= math.MaxUint16:
		return 2
	case span <= math.MaxUint32:
		return 4
	}
	return 8
}
