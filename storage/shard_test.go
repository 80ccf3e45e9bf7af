package storage

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/section"
	"github.com/musterdb/muster/storage/slab"
)

func mustApply(t testing.TB, s *Shard, parts ...change.Part) change.Result {
	t.Helper()
	p, err := s.Prepare(&change.Change{Parts: parts})
	if err != nil {
		t.Fatal(err)
	}
	return p.Commit()
}

func idsOf(ids ...string) (s change.Strings) {
	for _, id := range ids {
		s.AppendString(id)
	}
	return s
}

func attrOf(kind schema.Kind) schema.Attribute {
	return testSchema().Attrs[kind-schema.KindBool]
}

func intColumn(values ...int64) change.Column {
	a := attrOf(schema.KindInt)
	return change.Column{ID: uint32(a.ID), Type: a.Type, Ints: values}
}

// TestSizes fills shards to lengths around a chunk, with numeric and other ids, and looks everything up.
func TestSizes(t *testing.T) {
	for _, n := range []int{65_535, 65_536, 65_537} {
		for _, format := range []string{"%d", "user-%d"} {
			s := New(slab.New(), testSchema())
			for from := 0; from < n; from += 8192 {
				u := &change.Upsert{Stamp: 5}
				col := intColumn()
				for i := from; i < min(from+8192, n); i++ {
					u.IDs.AppendString(fmt.Sprintf(format, i))
					col.Ints = append(col.Ints, int64(i))
				}
				u.Cols = []change.Column{col}
				if r := mustApply(t, s, u); int(r.Created) != u.IDs.Len() {
					t.Fatalf("%d: %+v", n, r)
				}
			}
			checkSizes(t, s, n, format)
			s = restored(t, s)
			checkSizes(t, s, n, format)
		}
	}
}

func checkSizes(t *testing.T, s *Shard, n int, format string) {
	t.Helper()
	if s.Rows() != n || s.LiveCount() != n || s.Chunks() != (n+65_535)/65_536 {
		t.Fatalf("%d rows, %d alive, %d chunks of %d", s.Rows(), s.LiveCount(), s.Chunks(), n)
	}
	for i := range n {
		id := fmt.Sprintf(format, i)
		row, ok := s.Lookup([]byte(id))
		if !ok || string(s.ID(row)) != id || s.Column(attrOf(schema.KindInt).ID, int(row>>16)).Int(int(row&0xffff)) != int64(i) {
			t.Fatalf("%q: row %d %v", id, row, ok)
		}
	}
	for _, id := range []string{"", "x", fmt.Sprintf(format, n), "007", "-1", "+1"} {
		if _, ok := s.Lookup([]byte(id)); ok {
			t.Fatalf("%q is found", id)
		}
	}
}

func restored(t *testing.T, s *Shard) *Shard {
	t.Helper()
	var b bytes.Buffer
	if err := WriteImage(&s.View, &b); err != nil {
		t.Fatal(err)
	}
	out, err := ReadImage(s.arena.Allocator(), &b)
	if err != nil {
		t.Fatal(err)
	}
	s.Free()
	return out
}

// TestIDSpellings: ids that look alike are different contacts.
func TestIDSpellings(t *testing.T) {
	s := New(slab.New(), testSchema())
	ids := []string{"1", "01", "1.0", "+1", "-1", " 1", "0", "00", "9223372036854775807", "9223372036854775808", "99999999999999999999"}
	for i, id := range ids {
		mustApply(t, s, &change.Upsert{IDs: idsOf(id), Cols: []change.Column{intColumn(int64(i))}})
	}
	if s.LiveCount() != len(ids) {
		t.Fatalf("%d contacts of %d", s.LiveCount(), len(ids))
	}
	for i, id := range ids {
		row, ok := s.Lookup([]byte(id))
		if !ok || s.Column(attrOf(schema.KindInt).ID, 0).Int(int(row)) != int64(i) || string(s.ID(row)) != id {
			t.Fatalf("%q: %v", id, ok)
		}
	}
}

