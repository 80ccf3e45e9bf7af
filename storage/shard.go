package storage

import (
	"slices"

	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
	"github.com/musterdb/muster/storage/tile"
)

// Shard is one base's contacts and events in one group. Its own View is valid while commits are kept out.
// It has one writer.
type Shard struct {
	View
	arena *slab.Arena
	store *tile.Store
	match matcher
}

// New returns an empty shard with a base's schema. All shards of a process share an Allocator.
func New(alloc *slab.Allocator, sch *schema.Schema) *Shard {
	s := newShard(alloc)
	s.schema = sch
	tx := s.store.Begin()
	if err := tx.SetSchema(sch); err != nil {
		panic("storage: schema of a new shard: " + err.Error())
	}
	tx.Commit()
	return s
}

func newShard(alloc *slab.Allocator) *Shard {
	a := slab.NewArena(alloc)
	s := &Shard{arena: a, store: tile.New(a)}
	s.Events = &s.store.View
	s.index = newKeyIndex(a)
	return s
}

// Free gives all memory of the shard back, as soon as no pin needs it. The shard must not be used then.
func (s *Shard) Free() {
	for i := range s.live {
		slab.Release(s.arena, s.live[i].words)
	}
	for _, ids := range s.ids {
		gone := *ids.values // a pin may hold the chunk itself
		gone.Free()
	}
	for i := range s.cols {
		s.freeColumn(&s.cols[i])
	}
	s.index.free()
	s.store.Free()
	s.View = View{}
}

func (s *Shard) freeColumn(col *attrColumn) {
	for _, c := range col.chunks {
		if c != nil {
			gone := *c // a pin may hold c itself
			gone.Free()
		}
	}
	if col.dict != nil {
		col.dict.Free()
	}
}

// column returns the place of an attribute's column, making it if there is none.
func (s *Shard) column(attr schema.AttrID, typ schema.Type, dict *column.Dict) *attrColumn {
	k, ok := s.findColumn(attr)
	if !ok {
		s.cols = append(s.cols, attrColumn{})
		copy(s.cols[k+1:], s.cols[k:])
		s.cols[k] = attrColumn{id: attr, typ: typ, dict: dict}
	}
	return &s.cols[k]
}

// chunkFor returns the chunk of a column to be written, making or copying it if need be.
func (s *Shard) chunkFor(col *attrColumn, c int) *column.Chunk {
	for len(col.chunks) <= c {
		col.chunks = append(col.chunks, nil)
	}
	p := &col.chunks[c]
	switch {
	case *p == nil && col.typ.Kind == schema.KindSet:
		*p = column.NewIndexed(s.arena, col.dict)
	case *p == nil:
		*p = column.New(s.arena, col.typ, col.dict)
	default:
		*p = (*p).Writable()
	}
	return *p
}

// create puts a contact into a row, which is the next new one or a swept one.
func (s *Shard) create(row uint32, k key) {
	c, i := int(row>>16), int(row&0xffff)
	if c == len(s.ids) {
		s.ids = append(s.ids, newIDs(s.arena))
		s.live = append(s.live, liveBits{born: s.arena.Epoch()})
	}
	s.rows = max(s.rows, int(row)+1)
	s.ids[c] = s.ids[c].writable()
	s.ids[c].set(s.arena, i, k)
	l := s.liveFor(c)
	if w := i>>6 + 1; w > len(l.words) {
		l.words = slab.Grow(s.arena, l.words, w)
	}
	l.words[i>>6] |= 1 << (i & 63)
	l.n++
	s.alive++
	s.index.insert(&s.View, k.hash, row)
}

// liveFor returns the live bits of a chunk to be written.
func (s *Shard) liveFor(c int) *liveBits {
	l := &s.live[c]
	if s.arena.Shared(l.born) {
		old := l.words
		l.words, l.born = slab.Clone(s.arena, old), s.arena.Epoch()
		slab.Release(s.arena, old)
	}
	return l
}

