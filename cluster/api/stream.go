package api

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// StreamSink is a Sink that may also take the rows of a long answer as bytes. After Begin either Record is
// called or Encode and Encoded, never both.
type StreamSink interface {
	Sink
	// Streams says whether the answer's form can be made in pieces.
	Streams() bool
	// Encode appends the rows of a record, which is valid during the call, as they leave. Many goroutines
	// call it at once.
	Encode(dst []byte, rec arrow.Record) ([]byte, error)
	// Encoded takes what Encode made of so many rows, in the order of the answer. It is valid during the call.
	Encoded(piece []byte, rows int64) error
}

// rows hands the rows of a SELECT to the sink.
func (x *execution) rows(ctx context.Context, q *plan.Query, sch *schema.Schema) error {
	to, ok := x.to.(watched)
	if !ok || !node.Streams(q) {
		return x.node.Select(ctx, q, sch, x.to.Record)
	}
	s, ok := to.Sink.(StreamSink)
	if !ok || !s.Streams() {
		return x.node.Select(ctx, q, sch, x.to.Record)
	}
	return x.node.Stream(ctx, q, sch, s.Encode, func(piece []byte, rows int64) error {
		to.q.rows.Add(rows)
		return s.Encoded(piece, rows)
	})
}
