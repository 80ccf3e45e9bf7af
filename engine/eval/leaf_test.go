package eval

import (
	"context"
	"math"
	"testing"

	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// TestEveryLeaf holds each form of condition, plain and negated, over every attribute and property.
func TestEveryLeaf(t *testing.T) {
	rng := seedOf(t)
	p := planner{rng}
	for _, n := range []int{65, 1300} {
		m, s := newModel(t, rng, n)
		for id := schema.FirstAttrID; id <= aNever; id++ {
			for range 25 {
				x := p.column(attr(id))
				compareAnswers(t, m, &s.View, x)
				compareAnswers(t, m, &s.View, not(x))
			}
		}
		for _, name := range propNames {
			for range 15 {
				x := p.column(prop(name))
				for _, filter := range []plan.Expr{x, not(x)} {
					sel := &plan.Selector{Events: []schema.EventID{eBuy, eView}, Filter: filter}
					compareAnswers(t, m, &s.View, exists(sel, p.window()))
				}
			}
		}
	}
}

// TestVectorPaths lists conditions that must not fall back to rows: the random tests would pass if they
// all did.
func TestVectorPaths(t *testing.T) {
	_, s := newModel(t, seedOf(t), 10)
	c := &compiler{view: &s.View}
	c.env.Clock = testClock
	buy := &plan.Selector{Events: []schema.EventID{eBuy}}
	agg := func(fn plan.AggFn, name string, k schema.Kind) *plan.Agg {
		a := &plan.Agg{Fn: fn, Sel: buy, Window: within(30), T: plan.Of(k)}
		if name != "" {
			a.Prop = prop(name)
			a.T = a.Prop.T
		}
		return a
	}
	cmp := func(x plan.Expr, v schema.Value) plan.Expr { return &plan.Cmp{Op: plan.Lt, X: x, Y: konst(v)} }
	one := intValue(schema.KindInt, 1)
	for _, x := range []plan.Expr{
		cmp(attr(aSmall), one), cmp(attr(aDec), one), cmp(attr(aFloat), decValue(5)), cmp(attr(aText), textValue("b")),
		cmp(attr(aTime), intValue(schema.KindTimestamp, 5)), cmp(attr(aDate), intValue(schema.KindDate, 5)), attr(aBool),
		&plan.In{X: attr(aText), Values: []schema.Value{textValue("a")}}, &plan.In{X: attr(aDec), Values: []schema.Value{one}},
		&plan.IsNull{X: attr(aSet)}, &plan.IsDistinct{X: attr(aText), Y: konst(textValue("x"))},
		&plan.Match{Op: plan.Like, X: attr(aUnique), Pattern: "%x"}, &plan.SetHas{X: attr(aSet), Values: []string{"x"}},
		did(eBuy, within(3), 2, 5), &plan.Nth{Sel: buy, N: 2, Window: within(10)}, &plan.Nth{Sel: buy, Window: within(10)},
		cmp(agg(plan.AggCount, "", schema.KindInt), one), cmp(agg(plan.AggSum, "amount", 0), one),
		cmp(agg(plan.AggMin, "price", 0), one), cmp(agg(plan.AggMax, "cat", 0), textValue("x")),
		cmp(agg(plan.AggRecency, "", schema.KindDuration), intValue(schema.KindDuration, day)),
		cmp(agg(plan.AggFirst, "time", 0), intValue(schema.KindTimestamp, 5)),
		cmp(agg(plan.AggLast, "time", 0), intValue(schema.KindTimestamp, 5)),
		exists(&plan.Selector{Events: buy.Events, Filter: cmp(attr(aSmall), one)}, within(3)),
	} {
		for _, neg := range []bool{false, true} {
			n, err := c.condition(x, ofContact, neg)
			if err != nil || fallsBack(n) {
				t.Errorf("%s has no vector path (%v)", show(x), err)
			}
		}
	}
}

func fallsBack(n node) bool {
	switch n := n.(type) {
	case *scalarNode:
		return true
	case *andNode:
		return anyFallsBack(n.terms)
	case *orNode:
		return anyFallsBack(n.terms)
	case *gatherNode:
		return fallsBack(n.inner)
	case *didNode:
		return n.sel.filter != nil && fallsBack(n.sel.filter)
	}
	return false
}

func anyFallsBack(terms []node) bool {
	for _, t := range terms {
		if fallsBack(t) {
			return true
		}
	}
	return false
}

// TestCountersNeverWrap counts 255, 256, 65,535, 65,536 and 65,537 events of single contacts.
func TestCountersNeverWrap(t *testing.T) {
	for _, n := range []uint64{1, 255, 256, 257, 65535, 65536, 65537} {
		s := storage.New(slab.New(), testSchema())
		tr := &change.Track{Stamp: testClock, Event: eRare}
		for i := range int64(n) {
			tr.IDs.AppendString("many")
			tr.Times = append(tr.Times, testClock-i*60_001)
		}
		tr.IDs.AppendString("one")
		tr.Times = append(tr.Times, testClock)
		apply(t, s, tr)
		for _, c := range []struct{ least, most, want uint64 }{
			{n, n, 1}, {n + 1, math.MaxUint64, 0}, {2, math.MaxUint64, 1}, {0, n - 1, 1}, {n / 2, n, 1}, {0, 0, 0},
		} {
			if n == 1 {
				continue
			}
			got := evaluate(t, &s.View, did(eRare, within(3650), c.least, c.most))
			if uint64(len(got)) != c.want {
				t.Errorf("%d events: between %d and %d gives %d contacts, want %d", n, c.least, c.most, len(got), c.want)
			}
		}
		s.Free()
	}
}

// TestSumEscapes compares sums that pass 64 bits, which the vector path must leave to the exact one.
func TestSumEscapes(t *testing.T) {
	s := storage.New(slab.New(), testSchema())
	defer s.Free()
	tr := &change.Track{Stamp: testClock, Event: eView}
	qty := make([]schema.Value, 0, 6)
	for i, v := range []int64{math.MaxInt64, math.MaxInt64, math.MinInt64, math.MinInt64, 5, 6} {
		tr.IDs.AppendString([]string{"high", "high", "low", "low", "small", "small"}[i])
		tr.Times = append(tr.Times, testClock-int64(i))
		qty = append(qty, intValue(schema.KindInt, v))
	}
	tr.Props = []change.Column{newColumn(uint32(pViewQty), typ(schema.KindInt), qty)}
	apply(t, s, tr)
	sum := &plan.Agg{Fn: plan.AggSum, Sel: &plan.Selector{Events: []schema.EventID{eView}}, Prop: prop("qty"), Window: within(10), T: plan.Of(schema.KindInt)}
	for _, c := range []struct {
		op   plan.CmpOp
		v    int64
		want string
	}{{plan.Gt, math.MaxInt64, "high"}, {plan.Lt, math.MinInt64, "low"}, {plan.Eq, 11, "small"}} {
		got := evaluate(t, &s.View, &plan.Cmp{Op: c.op, X: sum, Y: konst(intValue(schema.KindInt, c.v))})
		if len(got) != 1 || !got[c.want] {
			t.Errorf("sum op%d %d gives %v, want %s", c.op, c.v, got, c.want)
		}
	}
}

// TestNoAllocations: once a worker has its scratch, a chunk costs no allocation.
func TestNoAllocations(t *testing.T) {
	rng := seedOf(t)
	_, s := newModel(t, rng, 3000)
	amount := &plan.Agg{Fn: plan.AggSum, Sel: &plan.Selector{Events: []schema.EventID{eBuy}}, Prop: prop("amount"), Window: within(90), T: prop("amount").T}
	filtered := &plan.Selector{Events: []schema.EventID{eBuy, eView}, Filter: &plan.And{Terms: []plan.Expr{
		&plan.Cmp{Op: plan.Eq, X: prop("cat"), Y: konst(textValue("shoes"))},
		&plan.Cmp{Op: plan.Gt, X: attr(aSmall), Y: konst(intValue(schema.KindInt, 30))},
	}}}
	for name, x := range map[string]plan.Expr{
		"attributes": &plan.And{Terms: []plan.Expr{
			&plan.Cmp{Op: plan.Gt, X: attr(aSmall), Y: konst(intValue(schema.KindInt, 30))}, attr(aBool),
			&plan.In{X: attr(aText), Values: []schema.Value{textValue("books"), textValue("toys")}},
			&plan.SetHas{X: attr(aSet), Values: []string{"books"}},
			&plan.Cmp{Op: plan.Gt, X: attr(aFloat), Y: konst(decValue(3))},
		}},
		"unique": &plan.Cmp{Op: plan.Eq, X: attr(aUnique), Y: konst(textValue("user1@example1.com"))},
		"did":    &plan.Or{Terms: []plan.Expr{did(eBuy, within(30), 2, 4), did(eView, within(10), 1, math.MaxUint64)}},
		"filter": &plan.Did{Sel: filtered, Window: within(60), Min: 2, Max: math.MaxUint64},
		"sum":    &plan.Cmp{Op: plan.Gt, X: amount, Y: konst(intValue(schema.KindInt, 20))},
	} {
		p, err := Compile(countOf(x), s.Schema(), &s.View)
		if err != nil {
			t.Fatal(err)
		}
		w := p.Worker()
		got := testing.AllocsPerRun(5, func() {
			if _, err := w.Count(context.Background(), 0); err != nil {
				t.Fatal(err)
			}
		})
		if got != 0 {
			t.Errorf("%s: %v allocations a chunk", name, got)
		}
	}
}

// TestIntSpanEdges holds the translation of constants against exact comparison at the edges.
func TestIntSpanEdges(t *testing.T) {
	for _, c := range []struct {
		op     plan.CmpOp
		v      schema.Value
		lo, hi int64
	}{
		{plan.Gt, schema.Value{Kind: schema.KindDecimal, Scale: 3, I: 1005}, 101, math.MaxInt64},
		{plan.Ge, schema.Value{Kind: schema.KindDecimal, Scale: 3, I: 1005}, 101, math.MaxInt64},
		{plan.Lt, schema.Value{Kind: schema.KindDecimal, Scale: 3, I: 1005}, math.MinInt64, 100},
		{plan.Le, schema.Value{Kind: schema.KindDecimal, Scale: 3, I: -1005}, math.MinInt64, -101},
		{plan.Eq, schema.Value{Kind: schema.KindDecimal, Scale: 3, I: 1010}, 101, 101},
		{plan.Le, schema.Value{Kind: schema.KindFloat, F: math.Inf(1)}, math.MinInt64, math.MaxInt64},
		{plan.Lt, schema.Value{Kind: schema.KindFloat, F: 1.1}, math.MinInt64, 110},
		{plan.Le, schema.Value{Kind: schema.KindInt, I: math.MaxInt64}, math.MinInt64, math.MaxInt64},
	} {
		s := intSpan(c.op, number(scalar.Of(c.v)), 2)
		if s.lo != c.lo || s.hi != c.hi {
			t.Errorf("op%d %+v gives %v, want %d..%d", c.op, c.v, s, c.lo, c.hi)
		}
	}
	if s := intSpan(plan.Eq, number(scalar.Of(schema.Value{Kind: schema.KindDecimal, Scale: 3, I: 1005})), 2); !s.empty() {
		t.Errorf("1.005 equals %v of DECIMAL(2)", s)
	}
}

// TestWideCodes tests lists of few and of many texts over a dictionary of more than 256.
func TestWideCodes(t *testing.T) {
	rng := seedOf(t)
	m, s := newModel(t, rng, 1500)
	for _, n := range []int{1, 2, fewCodes, fewCodes + 1, 400} {
		in := &plan.In{X: attr(aUnique)}
		for range n {
			in.Values = append(in.Values, textValue(m.contacts[rng.IntN(len(m.contacts))].attrs[aUnique].S))
		}
		compareAnswers(t, m, &s.View, in)
		compareAnswers(t, m, &s.View, not(in))
	}
}
