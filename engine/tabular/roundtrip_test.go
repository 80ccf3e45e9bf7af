package tabular

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

var allTypes = []schema.Type{
	{Kind: schema.KindBool}, {Kind: schema.KindInt}, {Kind: schema.KindFloat}, {Kind: schema.KindDecimal, Scale: 2}, {Kind: schema.KindText},
	{Kind: schema.KindDate}, {Kind: schema.KindTimestamp}, {Kind: schema.KindSet}, {Kind: schema.KindKey}, {Kind: schema.KindDuration},
}

func testSchema() *arrow.Schema {
	var fields []arrow.Field
	for _, t := range allTypes {
		fields = append(fields, Field("the "+strings.ToLower(t.Kind.String()), t))
	}
	return arrow.NewSchema(fields, nil)
}

var texts = []string{"", "a", "żółw", `say "no"`, "a,b", "line\nbreak", "cr\r\nlf", " lead", "'", "\\", "\t", "[1]", "null", "\u2028"}

// randomRecord has every type with every tenth cell null.
func randomRecord(r *rand.Rand, rows int) arrow.Record {
	s := testSchema()
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	for range rows {
		for i, t := range allTypes {
			appendRandom(r, b.Field(i), t)
		}
	}
	return b.NewRecord()
}

func appendRandom(r *rand.Rand, b array.Builder, t schema.Type) {
	if r.Intn(10) == 0 {
		b.AppendNull()
		return
	}
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(r.Intn(2) == 0)
	case *array.Int64Builder:
		b.Append(int64(r.Uint64()))
	case *array.Float64Builder:
		b.Append(math.Ldexp(r.NormFloat64(), r.Intn(80)-40))
	case *array.Decimal128Builder:
		b.Append(decimal128.FromI64(int64(r.Uint64()) >> r.Intn(64)))
	case *array.StringBuilder:
		b.Append(texts[r.Intn(len(texts))])
	case *array.Date32Builder:
		b.Append(arrow.Date32(r.Intn(60_000) - 20_000))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(r.Int63n(4e12) - 1e12))
	case *array.ListBuilder:
		b.Append(true)
		for range r.Intn(4) {
			b.ValueBuilder().(*array.StringBuilder).Append(texts[r.Intn(len(texts))])
		}
	case *array.Uint64Builder:
		b.Append(r.Uint64())
	case *array.DurationBuilder:
		b.Append(arrow.Duration(r.Int63n(1e12)))
	}
}

// cellsOf renders a record as the texts that a converted column shows.
func cellsOf(rec arrow.Record) [][]string {
	cols, err := textuals(nil, rec)
	if err != nil {
		panic(err)
	}
	out := make([][]string, len(cols))
	for i, c := range cols {
		for row := range int(rec.NumRows()) {
			s := "NULL"
			if !c.array.IsNull(row) {
				s = string(c.append(nil, row))
				if c.kind == schema.KindSet {
					s = setText(c.array.(*array.List), row)
				}
			}
			out[i] = append(out[i], s)
		}
	}
	return out
}

func setText(a *array.List, row int) string {
	from, to := a.ValueOffsets(row)
	var elems []string
	for j := from; j < to; j++ {
		elems = append(elems, a.ListValues().(*array.String).Value(int(j)))
	}
	return asSet(elems)
}

// asSet renders a set: order and repetition do not matter.
func asSet(elems []string) string { return fmt.Sprintf("%q", scalar.NewSet(elems).Set) }

// columnCells renders a converted column.
func columnCells(t *testing.T, c *change.Column, rows int) []string {
	t.Helper()
	var out []string
	for i := range rows {
		switch {
		case c.Op(i) == change.OpNull:
			out = append(out, "NULL")
		case c.Op(i) == change.OpSkip:
			out = append(out, "ERROR")
		case c.Type.Kind == schema.KindSet:
			var elems []string
			for j := range c.SetLen(i) {
				elems = append(elems, string(c.SetElem(i, j)))
			}
			out = append(out, asSet(elems))
		default:
			out = append(out, changeText(c, i))
		}
	}
	return out
}

func changeText(c *change.Column, i int) string {
	v := Column{Type: c.Type, Ints: c.Ints, Floats: c.Floats, Texts: c.Texts}
	return string(scalar.AppendText(nil, v.Value(i, calendar.UTC)))
}

// readAll converts a whole file to the test's types; a KEY or DURATION in text stays one.
func readAll(t *testing.T, path string) (cells [][]string, hashes []uint64) {
	t.Helper()
	r, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cells = make([][]string, len(allTypes))
	for {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			read, total := r.Progress()
			if read != total {
				t.Errorf("%s: progress at the end is %d of %d", path, read, total)
			}
			return cells, hashes
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if len(b.RowErrors) > 0 {
			t.Fatalf("%s: %+v", path, b.RowErrors[0])
		}
		hashes = append(hashes, b.Hash)
		for i, typ := range allTypes {
			cells[i] = append(cells[i], batchCells(t, b, i, typ)...)
		}
	}
}

