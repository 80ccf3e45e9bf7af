package change

import (
	"time"

	"github.com/musterdb/muster/storage/schema"
)

// EncodeSchema appends the bytes of a schema as they stand in a change.
func EncodeSchema(dst []byte, s *schema.Schema) []byte {
	e := encoder{dst}
	e.schema(s)
	e.segments(s)
	return e.b
}

// DecodeSchema reads what EncodeSchema wrote, and nothing more; or what it wrote before there were segments.
func DecodeSchema(b []byte) (*schema.Schema, error) {
	d := newDecoder(b)
	s := d.schema()
	if d.err == nil && len(d.b) > 0 {
		d.segments(s)
	}
	if err := d.end(); err != nil {
		return nil, err
	}
	return s, checkSchema(s)
}

func (e *encoder) schema(s *schema.Schema) {
	e.uint(uint64(s.Base))
	e.string(s.Name)
	e.string(s.Options.TimeZone)
	e.byte(byte(s.Options.Mode))
	e.uint(uint64(s.Options.Spread))
	e.uint(s.Version)
	e.uint(uint64(s.NextAttr))
	e.uint(uint64(s.NextEvent))
	e.uint(uint64(s.NextProp))
	e.uint(uint64(len(s.Attrs)))
	for _, a := range s.Attrs {
		e.uint(uint64(a.ID))
		e.string(a.Name)
		e.typ(a.Type)
		e.bool(a.Personal)
	}
	e.uint(uint64(len(s.Events)))
	for i := range s.Events {
		e.event(&s.Events[i])
	}
}

// segments writes the static segments: their ids and attributes, which is all that a shard needs.
func (e *encoder) segments(s *schema.Schema) {
	n := uint64(0)
	for i := range s.Segments {
		if s.Segments[i].Static() {
			n++
		}
	}
	e.uint(n)
	for i := range s.Segments {
		if g := &s.Segments[i]; g.Static() {
			e.uint(uint64(g.ID))
			e.uint(uint64(g.Attr))
		}
	}
}

func (d *decoder) segments(s *schema.Schema) {
	for n := d.count(schema.MaxSegments, "segments"); n > 0 && d.err == nil; n-- {
		s.Segments = append(s.Segments, schema.Segment{ID: schema.SegmentID(d.uint32()), Attr: schema.AttrID(d.uint32())})
	}
}

func (e *encoder) event(v *schema.EventType) {
	e.uint(uint64(v.ID))
	e.string(v.Name)
	e.uint(uint64(v.IDProp))
	e.bool(v.HasID)
	e.int(int64(v.Keep))
	e.uint(uint64(len(v.Props)))
	for _, p := range v.Props {
		e.uint(uint64(p.ID))
		e.string(p.Name)
		e.typ(p.Type)
	}
}

func (d *decoder) schema() *schema.Schema {
	s := &schema.Schema{Base: schema.BaseID(d.uint32()), Name: d.string(schema.MaxNameBytes)}
	s.Options.TimeZone = d.string(schema.MaxNameBytes)
	s.Options.Mode = schema.Mode(d.byteBelow(2, "mode"))
	s.Options.Spread = int(d.uint32())
	s.Version = d.uint()
	s.NextAttr = schema.AttrID(d.uint32())
	s.NextEvent = schema.EventID(d.uint32())
	s.NextProp = schema.PropID(d.uint32())
	for n := d.count(schema.MaxAttributes, "attributes"); n > 0 && d.err == nil; n-- {
		s.Attrs = append(s.Attrs, schema.Attribute{ID: schema.AttrID(d.uint32()), Name: d.string(schema.MaxNameBytes), Type: d.typ(), Personal: d.bool()})
	}
	for n := d.count(schema.MaxEventTypes, "event types"); n > 0 && d.err == nil; n-- {
		s.Events = append(s.Events, d.event())
	}
	return s
}

func (d *decoder) event() schema.EventType {
	v := schema.EventType{ID: schema.EventID(d.uint32()), Name: d.string(schema.MaxNameBytes)}
	v.IDProp = schema.PropID(d.uint32())
	v.HasID = d.bool()
	v.Keep = time.Duration(d.int())
	for n := d.count(schema.MaxProps, "properties"); n > 0 && d.err == nil; n-- {
		v.Props = append(v.Props, schema.Property{ID: schema.PropID(d.uint32()), Name: d.string(schema.MaxNameBytes), Type: d.typ()})
	}
	return v
}
