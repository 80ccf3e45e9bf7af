package engine

import (
	"fmt"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// TestStreamSparse: a row is found behind any number of chunks and shards without one.
func TestStreamSparse(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	var shards []*Shard
	for i := range 16 {
		shards = append(shards, streamShard(t, fmt.Sprintf("s%d-", i), 3, "x"))
	}
	for i := range shards {
		where := &plan.Cmp{Op: plan.Eq, X: &plan.Attr{ID: schema.AttrIDOf, T: plan.Of(schema.KindText)}, Y: plan.TextConst(fmt.Sprintf("s%d-1", i))}
		got := int64(0)
		err := Records(t.Context(), pool, shards, streamPlan(-1, where), streamSchema(), func(r arrow.Record) error {
			got += r.NumRows()
			return nil
		})
		if err != nil || got != 1 {
			t.Errorf("the row of shard %d: %d rows, %v", i, got, err)
		}
	}
}
