package eval

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage"
	"github.com/musterdb/muster/storage/schema"
)

// modelGroup is one group of the model: every value of every row.
type modelGroup struct {
	noRowAt
	values []scalar.Value
	of     [][]scalar.Value // by total: the values of its rows, nulls left out
	totals []scalar.Value
	cells  []scalar.Value
}

func (g *modelGroup) Group(i int) scalar.Value { return g.values[i] }
func (g *modelGroup) Total(i int) scalar.Value { return g.totals[i] }

// groupsOf returns the model's answer to a grouped statement.
func groupsOf(t testing.TB, q *plan.Query, models []*model) []string {
	t.Helper()
	var groups []*modelGroup
	for _, m := range models {
		for _, r := range m.rowsOf(t, q) {
			groups = addToGroup(t, q, groups, m, r)
		}
	}
	if len(q.Group) == 0 && groups == nil {
		groups = []*modelGroup{{of: make([][]scalar.Value, len(q.Totals))}}
	}
	var kept []*modelGroup
	for _, g := range groups {
		if g.finish(t, q, models[0].env) {
			kept = append(kept, g)
		}
	}
	slices.SortFunc(kept, func(a, b *modelGroup) int {
		at := func(g *modelGroup) func(int) scalar.Value { return func(i int) scalar.Value { return g.cells[i] } }
		if c := compareCellsBy(q.Order, at(a), at(b)); c != 0 {
			return c
		}
		return slices.CompareFunc(a.values, b.values, compareCells)
	})
	out := []string{}
	for i, g := range kept {
		if q.Limit < 0 || int64(i) < q.Limit {
			out = append(out, cellsText(g.cells[:q.Visible]))
		}
	}
	return out
}

// rowsOf returns the contacts or events that satisfy a statement's condition.
func (m *model) rowsOf(t testing.TB, q *plan.Query) []modelRow {
	t.Helper()
	where := q.Where
	if where == nil {
		where = konst(trueValue.Value)
	}
	cond, err := scalar.Compile(where, m.env)
	if err != nil {
		t.Fatal(err)
	}
	var out []modelRow
	add := func(r modelRow) {
		if truth, err := cond.Test(r); err == nil && truth == scalar.True {
			out = append(out, r)
		}
	}
	for _, c := range m.contacts {
		if q.From == 0 {
			add(modelRow{m: m, c: c})
			continue
		}
		for i := range c.events {
			if e := &c.events[i]; e.typ == q.From && e.time <= q.Clock && e.time >= q.KeepFrom {
				add(modelRow{m: m, c: c, e: e})
			}
		}
	}
	return out
}

