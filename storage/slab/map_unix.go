//go:build !race && !invariants

package slab

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapAligned maps size bytes (a power of two) at a multiple of size: it maps twice as much and gives the
// ends back. unix.MmapPtr is used because unix.Munmap only takes whole mappings.
func (a *Allocator) mapAligned(size int) []byte {
	p, err := unix.MmapPtr(-1, 0, nil, uintptr(2*size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		panic(fmt.Sprintf("slab: the operating system gives no memory: mmap of %d bytes: %v", 2*size, err))
	}
	head := (size - int(uintptr(p)%uintptr(size))) % size
	mem := unsafe.Slice((*byte)(unsafe.Add(p, head)), size)
	trim(p, head)
	trim(unsafe.Add(p, head+size), size-head)
	return a.mapped(mem)
}

// mapPages maps size bytes, a multiple of the page size.
func (a *Allocator) mapPages(size int) []byte {
	p, err := unix.MmapPtr(-1, 0, nil, uintptr(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		panic(fmt.Sprintf("slab: the operating system gives no memory: mmap of %d bytes: %v", size, err))
	}
	return a.mapped(unsafe.Slice((*byte)(p), size))
}

// mapped counts a mapping and asks for huge pages, which are worth 15-60 % of scan bandwidth; a kernel
// that has none is slower, not wrong.
func (a *Allocator) mapped(mem []byte) []byte {
	a.stats.Mapped += int64(len(mem))
	a.stats.Regions++
	_ = unix.Madvise(mem, unix.MADV_HUGEPAGE)
	return mem
}

func trim(p unsafe.Pointer, n int) {
	if n == 0 {
		return
	}
	if err := unix.MunmapPtr(p, uintptr(n)); err != nil {
		panic(fmt.Sprintf("slab: munmap of %d bytes: %v", n, err))
	}
}

func munmap(m []byte) error {
	return unix.MunmapPtr(unsafe.Pointer(unsafe.SliceData(m)), uintptr(len(m)))
}
