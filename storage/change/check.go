package change

import (
	"fmt"
	"unicode/utf8"

	"github.com/musterdb/muster/storage/schema"
)

// MaxRows is the number of rows that one part may have.
const MaxRows = 1 << 20

// Validate says what is wrong with a change that does not hold together: lengths, offsets, codes, types
// and operations, and the limits of values. Every change that Decode returns is valid. It does not know
// whether ids of attributes and events exist; the shard does.
func Validate(ch *Change) error {
	for i, p := range ch.Parts {
		if err := validatePart(p); err != nil {
			return fmt.Errorf("part %d: %w", i, err)
		}
	}
	return nil
}

func validatePart(p Part) error {
	switch p := p.(type) {
	case *Upsert:
		if err := checkIDs(&p.IDs); err != nil {
			return err
		}
		return checkColumns(p.Cols, p.IDs.Len())
	case *Track:
		return checkTrack(p)
	case *Delete:
		return checkIDs(&p.IDs)
	case *DeleteEvents:
		return checkDeleteEvents(p)
	case *Schema:
		return checkSchema(p.To)
	}
	return nil
}

func checkIDs(ids *Strings) error {
	if err := ids.check(schema.MaxIDBytes); err != nil {
		return fmt.Errorf("contact ids: %w", err)
	}
	for i := range ids.Len() {
		if ids.Off[i] == ids.Off[i+1] {
			return fmt.Errorf("contact ids: id %d is empty", i)
		}
	}
	return tooManyRows(ids.Len())
}

func tooManyRows(n int) error {
	if n > MaxRows {
		return fmt.Errorf("%d rows; a part of a change has at most %d", n, MaxRows)
	}
	return nil
}

func checkTrack(t *Track) error {
	n := t.Rows()
	if err := tooManyRows(n); err != nil {
		return err
	}
	if err := checkIDs(&t.IDs); err != nil {
		return err
	}
	if err := checkContacts(t.Codes, t.IDs.Len(), n); err != nil {
		return err
	}
	if t.EventIDs != nil && len(t.EventIDs) != n {
		return fmt.Errorf("%d event ids for %d events", len(t.EventIDs), n)
	}
	for i := range t.Props {
		for _, op := range t.Props[i].Ops {
			if op > OpNull {
				return fmt.Errorf("property %d: an event's property can be set or null only", t.Props[i].ID)
			}
		}
	}
	return checkColumns(t.Props, n)
}

func checkDeleteEvents(d *DeleteEvents) error {
	if err := tooManyRows(d.Rows()); err != nil {
		return err
	}
	if err := checkIDs(&d.IDs); err != nil {
		return err
	}
	if len(d.Hashes) != d.Rows() {
		return fmt.Errorf("%d hashes for %d events", len(d.Hashes), d.Rows())
	}
	return checkContacts(d.Codes, d.IDs.Len(), d.Rows())
}

// checkContacts makes sure that each of n events has one of so many contacts.
func checkContacts(codes []uint32, contacts, n int) error {
	if codes == nil && contacts != n || codes != nil && len(codes) != n {
		return fmt.Errorf("%d events for %d contacts", n, max(contacts, len(codes)))
	}
	return checkCodes(codes, contacts)
}

func checkCodes(codes []uint32, n int) error {
	for i, c := range codes {
		if int64(c) >= int64(n) {
			return fmt.Errorf("code %d of row %d is not below %d", c, i, n)
		}
	}
	return nil
}

func checkColumns(cols []Column, rows int) error {
	for i := range cols {
		c := &cols[i]
		for k := range i {
			if cols[k].ID == c.ID {
				return fmt.Errorf("column %d occurs twice", c.ID)
			}
		}
		if err := c.Check(rows); err != nil {
			return fmt.Errorf("column %d: %w", c.ID, err)
		}
		if !validText(&c.Texts) {
			return fmt.Errorf("column %d: a text is not UTF-8", c.ID)
		}
	}
	return nil
}

// validText says whether every text is UTF-8.
func validText(s *Strings) bool {
	if !utf8.Valid(s.Bytes) {
		return false
	}
	for _, o := range s.Off {
		if int(o) < len(s.Bytes) && !utf8.RuneStart(s.Bytes[o]) {
			return false
		}
	}
	return true
}

