package eval

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"golang.org/x/sys/unix"

	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// The base of the benchmarks has the columns and selectivities of Q2, Q7 and Q8 of the workload, at a
// million contacts.
const benchRows = 1_000_000

const (
	bCountry schema.AttrID = schema.FirstAttrID + iota
	bAge
	bOptIn
)

const (
	bOpen schema.EventID = 1 + iota
	bPurchase
)

func benchShard(b *testing.B) *storage.Shard {
	b.Helper()
	sch := schema.New(1, "bench", schema.BaseOptions{})
	sch.Attrs = []schema.Attribute{
		{ID: bCountry, Name: "country", Type: typ(schema.KindText)},
		{ID: bAge, Name: "age", Type: typ(schema.KindInt)},
		{ID: bOptIn, Name: "opt_in", Type: typ(schema.KindBool)},
	}
	sch.Events = []schema.EventType{
		{ID: bOpen, Name: "open"},
		{ID: bPurchase, Name: "purchase", Props: []schema.Property{{ID: pAmount, Name: "amount", Type: decimal2}}},
	}
	s := storage.New(slab.New(), sch)
	rng := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(rng, 1.1, 1, 59)
	for from := 0; from < benchRows; from += 1 << 16 {
		n := min(1<<16, benchRows-from)
		benchContacts(b, s, rng, zipf, from, n)
		benchEvents(b, s, rng, from, n)
	}
	return s
}

func benchContacts(b *testing.B, s *storage.Shard, rng *rand.Rand, zipf *rand.Zipf, from, n int) {
	up := &change.Upsert{Stamp: testClock}
	country, age, opt := make([]schema.Value, n), make([]schema.Value, n), make([]schema.Value, n)
	for i := range n {
		up.IDs.AppendString(strconv.Itoa(1e10 + from + i))
		country[i] = textValue("C" + strconv.Itoa(int(zipf.Uint64())))
		if rng.IntN(100) >= 8 {
			age[i] = intValue(schema.KindInt, 18+rng.Int64N(73))
		}
		opt[i] = intValue(schema.KindBool, int64(rng.IntN(100)/65^1))
	}
	up.Cols = []change.Column{
		newColumn(uint32(bCountry), typ(schema.KindText), country),
		newColumn(uint32(bAge), typ(schema.KindInt), age),
		newColumn(uint32(bOptIn), typ(schema.KindBool), opt),
	}
	apply(b, s, up)
}

// benchEvents gives 70 % of the contacts 7 opens and half a purchase on average in 180 days.
func benchEvents(b *testing.B, s *storage.Shard, rng *rand.Rand, from, n int) {
	track := func(e schema.EventID, events int) {
		tr := &change.Track{Stamp: testClock, Event: e}
		amounts := make([]schema.Value, events)
		for i := range events {
			k := rng.IntN(n * 7 / 10)
			tr.IDs.AppendString(strconv.Itoa(1e10 + from + k))
			tr.Times = append(tr.Times, testClock-rng.Int64N(180*day)/1000*1000-123)
			amounts[i] = decValue(rng.Int64N(20_000))
		}
		if e == bPurchase {
			tr.Props = []change.Column{newColumn(uint32(pAmount), decimal2, amounts)}
		}
		apply(b, s, tr)
	}
	track(bOpen, 5*n)
	track(bPurchase, n*4/10)
}

func within(days int64) plan.Window {
	return plan.Window{From: testClock - days*day + 1, To: testClock}
}

func benchAttr(id schema.AttrID, k schema.Kind) plan.Expr {
	return &plan.Attr{ID: id, T: plan.Of(k)}
}

func countries(names ...string) plan.Expr {
	in := &plan.In{X: benchAttr(bCountry, schema.KindText)}
	for _, n := range names {
		in.Values = append(in.Values, textValue(n))
	}
	return in
}

