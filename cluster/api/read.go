package api

import (
	"context"
	"errors"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/musterdb/muster/engine/eval"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/schema"
)

// read carries out COUNT and SELECT.
func (x *execution) read(ctx context.Context, stmt ast.Stmt) error {
	for tries := 0; ; tries++ {
		sch, err := x.schema()
		if err != nil {
			return err
		}
		q, err := bind.Query(stmt, sch, x.options(sch))
		if err != nil {
			return err
		}
		x.clock = q.Clock
		if !q.Count {
			if err := x.to.Begin(eval.AnswerSchema(q)); err != nil {
				return err
			}
			return x.rows(ctx, q, sch)
		}
		n, err := x.node.Count(ctx, q, sch)
		if err == nil {
			return x.table([]column{{"count", arrow.PrimitiveTypes.Int64}}, []any{int64(n)})
		}
		if tries == maxOvertaken || !x.overtaken(sch, err) {
			return err
		}
	}
}

// maxOvertaken is how often a question is asked again because the schema changed under it.
const maxOvertaken = 3

// overtaken says whether an error came of a change of the schema while a question was asked under an older one,
// as where a segment was replaced: asked again it may well have an answer.
func (x *execution) overtaken(sch *schema.Schema, err error) bool {
	var known *diag.Error
	if !errors.As(err, &known) || known.Code != diag.Conflict {
		return false
	}
	now, err := x.schema()
	return err == nil && (now.Base != sch.Base || now.Version != sch.Version)
}

// column is one column of an answer that the service makes itself.
type column struct {
	name string
	typ  arrow.DataType
}

// table answers rows given one after the other; cells are string, int64, float64, arrow.Timestamp or nil.
func (x *execution) table(cols []column, rows ...[]any) error {
	fields := make([]arrow.Field, len(cols))
	for i, c := range cols {
		fields[i] = arrow.Field{Name: c.name, Type: c.typ, Nullable: true}
	}
	sch := arrow.NewSchema(fields, nil)
	if err := x.to.Begin(sch); err != nil {
		return err
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, sch)
	defer b.Release()
	for _, row := range rows {
		for i, cell := range row {
			appendCell(b.Field(i), cell)
		}
	}
	rec := b.NewRecord()
	defer rec.Release()
	return x.to.Record(rec)
}

func appendCell(to array.Builder, cell any) {
	switch v := cell.(type) {
	case int64:
		to.(*array.Int64Builder).Append(v)
	case decimal128.Num:
		to.(*array.Decimal128Builder).Append(v)
	case float64:
		to.(*array.Float64Builder).Append(v)
	case arrow.Timestamp:
		to.(*array.TimestampBuilder).Append(v)
	case string:
		to.(*array.StringBuilder).Append(v)
	default:
		to.AppendNull()
	}
}
