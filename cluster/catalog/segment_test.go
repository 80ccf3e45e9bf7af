package catalog

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/schema"
)

// segmentCatalog returns a catalog with the base shop: an attribute 16 (age), an event 1 (open) with a
// property 16 (campaign).
func segmentCatalog(t *testing.T) *Catalog {
	t.Helper()
	c := New()
	mustApply(t, c, &Command{Op: OpCreateBase, Name: "shop", Options: &schema.BaseOptions{Spread: 1}})
	next := shop(t, c).Clone()
	next.Version++
	next.Attrs = []schema.Attribute{{ID: 16, Name: "age", Type: schema.Type{Kind: schema.KindInt}}}
	next.Events = []schema.EventType{{ID: 1, Name: "open", Props: []schema.Property{{ID: 16, Name: "campaign", Type: schema.Type{Kind: schema.KindText}}}}}
	next.NextAttr, next.NextEvent, next.NextProp = 17, 2, 17
	mustApply(t, c, &Command{Op: OpSetSchema, Base: 1, Schema: next})
	return c
}

func shop(t *testing.T, c *Catalog) *schema.Schema {
	t.Helper()
	s, ok := c.Base("shop")
	if !ok {
		t.Fatal("there is no base shop")
	}
	return s
}

func mustApply(t *testing.T, c *Catalog, cmd *Command) *schema.Schema {
	t.Helper()
	res, err := applied(c, 1, cmd)
	if err != nil {
		t.Fatal(err)
	}
	return res.Schema
}

// segment changes a segment of shop under its newest version.
func segment(t *testing.T, c *Catalog, op Op, change SegmentChange) error {
	t.Helper()
	change.Version = shop(t, c).Version
	_, err := applied(c, 1, &Command{Op: op, Name: "shop", Base: 1, Change: &change})
	return err
}

func put(t *testing.T, c *Catalog, seg schema.Segment) error {
	t.Helper()
	return segment(t, c, OpPutSegment, SegmentChange{Segment: &seg})
}

