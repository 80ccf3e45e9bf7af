package eval

import (
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/kernel"
)

// textTest is a test of single texts: membership of a list, or any pure function.
type textTest struct {
	list   [][]byte          // sorted; nil if test is given
	prints []uint16          // fingerprints of a short list
	test   func(string) bool // nil if list is given
}

// shortList is the longest list whose fingerprints are compared before the texts.
const shortList = 8

// newTextList returns membership of a list of texts.
func newTextList(texts []string) textTest {
	t := textTest{list: make([][]byte, 0, len(texts))}
	for _, s := range texts {
		t.list = append(t.list, []byte(s))
	}
	slices.SortFunc(t.list, slices.Compare)
	t.list = slices.CompactFunc(t.list, slices.Equal)
	if len(t.list) <= shortList {
		for _, b := range t.list {
			t.prints = append(t.prints, column.Fingerprint(b))
		}
	}
	return t
}

// match may be given a text that aliases the shard's memory: test must not keep it.
func (t *textTest) match(text []byte) bool {
	if t.test != nil {
		return t.test(unsafe.String(unsafe.SliceData(text), len(text)))
	}
	_, ok := slices.BinarySearchFunc(t.list, text, slices.Compare)
	return ok
}

// codeSet is the codes of one dictionary that pass a test: a condition over texts as one over codes.
type codeSet struct {
	dict   *column.Dict
	n      int // codes below n were tested
	bits   []uint64
	table  kernel.Table8
	lo, hi uint32  // all codes that pass lie between; none if lo > hi
	solid  bool    // all codes between pass
	passed uint32  // how many pass
	few    []int64 // those, if they are few
}

// fewCodes is the number of codes up to which comparing wide codes with each beats a table of bits.
const fewCodes = 12

// codesOf tests every text of a dictionary once, or looks up each text of a list.
func (t *textTest) codesOf(w *Worker, d *column.Dict) (*codeSet, error) {
	n := d.Len()
	s := &codeSet{dict: d, n: n, bits: make([]uint64, kernel.Words(n)), lo: ^uint32(0)}
	take := func(code uint32) {
		s.bits[code>>6] |= 1 << (code & 63)
		if code < 256 {
			s.table[code] = 1
		}
		s.lo, s.hi = min(s.lo, code), max(s.hi, code)
		if s.passed++; s.passed <= fewCodes {
			s.few = append(s.few, int64(code))
		}
	}
	if t.test == nil {
		for _, text := range t.list {
			if code, ok := d.Code(text); ok && int(code) < n {
				take(code)
			}
		}
	} else {
		for code := range uint32(n) {
			if t.test(d.Text(code)) {
				take(code)
			}
			if err := w.check(); err != nil {
				return nil, err
			}
		}
	}
	s.solid = s.passed > 0 && s.passed == s.hi-s.lo+1
	return s, nil
}

func (s *codeSet) has(code uint32) bool {
	return int(code>>6) < len(s.bits) && s.bits[code>>6]>>(code&63)&1 == 1
}

// textLeaf tests a TEXT column.
type textLeaf struct {
	ref
	textTest
	neg   bool
	mu    sync.Mutex
	codes atomic.Pointer[[]*codeSet] // one for each dictionary met: union members have their own
}

func (l *textLeaf) cost() int {
	if l.test != nil {
		return 40
	}
	return 15
}

// codeSet returns the codes that pass. A set made under an earlier view of a dictionary that grew since
// is made anew.
func (l *textLeaf) codeSet(w *Worker, d *column.Dict) (*codeSet, error) {
	if s := l.find(d); s != nil {
		return s, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.find(d); s != nil {
		return s, nil
	}
	s, err := l.codesOf(w, d)
	if err != nil {
		return nil, err
	}
	var list []*codeSet
	if old := l.codes.Load(); old != nil {
		for _, o := range *old {
			if o.dict != d {
				list = append(list, o)
			}
		}
	}
	list = append(list, s)
	l.codes.Store(&list)
	return s, nil
}

func (l *textLeaf) find(d *column.Dict) *codeSet {
	if list := l.codes.Load(); list != nil {
		for _, s := range *list {
			if s.dict == d && s.n >= d.Len() {
				return s
			}
		}
	}
	return nil
}

func (l *textLeaf) eval(w *Worker, s *source, alive, out []uint64) error {
	return evalRaw(l, w, s, alive, out)
}

func (l *textLeaf) raw(w *Worker, s *source, alive, out []uint64) error {
	c := w.column(s, &l.ref)
	if c == nil {
		clear(out)
		return nil
	}
	var v verdict
	switch c.Enc() {
	case column.AllNull:
		v = noRow
	case column.Plain:
		v = l.testPlain(out, c, alive)
	default:
		codes, err := l.codeSet(w, c.Dict())
		if err != nil {
			return err
		}
		v = testCodes(w, out, c, codes)
	}
	settle(out, s.n, c, v, l.neg)
	return nil
}

// zoneOfCodes says what the bounds of a chunk of codes tell of those in s; anyRow is that one must look.
func zoneOfCodes(c *column.Chunk, s *codeSet) verdict {
	switch lo, hi, ok := c.MinMax(); {
	case s.lo > s.hi, ok && (hi < int64(s.lo) || int64(s.hi) < lo):
		return noRow
	case c.Enc() == column.Const && s.has(c.Code(0)):
		return allRow
	case c.Enc() == column.Const:
		return noRow
	case s.solid:
		return zoneOf(c, span{int64(s.lo), int64(s.hi)})
	}
	return anyRow
}

// testCodes finds the codes of a chunk that are in s.
func testCodes(w *Worker, out []uint64, c *column.Chunk, s *codeSet) verdict {
	if v := zoneOfCodes(c, s); v != anyRow {
		return v
	}
	if s.solid {
		return testSpan(w, out, c, span{int64(s.lo), int64(s.hi)})
	}
	if c.Width() > 1 && s.passed <= fewCodes {
		return testEach(w, out, c, s.few)
	}
	switch c.Width() {
	case 1:
		kernel.In8(out, c.U8(), &s.table)
	case 2:
		kernel.In16(out, c.U16(), s.bits)
	default:
		kernel.In32(out, c.U32(), s.bits)
	}
	return anyRow
}

// testPlain looks at the texts of the rows alive only; a short list is first tried by fingerprint.
func (l *textLeaf) testPlain(out []uint64, c *column.Chunk, alive []uint64) verdict {
	clear(out)
	have := kernel.Words(c.Len())
	valid := c.Valid()
	fp := c.Fingerprints()
	for i, word := range alive[:min(have, len(alive))] {
		if valid != nil {
			word &= valid[i]
		}
		for j := range bitsOf(word) {
			row := i<<6 + j
			if l.prints != nil && !slices.Contains(l.prints, fp[row]) {
				continue
			}
			if l.match(c.Text(row)) {
				out[i] |= 1 << j
			}
		}
	}
	return anyRow
}
