package eval

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// A cell is a scalar.Value as the answer's column holds it: numbers have the column's form and decimals.
// Both the shards and the merger order by cells, so an order does not depend on how a base is spread.

// cellOf rounds a value to its column's type.
func cellOf(v scalar.Value, t plan.Type) (scalar.Value, error) {
	if v.Null() || !v.IsNumber() || !t.Numeric() {
		return v, nil
	}
	if t.Kind == schema.KindFloat {
		if v.Kind == schema.KindFloat {
			return v, nil
		}
		return scalar.Number(exact.FromFloat(v.Num.Float64())), nil
	}
	n, err := v.Num.Unscaled128(scaleOf(t))
	if err != nil {
		return scalar.Value{}, err
	}
	if t.Kind == schema.KindInt {
		if _, ok := n.Int64(); !ok {
			return scalar.Value{}, exact.ErrOverflow
		}
	}
	return scalar.Value{Value: schema.Value{Kind: t.Kind}, Num: exact.Decimal(n, scaleOf(t))}, nil
}

// scaleOf returns the decimals of a number's column.
func scaleOf(t plan.Type) uint8 {
	if t.Kind == schema.KindDecimal {
		return t.Scale
	}
	return 0
}

// compareCells orders cells; a null is greater than every value.
func compareCells(a, b scalar.Value) int {
	switch {
	case a.Null() && b.Null():
		return 0
	case a.Null():
		return 1
	case b.Null():
		return -1
	}
	return scalar.Compare(a, b)
}

// appendCell adds a cell to the builder of its column.
func appendCell(b array.Builder, v scalar.Value, t plan.Type) error {
	if v.Null() {
		b.AppendNull()
		return nil
	}
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(v.I != 0)
	case *array.Int64Builder:
		n, err := v.Num.Unscaled(0)
		b.Append(n)
		return err
	case *array.Float64Builder:
		b.Append(v.Num.Float64())
	case *array.Decimal128Builder:
		n, err := v.Num.Unscaled128(scaleOf(t))
		b.Append(decimal128.New(n.Hi, n.Lo))
		return err
	case *array.StringBuilder:
		b.Append(v.S)
	case *array.Date32Builder:
		b.Append(arrow.Date32(v.I))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(v.I))
	case *array.ListBuilder:
		b.Append(true)
		texts := b.ValueBuilder().(*array.StringBuilder)
		for _, s := range v.Set {
			texts.Append(s)
		}
	case *array.Uint64Builder:
		b.Append(uint64(v.I))
	case *array.DurationBuilder:
		b.Append(arrow.Duration(v.I))
	default:
		b.AppendNull()
	}
	return nil
}

// cellAt reads a cell back from a column of an answer.
func cellAt(a arrow.Array, i int) scalar.Value {
	if a.IsNull(i) {
		return scalar.Value{}
	}
	of := func(k schema.Kind, v int64) scalar.Value {
		return scalar.Value{Value: schema.Value{Kind: k, I: v}}
	}
	switch a := a.(type) {
	case *array.Boolean:
		if a.Value(i) {
			return trueValue
		}
		return of(schema.KindBool, 0)
	case *array.Int64:
		return scalar.Number(exact.FromInt(a.Value(i)))
	case *array.Float64:
		return scalar.Number(exact.FromFloat(a.Value(i)))
	case *array.Decimal128:
		n := a.Value(i)
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		v := scalar.Number(exact.Decimal(exact.Int128{Hi: n.HighBits(), Lo: n.LowBits()}, uint8(scale)))
		v.Kind = schema.KindDecimal
		return v
	case *array.String:
		return scalar.Text(a.Value(i))
	case *array.Date32:
		return of(schema.KindDate, int64(a.Value(i)))
	case *array.Timestamp:
		return of(schema.KindTimestamp, int64(a.Value(i)))
	case *array.List:
		from, to := a.ValueOffsets(i)
		texts := a.ListValues().(*array.String)
		set := make([]string, 0, to-from)
		for j := from; j < to; j++ {
			set = append(set, texts.Value(int(j)))
		}
		return scalar.Value{Value: schema.Value{Kind: schema.KindSet, Set: set}}
	case *array.Uint64:
		return of(schema.KindKey, int64(a.Value(i)))
	case *array.Duration:
		return of(schema.KindDuration, int64(a.Value(i)))
	}
	return scalar.Value{}
}

// cellBytes is about what a cell takes in an answer.
func cellBytes(v scalar.Value) int {
	n := 17 + len(v.S)
	for _, s := range v.Set {
		n += 4 + len(s)
	}
	return n
}
