package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/musterdb/muster/cluster/catalog"
	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/write"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// filling are the static segments that this service fills. One that is being built and is not among them is
// what a request left that could not clean up.
type filling struct {
	mu  sync.Mutex
	all map[segmentKey]bool
}

type segmentKey struct {
	base schema.BaseID
	id   schema.SegmentID
}

func (f *filling) set(k segmentKey, on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all == nil {
		f.all = map[segmentKey]bool{}
	}
	if f.all[k] = on; !on {
		delete(f.all, k)
	}
}

func (f *filling) has(k segmentKey) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.all[k]
}

// createSegment carries out CREATE SEGMENT.
func (x *execution) createSegment(ctx context.Context, stmt *ast.CreateSegment) error {
	if stmt.File != nil {
		return diag.New(diag.Invalid, stmt.File.At, "the server reads no files").
			WithHint("run the statement through the client, which reads the file and sends its ids: muster query -c \"CREATE STATIC SEGMENT …\"")
	}
	if stmt.Kind != ast.SegmentPlain {
		return x.createStatic(ctx, stmt)
	}
	sch, err := x.schema()
	if err != nil {
		return err
	}
	replaced := false
	_, err = x.node.ChangeSchema(ctx, sch.Name, func(now *schema.Schema) (*schema.Schema, error) {
		_, replaced = now.Segment(stmt.Name.Name)
		seg, err := write.CreateSegment(stmt, now, x.options(now))
		if err != nil {
			return nil, err
		}
		return withSegment(now, seg), nil
	})
	return x.done(err, "segment %s %s", stmt.Name.Name, createdOr(replaced))
}

func createdOr(replaced bool) string {
	if replaced {
		return "replaced"
	}
	return "created"
}

// withSegment returns the schema with a segment, in place of the one with its id if there is one.
func withSegment(now *schema.Schema, seg *schema.Segment) *schema.Schema {
	next := now.Clone()
	i := slices.IndexFunc(next.Segments, func(g schema.Segment) bool { return g.ID == seg.ID })
	if i < 0 {
		next.Segments, next.NextSegment = append(next.Segments, *seg), catalog.NextSegment(now)+1
		return next
	}
	next.Segments[i] = *seg
	return next
}

// createStatic carries out CREATE STATIC SEGMENT with a condition or with ids.
func (x *execution) createStatic(ctx context.Context, stmt *ast.CreateSegment) error {
	sch, err := x.schema()
	if err != nil {
		return err
	}
	b, err := x.beginStatic(ctx, sch.Name, stmt, x.req.Params)
	if err != nil {
		return err
	}
	if stmt.Where != nil {
		b.fill = func() (node.Written, error) { return x.fillByCondition(ctx, b, stmt.Where) }
	} else {
		b.fill = func() (node.Written, error) { return x.fillByIDs(ctx, b, stmt.IDs) }
	}
	res, err := b.finish(ctx, stmt.Replace)
	return x.done(err, "%s", res.String())
}

// building is a static segment that is being filled.
type building struct {
	*Service
	sch   *schema.Schema // which has it
	seg   schema.Segment
	clock int64
	fill  func() (node.Written, error)
}

// beginStatic makes the segment that is to be filled.
func (s *Service) beginStatic(ctx context.Context, base string, stmt *ast.CreateSegment, params map[string]schema.Value) (*building, error) {
	if err := s.dropLeftover(ctx, base, stmt.Name); err != nil {
		return nil, err
	}
	b := &building{Service: s}
	var key segmentKey
	// The outcome of what makes and what publishes a segment is waited for: cancelled on its way it could take
	// effect after all, when nobody cleans up any more.
	sch, err := s.node.ChangeSchema(context.WithoutCancel(ctx), base, func(now *schema.Schema) (*schema.Schema, error) {
		b.clock = s.node.Clock(now)
		seg, err := write.CreateSegment(stmt, now, bind.Options{Clock: b.clock, Params: params})
		if err != nil {
			return nil, err
		}
		s.filling.set(key, false) // of an attempt under an older schema
		b.seg, key = *seg, segmentKey{now.Base, seg.ID}
		s.filling.set(key, true)
		return withSegment(now, seg), nil
	})
	if err != nil {
		s.filling.set(key, false)
		return nil, err
	}
	b.sch = sch
	return b, nil
}

