package tile

import (
	"bytes"
	"slices"
	"sync"
	"testing"
)

// TestReadersBesideTheWriter reads the store under a latch, and pins of it without, while changes are
// prepared. Under the race tag it shows that preparing writes nothing that a reader can see, and that no
// memory goes while a pin can see it.
func TestReadersBesideTheWriter(t *testing.T) {
	w := newWorld(t, testSeed(t))
	for range 5 {
		w.do(w.appendSome)
	}
	var latch sync.RWMutex
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Add(2)
	go func() { // latched
		defer wg.Done()
		for {
			select {
			case <-done:
				return
			default:
			}
			latch.RLock()
			if a, b := hashes1(&w.s.View), hashes1(&w.s.View); !slices.Equal(a, b) {
				t.Error("the view changed under the latch")
			}
			latch.RUnlock()
		}
	}()
	go func() { // pinned
		defer wg.Done()
		for {
			select {
			case <-done:
				return
			default:
			}
			latch.RLock()
			epoch := w.arena.Pin()
			v := w.s.Pin()
			latch.RUnlock()
			if a, b := hashes1(v), hashes1(v); !slices.Equal(a, b) {
				t.Error("a pinned view changed")
			}
			var a, b bytes.Buffer
			_, err := v.WriteTo(&a)
			_, err2 := v.WriteTo(&b)
			if err != nil || err2 != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
				t.Error("a pinned image changed")
			}
			w.arena.Release(epoch)
		}
	}()
	stamp := int64(1_700_000_000_000)
	for i := range 25 {
		tx := w.s.Begin()
		if i%5 == 4 {
			stamp += 50 * day
			tx.Maintain(stamp, 500)
			tx.Sweep(i%3, slices.Repeat([]uint64{0x11}, 1024), Cursor{}, 1<<20)
		} else {
			for range 2 {
				e := &w.sc.Events[w.rng.IntN(3)]
				if _, err := tx.Append(w.batch(e, 50, 3<<16, w.times())); err != nil {
					t.Fatal(err)
				}
			}
		}
		latch.Lock()
		tx.Commit()
		latch.Unlock()
	}
	close(done)
	wg.Wait()
}

func hashes1(v *View) []uint64 {
	sums := make([]uint64, chunkRows)
	v.AddHashes(1, sums)
	return sums
}
