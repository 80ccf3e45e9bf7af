package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

const (
	streamCity = schema.FirstAttrID + iota
	streamAge
	streamNote
)

func streamSchema() *schema.Schema {
	sch := schema.New(1, "shop", schema.BaseOptions{Spread: 4})
	for i, f := range []struct {
		name string
		kind schema.Kind
	}{{"city", schema.KindText}, {"age", schema.KindInt}, {"note", schema.KindText}} {
		sch.Attrs = append(sch.Attrs, schema.Attribute{ID: schema.FirstAttrID + schema.AttrID(i), Name: f.name, Type: schema.Type{Kind: f.kind}})
	}
	sch.NextAttr, sch.Version = streamNote+1, 2
	return sch
}

// streamShard returns a shard of n contacts named by a prefix; every fiftieth note is note.
func streamShard(t *testing.T, prefix string, n int, note string) *Shard {
	t.Helper()
	sch := streamSchema()
	s := NewShard(slab.New())
	t.Cleanup(s.Close)
	u := &change.Upsert{}
	for _, a := range sch.Attrs {
		u.Cols = append(u.Cols, change.Column{ID: uint32(a.ID), Type: a.Type})
	}
	for i := range n {
		u.IDs.AppendString(fmt.Sprintf("%s%d", prefix, i))
		u.Cols[0].Texts.AppendString(fmt.Sprintf("city %d", i%1500))
		u.Cols[1].Ints = append(u.Cols[1].Ints, int64(i%97))
		text := "-"
		if i%50 == 0 {
			text = note
		}
		u.Cols[2].Texts.AppendString(text)
	}
	if _, err := s.Apply(&change.Change{Parts: []change.Part{&change.Schema{To: sch}, u}}, 1); err != nil {
		t.Fatal(err)
	}
	return s
}

func streamPlan(limit int64, where plan.Expr) *plan.Query {
	text := plan.Of(schema.KindText)
	return &plan.Query{
		Clock: 1000, Limit: limit, Visible: 4, Where: where,
		Items: []plan.Item{
			{Name: "id", X: &plan.Attr{ID: schema.AttrIDOf, T: text}}, {Name: "city", X: &plan.Attr{ID: streamCity, T: text}},
			{Name: "age", X: &plan.Attr{ID: streamAge, T: plan.Of(schema.KindInt)}}, {Name: "note", X: &plan.Attr{ID: streamNote, T: text}},
		},
	}
}

func younger(than int64) plan.Expr {
	return &plan.Cmp{
		Op: plan.Lt, X: &plan.Attr{ID: streamAge, T: plan.Of(schema.KindInt)},
		Y: &plan.Const{Value: schema.Value{Kind: schema.KindInt, I: than}, T: plan.Of(schema.KindInt)},
	}
}

// lines returns the rows of a record as text.
func lines(rec arrow.Record) []string {
	out := make([]string, rec.NumRows())
	for i := range out {
		for _, c := range rec.Columns() {
			out[i] += c.ValueStr(i) + "|"
		}
	}
	return out
}

