package tile

import (
	"math/bits"

	"github.com/musterdb/muster/storage/schema"
)

// sealAfter is how long (ms) before the stamp of Maintain a block's newest event must lie for the block
// to be merged with others and to be given no more room than it needs.
const sealAfter = int64(1000) << minK

// blockCost is what looking at a block takes from a budget of events.
const blockCost = 64

// clean is the todo of a tile in which Maintain has nothing to do.
const clean = ^uint32(0)

// Maintain does housekeeping worth about budget events and says whether some is left at this stamp (ms):
// it removes events past their type's retention (time ≤ stamp - KEEP), merges small blocks, drops the
// values of dropped properties and gives back room that sealed blocks do not need. What it does to the events depends on them, the stamp and the budget alone.
func (tx *Tx) Maintain(stamp int64, budget int) (left bool) {
	tx.s.index.ageing()
	for i := range tx.types {
		t := &tx.types[i]
		for c := range t.tiles {
			if t.tiles[c] == nil {
				continue
			}
			if budget <= 0 && (t.expired(c, stamp) || t.tiles[c].untidy(stamp)) {
				return true
			}
			if t.expired(c, stamp) {
				d := tx.draft(t, c)
				if budget = tx.retain(d, stamp-t.info.keep, budget); budget <= 0 {
					return true
				}
			}
			if t.tiles[c].untidy(stamp) || tx.tiles[tileKey{t.info.id, c}] != nil {
				budget = tx.tidy(tx.draft(t, c), stamp, budget)
			}
		}
	}
	return budget <= 0
}

func (t *eventType) expired(c int, stamp int64) bool {
	return t.info.keep > 0 && t.tiles[c].blocks[0].h.min <= stamp-t.info.keep
}

// untidy says whether a tile has a block to look at that is sealed.
func (t *Tile) untidy(stamp int64) bool {
	if t.todo == clean {
		return false
	}
	i := max(0, after(t.starts, t.todo)-1)
	return t.blocks[i].h.max <= stamp-sealAfter
}

// freeDoomed frees some blocks of dropped types, which is no part of the state.
func (s *Store) freeDoomed(blocks int) {
	for len(s.doomed) > 0 && blocks > 0 {
		last := len(s.doomed) - 1
		t := s.doomed[last]
		for len(t.blocks) > 0 && blocks > 0 {
			s.arena.Free(t.blocks[len(t.blocks)-1].h.bytes())
			t.blocks = t.blocks[:len(t.blocks)-1]
			blocks--
		}
		if len(t.blocks) == 0 {
			if t.life != nil {
				s.arena.Free(t.life.mem)
			}
			s.doomed = s.doomed[:last]
		}
	}
}

// retain removes events at or before cutoff: whole blocks first, then those of the block at the edge.
func (tx *Tx) retain(d *draft, cutoff int64, budget int) int {
	for budget > 0 && len(d.blocks) > 0 && d.blocks[0].h.min <= cutoff {
		h := d.blocks[0].h
		budget -= int(h.n) + blockCost
		var keep []uint32
		for e := range h.n {
			if h.time(int(e)) > cutoff {
				keep = append(keep, e)
			}
		}
		tx.forgetEvents(d, h, keep)
		tx.keepOnly(d, 0, keep)
		if len(keep) > 0 {
			break
		}
	}
	if d.n == 0 {
		tx.dropLife(d)
		d.ops = nil
	}
	return budget
}

// forgetEvents takes the events of a block but those of keep (ascending) from the lifetime columns.
func (tx *Tx) forgetEvents(d *draft, h *header, keep []uint32) {
	rows := h.rows()
	lost := make([]uint16, 0, int(h.n)-len(keep))
	for e := range h.n {
		if len(keep) > 0 && keep[0] == e {
			keep = keep[1:]
			continue
		}
		lost = append(lost, rows[e])
	}
	tx.live(d, len(lost), func(i int) lifeOp { return lifeOp{ms: -1, row: lost[i], add: -1} })
}

// keepOnly removes the events of block i but those of keep, and the block with its last.
func (tx *Tx) keepOnly(d *draft, i int, keep []uint32) {
	h := d.blocks[i].h
	tx.s.index.drop(indexKey{d.key, h.span})
	d.n -= int(h.n) - len(keep)
	if len(keep) == 0 {
		tx.replace(d, i, nil)
		return
	}
	d.todo = min(d.todo, h.span)
	tx.replace(d, i, tx.combine(d, h.span, h.k, source{h, keep}))
}

// Cursor is where a sweep of one chunk goes on. The zero Cursor is the start.
type Cursor struct {
	Event schema.EventID
	Span  uint32 // in units of 2^16 s
}

// Sweep removes the events of dead rows, given as bits, from all tiles of a chunk: about budget events
// are looked at. It returns where to go on and whether anything is left; the dead rows must be the same
// until nothing is, and must get no events meanwhile.
func (tx *Tx) Sweep(chunk int, dead []uint64, from Cursor, budget int) (next Cursor, left bool) {
	for i := range tx.types {
		t := &tx.types[i]
		if t.info.id < from.Event {
			continue
		}
		d := tx.draft(t, chunk)
		span := uint32(0)
		if t.info.id == from.Event {
			span = from.Span
		}
		if span, budget = tx.sweepTile(d, dead, span, budget); span != clean {
			return Cursor{t.info.id, span}, true
		}
	}
	return Cursor{}, false
}

