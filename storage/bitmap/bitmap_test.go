package bitmap

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestModel builds sets of awkward densities and compares them with the words they came from.
func TestModel(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for _, rows := range []int{0, 1, 63, 64, 65, 4095, 4096, 4097, 65_535, 65_536} {
		for _, chunks := range []int{1, 3} {
			var b Builder
			var want []uint32
			words := map[int][]uint64{}
			for c := range chunks {
				w := make([]uint64, Words)
				for _, i := range r.Perm(65_536)[:rows] {
					w[i>>6] |= 1 << (i & 63)
				}
				for i := range 65_536 {
					if w[i>>6]>>(i&63)&1 == 1 {
						want = append(want, uint32(2*c<<16|i))
					}
				}
				words[2*c] = w
				b.Add(2*c, w)
			}
			s := b.Set()
			check(t, seed, s, want, words, 2*chunks)
			enc, err := s.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			back, err := Decode(enc)
			if err != nil || !back.Equal(s) {
				t.Fatalf("seed %d rows %d: %v", seed, rows, err)
			}
			check(t, seed, back, want, words, 2*chunks)
		}
	}
}

func check(t *testing.T, seed uint64, s Set, want []uint32, words map[int][]uint64, chunks int) {
	t.Helper()
	if got := slices.Collect(s.All()); !slices.Equal(got, want) || s.Len() != len(want) {
		t.Fatalf("seed %d: %d rows, want %d", seed, len(got), len(want))
	}
	dst := make([]uint64, Words)
	for c := range chunks {
		for i := range dst {
			dst[i] = ^uint64(0)
		}
		n := s.Chunk(c, dst)
		w := words[c]
		if w == nil {
			w = make([]uint64, Words)
		}
		if !slices.Equal(dst, w) {
			t.Fatalf("seed %d: chunk %d differs", seed, c)
		}
		if n == 0 != !slices.ContainsFunc(w, func(x uint64) bool { return x != 0 }) {
			t.Fatalf("seed %d: chunk %d has %d rows", seed, c, n)
		}
	}
	if len(want) > 0 && (!s.Has(want[0]) || s.Has(1<<30)) {
		t.Fatalf("seed %d: Has", seed)
	}
	if n := s.Chunk(0, dst[:1]); n > 64 {
		t.Fatalf("seed %d: %d rows in one word", seed, n)
	}
}

func TestBuilderOrder(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Fatal("chunks in the wrong order")
		}
	}()
	var b Builder
	b.Add(1, []uint64{1})
	b.Add(1, []uint64{1})
}

func FuzzDecode(f *testing.F) {
	for _, s := range []Set{{}, Of(1, 2, 3), Of(1<<20, 5)} {
		b, _ := s.AppendBinary(nil)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Decode(b)
		if err != nil {
			return
		}
		n := 0
		for range s.All() {
			if n++; n > 1<<20 {
				return
			}
		}
		s.Chunk(0, make([]uint64, Words))
	})
}
