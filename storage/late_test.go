package storage

import (
	"testing"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// TestChangesOlderThanTheSchema applies changes that were made before an attribute, a property and an event
// type were dropped, after the drop: what the drop took is as if it had been written before, the rest is kept.
func TestChangesOlderThanTheSchema(t *testing.T) {
	s := New(slab.New(), testSchema())
	text, number := attrOf(schema.KindText), attrOf(schema.KindInt)
	prop := testSchema().Events[0].Props[0]
	to := testSchema()
	to.Version++
	to.Attrs = append([]schema.Attribute(nil), to.Attrs...)
	for i, a := range to.Attrs {
		if a.ID == text.ID {
			to.Attrs = append(to.Attrs[:i], to.Attrs[i+1:]...)
			break
		}
	}
	to.Events = []schema.EventType{{ID: 1, Name: "open"}}
	mustApply(t, s, &change.Schema{To: to})
	col := change.Column{ID: uint32(text.ID), Type: text.Type}
	col.Texts.AppendString("late")
	r := mustApply(t, s, &change.Upsert{IDs: idsOf("a"), Cols: []change.Column{col, intColumn(5)}})
	row, _ := s.Lookup([]byte("a"))
	if r.Created != 1 || s.Column(number.ID, 0).Int(int(row)) != 5 || s.Column(text.ID, 0) != nil {
		t.Errorf("the upsert: %+v", r)
	}
	props := []change.Column{{ID: uint32(prop.ID), Type: prop.Type, Ints: []int64{9}}}
	r = mustApply(t, s, &change.Track{Event: 1, IDs: idsOf("a"), Times: []int64{7}, Props: props})
	if r.Events != 1 || s.Events.Events(1) != 1 || s.Tile(1, 0).Blocks()[0].Prop(prop.ID) != nil {
		t.Errorf("the event without its property: %+v", r)
	}
	r = mustApply(t, s, &change.Track{Event: 2, IDs: idsOf("b", "a"), Times: []int64{7, 8}})
	if r.Created != 1 || r.Events != 2 || s.Events.Events(2) != 0 {
		t.Errorf("events of a dropped type: %+v", r)
	}
	for name, part := range map[string]change.Part{
		"attribute": &change.Upsert{IDs: idsOf("a"), Cols: []change.Column{{ID: uint32(to.NextAttr), Type: number.Type, Ints: []int64{1}}}},
		"event":     &change.Track{Event: to.NextEvent, IDs: idsOf("a"), Times: []int64{1}},
		"property": &change.Track{Event: 1, IDs: idsOf("a"), Times: []int64{1},
			Props: []change.Column{{ID: uint32(to.NextProp), Type: prop.Type, Ints: []int64{1}}}},
	} {
		if _, err := s.Prepare(&change.Change{Parts: []change.Part{part}}); err == nil {
			t.Errorf("an %s that never was is taken", name)
		}
	}
	s = restored(t, s)
	if s.LiveCount() != 2 || s.Events.Events(1) != 1 {
		t.Error("the image lost something")
	}
}