// serial asks one shard after the other, on one goroutine.
func serial(t *testing.T, shards []*Shard, q *plan.Query) (all []string) {
	t.Helper()
	for _, s := range shards {
		err := s.Select(t.Context(), q, streamSchema(), func(rec arrow.Record) error {
			all = append(all, lines(rec)...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if q.Limit >= 0 {
		all = all[:min(len(all), int(q.Limit))]
	}
	return all
}

// TestStreamOrder holds streams, of records and of what workers make of them, against the shards asked one
// after the other: the same rows in the same order, up to the same limit.
func TestStreamOrder(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	pool := NewPool(3)
	defer pool.Close()
	wide := strings.Repeat("wide ", 4000) // 20 kB in every fiftieth row: pieces overflow
	shards := []*Shard{
		streamShard(t, "a", 70_000, "x"), streamShard(t, "b", 0, ""), streamShard(t, "c", 20_000, wide), streamShard(t, "d", 1, "x"),
	}
	for i := range 14 {
		limit := []int64{-1, 0, 1, rng.Int64N(100), rng.Int64N(90_000), 8192, 70_001}[i%7]
		q := streamPlan(limit, []plan.Expr{nil, younger(rng.Int64N(100))}[i%2])
		want := serial(t, shards, q)
		var records, texts []string
		if err := Records(t.Context(), pool, shards, q, streamSchema(), func(rec arrow.Record) error {
			records = append(records, lines(rec)...)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		encode := func(rec arrow.Record) ([]string, error) { return lines(rec), nil }
		if err := Stream(t.Context(), pool, shards, q, streamSchema(), encode, func(piece []string) error {
			texts = append(texts, piece...)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(records, want) || !slices.Equal(texts, want) {
			t.Fatalf("limit %d: %d records, %d texts, want %d rows, or another order", limit, len(records), len(texts), len(want))
		}
	}
}

// TestStreamStalled has a reader who stops: what is made ahead is bounded, the workers go on with others'
// statements, and once he is gone nothing of the stream is left.
func TestStreamStalled(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	shards := []*Shard{streamShard(t, "a", 65_536, "x"), streamShard(t, "b", 65_536, "x")}
	made := atomic.Int64{}
	taken, gone := make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		ended <- Stream(ctx, pool, shards, streamPlan(-1, nil), streamSchema(),
			func(rec arrow.Record) (int64, error) { made.Add(1); return rec.NumRows(), nil },
			func(int64) error {
				select {
				case <-taken:
				default:
					close(taken)
				}
				<-gone
				return ctx.Err()
			})
	}()
	<-taken
	for range 50 { // another statement's tasks, on all workers
		if err := pool.Each(t.Context(), 4, func(context.Context, int) error { return nil }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	if n, most := made.Load(), int64(2*2+2+1); n > most {
		t.Errorf("%d pieces were made ahead, want at most %d", n, most)
	}
	cancel()
	close(gone)
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the stream ended with %v", err)
	}
	for _, s := range shards {
		s.Close() // which a pin that is left would keep from giving memory back
	}
}

// TestStreamErrors has a piece fail: those before it are used, those after it are not.
func TestStreamErrors(t *testing.T) {
	pool := NewPool(3)
	defer pool.Close()
	shards := []*Shard{streamShard(t, "a", 65_536, "x"), streamShard(t, "b", 30_000, "x")}
	boom := errors.New("boom")
	used := 0
	err := Stream(t.Context(), pool, shards, streamPlan(-1, nil), streamSchema(),
		func(rec arrow.Record) (int, error) {
			if rec.Column(0).(*array.String).Value(0) == "b0" {
				return 0, boom
			}
			return int(rec.NumRows()), nil
		},
		func(n int) error { used += n; return nil })
	if !errors.Is(err, boom) || used != 65_536 {
		t.Errorf("%v after %d rows, want boom after 65,536", err, used)
	}
	err = Records(t.Context(), pool, shards, streamPlan(-1, nil), streamSchema(), func(arrow.Record) error { return boom })
	if !errors.Is(err, boom) {
		t.Errorf("the reader's error comes back as %v", err)
	}
	err = Stream(t.Context(), pool, shards, streamPlan(-1, nil), streamSchema(),
		func(arrow.Record) (int, error) { panic("a bug") }, func(int) error { return nil })
	var bug *PanicError
	if !errors.As(err, &bug) {
		t.Errorf("a panic comes back as %v", err)
	}
	shards[1].Close()
	used = 0
	err = Records(t.Context(), pool, shards, streamPlan(-1, nil), streamSchema(), func(rec arrow.Record) error {
		used += int(rec.NumRows())
		return nil
	})
	if !errors.Is(err, ErrShardClosed) {
		t.Errorf("a closed shard comes back as %v after %d rows", err, used)
	}
	pool.Close()
	if err := Records(t.Context(), pool, shards[:1], streamPlan(-1, nil), streamSchema(), nil); !errors.Is(err, ErrPoolClosed) {
		t.Errorf("a closed pool comes back as %v", err)
	}
}

// TestStreamCancel ends a stream whose reader waits for the next piece, and measures how long that takes.
func TestStreamCancel(t *testing.T) {
	pool := NewPool(1)
	defer pool.Close()
	shards := []*Shard{streamShard(t, "a", 65_536, "x")}
	ctx, cancel := context.WithCancel(t.Context())
	begun, release := make(chan struct{}), make(chan struct{})
	go func() {
		_ = pool.Each(t.Context(), 1, func(context.Context, int) error { close(begun); <-release; return nil })
	}()
	<-begun // the only worker has other work
	ended := make(chan error)
	go func() {
		ended <- Records(ctx, pool, shards, streamPlan(-1, nil), streamSchema(), func(arrow.Record) error { return nil })
	}()
	time.Sleep(5 * time.Millisecond)
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the stream ended with %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("a stream that was canceled waits for a worker")
	}
	close(release)
}
