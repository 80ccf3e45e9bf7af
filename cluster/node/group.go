package node

import (
	"context"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/engine"
	"github.com/musterdb/muster/engine/eval"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// grouped has the workers group the shards' rows, merges the groups as they come in, and hands the answer to
// emit from the calling goroutine.
func (n *Node) grouped(ctx context.Context, q *plan.Query, sch *schema.Schema, shards []*engine.Shard, emit func(arrow.Record) error) error {
	m := eval.NewGroupMerger(q, len(shards), emit)
	defer m.Close()
	var mu sync.Mutex
	err := n.pool.Each(ctx, len(shards), func(ctx context.Context, i int) error {
		return shards[i].Groups(ctx, q, sch, func(r arrow.Record) error {
			mu.Lock()
			defer mu.Unlock()
			return m.Add(i, r)
		})
	})
	if err != nil {
		return err
	}
	for i := range max(len(shards), 1) {
		if err := m.Done(i); err != nil {
			return err
		}
	}
	return nil
}
