package storage

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// testSchema has one attribute of every kind, ids from FirstAttrID on in the order of kinds, a static
// segment, and two event types, the second with an ID.
func testSchema() *schema.Schema {
	s := schema.New(1, "test", schema.BaseOptions{TimeZone: "UTC", Spread: 1})
	for k := schema.KindBool; k < schema.KindDuration; k++ {
		t := schema.Type{Kind: k}
		if k == schema.KindDecimal {
			t.Scale = 2
		}
		s.Attrs = append(s.Attrs, schema.Attribute{ID: s.NextAttr, Name: "a_" + k.String(), Type: t})
		s.NextAttr++
	}
	s.Segments = []schema.Segment{{ID: 3, Attr: s.NextAttr}}
	s.NextAttr++
	s.Events = []schema.EventType{
		{ID: 1, Name: "open", Props: []schema.Property{{ID: schema.FirstPropID, Name: "n", Type: schema.Type{Kind: schema.KindInt}}}},
		{ID: 2, Name: "purchase", HasID: true},
	}
	s.NextEvent, s.NextProp = 3, schema.FirstPropID+1
	return s
}

// contact is the model of one: values by attribute, null left out, and the numbers of its events.
type contact struct {
	created int64
	values  map[schema.AttrID]schema.Value
	events  []int64
}

type world struct {
	t     *testing.T
	r     *rand.Rand
	seed  uint64
	s     *Shard
	model map[string]*contact
	ids   int // ids are drawn from so many
	clock int64
}

func newWorld(t *testing.T, seed uint64, ids int) *world {
	return &world{t: t, r: rand.New(rand.NewPCG(seed, 1)), seed: seed, s: New(slab.New(), testSchema()),
		model: map[string]*contact{}, ids: ids, clock: 1_700_000_000_000}
}

func (w *world) fatalf(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("seed %d: %s", w.seed, fmt.Sprintf(format, args...))
}

func (w *world) id() string {
	n := w.r.IntN(w.ids)
	if n%7 == 3 && w.ids < 5000 {
		return fmt.Sprintf("u-%d", n)
	}
	return fmt.Sprint(10_000_000_000 + 3*n)
}

func (w *world) apply(parts ...change.Part) change.Result {
	w.t.Helper()
	ch := &change.Change{Parts: parts}
	if err := change.Validate(ch); err != nil {
		w.fatalf("invalid change: %v", err)
	}
	p, err := w.s.Prepare(ch)
	if err != nil {
		w.fatalf("Prepare: %v", err)
	}
	return p.Commit()
}

// value draws a value of a type, rarely an extreme one.
func (w *world) value(t schema.Type) schema.Value {
	v := schema.Value{Kind: t.Kind, Scale: t.Scale}
	switch t.Kind {
	case schema.KindBool:
		v.I = w.r.Int64N(2)
	case schema.KindFloat:
		v.F = float64(w.r.IntN(1000)) / 4
	case schema.KindText:
		v.S = fmt.Sprint("text", w.r.IntN(200))
	case schema.KindSet:
		for range w.r.IntN(4) {
			v.Set = append(v.Set, fmt.Sprint("tag", w.r.IntN(30)))
		}
		slices.Sort(v.Set)
		v.Set = slices.Compact(v.Set)
	default:
		v.I = w.r.Int64N(1000) - 100
		if w.r.IntN(50) == 0 {
			v.I = []int64{math.MaxInt64, math.MinInt64, 1 << 33, 70_000}[w.r.IntN(4)]
		}
	}
	return v
}

func appendValue(c *change.Column, v schema.Value) {
	switch c.Type.Kind {
	case schema.KindFloat:
		c.Floats = append(c.Floats, v.F)
	case schema.KindText:
		c.Texts.AppendString(v.S)
	case schema.KindSet:
		for _, e := range v.Set {
			c.Texts.AppendString(e)
		}
		c.SetOff = append(c.SetOff, uint32(c.Texts.Len()))
	default:
		c.Ints = append(c.Ints, v.I)
	}
}

// upsert makes a random part and does the same to the model.
func (w *world) upsert(rows int, sums bool) *change.Upsert {
	u := &change.Upsert{Stamp: w.clock, Existing: w.r.IntN(4) == 0}
	for range rows {
		u.IDs.AppendString(w.id())
	}
	attrs := storedAttrs(w.s.Schema())
	w.r.Shuffle(len(attrs), func(i, j int) { attrs[i], attrs[j] = attrs[j], attrs[i] })
	attrs = attrs[:1+w.r.IntN(len(attrs))]
	if w.r.IntN(4) == 0 {
		attrs = append(attrs, schema.Attribute{ID: schema.AttrCreatedAt, Name: "created_at", Type: schema.Type{Kind: schema.KindTimestamp}})
	}
	cells := make([][]schema.Value, len(attrs))
	for k, a := range attrs {
		col := change.Column{ID: uint32(a.ID), Type: a.Type}
		if a.Type.Kind == schema.KindSet {
			col.SetOff = []uint32{0}
		}
		if sums || w.r.IntN(2) == 0 {
			col.Ops = make([]change.Op, rows)
		}
		for i := range rows {
			v := w.value(a.Type)
			if col.Ops != nil {
				col.Ops[i] = w.op(a.Type, sums && a.ID != schema.AttrCreatedAt)
			}
			appendValue(&col, v)
			cells[k] = append(cells[k], v)
		}
		u.Cols = append(u.Cols, col)
	}
	for i := range rows {
		w.modelRow(u, i, attrs, cells)
	}
	return u
}

