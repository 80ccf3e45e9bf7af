package api

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/musterdb/muster/cluster/catalog"
	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// keepSink keeps an answer as text.
type keepSink struct {
	rows    []string
	message string
}

func (k *keepSink) Begin(*arrow.Schema) error { return nil }
func (k *keepSink) Message(text string) error { k.message = text; return nil }
func (k *keepSink) Record(r arrow.Record) error {
	for i := range int(r.NumRows()) {
		cells := make([]string, r.NumCols())
		for c := range cells {
			cells[c] = r.Column(c).ValueStr(i)
			if r.Column(c).IsNull(i) {
				cells[c] = array.NullValueStr
			}
		}
		k.rows = append(k.rows, strings.Join(cells, "|"))
	}
	return nil
}

// ask carries out a statement and returns its rows, or its message.
func ask(s *Service, base, text string) (string, error) {
	k := &keepSink{}
	_, err := s.Query(context.Background(), Request{Base: base, Text: text}, k)
	if k.message != "" {
		return k.message, err
	}
	return strings.Join(k.rows, "\n"), err
}

func must(t testing.TB, s *Service, base, text string) string {
	t.Helper()
	out, err := ask(s, base, text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}

func serve(t testing.TB, cfg node.Config) *Service {
	t.Helper()
	n, err := node.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return New(n, Config{})
}

// expected says whether an error is one that a statement may end with while bases come and go.
func expected(err error) bool {
	var known *diag.Error
	return err == nil || errors.As(err, &known) && known.Code != diag.Internal
}

// TestStorm asks, writes, loads, changes schemas, drops and makes bases and writes images, all at once.
// Nothing may panic, race, or end in an error that is no user's.
func TestStorm(t *testing.T) {
	s := serve(t, node.Config{Dir: t.TempDir()})
	for _, base := range []string{"a", "b"} {
		must(t, s, "", "CREATE BASE "+base+" WITH (spread = 4)")
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var done atomic.Int64
	loop := func(f func(r *rand.Rand) error) {
		seed := uint64(done.Add(1))
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, seed))
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := f(r); !expected(err) {
					t.Errorf("worker %d: %v", seed, err)
				}
			}
		})
	}
	statement := func(texts ...string) func(*rand.Rand) error {
		return func(r *rand.Rand) error {
			text := texts[r.IntN(len(texts))]
			if strings.Contains(text, "%d") {
				text = fmt.Sprintf(text, r.IntN(300), r.IntN(300))
			}
			if _, err := ask(s, []string{"a", "b"}[r.IntN(2)], text); !expected(err) {
				return fmt.Errorf("%s: %w", text, err)
			}
			return nil
		}
	}
	loop(statement("COUNT city = 'city 7'", "COUNT DID buy AT LEAST 1 TIMES WITHIN 30d", "COUNT tags HAS 'vip' OR city LIKE '%1%'", "COUNT id = 'c5'"))
	loop(statement("SELECT id, city, count(buy) FROM contacts WHERE city IS NOT NULL", "SELECT id, city FROM contacts WHERE city <> 'x' ORDER BY city LIMIT 10", "SHOW STORAGE"))
	loop(statement("SELECT contact, time, what FROM buy WHERE what <> 'x'", "SHOW ATTRIBUTES", "SHOW BASES"))
	loop(statement("UPSERT CONTACT 'c%d' SET city = 'city %d', tags = 'vip'", "TRACK buy FOR 'c%d' (what = 'w%d')"))
	loop(statement("UPSERT CONTACT 'c%d' SET n = %d", "DELETE CONTACT 'c%d' -- %d"))
	loop(func(r *rand.Rand) error {
		var rows strings.Builder
		for range 200 {
			fmt.Fprintf(&rows, `{"id":"c%d","city":"city %d","x%d":1}`+"\n", r.IntN(3000), r.IntN(3000), r.IntN(3))
		}
		_, err := s.Ingest(context.Background(), IngestRequest{Base: "a", Target: "contacts", Body: strings.NewReader(rows.String())})
		return err
	})
	loop(func(r *rand.Rand) error {
		defer time.Sleep(20 * time.Millisecond)
		return statement("DROP ATTRIBUTE city", "DROP ATTRIBUTE n", "DROP EVENT buy", "CREATE EVENT buy (what TEXT) KEEP 30d", "ALTER EVENT buy DROP what")(r)
	})
	loop(func(*rand.Rand) error {
		time.Sleep(60 * time.Millisecond)
		for _, text := range []string{"DROP BASE b", "CREATE BASE b WITH (spread = 4)", "DELETE CONTACT 'c1' NOW"} {
			if _, err := ask(s, "a", text); !expected(err) {
				return err
			}
		}
		return nil
	})
	time.Sleep(stormTime(t))
	close(stop)
	wg.Wait()
	if err := s.Ready(); err != nil {
		t.Error(err)
	}
}

func stormTime(t *testing.T) time.Duration {
	if testing.Short() {
		return time.Second
	}
	return 3 * time.Second
}

