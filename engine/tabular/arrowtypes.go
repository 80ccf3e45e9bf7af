package tabular

import (
	"fmt"
	"math/bits"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/storage/schema"
)

// describe sets the type of a column and how its cells are read.
func (c *arrowColumn) describe(f arrow.Field) {
	key, _ := f.Metadata.GetValue(typeKey)
	kind := func(k schema.Kind, read cellReader) { c.col.Type.Kind, c.read = k, read }
	switch t := f.Type.(type) {
	case *arrow.BooleanType:
		kind(schema.KindBool, readBool)
	case *arrow.Int8Type, *arrow.Int16Type, *arrow.Int32Type, *arrow.Int64Type, *arrow.Uint8Type, *arrow.Uint16Type, *arrow.Uint32Type:
		kind(schema.KindInt, readInt)
	case *arrow.Uint64Type:
		kind(schema.KindInt, readUint64)
		if key == schema.KindKey.String() {
			kind(schema.KindKey, readKey)
		}
	case *arrow.Float32Type, *arrow.Float64Type:
		kind(schema.KindFloat, readFloat)
	case *arrow.Decimal128Type:
		c.decimal(t.Scale)
	case *arrow.StringType, *arrow.LargeStringType, *arrow.BinaryType, *arrow.LargeBinaryType:
		kind(schema.KindText, readText)
	case *arrow.Date32Type, *arrow.Date64Type:
		kind(schema.KindDate, readDay)
	case *arrow.TimestampType:
		kind(schema.KindTimestamp, readInstant(t.Unit))
		c.col.Local = t.TimeZone == ""
	case *arrow.DurationType:
		kind(schema.KindDuration, readDuration(t.Unit))
	case *arrow.DictionaryType:
		c.dictionary(t)
	case *arrow.ListType, *arrow.LargeListType:
		c.list(t.(arrow.ListLikeType))
	default:
		c.unsupported(f.Type)
	}
}

func (c *arrowColumn) unsupported(t arrow.DataType) {
	c.col.Type, c.col.Unsupported = schema.Type{}, t.String()
	c.read = func(col *Column, row int, _ arrow.Array, _ int) string {
		col.null(row)
		return ""
	}
}

func (c *arrowColumn) decimal(scale int32) {
	if scale < 0 || scale > exact.MaxScale {
		c.unsupported(&arrow.Decimal128Type{Scale: scale})
		return
	}
	keep := uint8(min(scale, schema.MaxScale))
	c.col.Type = schema.Type{Kind: schema.KindDecimal, Scale: keep}
	c.read = func(col *Column, row int, a arrow.Array, i int) string {
		v := a.(*array.Decimal128).Value(i)
		return addDecimal(col, row, exact.Decimal(exact.Int128{Hi: v.HighBits(), Lo: v.LowBits()}, uint8(scale)))
	}
}

// addDecimal adds a number to a DECIMAL column.
func addDecimal(col *Column, row int, x exact.Number) string {
	u, ok := x.Fits(col.Type.Scale)
	if !ok {
		return fmt.Sprintf("%s does not fit %s", x, col.Type)
	}
	col.int(row, u)
	return ""
}

// dictionary reads the values that the indices stand for.
func (c *arrowColumn) dictionary(t *arrow.DictionaryType) {
	c.describe(arrow.Field{Type: t.ValueType})
	read := c.read
	c.read = func(col *Column, row int, a arrow.Array, i int) string {
		d := a.(*array.Dictionary)
		values, at := d.Dictionary(), d.GetValueIndex(i)
		if values.IsNull(at) {
			col.null(row)
			return ""
		}
		return read(col, row, values, at)
	}
}

// list reads a list of texts as a SET; a null among them is no element.
func (c *arrowColumn) list(t arrow.ListLikeType) {
	elem := arrowColumn{}
	elem.describe(arrow.Field{Type: t.Elem()})
	if elem.col.Type.Kind != schema.KindText {
		c.unsupported(t)
		return
	}
	c.col.Type.Kind = schema.KindSet
	c.read = func(col *Column, row int, a arrow.Array, i int) string {
		l := a.(array.ListLike)
		from, to := l.ValueOffsets(i)
		if to-from > schema.MaxSetValues {
			return fmt.Sprintf("the set has %d values; the most is %d", to-from, schema.MaxSetValues)
		}
		had := uint32(col.Texts.Len())
		for ; from < to; from++ {
			text, ok := textAt(l.ListValues(), int(from))
			if !ok {
				continue
			}
			if reason := checkText(text, schema.MaxSetValueBytes); reason != "" {
				col.cutTexts(had)
				return reason
			}
			col.Texts.Append(text)
		}
		col.mark(row, true)
		col.endSet()
		return ""
	}
}

