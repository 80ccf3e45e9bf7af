package oracle

import (
	"math/big"
	"strings"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/schema"
)

const (
	kNull      = schema.KindNull
	kBool      = schema.KindBool
	kInt       = schema.KindInt
	kFloat     = schema.KindFloat
	kDecimal   = schema.KindDecimal
	kText      = schema.KindText
	kDate      = schema.KindDate
	kTimestamp = schema.KindTimestamp
	kSet       = schema.KindSet
	kKey       = schema.KindKey
	kDuration  = schema.KindDuration
)

// env is what one evaluation sees: the contact, inside […] the event, and the first failure.
type env struct {
	db    *DB
	clock int64
	c     *contact
	e     *event
	group []*env // of a group: its rows, each a contact or an event
	keys  []val  // of a group: the values of its terms
	err   error
}

// fail records the first failure (an overflow) and returns null; the statement then fails.
func (en *env) fail(err error) val {
	if en.err == nil {
		en.err = err
	}
	return null
}

// node is a checked expression.
type node struct {
	t   typ
	ev  func(*env) val
	lit *string   // a text literal, which may become a date or a key
	dur *span     // a duration literal
	at  diag.Span // where it stands
}

func (n node) calendar() bool { return n.dur != nil && n.dur.months != 0 }

func constant(t typ, v val, at diag.Span) node {
	return node{t: t, at: at, ev: func(*env) val { return v }}
}

// scope says what bare names mean.
type scope struct {
	types  []*schema.EventType // of events: their types
	event  bool                // of an event: inside […], or of a statement over an event
	table  bool                // of a statement over an event
	noData bool                // AS OF: only constants
	g      *grouping           // outside the totals of a grouped statement
}

// compiler checks a statement and makes closures of it.
type compiler struct {
	db         *DB
	now, clock int64 // the statement's clock, and where AS OF moved it
	depth      int   // of segments within segments
}

func (c *compiler) s() *schema.Schema { return c.db.schema }

// condition compiles an expression that must be BOOL.
func (c *compiler) condition(e ast.Expr, sc scope) (node, error) {
	n, err := c.expr(e, sc)
	if err != nil {
		return n, err
	}
	if n.t.kind != kBool && n.t.kind != kNull {
		return n, diag.New(diag.Type, e.Span(), "a condition is expected, not %s", n.t)
	}
	return n, nil
}

func (c *compiler) expr(e ast.Expr, sc scope) (node, error) {
	n, ok, err := c.ofGroup(e, sc)
	if !ok && err == nil {
		n, err = c.dispatch(e, sc)
	}
	n.at = e.Span()
	return n, err
}

func (c *compiler) dispatch(e ast.Expr, sc scope) (node, error) {
	switch e := e.(type) {
	case *ast.Literal:
		return c.literal(e)
	case *ast.Param:
		return node{}, diag.New(diag.Invalid, e.At, "parameter $%s has no value", e.Name)
	case *ast.Name:
		return c.name(e, sc)
	case *ast.Paren:
		return c.expr(e.X, sc)
	case *ast.Unary:
		return c.unary(e, sc)
	case *ast.Binary:
		return c.binary(e, sc)
	case *ast.Between:
		return c.between(e, sc)
	case *ast.In:
		return c.in(e, sc)
	case *ast.IsNull:
		return c.isNull(e, sc)
	case *ast.IsDistinct:
		return c.isDistinct(e, sc)
	case *ast.Has:
		return c.has(e, sc)
	case *ast.SubsetOf:
		return c.subset(e, sc)
	case *ast.InWindow:
		return c.inWindow(e, sc)
	case *ast.Call:
		return c.call(e, sc)
	case *ast.Aggregate:
		return c.aggregate(e, sc)
	case *ast.Case:
		return c.caseOf(e, sc)
	case *ast.TryCast:
		return c.tryCast(e, sc)
	case *ast.Did:
		return c.did(e, sc)
	case *ast.Nth:
		return c.nth(e, sc)
	case *ast.KnownFor:
		return c.knownFor(e, sc)
	case *ast.InSegment:
		return c.inSegment(e, sc)
	}
	return node{}, diag.New(diag.NotYet, e.Span(), "not yet in this version")
}

func (c *compiler) literal(l *ast.Literal) (node, error) {
	switch l.Kind {
	case ast.LitNull:
		return constant(typ{}, null, l.At), nil
	case ast.LitBool:
		return constant(typ{kind: kBool}, boolean(strings.EqualFold(l.Text, "TRUE")), l.At), nil
	case ast.LitText:
		n := constant(typ{kind: kText}, text(l.Text), l.At)
		n.lit = &l.Text
		return n, nil
	case ast.LitDuration:
		d, err := parseDuration(l)
		n := constant(typ{kind: kDuration}, integer(d.ms), l.At)
		n.dur = &d
		return n, err
	}
	r, t, err := numberLiteral(l)
	return constant(t, number(r), l.At), err
}

