package eval

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// groupedBy answers a grouped statement over one shard, row by row if slow.
func groupedBy(t testing.TB, q *plan.Query, v *storage.View, slow bool) []string {
	t.Helper()
	var out collect
	m := NewGroupMerger(q, 1, out.take)
	defer m.Close()
	p, err := Compile(q, v.Schema(), v)
	if err != nil {
		t.Fatal(err)
	}
	if slow {
		p.groups.coders = nil
		for i := range p.groups.totals {
			x := &p.groups.totals[i]
			x.words, x.coder, x.asStored = nil, nil, false
		}
	}
	if err := p.Groups(context.Background(), func(rec arrow.Record) error { return m.Add(0, rec) }); err != nil {
		t.Fatal(err)
	}
	if err := m.Done(0); err != nil {
		t.Fatal(err)
	}
	return out.rows
}

// TestDense holds groups counted by codes against the same row by row, at sizes round words and chunks.
func TestDense(t *testing.T) {
	sizes := []int{0, 1, 63, 64, 65, 1023, 1024, 1025}
	if !testing.Short() {
		sizes = append(sizes, 65537)
	}
	if os.Getenv("MUSTER_LONG") != "" {
		sizes = append(sizes, 65535, 65536)
	}
	for _, n := range sizes {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			rng := seedOf(t)
			_, s := newModel(t, rng, n)
			p := planner{rng}
			plans := 40
			if n > 10_000 {
				plans = 2
			}
			for i := range plans {
				q := p.groupedOver([]schema.EventID{0, eBuy}[i%2])
				fast, slow := groupedBy(t, q, &s.View, false), groupedBy(t, q, &s.View, true)
				if !slices.Equal(fast, slow) {
					t.Fatalf("groups differ of\n%s\ngot  %d %.1000q\nwant %d %.1000q", q, len(fast), fast, len(slow), slow)
				}
			}
		})
	}
}

// TestDenseIsTaken names statements that must not be grouped row by row.
func TestDenseIsTaken(t *testing.T) {
	_, s := newModel(t, rand.New(rand.NewPCG(1, 1)), 3000)
	month := func(x plan.Expr) plan.Expr {
		return &plan.Call{Fn: plan.FnDateTrunc, Args: []plan.Expr{konst(textValue("month")), x}, T: x.Type()}
	}
	lower := &plan.Call{Fn: plan.FnLower, Args: []plan.Expr{attr(aText)}, T: plan.Of(schema.KindText)}
	count := &plan.Agg{Fn: plan.AggCount, Sel: &plan.Selector{Events: []schema.EventID{eBuy}}, Window: within(9), T: plan.Of(schema.KindInt)}
	rows := plan.Total{Fn: plan.TotalRows, T: plan.Of(schema.KindInt)}
	for name, q := range map[string]*plan.Query{
		"nothing":        {Totals: []plan.Total{rows, {Fn: plan.TotalSum, X: attr(aDec), T: attr(aDec).T}}},
		"text":           {Group: []plan.Expr{attr(aText)}, Totals: []plan.Total{rows}},
		"text and bool":  {Group: []plan.Expr{attr(aText), attr(aBool)}, Totals: []plan.Total{rows}},
		"small int":      {Group: []plan.Expr{attr(aSmall)}, Totals: []plan.Total{{Fn: plan.TotalMax, X: attr(aDate), T: attr(aDate).T}}},
		"day":            {Group: []plan.Expr{attr(aDate)}, Totals: []plan.Total{rows}},
		"lower(text)":    {Group: []plan.Expr{lower}, Totals: []plan.Total{{Fn: plan.TotalAvg, X: count, T: plan.Of(schema.KindDecimal)}}},
		"month":          {Group: []plan.Expr{month(attr(aTime))}, Totals: []plan.Total{rows}},
		"month of event": {From: eBuy, Group: []plan.Expr{month(prop("time"))}, Totals: []plan.Total{{Fn: plan.TotalSum, X: prop("amount"), T: prop("amount").T}}},
		"texts":          {Totals: []plan.Total{{Fn: plan.TotalDistinct, X: attr(aText), T: rows.T}, {Fn: plan.TotalMax, X: attr(aText), T: attr(aText).T}}},
		"days of texts":  {Group: []plan.Expr{attr(aText)}, Totals: []plan.Total{{Fn: plan.TotalDistinct, X: attr(aDate), T: rows.T}}},
		"texts of event": {From: eBuy, Totals: []plan.Total{{Fn: plan.TotalDistinct, X: attr(aText), T: rows.T}, {Fn: plan.TotalMin, X: lower, T: lower.T}}},
		"contact's text": {From: eBuy, Group: []plan.Expr{attr(aText), prop("ok")}, Totals: []plan.Total{rows}},
	} {
		q.Clock, q.Grouped, q.Limit, q.Zone = testClock, true, -1, "Europe/Warsaw"
		p, err := Compile(q, s.Schema(), &s.View)
		if err != nil {
			t.Fatal(err)
		}
		if p.RowByRow() {
			t.Errorf("%s is grouped row by row", name)
		}
	}
}

