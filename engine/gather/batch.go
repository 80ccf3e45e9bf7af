package gather

import (
	"sort"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Batch is a record under construction. Rows are added in strides: each column takes the same rows, then
// End cuts the stride where the batch is full. A Batch is used by one goroutine at a time.
type Batch struct {
	schema   *arrow.Schema
	cols     []cells
	builders []array.Builder // of columns that are not copied, made when they are asked for
	rows     int
	maxRows  int
	maxBytes int

	fixed  int // bytes of a row without texts
	others int // bytes of the cells that builders hold

	ints []int64 // scratch
	set  setScratch
}

// Stride is the most rows that are added at once.
const Stride = 1024

// New returns an empty batch of at most so many rows and, unless a row is larger by itself, bytes.
func New(s *arrow.Schema, maxRows, maxBytes int) *Batch {
	b := &Batch{schema: s, maxRows: maxRows, maxBytes: maxBytes}
	b.cols = make([]cells, s.NumFields())
	b.builders = make([]array.Builder, s.NumFields())
	b.ints = make([]int64, Stride)
	for i, f := range s.Fields() {
		b.cols[i].typ = f.Type
		b.fixed += widthOf(f.Type)
	}
	return b
}

// widthOf returns about what a cell of a type takes beside its texts.
func widthOf(t arrow.DataType) int {
	switch t.ID() {
	case arrow.DECIMAL128:
		return 17
	case arrow.DATE32, arrow.STRING, arrow.LIST:
		return 5
	case arrow.BOOL:
		return 1
	}
	return 9
}

// Rows returns the number of rows.
func (b *Batch) Rows() int { return b.rows }

// Room returns how many rows may be added.
func (b *Batch) Room() int { return b.maxRows - b.rows }

// Builder returns the builder of a column that is not copied. Cells are added to it after End has said how
// many rows of the stride there are.
func (b *Batch) Builder(k int) array.Builder {
	if b.builders[k] == nil {
		b.builders[k] = array.NewBuilder(memory.DefaultAllocator, b.schema.Field(k).Type)
	}
	return b.builders[k]
}

// End ends a stride of which every column has taken at least so many rows, and returns how many of them the
// batch keeps: fewer if it is full, which at least one row never is. sizes, nil for none, are the bytes of
// each row's cells that go to builders; they are to be added to those for the rows kept.
func (b *Batch) End(taken int, sizes []int) int {
	from := b.rows
	most := min(taken, b.maxRows-from)
	for i := range sizes[:min(len(sizes), most)] { // in place: each becomes the sum up to its row
		if i > 0 {
			sizes[i] += sizes[i-1]
		}
	}
	other := func(n int) int {
		if n == 0 || sizes == nil {
			return b.others
		}
		return b.others + sizes[n-1]
	}
	kept := sort.Search(most, func(n int) bool { return b.bytes(from+n+1)+other(n+1) > b.maxBytes })
	if kept == 0 && from == 0 {
		kept = min(1, most)
	}
	b.others = other(kept)
	b.rows = from + kept
	for i := range b.cols {
		b.cols[i].cut(b.rows)
	}
	return kept
}

// bytes returns what the first rows take.
func (b *Batch) bytes(rows int) int {
	n := rows * b.fixed
	for i := range b.cols {
		n += b.cols[i].textBytes(rows)
	}
	return n
}

// View returns the rows as a record whose memory is the batch's: valid until the next call of anything but
// Release of the record.
func (b *Batch) View() arrow.Record {
	arrays := make([]arrow.Array, len(b.cols))
	for i := range b.cols {
		if b.builders[i] != nil {
			arrays[i] = b.builders[i].NewArray()
		} else {
			arrays[i] = b.cols[i].array(b.rows)
		}
	}
	rec := array.NewRecord(b.schema, arrays, int64(b.rows))
	for _, a := range arrays {
		a.Release()
	}
	return rec
}

// Take returns the rows as a record that owns its memory; the batch is empty then.
func (b *Batch) Take() arrow.Record {
	rec := b.View()
	for i := range b.cols {
		b.cols[i].handOver()
	}
	b.Reset()
	return rec
}

// Reset makes the batch empty; its memory is used again.
func (b *Batch) Reset() {
	b.rows, b.others = 0, 0
	for i := range b.cols {
		b.cols[i].reset()
	}
}
