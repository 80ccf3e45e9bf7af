package tile

import (
	"time"

	"github.com/musterdb/muster/storage/schema"
)

const (
	window     = int64(schema.DedupeWindow / time.Millisecond)
	scanBelow  = 32       // a block with fewer events is searched without an index
	indexBytes = 16 << 20 // indexes of a shard beyond this are dropped and built again when asked for
)

// index finds the events of one block by id and row. It is a cache of the writer, no part of the state.
type index struct {
	n     uint32   // events of the block that it holds
	slots []uint32 // event + 1, 0 for none; a power of two, at most half full
}

type indexKey struct {
	tileKey
	span uint32
}

// indexCache holds the indexes of a shard's blocks.
type indexCache struct {
	byBlock map[indexKey]*index
	bytes   int
}

func hashOf(id uint64, row uint16) uint64 {
	return (id ^ uint64(row)*0x9E3779B97F4A7C15) * 0xD6E8FEB86659FD93
}

func (c *indexCache) get(key indexKey) *index {
	x := c.byBlock[key]
	if x == nil {
		x = &index{}
		if c.byBlock == nil {
			c.byBlock = map[indexKey]*index{}
		}
		c.byBlock[key] = x
	}
	return x
}

// trim drops all indexes when they take too much.
func (c *indexCache) trim() {
	if c.bytes > indexBytes {
		*c = indexCache{}
	}
}

func (c *indexCache) drop(key indexKey) {
	if x := c.byBlock[key]; x != nil {
		c.bytes -= 4 * len(x.slots)
		delete(c.byBlock, key)
	}
}

// dropTile drops the indexes of a tile's blocks.
func (c *indexCache) dropTile(key tileKey) {
	for k := range c.byBlock {
		if k.tileKey == key {
			c.drop(k)
		}
	}
}

// sync brings an index up to its block.
func (c *indexCache) sync(x *index, h *header) {
	if need := 2 * int(h.n); len(x.slots) < need {
		size := max(64, len(x.slots))
		for size < need+need/2 {
			size *= 2
		}
		c.bytes += 4 * (size - len(x.slots))
		x.slots, x.n = make([]uint32, size), 0
	}
	ids, rows, mask := h.ids(), h.rows(), uint64(len(x.slots)-1)
	for ; x.n < h.n; x.n++ {
		if ids[x.n] == 0 {
			continue
		}
		p := hashOf(ids[x.n], rows[x.n]) >> 20 & mask
		for x.slots[p] != 0 {
			p = (p + 1) & mask
		}
		x.slots[p] = x.n + 1
	}
}

func near(a, b int64) bool { return a-b <= window && b-a <= window }

// holds says whether the block has an event of the row with that id near an instant.
func (x *index) holds(h *header, id uint64, row uint16, ms int64) bool {
	ids, rows, mask := h.ids(), h.rows(), uint64(len(x.slots)-1)
	for p := hashOf(id, row) >> 20 & mask; x.slots[p] != 0; p = (p + 1) & mask {
		e := x.slots[p] - 1
		if ids[e] == id && rows[e] == row && near(h.time(int(e)), ms) {
			return true
		}
	}
	return false
}

func (h *header) scanID(id uint64, row uint16, ms int64) bool {
	ids, rows := h.ids(), h.rows()
	for i, x := range ids {
		if x == id && rows[i] == row && near(h.time(i), ms) {
			return true
		}
	}
	return false
}

// unique returns the events that are no duplicates, in order: of those that repeat each other the first
// to arrive stays.
func (tx *Tx) unique(d *draft, b *Batch, events []uint32) []uint32 {
	scr := &tx.s.scr
	size := 16
	for size < 2*len(events) {
		size *= 2
	}
	scr.batch = resize(scr.batch, size)
	clear(scr.batch)
	found := make([]*index, len(d.blocks))
	keep := scr.keep[:0]
	for _, e := range events {
		id, row := b.IDs[e], uint16(b.Rows[e])
		if id != 0 && (seen(scr.batch, b, e) || tx.held(d, found, id, row, b.Times[e])) {
			continue
		}
		if id != 0 {
			remember(scr.batch, b, e)
		}
		keep = append(keep, e)
	}
	scr.keep = keep
	return keep
}

// seen says whether an event repeats one of the batch that was kept.
func seen(table []uint32, b *Batch, e uint32) bool {
	mask := uint64(len(table) - 1)
	for p := hashOf(b.IDs[e], uint16(b.Rows[e])) >> 20 & mask; table[p] != 0; p = (p + 1) & mask {
		o := table[p] - 1
		if b.IDs[o] == b.IDs[e] && b.Rows[o] == b.Rows[e] && near(b.Times[o], b.Times[e]) {
			return true
		}
	}
	return false
}

func remember(table []uint32, b *Batch, e uint32) {
	mask := uint64(len(table) - 1)
	p := hashOf(b.IDs[e], uint16(b.Rows[e])) >> 20 & mask
	for table[p] != 0 {
		p = (p + 1) & mask
	}
	table[p] = e + 1
}

// held says whether the tile has an event of the row with that id near an instant.
func (tx *Tx) held(d *draft, found []*index, id uint64, row uint16, ms int64) bool {
	i := max(0, after(d.starts, spanOf(max(0, ms-window)))-1)
	for ; i < len(d.blocks); i++ {
		h := d.blocks[i].h
		if h.start() > ms+window {
			return false
		}
		if !h.has(flagIDs) || h.max < ms-window || h.min > ms+window {
			continue
		}
		if h.n < scanBelow {
			if h.scanID(id, row, ms) {
				return true
			}
			continue
		}
		if found[i] == nil {
			found[i] = tx.s.index.get(indexKey{d.key, h.span})
			tx.s.index.sync(found[i], h)
		}
		if found[i].holds(h, id, row, ms) {
			return true
		}
	}
	return false
}
