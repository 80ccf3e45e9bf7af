package eval

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/zeebo/xxh3"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// The tests hold programs against a model: plain slices of contacts and events, asked one contact at a
// time through engine/scalar by a Row that scans all of the contact's events for every question.

const day = int64(24 * 3600 * 1000)

// testClock is 2026-11-22T00:00:00.123Z.
const testClock = 1795305600123

// Attributes and properties of the test's base, by id.
const (
	aBool schema.AttrID = schema.FirstAttrID + iota
	aSmall
	aWide
	aDec
	aFloat
	aText
	aUnique
	aDate
	aTime
	aSecs
	aSet
	aKey
	aConst
	aNever
)

const (
	eBuy schema.EventID = 1 + iota
	eView
	eRare
)

const (
	pAmount schema.PropID = schema.FirstPropID + iota
	pQty
	pCat
	pPrice
	pTags
	pOK
	pAt
	pRef
	pViewCat
	pViewQty
)

func typ(k schema.Kind) schema.Type { return schema.Type{Kind: k} }

var decimal2 = schema.Type{Kind: schema.KindDecimal, Scale: 2}

func testSchema() *schema.Schema {
	s := schema.New(1, "test", schema.BaseOptions{TimeZone: "Europe/Warsaw"})
	add := func(id schema.AttrID, t schema.Type) {
		s.Attrs = append(s.Attrs, schema.Attribute{ID: id, Name: fmt.Sprint("a", id), Type: t})
	}
	for id, t := range attrTypes {
		add(schema.FirstAttrID+schema.AttrID(id), t)
	}
	prop := func(id schema.PropID, name string, t schema.Type) schema.Property {
		return schema.Property{ID: id, Name: name, Type: t}
	}
	s.Events = []schema.EventType{
		{ID: eBuy, Name: "buy", HasID: true, Props: []schema.Property{
			prop(pAmount, "amount", decimal2), prop(pQty, "qty", typ(schema.KindInt)), prop(pCat, "cat", typ(schema.KindText)),
			prop(pPrice, "price", typ(schema.KindFloat)), prop(pTags, "tags", typ(schema.KindSet)), prop(pOK, "ok", typ(schema.KindBool)),
			prop(pAt, "at", typ(schema.KindTimestamp)), prop(pRef, "ref", typ(schema.KindKey)),
		}},
		{ID: eView, Name: "view", Props: []schema.Property{
			prop(pViewCat, "cat", typ(schema.KindText)), prop(pViewQty, "qty", typ(schema.KindInt)),
		}},
		{ID: eRare, Name: "rare"},
	}
	s.NextAttr, s.NextEvent, s.NextProp = aNever+1, eRare+1, pViewQty+1
	return s
}

var attrTypes = []schema.Type{
	typ(schema.KindBool), typ(schema.KindInt), typ(schema.KindInt), decimal2, typ(schema.KindFloat), typ(schema.KindText),
	typ(schema.KindText), typ(schema.KindDate), typ(schema.KindTimestamp), typ(schema.KindTimestamp), typ(schema.KindSet),
	typ(schema.KindKey), typ(schema.KindInt), typ(schema.KindText),
}

// event is one event of the model.
type event struct {
	typ   schema.EventID
	time  int64
	seq   int // arrival
	props map[schema.PropID]schema.Value
}

// contact is one contact of the model.
type contact struct {
	id     string
	attrs  map[schema.AttrID]schema.Value
	events []event // in total order
}

type model struct {
	prefix   string
	arrived  int // events so far
	contacts []*contact
	byID     map[string]*contact
	env      scalar.Env
}

func intValue(k schema.Kind, i int64) schema.Value { return schema.Value{Kind: k, I: i} }

func decValue(i int64) schema.Value { return schema.Value{Kind: schema.KindDecimal, Scale: 2, I: i} }

func textValue(s string) schema.Value { return schema.Value{Kind: schema.KindText, S: s} }

var cats = []string{"", "books", "Books", "shoes", "żółw", "toys", "a%b", "x_y"}

func randomTime(rng *rand.Rand) int64 {
	t := testClock - rng.Int64N(120*day)
	switch rng.IntN(8) {
	case 0:
		t = testClock - rng.Int64N(5)*day
	case 1:
		t = testClock - rng.Int64N(40)*day + rng.Int64N(3) - 1
	case 2:
		t = testClock - rng.Int64N(2*365*day)
	case 3:
		t -= t % 1000
	}
	return t
}

