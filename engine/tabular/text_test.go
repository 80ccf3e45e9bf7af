package tabular

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/storage/schema"
)

// dump reads a stream and prints a line per row and per error.
func dump(in io.Reader, opt Options) (string, error) {
	r, err := NewReader(in, opt)
	if err != nil {
		return "", err
	}
	defer r.Close()
	var out strings.Builder
	for {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out.String(), nil
		}
		if err != nil {
			return out.String(), err
		}
		for i := range b.Rows {
			fmt.Fprintf(&out, "%d/%d:", b.Row[i], b.Line[i])
			for j := range b.Columns {
				c := &b.Columns[j]
				switch {
				case c.Null(i):
					out.WriteString(" ~")
				case len(c.Kinds) > 0:
					fmt.Fprintf(&out, " %s=%d%q", c.Name, c.Kinds[i], c.Texts.At(i))
				default:
					fmt.Fprintf(&out, " %q", c.Texts.At(i))
				}
			}
			out.WriteByte('\n')
		}
		for _, e := range b.RowErrors {
			fmt.Fprintf(&out, "%d/%d! %s\n", e.Row, e.Line, e.Reason)
		}
	}
}

// oneByte hands out a byte at a time, so that every boundary is a buffer's end.
type oneByte struct{ r io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:1]) }

func TestCSV(t *testing.T) {
	long := strings.Repeat("x", schema.MaxTextBytes+1)
	for _, c := range []struct{ name, in, want string }{
		{"plain", "a,b\n1,2\n3,4\n", `1/2: "1" "2"` + "\n" + `2/3: "3" "4"` + "\n"},
		{"no last line break, crlf, bom", "\xef\xbb\xbfa,b\r\n1,2\r\n3,4", `1/2: "1" "2"` + "\n" + `2/3: "3" "4"` + "\n"},
		{"null and empty", "a,b\n,\"\"\n", `1/2: ~ ""` + "\n"},
		{"quotes", "a,b\n\"x,\"\"y\"\"\",\"l1\nl2\"\n\"q\",z\r\n", `1/2: "x,\"y\"" "l1\nl2"` + "\n" + `2/4: "q" "z"` + "\n"},
		{"last field quoted", "a,b\n1,\"2\"", `1/2: "1" "2"` + "\n"},
		{"empty lines", "a,b\n\n1,2\n\r\n3,4\n\n", `1/3: "1" "2"` + "\n" + `2/5: "3" "4"` + "\n"},
		{"one column keeps empty lines", "a\n1\n\n2\n", `1/2: "1"` + "\n" + `2/3: ~` + "\n" + `3/4: "2"` + "\n"},
		{"short and long rows", "a,b\n1\n1,2,3\n1,2\n", `3/4: "1" "2"` + "\n1/2! the row has 1 field, the header has 2\n2/3! the row has 3 fields, the header has 2\n"},
		{"not UTF-8", "a,b\n\xff,2\n1,2\n", `2/3: "1" "2"` + "\n1/2! column a: the field is not UTF-8\n"},
		{"text after a quote", "a,b\n\"x\"y,2\n1,2\n", `2/3: "1" "2"` + "\n1/2! text follows a closing quote; a quote within a quoted field is written twice\n"},
		{"quote within a field", "a,b\n5\",2\n", `1/2: "5\"" "2"` + "\n"},
		{"quote not closed", "a,b\n1,2\n\"x,2\n3,4\n", `1/2: "1" "2"` + "\n2/3! a quoted field is not closed\n"},
		{"long field", "a,b\n" + long + ",2\n1,2\n", `2/3: "1" "2"` + "\n1/2! column a: the field has 1048577 bytes; the longest is 1048576\n"},
		{"header only", "a,b\n", ""},
	} {
		for _, in := range []io.Reader{strings.NewReader(c.in), oneByte{strings.NewReader(c.in)}} {
			if len(c.in) > 1<<20 && in != io.Reader(strings.NewReader(c.in)) {
				in = strings.NewReader(c.in)
			}
			got, err := dump(in, Options{Format: CSV})
			if err != nil || got != c.want {
				t.Errorf("%s: %v\n%swant\n%s", c.name, err, got, c.want)
			}
		}
	}
	for in, want := range map[string]string{
		"":                        "the file is empty",
		"a,a\n":                   `two columns are called "a"`,
		"\"a\n":                   "not closed",
		"\xff\n":                  "not UTF-8",
		strings.Repeat(",", 5000): "5001 columns",
		"a\n\"" + strings.Repeat("x", MaxLineBytes+10): "is a quote not closed?",
	} {
		if _, err := dump(strings.NewReader(in), Options{Format: CSV}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %s", in, err, want)
		}
	}
}

