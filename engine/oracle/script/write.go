package script

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/musterdb/muster/engine/oracle"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/schema"
	"github.com/zeebo/xxh3"
)

// write runs a line that changes the base or the clock.
func (r *runner) write(line string) error {
	t := &tokens{list: split(line)}
	verb := t.next()
	if rest, ok := strings.CutPrefix(line, verb+" "); ok && r.sys != nil && (verb == "segment" || verb == "change") {
		return r.changeText(verb, rest)
	}
	if verb != "base" && r.sys == nil {
		return errNoBase
	}
	err := r.verb(verb, t)
	if err == nil {
		err = t.done()
	}
	return err
}

func (r *runner) verb(verb string, t *tokens) error {
	switch verb {
	case "base":
		return r.base(t.next())
	case "attribute", "event", "property", "drop":
		return r.define(verb, t)
	case "as":
		return r.setClock(t)
	case "upsert":
		return r.upsert(t)
	case "track":
		return r.track(t, 1)
	case "repeat":
		n, err := strconv.Atoi(t.next())
		if err != nil || t.next() != "track" {
			return errors.New("write: repeat 300 track …")
		}
		return r.track(t, n)
	case "delete":
		return r.sys.Delete(unquote(t.next()), r.clock)
	case "retain":
		return r.sys.Retain(r.clock)
	case "static":
		return r.static(t.name())
	case "members":
		return r.members(t)
	}
	return fmt.Errorf("there is no command %q", verb)
}

// base starts anew; a base that cannot be made leaves none.
func (r *runner) base(zone string) error {
	sys := r.newSystem()
	s := schema.New(1, "test", schema.BaseOptions{TimeZone: zone, Mode: schema.Strict, Spread: 1})
	r.sys, r.schema, r.clock = nil, s, 0
	err := sys.SetSchema(s)
	if err == nil {
		r.sys = sys
	}
	return err
}

func (r *runner) setClock(t *tokens) error {
	if t.next() != "of" {
		return errors.New("write: as of 2026-04-01 10:00")
	}
	at, err := r.instant(t.rest())
	if err == nil {
		r.clock = at
	}
	return err
}

func (r *runner) instant(s string) (int64, error) {
	return oracle.ParseInstant(r.schema.Options.TimeZone, unquote(s))
}

// define publishes the next version of the schema.
func (r *runner) define(verb string, t *tokens) error {
	next := r.schema.Clone()
	next.Version++
	var err error
	switch verb {
	case "attribute":
		err = addAttribute(next, t)
	case "event":
		err = addEvent(next, t)
	case "property":
		err = addProperty(next, t)
	default:
		err = drop(next, t)
	}
	if err == nil {
		err = r.sys.SetSchema(next)
	}
	if err == nil {
		r.schema = next
	}
	return err
}

func addAttribute(s *schema.Schema, t *tokens) error {
	name := t.name()
	typ, err := t.typ()
	s.Attrs = append(s.Attrs, schema.Attribute{ID: s.NextAttr, Name: name, Type: typ})
	s.NextAttr++
	return err
}

// addEvent reads: name (property TYPE, …) [ID [property]] [KEEP 400d].
func addEvent(s *schema.Schema, t *tokens) error {
	ev := schema.EventType{ID: s.NextEvent, Name: t.name()}
	s.NextEvent++
	if t.take("(") {
		for !t.take(")") {
			if err := addProp(s, &ev, t); err != nil {
				return err
			}
			t.take(",")
		}
	}
	if t.take("ID") {
		p, ok := ev.Prop(t.next())
		if !ok {
			return errors.New("ID names a property")
		}
		ev.HasID, ev.IDProp = true, p.ID
	}
	if t.take("KEEP") {
		days, err := strconv.Atoi(strings.TrimSuffix(t.next(), "d"))
		if err != nil {
			return err
		}
		ev.Keep = time.Duration(days) * 24 * time.Hour
	}
	s.Events = append(s.Events, ev)
	return nil
}

func addProp(s *schema.Schema, ev *schema.EventType, t *tokens) error {
	name := t.name()
	typ, err := t.typ()
	ev.Props = append(ev.Props, schema.Property{ID: s.NextProp, Name: name, Type: typ})
	s.NextProp++
	return err
}

// addProperty reads: event name TYPE.
func addProperty(s *schema.Schema, t *tokens) error {
	ev, err := eventOf(s, t.name())
	if err != nil {
		return err
	}
	return addProp(s, ev, t)
}

func eventOf(s *schema.Schema, name string) (*schema.EventType, error) {
	for i := range s.Events {
		if s.Events[i].Name == name {
			return &s.Events[i], nil
		}
	}
	return nil, diag.New(diag.Name, diag.Span{}, "there is no event %q", name)
}

// drop reads: attribute name | event name | property event name.
func drop(s *schema.Schema, t *tokens) error {
	what, name := t.next(), t.name()
	switch what {
	case "attribute":
		s.Attrs = slices.DeleteFunc(s.Attrs, func(a schema.Attribute) bool { return a.Name == name })
		return nil
	case "event":
		s.Events = slices.DeleteFunc(s.Events, func(e schema.EventType) bool { return e.Name == name })
		return nil
	case "property":
		ev, err := eventOf(s, name)
		if err != nil {
			return err
		}
		prop := t.name()
		ev.Props = slices.DeleteFunc(ev.Props, func(p schema.Property) bool { return p.Name == prop })
		return nil
	}
	return fmt.Errorf("cannot drop %q", what)
}

