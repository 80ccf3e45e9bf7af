package api

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// profiled is a column whose statistics DESCRIBE shows: an attribute of the contacts, or a property of the
// events of one type. All numbers are exact; what would take more memory than a statement may is null.
type profiled struct {
	name string
	typ  schema.Type
	x    plan.Expr
	id   bool // the contact's id among contacts: every value is another

	rows     int64 // contacts, or events
	values   int64 // that are not null
	distinct any   // int64, or nil: too many to count, or of a type of which they are not
	min, max any   // text or nil
	avg      any
	top      []topValue
	topped   bool // top holds all values, by their counts
}

// topValue is a frequent value; of a SET an element.
type topValue struct {
	value string
	count int64
}

// profiler asks for the statistics of columns of one table.
type profiler struct {
	*execution
	sch  *schema.Schema
	from schema.EventID
}

// base returns a plan over the table without anything to answer.
func (p *profiler) base() *plan.Query {
	return &plan.Query{Base: p.sch.Base, Schema: p.sch.Version, Clock: p.clock, Zone: zoneName(p.sch), From: p.from, Limit: -1, Grouped: true}
}

// attributes returns the columns of the contacts.
func attributes(sch *schema.Schema) []*profiled {
	var cols []*profiled
	for _, a := range append(schema.SystemAttributes(), sch.Attrs...) {
		cols = append(cols, attributeColumn(a))
	}
	return cols
}

func attributeColumn(a schema.Attribute) *profiled {
	return &profiled{name: a.Name, typ: a.Type, x: &plan.Attr{ID: a.ID, T: plan.Type{Type: a.Type}}, id: a.ID == schema.AttrIDOf}
}

// properties returns the columns of an event type: the contact, the time, the id if there is one, and the rest.
func properties(ev *schema.EventType) []*profiled {
	var cols []*profiled
	for id := schema.PropTime; id <= schema.PropContact; id++ {
		if prop, _ := schema.PseudoProp(id); id != schema.PropEventID || ev.HasID {
			cols = append(cols, propertyColumn(ev, prop))
		}
	}
	for _, prop := range ev.Props {
		cols = append(cols, propertyColumn(ev, prop))
	}
	return cols
}

func propertyColumn(ev *schema.EventType, prop schema.Property) *profiled {
	return &profiled{name: prop.Name, typ: prop.Type, x: &plan.Prop{
		Name: prop.Name, ByEvent: map[schema.EventID]schema.PropID{ev.ID: prop.ID}, T: plan.Type{Type: prop.Type},
	}}
}

// Limits of what DESCRIBE looks at.
const (
	fewValues   = 10_000 // distinct values up to which the frequent ones are looked for in an overview
	maxElements = 200_000
)

