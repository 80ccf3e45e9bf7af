package storage

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"testing"
	"time"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// BenchmarkCommitExisting times the phase under the latch of changes to those who exist and of removals of events,
// in the sizes in which cluster/node cuts them: the median and the 99th percentile of a command.
func BenchmarkCommitExisting(b *testing.B) {
	const contacts = 640_000
	sch := benchSchema(12)
	sch.Segments = []schema.Segment{{ID: 1, Attr: sch.NextAttr}}
	sch.Events = []schema.EventType{{ID: 1, Name: "purchase"}}
	sch.NextAttr, sch.NextEvent = sch.NextAttr+1, 2
	s := New(slab.New(), sch)
	defer s.Free()
	r := rand.New(rand.NewPCG(1, 2))
	var ids [][]byte
	for from := 0; from < contacts; from += 8192 {
		u := benchBatch(sch, r, from, 8192)
		for i := range u.IDs.Len() {
			ids = append(ids, u.IDs.At(i))
		}
		mustApply(b, s, u)
	}
	run := func(name string, part func() change.Part) {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				b.StopTimer()
				p, err := s.Prepare(&change.Change{Parts: []change.Part{part()}})
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				start := time.Now()
				p.Commit()
				took = append(took, time.Since(start))
			}
			sort.Slice(took, func(i, j int) bool { return took[i] < took[j] })
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
	for _, rows := range []int{640, 2048, 4096, 8192, 16384} {
		for _, cols := range []int{1, 2, 4, 12} {
			run(fmt.Sprintf("existing/%dx%d", rows, cols), func() change.Part { return benchExisting(sch, r, ids, rows, cols) })
		}
	}
	for _, rows := range []int{640, 2048, 8192} {
		run(fmt.Sprintf("events/%d", rows), func() change.Part {
			tr := &change.Track{Stamp: 1, Event: 1}
			d := &change.DeleteEvents{Event: 1}
			for range rows {
				ms := 1_700_000_000_000 + r.Int64N(300*86400)*1000
				id := ids[r.IntN(len(ids))]
				tr.IDs.Append(id)
				tr.Times = append(tr.Times, ms)
				d.IDs.Append(id)
				d.Times, d.Hashes = append(d.Times, ms), append(d.Hashes, 0)
			}
			for range 6 {
				mustApply(b, s, tr)
			}
			return d
		})
	}
}

// benchExisting sets cols attributes, the members of the segment first.
func benchExisting(sch *schema.Schema, r *rand.Rand, ids [][]byte, rows, cols int) *change.Upsert {
	u := benchBatch(sch, r, r.IntN(1000), rows)
	u.Existing = true
	u.IDs = change.Strings{}
	for range rows {
		u.IDs.Append(ids[r.IntN(len(ids))])
	}
	member := change.Column{ID: uint32(sch.Segments[0].Attr), Type: schema.MemberType, Ops: make([]change.Op, rows), Ints: make([]int64, rows)}
	for i := range rows {
		member.Ops[i], member.Ints[i] = change.OpFill, 1_790_000_000_123
		if r.IntN(2) == 0 {
			member.Ops[i] = change.OpNull
		}
	}
	u.Cols = append([]change.Column{member}, u.Cols[:cols-1]...)
	return u
}
