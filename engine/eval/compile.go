package eval

import (
	"slices"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage"
	"github.com/musterdb/muster/storage/schema"
)

// compiler turns conditions into nodes.
type compiler struct {
	view  *storage.View
	env   scalar.Env
	memos int   // slots given to gatherNodes
	slow  bool  // a term has no vector path
	notes notes // of EXPLAIN, else nil
}

// scope says of what a condition is asked.
type scope uint8

const (
	ofContact scope = iota
	ofEvent
)

// condition compiles x, or NOT x if neg.
func (c *compiler) condition(x plan.Expr, in scope, neg bool) (node, error) {
	n, err := c.conditionOf(x, in, neg)
	if c.notes != nil && err == nil {
		c.notes.add(n, x, neg)
	}
	return n, err
}

func (c *compiler) conditionOf(x plan.Expr, in scope, neg bool) (node, error) {
	if in == ofEvent {
		if n, err := c.ofContactOnly(x, neg); n != nil || err != nil {
			return n, err
		}
	}
	switch x := x.(type) {
	case *plan.And:
		return c.junction(x.Terms, in, neg, neg)
	case *plan.Or:
		return c.junction(x.Terms, in, neg, !neg)
	case *plan.Not:
		return c.condition(x.X, in, !neg)
	}
	n, err := c.leaf(x, in, neg)
	if n != nil || err != nil {
		return n, err
	}
	return c.fallback(x, in, neg)
}

// ofContactOnly compiles a condition over an event that looks at its contact only.
func (c *compiler) ofContactOnly(x plan.Expr, neg bool) (node, error) {
	u := usesOf(x)
	if u.prop || !u.contact {
		return nil, nil
	}
	inner, err := c.condition(x, ofContact, neg)
	if err != nil {
		return nil, err
	}
	return c.gather(inner), nil
}

// gather asks the contacts of events.
func (c *compiler) gather(inner node) node {
	c.memos++
	return &gatherNode{inner: inner, memo: c.memos - 1}
}

