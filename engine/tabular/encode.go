package tabular

import (
	"fmt"
	"math"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/storage/schema"
)

// Field returns the Arrow field in which a Writer expects a column of a type: bool, int64, float64,
// decimal128(38, scale), utf8, date32, timestamp[ms, UTC], list<utf8> for SET, uint64 for KEY and
// duration[ms]. KEY is noted in the field's metadata, for Arrow has no word for it.
func Field(name string, t schema.Type) arrow.Field {
	f := arrow.Field{Name: name, Nullable: true, Type: arrow.Null}
	switch t.Kind {
	case schema.KindBool:
		f.Type = arrow.FixedWidthTypes.Boolean
	case schema.KindInt:
		f.Type = arrow.PrimitiveTypes.Int64
	case schema.KindFloat:
		f.Type = arrow.PrimitiveTypes.Float64
	case schema.KindDecimal:
		f.Type = &arrow.Decimal128Type{Precision: 38, Scale: int32(t.Scale)}
	case schema.KindText:
		f.Type = arrow.BinaryTypes.String
	case schema.KindDate:
		f.Type = arrow.FixedWidthTypes.Date32
	case schema.KindTimestamp:
		f.Type = arrow.FixedWidthTypes.Timestamp_ms
	case schema.KindSet:
		f.Type = arrow.ListOf(arrow.BinaryTypes.String)
	case schema.KindKey:
		f.Type = arrow.PrimitiveTypes.Uint64
		f.Metadata = arrow.NewMetadata([]string{typeKey}, []string{t.String()})
	case schema.KindDuration:
		f.Type = arrow.FixedWidthTypes.Duration_ms
	}
	return f
}

// typeOf returns the type that a field of a Writer's schema stands for.
func typeOf(t arrow.DataType) (schema.Type, error) {
	kind := schema.KindNull
	switch t := t.(type) {
	case *arrow.NullType:
	case *arrow.BooleanType:
		kind = schema.KindBool
	case *arrow.Int64Type:
		kind = schema.KindInt
	case *arrow.Float64Type:
		kind = schema.KindFloat
	case *arrow.Decimal128Type:
		return schema.Type{Kind: schema.KindDecimal, Scale: uint8(t.Scale)}, nil
	case *arrow.StringType:
		kind = schema.KindText
	case *arrow.Date32Type:
		kind = schema.KindDate
	case *arrow.TimestampType:
		kind = schema.KindTimestamp
	case *arrow.ListType:
		kind = schema.KindSet
	case *arrow.Uint64Type:
		kind = schema.KindKey
	case *arrow.DurationType:
		kind = schema.KindDuration
	default:
		return schema.Type{}, fmt.Errorf("columns of type %s cannot be written", t)
	}
	return schema.Type{Kind: kind}, nil
}

// appender appends cell i of an array, which is not null, as text.
type appender func(dst []byte, i int) []byte

// textual are the cells of one column of a record: as text, and whether that text needs quotes in JSON.
type textual struct {
	array  arrow.Array
	append appender
	kind   schema.Kind
}

// textuals prepares the columns of a record.
func textuals(dst []textual, rec arrow.Record) ([]textual, error) {
	dst = dst[:0]
	for i, a := range rec.Columns() {
		t, err := typeOf(a.DataType())
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", rec.ColumnName(i), err)
		}
		dst = append(dst, textual{a, appenderOf(a), t.Kind})
	}
	return dst, nil
}

