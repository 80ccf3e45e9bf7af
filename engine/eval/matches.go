package eval

import (
	"context"

	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/tile"
)

// Matches is the events of one block that satisfy a statement's condition.
type Matches struct {
	Chunk int
	Block tile.Block
	Bits  []uint64 // bit i is event i; valid during the call
}

// Matches calls f with the events that satisfy the condition of a statement over an event type, block by
// block; blocks without such events are left out. f's error ends it and is returned.
func (p *Program) Matches(ctx context.Context, f func(Matches) error) error {
	if p.query.From == 0 {
		return diag.New(diag.Internal, diag.Span{}, "events were asked of a statement over contacts")
	}
	w := p.Worker()
	defer w.Close()
	return failure(w.eachSource(ctx, func(s *source, rows []uint64) (bool, error) {
		return false, f(Matches{s.chunk, s.block, rows})
	}))
}
