package eval

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/kernel"
	"github.com/musterdb/muster/storage/schema"
)

// item is one column of the answer: a stored column that is copied, or an expression.
type item struct {
	typ    plan.Type
	direct bool
	id     bool // the contact's id, which is copied too
	ref    ref
	expr   *scalar.Expr
	events []eventsOf
}

// items compiles the select list.
func (c *compiler) items(q *plan.Query) ([]item, error) {
	out := make([]item, 0, len(q.Items))
	for _, it := range q.Items {
		x := item{typ: it.X.Type()}
		if r, ok := c.column(it.X); ok && (r.props == nil) == (q.From == 0) && r.typ == x.typ.Type {
			x.ref, x.direct = r, true
		}
		x.id = isID(it.X)
		var err error
		if x.expr, err = scalar.Compile(it.X, c.env); err != nil {
			return nil, err
		}
		if x.events, err = c.eventsOf(usesOf(it.X).events); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// Select answers with the shard's rows in records of PartialSchema, each a copy that is the receiver's to
// keep (after Retain): sorted if the statement is ordered, else in row order, and at most Limit of them.
// Count statements have no rows. emit's error ends it and is returned.
func (p *Program) Select(ctx context.Context, emit func(arrow.Record) error) error {
	w := p.Worker()
	defer w.Close()
	if p.query.Limit == 0 {
		return nil
	}
	b := newBatcher(PartialSchema(p.query), emit)
	defer b.release()
	if len(p.query.Order) > 0 {
		return failure(w.selectOrdered(ctx, b))
	}
	return failure(w.selectPlain(ctx, b))
}

// eachSource calls f with the rows of every source that satisfy the condition, until f says stop.
func (w *Worker) eachSource(ctx context.Context, f func(s *source, rows []uint64) (stop bool, err error)) error {
	for chunk := range w.prog.Chunks() {
		if err := w.begin(ctx); err != nil {
			return err
		}
		for c := w.sources(chunk); c.advance(); {
			stop, err := w.oneSource(c, f)
			if stop || err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Worker) oneSource(c *sourceCursor, f func(*source, []uint64) (bool, error)) (bool, error) {
	defer w.release(w.mark())
	alive, err := c.alive()
	if err != nil {
		return false, err
	}
	out := w.words(c.src.n)
	if err := w.prog.where.eval(w, c.src, alive, out); err != nil || !kernel.Any(out) {
		return false, err
	}
	return f(c.src, out)
}

// selectPlain copies rows out until the limit.
func (w *Worker) selectPlain(ctx context.Context, b *batcher) error {
	left := w.prog.query.Limit
	err := w.eachSource(ctx, func(s *source, rows []uint64) (bool, error) {
		left = truncate(rows, left)
		return left == 0, w.project(s, rows, b)
	})
	if err != nil {
		return err
	}
	return b.flush()
}

// truncate clears all bits but the first left, and returns how many are left after them; −1 is no limit.
func truncate(rows []uint64, left int64) int64 {
	n := int64(kernel.Count(rows))
	if left < 0 || n <= left {
		return max(left-n, min(left, 0))
	}
	seen := int64(0)
	for i := range rowsOf(rows) {
		if seen++; seen > left {
			rows[i>>6] &^= 1 << (i & 63)
		}
	}
	return 0
}

// sliceRows is the number of rows copied column by column at once.
const sliceRows = 1024

// project appends the rows to the batch, a slice after the other, column after column.
func (w *Worker) project(s *source, rows []uint64, b *batcher) error {
	lines, err := w.itemLines(s, rows)
	if err != nil {
		return err
	}
	defer w.give(lines)
	r := rowAt{w: w, lines: lines}
	slice := make([]int, 0, sliceRows)
	for i := range rowsOf(rows) {
		if slice = append(slice, i); len(slice) == sliceRows {
			if err := w.projectSlice(s, slice, &r, b); err != nil {
				return err
			}
			slice = slice[:0]
		}
	}
	return w.projectSlice(s, slice, &r, b)
}

// itemLines gathers the events that the select list needs of the rows.
func (w *Worker) itemLines(s *source, rows []uint64) ([]*timeline, error) {
	var lines []*timeline
	for i := range w.prog.items {
		l, err := w.gatherAll(w.prog.items[i].events, s, rows)
		if err != nil {
			return nil, err
		}
		lines = append(lines, l...)
	}
	return lines, nil
}

// projectSlice measures the rows, cuts them where a batch is full, and appends the pieces.
func (w *Worker) projectSlice(s *source, slice []int, r *rowAt, b *batcher) error {
	if err := w.ctx.Err(); err != nil || len(slice) == 0 {
		return err
	}
	cells := make([][]scalar.Value, len(w.prog.items))
	size := make([]int, len(slice))
	for k := range w.prog.items {
		it := &w.prog.items[k]
		if it.direct {
			measure(w.column(s, &it.ref), slice, size)
			continue
		}
		if it.id {
			w.measureIDs(s, slice, size)
			continue
		}
		var err error
		if cells[k], err = w.cells(it, s, slice, r); err != nil {
			return err
		}
		for i, v := range cells[k] {
			size[i] += cellBytes(v)
		}
	}
	for from := 0; from < len(slice); {
		to, bytes := from+1, size[from]
		for to < len(slice) && bytes+size[to] <= MaxBatchBytes {
			bytes += size[to]
			to++
		}
		if err := b.room(to-from, bytes); err != nil {
			return err
		}
		if err := w.appendPiece(s, slice[from:to], cells, from, b); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// measure adds to size what each row's value takes in the answer.
func measure(c *column.Chunk, rows, size []int) {
	for i, row := range rows {
		size[i] += 17
		if c == nil || c.Null(row) {
			continue
		}
		switch c.Type().Kind {
		case schema.KindText:
			size[i] += len(c.Text(row))
		case schema.KindSet:
			for j := range c.SetLen(row) {
				size[i] += 4 + len(c.Dict().Text(c.SetCode(row, j)))
			}
		}
	}
}

// cells evaluates an item for each row of a slice.
func (w *Worker) cells(it *item, s *source, slice []int, r *rowAt) ([]scalar.Value, error) {
	out := make([]scalar.Value, len(slice))
	for i, row := range slice {
		r.at(s, row)
		v, err := it.expr.Value(r)
		if err != nil {
			return nil, err
		}
		if out[i], err = cellOf(v, it.typ); err != nil {
			return nil, err
		}
		if err := w.check(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (w *Worker) appendPiece(s *source, piece []int, cells [][]scalar.Value, from int, b *batcher) error {
	for k := range w.prog.items {
		it := &w.prog.items[k]
		field := b.build.Field(k)
		if it.direct {
			appendColumn(field, w.column(s, &it.ref), piece)
			continue
		}
		if it.id {
			w.appendIDs(field.(*array.StringBuilder), from, from+len(piece))
			continue
		}
		for i := range piece {
			if err := appendCell(field, cells[k][from+i], it.typ); err != nil {
				return err
			}
		}
	}
	return nil
}

// contactOf returns the row number of the contact of row or event i.
func (s *source) contactOf(i int) uint32 {
	if s.isBlock {
		i = int(s.block.Rows()[i])
	}
	return rowNumber(s.chunk, i)
}

// idList is the contact ids of a slice of rows as text, made once to be measured and copied.
type idList struct {
	text []byte
	end  []int
}

// measureIDs is measure for contact ids.
func (w *Worker) measureIDs(s *source, rows, size []int) {
	l := &w.ids
	l.text, l.end = l.text[:0], l.end[:0]
	for i, row := range rows {
		from := len(l.text)
		l.text = w.view.AppendID(l.text, s.contactOf(row))
		l.end = append(l.end, len(l.text))
		size[i] += 17 + len(l.text) - from
	}
}

// appendIDs copies the ids of rows from to to of the slice that was measured.
func (w *Worker) appendIDs(b *array.StringBuilder, from, to int) {
	b.Reserve(to - from)
	at := 0
	if from > 0 {
		at = w.ids.end[from-1]
	}
	for _, end := range w.ids.end[from:to] {
		b.BinaryBuilder.Append(w.ids.text[at:end])
		at = end
	}
}

// appendColumn copies the values of rows.
func appendColumn(b array.Builder, c *column.Chunk, rows []int) {
	b.Reserve(len(rows))
	if c == nil || c.Enc() == column.AllNull {
		for range rows {
			b.AppendNull()
		}
		return
	}
	switch b := b.(type) {
	case *array.BooleanBuilder:
		appendEach(b, c, rows, func(i int) { b.UnsafeAppend(c.Int(i) != 0) })
	case *array.Int64Builder:
		appendEach(b, c, rows, func(i int) { b.UnsafeAppend(c.Int(i)) })
	case *array.Float64Builder:
		appendEach(b, c, rows, func(i int) { b.UnsafeAppend(c.Float(i)) })
	case *array.Decimal128Builder:
		appendEach(b, c, rows, func(i int) { b.UnsafeAppend(decimalOf(c.Int(i))) })
	case *array.StringBuilder:
		appendEach(b, c, rows, func(i int) { b.BinaryBuilder.Append(c.Text(i)) })
	case *array.Date32Builder:
		appendEach(b, c, rows, func(i int) { b.UnsafeAppend(arrow.Date32(c.Int(i))) })
	case *array.TimestampBuilder:
		appendEach(b, c, rows, func(i int) { b.UnsafeAppend(arrow.Timestamp(c.Int(i))) })
	case *array.Uint64Builder:
		appendEach(b, c, rows, func(i int) { b.UnsafeAppend(uint64(c.Int(i))) })
	case *array.ListBuilder:
		texts := b.ValueBuilder().(*array.StringBuilder)
		appendEach(b, c, rows, func(i int) {
			b.Append(true)
			for _, s := range setAt(c, i) {
				texts.Append(s)
			}
		})
	}
}

func appendEach(b array.Builder, c *column.Chunk, rows []int, one func(i int)) {
	if c.Valid() == nil {
		for _, i := range rows {
			one(i)
		}
		return
	}
	for _, i := range rows {
		if c.Null(i) {
			b.AppendNull()
		} else {
			one(i)
		}
	}
}
