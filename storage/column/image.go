package column

import (
	"math"
	"math/bits"
	"slices"
	"unicode/utf8"

	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/section"
	"github.com/musterdb/muster/storage/slab"
)

// flags of a chunk in an image.
const (
	flagValid = 1 << iota // null bits follow
	flagZone              // bounds follow
	flagSecs              // TIMESTAMP in seconds
	flagMS                // and its milliseconds follow
	flagAll   = 1<<iota - 1
)

// AppendImage appends a chunk to an image. Chunks with equal contents and encodings have equal bytes,
// whatever their garbage and spare room.
func (c *Chunk) AppendImage(e *section.Encoder) {
	e.Byte(byte(c.enc))
	e.Byte(c.width)
	var flags byte
	for bit, on := range []bool{c.valid != nil, c.zone, c.secs, c.ms != nil} {
		if on {
			flags |= 1 << bit
		}
	}
	e.Byte(flags)
	e.Uint(uint64(c.n))
	e.Fixed64(uint64(c.base))
	if c.zone && c.typ.Kind == schema.KindFloat {
		e.Fixed64(math.Float64bits(c.fmin))
		e.Fixed64(math.Float64bits(c.fmax))
	} else if c.zone {
		e.Fixed64(uint64(c.min))
		e.Fixed64(uint64(c.max))
	}
	if c.valid != nil {
		section.Array(e, c.valid[:(c.n+63)/64])
	}
	c.appendValues(e)
}

func (c *Chunk) appendValues(e *section.Encoder) {
	switch c.enc {
	case Bits:
		section.Array(e, c.Bits())
	case Narrow, Codes, Floats:
		section.Array(e, c.data[:c.n*int(c.width)])
		if c.ms != nil {
			section.Array(e, c.ms[:c.n])
		}
	case Plain, Sets:
		refs := c.refs()
		for i := range c.n {
			if !c.Null(i) {
				e.Bytes(c.heap.get(refs[i]))
			}
		}
	}
}

// ReadChunk reads a chunk of n rows that AppendImage wrote. A nil dictionary for TEXT asks for a chunk
// that is plain. It returns nil if the bytes are not right; the decoder knows why then, and memory made
// until then is given back.
func ReadChunk(d *section.Decoder, a *slab.Arena, t schema.Type, dict *Dict, n int) *Chunk {
	c := &Chunk{alloc: a, typ: t, dict: dict, index: t.Kind == schema.KindSet, born: a.Epoch()}
	c.enc, c.width = Encoding(d.Byte()), d.Byte()
	flags := d.Byte()
	if got := d.Uint(); got != uint64(n) {
		d.Fail("a column of %d rows in a chunk of %d", got, n)
	}
	c.n, c.base = n, int64(d.Fixed64())
	c.checkHead(d, flags)
	c.zone, c.secs = flags&flagZone != 0, flags&flagSecs != 0
	if c.zone {
		c.readZone(d)
	}
	if flags&flagValid != 0 {
		c.valid = section.Slice[uint64](d, a, (n+63)/64)
	}
	c.countNulls(d)
	c.readValues(d, flags&flagMS != 0)
	if d.Err() != nil {
		c.Free()
		return nil
	}
	return c
}

