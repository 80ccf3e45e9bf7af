package node

import (
	"context"
	"sync"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/engine"
	"github.com/musterdb/muster/engine/eval"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// Explanation is what EXPLAIN tells of a plan.
type Explanation struct {
	engine.Explanation
	Rows uint64        // of the answer; the contacts or events that a COUNT counts
	Wall time.Duration // of a plan that was run
}

// Explain tells how a plan would be answered or, if analyze is set, answers it, each shard by one worker, and
// tells what that took; the rows themselves are thrown away.
func (n *Node) Explain(ctx context.Context, q *plan.Query, sch *schema.Schema, analyze bool) (*Explanation, error) {
	began := time.Now()
	shards, err := n.asked(ctx, q, sch)
	if err != nil {
		return nil, err
	}
	r := newRunner(q, len(shards))
	defer r.merger.Close()
	parts := make([]*engine.Explanation, len(shards))
	err = n.pool.Each(ctx, len(shards), func(ctx context.Context, i int) (err error) {
		var run func(*eval.Explained) error
		if analyze {
			run = func(e *eval.Explained) error { return r.run(ctx, i, e) }
		}
		parts[i], err = shards[i].Explain(ctx, q, sch, nanos, i == 0, run)
		return err
	})
	if err != nil {
		return nil, gone(err)
	}
	out := &Explanation{Explanation: engine.Explanation{Dense: true}}
	for _, p := range parts {
		out.Merge(p)
	}
	if analyze {
		out.Rows, err = r.end(len(shards))
	}
	out.Wall = time.Since(began)
	return out, err
}

// started is what the clock of EXPLAIN counts from.
var started = time.Now()

func nanos() int64 { return int64(time.Since(started)) }

// merger is what eval's mergers have in common.
type merger interface {
	Add(part int, rec arrow.Record) error
	Done(part int) error
	Close()
}

// runner answers a plan for EXPLAIN ANALYZE and keeps no rows, except those to be put in order.
type runner struct {
	q      *plan.Query
	mu     sync.Mutex // guards what follows
	merger merger
	rows   uint64
}

func newRunner(q *plan.Query, parts int) *runner {
	r := &runner{q: q}
	emit := func(rec arrow.Record) error {
		r.rows += uint64(rec.NumRows())
		return nil
	}
	if q.Grouped {
		r.merger = eval.NewGroupMerger(q, parts, emit)
	} else {
		r.merger = eval.NewMerger(q, parts, emit)
	}
	return r
}

func (r *runner) run(ctx context.Context, part int, e *eval.Explained) error {
	switch {
	case r.q.Count:
		n, err := e.Count(ctx)
		r.add(n)
		return err
	case r.q.Grouped:
		return e.Groups(ctx, func(rec arrow.Record) error { return r.merge(part, rec) })
	case len(r.q.Order) > 0:
		return e.Select(ctx, func(rec arrow.Record) error { return r.merge(part, rec) })
	}
	return e.Select(ctx, func(rec arrow.Record) error {
		r.add(uint64(rec.NumRows()))
		return nil
	})
}

func (r *runner) add(rows uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows += rows
}

func (r *runner) merge(part int, rec arrow.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.merger.Add(part, rec)
}

// end returns the number of rows of the answer.
func (r *runner) end(parts int) (uint64, error) {
	switch {
	case r.q.Count:
		return r.rows, nil
	case !r.q.Grouped && len(r.q.Order) == 0:
		if r.q.Limit >= 0 {
			return min(r.rows, uint64(r.q.Limit)), nil
		}
		return r.rows, nil
	}
	for part := range max(parts, 1) {
		if parts == 0 && !r.q.Grouped {
			break
		}
		if err := r.merger.Done(part); err != nil {
			return 0, err
		}
	}
	return r.rows, nil
}
