// Package ingest owns the way from a batch of rows to a change: it computes what a bound mapping says of
// each row, checks ids and times, and sorts out the rows that do not fit, each with its reason. The
// client's loader and the server's bulk doors share it. It reads no files (engine/tabular), makes no
// attributes and writes nothing.
package ingest

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/engine/tabular"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/write"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// Mapper turns batches into parts of changes. It is not for concurrent use.
type Mapper struct {
	plan  *write.MappingPlan
	env   scalar.Env
	cells []cell // of attributes or properties
	id    cell
	time  *cell
	event *cell
}

// cell is one target with how its value is computed.
type cell struct {
	id     uint32
	name   string
	typ    schema.Type
	column int          // the batch's column that is converted as it is, or −1
	expr   *scalar.Expr // else
}

// New returns the mapper of a bound mapping that has nothing left to be created.
func New(p *write.MappingPlan, clock int64, zone *calendar.Zone) (*Mapper, error) {
	m := &Mapper{plan: p, env: scalar.Env{Clock: clock, Zone: zone}}
	text, instant := schema.Type{Kind: schema.KindText}, schema.Type{Kind: schema.KindTimestamp}
	var err error
	if m.id, err = m.cell(0, "id", text, p.Contact); err != nil {
		return nil, err
	}
	if m.time, err = m.optional("time", instant, p.Time); err != nil {
		return nil, err
	}
	if m.event, err = m.optional("event_id", schema.Type{Kind: schema.KindKey}, p.EventID); err != nil {
		return nil, err
	}
	for _, a := range p.Attrs {
		if err := m.add(uint32(a.Attr.ID), a.Attr.Name, a.Attr.Type, a.X); err != nil {
			return nil, err
		}
	}
	for _, a := range p.Props {
		if err := m.add(uint32(a.Prop.ID), a.Prop.Name, a.Prop.Type, a.X); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Mapper) add(id uint32, name string, typ schema.Type, x plan.Expr) error {
	c, err := m.cell(id, name, typ, x)
	m.cells = append(m.cells, c)
	return err
}

func (m *Mapper) optional(name string, typ schema.Type, x plan.Expr) (*cell, error) {
	if x == nil {
		return nil, nil
	}
	c, err := m.cell(0, name, typ, x)
	return &c, err
}

// cell compiles a target. A column that is only converted takes the fast way, without a value per cell.
func (m *Mapper) cell(id uint32, name string, typ schema.Type, x plan.Expr) (cell, error) {
	c := cell{id: id, name: name, typ: typ, column: -1}
	if cast, ok := x.(*plan.Cast); ok && cast.Must {
		if prop, ok := cast.X.(*plan.Prop); ok && cast.T.Type == typ {
			c.column = columnOf(prop)
			return c, nil
		}
	}
	if prop, ok := x.(*plan.Prop); ok {
		c.column = columnOf(prop)
		return c, nil
	}
	var err error
	c.expr, err = scalar.Compile(x, m.env)
	return c, err
}

// columnOf returns the batch's column that a property of a file stands for.
func columnOf(p *plan.Prop) int { return int(p.ByEvent[0]) }

// Result is what a batch became.
type Result struct {
	Part     change.Part // nil if no row is left
	Rows     int
	Rejected []tabular.RowError // rows that could not be read, and rows that do not fit, by row
}

// Map turns a batch into a part of a change, whose texts are its own. The batch's own errors are among the
// rejected rows.
func (m *Mapper) Map(b *tabular.Batch) Result {
	t := &table{m: m, b: b, bad: map[int]badCell{}}
	ids := t.column(&m.id)
	cols := make([]change.Column, 0, len(m.cells)+1)
	for i := range m.cells {
		cols = append(cols, t.column(&m.cells[i]))
	}
	var times, eventIDs *change.Column
	if m.time != nil {
		times = t.columnPtr(m.time)
	}
	if m.event != nil {
		eventIDs = t.columnPtr(m.event)
	}
	t.checkIDs(&ids)
	if m.plan.Event != nil {
		t.checkTimes(times)
	}
	return t.result(&ids, times, eventIDs, cols)
}

// table is one batch under way.
type table struct {
	m   *Mapper
	b   *tabular.Batch
	bad map[int]badCell // by index of the row in the batch; the first stays
}

// badCell is why a row is rejected, and the column of the file that it lies at, if it lies at one.
type badCell struct{ column, reason string }

func (t *table) reject(row int, column, reason string) {
	if _, ok := t.bad[row]; !ok {
		t.bad[row] = badCell{column, plainReason(column, reason)}
	}
}

// plainReason returns a reason without the column, which is said beside it.
func plainReason(column, reason string) string {
	return strings.TrimPrefix(reason, "column "+column+": ")
}

func (t *table) columnPtr(c *cell) *change.Column {
	col := t.column(c)
	return &col
}

// column computes a target for every row. Rows that fail are rejected and hold nothing.
func (t *table) column(c *cell) change.Column {
	if c.column >= 0 {
		col, errs := tabular.Convert(&t.b.Columns[c.column], t.b.Rows, c.id, c.typ, t.m.env.Zone)
		for _, e := range errs {
			t.reject(e.Row, t.b.Columns[c.column].Name, e.Reason)
		}
		return col
	}
	var rows change.Rows
	r := &row{b: t.b, zone: t.m.env.Zone}
	for i := range t.b.Rows {
		rows.Begin()
		r.i = i
		v, err := t.value(c, r)
		if err != nil {
			t.reject(i, "", fmt.Sprintf("%s: %v", c.name, err))
			rows.Put(c.id, c.typ, change.OpSkip, schema.Value{})
			continue
		}
		rows.Put(c.id, c.typ, change.OpSet, v)
	}
	cols := rows.Columns()
	if len(cols) == 0 {
		return change.Column{ID: c.id, Type: c.typ}
	}
	return cols[0]
}

func (t *table) value(c *cell, r *row) (schema.Value, error) {
	v, err := c.expr.Value(r)
	if err != nil {
		return schema.Value{}, err
	}
	return scalar.Output(v, plan.Type{Type: c.typ})
}

// checkIDs rejects rows without a usable contact id.
func (t *table) checkIDs(ids *change.Column) {
	column := t.columnOf(&t.m.id)
	for i := range t.b.Rows {
		switch {
		case ids.Op(i) != change.OpSet || len(ids.Text(i)) == 0:
			t.reject(i, column, t.what()+" is empty")
		case len(ids.Text(i)) > schema.MaxIDBytes:
			t.reject(i, column, fmt.Sprintf("%s is longer than the %d bytes allowed", t.what(), schema.MaxIDBytes))
		case !utf8.Valid(ids.Text(i)):
			t.reject(i, column, t.what()+" is not valid UTF-8")
		}
	}
}

// columnOf returns the name of the file's column that a target is converted from, empty if it is computed.
func (t *table) columnOf(c *cell) string {
	if c.column < 0 {
		return ""
	}
	return t.b.Columns[c.column].Name
}

// what names the contact's id as the mapping does.
func (t *table) what() string {
	name := "id"
	if t.m.plan.Event != nil {
		name = "contact"
	}
	return "the " + name
}

// checkTimes rejects events without a time and those that cannot have happened by the clock.
func (t *table) checkTimes(times *change.Column) {
	column := t.columnOf(t.m.time)
	for i := range t.b.Rows {
		switch {
		case times.Op(i) != change.OpSet:
			t.reject(i, column, "the time is empty")
		case times.Ints[i] < 0:
			t.reject(i, column, fmt.Sprintf("the time %s is before 1970", calendar.FormatTimestamp(times.Ints[i])))
		case times.Ints[i]-t.m.env.Clock > schema.MaxAheadOfClock.Milliseconds():
			t.reject(i, column, fmt.Sprintf("the time %s is more than 24 hours ahead of the clock", calendar.FormatTimestamp(times.Ints[i])))
		}
	}
}

// result makes the part of the rows that are left.
func (t *table) result(ids, times, eventIDs *change.Column, cols []change.Column) Result {
	res := Result{Rows: t.b.Rows - len(t.bad), Rejected: t.rejected()}
	if res.Rows == 0 {
		return res
	}
	part := t.part(ids, times, eventIDs, cols)
	if len(t.bad) == 0 {
		res.Part = part
		return res
	}
	good := make([]uint32, 0, res.Rows)
	for i := range t.b.Rows {
		if _, ok := t.bad[i]; !ok {
			good = append(good, uint32(i))
		}
	}
	res.Part = change.Pick(part, good)
	return res
}

func (t *table) part(ids, times, eventIDs *change.Column, cols []change.Column) change.Part {
	if t.m.plan.Event == nil {
		if times != nil {
			times.ID = uint32(schema.AttrCreatedAt)
			skipNulls(times)
			cols = append(cols, *times)
		}
		return &change.Upsert{IDs: ids.Texts, Cols: cols}
	}
	part := &change.Track{Event: t.m.plan.Event.ID, IDs: ids.Texts, Times: times.Ints, Props: cols}
	if eventIDs != nil {
		part.EventIDs = make([]uint64, t.b.Rows)
		for i := range part.EventIDs {
			if eventIDs.Op(i) == change.OpSet {
				part.EventIDs[i] = uint64(eventIDs.Ints[i])
			}
		}
	}
	return part
}

// skipNulls leaves created_at as it is where the file has none: it is never null.
func skipNulls(c *change.Column) {
	for i, op := range c.Ops {
		if op == change.OpNull {
			c.Ops[i] = change.OpSkip
		}
	}
}

// rejected returns the rows that are not in the part, by their number in the source.
func (t *table) rejected() []tabular.RowError {
	out := append([]tabular.RowError(nil), t.b.RowErrors...)
	for i := range out {
		out[i].Reason = plainReason(out[i].Column, out[i].Reason)
	}
	for i := range t.b.Rows {
		if bad, ok := t.bad[i]; ok {
			out = append(out, tabular.RowError{Row: t.b.Row[i], Line: t.b.Line[i], Column: bad.column, Reason: bad.reason})
		}
	}
	sortByRow(out)
	return out
}
