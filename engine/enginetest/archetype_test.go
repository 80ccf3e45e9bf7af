package enginetest_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/musterdb/muster/engine/oracle"
	"github.com/musterdb/muster/engine/oracle/random"
	"github.com/musterdb/muster/storage/schema"
)

// some takes one of a list by the seed, or all when soaking.
func some(seed uint64, list []int) []int {
	if os.Getenv("MUSTER_SOAK") == "1" {
		return list
	}
	i := int(seed % uint64(len(list)))
	return list[i : i+1]
}

// TestChunkEdges has one row less than a chunk, a full one, and one more, some of them deleted and reused.
func TestChunkEdges(t *testing.T) {
	seed, _ := firstSeed(t)
	for i, n := range some(seed, []int{schema.ChunkRows - 1, schema.ChunkRows, schema.ChunkRows + 1}) {
		run := random.New(seed+uint64(i), random.Size{Contacts: 4, Writes: 80, Large: 3})
		r := rand.New(rand.NewPCG(run.Seed, 2))
		run.Ops = slices.Insert(run.Ops, 1, crowd(run, r, n-4)...)
		sc := makeScenario(r, run, 5)
		sc.quieten(2)
		sc.spread, sc.batch = 1, 5000
		played(t, sc)
	}
}

// crowd makes n contacts with a few attributes and, some, an event; every thousandth is deleted again.
func crowd(run *random.Run, r *rand.Rand, n int) []random.Op {
	first := run.Ops[0]
	var ops []random.Op
	sch, now := first.Schema, first.NowMS
	for i := range n {
		set := map[schema.AttrID]oracle.Op{}
		for _, a := range sch.Attrs {
			if a.Type.Kind == schema.KindInt && i%3 > 0 {
				set[a.ID] = oracle.Op{Value: schema.Value{Kind: a.Type.Kind, I: int64(i % 11)}}
			}
			if a.Type.Kind == schema.KindText {
				set[a.ID] = oracle.Op{Value: schema.Value{Kind: a.Type.Kind, S: []string{"a", "b", "books"}[i%3]}}
			}
		}
		ops = append(ops, random.Op{Kind: random.Upsert, ID: fmt.Sprint("r", i), NowMS: now, Set: set})
	}
	for i := 0; i < n; i += 97 {
		id := fmt.Sprint("r", r.IntN(n))
		ev := oracle.Event{Type: sch.Events[0].Name, Contact: id, TimeMS: now - r.Int64N(30*24*3600_000)}
		ops = append(ops, random.Op{Kind: random.Track, Event: ev, NowMS: now})
		if i%970 == 0 {
			ops = append(ops, random.Op{Kind: random.Delete, ID: fmt.Sprint("r", r.IntN(n)), NowMS: now})
		}
	}
	return ops
}

// TestCountsAtCounterWidths has one contact with 255 … 65,537 events in an hour.
func TestCountsAtCounterWidths(t *testing.T) {
	seed, _ := firstSeed(t)
	for i, n := range append(some(seed, []int{254, 255, 256, 65534, 65535}), 65536) {
		run, et := looseRun(seed + uint64(i))
		r := rand.New(rand.NewPCG(run.Seed, 3))
		for range n {
			ev := oracle.Event{Type: et.Name, Contact: "many", TimeMS: run.Clock() - r.Int64N(3600_000), Props: map[schema.PropID]schema.Value{}}
			for _, p := range et.Props {
				if p.Type.Kind == schema.KindInt {
					ev.Props[p.ID] = schema.Value{Kind: schema.KindInt, I: 1 << 47}
				}
			}
			run.Ops = append(run.Ops, random.Op{Kind: random.Track, NowMS: run.Clock(), Event: ev})
		}
		sc := makeScenario(r, run, 6)
		sc.quieten(2)
		sc.spread, sc.batch = 1, 5000
		name := `"` + et.Name + `"`
		for _, k := range []int{n - 1, n, n + 1} {
			sc.statements = append(sc.statements, fmt.Sprintf("COUNT DID %s AT LEAST %d TIMES WITHIN 1h", name, k),
				fmt.Sprintf("COUNT count(%s WITHIN 1h) = %d", name, k), fmt.Sprintf("COUNT count(%s) <= %d", name, k))
		}
		for _, p := range et.Props {
			if p.Type.Kind == schema.KindInt {
				sc.statements = append(sc.statements, fmt.Sprintf(`SELECT id, sum(%s."%s" WITHIN 1h) FROM contacts WHERE id = 'many'`, name, p.Name))
			}
		}
		played(t, sc)
	}
}

// looseRun is the first run from a seed on with an event type that keeps all events.
func looseRun(seed uint64) (*random.Run, *schema.EventType) {
	for ; ; seed++ {
		run := random.New(seed, random.Size{Contacts: 5, Writes: 30, Large: 1})
		if et := loose(run.Schema()); et != nil {
			return run, et
		}
	}
}

// loose returns an event type that keeps all events, or nil.
func loose(s *schema.Schema) *schema.EventType {
	for i := range s.Events {
		if et := &s.Events[i]; !et.HasID && et.Keep == 0 {
			return et
		}
	}
	return nil
}

// quieten leaves the first n disturbances of each kind: on a large base they take their time.
func (sc *scenario) quieten(n int) {
	var seen [pin + 1]int
	sc.steps = slices.DeleteFunc(sc.steps, func(s step) bool {
		seen[s.kind]++
		return s.kind != write && seen[s.kind] > n
	})
}

func played(t *testing.T, sc *scenario) {
	t.Helper()
	var sum tally
	if d := sc.play(&sum); d != nil {
		t.Errorf("MUSTER_SEED=%d: %v", sc.seed, d)
	}
	t.Logf("seed %d: %v", sc.seed, sum)
}
