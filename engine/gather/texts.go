package gather

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/storage/column"
)

// addTexts adds the texts of rows, but stops when there are more than most bytes of them. It returns how
// many it added, at least one.
func (c *cells) addTexts(from *column.Chunk, rows []uint32, most int) int {
	c.begin(len(rows))
	if from.Enc() == column.Codes && from.Width() == 1 {
		if n := from.Dict().Len(); n <= fewTexts { // read once: the writer may add to it
			return c.addFewTexts(from, n, rows, most)
		}
	}
	valid := from.Valid()
	codes := from.Enc() != column.Plain
	dict := from.Dict()
	text, ends := c.text, c.ends // kept in registers: a store into c would be seen by the collector each time
	defer func() { c.text, c.ends = text, ends }()
	for i, row := range rows {
		if valid == nil || valid[row>>6]>>(row&63)&1 != 0 {
			if codes {
				text = append(text, dict.Text(from.Code(int(row)))...)
			} else {
				text = append(text, from.Text(int(row))...)
			}
		}
		ends = append(ends, int32(len(text)))
		if len(text) > most {
			return i + 1
		}
	}
	return len(rows)
}

// fewTexts is the most texts of a dictionary that are looked up once for a stride, not for each row.
const fewTexts = 128

// addFewTexts is addTexts for one-byte codes of a dictionary of n texts. Null rows have code 0.
func (c *cells) addFewTexts(from *column.Chunk, n int, rows []uint32, most int) int {
	var table [fewTexts]string
	for code := range n {
		table[code] = from.Dict().Text(uint32(code))
	}
	valid, codes := from.Valid(), from.U8()
	text, ends := c.text, c.ends
	defer func() { c.text, c.ends = text, ends }()
	for i, row := range rows {
		if valid == nil || valid[row>>6]>>(row&63)&1 != 0 {
			text = append(text, table[codes[row]%fewTexts]...)
		}
		ends = append(ends, int32(len(text)))
		if len(text) > most {
			return i + 1
		}
	}
	return len(rows)
}

// setScratch is memory to sort the elements of one set in.
type setScratch struct {
	codes []uint32
	texts []string
}

// beginElems makes the offsets of a SET's elements begin.
func (c *cells) beginElems() {
	if c.typ.ID() == arrow.LIST && len(c.elems) == 0 {
		c.elems = append(slices.Grow(c.elems, max(c.was.elems, 1)), 0)
	}
}

// addSets is addTexts for sets, whose elements are sorted bytewise.
func (c *cells) addSets(from *column.Chunk, rows []uint32, most int, s *setScratch) int {
	c.begin(len(rows))
	c.beginElems()
	dict := from.Dict()
	for i, row := range rows {
		s.codes, s.texts = from.AppendSet(s.codes[:0], int(row)), s.texts[:0]
		for _, code := range s.codes {
			s.texts = append(s.texts, dict.Text(code))
		}
		slices.Sort(s.texts)
		for _, text := range slices.Compact(s.texts) {
			c.text = append(c.text, text...)
			c.elems = append(c.elems, int32(len(c.text)))
		}
		c.ends = append(c.ends, int32(len(c.elems)-1))
		if len(c.text) > most {
			return i + 1
		}
	}
	return len(rows)
}
