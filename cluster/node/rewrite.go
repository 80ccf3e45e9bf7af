package node

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/engine"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// Batches of Rewrite, as those of a load: each becomes about a dozen commands of one group.
const (
	rewriteRows   = 8192
	rewriteAtOnce = 4 // groups
)

// Rewrite changes the contacts that satisfy a plan, as each group held them when it was asked: part makes a
// change of a batch of the plan's rows, which it must not keep; nil changes nothing. No latch is held
// meanwhile, each group is read through a pin. A row that the shard rejects stays as it is and is counted. It is
// not atomic: after an error, or if ctx ends, what Written says is changed, exactly.
func (n *Node) Rewrite(ctx context.Context, q *plan.Query, sch *schema.Schema, part func(arrow.Record) (*change.Upsert, error)) (Written, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	groups := n.groupsOf(sch)
	if ids, ok := q.Asks(); ok {
		groups = n.groupsOfContacts(ids, sch)
	}
	results, errs := make([]Written, len(groups)), make([]error, len(groups))
	room := make(chan struct{}, rewriteAtOnce)
	var wg sync.WaitGroup
	for i, g := range groups {
		wg.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			errs[i] = engine.Guarded(func() (err error) {
				results[i], err = n.rewriteGroup(ctx, g, q, sch, part)
				return err
			})
			if errs[i] != nil {
				cancel()
			}
		})
	}
	wg.Wait()
	return sum(results), gone(cause(errs))
}

// cause returns the error that was the first: those of groups that were ended for its sake say only that.
func cause(errs []error) error {
	first := firstError(errs)
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) && !isCanceled(err) {
			return err
		}
	}
	return first
}

func isCanceled(err error) bool {
	var known *diag.Error
	return errors.As(err, &known) && known.Code == diag.Canceled
}

// rewriteGroup changes the contacts of one group. It runs on its own goroutine, not on a worker of the pool,
// because it waits for the log.
func (n *Node) rewriteGroup(ctx context.Context, g *dataGroup, q *plan.Query, sch *schema.Schema, part func(arrow.Record) (*change.Upsert, error)) (total Written, err error) {
	if err := g.WaitApplied(ctx, g.CommitIndex()); err != nil {
		return total, unread(err)
	}
	s := g.sm.shard(sch.Base)
	if s == nil {
		return total, nil
	}
	// A write that was begun is waited for, so that what is said to be changed is changed, and nothing else.
	writing := context.WithoutCancel(ctx)
	err = s.Select(ctx, q, sch, func(rec arrow.Record) error {
		for at := int64(0); at < rec.NumRows(); at += rewriteRows {
			if err := ctx.Err(); err != nil {
				return err
			}
			w, err := n.rewriteBatch(writing, g, sch, rec.NewSlice(at, min(at+rewriteRows, rec.NumRows())), part)
			total = sum([]Written{total, w})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return total, err
}

func (n *Node) rewriteBatch(ctx context.Context, g *dataGroup, sch *schema.Schema, rec arrow.Record, part func(arrow.Record) (*change.Upsert, error)) (Written, error) {
	defer rec.Release()
	p, err := part(rec)
	if err != nil || p == nil {
		return Written{}, err
	}
	w, err := n.writeGroup(ctx, g, sch, &change.Change{Parts: []change.Part{p}}, Batch{})
	if n := len(w.Rejected); n > 0 {
		w.Refused, w.Rejected = uint64(n), w.Rejected[:1]
	}
	return w, err
}

// WriteMembers adds contacts to a static segment, whose members have a value in attr, or takes them from it.
// Ids that no contact has are counted as Missing; one that is given twice counts once.
func (n *Node) WriteMembers(ctx context.Context, sch *schema.Schema, attr schema.AttrID, ids []string, op change.Op, clock int64) (Written, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	var total Written
	for batch := range slices.Chunk(ids, rewriteRows) {
		part := &change.Upsert{Existing: true, Cols: []change.Column{MemberColumn(attr, len(batch), op, clock)}}
		for _, id := range batch {
			part.IDs.AppendString(id)
		}
		w, err := n.Write(ctx, sch, &change.Change{Parts: []change.Part{part}}, Batch{})
		total = sum([]Written{total, w})
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// MemberColumn returns what rows do to the members of a static segment: OpFill adds them at an instant, OpNull
// takes them out.
func MemberColumn(attr schema.AttrID, rows int, op change.Op, clock int64) change.Column {
	c := change.Column{ID: uint32(attr), Type: schema.MemberType, Ops: make([]change.Op, rows), Ints: make([]int64, rows)}
	for i := range rows {
		c.Ops[i] = op
		if op.Sets() {
			c.Ints[i] = clock
		}
	}
	return c
}