func joinNames(parts []ast.Ident) string {
	s := make([]string, len(parts))
	for i, p := range parts {
		s[i] = p.Name
	}
	return strings.Join(s, ".")
}

// name is a property inside […], elsewhere an attribute; contact.x inside […] is an attribute.
func (c *compiler) name(n *ast.Name, sc scope) (node, error) {
	if sc.event && (len(n.Parts) == 1 || n.Parts[0].Name != "contact") {
		if sc.g != nil {
			return node{}, diag.New(diag.Invalid, n.Span(), "%q is neither grouped nor in a total", joinNames(n.Parts))
		}
		return c.property(sc.types, joinNames(n.Parts), n.Span())
	}
	parts := n.Parts
	if sc.event {
		parts = parts[1:]
	}
	return c.attribute(joinNames(parts), n.Span(), sc)
}

func (c *compiler) attribute(name string, at diag.Span, sc scope) (node, error) {
	a, ok := c.s().Attr(name)
	switch {
	case !ok:
		return node{}, diag.New(diag.Name, at, "there is no attribute %q", name)
	case sc.noData:
		return node{}, diag.New(diag.Invalid, at, "AS OF takes one instant, not an attribute")
	case sc.g != nil:
		return node{}, diag.New(diag.Invalid, at, "%q is neither grouped nor in a total", name)
	}
	read := func(en *env) val { return fromStored(en.c.attrs[a.ID]) }
	switch a.ID {
	case schema.AttrIDOf:
		read = func(en *env) val { return text(en.c.id) }
	case schema.AttrCreatedAt:
		read = func(en *env) val { return instant(en.c.created) }
	}
	return node{t: typeOf(a.Type), ev: read, at: at}, nil
}

// property reads a property of a union of types: null for the types that lack it.
func (c *compiler) property(types []*schema.EventType, name string, at diag.Span) (node, error) {
	ids := map[schema.EventID]schema.PropID{}
	var t schema.Type
	for _, et := range types {
		p, ok := propOf(et, name)
		if !ok {
			continue
		}
		if len(ids) > 0 && t != p.Type {
			return node{}, diag.New(diag.Type, at, "property %q has several types", name)
		}
		t, ids[et.ID] = p.Type, p.ID
	}
	if len(ids) == 0 {
		return node{}, diag.New(diag.Name, at, "there is no property %q", name)
	}
	return node{t: typeOf(t), at: at, ev: func(en *env) val { return propValue(en, ids[en.e.typ]) }}, nil
}

func propOf(et *schema.EventType, name string) (schema.Property, bool) {
	for _, id := range []schema.PropID{schema.PropTime, schema.PropEventID, schema.PropContact} {
		if p, _ := schema.PseudoProp(id); p.Name == name {
			return p, true
		}
	}
	return et.Prop(name)
}

func propValue(en *env, id schema.PropID) val {
	switch id {
	case 0:
		return null
	case schema.PropTime:
		return instant(en.e.ms)
	case schema.PropContact:
		return text(en.c.id)
	case schema.PropEventID:
		return val{ok: en.e.hasID, u: en.e.id}
	}
	return fromStored(en.e.props[id])
}

func (c *compiler) unary(u *ast.Unary, sc scope) (node, error) {
	if u.Op == ast.OpNot {
		x, err := c.condition(u.X, sc)
		return node{t: typ{kind: kBool}, ev: func(en *env) val { return not(x.ev(en)) }}, err
	}
	x, err := c.expr(u.X, sc)
	if err != nil {
		return x, err
	}
	if !x.t.numeric() && x.t.kind != kNull && (x.t.kind != kDuration || x.calendar()) {
		return x, diag.New(diag.Type, u.At, "- wants a number, not %s", x.t)
	}
	return node{t: x.t, ev: func(en *env) val {
		v := x.ev(en)
		if !v.ok {
			return null
		}
		return c.bounded(en, new(big.Rat).Neg(v.r), x.t, u.At)
	}}, nil
}

// bounded is the result of arithmetic: rounded once for FLOAT, an error if it does not fit.
func (c *compiler) bounded(en *env, r *big.Rat, t typ, at diag.Span) val {
	if t.kind == kFloat {
		f, ok := toFloat(r)
		if !ok {
			return en.fail(diag.New(diag.Overflow, at, "the result does not fit in FLOAT"))
		}
		return number(f)
	}
	if !fits128(r, t) {
		return en.fail(diag.New(diag.Overflow, at, "the result does not fit in 128 bits"))
	}
	return number(r)
}

