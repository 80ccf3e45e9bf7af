package group

import "math/bits"

// numbers is a set of numbers: bits where these take less memory, else a table with open addressing.
type numbers struct {
	n     int
	zero  bool     // 0 is a member of the table
	table []uint64 // 0 for free; the length is a power of two
	bits  []uint64 // instead of the table, unless nil
	at    int      // where take goes on: a place of the table, or a word of the bits
}

// numbersBytes is the size of a set without members, and as much again while slices grow.
const numbersBytes = 160

// add adds a number below most and says whether it is new, and by how many bytes the set grew.
func (s *numbers) add(v, most uint64) (fresh bool, grew int64) {
	before := cap(s.table) + cap(s.bits)
	if s.bits == nil && 2*(s.n+2) > len(s.table) {
		s.reshape(most)
	}
	if s.bits != nil && v>>6 >= uint64(len(s.bits)) {
		s.widen(v)
	}
	if fresh = s.put(v); fresh {
		s.n++
	}
	return fresh, max(0, 8*int64(cap(s.table)+cap(s.bits)-before))
}

func (s *numbers) put(v uint64) bool {
	switch {
	case s.bits != nil:
		word, bit := &s.bits[v>>6], uint64(1)<<(v&63)
		fresh := *word&bit == 0
		*word |= bit
		return fresh
	case v == 0:
		fresh := !s.zero
		s.zero = true
		return fresh
	}
	mask := uint64(len(s.table) - 1)
	hi, lo := bits.Mul64(v, 0x9E3779B97F4A7C15)
	for at := (hi ^ lo) & mask; ; at = (at + 1) & mask {
		switch s.table[at] {
		case v:
			return false
		case 0:
			s.table[at] = v
			return true
		}
	}
}

// reshape makes a table that is twice as long, or bits if those up to most are no longer than that.
func (s *numbers) reshape(most uint64) {
	length := max(8, 2*len(s.table))
	if words := most>>6 + 1; words <= uint64(length) {
		s.move(numbers{bits: make([]uint64, words)})
	} else {
		s.move(numbers{table: make([]uint64, length)})
	}
}

// widen makes room for a bit; where bits have become too few for their room, a table.
func (s *numbers) widen(v uint64) {
	words := v>>6 + 1
	if words > uint64(64+16*s.n) {
		s.move(numbers{table: make([]uint64, 1<<bits.Len(uint(max(8, 2*s.n+4))))})
		return
	}
	wide := make([]uint64, max(words, uint64(2*len(s.bits))))
	copy(wide, s.bits)
	s.bits = wide
}

// move puts all members into another form.
func (s *numbers) move(to numbers) {
	n := s.n
	s.take(s.n, func(v uint64) { to.put(v) })
	*s = to
	s.n = n
}

// take removes up to most members and calls f with each, in no particular order. Nothing may be added afterwards.
func (s *numbers) take(most int, f func(uint64)) {
	most = min(most, s.n)
	s.n -= most
	if s.bits != nil {
		for ; most > 0; s.at++ {
			w := s.bits[s.at]
			for ; w != 0 && most > 0; w &= w - 1 {
				f(uint64(s.at)<<6 | uint64(bits.TrailingZeros64(w)))
				most--
			}
			if s.bits[s.at] = w; w != 0 {
				return
			}
		}
		return
	}
	if s.zero && most > 0 {
		s.zero = false
		most--
		f(0)
	}
	for ; most > 0; s.at++ {
		if v := s.table[s.at]; v != 0 {
			most--
			f(v)
		}
	}
}
