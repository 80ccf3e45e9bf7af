package oracle

import (
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/storage/schema"
)

// maxSegmentDepth ends references that go round in a circle.
const maxSegmentDepth = 200

// inSegment is IN SEGMENT and IN ANY SEGMENT: a set of contacts, never unknown, asked of the contact also
// where the row is an event.
func (c *compiler) inSegment(s *ast.InSegment, sc scope) (node, error) {
	switch {
	case sc.noData:
		return node{}, diag.New(diag.Invalid, s.At, "AS OF takes one instant, not contacts")
	case sc.g != nil:
		return node{}, diag.New(diag.Invalid, s.At, "IN SEGMENT is a condition on one contact")
	case s.Any && (s.AsOf != nil || s.For != nil):
		return node{}, diag.New(diag.Syntax, s.At, "AS OF and FOR follow one segment")
	}
	var parts []func(*env) bool
	for _, name := range s.Names {
		in, err := c.oneSegment(name, s)
		if err != nil {
			return node{}, err
		}
		parts = append(parts, in)
	}
	return node{t: typ{kind: kBool}, ev: func(en *env) val {
		in := false
		for _, part := range parts {
			in = part(en) || in
		}
		return boolean(in)
	}}, nil
}

func (c *compiler) oneSegment(name ast.SegmentName, s *ast.InSegment) (func(*env) bool, error) {
	seg, ok := c.s().Segment(name.Name.Name)
	switch {
	case name.Part != nil:
		return nil, diag.New(diag.NotYet, name.Part.At, "waterfalls are not yet in this version")
	case !ok:
		return nil, diag.New(diag.Name, name.Name.At, "there is no segment %q", name.Name.Name)
	case s.For != nil && !seg.Static():
		return nil, diag.New(diag.Invalid, s.For.At, "nobody wrote down when contacts entered %q", seg.Name)
	}
	clock, err := c.segmentClock(s)
	if err != nil {
		return nil, err
	}
	if seg.Static() {
		return c.listMember(seg, s.For)
	}
	return c.definition(seg, clock)
}

// segmentClock returns the clock under which a reference is answered, given that of the statement.
func (c *compiler) segmentClock(s *ast.InSegment) (func(int64) int64, error) {
	if s.AsOf == nil {
		return func(clock int64) int64 { return clock }, nil
	}
	inner := &compiler{db: c.db, now: c.now, clock: c.clock, depth: c.depth}
	at, err := inner.asOf(s.AsOf, c.clock)
	return func(int64) int64 { return at }, err
}

// listMember asks a list of now, whatever the clock, or with FOR whether the contact was added that long ago.
func (c *compiler) listMember(seg *schema.Segment, long *ast.Literal) (func(*env) bool, error) {
	if long == nil {
		return func(en *env) bool {
			_, in := en.c.lists[seg.ID]
			return in
		}, nil
	}
	d, err := parseDuration(long)
	if err == nil && d.months == 0 && d.ms == 0 {
		return nil, diag.New(diag.Invalid, long.At, "no time at all")
	}
	return func(en *env) bool {
		added, in := en.c.lists[seg.ID]
		return in && added <= d.shift(c.db.zone, en.clock, -1)
	}, err
}

// definition asks the segment's condition, in which other segments are asked under the same clock.
func (c *compiler) definition(seg *schema.Segment, at func(int64) int64) (func(*env) bool, error) {
	if c.depth++; c.depth > maxSegmentDepth {
		return nil, diag.New(diag.Invalid, diag.Span{}, "segment %q goes round in a circle", seg.Name)
	}
	defer func() { c.depth-- }()
	stmt, err := parse.Statement("COUNT " + seg.Text)
	if err != nil {
		return nil, err
	}
	clock := at(c.clock)
	inner := &compiler{db: c.db, now: c.now, clock: clock, depth: c.depth}
	cond, err := inner.condition(stmt.(*ast.Count).Where, scope{})
	return func(en *env) bool {
		asked := &env{db: en.db, clock: clock, c: en.c}
		in := cond.ev(asked).isTrue()
		if asked.err != nil {
			en.fail(asked.err)
		}
		return in
	}, err
}
