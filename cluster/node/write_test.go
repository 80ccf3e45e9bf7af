package node

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/musterdb/muster/cluster/command"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

func open(t *testing.T, cfg Config) *Node {
	t.Helper()
	n, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return n
}

// withEvent makes a base with an event type that keeps all events.
func withEvent(t *testing.T, n *Node, spread int) *schema.Schema {
	t.Helper()
	if _, err := n.CreateBase(t.Context(), "shop", schema.BaseOptions{Spread: spread}); err != nil {
		t.Fatal(err)
	}
	sch, err := n.ChangeSchema(t.Context(), "shop", func(now *schema.Schema) (*schema.Schema, error) {
		to := now.Clone()
		to.Events = append(to.Events, schema.EventType{ID: to.NextEvent, Name: "buy"})
		to.NextEvent++
		return to, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sch
}

func events(sch *schema.Schema, n int) *change.Change {
	tr := &change.Track{Event: sch.Events[0].ID}
	for i := range n {
		tr.IDs.AppendString(fmt.Sprintf("c%d", i%700))
		tr.Times = append(tr.Times, int64(i))
	}
	return &change.Change{Parts: []change.Part{tr}}
}

// TestBatchSentAgain sends a batch of which some groups, or some pieces of one group, have their part
// already: what is there is told and not doubled, the rest goes in. A schema that moves in between does not
// move the pieces.
func TestBatchSentAgain(t *testing.T) {
	const rows = 9000
	for _, spread := range []int{1, 16} {
		dir := t.TempDir()
		n, err := Open(Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		sch := withEvent(t, n, spread)
		ch := events(sch, rows)
		batch := Batch{Producer: command.ProducerID{1}, Seq: 3}
		part := change.Split(ch, spread, func(id []byte) int { return GroupOf(id, spread) })[0]
		pieces, err := cut(part)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.bringSchema(t.Context(), n.data[0], sch); err != nil {
			t.Fatal(err)
		}
		before := uint64(0)
		for i, piece := range pieces[:(len(pieces)+1)/2] {
			if _, err := settle(n.data[0].Propose(t.Context(), n.proposal(sch, piece, batch.part(i)))); err != nil {
				t.Fatal(err)
			}
			before += uint64(change.RowCount(piece))
		}
		sch, err = n.ChangeSchema(t.Context(), "shop", func(now *schema.Schema) (*schema.Schema, error) {
			to := now.Clone()
			for i := range 500 {
				to.Attrs = append(to.Attrs, schema.Attribute{ID: to.NextAttr, Name: fmt.Sprintf("a%d%s", i, strings.Repeat("x", 60)), Type: schema.Type{Kind: schema.KindInt}})
				to.NextAttr++
			}
			return to, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		w, err := n.Write(t.Context(), sch, ch, batch)
		if err != nil || w.Repeated != before || w.Events != rows-before {
			t.Errorf("spread %d: %+v, want %d repeated (%v)", spread, w, before, err)
		}
		if err := n.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		n = open(t, Config{Dir: dir})
		w, err = n.Write(t.Context(), sch, ch, batch)
		if got := n.Events(sch, sch.Events[0].ID); err != nil || w.Repeated != rows || w.Events != 0 || got != rows {
			t.Errorf("spread %d, after a restart: %+v, %d events (%v)", spread, w, got, err)
		}
	}
}

// TestLongSchema writes wide rows under a schema that takes more than a command's spare room.
func TestLongSchema(t *testing.T) {
	n := open(t, Config{})
	withEvent(t, n, 1)
	sch, err := n.ChangeSchema(t.Context(), "shop", func(now *schema.Schema) (*schema.Schema, error) {
		to := now.Clone()
		for i := range 1990 {
			to.Attrs = append(to.Attrs, schema.Attribute{ID: to.NextAttr, Name: fmt.Sprintf("a%d%s", i, strings.Repeat("x", 110)), Type: schema.Type{Kind: schema.KindText}})
			to.NextAttr++
		}
		return to, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	u := &change.Upsert{Cols: []change.Column{{ID: uint32(sch.Attrs[0].ID), Type: sch.Attrs[0].Type}}}
	for i := range 14 {
		u.IDs.AppendString(fmt.Sprint("c", i))
		u.Cols[0].Texts.AppendString(strings.Repeat("t", 60_000))
	}
	ch := &change.Change{Parts: []change.Part{u}}
	if w, err := n.Write(t.Context(), sch, ch, Batch{}); err != nil || w.Created != 14 {
		t.Errorf("%+v %v", w, err)
	}
}

// TestClockStepsBack: a statement's clock is never older than the newest write, though the wall clock is,
// also after a restart.
func TestClockStepsBack(t *testing.T) {
	var now atomic.Int64
	now.Store(1_000_000)
	dir := t.TempDir()
	cfg := Config{Dir: dir, Clock: now.Load}
	n, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	sch := withEvent(t, n, 4)
	last := int64(0)
	for _, wall := range []int64{2_000_000, 1_500_000, 500_000, 2_000_001, 7} {
		now.Store(wall)
		if _, err := n.Write(t.Context(), sch, events(sch, 700), Batch{}); err != nil {
			t.Fatal(err)
		}
		clock := n.Clock(sch)
		if clock < last || clock < wall || clock < 2_000_000 {
			t.Errorf("wall %d: the clock is %d after %d", wall, clock, last)
		}
		last = clock
	}
	if err := n.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	n = open(t, cfg)
	if clock := n.Clock(sch); clock < last {
		t.Errorf("after a restart the clock is %d, was %d", clock, last)
	}
}

// TestReconcile stops between the catalog and the data groups: the next start finishes what the catalog says.
func TestReconcile(t *testing.T) {
	dir := t.TempDir()
	n, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	sch := withEvent(t, n, 4)
	if _, err := n.Write(t.Context(), sch, events(sch, 1000), Batch{}); err != nil {
		t.Fatal(err)
	}
	to := sch.Clone()
	to.Version++
	to.Events = nil
	if _, err := n.proposeCatalog(t.Context(), &catalogCommand{Op: "set_schema", Base: sch.Base, Schema: to}); err != nil {
		t.Fatal(err)
	}
	if got := n.Events(sch, sch.Events[0].ID); got != 0 && got != 1000 {
		t.Fatalf("%d events", got)
	}
	reopen := func() {
		t.Helper()
		if err := n.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if n, err = Open(Config{Dir: dir}); err != nil {
			t.Fatal(err)
		}
	}
	reopen()
	for i := range 4 {
		if s := n.data[i].sm.shard(sch.Base); s == nil || s.SchemaVersion() != to.Version || len(s.Stats().Events) != 0 {
			t.Errorf("group %d still has the events of a dropped type", i)
		}
	}
	if _, err := n.proposeCatalog(t.Context(), &catalogCommand{Op: "drop_base", Name: "shop"}); err != nil {
		t.Fatal(err)
	}
	reopen()
	defer n.Close(context.Background())
	for i := range 4 {
		if n.data[i].sm.shard(sch.Base) != nil {
			t.Errorf("group %d still has the dropped base", i)
		}
	}
}
