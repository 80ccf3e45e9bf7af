package node

import (
	"context"

	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// DeleteEvents removes the events that satisfy a plan over an event type, as each group held them when its
// turn came, and returns when the removal is durable. After an error what it had removed by then is removed;
// sending the statement again removes the rest.
//
// It runs on the caller's goroutine, one group after the other: it waits for the log, which would keep a
// worker from other statements.
func (n *Node) DeleteEvents(ctx context.Context, q *plan.Query, sch *schema.Schema) (Written, error) {
	// A write that was begun is waited for, so that what is said to be removed is removed, and nothing else.
	writing := context.WithoutCancel(ctx)
	var total Written
	for _, g := range n.groupsOf(sch) {
		if err := g.WaitApplied(ctx, g.CommitIndex()); err != nil {
			return total, unread(err)
		}
		s := g.sm.shard(sch.Base)
		if s == nil {
			continue
		}
		err := s.MatchEvents(ctx, q, sch, func(d *change.DeleteEvents) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			w, err := n.writeGroup(writing, g, sch, &change.Change{Parts: []change.Part{d}}, Batch{})
			total = sum([]Written{total, w})
			return err
		})
		if err != nil {
			return total, gone(err)
		}
	}
	return total, nil
}
