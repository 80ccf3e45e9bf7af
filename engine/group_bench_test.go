package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"golang.org/x/sys/unix"

	"github.com/musterdb/muster/engine"
	"github.com/musterdb/muster/engine/eval"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// The base of the benchmarks: 16 shards asked on a pool as cluster/node asks them. It has a million contacts and
// five opens each; MUSTER_CONTACTS=10000000 makes it that of the targets (3 GB, some minutes).
const (
	gClock  = int64(1795305600123) // 2026-11-22
	gDay    = int64(24 * 3600 * 1000)
	gShards = 16
)

const (
	gCountry schema.AttrID = schema.FirstAttrID + iota
	gCity
	gLTV
	gAge
	gSignup
)

const (
	gOpen schema.EventID = 1 + iota
	gPurchase
)

const gAmount = schema.FirstPropID

var (
	gText    = schema.Type{Kind: schema.KindText}
	gDecimal = schema.Type{Kind: schema.KindDecimal, Scale: 2}
	gInt     = schema.Type{Kind: schema.KindInt}
	gTime    = schema.Type{Kind: schema.KindTimestamp}
)

func groupSchema() *schema.Schema {
	s := schema.New(1, "bench", schema.BaseOptions{TimeZone: "Europe/Warsaw"})
	s.Attrs = []schema.Attribute{
		{ID: gCountry, Name: "country", Type: gText}, {ID: gCity, Name: "city", Type: gText}, {ID: gLTV, Name: "ltv", Type: gDecimal},
		{ID: gAge, Name: "age", Type: gInt}, {ID: gSignup, Name: "signup_at", Type: gTime},
	}
	amount := []schema.Property{{ID: gAmount, Name: "amount", Type: gDecimal}}
	s.Events = []schema.EventType{{ID: gOpen, Name: "open", Props: amount}, {ID: gPurchase, Name: "purchase", Props: amount}}
	s.NextAttr, s.NextEvent, s.NextProp = gSignup+1, gPurchase+1, gAmount+1
	return s
}

func groupContacts() int {
	n, _ := strconv.Atoi(os.Getenv("MUSTER_CONTACTS"))
	if n == 0 {
		n = 1_000_000
	}
	return n
}

// groupBase makes the shards, two at a time.
func groupBase(b *testing.B) ([]*engine.Shard, *schema.Schema) {
	b.Helper()
	alloc, sch := slab.New(), groupSchema()
	shards := make([]*engine.Shard, gShards)
	next := make(chan int, gShards)
	for i := range shards {
		shards[i] = engine.NewShard(alloc)
		next <- i
	}
	close(next)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for i := range next {
				fillShard(b, shards[i], sch, i, groupContacts()/gShards)
			}
		})
	}
	wg.Wait()
	b.Cleanup(func() {
		for _, s := range shards {
			s.Close()
		}
	})
	return shards, sch
}

func fillShard(b *testing.B, s *engine.Shard, sch *schema.Schema, shard, contacts int) {
	rng := rand.New(rand.NewPCG(7, uint64(shard)))
	zipf := rand.NewZipf(rng, 1.1, 1, 59)
	cities := rand.NewZipf(rng, 1.05, 20, 4999)
	applyTo(b, s, &change.Schema{To: sch})
	for from := 0; from < contacts; from += 1 << 15 {
		n := min(1<<15, contacts-from)
		id := func(i int) string { return strconv.Itoa(1e10 + (from+i)*gShards + shard) }
		up := &change.Upsert{}
		country, city, ltv := textColumn(gCountry), textColumn(gCity), intColumn(uint32(gLTV), gDecimal)
		age, signup := intColumn(uint32(gAge), gInt), intColumn(uint32(gSignup), gTime)
		for i := range n {
			up.IDs.AppendString(id(i))
			addText(&country, "C"+strconv.Itoa(int(zipf.Uint64())), true)
			addText(&city, "city "+strconv.Itoa(int(cities.Uint64())), true)
			addInt(&ltv, rng.Int64N(1_000_000), rng.IntN(100) >= 40)
			addInt(&age, 18+rng.Int64N(73), rng.IntN(100) >= 8)
			addInt(&signup, gClock-rng.Int64N(3*365*gDay)/1000*1000-123, true)
		}
		up.Cols = []change.Column{country, city, ltv, age, signup}
		applyTo(b, s, up)
		trackTo(b, s, rng, gOpen, 5*n, func() string { return id(rng.IntN(n)) })
		trackTo(b, s, rng, gPurchase, n*4/10, func() string { return id(rng.IntN(n)) })
	}
}

