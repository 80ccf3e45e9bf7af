package rowtext

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

func encoded(t testing.TB, f Form, recs ...arrow.Record) string {
	t.Helper()
	e, err := New(f, recs[0].Schema())
	if err != nil {
		t.Fatal(err)
	}
	out := e.Head()
	for _, rec := range recs {
		if out, err = e.Append(out, rec); err != nil {
			t.Fatal(err)
		}
	}
	return string(out)
}

// TestAgainstSlow holds all forms against the standard library, of whole records and of slices of them.
func TestAgainstSlow(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, rows := range []int{0, 1, 63, 64, 65, 7, 7, 7, 7, 1023, 1024, 1025} {
		rec := random(rng, rows)
		from := int64(rng.IntN(rows + 1))
		part := rec.NewSlice(from, from+int64(rng.IntN(rows-int(from)+1)))
		for _, r := range []arrow.Record{rec, part} {
			want := slowLines(r)
			if got := encoded(t, Lines, r); got != want {
				t.Fatalf("%d rows: NDJSON\n%s", r.NumRows(), firstDifference(got, want))
			}
			checkCSV(t, []byte(encoded(t, CSV, r)), r)
		}
		pieces := []arrow.Record{rec.NewSlice(0, from), rec.NewSlice(from, int64(rows))}
		for _, f := range []Form{CSV, Lines, Arrays} {
			if whole := encoded(t, f, rec); encoded(t, f, pieces...) != whole {
				t.Fatalf("form %d: %d rows in pieces are another text", f, rows)
			}
		}
	}
}

func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d: %s\nwant    %s", i, a[i], b[i])
		}
	}
	return fmt.Sprint(len(a), " lines, want ", len(b))
}

// TestArrays joins rows to a document that the JSON library reads.
func TestArrays(t *testing.T) {
	rec := random(rand.New(rand.NewPCG(1, 1)), 100)
	var rows [][]any
	if err := json.Unmarshal([]byte("["+encoded(t, Arrays, rec)[1:]+"]"), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 100 || len(rows[0]) != int(rec.NumCols()) {
		t.Fatalf("%d rows of %d", len(rows), len(rows[0]))
	}
}

// TestNull tells null from the empty text, and writes columns and records without cells.
func TestNull(t *testing.T) {
	s := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String}, {Name: "b,c", Type: arrow.Null}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	b.Field(0).(*array.StringBuilder).AppendValues([]string{"", "", "x"}, []bool{true, false, true})
	for range 3 {
		b.Field(1).AppendNull()
	}
	rec := b.NewRecord()
	if got := encoded(t, CSV, rec); got != "a,\"b,c\"\n\"\",\n,\nx,\n" {
		t.Errorf("CSV %q", got)
	}
	if got := encoded(t, Lines, rec); got != `{"a":"","b,c":null}`+"\n"+`{"a":null,"b,c":null}`+"\n"+`{"a":"x","b,c":null}`+"\n" {
		t.Errorf("NDJSON %q", got)
	}
	none := array.NewRecord(arrow.NewSchema(nil, nil), nil, 2)
	if got := encoded(t, Lines, none); got != "{}\n{}\n" {
		t.Errorf("rows without columns are %q", got)
	}
}

// TestNotUTF8 has bytes that are valid together and not cell by cell.
func TestNotUTF8(t *testing.T) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String}}, nil))
	b.Field(0).(*array.StringBuilder).AppendValues([]string{"\xc3", "\xb3"}, nil)
	if got := encoded(t, Lines, b.NewRecord()); got != "{\"a\":\"\uFFFD\"}\n{\"a\":\"\uFFFD\"}\n" {
		t.Errorf("NDJSON %q", got)
	}
}

func TestUnknownType(t *testing.T) {
	if _, err := New(CSV, arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.PrimitiveTypes.Int8}}, nil)); err == nil {
		t.Error("a type that cannot be written is taken")
	}
}

// FuzzText holds the escapes of one text, beside another in its column, against the standard library.
func FuzzText(f *testing.F) {
	for _, s := range awkward {
		f.Add(s, "x")
	}
	s := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String}, {Name: "b", Type: arrow.PrimitiveTypes.Int64}}, nil)
	f.Fuzz(func(t *testing.T, x, y string) {
		if len(x)+len(y) > 1<<16 {
			return
		}
		b := array.NewRecordBuilder(memory.DefaultAllocator, s)
		b.Field(0).(*array.StringBuilder).AppendValues([]string{x, y}, nil)
		b.Field(1).(*array.Int64Builder).AppendValues([]int64{1, 2}, nil)
		rec := b.NewRecord()
		if !strings.Contains(x+y, "\r") { // which encoding/csv reads otherwise
			checkCSV(t, []byte(encoded(t, CSV, rec)), rec)
		}
		lines := encoded(t, Lines, rec)
		if !utf8.ValidString(lines) {
			t.Fatalf("%q is not UTF-8", lines)
		}
		if utf8.ValidString(x) && utf8.ValidString(y) {
			if want := slowLines(rec); lines != want {
				t.Fatal(firstDifference(lines, want))
			}
		}
	})
}

func benchRecord(rows int) arrow.Record {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.BinaryTypes.String}, {Name: "country", Type: arrow.BinaryTypes.String},
		{Name: "age", Type: arrow.PrimitiveTypes.Int64}, {Name: "ltv", Type: &arrow.Decimal128Type{Precision: 38, Scale: 2}},
	}, nil))
	for i := range rows {
		b.Field(0).(*array.StringBuilder).Append(fmt.Sprint(10_000_000_000 + i))
		b.Field(1).(*array.StringBuilder).Append(tame[i%3])
		if i%13 == 0 {
			b.Field(2).AppendNull()
		} else {
			b.Field(2).(*array.Int64Builder).Append(int64(18 + i%70))
		}
		b.Field(3).(*array.Decimal128Builder).Append(decimal128.FromI64(int64(i * 101)))
	}
	return b.NewRecord()
}

func BenchmarkEncode(b *testing.B) {
	rec := benchRecord(8192)
	for name, f := range map[string]Form{"csv": CSV, "ndjson": Lines} {
		b.Run(name, func(b *testing.B) {
			e, err := New(f, rec.Schema())
			if err != nil {
				b.Fatal(err)
			}
			var buf []byte
			for b.Loop() {
				if buf, err = e.Append(buf[:0], rec); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*8192/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}
