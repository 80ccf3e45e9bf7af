package storage

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
	"github.com/musterdb/muster/storage/tile"
)

// eventSchema has a type with an INT and a TEXT, and one with an ID and a BOOL.
func eventSchema() *schema.Schema {
	s := schema.New(1, "test", schema.BaseOptions{Spread: 1})
	s.Events = []schema.EventType{
		{ID: 1, Name: "open", Props: []schema.Property{
			{ID: 16, Name: "n", Type: schema.Type{Kind: schema.KindInt}}, {ID: 17, Name: "t", Type: schema.Type{Kind: schema.KindText}},
		}},
		{ID: 2, Name: "buy", HasID: true, Props: []schema.Property{{ID: 18, Name: "b", Type: schema.Type{Kind: schema.KindBool}}}},
	}
	s.NextEvent, s.NextProp = 3, 19
	return s
}

// happening is an event as the model knows it: v stands for all properties, −1 for none.
type happening struct {
	event schema.EventID
	ms    int64
	id    uint64
	v     int64
}

// diary is a shard and the model of its contacts' events, in order of arrival.
type diary struct {
	t     *testing.T
	seed  uint64
	r     *rand.Rand
	s     *Shard
	model map[string][]happening
	moved map[string]bool // contacts that the step at hand changes
	ids   int
	clock int64
}

func newDiary(t *testing.T, seed uint64, ids int) *diary {
	return &diary{t: t, seed: seed, r: rand.New(rand.NewPCG(seed, 3)), s: New(slab.New(), eventSchema()), model: map[string][]happening{}, moved: map[string]bool{}, ids: ids, clock: 1_700_000_000_000}
}

func (d *diary) fatalf(format string, args ...any) {
	d.t.Helper()
	d.t.Fatalf("seed %d: %s", d.seed, fmt.Sprintf(format, args...))
}

func (d *diary) id() string { return fmt.Sprint("c", d.r.IntN(d.ids)) }

// draw draws an event among few, so that some are equal and some repeat an id.
func (d *diary) draw() happening {
	h := happening{event: schema.EventID(1 + d.r.IntN(2)), ms: d.clock - int64(d.r.IntN(40))*7_200_000, v: int64(d.r.IntN(3)) - 1}
	if d.r.IntN(8) == 0 {
		h.ms -= int64(d.r.IntN(1000)) + 1e10
	}
	if h.event == 2 || d.r.IntN(6) == 0 {
		h.id = uint64(d.r.IntN(4))
	}
	return h
}

func (d *diary) track(event schema.EventID, n int) *change.Track {
	tr := &change.Track{Stamp: d.clock, Event: event}
	var rows change.Rows
	for tr.Rows() < n {
		h := d.draw()
		if h.event != event {
			continue
		}
		id := d.id()
		d.arrive(id, h)
		tr.IDs.AppendString(id)
		tr.Times, tr.EventIDs = append(tr.Times, h.ms), append(tr.EventIDs, h.id)
		rows.Begin()
		switch {
		case h.v < 0:
		case event == 1:
			rows.Put(16, schema.Type{Kind: schema.KindInt}, change.OpSet, schema.Value{Kind: schema.KindInt, I: h.v})
			rows.Put(17, schema.Type{Kind: schema.KindText}, change.OpSet, schema.Value{Kind: schema.KindText, S: fmt.Sprint("v", h.v)})
		default:
			rows.Put(18, schema.Type{Kind: schema.KindBool}, change.OpSet, schema.Value{Kind: schema.KindBool, I: h.v})
		}
	}
	tr.Props = rows.Columns()
	return tr
}

// arrive puts an event into the model, unless its type and id make it a repetition.
func (d *diary) arrive(id string, h happening) {
	const near = int64(18 * 3600 * 1000)
	if h.event == 2 && h.id != 0 {
		for _, o := range d.model[id] {
			if o.event == 2 && o.id == h.id && max(o.ms-h.ms, h.ms-o.ms) <= near {
				return
			}
		}
	}
	d.moved[id] = true
	d.model[id] = append(slices.Clip(d.model[id]), h) // pins' models share what was there
}