func randomAttr(rng *rand.Rand, id schema.AttrID) schema.Value {
	if id == aNever || rng.IntN(6) == 0 {
		return schema.Value{}
	}
	switch id {
	case aBool:
		return intValue(schema.KindBool, rng.Int64N(2))
	case aSmall:
		return intValue(schema.KindInt, 18+rng.Int64N(70))
	case aWide:
		edges := []int64{math.MinInt64, -1, 0, 1, 70_000, math.MaxInt64}
		return intValue(schema.KindInt, edges[rng.IntN(len(edges))])
	case aDec:
		return decValue(rng.Int64N(100_000) - 20_000)
	case aFloat:
		edges := []float64{math.Inf(-1), -1.5, 0, 0.1, 1.005, 7, 1e300, math.Inf(1)}
		return schema.Value{Kind: schema.KindFloat, F: edges[rng.IntN(len(edges))]}
	case aText:
		return textValue(cats[rng.IntN(len(cats))])
	case aUnique:
		return textValue(fmt.Sprintf("user%d@example%d.com", rng.IntN(1<<30), rng.IntN(3)))
	case aDate:
		return intValue(schema.KindDate, 18_000+rng.Int64N(3000))
	case aTime:
		return intValue(schema.KindTimestamp, randomTime(rng))
	case aSecs:
		return intValue(schema.KindTimestamp, randomTime(rng)/1000*1000)
	case aSet:
		return setValue(rng)
	case aKey:
		return intValue(schema.KindKey, int64(xxh3.HashString(strconv.Itoa(rng.IntN(20)))))
	}
	return intValue(schema.KindInt, 5)
}

func setValue(rng *rand.Rand) schema.Value {
	set := []string{}
	for range rng.IntN(4) {
		set = append(set, cats[rng.IntN(len(cats))])
	}
	return scalar.NewSet(set).Value
}

func randomProp(rng *rand.Rand, id schema.PropID) schema.Value {
	if rng.IntN(8) == 0 {
		return schema.Value{}
	}
	switch id {
	case pAmount:
		return decValue(rng.Int64N(20_000) - 2_000)
	case pQty, pViewQty:
		return intValue(schema.KindInt, rng.Int64N(9))
	case pCat, pViewCat:
		return textValue(cats[rng.IntN(len(cats))])
	case pPrice:
		return schema.Value{Kind: schema.KindFloat, F: float64(rng.IntN(1000)) / 7}
	case pTags:
		return setValue(rng)
	case pOK:
		return intValue(schema.KindBool, rng.Int64N(2))
	case pAt:
		return intValue(schema.KindTimestamp, randomTime(rng))
	}
	return intValue(schema.KindKey, int64(xxh3.HashString(strconv.Itoa(rng.IntN(5)))))
}

// newColumn puts values into a column of a change.
func newColumn(id uint32, t schema.Type, values []schema.Value) change.Column {
	c := change.Column{ID: id, Type: t, Ops: make([]change.Op, len(values))}
	switch t.Kind {
	case schema.KindFloat:
		c.Floats = make([]float64, len(values))
	case schema.KindText:
	case schema.KindSet:
		c.SetOff = []uint32{0}
	default:
		c.Ints = make([]int64, len(values))
	}
	for i, v := range values {
		c.Ops[i] = change.OpSet
		if v.Null() {
			c.Ops[i] = change.OpNull
		}
		switch t.Kind {
		case schema.KindFloat:
			c.Floats[i] = v.F
		case schema.KindText:
			c.Texts.AppendString(v.S)
		case schema.KindSet:
			for _, s := range v.Set {
				c.Texts.AppendString(s)
			}
			c.SetOff = append(c.SetOff, uint32(c.Texts.Len()))
		default:
			c.Ints[i] = v.I
		}
	}
	return c
}

func apply(t testing.TB, s *storage.Shard, parts ...change.Part) change.Result {
	t.Helper()
	p, err := s.Prepare(&change.Change{Parts: parts})
	if err != nil {
		t.Fatal(err)
	}
	r := p.Commit()
	if len(r.Rejected) > 0 {
		t.Fatalf("rejected: %v", r.Rejected)
	}
	return r
}

// newModel makes a shard of n contacts and its model.
func newModel(t testing.TB, rng *rand.Rand, n int) (*model, *storage.Shard) {
	t.Helper()
	return newModelOf(t, rng, n, "c")
}

