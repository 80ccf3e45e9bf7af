package tile

import (
	"os"
	"slices"
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

func TestModel(t *testing.T) {
	seed := testSeed(t)
	worlds := uint64(4)
	if n, err := strconv.Atoi(os.Getenv("TILE_WORLDS")); err == nil {
		worlds = uint64(n)
	}
	for i := range worlds {
		w := newWorld(t, seed+i)
		w.run(40)
		w.s.Free()
		if used, buried := w.arena.Used(); used != 0 || buried != 0 {
			t.Fatalf("seed %d: %d bytes left, %d of them buried, after Free", seed+i, used, buried)
		}
		if st := w.alloc.Stats(); st.Used != 0 {
			t.Fatalf("seed %d: %d bytes left in the allocator", seed+i, st.Used)
		}
	}
}

// pin is a pinned view beside what it must hold until its release.
type pin struct {
	epoch uint64
	view  *View
	sc    *schema.Schema
	want  frozen
}

// run does random changes and checks the store, and all pins held, after each.
func (w *world) run(steps int) {
	var pins []pin
	for range steps {
		if w.rng.IntN(4) == 0 {
			pins = append(pins, pin{w.arena.Pin(), w.s.Pin(), w.sc.Clone(), w.freeze()})
		}
		w.change()
		check(w.t, &w.s.View, w.sc, w.freeze())
		if len(pins) > 0 && w.rng.IntN(3) == 0 {
			i := w.rng.IntN(len(pins))
			check(w.t, pins[i].view, w.common(pins[i].sc), pins[i].want)
			w.arena.Release(pins[i].epoch)
			pins = append(pins[:i], pins[i+1:]...)
		}
	}
	for _, p := range pins {
		check(w.t, p.view, w.common(p.sc), p.want)
		w.arena.Release(p.epoch)
	}
}

// common returns a pinned schema without the properties that were dropped since, which answer no more.
func (w *world) common(sc *schema.Schema) *schema.Schema {
	out := sc.Clone()
	for i := range out.Events {
		e := &out.Events[i]
		now, ok := w.sc.EventByID(e.ID)
		e.Props = slices.DeleteFunc(e.Props, func(p schema.Property) bool {
			return !ok || !slices.Contains(now.Props, p)
		})
	}
	return out
}

// change does one random change.
func (w *world) change() {
	switch w.rng.IntN(12) {
	case 0:
		w.sweep()
	case 1:
		w.do(w.changeSchema)
	case 2:
		w.maintain()
	case 3:
		w.abort()
	default:
		w.do(w.appendSome)
	}
}

// abort prepares a change and forgets it; the model stays as it was.
func (w *world) abort() {
	was, sc := w.freeze(), w.sc.Clone()
	tx := w.s.Begin()
	w.appendSome(tx)
	if w.rng.IntN(2) == 0 {
		w.changeSchema(tx)
		w.appendSome(tx)
		tx.Maintain(2_000_000_000_000, 1000)
	}
	tx.Abort()
	w.events, w.sc = was, sc
}

// sweep removes the events of random rows of a chunk, in slices with appends to other rows between.
func (w *world) sweep() {
	chunk := w.rng.IntN(3)
	var dead [chunkRows / 64]uint64
	for range 1 + w.rng.IntN(2000) {
		r := w.rng.Uint32N(chunkRows)
		dead[r>>6] |= 1 << (r & 63)
	}
	isDead := func(row uint32) bool {
		return int(row>>16) == chunk && dead[row>>6&1023]>>(row&63)&1 != 0
	}
	var at Cursor
	for left := true; left; {
		w.do(func(tx *Tx) { at, left = tx.Sweep(chunk, dead[:], at, 1+w.rng.IntN(2000)) })
		if w.rng.IntN(4) == 0 {
			e := &w.sc.Events[w.rng.IntN(len(w.sc.Events))]
			b := w.batch(e, 100, 1<<18, w.times())
			for i := range b.Rows {
				for isDead(b.Rows[i]) {
					b.Rows[i] = w.rng.Uint32N(1 << 18)
				}
			}
			w.do(func(tx *Tx) { w.append(tx, e, b) })
		}
	}
	for id, evs := range w.events {
		w.events[id] = slices.DeleteFunc(evs, func(e event) bool { return isDead(e.row) })
	}
}

func (w *world) maintain() {
	stamp := int64(1_700_000_000_000) + w.rng.Int64N(500*day)
	for left, rounds := true, 0; left; rounds++ {
		w.do(func(tx *Tx) { left = tx.Maintain(stamp, 1+w.rng.IntN(3000)) })
		if rounds > 100_000 {
			w.t.Fatal("Maintain comes to no end")
		}
	}
	for i := range w.sc.Events {
		if e := &w.sc.Events[i]; e.Keep > 0 {
			w.events[e.ID] = slices.DeleteFunc(w.events[e.ID], func(ev event) bool { return ev.ms <= stamp-e.Keep.Milliseconds() })
		}
	}
}

// changeSchema drops or adds a property or a type, or changes a retention.
func (w *world) changeSchema(tx *Tx) {
	w.sc = w.sc.Clone()
	i := w.rng.IntN(len(w.sc.Events))
	e := &w.sc.Events[i]
	switch w.rng.IntN(4) {
	case 0:
		if len(e.Props) > 0 {
			j := w.rng.IntN(len(e.Props))
			e.Props = slices.Delete(e.Props, j, j+1)
		}
	case 1:
		k := schema.KindBool + schema.Kind(w.rng.IntN(int(schema.KindDuration-schema.KindBool)))
		e.Props = append(e.Props, schema.Property{ID: 1000 + w.sc.NextProp, Type: schema.Type{Kind: k}})
		w.sc.NextProp++
	case 2:
		delete(w.events, e.ID)
		w.sc.NextEvent++
		*e = schema.EventType{ID: 100 + w.sc.NextEvent, HasID: w.rng.IntN(2) == 0, Props: e.Props}
		slices.SortFunc(w.sc.Events, func(a, b schema.EventType) int { return int(a.ID) - int(b.ID) })
	case 3:
		e.Keep = time.Duration(w.rng.IntN(3)*w.rng.IntN(1000)) * 24 * time.Hour
	}
	w.setSchema(tx)
	if w.rng.IntN(2) == 0 {
		w.appendSome(tx)
	}
}

func (w *world) appendSome(tx *Tx) {
	for range 1 + w.rng.IntN(3) {
		e := &w.sc.Events[w.rng.IntN(len(w.sc.Events))]
		rows := []uint32{1, 10, 1000, 3 << 16}[w.rng.IntN(4)]
		n := []int{0, 1, 2, 63, 64, 65, 300, 1000}[w.rng.IntN(8)]
		w.append(tx, e, w.batch(e, n, rows, w.times()))
	}
}