// junction compiles AND, or OR if any.
func (c *compiler) junction(terms []plan.Expr, in scope, neg, any bool) (node, error) {
	nodes := make([]node, 0, len(terms))
	for _, t := range terms {
		n, err := c.condition(t, in, neg)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	whole := andOf
	if any {
		whole = orOf
	}
	n := whole(nodes)
	if c.notes != nil {
		c.notes.joined(n, nodes)
	}
	return n, nil
}

// andOf joins terms; ranges of one column become one range.
func andOf(terms []node) node {
	var flat []node
	for _, t := range terms {
		switch t := t.(type) {
		case *andNode:
			flat = append(flat, t.terms...)
			continue
		case constNode:
			if !t {
				return t
			}
			continue
		case *spanLeaf:
			if !t.neg && mergeSpan(flat, t) {
				continue
			}
		}
		flat = append(flat, t)
	}
	switch len(flat) {
	case 0:
		return constNode(true)
	case 1:
		return flat[0]
	}
	byCost(flat)
	return &andNode{flat}
}

// mergeSpan narrows a range of the same attribute among terms.
func mergeSpan(terms []node, l *spanLeaf) bool {
	for i, t := range terms {
		if o, ok := t.(*spanLeaf); ok && !o.neg && o.props == nil && l.props == nil && o.attr == l.attr {
			terms[i] = &spanLeaf{ref: o.ref, span: o.and(l.span)}
			return true
		}
	}
	return false
}

func orOf(terms []node) node {
	var flat []node
	for _, t := range terms {
		switch t := t.(type) {
		case *orNode:
			flat = append(flat, t.terms...)
			continue
		case constNode:
			if t {
				return t
			}
			continue
		}
		flat = append(flat, t)
	}
	switch len(flat) {
	case 0:
		return constNode(false)
	case 1:
		return flat[0]
	}
	byCost(flat)
	return &orNode{flat}
}

// leaf compiles a condition that has a vector path; nil if it has none.
func (c *compiler) leaf(x plan.Expr, in scope, neg bool) (node, error) {
	switch x := x.(type) {
	case *plan.Const:
		return constNode(!x.Value.Null() && (x.Value.I != 0) != neg), nil
	case *plan.Attr, *plan.Prop:
		return c.compareColumn(plan.Eq, x, trueValue, neg)
	case *plan.Cmp:
		return c.compare(x, in, neg)
	case *plan.In:
		return c.in(x, neg)
	case *plan.IsNull:
		return c.isNull(x, neg), nil
	case *plan.IsDistinct:
		return c.isDistinct(x, neg)
	case *plan.Match:
		return c.match(x, neg)
	case *plan.SetHas:
		return c.setHas(x, neg), nil
	case *plan.Did:
		if in == ofContact {
			return c.did(x, neg)
		}
	case *plan.Nth:
		if in == ofContact {
			return c.condition(nthAsCounts(x, c.env.Clock), in, neg)
		}
	case *plan.IsTrue:
		return c.isTrue(x, in, neg)
	case *plan.Member:
		return c.member(x, in, neg), nil
	}
	return nil, nil
}

var trueValue = scalar.Value{Value: schema.Value{Kind: schema.KindBool, I: 1}}

// column returns what x names, if it is a stored column.
func (c *compiler) column(x plan.Expr) (ref, bool) {
	switch x := x.(type) {
	case *plan.Attr:
		return ref{attr: x.ID, typ: x.T.Type}, x.ID != schema.AttrIDOf
	case *plan.Prop:
		for _, p := range x.ByEvent {
			if p < schema.FirstPropID {
				return ref{}, false
			}
		}
		byEvent := x.ByEvent
		if byEvent == nil {
			byEvent = map[schema.EventID]schema.PropID{}
		}
		return ref{props: byEvent, typ: x.T.Type}, true
	}
	return ref{}, false
}

// pseudo says whether x is the pseudo-property with that id.
func pseudo(x plan.Expr, id schema.PropID) bool {
	p, ok := x.(*plan.Prop)
	if !ok || len(p.ByEvent) == 0 {
		return false
	}
	for _, got := range p.ByEvent {
		if got != id {
			return false
		}
	}
	return true
}

// constant evaluates x if it depends on no row.
func (c *compiler) constant(x plan.Expr) (scalar.Value, bool) {
	if k, ok := x.(*plan.Const); ok {
		return scalar.Of(k.Value), true
	}
	if u := usesOf(x); u.prop || u.contact {
		return scalar.Value{}, false
	}
	e, err := scalar.Compile(x, c.env)
	if err != nil {
		return scalar.Value{}, false
	}
	v, err := e.Value(noRowAt{})
	return v, err == nil
}

// compare compiles x op y where one side is constant.
func (c *compiler) compare(x *plan.Cmp, in scope, neg bool) (node, error) {
	if x.Version {
		return nil, nil
	}
	left, op := x.X, x.Op
	v, ok := c.constant(x.Y)
	if !ok {
		if v, ok = c.constant(x.X); !ok {
			return nil, nil
		}
		left, op = x.Y, flip(op)
	}
	if v.Null() {
		return constNode(false), nil
	}
	if a, ok := left.(*plan.Agg); ok && in == ofContact {
		return c.compareAgg(op, a, v, x, neg)
	}
	return c.compareColumn(op, left, v, neg)
}

// flip returns the operator with its sides exchanged.
func flip(op plan.CmpOp) plan.CmpOp {
	switch op {
	case plan.Lt:
		return plan.Gt
	case plan.Le:
		return plan.Ge
	case plan.Gt:
		return plan.Lt
	case plan.Ge:
		return plan.Le
	}
	return op
}

// negate returns the operator that holds of known values where op does not.
func negate(op plan.CmpOp) plan.CmpOp {
	return [...]plan.CmpOp{plan.Eq: plan.Ne, plan.Ne: plan.Eq, plan.Lt: plan.Ge, plan.Le: plan.Gt, plan.Gt: plan.Le, plan.Ge: plan.Lt}[op]
}

// compareColumn compiles column op constant; nil if x is no column, or their kinds differ.
func (c *compiler) compareColumn(op plan.CmpOp, x plan.Expr, v scalar.Value, neg bool) (node, error) {
	if neg {
		op = negate(op)
	}
	turned := op == plan.Ne
	switch {
	case isID(x) && v.Kind == schema.KindText && (op == plan.Eq || turned):
		return c.ids([]string{v.S}, turned), nil
	case pseudo(x, schema.PropContact) && v.Kind == schema.KindText && (op == plan.Eq || turned):
		return c.gather(c.ids([]string{v.S}, turned)), nil
	case pseudo(x, schema.PropTime) && v.Kind == schema.KindTimestamp:
		return &timeLeaf{intSpan(op, exact.FromInt(v.I), 0), turned}, nil
	case pseudo(x, schema.PropEventID) && v.Kind == schema.KindKey && (op == plan.Eq || turned):
		return &eventIDLeaf{uint64(v.I), turned}, nil
	}
	r, ok := c.column(x)
	if !ok || !testable(r.typ, v.Kind) {
		return nil, nil
	}
	switch k := r.typ.Kind; {
	case k == schema.KindKey && op != plan.Eq && !turned:
		return nil, nil
	case k == schema.KindFloat:
		return &floatLeaf{r, floatBounds(op, v.Num), turned}, nil
	case k == schema.KindText:
		return &textLeaf{ref: r, textTest: compareText(op, v.S), neg: turned}, nil
	case integral(k):
		return &spanLeaf{r, intSpan(op, number(v), r.typ.Scale), turned}, nil
	}
	return nil, nil
}

// number returns the value of a number, or the integer that any other kind is.
func number(v scalar.Value) exact.Number {
	if v.IsNumber() {
		return v.Num
	}
	return exact.FromInt(v.I)
}

func isID(x plan.Expr) bool {
	a, ok := x.(*plan.Attr)
	return ok && a.ID == schema.AttrIDOf
}

func (c *compiler) ids(ids []string, neg bool) node {
	n := &idNode{neg: neg}
	for _, id := range ids {
		if row, ok := c.view.Lookup([]byte(id)); ok {
			n.rows = append(n.rows, row)
		}
	}
	return n
}

// compareText returns the test of text op s; Ne gives that of Eq.
func compareText(op plan.CmpOp, s string) textTest {
	switch op {
	case plan.Lt:
		return textTest{test: func(t string) bool { return t < s }}
	case plan.Le:
		return textTest{test: func(t string) bool { return t <= s }}
	case plan.Gt:
		return textTest{test: func(t string) bool { return t > s }}
	case plan.Ge:
		return textTest{test: func(t string) bool { return t >= s }}
	}
	return newTextList([]string{s})
}

// in compiles column IN (constants). A miss is unknown where the list has a null, so NOT IN is never true.
func (c *compiler) in(x *plan.In, neg bool) (node, error) {
	if len(x.Values) == 0 {
		return constNode(neg && !x.HasNull), nil // nothing is in an empty list, not even null
	}
	if isID(x.X) {
		return c.inIDs(x, neg), nil
	}
	if pseudo(x.X, schema.PropContact) {
		if inner := c.inIDs(x, neg); inner != nil {
			return c.gather(inner), nil
		}
		return nil, nil
	}
	r, ok := c.column(x.X)
	if !ok {
		return nil, nil
	}
	for _, v := range x.Values {
		if !testable(r.typ, v.Kind) {
			return nil, nil
		}
	}
	if neg && x.HasNull {
		return constNode(false), nil
	}
	switch {
	case r.typ.Kind == schema.KindText:
		return &textLeaf{ref: r, textTest: newTextList(textsOf(x.Values)), neg: neg}, nil
	case integral(r.typ.Kind):
		return inInts(r, x.Values, neg), nil
	}
	return nil, nil
}

func textsOf(values []schema.Value) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.S
	}
	return out
}

