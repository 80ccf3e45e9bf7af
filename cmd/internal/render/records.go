package render

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/query/calendar"
)

// What a Table keeps of an answer: the first rows, and enough of the last ones to draw its end.
const (
	// KeepRows is how many of the first rows are kept.
	KeepRows = 10_000
	// keepTail is how many of the last rows are kept.
	keepTail = 500
	// keepBytes ends the keeping of first rows earlier, should they be large.
	keepBytes = 256 << 20
)

// Table is an answer, as much of it as is kept, and draws it. It is for one goroutine.
type Table struct {
	schema *arrow.Schema
	head   span
	tail   span // of the rows after head
	rows   int64
	bytes  int64
	zone   *calendar.Zone
	times  []bool // of the columns: some instant of all rows is no midnight of the zone
}

// span is records one after the other.
type span struct {
	records []arrow.Record
	rows    int64
}

// NewTable returns an empty table whose instants are those of a zone; nil is UTC.
func NewTable(schema *arrow.Schema, zone *calendar.Zone) *Table {
	if zone == nil {
		zone = calendar.UTC
	}
	return &Table{schema: schema, zone: zone, times: make([]bool, schema.NumFields())}
}

// Add takes the rows of a record, which it retains: the record's memory must not be written to afterwards.
func (t *Table) Add(r arrow.Record) {
	n := r.NumRows()
	if n == 0 {
		return
	}
	t.rows += n
	t.lookAtInstants(r)
	from := int64(0)
	if room := KeepRows - t.head.rows; room > 0 && t.bytes < keepBytes && t.tail.rows == 0 {
		from = min(n, room)
		t.head.add(r.NewSlice(0, from))
		t.bytes += size(r)
	}
	if from < n {
		t.tail.add(r.NewSlice(max(from, n-keepTail), n))
		t.tail.trim(keepTail)
	}
}

func (s *span) add(r arrow.Record) {
	s.records = append(s.records, r)
	s.rows += r.NumRows()
}

// trim drops the first records as long as n rows are left.
func (s *span) trim(n int64) {
	for len(s.records) > 0 && s.rows-s.records[0].NumRows() >= n {
		s.rows -= s.records[0].NumRows()
		s.records[0].Release()
		s.records = s.records[1:]
	}
}

// size returns how many bytes a record holds.
func size(r arrow.Record) int64 {
	n := int64(0)
	for _, c := range r.Columns() {
		n += int64(c.Data().SizeInBytes())
	}
	return n
}

// at returns the column and the index that hold a row's value.
func (s *span) at(row int64, column int) (arrow.Array, int) {
	for _, r := range s.records {
		if row < r.NumRows() {
			return r.Column(column), int(row)
		}
		row -= r.NumRows()
	}
	return nil, 0
}

// Schema returns the columns.
func (t *Table) Schema() *arrow.Schema { return t.schema }

// Rows returns how many rows were added, kept or not.
func (t *Table) Rows() int64 { return t.rows }

// Whole says whether every row is kept.
func (t *Table) Whole() bool { return t.head.rows == t.rows }

// Records returns the first rows: all of them if the table is whole. They belong to the table.
func (t *Table) Records() []arrow.Record { return t.head.records }

// Release gives the rows back.
func (t *Table) Release() {
	for _, s := range []*span{&t.head, &t.tail} {
		for _, r := range s.records {
			r.Release()
		}
		*s = span{}
	}
}

// Cell returns a value of one of the first rows, NULL if it is null.
func (t *Table) Cell(row, column int) string {
	col, i := t.head.at(int64(row), column)
	if col == nil || col.IsNull(i) {
		return null
	}
	return Value(col, i)
}

// null is how a null is drawn.
const null = "NULL"

// value returns a value of a row, counted from the first row or, if negative, from the end.
func (t *Table) value(row int64, column int) (col arrow.Array, i int) {
	if row < 0 {
		row += t.rows
	}
	if row < t.head.rows {
		return t.head.at(row, column)
	}
	return t.tail.at(row-(t.rows-t.tail.rows), column)
}