func trackTo(b *testing.B, s *engine.Shard, rng *rand.Rand, e schema.EventID, n int, id func() string) {
	tr := &change.Track{Event: e}
	amount := intColumn(uint32(gAmount), gDecimal)
	for range n {
		tr.IDs.AppendString(id())
		tr.Times = append(tr.Times, gClock-rng.Int64N(180*gDay)/1000*1000-123)
		addInt(&amount, rng.Int64N(20_000), true)
	}
	tr.Props = []change.Column{amount}
	applyTo(b, s, tr)
}

func textColumn(id schema.AttrID) change.Column { return change.Column{ID: uint32(id), Type: gText} }

func intColumn(id uint32, t schema.Type) change.Column { return change.Column{ID: id, Type: t} }

func addText(c *change.Column, s string, known bool) {
	c.Ops = append(c.Ops, opOf(known))
	c.Texts.AppendString(s)
}

func addInt(c *change.Column, v int64, known bool) {
	c.Ops = append(c.Ops, opOf(known))
	if !known {
		v = 0
	}
	c.Ints = append(c.Ints, v)
}

func opOf(known bool) change.Op {
	if known {
		return change.OpSet
	}
	return change.OpNull
}

func applyTo(b *testing.B, s *engine.Shard, p change.Part) {
	if _, err := s.Apply(&change.Change{Parts: []change.Part{p}}, gClock); err != nil {
		panic(err)
	}
}

func attrOf(id schema.AttrID, t schema.Type) plan.Expr {
	return &plan.Attr{ID: id, T: plan.Type{Type: t}}
}

func propOf(id schema.PropID, e schema.EventID, t schema.Type) *plan.Prop {
	return &plan.Prop{ByEvent: map[schema.EventID]schema.PropID{e: id}, T: plan.Type{Type: t}}
}

func constText(s string) plan.Expr { return plan.TextConst(s) }

func didIn(e schema.EventID, days int64, least, most uint64) plan.Expr {
	w := plan.Window{From: gClock - days*gDay + 1, To: gClock}
	return &plan.Did{Sel: &plan.Selector{Events: []schema.EventID{e}}, Window: w, Min: least, Max: most}
}

// askQ8 is "opened within 30 days, no purchase within 90, three countries".
func askQ8() plan.Expr {
	in := &plan.In{X: attrOf(gCountry, gText)}
	for _, c := range []string{"C3", "C2", "C4"} {
		in.Values = append(in.Values, schema.Value{Kind: schema.KindText, S: c})
	}
	return &plan.And{Terms: []plan.Expr{in, didIn(gOpen, 30, 1, math.MaxUint64), didIn(gPurchase, 90, 0, 0)}}
}

// groupedQuery selects the terms and totals, in the order of the terms.
func groupedQuery(from schema.EventID, where plan.Expr, group []plan.Expr, totals ...plan.Total) *plan.Query {
	q := &plan.Query{
		Clock: gClock, Zone: "Europe/Warsaw", From: from, Where: where, Grouped: true, Group: group, Totals: totals, Limit: -1,
	}
	for i, x := range group {
		q.Items = append(q.Items, plan.Item{Name: fmt.Sprint("g", i), X: &plan.GroupRef{Index: i, T: x.Type()}})
	}
	for i, t := range totals {
		q.Items = append(q.Items, plan.Item{Name: fmt.Sprint("t", i), X: &plan.TotalRef{Index: i, T: t.T}})
	}
	q.Visible = len(q.Items)
	return q
}

func groupCases() map[string]*plan.Query {
	rows := plan.Total{Fn: plan.TotalRows, T: plan.Type{Type: gInt}}
	sum := func(x plan.Expr) plan.Total { return plan.Total{Fn: plan.TotalSum, X: x, T: x.Type()} }
	month := func(x plan.Expr) []plan.Expr {
		return []plan.Expr{&plan.Call{Fn: plan.FnDateTrunc, Args: []plan.Expr{constText("month"), x}, T: x.Type()}}
	}
	by := func(xs ...plan.Expr) []plan.Expr { return xs }
	country, city, ltv := attrOf(gCountry, gText), attrOf(gCity, gText), attrOf(gLTV, gDecimal)
	at, amount := propOf(schema.PropTime, gOpen, gTime), propOf(gAmount, gOpen, gDecimal)
	opens := &plan.Agg{
		Fn: plan.AggCount, Sel: &plan.Selector{Events: []schema.EventID{gOpen}}, Window: plan.Window{From: gClock - 30*gDay + 1, To: gClock},
		T: plan.Type{Type: gInt},
	}
	return map[string]*plan.Query{
		"country":            groupedQuery(0, nil, by(country), rows),
		"country where Q8":   groupedQuery(0, askQ8(), by(country), rows),
		"country where age":  groupedQuery(0, &plan.Cmp{Op: plan.Gt, X: attrOf(gAge, gInt), Y: plan.IntConst(schema.KindInt, 50)}, by(country), rows),
		"country, sum(ltv)":  groupedQuery(0, nil, by(country), rows, sum(ltv)),
		"city":               groupedQuery(0, nil, by(city), rows),
		"city, sum(ltv)":     groupedQuery(0, nil, by(city), rows, sum(ltv)),
		"country, age":       groupedQuery(0, nil, by(country, attrOf(gAge, gInt)), rows),
		"country, opens":     groupedQuery(0, nil, by(country), sum(opens)),
		"month of signup":    groupedQuery(0, nil, month(attrOf(gSignup, gTime)), rows),
		"ltv":                groupedQuery(0, nil, by(ltv), rows),
		"distinct city":      groupedQuery(0, nil, by(country), plan.Total{Fn: plan.TotalDistinct, X: city, T: plan.Type{Type: gInt}}),
		"month of open":      groupedQuery(gOpen, nil, month(at), rows),
		"month of open, sum": groupedQuery(gOpen, nil, month(at), rows, sum(amount)),
		"country of open":    groupedQuery(gOpen, nil, by(country), rows),
		"distinct contact": groupedQuery(gOpen, nil, month(at),
			plan.Total{Fn: plan.TotalDistinct, X: propOf(schema.PropContact, gOpen, gText), T: plan.Type{Type: gInt}}),
	}
}

