package tile

import (
	"testing"
	"time"
)

// TestLifeDense drives lifetime columns from listed to dense, through all widths of counts and from whole
// seconds to milliseconds, beside pins, sweeps and retention.
func TestLifeDense(t *testing.T) {
	w := newWorld(t, testSeed(t))
	e := &w.sc.Events[0]
	const at = int64(1_700_000_000_000)
	events := func(rows, each int, ms func(i int) int64) {
		b := &Batch{Event: e.ID}
		for r := range rows {
			for range each {
				b.Rows, b.Times = append(b.Rows, uint32(r*3)), append(b.Times, ms(r))
			}
		}
		w.do(func(tx *Tx) { w.append(tx, e, b) })
	}
	check := func(dense bool) {
		t.Helper()
		check(t, &w.s.View, w.sc, w.freeze())
		if l := w.s.Tile(e.ID, 0).Life(); (l.Rows() == nil) != dense {
			t.Fatalf("%d rows: dense is %v", l.Len(), l.Rows() == nil)
		}
	}
	events(denseAt-1, 1, func(r int) int64 { return at + int64(r)*1000 })
	check(false)
	events(denseAt, 1, func(r int) int64 { return at - int64(r)*1000 })
	check(true)
	epoch := w.arena.Pin()
	pinned, want := w.s.Pin(), w.freeze()
	events(1, 250, func(int) int64 { return at })
	check(true)
	for _, n := range []int{3, 1, 1, 70, 65_000, 300} { // 252, 255, 256, … 65,535 is passed
		events(1, n, func(int) int64 { return at + 1000 })
		check(true)
	}
	events(5, 1, func(r int) int64 { return at + int64(1_000_001+r) })
	check(true)
	checkPinned(t, w, pinned, want)
	w.arena.Release(epoch)

	w.do(func(tx *Tx) { tx.Sweep(0, []uint64{1 << 3}, Cursor{}, 1<<30) })
	w.events[e.ID] = filter(w.events[e.ID], func(ev event) bool { return ev.row != 3 })
	check(true)
	w.sc = w.sc.Clone()
	e = &w.sc.Events[0]
	e.Keep = 24 * time.Hour
	w.do(func(tx *Tx) { w.setSchema(tx) })
	for _, cut := range []int64{at - 3_000_000, at - 1000, at, at + 999, at + 1000, at + 1_000_003} {
		w.do(func(tx *Tx) { tx.Maintain(cut+day, 1<<30) })
		w.events[e.ID] = filter(w.events[e.ID], func(ev event) bool { return ev.ms > cut })
		check(true)
	}
	w.do(func(tx *Tx) { tx.Maintain(at+10*day*365, 1<<30) })
	if w.s.Tile(e.ID, 0) != nil || w.s.Events(e.ID) != 0 {
		t.Fatal("events are left after the last was retained")
	}
}

func checkPinned(t *testing.T, w *world, v *View, want frozen) {
	t.Helper()
	check(t, v, w.sc, want)
}

func filter(evs []event, keep func(event) bool) []event {
	out := evs[:0:0]
	for _, ev := range evs {
		if keep(ev) {
			out = append(out, ev)
		}
	}
	return out
}