// TestReuse: a row is given to another contact only after its events are swept, and shows none of them.
func TestReuse(t *testing.T) {
	s := New(slab.New(), testSchema())
	track := &change.Track{Stamp: 9, Event: 1, IDs: idsOf("old"), Codes: make([]uint32, 40_000), Times: make([]int64, 40_000)}
	for i := range track.Times {
		track.Times[i] = int64(i) * 1_000_000
	}
	mustApply(t, s, track)
	mustApply(t, s, &change.Delete{IDs: idsOf("old", "nobody")})
	if _, ok := s.Lookup([]byte("old")); ok || s.LiveCount() != 0 || s.Unswept() != 1 {
		t.Fatal("not deleted at once")
	}
	mustApply(t, s, &change.Upsert{IDs: idsOf("early")})
	if row, _ := s.Lookup([]byte("early")); row != 1 {
		t.Fatalf("row %d before the sweep", row)
	}
	slices := 0
	for mustApply(t, s, &change.Maintain{Stamp: 9}).Pending {
		if slices++; slices > 1000 {
			t.Fatal("the sweep does not end")
		}
		s = restored(t, s) // a sweep under way goes on after a restart
	}
	if slices < 2 {
		t.Fatalf("40,000 events swept in %d slices", slices+1)
	}
	mustApply(t, s, &change.Upsert{IDs: idsOf("new"), Stamp: 77})
	row, _ := s.Lookup([]byte("new"))
	if row != 0 || s.Rows() != 2 {
		t.Fatalf("row %d of %d: not reused", row, s.Rows())
	}
	if tl := s.Tile(1, 0); tl != nil {
		t.Fatalf("%d events are left", tl.Len())
	}
	if s.Column(schema.AttrCreatedAt, 0).Int(0) != 77 {
		t.Fatal("created_at of the old contact")
	}
}

// TestSameIDTwiceInAChange: create, delete, create and track one id within one change.
func TestSameIDTwiceInAChange(t *testing.T) {
	s := New(slab.New(), testSchema())
	r := mustApply(t, s,
		&change.Upsert{Stamp: 1, IDs: idsOf("a", "a"), Cols: []change.Column{intColumn(1, 2)}},
		&change.Delete{IDs: idsOf("a", "a")},
		&change.Track{Stamp: 2, Event: 1, IDs: idsOf("a"), Times: []int64{1}},
		&change.Upsert{Stamp: 3, IDs: idsOf("a")})
	if r.Created != 2 || r.Updated != 2 || r.Deleted != 1 || r.Missing != 1 || r.Events != 1 {
		t.Fatalf("%+v", r)
	}
	row, ok := s.Lookup([]byte("a"))
	if !ok || s.LiveCount() != 1 || !s.Column(attrOf(schema.KindInt).ID, 0).Null(int(row)) || s.Column(schema.AttrCreatedAt, 0).Int(int(row)) != 2 {
		t.Fatalf("row %d %v", row, ok)
	}
}

// TestSums: a sum that does not fit rejects its whole row, the rows around it are applied.
func TestSums(t *testing.T) {
	s := New(slab.New(), testSchema())
	dec := attrOf(schema.KindDecimal)
	add := func(v ...int64) change.Column {
		c := change.Column{ID: uint32(dec.ID), Type: dec.Type, Ints: v, Ops: make([]change.Op, len(v))}
		for i := range v {
			c.Ops[i] = change.OpAdd
		}
		return c
	}
	mustApply(t, s, &change.Upsert{IDs: idsOf("a"), Cols: []change.Column{{ID: uint32(dec.ID), Type: dec.Type, Ints: []int64{math.MaxInt64 - 1}}}})
	r := mustApply(t, s, &change.Upsert{IDs: idsOf("a", "a", "b", "a"), Cols: []change.Column{intColumn(1, 2, 3, 4), add(1, 1, 5, -7)}})
	if len(r.Rejected) != 1 || r.Rejected[0].Row != 1 || r.Updated != 2 || r.Created != 1 {
		t.Fatalf("%+v", r)
	}
	const reason = `attribute "a_DECIMAL": 92233720368547758.07 + 0.01 does not fit DECIMAL(2)`
	if r.Rejected[0].Reason != reason {
		t.Fatalf("reason %q", r.Rejected[0].Reason)
	}
	if got := s.Column(dec.ID, 0).Int(0); got != math.MaxInt64-7 {
		t.Fatalf("sum %d", got)
	}
	if s.Column(attrOf(schema.KindInt).ID, 0).Int(0) != 4 || s.Column(dec.ID, 0).Null(1) || s.Column(dec.ID, 0).Int(1) != 5 {
		t.Fatal("other cells")
	}
	f := attrOf(schema.KindFloat)
	inf := change.Column{ID: uint32(f.ID), Type: f.Type, Floats: []float64{math.MaxFloat64}}
	mustApply(t, s, &change.Upsert{IDs: idsOf("a"), Cols: []change.Column{inf}})
	inf.Ops = []change.Op{change.OpAdd}
	if r := mustApply(t, s, &change.Upsert{IDs: idsOf("a"), Cols: []change.Column{inf}}); len(r.Rejected) != 1 {
		t.Fatalf("%+v", r)
	}
}

