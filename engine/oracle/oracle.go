// Package oracle owns the slow, obviously right database that the engine is compared with: contacts
// in a Go map, events in a slice, every number a big.Rat, every statement answered by walking its
// syntax tree once for each contact. It was written from the language's text alone and shares no code
// with the engine (neither storage beyond schema, nor plan, nor kernels), so that the two cannot share
// a misreading. Speed is not its business, nor are durability, concurrency or limits: a DB is used by
// one goroutine.
//
// Subpackage script runs conformance files against it or against the engine; subpackage random makes
// random schemas, data and statements.
package oracle

import (
	"math"
	"math/big"
	"slices"
	"sort"
	"strconv"

	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/schema"
	"github.com/zeebo/xxh3"
)

// DB is one base: a schema, its contacts and their events.
type DB struct {
	schema   *schema.Schema
	zone     zone
	contacts map[string]*contact
	arrivals uint64
	newest   int64 // stamp of the newest accepted write
}

type contact struct {
	id      string
	created int64
	attrs   map[schema.AttrID]schema.Value
	events  []*event
	sorted  bool
	lists   map[schema.SegmentID]int64 // static segments, with the instant of adding
}

type event struct {
	typ     schema.EventID
	ms      int64
	arrival uint64
	hasID   bool
	id      uint64 // xxh3 of the id's text
	props   map[schema.PropID]schema.Value
}

// OpKind says what an Op does to an attribute.
type OpKind uint8

// The kinds of Op.
const (
	OpSet       OpKind = iota // the attribute becomes Value
	OpNull                    // the attribute becomes null
	OpAdd                     // Value is added to a number; null counts as 0
	OpSetAdd                  // the texts of Value.Set join a set; null counts as the empty set
	OpSetRemove               // the texts of Value.Set leave a set; null stays null
)

// Op is one assignment of an upsert.
type Op struct {
	Kind  OpKind
	Value schema.Value
}

// Event is one event to be tracked. EventID is what TRACK … ID says, empty for none; without it a type
// with an ID property takes the property's value.
type Event struct {
	Type    string
	Contact string
	TimeMS  int64
	EventID string
	Props   map[schema.PropID]schema.Value
}

// Target takes writes: the oracle itself or a system compared with it. Each method returns an error
// exactly when the row or the change is refused; a refused row changes nothing.
type Target interface {
	// SetSchema creates the base (first call) or publishes its next version.
	SetSchema(s *schema.Schema) error
	Upsert(id string, nowMS int64, set map[schema.AttrID]Op) error
	Track(ev Event, nowMS int64) error
	Delete(id string, nowMS int64) error
	// Retain removes what KEEP no longer holds at that instant.
	Retain(nowMS int64) error
}

// New returns an empty base, or an error if the schema's time zone is unknown.
func New(s *schema.Schema) (*DB, error) {
	db := &DB{contacts: map[string]*contact{}}
	return db, db.SetSchema(s)
}

// SetSchema publishes a schema. The data of attributes, event types and properties that it no longer
// holds are gone; what it adds is null everywhere.
func (db *DB) SetSchema(s *schema.Schema) error {
	z, err := loadZone(s.Options.TimeZone)
	if err != nil {
		return err
	}
	db.schema, db.zone = s.Clone(), z
	for _, c := range db.contacts {
		db.forget(c)
	}
	return nil
}

// forget drops what the schema no longer names.
func (db *DB) forget(c *contact) {
	for id := range c.attrs {
		if _, ok := db.schema.AttrByID(id); !ok {
			delete(c.attrs, id)
		}
	}
	for id := range c.lists {
		if !slices.ContainsFunc(db.schema.Segments, func(s schema.Segment) bool { return s.ID == id && s.Static() }) {
			delete(c.lists, id)
		}
	}
	c.events = slices.DeleteFunc(c.events, func(e *event) bool {
		t, ok := db.schema.EventByID(e.typ)
		if !ok {
			return true
		}
		for id := range e.props {
			if _, ok := t.PropByID(id); !ok {
				delete(e.props, id)
			}
		}
		return false
	})
}

// Len returns the number of contacts.
func (db *DB) Len() int { return len(db.contacts) }

