package node

import (
	"testing"
	"time"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// swept waits until a base has no deleted contacts whose events wait for their sweep.
func swept(t *testing.T, n *Node, sch *schema.Schema) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		left := 0
		for _, g := range n.groupsOf(sch) {
			if s := g.sm.shard(sch.Base); s != nil {
				left += s.Stats().Unswept
			}
		}
		if left == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d deleted contacts are not swept", left)
		}
	}
}

func deleteSome(t *testing.T, n *Node, sch *schema.Schema) {
	t.Helper()
	d := &change.Delete{}
	for _, id := range []string{"c1", "c2", "c3", "c4", "c5"} {
		d.IDs.AppendString(id)
	}
	if w, err := n.Write(t.Context(), sch, &change.Change{Parts: []change.Part{d}}, Batch{}); err != nil || w.Deleted != 5 {
		t.Fatalf("%+v %v", w, err)
	}
}

// TestSweepsByThemselves: the events of deleted contacts go without anybody asking.
func TestSweepsByThemselves(t *testing.T) {
	n := open(t, Config{})
	sch := withEvent(t, n, 4)
	if _, err := n.Write(t.Context(), sch, events(sch, 7000), Batch{}); err != nil {
		t.Fatal(err)
	}
	deleteSome(t, n, sch)
	swept(t, n, sch)
	if got := n.Events(sch, sch.Events[0].ID); got != 7000-50 {
		t.Errorf("%d events are left", got)
	}
}

// TestRefusedHousekeepingStaysDue: what a group refuses is tried again.
func TestRefusedHousekeepingStaysDue(t *testing.T) {
	n := open(t, Config{})
	sch := withEvent(t, n, 1)
	if _, err := n.Write(t.Context(), sch, events(sch, 10), Batch{}); err != nil {
		t.Fatal(err)
	}
	at := target{n.data[0], sch.Base}
	if err := n.data[0].Close(); err != nil {
		t.Fatal(err)
	}
	u := &upkeep{n: n, ctx: t.Context(), due: map[target]bool{at: true}, wake: make(chan struct{}, 1)}
	u.housekeep()
	if !u.due[at] {
		t.Error("what was refused is forgotten")
	}
	u.due = map[target]bool{{n.data[0], 999}: true}
	u.housekeep()
	if len(u.due) != 0 {
		t.Error("a base that is not there stays due")
	}
}

// TestEventsAreTidied: the room that old events' blocks do not need is given back at the next tick.
func TestEventsAreTidied(t *testing.T) {
	n := open(t, Config{})
	sch := withEvent(t, n, 1)
	for k := range 5 { // in several batches, so that blocks grow
		ch := events(sch, 3000)
		for i := range ch.Parts[0].(*change.Track).Times {
			ch.Parts[0].(*change.Track).Times[i] = int64(i%(200*(k+1))) * 3_600_000
		}
		if _, err := n.Write(t.Context(), sch, ch, Batch{}); err != nil {
			t.Fatal(err)
		}
	}
	size := func() int64 { return n.data[0].sm.shard(sch.Base).Stats().Events[0].Bytes }
	before := size()
	n.upkeep.housekeep()
	if after := size(); after >= before {
		t.Errorf("%d bytes, %d after the tick", before, after)
	}
}
