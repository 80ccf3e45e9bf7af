package rowtext

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// The slow way: a cell becomes a Go value by the array's own methods and a text by the standard library.

// slowCell returns a cell as the JSON library takes it and as a CSV field without its quotes.
func slowCell(a arrow.Array, i int) (asJSON any, asCSV string) {
	if a.IsNull(i) {
		return nil, ""
	}
	switch a := a.(type) {
	case *array.Boolean:
		return a.Value(i), strconv.FormatBool(a.Value(i))
	case *array.Int64:
		return a.Value(i), strconv.FormatInt(a.Value(i), 10)
	case *array.Float64:
		return slowFloat(a.Value(i))
	case *array.Decimal128:
		return slowDecimal(a, i)
	case *array.String:
		return a.Value(i), a.Value(i)
	case *array.Date32:
		s := time.Unix(int64(a.Value(i))*86400, 0).UTC().Format("2006-01-02")
		return s, s
	case *array.Timestamp:
		s := time.UnixMilli(int64(a.Value(i))).UTC().Format("2006-01-02T15:04:05.000Z")
		s = strings.Replace(s, ".000Z", "Z", 1)
		return s, s
	case *array.Uint64:
		s := fmt.Sprintf("%016x", a.Value(i))
		return s, s
	case *array.Duration:
		s := slowDuration(int64(a.Value(i)))
		return s, s
	case *array.List:
		from, to := a.ValueOffsets(i)
		set := []string{}
		for j := from; j < to; j++ {
			set = append(set, a.ListValues().(*array.String).Value(int(j)))
		}
		return set, strings.TrimSpace(slowJSON(set))
	}
	panic(a.DataType())
}

func slowFloat(f float64) (any, string) {
	form := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		form = 'e'
	}
	text := strconv.FormatFloat(f, form, -1, 64)
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, text
	}
	return json.Number(text), text
}

func slowDecimal(a *array.Decimal128, i int) (any, string) {
	scale := int(a.DataType().(*arrow.Decimal128Type).Scale)
	v := a.Value(i).BigInt()
	d := new(big.Int).Abs(v).String()
	for len(d) <= scale {
		d = "0" + d
	}
	if scale > 0 {
		d = d[:len(d)-scale] + "." + d[len(d)-scale:]
	}
	if v.Sign() < 0 {
		d = "-" + d
	}
	return json.Number(d), d
}

func slowDuration(ms int64) string {
	for _, u := range []struct {
		name string
		ms   int64
	}{{"d", 86_400_000}, {"h", 3_600_000}, {"m", 60_000}, {"s", 1000}} {
		if ms != 0 && ms%u.ms == 0 {
			return fmt.Sprint(ms/u.ms, u.name)
		}
	}
	return fmt.Sprint(ms, "ms")
}

func slowJSON(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	// The library writes these four longer than we do.
	s := b.String()
	for long, short := range map[string]string{`\u2028`: "\u2028", `\u2029`: "\u2029", `\b`: `\u0008`, `\f`: `\u000c`} {
		s = strings.ReplaceAll(s, long, short)
	}
	return strings.TrimSuffix(s, "\n")
}

// slowLines is NDJSON with the members in the order of the columns.
func slowLines(rec arrow.Record) string {
	var out strings.Builder
	for i := range int(rec.NumRows()) {
		out.WriteByte('{')
		for j, a := range rec.Columns() {
			if j > 0 {
				out.WriteByte(',')
			}
			cell, _ := slowCell(a, i)
			out.WriteString(slowJSON(rec.ColumnName(j)) + ":" + slowJSON(cell))
		}
		out.WriteString("}\n")
	}
	return out.String()
}