// BenchmarkGroups reports the time of grouped statements over all shards on two workers.
func BenchmarkGroups(b *testing.B) {
	shards, sch := groupBase(b)
	pool := engine.NewPool(min(2, runtime.NumCPU()))
	defer pool.Close()
	for name, q := range groupCases() {
		b.Run(name, func(b *testing.B) {
			rows, best := int64(0), time.Duration(math.MaxInt64)
			cpu := processCPU()
			for b.Loop() {
				began := time.Now()
				rows = askGroups(b, pool, q, sch, shards)
				best = min(best, time.Since(began))
			}
			b.ReportMetric(float64(best.Microseconds())/1000, "best-ms")
			b.ReportMetric(float64(processCPU()-cpu)/1e6/float64(b.N), "cpu-ms")
			b.ReportMetric(float64(rows), "groups")
		})
	}
}

// processCPU returns the CPU time of the process in ns: what a statement costs on a machine that has other work
// as well. Half of it is the time on two idle cores.
func processCPU() int64 {
	var r unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &r)
	return r.Utime.Nano() + r.Stime.Nano()
}

func askGroups(b *testing.B, pool *engine.Pool, q *plan.Query, sch *schema.Schema, shards []*engine.Shard) (rows int64) {
	m := eval.NewGroupMerger(q, len(shards), func(rec arrow.Record) error {
		rows += rec.NumRows()
		return nil
	})
	defer m.Close()
	var mu sync.Mutex
	err := pool.Each(context.Background(), len(shards), func(ctx context.Context, i int) error {
		return shards[i].Groups(ctx, q, sch, func(r arrow.Record) error {
			mu.Lock()
			defer mu.Unlock()
			return m.Add(i, r)
		})
	})
	for i := range shards {
		if err == nil {
			err = m.Done(i)
		}
	}
	var known *diag.Error
	if errors.As(err, &known) && known.Code == diag.Limit {
		b.Skip(err) // groups by the million: a smaller base answers
	}
	if err != nil {
		b.Fatal(err)
	}
	return rows
}

// BenchmarkTop ranks all contacts by ltv for the first hundred.
func BenchmarkTop(b *testing.B) {
	shards, sch := groupBase(b)
	pool := engine.NewPool(min(2, runtime.NumCPU()))
	defer pool.Close()
	q := &plan.Query{
		Clock: gClock, Limit: 100, Visible: 2, Order: []plan.Order{{Item: 1, Desc: true}},
		Items: []plan.Item{{Name: "id", X: attrOf(schema.AttrIDOf, gText)}, {Name: "ltv", X: attrOf(gLTV, gDecimal)}},
	}
	cpu := processCPU()
	defer func() { b.ReportMetric(float64(processCPU()-cpu)/1e6/float64(b.N), "cpu-ms") }()
	for b.Loop() {
		m := eval.NewMerger(q, len(shards), func(arrow.Record) error { return nil })
		var mu sync.Mutex
		err := pool.Each(context.Background(), len(shards), func(ctx context.Context, i int) error {
			return shards[i].Select(ctx, q, sch, func(r arrow.Record) error {
				mu.Lock()
				defer mu.Unlock()
				return m.Add(i, r)
			})
		})
		for i := range shards {
			if err == nil {
				err = m.Done(i)
			}
		}
		m.Close()
		if err != nil {
			b.Fatal(err)
		}
	}
}