// totals fills in everything but averages and, where there are many values, the frequent ones. Of few values
// groups tell all at once, which is a hundred times as fast as totals of every row.
func (p *profiler) totals(ctx context.Context, cols []*profiled) error {
	rows, err := p.count(ctx, nil)
	if err != nil {
		return err
	}
	for _, c := range cols {
		c.rows = rows
		if c.values, err = p.count(ctx, &plan.Not{X: &plan.IsNull{X: c.x}}); err != nil {
			return err
		}
		c.rows = max(rows, c.values) // events may have come in between
		if a, ok := c.x.(*plan.Attr); c.typ.Kind == schema.KindSet || ok && !c.id && p.node.FewValues(p.sch, a.ID, fewValues) {
			err = p.byGroups(ctx, c)
		} else {
			err = p.byTotals(ctx, c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// count returns how many rows satisfy a condition.
func (p *profiler) count(ctx context.Context, where plan.Expr) (int64, error) {
	q := p.base()
	q.Where = where
	if p.from == 0 {
		q.Grouped, q.Count = false, true
		n, err := p.node.Count(ctx, q, p.sch)
		return int64(n), err
	}
	n := int64(0)
	t := plan.Of(schema.KindInt)
	q.Totals, q.Items, q.Visible = []plan.Total{{Fn: plan.TotalRows, T: t}}, []plan.Item{{X: &plan.TotalRef{T: t}}}, 1
	err := p.node.Select(ctx, q, p.sch, func(rec arrow.Record) error {
		n = rec.Column(0).(*array.Int64).Value(0)
		return nil
	})
	return n, err
}

// byTotals asks for the totals of a column, without its distinct values if these take too much memory.
func (p *profiler) byTotals(ctx context.Context, col *profiled) error {
	if col.id { // each has a value of its own, and its bounds say nothing
		col.distinct = col.values
		return nil
	}
	err := p.askTotals(ctx, col, true)
	if isLimit(err) {
		err = p.askTotals(ctx, col, false)
	}
	return err
}

// byGroups counts the rows of each value. Groups come in the order of their values.
func (p *profiler) byGroups(ctx context.Context, col *profiled) error {
	if col.typ.Kind == schema.KindSet {
		return p.frequentElements(ctx, col)
	}
	err := p.node.Select(ctx, p.groups(col), p.sch, func(rec arrow.Record) error { return col.addGroups(rec) })
	if isLimit(err) {
		return p.byTotals(ctx, col)
	}
	col.distinct, col.topped = int64(len(col.top)), true
	if n := len(col.top); n > 0 && col.typ.Kind != schema.KindKey {
		col.min, col.max = col.top[0].value, col.top[n-1].value
	}
	slices.SortStableFunc(col.top, func(a, b topValue) int { return cmp.Compare(b.count, a.count) })
	return err
}

// addGroups adds values with their counts.
func (c *profiled) addGroups(rec arrow.Record) error {
	for i := range int(rec.NumRows()) {
		v, err := valueAt(rec.Column(0), i, c.typ)
		if err != nil {
			return err
		}
		c.top = append(c.top, topValue{string(scalar.AppendText(nil, v)), rec.Column(1).(*array.Int64).Value(i)})
	}
	return nil
}

func isLimit(err error) bool {
	var known *diag.Error
	return errors.As(err, &known) && known.Code == diag.Limit
}

// askTotals asks one statement without groups: its one row has the distinct values of a column, if they are to be
// counted, and its bounds.
func (p *profiler) askTotals(ctx context.Context, col *profiled, distinct bool) error {
	q := p.base()
	var take []func(scalarCell)
	add := func(t plan.Total, f func(scalarCell)) {
		q.Items = append(q.Items, plan.Item{X: &plan.TotalRef{Index: len(q.Totals), T: t.T}})
		q.Totals = append(q.Totals, t)
		take = append(take, f)
	}
	if distinct {
		add(plan.Total{Fn: plan.TotalDistinct, X: col.x, T: plan.Of(schema.KindInt)}, func(c scalarCell) { col.distinct = c.value.I })
	}
	if col.typ.Kind != schema.KindKey {
		t := plan.Type{Type: col.typ}
		add(plan.Total{Fn: plan.TotalMin, X: col.x, T: t}, func(c scalarCell) { col.min = c.text() })
		add(plan.Total{Fn: plan.TotalMax, X: col.x, T: t}, func(c scalarCell) { col.max = c.text() })
	}
	if q.Visible = len(q.Items); q.Visible == 0 {
		return nil
	}
	return p.node.Select(ctx, q, p.sch, func(rec arrow.Record) error {
		for i, f := range take {
			v, err := valueAt(rec.Column(i), 0, q.Items[i].X.Type().Type)
			if err != nil {
				return err
			}
			f(scalarCell{v})
		}
		return nil
	})
}

// scalarCell is one cell of an answer.
type scalarCell struct{ value schema.Value }

// text returns the cell as it is shown, nil for null.
func (c scalarCell) text() any {
	if c.value.Null() {
		return nil
	}
	return string(scalar.AppendText(nil, c.value))
}

// average fills in the average of a number.
func (p *profiler) average(ctx context.Context, col *profiled) error {
	if !col.typ.Numeric() {
		return nil
	}
	t := plan.Type{Type: col.typ}
	if col.typ.Kind != schema.KindFloat {
		t = plan.Type{Type: schema.Type{Kind: schema.KindDecimal, Scale: uint8(min(int(col.typ.Scale)+6, schema.MaxScale))}, Quotient: true}
	}
	q := p.base()
	q.Totals = []plan.Total{{Fn: plan.TotalAvg, X: col.x, T: t}}
	q.Items, q.Visible = []plan.Item{{X: &plan.TotalRef{T: t}}}, 1
	return p.node.Select(ctx, q, p.sch, func(rec arrow.Record) error {
		if a, ok := rec.Column(0).(*array.Decimal128); ok && !a.IsNull(0) {
			col.avg = a.Value(0).ToString(int32(t.Scale))
			return nil
		}
		v, err := valueAt(rec.Column(0), 0, t.Type)
		col.avg = scalarCell{v}.text()
		return err
	})
}

// frequent fills in the most frequent values of a column, at most a number of them.
func (p *profiler) frequent(ctx context.Context, col *profiled, most int) error {
	if col.topped {
		col.top = col.top[:min(most, len(col.top))]
		return nil
	}
	q := p.groups(col)
	q.Order, q.Limit = []plan.Order{{Item: 1, Desc: true}, {Item: 0}}, int64(most)
	if col.typ.Kind == schema.KindKey { // which has no order
		q.Order = q.Order[:1]
	}
	err := p.node.Select(ctx, q, p.sch, func(rec arrow.Record) error { return col.addGroups(rec) })
	if isLimit(err) {
		return nil // too many groups
	}
	return err
}

// groups returns a plan that counts the rows of each value of a column.
func (p *profiler) groups(col *profiled) *plan.Query {
	count := plan.Of(schema.KindInt)
	q := p.base()
	q.Where = &plan.Not{X: &plan.IsNull{X: col.x}}
	q.Group, q.Totals = []plan.Expr{col.x}, []plan.Total{{Fn: plan.TotalRows, T: count}}
	q.Items = []plan.Item{{X: &plan.GroupRef{T: plan.Type{Type: col.typ}}}, {X: &plan.TotalRef{T: count}}}
	q.Visible = 2
	return q
}

// frequentElements counts the elements of a SET by its different sets, each of which is counted once.
func (p *profiler) frequentElements(ctx context.Context, col *profiled) error {
	counts := map[string]int64{}
	tooMany := diag.New(diag.Limit, diag.Span{}, "too many elements")
	err := p.node.Select(ctx, p.groups(col), p.sch, func(rec arrow.Record) error {
		for i := range int(rec.NumRows()) {
			v, err := valueAt(rec.Column(0), i, col.typ)
			if err != nil {
				return err
			}
			for _, s := range v.Set {
				counts[s] += rec.Column(1).(*array.Int64).Value(i)
			}
			if len(counts) > maxElements {
				return tooMany
			}
		}
		return nil
	})
	if col.topped = true; isLimit(err) {
		return nil
	}
	for s, n := range counts {
		col.top = append(col.top, topValue{s, n})
	}
	slices.SortFunc(col.top, func(a, b topValue) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.value, b.value))
	})
	col.distinct = int64(len(counts))
	return err
}

// share returns part ÷ whole to four decimals.
func share(part, whole int64) any {
	if whole == 0 {
		return nil
	}
	return decimal128.FromI64(int64(math.Round(float64(part) / float64(whole) * 1e4)))
}
