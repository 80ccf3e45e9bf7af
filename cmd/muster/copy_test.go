package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// shopBase is a server with a base and a folder that the tests of COPY work in.
type shopBase struct {
	t   *testing.T
	url string
	dir string
}

func newShop(t *testing.T) *shopBase {
	t.Helper()
	s := &shopBase{t, testServer(t), t.TempDir()}
	s.run(exitOK, "CREATE BASE shop")
	return s
}

// run carries out statements and returns what was printed.
func (s *shopBase) run(code int, statements string, more ...string) string {
	s.t.Helper()
	return muster(s.t, code, append([]string{"query", "--url", s.url, "--base", "shop", "--format", "csv", "-c", statements}, more...)...)
}

// is holds that a question has an answer, given as CSV without the header.
func (s *shopBase) is(question, want string) {
	s.t.Helper()
	_, got, _ := strings.Cut(strings.ReplaceAll(s.run(exitOK, question), "\r\n", "\n"), "\n")
	if got = strings.TrimSpace(got); got != want {
		s.t.Errorf("%s\n got %s\nwant %s", question, got, want)
	}
}

// file writes a file and returns its path.
func (s *shopBase) file(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func (s *shopBase) read(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

func mustSay(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("it does not say %q:\n%s", w, text)
		}
	}
}

// everyFile are the names by which COPY writes and reads a format.
var everyFile = []string{
	"x.csv", "x.csv.gz", "x.csv.zst", "x.ndjson", "x.ndjson.gz", "x.ndjson.zst", "x.parquet", "x.parquet.gz",
	"x.parquet.zst", "x.arrow", "x.arrow.gz", "x.arrow.zst", "x.arrows", "x.jsonl", "X.CSV.GZ",
}

// TestCopyEveryFormat writes contacts of every type to every format, reads each back into a base of its
// own and compares.
func TestCopyEveryFormat(t *testing.T) {
	s := newShop(t)
	s.run(exitOK, `CREATE ATTRIBUTE b BOOL; CREATE ATTRIBUTE i INT; CREATE ATTRIBUTE f FLOAT; CREATE ATTRIBUTE d DECIMAL(3);
		CREATE ATTRIBUTE t TEXT; CREATE ATTRIBUTE day DATE; CREATE ATTRIBUTE at TIMESTAMP; CREATE ATTRIBUTE tags SET;
		UPSERT CONTACT 'c1' SET b = TRUE, i = -7, f = 0.1, d = -12.345, t = 'a "quoted", żółty
line', day = '2026-02-28', at = '2026-01-02 03:04:05.678', tags = tags + 'x,y'; UPSERT CONTACT 'c1' SET tags = tags + 'z';
		UPSERT CONTACT 'c2' SET i = 9223372036854775807, t = '';
		UPSERT CONTACT 'c3' SET f = 1e300, d = 0.001, tags = tags + '"'`)
	const query = "SELECT id, b, i, f, d, t, day, at, tags FROM contacts ORDER BY id"
	want := s.run(exitOK, query)
	for n, name := range everyFile {
		path := filepath.Join(s.dir, name)
		mustSay(t, s.run(exitOK, fmt.Sprintf("COPY (%s) TO '%s'", query, path)), "3 rows written")
		base := fmt.Sprintf("copy%d", n)
		muster(t, exitOK, "query", "--url", s.url, "-c", fmt.Sprintf(`CREATE BASE %s; USE %s; CREATE ATTRIBUTE b BOOL; CREATE ATTRIBUTE i INT; CREATE ATTRIBUTE f FLOAT;
			CREATE ATTRIBUTE d DECIMAL(3); CREATE ATTRIBUTE t TEXT; CREATE ATTRIBUTE day DATE; CREATE ATTRIBUTE at TIMESTAMP; CREATE ATTRIBUTE tags SET;
			COPY contacts FROM '%s'`, base, base, path))
		got := muster(t, exitOK, "query", "--url", s.url, "--base", base, "--format", "csv", "-c", query)
		if got != want {
			t.Errorf("%s came back as\n%s\nwant\n%s", name, got, want)
		}
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil || len(entries) != len(everyFile) {
		t.Errorf("%d files are in the folder, want %d", len(entries), len(everyFile))
	}
}

// contactsCSV returns n lines id,n under a header, with bad values in some rows (counted from 1).
func contactsCSV(n int, bad ...int) string {
	isBad := map[int]bool{}
	for _, i := range bad {
		isBad[i] = true
	}
	var b strings.Builder
	b.WriteString("id,n\n")
	for i := 1; i <= n; i++ {
		if isBad[i] {
			fmt.Fprintf(&b, "c%d,no number\n", i)
		} else {
			fmt.Fprintf(&b, "c%d,%d\n", i, i)
		}
	}
	return b.String()
}

// TestCopySkips holds what ON ERROR SKIP says and lists.
func TestCopySkips(t *testing.T) {
	s := newShop(t)
	s.run(exitOK, "CREATE ATTRIBUTE n INT")
	path := s.file("in.csv", "id,n\na,1\nb,x\nc\nd,4,5\n,6\n\"e\ne\",7\nf,y\ng,8\n")
	rejects := filepath.Join(s.dir, "rejects.csv")
	said := s.run(exitOK, fmt.Sprintf("COPY contacts FROM '%s' ON ERROR SKIP REJECTS TO '%s'", path, rejects))
	mustSay(t, said, "3 rows in", "5 rejected", "2 rows")
	want := []string{"line,column,reason", "3,n,", "4,", "5,", "6,", "9,n,"}
	lines := strings.Split(strings.TrimSpace(s.read("rejects.csv")), "\n")
	if len(lines) != len(want) {
		t.Fatalf("the list is\n%s", strings.Join(lines, "\n"))
	}
	for i, w := range want {
		if !strings.HasPrefix(lines[i], w) {
			t.Errorf("line %d of the list is %q, want %q", i, lines[i], w)
		}
	}
	s.is("SELECT count(*) FROM contacts", "3")
	// The list must not overwrite what is read, by whatever name.
	before := s.read("in.csv")
	link := filepath.Join(s.dir, "link.csv")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, link} {
		mustSay(t, s.run(exitFailed, fmt.Sprintf("COPY contacts FROM '%s' ON ERROR SKIP REJECTS TO '%s' AGAIN", path, name)), "rejected rows cannot go into the file that is read")
	}
	if s.read("in.csv") != before {
		t.Error("the file that is read was changed")
	}
	mustSay(t, s.run(exitFailed, fmt.Sprintf("COPY contacts FROM '%s' ON ERROR SKIP REJECTS TO '%s/no/such/dir.csv' AGAIN", path, s.dir)), "rejected rows cannot be written", "folder that exists")
}

