//go:build race || invariants

package slab

import (
	"fmt"
	"sync"
	"unsafe"
)

// Heap says whether slabs come from the Go heap (build tags race and invariants).
const Heap = true

// Allocator hands out 64-byte aligned, zeroed memory of the Go heap, so that the race detector sees it.
// Freed memory is poisoned and never handed out again; freeing twice panics.
type Allocator struct {
	mu    sync.Mutex
	live  map[uintptr]int // capacity by address
	stats Stats
}

// New returns an empty Allocator. A process needs one.
func New() *Allocator { return &Allocator{live: map[uintptr]int{}} }

// Allocate returns size zeroed bytes; the capacity is the whole size class.
func (a *Allocator) Allocate(size int) []byte {
	checkSize(size)
	if size == 0 {
		return nil
	}
	n := roundSize(size)
	raw := make([]byte, n+Align)
	p := uintptr(unsafe.Pointer(unsafe.SliceData(raw)))
	off := int((Align - p%Align) % Align)
	b := raw[off : off+n : off+n]
	a.mu.Lock()
	defer a.mu.Unlock()
	a.live[p+uintptr(off)] = n
	a.stats.Allocs++
	a.stats.Used += int64(n)
	a.stats.Mapped += int64(n)
	return b[:size]
}

// Reallocate returns size bytes with the bytes of b in front and the rest zero. It always moves, so that
// a stale alias is found.
func (a *Allocator) Reallocate(size int, b []byte) []byte {
	t := a.Allocate(size)
	copy(t, b)
	a.Free(b)
	return t
}

// Free poisons an allocation. It panics if b is not the start of a live one.
func (a *Allocator) Free(b []byte) {
	if cap(b) == 0 {
		return
	}
	p := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	a.mu.Lock()
	defer a.mu.Unlock()
	n, ok := a.live[p]
	if !ok {
		panic(fmt.Sprintf("slab: free of %#x, which is not the start of a live allocation", p))
	}
	delete(a.live, p)
	a.stats.Allocs--
	a.stats.Used -= int64(n)
	a.stats.Mapped -= int64(n)
	b = unsafe.Slice(unsafe.SliceData(b), n)
	for i := range b {
		b[i] = Poison
	}
}

// Stats returns what the allocator holds now.
func (a *Allocator) Stats() Stats {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stats
}