func appenderOf(a arrow.Array) appender {
	switch a := a.(type) {
	case *array.Boolean:
		return func(dst []byte, i int) []byte { return strconv.AppendBool(dst, a.Value(i)) }
	case *array.Int64:
		v := a.Int64Values()
		return func(dst []byte, i int) []byte { return strconv.AppendInt(dst, v[i], 10) }
	case *array.Float64:
		v := a.Float64Values()
		return func(dst []byte, i int) []byte { return exact.AppendFloat(dst, v[i]) }
	case *array.Decimal128:
		scale := uint8(a.DataType().(*arrow.Decimal128Type).Scale)
		return func(dst []byte, i int) []byte {
			v := a.Value(i)
			if low := int64(v.LowBits()); low>>63 == v.HighBits() {
				return exact.AppendDecimal(dst, low, scale)
			}
			return exact.Decimal(exact.Int128{Hi: v.HighBits(), Lo: v.LowBits()}, scale).Append(dst)
		}
	case *array.String:
		return func(dst []byte, i int) []byte { return append(dst, a.Value(i)...) }
	case *array.Date32:
		return func(dst []byte, i int) []byte { return calendar.AppendDate(dst, int64(a.Value(i))) }
	case *array.Timestamp:
		return func(dst []byte, i int) []byte { return calendar.AppendTimestamp(dst, int64(a.Value(i))) }
	case *array.Uint64:
		return func(dst []byte, i int) []byte { return scalar.AppendKey(dst, a.Value(i)) }
	case *array.Duration:
		return func(dst []byte, i int) []byte { return append(dst, calendar.FormatDuration(int64(a.Value(i)))...) }
	case *array.List:
		return func(dst []byte, i int) []byte { return appendList(dst, a, i) }
	}
	return func(dst []byte, _ int) []byte { return dst }
}

// appendList appends a SET as a JSON array.
func appendList(dst []byte, a *array.List, i int) []byte {
	values := a.ListValues().(*array.String)
	from, to := a.ValueOffsets(i)
	dst = append(dst, '[')
	for j := from; j < to; j++ {
		if j > from {
			dst = append(dst, ',')
		}
		dst = scalar.AppendJSONText(dst, values.Value(int(j)))
	}
	return append(dst, ']')
}

// appendJSON appends a cell as a JSON value: numbers with all their digits, a FLOAT that is infinite as
// null, everything else but BOOL and SET as a string.
func (t *textual) appendJSON(dst []byte, i int) []byte {
	if t.array.IsNull(i) || t.kind == schema.KindNull {
		return append(dst, "null"...)
	}
	switch t.kind {
	case schema.KindBool, schema.KindInt, schema.KindDecimal, schema.KindSet:
		return t.append(dst, i)
	case schema.KindFloat:
		if f := t.array.(*array.Float64).Value(i); math.IsInf(f, 0) || f != f {
			return append(dst, "null"...)
		}
		return t.append(dst, i)
	case schema.KindText:
		return scalar.AppendJSONText(dst, t.array.(*array.String).Value(i))
	}
	dst = append(dst, '"')
	return append(t.append(dst, i), '"')
}

// appendCSV appends a cell as a CSV field: null is empty, the empty text is "".
func (t *textual) appendCSV(dst []byte, i int, comma byte) []byte {
	if t.array.IsNull(i) {
		return dst
	}
	from := len(dst)
	dst = t.append(dst, i)
	if t.kind != schema.KindText && t.kind != schema.KindSet {
		return dst
	}
	return quoteCSV(dst, from, comma)
}

// quoteCSV puts the field from an index on into quotes if it needs them.
func quoteCSV(dst []byte, from int, comma byte) []byte {
	quotes, need := 0, len(dst) == from
	for _, c := range dst[from:] {
		if c == '"' {
			quotes++
		}
		need = need || c == '"' || c == comma || c == '\n' || c == '\r'
	}
	if !need {
		return dst
	}
	n := len(dst)
	for range quotes + 2 {
		dst = append(dst, '"')
	}
	// From the end backwards, so that nothing is overwritten before it has moved.
	to := len(dst) - 2
	for i := n - 1; i >= from; i-- {
		dst[to] = dst[i]
		to--
		if dst[i] == '"' {
			dst[to] = '"'
			to--
		}
	}
	dst[from] = '"'
	return dst
}
