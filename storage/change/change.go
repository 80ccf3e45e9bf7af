// Package change owns the typed columnar changes that travel through the log, and their bytes. A change
// is all that a write does to one shard (one base's part in one group). It holds values and ids only:
// names, expressions and clocks were resolved before it was made, so applying it is a pure function of
// the shard's state and the change. It does not apply itself (package engine).
//
// Lifetime: a decoded Change aliases the bytes it was decoded from; whoever keeps a text must copy it.
package change

import "github.com/musterdb/muster/storage/schema"

// Change is one write to one shard: parts in order, applied all or none.
type Change struct {
	Parts []Part
}

// Part is one of *Schema, *Upsert, *Track, *Delete, *DeleteEvents, *DropBase, *Maintain and *Forget.
type Part interface{ part() }

// Schema brings the shard to a version of the base's schema: it always holds the whole of it, so a
// shard that missed versions needs no other. Attributes, events, properties and static segments that are
// gone are dropped with their data. Of the segments the bytes hold the ids and attributes of the static ones
// only: names and conditions are the catalog's.
type Schema struct {
	To *schema.Schema
}

// DropBase removes the shard and all it holds.
type DropBase struct{}

// Op says what a column does to one row's value.
type Op uint8

// The operations. Values of OpSet and OpFill are in the column's data; OpAdd and OpRemove need a number
// (OpAdd only; the operand may be negative) or a set.
const (
	OpSkip   Op = iota // leave the value as it is
	OpSet              // store the value
	OpNull             // store null
	OpAdd              // number: old + value, null counts as 0; set: old ∪ value, null counts as empty
	OpRemove           // set: old \ value; null stays null
	OpFill             // store the value where there is none; a contact that the row creates has none
)

// Sets says whether the operation may store the row's own value as it is.
func (op Op) Sets() bool { return op == OpSet || op == OpFill }

// Strings is a list of texts as one buffer: text i is Bytes[Off[i]:Off[i+1]]; len(Off) = n + 1, or 0.
type Strings struct {
	Off   []uint32
	Bytes []byte
}

// Len returns the number of texts.
func (s *Strings) Len() int { return max(0, len(s.Off)-1) }

// At returns text i; it aliases Bytes.
func (s *Strings) At(i int) []byte { return s.Bytes[s.Off[i]:s.Off[i+1]] }

// Append adds a text.
func (s *Strings) Append(text []byte) {
	if len(s.Off) == 0 {
		s.Off = append(s.Off, 0)
	}
	s.Bytes = append(s.Bytes, text...)
	s.Off = append(s.Off, uint32(len(s.Bytes)))
}

// AppendString adds a text.
func (s *Strings) AppendString(text string) {
	if len(s.Off) == 0 {
		s.Off = append(s.Off, 0)
	}
	s.Bytes = append(s.Bytes, text...)
	s.Off = append(s.Off, uint32(len(s.Bytes)))
}

// Column is the values of one attribute or property for the rows of a part. Its arrays are as long as
// the part has rows, whatever Ops says; the cells of rows that set nothing are zero.
//
//	BOOL INT DECIMAL DATE TIMESTAMP KEY   Ints (0/1, value, unscaled, days, ms, hash)
//	FLOAT                                 Floats (never NaN)
//	TEXT                                  Texts, or Texts as a dictionary and Codes per row
//	SET                                   SetOff (rows + 1) into the texts: row i holds elements
//	                                      SetOff[i] … SetOff[i+1]-1, where element j is Texts.At(j), or
//	                                      Texts.At(Codes[j]) if Codes is not nil; order and repetition
//	                                      do not matter
type Column struct {
	ID     uint32 // schema.AttrID or schema.PropID
	Type   schema.Type
	Ops    []Op // nil: OpSet for every row
	Ints   []int64
	Floats []float64
	Texts  Strings
	Codes  []uint32
	SetOff []uint32
}

// Op returns what the column does to row i.
func (c *Column) Op(i int) Op {
	if c.Ops == nil {
		return OpSet
	}
	return c.Ops[i]
}

// Text returns the text of row i of a TEXT column; it aliases the column.
func (c *Column) Text(i int) []byte {
	if c.Codes != nil {
		i = int(c.Codes[i])
	}
	return c.Texts.At(i)
}