// textAt returns a text of an array of texts, possibly of a dictionary; ok is false for null.
func textAt(a arrow.Array, i int) (text []byte, ok bool) {
	if a.IsNull(i) {
		return nil, false
	}
	switch a := a.(type) {
	case *array.Dictionary:
		return textAt(a.Dictionary(), a.GetValueIndex(i))
	case *array.Binary:
		return a.Value(i), true
	case *array.LargeBinary:
		return a.Value(i), true
	case *array.String:
		return []byte(a.Value(i)), true
	case *array.LargeString:
		return []byte(a.Value(i)), true
	}
	return nil, false
}

// checkText says why bytes are no text.
func checkText(text []byte, limit int) string {
	if len(text) > limit {
		return fmt.Sprintf("the value has %d bytes; the longest is %d", len(text), limit)
	}
	if !utf8.Valid(text) {
		return "the value is not UTF-8"
	}
	return ""
}

func readText(c *Column, row int, a arrow.Array, i int) string {
	text, _ := textAt(a, i)
	if reason := checkText(text, schema.MaxTextBytes); reason != "" {
		return reason
	}
	c.text(row, text)
	return ""
}

func readBool(c *Column, row int, a arrow.Array, i int) string {
	v := int64(0)
	if a.(*array.Boolean).Value(i) {
		v = 1
	}
	c.int(row, v)
	return ""
}

func readInt(c *Column, row int, a arrow.Array, i int) string {
	switch a := a.(type) {
	case *array.Int8:
		c.int(row, int64(a.Value(i)))
	case *array.Int16:
		c.int(row, int64(a.Value(i)))
	case *array.Int32:
		c.int(row, int64(a.Value(i)))
	case *array.Int64:
		c.int(row, a.Value(i))
	case *array.Uint8:
		c.int(row, int64(a.Value(i)))
	case *array.Uint16:
		c.int(row, int64(a.Value(i)))
	case *array.Uint32:
		c.int(row, int64(a.Value(i)))
	}
	return ""
}

func readUint64(c *Column, row int, a arrow.Array, i int) string {
	v := a.(*array.Uint64).Value(i)
	if v > 1<<63-1 {
		return fmt.Sprintf("%d is too large for INT", v)
	}
	c.int(row, int64(v))
	return ""
}

func readKey(c *Column, row int, a arrow.Array, i int) string {
	c.int(row, int64(a.(*array.Uint64).Value(i)))
	return ""
}

func readFloat(c *Column, row int, a arrow.Array, i int) string {
	if a, ok := a.(*array.Float32); ok {
		c.float(row, float64(a.Value(i)))
		return ""
	}
	c.float(row, a.(*array.Float64).Value(i))
	return ""
}

func readDay(c *Column, row int, a arrow.Array, i int) string {
	if a, ok := a.(*array.Date32); ok {
		c.int(row, int64(a.Value(i)))
		return ""
	}
	c.int(row, floorDiv(int64(a.(*array.Date64).Value(i)), calendar.Day))
	return ""
}

func floorDiv(x, y int64) int64 {
	q := x / y
	if x%y < 0 {
		q--
	}
	return q
}

// millis returns a time in a unit as ms; what is less than a millisecond is cut off.
func millis(v int64, unit arrow.TimeUnit) (int64, bool) {
	switch unit {
	case arrow.Second:
		hi, lo := bits.Mul64(uint64(max(v, -v)), 1000)
		return v * 1000, hi == 0 && lo < 1<<63
	case arrow.Microsecond:
		return floorDiv(v, 1000), true
	case arrow.Nanosecond:
		return floorDiv(v, 1_000_000), true
	}
	return v, true
}

func readInstant(unit arrow.TimeUnit) cellReader {
	return func(c *Column, row int, a arrow.Array, i int) string {
		return addTime(c, row, int64(a.(*array.Timestamp).Value(i)), unit)
	}
}

func readDuration(unit arrow.TimeUnit) cellReader {
	return func(c *Column, row int, a arrow.Array, i int) string {
		return addTime(c, row, int64(a.(*array.Duration).Value(i)), unit)
	}
}

func addTime(c *Column, row int, v int64, unit arrow.TimeUnit) string {
	ms, ok := millis(v, unit)
	if !ok || ms > calendar.MaxMS || ms < -calendar.MaxMS {
		return "the time is out of range"
	}
	c.int(row, ms)
	return ""
}
