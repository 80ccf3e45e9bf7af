package gather

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/musterdb/muster/engine/digits"
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
)

// Column adds a stride of a stored column to column k: the cells of rows, which ascend and are at most
// Stride; nil stands for a column of nulls. It returns how many it took: fewer where the texts alone fill
// the batch.
func (b *Batch) Column(k int, c *column.Chunk, rows []uint32) int {
	to := &b.cols[k]
	if c == nil || c.Enc() == column.AllNull {
		to.addNulls(len(rows))
		return len(rows)
	}
	n := len(rows)
	switch to.typ.ID() {
	case arrow.STRING:
		n = to.addTexts(c, rows, b.maxBytes)
	case arrow.LIST:
		n = to.addSets(c, rows, b.maxBytes, &b.set)
	case arrow.BOOL:
		to.addBits(c, rows)
	case arrow.FLOAT64:
		to.addFloats(c, rows)
	case arrow.DATE32:
		to.addDays(loadRun(b.ints, c, rows))
	case arrow.DECIMAL128:
		to.addDecimals(loadRun(b.ints, c, rows))
	default:
		to.ints = grown(to.ints, n, to.was.rows)
		loadRun(to.ints[to.n:], c, rows)
	}
	to.noteNulls(c, rows[:n])
	return n
}

// Times adds instants to column k, which are not null.
func (b *Batch) Times(k int, times []int64) {
	to := &b.cols[k]
	to.ints = append(to.ints, times...)
	to.allValid(len(times))
}

// IDs adds contact ids to column k: of rows of a column of INT, which are printed, or of plain TEXT, as
// storage.IDs has them. Rows need not ascend.
func (b *Batch) IDs(k int, ids *column.Chunk, rows []uint32) int {
	to := &b.cols[k]
	to.begin(len(rows))
	if ids.Type().Kind == schema.KindText {
		n := to.addTexts(ids, rows, b.maxBytes)
		to.noteNulls(ids, rows[:n])
		return n
	}
	text, ends := slices.Grow(to.text, 20*len(rows)), to.ends
	for _, v := range loadInts(b.ints, ids, rows) {
		text = digits.AppendInt(text, v)
		ends = append(ends, int32(len(text)))
	}
	to.text, to.ends = text, ends
	to.noteNulls(ids, rows)
	return len(rows)
}

// addNulls adds n nulls.
func (c *cells) addNulls(n int) {
	switch c.typ.ID() {
	case arrow.NULL:
	case arrow.STRING, arrow.LIST:
		c.begin(n)
		for range n {
			c.ends = append(c.ends, c.ends[len(c.ends)-1])
		}
		c.beginElems()
	case arrow.BOOL:
		c.growBits(n)
	case arrow.FLOAT64:
		c.floats = zeros(c.floats, n)
	case arrow.DATE32:
		c.days = zeros(c.days, n)
	case arrow.DECIMAL128:
		c.decimals = zeros(c.decimals, n)
	default:
		c.ints = zeros(c.ints, n)
	}
	c.growValid(c.n + n)
	c.n += n
	c.nulls += n
}

func zeros[T any](s []T, n int) []T {
	s = grown(s, n, 0)
	clear(s[len(s)-n:])
	return s
}

// noteNulls notes which of the cells just added are null. Their values are made zero: what stands in the
// place of a null is the column's base else.
func (c *cells) noteNulls(from *column.Chunk, rows []uint32) {
	bits := from.Valid()
	if bits == nil {
		c.allValid(len(rows))
		return
	}
	c.growValid(c.n + len(rows))
	at := c.n
	for i, row := range rows {
		if bits[row>>6]>>(row&63)&1 != 0 {
			c.valid[(at+i)>>3] |= 1 << ((at + i) & 7)
			continue
		}
		c.nulls++
		c.zero(at + i)
	}
	c.n += len(rows)
}

// zero clears the value of a cell of a type of fixed width.
func (c *cells) zero(i int) {
	switch {
	case len(c.ints) > 0:
		c.ints[i] = 0
	case len(c.days) > 0:
		c.days[i] = 0
	case len(c.decimals) > 0:
		c.decimals[i] = decimal128.Num{}
	case len(c.floats) > 0:
		c.floats[i] = 0
	}
}

func (c *cells) addDays(values []int64) {
	c.days = grown(c.days, len(values), c.was.rows)
	for i, v := range values {
		c.days[c.n+i] = int32(v)
	}
}

func (c *cells) addDecimals(values []int64) {
	c.decimals = grown(c.decimals, len(values), c.was.rows)
	out := c.decimals[c.n:]
	for i, v := range values {
		out[i] = decimal128.FromI64(v)
	}
}

func (c *cells) addFloats(from *column.Chunk, rows []uint32) {
	c.floats = grown(c.floats, len(rows), c.was.rows)
	out := c.floats[c.n:]
	if from.Enc() != column.Floats {
		for i, row := range rows {
			out[i] = from.Float(int(row))
		}
		return
	}
	values := from.F64()
	if first, end, ok := run(rows); ok {
		copy(out, values[first:end])
		return
	}
	for i, row := range rows {
		out[i] = values[row]
	}
}

// growBits adds n bits that are 0.
func (c *cells) growBits(n int) {
	if need := (c.n + n + 7) / 8; need > len(c.bits) {
		c.bits = zeros(c.bits, need-len(c.bits))
	}
}

func (c *cells) addBits(from *column.Chunk, rows []uint32) {
	c.growBits(len(rows))
	for i, row := range rows {
		if from.Int(int(row)) != 0 && !from.Null(int(row)) {
			c.bits[(c.n+i)>>3] |= 1 << ((c.n + i) & 7)
		}
	}
}
