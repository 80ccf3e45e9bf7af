package column

import (
	"math"
)

func (c *Chunk) setBool(i int, v bool) {
	var bit int64
	if v {
		bit = 1
	}
	switch {
	case c.enc == AllNull:
		c.startConst(i, bit)
		return
	case c.enc == Const && c.base == bit:
		c.place(i)
		return
	case c.enc == Const:
		c.unConstBool()
	}
	c.place(i)
	c.note(bit)
	if v {
		c.data[i>>3] |= 1 << (i & 7)
	} else {
		c.data[i>>3] &^= 1 << (i & 7)
	}
}

// unConstBool writes a constant BOOL out as bits.
func (c *Chunk) unConstBool() {
	was := c.base
	c.enc, c.base = Bits, 0
	c.reserve(max(c.n, 1))
	if was == 0 {
		return
	}
	words := c.Bits()
	for w := range words {
		words[w] = c.validWord(w)
	}
}

// validWord returns the valid bits of 64 rows, whether or not there are null bits.
func (c *Chunk) validWord(w int) uint64 {
	if c.valid != nil {
		return c.valid[w]
	}
	left := c.n - w*64
	switch {
	case left >= 64:
		return ^uint64(0)
	case left <= 0:
		return 0
	}
	return 1<<left - 1
}

// Float returns the value of row i of a FLOAT chunk. It is meaningless for a null row.
func (c *Chunk) Float(i int) float64 {
	switch c.enc {
	case Const:
		return math.Float64frombits(uint64(c.base))
	case Floats:
		return c.f64()[i]
	}
	return 0
}

// SetFloat stores a value of a FLOAT chunk; i may be at or beyond Len, rows between are null. A NaN is
// stored as null, and -0 as 0, so that equal values have equal bits.
func (c *Chunk) SetFloat(i int, v float64) {
	if v != v {
		c.SetNull(i)
		return
	}
	v += 0 // -0 becomes +0
	bits := int64(math.Float64bits(v))
	switch {
	case c.enc == AllNull:
		c.enc, c.base = Const, bits
		c.fmin, c.fmax, c.zone = v, v, true
		c.startValid(i)
		return
	case c.enc == Const && c.base == bits:
		c.place(i)
		return
	case c.enc == Const:
		c.unConstFloat()
	}
	c.place(i)
	c.f64()[i] = v
	c.fmin, c.fmax = min(c.fmin, v), max(c.fmax, v)
}

// AppendFloat adds a value of a FLOAT chunk.
func (c *Chunk) AppendFloat(v float64) { c.SetFloat(c.n, v) }

func (c *Chunk) unConstFloat() {
	was := math.Float64frombits(uint64(c.base))
	c.enc, c.base, c.width = Floats, 0, 8
	c.reserve(max(c.n, 1))
	out := c.f64()
	for i := range c.n {
		if !c.Null(i) {
			out[i] = was
		}
	}
}
