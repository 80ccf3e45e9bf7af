package eval

import (
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// checkSchema refuses a plan that was bound before a change of the schema took away what it asks for: the
// blocks may still hold values of a dropped property, but not its dictionary. A shard that is behind the
// plan's schema has nothing of what it lacks, which is null.
func checkSchema(q *plan.Query, now *schema.Schema) error {
	if q.Schema >= now.Version {
		return nil
	}
	c := staleness{now: now}
	if q.Where != nil {
		c.walk(q.Where)
	}
	for _, it := range q.Items {
		c.walk(it.X)
	}
	for _, x := range q.Group {
		c.walk(x)
	}
	for _, t := range q.Totals {
		if t.X != nil {
			c.walk(t.X)
		}
	}
	return c.err
}

type staleness struct {
	now   *schema.Schema
	depth int
	err   error
}

func (c *staleness) walk(x plan.Expr) {
	if c.depth > maxDepth { // scalar.Compile refuses it
		return
	}
	c.depth++
	switch x := x.(type) {
	case *plan.Attr:
		if _, ok := c.now.AttrByID(x.ID); !ok {
			c.gone("an attribute")
		}
	case *plan.Member:
		if _, ok := c.now.AttrByID(x.Attr); !ok {
			c.gone("a segment")
		}
	case *plan.Prop:
		c.prop(x)
	case *plan.Agg:
		c.selector(x.Sel)
		if x.Prop != nil {
			c.prop(x.Prop)
		}
	case *plan.Did:
		c.selector(x.Sel)
	case *plan.Nth:
		c.selector(x.Sel)
	}
	for _, y := range operands(x) {
		c.walk(y)
	}
	c.depth--
}

func (c *staleness) selector(s *plan.Selector) {
	if s != nil && s.Filter != nil {
		c.walk(s.Filter)
	}
}

// prop accepts properties of types that are gone: they have no events.
func (c *staleness) prop(x *plan.Prop) {
	for event, prop := range x.ByEvent {
		if et, ok := c.now.EventByID(event); ok {
			if _, ok := et.PropByID(prop); !ok {
				c.gone("a property")
			}
		}
	}
}

func (c *staleness) gone(what string) {
	c.err = diag.New(diag.Conflict, diag.Span{}, "%s that the statement asks for was dropped just now", what).WithHint("ask again")
}
