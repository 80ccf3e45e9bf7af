package eval

import (
	"cmp"
	"container/heap"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/engine/group"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// GroupMerger makes the answer of a grouped statement of the groups of many shards, the same whatever the
// order in which they come in. It is used by one goroutine at a time, as Merger is; what it holds is bounded by
// the budget, beyond which Add and Done return a diag.Limit.
type GroupMerger struct {
	query  *plan.Query
	emit   func(arrow.Record) error
	table  *group.Table
	left   int // parts that are not done
	budget int64
}

// NewGroupMerger returns a merger of so many parts. The answer's records, of AnswerSchema, go to emit, which
// must Retain what it keeps.
func NewGroupMerger(q *plan.Query, parts int, emit func(arrow.Record) error) *GroupMerger {
	return &GroupMerger{query: q, emit: emit, table: group.New(q, DefaultBudget), left: parts, budget: DefaultBudget}
}

// SetBudget changes the bytes that may be held. Call it before the first Add.
func (m *GroupMerger) SetBudget(bytes int64) { m.table, m.budget = group.New(m.query, bytes), bytes }

// Add adds a record of group.Schema of a part, and keeps nothing of it.
func (m *GroupMerger) Add(_ int, rec arrow.Record) error { return failure(m.table.Merge(rec)) }

// Done says that a part is complete; the last call sends off the answer: groups that satisfy HAVING, in
// order, up to the limit. A base without shards, which has no parts, is Done once.
func (m *GroupMerger) Done(int) error {
	if m.left--; m.left > 0 {
		return nil
	}
	if len(m.query.Group) == 0 {
		if err := m.table.Whole(); err != nil {
			return err
		}
	}
	return failure(m.finish())
}

// Close lets go of what is held; further calls do nothing.
func (m *GroupMerger) Close() { m.table = nil }

func (m *GroupMerger) finish() error {
	f, err := newFinisher(m.query, m.budget)
	if err != nil || m.query.Limit == 0 {
		return err
	}
	for slot := range m.table.Len() {
		if err := f.offer(m.table, slot); err != nil {
			return err
		}
	}
	slices.SortFunc(f.rows, func(a, b *groupRow) int { return f.compare(a, b) })
	b := newBatcher(AnswerSchema(m.query), m.emit)
	defer b.release()
	for _, r := range f.rows {
		if err := f.append(b, r); err != nil {
			return err
		}
	}
	return b.flush()
}

// finisher evaluates what stands above the groups, and keeps the first limit rows of the order.
type finisher struct {
	query  *plan.Query
	having *scalar.Expr
	items  []*scalar.Expr
	rows   []*groupRow // a heap whose root is the last row, once there is a limit to keep
	slab   []groupRow
	spare  *groupRow // a row that was not kept
	used   int64
	budget int64
}

func newFinisher(q *plan.Query, budget int64) (*finisher, error) {
	zone, err := calendar.OfBase(q.Zone)
	if err != nil {
		return nil, err
	}
	env := scalar.Env{Clock: q.Clock, Zone: zone}
	f := &finisher{query: q, budget: budget, items: make([]*scalar.Expr, len(q.Items))}
	for i, it := range q.Items {
		if f.items[i], err = scalar.Compile(it.X, env); err != nil {
			return nil, err
		}
	}
	if q.Having != nil {
		f.having, err = scalar.Compile(q.Having, env)
	}
	return f, err
}

// groupRow is a group as expressions see it, and its cells.
type groupRow struct {
	noRowAt
	group.Row
	cells []scalar.Value
	rank  uint64 // ordered as the first value of the order is, equal only where that must be looked at
	known bool   // there is a rank
}

// newRow returns a row of the slab, which is made for many rows at once.
func (f *finisher) newRow() *groupRow {
	q := f.query
	if len(f.slab) == 0 {
		f.slab = make([]groupRow, slabRows)
		values := make([]scalar.Value, slabRows*(len(q.Group)+len(q.Totals)+len(q.Items)))
		cut := func(n int) []scalar.Value {
			part := values[:n:n]
			values = values[n:]
			return part
		}
		for i := range f.slab {
			r := &f.slab[i]
			r.Values, r.Totals, r.cells = cut(len(q.Group)), cut(len(q.Totals)), cut(len(q.Items))
		}
	}
	r := &f.slab[0]
	f.slab = f.slab[1:]
	return r
}

// slabRows is the number of rows that are made at once.
const slabRows = 64

var _ scalar.GroupRow = (*groupRow)(nil)

// Group returns a value of the group.
func (r *groupRow) Group(i int) scalar.Value { return r.Values[i] }

// Total returns a total.
func (r *groupRow) Total(i int) scalar.Value { return r.Totals[i] }

// offer adds the group of a slot to the answer if it belongs there.
func (f *finisher) offer(t *group.Table, slot int) error {
	row := f.spare
	if f.spare = nil; row == nil {
		row = f.newRow()
	}
	if err := t.Row(slot, &row.Row); err != nil {
		return err
	}
	if f.having != nil {
		if truth, err := f.having.Test(row); err != nil || truth != scalar.True {
			f.spare = row
			return err
		}
	}
	for i, x := range f.items {
		v, err := x.Value(row)
		if err != nil {
			return err
		}
		if row.cells[i], err = cellOf(v, f.query.Items[i].X.Type()); err != nil {
			return err
		}
	}
	f.rankRow(row)
	return f.keep(row)
}

// rankRow finds the rank of a row: of a text its first bytes, of what lives in 64 bits the whole.
func (f *finisher) rankRow(r *groupRow) {
	v, desc := (*scalar.Value)(nil), false
	switch {
	case len(f.query.Order) > 0:
		v, desc = &r.cells[f.query.Order[0].Item], f.query.Order[0].Desc
	case len(r.Values) > 0:
		v = &r.Values[0]
	}
	if r.known = v != nil && !v.Null() && !v.IsNumber(); !r.known {
		return
	}
	switch v.Kind {
	case schema.KindSet, schema.KindKey:
		r.known = false
	case schema.KindText:
		var first [8]byte
		copy(first[:], v.S)
		r.rank = binary.BigEndian.Uint64(first[:])
	default:
		r.rank = uint64(v.I) ^ 1<<63
	}
	if desc {
		r.rank = ^r.rank
	}
}

// keep adds a row, or puts it in the place of the last one once the limit is reached.
func (f *finisher) keep(row *groupRow) error {
	if f.query.Limit >= 0 && int64(len(f.rows)) >= f.query.Limit {
		if f.spare = row; f.compare(row, f.rows[0]) < 0 {
			f.spare, f.rows[0] = f.rows[0], row
			heap.Fix(f, 0)
		}
		return nil
	}
	if f.used += row.bytes(); f.used > f.budget {
		return diag.New(diag.Limit, diag.Span{}, "too many groups: the answer needs more than %d MiB to be put in order", f.budget>>20).
			WithHint("add a LIMIT, or group by something with fewer values")
	}
	if f.query.Limit < 0 {
		f.rows = append(f.rows, row)
		return nil
	}
	heap.Push(f, row)
	return nil
}

func (r *groupRow) bytes() int64 {
	n := int64(rankedBytes)
	for _, values := range [][]scalar.Value{r.Values, r.Totals, r.cells} {
		for _, v := range values {
			n += scalarBytes + int64(cellBytes(v))
		}
	}
	return n
}

// compare orders rows as the statement says, then by the values of the group.
func (f *finisher) compare(a, b *groupRow) int {
	if a.known && b.known && a.rank != b.rank {
		return cmp.Compare(a.rank, b.rank)
	}
	for _, o := range f.query.Order {
		x, y := &a.cells[o.Item], &b.cells[o.Item]
		c := compareValues(x, y)
		if o.Desc && !x.Null() && !y.Null() {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	for i := range a.Values {
		if c := compareValues(&a.Values[i], &b.Values[i]); c != 0 {
			return c
		}
	}
	return 0
}

// compareValues is compareCells without copying what is compared.
func compareValues(a, b *scalar.Value) int {
	if a.Kind == b.Kind && !a.IsNumber() && a.Kind != schema.KindSet && a.Kind != schema.KindKey {
		return cmp.Or(cmp.Compare(a.I, b.I), strings.Compare(a.S, b.S))
	}
	return compareCells(*a, *b)
}

func (f *finisher) append(b *batcher, r *groupRow) error {
	size := 0
	for _, v := range r.cells[:f.query.Visible] {
		size += cellBytes(v)
	}
	if err := b.room(1, size); err != nil {
		return err
	}
	for i, v := range r.cells[:f.query.Visible] {
		if err := appendCell(b.build.Field(i), v, f.query.Items[i].X.Type()); err != nil {
			return err
		}
	}
	return nil
}

// Len, Less, Swap, Push and Pop make a heap whose root is the last row of the order.
func (f *finisher) Len() int           { return len(f.rows) }
func (f *finisher) Less(i, j int) bool { return f.compare(f.rows[i], f.rows[j]) > 0 }
func (f *finisher) Swap(i, j int)      { f.rows[i], f.rows[j] = f.rows[j], f.rows[i] }

// Push adds a row; use heap.Push.
func (f *finisher) Push(x any) { f.rows = append(f.rows, x.(*groupRow)) }

// Pop removes the row that heap.Pop has moved to the end.
func (f *finisher) Pop() any {
	last := f.rows[len(f.rows)-1]
	f.rows = f.rows[:len(f.rows)-1]
	return last
}
