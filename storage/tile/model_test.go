package tile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// event is one event of the model; props holds printed values by property, "" being null.
type event struct {
	row   uint32
	ms    int64
	id    uint64
	props map[schema.PropID]string
}

// world is a store beside a model of plain slices in order of arrival.
type world struct {
	t      testing.TB
	rng    *rand.Rand
	alloc  *slab.Allocator
	arena  *slab.Arena
	s      *Store
	sc     *schema.Schema
	events map[schema.EventID][]event
}

const day = int64(24 * time.Hour / time.Millisecond)

func newWorld(t testing.TB, seed uint64) *world {
	alloc := slab.New()
	arena := slab.NewArena(alloc)
	w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 1)), alloc: alloc, arena: arena, s: New(arena), events: map[schema.EventID][]event{}}
	w.sc = schema.New(1, "b", schema.BaseOptions{})
	for i := range 3 {
		e := schema.EventType{ID: schema.EventID(1 + 2*i), HasID: i == 1}
		for k := schema.KindBool; k < schema.KindDuration; k++ {
			p := schema.Property{ID: schema.FirstPropID + schema.PropID(k), Type: schema.Type{Kind: k}}
			if k == schema.KindDecimal {
				p.Type.Scale = 2
			}
			e.Props = append(e.Props, p)
		}
		w.sc.Events = append(w.sc.Events, e)
	}
	w.do(func(tx *Tx) { w.setSchema(tx) })
	return w
}

func (w *world) do(f func(*Tx)) {
	tx := w.s.Begin()
	f(tx)
	tx.Commit()
}

func (w *world) setSchema(tx *Tx) {
	w.t.Helper()
	if err := tx.SetSchema(w.sc); err != nil {
		w.t.Fatal(err)
	}
}

// batch makes n random events: rows below rows, times drawn by ms, ids from few values.
func (w *world) batch(e *schema.EventType, n int, rows uint32, ms func() int64) *Batch {
	b := &Batch{Event: e.ID}
	ids := w.rng.IntN(2) == 0
	for range n {
		b.Rows = append(b.Rows, w.rng.Uint32N(rows))
		b.Times = append(b.Times, ms())
		if ids {
			b.IDs = append(b.IDs, w.rng.Uint64N(6)*(1<<60+7))
		}
	}
	for _, p := range e.Props {
		if w.rng.IntN(3) > 0 {
			b.Props = append(b.Props, w.column(p, n))
		}
	}
	return b
}

func (w *world) column(p schema.Property, n int) change.Column {
	c := change.Column{ID: uint32(p.ID), Type: p.Type}
	if w.rng.IntN(2) == 0 {
		for range n {
			c.Ops = append(c.Ops, []change.Op{change.OpSet, change.OpSet, change.OpNull, change.OpSkip}[w.rng.IntN(4)])
		}
	}
	span := int64(1) << w.rng.IntN(62)
	off := int64(w.rng.Uint64())
	if w.rng.IntN(2) == 0 {
		off = 0
	}
	if p.Type.Kind == schema.KindSet {
		c.SetOff = []uint32{0}
	}
	dict := w.rng.IntN(2) == 0 && (p.Type.Kind == schema.KindText || p.Type.Kind == schema.KindSet)
	for i := range 300 {
		if dict && (p.Type.Kind == schema.KindText || p.Type.Kind == schema.KindSet) {
			c.Texts.AppendString(fmt.Sprintf("text %d", i))
		}
	}
	if dict {
		c.Codes = []uint32{}
	}
	text := func() {
		if k := w.rng.Uint32N(300); dict {
			c.Codes = append(c.Codes, k)
		} else {
			c.Texts.AppendString(fmt.Sprintf("text %d", k))
		}
	}
	for range n {
		switch p.Type.Kind {
		case schema.KindFloat:
			c.Floats = append(c.Floats, []float64{w.rng.NormFloat64(), 0, -1e300, 3}[w.rng.IntN(4)])
		case schema.KindText:
			text()
		case schema.KindSet:
			for range w.rng.IntN(4) {
				text()
			}
			c.SetOff = append(c.SetOff, uint32(max(len(c.Codes), c.Texts.Len())))
			if dict {
				c.SetOff[len(c.SetOff)-1] = uint32(len(c.Codes))
			}
		case schema.KindBool:
			c.Ints = append(c.Ints, w.rng.Int64N(2))
		default:
			c.Ints = append(c.Ints, off+w.rng.Int64N(span))
		}
	}
	return c
}

