// Package slab owns the memory of columns, event blocks, indexes and dictionaries: a process-wide
// Allocator that hands out mmap'd memory the garbage collector neither walks nor doubles, and an Arena
// per shard that keeps freed memory alive while a reader's pin can still see it.
//
// Memory comes in size classes (see class.go): objects up to 32 KiB share 64-KiB spans, larger ones take
// runs of 64-KiB pages in 4-MiB regions that ask for huge pages, and those beyond 2 MiB have a mapping
// of their own. One Allocator serves all shards, so that a thousand small bases cost what they hold.
// Reuse is deterministic: the lowest free place is taken first.
//
// Under the build tags race and invariants memory comes from the Go heap instead, because the race
// detector is blind on mmap'd memory; freed memory is then filled with Poison and never handed out again.
//
// It does not know what the bytes mean, and it does not count references: whoever allocates frees.
package slab

import (
	"fmt"
	"unsafe"
)

// Align is the alignment of every allocation: a cache line, and what Arrow asks for.
const Align = 64

// Poison fills freed memory under the build tags race and invariants.
const Poison = 0xDB

// Stats says what an Allocator holds, in bytes unless said.
type Stats struct {
	Mapped  int64 // taken from the operating system
	Used    int64 // of allocations, rounded up to their classes
	Allocs  int64 // number of live allocations
	Regions int64 // number of mappings
}

// Overhead returns the bytes that are mapped but handed out to nobody.
func (s Stats) Overhead() int64 { return s.Mapped - s.Used }

// Number is the type of an element of a buffer.
type Number interface {
	~uint8 | ~uint16 | ~uint32 | ~uint64 | ~int64 | ~float64
}

// Source is where typed buffers come from: an Allocator or an Arena.
type Source interface {
	Allocate(size int) []byte
	Reallocate(size int, b []byte) []byte
	Free(b []byte)
}

// Make returns n zeroed elements; the capacity is what the size class allows. It returns nil for n = 0.
func Make[T Number](src Source, n int) []T {
	if n == 0 {
		return nil
	}
	var zero T
	size := int(unsafe.Sizeof(zero))
	b := src.Allocate(n * size)
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), cap(b)/size)[:n]
}

// Grow returns s with room for at least n elements and the elements of s in front; elements beyond
// len(s) are zero up to n. It frees s if it had to move. The length of the result is n.
func Grow[T Number](src Source, s []T, n int) []T {
	if n <= cap(s) {
		t := s[:n]
		if n > len(s) {
			clear(t[len(s):])
		}
		return t
	}
	t := Make[T](src, n)
	copy(t, s)
	Release(src, s)
	return t
}

// Clone returns a copy of s, with the same length.
func Clone[T Number](src Source, s []T) []T {
	if len(s) == 0 {
		return nil
	}
	t := Make[T](src, len(s))
	copy(t, s)
	return t
}

// Release frees a buffer that Make, Grow or Clone returned (or a prefix of it). nil is allowed.
func Release[T Number](src Source, s []T) {
	if b := Bytes(s); b != nil {
		src.Free(b)
	}
}

// Bytes returns the whole memory of a buffer, up to its capacity, as bytes.
func Bytes[T Number](s []T) []byte {
	if cap(s) == 0 {
		return nil
	}
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), cap(s)*int(unsafe.Sizeof(zero)))
}

// Size returns the bytes that a buffer of n bytes really takes.
func Size(n int) int {
	if n <= 0 {
		return 0
	}
	return roundSize(n)
}

func checkSize(size int) {
	if size < 0 {
		panic(fmt.Sprintf("slab: negative size %d", size))
	}
}
