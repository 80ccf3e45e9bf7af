package random

import (
	"strconv"
	"strings"

	"github.com/musterdb/muster/engine/oracle/script"
	"github.com/musterdb/muster/storage/schema"
)

// lists are the static segments of a run, which it has from the beginning; the plain ones come at the end,
// when no attribute changes any more.
var (
	lists = []string{"newsletter", "vip list"}
	plain = []string{"first", "s1", "Big Spenders"}
)

// addLists makes the static segments.
func addLists(s *schema.Schema) {
	for _, name := range lists {
		script.PutSegment(s, schema.Segment{Name: name, Attr: s.NextAttr})
	}
	s.Version = 1
}

// addPlain makes the plain segments, of which a later one may look at those before.
func (run *Run) addPlain() {
	s := run.schema.Clone()
	for _, name := range plain {
		script.PutSegment(s, schema.Segment{Name: name, Text: run.Condition(1 + run.r.IntN(3))})
		run.publish(s)
		s = s.Clone()
	}
}

// replaceList makes a list anew: its members are gone.
func (run *Run) replaceList(s *schema.Schema) {
	version := s.Version
	script.PutSegment(s, schema.Segment{Name: pick(run, lists), Attr: s.NextAttr})
	s.Version = version
}

// members adds some contacts to a list or removes them; now and then one that does not exist.
func (run *Run) members() {
	op := Op{Kind: Members, ID: pick(run, lists), NowMS: run.now, Add: run.chance(0.7)}
	for range 1 + run.r.IntN(8) {
		op.IDs = append(op.IDs, pick(run, append(run.ids[:len(run.ids):len(run.ids)], "nobody")))
	}
	run.Ops = append(run.Ops, op)
}

// change is an UPDATE or a DELETE FROM. Its condition has no arithmetic in it, which might overflow and so
// be refused by one side only.
func (run *Run) change() {
	text := run.update()
	if run.chance(0.3) {
		pl, from := run.table()
		cond := run.ofContactPlain()
		if f, ok := run.field(pl, kinds...); ok && run.chance(0.7) {
			cond = run.compareField(f)
		}
		text = "DELETE FROM " + from + " WHERE " + cond
	}
	run.Ops = append(run.Ops, Op{Kind: Change, NowMS: run.now, Text: text})
}

func (run *Run) ofContactPlain() string { return "contact IN (" + run.plainCondition() + ")" }

func (run *Run) plainCondition() string {
	switch run.r.IntN(5) {
	case 0:
		return "DID " + name(pick(run, run.schema.Events).Name) + " " + run.frequency()
	case 1:
		return "KNOWN FOR " + run.fixed()
	case 2:
		return "IN SEGMENT " + name(pick(run, lists))
	}
	f, _ := run.field(place{}, kinds...)
	return run.compareField(f)
}

func (run *Run) update() string {
	var sets []string
	taken := map[string]bool{}
	for range 1 + run.r.IntN(3) {
		a := pick(run, run.schema.Attrs)
		if taken[a.Name] {
			continue
		}
		taken[a.Name] = true
		sets = append(sets, dotted(a.Name)+" = "+run.assigned(a))
	}
	return "UPDATE contacts SET " + strings.Join(sets, ", ") + " WHERE " + run.plainCondition()
}

// assigned is a constant of the attribute's type, or the old value and a little more or less.
func (run *Run) assigned(a schema.Attribute) string {
	f := field{text: dotted(a.Name), typ: a.Type, id: uint32(a.ID)}
	sign := pick(run, []string{" + ", " - "})
	switch {
	case a.Type.Kind == schema.KindSet:
		return f.text + sign + quote(pick(run, words[:9]))
	case a.Type.Numeric() && a.Type.Kind != schema.KindFloat && run.chance(0.4):
		return f.text + sign + strconv.Itoa(run.r.IntN(9))
	}
	return run.constant(f)
}

// segment asks whether a contact is in a segment.
func (run *Run) segment() string {
	var names []string
	for _, s := range run.schema.Segments {
		names = append(names, name(s.Name))
	}
	switch run.r.IntN(6) {
	case 0:
		return "IN ANY SEGMENT (" + pick(run, names) + ", " + pick(run, names) + ")"
	case 1:
		return "IN SEGMENT " + name(pick(run, lists)) + " FOR " + run.duration()
	case 2:
		at := run.instantText()
		if run.chance(0.5) {
			at = "now() - " + run.duration()
		}
		return "(IN SEGMENT " + pick(run, names) + " AS OF " + at + ")"
	}
	return pick(run, []string{"", "", "NOT "}) + "IN SEGMENT " + pick(run, names)
}