// upsert reads: id [name = value | name += value | name -= 'text'], …
func (r *runner) upsert(t *tokens) error {
	id, set := unquote(t.next()), map[schema.AttrID]oracle.Op{}
	for t.more() {
		a, ok := r.schema.Attr(t.name())
		if !ok {
			return diag.New(diag.Name, diag.Span{}, "there is no such attribute")
		}
		op, err := r.op(t, a.Type)
		if err != nil {
			return err
		}
		set[a.ID] = op
		t.take(",")
	}
	return r.sys.Upsert(id, r.clock, set)
}

func (r *runner) op(t *tokens, typ schema.Type) (oracle.Op, error) {
	sign := t.next()
	v, err := r.value(t, typ)
	op := oracle.Op{Value: v}
	switch {
	case sign == "=" && v.Null():
		op.Kind = oracle.OpNull
	case sign == "=":
	case sign == "+=" && typ.Kind == schema.KindSet:
		op.Kind = oracle.OpSetAdd
	case sign == "+=":
		op.Kind = oracle.OpAdd
	case sign == "-=":
		op.Kind = oracle.OpSetRemove
	default:
		err = fmt.Errorf("write =, += or -=, not %q", sign)
	}
	return op, err
}

// track reads: event contact 'time' [id 'x'] [(property = value, …)], and does so n times.
func (r *runner) track(t *tokens, n int) error {
	ev := oracle.Event{Type: t.name(), Contact: unquote(t.next()), Props: map[schema.PropID]schema.Value{}}
	var err error
	if ev.TimeMS, err = r.instant(t.next()); err != nil {
		return err
	}
	if t.take("id") {
		ev.EventID = unquote(t.next())
	}
	if t.take("(") {
		for !t.take(")") {
			if err := r.prop(t, &ev); err != nil {
				return err
			}
			t.take(",")
		}
	}
	for range n {
		if err := r.sys.Track(ev, r.clock); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) prop(t *tokens, ev *oracle.Event) error {
	et, err := eventOf(r.schema, ev.Type)
	if err != nil {
		return err
	}
	p, ok := et.Prop(t.name())
	if !ok || !t.take("=") {
		return diag.New(diag.Name, diag.Span{}, "event %q has no such property", ev.Type)
	}
	ev.Props[p.ID], err = r.value(t, p.Type)
	return err
}

// value reads one value of a declared type: 'text', a number, TRUE, FALSE, NULL, {'a', 'b'}.
func (r *runner) value(t *tokens, typ schema.Type) (schema.Value, error) {
	s := t.next()
	switch {
	case strings.EqualFold(s, "NULL"):
		return schema.Value{}, nil
	case s == "{":
		v := schema.Value{Kind: schema.KindSet}
		for !t.take("}") {
			if !t.more() {
				return v, errors.New("a set ends in }")
			}
			v.Set = append(v.Set, unquote(t.next()))
			t.take(",")
		}
		return v, nil
	}
	return r.single(s, typ)
}

func (r *runner) single(s string, typ schema.Type) (schema.Value, error) {
	v := schema.Value{Kind: typ.Kind, Scale: typ.Scale}
	var err error
	quoted := strings.HasPrefix(s, "'")
	switch {
	case typ.Kind == schema.KindBool:
		if strings.EqualFold(s, "TRUE") {
			v.I = 1
		}
	case typ.Kind == schema.KindText:
		v.S = unquote(s)
	case typ.Kind == schema.KindKey:
		v.I = int64(xxh3.HashString(unquote(s)))
	case typ.Kind == schema.KindSet:
		v.Set = []string{unquote(s)}
	case typ.Kind == schema.KindDate:
		v.I, err = oracle.ParseDay(unquote(s))
	case typ.Kind == schema.KindTimestamp:
		v.I, err = r.instant(s)
	case quoted:
		return schema.Value{Kind: schema.KindText, S: unquote(s)}, nil // for the system to refuse
	case typ.Kind == schema.KindFloat:
		v.F, err = strconv.ParseFloat(s, 64)
	default:
		v.I, err = unscaled(s, int(typ.Scale))
	}
	return v, err
}

// unscaled reads a number with at most scale decimals as a whole number of its last decimal.
func unscaled(s string, scale int) (int64, error) {
	whole, frac, _ := strings.Cut(s, ".")
	if len(frac) > scale {
		return 0, diag.New(diag.Type, diag.Span{}, "%s has more than %d decimals", s, scale)
	}
	n, ok := new(big.Int).SetString(whole+frac+strings.Repeat("0", scale-len(frac)), 10)
	if !ok {
		return 0, diag.New(diag.Type, diag.Span{}, "%q is no number", s)
	}
	if !n.IsInt64() {
		return 0, diag.New(diag.Overflow, diag.Span{}, "%s does not fit", s)
	}
	return n.Int64(), nil
}
