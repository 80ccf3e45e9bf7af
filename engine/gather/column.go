package gather

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// cells are the memory of one column under construction. One of the slices is in use, by the type.
type cells struct {
	typ   arrow.DataType
	n     int
	nulls int
	valid []byte // empty while no row is null

	ints     []int64 // INT TIMESTAMP DURATION KEY
	days     []int32 // DATE
	decimals []decimal128.Num
	floats   []float64
	bits     []byte
	ends     []int32 // TEXT and SET: one more than cells
	text     []byte
	elems    []int32 // SET: ends of the elements' texts

	was struct{ rows, text, elems int } // when the memory was handed over: as much is taken anew
}

// grown returns s with n more elements, which are to be written. New memory has room for at least least.
func grown[T any](s []T, n, least int) []T {
	if cap(s) == 0 {
		return make([]T, n, max(n, least))
	}
	return slices.Grow(s, n)[:len(s)+n]
}

// begin makes place for the offsets of n more cells of TEXT or SET.
func (c *cells) begin(n int) {
	if c.ends == nil {
		c.ends = make([]int32, 0, max(c.was.rows, n)+1)
		c.text = make([]byte, 0, c.was.text)
	}
	if len(c.ends) == 0 {
		c.ends = append(c.ends, 0)
	}
	c.ends = slices.Grow(c.ends, n)
}

// allValid notes n more cells that are not null.
func (c *cells) allValid(n int) {
	if len(c.valid) > 0 {
		c.growValid(c.n + n)
		for i := c.n; i < c.n+n; i++ {
			c.valid[i>>3] |= 1 << (i & 7)
		}
	}
	c.n += n
}

// growValid makes the bits long enough for n rows; new ones are 0. The first time all rows so far are valid.
func (c *cells) growValid(n int) {
	first := len(c.valid) == 0
	if need := (n + 7) / 8; need > len(c.valid) {
		from := len(c.valid)
		c.valid = grown(c.valid, need-from, (c.was.rows+7)/8)
		clear(c.valid[from:])
	}
	if !first {
		return
	}
	for i := range c.n {
		c.valid[i>>3] |= 1 << (i & 7)
	}
}

// cut drops all rows but the first n.
func (c *cells) cut(n int) {
	if c.n <= n {
		return
	}
	if len(c.valid) > 0 {
		for i := n; i < c.n; i++ {
			if c.valid[i>>3]>>(i&7)&1 == 0 {
				c.nulls--
			}
			c.valid[i>>3] &^= 1 << (i & 7)
		}
	}
	c.n = n
	c.ints, c.days = c.ints[:min(n, len(c.ints))], c.days[:min(n, len(c.days))]
	c.decimals, c.floats = c.decimals[:min(n, len(c.decimals))], c.floats[:min(n, len(c.floats))]
	c.cutBits(n)
	if len(c.ends) > 0 {
		c.ends = c.ends[:n+1]
		c.cutTexts(int(c.ends[n]))
	}
}

func (c *cells) cutBits(n int) {
	if len(c.bits) > 0 {
		c.bits = c.bits[:(n+7)/8]
		if n&7 != 0 {
			c.bits[n>>3] &= 1<<(n&7) - 1
		}
	}
}

// cutTexts drops what lies beyond an end: of a text, or of a set's elements.
func (c *cells) cutTexts(end int) {
	if c.typ.ID() == arrow.LIST {
		c.elems = c.elems[:end+1]
		end = int(c.elems[end])
	}
	c.text = c.text[:end]
}

// textBytes returns what the texts of the first rows take.
func (c *cells) textBytes(rows int) int {
	if len(c.ends) == 0 {
		return 0
	}
	end := int(c.ends[min(rows, len(c.ends)-1)])
	if c.typ.ID() == arrow.LIST {
		return 4*end + int(c.elems[end])
	}
	return end
}

func (c *cells) reset() {
	c.n, c.nulls = 0, 0
	c.valid, c.ints, c.days, c.decimals = c.valid[:0], c.ints[:0], c.days[:0], c.decimals[:0]
	c.floats, c.bits, c.ends, c.text, c.elems = c.floats[:0], c.bits[:0], c.ends[:0], c.text[:0], c.elems[:0]
}

// handOver forgets the memory, which belongs to a record now.
func (c *cells) handOver() {
	was := c.was
	was.rows, was.text, was.elems = c.n, len(c.text)+len(c.text)/8, len(c.elems)
	*c = cells{typ: c.typ, was: was}
}

// array returns the first n rows over the column's memory.
func (c *cells) array(n int) arrow.Array {
	var valid *memory.Buffer
	if c.nulls > 0 {
		valid = memory.NewBufferBytes(c.valid)
	}
	d := array.NewData(c.typ, n, append([]*memory.Buffer{valid}, c.buffers()...), c.children(), c.nulls, 0)
	defer d.Release()
	return array.MakeFromData(d)
}

// buffers returns the buffers after the first.
func (c *cells) buffers() []*memory.Buffer {
	var values []byte
	switch c.typ.ID() {
	case arrow.NULL:
		return nil
	case arrow.STRING:
		return []*memory.Buffer{c.offsets(c.ends), memory.NewBufferBytes(c.text)}
	case arrow.LIST:
		return []*memory.Buffer{c.offsets(c.ends)}
	case arrow.BOOL:
		values = c.bits
	case arrow.FLOAT64:
		values = arrow.Float64Traits.CastToBytes(c.floats)
	case arrow.DECIMAL128:
		values = arrow.Decimal128Traits.CastToBytes(c.decimals)
	case arrow.DATE32:
		values = arrow.Int32Traits.CastToBytes(c.days)
	default:
		values = arrow.Int64Traits.CastToBytes(c.ints)
	}
	return []*memory.Buffer{memory.NewBufferBytes(values)}
}

// offsets returns a buffer of ends, which has at least one.
func (c *cells) offsets(ends []int32) *memory.Buffer {
	if len(ends) == 0 {
		ends = []int32{0}
	}
	return memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(ends))
}

// children returns the array of a SET's elements.
func (c *cells) children() []arrow.ArrayData {
	if c.typ.ID() != arrow.LIST {
		return nil
	}
	n := max(len(c.elems)-1, 0)
	return []arrow.ArrayData{array.NewData(arrow.BinaryTypes.String, n,
		[]*memory.Buffer{nil, c.offsets(c.elems), memory.NewBufferBytes(c.text)}, nil, 0, 0)}
}
