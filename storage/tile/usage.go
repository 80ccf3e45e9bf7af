package tile

import (
	"unsafe"

	"github.com/musterdb/muster/storage/schema"
)

// Bytes returns the memory of a type's events: blocks with their headers and lanes, lifetime columns and
// dictionaries.
func (v *View) Bytes(event schema.EventID) int64 {
	t := v.find(event)
	if t == nil {
		return 0
	}
	total := int64(len(t.tiles)) * int64(unsafe.Sizeof((*Tile)(nil)))
	for _, tile := range t.tiles {
		if tile != nil {
			total += tile.bytes()
		}
	}
	for i := range t.info.props {
		if p := &t.info.props[i]; !p.dropped {
			total += p.bytes()
		}
	}
	return total
}

func (t *Tile) bytes() int64 {
	total := int64(unsafe.Sizeof(*t)) + int64(cap(t.starts))*4 + int64(cap(t.blocks))*int64(unsafe.Sizeof(Block{}))
	for _, b := range t.blocks {
		total += int64(unsafe.Sizeof(*b.h)) + int64(b.h.nl)*int64(unsafe.Sizeof(lane{})) + int64(b.h.size)*64
	}
	if t.life != nil {
		total += t.life.Bytes()
	}
	return total
}

func (p *propInfo) bytes() int64 {
	total := int64(unsafe.Sizeof(*p))
	if p.texts != nil {
		total += p.texts.Bytes()
	}
	if p.sets != nil {
		total += p.sets.Bytes()
	}
	return total
}
