package catalog

import (
	"slices"

	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/schema"
)

// SegmentChange is one change of a base's segments. It stands beside set_schema, not inside: the texts of all
// segments may be larger than a command, and a change of an attribute need not repeat them.
type SegmentChange struct {
	Version uint64           `json:"version"`           // of the schema that it was made from
	Segment *schema.Segment  `json:"segment,omitempty"` // OpPutSegment: as it is to be
	ID      schema.SegmentID `json:"id,omitempty"`      // OpDropSegment, OpPublishSegment
}

// segmentBase returns a copy of the base that a change of its segments is about, one version on.
func (c *Catalog) segmentBase(in *Command) (*schema.Schema, error) {
	if in.Change == nil {
		return nil, diag.New(diag.Internal, diag.Span{}, "the operation %q needs a segment", in.Op)
	}
	now := c.st.Bases[in.Name]
	if now == nil || now.Base != in.Base {
		return nil, c.noBase(in.Name)
	}
	if in.Change.Version != now.Version {
		return nil, ErrStale
	}
	next := now.Clone()
	next.Version++
	return next, nil
}

func (c *Catalog) changeSegment(in *Command) (Result, error) {
	next, err := c.segmentBase(in)
	if err != nil {
		return Result{}, err
	}
	switch in.Op {
	case OpPutSegment:
		err = putSegment(next, in.Change.Segment)
	case OpDropSegment:
		err = dropSegment(next, in.Change.ID)
	case OpPublishSegment:
		err = publishSegment(next, in.Change.ID)
	}
	if err != nil {
		return Result{}, err
	}
	c.st.Bases[in.Name] = next
	return Result{Schema: next}, nil
}

// putSegment stores a new segment, whose ids are the next to be given, or another state of one that is there.
func putSegment(s *schema.Schema, seg *schema.Segment) error {
	if seg == nil || seg.Name == "" {
		return diag.New(diag.Internal, diag.Span{}, "a segment needs a name")
	}
	if len(seg.Text) > schema.MaxSegmentText {
		return diag.New(diag.Limit, diag.Span{}, "the condition of segment %s takes %d bytes; at most %d are allowed", seg.Name, len(seg.Text), schema.MaxSegmentText)
	}
	if old, ok := s.Segment(seg.Name); ok && old.ID != seg.ID && !seg.Building {
		return diag.New(diag.Exists, diag.Span{}, "there is a segment %q already", seg.Name)
	}
	if err := needs(s, seg); err != nil {
		return err
	}
	i := segmentAt(s, seg.ID)
	if i < 0 {
		return addSegment(s, seg)
	}
	if old := s.Segments[i].Attr; seg.Attr != 0 && seg.Attr != old {
		return diag.New(diag.Internal, diag.Span{}, "the members of segment %q stand in attribute %d, not in %d", seg.Name, old, seg.Attr)
	}
	s.Segments[i] = *seg
	return nil
}

func addSegment(s *schema.Schema, seg *schema.Segment) error {
	switch {
	case len(s.Segments) >= schema.MaxSegments:
		return diag.New(diag.Limit, diag.Span{}, "a base has at most %d segments", schema.MaxSegments)
	case seg.ID != NextSegment(s):
		return diag.New(diag.Internal, diag.Span{}, "the segment %q has id %d; the next is %d", seg.Name, seg.ID, NextSegment(s))
	case seg.Static() && seg.Attr != s.NextAttr:
		return diag.New(diag.Internal, diag.Span{}, "the segment %q has attribute %d; the next is %d", seg.Name, seg.Attr, s.NextAttr)
	}
	s.Segments = append(s.Segments, *seg)
	s.NextSegment = seg.ID + 1
	if seg.Static() {
		s.NextAttr++
	}
	return nil
}

// NextSegment returns the id that the base's next segment gets.
func NextSegment(s *schema.Schema) schema.SegmentID { return max(1, s.NextSegment) }

func dropSegment(s *schema.Schema, id schema.SegmentID) error {
	i := segmentAt(s, id)
	if i < 0 {
		return noSegment(id)
	}
	for k := range s.Segments {
		if k != i && slices.Contains(s.Segments[k].Uses, id) {
			return inUse("segment", s.Segments[i].Name, s.Segments[k].Name)
		}
	}
	s.Segments = slices.Delete(s.Segments, i, i+1)
	return nil
}

