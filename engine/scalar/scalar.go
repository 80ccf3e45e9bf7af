package scalar

import (
	"fmt"

	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// Row is what an expression is asked of: a contact, or an event with its contact.
type Row interface {
	// Attr returns an attribute of the contact (of the event's contact in a statement over events).
	Attr(id schema.AttrID) schema.Value
	// Prop returns a property of the event at hand; it is not asked of a contact.
	Prop(p *plan.Prop) schema.Value
	// ID returns the contact's id.
	ID() []byte
	// Agg, Did and Nth look at the contact's events.
	Agg(a *plan.Agg) (Value, error)
	Did(d *plan.Did) (bool, error)
	Nth(n *plan.Nth) (bool, error)
}

// GroupRow is a Row of a grouped statement: its expressions are of groups.
type GroupRow interface {
	Row
	// Group returns the value of plan.Query.Group[i], Total that of plan.Query.Totals[i].
	Group(i int) Value
	Total(i int) Value
}

// Env is what a statement's expressions depend on besides the row.
type Env struct {
	Clock int64          // ms: the statement's clock
	Zone  *calendar.Zone // the base's zone; nil is UTC
}

// Expr is a compiled expression. It is immutable and may be used by several goroutines.
type Expr struct {
	value eval
	test  test
}

// Value returns the expression's value for a row. Errors are exact.ErrOverflow and, where a cast must
// fit, *CastError; both concern this row's values only.
func (e *Expr) Value(r Row) (Value, error) { return e.value(r) }

// Test returns the truth value of a condition for a row.
func (e *Expr) Test(r Row) (Tri, error) { return e.test(r) }

type (
	eval func(Row) (Value, error)
	test func(Row) (Tri, error)
)

// maxDepth bounds how deep an expression may nest: a chain of a million additions is a tree that deep,
// and a goroutine's stack is not.
const maxDepth = 10_000

// compiler holds what the compilation of one expression needs.
type compiler struct {
	env   Env
	depth int
}

// Compile prepares an expression. The error names what can be wrong in a bound expression: a pattern or
// regular expression that is too long or malformed, and nesting deeper than 10,000.
func Compile(x plan.Expr, env Env) (*Expr, error) {
	if env.Zone == nil {
		env.Zone = calendar.UTC
	}
	c := &compiler{env: env}
	v, t, err := c.compile(x)
	if err != nil {
		return nil, err
	}
	return &Expr{v, t}, nil
}

// compile returns both readings of an expression: as a value and as a condition.
func (c *compiler) compile(x plan.Expr) (eval, test, error) {
	if c.depth++; c.depth > maxDepth {
		return nil, nil, fmt.Errorf("the expression nests deeper than %d levels; write it with fewer operators in a row", maxDepth)
	}
	defer func() { c.depth-- }()
	t, err := c.condition(x)
	if err != nil {
		return nil, nil, err
	}
	if t != nil {
		return valueOf(t), t, nil
	}
	v, err := c.expression(x)
	if err != nil {
		return nil, nil, err
	}
	return v, testOf(v), nil
}

func (c *compiler) value(x plan.Expr) (eval, error) {
	v, _, err := c.compile(x)
	return v, err
}

func (c *compiler) values(xs []plan.Expr) ([]eval, error) {
	out := make([]eval, len(xs))
	for i, x := range xs {
		var err error
		if out[i], err = c.value(x); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c *compiler) test(x plan.Expr) (test, error) {
	_, t, err := c.compile(x)
	return t, err
}

func valueOf(t test) eval {
	return func(r Row) (Value, error) {
		truth, err := t(r)
		return Bool(truth), err
	}
}

func testOf(v eval) test {
	return func(r Row) (Tri, error) {
		x, err := v(r)
		return x.Tri(), err
	}
}

// condition compiles what is a condition by its form; nil for every other expression.
func (c *compiler) condition(x plan.Expr) (test, error) {
	switch x := x.(type) {
	case *plan.And:
		return c.junction(x.Terms, False)
	case *plan.Or:
		return c.junction(x.Terms, True)
	case *plan.Not:
		return c.not(x)
	case *plan.Cmp:
		return c.compare(x)
	case *plan.In:
		return c.in(x)
	case *plan.IsNull:
		return c.isNull(x)
	case *plan.IsDistinct:
		return c.isDistinct(x)
	case *plan.Match:
		return c.match(x)
	case *plan.SetHas:
		return c.setHas(x)
	case *plan.SetCmp:
		return c.setCmp(x)
	case *plan.Did:
		return func(r Row) (Tri, error) { return known(r.Did(x)) }, nil
	case *plan.Nth:
		return func(r Row) (Tri, error) { return known(r.Nth(x)) }, nil
	case *plan.IsTrue:
		return c.isTrue(x)
	case *plan.Member:
		return func(r Row) (Tri, error) { return Truth(!r.Attr(x.Attr).Null()), nil }, nil
	}
	return nil, nil
}

// ofGroup reads a value of a group. A row that is none has no such value.
func ofGroup(value func(GroupRow) Value) eval {
	return func(r Row) (Value, error) {
		if g, ok := r.(GroupRow); ok {
			return value(g), nil
		}
		return Value{}, nil
	}
}

func known(b bool, err error) (Tri, error) { return Truth(b), err }

// expression compiles everything else.
func (c *compiler) expression(x plan.Expr) (eval, error) {
	switch x := x.(type) {
	case *plan.Const:
		v := Of(x.Value)
		return func(Row) (Value, error) { return v, nil }, nil
	case *plan.Attr:
		return func(r Row) (Value, error) { return Of(r.Attr(x.ID)), nil }, nil
	case *plan.Prop:
		return func(r Row) (Value, error) { return Of(r.Prop(x)), nil }, nil
	case *plan.Agg:
		return func(r Row) (Value, error) { return r.Agg(x) }, nil
	case *plan.GroupRef:
		return ofGroup(func(r GroupRow) Value { return r.Group(x.Index) }), nil
	case *plan.TotalRef:
		return ofGroup(func(r GroupRow) Value { return r.Total(x.Index) }), nil
	case *plan.Arith:
		return c.arith(x)
	case *plan.AddCalendar:
		return c.addCalendar(x)
	case *plan.Neg:
		return c.neg(x)
	case *plan.Call:
		return c.call(x)
	case *plan.Case:
		e, err := c.cases(x)
		return floating(x.T, e), err
	case *plan.Cast:
		return c.cast(x)
	}
	// A plan is made by the binder, never by a user: a node that is not known is a programmer's error,
	// but a plan also travels between nodes, so it is reported and not a panic.
	return nil, fmt.Errorf("this node cannot evaluate %T; are all nodes of one version?", x)
}
