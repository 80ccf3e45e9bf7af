package storage

import (
	"sort"

	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
	"github.com/musterdb/muster/storage/tile"
)

// View is a shard as a reader sees it: the shard's own, valid while commits are kept out, or a Pin's,
// which stays as it is until it is released. Slices that it returns alias the shard's memory, are read
// only and live as long as the view.
type View struct {
	Events *tile.View // the events of all types

	schema *schema.Schema
	rows   int
	alive  int
	live   []liveBits
	ids    []*IDs
	cols   []attrColumn // ascending by id
	index  *keyIndex    // nil in a pin
	dead   []uint32     // deleted rows whose events are yet to be swept, oldest first
	sweep  sweep        // deleted rows whose events are being swept
	free   []uint32     // swept rows; the last is given out first
}

// liveBits tells which rows of a chunk hold a contact.
type liveBits struct {
	words []uint64
	n     int // set bits
	born  uint64
}

// attrColumn is one attribute's values, by chunk.
type attrColumn struct {
	id     schema.AttrID
	typ    schema.Type
	dict   *column.Dict
	mark   column.DictMark // of dict, as the last change left it
	chunks []*column.Chunk // nil where no row has a value
}

// Schema returns the base's schema as of this view. It is never changed in place.
func (v *View) Schema() *schema.Schema { return v.schema }

// Rows returns the number of rows, those of deleted contacts included.
func (v *View) Rows() int { return v.rows }

// Chunks returns the number of chunks.
func (v *View) Chunks() int { return (v.rows + schema.ChunkRows - 1) / schema.ChunkRows }

// ChunkLen returns the number of rows of chunk c. Every column chunk there has that length.
func (v *View) ChunkLen(c int) int { return min(v.rows-c*schema.ChunkRows, schema.ChunkRows) }

// Live returns the bits of the rows of chunk c that hold a contact, (ChunkLen+63)/64 words; bits beyond
// the chunk's length are 0.
func (v *View) Live(c int) []uint64 { return v.live[c].words }

// ChunkLive returns the number of contacts in chunk c.
func (v *View) ChunkLive(c int) int { return v.live[c].n }

// LiveCount returns the number of contacts.
func (v *View) LiveCount() int { return v.alive }

// Alive says whether a row holds a contact.
func (v *View) Alive(row uint32) bool {
	return int(row) < v.rows && v.live[row>>16].words[row&0xffff>>6]>>(row&63)&1 != 0
}

// Column returns the values of an attribute in chunk c, or nil if no row there has one. The id has a
// column of its own kind: IDColumn.
func (v *View) Column(attr schema.AttrID, c int) *column.Chunk {
	k, ok := v.findColumn(attr)
	if !ok || c >= len(v.cols[k].chunks) {
		return nil
	}
	return v.cols[k].chunks[c]
}

// Dict returns the dictionary of a TEXT or SET attribute, or nil if none of its values was ever set.
func (v *View) Dict(attr schema.AttrID) *column.Dict {
	if k, ok := v.findColumn(attr); ok {
		return v.cols[k].dict
	}
	return nil
}

func (v *View) findColumn(attr schema.AttrID) (int, bool) {
	k := sort.Search(len(v.cols), func(i int) bool { return v.cols[i].id >= attr })
	return k, k < len(v.cols) && v.cols[k].id == attr
}

// IDColumn returns the contact ids of chunk c.
func (v *View) IDColumn(c int) *IDs { return v.ids[c] }

// ID returns a copy of the id of the contact in a row, or nil if the row holds none.
func (v *View) ID(row uint32) []byte { return v.AppendID(nil, row) }

// AppendID appends the id of the contact in a row to dst; nothing if the row holds none.
func (v *View) AppendID(dst []byte, row uint32) []byte {
	if int(row) >= v.rows {
		return dst
	}
	return v.ids[row>>16].Append(dst, int(row&0xffff))
}

// Lookup returns the row of a contact. In a pin, which has no index, it searches all ids.
func (v *View) Lookup(id []byte) (row uint32, ok bool) {
	k := keyOf(id)
	if v.index != nil {
		return v.index.lookup(v, k)
	}
	for c := range v.Chunks() {
		for i := range v.ChunkLen(c) {
			if v.ids[c].equal(i, k) {
				return uint32(c<<16 | i), true
			}
		}
	}
	return 0, false
}

// Tile returns the events of a type of the contacts in chunk c, or nil if there are none.
func (v *View) Tile(event schema.EventID, c int) *tile.Tile { return v.Events.Tile(event, c) }

// Unswept returns the number of deleted contacts whose events are yet to be removed. Readers of events
// must look at live rows only.
func (v *View) Unswept() int { return len(v.dead) + len(v.sweep.rows) }

// Pin is a view that stays as it is while changes go on. It costs a copy of headers; a chunk that is
// changed meanwhile is copied first, and memory that only the pin can see is kept until Release.
type Pin struct {
	view  View
	arena *slab.Arena
	epoch uint64
	done  bool
}

// View returns what the pin keeps. It must not be used after Release.
func (p *Pin) View() *View { return &p.view }

// Release gives the pin back; further calls do nothing. It may be called from any goroutine, but from one
// at a time.
func (p *Pin) Release() {
	if !p.done {
		p.done = true
		p.arena.Release(p.epoch)
		p.view = View{}
	}
}

// Pin returns a pin of the shard as it is now. Commits must be kept out while it is taken.
func (s *Shard) Pin() *Pin {
	p := &Pin{arena: s.arena, epoch: s.arena.Pin(), view: s.View}
	v := &p.view
	v.index = nil
	v.live = append([]liveBits(nil), v.live...)
	v.ids = append([]*IDs(nil), v.ids...)
	v.cols = append([]attrColumn(nil), v.cols...)
	for i := range v.cols {
		v.cols[i].chunks = append([]*column.Chunk(nil), v.cols[i].chunks...)
	}
	v.dead = append([]uint32(nil), v.dead...)
	v.sweep.rows = append([]uint32(nil), v.sweep.rows...)
	v.free = append([]uint32(nil), v.free...)
	v.Events = s.store.Pin()
	return p
}
