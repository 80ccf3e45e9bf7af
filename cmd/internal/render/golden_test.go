package render

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

var rewrite = flag.Bool("rewrite", false, "write the golden drawings anew")

// build makes a table of columns, each a name and a func that gives a row's value: string, int64, float64,
// time.Time or nil.
func build(rows int, columns ...column) *Table {
	var fields []arrow.Field
	for _, c := range columns {
		fields = append(fields, arrow.Field{Name: c.name, Type: c.typ, Nullable: true})
	}
	sch := arrow.NewSchema(fields, nil)
	t := NewTable(sch, nil)
	const batch = 700
	for from := 0; from < rows; from += batch {
		b := array.NewRecordBuilder(memory.DefaultAllocator, sch)
		for row := from; row < min(rows, from+batch); row++ {
			for c, col := range columns {
				put(b.Field(c), col.value(row))
			}
		}
		t.Add(b.NewRecord())
		b.Release()
	}
	return t
}

type column struct {
	name  string
	typ   arrow.DataType
	value func(row int) any
}

func put(b array.Builder, v any) {
	switch b := b.(type) {
	case *array.StringBuilder:
		if s, ok := v.(string); ok {
			b.Append(s)
			return
		}
	case *array.Int64Builder:
		if n, ok := v.(int); ok {
			b.Append(int64(n))
			return
		}
	case *array.Float64Builder:
		if f, ok := v.(float64); ok {
			b.Append(f)
			return
		}
	case *array.Date32Builder:
		if d, ok := v.(time.Time); ok {
			b.Append(arrow.Date32FromTime(d))
			return
		}
	}
	b.AppendNull()
}

func texts(name string, values ...any) column {
	return column{name, arrow.BinaryTypes.String, func(row int) any { return values[row%len(values)] }}
}

func ints(name string, value func(row int) any) column {
	return column{name, arrow.PrimitiveTypes.Int64, value}
}

func days(name string) column {
	return column{name, arrow.FixedWidthTypes.Date32, func(row int) any { return time.Date(2026, 1, 1+row, 0, 0, 0, 0, time.UTC) }}
}

func squares(row int) any { return row * row }

// drawings are the tables of the golden file.
func drawings() map[string]*Table {
	wide := make([]column, 200)
	for i := range wide {
		wide[i] = ints(fmt.Sprintf("c%d", i), func(row int) any { return i * 1000 * (row + 1) })
	}
	return map[string]*Table{
		"no rows":    build(0, texts("country", ""), ints("count(*)", squares)),
		"one column": build(1, ints("count", func(int) any { return 1234567 })),
		"groups": build(4, texts("country", "Germany", "Poland", nil, ""), ints("count(*)", func(row int) any { return []int{12345, 999, 1000000, 0}[row] }),
			column{"avg(ltv)", arrow.PrimitiveTypes.Float64, func(row int) any { return []any{1.5, -2.25, nil, 0.0}[row] }}),
		"wide signs":        build(4, texts("name", "日本語のテキスト", "Łódź", "👩‍💻👍🏽", "e\u0301\u0301"), texts("note", "ＡＢＣ", "a\tb\r\nc", "\x1b[31mred\x1b[0m", "\u202ereversed"), ints("n", squares)),
		"long cells":        build(3, texts("id", "c1", "c2", "c3"), texts("plan", strings.Repeat("node of a tree ", 20), "short", strings.Repeat("日本", 90)), ints("a_column_with_a_very_long_name", squares), texts("tail", strings.Repeat("x", 100))),
		"200 columns":       build(2, wide...),
		"many rows":         build(12_345, ints("n", squares), texts("country", "DE", "PL")),
		"narrow, many rows": build(1000, ints("n", func(row int) any { return row })),
		"negative":          build(3, texts("change", "up", "down", "none"), ints("diff", func(row int) any { return []any{40, -20, nil}[row] })),
		"days":              build(90, days("day"), ints("count(*)", func(row int) any { return 100 + row%7*row }), ints("paid", func(row int) any { return 50 - row/2 })),
		"few days":          build(5, days("day"), ints("count(*)", squares)),
		"no chart":          build(2, texts("a", "x"), texts("b", "y"), ints("n", squares)),
	}
}

