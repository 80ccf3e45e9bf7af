package eval

import (
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// planner makes random plans.
type planner struct{ rng *rand.Rand }

func attr(id schema.AttrID) *plan.Attr {
	switch id {
	case schema.AttrIDOf:
		return &plan.Attr{ID: id, T: plan.Of(schema.KindText)}
	case schema.AttrCreatedAt:
		return &plan.Attr{ID: id, T: plan.Of(schema.KindTimestamp)}
	}
	return &plan.Attr{ID: id, T: plan.Type{Type: attrTypes[id-schema.FirstAttrID]}}
}

func konst(v schema.Value) *plan.Const { return &plan.Const{Value: v, T: plan.Type{Type: v.Type()}} }

func prop(name string) *plan.Prop {
	p := &plan.Prop{Name: name, ByEvent: map[schema.EventID]schema.PropID{}}
	for _, e := range testSchema().Events {
		if q, ok := e.Prop(name); ok {
			p.ByEvent[e.ID], p.T = q.ID, plan.Type{Type: q.Type}
		}
		if name == "time" {
			p.ByEvent[e.ID], p.T = schema.PropTime, plan.Of(schema.KindTimestamp)
		}
		if name == "contact" {
			p.ByEvent[e.ID], p.T = schema.PropContact, plan.Of(schema.KindText)
		}
	}
	return p
}

// number returns a constant that is comparable with any number, often of another form.
func (p planner) number() plan.Expr {
	switch p.rng.IntN(5) {
	case 0:
		return konst(schema.Value{Kind: schema.KindDecimal, Scale: 3, I: p.rng.Int64N(90_000)})
	case 1:
		return konst(schema.Value{Kind: schema.KindDecimal, Scale: 3, I: 1005})
	case 2:
		edges := []float64{0.1, 1.005, -1.5, 1e19, math.Inf(-1), 0}
		return konst(schema.Value{Kind: schema.KindFloat, F: edges[p.rng.IntN(len(edges))]})
	case 3:
		third := plan.Type{Type: schema.Type{Kind: schema.KindDecimal, Scale: 6}, Quotient: true}
		return &plan.Arith{Op: plan.Div, X: konst(intValue(schema.KindInt, p.rng.Int64N(300))), Y: konst(intValue(schema.KindInt, 3)), T: third}
	}
	return konst(intValue(schema.KindInt, p.rng.Int64N(90)-2))
}

// like returns a constant that can be compared with x.
func (p planner) like(x plan.Expr) plan.Expr {
	t := x.Type()
	if p.rng.IntN(25) == 0 {
		return konst(schema.Value{})
	}
	if t.Numeric() {
		return p.number()
	}
	if q, ok := x.(*plan.Prop); ok && q.Name == "contact" || isID(x) {
		return konst(textValue("cABC"[p.rng.IntN(4):][:1] + strconv.Itoa(p.rng.IntN(200))))
	}
	return konst(p.sample(t.Type))
}

func (p planner) sample(t schema.Type) schema.Value {
	for {
		var v schema.Value
		switch t.Kind {
		case schema.KindDuration:
			v = intValue(schema.KindDuration, p.rng.Int64N(100)*day)
		case schema.KindTimestamp:
			v = intValue(schema.KindTimestamp, randomTime(p.rng))
		default:
			for k, at := range attrTypes {
				if at.Kind == t.Kind && schema.FirstAttrID+schema.AttrID(k) != aNever && p.rng.IntN(2) == 0 {
					v = randomAttr(p.rng, schema.FirstAttrID+schema.AttrID(k))
				}
			}
		}
		if !v.Null() {
			return v
		}
	}
}

func (p planner) op() plan.CmpOp { return plan.CmpOp(p.rng.IntN(6)) }

func (p planner) window() plan.Window {
	w := plan.Window{From: plan.MinTime, To: testClock}
	switch p.rng.IntN(4) {
	case 0:
		w.From = testClock - p.rng.Int64N(60)*day + 1
	case 1:
		w.From = randomTime(p.rng)
	case 2:
		w.From, w.To = randomTime(p.rng), randomTime(p.rng)
	}
	w.To = min(w.To, testClock)
	return w
}

func (p planner) selector(depth int) *plan.Selector {
	events := [][]schema.EventID{{eBuy}, {eView}, {eRare}, {eBuy, eView}, {eBuy, eView, eRare}}
	s := &plan.Selector{Events: events[p.rng.IntN(len(events))]}
	if p.rng.IntN(2) == 0 {
		s.Filter = p.condition(depth-1, p.propLeaf)
	}
	for _, e := range s.Events {
		if p.rng.IntN(4) == 0 {
			if s.Keep == nil {
				s.Keep = map[schema.EventID]int64{}
			}
			s.Keep[e] = randomTime(p.rng)
		}
	}
	return s
}

var propNames = []string{"amount", "qty", "cat", "price", "tags", "ok", "at", "ref", "time", "contact"}

func (p planner) propLeaf(depth int) plan.Expr {
	switch p.rng.IntN(13) {
	case 12:
		return p.set(depth)
	case 0, 1:
		return p.attrLeaf(depth)
	case 2:
		return &plan.Cmp{Op: p.op(), X: prop("qty"), Y: attr(aSmall)}
	case 3:
		return &plan.Cmp{Op: p.op(), X: prop("at"), Y: attr(aTime)}
	}
	return p.column(prop(propNames[p.rng.IntN(len(propNames))]))
}

// eventLeaf is for statements over events, which may ask what the event's contact did.
func (p planner) eventLeaf(depth int) plan.Expr {
	switch p.rng.IntN(8) {
	case 0:
		return p.did(depth)
	case 1:
		count := &plan.Agg{Fn: plan.AggCount, Sel: p.selector(depth), Window: p.window(), T: plan.Of(schema.KindInt)}
		return &plan.Cmp{Op: p.op(), X: prop("qty"), Y: count}
	}
	return p.propLeaf(depth)
}

// narrowed adds terms that say where to look: times, and contacts by id.
func (p planner) narrowed(x plan.Expr) plan.Expr {
	terms := []plan.Expr{}
	if x != nil {
		terms = append(terms, x)
	}
	for range 1 + p.rng.IntN(2) {
		terms = append(terms, &plan.Cmp{Op: p.op(), X: prop("time"), Y: p.like(prop("time"))})
	}
	if p.rng.IntN(3) == 0 {
		terms = append(terms, p.in(prop("contact")))
	}
	if p.rng.IntN(3) == 0 {
		terms = append(terms, &plan.Cmp{Op: plan.Eq, X: p.like(prop("contact")), Y: prop("contact")})
	}
	p.rng.Shuffle(len(terms), func(i, j int) { terms[i], terms[j] = terms[j], terms[i] })
	if len(terms) == 1 {
		return terms[0]
	}
	return &plan.And{Terms: terms}
}

func (p planner) attrLeaf(int) plan.Expr {
	ids := []schema.AttrID{schema.AttrIDOf, schema.AttrCreatedAt}
	if p.rng.IntN(12) > 0 {
		return p.column(attr(schema.FirstAttrID + schema.AttrID(p.rng.IntN(len(attrTypes)))))
	}
	return p.column(attr(ids[p.rng.IntN(2)]))
}

// column makes a condition over one column.
func (p planner) column(x plan.Expr) plan.Expr {
	k := x.Type().Kind
	switch {
	case p.rng.IntN(8) == 0:
		return &plan.IsNull{X: x}
	case k == schema.KindSet:
		return p.setHas(x)
	case k == schema.KindBool && p.rng.IntN(2) == 0:
		return x
	case k == schema.KindText && p.rng.IntN(3) == 0:
		return p.match(x)
	case p.rng.IntN(8) == 0:
		return &plan.IsDistinct{X: x, Y: p.like(x)}
	case p.rng.IntN(4) == 0:
		return p.in(x)
	}
	op := p.op()
	if k == schema.KindKey || k == schema.KindBool {
		op = plan.CmpOp(p.rng.IntN(2))
	}
	if p.rng.IntN(4) == 0 {
		return &plan.Cmp{Op: op, X: p.like(x), Y: x}
	}
	return &plan.Cmp{Op: op, X: x, Y: p.like(x)}
}

func (p planner) in(x plan.Expr) plan.Expr {
	in := &plan.In{X: x, HasNull: p.rng.IntN(6) == 0}
	for range 1 + p.rng.IntN(12) {
		if c, ok := p.like(x).(*plan.Const); ok && !c.Value.Null() {
			in.Values = append(in.Values, c.Value)
		}
	}
	return in
}

func (p planner) match(x plan.Expr) plan.Expr {
	m := &plan.Match{Op: plan.MatchOp(p.rng.IntN(6)), X: x}
	patterns := []string{"b%", "%o%", "books", "_ooks", "%1.com", "ŻÓŁW", "%"}
	switch m.Op {
	case plan.Like, plan.ILike:
		m.Pattern = patterns[p.rng.IntN(len(patterns))]
	case plan.Matches:
		m.Pattern = "^b|[0-9]@"
	default:
		m.Pattern = []string{"b", "s", "user1", "", "0.com"}[p.rng.IntN(5)]
	}
	return m
}

func (p planner) setHas(x plan.Expr) plan.Expr {
	h := &plan.SetHas{X: x, Mode: plan.SetMode(p.rng.IntN(3))}
	for range 1 + p.rng.IntN(3) {
		h.Values = append(h.Values, append(cats, "nowhere")[p.rng.IntN(len(cats)+1)])
	}
	return h
}

func (p planner) did(depth int) plan.Expr {
	d := &plan.Did{Sel: p.selector(depth), Window: p.window(), Min: 1, Max: math.MaxUint64, Days: p.rng.IntN(6) == 0}
	switch p.rng.IntN(5) {
	case 0:
		d.Min, d.Max = 0, 0
	case 1:
		d.Min = p.rng.Uint64N(5)
	case 2:
		d.Min = p.rng.Uint64N(3)
		d.Max = d.Min + p.rng.Uint64N(3)
	}
	return d
}

func (p planner) agg(depth int) *plan.Agg {
	a := &plan.Agg{Fn: plan.AggFn(p.rng.IntN(10)), Sel: p.selector(depth), Window: p.window()}
	names := propNames
	switch a.Fn {
	case plan.AggCount, plan.AggDays:
		a.T = plan.Of(schema.KindInt)
		return a
	case plan.AggRecency:
		a.T = plan.Of(schema.KindDuration)
		return a
	case plan.AggSum, plan.AggAvg:
		names = []string{"amount", "qty", "price"}
	case plan.AggMin, plan.AggMax:
		names = []string{"amount", "qty", "price", "cat", "at", "time"}
	case plan.AggFirst, plan.AggLast:
		names = []string{"amount", "qty", "price", "cat", "at", "time", "time", "ref"}
	}
	a.Prop = prop(names[p.rng.IntN(len(names))])
	a.T = a.Prop.T
	if a.Fn == plan.AggDistinct {
		a.T = plan.Of(schema.KindInt)
	}
	return a
}

func (p planner) aggLeaf(depth int) plan.Expr {
	a := p.agg(depth)
	op := p.op()
	if a.T.Kind == schema.KindKey {
		op = plan.CmpOp(p.rng.IntN(2))
	}
	if a.T.Kind == schema.KindSet {
		return &plan.IsNull{X: a}
	}
	if p.rng.IntN(10) == 0 {
		return &plan.IsNull{X: a}
	}
	return &plan.Cmp{Op: op, X: a, Y: p.like(a)}
}

// set makes a set of contacts, as a reference to a segment is.
func (p planner) set(depth int) plan.Expr {
	if p.rng.IntN(2) == 0 {
		return &plan.Member{Attr: []schema.AttrID{aTime, aSecs, aNever}[p.rng.IntN(3)]}
	}
	return &plan.IsTrue{X: p.condition(depth-1, p.contactLeaf)}
}

func (p planner) contactLeaf(depth int) plan.Expr {
	switch p.rng.IntN(7) {
	case 6:
		return p.set(depth)
	case 0:
		return p.did(depth)
	case 1:
		return p.aggLeaf(depth)
	case 2:
		return &plan.Nth{Sel: p.selector(depth), N: p.rng.Uint64N(4), Window: p.window()}
	case 3:
		if p.rng.IntN(4) == 0 {
			return &plan.Cmp{Op: p.op(), X: attr(aSmall), Y: attr(aDec)}
		}
	}
	return p.attrLeaf(depth)
}

// condition makes a random tree over leaves.
func (p planner) condition(depth int, leaf func(int) plan.Expr) plan.Expr {
	if depth <= 0 || p.rng.IntN(3) == 0 {
		return leaf(depth)
	}
	switch p.rng.IntN(4) {
	case 0:
		return &plan.Not{X: p.condition(depth-1, leaf)}
	case 1:
		return &plan.Or{Terms: []plan.Expr{p.condition(depth-1, leaf), p.condition(depth-1, leaf)}}
	}
	terms := []plan.Expr{p.condition(depth-1, leaf), p.condition(depth-1, leaf)}
	if p.rng.IntN(3) == 0 {
		terms = append(terms, p.condition(depth-1, leaf))
	}
	return &plan.And{Terms: terms}
}