func batchCells(t *testing.T, b *Batch, i int, typ schema.Type) []string {
	t.Helper()
	name := testSchema().Field(i).Name
	c, ok := b.Column(name)
	if !ok { // NDJSON knows no column that has only nulls
		c = &Column{Name: name, Untyped: true, Valid: make([]uint64, b.Rows/64+1)}
	}
	if c.Untyped && (typ.Kind == schema.KindKey || typ.Kind == schema.KindDuration) {
		typ = schema.Type{Kind: schema.KindText} // a text is hashed, not read back
	}
	out, errs := Convert(c, b.Rows, 1, typ, calendar.UTC)
	if len(errs) > 0 {
		t.Fatalf("%+v", errs[0])
	}
	return columnCells(t, &out, b.Rows)
}

// TestRoundTrip writes every type in every format and compression, and reads it back through Convert.
func TestRoundTrip(t *testing.T) {
	seed := rand.Int63()
	t.Logf("seed %d", seed)
	dir := t.TempDir()
	for _, rows := range []int{0, 1, 8191, 8193} {
		rec := randomRecord(rand.New(rand.NewSource(seed)), rows)
		want := cellsOf(rec)
		var typed, sets [][]uint64
		for _, name := range []string{"a.csv", "a.ndjson", "a.parquet", "a.arrow", "a.arrows", "a.csv.gz", "a.csv.zst", "a.ndjson.gz", "a.parquet.gz", "a.arrows.zst", "a.arrow.gz"} {
			path := filepath.Join(dir, fmt.Sprintf("%d%s", rows, name))
			writeFile(t, path, rec)
			got, hashes := readAll(t, path)
			compare(t, path, got, want)
			if strings.HasPrefix(name, "a.csv") || strings.HasPrefix(name, "a.ndjson") {
				sets = append(sets, hashes)
			} else {
				typed = append(typed, hashes)
			}
		}
		for i := range typed {
			if fmt.Sprint(typed[i]) != fmt.Sprint(typed[0]) {
				t.Errorf("%d rows: typed format %d hashes differently", rows, i)
			}
		}
		if len(sets) == 5 && (fmt.Sprint(sets[0]) != fmt.Sprint(sets[2]) || fmt.Sprint(sets[0]) != fmt.Sprint(sets[3]) || fmt.Sprint(sets[1]) != fmt.Sprint(sets[4])) {
			t.Errorf("%d rows: compression changes the hash", rows)
		}
	}
}

func compare(t *testing.T, path string, got, want [][]string) {
	t.Helper()
	for i := range want {
		if len(got[i]) != len(want[i]) {
			t.Fatalf("%s column %d: %d rows, want %d", path, i, len(got[i]), len(want[i]))
		}
		for row := range want[i] {
			if got[i][row] != want[i][row] {
				t.Fatalf("%s column %d row %d: %q, want %q", path, i, row, got[i][row], want[i][row])
			}
		}
	}
}