func TestNDJSON(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65)
	for _, c := range []struct{ in, want string }{
		{`{"a":1,"b":"x"}` + "\n" + `{"b":"y","a":1.50}`, `1/1: a=1"1" b=0"x"` + "\n" + `2/2: a=1"1.50" b=0"y"` + "\n"},
		{`{"a":null,"s":{"t":{"u":true}},"l":["x","y\n"],"m":[1,{"k":[]}],"e":[]}`, `1/1: s.t.u=2"true" l=3"[\"x\",\"y\\n\"]" m=4"[1,{\"k\":[]}]" e=3"[]"` + "\n"},
		{"{}\n\n{ \"a\" : -0.5e+3 }\r\n", "1/1: ~\n" + `2/3: a=1"-0.5e+3"` + "\n"},
		{`{"a":"\u00e9\ud83d\ude00\ud800x\/"}`, `1/1: a=0"é😀` + "\uFFFD" + `x/"` + "\n"},
		{`{"a":1,"a":2}` + "\n" + `{"a":3}`, `2/2: a=1"3"` + "\n1/1! column a: the key occurs twice\n"},
		{`{"s":{"t":1},"s.t":2}`, "1/1! column s.t: the key occurs twice\n"},
		{"[1]\nnull\n7", "1/1! the line is not a JSON object\n2/2! the line is not a JSON object\n3/3! the line is not a JSON object\n"},
		{`{"a":01}`, "1/1! not JSON: neither comma nor } after a value at byte 7\n"},
		{`{"a":1.}`, "1/1! not JSON: no digit after the point at byte 8\n"},
		{`{"a":tru}`, "1/1! not JSON: 't' begins no value at byte 6\n"},
		{`{"a":"x}`, "1/1! not JSON: a string is not closed at byte 9\n"},
		{`{"a":"` + "\x01" + `"}`, "1/1! not JSON: a control character in a string at byte 7\n"},
		{`{"a":"` + "\xff" + `"}`, "1/1! not JSON: a string that is not UTF-8 at byte 9\n"},
		{`{"a":1} x`, "1/1! not JSON: text after the object at byte 9\n"},
		{`{"a":"\x"}`, "1/1! not JSON: \\x escapes nothing at byte 9\n"},
		{deep, "1/1! objects and arrays nest deeper than 64 levels\n"},
		{`{"a":` + strings.Repeat("[", 100_000), "1/1! objects and arrays nest deeper than 64 levels\n"},
		{`{"a":[` + strings.Repeat(`{"a":`, 100_000), "1/1! objects and arrays nest deeper than 64 levels\n"},
	} {
		got, err := dump(strings.NewReader(c.in), Options{Format: NDJSON})
		if strings.HasPrefix(c.in, "{}") {
			got = strings.Replace(got, "1/1:\n", "1/1: ~\n", 1)
		}
		if err != nil || got != c.want {
			t.Errorf("%.80s: %v\n%swant\n%s", c.in, err, got, c.want)
		}
	}
}

