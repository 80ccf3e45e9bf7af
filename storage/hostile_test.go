package storage

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/section"
	"github.com/musterdb/muster/storage/slab"
)

// pieces cuts an image into storage's sections and, behind the section of events, package tile's bytes.
func pieces(image []byte) (kinds []uint32, bodies [][]byte, events []byte) {
	for len(image) >= section.HeadSize {
		kind := binary.LittleEndian.Uint32(image)
		n := int(binary.LittleEndian.Uint64(image[8:]))
		kinds, bodies = append(kinds, kind), append(bodies, bytes.Clone(image[section.HeadSize:section.HeadSize+n]))
		image = image[section.HeadSize+n:]
		if kind == sectionEvents {
			return kinds, bodies, image[:len(image)-section.HeadSize]
		}
	}
	return kinds, bodies, nil
}

// seal puts the pieces together again with checksums that fit.
func seal(kinds []uint32, bodies [][]byte, events []byte) []byte {
	var out bytes.Buffer
	w := section.NewWriter(&out)
	for i, kind := range kinds {
		_ = w.Section(kind, bodies[i])
	}
	out.Write(events)
	_ = w.Section(sectionEnd, nil)
	return out.Bytes()
}

func hostileWorld(t testing.TB, seed uint64) []byte {
	w := newWorld(&testing.T{}, seed, 70)
	w.apply(w.upsert(70, false), w.track(60), w.deleteSome(20), &change.Maintain{Stamp: w.clock})
	w.apply(w.upsert(40, false), w.deleteSome(9))
	var b bytes.Buffer
	if err := WriteImage(&w.s.View, &b); err != nil {
		t.Fatal(err)
	}
	w.s.Free()
	return b.Bytes()
}

// tryImage reads an image that may be anything. If it is taken, the shard must bear use, and its own
// image must be read to the same state.
func tryImage(t *testing.T, alloc *slab.Allocator, image []byte) (accepted bool) {
	s, err := ReadImage(alloc, bytes.NewReader(image))
	if err != nil {
		return false
	}
	hash := StateHash(&s.View)
	var again bytes.Buffer
	if err := WriteImage(&s.View, &again); err != nil {
		t.Fatal(err)
	}
	r, err := ReadImage(alloc, bytes.NewReader(again.Bytes()))
	if err != nil {
		t.Fatalf("an image was taken that is not written back rightly: %v", err)
	}
	if StateHash(&r.View) != hash {
		t.Fatal("the state changed on its way")
	}
	r.Free()
	w := &world{t: t, r: rand.New(rand.NewPCG(1, 1)), s: s, model: map[string]*contact{}, ids: 70, clock: 1_700_000_000_000}
	for _, part := range []change.Part{w.deleteSome(70), &change.Maintain{Stamp: w.clock}, &change.Maintain{Stamp: w.clock}} {
		if p, err := s.Prepare(&change.Change{Parts: []change.Part{part}}); err == nil {
			p.Commit()
		}
	}
	s.Free()
	return true
}

// TestResealedImages changes bytes of sections and makes the checksums fit: no panic, no leak, and what is
// taken bears use.
func TestResealedImages(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	kinds, bodies, events := pieces(hostileWorld(t, seed))
	alloc := slab.New()
	defer func() {
		if p := recover(); p != nil {
			t.Fatalf("seed %d: panic: %v", seed, p)
		}
	}()
	if !tryImage(t, alloc, seal(kinds, bodies, events)) {
		t.Fatal("the image itself is refused")
	}
	taken := 0
	for range 3000 {
		k := r.IntN(len(bodies))
		if len(bodies[k]) == 0 {
			continue
		}
		was := bodies[k]
		bodies[k] = mutate(r, was)
		if tryImage(t, alloc, seal(kinds, bodies, events)) {
			taken++
		}
		bodies[k] = was
	}
	if st := alloc.Stats(); st.Used != 0 {
		t.Fatalf("seed %d: %d bytes leak", seed, st.Used)
	}
	t.Logf("%d of 3,000 taken", taken)
}

func mutate(r *rand.Rand, b []byte) []byte {
	c := bytes.Clone(b)
	i := r.IntN(len(c))
	switch r.IntN(4) {
	case 0:
		c[i] ^= 1 << r.IntN(8)
	case 1:
		c[i] = []byte{0, 1, 0x7f, 0x80, 0xff}[r.IntN(5)]
	case 2:
		c = c[:i]
	case 3:
		c = append(c[:i:i], append([]byte{byte(r.Uint32())}, c[i:]...)...)
	}
	return c
}

func FuzzReadImage(f *testing.F) {
	kinds, bodies, _ := pieces(hostileWorld(f, 1))
	for i := range bodies {
		f.Add(uint8(i), bodies[i])
	}
	f.Fuzz(func(t *testing.T, k uint8, body []byte) {
		kinds, bodies, events := pieces(hostileWorld(t, 1))
		bodies[int(k)%len(bodies)] = body
		tryImage(t, slab.New(), seal(kinds, bodies, events))
	})
	_ = kinds
}
