package random

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/musterdb/muster/storage/schema"
	"github.com/zeebo/xxh3"
)

// words are the texts of a run: few, so that conditions meet them, and awkward.
var words = []string{
	"", "a", "b", "A", "shoes", "books", "O'Brien", `say "hi"`, "żółw", "ŻÓŁW", "日本", "100%", "a_b", `back\slash`, "x@Example.com",
	"two\nlines", "1.2.10", "1.10", "12", "12.5", "2026-04-01", "New York", "new", " pad ",
	"yes", "0", "2026-03-28 00:00", "2026-03-29T02:30:00.5Z", "2026-03", "1.9.0-rc.1", "v1.9+7",
}

var attrNames = []string{"country", "age", "ltv", "order", "first", "stack.lang", "tags", "Opt In", "joined", "born", "score", "token", "x", "y"}

var eventNames = []string{"purchase", "open", "click", "Order Completed", "return", "group"}

var propNames = []string{"amount", "category", "n", "f", "ok", "day", "at", "labels", "key", "last seen"}

var kinds = []schema.Kind{
	schema.KindBool, schema.KindInt, schema.KindFloat, schema.KindDecimal, schema.KindText, schema.KindDate, schema.KindTimestamp,
	schema.KindSet, schema.KindKey,
}

func (run *Run) typ(k schema.Kind) schema.Type {
	t := schema.Type{Kind: k}
	if k == schema.KindDecimal {
		t.Scale = pick(run, []uint8{0, 2, 2, 3, 6, 18})
	}
	return t
}

// makeSchema makes every kind at least once among the attributes and among the first event's properties.
func (run *Run) makeSchema() {
	zone := pick(run, zones)
	run.zone = location(zone)
	s := schema.New(1, "random", schema.BaseOptions{TimeZone: zone, Mode: schema.Strict, Spread: 1})
	for i, name := range attrNames {
		addAttr(s, name, run.typ(kinds[i%len(kinds)]))
	}
	for i, name := range eventNames[:2+run.r.IntN(len(eventNames)-1)] {
		et := schema.EventType{ID: s.NextEvent, Name: name}
		s.NextEvent++
		for j, prop := range propNames {
			if i == 0 || run.chance(0.5) {
				addProp(s, &et, prop, run.propType(j))
			}
		}
		run.identify(&et)
		s.Events = append(s.Events, et)
	}
	addLists(s)
	run.publish(s)
}

// propType is mostly the same for a name in all types, so that unions are well-typed.
func (run *Run) propType(j int) schema.Type {
	if run.chance(0.1) {
		return run.typ(pick(run, kinds))
	}
	fixed := []schema.Type{
		{Kind: schema.KindDecimal, Scale: 2}, {Kind: schema.KindText}, {Kind: schema.KindInt}, {Kind: schema.KindFloat}, {Kind: schema.KindBool},
		{Kind: schema.KindDate}, {Kind: schema.KindTimestamp}, {Kind: schema.KindSet}, {Kind: schema.KindKey}, {Kind: schema.KindInt},
	}
	return fixed[j]
}

// identify makes some types drop repeated ids, and some forget.
func (run *Run) identify(et *schema.EventType) {
	for _, p := range et.Props {
		if p.Name == "key" && run.chance(0.7) {
			et.HasID, et.IDProp = true, p.ID
		}
	}
	if run.chance(0.15) {
		et.Keep = time.Duration(run.r.IntN(400)+10) * 24 * time.Hour
	}
}

func location(zone string) *time.Location {
	if t, err := time.Parse("-07:00", zone); err == nil {
		return t.Location()
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		panic(err) // the zones are constants of this package
	}
	return loc
}

func addAttr(s *schema.Schema, name string, t schema.Type) {
	s.Attrs = append(s.Attrs, schema.Attribute{ID: s.NextAttr, Name: name, Type: t})
	s.NextAttr++
}

func addProp(s *schema.Schema, et *schema.EventType, name string, t schema.Type) {
	et.Props = append(et.Props, schema.Property{ID: s.NextProp, Name: name, Type: t})
	s.NextProp++
}

