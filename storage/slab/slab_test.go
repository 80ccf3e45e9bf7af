package slab

import (
	"math/rand/v2"
	"sync"
	"testing"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow/memory"
)

var _ memory.Allocator = (*Allocator)(nil)
var _ memory.Allocator = (*Arena)(nil)

func TestClasses(t *testing.T) {
	last := 0
	for n := 1; n <= maxSmall; n++ {
		c := classOf(n)
		size := classSize(c)
		if size < n || size%Align != 0 || c >= numClasses {
			t.Fatalf("size %d: class %d of %d bytes", n, c, size)
		}
		if c > 0 && classSize(c-1) >= n {
			t.Fatalf("size %d: class %d of %d bytes, but class %d of %d would do", n, c, size, c-1, classSize(c-1))
		}
		if c < last {
			t.Fatalf("size %d: class %d after %d", n, c, last)
		}
		last = c
	}
	if classOf(maxSmall) != numClasses-1 {
		t.Fatalf("classOf(maxSmall) = %d, numClasses = %d", classOf(maxSmall), numClasses)
	}
}

// TestRandom allocates and frees at random and checks that live memory is zero at first, aligned, never
// shared, and all given back in the end.
func TestRandom(t *testing.T) {
	const seed = 7
	r := rand.New(rand.NewPCG(seed, 0))
	a := New()
	type block struct {
		b    []byte
		mark byte
	}
	var live []block
	sizes := []int{1, 63, 64, 65, 1023, 4096, maxSmall, maxSmall + 1, pageSize, pageSize + 1, 300 << 10, maxRun, maxRun + 1}
	for i := range 4000 {
		if len(live) > 0 && r.IntN(5) < 2 || len(live) > 200 {
			k := r.IntN(len(live))
			verify(t, live[k].b, live[k].mark)
			a.Free(live[k].b)
			live[k] = live[len(live)-1]
			live = live[:len(live)-1]
			continue
		}
		size := sizes[r.IntN(len(sizes))]
		if r.IntN(2) == 0 {
			size = 1 + r.IntN(5000)
		}
		b := a.Allocate(size)
		if uintptr(unsafe.Pointer(&b[0]))%Align != 0 || len(b) != size {
			t.Fatalf("seed %d step %d: %d bytes at %p", seed, i, len(b), &b[0])
		}
		verify(t, b, 0)
		mark := byte(i) | 1
		for j := range b {
			b[j] = mark
		}
		live = append(live, block{b, mark})
	}
	for _, l := range live {
		verify(t, l.b, l.mark)
		a.Free(l.b)
	}
	if s := a.Stats(); s.Used != 0 || s.Allocs != 0 || s.Mapped > regionSize {
		t.Fatalf("after all is freed: %+v", s)
	}
}

func verify(t *testing.T, b []byte, want byte) {
	t.Helper()
	for _, x := range b {
		if x != want {
			t.Fatalf("a byte is %#x, want %#x", x, want)
		}
	}
}

func TestReallocateKeepsAndClears(t *testing.T) {
	a := New()
	b := a.Allocate(10)
	for i := range b {
		b[i] = 9
	}
	for _, n := range []int{5, 40, 64, 65, 100_000, 3 << 20, 7} {
		keep := min(n, len(b))
		old := append([]byte(nil), b[:keep]...)
		b = a.Reallocate(n, b)
		if string(b[:keep]) != string(old) {
			t.Fatalf("Reallocate(%d) lost bytes", n)
		}
		verify(t, b[keep:], 0)
	}
	a.Free(b)
}

func TestConcurrent(t *testing.T) {
	a := New()
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 2000 {
				b := a.Allocate(1 + (i*37+g)%9000)
				b[0] = byte(g)
				a.Free(b)
			}
		})
	}
	wg.Wait()
	if s := a.Stats(); s.Used != 0 {
		t.Fatalf("%+v", s)
	}
}

func TestFreeOfStrangersPanics(t *testing.T) {
	a := New()
	b := a.Allocate(100)
	for name, bad := range map[string][]byte{"heap": make([]byte, 10), "inside": b[8:]} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: Free did not panic", name)
				}
			}()
			a.Free(bad)
		}()
	}
}

func TestArenaKeepsWhatPinsSee(t *testing.T) {
	a := NewArena(New())
	b := Make[uint32](a, 100)
	made := a.Epoch()
	b[7] = 42
	if a.Shared(made) {
		t.Fatal("shared without a pin")
	}
	p1 := a.Pin()
	p2 := a.Pin()
	if !a.Shared(made) || a.Shared(a.Epoch()) {
		t.Fatal("a pin shares what was there before it and nothing made after")
	}
	Release(a, b)
	a.Release(p2)
	if b[7] != 42 {
		t.Fatal("freed under a pin")
	}
	if _, buried := a.Used(); buried == 0 {
		t.Fatal("nothing buried")
	}
	a.Release(p1)
	if total, buried := a.Used(); total != 0 || buried != 0 {
		t.Fatalf("after release: %d bytes, %d buried", total, buried)
	}
	if a.Shared(made) {
		t.Fatal("shared after release")
	}
	if Heap && b[7] != 0xDBDBDBDB {
		t.Fatalf("freed memory reads %#x, want poison", b[7])
	}
}

// TestArenaOrder releases pins in all orders; what is freed between two pins waits for the first only.
func TestArenaOrder(t *testing.T) {
	a := NewArena(New())
	p1 := a.Pin()
	x := a.Allocate(64)
	a.Free(x) // made after p1, but the arena does not know: it waits for p1
	p2 := a.Pin()
	y := a.Allocate(64)
	a.Free(y)
	a.Release(p1)
	if total, _ := a.Used(); total != 64 {
		t.Fatalf("%d bytes after the first release, want those of y", total)
	}
	a.Release(p2)
	if total, _ := a.Used(); total != 0 {
		t.Fatalf("%d bytes left", total)
	}
}

func TestSmallStaysSmall(t *testing.T) {
	if Heap {
		t.Skip("measures mappings")
	}
	al := New()
	for range 16_000 {
		a := NewArena(al)
		for range 20 {
			a.Allocate(64)
		}
	}
	if s := al.Stats(); s.Mapped > 32<<20 {
		t.Fatalf("16,000 shards of 20 small columns map %d bytes", s.Mapped)
	}
}

func BenchmarkAllocateFree(b *testing.B) {
	a := New()
	for b.Loop() {
		a.Free(a.Allocate(256))
	}
}
