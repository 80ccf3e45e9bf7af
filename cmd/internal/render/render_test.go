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

// everyType makes a record of every type an answer may have, with a row of values and a row of nulls.
func everyType(t *testing.T) arrow.Record {
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
	b.Field(1).(*array.Int64Builder).Append(-7654321)
	b.Field(2).(*array.Float64Builder).Append(0.1)
	b.Field(3).(*array.BooleanBuilder).Append(true)
	b.Field(4).(*array.Decimal128Builder).Append(decimal128.FromI64(-120500))
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

func TestValues(t *testing.T) {
	r := everyType(t)
	defer r.Release()
	table := NewTable(r.Schema(), nil)
	table.Add(r)
	types := []string{"TEXT", "INT", "FLOAT", "BOOL", "DECIMAL(2)", "DATE", "TIMESTAMP", "DURATION", "SET", "KEY"}
	for c, want := range []string{
		"a b⏎c�[31m�red", "-7,654,321", "0.1", "true", "-1,205.00", "2026-04-01", "2026-04-01 10:00:00.005Z", "2d 1h 30s", "{x, y}", "00000000000000ff",
	} {
		f := r.Schema().Field(c)
		col, i := table.value(0, c)
		if got := (Style{}).Harmless(table.text(c, col, i), 0); got != want {
			t.Errorf("column %d: %q, want %q", c, got, want)
		}
		if got := table.Cell(1, c); got != "NULL" {
			t.Errorf("column %d: %q for null", c, got)
		}
		if got := TypeName(f.Type); got != types[c] {
			t.Errorf("column %d is a %s, want %s", c, got, types[c])
		}
	}
}

func TestHarmless(t *testing.T) {
	for _, c := range []struct {
		what, text string
		limit      int
		want       string
	}{
		{"plain", "abc", 0, "abc"},
		{"just fits", "abcdef", 6, "abcdef"},
		{"too long", "abcdefg", 6, "abcde…"},
		{"one column", "abc", 1, "…"},
		{"colour", "\x1b[31mred\x1b[0m", 0, "�[31mred�[0m"},
		{"title of the window", "\x1b]0;gone\x07", 0, "�]0;gone�"},
		{"C1 control", "a\u009b31m", 0, "a�31m"},
		{"backspace and bell", "a\b\a", 0, "a��"},
		{"direction", "a\u202eb\u2066c", 0, "a�b�c"},
		{"lines", "a\r\nb\nc", 0, "a⏎b⏎c"},
		{"no UTF-8", "a\xff\xfeb", 0, "a��b"},
		{"wide", "日本語", 5, "日本…"},
		{"wide at an odd place", "a日本語", 5, "a日…"},
		{"emoji of several", "👩‍💻 x", 0, "👩‍💻 x"},
		{"accent of its own", "e\u0301e", 2, "e\u0301e"},
		{"drowned in accents", "e" + strings.Repeat("\u0301", 100) + "x", 0, "�x"},
	} {
		got := Style{}.Harmless(c.text, c.limit)
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
		if c.limit > 0 && Width(got) > c.limit {
			t.Errorf("%s: %q takes %d columns of %d", c.what, got, Width(got), c.limit)
		}
	}
	if got := (Style{ASCII: true}).Harmless("abcdefg\n", 6); got != "abc..." {
		t.Errorf("ASCII: %q", got)
	}
}

func FuzzHarmless(f *testing.F) {
	f.Add("a\x1b[2Jb日\u0301", 3)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = max(0, min(limit, 100))
		got := Style{}.Harmless(text, limit)
		for _, r := range got {
			if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
				t.Fatalf("%q became %q, which steers the terminal", text, got)
			}
		}
		if limit > 0 && Width(got) > limit {
			t.Fatalf("%q became %q, which takes %d columns of %d", text, got, Width(got), limit)
		}
	})
}

func TestThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -999: "-999", 1234567: "1,234,567", -1 << 63: "-9,223,372,036,854,775,808"} {
		if got := Thousands(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	for text, want := range map[string]string{"1234.5678": "1,234.5678", "-0.10": "-0.10", "-123456.00": "-123,456.00", "": ""} {
		if got := grouped(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for name, label := range map[string]bool{"year(signup_at)": true, "Year": true, "birth_year": true, "store_id": true, "id": true, "paid": false, "years": false, "count(*)": false} {
		if isLabel(name) != label {
			t.Errorf("%s taken for a label: %v", name, !label)
		}
	}
}

func TestStyle(t *testing.T) {
	for _, c := range []struct {
		what     string
		terminal bool
		env      map[string]string
		want     Style
	}{
		{"terminal", true, map[string]string{"LANG": "C.UTF-8", "TERM": "xterm"}, Style{Colour: true}},
		{"pipe", false, map[string]string{"LANG": "de_DE.utf8"}, Style{}},
		{"NO_COLOR", true, map[string]string{"NO_COLOR": "1"}, Style{}},
		{"dumb", true, map[string]string{"TERM": "dumb"}, Style{}},
		{"LANG", true, map[string]string{"LANG": "C"}, Style{Colour: true, ASCII: true}},
		{"LC_ALL beats LANG", true, map[string]string{"LANG": "en_US.UTF-8", "LC_ALL": "POSIX"}, Style{Colour: true, ASCII: true}},
	} {
		if got := StyleOf(c.terminal, func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.what, got, c.want)
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

func TestSpinner(t *testing.T) {
	var out strings.Builder
	s := NewSpinner(&out, Style{})
	s.Rows(1234)
	if got := s.line(1500*time.Millisecond, 0); got != "⠋ 1.5 s, 1,234 rows; Ctrl-C ends it" {
		t.Errorf("the line is %q", got)
	}
	s.Stop()
	if out.Len() > 0 {
		t.Errorf("short work draws %q", out.String())
	}
}
