package tile

import (
	"slices"
	"unsafe"
)

// denseAt is the number of rows with events from which lifetime columns have a place for every row of the
// chunk: a row costs 7 bytes when listed and 5 when not, and listed rows cannot be changed in place.
const denseAt = 16384

const chunkRows = 1 << 16

// Life is the lifetime columns of one tile: for every row that has events the time of the last and how
// many there are. They count every event stored, also those later than a statement's clock, so they
// answer only for rows whose last is not later than that clock; others are answered from the blocks.
//
// Few rows are listed ascending in Rows and the columns are parallel to it; from 16,384 rows on Rows is
// nil and the columns have one value for each of 65,536 rows, with count 0 for those without events.
type Life struct {
	mem      []byte
	rows     []uint16
	last     []uint32
	ms       []uint16
	c8       []uint8
	c16      []uint16
	c32      []uint32
	n        int // rows with events
	maxCount uint32
	maxTime  int64
	epoch    uint64 // of the arena when mem was made
	own      bool   // made by the open Tx and seen by nobody else
}

// Len returns the number of rows that have events.
func (l *Life) Len() int { return l.n }

// Rows returns the rows that have events, ascending, or nil if the columns have a place for every row.
func (l *Life) Rows() []uint16 { return l.rows }

// LastSeconds returns the time of each row's last event in seconds since 1970, rounded down.
func (l *Life) LastSeconds() []uint32 { return l.last }

// LastMS returns the ms that LastSeconds leaves out; nil if all are zero.
func (l *Life) LastMS() []uint16 { return l.ms }

// Counts returns each row's number of events: one of the three is not nil.
func (l *Life) Counts() (c8 []uint8, c16 []uint16, c32 []uint32) { return l.c8, l.c16, l.c32 }

// MaxCount returns a number that no row's count exceeds; it is exact until events are removed.
func (l *Life) MaxCount() uint32 { return l.maxCount }

// MaxTime returns an instant (ms) that no row's last exceeds; it is exact until events are removed.
func (l *Life) MaxTime() int64 { return l.maxTime }

// place returns where a row's values are, or false if the row has none.
func (l *Life) place(row uint16) (int, bool) {
	if l.rows == nil {
		return int(row), l.count(int(row)) > 0
	}
	return slices.BinarySearch(l.rows, row)
}

// Last returns the time (ms) of the row's last event, or false if it has none.
func (l *Life) Last(row uint16) (int64, bool) {
	i, ok := l.place(row)
	if !ok {
		return 0, false
	}
	return l.lastAt(i), true
}

// Count returns the number of the row's events.
func (l *Life) Count(row uint16) uint32 {
	i, ok := l.place(row)
	if !ok {
		return 0
	}
	return l.count(i)
}

func (l *Life) lastAt(i int) int64 {
	t := int64(l.last[i]) * 1000
	if l.ms != nil {
		t += int64(l.ms[i])
	}
	return t
}

func (l *Life) count(i int) uint32 {
	switch {
	case l.c8 != nil:
		return uint32(l.c8[i])
	case l.c16 != nil:
		return uint32(l.c16[i])
	}
	return l.c32[i]
}

func (l *Life) setCount(i int, c uint32) {
	switch {
	case l.c8 != nil:
		l.c8[i] = uint8(c)
	case l.c16 != nil:
		l.c16[i] = uint16(c)
	default:
		l.c32[i] = c
	}
}

func (l *Life) setLast(i int, ms int64) {
	l.last[i] = uint32(ms / 1000)
	if l.ms != nil {
		l.ms[i] = uint16(ms % 1000)
	}
}

// countLimit is the greatest count that fits.
func (l *Life) countLimit() uint32 {
	switch {
	case l.c8 != nil:
		return 1<<8 - 1
	case l.c16 != nil:
		return 1<<16 - 1
	}
	return 1<<32 - 1
}

func view[T any](mem []byte, off, n int) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(&mem[off])), n)
}
