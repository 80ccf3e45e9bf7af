package tabular

import (
	"bytes"
	"errors"
	"io"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/storage/schema"
)

// encoded returns a record in a format.
func encoded(t testing.TB, f Format, rec arrow.Record) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, f, rec.Schema())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// nested has what our own Writer does not make: structs, dictionaries, compressed buffers.
func nested(t testing.TB, rows int, opts ...ipc.Option) []byte {
	t.Helper()
	s := arrow.NewSchema([]arrow.Field{
		{Name: "s", Nullable: true, Type: arrow.StructOf(arrow.Field{Name: "x", Type: arrow.PrimitiveTypes.Int32, Nullable: true}, arrow.Field{Name: "y", Type: arrow.BinaryTypes.LargeString, Nullable: true})},
		{Name: "d", Nullable: true, Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}},
		{Name: "l", Nullable: true, Type: arrow.LargeListOf(arrow.BinaryTypes.String)},
		{Name: "m", Nullable: true, Type: arrow.ListOf(arrow.PrimitiveTypes.Int64)},
		{Name: "t", Nullable: true, Type: &arrow.TimestampType{Unit: arrow.Nanosecond}},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	for i := range rows {
		st := b.Field(0).(*array.StructBuilder)
		if i%3 == 0 {
			st.AppendNull()
		} else {
			st.Append(true)
			st.FieldBuilder(0).(*array.Int32Builder).Append(int32(i))
			st.FieldBuilder(1).(*array.LargeStringBuilder).Append("y")
		}
		if err := b.Field(1).(*array.BinaryDictionaryBuilder).AppendString(texts[i%4]); err != nil {
			t.Fatal(err)
		}
		l := b.Field(2).(*array.LargeListBuilder)
		l.Append(true)
		l.ValueBuilder().(*array.StringBuilder).AppendValues([]string{"p", "q"}, nil)
		b.Field(3).AppendNull()
		b.Field(4).(*array.TimestampBuilder).Append(arrow.Timestamp(i) * 1_000_000_000)
	}
	var out bytes.Buffer
	w := ipc.NewWriter(&out, append(opts, ipc.WithSchema(s))...)
	if err := w.Write(b.NewRecord()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// devour reads everything and converts every column; only panics and memory matter.
func devour(data []byte, f Format) (rows int, err error) {
	r, err := NewReader(bytes.NewReader(data), Options{Format: f, Size: int64(len(data)), MaxMemory: 16 << 20})
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		if rows += b.Rows; rows > 1<<20 {
			return rows, nil
		}
		for i := range b.Columns {
			Convert(&b.Columns[i], b.Rows, 1, schema.Type{Kind: schema.KindText}, calendar.UTC)
		}
	}
}

// flip changes one to three random bits.
func flip(r *rand.Rand, data []byte) []byte {
	out := bytes.Clone(data)
	for range 1 + r.Intn(3) {
		out[r.Intn(len(out))] ^= 1 << r.Intn(8)
	}
	return out
}

func TestNestedArrow(t *testing.T) {
	for _, opts := range [][]ipc.Option{nil, {ipc.WithLZ4()}, {ipc.WithZstd()}} {
		r, err := NewReader(bytes.NewReader(nested(t, 10, opts...)), Options{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i := range b.Columns {
			c := &b.Columns[i]
			v := c.Value(4, calendar.UTC)
			got = append(got, c.Name+" "+c.Type.String()+" "+strings.TrimSpace(c.Unsupported)+" "+string(scalar.AppendText(nil, v)))
		}
		want := "s.x INT  4|s.y TEXT  y|d TEXT  |l SET  [\"p\",\"q\"]|m NULL list<item: int64, nullable> |t TIMESTAMP  1970-01-01T00:00:04Z"
		if strings.Join(got, "|") != want {
			t.Errorf("%s\nwant\n%s", strings.Join(got, "|"), want)
		}
		if x, _ := b.Column("s.x"); !x.Null(3) || x.Null(4) {
			t.Error("a field of a null struct is null")
		}
		if x, _ := b.Column("t"); !x.Local {
			t.Error("a timestamp without a zone is local")
		}
	}
}

// TestBitFlips reads damaged files: any answer is right but a panic or a big allocation.
func TestBitFlips(t *testing.T) {
	seed := rand.Int63()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewSource(seed))
	rec := randomRecord(r, 20)
	rounds := 300
	if os.Getenv("MUSTER_LONG") != "" {
		rounds = 2000
	}
	for _, c := range []struct {
		name string
		f    Format
		data []byte
	}{
		{"stream", Arrow, encoded(t, Arrow, rec)}, {"file", ArrowFile, encoded(t, ArrowFile, rec)}, {"nested", Arrow, nested(t, 20)},
		{"lz4", Arrow, nested(t, 20, ipc.WithLZ4())}, {"zstd", Arrow, nested(t, 20, ipc.WithZstd())}, {"parquet", Parquet, encoded(t, Parquet, rec)},
	} {
		failed := 0
		n := allocated(func() {
			for range rounds {
				if _, err := devour(flip(r, c.data), c.f); err != nil {
					failed++
				}
			}
		})
		t.Logf("%s: %d of %d refused, %d KB allocated per round", c.name, failed, rounds, n/uint64(rounds)/1024)
		if n > uint64(rounds)*(32<<20) {
			t.Errorf("%s: %d MB allocated", c.name, n>>20)
		}
	}
}

// TestTruncated reads every prefix of a file.
func TestTruncated(t *testing.T) {
	rec := randomRecord(rand.New(rand.NewSource(1)), 20)
	for _, f := range []Format{Arrow, ArrowFile, Parquet} {
		data := encoded(t, f, rec)
		for n := 0; n < len(data); n += 1 + n/200 {
			rows, err := devour(data[:n], f)
			// A stream may end without its mark, after all its rows.
			if err == nil && (f != Arrow || rows != 20 && rows != 0) {
				t.Fatalf("%s cut to %d of %d bytes is read as %d rows", f, n, len(data), rows)
			}
		}
	}
}

// TestLyingLengths holds files whose lengths claim gigabytes.
func TestLyingLengths(t *testing.T) {
	rec := randomRecord(rand.New(rand.NewSource(1)), 20)
	// The second has metadata on its fields.
	for _, stream := range [][]byte{nested(t, 10), encoded(t, Arrow, rec)} {
		meta := int(stream[4]) | int(stream[5])<<8
		for at := 4; at+4 <= 8+meta; at += 4 {
			data := bytes.Clone(stream)
			copy(data[at:], "\xff\xff\xff\x7f")
			if n := allocated(func() { _, _ = devour(data, Arrow) }); n > 64<<20 {
				t.Errorf("a length of 2^31-1 at byte %d allocates %d MB", at, n>>20)
			}
		}
	}
	// A footer whose field 2, the schema, is a list of 90 million structs.
	footer := "\x29\xfc\x80\x97\xf5\x2a"
	data := []byte("PAR1" + footer + "\x06\x00\x00\x00PAR1")
	if n := allocated(func() { _, _ = devour(data, Parquet) }); n > 64<<20 {
		t.Errorf("a schema of 90 million fields allocates %d MB", n>>20)
	}
}

func FuzzColumnar(f *testing.F) {
	rec := randomRecord(rand.New(rand.NewSource(1)), 5)
	f.Add(encoded(f, Arrow, rec), false)
	f.Add(nested(f, 5), false)
	f.Add(encoded(f, Parquet, rec), true)
	f.Fuzz(func(t *testing.T, data []byte, isParquet bool) {
		format := Arrow
		if isParquet {
			format = Parquet
		}
		_, _ = devour(data, format)
	})
}

// pyarrow is a Python with pyarrow, in which the other side of the formats is checked.
func pyarrow(t *testing.T) string {
	t.Helper()
	for _, p := range []string{os.Getenv("MUSTER_PYARROW"), "python3"} {
		if p != "" && exec.Command(p, "-c", "import pyarrow.parquet").Run() == nil {
			return p
		}
	}
	t.Skip("no Python with pyarrow: set MUSTER_PYARROW to check Parquet and Arrow against it")
	return ""
}

// TestPyArrow has pyarrow rewrite our files in its own ways, and reads those.
func TestPyArrow(t *testing.T) {
	python := pyarrow(t)
	dir := t.TempDir()
	rec := randomRecord(rand.New(rand.NewSource(7)), 20_000)
	writeFile(t, filepath.Join(dir, "in.parquet"), rec)
	writeFile(t, filepath.Join(dir, "in.arrow"), rec)
	script := `
import sys, pyarrow as pa, pyarrow.parquet as pq, pyarrow.feather as fe
d = sys.argv[1]
a = pa.ipc.open_file(d + "/in.arrow").read_all()
p = pq.read_table(d + "/in.parquet")
assert a.num_rows == 20000 and p.num_rows == 20000
for n in a.column_names:
    x, y = a.column(n).to_pylist(), p.column(n).to_pylist()
    assert n == "the duration" or x == y, n
for i, kw in enumerate([dict(compression="snappy"), dict(compression="gzip", data_page_version="2.0"), dict(compression="none", use_dictionary=False, row_group_size=777), dict(compression="zstd", version="1.0"), dict(compression="brotli", data_page_size=100)]):
    t = a if i != 3 else a
    pq.write_table(t, d + "/%d.parquet" % i, **kw)
fe.write_feather(a, d + "/lz4.arrow", compression="lz4")
fe.write_feather(a, d + "/zstd.arrow", compression="zstd", chunksize=1000)
with pa.ipc.new_stream(d + "/s.arrows", a.schema) as w: w.write_table(a, max_chunksize=3000)
`
	if out, err := exec.Command(python, "-c", script, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := cellsOf(rec)
	names, _ := filepath.Glob(filepath.Join(dir, "[0-9lzs]*.*"))
	if len(names) != 8 {
		t.Fatalf("files %v", names)
	}
	var first []uint64
	for _, name := range names {
		if strings.HasSuffix(name, ".parquet") {
			continue // below: KEY and DURATION are notes of our own Writer
		}
		got, hashes := readAll(t, name)
		compare(t, name, got, want)
		if first == nil {
			first = hashes
		}
		for i := range hashes {
			if hashes[i] != first[i] {
				t.Errorf("%s hashes differently", name)
			}
		}
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".parquet") {
			comparePlain(t, name, rec, want)
		}
	}
}

// comparePlain compares the columns that any Parquet has.
func comparePlain(t *testing.T, name string, rec arrow.Record, want [][]string) {
	t.Helper()
	r, err := Open(name, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	row := 0
	for {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		at := map[int64]int{}
		for i, n := range b.Row {
			at[n] = i
		}
		for i, typ := range allTypes[:8] {
			c, ok := b.Column(rec.ColumnName(i))
			if !ok {
				t.Fatalf("%s has no column %s", name, rec.ColumnName(i))
			}
			out, errs := Convert(c, b.Rows, 1, typ, calendar.UTC)
			if len(errs) > 0 {
				t.Fatalf("%s: %+v", name, errs[0])
			}
			got := columnCells(t, &out, b.Rows)
			for n, j := range at {
				if w := want[i][n-1]; got[j] != w {
					t.Fatalf("%s column %s row %d: %s, want %s", name, c.Name, n, got[j], w)
				}
			}
		}
		row += b.Source
	}
	if row != 20_000 {
		t.Errorf("%s has %d rows", name, row)
	}
}
