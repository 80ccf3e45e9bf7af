package eval

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// maxPrecision is the number of digits that a decimal128 column declares: every 128-bit total fits.
const maxPrecision = 38

var timestampType = &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}

// ArrowType returns the Arrow type in which values of a type leave the engine.
func ArrowType(t plan.Type) arrow.DataType {
	switch t.Kind {
	case schema.KindBool:
		return arrow.FixedWidthTypes.Boolean
	case schema.KindInt:
		return arrow.PrimitiveTypes.Int64
	case schema.KindFloat:
		return arrow.PrimitiveTypes.Float64
	case schema.KindDecimal:
		return &arrow.Decimal128Type{Precision: maxPrecision, Scale: int32(t.Scale)}
	case schema.KindText:
		return arrow.BinaryTypes.String
	case schema.KindDate:
		return arrow.FixedWidthTypes.Date32
	case schema.KindTimestamp:
		return timestampType
	case schema.KindSet:
		return arrow.ListOfNonNullable(arrow.BinaryTypes.String)
	case schema.KindKey:
		return arrow.PrimitiveTypes.Uint64
	case schema.KindDuration:
		return arrow.FixedWidthTypes.Duration_ms
	}
	return arrow.Null
}

// AnswerSchema returns the schema of a SELECT's answer.
func AnswerSchema(q *plan.Query) *arrow.Schema {
	return arrow.NewSchema(fields(q.Items[:q.Visible]), nil)
}

// tieName names the last column of an ordered partial answer: the contact's id, which breaks ties. No
// name of the language can be the same.
const tieName = "\x00tie"

// PartialSchema returns the schema of one shard's part of the answer: that of the answer, and if it is
// ordered, the columns that only the order needs and the contact's id.
func PartialSchema(q *plan.Query) *arrow.Schema {
	if len(q.Order) == 0 {
		return AnswerSchema(q)
	}
	return arrow.NewSchema(append(fields(q.Items), arrow.Field{Name: tieName, Type: arrow.BinaryTypes.Binary}), nil)
}

func fields(items []plan.Item) []arrow.Field {
	out := make([]arrow.Field, len(items), len(items)+1)
	for i, it := range items {
		out[i] = arrow.Field{Name: it.Name, Type: ArrowType(it.X.Type()), Nullable: true}
	}
	return out
}
