package storage

import (
	"slices"
	"testing"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// TestPinOutlivesDrops holds pins while what they see is dropped: a property, its event type, the shard.
func TestPinOutlivesDrops(t *testing.T) {
	s := schema.New(1, "test", schema.BaseOptions{TimeZone: "UTC", Spread: 1})
	text, set := schema.Type{Kind: schema.KindText}, schema.Type{Kind: schema.KindSet}
	s.Events = []schema.EventType{{ID: 1, Name: "open", Props: []schema.Property{{ID: 16, Name: "p", Type: text}, {ID: 17, Name: "q", Type: set}}}}
	s.NextEvent, s.NextProp = 2, 18
	sh := New(slab.New(), s)
	apply := func(p change.Part) {
		t.Helper()
		prepared, err := sh.Prepare(&change.Change{Parts: []change.Part{p}})
		if err != nil {
			t.Fatal(err)
		}
		prepared.Commit()
	}
	publish := func(edit func(*schema.Schema)) {
		s = s.Clone()
		s.Version++
		edit(s)
		apply(&change.Schema{To: s})
	}
	track := &change.Track{Event: 1, Stamp: 1_000_000, Times: []int64{1000, 2000}}
	var rows change.Rows
	for _, v := range []string{"a", "b"} {
		track.IDs.AppendString("c" + v)
		rows.Begin()
		rows.Put(16, text, change.OpSet, schema.Value{Kind: schema.KindText, S: v})
		rows.Put(17, set, change.OpSet, schema.Value{Kind: schema.KindSet, Set: []string{v}})
	}
	track.Props = rows.Columns()
	apply(track)

	pin := sh.Pin()
	defer pin.Release()
	want := StateHash(pin.View())
	holds := func(after string) {
		t.Helper()
		if got := StateHash(pin.View()); got != want {
			t.Errorf("after %s the pin's hash is %x, not %x", after, got, want)
		}
		var got []string
		for _, b := range pin.View().Tile(1, 0).Blocks() {
			c := b.Prop(16)
			for i := range b.Len() {
				if c == nil {
					t.Fatalf("after %s the pin has lost a property", after)
				}
				got = append(got, string(c.Text(i)))
			}
		}
		if !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("after %s the pin holds %q", after, got)
		}
	}
	publish(func(s *schema.Schema) { s.Events[0].Props = s.Events[0].Props[1:] })
	if StateHash(&sh.View) == want {
		t.Error("the dropped property still counts in the shard")
	}
	apply(&change.Maintain{Stamp: 10_000_000})
	holds("dropping a property")
	publish(func(s *schema.Schema) { s.Events = nil })
	apply(&change.Maintain{Stamp: 10_000_000})
	holds("dropping the type")
	sh.Free()
	holds("freeing the shard")
}
