package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

var rewrite = flag.Bool("rewrite", false, "write what is answered into testdata instead of comparing with it")

// TestMistakes holds what people get wrong and what they are told: each case of testdata/mistakes.txt is
// a command or a request and its answer. Read the file as the product's texts; -rewrite writes it anew.
//
//	# a comment
//	== title
//	$ muster arguments          (a shell's quotes; --url is added to query)
//	POST /path [Name: value …]  (the body follows, up to ----)
//	----
//	exit code or status, and the answer
func TestMistakes(t *testing.T) {
	path, err := filepath.Abs("testdata/mistakes.txt")
	if err != nil {
		t.Fatal(err)
	}
	m := newMistakes(t)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	cases := 0
	head, rest, _ := strings.Cut(string(text), "\n== ")
	out.WriteString(head)
	for part := range strings.SplitSeq(rest, "\n== ") {
		title, body, _ := strings.Cut(part, "\n")
		what, want, _ := strings.Cut(body, "\n----\n")
		got := m.answer(title, what)
		cases++
		fmt.Fprintf(&out, "\n== %s\n%s\n----\n%s\n", title, what, got)
		if want = strings.TrimSpace(want); got != want && !*rewrite {
			t.Errorf("%s\n%s\nanswers\n%s\nwant\n%s", title, what, got, want)
		}
	}
	if cases < 80 {
		t.Errorf("only %d cases", cases)
	}
	if *rewrite {
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// mistakes is where the mistakes are made: a server, a folder of files, a port in use, a server that is
// not Muster's.
type mistakes struct {
	t         *testing.T
	shop      *shopBase
	busy      string
	notMuster string
}

func newMistakes(t *testing.T) *mistakes {
	s := newShop(t)
	t.Chdir(s.dir) // the length of its name would move the carets
	s.run(exitOK, `CREATE ATTRIBUTE country TEXT; CREATE ATTRIBUTE age INT; CREATE ATTRIBUTE signup_at TIMESTAMP; CREATE ATTRIBUTE birthday DATE;
		CREATE ATTRIBUTE tags SET; CREATE ATTRIBUTE email_opt_in BOOL; CREATE ATTRIBUTE ltv DECIMAL(2);
		CREATE EVENT purchase (amount DECIMAL(2), category TEXT); CREATE EVENT open (campaign TEXT);
		CREATE BASE strict WITH (schema = strict); UPSERT CONTACT 'c1' SET country = 'PL'`)
	s.file("contacts.csv", "id,country,age\na,PL,30\nb,DE\nc,FR,forty\n")
	s.file("good.csv", "id,country\na,PL\n")
	s.file("purchases.csv", "customer,when,amount\na,2026-02-30,5\n")
	s.file("semicolons.csv", "id;country\na;PL\n")
	s.file("empty.csv", "")
	s.file("header.csv", "id,country\n")
	s.file("twice.csv", "id,country,country\na,PL,PL\n")
	s.file("contacts.xlsx", "PK\x03\x04")
	s.file("notparquet.parquet", "id,country\n")
	s.file("latin1.csv", "id,country\na,K\xf6ln\n")
	s.file("torn.csv.gz", string(gzipOf("id,country\na,PL\n")[:20]))
	if err := os.Mkdir(filepath.Join(s.dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.file("folder/notes.txt", "mine")
	if err := os.MkdirAll(filepath.Join(s.dir, "newer"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.file("newer/muster.json", `{"product":"muster","format":99}`)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>hello</html>") }))
	t.Cleanup(other.Close)
	return &mistakes{t, s, l.Addr().String(), other.URL}
}

func gzipOf(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.Bytes()
}

var (
	elapsed = regexp.MustCompile(`\([0-9.µms]+, [0-9,]+ rows/s\)`)
	clockMS = regexp.MustCompile(`"(elapsed_ms|clock)":[0-9.]+`)
	nowText = regexp.MustCompile(`which is [0-9-]+T[0-9:.]+Z`)
)

// answer carries out a case and returns its answer with what differs from run to run left out.
func (m *mistakes) answer(title, what string) string {
	m.t.Helper()
	fill := strings.NewReplacer("{busy}", m.busy, "{other}", m.notMuster, "{url}", m.shop.url)
	text := ""
	switch {
	case strings.HasPrefix(what, "$ muster "):
		text = m.command(fill.Replace(strings.TrimPrefix(what, "$ muster ")))
	case strings.HasPrefix(what, "POST "), strings.HasPrefix(what, "GET "):
		text = m.request(fill.Replace(what))
	default:
		m.t.Fatalf("%s: %q is neither a command nor a request", title, what)
	}
	text = strings.NewReplacer(m.shop.dir, "{dir}", m.shop.url, "{url}", strings.TrimPrefix(m.shop.url, "http://"), "{host}", m.busy, "{busy}",
		m.notMuster, "{other}", strings.TrimPrefix(m.notMuster, "http://"), "{otherhost}").Replace(text)
	text = elapsed.ReplaceAllString(text, "(…)")
	text = clockMS.ReplaceAllString(text, `"$1":0`)
	text = nowText.ReplaceAllString(text, "which is …")
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \r")
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

func (m *mistakes) command(line string) string {
	args := shellWords(line)
	if args[0] == "query" && !strings.Contains(line, "--url") {
		args = append(args[:1:1], append([]string{"--url", m.shop.url}, args[1:]...)...)
	}
	var out bytes.Buffer
	code := run(context.Background(), args, streams{out: &out, err: &out})
	return fmt.Sprintf("exit %d\n%s", code, out.String())
}

// shellWords splits a line at spaces outside of double quotes, within which \" is a quote.
func shellWords(line string) []string {
	var words []string
	var word strings.Builder
	quoted, some := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && quoted && i+1 < len(line):
			i++
			word.WriteByte(line[i])
		case c == '"':
			quoted, some = !quoted, true
		case (c == ' ' || c == '\n') && !quoted:
			if some {
				words = append(words, word.String())
			}
			word.Reset()
			some = false
		default:
			word.WriteByte(c)
			some = true
		}
	}
	if some {
		words = append(words, word.String())
	}
	return words
}

var header = regexp.MustCompile(`([A-Z][A-Za-z-]+): (\S+)`)

func (m *mistakes) request(text string) string {
	first, body, _ := strings.Cut(text, "\n")
	words := strings.Fields(first)
	req, err := http.NewRequest(words[0], m.shop.url+words[1], strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	for _, h := range header.FindAllStringSubmatch(first, -1) {
		if h[1] == "Host" {
			req.Host = h[2]
		}
		req.Header.Set(h[1], h[2])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	return fmt.Sprintf("%s\n%s", resp.Status, answer)
}
