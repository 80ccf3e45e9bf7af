package httpd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zeebo/xxh3"

	"github.com/musterdb/muster/query/calendar"
)

// readback is an answer with all types in every format, in files that other programs read.
type readback struct {
	dir   string
	names []string
	kinds []string
	rows  [][]any // as the programs should see them
}

var readbackTexts = []string{
	"", "a", "żółw", `say "no"`, "a,b", "line\nbreak", "cr\r\nlf", " lead", "007", "-0", "1e5", "\\", "\t", "[1]", "null", "NULL", "NaN", "true",
	"2026-01-01", "\u2028", "日本語", "'", `""`, "a|b", "=1+1", "\x7f", strings.Repeat("long ", 300),
}

// newReadback brings random contacts into a base by NDJSON, and asks for them in every format.
func newReadback(t *testing.T) *readback {
	t.Helper()
	d := openDoor(t)
	for _, s := range []string{
		"b BOOL", "i INT", "d DECIMAL(2)", "f FLOAT", "t TEXT", `"odd, name" TEXT`, "day DATE", "at TIMESTAMP", "until TIMESTAMP", "tags SET", "k KEY",
	} {
		d.must("shop", "CREATE ATTRIBUTE "+s)
	}
	r := &readback{
		dir:   t.TempDir(),
		names: []string{"id", "b", "i", "d", "f", "t", "odd, name", "day", "at", "tags", "k", "open"},
		kinds: []string{"TEXT", "BOOL", "INT", "DECIMAL", "FLOAT", "TEXT", "TEXT", "DATE", "TIMESTAMP", "SET", "KEY", "DURATION"},
	}
	rng := rand.New(rand.NewPCG(11, 12))
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	for i := range 500 {
		if err := enc.Encode(r.row(rng, i)); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.post("/v1/bases/shop/contacts", "application/x-ndjson", body.Bytes()).result(t); got.Rejected > 0 || got.Created != 500 {
		t.Fatalf("%+v", got)
	}
	d.files(t, r)
	return r
}

// row makes a contact as it is sent, and notes it as it is to be read. A tenth of its cells are null.
func (r *readback) row(rng *rand.Rand, i int) map[string]any {
	id := fmt.Sprintf("%05d", i) // leading zeros must stay
	sent, want := map[string]any{"id": id}, []any{id}
	text := func() string { return readbackTexts[rng.IntN(len(readbackTexts))] }
	cell := func(name string, send, read any) {
		if rng.IntN(10) == 0 {
			send, read = nil, nil
		}
		if sent[name] = send; name != "at" && name != "until" {
			want = append(want, read)
		}
	}
	same := func(name string, v any) { cell(name, v, v) }
	same("b", rng.IntN(2) == 0)
	same("i", int64(rng.Uint64())>>rng.IntN(64))
	same("d", json.Number(fmt.Sprintf("%d.%02d", rng.IntN(2e9)-1e9, rng.IntN(100))))
	same("f", json.Number(fmt.Sprint(rng.NormFloat64()*1e3)))
	same("t", text())
	same("odd, name", text())
	same("day", calendar.FormatDate(rng.Int64N(40_000)))
	at := rng.Int64N(2e12)
	until := at + rng.Int64N(1e6)*[]int64{1, 1000, 60_000}[rng.IntN(3)]
	same("at", calendar.FormatTimestamp(at))
	same("until", calendar.FormatTimestamp(until))
	want = append(want, sent["at"])
	tags := []string{}
	for range rng.IntN(4) {
		if s := text(); !slices.Contains(tags, s) {
			tags = append(tags, s)
		}
	}
	slices.Sort(tags)
	same("tags", tags)
	key := fmt.Sprint("key", rng.IntN(100))
	cell("k", key, fmt.Sprintf("%016x", xxh3.HashString(key)))
	if sent["at"] == nil || sent["until"] == nil {
		want = append(want, nil)
	} else {
		want = append(want, until-at)
	}
	r.rows = append(r.rows, want)
	return sent
}

// files asks for the rows in every format, and of more than one piece.
func (d *door) files(t *testing.T, r *readback) {
	t.Helper()
	const all = `SELECT id, b, i, d, f, t, "odd, name", day, at, tags, k, until - at AS open FROM contacts`
	for _, f := range [][2]string{{"csv", "csv"}, {"ndjson", "ndjson"}, {"json", "json"}, {"arrow", "arrows"}, {"parquet", "parquet"}, {"markdown", "md"}} {
		// Without an order the rows come as the shards have them, through the workers; with one, by Record.
		for suffix, order := range map[string]string{"": " ORDER BY id", "u": ""} {
			answer := d.ask("shop", all+order, f[0])
			if answer.status != 200 {
				t.Fatalf("%s: %d %s", f[0], answer.status, answer.body)
			}
			name := filepath.Join(r.dir, "a"+suffix+"."+f[1])
			if err := os.WriteFile(name, []byte(answer.body), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	want, err := json.Marshal(map[string]any{"names": r.names, "kinds": r.kinds, "rows": r.rows})
	if err == nil {
		err = os.WriteFile(filepath.Join(r.dir, "want.json"), want, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// python returns a Python that has a module.
func python(t *testing.T, module string) string {
	t.Helper()
	for _, p := range []string{os.Getenv("MUSTER_PYARROW"), "python3"} {
		if p != "" && exec.Command(p, "-c", "import "+module).Run() == nil {
			return p
		}
	}
	t.Skipf("no Python with %s: set MUSTER_PYARROW to a Python that has it, to read answers back by it", module)
	return ""
}

// tool returns a program.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s: install it to read answers back by it", name)
	}
	return path
}

// TestReadBack has other programs read answers in every format, and compares what they see.
func TestReadBack(t *testing.T) {
	r := newReadback(t)
	for program, module := range map[string]string{"stdlib": "csv", "pyarrow": "pyarrow.parquet", "duckdb": "duckdb"} {
		t.Run(program, func(t *testing.T) {
			if out, err := exec.Command(python(t, module), "testdata/readback.py", program, r.dir).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	t.Run("jq", func(t *testing.T) { r.jq(t) })
	t.Run("sqlite", func(t *testing.T) { r.sqlite(t) })
	t.Run("unordered", func(t *testing.T) { r.unordered(t) })
}

// jq reads NDJSON and the document; the numbers that it reads as floats are left out.
func (r *readback) jq(t *testing.T) {
	cells := `[.id,.b,.t,."odd, name",.day,.at,.tags]`
	for _, c := range [][]string{
		{"-c", `select(has("@end")|not)|` + cells, filepath.Join(r.dir, "a.ndjson")},
		{"-c", `(.columns|map(.name)) as $n|.rows[]|[$n,.]|transpose|map({(.[0]):.[1]})|add|` + cells, filepath.Join(r.dir, "a.json")},
	} {
		out, err := exec.Command(tool(t, "jq"), c...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		r.compareJSON(t, c[2], string(out), func(w []any) []any { return []any{w[0], w[1], w[5], w[6], w[7], w[8], w[9]} })
	}
}

// sqlite imports CSV; it knows no null there.
func (r *readback) sqlite(t *testing.T) {
	cmd := exec.Command(tool(t, "sqlite3"), ":memory:")
	cmd.Stdin = strings.NewReader(".mode csv\n.import " + filepath.Join(r.dir, "a.csv") + " a\n.mode list\n" +
		`select json_array(id,b,i,d,t,"odd, name",day,at,k) from a;`)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	r.compareJSON(t, "sqlite", string(out), func(w []any) []any {
		texts := []any{}
		for _, i := range []int{0, 1, 2, 3, 5, 6, 7, 8, 10} {
			if w[i] == nil {
				w[i] = ""
			}
			texts = append(texts, fmt.Sprint(w[i]))
		}
		return texts
	})
}

// compareJSON compares rows that are JSON arrays, a line each.
func (r *readback) compareJSON(t *testing.T, what, out string, pick func([]any) []any) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != len(r.rows) {
		t.Fatalf("%s: %d rows, want %d: %.300s", what, len(lines), len(r.rows), out)
	}
	for i, line := range lines {
		var got []any
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(pick(slices.Clone(r.rows[i])))
		if !bytes.Equal(a, b) {
			t.Fatalf("%s row %d: %s\nwant %s", what, i, a, b)
		}
	}
}

// unordered holds answers that workers made in pieces against the ordered ones: the same lines.
func (r *readback) unordered(t *testing.T) {
	for _, ext := range []string{"csv", "ndjson", "md", "json"} {
		var sorted [2][]string
		for i, name := range []string{"a", "au"} {
			text, err := os.ReadFile(filepath.Join(r.dir, name+"."+ext))
			if err != nil {
				t.Fatal(err)
			}
			cut := "\n"
			if ext == "json" {
				text, _, _ = bytes.Cut(text, []byte(`],"stats"`))
				_, text, _ = bytes.Cut(text, []byte(`"rows":[`))
				cut = "],["
			}
			for _, line := range strings.Split(strings.Trim(string(text), "[]\n"), cut) {
				if !strings.HasPrefix(line, `{"@end"`) {
					sorted[i] = append(sorted[i], line)
				}
			}
			slices.Sort(sorted[i])
		}
		if !slices.Equal(sorted[0], sorted[1]) {
			t.Errorf("%s: rows in pieces are others than rows in order", ext)
		}
	}
}
