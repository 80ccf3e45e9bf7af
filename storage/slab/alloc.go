//go:build !race && !invariants

package slab

import (
	"fmt"
	"math/bits"
	"sync"
	"unsafe"
)

// Heap says whether slabs come from the Go heap (build tags race and invariants).
const Heap = false

// Allocator hands out 64-byte aligned, zeroed memory outside the Go heap. It implements Arrow's
// memory.Allocator and may be used from several goroutines.
type Allocator struct {
	mu      sync.Mutex
	regions []*region           // by age; nil where one was given back
	index   map[uintptr]*region // by address / regionSize
	classes [numClasses]class
	large   map[uintptr][]byte // mappings of their own
	stats   Stats
	empty   int // regions without a page in use
}

// class is the partly used spans of one size class, as a stack: the top is used first.
type class struct{ partial []*span }

// region is 4 MiB of pages, aligned to its size.
type region struct {
	at    int // place in Allocator.regions
	mem   []byte
	used  uint64    // pages in use
	dirty uint64    // pages that were in use before and may hold old bytes
	runs  [64]uint8 // length of the run that starts at a page
	owner [64]*span // span of a page, nil in runs
}

// span is one page cut into objects of one class.
type span struct {
	reg     *region
	page    int
	class   int
	fresh   int      // objects from here on were never handed out
	n       int      // objects in use
	cap     int      // objects in all
	free    []uint16 // freed objects, used last in first out
	listed  bool     // in class.partial
	scratch bool     // the page held other data before: fresh objects need clearing too
}

// New returns an empty Allocator. A process needs one.
func New() *Allocator {
	return &Allocator{index: map[uintptr]*region{}, large: map[uintptr][]byte{}}
}

// Allocate returns size zeroed bytes; the capacity is the whole size class. It panics if the operating
// system has no memory left, as the Go heap does.
func (a *Allocator) Allocate(size int) []byte {
	checkSize(size)
	if size == 0 {
		return nil
	}
	a.mu.Lock()
	var b []byte
	var dirty bool
	switch {
	case size <= maxSmall:
		b, dirty = a.allocSmall(classOf(size))
	case size <= maxRun:
		b, dirty = a.allocRun((size + pageSize - 1) / pageSize)
	default:
		b, dirty = a.allocLarge(roundSize(size)), false
	}
	a.stats.Allocs++
	a.stats.Used += int64(len(b))
	a.mu.Unlock()
	if dirty {
		clear(b)
	}
	return b[:size]
}

// Reallocate returns size bytes with the bytes of b in front and the rest zero; it frees b if it moves.
func (a *Allocator) Reallocate(size int, b []byte) []byte {
	checkSize(size)
	if size <= cap(b) && size > 0 && roundSize(size) == cap(b) {
		if old := len(b); size > old {
			clear(b[old:size])
		}
		return b[:size]
	}
	t := a.Allocate(size)
	copy(t, b)
	a.Free(b)
	return t
}

// Free gives an allocation back. It panics if b is not the start of one: that is a bug, never input.
func (a *Allocator) Free(b []byte) {
	if cap(b) == 0 {
		return
	}
	p := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	a.mu.Lock()
	defer a.mu.Unlock()
	if m, ok := a.large[p]; ok {
		delete(a.large, p)
		a.account(len(m))
		a.unmap(m)
		return
	}
	r := a.index[p/regionSize]
	if r == nil {
		panic(fmt.Sprintf("slab: free of %#x, which is not ours", p))
	}
	page := int(p%regionSize) / pageSize
	if s := r.owner[page]; s != nil {
		a.freeSmall(s, int(p%pageSize))
		return
	}
	a.freeRun(r, page, p)
}

// Stats returns what the allocator holds now.
func (a *Allocator) Stats() Stats {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stats
}

func (a *Allocator) account(freed int) {
	a.stats.Allocs--
	a.stats.Used -= int64(freed)
}

func (a *Allocator) allocSmall(c int) (b []byte, dirty bool) {
	cl := &a.classes[c]
	if len(cl.partial) == 0 {
		cl.partial = append(cl.partial, a.newSpan(c))
	}
	s := cl.partial[len(cl.partial)-1]
	size := classSize(c)
	var i int
	if k := len(s.free); k > 0 {
		i, s.free, dirty = int(s.free[k-1]), s.free[:k-1], true
	} else {
		i, dirty = s.fresh, s.scratch
		s.fresh++
	}
	s.n++
	if s.n == s.cap {
		s.listed = false
		cl.partial = cl.partial[:len(cl.partial)-1]
	}
	off := s.page*pageSize + i*size
	return s.reg.mem[off : off+size : off+size], dirty
}

