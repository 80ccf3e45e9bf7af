// Package random owns the making of random bases and statements from a seed: schemas with every type,
// hostile data (nulls, extremes, edges of windows to the millisecond, events ahead of the clock, late and
// repeated events, contacts that are deleted and come back) and statements whose constants are drawn from
// that data. The same seed gives the same run for ever on every machine. It knows neither the right
// answers nor who is asked: package oracle and the engine are both its targets.
package random

import (
	"math/rand/v2"
	"time"

	"github.com/musterdb/muster/engine/oracle"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/storage/schema"
)

// Size bounds a run.
type Size struct {
	Contacts int // distinct contact ids
	Writes   int // operations, large archetypes aside
	Large    int // events of one more contact within an hour; 255, 256, 65536 and their neighbours bite
}

// Run is one random base: the writes in their order, then as many statements as are asked for.
type Run struct {
	Seed uint64
	Ops  []Op

	r       *rand.Rand
	schema  *schema.Schema
	zone    *time.Location
	now     int64 // stamp of the write being made; at the end the newest
	end     int64 // stamp of the last write
	ids     []string
	samples map[uint32][]schema.Value // by attribute or property id (apart by the bit propBit)
	times   []int64                   // of events, for constants and repetitions
	last    []oracle.Event            // a few tracked events, to be repeated
}

// OpKind is the kind of an operation.
type OpKind uint8

// The kinds of operations.
const (
	Schema OpKind = iota // the schema's next version
	Upsert
	Track
	Delete
	Retain
	Members
	Change
)

// Op is one write.
type Op struct {
	Kind   OpKind
	NowMS  int64 // the write's stamp; it never falls
	Schema *schema.Schema
	ID     string // of a contact; of Members the name of a static segment
	Set    map[schema.AttrID]oracle.Op
	Event  oracle.Event
	IDs    []string // of Members
	Add    bool     // of Members: else they are removed
	Text   string   // of Change: UPDATE or DELETE FROM
}

// Apply does the write to a target, who is spared what only an oracle.Changer can do. A refused row is part of
// the test: both sides must refuse it.
func (o Op) Apply(t oracle.Target) error {
	if o.Kind == Members || o.Kind == Change {
		return o.change(t)
	}
	switch o.Kind {
	case Schema:
		return t.SetSchema(o.Schema)
	case Upsert:
		return t.Upsert(o.ID, o.NowMS, o.Set)
	case Track:
		return t.Track(o.Event, o.NowMS)
	case Delete:
		return t.Delete(o.ID, o.NowMS)
	}
	return t.Retain(o.NowMS)
}

func (o Op) change(t oracle.Target) error {
	c, ok := t.(oracle.Changer)
	switch {
	case !ok:
		return nil
	case o.Kind == Members:
		return c.SetMembers(o.ID, o.IDs, o.Add, o.NowMS)
	}
	stmt, err := parse.Statement(o.Text)
	if err == nil {
		_, err = c.Change(stmt, o.NowMS)
	}
	return err
}

// clocks are the ends of runs: at changes of the clock in Warsaw and New York, at ends of months and years.
var clocks = []string{
	"2026-03-29T12:00:00Z", "2026-03-30T22:00:00Z", "2026-10-25T13:37:11.123Z", "2026-11-01T05:30:00Z", "2026-03-09T04:00:00Z",
	"2024-02-29T23:59:59.999Z", "2026-01-01T00:00:00Z", "2026-03-31T12:00:00Z", "2025-12-31T23:30:00Z", "2026-06-17T08:00:00.001Z",
}

var zones = []string{"UTC", "Europe/Warsaw", "America/New_York", "-05:00", "Asia/Kolkata"}

// New makes a run.
func New(seed uint64, size Size) *Run {
	run := &Run{Seed: seed, r: rand.New(rand.NewPCG(seed, 0x6d7573746572)), samples: map[uint32][]schema.Value{}}
	end, _ := time.Parse(time.RFC3339, pick(run, clocks))
	run.end = end.UnixMilli()
	run.now = run.end - 45*dayMS
	run.makeSchema()
	run.makeIDs(size.Contacts)
	for i := range size.Writes {
		if i == size.Writes/2 && run.chance(0.4) {
			run.changeSchema()
		}
		run.write(size.Writes - i)
	}
	run.now = run.end
	run.archetypes(size.Large)
	run.addPlain()
	if run.chance(0.5) {
		run.Ops = append(run.Ops, Op{Kind: Retain, NowMS: run.now})
	}
	run.upsert(run.ids[0]) // the newest stamp is the end's, whatever was refused
	return run
}

// Clock is the stamp of the last write: the clock for the statements.
func (run *Run) Clock() int64 { return run.end }

// Schema is the last version of the schema.
func (run *Run) Schema() *schema.Schema { return run.schema }

const (
	dayMS   = 24 * 3600 * 1000
	propBit = 1 << 31 // apart the ids of properties from those of attributes
)

func pick[T any](run *Run, from []T) T { return from[run.r.IntN(len(from))] }

func (run *Run) chance(p float64) bool { return run.r.Float64() < p }

// step moves the clock of the writes towards the end; many writes share a stamp.
func (run *Run) step(left int) {
	if run.chance(0.5) {
		run.now += run.r.Int64N(2*(run.end-run.now)/int64(left+1) + 1)
		run.now = min(run.now, run.end)
	}
}

