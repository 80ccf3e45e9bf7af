package eval

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage"
	"github.com/musterdb/muster/storage/kernel"
)

// seedOf returns a new seed, or that of MUSTER_SEED, and prints it.
func seedOf(t testing.TB) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	if s := os.Getenv("MUSTER_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("MUSTER_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 7))
}

func countOf(x plan.Expr) *plan.Query {
	return &plan.Query{Clock: testClock, Zone: "Europe/Warsaw", Where: x, Count: true, Limit: -1}
}

// evaluate returns the ids for which a program's bits are set, and holds its count against them.
func evaluate(t testing.TB, v *storage.View, x plan.Expr) map[string]bool {
	t.Helper()
	p, err := Compile(countOf(x), v.Schema(), v)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	w := p.Worker()
	for chunk := range v.Chunks() {
		words := make([]uint64, kernel.Words(v.ChunkLen(chunk)))
		if err := w.Bits(context.Background(), chunk, words); err != nil {
			t.Fatal(err)
		}
		for i := range rowsOf(words) {
			out[string(v.ID(rowNumber(chunk, i)))] = true
		}
	}
	n, err := p.Count(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if int(n) != len(out) {
		t.Fatalf("Count is %d, Bits has %d rows", n, len(out))
	}
	return out
}

func compareAnswers(t testing.TB, m *model, v *storage.View, x plan.Expr) {
	t.Helper()
	want, got := m.answer(t, x), evaluate(t, v, x)
	for id := range want {
		if !got[id] {
			t.Fatalf("%s is missing (%d of %d) from %s\n%+v", id, len(got), len(want), show(x), m.byID[id])
		}
	}
	for id := range got {
		if !want[id] {
			t.Fatalf("%s is too much (%d for %d) in %s\n%+v", id, len(got), len(want), show(x), m.byID[id])
		}
	}
}

// show prints a plan for a failed test.
func show(x any) string {
	switch x := x.(type) {
	case *plan.And:
		return "AND" + showAll(x.Terms)
	case *plan.Or:
		return "OR" + showAll(x.Terms)
	case *plan.Not:
		return "NOT(" + show(x.X) + ")"
	case *plan.IsTrue:
		return "TRUE(" + show(x.X) + ")"
	case *plan.Cmp:
		return fmt.Sprintf("(%s op%d %s)", show(x.X), x.Op, show(x.Y))
	case *plan.Attr:
		return fmt.Sprintf("a%d:%s", x.ID, x.T.Type)
	case *plan.Const:
		return fmt.Sprintf("%+v", x.Value)
	case *plan.In:
		return fmt.Sprintf("(%s IN %+v null=%v)", show(x.X), x.Values, x.HasNull)
	case *plan.IsNull:
		return fmt.Sprintf("(%s IS NULL)", show(x.X))
	case *plan.IsDistinct:
		return fmt.Sprintf("(%s DISTINCT %s)", show(x.X), show(x.Y))
	case *plan.Did:
		return fmt.Sprintf("DID(%s %v min=%d max=%d days=%v)", show(x.Sel), x.Window, x.Min, x.Max, x.Days)
	case *plan.Nth:
		return fmt.Sprintf("NTH(%s %v %d)", show(x.Sel), x.Window, x.N)
	case *plan.Agg:
		return fmt.Sprintf("AGG%d(%s . %s %v)", x.Fn, show(x.Sel), show(x.Prop), x.Window)
	case *plan.Selector:
		if x.Filter == nil {
			return fmt.Sprint(x.Events)
		}
		return fmt.Sprintf("%v[%s]", x.Events, show(x.Filter))
	case *plan.Prop:
		if x == nil {
			return "-"
		}
		return "." + x.Name
	}
	return fmt.Sprintf("%+v", x)
}

func showAll(xs []plan.Expr) string {
	s := "("
	for _, x := range xs {
		s += show(x) + " , "
	}
	return s + ")"
}

// TestRandomPlans holds random plans over random data against the model at sizes round words and chunks.
func TestRandomPlans(t *testing.T) {
	sizes := []struct{ rows, plans int }{
		{0, 20}, {1, 60}, {63, 80}, {64, 80}, {65, 80}, {1023, 250}, {1024, 250}, {1025, 250},
	}
	if !testing.Short() {
		sizes = append(sizes, struct{ rows, plans int }{65537, 3})
	}
	if os.Getenv("MUSTER_LONG") != "" {
		sizes = append(sizes, []struct{ rows, plans int }{{1024, 5000}, {65535, 20}, {65536, 20}, {65537, 20}}...)
	}
	for _, size := range sizes {
		t.Run(strconv.Itoa(size.rows), func(t *testing.T) {
			rng := seedOf(t)
			m, s := newModel(t, rng, size.rows)
			p := planner{rng}
			for range size.plans {
				compareAnswers(t, m, &s.View, p.condition(3, p.contactLeaf))
			}
		})
	}
}
