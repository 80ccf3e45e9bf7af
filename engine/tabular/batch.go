package tabular

import (
	"encoding/binary"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/zeebo/xxh3"
)

// BatchRows is the number of source rows in a batch, and so in a block of a load. All batches of a file but
// the last have exactly as many, rows with errors included, whatever the file's own blocks are.
const BatchRows = 8192

// CellKind says what a cell of an NDJSON column was.
type CellKind uint8

// The kinds of cells. CSV has texts only.
const (
	CellText   CellKind = iota // a string
	CellNumber                 // a number, as it was written
	CellBool                   // true or false
	CellSet                    // an array of strings, as compact JSON
	CellJSON                   // any other array, as it was written: it fits no type but TEXT
)

// Column is one column of a batch. Its arrays are as long as the batch has rows; cells of null rows are zero.
//
//	Untyped                             Texts: CSV fields, or NDJSON cells with their Kinds
//	BOOL INT DECIMAL DATE TIMESTAMP
//	DURATION KEY                        Ints, as change.Column has them
//	FLOAT                               Floats (a NaN was read as null)
//	TEXT                                Texts
//	SET                                 SetOff (rows + 1) into Texts
type Column struct {
	Name        string // a nested field is dotted: stack.languages
	Type        schema.Type
	Untyped     bool
	Local       bool     // a TIMESTAMP that was written without a zone: Ints are ms of a local clock
	Unsupported string   // not empty: the file's type, of which no value can be read; all rows are null
	Valid       []uint64 // bit i: row i is not null; nil: no row is null
	Ints        []int64
	Floats      []float64
	Texts       change.Strings
	SetOff      []uint32
	Kinds       []CellKind // of an NDJSON column; nil for CSV and typed columns
}

// Null says whether row i is null.
func (c *Column) Null(i int) bool { return c.Valid != nil && c.Valid[i>>6]>>(i&63)&1 == 0 }

// RowError is a row that is not in its batch because it could not be read.
type RowError struct {
	Row    int64 // number of the source row, from 1
	Line   int64 // line in the file, or the row's number in formats without lines
	Column string
	Reason string
}

// Batch is up to BatchRows source rows. Rows with errors are in RowErrors only. A batch is valid until the
// next call of Next.
type Batch struct {
	First     int64 // number of the first source row, from 1
	Source    int   // source rows that the batch stands for: Rows + len(RowErrors)
	Rows      int
	Columns   []Column
	Row       []int64 // source row number per row
	Line      []int64 // source line per row
	RowErrors []RowError
	Hash      uint64 // of the decoded content: independent of compression, row groups and encodings

	names map[string]int
	dirt  xxh3.Hasher // content of rows with errors
}

// Column returns the column with that name.
func (b *Batch) Column(name string) (*Column, bool) {
	i, ok := b.names[name]
	if !ok {
		return nil, false
	}
	return &b.Columns[i], true
}

// reset empties the batch for reuse; columns keep their names, types and memory.
func (b *Batch) reset(first int64) {
	b.First, b.Source, b.Rows, b.Hash = first, 0, 0, 0
	b.Row, b.Line, b.RowErrors = b.Row[:0], b.Line[:0], nil
	b.dirt.Reset()
	for i := range b.Columns {
		b.Columns[i].reset()
	}
}

func (c *Column) reset() {
	c.Valid, c.Ints, c.Floats, c.SetOff, c.Kinds = c.Valid[:0], c.Ints[:0], c.Floats[:0], c.SetOff[:0], c.Kinds[:0]
	c.Texts.Off, c.Texts.Bytes = c.Texts.Off[:0], c.Texts.Bytes[:0]
}

// addColumn adds a column whose earlier rows are null and returns its index.
func (b *Batch) addColumn(c Column) int {
	if b.names == nil {
		b.names = map[string]int{}
	}
	i := len(b.Columns)
	b.names[c.Name] = i
	b.Columns = append(b.Columns, c)
	for row := range b.Rows {
		b.Columns[i].null(row)
	}
	return i
}

