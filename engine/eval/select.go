package eval

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/kernel"
	"github.com/musterdb/muster/storage/schema"
)

// item is one column of the answer: a stored column that is copied, or an expression.
type item struct {
	typ    plan.Type
	direct bool
	id     bool // the contact's id, which is copied too
	time   bool // the event's time, likewise
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
		x.id = isID(it.X) || q.From != 0 && pseudo(it.X, schema.PropContact)
		x.time = q.From != 0 && pseudo(it.X, schema.PropTime)
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
	if p.query.Limit == 0 {
		return nil
	}
	if len(p.query.Order) == 0 {
		return failure(p.selectPlain(ctx, emit))
	}
	w := p.Worker()
	defer w.Close()
	b := newBatcher(PartialSchema(p.query), emit)
	defer b.release()
	return failure(w.selectOrdered(ctx, b))
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

// selectPlain copies rows out until the limit, chunk after chunk.
func (p *Program) selectPlain(ctx context.Context, emit func(arrow.Record) error) error {
	b, left := NewBatch(p.query), p.query.Limit
	send := func() error {
		if b.Rows() == 0 {
			return nil
		}
		rec := b.Take()
		defer rec.Release()
		return emit(rec)
	}
	for chunk := 0; chunk < p.Chunks() && left != 0; chunk++ {
		k, err := p.Pick(ctx, chunk)
		if err != nil {
			return err
		}
		n := k.Len()
		if left >= 0 {
			n = int(min(left, int64(n)))
			left -= int64(n)
		}
		for at := 0; at < n; {
			if at, err = p.Gather(ctx, k, at, n, b); err != nil {
				return err
			}
			if at < n {
				if err := send(); err != nil {
					return err
				}
			}
		}
	}
	return send()
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
