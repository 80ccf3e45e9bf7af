package render

import (
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// record makes a record of every type an answer may have, with a row of values and a row of nulls.
func record(t *testing.T) arrow.Record {
	t.Helper()
	sch := arrow.NewSchema([]arrow.Field{
		{Name: "text", Type: arrow.BinaryTypes.String}, {Name: "int", Type: arrow.PrimitiveTypes.Int64},
		{Name: "float", Type: arrow.PrimitiveTypes.Float64}, {Name: "bool", Type: arrow.FixedWidthTypes.Boolean},
		{Name: "decimal", Type: &arrow.Decimal128Type{Precision: 18, Scale: 2}}, {Name: "day", Type: arrow.FixedWidthTypes.Date32},
		{Name: "at", Type: &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}},
		{Name: "since", Type: arrow.FixedWidthTypes.Duration_ms}, {Name: "set", Type: arrow.ListOf(arrow.BinaryTypes.String)},
		{Name: "key", Type: arrow.PrimitiveTypes.Uint64},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, sch)
	defer b.Release()
	b.Field(0).(*array.StringBuilder).Append("a\tb\nc\x1b[31m\u202ered")
	b.Field(1).(*array.Int64Builder).Append(-7)
	b.Field(2).(*array.Float64Builder).Append(0.1)
	b.Field(3).(*array.BooleanBuilder).Append(true)
	b.Field(4).(*array.Decimal128Builder).Append(decimal128.FromI64(-1205))
	b.Field(5).(*array.Date32Builder).Append(arrow.Date32FromTime(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)))
	b.Field(6).(*array.TimestampBuilder).Append(arrow.Timestamp(time.Date(2026, 4, 1, 10, 0, 0, 5e6, time.UTC).UnixMilli()))
	b.Field(7).(*array.DurationBuilder).Append(arrow.Duration((49*time.Hour + 30*time.Second).Milliseconds()))
	list := b.Field(8).(*array.ListBuilder)
	list.Append(true)
	list.ValueBuilder().(*array.StringBuilder).AppendValues([]string{"x", "y"}, nil)
	b.Field(9).(*array.Uint64Builder).Append(255)
	for i := range sch.Fields() {
		b.Field(i).AppendNull()
	}
	return b.NewRecord()
}

func TestTable(t *testing.T) {
	r := record(t)
	defer r.Release()
	table := NewTable(r.Schema())
	table.Add(r)
	for c, want := range []string{
		"a b⏎c�[31m�red", "-7", "0.1", "true", "-12.05", "2026-04-01", "2026-04-01 10:00:00.005Z", "2d 1h 30s", "{x, y}", "00000000000000ff",
	} {
		if got := table.Cell(0, c); got != want {
			t.Errorf("column %d: %q, want %q", c, got, want)
		}
		if got := table.Cell(1, c); got != "NULL" {
			t.Errorf("column %d: %q for null", c, got)
		}
	}
	var out strings.Builder
	if err := table.Draw(&out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	for _, l := range lines[1:6] {
		if len([]rune(l)) != len([]rune(lines[0])) {
			t.Errorf("the lines are not equally long:\n%s", out.String())
		}
	}
	if lines[6] != "2 rows" || !strings.HasPrefix(lines[3], "│ a b⏎c") || !strings.Contains(lines[3], "│   -7 │") {
		t.Errorf("drawn as\n%s", out.String())
	}
}

func TestTableLimits(t *testing.T) {
	sch := arrow.NewSchema([]arrow.Field{{Name: "n\x1b", Type: arrow.BinaryTypes.String}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, sch)
	defer b.Release()
	for range MaxRows + 5 {
		b.Field(0).(*array.StringBuilder).Append(strings.Repeat("ż", 61))
	}
	r := b.NewRecord()
	defer r.Release()
	table := NewTable(sch)
	table.Add(r)
	var out strings.Builder
	if err := table.Draw(&out); err != nil {
		t.Fatal(err)
	}
	if got := table.Cell(0, 0); got != strings.Repeat("ż", 59)+"…" {
		t.Errorf("a long value: %q", got)
	}
	if !strings.Contains(out.String(), "1,005 rows (5 of them not shown") || strings.ContainsRune(out.String(), '\x1b') || table.Rows() != MaxRows+5 {
		t.Errorf("drawn as %.300s … %s", out.String(), out.String()[out.Len()-100:])
	}
	if exact := clip(strings.Repeat("x", maxCell)); len(exact) != maxCell {
		t.Errorf("a value that just fits: %q", exact)
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -999: "-999", 1234567: "1,234,567", -1 << 63: "-9,223,372,036,854,775,808"} {
		if got := Thousands(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestProgress(t *testing.T) {
	var out strings.Builder
	p := NewProgress(&out, true)
	p.Update(10, 10, 100)
	if out.Len() > 0 {
		t.Errorf("short work draws %q", out.String())
	}
	p.begin, p.last = p.begin.Add(-2*time.Second), p.last.Add(-2*time.Second)
	p.Update(2000, 50, 100)
	for _, want := range []string{"████████████░░░░░░░░░░░░", " 50 %", "2,000 rows", "rows/s", "2s left"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %q", want, out.String())
		}
	}
	p.Done()
	if !strings.HasSuffix(out.String(), "\r\x1b[K") {
		t.Errorf("the line is not cleared: %q", out.String())
	}
	var plain strings.Builder
	q := NewProgress(&plain, false)
	q.begin, q.last = q.begin.Add(-time.Minute), q.last.Add(-time.Minute)
	q.Update(600, 0, 0)
	q.Update(700, 0, 0)
	q.Done()
	if lines := strings.Count(plain.String(), "\n"); lines != 1 || strings.ContainsAny(plain.String(), "\r\x1b█") {
		t.Errorf("not on a terminal: %q", plain.String())
	}
}