func (w *world) op(t schema.Type, sums bool) change.Op {
	ops := []change.Op{change.OpSkip, change.OpSet, change.OpSet, change.OpNull, change.OpFill}
	if sums && t.Numeric() {
		ops = append(ops, change.OpAdd, change.OpAdd)
	}
	if t.Kind == schema.KindSet {
		ops = append(ops, change.OpRemove)
		if sums {
			ops = append(ops, change.OpAdd)
		}
	}
	return ops[w.r.IntN(len(ops))]
}

func (w *world) modelRow(u *change.Upsert, i int, attrs []schema.Attribute, cells [][]schema.Value) {
	id := string(u.IDs.At(i))
	old := w.model[id]
	isNew := old == nil
	if isNew && u.Existing {
		return
	}
	if isNew {
		old = &contact{created: u.Stamp, values: map[schema.AttrID]schema.Value{}}
		w.model[id] = old
	}
	next := maps.Clone(old.values)
	for k, a := range attrs {
		v, had := next[a.ID]
		x := cells[k][i]
		switch u.Cols[k].Op(i) {
		case change.OpSet:
			if a.ID == schema.AttrCreatedAt {
				old.created = x.I
				continue
			}
			next[a.ID] = x
		case change.OpFill:
			switch {
			case a.ID == schema.AttrCreatedAt && isNew:
				old.created = x.I
			case a.ID != schema.AttrCreatedAt && !had:
				next[a.ID] = x
			}
		case change.OpNull:
			delete(next, a.ID)
		case change.OpAdd:
			switch {
			case a.Type.Kind == schema.KindSet:
				x.Set = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(v.Set), x.Set...))))
				next[a.ID] = x
			case !had: // counts as 0
				next[a.ID] = x
			case a.Type.Kind == schema.KindFloat:
				x.F += v.F
				next[a.ID] = x
			default:
				if (v.I > 0 && x.I > math.MaxInt64-v.I) || (v.I < 0 && x.I < math.MinInt64-v.I) {
					return // rejected whole
				}
				x.I += v.I
				next[a.ID] = x
			}
		case change.OpRemove:
			if had {
				v.Set = slices.DeleteFunc(slices.Clone(v.Set), func(e string) bool { return slices.Contains(x.Set, e) })
				next[a.ID] = v
			}
		}
	}
	old.values = next
}

func (w *world) deleteSome(n int) *change.Delete {
	d := &change.Delete{}
	for range n {
		id := w.id()
		d.IDs.AppendString(id)
		delete(w.model, id)
	}
	return d
}

func (w *world) track(n int) *change.Track {
	tr := &change.Track{Stamp: w.clock, Event: 1, Props: []change.Column{{ID: uint32(schema.FirstPropID), Type: schema.Type{Kind: schema.KindInt}}}}
	for range n {
		id := w.id()
		c := w.model[id]
		if c == nil {
			c = &contact{created: w.clock, values: map[schema.AttrID]schema.Value{}}
			w.model[id] = c
		}
		v := w.r.Int64N(1_000_000)
		c.events = append(c.events, v)
		tr.IDs.AppendString(id)
		tr.Times = append(tr.Times, w.clock-w.r.Int64N(1e10))
		tr.Props[0].Ints = append(tr.Props[0].Ints, v)
	}
	return tr
}

// check compares a view with a model: all contacts, values, events, and what dead rows show.
func (w *world) check(v *View, model map[string]*contact) {
	w.t.Helper()
	if v.LiveCount() != len(model) {
		w.fatalf("%d contacts, want %d", v.LiveCount(), len(model))
	}
	live := 0
	events := map[uint32][]int64{}
	for c := range v.Chunks() {
		n := v.ChunkLen(c)
		if len(v.Live(c)) != (n+63)/64 {
			w.fatalf("chunk %d: %d words for %d rows", c, len(v.Live(c)), n)
		}
		for _, a := range append(storedAttrs(v.Schema()), schema.Attribute{ID: schema.AttrCreatedAt}) {
			if col := v.Column(a.ID, c); col != nil && col.Len() != n {
				w.fatalf("chunk %d: attribute %d has %d of %d rows", c, a.ID, col.Len(), n)
			}
		}
		for i := range n {
			row := uint32(c<<16 | i)
			if !v.Alive(row) {
				w.checkDead(v, row)
				continue
			}
			live++
			m := model[string(v.ID(row))]
			if m == nil {
				w.fatalf("row %d holds %q, which the model has not", row, v.ID(row))
			}
			w.checkContact(v, row, m)
		}
		if t := v.Tile(1, c); t != nil {
			for _, b := range t.Blocks() {
				for e, r := range b.Rows() {
					p := b.Prop(schema.FirstPropID)
					events[uint32(c<<16)|uint32(r)] = append(events[uint32(c<<16)|uint32(r)], p.Int(e))
				}
			}
		}
	}
	if live != len(model) {
		w.fatalf("%d rows alive, want %d", live, len(model))
	}
	for id, m := range model {
		row, ok := v.Lookup([]byte(id))
		if !ok {
			w.fatalf("%q is not found", id)
		}
		got := events[row]
		want := slices.Clone(m.events)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			w.fatalf("%q in row %d has events %v, want %v", id, row, got, want)
		}
	}
}