func newModelOf(t testing.TB, rng *rand.Rand, n int, prefix string) (*model, *storage.Shard) {
	t.Helper()
	sch := testSchema()
	zone, err := calendar.Load(sch.Options.TimeZone)
	if err != nil {
		t.Fatal(err)
	}
	m := &model{prefix: prefix, byID: map[string]*contact{}, env: scalar.Env{Clock: testClock, Zone: zone}}
	s := storage.New(slab.New(), sch)
	t.Cleanup(s.Free)
	m.upsert(t, rng, s, n)
	for _, e := range []schema.EventID{eBuy, eView, eRare, eBuy} {
		m.track(t, rng, s, sch, e)
	}
	m.delete(t, rng, s, n)
	for _, c := range m.contacts {
		slices.SortStableFunc(c.events, func(a, b event) int {
			if a.time != b.time {
				return int(min(1, max(-1, a.time-b.time)))
			}
			if a.typ != b.typ {
				return int(a.typ) - int(b.typ)
			}
			return a.seq - b.seq
		})
	}
	return m, s
}

func (m *model) upsert(t testing.TB, rng *rand.Rand, s *storage.Shard, n int) {
	t.Helper()
	if n == 0 {
		return
	}
	up := &change.Upsert{Stamp: testClock - 100*day}
	for i := range n {
		c := &contact{id: fmt.Sprintf("%s%d", m.prefix, i*7%n*13+i), attrs: map[schema.AttrID]schema.Value{}}
		c.attrs[schema.AttrCreatedAt] = intValue(schema.KindTimestamp, up.Stamp)
		up.IDs.AppendString(c.id)
		m.contacts = append(m.contacts, c)
		m.byID[c.id] = c
	}
	for k, ty := range attrTypes {
		id := schema.FirstAttrID + schema.AttrID(k)
		values := make([]schema.Value, n)
		for i := range values {
			values[i] = randomAttr(rng, id)
			m.contacts[i].attrs[id] = values[i]
		}
		up.Cols = append(up.Cols, newColumn(uint32(id), ty, values))
	}
	apply(t, s, up)
}

func (m *model) track(t testing.TB, rng *rand.Rand, s *storage.Shard, sch *schema.Schema, e schema.EventID) {
	t.Helper()
	et, _ := sch.EventByID(e)
	n := len(m.contacts)
	if e == eRare {
		n /= 50
	}
	n *= rng.IntN(3)
	if n == 0 {
		return
	}
	tr := &change.Track{Stamp: testClock, Event: e}
	values := make([][]schema.Value, len(et.Props))
	for range n {
		c := m.contacts[rng.IntN(len(m.contacts))]
		if rng.IntN(3) > 0 {
			c = m.contacts[rng.IntN(1+len(m.contacts)/4)]
		}
		ev := event{typ: e, time: randomTime(rng), seq: m.arrived, props: map[schema.PropID]schema.Value{}}
		if rng.IntN(50) == 0 {
			ev.time = testClock + rng.Int64N(day/2)
		}
		for k, p := range et.Props {
			v := randomProp(rng, p.ID)
			ev.props[p.ID] = v
			values[k] = append(values[k], v)
		}
		m.arrived++
		c.events = append(c.events, ev)
		tr.IDs.AppendString(c.id)
		tr.Times = append(tr.Times, ev.time)
	}
	for k, p := range et.Props {
		tr.Props = append(tr.Props, newColumn(uint32(p.ID), p.Type, values[k]))
	}
	apply(t, s, tr)
}

func (m *model) delete(t testing.TB, rng *rand.Rand, s *storage.Shard, n int) {
	t.Helper()
	del := &change.Delete{}
	for range n / 20 {
		k := rng.IntN(len(m.contacts))
		c := m.contacts[k]
		del.IDs.AppendString(c.id)
		delete(m.byID, c.id)
		m.contacts = slices.Delete(m.contacts, k, k+1)
	}
	if n/20 > 0 {
		apply(t, s, del)
	}
}

// modelRow answers by scanning.
type modelRow struct {
	m *model
	c *contact
	e *event
}

func (r modelRow) Attr(id schema.AttrID) schema.Value {
	if id == schema.AttrIDOf {
		return textValue(r.c.id)
	}
	return r.c.attrs[id]
}

func (r modelRow) ID() []byte { return []byte(r.c.id) }

func (r modelRow) Prop(p *plan.Prop) schema.Value {
	if r.e == nil {
		return schema.Value{}
	}
	switch id := p.ByEvent[r.e.typ]; id {
	case 0:
		return schema.Value{}
	case schema.PropTime:
		return intValue(schema.KindTimestamp, r.e.time)
	case schema.PropContact:
		return textValue(r.c.id)
	default:
		return r.e.props[id]
	}
}

