package tile

import (
	"math"

	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
)

// used is what the events of a type refer to of a property's dictionaries.
type used struct {
	slot        int
	texts, sets []uint64
}

// Forget takes the texts and sets that no event holds out of the properties' dictionaries at Commit, and
// writes blocks anew whose lanes have bounds that no value reaches. It must stand alone in its change: it
// looks at the events as they are. It looks at all of them.
func (tx *Tx) Forget() {
	for i := range tx.types {
		t := &tx.types[i]
		for c, tile := range t.tiles {
			if tile == nil {
				continue
			}
			for b := range tile.blocks {
				if lanes, loose := tile.blocks[b].h.tightLanes(t.info); loose {
					tx.tighten(tx.draft(t, c), b, lanes)
				}
			}
		}
		for slot := range t.info.props {
			p := &t.info.props[slot]
			if p.texts == nil || p.dropped {
				continue
			}
			u := used{slot: slot, texts: column.CodeBits(p.texts.Len())}
			if p.sets != nil {
				u.sets = column.CodeBits(p.sets.Len())
			}
			t.markUsed(p, u)
			tx.forgets = append(tx.forgets, func() {
				p.texts.Forget(u.texts)
				if p.sets != nil {
					p.sets.Forget(u.sets)
				}
			})
		}
	}
}

// markUsed marks what a type's events hold of one property.
func (t *eventType) markUsed(p *propInfo, u used) {
	var c column.Chunk
	for _, tile := range t.tiles {
		if tile == nil {
			continue
		}
		for _, b := range tile.blocks {
			if b.PropInto(p.id, &c) {
				c.MarkCodes(u.texts, u.sets)
			}
		}
	}
}

// tightLanes returns the lanes that a block would have if it were written now, and whether bounds of one
// that it has tell of values that are gone.
func (h *header) tightLanes(info *typeInfo) (lanes []lane, loose bool) {
	for _, l := range h.laneList() {
		p := &info.props[l.slot]
		if p.dropped {
			continue
		}
		var c column.Chunk
		h.alias(&l, p, &c)
		s := chunkStats(&c, p.typ.Kind)
		fresh := lane{slot: l.slot}
		if s.some {
			fresh.fit(p.typ.Kind, s, true)
			lanes = append(lanes, fresh)
		}
		number := p.typ.Kind != schema.KindText && p.typ.Kind != schema.KindSet && p.typ.Kind != schema.KindBool
		loose = loose || number && (!s.some || l.min != s.min || l.max != s.max)
	}
	return lanes, loose
}

// chunkStats describes all values of a lane.
func chunkStats(c *column.Chunk, kind schema.Kind) stats {
	v := values{kind: kind, v: make([]int64, c.Len())}
	all := make([]uint32, c.Len())
	for i := range all {
		all[i] = uint32(i)
		switch {
		case c.Null(i):
			v.null(i, c.Len())
		case kind == schema.KindFloat:
			v.v[i] = int64(math.Float64bits(c.Float(i)))
		case kind == schema.KindText || kind == schema.KindSet:
			v.v[i] = int64(c.DictCode(i))
		default:
			v.v[i] = c.Int(i)
		}
	}
	return v.stats(all)
}

// tighten writes block i anew with other lanes.
func (tx *Tx) tighten(d *draft, i int, lanes []lane) {
	h := d.blocks[i].h
	src := source{h: h}
	sp := spec{span: h.span, k: h.k, cap: int(h.n), ids: h.has(flagIDs), res: tx.anyRest(src, h.unit()), lanes: lanes}
	g := tx.newHeader(d.info, sp)
	tx.pending = append(tx.pending, g)
	tx.take(g, src)
	tx.replace(d, i, g)
}