func q2() plan.Expr {
	age := benchAttr(bAge, schema.KindInt)
	return &plan.And{Terms: []plan.Expr{
		countries("C3", "C2", "C4", "C6", "C5"),
		&plan.Cmp{Op: plan.Ge, X: age, Y: konst(intValue(schema.KindInt, 25))},
		&plan.Cmp{Op: plan.Le, X: age, Y: konst(intValue(schema.KindInt, 40))},
		benchAttr(bOptIn, schema.KindBool),
	}}
}

func did(e schema.EventID, w plan.Window, least, most uint64) *plan.Did {
	return &plan.Did{Sel: &plan.Selector{Events: []schema.EventID{e}}, Window: w, Min: least, Max: most}
}

func q8() plan.Expr {
	return &plan.And{Terms: []plan.Expr{
		countries("C3", "C2", "C4"), did(bOpen, within(30), 1, math.MaxUint64), did(bPurchase, within(90), 0, 0),
	}}
}

func q7() plan.Expr {
	amount := &plan.Prop{Name: "amount", ByEvent: map[schema.EventID]schema.PropID{bPurchase: pAmount}, T: plan.Type{Type: decimal2}}
	sum := &plan.Agg{
		Fn: plan.AggSum, Sel: &plan.Selector{Events: []schema.EventID{bPurchase}}, Prop: amount, Window: within(90),
		T: plan.Type{Type: decimal2},
	}
	return &plan.Cmp{Op: plan.Gt, X: sum, Y: konst(intValue(schema.KindInt, 200))}
}

// BenchmarkQuery reports ns per statement over a million contacts on one core, compiled once.
func BenchmarkQuery(b *testing.B) {
	s := benchShard(b)
	defer s.Free()
	for _, q := range []struct {
		name string
		x    plan.Expr
	}{
		{"Q2", q2()},
		{"Q5", did(bPurchase, within(30), 1, math.MaxUint64)},
		{"Q6", did(bPurchase, within(90), 2, math.MaxUint64)},
		{"Q7", q7()},
		{"Q8", q8()},
	} {
		b.Run(q.name, func(b *testing.B) {
			p, err := Compile(countOf(q.x), s.Schema(), &s.View)
			if err != nil {
				b.Fatal(err)
			}
			w := p.Worker()
			n := uint64(0)
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			before := threadCPU()
			for b.Loop() {
				n = 0
				for c := range p.Chunks() {
					k, err := w.Count(context.Background(), c)
					if err != nil {
						b.Fatal(err)
					}
					n += k
				}
			}
			b.ReportMetric(float64(threadCPU()-before)/float64(b.N), "cpu-ns/op")
			b.ReportMetric(float64(n), "rows")
		})
	}
}

// threadCPU returns the CPU time of the calling thread: what a statement costs on a machine that has other
// work as well.
func threadCPU() int64 {
	var r unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_THREAD, &r)
	return r.Utime.Nano() + r.Stime.Nano()
}

// BenchmarkSelect copies out 140,000 rows of three columns, and ranks them for the first hundred.
func BenchmarkSelect(b *testing.B) {
	s := benchShard(b)
	defer s.Free()
	q := &plan.Query{
		Clock: testClock, Where: &plan.Cmp{Op: plan.Lt, X: benchAttr(bAge, schema.KindInt), Y: konst(intValue(schema.KindInt, 29))},
		Items: []plan.Item{
			{Name: "id", X: attr(schema.AttrIDOf)}, {Name: "country", X: benchAttr(bCountry, schema.KindText)},
			{Name: "age", X: benchAttr(bAge, schema.KindInt)},
		},
		Visible: 3, Limit: -1,
	}
	top := *q
	top.Order, top.Limit = []plan.Order{{Item: 2, Desc: true}}, 100
	for name, q := range map[string]*plan.Query{"plain": q, "top": &top} {
		b.Run(name, func(b *testing.B) {
			p, err := Compile(q, s.Schema(), &s.View)
			if err != nil {
				b.Fatal(err)
			}
			rows := int64(0)
			for b.Loop() {
				rows = 0
				err := p.Select(context.Background(), func(rec arrow.Record) error {
					rows += rec.NumRows()
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(rows), "rows")
		})
	}
}
