package column

import (
	"math/bits"
	"slices"

	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// denseRows is the number of rows from which a posting is bits; below sparseRows it is a list again. The
// gap keeps a row that comes and goes from converting each time.
const (
	denseRows  = 1024
	sparseRows = 768
)

// posting is the rows of one chunk that hold one value: ascending numbers, or bits.
type posting struct {
	n     int
	rows  []uint16
	words []uint64
}

func (p *posting) add(a *slab.Arena, row uint32) {
	if p.words != nil {
		p.setBit(a, row)
		return
	}
	r := uint16(row)
	at := len(p.rows)
	if at > 0 && p.rows[at-1] >= r {
		var found bool
		if at, found = slices.BinarySearch(p.rows, r); found {
			return
		}
	}
	if p.n+1 >= denseRows {
		p.toWords(a, row)
		return
	}
	p.rows = growTo(a, p.rows, p.n+1)
	copy(p.rows[at+1:], p.rows[at:p.n])
	p.rows[at] = r
	p.n++
}

func (p *posting) setBit(a *slab.Arena, row uint32) {
	p.words = growTo(a, p.words, int(row>>6)+1)
	w, bit := &p.words[row>>6], uint64(1)<<(row&63)
	if *w&bit == 0 {
		*w |= bit
		p.n++
	}
}

func (p *posting) toWords(a *slab.Arena, row uint32) {
	last := max(row, uint32(p.rows[p.n-1]))
	p.words = growTo[uint64](a, nil, int(last>>6)+1)
	for _, r := range p.rows {
		p.words[r>>6] |= 1 << (r & 63)
	}
	slab.Release(a, p.rows)
	p.rows = nil
	p.setBit(a, row)
}

func (p *posting) remove(a *slab.Arena, row uint32) {
	if p.words == nil {
		if at, found := slices.BinarySearch(p.rows, uint16(row)); found {
			copy(p.rows[at:], p.rows[at+1:])
			p.n--
			p.rows[p.n] = 0 // growTo relies on zeroes beyond the length
			p.rows = p.rows[:p.n]
		}
		return
	}
	w, bit := &p.words[row>>6], uint64(1)<<(row&63)
	if *w&bit != 0 {
		*w &^= bit
		p.n--
	}
	if p.n < sparseRows {
		p.toRows(a)
	}
}

func (p *posting) toRows(a *slab.Arena) {
	rows := growTo[uint16](a, nil, p.n)
	k := 0
	for w, word := range p.words {
		for ; word != 0; word &= word - 1 {
			rows[k] = uint16(w<<6 + bits.TrailingZeros64(word))
			k++
		}
	}
	slab.Release(a, p.words)
	p.words, p.rows = nil, rows
}

func (p *posting) free(a *slab.Arena) {
	slab.Release(a, p.rows)
	slab.Release(a, p.words)
}

func clonePostings(a *slab.Arena, m map[uint32]*posting) map[uint32]*posting {
	if m == nil {
		return nil
	}
	d := make(map[uint32]*posting, len(m))
	for code, p := range m {
		d[code] = &posting{n: p.n, rows: slab.Clone(a, p.rows), words: slab.Clone(a, p.words)}
	}
	return d
}

func freePostings(a *slab.Arena, m map[uint32]*posting) {
	for _, p := range m {
		p.free(a)
	}
}

func postingBytes(m map[uint32]*posting) int64 {
	n := int64(len(m)) * 80
	for _, p := range m {
		n += int64(cap(p.rows)*2 + cap(p.words)*8)
	}
	return n
}

var _ [schema.ChunkRows - 1<<16]struct{} // a row within an indexed chunk is a uint16
