package tile

import (
	"fmt"
	"math"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

const part = 8192 // events of a Track part

// benchBatches makes parts as a load brings them: contacts of ten chunks, 180 days, an amount and a
// category.
func benchBatches(n int, shuffled bool, ids bool, props int) []*Batch {
	rng := rand.New(rand.NewPCG(1, 2))
	start := int64(1_700_000_000_000)
	step := 180 * day / int64(n)
	var out []*Batch
	for at := 0; at < n; at += part {
		b := &Batch{Event: 1}
		amount := change.Column{ID: 16, Type: schema.Type{Kind: schema.KindDecimal, Scale: 2}}
		category := change.Column{ID: 17, Type: schema.Type{Kind: schema.KindText}}
		for i := range 30 {
			category.Texts.AppendString(fmt.Sprintf("category %d", i))
		}
		for i := range part {
			ms := start + int64(at+i)*step
			if shuffled {
				ms = start + rng.Int64N(180*day)
			}
			b.Times = append(b.Times, ms/1000*1000)
			b.Rows = append(b.Rows, rng.Uint32N(10<<16))
			if ids {
				b.IDs = append(b.IDs, rng.Uint64())
			}
			amount.Ints = append(amount.Ints, int64(100*math.Exp(4+0.9*rng.NormFloat64())))
			category.Codes = append(category.Codes, rng.Uint32N(30))
		}
		b.Props = []change.Column{category, amount}[:props]
		out = append(out, b)
	}
	return out
}

// cpuTime is what the process used: other work shares the cores.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchSchema(hasID bool) *schema.Schema {
	sc := schema.New(1, "b", schema.BaseOptions{})
	sc.Events = []schema.EventType{{ID: 1, HasID: hasID, Props: []schema.Property{
		{ID: 16, Type: schema.Type{Kind: schema.KindDecimal, Scale: 2}}, {ID: 17, Type: schema.Type{Kind: schema.KindText}}}}}
	return sc
}

func benchStore(b *testing.B, hasID bool) *Store {
	s := New(slab.NewArena(slab.New()))
	tx := s.Begin()
	if err := tx.SetSchema(benchSchema(hasID)); err != nil {
		b.Fatal(err)
	}
	tx.Commit()
	return s
}

func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct {
		name          string
		shuffled, ids bool
		props         int
	}{{"ordered", false, false, 0}, {"ordered+1", false, false, 1}, {"ordered+2", false, false, 2}, {"shuffled", true, false, 0},
		{"shuffled+2", true, false, 2}, {"ordered+ids", false, true, 1}, {"shuffled+ids", true, true, 1}} {
		b.Run(c.name, func(b *testing.B) {
			const n = 1 << 22
			batches := benchBatches(n, c.shuffled, c.ids, c.props)
			b.ResetTimer()
			var cpu time.Duration
			for range b.N {
				start := cpuTime()
				s := benchStore(b, c.ids)
				for _, batch := range batches {
					tx := s.Begin()
					if _, err := tx.Append(batch); err != nil {
						b.Fatal(err)
					}
					tx.Commit()
				}
				b.StopTimer()
				cpu += cpuTime() - start
				used, _ := s.arena.Used()
				b.ReportMetric(float64(used)/n, "B/event")
				for left := true; left; {
					tx := s.Begin()
					left = tx.Maintain(2_000_000_000_000, 1<<20)
					tx.Commit()
				}
				used, _ = s.arena.Used()
				lives := int64(0)
				for c := range s.Chunks(1) {
					lives += s.Tile(1, c).life.Bytes()
				}
				b.ReportMetric(float64(used-lives)/n, "sealedB/event")
				b.ReportMetric(float64(lives)/n, "lifeB/event")
				s.Free()
				b.StartTimer()
			}
			b.ReportMetric(n*float64(b.N)/cpu.Seconds()/1e6, "Mevents/cpu-s")
		})
	}
}
