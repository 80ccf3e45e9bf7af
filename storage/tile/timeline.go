package tile

import (
	"slices"

	"github.com/musterdb/muster/storage/schema"
)

// Ref is one event of a timeline.
type Ref struct {
	Event schema.EventID
	Time  int64 // ms
	Block Block
	Index int // of the event in the block
}

// Timeline appends the events of a row in the total order: time, event type, arrival.
func (v *View) Timeline(dst []Ref, row uint32) []Ref {
	from := len(dst)
	for i := range v.types {
		t := v.Tile(v.types[i].info.id, int(row>>16))
		if t == nil || t.life.Count(uint16(row)) == 0 {
			continue
		}
		for _, b := range t.blocks {
			for j, r := range b.Rows() {
				if r == uint16(row) {
					dst = append(dst, Ref{v.types[i].info.id, b.Time(j), b, j})
				}
			}
		}
	}
	// Types came in their order and events of one time in order of arrival: a stable sort keeps both.
	slices.SortStableFunc(dst[from:], func(a, b Ref) int {
		switch {
		case a.Time < b.Time:
			return -1
		case a.Time > b.Time:
			return 1
		}
		return 0
	})
	return dst
}

// AddHashes adds to sums[row] a hash of the events of each row of a chunk, whatever their layout: of their
// types, times, ids and properties that are not null, and of the order of those of one type and time. A
// row without events gets nothing added. Rows at or beyond len(sums) are left out.
func (v *View) AddHashes(chunk int, sums []uint64) {
	rolling := make([]uint64, len(sums))
	for i := range v.types {
		t := v.Tile(v.types[i].info.id, chunk)
		if t == nil {
			continue
		}
		clear(rolling)
		for _, b := range t.blocks {
			b.h.roll(rolling, v.types[i].info)
		}
		for row, h := range rolling {
			if h != 0 {
				sums[row] += mix(h ^ mix(uint64(v.types[i].info.id)))
			}
		}
	}
}

// mix is the finalizer of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// roll takes the block's events, by time and arrival, into the rows' hashes.
func (h *header) roll(rolling []uint64, now *typeInfo) {
	n := int(h.n)
	order, sums := make([]uint32, n), make([]uint64, n)
	sorted := true
	h.contents(sums, nil, now)
	for i := range n {
		order[i] = uint32(i)
		sums[i] += mix(uint64(h.time(i)))
		sorted = sorted && (i == 0 || h.time(i) >= h.time(i-1))
	}
	if !sorted {
		slices.SortStableFunc(order, func(a, b uint32) int {
			switch x, y := h.time(int(a)), h.time(int(b)); {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		})
	}
	rows := h.rows()
	for _, e := range order {
		if r := int(rows[e]); r < len(rolling) {
			rolling[r] = mix(rolling[r]*0x9E3779B97F4A7C15+sums[e]) | 1
		}
	}
}