// SetLen returns the number of elements given for row i of a SET column.
func (c *Column) SetLen(i int) int { return int(c.SetOff[i+1] - c.SetOff[i]) }

// SetElem returns element j of row i of a SET column; it aliases the column.
func (c *Column) SetElem(i, j int) []byte {
	e := int(c.SetOff[i]) + j
	if c.Codes != nil {
		e = int(c.Codes[e])
	}
	return c.Texts.At(e)
}

// Upsert creates or changes contacts. Rows apply in order, so the last row of an id wins. A contact
// that is new gets created_at = the column AttrCreatedAt if the part has it and the row sets it, else
// Stamp. Attributes without a column stay as they are.
type Upsert struct {
	Stamp int64 // ms: the time of writing
	// Existing creates nobody: rows whose contact does not exist do nothing and are counted as Missing.
	Existing bool
	IDs      Strings
	Cols     []Column
}

// Track adds events of one type. A contact that does not exist is created with created_at = Stamp.
// Rows arrive in order, which is the order of events at equal times. For a type with an ID a row whose
// id its contact already holds at most schema.DedupeWindow away is dropped and counted as a duplicate.
type Track struct {
	Stamp    int64
	Event    schema.EventID
	IDs      Strings  // contact ids
	Codes    []uint32 // if not nil, row i's contact is IDs.At(Codes[i])
	Times    []int64  // ms; checked to lie in [0, Stamp + schema.MaxAheadOfClock] before
	EventIDs []uint64 // xxh3 of the event id; 0 is none; nil if no row has one
	Props    []Column
}

// Rows returns the number of events.
func (t *Track) Rows() int { return len(t.Times) }

// Contact returns the contact id of row i; it aliases the part.
func (t *Track) Contact(i int) []byte { return contact(&t.IDs, t.Codes, i) }

func contact(ids *Strings, codes []uint32, i int) []byte {
	if codes != nil {
		i = int(codes[i])
	}
	return ids.At(i)
}

// DeleteEvents removes events of one type. Each row removes one event of its contact with its time and
// content (tile.Block.ContentHashes), the first to arrive of those that are equal; a row that finds none is
// counted as Missing. An event whose type lost a property after the hash was taken may not be found.
type DeleteEvents struct {
	Event  schema.EventID
	IDs    Strings  // contact ids
	Codes  []uint32 // if not nil, row i's contact is IDs.At(Codes[i])
	Times  []int64  // ms
	Hashes []uint64
}

// Rows returns the number of events to remove.
func (d *DeleteEvents) Rows() int { return len(d.Times) }

// Contact returns the contact id of row i; it aliases the part.
func (d *DeleteEvents) Contact(i int) []byte { return contact(&d.IDs, d.Codes, i) }

// Delete removes contacts with all they have. Ids that do not exist are counted, not errors.
type Delete struct {
	IDs Strings
}

// Maintain does one bounded slice of the shard's own housekeeping at an instant: sweeps of deleted rows'
// events and of events past their retention, merging and sealing of blocks, encoding switches.
type Maintain struct {
	Stamp int64 // ms: retention is measured from here
}

// Forget takes what no contact and no event refers to any more out of the shard's dictionaries and bounds, so
// that images written from then on do not tell of those who were deleted. It stands alone in its change.
type Forget struct{}

func (*Schema) part()       {}
func (*DropBase) part()     {}
func (*Upsert) part()       {}
func (*Track) part()        {}
func (*Delete) part()       {}
func (*DeleteEvents) part() {}
func (*Maintain) part()     {}
func (*Forget) part()       {}

// Result is what applying a change did, summed over its parts.
type Result struct {
	Created    uint64 // contacts that did not exist before
	Updated    uint64 // upsert rows whose contact existed
	Events     uint64 // events stored
	Duplicates uint64 // events dropped by their id
	Deleted    uint64 // contacts deleted
	Removed    uint64 // events deleted one by one
	Missing    uint64 // rows for contacts, or events to delete, that did not exist
	Pending    bool   // housekeeping is left to do: propose Maintain
	Rejected   []Rejection
}

// Rejection is a row that could not be applied although it was well formed, such as a sum that does not
// fit the attribute's type. The other rows of its part were applied.
type Rejection struct {
	Part, Row int
	Reason    string
}
