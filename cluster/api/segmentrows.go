package api

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/engine/ingest"
	"github.com/musterdb/muster/engine/tabular"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/write"
	"github.com/musterdb/muster/storage/change"
)

// SegmentRequest is a static segment whose members come as rows with a column called id.
type SegmentRequest struct {
	Base    string
	Segment string
	Replace bool
	Body    io.Reader
	Options tabular.Options
	Client  string
	// Interrupt, if there is one, is called when the request has been killed: it ends a wait for Body.
	Interrupt func()
}

// FillSegment makes a static segment of rows: all of them or, after an error, no segment. Rows without an id
// are counted and left out.
func (s *Service) FillSegment(ctx context.Context, req SegmentRequest) (SegmentResult, error) {
	stmt := &ast.CreateSegment{Name: ast.Ident{Name: req.Segment}, Replace: req.Replace, Kind: ast.SegmentStatic, IDs: []ast.Expr{}}
	ask := Request{Base: req.Base, Client: req.Client, Text: "CREATE STATIC SEGMENT " + req.Segment + " FROM rows"}
	ctx, q := s.running.enter(ctx, ask)
	defer s.running.leave(q)
	defer interrupted(ctx, req.Interrupt)()
	res, err := s.fillSegment(ctx, req, stmt, q)
	return res, s.explain(ctx, ask, err)
}

func (s *Service) fillSegment(ctx context.Context, req SegmentRequest, stmt *ast.CreateSegment, q *query) (SegmentResult, error) {
	r, err := tabular.NewReader(req.Body, req.Options)
	if err != nil {
		return SegmentResult{}, unreadIn(ctx, err)
	}
	defer func() { _ = r.Close() }()
	b, err := s.beginStatic(ctx, req.Base, stmt, nil)
	if err != nil {
		return SegmentResult{}, existsAlready(err, req.Segment)
	}
	rows := &memberRows{building: b, query: q}
	b.fill = func() (node.Written, error) { return rows.all(ctx, r) }
	res, err := b.finish(ctx, req.Replace)
	res.Rejected = rows.rejected
	return res, err
}

// unreadIn says why rows cannot be read: once ctx has ended, because it has.
func unreadIn(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	return Unreadable(err)
}

// memberRows turns rows into members.
type memberRows struct {
	*building
	query    *query
	mapper   *ingest.Mapper
	bound    int // columns of the rows when mapper was bound
	rejected int64
}

func (m *memberRows) all(ctx context.Context, r *tabular.Reader) (total node.Written, err error) {
	for {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			if cols := r.Columns(); len(cols) > 0 && !slices.Contains(cols, "id") {
				return total, noIDs() // rather than make a segment empty by a file of something else
			}
			return total, nil
		}
		if err != nil {
			return total, unreadIn(ctx, err)
		}
		unknown, err := m.batch(ctx, b)
		total.Missing += unknown
		if err != nil {
			return total, err
		}
	}
}

// batch adds the contacts of a batch of rows and returns how many there are not.
func (m *memberRows) batch(ctx context.Context, b *tabular.Batch) (unknown uint64, err error) {
	if m.mapper == nil || m.bound != len(b.Columns) {
		if err := m.bind(b); err != nil {
			return 0, err
		}
	}
	res := m.mapper.Map(b)
	m.rejected += int64(len(res.Rejected))
	m.query.done.Add(int64(res.Rows))
	part, ok := res.Part.(*change.Upsert)
	if !ok {
		return 0, nil // no row of the batch has an id
	}
	part.Existing = true
	part.Cols = []change.Column{node.MemberColumn(m.seg.Attr, part.IDs.Len(), change.OpFill, m.clock)}
	done, err := m.node.Write(ctx, m.sch, &change.Change{Parts: []change.Part{part}}, node.Batch{})
	return done.Missing, err
}

// bind finds the ids among the columns: in the one called id.
func (m *memberRows) bind(b *tabular.Batch) error {
	if _, ok := b.Column("id"); !ok {
		return noIDs()
	}
	cols := make([]bind.Column, len(b.Columns))
	for i := range b.Columns {
		cols[i] = ingest.FileColumn(&b.Columns[i], b.Rows)
	}
	stmt := &ast.CopyFrom{Target: ast.Ident{Name: bind.ContactsTable}, Map: []ast.Assign{{Name: idName, X: &idName}}}
	p, err := write.Mapping(stmt, cols, m.sch, bind.Options{Clock: m.clock})
	if err != nil {
		return err
	}
	zone, err := bind.Zone(m.sch)
	if err != nil {
		return err
	}
	m.bound = len(b.Columns)
	m.mapper, err = ingest.New(p, m.clock, zone)
	return err
}

func noIDs() error {
	return diag.New(diag.Invalid, diag.Span{}, "the rows of a segment have no column id").WithHint(`send the ids of its members in a column called id`)
}

var idName = ast.Name{Parts: []ast.Ident{{Name: "id"}}}

// existsAlready says how a request replaces the segment, as a statement and as a request.
func existsAlready(err error, name string) error {
	var known *diag.Error
	if !errors.As(err, &known) || known.Code != diag.Exists {
		return err
	}
	said := *known
	return said.WithHint("write CREATE OR REPLACE STATIC SEGMENT %s, or ?replace=true in a request, to put this one in its place", phrase.Name(name))
}