func (s *Strings) check(maxBytes int) error {
	if len(s.Off) == 0 {
		if len(s.Bytes) != 0 {
			return fmt.Errorf("%d bytes of texts without offsets", len(s.Bytes))
		}
		return nil
	}
	if s.Off[0] != 0 || int64(s.Off[len(s.Off)-1]) != int64(len(s.Bytes)) {
		return fmt.Errorf("offsets from %d to %d for %d bytes of texts", s.Off[0], s.Off[len(s.Off)-1], len(s.Bytes))
	}
	for i := 1; i < len(s.Off); i++ {
		if s.Off[i] < s.Off[i-1] {
			return fmt.Errorf("offset %d falls", i)
		}
		if n := s.Off[i] - s.Off[i-1]; int64(n) > int64(maxBytes) {
			return fmt.Errorf("text %d has %d bytes; the limit is %d", i-1, n, maxBytes)
		}
	}
	return nil
}

// Check says what is wrong with the form of a column of a part of so many rows. It does not look at the
// texts' bytes.
func (c *Column) Check(rows int) error {
	if !c.Type.Storable() {
		return fmt.Errorf("%v cannot be stored", c.Type)
	}
	if c.Ops != nil && len(c.Ops) != rows {
		return fmt.Errorf("%d operations for %d rows", len(c.Ops), rows)
	}
	if err := c.checkOps(); err != nil {
		return err
	}
	if err := c.checkUnused(); err != nil {
		return err
	}
	switch c.Type.Kind {
	case schema.KindFloat:
		return c.checkFloats(rows)
	case schema.KindText:
		return c.checkTexts(rows)
	case schema.KindSet:
		return c.checkSets(rows)
	}
	return c.checkInts(rows)
}

// checkOps refuses operations that the type has not.
func (c *Column) checkOps() error {
	k := c.Type.Kind
	add := c.Type.Numeric() || k == schema.KindSet
	for i, op := range c.Ops {
		if op > OpFill || op == OpAdd && !add || op == OpRemove && k != schema.KindSet {
			return fmt.Errorf("row %d: operation %d on a %v", i, op, c.Type)
		}
	}
	return nil
}

// checkUnused refuses arrays that the type does not use.
func (c *Column) checkUnused() error {
	text := c.Type.Kind == schema.KindText || c.Type.Kind == schema.KindSet
	float := c.Type.Kind == schema.KindFloat
	if (text || float) && c.Ints != nil || !float && c.Floats != nil ||
		!text && (len(c.Texts.Off) > 0 || len(c.Texts.Bytes) > 0 || c.Codes != nil) ||
		c.Type.Kind != schema.KindSet && c.SetOff != nil {
		return fmt.Errorf("a %v with arrays of another type", c.Type)
	}
	return nil
}

func (c *Column) checkInts(rows int) error {
	if len(c.Ints) != rows {
		return fmt.Errorf("%d values for %d rows", len(c.Ints), rows)
	}
	if c.Type.Kind == schema.KindBool {
		for i, v := range c.Ints {
			if v&^1 != 0 {
				return fmt.Errorf("row %d: %d is not a BOOL", i, v)
			}
		}
	}
	return nil
}

func (c *Column) checkFloats(rows int) error {
	if len(c.Floats) != rows {
		return fmt.Errorf("%d values for %d rows", len(c.Floats), rows)
	}
	for i, v := range c.Floats {
		if v != v {
			return fmt.Errorf("row %d: not a number", i)
		}
	}
	return nil
}

func (c *Column) checkTexts(rows int) error {
	if err := c.Texts.check(schema.MaxTextBytes); err != nil {
		return err
	}
	if c.Codes == nil {
		if c.Texts.Len() != rows {
			return fmt.Errorf("%d texts for %d rows", c.Texts.Len(), rows)
		}
		return nil
	}
	if len(c.Codes) != rows {
		return fmt.Errorf("%d codes for %d rows", len(c.Codes), rows)
	}
	n := uint32(c.Texts.Len())
	for i, code := range c.Codes {
		if code >= n && (c.Op(i).Sets() || code != 0) {
			return fmt.Errorf("row %d: code %d of %d texts", i, code, n)
		}
	}
	return nil
}

