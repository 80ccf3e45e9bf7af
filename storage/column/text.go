package column

import (
	"github.com/zeebo/xxh3"

	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// Fingerprint returns the 16 bits that a Plain chunk keeps of a text: equal texts have equal ones.
func Fingerprint(text []byte) uint16 { return uint16(xxh3.Hash(text)) }

// Fingerprints returns a Plain chunk's fingerprints; those of null rows are 0 and mean nothing.
func (c *Chunk) Fingerprints() []uint16 { return c.fp[:c.n] }

// Code returns the dictionary code of row i of a TEXT chunk that is not Plain.
func (c *Chunk) Code(i int) uint32 {
	if c.enc == Const {
		return uint32(c.base)
	}
	return uint32(c.raw(i))
}

// Text returns the text of row i of a TEXT chunk. It aliases memory and is read only; it is meaningless
// for a null row.
func (c *Chunk) Text(i int) []byte {
	switch c.enc {
	case Const, Codes:
		return stringAsBytes(c.dict.Text(c.Code(i)))
	case Plain:
		return c.heap.get(c.refs()[i])
	}
	return nil
}

func (c *Chunk) refs() []uint32 { return view[uint32](c.data, len(c.data)/4) }

// SetText stores a text; i may be at or beyond Len, rows between are null. A text that a full dictionary
// does not hold makes the chunk Plain for good.
func (c *Chunk) SetText(i int, text []byte) {
	if c.enc == Plain {
		c.setPlain(i, text)
		return
	}
	code, ok := c.dict.Code(text)
	if !ok {
		if c.dict.Full() {
			c.toPlain()
			c.setPlain(i, text)
			return
		}
		code = c.dict.Add(text)
	}
	c.setInt(i, int64(code))
}

// AppendText adds a text.
func (c *Chunk) AppendText(text []byte) { c.SetText(c.n, text) }

// SetTextCode stores the text of a dictionary code in a TEXT chunk.
func (c *Chunk) SetTextCode(i int, code uint32) {
	if c.enc == Plain {
		c.setPlain(i, stringAsBytes(c.dict.Text(code)))
		return
	}
	c.setInt(i, int64(code))
}

// toPlain writes codes out as texts: one chunk, never the whole column.
func (c *Chunk) toPlain() {
	if c.typ.Kind != schema.KindText {
		panic("column: toPlain of " + c.typ.String())
	}
	old := *c
	c.enc, c.width, c.base, c.zone = Plain, 4, 0, false
	c.data, c.hist = nil, nil
	if old.enc == AllNull && c.n > 0 {
		c.valid = growTo[uint64](c.alloc, nil, (c.n+63)/64)
	}
	c.fp = growTo[uint16](c.alloc, nil, max(c.n, 1))
	c.reserve(c.n)
	for i := range c.n {
		if !old.Null(i) {
			c.putText(i, old.Text(i))
		}
	}
	slab.Release(c.alloc, old.data)
	slab.Release(c.alloc, old.hist)
}

func (c *Chunk) setPlain(i int, text []byte) {
	if c.place(i) {
		c.heap.drop(c.alloc, c.refs()[i])
	}
	if c.heap.dirty() {
		c.compactTexts(i)
	}
	c.putText(i, text)
}

func (c *Chunk) putText(i int, text []byte) {
	c.refs()[i] = c.heap.put(c.alloc, text)
	c.fp[i] = Fingerprint(text)
}

func (c *Chunk) dropText(i int) {
	c.heap.drop(c.alloc, c.refs()[i])
	c.refs()[i] = 0
	c.fp[i] = 0
}

// compactTexts writes the entries of all rows but one, which is about to be written, into a new heap.
func (c *Chunk) compactTexts(but int) {
	old := c.heap
	c.heap = heap{}
	refs := c.refs()
	for i := range c.n {
		if i != but && !c.Null(i) {
			refs[i] = old.moveTo(c.alloc, &c.heap, refs[i])
		}
	}
	old.free(c.alloc)
}

// NewPlain returns an empty TEXT chunk that is Plain from the start and needs no dictionary.
func NewPlain(a *slab.Arena) *Chunk {
	c := &Chunk{alloc: a, typ: schema.Type{Kind: schema.KindText}, born: a.Epoch(), enc: Plain, width: 4}
	c.fp = growTo[uint16](a, nil, 1)
	return c
}
