package eval

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage"
	"github.com/musterdb/muster/storage/schema"
)

// modelRow of an answer: its cells as text, and the cells and id that order it.
type answerRow struct {
	cells []scalar.Value
	id    string
	time  int64
}

func (r answerRow) text(n int) string { return cellsText(r.cells[:n]) }

func cellsText(cells []scalar.Value) string {
	var b []byte
	for _, v := range cells {
		if v.Null() {
			b = append(b, "null|"...)
			continue
		}
		b = append(v.Append(b), '|')
	}
	return string(b)
}

// rows returns the model's answer to a SELECT, without limit and in no order.
func (m *model) rows(t testing.TB, q *plan.Query) []answerRow {
	t.Helper()
	where := q.Where
	if where == nil {
		where = &plan.Const{Value: trueValue.Value, T: plan.Of(schema.KindBool)}
	}
	cond, err := scalar.Compile(where, m.env)
	if err != nil {
		t.Fatal(err)
	}
	var out []answerRow
	add := func(r modelRow) {
		if truth, err := cond.Test(r); err != nil || truth != scalar.True {
			return
		}
		out = append(out, m.row(t, q, r))
	}
	for _, c := range m.contacts {
		if q.From == 0 {
			add(modelRow{m: m, c: c})
			continue
		}
		for i := range c.events {
			if e := &c.events[i]; e.typ == q.From && e.time <= q.Clock && e.time >= q.KeepFrom {
				add(modelRow{m: m, c: c, e: e})
			}
		}
	}
	return out
}

func (m *model) row(t testing.TB, q *plan.Query, r modelRow) answerRow {
	t.Helper()
	row := answerRow{id: r.c.id}
	if r.e != nil {
		row.time = r.e.time
	}
	for _, it := range q.Items {
		x, err := scalar.Compile(it.X, m.env)
		if err != nil {
			t.Fatal(err)
		}
		v, err := x.Value(r)
		if err != nil {
			t.Fatal(err)
		}
		if v, err = cellOf(v, it.X.Type()); err != nil {
			t.Fatal(err)
		}
		row.cells = append(row.cells, v)
	}
	return row
}

func sortRows(q *plan.Query, rows []answerRow) {
	slices.SortStableFunc(rows, func(a, b answerRow) int {
		at := func(r answerRow) func(int) scalar.Value { return func(i int) scalar.Value { return r.cells[i] } }
		if c := compareCellsBy(q.Order, at(a), at(b)); c != 0 {
			return c
		}
		if c := strings.Compare(a.id, b.id); c != 0 {
			return c
		}
		return int(min(1, max(-1, a.time-b.time)))
	})
}

// collect reads all records of an answer as rows of text.
type collect struct {
	rows    []string
	records int
}

func (c *collect) take(rec arrow.Record) error {
	c.records++
	if rec.NumRows() > MaxBatchRows {
		return fmt.Errorf("a record has %d rows", rec.NumRows())
	}
	for i := range int(rec.NumRows()) {
		cells := make([]scalar.Value, rec.NumCols())
		for k := range cells {
			cells[k] = cellAt(rec.Column(k), i)
		}
		c.rows = append(c.rows, cellsText(cells))
	}
	return nil
}

func (p planner) selectOver(from schema.EventID) *plan.Query {
	q := &plan.Query{Clock: testClock, Zone: "Europe/Warsaw", From: from, Limit: -1}
	leaf, column := p.contactLeaf, func() plan.Expr { return attr(aBool + schema.AttrID(p.rng.IntN(len(attrTypes)))) }
	if from != 0 {
		leaf = p.eventLeaf
		column = func() plan.Expr {
			if p.rng.IntN(3) == 0 {
				return attr(schema.AttrIDOf)
			}
			return prop(append(propNames, "time")[p.rng.IntN(len(propNames)+1)])
		}
	}
	if p.rng.IntN(3) > 0 {
		q.Where = p.condition(2, leaf)
	}
	if from != 0 && p.rng.IntN(3) == 0 {
		q.Where = p.narrowed(q.Where)
	}
	if from != 0 && p.rng.IntN(3) == 0 {
		q.KeepFrom = randomTime(p.rng)
	}
	item := func(x plan.Expr) { q.Items = append(q.Items, plan.Item{Name: fmt.Sprint("x", len(q.Items)), X: x}) }
	item(attr(schema.AttrIDOf))
	for range 1 + p.rng.IntN(5) {
		item(column())
	}
	if from == 0 {
		a := p.agg(1)
		if a.Fn == plan.AggAvg {
			a.T = plan.Type{Type: schema.Type{Kind: schema.KindDecimal, Scale: 8}, Quotient: true}
			if a.Prop.T.Kind == schema.KindFloat {
				a.T = plan.Of(schema.KindFloat)
			}
		}
		item(a)
	}
	q.Visible = len(q.Items) - p.rng.IntN(2)
	for range p.rng.IntN(3) {
		q.Order = append(q.Order, plan.Order{Item: p.rng.IntN(len(q.Items)), Desc: p.rng.IntN(2) == 0})
	}
	if len(q.Order) == 0 {
		q.Visible = len(q.Items)
	}
	if p.rng.IntN(2) == 0 {
		q.Limit = p.rng.Int64N(40)
	}
	return q
}

// merged asks every shard and merges the parts in a random order of arrival.
func merged(t testing.TB, rng *rand.Rand, q *plan.Query, shards []*storage.Shard) []string {
	t.Helper()
	var out collect
	m := NewMerger(q, len(shards), out.take)
	defer m.Close()
	for _, i := range rng.Perm(len(shards)) {
		v := &shards[i].View
		p, err := Compile(q, v.Schema(), v)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Select(context.Background(), func(rec arrow.Record) error { return m.Add(i, rec) }); err != nil {
			t.Fatal(err)
		}
		if err := m.Done(i); err != nil {
			t.Fatal(err)
		}
	}
	return out.rows
}