func (c *compiler) inIDs(x *plan.In, neg bool) node {
	for _, v := range x.Values {
		if v.Kind != schema.KindText {
			return nil
		}
	}
	if neg && x.HasNull {
		return constNode(false)
	}
	return c.ids(textsOf(x.Values), neg)
}

// inInts turns a list into the column's integers; values that the column cannot hold drop out.
func inInts(r ref, values []schema.Value, neg bool) node {
	var list []int64
	for _, v := range values {
		if s := intSpan(plan.Eq, number(scalar.Of(v)), r.typ.Scale); !s.empty() {
			list = append(list, s.lo)
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	if n := len(list); n > 0 && uint64(list[n-1])-uint64(list[0]) == uint64(n-1) {
		return &spanLeaf{r, span{list[0], list[n-1]}, neg}
	}
	return &intsLeaf{r, list, neg}
}

func (c *compiler) isNull(x *plan.IsNull, neg bool) node {
	if isID(x.X) || pseudo(x.X, schema.PropTime) || pseudo(x.X, schema.PropContact) {
		return constNode(neg)
	}
	if r, ok := c.column(x.X); ok {
		return &nullLeaf{r, neg}
	}
	return nil
}

// isDistinct compiles x IS DISTINCT FROM constant, which is never unknown.
func (c *compiler) isDistinct(x *plan.IsDistinct, neg bool) (node, error) {
	left := x.X
	v, ok := c.constant(x.Y)
	if !ok {
		if v, ok = c.constant(x.X); !ok {
			return nil, nil
		}
		left = x.Y
	}
	r, ok := c.column(left)
	if !ok {
		return nil, nil
	}
	if v.Null() {
		return &nullLeaf{r, !neg}, nil
	}
	if neg {
		return c.compareColumn(plan.Eq, left, v, false)
	}
	differs, err := c.compareColumn(plan.Ne, left, v, false)
	if differs == nil || err != nil {
		return nil, err
	}
	return orOf([]node{&nullLeaf{r, false}, differs}), nil
}

func (c *compiler) match(x *plan.Match, neg bool) (node, error) {
	r, ok := c.column(x.X)
	if !ok || r.typ.Kind != schema.KindText {
		return nil, nil
	}
	m, err := scalar.CompileMatch(x.Op, x.Pattern)
	if err != nil {
		return nil, err
	}
	return &textLeaf{ref: r, textTest: textTest{test: m}, neg: neg}, nil
}

func (c *compiler) setHas(x *plan.SetHas, neg bool) node {
	r, ok := c.column(x.X)
	if !ok || r.typ.Kind != schema.KindSet {
		return nil
	}
	values := slices.Clone(x.Values)
	slices.Sort(values)
	l := &setLeaf{ref: r, mode: x.Mode, neg: neg}
	for _, s := range slices.Compact(values) {
		l.values = append(l.values, []byte(s))
	}
	return l
}
