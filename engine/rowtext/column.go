package rowtext

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/musterdb/muster/storage/schema"
)

// TypeOf returns the type that an Arrow type stands for in an answer: bool, int64, float64, decimal128,
// utf8, date32, timestamp[ms], list<utf8> for SET, uint64 for KEY, duration[ms] and null. Other types are
// an error.
func TypeOf(t arrow.DataType) (schema.Type, error) {
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

// column is one column of a record: the buffers of its cells.
type column struct {
	kind  schema.Kind
	scale uint8
	clean bool   // TEXT: no cell needs quotes or escapes, so each is copied as it is
	valid []byte // bits of the cells that are not null; nil if none is
	bit   int    // the place of cell 0 in valid, and in bits

	bits     []byte           // BOOL
	ints     []int64          // INT TIMESTAMP DURATION
	floats   []float64        // FLOAT
	decimals []decimal128.Num // DECIMAL
	days     []arrow.Date32   // DATE
	keys     []uint64         // KEY
	ends     []int32          // TEXT, SET: cell i ends where cell i+1 begins
	text     []byte           // TEXT
	elems    texts            // SET

	day dayText // the day printed last
}

// texts are the buffers of an array of texts.
type texts struct {
	ends []int32
	text []byte
}

func (t *texts) at(i int32) []byte { return t.text[t.ends[i]:t.ends[i+1]] }

// columns reads the buffers of a record's columns; clean looks whether a stretch of TEXT needs no care.
func columns(rec arrow.Record, clean func(ends []int32, text []byte) bool) ([]column, error) {
	out := make([]column, rec.NumCols())
	for i, a := range rec.Columns() {
		t, err := TypeOf(a.DataType())
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", rec.ColumnName(i), err)
		}
		c := &out[i]
		c.kind, c.scale = t.Kind, t.Scale
		if a.Len() == 0 {
			continue
		}
		c.read(a)
		if c.kind == schema.KindText {
			c.clean = clean(c.ends, c.text)
		}
	}
	return out, nil
}

// read takes the buffers of an array of at least one cell.
func (c *column) read(a arrow.Array) {
	if a.NullN() > 0 {
		c.valid, c.bit = a.NullBitmapBytes(), a.Data().Offset()
	}
	switch a := a.(type) {
	case *array.Boolean:
		c.bits, c.bit = a.Data().Buffers()[1].Bytes(), a.Data().Offset()
	case *array.Int64:
		c.ints = a.Int64Values()
	case *array.Float64:
		c.floats = a.Float64Values()
	case *array.Decimal128:
		c.decimals = a.Values()
	case *array.String:
		t := textsOf(a)
		c.ends, c.text = t.ends, t.text
	case *array.Date32:
		c.days = a.Date32Values()
	case *array.Timestamp:
		c.ints = arrow.Int64Traits.CastFromBytes(arrow.TimestampTraits.CastToBytes(a.TimestampValues()))
	case *array.Uint64:
		c.keys = a.Uint64Values()
	case *array.Duration:
		c.ints = arrow.Int64Traits.CastFromBytes(arrow.DurationTraits.CastToBytes(a.DurationValues()))
	case *array.List:
		c.ends = endsOf(a.Data())
		if e := a.ListValues().(*array.String); e.Len() > 0 {
			c.elems = textsOf(e)
		}
	}
}

// textsOf returns the buffers of an array of at least one text.
func textsOf(a *array.String) texts {
	t := texts{ends: endsOf(a.Data())}
	if b := a.Data().Buffers()[2]; b != nil {
		t.text = b.Bytes()
	}
	return t
}

// endsOf returns the offsets of an array of texts or lists.
func endsOf(d arrow.ArrayData) []int32 {
	return arrow.Int32Traits.CastFromBytes(d.Buffers()[1].Bytes())[d.Offset() : d.Offset()+d.Len()+1]
}

// null says whether cell i is null.
func (c *column) null(i int) bool {
	if c.valid == nil {
		return c.kind == schema.KindNull
	}
	i += c.bit
	return c.valid[i>>3]>>(i&7)&1 == 0
}

// cell returns TEXT cell i.
func (c *column) cell(i int) []byte { return c.text[c.ends[i]:c.ends[i+1]] }