func printed(c *change.Column, i int) string {
	if c.Op(i) != change.OpSet {
		return ""
	}
	switch c.Type.Kind {
	case schema.KindFloat:
		return fmt.Sprint(c.Floats[i])
	case schema.KindText:
		return "=" + string(c.Text(i))
	case schema.KindSet:
		var s []string
		for j := range c.SetLen(i) {
			s = append(s, string(c.SetElem(i, j)))
		}
		sort.Strings(s)
		return fmt.Sprintf("%q", slices.Compact(s))
	}
	return fmt.Sprint(c.Ints[i])
}

func shown(c *column.Chunk, i int) string {
	if c == nil || c.Null(i) {
		return ""
	}
	switch c.Type().Kind {
	case schema.KindFloat:
		return fmt.Sprint(c.Float(i))
	case schema.KindText:
		return "=" + string(c.Text(i))
	case schema.KindSet:
		var s []string
		for _, k := range c.AppendSet(nil, i) {
			s = append(s, c.Dict().Text(k))
		}
		sort.Strings(s)
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprint(c.Int(i))
}

// append gives a batch to the model and to tx, and compares the duplicates.
func (w *world) append(tx *Tx, e *schema.EventType, b *Batch) {
	w.t.Helper()
	dups := 0
	for i := range b.Rows {
		ev := event{row: b.Rows[i], ms: b.Times[i], props: map[schema.PropID]string{}}
		if b.IDs != nil {
			ev.id = b.IDs[i]
		}
		if e.HasID && ev.id != 0 && slices.ContainsFunc(w.events[e.ID], func(o event) bool {
			return o.row == ev.row && o.id == ev.id && max(o.ms-ev.ms, ev.ms-o.ms) <= schema.DedupeWindow.Milliseconds()
		}) {
			dups++
			continue
		}
		for j := range b.Props {
			ev.props[schema.PropID(b.Props[j].ID)] = printed(&b.Props[j], i)
		}
		w.events[e.ID] = append(w.events[e.ID], ev)
	}
	got, err := tx.Append(b)
	if err != nil {
		w.t.Fatal(err)
	}
	if got != dups {
		w.t.Fatalf("event type %d: %d duplicates, want %d", e.ID, got, dups)
	}
}

// frozen is what a view must hold.
type frozen map[schema.EventID][]event

func (w *world) freeze() frozen {
	f := frozen{}
	for id, evs := range w.events {
		f[id] = slices.Clone(evs)
	}
	return f
}

// check compares a view with a model, block by block and row by row.
func check(t testing.TB, v *View, sc *schema.Schema, want frozen) {
	t.Helper()
	for i := range sc.Events {
		e := &sc.Events[i]
		byChunk := map[int][]event{}
		for _, ev := range want[e.ID] {
			byChunk[int(ev.row>>16)] = append(byChunk[int(ev.row>>16)], ev)
		}
		for c := range max(v.Chunks(e.ID), 4) {
			evs := byChunk[c]
			slices.SortStableFunc(evs, func(a, b event) int { return int(a.ms - b.ms) })
			checkTile(t, fmt.Sprintf("event %d chunk %d", e.ID, c), v.Tile(e.ID, c), e, evs)
		}
	}
}

func checkTile(t testing.TB, where string, tile *Tile, e *schema.EventType, want []event) {
	t.Helper()
	if tile.Len() != len(want) {
		t.Fatalf("%s: %d events, want %d", where, tile.Len(), len(want))
	}
	if tile == nil {
		return
	}
	var last int64
	n := 0
	for i, b := range tile.Blocks() {
		if b.Len() == 0 || b.Start() < last || b.End() <= b.MaxTime() || b.Start() > b.MinTime() || tile.starts[i] != b.h.span || b.h.has(flagPending|flagOwnMem) {
			t.Fatalf("%s: block %d is wrong: %+v", where, i, b.h)
		}
		last = b.End()
		checkBlock(t, fmt.Sprintf("%s block %d", where, i), b, e, want[n:min(n+b.Len(), len(want))])
		n += b.Len()
	}
	checkLife(t, where, tile.Life(), want)
}

func checkBlock(t testing.TB, where string, b Block, e *schema.EventType, want []event) {
	t.Helper()
	if b.Len() != len(want) {
		t.Fatalf("%s: %d events, want %d", where, b.Len(), len(want))
	}
	order := make([]int, b.Len())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return int(b.Time(x) - b.Time(y)) })
	if b.MinTime() != want[0].ms || b.MaxTime() != want[len(want)-1].ms {
		t.Fatalf("%s: bounds %d %d, want %d %d", where, b.MinTime(), b.MaxTime(), want[0].ms, want[len(want)-1].ms)
	}
	cols := make([]*column.Chunk, len(e.Props))
	for i, p := range e.Props {
		cols[i] = b.Prop(p.ID)
		checkZone(t, fmt.Sprintf("%s property %d", where, p.ID), cols[i])
	}
	for j, i := range order {
		ev := want[j]
		var id uint64
		if b.IDs() != nil {
			id = b.IDs()[i]
		}
		if uint32(b.Rows()[i]) != ev.row&0xffff || b.Time(i) != ev.ms || id != ev.id {
			t.Fatalf("%s event %d: row %d time %d id %d, want %d %d %d", where, i, b.Rows()[i], b.Time(i), id, ev.row&0xffff, ev.ms, ev.id)
		}
		for k, p := range e.Props {
			if got := shown(cols[k], i); got != ev.props[p.ID] {
				t.Fatalf("%s event %d property %d (%v): %q, want %q", where, i, p.ID, p.Type, got, ev.props[p.ID])
			}
		}
	}
}

