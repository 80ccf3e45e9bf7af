package tile

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/musterdb/muster/storage/schema"
)

func testSeed(t testing.TB) uint64 {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("TILE_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("TILE_SEED=%d", seed)
	return seed
}

// times draws instants in a random manner: dense, spread over years, whole seconds, equal.
func (w *world) times() func() int64 {
	now := int64(1_700_000_000_000) + w.rng.Int64N(100*day)
	whole := w.rng.IntN(3) == 0
	span := []int64{1, 1000, day, 30 * day, 1000 * day, 15000 * day}[w.rng.IntN(6)]
	return func() int64 {
		ms := max(0, now-w.rng.Int64N(span))
		if whole {
			ms -= ms % 1000
		}
		return ms
	}
}

func TestModelAppend(t *testing.T) {
	w := newWorld(t, testSeed(t))
	for range 60 {
		w.step(w.appendSome)
		check(t, &w.s.View, w.sc, w.freeze())
	}
}

func (w *world) step(f func(tx *Tx)) { w.do(f) }

func (w *world) appendSome(tx *Tx) {
	for range 1 + w.rng.IntN(3) {
		e := &w.sc.Events[w.rng.IntN(len(w.sc.Events))]
		rows := []uint32{1, 10, 1000, 3 << 16}[w.rng.IntN(4)]
		n := []int{0, 1, 2, 63, 64, 65, 300, 1000}[w.rng.IntN(8)]
		w.append(tx, e, w.batch(e, n, rows, w.times()))
	}
}

var _ = schema.ChunkRows