// TestSelect holds answers of three shards, merged, against the model: rows, order and limit.
func TestSelect(t *testing.T) {
	rng := seedOf(t)
	var models []*model
	var shards []*storage.Shard
	for k, n := range []int{700, 65, 0} {
		m, s := newModelOf(t, rng, n, string(rune('A'+k)))
		models, shards = append(models, m), append(shards, s)
	}
	p := planner{rng}
	for i := range 150 {
		q := p.selectOver([]schema.EventID{0, 0, eBuy}[i%3])
		var want []answerRow
		for _, m := range models {
			want = append(want, m.rows(t, q)...)
		}
		checkSelect(t, q, merged(t, rng, q, shards), want)
	}
}

func checkSelect(t *testing.T, q *plan.Query, got []string, want []answerRow) {
	t.Helper()
	total := len(want)
	if q.Limit >= 0 {
		total = min(total, int(q.Limit))
	}
	if len(got) != total {
		t.Fatalf("%d rows, want %d of %s", len(got), total, show(q.Where))
	}
	sortRows(q, want)
	text := make([]string, len(want))
	for i := range want {
		text[i] = want[i].text(q.Visible)
	}
	if len(q.Order) == 0 { // any rows of the answer, each at most as often as it is there
		slices.Sort(got)
		slices.Sort(text)
		if total == len(want) && !slices.Equal(got, text) {
			t.Fatalf("rows differ for %s", show(q.Where))
		}
		return
	}
	for i := range got {
		if got[i] != text[i] {
			t.Fatalf("row %d of %d is\n%s, want\n%s\norder %v where %s", i, total, got[i], text[i], q.Order, show(q.Where))
		}
	}
}

// TestSelectBatches asks for long texts, which must be cut into records of at most 2 MiB.
func TestSelectBatches(t *testing.T) {
	m, s := newModel(t, rand.New(rand.NewPCG(1, 1)), 3000)
	long := strings.Repeat("x", 4000)
	x := &plan.Case{Else: konst(textValue(long)), T: plan.Of(schema.KindText)}
	q := &plan.Query{Clock: testClock, Items: []plan.Item{{Name: "x", X: x}}, Visible: 1, Limit: -1}
	p, err := Compile(q, s.Schema(), &s.View)
	if err != nil {
		t.Fatal(err)
	}
	rows := int64(0)
	err = p.Select(context.Background(), func(rec arrow.Record) error {
		rows += rec.NumRows()
		if n := rec.Column(0).Data().Buffers()[2].Len(); n > MaxBatchBytes {
			t.Errorf("a record of %d bytes", n)
		}
		return nil
	})
	if err != nil || rows != int64(len(m.contacts)) {
		t.Fatalf("%d rows, want %d (%v)", rows, len(m.contacts), err)
	}
}

// TestSelectErrors: a sort beyond the budget and a canceled statement are told as such.
func TestSelectErrors(t *testing.T) {
	_, s := newModel(t, rand.New(rand.NewPCG(1, 1)), 2000)
	q := &plan.Query{
		Clock: testClock, Items: []plan.Item{{Name: "id", X: attr(schema.AttrIDOf)}}, Visible: 1, Limit: -1,
		Order: []plan.Order{{Item: 0}},
	}
	p, err := Compile(q, s.Schema(), &s.View)
	if err != nil {
		t.Fatal(err)
	}
	p.SetBudget(100_000)
	ignore := func(arrow.Record) error { return nil }
	wantCode(t, p.Select(context.Background(), ignore), diag.Limit)
	p.SetBudget(DefaultBudget)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	wantCode(t, p.Select(ctx, ignore), diag.Canceled)
	_, err = p.Count(ctx)
	wantCode(t, err, diag.Canceled)
}

func wantCode(t *testing.T, err error, code diag.Code) {
	t.Helper()
	var d *diag.Error
	if !errors.As(err, &d) || d.Code != code {
		t.Fatalf("got %v, want code %s", err, code)
	}
}

// TestMergerBudget: records held back are bounded.
func TestMergerBudget(t *testing.T) {
	_, s := newModel(t, rand.New(rand.NewPCG(1, 1)), 500)
	q := &plan.Query{Clock: testClock, Items: []plan.Item{{Name: "id", X: attr(schema.AttrIDOf)}}, Visible: 1, Limit: -1}
	p, err := Compile(q, s.Schema(), &s.View)
	if err != nil {
		t.Fatal(err)
	}
	m := NewMerger(q, 2, func(arrow.Record) error { return nil })
	defer m.Close()
	m.SetBudget(1000)
	wantCode(t, p.Select(context.Background(), func(rec arrow.Record) error { return m.Add(1, rec) }), diag.Limit)
}

// TestTies orders by a constant: contact ids decide, bytewise.
func TestTies(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	m, s := newModel(t, rng, 300)
	q := &plan.Query{
		Clock: testClock, Limit: 50, Visible: 1, Order: []plan.Order{{Item: 1}},
		Items: []plan.Item{{Name: "id", X: attr(schema.AttrIDOf)}, {Name: "one", X: konst(intValue(schema.KindInt, 1))}},
	}
	got := merged(t, rng, q, []*storage.Shard{s})
	ids := [][]byte{}
	for _, c := range m.contacts {
		ids = append(ids, []byte(c.id))
	}
	slices.SortFunc(ids, bytes.Compare)
	for i, id := range ids[:50] {
		if got[i] != string(id)+"|" {
			t.Fatalf("row %d is %s, want %s", i, got[i], id)
		}
	}
}
