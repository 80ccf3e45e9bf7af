package tabular

import (
	"github.com/apache/arrow/go/v17/arrow"
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
