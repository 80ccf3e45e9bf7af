package storage

import (
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/tile"
)

// What one Maintain does at most: events looked at by one sweep or by the events' own housekeeping, and
// chunks swept. It is well below a millisecond of memory traffic.
const (
	maintainBudget = 16 << 10
	maintainSweeps = 8
)

// sweep is the removal of deleted rows' events from one chunk, which may take several Maintains. The rows
// are those that were dead when it began.
type sweep struct {
	rows []uint32 // all in one chunk, in order of deletion; empty: no sweep
	from tile.Cursor
}

// maintainStep is how a Maintain leaves the lists of deleted rows.
type maintainStep struct {
	sweep sweep
	dead  []uint32
	seen  int // rows of the shard's list of dead ones that the step dealt with
	freed []uint32
	left  bool
}

func (p *Prepared) maintain(c *change.Maintain) error {
	st := &maintainStep{sweep: p.s.sweep, dead: p.s.dead, seen: len(p.s.dead)}
	for range maintainSweeps {
		if !st.begin() || !st.run(p.tx) {
			break
		}
	}
	st.left = p.tx.Maintain(c.Stamp, maintainBudget) || len(st.sweep.rows)+len(st.dead) > 0
	p.steps = append(p.steps, st)
	return nil
}

// begin starts a sweep of the chunk of the row that waits longest, if none is under way.
func (st *maintainStep) begin() bool {
	if len(st.sweep.rows) > 0 {
		return true
	}
	if len(st.dead) == 0 {
		return false
	}
	chunk := st.dead[0] >> 16
	var rest []uint32
	for _, row := range st.dead {
		if row>>16 == chunk {
			st.sweep.rows = append(st.sweep.rows, row)
		} else {
			rest = append(rest, row)
		}
	}
	st.dead = rest
	return true
}

// run does a slice of the sweep and says whether it is done.
func (st *maintainStep) run(tx *tile.Tx) bool {
	var bits [1024]uint64
	for _, row := range st.sweep.rows {
		bits[row&0xffff>>6] |= 1 << (row & 63)
	}
	next, left := tx.Sweep(int(st.sweep.rows[0]>>16), bits[:], st.sweep.from, maintainBudget)
	if left {
		st.sweep.from = next
		return false
	}
	st.freed = append(st.freed, st.sweep.rows...)
	st.sweep = sweep{}
	return true
}

// commit takes the lists over. Rows that were deleted earlier in the same change are not among them and
// follow behind.
func (st *maintainStep) commit(s *Shard, r *change.Result) {
	s.sweep = st.sweep
	s.dead = append(st.dead[:len(st.dead):len(st.dead)], s.dead[st.seen:]...)
	s.free = append(s.free, st.freed...)
	r.Pending = r.Pending || st.left
}
