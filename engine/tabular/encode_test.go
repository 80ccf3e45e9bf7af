package tabular

import (
	"fmt"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/engine/rowtext"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/storage/schema"
)

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
		t, err := rowtext.TypeOf(a.DataType())
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
