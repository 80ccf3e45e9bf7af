package tile

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

func image(t testing.TB, v *View) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := v.WriteTo(&b)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("WriteTo: %d of %d bytes, %v", n, b.Len(), err)
	}
	return b.Bytes()
}

// restored returns a world whose store was read from w's image.
func (w *world) restored() *world {
	w.t.Helper()
	img := image(w.t, &w.s.View)
	c := *w
	c.alloc = slab.New()
	c.arena = slab.NewArena(c.alloc)
	c.events = w.freeze()
	var err error
	if c.s, err = Read(bytes.NewReader(img), c.arena); err != nil {
		w.t.Fatal(err)
	}
	if again := image(w.t, &c.s.View); !bytes.Equal(img, again) {
		w.t.Fatalf("the image of a restored store differs: %d and %d bytes", len(img), len(again))
	}
	return &c
}

func hashes(v *View) []uint64 {
	sums := make([]uint64, 4*chunkRows)
	for c := range 4 {
		v.AddHashes(c, sums[c*chunkRows:][:chunkRows])
	}
	return sums
}

// TestImageRoundTrip goes on with a store read from an image beside the one it was taken of: both must
// stay the same, byte for byte.
func TestImageRoundTrip(t *testing.T) {
	seed := testSeed(t)
	for i := range uint64(3) {
		w := newWorld(t, seed+i)
		w.run(15)
		r := w.restored()
		check(t, &r.s.View, r.sc, r.freeze())
		for range 10 {
			s := w.rng.Uint64()
			w.rng, r.rng = rand.New(rand.NewPCG(s, 1)), rand.New(rand.NewPCG(s, 1))
			w.change()
			r.change()
		}
		check(t, &r.s.View, r.sc, r.freeze())
		if !slices.Equal(hashes(&w.s.View), hashes(&r.s.View)) {
			t.Fatalf("seed %d: hashes differ after an image", seed+i)
		}
		if !bytes.Equal(image(t, &w.s.View), image(t, &r.s.View)) {
			t.Fatalf("seed %d: images differ", seed+i)
		}
	}
}

// TestSizes makes blocks of awkward sizes, at once and one event at a time in the end, and reads them back
// from an image.
func TestSizes(t *testing.T) {
	seed := testSeed(t)
	for _, n := range []int{0, 1, 2, 63, 64, 65, 255, 256, 511, 512, 513, 767, 768, 769, 65535, 65536, 65537} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			w := newWorld(t, seed)
			if n > 60_000 {
				w.sc.Events = w.sc.Events[:1]
				w.sc.Events[0].Props = w.sc.Events[0].Props[:5]
			}
			for i := range w.sc.Events {
				e := &w.sc.Events[i]
				w.do(func(tx *Tx) {
					w.append(tx, e, w.batchNoIDs(e, max(0, n-3)))
					for range min(n, 3) {
						w.append(tx, e, w.batchNoIDs(e, 1))
					}
				})
			}
			check(t, &w.s.View, w.sc, w.freeze())
			r := w.restored()
			check(t, &r.s.View, r.sc, r.freeze())
		})
	}
}

// batchNoIDs makes events of one span without ids, so that none is dropped.
func (w *world) batchNoIDs(e *schema.EventType, n int) *Batch {
	b := w.batch(e, n, 70_000, func() int64 { return 1_700_003_840_000 + w.rng.Int64N(65_536_000) })
	b.IDs = nil
	return b
}

// TestPinnedImage writes the image of a pin while the store goes on: it must be that of the pin's moment.
func TestPinnedImage(t *testing.T) {
	w := newWorld(t, testSeed(t))
	for range 10 {
		w.do(w.appendSome)
	}
	want := image(t, &w.s.View)
	epoch := w.arena.Pin()
	v := w.s.Pin()
	for range 10 {
		w.do(w.appendSome)
		w.sweep()
		w.maintain()
	}
	if !bytes.Equal(want, image(t, v)) {
		t.Fatal("the pinned image changed")
	}
	w.arena.Release(epoch)
}

// cut returns a column's values of some rows.
func cut(c change.Column, from, to int) change.Column {
	d := change.Column{ID: c.ID, Type: c.Type}
	if c.Type.Kind == schema.KindSet {
		d.SetOff = []uint32{0}
	}
	for i := from; i < to; i++ {
		if c.Ops != nil {
			d.Ops = append(d.Ops, c.Ops[i])
		}
		switch c.Type.Kind {
		case schema.KindFloat:
			d.Floats = append(d.Floats, c.Floats[i])
		case schema.KindText:
			d.Texts.Append(c.Text(i))
		case schema.KindSet:
			for j := range c.SetLen(i) {
				d.Texts.Append(c.SetElem(i, j))
			}
			d.SetOff = append(d.SetOff, uint32(d.Texts.Len()))
		default:
			d.Ints = append(d.Ints, c.Ints[i])
		}
	}
	return d
}

