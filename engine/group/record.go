package group

import (
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/plan"
)

// The largest record of states, unless one row is larger.
const (
	maxRows  = 64 << 10
	maxBytes = 2 << 20
)

// Schema returns the schema of partial answers: the values of Query.Group, one after the other, in the
// column "key", then the state of each total. A row adds to its group: a group may have several.
func Schema(q *plan.Query) *arrow.Schema {
	fields := []arrow.Field{{Name: "key", Type: arrow.BinaryTypes.Binary}}
	for i := range q.Totals {
		fields = append(fields, arrow.Field{
			Name: strconv.Itoa(i), Type: newTally(&q.Totals[i]).field(), Nullable: true,
		})
	}
	return arrow.NewSchema(fields, nil)
}

// Send hands all groups to emit in records of Schema, which emit must Retain to keep. The table must not be
// used afterwards.
func (t *Table) Send(emit func(arrow.Record) error) error {
	if t.counts() {
		return t.sendCounts(emit)
	}
	s := sender{table: t, build: array.NewRecordBuilder(memory.DefaultAllocator, Schema(t.query)), emit: emit}
	defer s.build.Release()
	for _, y := range t.tallies {
		if d, ok := y.(lists); ok {
			d.begin()
			s.lists = append(s.lists, d)
		}
	}
	for slot := range int32(t.Len()) {
		if err := s.slot(slot); err != nil {
			return err
		}
	}
	return s.flush()
}

// counts says whether all totals are counts.
func (t *Table) counts() bool {
	for _, y := range t.tallies {
		if _, ok := y.(*count); !ok {
			return false
		}
	}
	return true
}

// sendCounts is Send of a table of counts, whose columns are the table's own memory.
func (t *Table) sendCounts(emit func(arrow.Record) error) error {
	schema := Schema(t.query)
	for from := 0; from < t.Len(); {
		to := from + 1
		for to < t.Len() && to-from < maxRows && t.keys.start(to+1)-t.keys.start(from) <= maxBytes {
			to++
		}
		cols := []arrow.Array{t.keys.array(from, to)}
		for _, y := range t.tallies {
			cols = append(cols, y.(*count).array(from, to))
		}
		if err := emitOwn(schema, cols, to-from, emit); err != nil {
			return err
		}
		from = to
	}
	return nil
}

func emitOwn(schema *arrow.Schema, cols []arrow.Array, rows int, emit func(arrow.Record) error) error {
	rec := array.NewRecord(schema, cols, int64(rows))
	defer rec.Release()
	for _, c := range cols {
		c.Release()
	}
	return emit(rec)
}

type sender struct {
	table *Table
	lists []lists
	build *array.RecordBuilder
	emit  func(arrow.Record) error
	rows  int
	bytes int
}

// slot appends the rows of a slot: one, and more while a list is not at its end.
func (s *sender) slot(slot int32) error {
	s.row(slot, false)
	for s.unsent(slot) {
		if err := s.room(); err != nil {
			return err
		}
		s.row(slot, true)
	}
	return s.room()
}

func (s *sender) unsent(slot int32) bool {
	for _, d := range s.lists {
		if d.left(slot) {
			return true
		}
	}
	return false
}

// row appends the state of a slot, or what is left of its lists.
func (s *sender) row(slot int32, rest bool) {
	key := s.table.keys.key(int(slot))
	s.build.Field(0).(*array.BinaryBuilder).Append(key)
	s.bytes += len(key) + 4
	for i, y := range s.table.tallies {
		b := s.build.Field(i + 1)
		if _, list := y.(lists); rest && !list {
			appendNothing(b)
			continue
		}
		s.bytes += y.appendState(b, slot)
	}
	s.rows++
}

// appendNothing appends the state of no value.
func appendNothing(b array.Builder) {
	if n, ok := b.(*array.Uint64Builder); ok {
		n.Append(0)
		return
	}
	b.AppendNull()
}

func (s *sender) room() error {
	if s.rows < maxRows && s.bytes < maxBytes {
		return nil
	}
	return s.flush()
}

func (s *sender) flush() error {
	if s.rows == 0 {
		return nil
	}
	s.rows, s.bytes = 0, 0
	for _, d := range s.lists {
		d.begin()
	}
	rec := s.build.NewRecord()
	defer rec.Release()
	return s.emit(rec)
}

// Merge adds a record of Schema.
func (t *Table) Merge(rec arrow.Record) error {
	key, ok := rec.Column(0).(*array.Binary)
	if !ok || int(rec.NumCols()) != len(t.tallies)+1 {
		return diag.New(diag.Internal, diag.Span{}, "a partial answer has another form than its query")
	}
	rows := int(rec.NumRows())
	if t.Len() == 0 {
		t.Expect(rows)
	}
	slots := make([]int32, rows)
	for i := range slots {
		var err error
		if slots[i], err = t.Slot(key.Value(i)); err != nil {
			return err
		}
	}
	for k := range t.tallies {
		if err := t.mergeColumn(k, slots, rec.Column(k+1)); err != nil {
			return err
		}
	}
	return nil
}

// mergeColumn adds the states of total k to slots.
func (t *Table) mergeColumn(k int, slots []int32, col arrow.Array) error {
	if y, ok := t.tallies[k].(columns); ok {
		grew, err := y.mergeAll(slots, col)
		if err != nil {
			return err
		}
		t.used += grew
		return t.checkTotal(k)
	}
	for i, slot := range slots {
		grew, err := t.tallies[k].merge(slot, col, i)
		if err != nil {
			return err
		}
		if t.used += grew; grew > 0 {
			if err := t.checkTotal(k); err != nil {
				return err
			}
		}
	}
	return nil
}

// Row is one group with its totals.
type Row struct {
	Values []scalar.Value // of Query.Group
	Totals []scalar.Value
}

// Row sets out, whose slices are as long as the query has terms and totals, to the group of a slot. A total that
// does not fit is exact.ErrOverflow.
func (t *Table) Row(slot int, out *Row) error {
	key := t.keys.key(slot)
	var err error
	for i, x := range t.query.Group {
		if out.Values[i], key, err = readValue(key, x.Type()); err != nil {
			return err
		}
	}
	for i, y := range t.tallies {
		if out.Totals[i], err = y.value(int32(slot)); err != nil {
			return err
		}
	}
	return nil
}