// forget makes a part that removes n events, some of which are not there, and takes them from the model.
// It returns how many it should find.
func (d *diary) forget(event schema.EventID, n int) (*change.DeleteEvents, int) {
	part := &change.DeleteEvents{Event: event}
	found := 0
	for range n {
		id := d.id()
		row, ok := d.s.Lookup([]byte(id))
		part.IDs.AppendString(id)
		if line := d.s.Events.Timeline(nil, row); ok && len(line) > 0 && d.r.IntN(20) > 0 {
			e := line[d.r.IntN(len(line))]
			hash := d.s.Events.ContentHashes(nil, e.Block)[e.Index]
			part.Times, part.Hashes = append(part.Times, e.Time), append(part.Hashes, hash)
			h := whatIs(e)
			if e.Event != event && h.v >= 0 {
				continue // other properties, other content
			}
			if h.event = event; d.leave(id, h) {
				found++
			}
			continue
		}
		part.Times, part.Hashes = append(part.Times, d.r.Int64N(1<<60)-10), append(part.Hashes, d.r.Uint64())
	}
	return part, found
}

// whatIs returns an event of a shard as the model has it.
func whatIs(e tile.Ref) happening {
	h := happening{event: e.Event, ms: e.Time, v: -1}
	if ids := e.Block.IDs(); ids != nil {
		h.id = ids[e.Index]
	}
	for _, p := range []schema.PropID{16, 18} {
		if c := e.Block.Prop(p); c != nil && !c.Null(e.Index) {
			h.v = c.Int(e.Index)
		}
	}
	return h
}

// leave takes the first of an event's likes out of the model.
func (d *diary) leave(id string, h happening) bool {
	i := slices.Index(d.model[id], h)
	if i >= 0 {
		d.moved[id] = true
		d.model[id] = slices.Delete(slices.Clone(d.model[id]), i, i+1)
	}
	return i >= 0
}

// check compares the timelines and lifetime columns of a view with a model: of those who were changed, and of
// some others.
func (d *diary) check(v *View, model map[string][]happening) {
	d.t.Helper()
	left := 60 // looking at all of many takes long
	for id := range d.moved {
		if events, ok := model[id]; ok && left > 0 {
			left--
			d.checkContact(v, id, events)
		}
	}
	for id, events := range model {
		if left--; left < -20 {
			return
		}
		d.checkContact(v, id, events)
	}
}

func (d *diary) checkContact(v *View, id string, events []happening) {
	d.t.Helper()
	row, ok := v.Lookup([]byte(id))
	if !ok {
		d.fatalf("%s is not there", id)
	}
	want := slices.Clone(events)
	slices.SortStableFunc(want, func(a, b happening) int { return cmp.Or(cmp.Compare(a.ms, b.ms), cmp.Compare(a.event, b.event)) })
	var got []happening
	for _, e := range v.Events.Timeline(nil, row) {
		got = append(got, whatIs(e))
	}
	if !slices.Equal(got, want) {
		d.fatalf("%s has\n%v, want\n%v", id, got, want)
	}
	for _, event := range []schema.EventID{1, 2} {
		d.checkLife(v, row, event, want)
	}
}

func (d *diary) checkLife(v *View, row uint32, event schema.EventID, events []happening) {
	d.t.Helper()
	count, last := uint32(0), int64(0)
	for _, e := range events {
		if e.event == event {
			count, last = count+1, e.ms
		}
	}
	t := v.Tile(event, int(row>>16))
	if t == nil {
		if count > 0 {
			d.fatalf("row %d has no tile, want %d events", row, count)
		}
		return
	}
	at, ok := t.Life().Last(uint16(row))
	if n := t.Life().Count(uint16(row)); n != count || ok != (count > 0) || ok && at != last {
		d.fatalf("row %d, event %d: count %d and last %d, want %d and %d", row, event, n, at, count, last)
	}
	if t.Life().MaxTime() < last || t.Life().MaxCount() < count {
		d.fatalf("row %d: bounds below %d and %d", row, last, count)
	}
}

func (d *diary) apply(parts ...change.Part) change.Result {
	d.t.Helper()
	b := change.Encode(nil, &change.Change{Parts: parts})
	ch, err := change.Decode(b)
	if err != nil {
		d.fatalf("%v", err)
	}
	p, err := d.s.Prepare(ch)
	if err != nil {
		d.fatalf("%v", err)
	}
	return p.Commit()
}

// The steps of a diary.
const (
	trackSome = iota
	trackMore
	forgetSome
	forgetAndTrack // what a change brings it may take away again
	forgetTwice    // the last event of a contact, and the one before it, by two parts of one change
	keepHouse
	steps
)

