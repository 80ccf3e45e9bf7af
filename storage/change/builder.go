package change

import (
	"slices"

	"github.com/musterdb/muster/storage/schema"
)

// Rows builds the columns of an Upsert or Track from cells that come row by row, in any order of columns
// and with any left out. Begin a row, put its cells, and so on; columns appear in the order of their first
// cell. It does not check values; Validate does.
type Rows struct {
	n    int
	cols []Column
	at   map[uint32]int
}

// Len returns the number of rows begun.
func (r *Rows) Len() int { return r.n }

// Begin starts the next row.
func (r *Rows) Begin() { r.n++ }

// Put says what happens to a column in the row at hand. v is the operand of OpSet, OpAdd and OpRemove, of
// the type's kind; a null value with OpSet is OpNull. The last Put of a cell wins.
func (r *Rows) Put(id uint32, t schema.Type, op Op, v schema.Value) {
	if op == OpSet && v.Null() {
		op = OpNull
	}
	c := r.column(id, t)
	if len(c.Ops) == r.n { // put before in this row
		dropLast(c)
	}
	fill(c, r.n-1)
	c.Ops = append(c.Ops, op)
	appendCell(c, v)
}

// Columns returns the columns, complete for all rows begun. The Rows must not be used afterwards.
func (r *Rows) Columns() []Column {
	for i := range r.cols {
		c := &r.cols[i]
		fill(c, r.n)
		if !slices.ContainsFunc(c.Ops, func(op Op) bool { return op != OpSet }) {
			c.Ops = nil
		}
	}
	return r.cols
}

func (r *Rows) column(id uint32, t schema.Type) *Column {
	if k, ok := r.at[id]; ok {
		return &r.cols[k]
	}
	if r.at == nil {
		r.at = map[uint32]int{}
	}
	r.at[id] = len(r.cols)
	c := Column{ID: id, Type: t}
	if t.Kind == schema.KindSet {
		c.SetOff = []uint32{0}
	}
	r.cols = append(r.cols, c)
	return &r.cols[len(r.cols)-1]
}

// fill adds skipped cells up to n rows.
func fill(c *Column, n int) {
	for len(c.Ops) < n {
		c.Ops = append(c.Ops, OpSkip)
		appendCell(c, schema.Value{})
	}
}

func appendCell(c *Column, v schema.Value) {
	switch c.Type.Kind {
	case schema.KindFloat:
		c.Floats = append(c.Floats, v.F)
	case schema.KindText:
		c.Texts.AppendString(v.S)
	case schema.KindSet:
		for _, s := range v.Set {
			c.Texts.AppendString(s)
		}
		c.SetOff = append(c.SetOff, uint32(c.Texts.Len()))
	default:
		c.Ints = append(c.Ints, v.I)
	}
}

// dropLast takes the last cell of a column back.
func dropLast(c *Column) {
	n := len(c.Ops) - 1
	c.Ops = c.Ops[:n]
	switch c.Type.Kind {
	case schema.KindFloat:
		c.Floats = c.Floats[:n]
	case schema.KindText:
		c.Texts.truncate(n)
	case schema.KindSet:
		c.SetOff = c.SetOff[:n+1]
		c.Texts.truncate(int(c.SetOff[n]))
	default:
		c.Ints = c.Ints[:n]
	}
}

// truncate leaves the first n texts.
func (s *Strings) truncate(n int) {
	if n < s.Len() {
		s.Off = s.Off[:n+1]
		s.Bytes = s.Bytes[:s.Off[n]]
	}
}