func wantNil(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func TestSegmentsAreGivenIDs(t *testing.T) {
	c := segmentCatalog(t)
	before := shop(t, c).Version
	wantNil(t, put(t, c, schema.Segment{ID: 1, Name: "adult", Text: "age >= 18", Attrs: []schema.AttrID{16}}))
	wantNil(t, put(t, c, schema.Segment{ID: 2, Name: "list", Attr: 17}))
	s := shop(t, c)
	if s.Version != before+2 || s.NextSegment != 3 || s.NextAttr != 18 || len(s.Segments) != 2 {
		t.Errorf("version %d, next segment %d, next attribute %d, %d segments", s.Version, s.NextSegment, s.NextAttr, len(s.Segments))
	}
	wantCode(t, put(t, c, schema.Segment{ID: 9, Name: "x", Text: "TRUE"}), diag.Internal, "the next is 3")
	wantCode(t, put(t, c, schema.Segment{ID: 3, Name: "x", Attr: 99}), diag.Internal, "the next is 18")
	wantCode(t, put(t, c, schema.Segment{ID: 3, Name: "adult", Text: "TRUE"}), diag.Exists, "already")
	wantCode(t, put(t, c, schema.Segment{ID: 3, Name: "x", Text: strings.Repeat("x", schema.MaxSegmentText+1)}), diag.Limit, "bytes")
	wantCode(t, put(t, c, schema.Segment{ID: 2, Name: "list", Attr: 16}), diag.Internal, "not in 16")
	for _, seg := range []schema.Segment{
		{ID: 3, Name: "x", Attrs: []schema.AttrID{40}}, {ID: 3, Name: "x", Events: []schema.EventID{40}},
		{ID: 3, Name: "x", Props: []schema.PropID{40}}, {ID: 3, Name: "x", Uses: []schema.SegmentID{40}},
		{ID: 1, Name: "adult", Uses: []schema.SegmentID{1}},
	} {
		wantCode(t, put(t, c, seg), diag.Conflict, "needs is not there")
	}
}

func TestSegmentChangesAreOptimistic(t *testing.T) {
	c := segmentCatalog(t)
	stale := shop(t, c).Version - 1
	_, err := applied(c, 1, &Command{Op: OpPutSegment, Name: "shop", Base: 1, Change: &SegmentChange{Version: stale, Segment: &schema.Segment{ID: 1, Name: "x"}}})
	if !errors.Is(err, ErrStale) {
		t.Errorf("got %v", err)
	}
	_, err = applied(c, 1, &Command{Op: OpPutSegment, Name: "shop", Base: 2, Change: &SegmentChange{}})
	wantCode(t, err, diag.Name, "no base")
}

// TestSetSchemaKeepsSegments: a change of attributes does not repeat the segments, and may not take from under
// them what they name.
func TestSetSchemaKeepsSegments(t *testing.T) {
	c := segmentCatalog(t)
	wantNil(t, put(t, c, schema.Segment{ID: 1, Name: "adult", Text: "age >= 18 AND DID open[campaign = 'x']",
		Attrs: []schema.AttrID{16}, Events: []schema.EventID{1}, Props: []schema.PropID{16}}))
	set := func(edit func(*schema.Schema)) error {
		next := shop(t, c).Clone()
		next.Version++
		next.Segments, next.NextSegment = nil, 0
		edit(next)
		_, err := applied(c, 1, &Command{Op: OpSetSchema, Base: 1, Schema: next})
		return err
	}
	for word, edit := range map[string]func(*schema.Schema){
		"attribute age":     func(s *schema.Schema) { s.Attrs = nil },
		"attribute  age":    func(s *schema.Schema) { s.Attrs[0].Name = "years" },
		"event open":        func(s *schema.Schema) { s.Events = nil },
		"event  open":       func(s *schema.Schema) { s.Events[0].Name = "opened" },
		"property campaign": func(s *schema.Schema) { s.Events[0].Props = nil },
	} {
		wantCode(t, set(edit), diag.Conflict, strings.ReplaceAll(word, "  ", " ")+` is used by the segment "adult"`)
	}
	wantNil(t, set(func(s *schema.Schema) {
		s.Attrs = append(s.Attrs, schema.Attribute{ID: 17, Name: "city", Type: schema.Type{Kind: schema.KindText}})
		s.NextAttr = 18
	}))
	if s := shop(t, c); len(s.Segments) != 1 || s.NextSegment != 2 || len(s.Attrs) != 2 {
		t.Errorf("%+v", s)
	}
}

func TestDropAndPublish(t *testing.T) {
	c := segmentCatalog(t)
	wantNil(t, put(t, c, schema.Segment{ID: 1, Name: "list", Attr: 17}))
	wantNil(t, put(t, c, schema.Segment{ID: 2, Name: "user", Text: "IN SEGMENT list", Uses: []schema.SegmentID{1}}))
	wantCode(t, segment(t, c, OpDropSegment, SegmentChange{ID: 1}), diag.Conflict, `segment list is used by the segment "user"`)
	wantCode(t, segment(t, c, OpPublishSegment, SegmentChange{ID: 1}), diag.Conflict, "not there any more")
	wantNil(t, put(t, c, schema.Segment{ID: 3, Name: "list", Attr: 18, Building: true}))
	if old, ok := shop(t, c).Segment("list"); !ok || old.ID != 1 {
		t.Errorf("a segment that is being built has taken its place already: %+v", old)
	}
	wantNil(t, segment(t, c, OpPublishSegment, SegmentChange{ID: 3}))
	s := shop(t, c)
	if now, ok := s.Segment("list"); !ok || now.ID != 1 || now.Attr != 18 || len(s.Segments) != 2 {
		t.Errorf("%+v of %d", now, len(s.Segments))
	}
	wantNil(t, put(t, c, schema.Segment{ID: 4, Name: "other", Attr: 19, Building: true}))
	wantNil(t, segment(t, c, OpPublishSegment, SegmentChange{ID: 4}))
	wantNil(t, segment(t, c, OpDropSegment, SegmentChange{ID: 2}))
	wantNil(t, segment(t, c, OpDropSegment, SegmentChange{ID: 1}))
	if s := shop(t, c); len(s.Segments) != 1 || s.Segments[0].Name != "other" || s.Segments[0].Building {
		t.Errorf("%+v", s.Segments)
	}
}

// TestImagesOfBeforeSegments: an image of the first version is read, and one with segments comes back.
func TestImagesOfBeforeSegments(t *testing.T) {
	c := New()
	const old = `{"next_base":2,"bases":{"shop":{"Base":1,"Name":"shop","Options":{"TimeZone":"UTC","Mode":0,"Spread":16},"Version":3,` +
		`"Attrs":[{"ID":16,"Name":"age","Type":{"Kind":2,"Scale":0},"Personal":false}],"Events":null,"NextAttr":17,"NextEvent":1,"NextProp":16}},"loads":{}}`
	wantNil(t, c.Restore(strings.NewReader(old)))
	wantNil(t, put(t, c, schema.Segment{ID: 1, Name: "adult", Text: "age >= 18 AND 'ü' < '<'", Attrs: []schema.AttrID{16}}))
	img, err := c.Snapshot()
	wantNil(t, err)
	var b bytes.Buffer
	if _, err := img.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	again := New()
	wantNil(t, again.Restore(io.Reader(&b)))
	if seg, ok := shop(t, again).Segment("adult"); !ok || seg.Text != "age >= 18 AND 'ü' < '<'" || shop(t, again).NextSegment != 2 {
		t.Errorf("%+v", seg)
	}
}