// step does one thing, beside a pin or not: lifetime columns are changed in place only if nobody pins them.
func (d *diary) step(kind, rows int, pinned bool) {
	d.t.Helper()
	clear(d.moved)
	if pinned {
		pin, then := d.s.Pin(), maps.Clone(d.model)
		defer func() {
			d.check(pin.View(), then)
			pin.Release()
		}()
	}
	event := schema.EventID(1 + d.r.IntN(2))
	switch kind {
	case trackSome, trackMore:
		d.apply(d.track(event, rows))
	case forgetSome:
		part, found := d.forget(event, min(rows/2, 60)+1)
		if r := d.apply(part); int(r.Removed) != found || int(r.Missing) != part.Rows()-found {
			d.fatalf("%d events are removed and %d missing, want %d of %d", r.Removed, r.Missing, found, part.Rows())
		}
	case forgetAndTrack:
		part, _ := d.forget(event, min(rows/2, 60)+1)
		d.apply(part, d.track(event, rows), d.track(3-event, 3))
	case forgetTwice:
		if a, b := d.lastTwo(event); a != nil {
			d.apply(a, b)
		}
	case keepHouse:
		d.apply(&change.Maintain{Stamp: d.clock})
		d.s = d.thereAndBack()
	}
	d.check(&d.s.View, d.model)
	d.clock += d.r.Int64N(2 * 86_400_000)
}

// lastTwo makes parts that remove the last two events of a type from contacts that have three of them.
func (d *diary) lastTwo(event schema.EventID) (a, b *change.DeleteEvents) {
	parts := []*change.DeleteEvents{{Event: event}, {Event: event}}
	for range 60 {
		id := d.id()
		row, ok := d.s.Lookup([]byte(id))
		line := slices.DeleteFunc(d.s.Events.Timeline(nil, row), func(e tile.Ref) bool { return e.Event != event })
		if n := len(line); !ok || d.moved[id] || n < 3 {
			continue
		}
		for i, part := range parts {
			e := line[len(line)-1-i]
			part.IDs.AppendString(id)
			part.Times, part.Hashes = append(part.Times, e.Time), append(part.Hashes, d.s.Events.ContentHashes(nil, e.Block)[e.Index])
			d.leave(id, whatIs(e))
		}
	}
	if parts[0].Rows() == 0 {
		return nil, nil
	}
	return parts[0], parts[1]
}

// thereAndBack sometimes reads the shard back from its image.
func (d *diary) thereAndBack() *Shard {
	if d.r.IntN(2) == 0 {
		return d.s
	}
	return restored(d.t, d.s)
}

// TestDeleteEvents holds removals to a model: late and equal events, ids that may come again, lifetimes
// with few rows and with many, pins and images in between.
func TestDeleteEvents(t *testing.T) {
	seed := rand.Uint64()
	for i := range uint64(12) {
		d := newDiary(t, seed+i, 40)
		for range 40 {
			d.step(d.r.IntN(steps), 60, d.r.IntN(2) == 0)
		}
	}
	d := newDiary(t, seed, 25_000)
	d.apply(d.track(1, 80_000), d.track(2, 60_000))
	for i, kind := range []int{forgetSome, forgetTwice, forgetAndTrack, keepHouse, forgetTwice, forgetSome, forgetTwice} {
		d.step(kind, 2000, i < 3)
	}
}

// TestDeleteEventsOnceMore: what a removal does besides, one thing at a time.
func TestDeleteEventsOnceMore(t *testing.T) {
	s := New(slab.New(), eventSchema())
	track := func(ms int64, id uint64) uint64 {
		return mustApply(t, s, &change.Track{Event: 2, IDs: idsOf("a"), Times: []int64{ms}, EventIDs: []uint64{id}}).Events
	}
	remove := func(event schema.EventID, ms int64, hash uint64) change.Result {
		return mustApply(t, s, &change.DeleteEvents{Event: event, IDs: idsOf("a", "nobody"), Times: []int64{ms, ms}, Hashes: []uint64{hash, hash}})
	}
	for i := range int64(100) { // enough for an index of ids
		track(1_700_000_000_000+i*1000, uint64(1+i))
	}
	b := s.Tile(2, 0).Blocks()[0]
	hash := s.Events.ContentHashes(nil, b)[99]
	last := b.Time(99)
	if track(last+5, 100) != 0 {
		t.Error("an id is taken twice")
	}
	if r := remove(2, last, hash); r.Removed != 1 || r.Missing != 1 {
		t.Errorf("%+v", r)
	}
	if r := remove(2, last, hash); r.Removed != 0 || r.Missing != 2 {
		t.Errorf("again: %+v", r)
	}
	if at, _ := s.Tile(2, 0).Life().Last(0); at != last-1000 {
		t.Errorf("last is %d, want %d", at, last-1000)
	}
	if track(last+5, 100) != 1 {
		t.Error("the id of an event that was removed does not come in again")
	}
	to := s.Schema().Clone()
	to.Version++
	to.Events = to.Events[:1]
	mustApply(t, s, &change.Schema{To: to})
	if r := remove(2, last, hash); r.Missing != 2 {
		t.Errorf("of a dropped type: %+v", r)
	}
	if _, err := s.Prepare(&change.Change{Parts: []change.Part{&change.DeleteEvents{Event: 9}}}); err == nil {
		t.Error("a type that never was is accepted")
	}
}

