package eval

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/engine/gather"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// TestGatherPieces holds rows copied in pieces of random size, each into a batch of its own that may be
// small, against those of Select, in their order.
func TestGatherPieces(t *testing.T) {
	rng := seedOf(t)
	_, s := newModelOf(t, rng, 900, "A")
	p := planner{rng}
	for i := range 60 {
		q := p.selectOver([]schema.EventID{0, 0, eBuy}[i%3])
		q.Order, q.Limit, q.Visible = nil, -1, len(q.Items)
		prog, err := Compile(q, s.Schema(), &s.View)
		if err != nil {
			t.Fatal(err)
		}
		var want collect
		if err := prog.Select(context.Background(), want.take); err != nil {
			t.Fatal(err)
		}
		if got := inPieces(t, rng, prog, q); !slices.Equal(got, want.rows) {
			t.Fatalf("%d rows in pieces, %d at once, or others, where %s", len(got), len(want.rows), show(q.Where))
		}
	}
}

func inPieces(t *testing.T, rng *rand.Rand, p *Program, q *plan.Query) []string {
	t.Helper()
	var got collect
	b := gather.New(AnswerSchema(q), 1+rng.IntN(300), 100+rng.IntN(20_000))
	for chunk := range p.Chunks() {
		k, err := p.Pick(context.Background(), chunk)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < k.Len(); {
			to := at + 1 + rng.IntN(k.Len()-at)
			next, err := p.Gather(context.Background(), k, at, to, b)
			if err != nil || next <= at || next > to {
				t.Fatalf("rows %d to %d: next is %d (%v)", at, to, next, err)
			}
			rec := b.View()
			if int(rec.NumRows()) != next-at {
				t.Fatalf("%d rows, want %d", rec.NumRows(), next-at)
			}
			if err := got.take(rec); err != nil {
				t.Fatal(err)
			}
			b.Reset()
			at = next
		}
	}
	return got.rows
}

// TestBitCursor skips and takes at the edges of words.
func TestBitCursor(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 65, 200} {
		words := make([]uint64, (n+63)/64)
		var all []uint32
		for i := range n {
			if i%3 != 1 {
				words[i>>6] |= 1 << (i & 63)
				all = append(all, uint32(i))
			}
		}
		for skip := range len(all) + 2 {
			for _, most := range []int{0, 1, 64, 1000} {
				c := cursorOf(words, skip)
				from := min(skip, len(all))
				want := all[from:min(from+most, len(all))]
				if got := c.take(nil, most); !slices.Equal(got, want) {
					t.Fatalf("of %d bits, %d after %d are %v, want %v", n, most, skip, got, want)
				}
			}
		}
	}
}

// TestSelectOwnsItsRows changes the shard after the rows were handed out.
func TestSelectOwnsItsRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	m, s := newModelOf(t, rng, 300, "A")
	q := &plan.Query{Clock: testClock, Limit: -1}
	for i := range attrTypes {
		q.Items = append(q.Items, plan.Item{Name: string(rune('a' + i)), X: attr(aBool + schema.AttrID(i))})
	}
	q.Visible = len(q.Items)
	p, err := Compile(q, s.Schema(), &s.View)
	if err != nil {
		t.Fatal(err)
	}
	var before, after collect
	var kept []arrow.Record
	err = p.Select(context.Background(), func(rec arrow.Record) error {
		rec.Retain()
		kept = append(kept, rec)
		return before.take(rec)
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		m.upsert(t, rng, s, 300)
	}
	for _, rec := range kept {
		if err := after.take(rec); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(before.rows, after.rows) {
		t.Fatal("rows that were handed out have changed with the shard")
	}
}
