package eval

import (
	"slices"

	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/kernel"
)

// setLeaf is HAS ANY, ALL or NONE of constant texts. It is never true of a null set, negated or not.
type setLeaf struct {
	ref
	mode   plan.SetMode
	values [][]byte // without repetition
	neg    bool
}

func (l *setLeaf) cost() int { return 5 + 3*len(l.values) }

func (l *setLeaf) eval(w *Worker, s *source, alive, out []uint64) error {
	return evalRaw(l, w, s, alive, out)
}

func (l *setLeaf) raw(w *Worker, s *source, alive, out []uint64) error {
	c := w.column(s, &l.ref)
	if c == nil {
		clear(out)
		return nil
	}
	neg := l.neg != (l.mode == plan.SetNone)
	var v verdict
	switch {
	case c.Enc() == column.AllNull:
		v = noRow
	case c.Indexed():
		v = l.testPostings(w, out, c)
	default:
		v = l.testLists(out, c, alive)
	}
	settle(out, s.n, c, v, neg)
	return nil
}

// testPostings combines the rows kept for each value.
func (l *setLeaf) testPostings(w *Worker, out []uint64, c *column.Chunk) verdict {
	if len(l.values) == 0 {
		return emptyHas(l.mode)
	}
	defer w.release(w.mark())
	one := w.words(c.Len())
	clear(out)
	for i, text := range l.values {
		code, ok := c.Dict().Code(text)
		if !ok && l.mode == plan.SetAll {
			return noRow
		}
		if !ok {
			continue
		}
		words, rows := c.SetRows(code)
		switch {
		case l.mode != plan.SetAll || i == 0:
			orPosting(out, words, rows)
		default:
			clear(one)
			orPosting(one, words, rows)
			kernel.And(out[:len(one)], one)
		}
	}
	return anyRow
}

// emptyHas answers HAS … (): ALL holds, ANY and NONE's complement do not.
func emptyHas(mode plan.SetMode) verdict {
	if mode == plan.SetAll {
		return allRow
	}
	return noRow
}

func orPosting(out, words []uint64, rows []uint16) {
	if words != nil {
		n := min(len(words), len(out))
		kernel.Or(out[:n], words[:n])
	}
	for _, r := range rows {
		out[r>>6] |= 1 << (r & 63)
	}
}

// testLists looks at the sets of the rows alive of a chunk without postings.
func (l *setLeaf) testLists(out []uint64, c *column.Chunk, alive []uint64) verdict {
	codes := make([]uint32, 0, len(l.values))
	for _, text := range l.values {
		if code, ok := c.Dict().Code(text); ok {
			codes = append(codes, code)
		}
	}
	if l.mode == plan.SetAll && len(codes) < len(l.values) {
		return noRow
	}
	if len(codes) == 0 {
		return emptyHas(l.mode)
	}
	clear(out)
	for row := range rowsOf(alive) {
		if row >= c.Len() {
			break
		}
		if l.has(c, row, codes) {
			out[row>>6] |= 1 << (row & 63)
		}
	}
	return anyRow
}

func (l *setLeaf) has(c *column.Chunk, row int, codes []uint32) bool {
	found := 0
	for j := range c.SetLen(row) {
		if slices.Contains(codes, c.SetCode(row, j)) {
			found++
		}
	}
	if l.mode == plan.SetAll {
		return found == len(codes)
	}
	return found > 0
}