// remove deletes the contact in a row: live bit, index and columns at once; its events wait for a sweep.
func (s *Shard) remove(row uint32) {
	c, i := int(row>>16), int(row&0xffff)
	s.index.remove(s.ids[c].hash(i), row)
	s.ids[c] = s.ids[c].writable()
	s.ids[c].values.SetNull(i)
	l := s.liveFor(c)
	l.words[i>>6] &^= 1 << (i & 63)
	l.n--
	s.alive--
	for k := range s.cols {
		col := &s.cols[k]
		if c < len(col.chunks) && !absent(col.chunks[c], i) {
			s.chunkFor(col, c).SetNull(i)
		}
	}
	s.dead = append(s.dead, row)
}

// absent says whether row i of a chunk, which may be nil or not yet level, is null.
func absent(c *column.Chunk, i int) bool { return c == nil || i >= c.Len() || c.Null(i) }

// level makes all column chunks from chunk c on as long as their chunk.
func (s *Shard) level(c int) {
	for ; c < s.Chunks(); c++ {
		n := s.ChunkLen(c)
		for k := range s.cols {
			col := &s.cols[k]
			if c < len(col.chunks) && col.chunks[c] != nil && col.chunks[c].Len() < n {
				s.chunkFor(col, c).ExtendNull(n)
			}
		}
	}
}

// dropColumns removes the columns of attributes that are not to stay, with their data.
func (s *Shard) dropColumns(stay map[schema.AttrID]schema.Type) {
	kept := make([]attrColumn, 0, len(s.cols))
	for i := range s.cols {
		if _, ok := stay[s.cols[i].id]; ok {
			kept = append(kept, s.cols[i])
		} else {
			s.freeColumn(&s.cols[i])
		}
	}
	s.cols = kept
}

// storedAttrs returns the attributes that a schema declares and, without names, those of the members of its
// static segments.
func storedAttrs(sch *schema.Schema) []schema.Attribute {
	all := slices.Clone(sch.Attrs)
	for i := range sch.Segments {
		if g := &sch.Segments[i]; g.Static() {
			all = append(all, schema.Attribute{ID: g.Attr, Type: schema.MemberType})
		}
	}
	return all
}

// typesByAttr returns the types of all that may have a column under a schema.
func typesByAttr(sch *schema.Schema) map[schema.AttrID]schema.Type {
	types := map[schema.AttrID]schema.Type{schema.AttrCreatedAt: {Kind: schema.KindTimestamp}}
	for _, a := range storedAttrs(sch) {
		types[a.ID] = a.Type
	}
	return types
}

// matcher finds ids among those that a change is about to create: an open hash table of entries of one
// Prepare, kept for the next one.
type matcher struct {
	slots   []uint32 // entry + 1
	entries []pending
}

// pending is a contact that a change creates.
type pending struct {
	key
	row  uint32
	gone bool // deleted later in the same change
}

func (m *matcher) reset() {
	clear(m.slots)
	clear(m.entries)
	m.entries = m.entries[:0]
}

func (m *matcher) find(k key) *pending {
	if len(m.entries) == 0 {
		return nil
	}
	mask := uint64(len(m.slots) - 1)
	for h := k.hash & mask; m.slots[h] != 0; h = (h + 1) & mask {
		e := &m.entries[m.slots[h]-1]
		if e.hash == k.hash && !e.gone && string(e.id) == string(k.id) {
			return e
		}
	}
	return nil
}

func (m *matcher) add(k key, row uint32) {
	m.entries = append(m.entries, pending{key: k, row: row})
	if 2*len(m.entries) > len(m.slots) {
		m.slots = make([]uint32, max(256, 2*len(m.slots)))
		for i := range m.entries {
			m.put(i)
		}
		return
	}
	m.put(len(m.entries) - 1)
}

func (m *matcher) put(i int) {
	mask := uint64(len(m.slots) - 1)
	h := m.entries[i].hash & mask
	for m.slots[h] != 0 {
		h = (h + 1) & mask
	}
	m.slots[h] = uint32(i) + 1
}