// sweepTile sweeps the blocks from a span on and returns where to go on, or clean at the end.
func (tx *Tx) sweepTile(d *draft, dead []uint64, from uint32, budget int) (uint32, int) {
	i := 0
	for i < len(d.blocks) && d.blocks[i].h.spanEnd() <= from {
		i++
	}
	for i < len(d.blocks) {
		h := d.blocks[i].h
		if budget <= 0 {
			return h.span, budget
		}
		budget -= int(h.n) + blockCost
		keep := survivors(h.rows(), dead)
		if len(keep) < int(h.n) {
			tx.keepOnly(d, i, keep)
		}
		if len(keep) > 0 {
			i++
		}
	}
	tx.bury(d, dead)
	return clean, budget
}

// survivors returns the events whose row is not dead.
func survivors(rows []uint16, dead []uint64) []uint32 {
	keep := make([]uint32, 0, len(rows))
	for e, r := range rows {
		if w := int(r >> 6); w >= len(dead) || dead[w]>>(r&63)&1 == 0 {
			keep = append(keep, uint32(e))
		}
	}
	return keep
}

// bury takes dead rows, whose events are all removed, out of the lifetime columns.
func (tx *Tx) bury(d *draft, dead []uint64) {
	if d.n == 0 {
		tx.dropLife(d)
		d.ops = nil
		return
	}
	var ops []lifeOp
	for w, word := range dead[:min(len(dead), chunkRows/64)] {
		for ; word != 0; word &= word - 1 {
			row := uint16(w<<6 + bits.TrailingZeros64(word))
			if n := d.life.Count(row); n > 0 {
				ops = append(ops, lifeOp{ms: -1, row: row, add: -int32(n)})
			}
		}
	}
	if len(ops) > 0 {
		tx.live(d, len(ops), func(i int) lifeOp { return ops[i] })
	}
}

// tidy looks at the blocks of a tile from its todo on.
func (tx *Tx) tidy(d *draft, stamp int64, budget int) int {
	i := max(0, after(d.starts, d.todo)-1)
	todo := clean
	for i < len(d.blocks) {
		h := d.blocks[i].h
		if budget <= 0 {
			todo = min(todo, h.span)
			break
		}
		budget -= blockCost
		if h.max > stamp-sealAfter {
			todo = min(todo, h.span)
			i++
			continue
		}
		if from, to, k := d.family(i, stamp); to-from > 1 {
			budget -= tx.merge(d, from, to, k)
			i = from
			continue
		}
		tx.shrink(d, i)
		i++
	}
	d.todo = todo
	return budget
}

// family returns the sealed blocks round block i that together have fewer than mergeAt events and fill an
// aligned span of 2^k s, the widest there is; it returns block i alone if none is.
func (d *draft) family(i int, stamp int64) (from, to int, k uint8) {
	from, to, k = i, i+1, d.blocks[i].h.k
	f, t, sum := i, i+1, int(d.blocks[i].h.n)
	for w := k + 1; w <= maxK; w++ {
		width := uint32(1) << (w - minK)
		start := d.blocks[i].h.span &^ (width - 1)
		for ; f > 0 && d.starts[f-1] >= start; f-- {
			sum += d.weight(f-1, stamp)
		}
		for ; t < len(d.blocks) && d.starts[t] < start+width; t++ {
			sum += d.weight(t, stamp)
		}
		if sum >= mergeAt {
			break
		}
		if t-f > to-from {
			from, to, k = f, t, w
		}
	}
	return from, to, k
}

// weight returns the events of a block; a block that is not sealed weighs too much to be merged.
func (d *draft) weight(i int, stamp int64) int {
	if h := d.blocks[i].h; h.max <= stamp-sealAfter {
		return int(h.n)
	}
	return mergeAt
}

// merge makes one block of several and returns how many events that moved.
func (tx *Tx) merge(d *draft, from, to int, k uint8) int {
	var srcs []source
	for i := from; i < to; i++ {
		h := d.blocks[i].h
		tx.s.index.drop(indexKey{d.key, h.span})
		srcs = append(srcs, source{h: h})
	}
	width := uint32(1) << (k - minK)
	g := tx.combine(d, d.blocks[from].h.span&^(width-1), k, srcs...)
	for i := from + 1; i < to; i++ {
		tx.replace(d, from+1, nil)
	}
	tx.replace(d, from, g)
	return int(g.n)
}

// shrink writes a block anew if a sixteenth of its room is empty or it has values of dropped properties.
func (tx *Tx) shrink(d *draft, i int) {
	h := d.blocks[i].h
	worth := h.cap-h.n > h.cap/16 && h.size > 1
	for _, l := range h.laneList() {
		worth = worth || d.info.props[l.slot].dropped
	}
	if worth {
		tx.replace(d, i, tx.combine(d, h.span, h.k, source{h: h}))
	}
}
