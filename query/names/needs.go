package names

import (
	"slices"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/storage/schema"
)

// UnknownSegment is the error of a segment that does not exist, with what may have been meant.
func UnknownSegment(sch *schema.Schema, n ast.Ident) *diag.Error {
	var names []string
	for i := range sch.Segments {
		if !sch.Segments[i].Building {
			names = append(names, sch.Segments[i].Name)
		}
	}
	e := phrase.Unknown(n.At, "segment", n.Name, names)
	switch {
	case e.Hint != "":
	case len(names) == 0:
		e = e.WithHint("this base has no segments yet; create one with CREATE SEGMENT %s AS …", phrase.Name(n.Name))
	default:
		e = e.WithHint("the segments are %s", phrase.List(names))
	}
	return e
}

// Needs is what the text of a condition names: none of it may be dropped or renamed under the text. All are
// ascending and without repetition; what every base has is left out.
type Needs struct {
	Attrs  []schema.AttrID
	Events []schema.EventID
	Props  []schema.PropID
	Uses   []schema.SegmentID
}

// attr notes an attribute; nobody asks if n is nil.
func (n *Needs) attr(a schema.Attribute) {
	if n != nil && a.ID >= schema.FirstAttrID {
		n.Attrs = append(n.Attrs, a.ID)
	}
}

func (n *Needs) prop(p schema.Property) {
	if n != nil && p.ID >= schema.FirstPropID {
		n.Props = append(n.Props, p.ID)
	}
}

func (n *Needs) event(id schema.EventID) {
	if n != nil {
		n.Events = append(n.Events, id)
	}
}

// Segment returns the segment that a name means.
func (s Scope) Segment(n ast.Ident) (*schema.Segment, error) {
	seg, ok := s.Schema.Segment(n.Name)
	if !ok {
		return nil, UnknownSegment(s.Schema, n)
	}
	if s.Needs != nil {
		s.Needs.Uses = append(s.Needs.Uses, seg.ID)
	}
	return seg, nil
}

// Sort puts what is needed in order and takes repetitions out.
func (n *Needs) Sort() {
	n.Attrs, n.Events, n.Props, n.Uses = ascending(n.Attrs), ascending(n.Events), ascending(n.Props), ascending(n.Uses)
}

func ascending[T interface{ ~uint32 }](ids []T) []T {
	slices.Sort(ids)
	return slices.Compact(ids)
}
