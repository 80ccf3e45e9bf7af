// Package schema owns the names, types and ids that every other package speaks of: bases, attributes,
// event types, properties, single values and the limits of a base. It is pure data: it does not store
// rows (package storage), does not parse statements (package query) and holds no state of its own.
//
// Ids are given once and never reused; a type never changes. A dropped name may be created again and
// then gets a new id, so that old data can never be read under a new meaning.
package schema

import (
	"fmt"
	"strings"
	"time"
)

// Kind is the kind of a value. The zero Kind is KindNull, the kind of a value that is not known.
type Kind uint8

// The kinds, in the order in which they are written to disk: append only.
const (
	KindNull      Kind = iota
	KindBool           // true or false
	KindInt            // 64-bit signed integer
	KindFloat          // IEEE 754 binary64, never NaN (a NaN is stored as null)
	KindDecimal        // 64-bit signed integer scaled by 10^Scale
	KindText           // UTF-8 text
	KindDate           // a day, not an instant: days since 1970-01-01
	KindTimestamp      // an instant: milliseconds since 1970-01-01T00:00:00Z
	KindSet            // a set of texts, without order or repetition
	KindKey            // a 64-bit xxh3 hash of a text: equality and correlation only
	KindDuration       // milliseconds; the type of expressions (recency, differences), never stored
)

var kindNames = [...]string{"NULL", "BOOL", "INT", "FLOAT", "DECIMAL", "TEXT", "DATE", "TIMESTAMP", "SET", "KEY", "DURATION"}

// String returns the kind's name as the language writes it.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("KIND(%d)", uint8(k))
}

// MaxScale is the largest number of decimals that a DECIMAL may have.
const MaxScale = 18

// Type is a kind with, for DECIMAL, its number of decimals (0 for every other kind).
type Type struct {
	Kind  Kind
	Scale uint8
}

// String returns the type as the language writes it, such as DECIMAL(2).
func (t Type) String() string {
	if t.Kind == KindDecimal {
		return fmt.Sprintf("DECIMAL(%d)", t.Scale)
	}
	return t.Kind.String()
}

// Storable says whether an attribute or a property may have this type.
func (t Type) Storable() bool {
	return t.Kind > KindNull && t.Kind < KindDuration && (t.Scale == 0 || t.Kind == KindDecimal && t.Scale <= MaxScale)
}

// Numeric says whether the type takes part in arithmetic with numbers.
func (t Type) Numeric() bool {
	return t.Kind == KindInt || t.Kind == KindFloat || t.Kind == KindDecimal
}

// Value is one value of any kind: the form in which single values travel (defaults, literals, rows of
// an answer, the oracle's cells). Columns never hold Values. The zero Value is null.
type Value struct {
	Kind  Kind
	Scale uint8    // of a DECIMAL
	I     int64    // BOOL 0/1, INT, DECIMAL unscaled, DATE days, TIMESTAMP ms, DURATION ms, KEY hash as bits
	F     float64  // FLOAT
	S     string   // TEXT
	Set   []string // SET, sorted bytewise, without repetition
}

// Null says whether the value is not known.
func (v Value) Null() bool { return v.Kind == KindNull }

// Type returns the value's own type.
func (v Value) Type() Type { return Type{v.Kind, v.Scale} }

// AttrID is the id of an attribute within its base. Ids below FirstAttrID are the system's.
type AttrID uint32

// The system attributes, which every contact has.
const (
	AttrIDOf      AttrID = 1  // id TEXT
	AttrCreatedAt AttrID = 2  // created_at TIMESTAMP, never null
	FirstAttrID   AttrID = 16 // the first id given to a declared attribute
)

// EventID is the id of an event type within its base; 0 is none. Ids rise in creation order, which is
// the order of types at equal times.
type EventID uint32

// PropID is the id of a property within its event type. Ids below FirstPropID are the system's.
type PropID uint32

// The pseudo-properties, which every event has.
const (
	PropTime    PropID = 1 // time TIMESTAMP
	PropEventID PropID = 2 // event_id KEY; null for a type without ID unless TRACK … ID set it
	PropContact PropID = 3 // contact TEXT, the contact's id
	FirstPropID PropID = 16
)

// Attribute is one attribute of a base's contacts.
type Attribute struct {
	ID       AttrID
	Name     string
	Type     Type
	Personal bool // PERSONAL: erased first, masked where roles say so
}

