package slab

import (
	"sync"
	"sync/atomic"
)

// Arena is one shard's door to the Allocator. It knows the shard's pins: memory that is freed while a
// pin taken before is still held goes to a graveyard and is given back when the last such pin is
// released.
//
// Copy on write works by epochs. Every pin ends an epoch; whoever owns a buffer notes Epoch() when it
// makes it, and must copy the buffer instead of changing it in place while Shared(epoch) holds.
//
// The shard's writer allocates and frees; Pin and Release may be called from any goroutine, Pin only
// while the writer is kept out.
type Arena struct {
	src   *Allocator
	epoch atomic.Uint64 // rises with every pin; starts at 1
	top   atomic.Uint64 // newest held pin's epoch, 0 = none
	used  atomic.Int64  // bytes held, the graveyard included

	mu    sync.Mutex
	pins  []uint64 // epochs of held pins, ascending
	grave []buried
}

type buried struct {
	epoch uint64
	mem   []byte
}

// NewArena returns an arena without pins.
func NewArena(src *Allocator) *Arena {
	a := &Arena{src: src}
	a.epoch.Store(1)
	return a
}

// Allocator returns the allocator behind the arena.
func (a *Arena) Allocator() *Allocator { return a.src }

// Allocate returns size zeroed bytes, 64-byte aligned.
func (a *Arena) Allocate(size int) []byte {
	b := a.src.Allocate(size)
	a.used.Add(int64(cap(b)))
	return b
}

// Reallocate returns size bytes with the bytes of b in front and the rest zero; b is freed as by Free.
func (a *Arena) Reallocate(size int, b []byte) []byte {
	t := a.Allocate(size)
	copy(t, b)
	a.Free(b)
	return t
}

// Free gives memory back, at once or when the pins held now are released.
func (a *Arena) Free(b []byte) {
	if cap(b) == 0 {
		return
	}
	if a.top.Load() == 0 {
		a.release(b)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.pins) == 0 {
		a.release(b)
		return
	}
	a.grave = append(a.grave, buried{a.epoch.Load(), b})
}

func (a *Arena) release(b []byte) {
	a.used.Add(-int64(cap(b)))
	a.src.Free(b)
}

// Epoch returns the epoch to note beside a buffer that is made now.
func (a *Arena) Epoch() uint64 { return a.epoch.Load() }

// Shared says whether a held pin can see a buffer that was made in that epoch.
func (a *Arena) Shared(epoch uint64) bool { return epoch <= a.top.Load() }

// Pin keeps all memory that exists now until Release of the epoch it returns.
func (a *Arena) Pin() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.epoch.Load()
	a.epoch.Store(e + 1)
	a.pins = append(a.pins, e)
	a.top.Store(e)
	return e
}

// Release gives a pin back, once. Memory that only this pin kept is freed.
func (a *Arena) Release(epoch uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, e := range a.pins {
		if e == epoch {
			a.pins = append(a.pins[:i], a.pins[i+1:]...)
			break
		}
	}
	var top uint64
	oldest := ^uint64(0)
	if n := len(a.pins); n > 0 {
		oldest, top = a.pins[0], a.pins[n-1]
	}
	a.top.Store(top)
	a.reap(oldest)
}

// reap frees what was buried before the oldest held pin was taken.
func (a *Arena) reap(oldest uint64) {
	n := 0
	for n < len(a.grave) && a.grave[n].epoch <= oldest {
		a.release(a.grave[n].mem)
		a.grave[n].mem = nil
		n++
	}
	a.grave = append(a.grave[:0], a.grave[n:]...)
}

// Pins returns the number of held pins.
func (a *Arena) Pins() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.pins)
}

// Used returns the bytes that the arena holds, and how many of them only pins keep.
func (a *Arena) Used() (total, buried int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, g := range a.grave {
		buried += int64(cap(g.mem))
	}
	return a.used.Load(), buried
}