// matching returns the contact's events that a selector takes in a window, in total order.
func (r modelRow) matching(sel *plan.Selector, w plan.Window) ([]event, error) {
	var out []event
	var filter *scalar.Expr
	if sel.Filter != nil {
		var err error
		if filter, err = scalar.Compile(sel.Filter, r.m.env); err != nil {
			return nil, err
		}
	}
	for i := range r.c.events {
		e := &r.c.events[i]
		cut, kept := sel.Keep[e.typ]
		if !slices.Contains(sel.Events, e.typ) || e.time < w.From || e.time > w.To || kept && e.time < cut {
			continue
		}
		if filter != nil {
			t, err := filter.Test(modelRow{r.m, r.c, e})
			if err != nil {
				return nil, err
			}
			if t != scalar.True {
				continue
			}
		}
		out = append(out, *e)
	}
	return out, nil
}

func (r modelRow) Did(d *plan.Did) (bool, error) {
	events, err := r.matching(d.Sel, d.Window)
	n := uint64(len(events))
	if d.Days {
		n = uint64(r.days(events))
	}
	return d.Min <= n && n <= d.Max, err
}

func (r modelRow) days(events []event) int {
	days := map[int64]bool{}
	for _, e := range events {
		days[r.m.env.Zone.DayOf(e.time)] = true
	}
	return len(days)
}

func (r modelRow) Nth(n *plan.Nth) (bool, error) {
	events, err := r.matching(n.Sel, plan.Window{From: plan.MinTime, To: testClock})
	if err != nil || len(events) == 0 || n.N > uint64(len(events)) {
		return false, err
	}
	e := events[len(events)-1]
	if n.N > 0 {
		e = events[n.N-1]
	}
	return n.Window.From <= e.time && e.time <= n.Window.To, nil
}

func (r modelRow) Agg(a *plan.Agg) (scalar.Value, error) {
	events, err := r.matching(a.Sel, a.Window)
	if err != nil {
		return scalar.Value{}, err
	}
	values := []scalar.Value{}
	if a.Prop != nil {
		for i := range events {
			if v := scalar.Of(modelRow{r.m, r.c, &events[i]}.Prop(a.Prop)); !v.Null() {
				values = append(values, v)
			}
		}
	}
	switch a.Fn {
	case plan.AggCount:
		return scalar.Number(exact.FromInt(int64(len(events)))), nil
	case plan.AggDays:
		return scalar.Number(exact.FromInt(int64(r.days(events)))), nil
	case plan.AggDistinct:
		slices.SortFunc(values, scalar.Compare)
		values = slices.CompactFunc(values, func(x, y scalar.Value) bool { return scalar.Compare(x, y) == 0 })
		return scalar.Number(exact.FromInt(int64(len(values)))), nil
	}
	if len(events) == 0 {
		return scalar.Value{}, nil
	}
	switch a.Fn {
	case plan.AggFirst:
		return scalar.Of(modelRow{r.m, r.c, &events[0]}.Prop(a.Prop)), nil
	case plan.AggLast:
		return scalar.Of(modelRow{r.m, r.c, &events[len(events)-1]}.Prop(a.Prop)), nil
	case plan.AggRecency:
		return scalar.Value{Value: intValue(schema.KindDuration, testClock-events[len(events)-1].time)}, nil
	}
	if len(values) == 0 {
		return scalar.Value{}, nil
	}
	switch a.Fn {
	case plan.AggMin:
		return slices.MinFunc(values, scalar.Compare), nil
	case plan.AggMax:
		return slices.MaxFunc(values, scalar.Compare), nil
	}
	return modelTotal(a, values)
}

func modelTotal(a *plan.Agg, values []scalar.Value) (scalar.Value, error) {
	var floats exact.FloatSum
	sum := exact.FromInt(0)
	for _, v := range values {
		if v.Num.Float() {
			floats.Add(v.Num.Float64())
			continue
		}
		var err error
		if sum, err = exact.Add(sum, v.Num); err != nil {
			return scalar.Value{}, err
		}
	}
	if values[0].Num.Float() {
		f, err := floats.Float64()
		if a.Fn == plan.AggAvg {
			f, err = floats.Mean(uint64(len(values)))
		}
		return scalar.Number(exact.FromFloat(f)), err
	}
	if a.Fn == plan.AggSum {
		return scalar.Number(sum), nil
	}
	avg, err := exact.Div(sum, exact.FromInt(int64(len(values))))
	return scalar.Number(avg), err
}

// answer returns the ids of the contacts that satisfy x.
func (m *model) answer(t testing.TB, x plan.Expr) map[string]bool {
	t.Helper()
	e, err := scalar.Compile(x, m.env)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, c := range m.contacts {
		truth, err := e.Test(modelRow{m: m, c: c})
		if err != nil {
			t.Fatal(err)
		}
		if truth == scalar.True {
			out[c.id] = true
		}
	}
	return out
}
