package engine

import (
	"context"
	"math/bits"

	"github.com/musterdb/muster/engine/eval"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// maxRemoval is how many events MatchEvents hands out at once, about 400 KB.
const maxRemoval = 8192

// MatchEvents hands the events that satisfy a plan over an event type to emit, as changes that remove them:
// of at most 8,192 events each, in the order in which they are stored, so that one change touches few blocks.
// The shard is pinned meanwhile, so emit may be slow and may apply what it gets. A part is emit's to keep.
func (s *Shard) MatchEvents(ctx context.Context, q *plan.Query, sch *schema.Schema, emit func(*change.DeleteEvents) error) error {
	pin, err := s.Pin()
	if err != nil {
		return err
	}
	defer pin.Release()
	r := removal{view: pin.View(), event: q.From, emit: emit}
	r.begin()
	err = compiled(q, sch, r.view, func(p *eval.Program) error { return p.Matches(ctx, r.add) })
	if err != nil {
		return err
	}
	return r.flush()
}

// removal gathers events to remove.
type removal struct {
	view   *storage.View
	event  schema.EventID
	emit   func(*change.DeleteEvents) error
	part   *change.DeleteEvents
	codes  map[uint32]uint32 // of the part's contacts, by row
	hashes []uint64
	id     []byte
}

func (r *removal) begin() {
	r.part, r.codes = &change.DeleteEvents{Event: r.event}, map[uint32]uint32{}
}

func (r *removal) add(m eval.Matches) error {
	r.hashes = r.view.Events.ContentHashes(r.hashes[:0], m.Block)
	rows := m.Block.Rows()
	for w, word := range m.Bits {
		for ; word != 0; word &= word - 1 {
			e := w<<6 + bits.TrailingZeros64(word)
			r.one(uint32(m.Chunk)<<16|uint32(rows[e]), m.Block.Time(e), r.hashes[e])
			if r.part.Rows() == maxRemoval {
				if err := r.flush(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// one adds one event of the contact in a row.
func (r *removal) one(row uint32, ms int64, hash uint64) {
	code, ok := r.codes[row]
	if !ok {
		code = uint32(r.part.IDs.Len())
		r.codes[row] = code
		r.id = r.view.AppendID(r.id[:0], row)
		r.part.IDs.Append(r.id)
	}
	r.part.Codes = append(r.part.Codes, code)
	r.part.Times = append(r.part.Times, ms)
	r.part.Hashes = append(r.part.Hashes, hash)
}

func (r *removal) flush() error {
	if r.part.Rows() == 0 {
		return nil
	}
	part := r.part
	r.begin()
	return r.emit(part)
}
