package group

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

func decimalOf(scale uint8) plan.Type {
	return plan.Type{Type: schema.Type{Kind: schema.KindDecimal, Scale: scale}}
}

func ratio(t *testing.T, n, d int64) scalar.Value {
	t.Helper()
	x, err := exact.Ratio(exact.Int(n), exact.Int(d), 0)
	if err != nil {
		t.Fatal(err)
	}
	return scalar.Number(x)
}

// TestKeys: values that = calls equal have one key, others have not, and keys are read back.
func TestKeys(t *testing.T) {
	quotient := plan.Type{Type: schema.Type{Kind: schema.KindDecimal, Scale: 6}, Quotient: true}
	float := plan.Of(schema.KindFloat)
	number := func(n int64, scale uint8) scalar.Value { return scalar.Number(exact.Decimal(exact.Int(n), scale)) }
	wide := scalar.Number(exact.Decimal(exact.Int128{Hi: 5, Lo: 7}, 2))
	for _, c := range []struct {
		name string
		typ  plan.Type
		x, y scalar.Value
		same bool
	}{
		{"1.0 and 1.00", decimalOf(2), number(10, 1), number(100, 2), true},
		{"1.01 and 1.0", decimalOf(2), number(101, 2), number(10, 1), false},
		{"-0.0 and 0.0", float, scalar.Number(exact.FromFloat(math.Copysign(0, -1))), scalar.Number(exact.FromFloat(0)), true},
		{"2/6 and 1/3", quotient, ratio(t, 2, 6), ratio(t, 1, 3), true},
		{"1/2 and 0.5", quotient, ratio(t, 1, 2), number(5, 1), true},
		{"1/3 and 0.333333", quotient, ratio(t, 1, 3), number(333333, 6), false},
		{"wide and wide", decimalOf(2), wide, wide, true},
		{"null and empty", plan.Of(schema.KindText), scalar.Value{}, scalar.Text(""), false},
		{"sets", plan.Of(schema.KindSet), scalar.NewSet([]string{"ab", "c"}), scalar.NewSet([]string{"a", "bc"}), false},
		{"bools", plan.Of(schema.KindBool), scalar.Bool(scalar.False), scalar.Bool(scalar.True), false},
	} {
		a, b := AppendValue(nil, c.x, c.typ), AppendValue(nil, c.y, c.typ)
		if (string(a) == string(b)) != c.same {
			t.Errorf("%s: keys %x and %x", c.name, a, b)
		}
		back, rest, err := readValue(a, c.typ)
		if err != nil || len(rest) > 0 || back.Null() != c.x.Null() || !back.Null() && scalar.Compare(back, c.x) != 0 {
			t.Errorf("%s: read back as %v (%v)", c.name, back, err)
		}
	}
}

// TestFind: keys are numbered once, also when the table grows under them.
func TestFind(t *testing.T) {
	var k keys
	for round := range 2 {
		for i := range 10_000 {
			n, fresh := k.find([]byte(strconv.Itoa(i)))
			if int(n) != i || fresh != (round == 0) {
				t.Fatalf("key %d is %d, new: %v", i, n, fresh)
			}
		}
	}
}

// everyTotal is a query with each kind of state.
func everyTotal() *plan.Query {
	n, d, f, s := plan.Of(schema.KindInt), decimalOf(2), plan.Of(schema.KindFloat), plan.Of(schema.KindText)
	attr := func(t plan.Type) plan.Expr { return &plan.Attr{ID: schema.FirstAttrID, T: t} }
	return &plan.Query{Grouped: true, Group: []plan.Expr{attr(s)}, Totals: []plan.Total{
		{Fn: plan.TotalRows, T: n}, {Fn: plan.TotalCount, X: attr(d), T: n}, {Fn: plan.TotalSum, X: attr(d), T: d},
		{Fn: plan.TotalAvg, X: attr(f), T: f}, {Fn: plan.TotalMin, X: attr(d), T: d}, {Fn: plan.TotalMax, X: attr(s), T: s},
		{Fn: plan.TotalDistinct, X: attr(s), T: n},
	}}
}

