package screens

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/musterdb/muster/bench/shop"
	"github.com/musterdb/muster/cluster/api"
	"github.com/musterdb/muster/cluster/client"
	"github.com/musterdb/muster/cluster/httpd"
	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/cmd/internal/session"
	"github.com/musterdb/muster/cmd/internal/shell"
	"github.com/musterdb/muster/cmd/internal/synthetic"
)

var rewrite = flag.Bool("rewrite", false, "write the screens anew, here and in docs/tutorial/the-shell.md")

// TestMain is the tests, or, in a window of tmux, the shell.
func TestMain(m *testing.M) {
	if os.Getenv(asShell) == "" {
		os.Exit(m.Run())
	}
	os.Exit(runShell(os.Args[1:]))
}

// asShell has this binary be the shell.
const asShell = "MUSTER_SCREENS_SHELL"

// runShell is muster shell without its command line: of the flags it knows --base and -c.
func runShell(args []string) int {
	c, err := client.New(os.Getenv("MUSTER_URL"))
	if err != nil {
		panic(err)
	}
	cfg := shell.Config{Client: c, In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Terminal: isTerminal(os.Stdin) && isTerminal(os.Stdout)}
	for i := 1; i+1 < len(args); i += 2 {
		switch args[i] {
		case "--base":
			cfg.Base = args[i+1]
		case "-c":
			cfg.Script = append(cfg.Script, args[i+1])
		}
	}
	if err := shell.Run(context.Background(), cfg); err != nil {
		fmt.Fprintln(os.Stderr, session.Rendered(err))
		return 1
	}
	return 0
}

func isTerminal(f *os.File) bool {
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}

// clock is the server's, always.
var clock = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)

// server is a base to look at, and what became of slow statements.
type server struct {
	url               string
	slow, interrupted atomic.Int64
}

// slowMark in a statement has it take until its client goes away.
const slowMark = "slow"

// serve serves the base shop of 2,000 contacts.
func serve(t *testing.T) *server {
	t.Helper()
	n, err := node.Open(node.Config{Clock: clock.UnixMilli})
	if err != nil {
		t.Fatal(err)
	}
	svc := api.New(n, api.Config{})
	cfg := shop.Config{Seed: 1, Contacts: 2000, Clock: clock}
	if err := synthetic.LoadShop(context.Background(), svc, "shop", cfg, silent{}); err != nil {
		t.Fatal(err)
	}
	s := &server{}
	srv := httptest.NewServer(s.slowly(httpd.New(svc, httpd.Config{Version: "test"})))
	s.url = srv.URL
	t.Cleanup(func() {
		srv.Close()
		if err := n.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

type silent struct{}

func (silent) Update(int64, int64, int64) {}

// slowly has statements with the mark wait for their client to go.
func (s *server) slowly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if bytes.Contains(body, []byte(slowMark)) && strings.HasSuffix(r.URL.Path, "/query") {
			s.slow.Add(1)
			select {
			case <-r.Context().Done():
				s.interrupted.Add(1)
				return
			case <-time.After(20 * time.Second):
			}
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

var (
	tookTime = regexp.MustCompile(`in [0-9.]+ (ms|s)( \(server [0-9.]+ (ms|s)\))?`)
	address  = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	wallTime = regexp.MustCompile(`\d\d:\d\d:\d\d; Ctrl-C`)
)

// masked takes out what differs from run to run.
func masked(text string) string {
	text = tookTime.ReplaceAllString(text, "in 0.42 ms (server 0.21 ms)")
	text = address.ReplaceAllString(text, "http://127.0.0.1:7070")
	return wallTime.ReplaceAllString(text, "12:00:00; Ctrl-C")
}

// golden holds a text against testdata/name.
func golden(t *testing.T, name, got string) {
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
		t.Errorf("%s differs at %s", name, firstDifference(got, string(want)))
	}
}

// firstDifference shows where two texts part, with the lines before.
func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	from := max(0, i-4)
	part := func(lines []string) string { return strings.Join(lines[from:min(len(lines), i+8)], "\n") }
	return fmt.Sprintf("line %d: now\n%s\nand not\n%s", i+1, part(a), part(b))
}