// dropLeftover drops what an earlier statement left of a segment of that name. One that is being filled by a
// statement that runs is a conflict.
func (s *Service) dropLeftover(ctx context.Context, base string, name ast.Ident) error {
	sch, err := s.Schema(base)
	if err != nil {
		return err
	}
	for i := range sch.Segments {
		seg := &sch.Segments[i]
		if !seg.Building || seg.Name != name.Name {
			continue
		}
		if s.filling.has(segmentKey{sch.Base, seg.ID}) {
			return diag.New(diag.Conflict, name.At, "the segment %s is being filled by another statement", phrase.Name(name.Name)).
				WithHint("let it finish, or end it: SHOW QUERIES, KILL")
		}
		if err := s.node.DropBuilding(ctx, sch.Base, seg.ID); err != nil {
			return err
		}
	}
	return nil
}

// finish fills the segment and publishes it. If anything fails nothing is left of it.
func (b *building) finish(ctx context.Context, replace bool) (SegmentResult, error) {
	key := segmentKey{b.sch.Base, b.seg.ID}
	defer b.filling.set(key, false)
	_, replaced := b.sch.Segment(b.seg.Name)
	done, err := b.fill()
	if err == nil {
		err = ctx.Err()
	}
	members := uint64(0)
	if err == nil { // before it can be seen: what is published may be dropped again at once
		members, err = b.members(ctx, b.seg.Attr, b.sch)
	}
	if err == nil {
		_, err = b.node.PublishSegment(context.WithoutCancel(ctx), key.base, key.id, replace)
	}
	if err != nil {
		return SegmentResult{}, b.abandon(ctx, key, err)
	}
	return SegmentResult{Segment: b.seg.Name, Replaced: replaced, Members: members, Unknown: done.Missing}, nil
}

// cleanUpWithin is how long what is left of a segment that could not be filled may take to drop.
const cleanUpWithin = 10 * time.Second

// abandon drops the segment. What cannot be dropped now is dropped by the next CREATE of its name, or the next
// start.
func (b *building) abandon(ctx context.Context, key segmentKey, err error) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cleanUpWithin)
	defer stop()
	if left := b.node.DropBuilding(ctx, key.base, key.id); left != nil {
		b.cfg.Logger.Warn("what is left of a segment that could not be filled is dropped later", "segment", b.seg.Name, "err", left)
	}
	return err
}

// SegmentResult is what became of a static segment.
type SegmentResult struct {
	Segment  string `json:"segment"`
	Replaced bool   `json:"replaced,omitempty"`
	Members  uint64 `json:"members"`
	Unknown  uint64 `json:"unknown"`            // ids of no contact, which are not members
	Rejected int64  `json:"rejected,omitempty"` // rows without an id
}

// String says it in words.
func (r SegmentResult) String() string {
	text := fmt.Sprintf("segment %s %s with %s", r.Segment, createdOr(r.Replaced), counted(r.Members, "member"))
	return text + unknown(r.Unknown)
}

func counted(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// unknown says how many ids no contact has.
func unknown(n uint64) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "; 1 id is unknown"
	}
	return fmt.Sprintf("; %d ids are unknown", n)
}

// members returns how many contacts are in a static segment.
func (s *Service) members(ctx context.Context, attr schema.AttrID, sch *schema.Schema) (uint64, error) {
	q := &plan.Query{Base: sch.Base, Schema: sch.Version, Clock: s.node.Clock(sch), Zone: zoneName(sch), Where: &plan.Member{Attr: attr}, Count: true, Limit: -1}
	return s.node.Count(ctx, q, sch)
}

// fillByCondition adds the contacts that satisfy a condition, under the clock of the segment.
func (x *execution) fillByCondition(ctx context.Context, b *building, where ast.Expr) (node.Written, error) {
	x.clock = b.clock
	q, err := bind.Rows(bind.ContactsTable, where, b.sch, bind.Options{Clock: b.clock, Params: x.req.Params})
	if err != nil {
		return node.Written{}, err
	}
	return x.node.Rewrite(ctx, q, b.sch, func(rec arrow.Record) (*change.Upsert, error) {
		x.query.done.Add(rec.NumRows())
		part := &change.Upsert{Existing: true}
		if err := appendIDs(&part.IDs, rec); err != nil {
			return nil, err
		}
		part.Cols = []change.Column{node.MemberColumn(b.seg.Attr, part.IDs.Len(), change.OpFill, b.clock)}
		return part, nil
	})
}