func not(v val) val {
	if !v.ok {
		return null
	}
	return boolean(!v.b)
}

func and(a, b val) val {
	switch {
	case a.ok && !a.b || b.ok && !b.b:
		return boolean(false)
	case !a.ok || !b.ok:
		return null
	}
	return boolean(true)
}

func or(a, b val) val { return not(and(not(a), not(b))) }

func (c *compiler) binary(b *ast.Binary, sc scope) (node, error) {
	switch b.Op {
	case ast.OpAnd, ast.OpOr:
		return c.logic(b, sc)
	}
	x, err := c.expr(b.X, sc)
	if err != nil {
		return x, err
	}
	y, err := c.expr(b.Y, sc)
	if err != nil {
		return y, err
	}
	x, y = c.recencyLength(x, b.Y), c.recencyLength(y, b.X)
	switch b.Op {
	case ast.OpEq, ast.OpNe, ast.OpLt, ast.OpLe, ast.OpGt, ast.OpGe:
		return c.comparison(b.Op, x, y)
	case ast.OpAdd, ast.OpSub, ast.OpMul, ast.OpDiv:
		return c.arithmetic(b, x, y)
	}
	return c.textMatch(b, x, y)
}

// recencyLength gives months opposite to recency(…) the length that they have back from the clock.
func (c *compiler) recencyLength(n node, opposite ast.Expr) node {
	a, ok := opposite.(*ast.Aggregate)
	if !ok || !strings.EqualFold(a.Fn.Name, "recency") || !n.calendar() {
		return n
	}
	d := *n.dur
	return node{t: n.t, at: n.at, ev: func(en *env) val {
		return integer(en.clock - d.shift(c.db.zone, en.clock, -1))
	}}
}

// logic evaluates both sides always, so that whether a statement overflows does not depend on order.
func (c *compiler) logic(b *ast.Binary, sc scope) (node, error) {
	other := ast.OpAnd
	if b.Op == ast.OpAnd {
		other = ast.OpOr
	}
	for _, side := range []ast.Expr{b.X, b.Y} {
		if s, ok := side.(*ast.Binary); ok && s.Op == other {
			return node{}, diag.New(diag.Syntax, b.OpAt, "AND and OR are mixed without brackets")
		}
	}
	x, err := c.condition(b.X, sc)
	if err != nil {
		return x, err
	}
	y, err := c.condition(b.Y, sc)
	join := and
	if b.Op == ast.OpOr {
		join = or
	}
	return node{t: typ{kind: kBool}, ev: func(en *env) val { return join(x.ev(en), y.ev(en)) }}, err
}

func decimalType(scale int) typ {
	if scale == 0 {
		return typ{kind: kInt}
	}
	return typ{kind: kDecimal, scale: scale}
}

// arithmetic dispatches on what is added to what.
func (c *compiler) arithmetic(b *ast.Binary, x, y node) (node, error) {
	x, y = c.datesOfDifference(b.Op, x, y)
	instants := func(n node) bool { return n.t.kind == kTimestamp || n.t.kind == kDate }
	number := func(n node) bool { return n.t.numeric() || n.t.kind == kNull }
	length := func(n node) bool { return n.t.kind == kDuration || n.t.kind == kNull }
	switch {
	case number(x) && number(y):
		return c.numberArithmetic(b, x, y)
	case b.Op == ast.OpSub && instants(x) && instants(y):
		return c.difference(x, y), nil
	case (b.Op == ast.OpAdd || b.Op == ast.OpSub) && instants(x) && length(y):
		return c.shifted(b.Op, x, y), nil
	case b.Op == ast.OpAdd && length(x) && instants(y):
		return c.shifted(b.Op, y, x), nil
	case !x.calendar() && !y.calendar() && !instants(x) && !instants(y):
		if t, ok := durationResult(b.Op, x, y); ok {
			return c.ratArithmetic(b, x, y, t), nil
		}
	}
	return node{}, diag.New(diag.Type, b.OpAt, "%s %s %s makes no sense", x.t, b.Op, y.t)
}

// datesOfDifference lets a text literal stand for an instant opposite to one: signup_at - '2026-01-01'.
func (c *compiler) datesOfDifference(op ast.Op, x, y node) (node, node) {
	if op != ast.OpSub {
		return x, y
	}
	for _, p := range []struct{ lit, other *node }{{&x, &y}, {&y, &x}} {
		if k := p.other.t.kind; p.lit.lit != nil && (k == kTimestamp || k == kDate) {
			if n, err := c.adapt(*p.lit, p.other.t); err == nil {
				*p.lit = n
			}
		}
	}
	return x, y
}