// Property is one property of an event type.
type Property struct {
	ID   PropID
	Name string
	Type Type
}

// EventType is one type of event of a base.
type EventType struct {
	ID     EventID
	Name   string
	Props  []Property    // in creation order
	IDProp PropID        // the property named by ID, 0 if the type has no ID
	HasID  bool          // the type drops an event whose id its contact already holds (ID clause)
	Keep   time.Duration // retention (KEEP); 0 keeps for ever
}

// Prop returns the property with that name.
func (e *EventType) Prop(name string) (Property, bool) {
	for _, p := range e.Props {
		if p.Name == name {
			return p, true
		}
	}
	return Property{}, false
}

// PropByID returns the property with that id, the pseudo-properties included.
func (e *EventType) PropByID(id PropID) (Property, bool) {
	if id < FirstPropID {
		return PseudoProp(id)
	}
	for _, p := range e.Props {
		if p.ID == id {
			return p, true
		}
	}
	return Property{}, false
}

// PseudoProp returns the pseudo-property with that id.
func PseudoProp(id PropID) (Property, bool) {
	switch id {
	case PropTime:
		return Property{PropTime, "time", Type{Kind: KindTimestamp}}, true
	case PropEventID:
		return Property{PropEventID, "event_id", Type{Kind: KindKey}}, true
	case PropContact:
		return Property{PropContact, "contact", Type{Kind: KindText}}, true
	}
	return Property{}, false
}

// SegmentID is the id of a segment within its base; 0 is none.
type SegmentID uint32

// Segment is a stored condition, or a stored list of contacts if Attr is not 0.
type Segment struct {
	ID   SegmentID
	Name string
	// Text is the canonical condition: of a plain segment what it means, of a static one where its members
	// came from, for people only; empty for a list of ids.
	Text string `json:",omitempty"`
	// Attr is the hidden attribute of type TIMESTAMP in which the members of a static segment, and nobody
	// else, have a value: the instant of adding. It is taken from Schema.NextAttr and never reused.
	Attr AttrID `json:",omitempty"`
	// Building marks a static segment that is being filled and takes the place of the one called Name once it
	// is complete. It cannot be named until then.
	Building bool  `json:",omitempty"`
	Created  int64 // ms
	// Attrs, Events and Uses are the ids that Text needs, ascending: they cannot be dropped or renamed under it.
	// Props are the properties among them.
	Attrs  []AttrID    `json:",omitempty"`
	Events []EventID   `json:",omitempty"`
	Props  []PropID    `json:",omitempty"`
	Uses   []SegmentID `json:",omitempty"`
}

// Static says whether the segment is a list of contacts.
func (s *Segment) Static() bool { return s.Attr != 0 }

// MemberType is the type of the hidden attribute of a static segment.
var MemberType = Type{Kind: KindTimestamp}

// Segment returns the segment with that name, not one that is still being built. The pointer is into the
// schema and is read only.
func (s *Schema) Segment(name string) (*Segment, bool) {
	for i := range s.Segments {
		if s.Segments[i].Name == name && !s.Segments[i].Building {
			return &s.Segments[i], true
		}
	}
	return nil, false
}

// Mode says what happens to names that nobody declared.
type Mode uint8

// The modes of a base.
const (
	Open   Mode = iota // undeclared attributes, event types and properties are inferred and created
	Strict             // undeclared names are rejected by row
)

// String returns the mode as CREATE BASE writes it.
func (m Mode) String() string {
	if m == Strict {
		return "strict"
	}
	return "open"
}

// BaseID is the id of a base within the cluster; 0 is none.
type BaseID uint32

// BaseOptions are what CREATE BASE … WITH sets.
type BaseOptions struct {
	TimeZone string // IANA name or fixed offset such as -05:00; default UTC
	Mode     Mode   // default Open
	Spread   int    // groups that hold the base: 1, 4 or 16; default 16
}

// Schema is one version of one base's names and types. A published Schema is never changed: a change
// makes a Clone, edits it and publishes that with Version + 1.
type Schema struct {
	Base    BaseID
	Name    string
	Options BaseOptions
	Version uint64 // rises by one with every change
	Attrs   []Attribute
	Events  []EventType
	// Segments are in creation order. The catalog holds them whole; a shard is told of the static ones only,
	// by their Attr, since it stores their members.
	Segments []Segment `json:",omitempty"`
	// NextAttr, NextEvent and NextProp are the ids to be given next; they only rise.
	NextAttr  AttrID
	NextEvent EventID
	NextProp  PropID
	// NextSegment is 0 in schemas of before there were segments, which means 1.
	NextSegment SegmentID `json:",omitempty"`
}