// TestPieces holds the pieces of every unit against the calendar, in zones that set clocks back over midnight,
// by half an hour, and by a whole day.
func TestPieces(t *testing.T) {
	units := []calendar.Unit{
		calendar.UnitMinute, calendar.UnitHour, calendar.UnitDay, calendar.UnitMonth, calendar.UnitQuarter, calendar.UnitYear,
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for _, name := range []string{"UTC", "Europe/Warsaw", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "-03:30"} {
		zone, err := calendar.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, from := range []int64{1288396800000, 1325116800000, testClock, -1e12} { // 2010-10-30, 2011-12-29
			for _, unit := range units {
				lo := from - rng.Int64N(1e7)
				hi := lo + 20*day*int64(1+unit*unit)
				s := &pieces{}
				if !s.cut(zone, unit, lo, hi) {
					t.Fatalf("%s: no pieces", name)
				}
				for range 2000 {
					at := lo + rng.Int64N(hi-lo+1)
					if k := rng.IntN(len(s.start)); rng.IntN(2) == 0 {
						at = max(lo, s.start[k]-rng.Int64N(2))
					}
					piece := s.start[s.of(at)]
					if zone.Trunc(unit, piece) != zone.Trunc(unit, at) || piece > at {
						t.Fatalf("%s: %s of %d is that of %d", name, unit, at, piece)
					}
				}
			}
		}
	}
}

// TestTimeOfEvents groups the events of blocks that span much and little by every unit and part of their time,
// with totals by contact and of properties.
func TestTimeOfEvents(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	_, s := newModel(t, rng, 1500)
	calls := []plan.Expr{}
	for _, unit := range calendar.UnitNames() {
		calls = append(calls, &plan.Call{
			Fn: plan.FnDateTrunc, Args: []plan.Expr{konst(textValue(unit)), prop("time")}, T: plan.Of(schema.KindTimestamp),
		})
	}
	for _, fn := range []plan.Fn{plan.FnHour, plan.FnWeekday, plan.FnDay, plan.FnMonth, plan.FnYear} {
		calls = append(calls, &plan.Call{Fn: fn, Args: []plan.Expr{prop("time")}, T: plan.Of(schema.KindInt)})
	}
	totals := []plan.Total{
		{Fn: plan.TotalRows, T: plan.Of(schema.KindInt)},
		{Fn: plan.TotalSum, X: prop("amount"), T: prop("amount").T},
		{Fn: plan.TotalDistinct, X: prop("contact"), T: plan.Of(schema.KindInt)},
		{Fn: plan.TotalMin, X: prop("time"), T: prop("time").T},
		{Fn: plan.TotalAvg, X: prop("price"), T: prop("price").T},
	}
	for _, call := range calls {
		for _, where := range []plan.Expr{nil, attr(aBool)} {
			q := &plan.Query{Clock: testClock, Zone: "Europe/Warsaw", From: eBuy, Where: where, Grouped: true, Limit: -1, Group: []plan.Expr{call}, Totals: totals}
			for i := range totals {
				q.Items = append(q.Items, plan.Item{X: &plan.TotalRef{Index: i, T: totals[i].T}})
			}
			q.Visible = len(q.Items)
			if fast, slow := groupedBy(t, q, &s.View, false), groupedBy(t, q, &s.View, true); !slices.Equal(fast, slow) {
				t.Fatalf("groups differ of\n%s\ngot  %.1000q\nwant %.1000q", q, fast, slow)
			}
		}
	}
}

// TestSumsAreHandedOver: a lane whose sums may leave 64 bits hands them over and begins anew.
func TestSumsAreHandedOver(t *testing.T) {
	_, s := newModel(t, rand.New(rand.NewPCG(2, 2)), 1500)
	q := &plan.Query{
		Clock: testClock, From: eBuy, Grouped: true, Limit: -1, Group: []plan.Expr{prop("cat")},
		Totals: []plan.Total{{Fn: plan.TotalSum, X: prop("amount"), T: prop("amount").T}},
	}
	q.Items, q.Visible = []plan.Item{{X: &plan.TotalRef{T: q.Totals[0].T}}}, 1
	var out collect
	m := NewGroupMerger(q, 1, out.take)
	defer m.Close()
	p, err := Compile(q, s.Schema(), &s.View)
	if err != nil {
		t.Fatal(err)
	}
	w := p.Worker()
	defer w.Close()
	g := p.grouper(w)
	l := g.dense.lanes[0].(*sumLane)
	err = w.eachSource(context.Background(), func(s *source, rows []uint64) (bool, error) {
		l.bound = math.MaxInt64 - 1
		_, err := g.dense.add(s, rows)
		return false, err
	})
	if err == nil {
		err = g.dense.flush()
	}
	if err == nil {
		err = g.table.Send(func(rec arrow.Record) error { return m.Add(0, rec) })
	}
	if err == nil {
		err = m.Done(0)
	}
	if want := groupedBy(t, q, &s.View, true); err != nil || !slices.Equal(out.rows, want) {
		t.Fatalf("got %q (%v), want %q", out.rows, err, want)
	}
}

// TestSets: groups of a SET are those of its texts, however their codes lie.
func TestSets(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 65, 1023, 1025} {
		rng := seedOf(t)
		m, s := newModel(t, rng, n)
		q := &plan.Query{
			Clock: testClock, Grouped: true, Limit: -1, Zone: "UTC", Group: []plan.Expr{attr(aSet)},
			Totals:  []plan.Total{{Fn: plan.TotalRows, T: plan.Of(schema.KindInt)}},
			Items:   []plan.Item{{X: &plan.GroupRef{T: attr(aSet).T}}, {X: &plan.TotalRef{T: plan.Of(schema.KindInt)}}},
			Visible: 2,
		}
		if got, want := groupedBy(t, q, &s.View, false), groupsOf(t, q, []*model{m}); !slices.Equal(got, want) {
			t.Fatalf("%d rows: got %q, want %q", n, got, want)
		}
	}
}

