package write

import (
	"slices"
	"strings"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/names"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/print"
	"github.com/musterdb/muster/storage/schema"
)

// CreateSegment checks CREATE SEGMENT and returns the segment as the catalog is to hold it. A plain one keeps
// the id of the segment that it replaces. A static one is Building, with an id and a hidden attribute of its
// own, the next ones of the schema: the caller fills it with the contacts that bind.Query finds for
// ast.Count{Where: s.Where}, with those of SegmentIDs or of the file, and then publishes it.
func CreateSegment(s *ast.CreateSegment, sch *schema.Schema, opt bind.Options) (*schema.Segment, error) {
	old, exists := sch.Segment(s.Name.Name)
	if err := creatable(s, sch, exists); err != nil {
		return nil, err
	}
	if err := bind.CheckParameters(s, opt.Params); err != nil {
		return nil, err
	}
	out := &schema.Segment{ID: max(1, sch.NextSegment), Name: s.Name.Name, Created: opt.Clock}
	if s.Where != nil {
		out.Text = print.Expr(s.Where)
	}
	if len(out.Text) > schema.MaxSegmentText {
		return nil, diag.New(diag.Limit, s.Where.Span(), "the condition of a segment is at most %d bytes long, not %d", schema.MaxSegmentText, len(out.Text)).
			WithHint("keep the ids in a static segment: CREATE STATIC SEGMENT %s FROM 'ids.csv'", phrase.Name(s.Name.Name))
	}
	if s.Kind == ast.SegmentStatic {
		out.Attr, out.Building = sch.NextAttr, true
		return out, filled(s, sch, opt)
	}
	needs, err := bind.Stored(s.Where, sch, opt)
	if err != nil {
		return nil, err
	}
	out.Attrs, out.Events, out.Props, out.Uses = needs.Attrs, needs.Events, needs.Props, needs.Uses
	if exists {
		out.ID = old.ID
		return out, replaceable(s, sch, old, out, opt)
	}
	return out, nil
}

// creatable checks what needs no look at the condition.
func creatable(s *ast.CreateSegment, sch *schema.Schema, exists bool) error {
	if s.Kind == ast.SegmentLive {
		return phrase.NotYet(s.Name.At, "live segments")
	}
	if err := checkName(s.Name.At, "a segment", s.Name.Name, nil); err != nil {
		return err
	}
	name := phrase.Name(s.Name.Name)
	switch {
	case exists && !s.Replace:
		e := diag.New(diag.Exists, s.Name.At, "there is a segment %s already", name)
		return e.WithHint("write CREATE OR REPLACE %sSEGMENT %s … to put this one in its place", kindWord(s.Kind), name)
	case !exists && len(sch.Segments) >= schema.MaxSegments:
		return diag.New(diag.Limit, s.Name.At, "a base has at most %d segments", schema.MaxSegments).WithHint("drop those that nobody uses; SHOW SEGMENTS lists them")
	}
	return nil
}

func kindWord(k ast.SegmentKind) string {
	if k == ast.SegmentPlain {
		return ""
	}
	return k.String() + " "
}

// filled checks what a static segment is filled with.
func filled(s *ast.CreateSegment, sch *schema.Schema, opt bind.Options) error {
	if s.Where != nil {
		_, err := bind.Query(&ast.Count{Where: s.Where}, sch, opt)
		return err
	}
	_, err := SegmentIDs(s.IDs, opt)
	return err
}