func (c *Column) checkSets(rows int) error {
	if err := c.Texts.check(schema.MaxSetValueBytes); err != nil {
		return err
	}
	if len(c.SetOff) != rows+1 || c.SetOff[0] != 0 {
		return fmt.Errorf("%d offsets of sets for %d rows", len(c.SetOff), rows)
	}
	elems := c.Texts.Len()
	if c.Codes != nil {
		if err := checkCodes(c.Codes, elems); err != nil {
			return err
		}
		elems = len(c.Codes)
	}
	for i := range rows {
		if c.SetOff[i+1] < c.SetOff[i] {
			return fmt.Errorf("row %d: offsets of sets fall", i)
		}
		if n := c.SetLen(i); n > schema.MaxSetValues {
			return fmt.Errorf("row %d: a set of %d values; the limit is %d", i, n, schema.MaxSetValues)
		}
	}
	if int64(c.SetOff[rows]) != int64(elems) {
		return fmt.Errorf("sets of %d elements, but %d are given", c.SetOff[rows], elems)
	}
	return nil
}

// checkSchema refuses a schema that breaks what the rest of the system relies on.
func checkSchema(s *schema.Schema) error {
	if s == nil {
		return fmt.Errorf("no schema")
	}
	if len(s.Attrs) > schema.MaxAttributes || len(s.Events) > schema.MaxEventTypes || !schema.ValidSpread(s.Options.Spread) && s.Options.Spread != 0 {
		return fmt.Errorf("a schema of %d attributes and %d event types over %d groups exceeds the limits", len(s.Attrs), len(s.Events), s.Options.Spread)
	}
	attrs := map[schema.AttrID]bool{}
	for _, a := range s.Attrs {
		if a.ID < schema.FirstAttrID || a.ID >= s.NextAttr || attrs[a.ID] || !a.Type.Storable() {
			return fmt.Errorf("attribute %q has id %d and type %v", a.Name, a.ID, a.Type)
		}
		attrs[a.ID] = true
	}
	events := map[schema.EventID]bool{}
	for i := range s.Events {
		e := &s.Events[i]
		if e.ID == 0 || e.ID >= s.NextEvent || events[e.ID] || e.Keep < 0 || len(e.Props) > schema.MaxProps {
			return fmt.Errorf("event type %q has id %d and %d properties", e.Name, e.ID, len(e.Props))
		}
		events[e.ID] = true
		if err := checkProps(e, s.NextProp); err != nil {
			return fmt.Errorf("event type %q: %w", e.Name, err)
		}
	}
	return checkSegments(s, attrs)
}

// checkSegments looks at the static segments; attrs are the ids of the attributes.
func checkSegments(s *schema.Schema, attrs map[schema.AttrID]bool) error {
	if len(s.Segments) > schema.MaxSegments {
		return fmt.Errorf("a schema of %d segments exceeds the limit", len(s.Segments))
	}
	ids := map[schema.SegmentID]bool{}
	for i := range s.Segments {
		g := &s.Segments[i]
		if !g.Static() {
			continue
		}
		if g.ID == 0 || ids[g.ID] || g.Attr < schema.FirstAttrID || g.Attr >= s.NextAttr || attrs[g.Attr] {
			return fmt.Errorf("static segment %q has id %d and attribute %d", g.Name, g.ID, g.Attr)
		}
		ids[g.ID], attrs[g.Attr] = true, true
	}
	return nil
}

func checkProps(e *schema.EventType, next schema.PropID) error {
	props := map[schema.PropID]bool{}
	for _, p := range e.Props {
		if p.ID < schema.FirstPropID || p.ID >= next || props[p.ID] || !p.Type.Storable() {
			return fmt.Errorf("property %q has id %d and type %v", p.Name, p.ID, p.Type)
		}
		props[p.ID] = true
	}
	if e.IDProp != 0 && !props[e.IDProp] {
		return fmt.Errorf("the id's property %d is none of its own", e.IDProp)
	}
	return nil
}
