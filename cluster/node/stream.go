package node

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/engine"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// stream hands out the shards' rows one shard after the other. The workers copy them ahead of the caller, who
// may take his time: a client that reads slowly keeps no worker from other statements.
func (n *Node) stream(ctx context.Context, q *plan.Query, sch *schema.Schema, shards []*engine.Shard, emit func(arrow.Record) error) error {
	if engine.AsksForOne(q) {
		for _, s := range shards { // at most one: see asked
			if err := s.Select(ctx, q, sch, emit); err != nil {
				return err
			}
		}
		return nil
	}
	return engine.Records(ctx, n.pool, shards, q, sch, emit)
}

// Streams says whether the rows of a plan may leave through Stream: those of a ranking or of groups are there
// only when all of them are, and a single contact is not worth it.
func Streams(q *plan.Query) bool {
	return !q.Count && !q.Grouped && len(q.Order) == 0 && !engine.AsksForOne(q)
}

// encoded is a piece of an answer.
type encoded struct {
	bytes []byte
	rows  int64
}

// Stream is Select for a plan that Streams, whose rows leave as bytes: encode appends those of a record, which
// is valid during the call, and is called by many workers at once; write gets the pieces in order, on the
// calling goroutine. A piece is valid during the call.
func (n *Node) Stream(ctx context.Context, q *plan.Query, sch *schema.Schema,
	encode func(dst []byte, rec arrow.Record) ([]byte, error), write func(piece []byte, rows int64) error,
) error {
	shards, err := n.asked(ctx, q, sch)
	if err != nil {
		return err
	}
	spare := make(chan []byte, maxSpare)
	err = engine.Stream(ctx, n.pool, shards, q, sch,
		func(rec arrow.Record) (out encoded, err error) {
			var dst []byte
			select {
			case dst = <-spare:
			default:
			}
			out.rows = rec.NumRows()
			out.bytes, err = encode(dst[:0], rec)
			return out, err
		},
		func(e encoded) error {
			err := write(e.bytes, e.rows)
			select {
			case spare <- e.bytes:
			default:
			}
			return err
		})
	return gone(err)
}

// maxSpare is the most buffers that a stream keeps to use again.
const maxSpare = 4
