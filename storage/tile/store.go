package tile

import (
	"math"
	"slices"
	"sort"

	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// View is the events of a shard as a reader sees them: Store itself under the shard's read latch, or the
// stable copy that Store.Pin returns.
type View struct {
	types []eventType // ascending by id
}

// eventType is one event type with its tiles.
type eventType struct {
	info  *typeInfo
	tiles []*Tile    // by chunk; nil where the type has no events
	dicts []dictLens // of a pinned view, by slot: the dictionaries grow on
}

// dictLens is how far a property's dictionaries are.
type dictLens struct{ texts, sets column.DictMark }

// lens returns how much of the dictionaries belongs to the view.
func (t *eventType) lens() []dictLens {
	if t.dicts != nil {
		return t.dicts
	}
	out := make([]dictLens, len(t.info.props))
	for i := range t.info.props {
		p := &t.info.props[i]
		if p.texts != nil && !p.dropped {
			out[i].texts = p.texts.Mark()
		}
		if p.sets != nil && !p.dropped {
			out[i].sets = p.sets.Mark()
		}
	}
	return out
}

// typeInfo is what is known of a type. It is never changed: a change of the schema makes a new one.
type typeInfo struct {
	id    schema.EventID
	hasID bool
	keep  int64      // retention in ms; 0 keeps for ever
	props []propInfo // by slot; a slot is never used again
}

type propInfo struct {
	id      schema.PropID
	typ     schema.Type
	texts   *column.Dict // of TEXT and SET
	sets    *column.Dict // of SET: entries of whole sets
	dropped bool
	checked int // sets that a reader of images has checked
}

// Store holds the events of all types of one shard. It has one writer; readers hold the shard's read
// latch, which Tx.Commit must be kept out of.
type Store struct {
	View
	arena  *slab.Arena
	tx     *Tx     // open, or nil
	doomed []*Tile // of dropped event types: freed by Maintain
	index  indexCache
	scr    *scratch // while a Tx is open or an image is read
}

// New returns a store without event types. All its memory comes from the arena.
func New(arena *slab.Arena) *Store { return &Store{arena: arena} }

// Free gives all memory back as soon as no pin needs it; the store must not be used afterwards.
func (s *Store) Free() {
	for i := range s.types {
		t := &s.types[i]
		for _, tile := range t.tiles {
			if tile != nil {
				s.doomed = append(s.doomed, &Tile{blocks: slices.Clone(tile.blocks), life: tile.life})
			}
		}
		for j := range t.info.props {
			if p := &t.info.props[j]; !p.dropped {
				p.forget()
			}
		}
	}
	s.freeDoomed(math.MaxInt)
	s.View = View{}
}

// Tile returns the events of a type in a chunk, or nil if it has none there.
func (v *View) Tile(event schema.EventID, chunk int) *Tile {
	t := v.find(event)
	if t == nil || chunk >= len(t.tiles) {
		return nil
	}
	return t.tiles[chunk]
}

// Chunks returns how many chunks a type reaches: no tile lies at or beyond it.
func (v *View) Chunks(event schema.EventID) int {
	if t := v.find(event); t != nil {
		return len(t.tiles)
	}
	return 0
}

// Events returns the number of events of a type, those of deleted rows included until they are swept.
func (v *View) Events(event schema.EventID) int {
	n := 0
	if t := v.find(event); t != nil {
		for _, tile := range t.tiles {
			n += tile.Len()
		}
	}
	return n
}

func (v *View) find(event schema.EventID) *eventType {
	i := sort.Search(len(v.types), func(i int) bool { return v.types[i].info.id >= event })
	if i == len(v.types) || v.types[i].info.id != event {
		return nil
	}
	return &v.types[i]
}

// Pin returns a copy of the view that stays as it is. It must be taken under the shard's latch, after
// slab.Arena.Pin, and used no longer than until that pin's release.
func (s *Store) Pin() *View {
	v := &View{types: append([]eventType(nil), s.types...)}
	for i := range v.types {
		t := &v.types[i]
		t.tiles = append([]*Tile(nil), t.tiles...)
		t.dicts = t.lens()
	}
	return v
}

// Tile is the events of one type in one chunk: blocks in time order whose spans do not overlap. A tile
// holds at least one event.
type Tile struct {
	starts []uint32 // of the blocks' spans, for searching
	blocks []Block
	life   *Life
	n      int
	todo   uint32 // span from which on Maintain has blocks to look at
}

// Len returns the number of events.
func (t *Tile) Len() int {
	if t == nil {
		return 0
	}
	return t.n
}

// Blocks returns the blocks in time order; the slice is read only.
func (t *Tile) Blocks() []Block { return t.blocks }

// Life returns the lifetime columns of the tile's rows.
func (t *Tile) Life() *Life { return t.life }

// From returns the index of the first block that may hold events at or after ms.
func (t *Tile) From(ms int64) int {
	i := sort.Search(len(t.starts), func(i int) bool { return int64(t.starts[i])<<minK*1000 > ms })
	if i > 0 && t.blocks[i-1].h.max >= ms {
		i--
	}
	return i
}
