package eval

import (
	"github.com/musterdb/muster/storage"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/tile"
)

// Contact is all that a view holds of one contact up to an instant.
type Contact struct {
	Attrs  []ContactAttr  // that are not null, in the schema's order, the system's first
	Lists  []ContactAttr  // the hidden attributes of the static segments that the contact is in
	Events []ContactEvent // the newest first
	More   int            // older events that were left out
}

// ContactAttr is an attribute's value.
type ContactAttr struct {
	ID    schema.AttrID
	Value schema.Value
}

// ContactEvent is one event of a contact.
type ContactEvent struct {
	Event schema.EventID
	Time  int64         // ms
	Props []ContactProp // that are not null, in the schema's order
}

// ContactProp is a property's value.
type ContactProp struct {
	Name  string
	Value schema.Value
}

// ReadContact reads a contact with its newest events, at most a number of them, none later than the clock. ok
// is false if the view does not hold it.
func ReadContact(v *storage.View, sch *schema.Schema, id []byte, clock int64, limit int) (c Contact, ok bool) {
	row, ok := v.Lookup(id)
	if !ok {
		return c, false
	}
	chunk, at := int(row>>16), int(row&(schema.ChunkRows-1))
	for _, a := range append(schema.SystemAttributes(), sch.Attrs...) {
		if val := attrAt(v, a.ID, chunk, at); !val.Null() {
			c.Attrs = append(c.Attrs, ContactAttr{a.ID, val})
		}
	}
	for i := range sch.Segments {
		if seg := &sch.Segments[i]; seg.Static() && !seg.Building {
			if val := attrAt(v, seg.Attr, chunk, at); !val.Null() {
				c.Lists = append(c.Lists, ContactAttr{seg.Attr, val})
			}
		}
	}
	c.timeline(v.Events.Timeline(nil, row), sch, clock, limit)
	return c, true
}

// timeline keeps the newest of the events, which are in order.
func (c *Contact) timeline(refs []tile.Ref, sch *schema.Schema, clock int64, limit int) {
	for len(refs) > 0 && refs[len(refs)-1].Time > clock {
		refs = refs[:len(refs)-1]
	}
	c.More = max(0, len(refs)-limit)
	refs = refs[c.More:]
	for i := len(refs) - 1; i >= 0; i-- {
		if ev, ok := sch.EventByID(refs[i].Event); ok {
			c.Events = append(c.Events, contactEvent(refs[i], ev))
		}
	}
}

func contactEvent(r tile.Ref, ev *schema.EventType) ContactEvent {
	out := ContactEvent{Event: r.Event, Time: r.Time}
	for _, p := range ev.Props {
		if val := valueAt(r.Block.Prop(p.ID), r.Index); !val.Null() {
			out.Props = append(out.Props, ContactProp{p.Name, val})
		}
	}
	return out
}