// durationResult is the type of arithmetic that has a DURATION in it.
func durationResult(op ast.Op, x, y node) (typ, bool) {
	dx, dy := x.t.kind == kDuration, y.t.kind == kDuration
	nx, ny := x.t.numeric() || x.t.kind == kNull, y.t.numeric() || y.t.kind == kNull
	length := typ{kind: kDuration, exact: true}
	switch {
	case (op == ast.OpAdd || op == ast.OpSub) && (dx || x.t.kind == kNull) && (dy || y.t.kind == kNull):
		return length, true
	case op == ast.OpMul && (dx && ny || nx && dy), op == ast.OpDiv && dx && ny:
		return length, true
	case op == ast.OpDiv && dx && dy:
		return typ{kind: kDecimal, scale: 6, exact: true}, true
	}
	return typ{}, false
}

func (c *compiler) numberArithmetic(b *ast.Binary, x, y node) (node, error) {
	if x.t.kind == kNull && y.t.kind == kNull {
		return constant(typ{}, null, b.OpAt), nil
	}
	if x.t.kind == kFloat || y.t.kind == kFloat {
		return c.ratArithmetic(b, asFloat(x), asFloat(y), typ{kind: kFloat}), nil
	}
	scale := max(x.t.scale, y.t.scale)
	exact := x.t.exact || y.t.exact
	switch b.Op {
	case ast.OpMul:
		scale = x.t.scale + y.t.scale
	case ast.OpDiv:
		scale, exact = scale+6, true
	}
	t := decimalType(scale)
	t.exact = exact
	return c.ratArithmetic(b, x, y, t), nil
}

// asFloat rounds a number to FLOAT before it meets another FLOAT.
func asFloat(n node) node {
	if n.t.kind == kFloat || n.t.kind == kNull {
		return n
	}
	return node{t: typ{kind: kFloat}, at: n.at, ev: func(en *env) val {
		v := n.ev(en)
		if !v.ok {
			return null
		}
		f, ok := toFloat(v.r)
		if !ok {
			return en.fail(diag.New(diag.Overflow, n.at, "the number does not fit in FLOAT"))
		}
		return number(f)
	}}
}

func (c *compiler) ratArithmetic(b *ast.Binary, x, y node, t typ) node {
	return node{t: t, ev: func(en *env) val {
		l, r := x.ev(en), y.ev(en)
		if !l.ok || !r.ok {
			return null
		}
		out := new(big.Rat)
		switch b.Op {
		case ast.OpAdd:
			out.Add(l.r, r.r)
		case ast.OpSub:
			out.Sub(l.r, r.r)
		case ast.OpMul:
			out.Mul(l.r, r.r)
		default:
			if r.r.Sign() == 0 {
				return null
			}
			out.Quo(l.r, r.r)
		}
		return c.bounded(en, out, t, b.OpAt)
	}}
}

// toInstant is the instant of a TIMESTAMP, or the first midnight of a DATE.
func (c *compiler) toInstant(t typ, v val) int64 {
	if t.kind == kDate {
		return c.db.zone.midnight(v.i)
	}
	return v.i
}

// difference is instant − instant; between two DATEs it is whole days of 24 h.
func (c *compiler) difference(x, y node) node {
	days := x.t.kind == kDate && y.t.kind == kDate
	return node{t: typ{kind: kDuration}, ev: func(en *env) val {
		a, b := x.ev(en), y.ev(en)
		switch {
		case !a.ok || !b.ok:
			return null
		case days:
			return integer((a.i - b.i) * dayMS)
		}
		return integer(c.toInstant(x.t, a) - c.toInstant(y.t, b))
	}}
}

// shifted is instant ± duration. A DATE stays a DATE under a literal of whole days or of the calendar.
func (c *compiler) shifted(op ast.Op, x, d node) node {
	sign := int64(1)
	if op == ast.OpSub {
		sign = -1
	}
	z := c.db.zone
	if x.t.kind == kDate && d.dur != nil && d.dur.wholeDays() {
		return node{t: x.t, ev: func(en *env) val {
			v := x.ev(en)
			v.i = d.dur.shiftDay(z, v.i, 0, sign)
			return v
		}}
	}
	return node{t: typ{kind: kTimestamp}, ev: func(en *env) val {
		v, by := x.ev(en), d.ev(en)
		if !v.ok || !by.ok {
			return null
		}
		from := c.toInstant(x.t, v)
		if d.dur != nil {
			return instant(d.dur.shift(z, from, sign))
		}
		whole := roundHalfAway(by.r)
		return instant(from + sign*whole.Num().Int64())
	}}
}

// roundHalfAway rounds to a whole number, halves away from zero.
func roundHalfAway(r *big.Rat) *big.Rat {
	out, _ := new(big.Rat).SetString(r.FloatString(0))
	return out
}