// TestCopyStopsAndGoesOn loads a file with a bad row in its third block, mends it and goes on.
func TestCopyStopsAndGoesOn(t *testing.T) {
	s := newShop(t)
	s.run(exitOK, "CREATE ATTRIBUTE n INT; CREATE EVENT seen (n INT)")
	path := s.file("in.csv", contactsCSV(30_000, 20_000))
	load := fmt.Sprintf("COPY seen FROM '%s' (contact = id, time = '2026-01-01', n = n)", path)
	mustSay(t, s.run(exitFailed, load), "line 20001", "no number", "16384 rows before row 16385 are in", "mend the row", "ON ERROR SKIP")
	s.is("COUNT", "16384")
	s.file("in.csv", contactsCSV(30_000))
	mustSay(t, s.run(exitOK, load), "13,616 rows in", "after 16,384 rows")
	s.is("COUNT count(seen) = 1", "30000")
	mustSay(t, s.run(exitFailed, load), "loaded before", "30000 rows", "AGAIN")
	s.run(exitOK, load+" AGAIN")
	s.is("COUNT count(seen) = 2", "30000")
	// Another mapping of the same file is another load.
	s.run(exitOK, fmt.Sprintf("COPY contacts FROM '%s'", path))
	s.is("SELECT count(*) FROM contacts WHERE n > 0", "30000")
}