// writeFile writes a record in two pieces of odd sizes.
func writeFile(t *testing.T, path string, rec arrow.Record) {
	t.Helper()
	f, err := Create(path, Auto, rec.Schema())
	if err != nil {
		t.Fatal(err)
	}
	cut := rec.NumRows() / 3
	for _, part := range []arrow.Record{rec.NewSlice(0, cut), rec.NewSlice(cut, rec.NumRows())} {
		if err := f.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
}

// TestHashTellsFilesApart changes one cell at a time.
func TestHashTellsFilesApart(t *testing.T) {
	base := "id,x\n1,a\n2,\n3,\"\"\n4,b\n"
	seen := map[uint64]string{}
	for _, file := range []string{base, strings.Replace(base, "1,a", "1,c", 1), strings.Replace(base, "2,\n", "2,\"\"\n", 1), strings.Replace(base, "id", "ie", 1), base + "5,c\n", strings.Replace(base, "4,b", "4", 1), strings.Replace(base, "4,b", "5", 1)} {
		r, err := NewReader(strings.NewReader(file), Options{Format: CSV})
		if err != nil {
			t.Fatal(err)
		}
		b, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if had, ok := seen[b.Hash]; ok {
			t.Errorf("%q and %q have one hash", had, file)
		}
		seen[b.Hash] = file
	}
}

// failing is a stream that fails after n bytes.
type failing struct{ n int }

func (f *failing) Write(b []byte) (int, error) {
	if f.n -= len(b); f.n < 0 {
		return 0, io.ErrShortWrite
	}
	return len(b), nil
}

func TestWriteErrors(t *testing.T) {
	rec := randomRecord(rand.New(rand.NewSource(1)), 5000)
	for _, f := range []Format{CSV, NDJSON, Arrow, ArrowFile, Parquet} {
		w, err := NewWriter(&failing{n: 1000}, f, rec.Schema())
		if err == nil {
			err = w.Write(rec)
		}
		if err == nil {
			err = w.Close()
		}
		if err == nil {
			t.Errorf("%s: a full disk goes unnoticed", f)
		}
	}
}

func TestFileIsWholeOrNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.csv")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	rec := randomRecord(rand.New(rand.NewSource(1)), 100)
	f, err := Create(path, Auto, rec.Schema())
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Write(rec); err != nil {
		t.Fatal(err)
	}
	if had, _ := os.ReadFile(path); string(had) != "old" {
		t.Error("the file changed before Commit")
	}
	f.Abort()
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("Abort leaves %v", left)
	}
	if f.Commit() == nil {
		t.Error("a file that was given up is committed")
	}
	if f, err = Create(path, Auto, rec.Schema()); err != nil {
		t.Fatal(err)
	}
	f.err = io.ErrShortWrite
	if err := f.Commit(); err == nil {
		t.Error("a file that failed is committed")
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("a failed file leaves %v", left)
	}
	if _, err := Create(filepath.Join(dir, "a.xls"), Auto, rec.Schema()); err == nil {
		t.Error("an unknown extension is taken")
	}
}

func TestDocument(t *testing.T) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		Field("n", schema.Type{Kind: schema.KindInt}), Field("d", schema.Type{Kind: schema.KindDecimal, Scale: 2}), Field(`t"`, schema.Type{Kind: schema.KindText}), Field("f", schema.Type{Kind: schema.KindFloat}), Field("k", schema.Type{Kind: schema.KindKey}),
	}, nil))
	b.Field(0).(*array.Int64Builder).AppendValues([]int64{math.MaxInt64, -1}, nil)
	b.Field(1).(*array.Decimal128Builder).Append(decimal128.FromI64(-5))
	b.Field(1).AppendNull()
	b.Field(2).(*array.StringBuilder).AppendValues([]string{"a\x01\"", "\xff"}, nil)
	b.Field(3).(*array.Float64Builder).AppendValues([]float64{math.Inf(1), 1e300}, nil)
	b.Field(4).(*array.Uint64Builder).AppendValues([]uint64{255, math.MaxUint64}, nil)
	rec := b.NewRecord()
	var out bytes.Buffer
	d, err := NewDocument(&out, rec.Schema())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Write(rec); err != nil {
		t.Fatal(err)
	}
	if err := d.Finish(`"elapsed_ms":3`); err != nil {
		t.Fatal(err)
	}
	want := `{"columns":[{"name":"n","type":"INT"},{"name":"d","type":"DECIMAL(2)"},{"name":"t\"","type":"TEXT"},{"name":"f","type":"FLOAT"},{"name":"k","type":"KEY"}],` +
		`"rows":[[9223372036854775807,-0.05,"a\u0001\"",null,"00000000000000ff"],[-1,null,"` + "\uFFFD" + `",1e+300,"ffffffffffffffff"]],"elapsed_ms":3}` + "\n"
	if out.String() != want {
		t.Errorf("document\n%s, want\n%s", out.String(), want)
	}
}

func benchRecord() arrow.Record {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		Field("id", schema.Type{Kind: schema.KindText}), Field("n", schema.Type{Kind: schema.KindInt}), Field("d", schema.Type{Kind: schema.KindDecimal, Scale: 2}), Field("t", schema.Type{Kind: schema.KindTimestamp}),
	}, nil))
	for i := range 8192 {
		b.Field(0).(*array.StringBuilder).Append(fmt.Sprintf("c-%07d", i))
		b.Field(1).(*array.Int64Builder).Append(int64(i * 37))
		b.Field(2).(*array.Decimal128Builder).Append(decimal128.FromI64(int64(i * 101)))
		b.Field(3).(*array.TimestampBuilder).Append(arrow.Timestamp(1.7e12 + int64(i)*1000))
	}
	return b.NewRecord()
}

func BenchmarkWrite(b *testing.B) {
	rec := benchRecord()
	for _, f := range []Format{CSV, NDJSON} {
		b.Run(f.String(), func(b *testing.B) {
			w, err := NewWriter(io.Discard, f, rec.Schema())
			if err != nil {
				b.Fatal(err)
			}
			for range b.N {
				if err := w.Write(rec); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*8192/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}
