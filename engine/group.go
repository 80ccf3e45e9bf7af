package engine

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/engine/eval"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// Groups hands the shard's groups of a grouped plan to emit, in records of group.Schema. emit must not wait.
func (s *Shard) Groups(ctx context.Context, q *plan.Query, sch *schema.Schema, emit func(arrow.Record) error) error {
	return s.answer(q, sch, func(p *eval.Program) error { return p.Groups(ctx, emit) })
}