func fill(t testing.TB, table *Table, rng *rand.Rand, rows, groups int) {
	t.Helper()
	for range rows {
		slot, err := table.Slot(AppendText(nil, strconv.Itoa(rng.IntN(groups))))
		if err != nil {
			t.Fatal(err)
		}
		table.Rows(0, slot, 1)
		cents := scalar.Number(exact.Decimal(exact.Int(rng.Int64N(1000)-500), 2))
		float := scalar.Number(exact.FromFloat(rng.NormFloat64()))
		text := scalar.Text(strconv.Itoa(rng.IntN(9000)))
		for i, v := range []scalar.Value{cents, cents, float, cents, text, text} {
			if err := table.Add(i+1, slot, v); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func rowsOf(t testing.TB, table *Table) map[string]string {
	t.Helper()
	out := map[string]string{}
	r := Row{Values: make([]scalar.Value, 1), Totals: make([]scalar.Value, len(table.tallies))}
	for slot := range table.Len() {
		if err := table.Row(slot, &r); err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, v := range r.Totals {
			text += string(v.Append(nil)) + "|"
		}
		out[r.Values[0].S] = text
	}
	return out
}

// TestMerge: a table sent and merged, in pieces and twice as many rows, is the table that added all rows; a
// list of values longer than a piece travels in several rows.
func TestMerge(t *testing.T) {
	q := everyTotal()
	const budget = 64 << 20
	all, merged := New(q, budget), New(q, budget)
	for part := range 3 {
		fill(t, all, rand.New(rand.NewPCG(1, uint64(part))), 30_000, 3)
		one := New(q, budget)
		fill(t, one, rand.New(rand.NewPCG(1, uint64(part))), 30_000, 3)
		rows := int64(0)
		err := one.Send(func(r arrow.Record) error {
			rows += r.NumRows()
			return merged.Merge(r)
		})
		if err != nil || rows <= 3 {
			t.Fatalf("%d rows, want more than the 3 groups (%v)", rows, err)
		}
	}
	want, got := rowsOf(t, all), rowsOf(t, merged)
	for k, v := range want {
		if got[k] != v {
			t.Errorf("group %s is %s, want %s", k, got[k], v)
		}
	}
}

// FuzzMerge: records of states from elsewhere are merged or refused.
func FuzzMerge(f *testing.F) {
	q := everyTotal()
	table := New(q, 1<<20)
	fill(f, table, rand.New(rand.NewPCG(1, 1)), 4, 2)
	_ = table.Send(func(r arrow.Record) error {
		f.Add(r.Column(0).(*array.Binary).Value(0), r.Column(3).(*array.Binary).Value(0), r.Column(4).(*array.Binary).Value(0),
			r.Column(5).(*array.Binary).Value(0), r.Column(6).(*array.Binary).Value(0))
		return nil
	})
	f.Fuzz(func(t *testing.T, key, sum, float, least, most []byte) {
		b := array.NewRecordBuilder(memory.DefaultAllocator, Schema(q))
		defer b.Release()
		for i, state := range [][]byte{key, nil, nil, sum, float, least, most, nil} {
			switch b := b.Field(i).(type) {
			case *array.BinaryBuilder:
				b.Append(state)
			case *array.Uint64Builder:
				b.Append(1)
			default:
				b.AppendNull()
			}
		}
		rec := b.NewRecord()
		defer rec.Release()
		table := New(q, 1<<20)
		first, second := table.Merge(rec), table.Merge(rec)
		if first == nil && second == nil && table.Len() != 1 {
			t.Fatal("one key has made more groups than one")
		}
		r := Row{Values: make([]scalar.Value, 1), Totals: make([]scalar.Value, len(q.Totals))}
		for slot := range table.Len() {
			_ = table.Row(slot, &r)
		}
	})
}

// TestCodes holds the loops over codes against one row at a time.
func TestCodes(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for _, n := range []int{0, 1, 63, 64, 65, 1023, 1024, 1025, 65535, 65536, 65537} {
		small, large, values := make([]uint8, n), make([]uint16, n), make([]uint16, n)
		mask := make([]uint64, (n+63)/64)
		for i := range n {
			large[i] = uint16(rng.IntN(200))
			small[i], values[i] = uint8(large[i]), uint16(rng.Uint32())
			if rng.IntN(3) > 0 || i < 128 {
				mask[i>>6] |= 1 << (i & 63)
			}
		}
		for _, mask := range [][]uint64{nil, mask} {
			checkCodes(t, small, values, mask)
			checkCodes(t, large, values, mask)
		}
	}
}

func checkCodes[C Code](t *testing.T, codes []C, values []uint16, mask []uint64) {
	t.Helper()
	const base = -7
	var n, count, counted, extremes [256]uint64
	var sum, best, wantSum, wantBest [256]int64
	total, rows := int64(0), uint64(0)
	for i, c := range codes {
		if mask != nil && mask[i>>6]>>(i&63)&1 == 0 {
			continue
		}
		v := base + int64(values[i])
		if n[c] == 0 || v > wantBest[c] {
			wantBest[c] = v
		}
		n[c]++
		wantSum[c] += v
		total += v
		rows++
	}
	CountCodes(count[:], codes, mask)
	SumCodes(counted[:], sum[:], codes, values, base, mask)
	ExtremeCodes(extremes[:], best[:], 1, codes, values, base, mask)
	gotRows, gotTotal := Sum(values, base, mask)
	if count != n || counted != n || extremes != n || sum != wantSum || best != wantBest || gotRows != rows || gotTotal != total {
		t.Fatalf("%d rows of %T differ", len(codes), codes)
	}
}
