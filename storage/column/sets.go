package column

import (
	"encoding/binary"
	"slices"
)

// A set's entry in the heap is its elements' codes, ascending: one byte 1, 2 or 4, the width, then the
// codes in little endian of that width.

// SetLen returns the number of elements of row i of a SET chunk; 0 for a null row and the empty set.
func (c *Chunk) SetLen(i int) int {
	e := c.setEntry(i)
	if len(e) == 0 {
		return 0
	}
	return (len(e) - 1) / int(e[0])
}

// SetCode returns the dictionary code of element j of row i of a SET chunk; codes ascend.
func (c *Chunk) SetCode(i, j int) uint32 {
	return entryCode(c.setEntry(i), j)
}

func (c *Chunk) setEntry(i int) []byte {
	if c.enc != Sets || c.Null(i) {
		return nil
	}
	if c.sets != nil {
		return stringAsBytes(c.sets.Text(uint32(c.raw(i))))
	}
	return c.heap.get(c.refs()[i])
}

func entryCode(e []byte, j int) uint32 {
	switch e[0] {
	case 1:
		return uint32(e[1+j])
	case 2:
		return uint32(binary.LittleEndian.Uint16(e[1+2*j:]))
	}
	return binary.LittleEndian.Uint32(e[1+4*j:])
}

// AppendSet appends the codes of row i of a SET chunk to dst, ascending.
func (c *Chunk) AppendSet(dst []uint32, i int) []uint32 {
	e := c.setEntry(i)
	if len(e) == 0 {
		return dst
	}
	for j := range (len(e) - 1) / int(e[0]) {
		dst = append(dst, entryCode(e, j))
	}
	return dst
}

// SetCodes stores a set; i may be at or beyond Len, rows between are null. codes are dictionary codes,
// ascending and without repetition.
func (c *Chunk) SetCodes(i int, codes []uint32) {
	if c.enc != Sets {
		c.startSets()
	}
	if c.place(i) {
		c.unpost(i)
		c.heap.drop(c.alloc, c.refs()[i])
	}
	if c.heap.dirty() {
		c.compactTexts(i)
	}
	var buf [256]byte
	c.refs()[i] = c.heap.put(c.alloc, appendEntry(buf[:0], codes))
	if c.index {
		for _, code := range codes {
			c.posting(code).add(c.alloc, uint32(i))
		}
	}
}

// AppendCodes adds a set of ascending codes.
func (c *Chunk) AppendCodes(codes []uint32) { c.SetCodes(c.n, codes) }

func (c *Chunk) startSets() {
	c.enc, c.width = Sets, 4
	if c.n > 0 {
		c.valid = growTo[uint64](c.alloc, nil, (c.n+63)/64)
	}
	c.reserve(max(c.n, 1))
}

func appendEntry(dst []byte, codes []uint32) []byte {
	if len(codes) == 0 {
		return dst
	}
	switch last := codes[len(codes)-1]; {
	case last <= 0xff:
		dst = append(dst, 1)
		for _, k := range codes {
			dst = append(dst, byte(k))
		}
	case last <= 0xffff:
		dst = append(dst, 2)
		for _, k := range codes {
			dst = binary.LittleEndian.AppendUint16(dst, uint16(k))
		}
	default:
		dst = append(dst, 4)
		for _, k := range codes {
			dst = binary.LittleEndian.AppendUint32(dst, k)
		}
	}
	return dst
}

func (c *Chunk) dropSet(i int) {
	c.unpost(i)
	c.heap.drop(c.alloc, c.refs()[i])
	c.refs()[i] = 0
}

// unpost takes row i out of its values' postings.
func (c *Chunk) unpost(i int) {
	if !c.index {
		return
	}
	e := c.setEntry(i)
	if len(e) == 0 {
		return
	}
	for j := range (len(e) - 1) / int(e[0]) {
		code := entryCode(e, j)
		p := c.post[code]
		if p.remove(c.alloc, uint32(i)); p.n == 0 {
			p.free(c.alloc)
			delete(c.post, code)
		}
	}
}

func (c *Chunk) posting(code uint32) *posting {
	if p := c.post[code]; p != nil {
		return p
	}
	if c.post == nil {
		c.post = map[uint32]*posting{}
	}
	p := &posting{}
	c.post[code] = p
	return p
}

// Indexed says whether SetRows answers: an indexed SET chunk.
func (c *Chunk) Indexed() bool { return c.index }

// SetRows returns the rows whose set holds a code: as bits (ceil(Len/64) words or fewer, the rest being
// 0) if they are many, else as ascending row numbers. Both are nil if there is none. Read only.
func (c *Chunk) SetRows(code uint32) (words []uint64, rows []uint16) {
	p := c.post[code]
	if p == nil {
		return nil, nil
	}
	return p.words, p.rows
}

// SetCount returns the number of rows whose set holds a code.
func (c *Chunk) SetCount(code uint32) int {
	if p := c.post[code]; p != nil {
		return p.n
	}
	return 0
}

// SetValues returns the codes that some row of an indexed chunk holds, ascending.
func (c *Chunk) SetValues() []uint32 {
	codes := make([]uint32, 0, len(c.post))
	for code := range c.post {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return codes
}