// proxy stands between client and server and can break.
type proxy struct {
	*httptest.Server
	blocks atomic.Int64 // blocks of loads that passed
	breaks atomic.Int64 // the block after which the connection breaks, 0: none
	answer atomic.Bool  // the block that breaks reaches the server, its answer not the client
	onNth  func(n int64)
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{}
	back := httputil.NewSingleHostReverseProxy(u)
	back.Transport = &http.Transport{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var broken bool
		if r.URL.Query().Has("block") {
			n := p.blocks.Add(1)
			if p.onNth != nil {
				p.onNth(n)
			}
			broken = p.breaks.Load() > 0 && n > p.breaks.Load()
		} else {
			broken = p.breaks.Load() > 0 && p.blocks.Load() > p.breaks.Load()
		}
		if broken && p.answer.Load() && r.URL.Query().Has("block") {
			back.ServeHTTP(httptest.NewRecorder(), r)
		}
		if broken {
			panic(http.ErrAbortHandler)
		}
		back.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

// cutOff runs a load whose connection breaks for good after some blocks, the answer to the last one lost.
func (s *shopBase) cutOff(load string, blocks int64) string {
	s.t.Helper()
	p := newProxy(s.t, s.url)
	p.breaks.Store(blocks)
	p.answer.Store(true)
	said := muster(s.t, exitFailed, "query", "--url", p.URL, "--base", "shop", "-c", load)
	mustSay(s.t, said, "go on", "no row counts twice")
	return said
}

// TestCopyCutOff holds that a load whose connection breaks goes on, counts every row once and lists every
// rejected row once.
func TestCopyCutOff(t *testing.T) {
	s := newShop(t)
	s.run(exitOK, "CREATE EVENT seen (n INT)")
	bad := []int{1, 9_000, 17_000, 25_000, 33_000, 41_000}
	path := s.file("in.csv", contactsCSV(50_000, bad...))
	load := fmt.Sprintf("COPY seen FROM '%s' (contact = id, time = '2026-01-01', n = n) ON ERROR SKIP REJECTS TO '%s'", path, filepath.Join(s.dir, "rejects.csv"))
	for _, blocks := range []int64{1, 2} {
		s.cutOff(load, blocks)
	}
	said := s.run(exitOK, load)
	mustSay(t, said, "rows in", "had arrived before the cut")
	s.is("COUNT count(seen) = 1", fmt.Sprint(50_000-len(bad)))
	s.is("COUNT", fmt.Sprint(50_000-len(bad)))
	list := strings.Split(strings.TrimSpace(s.read("rejects.csv")), "\n")
	if len(list) != len(bad)+1 {
		t.Fatalf("the list of rejected rows:\n%s", strings.Join(list, "\n"))
	}
	for i, row := range bad {
		if !strings.HasPrefix(list[i+1], fmt.Sprintf("%d,n,", row+1)) {
			t.Errorf("rejected row %d is %q, want line %d", i, list[i+1], row+1)
		}
	}
}

// TestCopyChangedFile holds that a file which changed after a load was cut off is told at the row, also
// in a block whose answer was lost.
func TestCopyChangedFile(t *testing.T) {
	s := newShop(t)
	s.run(exitOK, "CREATE ATTRIBUTE n INT")
	whole := contactsCSV(50_000)
	for _, c := range []struct {
		name, text, want string
	}{
		{"a row that is in", strings.Replace(whole, "c5,5\n", "c5,6\n", 1), "other rows from row 1 on"},
		{"a row of the lost answer", strings.Replace(whole, "c17000,17000\n", "c17000,1\n", 1), "other rows from row 16385 on"},
		{"shorter", contactsCSV(8192), "ends before row 8193 on"},
	} {
		path := s.file(c.name+".csv", whole)
		load := fmt.Sprintf("COPY contacts FROM '%s'", path)
		s.cutOff(load, 2)
		s.file(c.name+".csv", c.text)
		mustSay(t, s.run(exitFailed, load), c.want, "AGAIN")
		s.run(exitOK, load+" AGAIN")
	}
	// What the server was never told of may change: about twenty blocks are announced ahead at most.
	long := contactsCSV(200_000)
	path := s.file("tail.csv", long)
	load := fmt.Sprintf("COPY contacts FROM '%s'", path)
	s.cutOff(load, 1)
	s.file("tail.csv", strings.Replace(long, "c199999,199999\n", "c199999,-1\n", 1))
	s.run(exitOK, load)
	s.is("SELECT n FROM contacts WHERE id = 'c199999'", "-1")
}

// TestCopyInterrupted cancels a load as Ctrl-C does.
func TestCopyInterrupted(t *testing.T) {
	s := newShop(t)
	s.run(exitOK, "CREATE EVENT seen (n INT)")
	path := s.file("in.csv", contactsCSV(60_000))
	load := fmt.Sprintf("COPY seen FROM '%s' (contact = id, time = '2026-01-01', n = n)", path)
	ctx, cancel := context.WithCancel(context.Background())
	p := newProxy(t, s.url)
	p.onNth = func(n int64) {
		if n == 3 {
			cancel()
		}
	}
	var out bytes.Buffer
	code := run(ctx, []string{"query", "--url", p.URL, "--base", "shop", "-c", load}, streams{out: &out, err: &out})
	if code != exitFailed {
		t.Errorf("ended with %d", code)
	}
	mustSay(t, out.String(), "interrupted", "16384 rows of the file are in", "once more to go on")
	mustSay(t, s.run(exitOK, load), "after 16,384 rows")
	s.is("COUNT count(seen) = 1", "60000")
}

// TestCopyTwiceAtOnce runs two loads of one file at the same time: one of them may be told of the other,
// every row counts once.
func TestCopyTwiceAtOnce(t *testing.T) {
	s := newShop(t)
	s.run(exitOK, "CREATE EVENT seen (n INT)")
	path := s.file("in.csv", contactsCSV(60_000))
	load := fmt.Sprintf("COPY seen FROM '%s' (contact = id, time = '2026-01-01', n = n)", path)
	var wg sync.WaitGroup
	var said [2]bytes.Buffer
	var codes [2]int
	for i := range said {
		wg.Go(func() {
			codes[i] = run(context.Background(), []string{"query", "--url", s.url, "--base", "shop", "-c", load}, streams{out: &said[i], err: &said[i]})
		})
	}
	wg.Wait()
	for i, code := range codes {
		if code != exitOK {
			if text := said[i].String(); !strings.Contains(text, "at the same time") && !strings.Contains(text, "loaded before") {
				t.Errorf("a load ended with %d: %s", code, text)
			}
		}
	}
	if codes[0] != exitOK && codes[1] != exitOK {
		s.run(exitOK, load)
	}
	s.is("COUNT count(seen) = 1", "60000")
}

// TestCopyNames holds that columns may be called what they like, and that open schema makes attributes of
// them.
func TestCopyNames(t *testing.T) {
	s := newShop(t)
	path := s.file("in.csv", "id,order,group,first,Order Completed,count,select,time\na,1,2,3,4,5,6,7\n")
	s.run(exitOK, fmt.Sprintf(`COPY contacts FROM '%s' (id = id, "order" = "order", n = "Order Completed", first = first, c = count, s = "select", t = time)`, path))
	s.is(`SELECT "order", n, first, c, s, t FROM contacts`, "1,4,3,5,6,7")
	s.run(exitOK, fmt.Sprintf("COPY contacts FROM '%s' AGAIN", path))
	s.is(`SELECT "group", "Order Completed", count, "select" FROM contacts`, "2,4,5,6")
	events := s.file("events.csv", "contact,time,order\na,2026-01-01,x\n")
	for _, name := range []string{"open", "order", "return", "first", "last", "segment", "any", `"Order Completed"`} {
		s.run(exitOK, fmt.Sprintf("COPY %s FROM '%s'", name, events))
		s.is(fmt.Sprintf("COUNT DID %s", name), "1")
	}
	bare := s.file("bare.csv", "contact,time\na,2026-01-01\n")
	s.run(exitOK, fmt.Sprintf("COPY bare FROM '%s'", bare))
	s.is("COUNT DID bare", "1")
}

// TestCopyWide loads blocks that are far too long for one command of the log.
func TestCopyWide(t *testing.T) {
	s := newShop(t)
	muster(t, exitOK, "query", "--url", s.url, "-c", "CREATE BASE wide WITH (spread = 1)")
	var b strings.Builder
	b.WriteString("id,text\n")
	for i := range 10_000 {
		fmt.Fprintf(&b, "c%d,%s\n", i, strings.Repeat(string(rune('a'+i%26)), 2000))
	}
	path := s.file("wide.csv", b.String())
	muster(t, exitOK, "query", "--url", s.url, "--base", "wide", "-c", fmt.Sprintf("COPY contacts FROM '%s'", path))
	if out := muster(t, exitOK, "query", "--url", s.url, "--base", "wide", "--format", "csv", "-c", "COUNT text STARTS WITH 'bbb'"); !strings.Contains(out, "385") {
		t.Errorf("got %s", out)
	}
}

func TestOutputFile(t *testing.T) {
	s := newShop(t)
	s.run(exitOK, "UPSERT CONTACT 'a' SET n = 1")
	out := s.file("out.csv", "as it was")
	s.run(exitFailed, "SELECT id FROM contacts; COUNT nothing = 1", "-o", out)
	if got := s.read("out.csv"); got != "as it was" {
		t.Errorf("a run that failed left %q", got)
	}
	s.run(exitOK, "SELECT id, n FROM contacts", "-o", out)
	if got := strings.ReplaceAll(s.read("out.csv"), "\r", ""); got != "id,n\na,1\n" {
		t.Errorf("the file holds %q", got)
	}
	for format, want := range map[string]string{"ndjson": "{\"id\":\"a\",\"n\":1}\n{\"@end\"", "json": `"rows":[["a",1]]`, "table": "│ a  │ 1 │"} {
		muster(t, exitOK, "query", "--url", s.url, "--base", "shop", "--format", format, "-o", out, "-c", "SELECT id, n FROM contacts")
		mustSay(t, s.read("out.csv"), want)
	}
	muster(t, exitOK, "query", "--url", s.url, "--base", "shop", "-o", os.DevNull, "-c", "COUNT")
	mustSay(t, muster(t, exitUsage, "query", "--url", s.url, "-o", s.dir, "-c", "SHOW BASES"), "folder")
	mustSay(t, muster(t, exitUsage, "query", "--url", s.url, "-o", filepath.Join(s.dir, "no", "x"), "-c", "SHOW BASES"), "folder that exists")
	if left, _ := filepath.Glob(filepath.Join(s.dir, ".*.part")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestExitCodes(t *testing.T) {
	s := newShop(t)
	for _, c := range []struct {
		code int
		args []string
		want string
	}{
		{exitOK, []string{"query", "--url", s.url, "-c", "SHOW BASES"}, "shop"},
		{exitOK, []string{"version"}, "muster"},
		{exitOK, []string{}, "muster demo"},
		{exitFailed, []string{"query", "--url", s.url, "-c", "CREATE BASE shop"}, "already"},
		{exitFailed, []string{"query", "--url", s.url, "-c", "SHOW BASES; NONSENSE"}, "NONSENSE"},
		{exitUsage, []string{"query", "--url", s.url}, "-c"},
		{exitUsage, []string{"query", "-c", "COUNT", "-f", "x"}, "-f"},
		{exitUsage, []string{"query", "--nonsense"}, "--help"},
		{exitUsage, []string{"nonsense"}, "--help"},
		{exitUsage, []string{"serve"}, "--data"},
		{exitConnect, []string{"query", "--url", "http://127.0.0.1:1", "-c", "SHOW BASES"}, "muster serve"},
	} {
		if out := muster(t, c.code, c.args...); !strings.Contains(out, c.want) {
			t.Errorf("muster %q does not say %q:\n%s", c.args, c.want, out)
		}
	}
}

func TestHelpShowsExamples(t *testing.T) {
	for _, command := range []string{"serve", "query", "gen", "demo", "bench", "version"} {
		if out := muster(t, exitOK, command, "--help"); !strings.Contains(out, "Example") || !strings.Contains(out, "muster "+command+" ") {
			t.Errorf("muster %s --help has no example:\n%s", command, out)
		}
	}
}

// TestScriptFile runs statements of a file and of standard input's kind: comments, USE, several lines.
func TestScriptFile(t *testing.T) {
	s := newShop(t)
	path := s.file("all.sql", "-- a script\nCREATE BASE two;\nUSE two;\nUPSERT CONTACT 'a;b'\n  SET n = 1; /* the end */\nSELECT id FROM contacts;\n")
	out := muster(t, exitOK, "query", "--url", s.url, "--format", "csv", "-f", path)
	mustSay(t, out, "a;b", "base two created", "1 contact created")
	bad := s.file("bad.sql", "USE two;\nCOUNT\n  nn = 1;\nDROP BASE two;\n")
	out = muster(t, exitFailed, "query", "--url", s.url, "-f", bad)
	mustSay(t, out, "nn", "did you mean")
	muster(t, exitOK, "query", "--url", s.url, "--base", "two", "-c", "COUNT")
}

// TestSlowAnswer holds that an answer which is cut off is an error and says so.
func TestSlowAnswer(t *testing.T) {
	for _, format := range []string{"table", "csv", "json", "ndjson"} {
		types := map[string]string{"table": "application/vnd.apache.arrow.stream", "csv": "text/csv", "json": "application/json", "ndjson": "application/x-ndjson"}
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", types[format])
			_, _ = io.WriteString(w, strings.Repeat("x", 5000))
			w.(http.Flusher).Flush()
			time.Sleep(10 * time.Millisecond)
			panic(http.ErrAbortHandler)
		}))
		out := muster(t, exitFailed, "query", "--url", srv.URL, "--format", format, "-c", "COUNT")
		mustSay(t, out, "answer")
		srv.Close()
	}
}
