package bind

import (
	"errors"
	"slices"
	"strings"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/names"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/typing"
	"github.com/musterdb/muster/storage/schema"
)

// The work that references may cause in one statement: each is bound anew, under its own clock, so that a
// few segments that name each other twice could be millions of conditions.
const (
	maxReferenced = schema.MaxStatementBytes // bytes of conditions
	referenceCost = 64                       // what a reference costs beside its bytes
)

// references is what a binder knows of the stored conditions that it is in.
type references struct {
	path   []*schema.Segment // from the statement's own reference inwards
	bytes  int               // of the conditions bound so far
	trees  map[schema.SegmentID]ast.Expr
	failed bool // an error has the name of its segment already
}

// inSegment binds IN SEGMENT and IN ANY SEGMENT: sets of contacts, asked of the event's contact where the
// row is an event.
func (b *binder) inSegment(x *ast.InSegment) (plan.Expr, error) {
	if b.scope.Kind == names.OfFile || b.scope.Kind == names.OfConstant {
		return nil, diag.New(diag.Invalid, x.At, "a contact's segments cannot be asked for here")
	}
	var terms []plan.Expr
	for _, n := range x.Names {
		e, err := b.oneSegment(x, n)
		if err != nil {
			return nil, err
		}
		terms = append(terms, e)
	}
	e := terms[0]
	if len(terms) > 1 {
		e = &plan.Or{Terms: terms}
	}
	if b.scope.group != nil {
		return nil, b.notGrouped(x, e.Type())
	}
	return e, nil
}

func (b *binder) oneSegment(x *ast.InSegment, n ast.SegmentName) (plan.Expr, error) {
	if n.Part != nil {
		return nil, phrase.NotYet(n.Name.At.To(n.Part.At), "parts of waterfalls")
	}
	seg, err := b.scope.Segment(n.Name)
	if err != nil {
		return nil, err
	}
	clock := b.clock
	if x.AsOf != nil {
		if clock, err = b.asOf(x.AsOf); err != nil {
			return nil, err
		}
	}
	switch {
	case seg.Static():
		return b.member(seg, x.For)
	case x.For != nil:
		return nil, diag.New(diag.Invalid, x.For.At, "%s is a condition, which does not know since when it holds", phrase.Name(seg.Name)).
			WithHint("FOR asks a static segment, which keeps when each contact was added; for a condition write IN SEGMENT %s AS OF now() - %s", phrase.Name(seg.Name), x.For.Text)
	}
	return b.stored(seg, n.Name.At, clock)
}

// member binds a reference to a static segment: the list of now, whatever the clock, or those who have been
// in it for some time.
func (b *binder) member(seg *schema.Segment, since *ast.Literal) (plan.Expr, error) {
	if since == nil {
		return &plan.Member{Attr: seg.Attr}, nil
	}
	d, err := typing.Positive(since)
	if err != nil {
		return nil, err
	}
	ms, _ := b.time().Ago(d)
	added := &plan.Attr{ID: seg.Attr, T: plan.Type{Type: schema.MemberType}}
	return &plan.IsTrue{X: &plan.Cmp{Op: plan.Le, X: added, Y: plan.IntConst(schema.KindTimestamp, ms)}}, nil
}

// stored binds the condition of a plain segment under a clock.
func (b *binder) stored(seg *schema.Segment, at diag.Span, clock int64) (plan.Expr, error) {
	if err := b.enterSegment(seg, at); err != nil {
		return nil, err
	}
	asked, inside := b.selectors, b.scope.Kind == names.OfEvent && !b.scope.Table
	outer := b.clock
	b.clock = clock
	var e plan.Expr
	sc := b.contact()
	sc.Needs = nil // what a segment needs is noted with the segment
	err := b.within(sc, func() error {
		x, err := b.tree(seg)
		if err == nil {
			e, err = b.condition(x)
		}
		return err
	})
	b.clock, b.refs.path = outer, b.refs.path[:len(b.refs.path)-1]
	switch {
	case err != nil:
		return nil, b.segmentFailed(seg, at, err)
	case inside && b.selectors > asked:
		return nil, diag.New(diag.Invalid, at, "inside […] a condition is about one event, and the segment %s asks for others", phrase.Name(seg.Name)).
			WithHint("put IN SEGMENT %s outside the brackets and join it with AND", phrase.Name(seg.Name))
	}
	return &plan.IsTrue{X: e}, nil
}

// enterSegment puts a segment on the path, unless it is there already or the path is too long.
func (b *binder) enterSegment(seg *schema.Segment, at diag.Span) error {
	r := &b.refs
	if i := slices.Index(r.path, seg); i >= 0 {
		r.failed = true
		return circle(at, append(r.path[i:len(r.path):len(r.path)], seg))
	}
	r.bytes += len(seg.Text) + referenceCost
	if len(r.path) >= schema.MaxNesting || r.bytes > maxReferenced {
		r.failed = true
		return diag.New(diag.Limit, at, "the segments that this refers to are too many: they are at most %d deep and %d bytes long together", schema.MaxNesting, maxReferenced).
			WithHint("make a static segment of one of them: CREATE STATIC SEGMENT … AS IN SEGMENT %s", phrase.Name(seg.Name))
	}
	r.path = append(r.path, seg)
	return nil
}

// circle is the error of segments that refer to each other.
func circle(at diag.Span, path []*schema.Segment) *diag.Error {
	names := make([]string, len(path))
	for i, s := range path {
		names[i] = phrase.Name(s.Name)
	}
	return diag.New(diag.Invalid, at, "segments refer to each other in a circle: %s", phrase.Short(strings.Join(names, " → "))).
		WithHint("write one of them without the other")
}

// tree returns the parsed condition of a segment.
func (b *binder) tree(seg *schema.Segment) (ast.Expr, error) {
	if x, ok := b.refs.trees[seg.ID]; ok {
		return x, nil
	}
	x, err := parse.Condition(seg.Text)
	if err != nil {
		return nil, err
	}
	if b.refs.trees == nil {
		b.refs.trees = map[schema.SegmentID]ast.Expr{}
	}
	b.refs.trees[seg.ID] = x
	return x, nil
}

// segmentFailed returns the error of a stored condition as one of the reference, with the segment's name.
func (b *binder) segmentFailed(seg *schema.Segment, at diag.Span, err error) error {
	d, ok := errors.AsType[*diag.Error](err)
	if !ok {
		return err
	}
	out := *d
	out.Span, out.Text = at, ""
	if b.refs.failed {
		return &out
	}
	b.refs.failed = true
	out.Msg = "the condition of the segment " + phrase.Name(seg.Name) + " is not valid any more: " + d.Msg
	out.Hint = phrase.JoinHints(d.Hint, "write it anew with CREATE OR REPLACE SEGMENT "+phrase.Name(seg.Name)+" AS …")
	return &out
}

// Stored binds a condition that is to be stored and evaluated later, and returns what it needs. It has no
// parameters.
func Stored(x ast.Expr, sch *schema.Schema, opt Options) (*names.Needs, error) {
	opt.Params = nil
	needs := &names.Needs{}
	b, err := newBinder(sch, opt, names.Scope{Needs: needs})
	if err != nil {
		return nil, err
	}
	_, err = b.condition(x)
	needs.Sort()
	return needs, err
}
