package group

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// TestNumbers holds sets against a map, while what numbers lie below grows, and takes them out in pieces.
func TestNumbers(t *testing.T) {
	for name, most := range map[string]func(i int) uint64{
		"words":   func(int) uint64 { return math.MaxUint64 },
		"few":     func(int) uint64 { return 300 },
		"growing": func(i int) uint64 { return uint64(i + 1) },
		"leaping": func(i int) uint64 { return uint64(1 + i/100*1_000_000) }, // bits become a table
	} {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 1))
			var s numbers
			want := map[uint64]bool{}
			for i := range 5000 {
				v := uint64(rng.Int64N(int64(min(most(i), math.MaxInt64))))
				if fresh, _ := s.add(v, most(i)); fresh == want[v] {
					t.Fatalf("number %d, %d, is new: %v", i, v, fresh)
				}
				if want[v] = true; s.n != len(want) {
					t.Fatalf("%d of %d", s.n, len(want))
				}
			}
			for s.n > 0 {
				before := s.n
				s.take(64, func(v uint64) {
					if !want[v] {
						t.Fatalf("%d was taken twice, or never added", v)
					}
					delete(want, v)
				})
				if before-s.n != min(64, before) {
					t.Fatalf("%d were taken", before-s.n)
				}
			}
			if len(want) > 0 {
				t.Fatalf("%d were not taken", len(want))
			}
		})
	}
}

// TestManyTexts: texts of several records and tables are counted once, whatever their numbers there.
func TestManyTexts(t *testing.T) {
	text := &plan.Attr{ID: schema.FirstAttrID, T: plan.Of(schema.KindText)}
	q := &plan.Query{Grouped: true, Group: []plan.Expr{text}, Totals: []plan.Total{{Fn: plan.TotalDistinct, X: text, T: plan.Of(schema.KindInt)}}}
	const groups, texts = 7, 250_000
	merged := New(q, 64<<20)
	for part := range 3 {
		one := New(q, 64<<20)
		for i := range texts {
			slot, err := one.Slot(AppendText(nil, strconv.Itoa(i%groups)))
			if err != nil {
				t.Fatal(err)
			}
			text := strconv.Itoa((i*(part+1) + 17*part) % texts) // each part in another order
			if err := one.AddText(0, slot, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		records := 0
		err := one.Send(func(r arrow.Record) error {
			records++
			return merged.Merge(r)
		})
		if err != nil || records < 2 {
			t.Fatalf("%d records, %v", records, err)
		}
	}
	r := Row{Values: make([]scalar.Value, 1), Totals: make([]scalar.Value, 1)}
	want := map[string]map[int]bool{}
	for part := range 3 {
		for i := range texts {
			g := strconv.Itoa(i % groups)
			if want[g] == nil {
				want[g] = map[int]bool{}
			}
			want[g][(i*(part+1)+17*part)%texts] = true
		}
	}
	for slot := range merged.Len() {
		if err := merged.Row(slot, &r); err != nil {
			t.Fatal(err)
		}
		if got := string(r.Totals[0].Append(nil)); got != strconv.Itoa(len(want[r.Values[0].S])) {
			t.Errorf("group %s has %s texts, want %d", r.Values[0].S, got, len(want[r.Values[0].S]))
		}
	}
}
