package render

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/musterdb/muster/query/calendar"
)

// Value returns a value of an answer as people read it, instants in UTC. The value is not null.
func Value(col arrow.Array, i int) string {
	switch col := col.(type) {
	case *array.String:
		return col.Value(i)
	case *array.Int64:
		return itoa(col.Value(i))
	case *array.Uint64:
		return fmt.Sprintf("%016x", col.Value(i))
	case *array.Float64:
		return strconv.FormatFloat(col.Value(i), 'g', -1, 64)
	case *array.Boolean:
		return strconv.FormatBool(col.Value(i))
	case *array.Decimal128:
		return col.Value(i).ToString(col.DataType().(*arrow.Decimal128Type).Scale)
	case *array.Date32:
		return col.Value(i).ToTime().Format(time.DateOnly)
	case *array.Timestamp:
		return instant(calendar.UTC, int64(col.Value(i)))
	case *array.Duration:
		return duration(int64(col.Value(i)))
	case *array.List:
		return list(col, i)
	}
	return col.ValueStr(i)
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// TypeName returns the language's name of the type of a column.
func TypeName(t arrow.DataType) string {
	switch t := t.(type) {
	case *arrow.StringType:
		return "TEXT"
	case *arrow.Int64Type:
		return "INT"
	case *arrow.Uint64Type:
		return "KEY"
	case *arrow.Float64Type:
		return "FLOAT"
	case *arrow.BooleanType:
		return "BOOL"
	case *arrow.Decimal128Type:
		return fmt.Sprintf("DECIMAL(%d)", t.Scale)
	case *arrow.Date32Type:
		return "DATE"
	case *arrow.TimestampType:
		return "TIMESTAMP"
	case *arrow.DurationType:
		return "DURATION"
	case *arrow.ListType:
		return "SET"
	}
	return t.String()
}

// duration writes a length of ms by its days, hours, minutes and seconds: 41d 7h 12m.
func duration(ms int64) string {
	if ms == 0 {
		return "0s"
	}
	var parts []string
	for _, u := range []struct {
		name string
		ms   int64
	}{{"d", calendar.Day}, {"h", calendar.Hour}, {"m", calendar.Minute}, {"s", calendar.Second}, {"ms", 1}} {
		if n := ms / u.ms; n != 0 {
			parts = append(parts, itoa(n)+u.name)
			ms -= n * u.ms
		}
	}
	return strings.Join(parts, " ")
}

func list(col *array.List, i int) string {
	from, to := col.ValueOffsets(i)
	parts := make([]string, 0, to-from)
	for j := from; j < to; j++ {
		parts = append(parts, Value(col.ListValues(), int(j)))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