// addRow ends a row for which every column got its cell.
func (b *Batch) addRow(line int64) {
	b.Row = append(b.Row, b.First+int64(b.Source))
	b.Line = append(b.Line, line)
	b.Rows++
	b.Source++
}

// addError counts a row that could not be read; raw is what of it tells one file from another.
func (b *Batch) addError(line int64, column, reason string, raw []byte) {
	b.RowErrors = append(b.RowErrors, RowError{b.First + int64(b.Source), line, column, reason})
	_, _ = b.dirt.Write(raw)
	b.Source++
}

// full says whether the batch has all the source rows it may have.
func (b *Batch) full() bool { return b.Source >= BatchRows }

// The appenders below add row's cell; rows come in order, one cell each.

func (c *Column) mark(row int, valid bool) {
	if row>>6 == len(c.Valid) {
		c.Valid = append(c.Valid, 0)
	}
	if valid {
		c.Valid[row>>6] |= 1 << (row & 63)
	}
}

// null adds a cell that is not known.
func (c *Column) null(row int) {
	c.mark(row, false)
	switch {
	case c.Untyped || c.Type.Kind == schema.KindText:
		c.Texts.Append(nil)
		if c.Untyped && c.Kinds != nil {
			c.Kinds = append(c.Kinds, CellText)
		}
	case c.Type.Kind == schema.KindSet:
		c.endSet()
	case c.Type.Kind == schema.KindFloat:
		c.Floats = append(c.Floats, 0)
	default:
		c.Ints = append(c.Ints, 0)
	}
}

func (c *Column) text(row int, text []byte) {
	c.mark(row, true)
	c.Texts.Append(text)
}

func (c *Column) int(row int, v int64) {
	c.mark(row, true)
	c.Ints = append(c.Ints, v)
}

func (c *Column) float(row int, v float64) {
	if v != v {
		c.null(row)
		return
	}
	c.mark(row, true)
	c.Floats = append(c.Floats, v)
}

// endSet ends a SET whose elements were appended to Texts.
func (c *Column) endSet() {
	if len(c.SetOff) == 0 {
		c.SetOff = append(c.SetOff, 0)
	}
	c.SetOff = append(c.SetOff, uint32(c.Texts.Len()))
}

// seal ends a batch: it drops validity that says nothing and computes the hash.
func (b *Batch) seal() {
	var h xxh3.Hasher
	var word [8]byte
	num := func(v int) {
		binary.LittleEndian.PutUint64(word[:], uint64(v))
		_, _ = h.Write(word[:])
	}
	num(b.Source)
	num(b.Rows)
	for i := range b.Columns {
		b.Columns[i].hash(&h, num)
		b.Columns[i].dropValid(b.Rows)
	}
	for _, e := range b.RowErrors {
		num(int(e.Row))
		_, _ = h.WriteString(e.Reason)
	}
	num(int(b.dirt.Sum64()))
	b.Hash = h.Sum64()
}

func (c *Column) hash(h *xxh3.Hasher, num func(int)) {
	num(len(c.Name))
	_, _ = h.WriteString(c.Name)
	num(int(c.Type.Kind)<<8 | int(c.Type.Scale))
	var buf []byte
	for _, w := range c.Valid {
		buf = binary.LittleEndian.AppendUint64(buf, w)
	}
	for _, v := range c.Ints {
		buf = binary.LittleEndian.AppendUint64(buf, uint64(v))
	}
	for _, off := range [][]uint32{c.Texts.Off, c.SetOff} {
		for _, v := range off {
			buf = binary.LittleEndian.AppendUint32(buf, v)
		}
	}
	for _, k := range c.Kinds {
		buf = append(buf, byte(k))
	}
	_, _ = h.Write(appendFloats(buf, c.Floats))
	_, _ = h.Write(c.Texts.Bytes)
}

func (c *Column) dropValid(rows int) {
	for i, w := range c.Valid {
		all := ^uint64(0)
		if left := rows - i*64; left < 64 {
			all = 1<<left - 1
		}
		if w != all {
			return
		}
	}
	c.Valid = nil
}
