package eval

import (
	"errors"
	"math"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage"
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/kernel"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/tile"
)

// valueAt returns a column's value of row i; null if there is no column or no row i. Texts are copied.
func valueAt(c *column.Chunk, i int) schema.Value {
	if c == nil || i >= c.Len() || c.Null(i) {
		return schema.Value{}
	}
	t := c.Type()
	v := schema.Value{Kind: t.Kind, Scale: t.Scale}
	switch t.Kind {
	case schema.KindFloat:
		v.F = c.Float(i)
	case schema.KindText:
		v.S = string(c.Text(i))
	case schema.KindSet:
		v.Set = setAt(c, i)
	default:
		v.I = c.Int(i)
	}
	return v
}

// setAt returns the texts of row i, sorted bytewise.
func setAt(c *column.Chunk, i int) []string {
	texts := make([]string, c.SetLen(i))
	for j := range texts {
		texts[j] = c.Dict().Text(c.SetCode(i, j))
	}
	return scalar.NewSet(texts).Set
}

// attrAt returns an attribute of a contact.
func attrAt(v *storage.View, id schema.AttrID, chunk, row int) schema.Value {
	if id == schema.AttrIDOf {
		return schema.Value{Kind: schema.KindText, S: string(v.ID(rowNumber(chunk, row)))}
	}
	return valueAt(v.Column(id, chunk), row)
}

func rowNumber(chunk, row int) uint32 { return uint32(chunk)*kernel.Rows + uint32(row) }

// propCell keeps the property column that was asked for last: rows are asked one after the other.
type propCell struct {
	block tile.Block
	id    schema.PropID
	ok    bool
	chunk column.Chunk
}

func (c *propCell) at(b tile.Block, id schema.PropID) *column.Chunk {
	if c.block != b || c.id != id {
		c.block, c.id = b, id
		c.ok = b.PropInto(id, &c.chunk)
	}
	if !c.ok {
		return nil
	}
	return &c.chunk
}

// propAt returns a property, pseudo or not, of event i of a block.
func (w *Worker) propAt(p *plan.Prop, event schema.EventID, b tile.Block, chunk, i int) schema.Value {
	switch id := propIn(p, event); id {
	case 0:
		return schema.Value{}
	case schema.PropTime:
		return schema.Value{Kind: schema.KindTimestamp, I: b.Time(i)}
	case schema.PropEventID:
		if ids := b.IDs(); ids != nil && ids[i] != 0 {
			return schema.Value{Kind: schema.KindKey, I: int64(ids[i])}
		}
		return schema.Value{}
	case schema.PropContact:
		return attrAt(w.view, schema.AttrIDOf, chunk, int(b.Rows()[i]))
	default:
		return valueAt(w.props.at(b, id), i)
	}
}

// rowAt is the scalar.Row of a contact, or of an event with its contact.
type rowAt struct {
	w     *Worker
	chunk int
	row   int // of the contact in the chunk
	lines []*timeline

	isEvent bool
	event   schema.EventID
	block   tile.Block
	i       int
}

var _ scalar.Row = (*rowAt)(nil)

// at moves to row or event i of a source.
func (r *rowAt) at(s *source, i int) {
	r.chunk, r.row, r.i = s.chunk, i, i
	r.isEvent, r.event, r.block = s.isBlock, s.event, s.block
	if s.isBlock {
		r.row = int(s.block.Rows()[i])
	}
}

// Attr returns an attribute of the contact.
func (r *rowAt) Attr(id schema.AttrID) schema.Value { return attrAt(r.w.view, id, r.chunk, r.row) }

// Prop returns a property of the event; a contact has none.
func (r *rowAt) Prop(p *plan.Prop) schema.Value {
	if !r.isEvent {
		return schema.Value{}
	}
	return r.w.propAt(p, r.event, r.block, r.chunk, r.i)
}

// ID returns the contact's id.
func (r *rowAt) ID() []byte { return r.w.view.ID(rowNumber(r.chunk, r.row)) }

// line returns the gathered events of an expression.
func (r *rowAt) line(x plan.Expr) (*timeline, []moment) {
	for _, l := range r.lines {
		if l.of == x {
			return l, l.row(r.row)
		}
	}
	panic("eval: an aggregate whose events were not gathered")
}

// Did answers from the gathered events.
func (r *rowAt) Did(d *plan.Did) (bool, error) {
	l, events := r.line(d)
	n := uint64(len(events))
	if d.Days {
		n = uint64(l.days(events, r.w.prog.env.Zone))
	}
	return d.Min <= n && n <= d.Max, nil
}

// Nth answers from the gathered events, which are all up to the clock.
func (r *rowAt) Nth(x *plan.Nth) (bool, error) {
	_, events := r.line(x)
	n := uint64(len(events))
	if n == 0 || x.N > n {
		return false, nil
	}
	sortMoments(events)
	at := events[n-1].time
	if x.N > 0 {
		at = events[x.N-1].time
	}
	return x.Window.From <= at && at <= x.Window.To, nil
}