// Upsert creates the contact if it is unknown (created_at is then the write's stamp, unless set) and
// applies the assignments. One assignment that does not fit refuses the row.
func (db *DB) Upsert(id string, nowMS int64, set map[schema.AttrID]Op) error {
	if id == "" || len(id) > schema.MaxIDBytes {
		return refuse(diag.Invalid, "a contact id has 1 to %d bytes", schema.MaxIDBytes)
	}
	next := &contact{id: id, created: nowMS, attrs: map[schema.AttrID]schema.Value{}}
	if old, ok := db.contacts[id]; ok {
		*next = *old
		next.attrs = map[schema.AttrID]schema.Value{}
		for a, v := range old.attrs {
			next.attrs[a] = v
		}
	}
	for id, op := range set {
		if err := db.assign(next, id, op); err != nil {
			return err
		}
	}
	db.contacts[id] = next
	db.newest = max(db.newest, nowMS)
	return nil
}

func (db *DB) assign(c *contact, id schema.AttrID, op Op) error {
	a, ok := db.schema.AttrByID(id)
	switch {
	case !ok:
		return refuse(diag.Name, "there is no attribute %d", id)
	case id == schema.AttrIDOf:
		return refuse(diag.Invalid, "id cannot be changed")
	case id == schema.AttrCreatedAt:
		if op.Kind != OpSet || op.Value.Kind != schema.KindTimestamp {
			return refuse(diag.Invalid, "created_at can only be set to an instant")
		}
		c.created = op.Value.I
		return nil
	}
	v, err := applyOp(a.Type, c.attrs[id], op)
	if err != nil {
		return err
	}
	if v.Null() {
		delete(c.attrs, id)
		return nil
	}
	c.attrs[id] = v
	return nil
}

func applyOp(t schema.Type, old schema.Value, op Op) (schema.Value, error) {
	switch op.Kind {
	case OpNull:
		return schema.Value{}, nil
	case OpSet:
		return fit(t, op.Value)
	case OpAdd:
		return addNumber(t, old, op.Value)
	}
	if t.Kind != schema.KindSet {
		return schema.Value{}, refuse(diag.Type, "only a SET takes or loses single texts")
	}
	if op.Kind == OpSetAdd {
		return schema.Value{Kind: schema.KindSet, Set: cleanSet(append(slices.Clone(old.Set), op.Value.Set...))}, nil
	}
	if old.Null() {
		return old, nil
	}
	left := slices.DeleteFunc(slices.Clone(old.Set), func(s string) bool { return slices.Contains(op.Value.Set, s) })
	return schema.Value{Kind: schema.KindSet, Set: left}, nil
}

// addNumber is old + v in the attribute's type; a null counter starts at 0, which a null Value reads as.
func addNumber(t schema.Type, old, v schema.Value) (schema.Value, error) {
	if !t.Numeric() || !v.Type().Numeric() {
		return schema.Value{}, refuse(diag.Type, "only numbers can be added to a number")
	}
	if t.Kind == schema.KindFloat {
		step, _ := rat(v).Float64()
		if sum := old.F + step; !math.IsInf(sum, 0) {
			return schema.Value{Kind: schema.KindFloat, F: sum}, nil
		}
		return schema.Value{}, refuse(diag.Overflow, "the sum does not fit in FLOAT")
	}
	if v.Kind == schema.KindFloat {
		return schema.Value{}, refuse(diag.Type, "a FLOAT cannot be added to %s", t)
	}
	unscaled := new(big.Rat).Mul(new(big.Rat).Add(rat(old), rat(v)), pow10(int(t.Scale)))
	if !unscaled.IsInt() {
		return schema.Value{}, refuse(diag.Type, "the sum has more decimals than %s", t)
	}
	if !unscaled.Num().IsInt64() {
		return schema.Value{}, refuse(diag.Overflow, "the sum does not fit in %s", t)
	}
	return schema.Value{Kind: t.Kind, Scale: t.Scale, I: unscaled.Num().Int64()}, nil
}

// fit checks that a value has the declared type.
func fit(t schema.Type, v schema.Value) (schema.Value, error) {
	switch {
	case v.Null() || v.Kind == schema.KindFloat && math.IsNaN(v.F):
		return schema.Value{}, nil
	case v.Type() != t:
		return v, refuse(diag.Type, "a %s does not fit in %s", v.Type(), t)
	case v.Kind == schema.KindFloat && math.IsInf(v.F, 0):
		return v, refuse(diag.Overflow, "an infinite number cannot be stored")
	case v.Kind == schema.KindSet:
		v.Set = cleanSet(slices.Clone(v.Set))
	}
	return v, nil
}

func cleanSet(s []string) []string {
	slices.Sort(s)
	return slices.Compact(s)
}