// TestSchemaChangesAtOnce makes attributes from many connections: each is there once, under an id of its own.
func TestSchemaChangesAtOnce(t *testing.T) {
	s := serve(t, node.Config{})
	must(t, s, "", "CREATE BASE shop")
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 6 {
				if _, err := ask(s, "shop", fmt.Sprintf("CREATE ATTRIBUTE a%d_%d INT", w, i)); err != nil {
					t.Error(err)
				}
				if _, err := ask(s, "shop", fmt.Sprintf("UPSERT CONTACT 'c%d' SET both%d = %d", w, i, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	sch, err := s.Schema("shop")
	if err != nil {
		t.Fatal(err)
	}
	ids := map[schema.AttrID]string{}
	for _, a := range sch.Attrs {
		if other, ok := ids[a.ID]; ok {
			t.Errorf("%s and %s share an id", a.Name, other)
		}
		ids[a.ID] = a.Name
	}
	if len(sch.Attrs) != 8*6+6 {
		t.Errorf("%d attributes", len(sch.Attrs))
	}
	if got := must(t, s, "shop", "COUNT both0 = 0 AND both5 = 5"); got != "8" {
		t.Errorf("%s contacts", got)
	}
}

// TestStopUnderStatements stops the node while statements run.
func TestStopUnderStatements(t *testing.T) {
	n, err := node.Open(node.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s := New(n, Config{})
	must(t, s, "", "CREATE BASE shop")
	must(t, s, "shop", "UPSERT CONTACT 'c1' SET city = 'Oslo'")
	var wg sync.WaitGroup
	for w := range 6 {
		wg.Go(func() {
			for i := range 2000 {
				text := []string{"COUNT city = 'Oslo'", "SELECT id FROM contacts WHERE city <> 'x'", fmt.Sprintf("UPSERT CONTACT 'w%d' SET city = 'c%d'", w, i), "SHOW STORAGE"}[i%4]
				if _, err := ask(s, "shop", text); !expected(err) {
					t.Errorf("%s: %v", text, err)
					return
				} else if err != nil {
					return
				}
			}
		})
	}
	time.Sleep(50 * time.Millisecond)
	if err := n.Close(context.Background()); err != nil {
		t.Error(err)
	}
	wg.Wait()
}

// TestLoadOfADroppedBase sends a block to a base that was dropped and made anew under its name while the
// load ran: the ids in the block mean other attributes there.
func TestLoadOfADroppedBase(t *testing.T) {
	s := serve(t, node.Config{})
	ctx := context.Background()
	must(t, s, "", "CREATE BASE shop")
	must(t, s, "shop", "CREATE ATTRIBUTE email TEXT")
	load, err := s.OpenLoad(ctx, "shop", "file", false)
	if err != nil {
		t.Fatal(err)
	}
	sch, _ := s.Schema("shop")
	block := func(number uint64) (*IngestResult, error) {
		u := &change.Upsert{Cols: []change.Column{{ID: uint32(sch.Attrs[0].ID), Type: sch.Attrs[0].Type}}}
		u.IDs.AppendString(fmt.Sprintf("c%d", number))
		u.Cols[0].Texts.AppendString("x@example")
		return s.LoadBlock(ctx, "shop", Block{Producer: load.Producer, Number: number, Schema: sch.Version, Change: change.Encode(nil, &change.Change{Parts: []change.Part{u}})})
	}
	if res, err := block(0); err != nil || res.Created != 1 {
		t.Fatalf("%+v %v", res, err)
	}
	must(t, s, "", "RENAME BASE shop TO store")
	if _, err := block(1); err == nil || !strings.Contains(err.Error(), `no base "shop"`) {
		t.Errorf("after a rename: %v", err)
	}
	must(t, s, "", "RENAME BASE store TO shop")
	must(t, s, "shop", "DROP ATTRIBUTE email")
	wantConflict(t, "after the attribute was dropped", func() error { _, err := block(1); return err })
	must(t, s, "", "DROP BASE shop")
	must(t, s, "", "CREATE BASE shop")
	must(t, s, "shop", "CREATE ATTRIBUTE password TEXT")
	wantConflict(t, "after the base was made anew", func() error { _, err := block(1); return err })
	_, err = s.AdvanceLoad(ctx, "shop", &catalog.LoadChange{Key: load.Key, Producer: load.Producer, Hashes: []uint64{1}})
	wantConflict(t, "advance", func() error { return err })
	if got := must(t, s, "shop", "COUNT password IS NOT NULL"); got != "0" {
		t.Errorf("%s contacts got an e-mail for a password", got)
	}
}

func wantConflict(t *testing.T, when string, f func() error) {
	t.Helper()
	var known *diag.Error
	if err := f(); !errors.As(err, &known) || known.Code != diag.Conflict {
		t.Errorf("%s: %v", when, err)
	}
}

// TestWriteAfterDrop: a write that was bound before its base was dropped makes no shard behind it.
func TestWriteAfterDrop(t *testing.T) {
	dir := t.TempDir()
	n, err := node.Open(node.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	s := New(n, Config{})
	must(t, s, "", "CREATE BASE shop")
	must(t, s, "shop", "UPSERT CONTACT 'c1' SET city = 'Oslo'")
	old, _ := s.Schema("shop")
	must(t, s, "", "DROP BASE shop")
	write := func(n *node.Node) error {
		part := &change.Upsert{}
		part.IDs.AppendString("c2")
		_, err := n.Write(context.Background(), old, &change.Change{Parts: []change.Part{part}}, node.Batch{})
		return err
	}
	if err := write(n); err == nil || !expected(err) {
		t.Errorf("the write: %v", err)
	}
	if got := n.Contacts(old); got != 0 {
		t.Errorf("%d contacts of a dropped base", got)
	}
	if err := n.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n, err = node.Open(node.Config{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	defer n.Close(context.Background())
	if err := write(n); err == nil {
		t.Error("after a restart the write is taken")
	}
}