// SegmentIDs binds the ids of contacts that are listed, as they stand.
func SegmentIDs(xs []ast.Expr, opt bind.Options) ([]string, error) {
	if len(xs) > schema.MaxListValues {
		return nil, diag.New(diag.Limit, xs[schema.MaxListValues].Span(), "a list has at most %d values, not %d", schema.MaxListValues, len(xs)).
			WithHint("put the ids into a file: CREATE STATIC SEGMENT … FROM 'ids.csv'")
	}
	b, err := constants(&schema.Schema{}, opt)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(xs))
	for i, x := range xs {
		if out[i], err = b.contactID(x); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// replaceable checks that a condition may take the place of a segment: it must not lead back to itself, and
// those who refer to the segment must still be able to.
func replaceable(s *ast.CreateSegment, sch *schema.Schema, old, now *schema.Segment, opt bind.Options) error {
	if path := pathTo(sch, now.Uses, old.ID); path != nil {
		names := append([]string{phrase.Name(old.Name)}, path...)
		return diag.New(diag.Invalid, s.Where.Span(), "the segment would refer to itself: %s", phrase.Short(strings.Join(names, " → "))).
			WithHint("write what %s stands for instead of its name, or give this segment another name", path[0])
	}
	if !old.Static() {
		return nil
	}
	after := sch.Clone()
	after.Segments[slices.IndexFunc(after.Segments, func(g schema.Segment) bool { return g.ID == old.ID })] = *now
	for _, user := range segmentUsers(sch, old.ID) {
		x := &ast.InSegment{Names: []ast.SegmentName{{Name: ast.Ident{Name: user.Name}}}}
		if _, err := bind.Stored(x, after, opt); err != nil {
			return diag.New(diag.Invalid, s.Name.At, "the segment %s uses %s as the static segment that it is", phrase.Name(user.Name), phrase.Name(old.Name)).
				WithHint("write %s anew first, or give this segment another name", phrase.Name(user.Name))
		}
	}
	return nil
}

// pathTo returns the names of segments from one of those to the one with an id, which is the last; nil if
// there is no way.
func pathTo(sch *schema.Schema, from []schema.SegmentID, to schema.SegmentID) []string {
	byID := make(map[schema.SegmentID]*schema.Segment, len(sch.Segments))
	for i := range sch.Segments {
		byID[sch.Segments[i].ID] = &sch.Segments[i]
	}
	seen := map[schema.SegmentID]bool{}
	var search func(ids []schema.SegmentID) []string
	search = func(ids []schema.SegmentID) []string {
		for _, id := range ids {
			g := byID[id]
			if g == nil || seen[id] {
				continue
			}
			seen[id] = true
			if id == to {
				return []string{phrase.Name(g.Name)}
			}
			if rest := search(g.Uses); rest != nil {
				return append([]string{phrase.Name(g.Name)}, rest...)
			}
		}
		return nil
	}
	return search(from)
}

// SegmentMembers is ALTER SEGMENT, bound: contacts to add to a static segment or to take from it.
type SegmentMembers struct {
	Segment schema.Segment
	Add     bool
	IDs     []string
}

// AlterSegment binds ALTER SEGMENT.
func AlterSegment(s *ast.AlterSegment, sch *schema.Schema, opt bind.Options) (*SegmentMembers, error) {
	seg, err := segmentNamed(s.Name, sch)
	if err != nil {
		return nil, err
	}
	if !seg.Static() {
		return nil, diag.New(diag.Invalid, s.Name.At, "%s is a condition, so nobody can be added to it or removed from it", phrase.Name(seg.Name)).
			WithHint("change the condition with CREATE OR REPLACE SEGMENT %s AS …; only static segments are lists", phrase.Name(seg.Name))
	}
	if err := bind.CheckParameters(s, opt.Params); err != nil {
		return nil, err
	}
	ids, err := SegmentIDs(s.IDs, opt)
	return &SegmentMembers{Segment: *seg, Add: s.Add, IDs: ids}, err
}

func segmentNamed(n ast.Ident, sch *schema.Schema) (*schema.Segment, error) {
	seg, ok := sch.Segment(n.Name)
	if !ok {
		return nil, names.UnknownSegment(sch, n)
	}
	return seg, nil
}

// DropSegment returns the id of the segment that DROP SEGMENT names, unless others use it.
func DropSegment(s *ast.Drop, sch *schema.Schema) (schema.SegmentID, error) {
	seg, err := segmentNamed(s.Name, sch)
	if err != nil {
		return 0, err
	}
	return seg.ID, unused(s.Name, "segment", "dropped", segmentUsers(sch, seg.ID))
}

// RenameSegment returns the segment under its new name, unless others use it.
func RenameSegment(s *ast.Rename, sch *schema.Schema) (*schema.Segment, error) {
	seg, err := segmentNamed(s.Name, sch)
	if err != nil {
		return nil, err
	}
	if err := unused(s.Name, "segment", "renamed", segmentUsers(sch, seg.ID)); err != nil {
		return nil, err
	}
	if _, ok := sch.Segment(s.To.Name); ok {
		return nil, diag.New(diag.Exists, s.To.At, "there is a segment %s already", phrase.Name(s.To.Name)).WithHint("choose another name, or drop that one first")
	}
	out := *seg
	out.Name = s.To.Name
	return &out, checkName(s.To.At, "a segment", s.To.Name, nil)
}

// users returns the plain segments for which needs is true, in creation order.
func users(sch *schema.Schema, needs func(*schema.Segment) bool) []*schema.Segment {
	var out []*schema.Segment
	for i := range sch.Segments {
		if needs(&sch.Segments[i]) {
			out = append(out, &sch.Segments[i])
		}
	}
	return out
}

func segmentUsers(sch *schema.Schema, id schema.SegmentID) []*schema.Segment {
	return users(sch, func(g *schema.Segment) bool { return slices.Contains(g.Uses, id) })
}

func attributeUsers(sch *schema.Schema, id schema.AttrID) []*schema.Segment {
	return users(sch, func(g *schema.Segment) bool { return slices.Contains(g.Attrs, id) })
}

// eventUsers returns the segments that name an event type, or a property that only it has.
func eventUsers(sch *schema.Schema, ev *schema.EventType) []*schema.Segment {
	return users(sch, func(g *schema.Segment) bool {
		return slices.Contains(g.Events, ev.ID) || slices.ContainsFunc(ev.Props, func(p schema.Property) bool { return slices.Contains(g.Props, p.ID) })
	})
}

func propertyUsers(sch *schema.Schema, id schema.PropID) []*schema.Segment {
	return users(sch, func(g *schema.Segment) bool { return slices.Contains(g.Props, id) })
}

// unused refuses to take away what segments use, and names them.
func unused(n ast.Ident, what, done string, by []*schema.Segment) error {
	if len(by) == 0 {
		return nil
	}
	names := make([]string, len(by))
	for i, g := range by {
		names[i] = g.Name
	}
	segments, them := "the segment ", "it"
	if len(by) > 1 {
		segments, them = "the segments ", "them"
	}
	return diag.New(diag.Conflict, n.At, "the %s %s cannot be %s: it is used by %s%s", what, phrase.Name(n.Name), done, segments, phrase.List(names)).
		WithHint("drop %s first, or write %[1]s without %s: CREATE OR REPLACE SEGMENT %s AS …", them, phrase.Name(n.Name), phrase.Name(names[0]))
}