// Track adds an event. It is refused when its type is unknown, a property does not fit, it lies more
// than 24 h after the write's stamp or before 1970. An unknown contact is created with created_at = the
// write's stamp. A type with an ID drops (without an error) an event whose id its contact already holds
// at most 18 h away.
func (db *DB) Track(ev Event, nowMS int64) error {
	t, ok := db.schema.Event(ev.Type)
	switch {
	case !ok:
		return refuse(diag.Name, "there is no event %q", ev.Type)
	case ev.Contact == "" || len(ev.Contact) > schema.MaxIDBytes:
		return refuse(diag.Invalid, "a contact id has 1 to %d bytes", schema.MaxIDBytes)
	case ev.TimeMS < 0:
		return refuse(diag.Invalid, "the event lies before 1970")
	case ev.TimeMS > nowMS+24*3600*1000:
		return refuse(diag.Invalid, "the event lies more than 24 h ahead")
	}
	e := &event{typ: t.ID, ms: ev.TimeMS, props: map[schema.PropID]schema.Value{}}
	for id, v := range ev.Props {
		p, ok := t.PropByID(id)
		if !ok || id < schema.FirstPropID {
			return refuse(diag.Name, "event %q has no property %d", ev.Type, id)
		}
		f, err := fit(p.Type, v)
		if err != nil {
			return err
		}
		if !f.Null() {
			e.props[id] = f
		}
	}
	e.takeID(t, ev.EventID)
	db.newest = max(db.newest, nowMS)
	db.add(t, ev.Contact, e, nowMS)
	return nil
}

// takeID gives the event its id: what TRACK … ID said, else the ID property's value.
func (e *event) takeID(t *schema.EventType, said string) {
	if said != "" {
		e.hasID, e.id = true, xxh3.HashString(said)
		return
	}
	v, ok := e.props[t.IDProp]
	if !t.HasID || !ok {
		return
	}
	e.hasID = true
	switch v.Kind {
	case schema.KindKey:
		e.id = uint64(v.I)
	case schema.KindText:
		e.id = xxh3.HashString(v.S)
	default:
		e.id = xxh3.HashString(FromValue(v).Text)
	}
}

func (db *DB) add(t *schema.EventType, id string, e *event, nowMS int64) {
	c, ok := db.contacts[id]
	if !ok {
		c = &contact{id: id, created: nowMS, attrs: map[schema.AttrID]schema.Value{}}
		db.contacts[id] = c
	}
	if t.HasID && e.hasID && c.holds(e) {
		return
	}
	db.arrivals++
	e.arrival = db.arrivals
	c.events = append(c.events, e)
	c.sorted = false
}

// holds says whether the contact has an event of the same type and id at most 18 h from e.
func (c *contact) holds(e *event) bool {
	const limit = 18 * 3600 * 1000
	for _, o := range c.events {
		if o.typ == e.typ && o.hasID && o.id == e.id && o.ms-e.ms <= limit && e.ms-o.ms <= limit {
			return true
		}
	}
	return false
}

// ordered returns the contact's events in the total order: time, type's creation, arrival.
func (c *contact) ordered() []*event {
	if !c.sorted {
		sort.Slice(c.events, func(i, j int) bool {
			a, b := c.events[i], c.events[j]
			switch {
			case a.ms != b.ms:
				return a.ms < b.ms
			case a.typ != b.typ:
				return a.typ < b.typ
			}
			return a.arrival < b.arrival
		})
		c.sorted = true
	}
	return c.events
}

// Delete removes the contact with its events. An unknown id is no error. The same id may come back as
// a new contact that remembers nothing.
func (db *DB) Delete(id string, nowMS int64) error {
	delete(db.contacts, id)
	db.newest = max(db.newest, nowMS)
	return nil
}

// Retain removes the events older than their type's KEEP, those at or before now − KEEP.
func (db *DB) Retain(nowMS int64) error {
	for _, c := range db.contacts {
		c.events = slices.DeleteFunc(c.events, func(e *event) bool {
			t, _ := db.schema.EventByID(e.typ)
			return outlived(t, e.ms, nowMS)
		})
	}
	return nil
}

func refuse(code diag.Code, format string, args ...any) error {
	return diag.New(code, diag.Span{}, format, args...)
}

// rat is a stored number as a fraction.
func rat(v schema.Value) *big.Rat {
	switch v.Kind {
	case schema.KindFloat:
		return new(big.Rat).SetFloat64(v.F)
	case schema.KindDecimal:
		return new(big.Rat).Quo(new(big.Rat).SetInt64(v.I), pow10(int(v.Scale)))
	}
	return new(big.Rat).SetInt64(v.I)
}

func pow10(n int) *big.Rat {
	r, _ := new(big.Rat).SetString("1e" + strconv.Itoa(n))
	return r
}