// publishSegment ends the building of a segment. If there is one of its name already it takes its place, and
// its id, by which others refer to it.
func publishSegment(s *schema.Schema, id schema.SegmentID) error {
	i := segmentAt(s, id)
	if i < 0 || !s.Segments[i].Building {
		return noSegment(id)
	}
	built := s.Segments[i]
	built.Building = false
	if old, ok := s.Segment(built.Name); ok {
		built.ID = old.ID
		*old = built
		s.Segments = slices.Delete(s.Segments, i, i+1)
		return nil
	}
	s.Segments[i] = built
	return nil
}

func noSegment(id schema.SegmentID) error {
	return diag.New(diag.Conflict, diag.Span{}, "the segment with number %d is not there any more", id).
		WithHint("somebody else dropped it at the same time; SHOW SEGMENTS lists those there are")
}

func segmentAt(s *schema.Schema, id schema.SegmentID) int {
	return slices.IndexFunc(s.Segments, func(g schema.Segment) bool { return g.ID == id })
}

// needs holds that all that a plain segment's condition needs is there. A static segment needs nothing: its
// text tells where the members came from.
func needs(s *schema.Schema, seg *schema.Segment) error {
	if seg.Static() {
		return nil
	}
	for _, id := range seg.Uses {
		if segmentAt(s, id) < 0 || id == seg.ID {
			return missing(seg, "segment")
		}
	}
	for _, id := range seg.Attrs {
		if _, ok := s.AttrByID(id); !ok {
			return missing(seg, "attribute")
		}
	}
	for _, id := range seg.Events {
		if _, ok := s.EventByID(id); !ok {
			return missing(seg, "event")
		}
	}
	for _, id := range seg.Props {
		if !hasProp(s, id) {
			return missing(seg, "property")
		}
	}
	return nil
}

// hasProp says whether an event type has the property; ids of properties are unique in a base.
func hasProp(s *schema.Schema, id schema.PropID) bool { return propName(s, id) != "" }

// propName returns the property's name, empty if there is none.
func propName(s *schema.Schema, id schema.PropID) string {
	if p, ok := schema.PseudoProp(id); ok {
		return p.Name
	}
	for i := range s.Events {
		if p, ok := s.Events[i].PropByID(id); ok {
			return p.Name
		}
	}
	return ""
}

func missing(seg *schema.Segment, what string) error {
	return diag.New(diag.Conflict, diag.Span{}, "a %s that segment %q needs is not there", what, seg.Name).
		WithHint("somebody else dropped it at the same time")
}

// keepSegments gives a schema the segments of the one that it replaces, which set_schema commands do not
// hold, and refuses it if one of them would lose its meaning: what a condition names is neither dropped nor
// renamed under it.
func keepSegments(now, next *schema.Schema) error {
	next.Segments, next.NextSegment = now.Segments, now.NextSegment
	next.NextAttr = max(next.NextAttr, now.NextAttr)
	for i := range now.Segments {
		if seg := &now.Segments[i]; !seg.Static() {
			if err := keeps(now, next, seg); err != nil {
				return err
			}
		}
	}
	return nil
}

func keeps(now, next *schema.Schema, seg *schema.Segment) error {
	for _, id := range seg.Attrs {
		old, _ := now.AttrByID(id)
		if a, ok := next.AttrByID(id); !ok || a.Name != old.Name {
			return inUse("attribute", old.Name, seg.Name)
		}
	}
	for _, id := range seg.Events {
		old, had := now.EventByID(id)
		if e, ok := next.EventByID(id); had && (!ok || e.Name != old.Name) {
			return inUse("event", old.Name, seg.Name)
		}
	}
	for _, id := range seg.Props {
		if old := propName(now, id); propName(next, id) != old {
			return inUse("property", old, seg.Name)
		}
	}
	return nil
}

func inUse(what, name, user string) error {
	return diag.New(diag.Conflict, diag.Span{}, "the %s %s is used by the segment %q", what, name, user).
		WithHint("drop or replace the segment first")
}