// TestHistogram: chunks that count their codes themselves, with and without nulls, deleted contacts and a condition.
func TestHistogram(t *testing.T) {
	sizes := []int{16383, 16384, 16385}
	if !testing.Short() {
		sizes = append(sizes, 65537)
	}
	for _, n := range sizes {
		s := storage.New(slab.New(), testSchema())
		up := &change.Upsert{Stamp: testClock}
		texts := make([]schema.Value, n)
		days := make([]schema.Value, n)
		for i := range n {
			up.IDs.AppendString(strconv.Itoa(i))
			if i%7 > 0 {
				texts[i] = textValue("t" + strconv.Itoa(i%5))
			}
			if i%3 > 0 {
				days[i] = intValue(schema.KindDate, int64(i%11))
			}
		}
		up.Cols = []change.Column{newColumn(uint32(aText), typ(schema.KindText), texts), newColumn(uint32(aDate), typ(schema.KindDate), days)}
		apply(t, s, up)
		rows := plan.Of(schema.KindInt)
		q := &plan.Query{
			Clock: testClock, Grouped: true, Limit: -1, Zone: "UTC", Group: []plan.Expr{attr(aText)},
			Totals: []plan.Total{{Fn: plan.TotalRows, T: rows}, {Fn: plan.TotalCount, X: attr(aDate), T: rows}},
			Items:  []plan.Item{{X: &plan.GroupRef{T: attr(aText).T}}, {X: &plan.TotalRef{T: rows}}, {X: &plan.TotalRef{Index: 1, T: rows}}}, Visible: 3,
		}
		if n > 16383 && s.View.Column(aText, 0).Histogram() == nil {
			t.Errorf("%d rows are not counted by the chunk", n)
		}
		for range 2 {
			for _, where := range []plan.Expr{nil, &plan.IsNull{X: attr(aDate)}} {
				q.Where = where
				if fast, slow := groupedBy(t, q, &s.View, false), groupedBy(t, q, &s.View, true); !slices.Equal(fast, slow) {
					t.Errorf("%d rows: got %q, want %q", n, fast, slow)
				}
			}
			gone := &change.Delete{}
			gone.IDs.AppendString("1")
			apply(t, s, gone)
		}
		s.Free()
	}
}