// New returns the first version of a base's schema.
func New(id BaseID, name string, opt BaseOptions) *Schema {
	return &Schema{
		Base: id, Name: name, Options: opt, Version: 1,
		NextAttr: FirstAttrID, NextEvent: 1, NextProp: FirstPropID,
	}
}

// Clone returns a deep copy that may be edited.
func (s *Schema) Clone() *Schema {
	c := *s
	c.Attrs = append([]Attribute(nil), s.Attrs...)
	c.Events = append([]EventType(nil), s.Events...)
	c.Segments = append([]Segment(nil), s.Segments...) // what a segment holds is never changed in place
	for i := range c.Events {
		c.Events[i].Props = append([]Property(nil), s.Events[i].Props...)
	}
	return &c
}

// SystemAttributes returns the attributes that every contact has.
func SystemAttributes() []Attribute {
	return []Attribute{
		{ID: AttrIDOf, Name: "id", Type: Type{Kind: KindText}},
		{ID: AttrCreatedAt, Name: "created_at", Type: Type{Kind: KindTimestamp}},
	}
}

// Attr returns the attribute with that name, the system attributes included.
func (s *Schema) Attr(name string) (Attribute, bool) {
	for _, a := range SystemAttributes() {
		if a.Name == name {
			return a, true
		}
	}
	for _, a := range s.Attrs {
		if a.Name == name {
			return a, true
		}
	}
	return Attribute{}, false
}

// AttrByID returns the attribute with that id, the system attributes and the hidden ones of static segments,
// which have no name, included.
func (s *Schema) AttrByID(id AttrID) (Attribute, bool) {
	for _, a := range SystemAttributes() {
		if a.ID == id {
			return a, true
		}
	}
	for _, a := range s.Attrs {
		if a.ID == id {
			return a, true
		}
	}
	for i := range s.Segments {
		if s.Segments[i].Attr == id && id != 0 {
			return Attribute{ID: id, Type: MemberType}, true
		}
	}
	return Attribute{}, false
}

// Event returns the event type with that name. The pointer is into the schema and is read only.
func (s *Schema) Event(name string) (*EventType, bool) {
	for i := range s.Events {
		if s.Events[i].Name == name {
			return &s.Events[i], true
		}
	}
	return nil, false
}

// EventByID returns the event type with that id. The pointer is into the schema and is read only.
func (s *Schema) EventByID(id EventID) (*EventType, bool) {
	for i := range s.Events {
		if s.Events[i].ID == id {
			return &s.Events[i], true
		}
	}
	return nil, false
}

// ParseType reads a type as CREATE ATTRIBUTE writes it: BOOL, INT, FLOAT, DECIMAL(2), DECIMAL(18,2),
// TEXT, DATE, TIMESTAMP, SET, KEY. The name is case-insensitive; args are the numbers in brackets.
func ParseType(name string, args []int) (Type, error) {
	up := strings.ToUpper(name)
	for k := KindBool; k < KindDuration; k++ {
		if kindNames[k] != up {
			continue
		}
		if k != KindDecimal {
			if len(args) != 0 {
				return Type{}, fmt.Errorf("%s takes no numbers in brackets", up)
			}
			return Type{Kind: k}, nil
		}
		return decimalType(args)
	}
	return Type{}, fmt.Errorf("there is no type %q; the types are BOOL, INT, FLOAT, DECIMAL(n), TEXT, DATE, TIMESTAMP, SET and KEY", name)
}

func decimalType(args []int) (Type, error) {
	switch {
	case len(args) == 1 && args[0] >= 0 && args[0] <= MaxScale:
		return Type{KindDecimal, uint8(args[0])}, nil
	case len(args) == 2 && args[0] == MaxScale && args[1] >= 0 && args[1] <= MaxScale:
		return Type{KindDecimal, uint8(args[1])}, nil
	}
	return Type{}, fmt.Errorf("write DECIMAL(n) with n from 0 to %d decimals, for example DECIMAL(2)", MaxScale)
}
