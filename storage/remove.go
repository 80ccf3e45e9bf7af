package storage

import (
	"fmt"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/tile"
)

// removeStep counts the events that a part removes; the removal is the transaction's.
type removeStep struct{ removed, missing int }

func (p *Prepared) deleteEvents(c *change.DeleteEvents) error {
	if _, ok := p.schema.EventByID(c.Event); !ok {
		if c.Event == 0 || c.Event >= p.schema.NextEvent {
			return fmt.Errorf("the base has no event type %d", c.Event)
		}
		p.steps = append(p.steps, removeStep{missing: c.Rows()}) // dropped since the change was made
		return nil
	}
	rows, known := p.rowsOf(&c.IDs)
	r := tile.Removal{Event: c.Event}
	for i := range c.Rows() {
		at := i
		if c.Codes != nil {
			at = int(c.Codes[i])
		}
		if known[at] {
			r.Rows = append(r.Rows, rows[at])
			r.Times = append(r.Times, c.Times[i])
			r.Hashes = append(r.Hashes, c.Hashes[i])
		}
	}
	n := p.tx.Remove(&r)
	p.steps = append(p.steps, removeStep{n, c.Rows() - n})
	return nil
}

// rowsOf returns the rows of contacts, and which of them exist.
func (p *Prepared) rowsOf(ids *change.Strings) (rows []uint32, known []bool) {
	rows, known = make([]uint32, ids.Len()), make([]bool, ids.Len())
	for i := range rows {
		rows[i], known[i] = p.resolve(keyOf(ids.At(i)))
	}
	return rows, known
}

func (st removeStep) commit(_ *Shard, r *change.Result) {
	r.Removed += uint64(st.removed)
	r.Missing += uint64(st.missing)
}