func modelValue(t testing.TB, x plan.Expr, env scalar.Env, r scalar.Row) scalar.Value {
	t.Helper()
	e, err := scalar.Compile(x, env)
	if err != nil {
		t.Fatal(err)
	}
	v, err := e.Value(r)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func addToGroup(t testing.TB, q *plan.Query, groups []*modelGroup, m *model, r modelRow) []*modelGroup {
	values := make([]scalar.Value, len(q.Group))
	for i, x := range q.Group {
		values[i] = modelValue(t, x, m.env, r)
	}
	k := slices.IndexFunc(groups, func(g *modelGroup) bool {
		return slices.CompareFunc(g.values, values, compareCells) == 0
	})
	if k < 0 {
		k = len(groups)
		groups = append(groups, &modelGroup{values: values, of: make([][]scalar.Value, len(q.Totals))})
	}
	g := groups[k]
	for i, total := range q.Totals {
		v := trueValue
		if total.Fn != plan.TotalRows {
			v = modelValue(t, total.X, m.env, r)
		}
		if !v.Null() {
			g.of[i] = append(g.of[i], v)
		}
	}
	return groups
}

func (g *modelGroup) finish(t testing.TB, q *plan.Query, env scalar.Env) bool {
	for i := range q.Totals {
		g.totals = append(g.totals, totalOf(t, &q.Totals[i], g.of[i]))
	}
	if q.Having != nil {
		v := modelValue(t, q.Having, env, g)
		if v.Tri() != scalar.True {
			return false
		}
	}
	for _, it := range q.Items {
		v, err := cellOf(modelValue(t, it.X, env, g), it.X.Type())
		if err != nil {
			t.Fatal(err)
		}
		g.cells = append(g.cells, v)
	}
	return true
}

// totalOf computes a total the slow way, with math/big.
func totalOf(t testing.TB, total *plan.Total, values []scalar.Value) scalar.Value {
	switch total.Fn {
	case plan.TotalRows, plan.TotalCount:
		return scalar.Number(exact.FromInt(int64(len(values))))
	case plan.TotalDistinct:
		values = slices.Clone(values)
		slices.SortFunc(values, scalar.Compare)
		values = slices.CompactFunc(values, func(a, b scalar.Value) bool { return scalar.Compare(a, b) == 0 })
		return scalar.Number(exact.FromInt(int64(len(values))))
	}
	switch {
	case len(values) == 0:
		return scalar.Value{}
	case total.Fn == plan.TotalMin:
		return slices.MinFunc(values, scalar.Compare)
	case total.Fn == plan.TotalMax:
		return slices.MaxFunc(values, scalar.Compare)
	}
	return modelSum(t, total, values)
}

func modelSum(t testing.TB, total *plan.Total, values []scalar.Value) scalar.Value {
	sum := new(big.Rat)
	for _, v := range values {
		switch {
		case !v.IsNumber():
			sum.Add(sum, new(big.Rat).SetInt64(v.I))
		case v.Num.Float():
			sum.Add(sum, new(big.Rat).SetFloat64(v.Num.Float64()))
		default:
			n, d := v.Num.Fraction()
			sum.Add(sum, new(big.Rat).SetFrac(n.Big(), d.Big()))
		}
	}
	if total.Fn == plan.TotalAvg {
		sum.Quo(sum, new(big.Rat).SetInt64(int64(len(values))))
	}
	if total.T.Kind == schema.KindFloat {
		f, _ := sum.Float64()
		return scalar.Number(exact.FromFloat(f))
	}
	if total.T.Kind == schema.KindDuration {
		ms, err := exact.Parse(sum.FloatString(0))
		if err != nil {
			t.Fatal(err)
		}
		v, _ := ms.Unscaled(0)
		return scalar.Value{Value: intValue(schema.KindDuration, v)}
	}
	n, ok1 := exact.FromBig(sum.Num())
	d, ok2 := exact.FromBig(sum.Denom())
	if !ok1 || !ok2 {
		x, err := exact.Parse(sum.FloatString(18))
		if err != nil {
			t.Fatal(err)
		}
		return scalar.Number(x)
	}
	x, err := exact.Ratio(n, d, 0)
	if err != nil {
		t.Fatal(err)
	}
	return scalar.Number(x)
}

// groupedOver makes a random grouped statement.
func (p planner) groupedOver(from schema.EventID) *plan.Query {
	q := &plan.Query{Clock: testClock, Zone: "Europe/Warsaw", From: from, Limit: -1, Grouped: true}
	leaf := p.contactLeaf
	if from != 0 {
		leaf = p.eventLeaf
	}
	if p.rng.IntN(3) > 0 {
		q.Where = p.condition(2, leaf)
	}
	if from != 0 && p.rng.IntN(3) == 0 {
		q.Where = p.narrowed(q.Where)
	}
	if from != 0 && p.rng.IntN(3) == 0 {
		q.KeepFrom = randomTime(p.rng)
	}
	for range p.rng.IntN(3) {
		q.Group = append(q.Group, p.groupTerm(from))
	}
	for range p.rng.IntN(5) {
		q.Totals = append(q.Totals, p.total(from))
	}
	for i, x := range q.Group {
		q.Items = append(q.Items, plan.Item{Name: "g" + strconv.Itoa(i), X: &plan.GroupRef{Index: i, T: x.Type()}})
	}
	for i := range q.Totals {
		q.Items = append(q.Items, plan.Item{Name: "t" + strconv.Itoa(i), X: &plan.TotalRef{Index: i, T: q.Totals[i].T}})
	}
	if len(q.Items) == 0 {
		q.Items = append(q.Items, plan.Item{Name: "one", X: konst(intValue(schema.KindInt, 1))})
	}
	q.Visible = len(q.Items)
	if len(q.Totals) > 0 && p.rng.IntN(3) == 0 {
		i := p.rng.IntN(len(q.Totals))
		ref := &plan.TotalRef{Index: i, T: q.Totals[i].T}
		q.Having = &plan.Cmp{Op: p.op(), X: ref, Y: p.like(ref)}
	}
	for range p.rng.IntN(3) {
		q.Order = append(q.Order, plan.Order{Item: p.rng.IntN(len(q.Items)), Desc: p.rng.IntN(2) == 0})
	}
	if p.rng.IntN(3) == 0 {
		q.Limit = p.rng.Int64N(12)
	}
	return q
}

// groupTerm makes a term of GROUP BY: columns of every type, dates cut to units, and what has no fast path.
func (p planner) groupTerm(from schema.EventID) plan.Expr {
	var x plan.Expr = attr(aBool + schema.AttrID(p.rng.IntN(len(attrTypes))))
	if from != 0 && p.rng.IntN(3) > 0 {
		x = prop(propNames[p.rng.IntN(len(propNames))])
	}
	if k := x.Type().Kind; (k == schema.KindTimestamp || k == schema.KindDate) && p.rng.IntN(4) > 0 {
		return p.datePart(x)
	}
	switch p.rng.IntN(8) {
	case 0:
		return &plan.Case{
			Whens: []plan.When{{Cond: p.attrLeaf(0), Then: konst(textValue("yes"))}}, Else: konst(schema.Value{}), T: plan.Of(schema.KindText),
		}
	case 1:
		return &plan.Arith{
			Op: plan.Div, X: attr(aSmall), Y: konst(intValue(schema.KindInt, 10)),
			T: plan.Type{Type: schema.Type{Kind: schema.KindDecimal, Scale: 6}, Quotient: true},
		}
	case 2:
		return &plan.Agg{Fn: plan.AggCount, Sel: p.selector(0), Window: p.window(), T: plan.Of(schema.KindInt)}
	case 3:
		return &plan.IsTrue{X: p.attrLeaf(0)}
	}
	return x
}

func (p planner) datePart(x plan.Expr) plan.Expr {
	units := []string{"day", "week", "month", "quarter", "year"}
	if x.Type().Kind == schema.KindTimestamp {
		units = append(units, "hour", "minute")
	}
	if p.rng.IntN(2) == 0 {
		return &plan.Call{Fn: plan.FnDateTrunc, Args: []plan.Expr{konst(textValue(units[p.rng.IntN(len(units))])), x}, T: x.Type()}
	}
	parts := []plan.Fn{plan.FnWeekday, plan.FnDay, plan.FnMonth, plan.FnYear}
	if x.Type().Kind == schema.KindTimestamp {
		parts = append(parts, plan.FnHour)
	}
	return &plan.Call{Fn: parts[p.rng.IntN(len(parts))], Args: []plan.Expr{x}, T: plan.Of(schema.KindInt)}
}

func (p planner) total(from schema.EventID) plan.Total {
	t := plan.Total{Fn: plan.TotalFn(p.rng.IntN(7)), T: plan.Of(schema.KindInt)}
	if t.Fn == plan.TotalRows {
		return t
	}
	t.X = p.totalled(from, t.Fn)
	switch of := t.X.Type(); t.Fn {
	case plan.TotalSum, plan.TotalMin, plan.TotalMax:
		if t.T = of; t.Fn == plan.TotalSum && of.Kind == schema.KindInt {
			t.T.Kind = schema.KindDecimal // whose column holds 128 bits
		}
	case plan.TotalAvg:
		t.T = plan.Type{Type: schema.Type{Kind: schema.KindDecimal, Scale: of.Scale + 6}, Quotient: true}
		if of.Kind == schema.KindFloat || of.Kind == schema.KindDuration {
			t.T = of
		}
	}
	return t
}

func (p planner) totalled(from schema.EventID, fn plan.TotalFn) plan.Expr {
	for {
		x := p.anyOfRow(from)
		k := x.Type().Kind
		switch {
		case k == schema.KindFloat && fn == plan.TotalSum || k == schema.KindFloat && fn == plan.TotalAvg:
			if a, ok := x.(*plan.Attr); ok && a.ID == aFloat { // infinite ones are another test's
				continue
			}
			return x
		case fn == plan.TotalSum || fn == plan.TotalAvg:
			if !x.Type().Numeric() && k != schema.KindDuration {
				continue
			}
		case fn == plan.TotalMin || fn == plan.TotalMax:
			if k == schema.KindSet || k == schema.KindKey {
				continue
			}
		}
		return x
	}
}

// anyOfRow makes an expression of a contact or event.
func (p planner) anyOfRow(from schema.EventID) plan.Expr {
	switch n := p.rng.IntN(8); {
	case n == 0:
		a := p.agg(0)
		if a.Fn == plan.AggAvg {
			a.Fn = plan.AggSum
		}
		return a
	case n == 1:
		third := plan.Type{Type: schema.Type{Kind: schema.KindDecimal, Scale: 8}, Quotient: true}
		return &plan.Arith{Op: plan.Div, X: attr(aDec), Y: konst(intValue(schema.KindInt, 7)), T: third}
	case n == 2:
		return attr(schema.AttrIDOf)
	case n > 4 && from != 0:
		return prop(append(propNames, "time")[p.rng.IntN(len(propNames)+1)])
	}
	return attr(aBool + schema.AttrID(p.rng.IntN(len(attrTypes))))
}

// grouped asks every shard and merges the groups in a random order of arrival.
func grouped(t testing.TB, rng *rand.Rand, q *plan.Query, shards []*storage.Shard, budget int64) ([]string, error) {
	t.Helper()
	var out collect
	m := NewGroupMerger(q, len(shards), out.take)
	defer m.Close()
	for _, i := range rng.Perm(len(shards)) {
		v := &shards[i].View
		p, err := Compile(q, v.Schema(), v)
		if err != nil {
			t.Fatal(err)
		}
		p.SetBudget(budget)
		if err := p.Groups(context.Background(), func(rec arrow.Record) error { return m.Add(i, rec) }); err != nil {
			return nil, err
		}
		if err := m.Done(i); err != nil {
			return nil, err
		}
	}
	return out.rows, nil
}

// TestGroups holds random grouped statements over shards of awkward sizes, merged, against the model.
func TestGroups(t *testing.T) {
	for _, sizes := range [][]int{{0}, {1, 63, 64}, {65, 0, 300}, {1025}} {
		t.Run(fmt.Sprint(sizes), func(t *testing.T) {
			rng := seedOf(t)
			var models []*model
			var shards []*storage.Shard
			for k, n := range sizes {
				m, s := newModelOf(t, rng, n, string(rune('A'+k)))
				models, shards = append(models, m), append(shards, s)
			}
			p := planner{rng}
			for i := range 90 {
				q := p.groupedOver([]schema.EventID{0, eBuy, eView}[i%3])
				got, err := grouped(t, rng, q, shards, DefaultBudget)
				if err != nil {
					t.Fatalf("%v\n%s", err, q)
				}
				if want := groupsOf(t, q, models); !slices.Equal(got, want) {
					t.Fatalf("groups differ of\n%s\ngot  %d %.1000q\nwant %d %.1000q", q, len(got), got, len(want), want)
				}
			}
		})
	}
}

// TestGroupLimits: what a statement holds is bounded, and the message says what it was.
func TestGroupLimits(t *testing.T) {
	_, s := newModel(t, rand.New(rand.NewPCG(1, 1)), 3000)
	byID := &plan.Query{Clock: testClock, Grouped: true, Group: []plan.Expr{attr(schema.AttrIDOf)}, Limit: -1}
	distinct := &plan.Query{
		Clock: testClock, Grouped: true, Limit: -1,
		Totals: []plan.Total{{Fn: plan.TotalDistinct, X: attr(aUnique), T: plan.Of(schema.KindInt)}},
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for name, q := range map[string]*plan.Query{"too many groups": byID, "count(DISTINCT …) over too many values": distinct} {
		_, err := grouped(t, rng, q, []*storage.Shard{s}, 50_000)
		wantCode(t, err, diag.Limit)
		if got := err.Error(); len(got) < len(name) || got[:len(name)] != name {
			t.Errorf("the message is %q, want %q…", got, name)
		}
	}
	m := NewGroupMerger(byID, 1, func(arrow.Record) error { return nil })
	m.SetBudget(50_000)
	p, err := Compile(byID, s.Schema(), &s.View)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, p.Groups(context.Background(), func(rec arrow.Record) error { return m.Add(0, rec) }), diag.Limit)
}

// TestGroupOverflow: a sum is exact in more than its type has, and OVERFLOW only if the total does not fit.
func TestGroupOverflow(t *testing.T) {
	m, s := newModel(t, rand.New(rand.NewPCG(1, 1)), 200)
	sum := []plan.Total{{Fn: plan.TotalSum, X: attr(aWide), T: plan.Of(schema.KindInt)}}
	q := &plan.Query{Clock: testClock, Grouped: true, Limit: -1, Totals: sum, Visible: 1}
	ref := &plan.TotalRef{T: plan.Of(schema.KindInt)}
	q.Items = []plan.Item{{Name: "sum", X: ref}}
	_, err := grouped(t, rand.New(rand.NewPCG(1, 2)), q, []*storage.Shard{s}, DefaultBudget)
	wantCode(t, err, diag.Overflow)
	q.Items = []plan.Item{{Name: "big", X: &plan.Cmp{Op: plan.Gt, X: ref, Y: konst(intValue(schema.KindInt, 0))}}}
	got, err := grouped(t, rand.New(rand.NewPCG(1, 2)), q, []*storage.Shard{s}, DefaultBudget)
	if want := groupsOf(t, q, []*model{m}); err != nil || !slices.Equal(got, want) {
		t.Fatalf("got %v (%v), want %v", got, err, want)
	}
}