// appendIDs adds the ids that are the first column of a record.
func appendIDs(to *change.Strings, rec arrow.Record) error {
	ids, ok := rec.Column(0).(*array.String)
	if !ok {
		return fmt.Errorf("the ids of contacts came as %s", rec.Column(0).DataType())
	}
	for i := range ids.Len() {
		to.AppendString(ids.Value(i))
	}
	return nil
}

// fillByIDs adds the contacts with the ids that are listed.
func (x *execution) fillByIDs(ctx context.Context, b *building, xs []ast.Expr) (node.Written, error) {
	ids, err := write.SegmentIDs(xs, bind.Options{Clock: b.clock, Params: x.req.Params})
	if err != nil {
		return node.Written{}, err
	}
	return x.node.WriteMembers(ctx, b.sch, b.seg.Attr, ids, change.OpFill, b.clock)
}

// alterSegment carries out ALTER SEGMENT … ADD | REMOVE.
func (x *execution) alterSegment(ctx context.Context, stmt *ast.AlterSegment) error {
	sch, err := x.schema()
	if err != nil {
		return err
	}
	p, err := write.AlterSegment(stmt, sch, x.options(sch))
	if err != nil {
		return err
	}
	op := change.OpFill
	if !p.Add {
		op = change.OpNull
	}
	done, err := x.node.WriteMembers(ctx, sch, p.Segment.Attr, p.IDs, op, x.clock)
	if err != nil {
		return err
	}
	members, err := x.members(ctx, p.Segment.Attr, sch)
	return x.done(err, "segment %s has %s now%s", p.Segment.Name, counted(members, "member"), unknown(done.Missing))
}

// dropSegment carries out DROP SEGMENT.
func (x *execution) dropSegment(ctx context.Context, stmt *ast.Drop) error {
	sch, err := x.schema()
	if err != nil {
		return err
	}
	_, err = x.node.ChangeSchema(ctx, sch.Name, func(now *schema.Schema) (*schema.Schema, error) {
		id, err := write.DropSegment(stmt, now)
		if err != nil {
			return nil, err
		}
		next := now.Clone()
		next.Segments = slices.DeleteFunc(next.Segments, func(g schema.Segment) bool { return g.ID == id })
		return next, nil
	})
	return x.done(err, "segment %s dropped", stmt.Name.Name)
}

// renameSegment carries out RENAME SEGMENT.
func (x *execution) renameSegment(ctx context.Context, stmt *ast.Rename) error {
	sch, err := x.schema()
	if err != nil {
		return err
	}
	_, err = x.node.ChangeSchema(ctx, sch.Name, func(now *schema.Schema) (*schema.Schema, error) {
		seg, err := write.RenameSegment(stmt, now)
		if err != nil {
			return nil, err
		}
		return withSegment(now, seg), nil
	})
	return x.done(err, "segment %s is called %s now", stmt.Name.Name, stmt.To.Name)
}

// showSegments lists the segments. Members are those of static ones now: a plain one would have to be
// evaluated, which COUNT and DESCRIBE SEGMENT do.
// The number is null where they are replaced or dropped meanwhile.
func (x *execution) showSegments(ctx context.Context, sch *schema.Schema) error {
	var rows [][]any
	for i := range sch.Segments {
		seg := &sch.Segments[i]
		var members any
		if seg.Static() {
			n, err := x.members(ctx, seg.Attr, sch)
			switch {
			case err == nil:
				members = int64(n)
			case !x.overtaken(sch, err):
				return err
			}
		}
		rows = append(rows, []any{seg.Name, segmentKind(seg), members, orNil(seg.Text), arrow.Timestamp(seg.Created)})
	}
	return x.table([]column{
		{"segment", textColumn}, {"kind", textColumn}, {"members", intColumn}, {"condition", textColumn}, {"created", timeColumn},
	}, rows...)
}

// segmentKind names the kind of a segment.
func segmentKind(seg *schema.Segment) string {
	switch {
	case seg.Building:
		return "static, being filled"
	case seg.Static():
		return strings.ToLower(ast.SegmentStatic.String())
	}
	return "condition"
}