func TestTooManyKeys(t *testing.T) {
	var in strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&in, "{\"k%d\":1}\n", i)
	}
	got, err := dump(strings.NewReader(in.String()), Options{Format: NDJSON})
	if n := strings.Count(got, "more than 4096 different keys"); err != nil || n != 5000-maxColumns {
		t.Errorf("%d rows refused, %v", n, err)
	}
}

// zeros is a stream of n bytes x after a head.
func zeros(head string, n int64, tail string) io.Reader {
	return io.MultiReader(strings.NewReader(head), io.LimitReader(same('x'), n), strings.NewReader(tail))
}

type same byte

func (s same) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(s)
	}
	return len(p), nil
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestLineOf100MB(t *testing.T) {
	for _, c := range []struct {
		f                Format
		head, tail, want string
	}{
		{CSV, "a,b\n", ",1\n1,2\n", `2/3: "1" "2"` + "\n1/2! the line has 104857603 bytes; the longest is 16777216\n"},
		{NDJSON, `{"a":"`, "\"}\n{\"a\":1}\n", `2/2: a=1"1"` + "\n1/1! the line has 104857609 bytes; the longest is 16777216\n"},
	} {
		var got string
		var err error
		n := allocated(func() { got, err = dump(zeros(c.head, 100<<20, c.tail), Options{Format: c.f}) })
		if err != nil || got != c.want || n > 100<<20 {
			t.Errorf("%s: %v, %d bytes allocated\n%s", c.f, err, n, got)
		}
	}
}

func TestGzipBomb(t *testing.T) {
	r, w := io.Pipe()
	go func() {
		z := gzip.NewWriter(w)
		_, err := io.Copy(z, zeros("a,b\n", 1<<30, ""))
		_ = w.CloseWithError(errors.Join(err, z.Close()))
	}()
	var err error
	n := allocated(func() { _, err = dump(r, Options{Format: CSV, MaxRatio: 100}) })
	_ = r.Close()
	if !errors.Is(err, ErrTooLarge) || n > 100<<20 {
		t.Errorf("a bomb of 1 GB: %v, %d bytes allocated", err, n)
	}
	if _, err := dump(zeros("a,b\n", 1<<20, ""), Options{Format: CSV, MaxBytes: 1 << 19}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("MaxBytes: %v", err)
	}
}

func TestConvertErrors(t *testing.T) {
	in := "amount,flag,day,tags\n\"12,5\",maybe,31.12.2011,\"[\"\"a\"\",\"\"b\"\"]\"\n1.255,,2011-12-31,\"a,b\"\n\"\",1,2011-12-31 08:00,\n3,no,2011-12-31,x\n"
	r, err := NewReader(strings.NewReader(in), Options{Format: CSV})
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		column string
		t      schema.Type
		cells  string
		errs   string
	}{
		{"amount", schema.Type{Kind: schema.KindDecimal, Scale: 2}, "[ERROR ERROR NULL 3.00]", `[{0 column amount: "12,5" is not a number} {1 column amount: "1.255" has more than 2 decimals}]`},
		{"amount", schema.Type{Kind: schema.KindText}, "[12,5 1.255  3]", "[]"},
		{"amount", schema.Type{Kind: schema.KindFloat}, "[ERROR 1.255 NULL 3]", `[{0 column amount: "12,5" is not a number}]`},
		{"flag", schema.Type{Kind: schema.KindBool}, "[ERROR NULL true false]", `[{0 column flag: "maybe" is not true or false}]`},
		{"day", schema.Type{Kind: schema.KindDate}, "[ERROR 2011-12-31 ERROR 2011-12-31]", `[{0 column day: "31.12.2011" is not a date; write it like ` + calendar.Forms + `} {2 column day: "2011-12-31 08:00" has a time of day, which a DATE does not}]`},
		{"tags", schema.Type{Kind: schema.KindSet}, `[["a" "b"] ["a,b"] NULL ["x"]]`, "[]"},
	} {
		col, _ := b.Column(c.column)
		out, errs := Convert(col, b.Rows, 1, c.t, calendar.UTC)
		if got := fmt.Sprint(columnCells(t, &out, b.Rows)); got != c.cells {
			t.Errorf("%s as %s: %s, want %s", c.column, c.t, got, c.cells)
		}
		if got := fmt.Sprint(errs); got != c.errs && len(errs)+len(c.errs) != 2 {
			t.Errorf("%s as %s: errors %s, want %s", c.column, c.t, got, c.errs)
		}
	}
}