func checkZone(t testing.TB, where string, c *column.Chunk) {
	t.Helper()
	if c == nil {
		return
	}
	nulls := 0
	lo, hi, zone := c.MinMax()
	for i := range c.Len() {
		if c.Null(i) {
			nulls++
		} else if zone && (c.Int(i) < lo || c.Int(i) > hi) {
			t.Fatalf("%s: value %d beyond its bounds %d … %d", where, c.Int(i), lo, hi)
		}
	}
	if nulls != c.NullCount() {
		t.Fatalf("%s: %d nulls, want %d", where, c.NullCount(), nulls)
	}
	if v := c.Valid(); v != nil && c.Len()&63 != 0 && v[len(v)-1]>>(c.Len()&63) != 0 {
		t.Fatalf("%s: valid bits beyond the length", where)
	}
}

func checkLife(t testing.TB, where string, l *Life, want []event) {
	t.Helper()
	last, count := map[uint16]int64{}, map[uint16]uint32{}
	for _, ev := range want {
		last[uint16(ev.row)] = ev.ms
		count[uint16(ev.row)]++
	}
	if l.Len() != len(count) {
		t.Fatalf("%s: %d rows live, want %d", where, l.Len(), len(count))
	}
	for row := range count {
		ms, ok := l.Last(row)
		if l.Count(row) != count[row] || ok != (count[row] > 0) || ms != last[row] || count[row] > l.MaxCount() || ms > l.MaxTime() {
			t.Fatalf("%s: row %d has last %d %v count %d, want %d %d (bounds %d, %d)", where, row, ms, ok, l.Count(row), last[row], count[row], l.MaxTime(), l.MaxCount())
		}
	}
}
