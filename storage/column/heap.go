package column

import (
	"encoding/binary"
	"unsafe"

	"github.com/musterdb/muster/storage/slab"
)

// heap holds byte strings of one chunk. Small entries share pages; their reference is page<<16 | offset.
// The last page grows by doubling to 64 KiB, then a new one starts, so nothing ever moves more than that.
// A large entry has an allocation of its own; its reference is bigRef | place. What is dropped from pages
// counts as garbage until the owner writes the chunk anew.
type heap struct {
	pages   [][]byte // length = bytes in use
	big     [][]byte // nil = free
	gaps    []uint32 // free places of big
	live    int64    // bytes of small entries in use
	garbage int64    // bytes of small entries dropped
}

const (
	heapPage = 64 << 10
	bigEntry = 1 << 10 // longer entries have an allocation of their own
	bigRef   = 1 << 31
	maxPages = 1 << 15 // when all are in use, small entries are stored as large ones
)

// put stores an entry.
func (h *heap) put(a *slab.Arena, b []byte) uint32 {
	if len(b) > bigEntry {
		return h.putBig(a, b)
	}
	need := binary.MaxVarintLen32 + len(b)
	page := len(h.pages) - 1
	if page < 0 || len(h.pages[page])+need > heapPage {
		if page+1 == maxPages {
			return h.putBig(a, b)
		}
		page++
		h.pages = append(h.pages, a.Allocate(firstSize(page, need))[:0])
	}
	p := h.pages[page]
	if cap(p)-len(p) < need {
		p = a.Allocate(min(max(2*cap(p), len(p)+need), heapPage))[:len(p)]
		copy(p, h.pages[page])
		a.Free(h.pages[page])
	}
	ref := uint32(page)<<16 | uint32(len(p))
	p = binary.AppendUvarint(p, uint64(len(b)))
	h.pages[page] = append(p, b...)
	h.live += entrySize(len(b))
	return ref
}

// firstSize returns the size of a new page: the first of a heap starts small.
func firstSize(page, need int) int {
	if page == 0 {
		return need
	}
	return heapPage
}

func (h *heap) putBig(a *slab.Arena, b []byte) uint32 {
	own := a.Allocate(max(len(b), 1))[:len(b)]
	copy(own, b)
	if k := len(h.gaps); k > 0 {
		at := h.gaps[k-1]
		h.gaps = h.gaps[:k-1]
		h.big[at] = own
		return bigRef | at
	}
	h.big = append(h.big, own)
	return bigRef | uint32(len(h.big)-1)
}

// get returns an entry; it aliases the heap.
func (h *heap) get(ref uint32) []byte {
	if ref&bigRef != 0 {
		return h.big[ref&^bigRef]
	}
	p := h.pages[ref>>16][ref&0xffff:]
	n, k := binary.Uvarint(p)
	return p[k : k+int(n) : k+int(n)]
}

// drop forgets an entry.
func (h *heap) drop(a *slab.Arena, ref uint32) {
	if ref&bigRef != 0 {
		at := ref &^ bigRef
		a.Free(h.big[at])
		h.big[at] = nil
		h.gaps = append(h.gaps, at)
		return
	}
	size := entrySize(len(h.get(ref)))
	h.live -= size
	h.garbage += size
}

func entrySize(n int) int64 { return int64(n + uvarintLen(uint64(n))) }

func uvarintLen(v uint64) int {
	n := 1
	for v >= 0x80 {
		v >>= 7
		n++
	}
	return n
}

// dirty says whether it pays to write the live entries anew: more than half is garbage.
func (h *heap) dirty() bool { return h.garbage > 4096 && h.garbage > h.live }

func (h *heap) clone(a *slab.Arena) heap {
	d := heap{live: h.live, garbage: h.garbage}
	d.pages, d.big = clonePages(a, h.pages), clonePages(a, h.big)
	d.gaps = append(d.gaps, h.gaps...)
	return d
}

func clonePages(a *slab.Arena, pages [][]byte) [][]byte {
	if pages == nil {
		return nil
	}
	out := make([][]byte, len(pages))
	for i, p := range pages {
		if p != nil {
			out[i] = a.Allocate(cap(p))[:len(p)]
			copy(out[i], p)
		}
	}
	return out
}

func (h *heap) free(a *slab.Arena) {
	for _, p := range h.pages {
		a.Free(p)
	}
	for _, b := range h.big {
		a.Free(b)
	}
}

// moveTo puts an entry into another heap; large entries change hands without copying.
func (h *heap) moveTo(a *slab.Arena, to *heap, ref uint32) uint32 {
	if ref&bigRef == 0 {
		return to.put(a, h.get(ref))
	}
	at := ref &^ bigRef
	to.big = append(to.big, h.big[at])
	h.big[at] = nil
	return bigRef | uint32(len(to.big)-1)
}

func (h *heap) bytes() int64 {
	n := int64(cap(h.pages)+cap(h.big)) * 24
	for _, p := range h.pages {
		n += int64(cap(p))
	}
	for _, b := range h.big {
		n += int64(cap(b))
	}
	return n
}

func bytesAsString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func stringAsBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