// TestMembers: unknown ids do nothing, the first instant of adding stays, a contact that comes again is no
// member, and a segment that is dropped takes its column along.
func TestMembers(t *testing.T) {
	s := New(slab.New(), testSchema())
	attr := testSchema().Segments[0].Attr
	add := func(ms int64, ids ...string) change.Result {
		u := &change.Upsert{Existing: true, IDs: idsOf(ids...)}
		c := change.Column{ID: uint32(attr), Type: schema.MemberType}
		for range ids {
			c.Ops, c.Ints = append(c.Ops, change.OpFill), append(c.Ints, ms)
		}
		u.Cols = []change.Column{c}
		return mustApply(t, s, u)
	}
	since := func(id string) int64 {
		row, ok := s.Lookup([]byte(id))
		if c := s.Column(attr, 0); ok && c != nil && !c.Null(int(row)) {
			return c.Int(int(row))
		}
		return -1
	}
	mustApply(t, s, &change.Upsert{Stamp: 5, IDs: idsOf("a", "b", "c")})
	if r := add(1000, "a", "x", "b", "a"); r.Missing != 1 || r.Updated != 3 || r.Created != 0 || s.LiveCount() != 3 {
		t.Errorf("%+v", r)
	}
	add(2000, "a", "c")
	if since("a") != 1000 || since("b") != 1000 || since("c") != 2000 {
		t.Errorf("members since %d %d %d", since("a"), since("b"), since("c"))
	}
	hash := StateHash(&s.View)
	s = restored(t, s)
	if StateHash(&s.View) != hash || since("a") != 1000 {
		t.Error("the image lost members")
	}
	mustApply(t, s, &change.Delete{IDs: idsOf("a")}, &change.Upsert{Stamp: 7, IDs: idsOf("a")})
	if since("a") != -1 || StateHash(&s.View) == hash {
		t.Error("a contact that came again is a member")
	}
	if r := mustApply(t, s, &change.Delete{IDs: idsOf("b")}, &change.Upsert{Existing: true, IDs: idsOf("b")}); r.Missing != 1 {
		t.Errorf("deleted in the same change: %+v", r)
	}
	to := s.Schema().Clone()
	to.Version++
	to.Segments = nil
	mustApply(t, s, &change.Schema{To: to})
	if s.Column(attr, 0) != nil {
		t.Error("the column of a dropped segment is still there")
	}
	if r := add(3000, "c"); r.Updated != 1 || s.Column(attr, 0) != nil {
		t.Errorf("a member of a segment that was dropped: %+v", r)
	}
	to = to.Clone()
	to.Version++
	to.Segments = []schema.Segment{{ID: 9, Attr: attrOf(schema.KindText).ID}}
	to.Attrs = nil
	if _, err := s.Prepare(&change.Change{Parts: []change.Part{&change.Schema{To: to}}}); err == nil {
		t.Error("an attribute became a segment")
	}
}

// TestExistingRejected: a row that is rejected is told by its number in the part, not among those found.
func TestExistingRejected(t *testing.T) {
	s := New(slab.New(), testSchema())
	mustApply(t, s, &change.Upsert{IDs: idsOf("a"), Cols: []change.Column{intColumn(1 << 62)}})
	c := intColumn(1, 1<<62)
	c.Ops = []change.Op{change.OpAdd, change.OpAdd}
	r := mustApply(t, s, &change.Upsert{Existing: true, IDs: idsOf("x", "a"), Cols: []change.Column{c}})
	if len(r.Rejected) != 1 || r.Rejected[0].Row != 1 || r.Missing != 1 || r.Updated != 0 {
		t.Errorf("%+v", r)
	}
}
