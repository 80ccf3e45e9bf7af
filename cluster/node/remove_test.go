package node

import (
	"fmt"
	"testing"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/query/write"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// TestDeleteEvents removes events of all groups, more than one change of a group holds, and again.
func TestDeleteEvents(t *testing.T) {
	n := open(t, Config{Clock: func() int64 { return 1_000_000 }})
	sch := withEvent(t, n, 4)
	const all = 50_000
	for from := 0; from < all; from += 5000 {
		tr := &change.Track{Event: sch.Events[0].ID}
		for i := range 5000 {
			tr.IDs.AppendString(fmt.Sprintf("c%d", i%700))
			tr.Times = append(tr.Times, int64(from+i))
		}
		if _, err := n.Write(t.Context(), sch, &change.Change{Parts: []change.Part{tr}}, Batch{}); err != nil {
			t.Fatal(err)
		}
	}
	stmt, err := parse.Statement("DELETE FROM buy WHERE time >= '1970-01-01 00:00:10'")
	if err != nil {
		t.Fatal(err)
	}
	q, err := write.DeleteEvents(stmt.(*ast.DeleteEvents), sch, bind.Options{Clock: n.Clock(sch)})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []uint64{40_000, 0} {
		w, err := n.DeleteEvents(t.Context(), q, sch)
		if err != nil || w.Removed != want || w.Missing != 0 {
			t.Errorf("%+v, want %d removed (%v)", w, want, err)
		}
	}
	if got := n.Events(sch, sch.Events[0].ID); got != 10_000 {
		t.Errorf("%d events are left", got)
	}
}

// TestCutByCost: members of a static segment take few commands, and rows that may make contacts are cut as ever.
func TestCutByCost(t *testing.T) {
	const rows = 62_500 // of a million, in one of 16 groups
	member := change.Column{ID: 16, Type: schema.MemberType, Ops: make([]change.Op, rows), Ints: make([]int64, rows)}
	u := &change.Upsert{Existing: true, Cols: []change.Column{member}}
	d := &change.DeleteEvents{Event: 1, Times: make([]int64, rows), Hashes: make([]uint64, rows)}
	for i := range rows {
		u.IDs.AppendString(fmt.Sprint("c", i))
		d.IDs.AppendString(fmt.Sprint("c", i))
	}
	for _, c := range []struct {
		part       change.Part
		rows, most int
	}{
		{u, 1, 1}, {u, 13_000, 1}, {u, rows, 8}, {d, rows, 8},
		{&change.Upsert{IDs: u.IDs, Cols: u.Cols}, 640, 1}, {&change.Upsert{IDs: u.IDs, Cols: u.Cols}, 641, 2}, {&change.Upsert{IDs: u.IDs, Cols: u.Cols}, 1281, 4},
		{&change.Delete{IDs: u.IDs}, 641, 2}, {&change.Track{IDs: u.IDs, Times: d.Times}, 640, 1}, {&change.Track{IDs: u.IDs, Times: d.Times}, 641, 2},
	} {
		pick := make([]uint32, c.rows)
		for i := range pick {
			pick[i] = uint32(i)
		}
		pieces, err := cut(&change.Change{Parts: []change.Part{change.Pick(c.part, pick)}})
		if err != nil || len(pieces) != c.most {
			t.Errorf("%T of %d rows: %d pieces, want %d (%v)", c.part, c.rows, len(pieces), c.most, err)
		}
		total := 0
		for _, p := range pieces {
			total += change.RowCount(p)
		}
		if total != c.rows {
			t.Errorf("%T: %d rows of %d", c.part, total, c.rows)
		}
	}
}

// TestSegmentUsage: the members of a static segment are told apart, and dropping it gives their memory back.
func TestSegmentUsage(t *testing.T) {
	n := open(t, Config{})
	sch := withEvent(t, n, 1)
	if _, err := n.Write(t.Context(), sch, events(sch, 700), Batch{}); err != nil {
		t.Fatal(err)
	}
	edit := func(segments []schema.Segment) {
		t.Helper()
		var err error
		sch, err = n.ChangeSchema(t.Context(), "shop", func(now *schema.Schema) (*schema.Schema, error) {
			to := now.Clone()
			to.Segments, to.NextAttr, to.NextSegment = segments, 17, 2
			return to, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	edit([]schema.Segment{{ID: 1, Name: "list", Attr: 16}})
	u := &change.Upsert{Existing: true}
	col := change.Column{ID: 16, Type: schema.MemberType}
	for i := range 800 {
		u.IDs.AppendString(fmt.Sprint("c", i))
		col.Ops, col.Ints = append(col.Ops, change.OpFill), append(col.Ints, int64(i))
	}
	u.Cols = []change.Column{col}
	if w, err := n.Write(t.Context(), sch, &change.Change{Parts: []change.Part{u}}, Batch{}); err != nil || w.Missing != 100 || w.Updated != 700 || w.Created != 0 {
		t.Errorf("%+v (%v)", w, err)
	}
	segment := func() (bytes int64, lines int) {
		for _, line := range n.Usage(sch) {
			if line.Part == "segment" && line.Name == "list" {
				bytes, lines = line.Bytes, lines+1
			}
		}
		return bytes, lines
	}
	if b, lines := segment(); b < 700 || lines != 1 {
		t.Errorf("%d bytes in %d lines", b, lines)
	}
	edit(nil)
	if _, lines := segment(); lines != 0 {
		t.Error("a segment that was dropped is still told of")
	}
	if got := len(n.data[0].sm.shard(sch.Base).Stats().Attributes); got != 1 { // created_at
		t.Errorf("%d columns are left", got)
	}
}
