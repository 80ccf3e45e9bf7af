package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/engine/tabular"
	"github.com/musterdb/muster/query/diag"
)

// answers is a sink that keeps an answer as text, a row a line with cells between bars.
type answers struct {
	names   []string
	rows    []string
	message string
	during  func() // called with each record
}

func (a *answers) Begin(s *arrow.Schema) error {
	for _, f := range s.Fields() {
		a.names = append(a.names, f.Name)
	}
	return nil
}

func (a *answers) Record(r arrow.Record) error {
	for i := range int(r.NumRows()) {
		var cells []string
		for _, c := range r.Columns() {
			cells = append(cells, cellText(c, i))
		}
		a.rows = append(a.rows, strings.Join(cells, " | "))
	}
	if a.during != nil {
		a.during()
	}
	return nil
}

func cellText(c arrow.Array, i int) string {
	if c.IsNull(i) {
		return "null"
	}
	return c.ValueStr(i)
}

func (a *answers) Message(text string) error {
	a.message = text
	return nil
}

// String returns the message, or the rows.
func (a *answers) String() string {
	if a.message != "" {
		return a.message
	}
	return strings.Join(a.rows, "\n")
}

// openService returns a service of an ephemeral node with the base shop.
func openService(t *testing.T) *Service {
	t.Helper()
	n, err := node.Open(node.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	s := New(n, Config{})
	mustDo(t, s, "CREATE BASE shop")
	return s
}

// do carries out a statement over shop.
func do(s *Service, text string) (*answers, error) {
	to := &answers{}
	_, err := s.Query(context.Background(), Request{Base: "shop", Text: text}, to)
	return to, err
}

func mustDo(t *testing.T, s *Service, text string) string {
	t.Helper()
	to, err := do(s, text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return to.String()
}

// code returns an error's code and its message.
func code(err error) (diag.Code, string) {
	var known *diag.Error
	if !errors.As(err, &known) {
		return "", fmt.Sprint(err)
	}
	return known.Code, known.Msg
}

// manyContacts makes contacts c0 … with an attribute n.
func manyContacts(t *testing.T, s *Service, contacts int) {
	t.Helper()
	var b strings.Builder
	b.WriteString("id,n\n")
	for i := range contacts {
		fmt.Fprintf(&b, "c%d,%d\n", i, i)
	}
	mustDo(t, s, "CREATE ATTRIBUTE n INT")
	_, err := s.Ingest(context.Background(), IngestRequest{Base: "shop", Target: "contacts", Body: strings.NewReader(b.String()), Options: tabular.Options{Format: tabular.CSV}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestShowQueriesAndKill(t *testing.T) {
	s := openService(t)
	manyContacts(t, s, 300_000)
	if got := mustDo(t, s, "SHOW QUERIES"); got != "" {
		t.Errorf("nothing runs, but SHOW QUERIES lists\n%s", got)
	}
	if _, err := do(s, "KILL 12345"); err == nil {
		t.Error("a statement that does not run was killed")
	} else if c, _ := code(err); c != diag.Name {
		t.Error(err)
	}
	begun, goOn := make(chan struct{}), make(chan struct{})
	first := true
	to := &answers{during: func() {
		if first {
			first = false
			close(begun)
			<-goOn
		}
	}}
	ended := make(chan error)
	go func() {
		_, err := s.Query(context.Background(), Request{Base: "shop", Client: "10.0.0.1", Text: "SELECT id,\n  n FROM contacts"}, to)
		ended <- err
	}()
	<-begun
	listed := mustDo(t, s, "SHOW QUERIES")
	cells := strings.Split(listed, " | ")
	if len(cells) != 6 || cells[1] != "shop" || cells[2] != "SELECT id, n FROM contacts" || cells[4] == "0" || cells[5] != "10.0.0.1" {
		t.Fatalf("SHOW QUERIES answers %q", listed)
	}
	if got := mustDo(t, s, "KILL "+cells[0]); got != "statement "+cells[0]+" killed" {
		t.Error(got)
	}
	at := time.Now()
	close(goOn)
	c, msg := code(<-ended)
	t.Logf("it ended %s after the next check", time.Since(at))
	if c != diag.Canceled || msg != "killed by KILL "+cells[0] {
		t.Errorf("the killed statement answers %s %s", c, msg)
	}
	if len(to.rows) >= 300_000 {
		t.Error("it answered all rows all the same")
	}
	if got := mustDo(t, s, "SHOW QUERIES"); got != "" {
		t.Errorf("it still runs:\n%s", got)
	}
}

func TestShortened(t *testing.T) {
	for in, want := range map[string]string{
		"  COUNT\n\tx  =  1 ":               "COUNT x = 1",
		strings.Repeat("ü", 300):            strings.Repeat("ü", 199) + "…",
		strings.Repeat(" ", 1<<20) + "late": "",
		strings.Repeat("ü", 1601) + "late":  strings.Repeat("ü", 199) + "…",
	} {
		if got := shortened(in); got != want {
			t.Errorf("%.40q becomes %q", in, got)
		}
	}
}

func TestPreparedStatementsAreForgotten(t *testing.T) {
	s := openService(t)
	var ids []string
	for i := range maxPrepared + 1 {
		p, err := s.Prepare("shop", fmt.Sprintf("COUNT id = '%d'", i))
		if err != nil {
			t.Fatal(err)
		}
		if ids = append(ids, p.ID); i == 1 { // the first is used, so the second goes
			if _, err := s.Execute(context.Background(), ids[0], Request{}, &answers{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := len(s.PreparedStatements()); n != maxPrepared {
		t.Errorf("%d statements are kept", n)
	}
	if _, err := s.Execute(context.Background(), ids[0], Request{}, &answers{}); err != nil {
		t.Error(err)
	}
	if _, err := s.Execute(context.Background(), ids[1], Request{}, &answers{}); err == nil {
		t.Error("the one that was not used for the longest time is still there")
	}
	big := strings.Repeat(" ", 3<<20)
	for i := range 40 {
		if _, err := s.Prepare("shop", fmt.Sprintf("COUNT%s n IS NULL OR %d > 0", big, i)); err == nil && i == 0 {
			t.Log("prepared")
		}
	}
	if s.prepared.bytes > maxPreparedBytes {
		t.Errorf("they take %d bytes", s.prepared.bytes)
	}
}