// TestHashIgnoresLayout compares stores whose events are the same and whose blocks are not.
func TestHashIgnoresLayout(t *testing.T) {
	seed := testSeed(t)
	rng := rand.New(rand.NewPCG(seed, 2))
	a, b := newWorld(t, seed), newWorld(t, seed)
	e := &a.sc.Events[0]
	one := a.batch(e, 5000, 1<<17, a.times())
	one.IDs = nil
	a.do(func(tx *Tx) { a.append(tx, e, one) })
	for at := 0; at < 5000; {
		n := min(1+rng.IntN(800), 5000-at)
		part := &Batch{Event: e.ID, Rows: one.Rows[at : at+n], Times: one.Times[at : at+n]}
		for j := range one.Props {
			part.Props = append(part.Props, cut(one.Props[j], at, at+n))
		}
		b.do(func(tx *Tx) { b.append(tx, e, part) })
		b.do(func(tx *Tx) { tx.Maintain(2_000_000_000_000, 100_000) })
		at += n
	}
	if !slices.Equal(hashes(&a.s.View), hashes(&b.s.View)) {
		t.Fatal("hashes differ")
	}
	was := hashes(&a.s.View)
	a.do(func(tx *Tx) { a.append(tx, e, &Batch{Event: e.ID, Rows: one.Rows[:1], Times: one.Times[:1]}) })
	if slices.Equal(was, hashes(&a.s.View)) {
		t.Fatal("a further event leaves the hashes as they were")
	}
}

// TestImageDamage flips bytes of an image and cuts it: each must be found, and nothing may stay behind.
func TestImageDamage(t *testing.T) {
	seed := testSeed(t)
	w := newWorld(t, seed)
	for range 5 {
		w.do(w.appendSome)
	}
	img := image(t, &w.s.View)
	for range 100 {
		bad := slices.Clone(img)
		if w.rng.IntN(4) == 0 {
			bad = bad[:w.rng.IntN(len(bad))]
		} else {
			bad[w.rng.IntN(len(bad))] ^= 1 << w.rng.IntN(8)
		}
		refuse(t, bad)
	}
}

func refuse(t testing.TB, img []byte) {
	t.Helper()
	alloc := slab.New()
	_, err := Read(bytes.NewReader(img), slab.NewArena(alloc))
	var corrupt *CorruptError
	if !errors.As(err, &corrupt) {
		t.Fatalf("a damaged image was read: %v", err)
	}
	if used := alloc.Stats().Used; used != 0 {
		t.Fatalf("%d bytes left after %v", used, err)
	}
}

// FuzzRead gives the reader sections whose checksums fit whatever they hold.
func FuzzRead(f *testing.F) {
	w := newWorld(f, 1)
	w.do(func(tx *Tx) { // few events: the time of a try goes by the length of its text
		for i := range w.sc.Events {
			e := &w.sc.Events[i]
			w.append(tx, e, w.batch(e, 3, 10, w.times()))
		}
	})
	f.Add(sections(image(f, &w.s.View)))
	f.Fuzz(func(t *testing.T, data []byte) {
		alloc := slab.New()
		s, err := Read(bytes.NewReader(reseal(data)), slab.NewArena(alloc))
		if err == nil {
			hashes(&s.View)
			image(t, &s.View)
			s.Free()
		}
		if used := alloc.Stats().Used; used != 0 {
			t.Fatalf("%d bytes left", used)
		}
	})
}

// reseal makes sections of fuzzed bytes: kind, length in two bytes, payload; a head goes before.
func reseal(data []byte) []byte {
	var b bytes.Buffer
	iw := &imageWriter{w: &b}
	iw.u32(imageVersion)
	iw.u32(1)
	iw.section(secHead)
	for len(data) > 3 {
		kind, n := data[0]%7, min(int(data[1])|int(data[2])<<8, len(data)-3)
		iw.buf = append(iw.buf, data[3:3+n]...)
		iw.section(kind)
		data = data[3+n:]
	}
	iw.section(secEnd)
	return b.Bytes()
}

// sections turns an image's sections into what reseal reads.
func sections(img []byte) []byte {
	var out []byte
	for len(img) > 0 {
		n := int(img[1]) | int(img[2])<<8 | int(img[3])<<16
		if img[0] != secHead && img[0] != secEnd && n < 1<<16 {
			out = append(append(out, img[0], byte(n), byte(n>>8)), img[13:13+n]...)
		}
		img = img[13+n:]
	}
	return out
}

// TestReadMutations fuzzes images a little in the normal run.
func TestReadMutations(t *testing.T) {
	w := newWorld(t, testSeed(t))
	w.sc.Events = w.sc.Events[:1]
	w.do(func(tx *Tx) { w.setSchema(tx) })
	for range 3 {
		e := &w.sc.Events[0]
		w.do(func(tx *Tx) { w.append(tx, e, w.batch(e, 20, 100, w.times())) })
	}
	good := sections(image(t, &w.s.View))
	for range 400 {
		bad := slices.Clone(good)
		for range 1 + w.rng.IntN(3) {
			bad[w.rng.IntN(len(bad))] = byte(w.rng.Uint32())
		}
		alloc := slab.New()
		if s, err := Read(bytes.NewReader(reseal(bad)), slab.NewArena(alloc)); err == nil {
			hashes(&s.View)
			image(t, &s.View)
			s.Free()
		}
		if used := alloc.Stats().Used; used != 0 {
			t.Fatalf("%d bytes left", used)
		}
	}
}