// checkCSV has encoding/csv read what it should read: it does not write null apart from the empty text.
func checkCSV(t *testing.T, got []byte, rec arrow.Record) {
	t.Helper()
	r := csv.NewReader(bytes.NewReader(got))
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != int(rec.NumRows())+1 {
		t.Fatalf("%d lines, want %d and a head", len(rows), rec.NumRows())
	}
	for j, a := range rec.Columns() {
		if rows[0][j] != strings.ReplaceAll(rec.ColumnName(j), "\r\n", "\n") {
			t.Fatalf("column %q, want %q", rows[0][j], rec.ColumnName(j))
		}
		for i := range a.Len() {
			_, want := slowCell(a, i)
			want = strings.ReplaceAll(want, "\r\n", "\n") // as encoding/csv reads it
			if got := rows[i+1][j]; got != want {
				t.Fatalf("row %d, %s: %q, want %q", i, rec.ColumnName(j), got, want)
			}
		}
	}
}

var awkward = []string{
	"", "a", "żółw", `say "no"`, "a,b", "line\nbreak", "cr\r\nlf", " lead", "007", "\\", "\t", "[1]", "null", "\u2028", "0123456\"", "01234567,",
	"\x00", "\x1f", "\x7f", "12345678é", "é", "日本語テキスト", "1234567\n", strings.Repeat("long ", 100), "\b\f", `""`, `"`,
}

var tame = []string{"PL", "DE", "US", "customer", "a longer text of words"}

func testSchema() *arrow.Schema {
	var fields []arrow.Field
	for i, t := range []arrow.DataType{
		arrow.FixedWidthTypes.Boolean, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Float64,
		&arrow.Decimal128Type{Precision: 38, Scale: 2}, &arrow.Decimal128Type{Precision: 38, Scale: 25}, arrow.BinaryTypes.String,
		arrow.FixedWidthTypes.Date32, &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"},
		arrow.ListOfNonNullable(arrow.BinaryTypes.String), arrow.PrimitiveTypes.Uint64, arrow.FixedWidthTypes.Duration_ms, arrow.BinaryTypes.String,
	} {
		fields = append(fields, arrow.Field{Name: awkward[i], Type: t, Nullable: true})
	}
	return arrow.NewSchema(fields, nil)
}

// random makes a record; a text column has tame texts only every other time, and nulls two times of three.
func random(rng *rand.Rand, rows int) arrow.Record {
	b := array.NewRecordBuilder(memory.DefaultAllocator, testSchema())
	defer b.Release()
	for _, f := range b.Fields() {
		texts, nulls := awkward, rng.IntN(3)
		if rng.IntN(2) == 0 {
			texts = tame
		}
		for range rows {
			if nulls > 0 && rng.IntN(5) == 0 {
				f.AppendNull()
				continue
			}
			appendRandom(rng, f, texts)
		}
	}
	return b.NewRecord()
}

func appendRandom(rng *rand.Rand, b array.Builder, texts []string) {
	narrow := int64(rng.Uint64()) >> rng.IntN(64)
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(narrow&1 == 0)
	case *array.Int64Builder:
		b.Append(narrow)
	case *array.Float64Builder:
		b.Append([]float64{float64(narrow), math.Ldexp(rng.NormFloat64(), rng.IntN(80)-40), math.Inf(1), math.NaN(), 0}[rng.IntN(5)])
	case *array.Decimal128Builder:
		b.Append(decimal128.New(narrow>>63&-int64(rng.IntN(2))|narrow>>rng.IntN(64), rng.Uint64()))
	case *array.StringBuilder:
		b.Append(texts[rng.IntN(len(texts))])
	case *array.Date32Builder:
		b.Append(arrow.Date32(rng.IntN(60_000) - 20_000))
	case *array.TimestampBuilder:
		at := arrow.Timestamp(rng.Int64N(4e12) - 1e12)
		b.Append([]arrow.Timestamp{at, at / 1000 * 1000, 1.7e12 + at%dayMS}[rng.IntN(3)])
	case *array.ListBuilder:
		b.Append(true)
		for range rng.IntN(4) {
			b.ValueBuilder().(*array.StringBuilder).Append(texts[rng.IntN(len(texts))])
		}
	case *array.Uint64Builder:
		b.Append(rng.Uint64())
	case *array.DurationBuilder:
		b.Append(arrow.Duration(narrow))
	}
}
