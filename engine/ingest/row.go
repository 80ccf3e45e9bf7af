package ingest

import (
	"errors"
	"slices"

	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/engine/tabular"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// row is a row of a batch as expressions over a file see it: columns only.
type row struct {
	b    *tabular.Batch
	i    int
	zone *calendar.Zone
}

var errNotInFiles = errors.New("a file has columns, not contacts or events")

// Prop returns a column's value.
func (r *row) Prop(p *plan.Prop) schema.Value {
	return r.b.Columns[columnOf(p)].Value(r.i, r.zone)
}

// Attr is not asked of a file: the binder knows no attributes there.
func (r *row) Attr(schema.AttrID) schema.Value { return schema.Value{} }

// ID is not asked of a file.
func (r *row) ID() []byte { return nil }

// Agg is not asked of a file.
func (r *row) Agg(*plan.Agg) (scalar.Value, error) { return scalar.Value{}, errNotInFiles }

// Did is not asked of a file.
func (r *row) Did(*plan.Did) (bool, error) { return false, errNotInFiles }

// Nth is not asked of a file.
func (r *row) Nth(*plan.Nth) (bool, error) { return false, errNotInFiles }

// sortByRow orders rejected rows as the source has them.
func sortByRow(rows []tabular.RowError) {
	slices.SortStableFunc(rows, func(a, b tabular.RowError) int { return int(a.Row - b.Row) })
}

// FileColumn says what the binder must know of a column. The cells of a JSON column may differ in type
// from row to row: in expressions they are texts, which are read as what is needed there, and open schema
// makes of the column what its first cell shows.
func FileColumn(c *tabular.Column, rows int) bind.Column {
	if c.Kinds == nil {
		return bind.Column{Name: c.Name, Type: c.Type, Text: c.Untyped}
	}
	t, _ := c.Infer(rows)
	return bind.Column{Name: c.Name, Type: schema.Type{Kind: schema.KindText}, Text: true, Infer: t}
}