func (a *Allocator) newSpan(c int) *span {
	r, page := a.findPages(1)
	s := &span{reg: r, page: page, class: c, cap: pageSize / classSize(c), listed: true, scratch: r.dirty>>page&1 != 0}
	a.takePages(r, page, 1)
	r.owner[page] = s
	return s
}

func (a *Allocator) freeSmall(s *span, off int) {
	size := classSize(s.class)
	i := off / size
	if off%size != 0 || i >= s.fresh || s.n == 0 {
		panic(fmt.Sprintf("slab: free inside an object of %d bytes, offset %d", size, off))
	}
	s.n--
	a.account(size)
	if s.n == 0 {
		a.dropSpan(s)
		return
	}
	s.free = append(s.free, uint16(i))
	if !s.listed {
		s.listed = true
		a.classes[s.class].partial = append(a.classes[s.class].partial, s)
	}
}

// dropSpan gives a span's page back when its last object is freed.
func (a *Allocator) dropSpan(s *span) {
	cl := &a.classes[s.class]
	if s.listed {
		for i := len(cl.partial) - 1; i >= 0; i-- {
			if cl.partial[i] == s {
				cl.partial = append(cl.partial[:i], cl.partial[i+1:]...)
				break
			}
		}
	}
	s.reg.owner[s.page] = nil
	a.givePages(s.reg, s.page, 1)
}

func (a *Allocator) allocRun(pages int) (b []byte, dirty bool) {
	r, page := a.findPages(pages)
	mask := runMask(page, pages)
	dirty = r.dirty&mask != 0
	a.takePages(r, page, pages)
	r.runs[page] = uint8(pages)
	off, end := page*pageSize, (page+pages)*pageSize
	return r.mem[off:end:end], dirty
}

func (a *Allocator) freeRun(r *region, page int, p uintptr) {
	n := int(r.runs[page])
	if n == 0 || p%pageSize != 0 {
		panic(fmt.Sprintf("slab: free of %#x, which is not the start of an allocation", p))
	}
	r.runs[page] = 0
	a.account(n * pageSize)
	a.givePages(r, page, n)
}

func runMask(page, pages int) uint64 {
	return (^uint64(0) >> (64 - pages)) << page
}

// findPages returns the first place with that many free pages, mapping a region if there is none.
func (a *Allocator) findPages(pages int) (*region, int) {
	for _, r := range a.regions {
		if r == nil {
			continue
		}
		if p := findRun(^r.used, pages); p >= 0 {
			return r, p
		}
	}
	return a.newRegion(), 0
}

// findRun returns the first place of n neighbouring ones in free, or -1.
func findRun(free uint64, n int) int {
	have := 1
	for have < n && free != 0 {
		step := min(have, n-have)
		free &= free >> step
		have += step
	}
	if free == 0 {
		return -1
	}
	return bits.TrailingZeros64(free)
}

func (a *Allocator) takePages(r *region, page, n int) {
	if r.used == 0 {
		a.empty--
	}
	r.used |= runMask(page, n)
}

func (a *Allocator) givePages(r *region, page, n int) {
	mask := runMask(page, n)
	r.used &^= mask
	r.dirty |= mask
	if r.used != 0 {
		return
	}
	// One empty region is kept, so that a lone allocation coming and going does not map and unmap.
	if a.empty++; a.empty > 1 {
		a.dropRegion(r)
	}
}

func (a *Allocator) newRegion() *region {
	r := &region{mem: a.mapAligned(regionSize), at: len(a.regions)}
	for i, old := range a.regions {
		if old == nil {
			r.at = i
			break
		}
	}
	if r.at == len(a.regions) {
		a.regions = append(a.regions, nil)
	}
	a.regions[r.at] = r
	a.index[uintptr(unsafe.Pointer(unsafe.SliceData(r.mem)))/regionSize] = r
	a.empty++
	return r
}

func (a *Allocator) dropRegion(r *region) {
	a.empty--
	a.regions[r.at] = nil
	delete(a.index, uintptr(unsafe.Pointer(unsafe.SliceData(r.mem)))/regionSize)
	a.unmap(r.mem)
}

func (a *Allocator) allocLarge(size int) []byte {
	m := a.mapPages(size)
	a.large[uintptr(unsafe.Pointer(unsafe.SliceData(m)))] = m
	return m
}

func (a *Allocator) unmap(m []byte) {
	if err := munmap(m); err != nil {
		panic(fmt.Sprintf("slab: munmap of %d bytes: %v", len(m), err))
	}
	a.stats.Mapped -= int64(len(m))
	a.stats.Regions--
}
