package tile

import (
	"fmt"
	"testing"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// TestDedupeWindow holds the edge of the window on both sides, with the first event in the store (alone
// and among so many that blocks have indexes), in the same change and in the same batch.
func TestDedupeWindow(t *testing.T) {
	const at, h18 = int64(1_700_000_000_000), int64(18 * 3600 * 1000)
	for _, c := range []struct {
		off int64
		dup int
	}{{0, 1}, {1, 1}, {h18, 1}, {-h18, 1}, {h18 + 1, 0}, {-h18 - 1, 0}, {40 * h18, 0}} {
		for _, others := range []int{0, 40, 3000} {
			for how := range 3 {
				t.Run(fmt.Sprintf("%dms/%d/%d", c.off, others, how), func(t *testing.T) {
					w := newWorld(t, 1)
					e := &w.sc.Events[1]
					fill := &Batch{Event: e.ID}
					for i := range others {
						fill.Rows, fill.IDs = append(fill.Rows, uint32(i)), append(fill.IDs, uint64(i+10))
						fill.Times = append(fill.Times, at+int64(i%200-100)*2_000_000)
					}
					w.do(func(tx *Tx) { w.append(tx, e, fill) })
					one := &Batch{Event: e.ID, Rows: []uint32{7}, Times: []int64{at}, IDs: []uint64{5}}
					two := &Batch{Event: e.ID, Rows: []uint32{7}, Times: []int64{at + c.off}, IDs: []uint64{5}}
					if got := appendTwo(t, w.s, one, two, how); got != c.dup {
						t.Fatalf("%d duplicates, want %d", got, c.dup)
					}
					other := &Batch{Event: e.ID, Rows: []uint32{8, 7, 7}, Times: []int64{at, at, at}, IDs: []uint64{5, 6, 0}}
					tx := w.s.Begin()
					if got, err := tx.Append(other); err != nil || got != 0 {
						t.Fatalf("another contact's, another id, none: %d duplicates, %v", got, err)
					}
					tx.Abort()
				})
			}
		}
	}
}

// appendTwo appends batches in changes of their own, in one change or as one batch.
func appendTwo(t *testing.T, s *Store, one, two *Batch, how int) (dups int) {
	t.Helper()
	parts := []*Batch{one, two}
	if how == 2 {
		parts = []*Batch{{Event: one.Event, Rows: append(one.Rows, two.Rows...), Times: append(one.Times, two.Times...), IDs: append(one.IDs, two.IDs...)}}
	}
	tx := s.Begin()
	for _, b := range parts {
		n, err := tx.Append(b)
		if err != nil {
			t.Fatal(err)
		}
		dups += n
		if how == 0 {
			tx.Commit()
			tx = s.Begin()
		}
	}
	tx.Commit()
	return dups
}

// TestRefused shows what Append and SetSchema say to changes that do not fit.
func TestRefused(t *testing.T) {
	w := newWorld(t, 1)
	e := &w.sc.Events[0]
	good := w.batch(e, 5, 10, w.times())
	for name, spoil := range map[string]func(b *Batch){
		"times missing": func(b *Batch) { b.Times = b.Times[:4] },
		"before 1970":   func(b *Batch) { b.Times = append([]int64{-1}, b.Times[1:]...) },
		"after 2106":    func(b *Batch) { b.Times = append([]int64{MaxTime}, b.Times[1:]...) },
		"no such type":  func(b *Batch) { b.Event = 77 },
		"no such row":   func(b *Batch) { b.Rows = append([]uint32{schema.MaxRowsPerShard}, b.Rows[1:]...) },
		"column short": func(b *Batch) {
			b.Props = []change.Column{{ID: 18, Type: schema.Type{Kind: schema.KindInt}, Ints: []int64{1}}}
		},
		"no such property": func(b *Batch) { b.Props = []change.Column{{ID: 999}} },
		"wrong type":       func(b *Batch) { b.Props = []change.Column{{ID: 18, Type: schema.Type{Kind: schema.KindText}}} },
	} {
		b := *good
		spoil(&b)
		tx := w.s.Begin()
		if _, err := tx.Append(&b); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			t.Log(name+":", err)
		}
		tx.Abort()
	}
	sc := w.sc.Clone()
	sc.Events[0].Props[0].Type = schema.Type{Kind: schema.KindKey}
	tx := w.s.Begin()
	if err := tx.SetSchema(sc); err == nil {
		t.Error("a property changed its type")
	}
	tx.Abort()
}

// TestTimeline asks for a contact's events in the total order, with ties between types and within.
func TestTimeline(t *testing.T) {
	w := newWorld(t, 1)
	const at = int64(1_700_000_000_000)
	w.do(func(tx *Tx) {
		for _, i := range []int{2, 0} {
			w.append(tx, &w.sc.Events[i], &Batch{Event: w.sc.Events[i].ID, Rows: []uint32{70_000, 3, 70_000, 70_000}, Times: []int64{at + 5, at, at, at},
				IDs: []uint64{1, 2, 3, 4}})
		}
	})
	var got string
	for _, r := range w.s.Timeline(nil, 70_000) {
		got += fmt.Sprintf("%d@%d#%d ", r.Event, r.Time-at, r.Block.IDs()[r.Index])
	}
	if want := "1@0#3 1@0#4 5@0#3 5@0#4 1@5#1 5@5#1 "; got != want {
		t.Fatalf("timeline %q, want %q", got, want)
	}
}