func (run *Run) publish(s *schema.Schema) {
	run.schema = s
	run.Ops = append(run.Ops, Op{Kind: Schema, NowMS: run.now, Schema: s.Clone()})
}

// changeSchema drops and adds while data is there; some dropped names come back as something else.
func (run *Run) changeSchema() {
	s := run.schema.Clone()
	s.Version++
	i := run.r.IntN(len(s.Attrs))
	name := s.Attrs[i].Name
	s.Attrs = slices.Delete(s.Attrs, i, i+1)
	if run.chance(0.7) {
		addAttr(s, name, run.typ(pick(run, kinds)))
	}
	if run.chance(0.3) {
		run.replaceList(s)
	}
	et := &s.Events[run.r.IntN(len(s.Events))]
	if n := len(et.Props); n > 1 {
		p := et.Props[n-1]
		if p.ID != et.IDProp {
			et.Props = et.Props[:n-1]
			addProp(s, et, p.Name, p.Type)
		}
	}
	if run.chance(0.3) && len(s.Events) > 1 {
		old := s.Events[0]
		s.Events = s.Events[1:]
		fresh := schema.EventType{ID: s.NextEvent, Name: old.Name}
		s.NextEvent++
		addProp(s, &fresh, "n", schema.Type{Kind: schema.KindInt})
		s.Events = append(s.Events, fresh)
	}
	run.publish(s)
}

func (run *Run) makeIDs(n int) {
	hostile := []string{"'", `"`, "żółw", " ", "17850.0", strings.Repeat("k", schema.MaxIDBytes)}
	for i := range max(n, 1) {
		if i < len(hostile) && i < n/2 {
			run.ids = append(run.ids, hostile[i])
			continue
		}
		run.ids = append(run.ids, fmt.Sprintf("c%d", i))
	}
}

// value is a value of a type, null now and then.
func (run *Run) value(t schema.Type) schema.Value {
	v := schema.Value{Kind: t.Kind, Scale: t.Scale}
	if run.chance(0.12) {
		return schema.Value{}
	}
	switch t.Kind {
	case schema.KindBool:
		v.I = run.r.Int64N(2)
	case schema.KindInt:
		v.I = run.integer(1)
	case schema.KindDecimal:
		v.I = run.integer(int64(math.Pow10(int(t.Scale))))
	case schema.KindFloat:
		v.F = run.float()
	case schema.KindText:
		v.S = pick(run, words)
	case schema.KindKey:
		v.I = int64(xxh3.HashString(pick(run, words)))
	case schema.KindDate:
		v.I = run.instant() / dayMS
	case schema.KindTimestamp:
		v.I = run.instant()
	case schema.KindSet:
		for range run.r.IntN(5) {
			v.Set = append(v.Set, pick(run, words[:9]))
		}
		slices.Sort(v.Set)
		v.Set = slices.Compact(v.Set)
	}
	return v
}

// integer is small, in units of one, now and then between units or extreme.
func (run *Run) integer(one int64) int64 {
	switch p := run.r.Float64(); {
	case p < 0.6 && one < 1e17:
		return (run.r.Int64N(12) - 3) * one
	case p < 0.8:
		return run.r.Int64N(2001) - 1000
	case p < 0.96:
		return (run.r.Int64N(2*one+1) - one) / max(1, one/1000) * max(1, one/1000)
	}
	return pick(run, []int64{math.MaxInt64, -math.MaxInt64, math.MaxInt64 - 1, math.MinInt64, math.MaxInt32, 1 << 53, 1<<53 + 1})
}

func (run *Run) float() float64 {
	if run.chance(0.8) {
		return float64(run.r.IntN(41)-10) / 10
	}
	return pick(run, []float64{0, math.Copysign(0, -1), 1e300, -1e300, 5e-324, 0.1, 1.0 / 3, 1 << 53, 9.223372036854775807e18, 1e-7})
}
