// Package column owns the values of one attribute over one chunk of rows, or of one property over one
// block of events: their encodings, null bits, zone maps, dictionaries and postings, and the bytes of all
// that in an image. It knows nothing of rows' identity, of events or of who reads.
//
// A Chunk has one writer. Readers read it under the shard's latch, or hold a pin of the shard's arena:
// then the writer calls Writable first and changes a copy. Null cells hold zero raw bits.
package column

import (
	"fmt"

	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// Encoding is how a chunk stores its values.
type Encoding uint8

// The encodings. A chunk starts as AllNull, becomes Const with its first value and one of the others with
// its second distinct value; the numbers are part of the image format.
const (
	AllNull Encoding = iota // no value
	Const                   // every valid row holds the same value; Sets and Plain are never Const
	Bits                    // BOOL: one bit a row
	Narrow                  // INT DECIMAL DATE TIMESTAMP KEY: unsigned, 1, 2, 4 or 8 bytes, value = Base + raw
	Floats                  // FLOAT: float64
	Codes                   // TEXT: codes of the dictionary, 1, 2 or 4 bytes, Base 0
	Plain                   // TEXT: the texts themselves, with a 16-bit fingerprint each
	Sets                    // SET: lists of codes of the dictionary
)

var encodingNames = [...]string{"all-null", "const", "bits", "narrow", "floats", "codes", "plain", "sets"}

// String returns the encoding's name as SHOW STORAGE writes it.
func (e Encoding) String() string {
	if int(e) < len(encodingNames) {
		return encodingNames[e]
	}
	return fmt.Sprintf("encoding(%d)", uint8(e))
}

// minRows is the capacity, in values, that a buffer starts with; it doubles from there.
const minRows = 64

// histogramRows is the length from which a chunk of one-byte codes counts its codes: below, a scan costs
// less than the kilobyte.
const histogramRows = 16 << 10

// Chunk is the values of up to schema.ChunkRows rows, or of any number of events.
type Chunk struct {
	alloc *slab.Arena
	dict  *Dict
	typ   schema.Type
	enc   Encoding
	width uint8
	zone  bool // min, max (fmin, fmax) bound the values
	index bool // Sets: keep postings
	secs  bool // TIMESTAMP in seconds
	n     int
	nulls int
	born  uint64 // epoch of the buffers
	base  int64  // Narrow: added to raw; Const: the value, float bits or code itself

	min, max   int64
	fmin, fmax float64

	valid []uint64 // nil if there is no null; bits from n on are 0
	data  []byte   // n*width bytes (Bits: words), then room that is zero
	ms    []uint16 // TIMESTAMP in seconds: the rest in milliseconds; nil if all are 0
	hist  []uint32 // Codes of one byte: rows per code
	fp    []uint16 // Plain: fingerprints
	heap  heap     // Plain, Sets: what the u32 references of data point to
	post  map[uint32]*posting
	sets  *Dict // Sets of an Alias: the entries by code
}

// New returns an empty chunk. dict is needed for TEXT and SET and may be nil else. It is shared by all
// chunks of an attribute or property.
func New(a *slab.Arena, t schema.Type, dict *Dict) *Chunk {
	if !t.Storable() {
		panic("column: no chunk of type " + t.String())
	}
	if dict == nil && (t.Kind == schema.KindText || t.Kind == schema.KindSet) {
		panic("column: a chunk of " + t.String() + " needs a dictionary")
	}
	return &Chunk{alloc: a, typ: t, dict: dict, born: a.Epoch()}
}

// NewIndexed returns an empty SET chunk that keeps, per value, the rows that hold it. It may hold at most
// schema.ChunkRows rows.
func NewIndexed(a *slab.Arena, dict *Dict) *Chunk {
	c := New(a, schema.Type{Kind: schema.KindSet}, dict)
	c.index = true
	return c
}

// Type returns the type of the values.
func (c *Chunk) Type() schema.Type { return c.typ }

// Enc returns how the values are stored.
func (c *Chunk) Enc() Encoding { return c.enc }

// Len returns the number of rows.
func (c *Chunk) Len() int { return c.n }

// Width returns the bytes of a raw value: 1, 2, 4 or 8 for Narrow, Codes and Floats, 0 else.
func (c *Chunk) Width() int {
	if c.enc == Narrow || c.enc == Codes || c.enc == Floats {
		return int(c.width)
	}
	return 0
}

// Base returns what is to be added to a raw value of Narrow (in Units), and for Const of an integer kind
// the value itself (a TIMESTAMP in ms, a TEXT its code, a BOOL 0 or 1).
func (c *Chunk) Base() int64 { return c.base }

// Unit returns 1000 for a TIMESTAMP that is stored in seconds: value = (Base + raw) * Unit + MS. It is 1
// for everything else, Const included.
func (c *Chunk) Unit() int64 {
	if c.secs {
		return 1000
	}
	return 1
}

// NullCount returns the number of null rows.
func (c *Chunk) NullCount() int { return c.nulls }

// Null says whether row i is null.
func (c *Chunk) Null(i int) bool {
	if c.valid == nil {
		return c.enc == AllNull
	}
	return c.valid[i>>6]>>(i&63)&1 == 0
}

var noBits [schema.ChunkRows / 64]uint64

// Valid returns the bits of the rows that are not null, or nil if no row is null. Bits from Len on are 0.
// The slice is read only.
func (c *Chunk) Valid() []uint64 {
	if c.enc == AllNull && c.n > 0 {
		words := (c.n + 63) / 64
		if words <= len(noBits) {
			return noBits[:words]
		}
		return make([]uint64, words)
	}
	return c.valid[:min(len(c.valid), (c.n+63)/64)]
}

// MinMax returns bounds of the values that are not null: exact after an encoding, possibly too wide after
// overwriting, never too narrow. Codes give their code range, a TIMESTAMP milliseconds. ok is false if
// there is no value, or the kind has no such bounds (FLOAT, SET, plain TEXT).
func (c *Chunk) MinMax() (lo, hi int64, ok bool) {
	if !c.zone || c.enc == Floats || c.enc == Plain || c.enc == Sets || c.typ.Kind == schema.KindFloat {
		return 0, 0, false
	}
	return c.min, c.max, true
}

// FloatMinMax returns bounds of a FLOAT chunk's values as MinMax does.
func (c *Chunk) FloatMinMax() (lo, hi float64, ok bool) {
	if !c.zone || c.typ.Kind != schema.KindFloat {
		return 0, 0, false
	}
	return c.fmin, c.fmax, true
}

// Dict returns the dictionary of a TEXT or SET chunk.
func (c *Chunk) Dict() *Dict { return c.dict }

// Histogram returns, for Codes of one byte and at least 16,384 rows, the number of rows per code; nil
// else. Null rows are not counted.
func (c *Chunk) Histogram() []uint32 { return c.hist }

// Writable returns the chunk that may be changed: c itself, or a copy if a pin can see c. The caller puts
// the result in c's place; c's memory is freed when the pins are gone.
func (c *Chunk) Writable() *Chunk {
	if !c.alloc.Shared(c.born) {
		return c
	}
	d := c.Clone()
	freed := *c // pins hold c itself: its header must stay
	freed.Free()
	return d
}

// Clone returns a deep copy with memory of its own; the dictionary is shared.
func (c *Chunk) Clone() *Chunk {
	d := *c
	d.born = c.alloc.Epoch()
	d.valid = slab.Clone(c.alloc, c.valid)
	d.data = slab.Clone(c.alloc, c.data)
	d.ms = slab.Clone(c.alloc, c.ms)
	d.hist = slab.Clone(c.alloc, c.hist)
	d.fp = slab.Clone(c.alloc, c.fp)
	d.heap = c.heap.clone(c.alloc)
	d.post = clonePostings(c.alloc, c.post)
	return &d
}

// Free gives the chunk's memory back; the chunk is empty then and may be written again.
func (c *Chunk) Free() {
	a := c.alloc
	slab.Release(a, c.valid)
	slab.Release(a, c.data)
	slab.Release(a, c.ms)
	slab.Release(a, c.hist)
	slab.Release(a, c.fp)
	c.heap.free(a)
	freePostings(a, c.post)
	*c = Chunk{alloc: a, dict: c.dict, typ: c.typ, index: c.index, born: a.Epoch()}
}

// Bytes returns the memory that the chunk's buffers take, without the dictionary.
func (c *Chunk) Bytes() int64 {
	n := cap(c.valid)*8 + cap(c.data) + cap(c.ms)*2 + cap(c.hist)*4 + cap(c.fp)*2
	return int64(n) + c.heap.bytes() + postingBytes(c.post)
}

// extend makes the chunk n rows long, the new rows null.
func (c *Chunk) extend(n int) {
	if n <= c.n {
		return
	}
	if c.enc != AllNull {
		if c.valid == nil {
			c.makeValid(n)
		} else {
			c.valid = growTo(c.alloc, c.valid, (n+63)/64)
		}
		c.reserve(n)
	}
	c.nulls += n - c.n
	c.n = n
}

// ExtendNull makes the chunk n rows long if it is shorter; the new rows are null.
func (c *Chunk) ExtendNull(n int) { c.extend(n) }

// AppendNull adds a null row.
func (c *Chunk) AppendNull() { c.extend(c.n + 1) }

// SetNull makes row i null; i may be at or beyond Len.
func (c *Chunk) SetNull(i int) {
	if i >= c.n {
		c.extend(i + 1)
		return
	}
	if c.Null(i) {
		return
	}
	c.dropCell(i)
	if c.valid == nil {
		c.makeValid(c.n)
	}
	c.valid[i>>6] &^= 1 << (i & 63)
	c.nulls++
}

// makeValid makes the null bits of a chunk that had none: all rows so far are valid.
func (c *Chunk) makeValid(n int) {
	v := growTo[uint64](c.alloc, nil, (n+63)/64)
	for w := range c.n / 64 {
		v[w] = ^uint64(0)
	}
	if k := c.n & 63; k != 0 {
		v[c.n/64] = 1<<k - 1
	}
	c.valid = v
}

// place makes row i exist and valid, and says whether it was valid before. Buffers of the encoding have
// room for it then.
func (c *Chunk) place(i int) (had bool) {
	if i >= c.n {
		c.append(i)
		return false
	}
	if c.valid == nil {
		return c.enc != AllNull
	}
	had = c.valid[i>>6]>>(i&63)&1 != 0
	if !had {
		c.valid[i>>6] |= 1 << (i & 63)
		c.unnull()
	}
	return had
}

func (c *Chunk) append(i int) {
	c.extend(i)
	c.reserve(i + 1)
	if c.valid != nil {
		c.valid = growTo(c.alloc, c.valid, i>>6+1)
		c.valid[i>>6] |= 1 << (i & 63)
	}
	c.n = i + 1
}

// unnull counts a null less, and drops the null bits with the last.
func (c *Chunk) unnull() {
	if c.nulls--; c.nulls == 0 {
		slab.Release(c.alloc, c.valid)
		c.valid = nil
	}
}

// reserve makes room for n values in the encoding's buffers; it does not change Len.
func (c *Chunk) reserve(n int) {
	need := n * int(c.width)
	switch c.enc {
	case AllNull, Const:
		return
	case Bits:
		need = (n + 63) / 64 * 8
	}
	if need > len(c.data) {
		c.data = whole(growTo(c.alloc, c.data, need))
	}
	if c.ms != nil && n > len(c.ms) {
		c.ms = whole(growTo(c.alloc, c.ms, n))
	}
	if c.fp != nil && n > len(c.fp) {
		c.fp = whole(growTo(c.alloc, c.fp, n))
	}
}

// whole returns s with all its capacity, which is zero beyond what was written.
func whole[T slab.Number](s []T) []T { return s[:cap(s)] }

// growTo returns s with at least n elements; it doubles the memory, and what is new is zero.
func growTo[T slab.Number](a *slab.Arena, s []T, n int) []T {
	if n <= len(s) {
		return s
	}
	if n > cap(s) {
		t := slab.Make[T](a, max(n, 2*cap(s)))[:n]
		copy(t, s)
		slab.Release(a, s)
		return t
	}
	// Memory beyond len was zero when it was made and has not been written since: buffers never shrink.
	return s[:n]
}

// dropCell clears the raw bits of row i, which is about to become null, and what refers to them.
func (c *Chunk) dropCell(i int) {
	switch c.enc {
	case Bits:
		c.data[i>>3] &^= 1 << (i & 7)
	case Narrow, Codes:
		if c.hist != nil {
			c.hist[c.data[i]]--
		}
		c.putRaw(i, 0)
		if c.ms != nil {
			c.ms[i] = 0
		}
	case Floats:
		c.f64()[i] = 0
	case Plain:
		c.dropText(i)
	case Sets:
		c.dropSet(i)
	}
}

// AppendFrom adds row i of src, a chunk of the same type and dictionary.
func (c *Chunk) AppendFrom(src *Chunk, i int) {
	n := c.n
	if src.Null(i) {
		c.AppendNull()
		return
	}
	switch c.typ.Kind {
	case schema.KindFloat:
		c.SetFloat(n, src.Float(i))
	case schema.KindText:
		if src.enc != Plain && c.enc != Plain {
			c.SetTextCode(n, src.Code(i))
		} else {
			c.SetText(n, src.Text(i))
		}
	case schema.KindSet:
		c.SetCodes(n, src.AppendSet(nil, i))
	default:
		c.SetInt(n, src.Int(i))
	}
}