// checkHead refuses encodings that the type has not.
func (c *Chunk) checkHead(d *section.Decoder, flags byte) {
	ok := c.enc <= Const && c.width == 0
	switch c.typ.Kind {
	case schema.KindBool:
		ok = ok || c.enc == Bits && c.width == 0
	case schema.KindFloat:
		ok = ok || c.enc == Floats && c.width == 8
	case schema.KindText:
		ok = c.dict != nil && (ok || c.enc == Codes && (c.width == 1 || c.width == 2 || c.width == 4) && c.base == 0) || c.enc == Plain && c.width == 4
	case schema.KindSet:
		ok = c.enc == AllNull && c.width == 0 || c.enc == Sets && c.width == 4
	default:
		ok = ok || c.enc == Narrow && (c.width == 1 || c.width == 2 || c.width == 4 || c.width == 8)
	}
	secs := c.enc == Narrow && c.typ.Kind == schema.KindTimestamp && c.width == 4
	if c.enc == Narrow && c.typ.Kind == schema.KindTimestamp && c.width < 4 ||
		secs != (flags&flagSecs != 0) || flags&flagMS != 0 && !secs || flags&^flagAll != 0 ||
		c.enc == AllNull && flags != 0 {
		ok = false
	}
	if c.enc == Narrow && c.width == 8 && c.base != math.MinInt64 {
		ok = false
	}
	if !ok {
		d.Fail("a %v column of encoding %d, width %d, flags %#x", c.typ, c.enc, c.width, flags)
	}
}

func (c *Chunk) readZone(d *section.Decoder) {
	lo, hi := d.Fixed64(), d.Fixed64()
	if c.typ.Kind == schema.KindFloat {
		c.fmin, c.fmax = math.Float64frombits(lo), math.Float64frombits(hi)
	} else {
		c.min, c.max = int64(lo), int64(hi)
	}
}

// countNulls counts the null bits and refuses bits beyond the rows.
func (c *Chunk) countNulls(d *section.Decoder) {
	switch {
	case c.enc == AllNull:
		c.nulls = c.n
	case c.valid != nil && d.Err() == nil:
		if k := c.n & 63; k != 0 && c.valid[len(c.valid)-1]>>k != 0 {
			d.Fail("null bits beyond the last row")
		}
		c.nulls = c.n
		for _, w := range c.valid {
			c.nulls -= bits.OnesCount64(w)
		}
		if c.nulls == 0 {
			d.Fail("null bits without a null")
		}
	}
}

func (c *Chunk) readValues(d *section.Decoder, ms bool) {
	if d.Err() != nil {
		return
	}
	switch c.enc {
	case Bits:
		words := section.Slice[uint64](d, c.alloc, (c.n+63)/64)
		c.data = slab.Bytes(words)[:8*len(words)]
		c.checkBits(d, words)
	case Narrow, Codes, Floats:
		c.data = section.Slice[uint8](d, c.alloc, c.n*int(c.width))
		if ms {
			c.ms = section.Slice[uint16](d, c.alloc, c.n)
		}
	case Plain:
		c.readTexts(d)
	case Sets:
		c.readSets(d)
	}
	c.checkValues(d)
	if d.Err() == nil && c.enc == Codes && c.width == 1 && c.n >= histogramRows {
		c.makeHistogram()
	}
}

func (c *Chunk) checkBits(d *section.Decoder, words []uint64) {
	for w := range words {
		if words[w]&^c.validWord(w) != 0 {
			d.Fail("a bit of a null row is set")
			return
		}
	}
}

// checkValues makes sure that every value lies within the bounds, that codes exist and that null cells
// are zero: readers rely on all three.
func (c *Chunk) checkValues(d *section.Decoder) {
	if d.Err() != nil || c.enc == AllNull || c.enc == Plain || c.enc == Sets {
		return
	}
	if !c.zone {
		d.Fail("a column of values without bounds")
		return
	}
	for i := range c.n {
		if why := c.misfit(i); why != "" {
			d.Fail("row %d: %s", i, why)
			return
		}
	}
}

func (c *Chunk) misfit(i int) string {
	if c.Null(i) {
		if c.width > 0 && c.raw(i) != 0 || c.ms != nil && c.ms[i] != 0 {
			return "a null that is not zero"
		}
		return ""
	}
	if c.typ.Kind == schema.KindFloat {
		if v := c.Float(i); !(v >= c.fmin && v <= c.fmax) || v == 0 && math.Signbit(v) {
			return "a FLOAT out of bounds"
		}
		return ""
	}
	v := c.Int(i)
	if v < c.min || v > c.max || c.ms != nil && c.ms[i] > 999 {
		return "a value out of bounds"
	}
	if c.typ.Kind == schema.KindText && (v < 0 || v >= int64(c.dict.Len())) {
		return "a code that the dictionary has not"
	}
	if c.typ.Kind == schema.KindBool && v&^1 != 0 {
		return "a BOOL that is neither true nor false"
	}
	if c.enc == Narrow && c.width < 8 && c.overflows(i) {
		return "a value beyond 64 bits"
	}
	return ""
}