func TestInfer(t *testing.T) {
	in := `{"b":true,"i":5,"d":1.25,"f":1.2345678,"g":1e300,"day":"2026-03-01","at":"2026-03-01T10:00:00Z","s":["x"],"t":"hello","o":[1]}`
	r, err := NewReader(strings.NewReader(in), Options{Format: NDJSON})
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range b.Columns {
		typ, _ := b.Columns[i].Infer(b.Rows)
		got = append(got, b.Columns[i].Name+":"+typ.String())
	}
	if want := "[b:BOOL i:INT d:DECIMAL(6) f:FLOAT g:FLOAT day:DATE at:TIMESTAMP s:SET t:TEXT o:TEXT]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}

func TestFormatOf(t *testing.T) {
	for name, want := range map[string]string{"a.csv": "csv", "A.CSV.GZ": "csv gz", "x.y.jsonl.zst": "ndjson zst", "a.parquet": "parquet", "a.arrow": "arrow file", "a": "auto", "a.gz": "auto gz"} {
		f, c := FormatOf("/dir.csv/" + name)
		if got := strings.TrimSpace(f.String() + " " + c); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	if _, err := Open("/nowhere/file.csv", Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Open(t.TempDir(), Options{}); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("folder: %v", err)
	}
}

// retail is a real file: the online retail set of the UCI.
const retail = "../../../shared/data/online-retail.csv.gz"

func TestRetail(t *testing.T) {
	if _, err := os.Stat(retail); err != nil {
		t.Skipf("%s is not there", retail)
	}
	r, err := Open(retail, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rows, customers, units := 0, 0, int64(0)
	for {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(b.RowErrors) > 0 {
			t.Fatalf("%+v", b.RowErrors[0])
		}
		rows += b.Rows
		customer, _ := b.Column("CustomerID")
		for i := range b.Rows {
			if !customer.Null(i) {
				customers++
			}
		}
		quantity, _ := b.Column("Quantity")
		out, errs := Convert(quantity, b.Rows, 1, schema.Type{Kind: schema.KindInt}, calendar.UTC)
		if len(errs) > 0 {
			t.Fatalf("%+v", errs[0])
		}
		for _, v := range out.Ints {
			units += v
		}
	}
	if rows != 541_909 || customers != 406_829 || units != 5_176_450 {
		t.Errorf("%d rows, %d with a customer, %d units", rows, customers, units)
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("a,b\n\"x\ny\",2\n"), true)
	f.Add([]byte(`{"a":{"b":[1,"x"]}}`), false)
	f.Fuzz(func(t *testing.T, data []byte, csv bool) {
		format := NDJSON
		if csv {
			format = CSV
		}
		whole, err := dump(strings.NewReader(string(data)), Options{Format: format})
		pieces, err2 := dump(oneByte{strings.NewReader(string(data))}, Options{Format: format})
		if whole != pieces || (err == nil) != (err2 == nil) {
			t.Fatalf("in one piece %q %v, byte by byte %q %v", whole, err, pieces, err2)
		}
	})
}

func BenchmarkRetail(b *testing.B) {
	if _, err := os.Stat(retail); err != nil {
		b.Skip(err)
	}
	rows := 0
	for range b.N {
		r, err := Open(retail, Options{})
		if err != nil {
			b.Fatal(err)
		}
		for {
			batch, err := r.Next()
			if err != nil {
				break
			}
			rows += batch.Rows
		}
		_ = r.Close()
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
