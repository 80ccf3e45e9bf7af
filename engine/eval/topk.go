package eval

import (
	"bytes"
	"cmp"
	"container/heap"
	"context"
	"slices"

	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/plan"
)

// ranked is one row of an ordered answer. Ties go by contact id, then, among events of one contact, by
// time and by the order in which they were met, which is their order of arrival.
type ranked struct {
	cells []scalar.Value // all items
	id    []byte
	time  int64
	seq   uint64
	bytes int64
}

// rankedBytes is what a ranked row takes beside its cells.
const rankedBytes = 96

// compareCellsBy compares the cells of two rows by the terms of an order. Nulls come last, up and down.
func compareCellsBy(order []plan.Order, a, b func(item int) scalar.Value) int {
	for _, o := range order {
		x, y := a(o.Item), b(o.Item)
		c := compareCells(x, y)
		if o.Desc && !x.Null() && !y.Null() {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// ranking keeps the first limit rows of an order, or all of them.
type ranking struct {
	order []plan.Order
	limit int64 // −1: all
	rows  []ranked
	seq   uint64

	scratch ranked // the row at hand
}

func (k *ranking) compare(a, b *ranked) int {
	return cmp.Or(
		compareCellsBy(k.order, a.at, b.at),
		bytes.Compare(a.id, b.id),
		cmp.Compare(a.time, b.time),
		cmp.Compare(a.seq, b.seq),
	)
}

func (r *ranked) at(item int) scalar.Value { return r.cells[item] }

// Len, Less, Swap, Push and Pop make a heap whose root is the last row of the order.
func (k *ranking) Len() int           { return len(k.rows) }
func (k *ranking) Less(i, j int) bool { return k.compare(&k.rows[i], &k.rows[j]) > 0 }
func (k *ranking) Swap(i, j int)      { k.rows[i], k.rows[j] = k.rows[j], k.rows[i] }

// Push adds a row; Pop removes the last. Use heap.Push and heap.Pop.
func (k *ranking) Push(x any) { k.rows = append(k.rows, x.(ranked)) }

// Pop removes the row that heap.Pop has moved to the end.
func (k *ranking) Pop() any {
	last := k.rows[len(k.rows)-1]
	k.rows = k.rows[:len(k.rows)-1]
	return last
}

// full says whether a row must beat the last one kept.
func (k *ranking) full() bool { return k.limit >= 0 && int64(len(k.rows)) >= k.limit }

// selectOrdered ranks all rows and sends off those kept, sorted.
func (w *Worker) selectOrdered(ctx context.Context, b *batcher) error {
	q := w.prog.query
	k := &ranking{order: q.Order, limit: q.Limit}
	k.scratch.cells = make([]scalar.Value, len(w.prog.items))
	kept := int64(0)
	err := w.eachSource(ctx, func(s *source, rows []uint64) (bool, error) {
		w.used += kept
		err := w.rank(k, s, rows, &kept)
		w.used -= kept
		return false, err
	})
	if err != nil {
		return err
	}
	slices.SortFunc(k.rows, func(a, b ranked) int { return k.compare(&a, &b) })
	for i := range k.rows {
		if err := appendRanked(b, &k.rows[i], w.prog.items); err != nil {
			return err
		}
	}
	return b.flush()
}

// offer evaluates what the order needs first, into scratch: most rows of a long list do not beat the last
// one kept, and cost no allocation.
func (w *Worker) offer(k *ranking, r *rowAt, kept *int64) error {
	row := &k.scratch
	row.seq, row.time = k.seq, 0
	k.seq++
	row.id = w.view.AppendID(row.id[:0], rowNumber(r.chunk, r.row))
	if r.isEvent {
		row.time = r.block.Time(r.i)
	}
	for _, o := range k.order {
		if err := w.cell(row, r, o.Item); err != nil {
			return err
		}
	}
	full := k.full()
	if full && k.compare(row, &k.rows[0]) >= 0 {
		return nil
	}
	if err := w.complete(k, row, r); err != nil {
		return err
	}
	own := *row
	own.cells, own.id = slices.Clone(row.cells), slices.Clone(row.id)
	grown := own.bytes
	if full {
		grown -= k.rows[0].bytes
		k.rows[0] = own
		heap.Fix(k, 0)
	} else {
		k.keep(own)
	}
	*kept += grown
	return w.take(grown)
}

func (k *ranking) keep(row ranked) {
	if k.limit < 0 {
		k.rows = append(k.rows, row)
		return
	}
	heap.Push(k, row)
}

// complete evaluates the items that the order does not need.
func (w *Worker) complete(k *ranking, row *ranked, r *rowAt) error {
	row.bytes = rankedBytes + int64(len(row.id))
	for i := range w.prog.items {
		if !slices.ContainsFunc(k.order, func(o plan.Order) bool { return o.Item == i }) {
			if err := w.cell(row, r, i); err != nil {
				return err
			}
		}
		row.bytes += scalarBytes + int64(cellBytes(row.cells[i]))
	}
	return nil
}

// scalarBytes is the size of a scalar.Value, rounded up.
const scalarBytes = 160

func (w *Worker) cell(row *ranked, r *rowAt, i int) error {
	it := &w.prog.items[i]
	v, err := it.expr.Value(r)
	if err != nil {
		return err
	}
	row.cells[i], err = cellOf(v, it.typ)
	return err
}

func appendRanked(b *batcher, r *ranked, items []item) error {
	if err := b.room(1, int(r.bytes)); err != nil {
		return err
	}
	for i, v := range r.cells {
		if err := appendCell(b.build.Field(i), v, items[i].typ); err != nil {
			return err
		}
	}
	b.build.Field(len(items)).(*array.BinaryBuilder).Append(r.id)
	return nil
}
