package rowtext

import (
	"fmt"
	"html"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

func markdown(t *testing.T, recs ...arrow.Record) string {
	t.Helper()
	m, err := NewMarkdown(recs[0].Schema())
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for _, rec := range recs {
		if out, err = m.Append(out, rec); err != nil {
			t.Fatal(err)
		}
	}
	return string(m.End(out))
}

func TestMarkdown(t *testing.T) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.BinaryTypes.String}, {Name: "ltv", Type: &arrow.Decimal128Type{Precision: 38, Scale: 2}},
		{Name: "a|b", Type: arrow.BinaryTypes.String},
	}, nil))
	b.Field(0).(*array.StringBuilder).AppendValues([]string{"c1", "żółw", ""}, nil)
	b.Field(1).(*array.Decimal128Builder).AppendValues([]decimal128.Num{decimal128.FromI64(125), decimal128.FromI64(-1234567), {}}, []bool{true, true, false})
	b.Field(2).(*array.StringBuilder).AppendValues([]string{"x|y\\", "two\nlines", "<b>&amp;"}, nil)
	want := `
| id   |       ltv | a\|b            |
| ---- | --------: | --------------- |
| c1   |      1.25 | x\|y\\          |
| żółw | -12345.67 | two<br>lines    |
| ""   |           | &lt;b>&amp;amp; |
`[1:]
	if got := markdown(t, b.NewRecord()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := markdown(t, b.NewRecord()); got != "| id  | ltv | a\\|b |\n| --- | --: | ---- |\n" {
		t.Errorf("a table without rows is\n%s", got)
	}
}

var cellOf = regexp.MustCompile(`\| ((?:\\.|[^\\|])*) `)

// TestMarkdownReadsBack undoes the escapes of random tables, which are longer than what is held back.
func TestMarkdownReadsBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for _, rows := range []int{0, 1, layoutRows - 1, layoutRows, layoutRows + 1, 2500} {
		rec := random(rng, rows)
		got := strings.Split(strings.TrimSuffix(markdown(t, rec.NewSlice(0, int64(rows/3)), rec.NewSlice(int64(rows/3), int64(rows))), "\n"), "\n")
		if len(got) != rows+2 {
			t.Fatalf("%d lines for %d rows", len(got), rows)
		}
		for i, line := range got[2:] {
			cells := cellOf.FindAllStringSubmatch(line, -1)
			if len(cells) != int(rec.NumCols()) || !utf8.ValidString(line) {
				t.Fatalf("%d cells in %s", len(cells), line)
			}
			for j, a := range rec.Columns() {
				_, want := slowCell(a, i)
				if s, ok := a.(*array.String); ok && !a.IsNull(i) && s.Value(i) == "" {
					want = `""`
				}
				if got := undone(cells[j][1]); got != shownPlain(want) {
					t.Fatalf("row %d, %s: %q, want %q", i, rec.ColumnName(j), got, shownPlain(want))
				}
			}
		}
	}
}

// shownPlain is what of a text a table shows: line breaks are all alike, blanks around it and control
// characters are not there.
func shownPlain(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	return strings.Trim(s, " ")
}

func undone(s string) string {
	s = regexp.MustCompile(`\\(.)`).ReplaceAllString(s, "$1")
	s = strings.ReplaceAll(s, "<br>", "\n")
	return strings.Trim(html.UnescapeString(s), " ")
}

// TestMarkdownMemory: what is held back does not grow with the cells.
func TestMarkdownMemory(t *testing.T) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.BinaryTypes.String}}, nil))
	long := strings.Repeat("long", 50_000)
	for range 30 {
		b.Field(0).(*array.StringBuilder).Append(long)
	}
	m, err := NewMarkdown(b.Schema())
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.Append(nil, b.NewRecord())
	if err != nil || len(m.cells) > 0 || len(out) < 30*len(long) || len(out) > 30*len(long)+30*100 {
		t.Error(fmt.Sprint(len(m.cells), " cells are held back, ", len(out), " bytes are written: ", err))
	}
}
