package tile

import (
	"time"

	"github.com/musterdb/muster/storage/schema"
)

const (
	window    = int64(schema.DedupeWindow / time.Millisecond)
	scanBelow = 32 // a block with fewer events is searched without an index

	// Indexes may take this much and half of the shard's memory; beyond, all are dropped and built again
	// when asked for.
	indexBytes = 16 << 20
)

// index finds the events of one block by id and row: a hash table of a power of two slots, at most three
// quarters full. A slot is 0 or, in its upper half, a tag of the hash, which saves most looks at the block,
// and in its lower half event + 1. It is a cache of the writer, no part of the state.
type index struct {
	n     uint32 // events of the block that it holds
	used  uint32 // the cache's age when it was last asked for
	short []uint32
	long  []uint64 // instead of short from 2^16 slots on
}

type indexKey struct {
	tileKey
	span uint32
}

// indexCache holds the indexes of a shard's blocks.
type indexCache struct {
	byBlock map[indexKey]*index
	bytes   int
	age     uint32 // rises with every Maintain
}

func hashOf(id uint64, row uint16) uint64 {
	x := (id ^ uint64(row)*0x9E3779B97F4A7C15) * 0xD6E8FEB86659FD93
	return x ^ x>>32
}

// get returns the index of a block, up to date.
func (c *indexCache) get(key indexKey, h *header) *index {
	x := c.byBlock[key]
	if x == nil {
		x = &index{}
		if c.byBlock == nil {
			c.byBlock = map[indexKey]*index{}
		}
		c.byBlock[key] = x
	}
	x.used = c.age
	c.bytes += x.sync(h)
	return x
}

// trim drops all indexes when they take too much of a shard that takes total bytes.
func (c *indexCache) trim(total int64) {
	if int64(c.bytes) > indexBytes+total/2 {
		c.byBlock, c.bytes = nil, 0
	}
}

// ageing drops the indexes that were not asked for since the Maintain before the last.
func (c *indexCache) ageing() {
	for key, x := range c.byBlock {
		if x.used+1 < c.age {
			c.drop(key)
		}
	}
	c.age++
}

func (c *indexCache) drop(key indexKey) {
	if x := c.byBlock[key]; x != nil {
		c.bytes -= x.bytes()
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

func (x *index) bytes() int { return 4*len(x.short) + 8*len(x.long) }

// sync brings an index up to its block and returns by how many bytes it grew.
func (x *index) sync(h *header) int {
	was := x.bytes()
	if have := len(x.short) + len(x.long); 4*int(h.n) > 3*have {
		size := max(64, have)
		for 2*size < 3*int(h.n) {
			size *= 2
		}
		x.n, x.short, x.long = 0, nil, nil
		if size < 1<<16 {
			x.short = make([]uint32, size)
		} else {
			x.long = make([]uint64, size)
		}
	}
	if x.short != nil {
		fill(x.short, h, x.n, 16)
	} else {
		fill(x.long, h, x.n, 32)
	}
	x.n = h.n
	return x.bytes() - was
}

func fill[T uint32 | uint64](slots []T, h *header, from uint32, half int) {
	ids, rows, mask := h.ids(), h.rows(), uint64(len(slots)-1)
	for e := from; e < h.n; e++ {
		if ids[e] == 0 {
			continue
		}
		hash := hashOf(ids[e], rows[e])
		p := hash & mask
		for slots[p] != 0 {
			p = (p + 1) & mask
		}
		slots[p] = T(hash>>(64-half)<<half) | T(e+1)
	}
}

func near(a, b int64) bool { return a-b <= window && b-a <= window }

// holds says whether the block has an event of the row with that id near an instant.
func (x *index) holds(h *header, id uint64, row uint16, ms int64) bool {
	if x.short != nil {
		return probe(x.short, h, id, row, ms, 16)
	}
	return probe(x.long, h, id, row, ms, 32)
}

func probe[T uint32 | uint64](slots []T, h *header, id uint64, row uint16, ms int64, half int) bool {
	ids, rows, mask := h.ids(), h.rows(), uint64(len(slots)-1)
	hash := hashOf(id, row)
	tag := T(hash >> (64 - half))
	for p := hash & mask; slots[p] != 0; p = (p + 1) & mask {
		if slots[p]>>half != tag {
			continue
		}
		e := slots[p]&(1<<half-1) - 1
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
	scr := tx.s.scr
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
	for p := hashOf(b.IDs[e], uint16(b.Rows[e])) & mask; table[p] != 0; p = (p + 1) & mask {
		o := table[p] - 1
		if b.IDs[o] == b.IDs[e] && b.Rows[o] == b.Rows[e] && near(b.Times[o], b.Times[e]) {
			return true
		}
	}
	return false
}

func remember(table []uint32, b *Batch, e uint32) {
	mask := uint64(len(table) - 1)
	p := hashOf(b.IDs[e], uint16(b.Rows[e])) & mask
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
			found[i] = tx.s.index.get(indexKey{d.key, h.span}, h)
		}
		if found[i].holds(h, id, row, ms) {
			return true
		}
	}
	return false
}