// TestRefusals: a change that does not fit is refused with nothing done, also if its first part would fit.
func TestRefusals(t *testing.T) {
	s := New(slab.New(), testSchema())
	mustApply(t, s, &change.Upsert{IDs: idsOf("a"), Cols: []change.Column{intColumn(1)}})
	hash := StateHash(&s.View)
	good := &change.Upsert{IDs: idsOf("b"), Cols: []change.Column{intColumn(2)}}
	wrongType := intColumn(1)
	wrongType.Type.Kind = schema.KindDate
	unknown := intColumn(1)
	unknown.ID = 9999
	idColumn := change.Column{ID: uint32(schema.AttrIDOf), Type: schema.Type{Kind: schema.KindText}, Texts: idsOf("z")}
	newType := testSchema()
	newType.Version = 2
	newType.Attrs[0].Type.Kind = schema.KindInt
	for name, bad := range map[string]change.Part{
		"type":    &change.Upsert{IDs: idsOf("a"), Cols: []change.Column{wrongType}},
		"unknown": &change.Upsert{IDs: idsOf("a"), Cols: []change.Column{unknown}},
		"id":      &change.Upsert{IDs: idsOf("a"), Cols: []change.Column{idColumn}},
		"empty":   &change.Upsert{IDs: change.Strings{Off: []uint32{0, 0}}},
		"event":   &change.Track{Event: 77, IDs: idsOf("a"), Times: []int64{1}},
		"time":    &change.Track{Event: 1, IDs: idsOf("a"), Times: []int64{-1}},
		"retype":  &change.Schema{To: newType},
		"drop":    &change.DropBase{},
	} {
		_, err := s.Prepare(&change.Change{Parts: []change.Part{good, bad}})
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		if StateHash(&s.View) != hash || s.LiveCount() != 1 {
			t.Errorf("%s: the shard has changed", name)
		}
	}
	mustApply(t, s, good)
}

// TestDropAttribute: values and memory of attributes and static segments go.
func TestDropAttribute(t *testing.T) {
	s := New(slab.New(), testSchema())
	w := &world{t: t, r: rand.New(rand.NewPCG(1, 1)), s: s, model: map[string]*contact{}, ids: 3000, clock: 1}
	w.apply(w.upsert(3000, false), w.upsert(3000, false), w.upsert(3000, false))
	pin := s.Pin()
	then := cloneModel(w.model)
	to := s.Schema().Clone()
	to.Attrs, to.Segments = nil, nil
	to.Version++
	w.apply(&change.Schema{To: to})
	for _, a := range storedAttrs(testSchema()) {
		if s.Column(a.ID, 0) != nil || s.Dict(a.ID) != nil {
			t.Fatalf("attribute %d %s is still there", a.ID, a.Name)
		}
	}
	w.check(pin.View(), then)
	pin.Release()
	if st := s.Stats(); len(st.Attributes) != 1 || st.Pinned != 0 {
		t.Fatalf("%+v", st)
	}
}

// TestNothingLeaks: a freed shard holds no memory.
func TestNothingLeaks(t *testing.T) {
	w := newWorld(t, rand.Uint64(), 300)
	for range 15 {
		w.step()
	}
	a := w.s.arena
	p, err := w.s.Prepare(&change.Change{Parts: []change.Part{w.upsert(300, true), w.track(50)}})
	if err != nil {
		t.Fatal(err)
	}
	p.Abort()
	w.s.Free()
	if total, buried := a.Used(); total != 0 || buried != 0 {
		t.Fatalf("seed %d: %d bytes left, %d buried", w.seed, total, buried)
	}
}

