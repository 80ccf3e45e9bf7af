package enginetest

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/musterdb/muster/engine/oracle"
	"github.com/musterdb/muster/query/plan"
)

// appendRows adds a record's rows in the oracle's form of a cell.
func appendRows(out [][]oracle.Cell, rec arrow.Record, q *plan.Query) [][]oracle.Cell {
	for i := range int(rec.NumRows()) {
		row := make([]oracle.Cell, q.Visible)
		for c := range row {
			row[c] = cellAt(rec.Column(c), i)
		}
		out = append(out, row)
	}
	return out
}

func cellAt(a arrow.Array, i int) oracle.Cell {
	if a.IsNull(i) {
		return oracle.Cell{Null: true}
	}
	return oracle.Cell{Text: textAt(a, i)}
}

func textAt(a arrow.Array, i int) string {
	switch a := a.(type) {
	case *array.Boolean:
		return strconv.FormatBool(a.Value(i))
	case *array.Int64:
		return strconv.FormatInt(a.Value(i), 10)
	case *array.Float64:
		return strconv.FormatFloat(a.Value(i)+0, 'g', -1, 64) // −0 + 0 is 0: zero's sign is no part of the language
	case *array.Decimal128:
		return decimalText(a.Value(i), a.DataType().(*arrow.Decimal128Type).Scale)
	case *array.String:
		return a.Value(i)
	case *array.Date32:
		return a.Value(i).ToTime().UTC().Format("2006-01-02")
	case *array.Timestamp:
		return time.UnixMilli(int64(a.Value(i))).UTC().Format("2006-01-02T15:04:05.000Z")
	case *array.List:
		return setText(a, i)
	case *array.Uint64:
		return fmt.Sprintf("%016x", a.Value(i))
	case *array.Duration:
		return strconv.FormatInt(int64(a.Value(i)), 10) + "ms"
	}
	return fmt.Sprintf("a cell of %v", a.DataType())
}

func decimalText(n decimal128.Num, scale int32) string {
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	return new(big.Rat).SetFrac(n.BigInt(), ten).FloatString(int(scale))
}

func setText(a *array.List, i int) string {
	from, to := a.ValueOffsets(i)
	texts := a.ListValues().(*array.String)
	var quoted []string
	for j := from; j < to; j++ {
		quoted = append(quoted, "'"+strings.ReplaceAll(texts.Value(int(j)), "'", "''")+"'")
	}
	return "{" + strings.Join(quoted, ", ") + "}"
}
