package tile

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// headerBytes returns what a tile's blocks take beside their events: headers, lanes and lists.
func headerBytes(t *Tile) (headers, slabs int64) {
	headers = int64(unsafe.Sizeof(*t)) + int64(cap(t.starts)*4+cap(t.blocks)*8)
	for _, b := range t.blocks {
		headers += int64(unsafe.Sizeof(*b.h)) + int64(b.h.nl)*int64(unsafe.Sizeof(lane{}))
		slabs += int64(b.h.size) * 64
	}
	return headers, slabs
}

// TestHeaderShare appends a chunk's part of 100 million events of 10 million contacts, 300 types over 3
// years, with one property each, in random order and in order of time: headers must stay small.
func TestHeaderShare(t *testing.T) {
	const types, events = 300, 655_000
	for _, ordered := range []bool{false, true} {
		w := newWorld(t, testSeed(t))
		w.sc.Events = nil
		for i := range types {
			w.sc.Events = append(w.sc.Events, schema.EventType{ID: schema.EventID(i + 1), Props: []schema.Property{
				{ID: 16, Type: schema.Type{Kind: schema.KindDecimal, Scale: 2}}}})
		}
		w.do(func(tx *Tx) { w.setSchema(tx) })
		rng := rand.New(rand.NewPCG(1, 1))
		const each = 100
		span := 1095 * day
		for from := 0; from < events/types; from += each {
			for id := range types {
				b := &Batch{Event: schema.EventID(id + 1), Props: []change.Column{{ID: 16, Type: schema.Type{Kind: schema.KindDecimal, Scale: 2}}}}
				for i := range each {
					ms := rng.Int64N(span)
					if ordered {
						ms = span * int64(from+i) * types / events
					}
					b.Rows = append(b.Rows, rng.Uint32N(chunkRows))
					b.Times = append(b.Times, 1_600_000_000_000+ms)
					b.Props[0].Ints = append(b.Props[0].Ints, rng.Int64N(100_000))
				}
				w.do(func(tx *Tx) {
					if _, err := tx.Append(b); err != nil {
						t.Fatal(err)
					}
				})
			}
		}
		for range 2 {
			headers, slabs, blocks, held := int64(0), int64(0), 0, 0
			for id := range types {
				tile := w.s.Tile(schema.EventID(id+1), 0)
				h, s := headerBytes(tile)
				headers, slabs = headers+h, slabs+s
				blocks += len(tile.blocks)
				held += tile.n
			}
			share := 100 * float64(headers) / float64(headers+slabs)
			t.Logf("ordered %v: %d events in %d blocks, %.1f bytes each, headers %.2f %%", ordered, held, blocks, float64(headers+slabs)/float64(held), share)
			if share > 3 {
				t.Errorf("ordered %v: headers take %.2f %% of the tiles", ordered, share)
			}
			for left := true; left; {
				w.do(func(tx *Tx) { left = tx.Maintain(2_000_000_000_000, 1<<20) })
			}
		}
		w.s.Free()
	}
}