// TestSameLogSameBytes: two shards that apply the same changes write the same image, also if one was
// restored in between and another was read through pins.
func TestSameLogSameBytes(t *testing.T) {
	w := newWorld(t, rand.Uint64(), 500)
	a, b := New(slab.New(), testSchema()), New(slab.New(), testSchema())
	for i := range 30 {
		parts := []change.Part{w.upsert(200, i%3 == 0), w.track(100), w.deleteSome(60), &change.Maintain{Stamp: w.clock}}
		w.clock += 1_000_000
		mustApply(t, a, parts...)
		pin := b.Pin()
		mustApply(t, b, parts...)
		pin.Release()
		if i%7 == 3 {
			b = restored(t, b)
		}
	}
	var x, y bytes.Buffer
	if err := errors.Join(WriteImage(&a.View, &x), WriteImage(&b.View, &y)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(x.Bytes(), y.Bytes()) {
		t.Fatalf("seed %d: images of %d and %d bytes differ", w.seed, x.Len(), y.Len())
	}
}

// TestStateHashAndSpread: the sum of hashes is the same for 1, 4 and 16 shards, and a change of anything
// changes it.
func TestStateHashAndSpread(t *testing.T) {
	w := newWorld(t, rand.Uint64(), 400)
	log := [][]change.Part{}
	for range 10 {
		log = append(log, []change.Part{w.upsert(300, true), w.track(200), w.deleteSome(30)})
		w.clock += 1_000_000
	}
	sums := map[int]uint64{}
	for _, n := range []int{1, 4, 16} {
		alloc := slab.New()
		shards := make([]*Shard, n)
		for i := range shards {
			shards[i] = New(alloc, testSchema())
		}
		for _, parts := range log {
			for i, ch := range change.Split(&change.Change{Parts: parts}, n, func(id []byte) int { return int(id[len(id)-1]) % n }) {
				if ch != nil {
					mustApply(t, shards[i], ch.Parts...)
				}
			}
		}
		for _, s := range shards {
			sums[n] += StateHash(&s.View)
		}
		if n == 1 {
			checkSensitive(t, shards[0])
		}
	}
	if sums[1] != sums[4] || sums[1] != sums[16] {
		t.Fatalf("seed %d: %x", w.seed, sums)
	}
}

func checkSensitive(t *testing.T, s *Shard) {
	was := StateHash(&s.View)
	for _, parts := range [][]change.Part{
		{&change.Upsert{IDs: idsOf("new one")}},
		{&change.Upsert{IDs: idsOf("new one"), Cols: []change.Column{intColumn(5)}}},
		{&change.Track{Event: 1, IDs: idsOf("new one"), Times: []int64{5}}},
		{&change.Track{Event: 2, IDs: idsOf("new one"), Times: []int64{5}}},
	} {
		mustApply(t, s, parts...)
		if now := StateHash(&s.View); now == was {
			t.Fatalf("%T does not show in the hash", parts[0])
		} else {
			was = now
		}
	}
	mustApply(t, s, &change.Delete{IDs: idsOf("new one")})
}

// TestPinsBesideTheWriter reads through pins in other goroutines while the writer goes on. Run it under
// the race detector.
func TestPinsBesideTheWriter(t *testing.T) {
	w := newWorld(t, rand.Uint64(), 300)
	var wg sync.WaitGroup
	for range 40 {
		pin := w.s.Pin()
		want := StateHash(&w.s.View)
		wg.Go(func() {
			defer pin.Release()
			for range 2 {
				if got := StateHash(pin.View()); got != want {
					t.Errorf("seed %d: a pin's hash is %x, was %x", w.seed, got, want)
				}
			}
		})
		w.apply(w.upsert(200, true), w.track(100), w.deleteSome(40), &change.Maintain{Stamp: w.clock})
	}
	wg.Wait()
	if st := w.s.Stats(); st.Pins != 0 || st.Pinned != 0 {
		t.Fatalf("%+v", st)
	}
}

// TestDamagedImages flips bytes and cuts images short: an error each.
func TestDamagedImages(t *testing.T) {
	w := newWorld(t, rand.Uint64(), 50)
	for range 8 {
		w.step()
	}
	var b bytes.Buffer
	if err := WriteImage(&w.s.View, &b); err != nil {
		t.Fatal(err)
	}
	alloc := slab.New()
	for i := 0; i < b.Len(); i += 1 + b.Len()/500 {
		for _, bad := range [][]byte{b.Bytes()[:i], flipped(b.Bytes(), i)} {
			s, err := ReadImage(alloc, bytes.NewReader(bad))
			var where *section.Error
			if err == nil || !errors.As(err, &where) {
				t.Fatalf("seed %d byte %d: %v, %v", w.seed, i, s, err)
			}
		}
	}
	if st := alloc.Stats(); st.Used != 0 {
		t.Fatalf("%d bytes leak", st.Used)
	}
}

func flipped(b []byte, i int) []byte {
	c := bytes.Clone(b)
	c[i] ^= 0x10
	return c
}

// TestSmallShards: 16,000 shards of 6 contacts and 12 attributes, which is 1,000 bases of 100 contacts.
func TestSmallShards(t *testing.T) {
	if slab.Heap || testing.Short() {
		t.Skip("measures slabs")
	}
	alloc := slab.New()
	r := rand.New(rand.NewPCG(1, 1))
	const n = 1000
	for range n {
		s := New(alloc, testSchema())
		w := &world{t: t, r: r, s: s, model: map[string]*contact{}, ids: 6, clock: 1_700_000_000_000}
		w.apply(w.upsert(6, false), w.upsert(6, false), w.track(60))
	}
	if per := alloc.Stats().Mapped / n; per > 32<<10 {
		t.Fatalf("%d bytes a shard", per)
	}
}
