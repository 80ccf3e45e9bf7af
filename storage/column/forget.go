package column

import (
	"math/bits"

	"github.com/musterdb/muster/storage/schema"
)

// forgotten stands in an image for a text that was forgotten: no text is that byte, which is not UTF-8, and
// no set's entry begins with it.
const forgotten = "\xff"

// CodeBits returns an empty set of so many codes.
func CodeBits(n int) []uint64 { return make([]uint64, (n+63)/64) }

func mark(bits []uint64, code uint32) { bits[code>>6] |= 1 << (code & 63) }

func marked(bits []uint64, code uint32) bool {
	return int(code>>6) < len(bits) && bits[code>>6]>>(code&63)&1 != 0
}

// MarkCodes marks the dictionary codes that the chunk's values refer to: of texts, and of the entries of
// whole sets if the chunk has them. Both have room for the dictionaries' lengths.
func (c *Chunk) MarkCodes(texts, sets []uint64) {
	if c.enc != Codes && c.enc != Sets && (c.enc != Const || c.typ.Kind != schema.KindText) {
		return
	}
	for i := range c.n {
		switch {
		case c.Null(i):
		case c.enc != Sets:
			mark(texts, c.Code(i))
		case c.sets != nil && marked(sets, uint32(c.raw(i))):
		default:
			if c.sets != nil {
				mark(sets, uint32(c.raw(i)))
			}
			for j := range c.SetLen(i) {
				mark(texts, c.SetCode(i, j))
			}
		}
	}
}

// DictCode returns what row i of an alias of texts or whole sets holds: a code of its dictionary.
func (c *Chunk) DictCode(i int) uint32 { return uint32(c.raw(i)) }

// Forget takes all texts but the marked ones out of the dictionary for good: they are found no more and are
// in no image of a later state. Their codes are not used again, and whoever still has one, as a pin may,
// resolves it as before. It is for the writer, with readers of the newest state kept out.
func (d *Dict) Forget(used []uint64) {
	gone := CodeBits(d.Len())
	copy(gone, d.gone)
	before := popcount(gone)
	for code := range uint32(d.Len()) {
		if !marked(used, code) {
			mark(gone, code)
		}
	}
	if popcount(gone) > before {
		d.gone = gone // never changed in place: marks share it
		d.rehash(d.Len())
	}
}

// AddForgotten gives a code to nothing: it stands for a text that was forgotten before an image was written.
func (d *Dict) AddForgotten() {
	code := d.n.Load()
	d.place(code, "")
	d.n.Store(code + 1)
	gone := d.gone
	if need := int(code>>6) + 1; len(gone) < need {
		gone = append(gone, make([]uint64, need-len(gone))...)
	}
	mark(gone, code)
	d.gone = gone
}

// ImageText returns what an image of a state says of a code: the text, or a mark that it was forgotten.
func (d *Dict) ImageText(m DictMark, code uint32) string {
	if marked(m.gone, code) {
		return forgotten
	}
	return d.Text(code)
}

// IsForgotten says whether a text of an image stands for one that was forgotten.
func IsForgotten(text []byte) bool { return string(text) == forgotten }

func popcount(words []uint64) (n int) {
	for _, w := range words {
		n += bits.OnesCount64(w)
	}
	return n
}

// Tight returns the chunk, or a copy written anew if its bounds or its base may still tell of a value that
// is gone: no value lies at them.
func (c *Chunk) Tight() *Chunk {
	if !c.zone || c.dict != nil || c.typ.Kind == schema.KindBool || c.attained() {
		return c
	}
	fresh := New(c.alloc, c.typ, nil)
	for i := range c.n {
		switch {
		case c.Null(i):
			fresh.AppendNull()
		case c.typ.Kind == schema.KindFloat:
			fresh.AppendFloat(c.Float(i))
		default:
			fresh.AppendInt(c.Int(i))
		}
	}
	return fresh
}

// attained says whether values lie at both bounds.
func (c *Chunk) attained() bool {
	lo, hi := false, false
	for i := range c.n {
		if c.Null(i) {
			continue
		}
		if c.typ.Kind == schema.KindFloat {
			lo, hi = lo || c.Float(i) == c.fmin, hi || c.Float(i) == c.fmax
		} else {
			lo, hi = lo || c.Int(i) == c.min, hi || c.Int(i) == c.max
		}
	}
	return lo && hi
}
