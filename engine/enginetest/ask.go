package enginetest

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/engine"
	"github.com/musterdb/muster/engine/eval"
	"github.com/musterdb/muster/engine/oracle"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// reader is a shard or a pin of one.
type reader interface {
	Count(ctx context.Context, q *plan.Query, sch *schema.Schema) (uint64, error)
	Select(ctx context.Context, q *plan.Query, sch *schema.Schema, emit func(arrow.Record) error) error
	Groups(ctx context.Context, q *plan.Query, sch *schema.Schema, emit func(arrow.Record) error) error
}

// Eval answers a statement: its rows, and by two more questions the number of contacts or events and the ids
// of the contacts that its condition matches. Rows without ORDER BY come in any order.
func (b *Base) Eval(statement string, clockMS int64) (oracle.Answer, error) {
	if err := b.Flush(); err != nil {
		return oracle.Answer{}, err
	}
	return ask(b.readers(), b.schema, statement, max(clockMS, b.newest))
}

func (b *Base) readers() []reader {
	out := make([]reader, len(b.shards))
	for i, s := range b.shards {
		out[i] = s
	}
	return out
}

func ask(readers []reader, sch *schema.Schema, statement string, clock int64) (oracle.Answer, error) {
	stmt, err := parse.Statement(statement)
	if err != nil {
		return oracle.Answer{}, err
	}
	q, err := bind.Query(stmt, sch, bind.Options{Clock: clock})
	if err != nil {
		return oracle.Answer{}, err
	}
	var a oracle.Answer
	if a.Count, err = count(readers, sch, q); err != nil {
		return oracle.Answer{}, err
	}
	if a.IDs, err = matching(readers, sch, q); err != nil {
		return oracle.Answer{}, err
	}
	if q.Count {
		a.Columns, a.Rows = []string{"count"}, [][]oracle.Cell{{oracle.FromValue(schema.Value{Kind: schema.KindInt, I: int64(a.Count)})}}
		return a, nil
	}
	a.Rows, err = rows(readers, sch, q)
	for _, it := range q.Items[:q.Visible] {
		a.Columns = append(a.Columns, it.Name)
	}
	return a, err
}

func count(readers []reader, sch *schema.Schema, q *plan.Query) (int, error) {
	only := *q
	only.Count, only.Items, only.Visible, only.Order, only.Limit = true, nil, 0, nil, -1
	only.Grouped, only.Group, only.Totals, only.Having = false, nil, nil, nil
	m := eval.NewMerger(&only, len(readers), nil)
	defer m.Close()
	for _, r := range readers {
		n, err := r.Count(context.Background(), &only, sch)
		if err != nil {
			return 0, err
		}
		m.AddCount(n)
	}
	return int(m.Total()), nil
}

// matching asks for the ids of the contacts, in byte order; of a statement over an event there are none.
func matching(readers []reader, sch *schema.Schema, q *plan.Query) ([]string, error) {
	if q.From != 0 {
		return nil, nil
	}
	ids := *q
	ids.Grouped, ids.Group, ids.Totals, ids.Having = false, nil, nil, nil
	ids.Count, ids.Visible, ids.Order, ids.Limit = false, 1, nil, -1
	ids.Items = []plan.Item{{Name: "id", X: &plan.Attr{ID: schema.AttrIDOf, T: plan.Of(schema.KindText)}}}
	cells, err := rows(readers, sch, &ids)
	var out []string
	for _, row := range cells {
		out = append(out, row[0].Text)
	}
	slices.Sort(out)
	return out, err
}

// merger makes one answer of those of the shards.
type merger interface {
	Add(part int, rec arrow.Record) error
	Done(part int) error
	Close()
}

// rows answers a SELECT.
func rows(readers []reader, sch *schema.Schema, q *plan.Query) ([][]oracle.Cell, error) {
	var out [][]oracle.Cell
	emit := func(rec arrow.Record) error {
		out = appendRows(out, rec, q)
		return nil
	}
	var m merger
	read := reader.Select
	if q.Grouped {
		m, read = eval.NewGroupMerger(q, len(readers), emit), reader.Groups
	} else {
		m = eval.NewMerger(q, len(readers), emit)
	}
	defer m.Close()
	for i, r := range readers {
		if plain, ok := m.(*eval.Merger); ok && plain.Full() {
			break
		}
		if err := read(r, context.Background(), q, sch, func(rec arrow.Record) error { return m.Add(i, rec) }); err != nil {
			return nil, err
		}
		if err := m.Done(i); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Snapshot is a base as it was when it was pinned.
type Snapshot struct {
	pins   []*engine.Pin
	schema *schema.Schema
	newest int64
}

// Pin pins every shard.
func (b *Base) Pin() (*Snapshot, error) {
	if err := b.Flush(); err != nil {
		return nil, err
	}
	s := b.PinShards(b.schema)
	s.newest = b.newest
	return s, nil
}

// PinShards pins every shard, to be asked under a schema. Another goroutine may be writing.
func (b *Base) PinShards(sch *schema.Schema) *Snapshot {
	s := &Snapshot{schema: sch}
	for _, shard := range b.shards {
		pin, err := shard.Pin()
		if err != nil {
			panic(err) // a closed base is a bug of the test
		}
		s.pins = append(s.pins, pin)
	}
	return s
}

// Eval answers a statement from the pins.
func (s *Snapshot) Eval(statement string, clockMS int64) (oracle.Answer, error) {
	readers := make([]reader, len(s.pins))
	for i, p := range s.pins {
		readers[i] = pinned{p}
	}
	return ask(readers, s.schema, statement, max(clockMS, s.newest))
}

// Release lets the pins go.
func (s *Snapshot) Release() {
	for _, p := range s.pins {
		p.Release()
	}
}

// pinned reads a pin.
type pinned struct{ pin *engine.Pin }

// Count counts.
func (p pinned) Count(ctx context.Context, q *plan.Query, sch *schema.Schema) (uint64, error) {
	prog, err := eval.Compile(q, sch, p.pin.View())
	if err != nil {
		return 0, err
	}
	return prog.Count(ctx)
}

// Select selects.
func (p pinned) Select(ctx context.Context, q *plan.Query, sch *schema.Schema, emit func(arrow.Record) error) error {
	prog, err := eval.Compile(q, sch, p.pin.View())
	if err != nil {
		return err
	}
	return prog.Select(ctx, emit)
}

// Groups groups.
func (p pinned) Groups(ctx context.Context, q *plan.Query, sch *schema.Schema, emit func(arrow.Record) error) error {
	prog, err := eval.Compile(q, sch, p.pin.View())
	if err != nil {
		return err
	}
	return prog.Groups(ctx, emit)
}
