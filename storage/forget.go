package storage

import (
	"errors"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/column"
)

// forgetStep rids the shard of what deleted contacts leave behind where nobody looks, but an image would
// tell: texts in dictionaries that no value refers to, and bounds of chunks that no value reaches.
type forgetStep struct {
	used  [][]uint64 // by column; nil for those without a dictionary
	tight []tightened
}

// tightened is a chunk that is to be replaced.
type tightened struct {
	old, fresh *column.Chunk
	put        func(*column.Chunk)
}

// forget prepares a Forget, which reads all codes of the shard: it is not sliced, because it is asked for by
// DELETE CONTACT ... NOW only and reads without the latch.
func (p *Prepared) forget() error {
	if len(p.steps) > 0 {
		return errors.New("a Forget stands alone")
	}
	st := &forgetStep{used: make([][]uint64, len(p.s.cols))}
	for k := range p.s.cols {
		col := &p.s.cols[k]
		if col.dict == nil {
			continue
		}
		st.used[k] = column.CodeBits(col.dict.Len())
		for _, c := range col.chunks {
			if c != nil {
				c.MarkCodes(st.used[k], nil)
			}
		}
	}
	st.tighten(p.s)
	p.tx.Forget()
	p.steps = append(p.steps, st)
	return nil
}

// tighten writes the chunks anew whose bounds no value reaches.
func (st *forgetStep) tighten(s *Shard) {
	add := func(c *column.Chunk, put func(*column.Chunk)) {
		if c == nil {
			return
		}
		if t := c.Tight(); t != c {
			st.tight = append(st.tight, tightened{c, t, put})
		}
	}
	for k := range s.cols {
		for i, c := range s.cols[k].chunks {
			add(c, func(t *column.Chunk) { s.cols[k].chunks[i] = t })
		}
	}
	for i, ids := range s.ids {
		add(ids.values, func(t *column.Chunk) { s.ids[i] = &IDs{t} })
	}
}

func (st *forgetStep) commit(s *Shard, _ *change.Result) {
	for k, used := range st.used {
		if used != nil {
			s.cols[k].dict.Forget(used)
		}
	}
	for _, t := range st.tight {
		t.put(t.fresh)
		gone := *t.old // a pin may hold the chunk itself
		gone.Free()
	}
}

// abort gives back what was prepared.
func (st *forgetStep) abort() {
	for _, t := range st.tight {
		t.fresh.Free()
	}
}