// overflows says whether base + raw wraps.
func (c *Chunk) overflows(i int) bool {
	raw := int64(c.raw(i))
	if c.secs {
		return c.base > math.MaxInt64/1000-raw || c.base < math.MinInt64/1000-1
	}
	return c.base > math.MaxInt64-raw
}

func (c *Chunk) readTexts(d *section.Decoder) {
	c.startEntries()
	c.fp = growTo[uint16](c.alloc, nil, max(c.n, 1))
	for i := range c.n {
		if c.Null(i) {
			continue
		}
		text := d.Bytes(schema.MaxTextBytes)
		if d.Err() != nil {
			return
		}
		if !utf8.Valid(text) {
			d.Fail("row %d: a text that is not UTF-8", i)
			return
		}
		c.putText(i, text)
	}
}

// startEntries makes the references of a Plain or Sets chunk. They take more memory than a hostile image
// has bytes only if nearly all rows are null, and then at most a chunk's.
func (c *Chunk) startEntries() {
	c.data = growTo[uint8](c.alloc, nil, max(4*c.n, 4))
}

func (c *Chunk) readSets(d *section.Decoder) {
	c.startEntries()
	var codes []uint32
	for i := range c.n {
		if c.Null(i) {
			continue
		}
		e := d.Bytes(1 + 4*schema.MaxSetValues)
		if d.Err() != nil {
			return
		}
		var ok bool
		if codes, ok = c.decodeEntry(codes[:0], e); !ok {
			d.Fail("row %d: not a set", i)
			return
		}
		c.refs()[i] = c.heap.put(c.alloc, e)
		for _, code := range codes {
			c.posting(code).add(c.alloc, uint32(i))
		}
	}
}

// decodeEntry reads a set's entry, which must be as appendEntry writes it.
func (c *Chunk) decodeEntry(dst []uint32, e []byte) ([]uint32, bool) {
	n, ok := SetEntryLen(e)
	if !ok {
		return dst, false
	}
	for j := range n {
		dst = append(dst, entryCode(e, j))
	}
	for j := 1; j < n; j++ {
		if dst[j-1] >= dst[j] {
			return dst, false
		}
	}
	if n > 0 && int(dst[n-1]) >= c.dict.Len() {
		return dst, false
	}
	return dst, slices.Equal(e, appendEntry(nil, dst))
}

// AppendImage appends a state of a dictionary to an image: its texts in the order of their codes. The writer
// may be adding more.
func (d *Dict) AppendImage(e *section.Encoder, m DictMark) {
	e.Bool(m.closed)
	e.Uint(uint64(m.rows))
	e.Uint(uint64(m.n))
	for code := range uint32(m.n) {
		e.Bytes(stringAsBytes(d.ImageText(m, code)))
	}
}

// ReadDict reads a dictionary that AppendImage wrote, or nil if the bytes are not right.
func ReadDict(r *section.Decoder, a *slab.Arena) *Dict {
	d := NewDict(a)
	d.closed = r.Bool()
	d.rows = r.Count(math.MaxInt32)
	for code := range r.Count(r.Left()) {
		text := r.Bytes(schema.MaxTextBytes)
		if r.Err() == nil && IsForgotten(text) {
			d.AddForgotten()
			continue
		}
		if r.Err() == nil && d.Add(text) != uint32(code) {
			r.Fail("a text occurs twice in a dictionary")
		}
		if r.Err() != nil {
			d.Free()
			return nil
		}
	}
	if r.Err() != nil {
		d.Free()
		return nil
	}
	return d
}
