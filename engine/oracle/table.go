package oracle

import (
	"slices"
	"strings"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
)

// source is what a statement is over: the contacts, or the events of one type.
type source struct {
	scope scope
	rows  func(clock int64) []*env // in the order in which equal rows come
}

func (c *compiler) source(from ast.Ident) (source, error) {
	if from.Name == "contacts" {
		return c.contacts(), nil
	}
	et, ok := c.s().Event(from.Name)
	if !ok {
		return source{}, diag.New(diag.Name, from.At, "there is no table %q", from.Name)
	}
	sc := scope{event: true, table: true}
	sc.types = append(sc.types, et)
	return source{sc, func(clock int64) []*env { return c.events(selector{types: sc.types, now: c.now}, clock) }}, nil
}

// contacts is the source of all contacts, by id.
func (c *compiler) contacts() source {
	return source{rows: func(clock int64) []*env {
		var out []*env
		for _, ct := range c.db.contacts {
			out = append(out, &env{db: c.db, clock: clock, c: ct})
		}
		slices.SortFunc(out, func(a, b *env) int { return strings.Compare(a.c.id, b.c.id) })
		return out
	}}
}

// events are the events of a type up to the clock: by contact, time and arrival.
func (c *compiler) events(sel selector, clock int64) []*env {
	var out []*env
	for _, ct := range c.contacts().rows(clock) {
		for _, e := range ct.c.ordered() {
			if e.ms <= clock && sel.holds(e) {
				out = append(out, &env{db: c.db, clock: clock, c: ct.c, e: e})
			}
		}
	}
	return out
}

// isContact says whether an expression is the bare name contact.
func isContact(e ast.Expr) bool {
	n, ok := e.(*ast.Name)
	return ok && len(n.Parts) == 1 && n.Parts[0].Name == "contact"
}

// contactIn is contact IN (condition) of a statement over an event: whether the condition is true of the
// event's contact, never unknown. ok is false if the brackets hold a list.
func (c *compiler) contactIn(e *ast.In, sc scope) (n node, ok bool, err error) {
	if !sc.table || !isContact(e.X) || len(e.Values) == 0 {
		return node{}, false, nil
	}
	cond, err := c.expr(e.Values[0], scope{})
	if err != nil {
		if text, errList := c.expr(e.Values[0], sc); errList == nil && text.t.kind == kBool {
			return node{}, false, err
		}
	}
	if err != nil || cond.t.kind != kBool {
		return node{}, false, nil // a list, or whatever is wrong with it as a list
	}
	switch {
	case len(e.Values) > 1:
		return node{}, false, diag.New(diag.Invalid, e.At, "contact IN takes texts or one condition")
	case sc.g != nil:
		return node{}, false, diag.New(diag.Invalid, e.At, "a condition on contacts is neither grouped nor in a total")
	}
	return node{t: typ{kind: kBool}, ev: func(en *env) val {
		inner := &env{db: en.db, clock: en.clock, c: en.c}
		in := cond.ev(inner).isTrue()
		if inner.err != nil {
			en.fail(inner.err)
		}
		return boolean(in != e.Not)
	}}, true, nil
}
