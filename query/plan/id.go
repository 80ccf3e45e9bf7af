package plan

import "github.com/musterdb/muster/storage/schema"

// IDEquals returns the contact id that a condition asks for by id = '…', if it is one.
func IDEquals(x Expr) (id string, ok bool) {
	c, ok := x.(*Cmp)
	if !ok || c.Op != Eq || c.Version {
		return "", false
	}
	if id, ok = idAndText(c.X, c.Y); !ok {
		id, ok = idAndText(c.Y, c.X)
	}
	return id, ok
}

// Terms returns the terms of a conjunction, or the condition itself; nothing of none.
func Terms(x Expr) []Expr {
	switch x := x.(type) {
	case nil:
		return nil
	case *And:
		return x.Terms
	}
	return []Expr{x}
}

// ContactIn returns the contact ids one of which a condition over an event asks for, by contact = '…' or
// contact IN ('…', …).
func ContactIn(x Expr) (ids []string, ok bool) {
	switch x := x.(type) {
	case *Cmp:
		if x.Op != Eq || x.Version {
			return nil, false
		}
		id, ok := contactAndText(x.X, x.Y)
		if !ok {
			id, ok = contactAndText(x.Y, x.X)
		}
		return []string{id}, ok
	case *In:
		if !isContact(x.X) {
			return nil, false
		}
		for _, v := range x.Values {
			if v.Kind != schema.KindText {
				return nil, false
			}
			ids = append(ids, v.S)
		}
		return ids, true
	}
	return nil, false
}

func contactAndText(x, y Expr) (string, bool) {
	t, ok := y.(*Const)
	if !ok || !isContact(x) || t.Value.Kind != schema.KindText {
		return "", false
	}
	return t.Value.S, true
}

// isContact says whether x is the pseudo-property contact.
func isContact(x Expr) bool {
	p, ok := x.(*Prop)
	if !ok || len(p.ByEvent) == 0 {
		return false
	}
	for _, id := range p.ByEvent {
		if id != schema.PropContact {
			return false
		}
	}
	return true
}

// IsContact says whether an expression is the id of the contact, or of the event's contact.
func IsContact(x Expr) bool {
	a, ok := x.(*Attr)
	return ok && a.ID == schema.AttrIDOf || isContact(x)
}

// Asks returns the ids of the contacts that a statement can be about, if its condition is a conjunction that
// names them: by IDEquals, or over an event type by ContactIn.
func (q *Query) Asks() (ids []string, ok bool) {
	for _, t := range Terms(q.Where) {
		if q.From != 0 {
			if ids, ok := ContactIn(t); ok {
				return ids, true
			}
		} else if id, ok := IDEquals(t); ok {
			return []string{id}, true
		}
	}
	return nil, false
}

func idAndText(x, y Expr) (string, bool) {
	a, isAttr := x.(*Attr)
	t, isConst := y.(*Const)
	if !isAttr || !isConst || a.ID != schema.AttrIDOf || t.Value.Kind != schema.KindText {
		return "", false
	}
	return t.Value.S, true
}
