package tile

import (
	"slices"

	"github.com/musterdb/muster/storage/schema"
)

// freeAtCommit is how many blocks of dropped event types a Commit frees.
const freeAtCommit = 256

// Tx is one change being prepared; a store has at most one. Its methods change nothing that a reader can
// see until Commit, but each sees what those before it did.
type Tx struct {
	s       *Store
	types   []eventType
	tiles   map[tileKey]*draft
	order   []*draft
	pending []*header  // made by this Tx; some may have been replaced since
	retired []*header  // published, to be freed at Commit
	lives   []*Life    // likewise
	doomed  []*Tile    // likewise, of dropped event types
	gone    []propInfo // properties dropped
	made    []propInfo // properties created
	forgets []func()   // of dictionaries, at Commit
}

type tileKey struct {
	event schema.EventID
	chunk int
}

// draft is a tile being changed.
type draft struct {
	key    tileKey
	info   *typeInfo
	starts []uint32
	blocks []Block
	fresh  bool // starts and blocks are copies
	n      int
	todo   uint32
	life   *Life
	ops    []lifeOp // to do to a life that readers see
}

// Begin opens a change. The one before it must have been committed or aborted.
func (s *Store) Begin() *Tx {
	if s.tx != nil {
		panic("tile: a Tx is open")
	}
	s.tx = &Tx{s: s, types: s.types, tiles: map[tileKey]*draft{}}
	s.takeScratch()
	return s.tx
}

// draft returns the draft of a tile, which may be empty.
func (tx *Tx) draft(t *eventType, chunk int) *draft {
	key := tileKey{t.info.id, chunk}
	if d := tx.tiles[key]; d != nil {
		d.info = t.info
		return d
	}
	d := &draft{key: key, info: t.info, todo: clean, ops: tx.s.scr.takeOps()}
	if chunk < len(t.tiles) && t.tiles[chunk] != nil {
		old := t.tiles[chunk]
		d.starts, d.blocks, d.n, d.life, d.todo = old.starts, old.blocks, old.n, old.life, old.todo
	}
	tx.tiles[key] = d
	tx.order = append(tx.order, d)
	return d
}

// unshare makes the draft's lists its own, with room for more blocks.
func (d *draft) unshare() {
	if !d.fresh {
		d.starts = append(make([]uint32, 0, len(d.starts)+4), d.starts...)
		d.blocks = append(make([]Block, 0, len(d.blocks)+4), d.blocks...)
		d.fresh = true
	}
}

func (d *draft) setBlock(i int, h *header) {
	d.blocks[i] = Block{h}
	d.starts[i] = h.span
}

func (d *draft) insert(i int, h *header) {
	d.unshare()
	d.blocks = slices.Insert(d.blocks, i, Block{h})
	d.starts = slices.Insert(d.starts, i, h.span)
}

func (d *draft) remove(i, j int) {
	d.unshare()
	d.blocks = slices.Delete(d.blocks, i, j)
	d.starts = slices.Delete(d.starts, i, j)
}

// mutable returns block i as a header that the Tx may change.
func (tx *Tx) mutable(d *draft, i int) *header {
	h := d.blocks[i].h
	if h.has(flagPending) {
		return h
	}
	c := *h
	c.flags |= flagPending
	if h.nl > 0 {
		c.lanes = &append([]lane(nil), h.laneList()...)[0]
	}
	tx.pending = append(tx.pending, &c)
	d.unshare()
	d.blocks[i] = Block{&c}
	return &c
}

// replace puts a new header, which may be nil, in the place of block i.
func (tx *Tx) replace(d *draft, i int, h *header) {
	old := d.blocks[i].h
	d.unshare()
	if h == nil {
		d.remove(i, i+1)
	} else {
		d.setBlock(i, h)
	}
	tx.discard(old)
}

// discard frees a header's memory: now if nobody else can have seen it, else at Commit.
func (tx *Tx) discard(h *header) {
	switch {
	case h.mem == nil:
	case h.has(flagOwnMem):
		tx.s.arena.Free(h.bytes())
		h.mem = nil // for Abort
	default:
		tx.retired = append(tx.retired, h)
	}
}

// Commit publishes the change. Readers must be kept out while it runs; it cannot fail. It copies no
// events: it swaps one pointer for every tile touched and adds to lifetime columns that are written in
// place.
func (tx *Tx) Commit() {
	s := tx.s
	for _, h := range tx.pending {
		h.flags &^= flagPending | flagOwnMem
	}
	s.types = tx.types
	for _, d := range tx.order {
		tx.publish(d)
	}
	for _, h := range tx.retired {
		s.arena.Free(h.bytes())
	}
	for _, l := range tx.lives {
		s.arena.Free(l.mem)
	}
	s.doomed = append(s.doomed, tx.doomed...)
	for i := range tx.gone {
		tx.gone[i].forget()
	}
	for _, forget := range tx.forgets {
		forget()
	}
	s.freeDoomed(freeAtCommit)
	total, _ := s.arena.Used()
	s.index.trim(total)
	s.giveScratch()
	s.tx = nil
}

func (tx *Tx) publish(d *draft) {
	t := tx.s.find(d.key.event)
	if t == nil {
		return // dropped later in the same change: freed with its type
	}
	for d.n > 0 && len(t.tiles) <= d.key.chunk {
		t.tiles = append(t.tiles, nil)
	}
	if d.n == 0 {
		if d.key.chunk < len(t.tiles) {
			t.tiles[d.key.chunk] = nil
		}
		return
	}
	tx.applyOps(d)
	tx.s.scr.giveOps(d.ops)
	d.ops = nil
	d.life.own = false
	t.tiles[d.key.chunk] = &Tile{starts: d.starts, blocks: d.blocks, life: d.life, n: d.n, todo: d.todo}
}

// applyOps does to dense columns what was to be done in place: to a copy if a pin was taken since the
// change was prepared.
func (tx *Tx) applyOps(d *draft) {
	if len(d.ops) > 0 && !d.life.own && tx.s.arena.Shared(d.life.epoch) {
		old := d.life
		d.life = tx.copyLife(old)
		tx.s.arena.Free(old.mem)
	}
	d.life.apply(d.ops)
}

// Abort forgets the change.
func (tx *Tx) Abort() {
	s := tx.s
	for _, h := range tx.pending {
		if h.mem != nil && h.has(flagOwnMem) {
			s.arena.Free(h.bytes())
		}
	}
	for _, d := range tx.order {
		if d.life != nil && d.life.own {
			s.arena.Free(d.life.mem)
		}
		s.index.dropTile(d.key)
	}
	for i := range tx.made {
		tx.made[i].forget()
	}
	s.giveScratch()
	s.tx = nil
}
