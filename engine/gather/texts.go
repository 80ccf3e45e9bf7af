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
	valid := from.Valid()
	codes := from.Enc() != column.Plain
	dict := from.Dict()
	for i, row := range rows {
		if valid == nil || valid[row>>6]>>(row&63)&1 != 0 {
			if codes {
				c.text = append(c.text, dict.Text(from.Code(int(row)))...)
			} else {
				c.text = append(c.text, from.Text(int(row))...)
			}
		}
		c.ends = append(c.ends, int32(len(c.text)))
		if len(c.text) > most {
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
