package engine

import (
	"context"

	"github.com/musterdb/muster/engine/eval"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// Explanation is what EXPLAIN tells of a plan in one shard, or in several.
type Explanation struct {
	Where            *eval.Step // the condition; nil: all rows
	Dense            bool       // groups are counted by small codes, not by hashing
	Shards, Chunks   int
	Contacts, Events uint64 // that there are; Events are those of a plan over an event type
	Blocks, Skipped  uint64 // of those, read and outside of what the plan asks for
	Work             int64  // ns, of a plan that was run
}

// Merge adds what another shard tells of the same plan.
func (x *Explanation) Merge(o *Explanation) {
	x.Shards += o.Shards
	x.Chunks += o.Chunks
	x.Contacts += o.Contacts
	x.Events += o.Events
	x.Blocks += o.Blocks
	x.Skipped += o.Skipped
	x.Work += o.Work
	x.Dense = x.Dense && o.Dense
	switch {
	case x.Where == nil:
		x.Where = o.Where
	case o.Where != nil:
		x.Where.Merge(o.Where)
	}
}

// Explain tells how the shard would answer a plan: run, if it is not nil, answers it with the program that
// notes its work, and its numbers are measured; else they are expected, from bounds and, if sample is set,
// from a chunk's worth of rows. Times are taken from clock, in ns. The shard is pinned meanwhile.
func (s *Shard) Explain(ctx context.Context, q *plan.Query, sch *schema.Schema, clock func() int64, sample bool, run func(*eval.Explained) error) (*Explanation, error) {
	pin, err := s.Pin()
	if err != nil {
		return nil, err
	}
	defer pin.Release()
	v := pin.View()
	began := clock()
	e, err := eval.Explain(q, sch, v, clock)
	if err != nil {
		return nil, err
	}
	if run != nil {
		err = run(e)
	} else {
		err = e.Expect(ctx, sample)
	}
	x := &Explanation{Where: e.Where, Dense: e.Dense, Shards: 1, Chunks: v.Chunks(), Contacts: uint64(v.LiveCount()), Work: clock() - began}
	if q.From != 0 {
		x.Blocks, x.Skipped = e.Blocks()
		x.Events = uint64(v.Events.Events(q.From))
	}
	return x, err
}