func (run *Run) write(left int) {
	run.step(left)
	id := pick(run, run.ids)
	switch p := run.r.Float64(); {
	case p < 0.35:
		run.upsert(id)
	case p < 0.38:
		run.Ops = append(run.Ops, Op{Kind: Delete, ID: id, NowMS: run.now})
	case p < 0.45 && len(run.last) > 0:
		run.again()
	case p < 0.48:
		run.members()
	case p < 0.50:
		run.change()
	default:
		run.track(id)
	}
}

func (run *Run) upsert(id string) {
	set := map[schema.AttrID]oracle.Op{}
	for _, a := range run.schema.Attrs {
		if run.chance(0.5) {
			set[a.ID] = run.assignment(a)
		}
	}
	if run.chance(0.05) {
		set[schema.AttrCreatedAt] = oracle.Op{Value: schema.Value{Kind: schema.KindTimestamp, I: run.instant()}}
	}
	run.Ops = append(run.Ops, Op{Kind: Upsert, ID: id, NowMS: run.now, Set: set})
}

func (run *Run) assignment(a schema.Attribute) oracle.Op {
	v := run.value(a.Type)
	op := oracle.Op{Value: v}
	switch {
	case run.chance(0.1):
		return oracle.Op{Kind: oracle.OpNull}
	case run.chance(0.01):
		op.Value = schema.Value{Kind: schema.KindDuration} // does not fit: the row is refused
		return op
	case a.Type.Kind == schema.KindSet && run.chance(0.4):
		op.Kind = pick(run, []oracle.OpKind{oracle.OpSetAdd, oracle.OpSetRemove})
	case a.Type.Numeric() && a.Type.Kind != schema.KindFloat && run.chance(0.2):
		op.Kind = oracle.OpAdd // may overflow: then the row is refused
	}
	run.sample(uint32(a.ID), v)
	return op
}

func (run *Run) sample(id uint32, v schema.Value) {
	const most = 200
	if s := run.samples[id]; len(s) >= most {
		s[run.r.IntN(most)] = v
		return
	}
	run.samples[id] = append(run.samples[id], v)
}

func (run *Run) track(id string) {
	et := pick(run, run.schema.Events)
	ev := oracle.Event{Type: et.Name, Contact: id, TimeMS: run.instant(), Props: run.props(et)}
	if et.Keep > 0 && run.chance(0.2) { // at the edge of what retention keeps
		ev.TimeMS = run.end - et.Keep.Milliseconds() + run.r.Int64N(3) - 1
	}
	if run.chance(0.03) {
		ev.EventID = pick(run, words)
	}
	run.emit(ev)
}

func (run *Run) emit(ev oracle.Event) {
	run.Ops = append(run.Ops, Op{Kind: Track, NowMS: run.now, Event: ev})
	run.times = append(run.times, ev.TimeMS)
	if len(run.last) < 64 {
		run.last = append(run.last, ev)
	} else {
		run.last[run.r.IntN(64)] = ev
	}
}

func (run *Run) props(et schema.EventType) map[schema.PropID]schema.Value {
	out := map[schema.PropID]schema.Value{}
	for _, p := range et.Props {
		if run.chance(0.85) {
			v := run.value(p.Type)
			out[p.ID] = v
			run.sample(propBit|uint32(p.ID), v)
		}
	}
	return out
}

// again repeats an event: at the same time, or at the edge of the 18 hours in which an id counts once.
func (run *Run) again() {
	ev := pick(run, run.last)
	et, ok := run.schema.Event(ev.Type)
	if !ok {
		return
	}
	const edge = 18 * 3600 * 1000
	ev.TimeMS += pick(run, []int64{0, 0, 1, edge - 60_000, edge, edge + 1, -edge, -edge - 1})
	props := run.props(*et)
	if id, ok := ev.Props[et.IDProp]; ok {
		props[et.IDProp] = id
	}
	ev.Props = props
	run.emit(ev)
}

// archetypes adds contacts whose counts within an hour lie at the widths of counters.
func (run *Run) archetypes(large int) {
	for _, n := range []int{255, 256, 257, large} {
		id := pick(run, run.ids)
		et := pick(run, run.schema.Events)
		at := run.now - run.r.Int64N(3600_000)
		for range n {
			run.Ops = append(run.Ops, Op{Kind: Track, NowMS: run.now, Event: oracle.Event{
				Type: et.Name, Contact: id, TimeMS: at, Props: run.props(et)}})
		}
	}
}

// edges are the durations whose ends events meet, in ms; the statements use the same.
var edges = []int64{3600_000, 12 * 3600_000, dayMS, 7 * dayMS, 30 * dayMS, 31 * dayMS, 90 * dayMS, 365 * dayMS}

// instant is a time of an event: at an edge of a window, at a local midnight, ahead of the clock, long
// past, out of bounds, or anywhere.
func (run *Run) instant() int64 {
	near := run.r.Int64N(3) - 1
	switch p := run.r.Float64(); {
	case p < 0.25:
		return run.end - pick(run, edges) + near
	case p < 0.40:
		day := time.UnixMilli(run.end).In(run.zone).AddDate(0, 0, -run.r.IntN(40))
		return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, run.zone).UnixMilli() + near
	case p < 0.45:
		return run.now + dayMS + near
	case p < 0.50:
		return run.now + run.r.Int64N(dayMS)
	case p < 0.52:
		return near
	case p < 0.60 && len(run.times) > 0:
		return pick(run, run.times)
	case p < 0.80:
		return run.end - run.r.Int64N(20*dayMS)
	}
	return run.end - run.r.Int64N(500*dayMS)
}