// Agg computes an aggregate over the gathered events.
func (r *rowAt) Agg(a *plan.Agg) (scalar.Value, error) {
	l, events := r.line(a)
	switch a.Fn {
	case plan.AggCount:
		return scalar.Number(exact.FromUint(uint64(len(events)))), nil
	case plan.AggDays:
		return scalar.Number(exact.FromInt(int64(l.days(events, r.w.prog.env.Zone)))), nil
	case plan.AggDistinct:
		return scalar.Number(exact.FromInt(int64(r.distinct(l, a, events)))), nil
	}
	if len(events) == 0 {
		return scalar.Value{}, nil
	}
	switch a.Fn {
	case plan.AggRecency:
		return recency(r.w.prog.env.Clock, events), nil
	case plan.AggFirst:
		return scalar.Of(r.value(l, a, extremeMoment(events, -1))), nil
	case plan.AggLast:
		return scalar.Of(r.value(l, a, extremeMoment(events, 1))), nil
	case plan.AggMin, plan.AggMax:
		return r.extreme(l, a, events), nil
	}
	return r.total(l, a, events)
}

// value returns the aggregate's property of one event.
func (r *rowAt) value(l *timeline, a *plan.Agg, m moment) schema.Value {
	b := &l.blocks[m.block]
	return r.w.propAt(a.Prop, b.event, b.block, r.chunk, int(m.i))
}

func recency(clock int64, events []moment) scalar.Value {
	d, ok := subtract(clock, extremeMoment(events, 1).time)
	if !ok {
		d = math.MaxInt64
	}
	return scalar.Value{Value: schema.Value{Kind: schema.KindDuration, I: d}}
}

func (r *rowAt) extreme(l *timeline, a *plan.Agg, events []moment) scalar.Value {
	var best scalar.Value
	sign := 1
	if a.Fn == plan.AggMin {
		sign = -1
	}
	for _, m := range events {
		v := scalar.Of(r.value(l, a, m))
		if !v.Null() && (best.Null() || scalar.Compare(v, best)*sign > 0) {
			best = v
		}
	}
	return best
}

func (r *rowAt) distinct(l *timeline, a *plan.Agg, events []moment) int {
	seen := map[string]struct{}{}
	var key []byte
	for _, m := range events {
		if v := r.value(l, a, m); !v.Null() {
			key = scalar.AppendText(key[:0], v)
			seen[string(key)] = struct{}{}
		}
	}
	return len(seen)
}

// total computes sum and avg.
func (r *rowAt) total(l *timeline, a *plan.Agg, events []moment) (scalar.Value, error) {
	var whole exact.Int128
	var floats exact.FloatSum
	n, scale, float := uint64(0), uint8(0), false
	for _, m := range events {
		v := r.value(l, a, m)
		if v.Null() {
			continue
		}
		n++
		if v.Kind == schema.KindFloat {
			float = true
			floats.Add(v.F)
			continue
		}
		scale = v.Scale
		if !whole.AddInt64(v.I) {
			return scalar.Value{}, exact.ErrOverflow
		}
	}
	switch {
	case n == 0:
		return scalar.Value{}, nil
	case float:
		return floatTotal(&floats, n, a.Fn == plan.AggAvg)
	case a.Fn == plan.AggSum && a.Prop.T.Kind == schema.KindDuration:
		v, ok := whole.Int64()
		if !ok {
			return scalar.Value{}, exact.ErrOverflow
		}
		return scalar.Value{Value: schema.Value{Kind: schema.KindDuration, I: v}}, nil
	case a.Fn == plan.AggSum:
		return scalar.Number(exact.Decimal(whole, scale)), nil
	}
	x, err := exact.Ratio(whole, exact.Uint(n), scale)
	return scalar.Number(x), err
}

func floatTotal(s *exact.FloatSum, n uint64, mean bool) (scalar.Value, error) {
	f, err := s.Float64()
	if mean {
		f, err = s.Mean(n)
	}
	if errors.Is(err, exact.ErrNaN) {
		return scalar.Value{}, nil
	}
	if err != nil {
		return scalar.Value{}, err
	}
	return scalar.Number(exact.FromFloat(f)), nil
}

// noRowAt is the row that constants are asked of: they look at nothing of it.
type noRowAt struct{}

func (noRowAt) Attr(schema.AttrID) schema.Value     { return schema.Value{} }
func (noRowAt) Prop(*plan.Prop) schema.Value        { return schema.Value{} }
func (noRowAt) ID() []byte                          { return nil }
func (noRowAt) Agg(*plan.Agg) (scalar.Value, error) { return scalar.Value{}, nil }
func (noRowAt) Did(*plan.Did) (bool, error)         { return false, nil }
func (noRowAt) Nth(*plan.Nth) (bool, error)         { return false, nil }
