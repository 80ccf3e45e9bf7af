package node

import (
	"context"
	"errors"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/cluster/replica"
	"github.com/musterdb/muster/engine"
	"github.com/musterdb/muster/engine/eval"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// shards returns the shards of a base, once each has applied all that was committed before now: what was
// acknowledged is seen. Groups that hold nothing of the base have none.
func (n *Node) shards(ctx context.Context, sch *schema.Schema) ([]*engine.Shard, error) {
	var all []*engine.Shard
	for _, g := range n.groupsOf(sch) {
		if err := g.WaitApplied(ctx, g.CommitIndex()); err != nil {
			return nil, unread(err)
		}
		if s := g.sm.shard(sch.Base); s != nil {
			all = append(all, s)
		}
	}
	return all, nil
}

// unread says in the user's words why a group cannot be read.
func unread(err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, replica.ErrClosed):
		return diag.New(diag.Unavailable, diag.Span{}, "the server is stopping")
	}
	return diag.New(diag.Unavailable, diag.Span{}, "the base cannot be read: %v", err)
}

// asked returns the shards that a plan must ask: those that hold the contacts that the plan names, if it
// does, else all of the base.
func (n *Node) asked(ctx context.Context, q *plan.Query, sch *schema.Schema) ([]*engine.Shard, error) {
	ids, ok := q.Asks()
	if !ok {
		return n.shards(ctx, sch)
	}
	var some []*engine.Shard
	for _, g := range n.groupsOfContacts(ids, sch) {
		if err := g.WaitApplied(ctx, g.CommitIndex()); err != nil {
			return nil, unread(err)
		}
		if s := g.sm.shard(sch.Base); s != nil {
			some = append(some, s)
		}
	}
	return some, nil
}

// groupsOfContacts returns the groups that hold contacts, each once and in their order.
func (n *Node) groupsOfContacts(ids []string, sch *schema.Schema) []*dataGroup {
	held := make([]bool, sch.Options.Spread)
	for _, id := range ids {
		held[GroupOf([]byte(id), sch.Options.Spread)] = true
	}
	var some []*dataGroup
	for i, g := range n.groupsOf(sch) {
		if held[i] {
			some = append(some, g)
		}
	}
	return some
}

// Count returns how many rows of the base satisfy a plan's condition.
func (n *Node) Count(ctx context.Context, q *plan.Query, sch *schema.Schema) (uint64, error) {
	shards, err := n.asked(ctx, q, sch)
	if err != nil {
		return 0, err
	}
	counts := make([]uint64, len(shards))
	err = n.pool.Each(ctx, len(shards), func(ctx context.Context, i int) (err error) {
		counts[i], err = shards[i].Count(ctx, q, sch)
		return err
	})
	total := uint64(0)
	for _, c := range counts {
		total += c
	}
	return total, gone(err)
}

// gone says of a statement whose shards were closed under it what that means to its user.
func gone(err error) error {
	if !errors.Is(err, engine.ErrShardClosed) {
		return err
	}
	return diag.New(diag.Unavailable, diag.Span{}, "the base was dropped, or the server is stopping, while the statement ran")
}

// Select hands the rows of a plan to emit, from the calling goroutine. A record is valid during the call.
func (n *Node) Select(ctx context.Context, q *plan.Query, sch *schema.Schema, emit func(arrow.Record) error) error {
	shards, err := n.asked(ctx, q, sch)
	if err != nil {
		return err
	}
	if q.Grouped {
		return gone(n.grouped(ctx, q, sch, shards, emit))
	}
	if len(q.Order) == 0 {
		return gone(n.stream(ctx, q, sch, shards, emit))
	}
	m := eval.NewMerger(q, len(shards), emit)
	defer m.Close()
	return gone(n.ranked(ctx, q, sch, shards, m))
}

// ranked has the workers sort the shards' rows and merges them.
func (n *Node) ranked(ctx context.Context, q *plan.Query, sch *schema.Schema, shards []*engine.Shard, m *eval.Merger) error {
	var mu sync.Mutex
	err := n.pool.Each(ctx, len(shards), func(ctx context.Context, i int) error {
		return shards[i].Select(ctx, q, sch, func(r arrow.Record) error {
			mu.Lock()
			defer mu.Unlock()
			return m.Add(i, r)
		})
	})
	if err != nil {
		return err
	}
	for i := range shards {
		if err := m.Done(i); err != nil {
			return err
		}
	}
	return nil
}