// TestGolden holds every drawing at three widths, each line within its window.
func TestGolden(t *testing.T) {
	for name, table := range drawings() {
		t.Run(name, func(t *testing.T) {
			var all bytes.Buffer
			for _, width := range []int{40, 80, 120} {
				o := Options{Width: width, Rows: 10, Types: true}
				for _, draw := range []struct {
					what string
					draw func(*bytes.Buffer, Options) error
				}{
					{"box", func(b *bytes.Buffer, o Options) error { return table.Box(b, o) }},
					{"expanded", func(b *bytes.Buffer, o Options) error { return table.Expanded(b, o) }},
					{"chart", func(b *bytes.Buffer, o Options) error { return table.Chart(b, o) }},
				} {
					var b bytes.Buffer
					if err := draw.draw(&b, o); err != nil {
						fmt.Fprintln(&b, "error:", err)
					}
					if draw.what == "expanded" && len(table.Schema().Fields()) > 100 {
						continue // a line for each column says nothing new
					}
					checkLines(t, b.String(), width)
					fmt.Fprintf(&all, "==== %s, %d columns\n%s", draw.what, width, &b)
				}
			}
			fmt.Fprintln(&all, table.Summary(Options{Rows: 10}))
			compare(t, strings.ReplaceAll(name, " ", "-")+".txt", all.String())
		})
	}
}

func checkLines(t *testing.T, text string, width int) {
	t.Helper()
	if strings.HasPrefix(text, "error:") {
		return
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if Width(line) > width || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x202e }) {
			t.Errorf("at %d columns: %q takes %d", width, line, Width(line))
		}
	}
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("drawn as\n%s\nand not as\n%s", got, want)
	}
}

// TestPlain holds what muster query and pipes get: no window, no types, the number of rows.
func TestPlain(t *testing.T) {
	var b bytes.Buffer
	if err := drawings()["groups"].Draw(&b); err != nil {
		t.Fatal(err)
	}
	compare(t, "plain.txt", b.String())
	b.Reset()
	long := build(MaxRows+5, texts("n\x1b", strings.Repeat("ż", 61)), ints("x", squares))
	if err := long.Draw(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{strings.Repeat("ż", 59) + "…", "… 5 more rows …", "1,005 rows (1,000 shown)", "1,008,016 │\n└"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in %.400s", want, b.String())
		}
	}
}

func TestColoursAndASCII(t *testing.T) {
	var b bytes.Buffer
	table := drawings()["groups"]
	if err := table.Box(&b, Options{Style: Style{Colour: true}, Types: true}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\x1b[1mcountry\x1b[0m", "\x1b[2m      INT\x1b[0m", "\x1b[2mNULL   \x1b[0m"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in %q", want, b.String())
		}
	}
	b.Reset()
	ascii := Options{Style: Style{ASCII: true}, Width: 40, Types: true}
	for _, draw := range []error{table.Box(&b, ascii), build(2, texts("a", "x"), ints("n", squares)).Chart(&b, ascii), drawings()["days"].Chart(&b, ascii)} {
		if draw != nil {
			t.Fatal(draw)
		}
	}
	if strings.ContainsFunc(b.String(), func(r rune) bool { return r > 0x7e }) {
		t.Errorf("not ASCII:\n%s", b.String())
	}
}

// TestKeeps holds what is kept of long answers: the first and the last rows, wherever the records are cut.
func TestKeeps(t *testing.T) {
	for _, rows := range []int{0, 1, KeepRows - 1, KeepRows, KeepRows + 1, KeepRows + keepTail, 3 * KeepRows} {
		table := build(rows, ints("n", func(row int) any { return row }))
		if table.Rows() != int64(rows) || table.Whole() != (rows <= KeepRows) {
			t.Errorf("%d rows: %d, whole %v", rows, table.Rows(), table.Whole())
		}
		if rows == 0 {
			continue
		}
		for _, row := range []int{0, min(rows, KeepRows) - 1, max(0, rows-keepTail), rows - 1} {
			if col, i := table.value(int64(row), 0); col == nil || Value(col, i) != fmt.Sprint(row) {
				t.Errorf("%d rows: row %d is not kept", rows, row)
			}
		}
		if table.tail.rows > 2*keepTail+700 {
			t.Errorf("%d rows: %d of the end are kept", rows, table.tail.rows)
		}
		table.Release()
	}
}

func TestSpark(t *testing.T) {
	for want, values := range map[string][]float64{"▁▃▆█": {0, 1, 2, 3}, "▁▁": {5, 5}, "": {}, "▁█": {0, 0, 0, 10, 10, 10}} {
		if got := (Style{}).Spark(values, max(2, min(4, len(values)%6))); got != want {
			t.Errorf("%v: %q, want %q", values, got, want)
		}
	}
}
