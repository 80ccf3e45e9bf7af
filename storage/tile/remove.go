package tile

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/musterdb/muster/storage/schema"
)

// Removal names events of one type to remove: each element one event, the first to arrive of those of its
// row that are equal in time and content.
type Removal struct {
	Event  schema.EventID
	Rows   []uint32 // shard row of each event's contact
	Times  []int64  // ms
	Hashes []uint64 // as View.ContentHashes gives them
}

// victim is what is known of events to remove.
type victim struct {
	slot int // of the block
	row  uint16
	n    int // events that are equal
	ms   int64
	hash uint64
}

func compareVictims(a, b victim) int {
	return cmp.Or(cmp.Compare(a.slot, b.slot), cmp.Compare(a.row, b.row), cmp.Compare(a.ms, b.ms), cmp.Compare(a.hash, b.hash))
}

// lostEvent is an event that was removed.
type lostEvent struct {
	row uint16
	ms  int64
}

// Remove removes events and returns how many it found. What is left keeps its order of arrival. It copies
// the blocks that hold them, whatever else is in there.
func (tx *Tx) Remove(r *Removal) (removed int) {
	t := findType(tx.types, r.Event)
	if t == nil || len(r.Rows) == 0 {
		return 0
	}
	events := tx.byChunk(r.Rows)
	for len(events) > 0 {
		chunk := r.Rows[events[0]] >> 16
		n := chunkRun(r.Rows, events, chunk)
		removed += tx.removeFrom(tx.draft(t, int(chunk)), r, events[:n])
		events = events[n:]
	}
	return removed
}

// removeFrom removes those of the elements that lie in one tile.
func (tx *Tx) removeFrom(d *draft, r *Removal, elements []uint32) int {
	victims := make([]victim, 0, len(elements))
	for _, e := range elements {
		if ms := r.Times[e]; ms >= 0 && ms < MaxTime {
			if slot := d.find(ms); slot >= 0 {
				victims = append(victims, victim{slot: slot, row: uint16(r.Rows[e]), n: 1, ms: ms, hash: r.Hashes[e]})
			}
		}
	}
	slices.SortFunc(victims, compareVictims)
	victims = joinEqual(victims)
	var lost []lostEvent
	for end := len(victims); end > 0; { // from the last block on: removing moves those behind
		from := end - 1
		for from > 0 && victims[from-1].slot == victims[end-1].slot {
			from--
		}
		lost = tx.removeIn(d, victims[from:end], lost)
		end = from
	}
	tx.liveFewer(d, lost)
	return len(lost)
}

// joinEqual makes one of equal victims, which are neighbours.
func joinEqual(sorted []victim) []victim {
	out := sorted[:0]
	for _, v := range sorted {
		if n := len(out); n > 0 && compareVictims(out[n-1], v) == 0 {
			out[n-1].n++
			continue
		}
		out = append(out, v)
	}
	return out
}

// removeIn removes victims of one block and appends them to lost.
func (tx *Tx) removeIn(d *draft, victims []victim, lost []lostEvent) []lostEvent {
	h := d.blocks[victims[0].slot].h
	found := h.among(victims)
	if len(found) == 0 {
		return lost
	}
	sums := make([]uint64, len(found))
	h.contents(sums, found, d.info)
	keep := make([]uint32, 0, h.n)
	rows := h.rows()
	for e := range h.n {
		if len(found) > 0 && found[0] == e {
			v := victim{slot: victims[0].slot, row: rows[e], ms: h.time(int(e)), hash: sums[0]}
			found, sums = found[1:], sums[1:]
			if i, ok := slices.BinarySearchFunc(victims, v, compareVictims); ok && victims[i].n > 0 {
				victims[i].n--
				lost = append(lost, lostEvent{v.row, v.ms})
				continue
			}
		}
		keep = append(keep, e)
	}
	if len(keep) < int(h.n) {
		tx.keepOnly(d, victims[0].slot, keep)
	}
	return lost
}

// among returns the events of a block that have row and time of one of the victims, which are sorted.
func (h *header) among(victims []victim) []uint32 {
	var asked [chunkRows / 64]uint64
	for _, v := range victims {
		asked[v.row>>6] |= 1 << (v.row & 63)
	}
	var out []uint32
	for e, r := range h.rows() {
		if asked[r>>6]>>(r&63)&1 == 0 {
			continue
		}
		v := victim{slot: victims[0].slot, row: r, ms: h.time(e)} // hash 0 is before all of its row and time
		i, ok := slices.BinarySearchFunc(victims, v, compareVictims)
		if ok || i < len(victims) && victims[i].row == r && victims[i].ms == v.ms {
			out = append(out, uint32(e))
		}
	}
	return out
}

// liveFewer takes removed events out of the draft's lifetime columns. Rows that lost their last event have
// it looked up in the blocks.
func (tx *Tx) liveFewer(d *draft, lost []lostEvent) {
	if len(lost) == 0 {
		return
	}
	if d.n == 0 {
		tx.dropLife(d)
		d.ops = nil
		return
	}
	ops := make([]lifeOp, 0, 2*len(lost))
	var stale [chunkRows / 64]uint64
	for _, l := range lost {
		ops = append(ops, lifeOp{ms: -1, row: l.row, add: -1})
		if last, _ := d.life.Last(l.row); len(d.ops) > 0 || l.ms >= last { // ops that wait may have changed it
			stale[l.row>>6] |= 1 << (l.row & 63)
		}
	}
	ops = d.lasts(ops, &stale)
	tx.live(d, len(ops), func(i int) lifeOp { return ops[i] })
}

// lasts appends the times of the last events of rows given as bits. Rows without events get nothing.
func (d *draft) lasts(ops []lifeOp, rows *[chunkRows / 64]uint64) []lifeOp {
	left := 0
	for _, w := range rows {
		left += bits.OnesCount64(w)
	}
	at := map[uint16]int64{}
	for i := len(d.blocks) - 1; i >= 0 && left > 0; i-- {
		h := d.blocks[i].h
		clear(at)
		for e, r := range h.rows() {
			if rows[r>>6]>>(r&63)&1 != 0 {
				at[r] = max(at[r], h.time(e))
			}
		}
		for _, r := range h.rows() { // not in the map's order
			if ms, ok := at[r]; ok {
				delete(at, r)
				rows[r>>6] &^= 1 << (r & 63)
				left--
				ops = append(ops, lifeOp{ms: ms, row: r, exact: true})
			}
		}
	}
	return ops
}
