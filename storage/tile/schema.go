package tile

import (
	"fmt"
	"slices"
	"time"

	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
)

// SetSchema brings the event types and properties in line with a version of the schema. The events of
// types that are gone, and the values of properties that are gone, are out of sight at Commit; their
// memory is freed by and by, that of types by Commits, that of properties by Maintain.
func (tx *Tx) SetSchema(sc *schema.Schema) error {
	if err := tx.checkTypes(sc); err != nil {
		return err
	}
	events := slices.Clone(sc.Events)
	slices.SortFunc(events, func(a, b schema.EventType) int { return int(a.ID) - int(b.ID) })
	types := make([]eventType, 0, len(events))
	for i := range events {
		e := &events[i]
		t := eventType{info: &typeInfo{id: e.ID}}
		if old := findType(tx.types, e.ID); old != nil {
			t = *old
		}
		if info := tx.describe(t.info, e); info != nil {
			t.info = info
		}
		types = append(types, t)
	}
	for _, old := range tx.types {
		if findType(types, old.info.id) == nil {
			tx.dropType(old)
		}
	}
	tx.types = types
	return nil
}

// checkTypes refuses what a schema must never do: give an id a second meaning.
func (tx *Tx) checkTypes(sc *schema.Schema) error {
	for i := range sc.Events {
		e := &sc.Events[i]
		old := findType(tx.types, e.ID)
		if old == nil {
			continue
		}
		for _, p := range e.Props {
			for j := range old.info.props {
				if was := &old.info.props[j]; was.id == p.ID && (was.typ != p.Type || was.dropped) {
					return fmt.Errorf("property %q of event %q cannot change from %v to %v or come back: add one with a new id", p.Name, e.Name, was.typ, p.Type)
				}
			}
		}
	}
	return nil
}

// describe returns what is known of a type that becomes e, or nil if that is what was.
func (tx *Tx) describe(was *typeInfo, e *schema.EventType) *typeInfo {
	keep := e.Keep / time.Millisecond
	info := &typeInfo{id: e.ID, hasID: e.HasID, keep: int64(keep), props: slices.Clone(was.props)}
	changed := was.hasID != info.hasID || was.keep != info.keep
	for i := range info.props {
		if _, found := e.PropByID(info.props[i].id); !found && !info.props[i].dropped {
			tx.dropProp(e.ID, &info.props[i])
			changed = true
		}
	}
	for _, p := range e.Props {
		if _, found := info.slot(p.ID); !found {
			n := tx.newProp(p)
			info.props = append(info.props, n)
			tx.made = append(tx.made, n)
			changed = true
		}
	}
	if !changed {
		return nil
	}
	return info
}

func (tx *Tx) newProp(p schema.Property) propInfo {
	n := propInfo{id: p.ID, typ: p.Type}
	if p.Type.Kind == schema.KindText || p.Type.Kind == schema.KindSet {
		n.texts = column.NewDict(tx.s.arena)
	}
	if p.Type.Kind == schema.KindSet {
		n.sets = column.NewDict(tx.s.arena)
	}
	return n
}

// dropProp marks a property as gone and all tiles of its type as to be looked at.
func (tx *Tx) dropProp(event schema.EventID, p *propInfo) {
	p.dropped = true
	tx.gone = append(tx.gone, *p)
	t := findType(tx.types, event)
	for c, tile := range t.tiles {
		if tile != nil {
			tx.draft(t, c).todo = 0
		}
	}
}

func (tx *Tx) dropType(t eventType) {
	for c, tile := range t.tiles {
		if d := tx.tiles[tileKey{t.info.id, c}]; d == nil && tile != nil {
			tx.doomed = append(tx.doomed, &Tile{blocks: slices.Clone(tile.blocks), life: tile.life})
		}
	}
	for _, d := range tx.order {
		if tx.tiles[d.key] == d && d.key.event == t.info.id {
			tx.doomed = append(tx.doomed, &Tile{blocks: slices.Clone(d.blocks), life: d.life})
			delete(tx.tiles, d.key)
		}
	}
	for _, p := range t.info.props {
		if !p.dropped {
			tx.gone = append(tx.gone, p)
		}
	}
}

// forget frees what properties that are gone had in common, as soon as no pin needs it. Blocks keep their
// values until Maintain writes them anew.
func (p *propInfo) forget() {
	if p.texts != nil {
		p.texts.Free()
	}
	if p.sets != nil {
		p.sets.Free()
	}
}
