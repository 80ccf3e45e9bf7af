package api

import (
	"context"
	"testing"

	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/storage/change"
)

// TestSegmentsSurviveRestart: segments and members are there after a restart, and what a stop left of one that
// was being filled is not.
func TestSegmentsSurviveRestart(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	open := func() (*node.Node, *Service) {
		n, err := node.Open(node.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return n, New(n, Config{})
	}
	n, s := open()
	mustDo(t, s, "CREATE BASE shop")
	mustDo(t, s, "UPSERT CONTACT 'c1' SET n = 1")
	mustDo(t, s, "UPSERT CONTACT 'c2' SET n = 2")
	mustDo(t, s, "CREATE STATIC SEGMENT list AS n = 2")
	mustDo(t, s, "CREATE SEGMENT low AS n < 2 AND NOT IN SEGMENT list")
	left, err := s.beginStatic(ctx, "shop", &ast.CreateSegment{Name: ast.Ident{Name: "left"}, Kind: ast.SegmentStatic, IDs: []ast.Expr{}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.WriteMembers(ctx, left.sch, left.seg.Attr, []string{"c1"}, change.OpFill, 1); err != nil {
		t.Fatal(err)
	}
	if got := mustDo(t, s, "SELECT count(*) FROM contacts WHERE IN SEGMENT list"); got != "1" {
		t.Errorf("list has %s members", got)
	}
	if err := n.Close(ctx); err != nil {
		t.Fatal(err)
	}
	n, s = open()
	defer func() {
		if err := n.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	says(t, s,
		"SELECT id FROM contacts WHERE IN SEGMENT list ORDER BY id", "c2",
		"SELECT id FROM contacts WHERE IN SEGMENT low ORDER BY id", "c1",
	)
	sch, err := s.Schema("shop")
	if err != nil || len(sch.Segments) != 2 {
		t.Errorf("%d segments, %v", len(sch.Segments), err)
	}
}

// TestLeftoverIsDropped: a segment whose filling was given up without being cleaned up does not stand in the
// way of the next.
func TestLeftoverIsDropped(t *testing.T) {
	s := openService(t)
	mustDo(t, s, "UPSERT CONTACT 'c1' SET n = 1")
	b, err := s.beginStatic(context.Background(), "shop", &ast.CreateSegment{Name: ast.Ident{Name: "list"}, Kind: ast.SegmentStatic, IDs: []ast.Expr{}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	says(t, s, "CREATE STATIC SEGMENT list ('c1')", "CONFLICT: the segment list is being filled by another statement")
	s.filling.set(segmentKey{b.sch.Base, b.seg.ID}, false)
	says(t, s, "CREATE STATIC SEGMENT list ('c1')", "segment list created with 1 member")
	if sch, _ := s.Schema("shop"); len(sch.Segments) != 1 {
		t.Errorf("%d segments", len(sch.Segments))
	}
}
