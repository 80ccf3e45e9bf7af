package api

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/schema"
)

// valueAt returns a cell of an answer of the engine as a value of the type that the plan's item has. Sets are
// sorted already.
func valueAt(a arrow.Array, i int, t schema.Type) (schema.Value, error) {
	v := schema.Value{Kind: t.Kind, Scale: t.Scale}
	if a.IsNull(i) {
		return schema.Value{}, nil
	}
	switch a := a.(type) {
	case *array.Boolean:
		if a.Value(i) {
			v.I = 1
		}
	case *array.Int64:
		v.I = a.Value(i)
	case *array.Uint64:
		v.I = int64(a.Value(i))
	case *array.Date32:
		v.I = int64(a.Value(i))
	case *array.Timestamp:
		v.I = int64(a.Value(i))
	case *array.Duration:
		v.I = int64(a.Value(i))
	case *array.Decimal128:
		n := a.Value(i)
		if v.I = int64(n.LowBits()); n.HighBits() != v.I>>63 {
			return v, diag.New(diag.Overflow, diag.Span{}, "%s does not fit into %s, which holds 18 digits", n.ToString(int32(t.Scale)), t)
		}
	case *array.Float64:
		v.F = a.Value(i)
	case *array.String:
		v.S = a.Value(i)
	case *array.List:
		texts := a.ListValues().(*array.String)
		from, to := a.ValueOffsets(i)
		for j := from; j < to; j++ {
			v.Set = append(v.Set, texts.Value(int(j)))
		}
	default:
		return v, fmt.Errorf("a value of type %s came as %s", t, a.DataType())
	}
	return v, nil
}
