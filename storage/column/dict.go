package column

import (
	"math/bits"
	"sync/atomic"
	"unsafe"

	"github.com/zeebo/xxh3"

	"github.com/musterdb/muster/storage/slab"
)

// A dictionary is full from DictMin entries on when it holds more entries than half of its rows.
const DictMin = 4096

// Dict gives texts small codes, from 0 in order of first use. It only grows. One writer adds while any
// number of readers, who saw a code in a chunk, resolve it or look texts up. The table is on the Go heap:
// a reader may still be in an old one when the writer has made the next.
type Dict struct {
	alloc  *slab.Arena
	n      atomic.Uint32
	rows   int                      // how many rows the dictionary serves, for Full
	closed bool                     // was full once; takes no more texts of TEXT columns
	texts  [28]*string              // pages: the first of firstTexts<<page texts; small, since dictionaries are many
	table  atomic.Pointer[[]uint32] // slots hold code + 1; read and written atomically
	pages  [][]byte
	used   int          // bytes of the last page in use
	mem    atomic.Int64 // bytes that the dictionary takes
	gone   []uint64     // codes of texts that were forgotten; replaced, never changed
}

// DictMark is a state of a dictionary: how far it was and what it would do with the next text. The writer
// takes it when a change is committed; what was added since is no part of that state.
type DictMark struct {
	n      int
	rows   int
	closed bool
	gone   []uint64
}

// Len returns the number of codes of the state.
func (m DictMark) Len() int { return m.n }

// Mark returns the state as it is, for the writer.
func (d *Dict) Mark() DictMark { return DictMark{d.Len(), d.rows, d.closed, d.gone} }

// firstTexts is the number of texts in the first page of Dict.texts; each further one doubles it.
const firstTexts = 16

// NewDict returns an empty dictionary.
func NewDict(a *slab.Arena) *Dict { return &Dict{alloc: a} }

// Len returns the number of texts.
func (d *Dict) Len() int { return int(d.n.Load()) }

// SetRows tells the dictionary how many rows (live contacts, or events of the type) it serves.
func (d *Dict) SetRows(n int) { d.rows = n }

// Full says whether TEXT columns should store further texts plainly. A dictionary that was full stays so:
// else a column of unique texts would fill half of it again each time the shard doubles.
func (d *Dict) Full() bool {
	if n := d.Len(); n >= DictMin && n > d.rows/2 {
		d.closed = true
	}
	return d.closed
}

// Text returns the text of a code below Len. It aliases memory and is read only.
func (d *Dict) Text(code uint32) string {
	page, at := textPlace(code)
	return d.page(page)[at]
}

// page returns the texts of a page that was made.
func (d *Dict) page(k int) []string { return unsafe.Slice(d.texts[k], firstTexts<<k) }

func textPlace(code uint32) (page, at int) {
	k := bits.Len32(code/firstTexts+1) - 1
	return k, int(code) - firstTexts*(1<<k-1)
}

// Code returns the code of a text.
func (d *Dict) Code(text []byte) (uint32, bool) {
	t := d.table.Load()
	if t == nil {
		return 0, false
	}
	slots := *t
	mask := uint64(len(slots) - 1)
	for h := xxh3.Hash(text) & mask; ; h = (h + 1) & mask {
		s := atomic.LoadUint32(&slots[h])
		if s == 0 {
			return 0, false
		}
		if d.Text(s-1) == string(text) {
			return s - 1, true
		}
	}
}

// Add returns the code of a text and makes one if it has none. The text is copied.
func (d *Dict) Add(text []byte) uint32 {
	if code, ok := d.Code(text); ok {
		return code
	}
	code := d.n.Load()
	d.place(code, d.keep(text))
	d.n.Store(code + 1)
	d.insert(code)
	return code
}

// place stores the text of the next code.
func (d *Dict) place(code uint32, text string) {
	page, at := textPlace(code)
	if d.texts[page] == nil {
		d.texts[page] = unsafe.SliceData(make([]string, firstTexts<<page))
		d.mem.Add(firstTexts << page * int64(unsafe.Sizeof("")))
	}
	d.page(page)[at] = text
}

func (d *Dict) insert(code uint32) {
	t := d.table.Load()
	if t == nil || 2*int(code+1) > len(*t) {
		d.rehash(int(code) + 1)
		return
	}
	put(*t, xxh3.HashString(d.Text(code)), code)
}

func put(slots []uint32, hash uint64, code uint32) {
	mask := uint64(len(slots) - 1)
	h := hash & mask
	for atomic.LoadUint32(&slots[h]) != 0 {
		h = (h + 1) & mask
	}
	atomic.StoreUint32(&slots[h], code+1)
}

// rehash builds a table for n texts at a load of a quarter to a half. Readers keep the old one.
func (d *Dict) rehash(n int) {
	size := 32
	for size < 4*n {
		size *= 2
	}
	slots := make([]uint32, size)
	for code := range uint32(n) {
		if !marked(d.gone, code) {
			put(slots, xxh3.HashString(d.Text(code)), code)
		}
	}
	d.mem.Add(4 * int64(size))
	if old := d.table.Swap(&slots); old != nil {
		d.mem.Add(-4 * int64(len(*old)))
	}
}

// Pages of text bytes start at 256 bytes and double to 64 KiB; a longer text has a page of its own.
const (
	firstPage = 256
	lastPage  = 64 << 10
)

// keep copies a text into the dictionary's pages.
func (d *Dict) keep(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	last := len(d.pages) - 1
	if last < 0 || len(d.pages[last])-d.used < len(text) {
		size := firstPage << min(len(d.pages), 8)
		page := d.alloc.Allocate(max(size, len(text)))
		d.pages = append(d.pages, page)
		d.mem.Add(int64(cap(page)))
		d.used, last = 0, last+1
	}
	p := d.pages[last][d.used : d.used+len(text)]
	copy(p, text)
	d.used += len(text)
	return bytesAsString(p)
}

// Free gives the dictionary's memory back when no pin needs it; it must not be used afterwards.
func (d *Dict) Free() {
	for _, p := range d.pages {
		d.alloc.Free(p)
	}
	d.pages = nil
}

// Bytes returns the memory that the dictionary takes. Any goroutine may ask.
func (d *Dict) Bytes() int64 { return d.mem.Load() }
