package storage

import (
	"github.com/musterdb/muster/storage/slab"
)

// keyIndex finds the row of an id. It is a directory of sub-tables by the top bits of the id's hash; a
// sub-table holds 32-bit row numbers with 8 bits of hash each, and the ids themselves stay in their
// column. A sub-table doubles up to maxSub slots and then splits in two, so no insert moves more than
// maxSub entries (about half a millisecond). Loads lie between 7/16 and 7/8: 5 bytes a slot, 80 MB per
// 10M contacts.
type keyIndex struct {
	arena *slab.Arena
	dir   []*subTable // 2^depth, by the top bits of the hash
	depth uint
}

type subTable struct {
	depth uint // top bits that all its keys share
	used  int  // rows
	tombs int  // slots of removed rows
	slots []uint32
	tags  []uint8
}

const (
	emptySlot = 0
	tombSlot  = ^uint32(0) // a removed row; other slots hold row + 1
	minSub    = 16
	maxSub    = 8192
	maxDepth  = 22 // beyond, sub-tables double instead: hashes that share so many bits are no accident
)

func newKeyIndex(a *slab.Arena) *keyIndex {
	x := &keyIndex{arena: a}
	x.dir = []*subTable{x.newSub(0, minSub)}
	return x
}

func (x *keyIndex) newSub(depth uint, size int) *subTable {
	return &subTable{depth: depth, slots: slab.Make[uint32](x.arena, size), tags: slab.Make[uint8](x.arena, size)}
}

func (x *keyIndex) sub(hash uint64) *subTable { return x.dir[hash>>(64-x.depth)] }

func tagOf(hash uint64) uint8 { return uint8(hash >> 32) }

// lookup returns the row of a key among the ids of v.
func (x *keyIndex) lookup(v *View, k key) (uint32, bool) {
	s := x.sub(k.hash)
	at, ok := s.find(k.hash, func(row uint32) bool { return v.ids[row>>16].equal(int(row&0xffff), k) })
	if !ok {
		return 0, false
	}
	return s.slots[at] - 1, true
}

// find returns the slot of the row for which same holds.
func (s *subTable) find(hash uint64, same func(row uint32) bool) (int, bool) {
	mask := uint64(len(s.slots) - 1)
	tag := tagOf(hash)
	for h := hash & mask; ; h = (h + 1) & mask {
		switch slot := s.slots[h]; {
		case slot == emptySlot:
			return 0, false
		case s.tags[h] == tag && slot != tombSlot && same(slot-1):
			return int(h), true
		}
	}
}

// insert adds a row whose key is not in the index. The row's id must be in v already.
func (x *keyIndex) insert(v *View, hash uint64, row uint32) {
	for {
		s := x.sub(hash)
		if 8*(s.used+s.tombs+1) <= 7*len(s.slots) {
			s.put(hash, row)
			return
		}
		x.makeRoom(v, s)
	}
}

func (s *subTable) put(hash uint64, row uint32) {
	mask := uint64(len(s.slots) - 1)
	h := hash & mask
	for s.slots[h] != emptySlot {
		h = (h + 1) & mask
	}
	s.slots[h], s.tags[h] = row+1, tagOf(hash)
	s.used++
}

// remove takes a row out; it must be in the index.
func (x *keyIndex) remove(hash uint64, row uint32) {
	s := x.sub(hash)
	at, ok := s.find(hash, func(r uint32) bool { return r == row })
	if !ok {
		panic("storage: a row to remove is not in the key index")
	}
	s.slots[at] = tombSlot
	s.used--
	s.tombs++
}

// makeRoom rids a full sub-table of its tombs, doubles it or splits it.
func (x *keyIndex) makeRoom(v *View, s *subTable) {
	size := len(s.slots)
	switch {
	case s.tombs > s.used:
		x.rebuild(v, s, size)
	case size < maxSub || s.depth >= maxDepth:
		x.rebuild(v, s, 2*size)
	default:
		x.split(v, s)
	}
}

// rebuild moves a sub-table's rows into new slots.
func (x *keyIndex) rebuild(v *View, s *subTable, size int) {
	fresh := x.newSub(s.depth, size)
	s.each(v, fresh.put)
	slab.Release(x.arena, s.slots)
	slab.Release(x.arena, s.tags)
	*s = *fresh
}

// split gives the rows whose next hash bit is 1 to a new sub-table.
func (x *keyIndex) split(v *View, s *subTable) {
	if s.depth == x.depth {
		x.doubleDir()
	}
	low, high := x.newSub(s.depth+1, len(s.slots)), x.newSub(s.depth+1, len(s.slots))
	bit := 63 - s.depth
	var first uint64
	s.each(v, func(hash uint64, row uint32) {
		first = hash
		if hash>>bit&1 == 0 {
			low.put(hash, row)
		} else {
			high.put(hash, row)
		}
	})
	// The directory's entries of s are neighbours: the lower half is for bit 0.
	n := 1 << (x.depth - s.depth)
	from := int(first>>(64-x.depth)) &^ (n - 1)
	for i := range n / 2 {
		x.dir[from+i], x.dir[from+n/2+i] = low, high
	}
	slab.Release(x.arena, s.slots)
	slab.Release(x.arena, s.tags)
}

func (x *keyIndex) doubleDir() {
	dir := make([]*subTable, 2*len(x.dir))
	for i, s := range x.dir {
		dir[2*i], dir[2*i+1] = s, s
	}
	x.dir = dir
	x.depth++
}

// each calls f for every row of a sub-table with the hash of its id.
func (s *subTable) each(v *View, f func(hash uint64, row uint32)) {
	for _, slot := range s.slots {
		if slot != emptySlot && slot != tombSlot {
			row := slot - 1
			f(v.ids[row>>16].hash(int(row&0xffff)), row)
		}
	}
}

func (x *keyIndex) free() {
	for i, s := range x.dir {
		if i > 0 && x.dir[i-1] == s {
			continue
		}
		slab.Release(x.arena, s.slots)
		slab.Release(x.arena, s.tags)
	}
	x.dir = nil
}

// bytes returns the memory that the index takes.
func (x *keyIndex) bytes() int64 {
	n := int64(len(x.dir)) * 8
	for i, s := range x.dir {
		if i == 0 || x.dir[i-1] != s {
			n += int64(cap(s.slots)*4+cap(s.tags)) + 80
		}
	}
	return n
}
