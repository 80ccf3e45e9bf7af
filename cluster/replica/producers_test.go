package replica

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/musterdb/muster/cluster/command"
)

func pid(n byte) command.ProducerID { return command.ProducerID{n} }

func send(t testing.TB, g *Group, p command.Producer, payload string) Result {
	t.Helper()
	res, err := g.Propose(t.Context(), Proposal{Kind: kindAdd, Payload: []byte(payload), Producer: p})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestProducerTakesEffectOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g, j := start(t, Config{Dir: dir})
	for i, seq := range []uint64{0, 2, 1} { // out of order is fine
		if res := send(t, g, command.Producer{ID: pid(1), Epoch: 1, Seq: seq}, fmt.Sprint("entry ", i)); res.Duplicate || res.Err != nil {
			t.Fatalf("sequence %d: %+v", seq, res)
		}
	}
	again := func(when string) {
		t.Helper()
		for seq := range uint64(3) {
			res := send(t, g, command.Producer{ID: pid(1), Epoch: 1, Seq: seq}, "again")
			if !res.Duplicate || res.Err != nil || res.Value != nil || res.Index == 0 {
				t.Errorf("%s, sequence %d: %+v, want a duplicate", when, seq, res)
			}
		}
		wantN(t, j, 3)
	}
	again("at once")
	closeGroup(t, g)
	g, j = start(t, Config{Dir: dir})
	again("after replay")
	snapshot(t, g)
	closeGroup(t, g)
	g, j = start(t, Config{Dir: dir})
	again("after an image")

	if res := send(t, g, command.Producer{ID: pid(1), Epoch: 2, Seq: 0}, "entry 3"); res.Duplicate || res.Err != nil {
		t.Errorf("new epoch: %+v", res)
	}
	if res := send(t, g, command.Producer{ID: pid(1), Epoch: 1, Seq: 9}, "fenced"); !errors.Is(res.Err, ErrProducerFenced) {
		t.Errorf("old epoch: %+v, want ErrProducerFenced", res)
	}
	wantN(t, j, 4)
}

// TestRefusalDoesNotConsume: a command the state machine refused changed
// nothing, so its sequence may be used again.
func TestRefusalDoesNotConsume(t *testing.T) {
	g, j := start(t, Config{})
	p := command.Producer{ID: pid(1), Epoch: 1, Seq: 5}
	for range 2 {
		res, err := g.Propose(t.Context(), Proposal{Kind: kindRefuse, Producer: p})
		if err != nil || !errors.Is(res.Err, errRefused) || res.Duplicate {
			t.Fatalf("%+v, %v", res, err)
		}
	}
	if res := send(t, g, p, "entry 0"); res.Duplicate {
		t.Errorf("%+v", res)
	}
	wantN(t, j, 1)
}

// naiveTable is producerTable as one would write it from its description.
type naiveTable struct {
	epoch map[command.ProducerID]uint32
	seen  map[command.Producer]bool
	top   map[command.ProducerID]uint64
	stamp map[command.ProducerID]int64
	order []command.ProducerID // least recently used first
	max   int
	ttl   int64
}

func (n *naiveTable) forget(id command.ProducerID) {
	delete(n.epoch, id)
	delete(n.top, id)
	n.order = slices.DeleteFunc(n.order, func(o command.ProducerID) bool { return o == id })
	for p := range n.seen {
		if p.ID == id {
			delete(n.seen, p)
		}
	}
}

func (n *naiveTable) use(id command.ProducerID, now int64) {
	n.order = append(slices.DeleteFunc(n.order, func(o command.ProducerID) bool { return o == id }), id)
	n.stamp[id] = now
}

func (n *naiveTable) step(p command.Producer, now int64, refused bool) verdict {
	for len(n.order) > 0 && now-n.stamp[n.order[0]] > n.ttl {
		n.forget(n.order[0])
	}
	epoch, known := n.epoch[p.ID]
	if known && p.Epoch < epoch {
		return fenced
	}
	if known && p.Epoch == epoch {
		n.use(p.ID, now)
		if n.seen[p] || n.top[p.ID] >= 64 && p.Seq <= n.top[p.ID]-64 {
			return duplicate
		}
	}
	if refused {
		return fresh
	}
	if known && p.Epoch > epoch {
		n.forget(p.ID)
	}
	n.use(p.ID, now)
	n.epoch[p.ID], n.seen[p] = p.Epoch, true
	n.top[p.ID] = max(n.top[p.ID], p.Seq)
	for len(n.order) > n.max {
		n.forget(n.order[0])
	}
	return fresh
}

func TestProducerTableAgainstNaive(t *testing.T) {
	rnd := seeded(t)
	const limit, ttl = 5, 50
	table := newProducerTable(limit, ttl)
	naive := &naiveTable{map[command.ProducerID]uint32{}, map[command.Producer]bool{}, map[command.ProducerID]uint64{}, map[command.ProducerID]int64{}, nil, limit, ttl}
	now, base := int64(0), uint64(0)
	for i := range 50_000 {
		now += int64(rnd.IntN(3) * rnd.IntN(8))
		base += uint64(rnd.IntN(10) / 9 * rnd.IntN(80))
		p := command.Producer{ID: pid(byte(1 + rnd.IntN(8))), Epoch: uint32(rnd.IntN(20) / 18), Seq: base + uint64(rnd.IntN(100))}
		p.Epoch += uint32(i / 10_000)
		refused := rnd.IntN(10) == 0
		got := table.judge(p, now)
		if got == fresh && !refused {
			table.record(p, now)
		}
		if want := naive.step(p, now, refused); got != want {
			t.Fatalf("step %d, %+v: %d, want %d", i, p, got, want)
		}
		if i%997 == 0 {
			table = reread(t, table)
		}
	}
}

// reread writes a table and reads it back.
func reread(t *testing.T, table *producerTable) *producerTable {
	t.Helper()
	b := table.appendTo(nil)
	again := newProducerTable(table.max, table.ttl)
	if err := again.readFrom(bytes.NewReader(b[4:]), uint32(len(table.byID))); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.appendTo(nil), b) || !reflect.DeepEqual(len(again.byID), len(table.byID)) {
		t.Fatal("a table read back is another one")
	}
	return again
}

func TestProducerTableReadIsStrict(t *testing.T) {
	table := newProducerTable(10, 10)
	table.record(command.Producer{ID: pid(1), Seq: 1}, 1)
	b := table.appendTo(nil)[4:]
	if err := newProducerTable(10, 10).readFrom(bytes.NewReader(b), 2); err == nil {
		t.Error("a table cut off was read")
	}
	if err := newProducerTable(10, 10).readFrom(bytes.NewReader(append(b, b...)), 2); err == nil {
		t.Error("a producer was read twice")
	}
}