func (w *world) checkDead(v *View, row uint32) {
	w.t.Helper()
	if v.ID(row) != nil {
		w.fatalf("dead row %d still has the id %q", row, v.ID(row))
	}
	for _, a := range storedAttrs(v.Schema()) {
		if col := v.Column(a.ID, int(row>>16)); col != nil && !col.Null(int(row&0xffff)) {
			w.fatalf("dead row %d still has a value of attribute %d", row, a.ID)
		}
	}
}

func (w *world) checkContact(v *View, row uint32, m *contact) {
	w.t.Helper()
	c, i := int(row>>16), int(row&0xffff)
	if got := v.Column(schema.AttrCreatedAt, c).Int(i); got != m.created {
		w.fatalf("row %d: created_at %d, want %d", row, got, m.created)
	}
	for _, a := range storedAttrs(v.Schema()) {
		got := valueAt(v.Column(a.ID, c), i, a.Type)
		want := m.values[a.ID]
		if !sameValue(got, want) {
			w.fatalf("%q row %d attribute %s: %+v, want %+v", v.ID(row), row, a.Name, got, want)
		}
	}
}

func valueAt(c *column.Chunk, i int, t schema.Type) schema.Value {
	if c == nil || c.Null(i) {
		return schema.Value{}
	}
	v := schema.Value{Kind: t.Kind, Scale: t.Scale}
	switch t.Kind {
	case schema.KindFloat:
		v.F = c.Float(i)
	case schema.KindText:
		v.S = string(c.Text(i))
	case schema.KindSet:
		for _, code := range c.AppendSet(nil, i) {
			v.Set = append(v.Set, c.Dict().Text(code))
		}
		slices.Sort(v.Set)
	default:
		v.I = c.Int(i)
	}
	return v
}

func sameValue(a, b schema.Value) bool {
	return a.Kind == b.Kind && a.I == b.I && a.F == b.F && a.S == b.S && slices.Equal(a.Set, b.Set)
}

func cloneModel(m map[string]*contact) map[string]*contact {
	out := make(map[string]*contact, len(m))
	for id, c := range m {
		d := *c
		d.values, d.events = maps.Clone(c.values), slices.Clone(c.events)
		out[id] = &d
	}
	return out
}

// TestModel applies random changes and compares the shard, its pins and restored images with a map.
func TestModel(t *testing.T) {
	for _, ids := range []int{1, 20, 1200} {
		t.Run(fmt.Sprint(ids), func(t *testing.T) {
			w := newWorld(t, rand.Uint64(), ids)
			for range 30 {
				w.step()
			}
		})
	}
}

// step applies a few random parts, with a pin around them now and then.
func (w *world) step() {
	var pin *Pin
	var then map[string]*contact
	if w.r.IntN(3) == 0 {
		pin, then = w.s.Pin(), cloneModel(w.model)
	}
	var parts []change.Part
	n := 1 + w.r.IntN(w.ids)
	for range 1 + w.r.IntN(3) {
		switch w.r.IntN(8) {
		case 0, 1, 2:
			parts = append(parts, w.upsert(n, false))
		case 3:
			parts = append(parts, w.upsert(n, true))
		case 4, 5:
			parts = append(parts, w.track(n))
		case 6:
			parts = append(parts, w.deleteSome(n/2+1))
		case 7:
			parts = append(parts, &change.Maintain{Stamp: w.clock})
		}
	}
	w.clock += 1 + w.r.Int64N(10_000_000)
	w.apply(parts...)
	if w.r.IntN(4) == 0 {
		w.apply(&change.Forget{})
	}
	w.check(&w.s.View, w.model)
	if pin != nil {
		w.check(pin.View(), then)
		pin.Release()
	}
	if w.r.IntN(6) == 0 {
		w.restore()
	}
}

// restore replaces the shard by one read from its image.
func (w *world) restore() {
	var first, second bytes.Buffer
	if err := WriteImage(&w.s.View, &first); err != nil {
		w.fatalf("WriteImage: %v", err)
	}
	s, err := ReadImage(w.s.arena.Allocator(), bytes.NewReader(first.Bytes()))
	if err != nil {
		w.fatalf("ReadImage: %v", err)
	}
	if err := WriteImage(&s.View, &second); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
		w.fatalf("an image of an image differs (%v)", err)
	}
	if a, b := StateHash(&w.s.View), StateHash(&s.View); a != b {
		w.fatalf("StateHash %x after restore, was %x", b, a)
	}
	w.s.Free()
	w.s = s
	w.check(&w.s.View, w.model)
}
