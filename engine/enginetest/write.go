package enginetest

import (
	"fmt"

	"github.com/zeebo/xxh3"

	"github.com/musterdb/muster/engine/oracle"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// pending is a part that is being filled.
type pending struct {
	stamp    int64
	event    schema.EventID // 0: an upsert
	ids      change.Strings
	rows     change.Rows
	times    []int64
	eventIDs []uint64
}

func (p *pending) part() change.Part {
	if p.event == 0 {
		return &change.Upsert{IDs: p.ids, Cols: p.rows.Columns()}
	}
	t := &change.Track{Event: p.event, IDs: p.ids, Times: p.times, EventIDs: p.eventIDs, Props: p.rows.Columns()}
	for _, id := range p.eventIDs {
		if id != 0 {
			return t
		}
	}
	t.EventIDs = nil
	return t
}

// open returns the part that takes a row, after sending one that cannot.
func (b *Base) open(event schema.EventID, stamp int64) (*pending, error) {
	if p := b.pending; p != nil && (p.event != event || p.stamp != stamp || p.rows.Len() >= b.Batch) {
		if err := b.Flush(); err != nil {
			return nil, err
		}
	}
	if b.pending == nil {
		b.pending = &pending{stamp: stamp, event: event}
	}
	b.newest = max(b.newest, stamp)
	return b.pending, nil
}

// Flush applies the rows that wait. None of them may be refused: those that might be travel alone.
func (b *Base) Flush() error {
	rejected, err := b.send()
	if err == nil && len(rejected) > 0 {
		err = fmt.Errorf("a row of a batch was refused: %s", rejected[0].Reason)
	}
	return err
}

func (b *Base) send() ([]change.Rejection, error) {
	p := b.pending
	if p == nil {
		return nil, nil
	}
	b.pending = nil
	res, err := b.apply(&change.Change{Parts: []change.Part{p.part()}}, p.stamp)
	return res.Rejected, err
}

// Upsert creates or changes a contact.
func (b *Base) Upsert(id string, nowMS int64, set map[schema.AttrID]oracle.Op) error {
	if err := checkID(id); err != nil {
		return err
	}
	cells, adds, err := b.cells(set)
	if err != nil {
		return err
	}
	if adds { // may overflow, so its answer is wanted
		if err := b.Flush(); err != nil {
			return err
		}
	}
	p, err := b.open(0, nowMS)
	if err != nil {
		return err
	}
	p.ids.AppendString(id)
	p.rows.Begin()
	for _, c := range cells {
		p.rows.Put(uint32(c.attr.ID), c.attr.Type, c.op, c.value)
	}
	if !adds {
		return nil
	}
	rejected, err := b.send()
	if err == nil && len(rejected) > 0 {
		err = refuse(diag.Overflow, "%s", rejected[0].Reason)
	}
	return err
}

type cell struct {
	attr  schema.Attribute
	op    change.Op
	value schema.Value
}

// cells checks assignments and puts them in the schema's order.
func (b *Base) cells(set map[schema.AttrID]oracle.Op) (out []cell, adds bool, err error) {
	left := len(set)
	for _, a := range append(schema.SystemAttributes(), b.schema.Attrs...) {
		op, ok := set[a.ID]
		if !ok {
			continue
		}
		left--
		c := cell{attr: a, op: ops[op.Kind]}
		if op.Kind != oracle.OpNull {
			if c.value, err = fit(a.Type, op.Value); err != nil {
				return nil, false, err
			}
		}
		if a.ID == schema.AttrIDOf || a.ID == schema.AttrCreatedAt && (c.op != change.OpSet || c.value.Null()) {
			return nil, false, refuse(diag.Invalid, "%s cannot become that", a.Name)
		}
		add := c.op == change.OpAdd && a.Type.Numeric()
		if add && c.value.Null() {
			return nil, false, refuse(diag.Type, "only numbers can be added to %s", a.Name)
		}
		adds = adds || add
		out = append(out, c)
	}
	if left > 0 {
		return nil, false, refuse(diag.Name, "there is no such attribute")
	}
	return out, adds, nil
}

var ops = map[oracle.OpKind]change.Op{
	oracle.OpSet: change.OpSet, oracle.OpNull: change.OpNull, oracle.OpAdd: change.OpAdd,
	oracle.OpSetAdd: change.OpAdd, oracle.OpSetRemove: change.OpRemove,
}

// Track adds an event.
func (b *Base) Track(ev oracle.Event, nowMS int64) error {
	et, ok := b.schema.Event(ev.Type)
	if !ok {
		return refuse(diag.Name, "there is no event %q", ev.Type)
	}
	if err := checkID(ev.Contact); err != nil {
		return err
	}
	if ev.TimeMS < 0 || ev.TimeMS > nowMS+schema.MaxAheadOfClock.Milliseconds() {
		return refuse(diag.Invalid, "an event at %d, written at %d", ev.TimeMS, nowMS)
	}
	props, err := properties(et, ev.Props)
	if err != nil {
		return err
	}
	p, err := b.open(et.ID, nowMS)
	if err != nil {
		return err
	}
	p.ids.AppendString(ev.Contact)
	p.times = append(p.times, ev.TimeMS)
	p.eventIDs = append(p.eventIDs, eventID(et, ev.EventID, props))
	p.rows.Begin()
	for _, pr := range et.Props {
		if v, ok := props[pr.ID]; ok {
			p.rows.Put(uint32(pr.ID), pr.Type, change.OpSet, v)
		}
	}
	return nil
}

// properties checks an event's properties and leaves out the nulls.
func properties(et *schema.EventType, given map[schema.PropID]schema.Value) (map[schema.PropID]schema.Value, error) {
	out := map[schema.PropID]schema.Value{}
	for id, v := range given {
		p, ok := et.PropByID(id)
		if !ok || id < schema.FirstPropID {
			return nil, refuse(diag.Name, "event %q has no property %d", et.Name, id)
		}
		v, err := fit(p.Type, v)
		if err != nil {
			return nil, err
		}
		if !v.Null() {
			out[id] = v
		}
	}
	return out, nil
}

// eventID is the id that TRACK … ID says, else the ID property's, as the binder gives it.
func eventID(et *schema.EventType, said string, props map[schema.PropID]schema.Value) uint64 {
	v, ok := props[et.IDProp]
	switch {
	case said != "":
		return xxh3.HashString(said)
	case !et.HasID || !ok:
		return 0
	case v.Kind == schema.KindKey:
		return uint64(v.I)
	case v.Kind == schema.KindText:
		return xxh3.HashString(v.S)
	}
	return xxh3.HashString(oracle.FromValue(v).Text)
}
