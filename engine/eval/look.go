package eval

import (
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/tile"
)

// describe says how a test gets at its answer.
func describe(s *Step, n node) {
	switch x := n.(type) {
	case *textLeaf:
		s.Path = PathCodes
	case *nullLeaf:
		s.Path = PathPresence
	case *setLeaf:
		s.Path = PathPostings
	case *idNode:
		s.Path, s.Passed = PathIDs, uint64(len(x.rows))
	case *timeLeaf, *eventIDLeaf:
		s.Path = PathTimes
	case *didNode:
		s.Path, s.Counts = PathEvents, !x.existence()
	case *sumNode:
		s.Path, s.Sums = PathEvents, true
	case *scalarNode:
		s.Path = PathRows
	}
}

// existence says whether the bounds ask for no more than one event, or none.
func (d *didNode) existence() bool {
	return d.min == 1 && d.max == ^uint64(0) || d.min == 0 && d.max == 0
}

// look notes what a test reads of a source: what bounds answer, what must be scanned, and its bytes.
func (t *traced) look(w *Worker, s *source) error {
	switch x := t.node.(type) {
	case *spanLeaf:
		t.lookAt(w, s, &x.ref, func(c *column.Chunk) verdict { return zoneOf(c, x.span) })
	case *floatLeaf, *intsLeaf:
		t.lookAt(w, s, refOf(x), nil)
	case *nullLeaf:
		t.lookAt(w, s, &x.ref, func(*column.Chunk) verdict { return allRow })
	case *setLeaf:
		t.lookAt(w, s, &x.ref, nil)
	case *textLeaf:
		return t.lookAtTexts(w, s, x)
	case *didNode:
		t.lookAtEvents(w, s, x.sel, x.win, nil, x)
	case *sumNode:
		t.lookAtEvents(w, s, x.sel, x.win, &x.prop, nil)
	case *timeLeaf:
		t.step.Scanned++
		t.step.Bytes += uint64(2 * s.n)
	case *eventIDLeaf:
		t.step.Scanned++
		t.step.Bytes += uint64(8 * len(s.block.IDs()))
	case *scalarNode:
		t.step.Scanned++
	}
	return nil
}

// only returns the selector of one of its event types.
func (s *selector) only(i int) *selector {
	one := *s
	one.events = s.events[i : i+1]
	return &one
}

func refOf(n node) *ref {
	switch x := n.(type) {
	case *floatLeaf:
		return &x.ref
	case *intsLeaf:
		return &x.ref
	}
	return nil
}

// lookAt notes the chunk that a leaf tests. zone says what bounds tell; nil is nothing.
func (t *traced) lookAt(w *Worker, s *source, r *ref, zone func(*column.Chunk) verdict) {
	c := w.column(s, r)
	v := anyRow
	switch {
	case c == nil || c.Enc() == column.AllNull:
		v = noRow
	case zone != nil:
		v = zone(c)
	}
	t.settle(c, v)
}

func (t *traced) settle(c *column.Chunk, v verdict) {
	switch v {
	case noRow:
		t.step.None++
	case allRow:
		t.step.All++
	default:
		t.step.Scanned++
		t.step.Bytes += chunkBytes(c)
	}
}

// chunkBytes returns the bytes of the values of a chunk.
func chunkBytes(c *column.Chunk) uint64 {
	n := uint64(c.Len())
	switch c.Enc() {
	case column.Const:
		return 8
	case column.Bits:
		return n / 8
	case column.Floats:
		return 8 * n
	case column.Narrow, column.Codes:
		return n * uint64(c.Width())
	}
	return uint64(c.Bytes())
}

func (t *traced) lookAtTexts(w *Worker, s *source, l *textLeaf) error {
	c := w.column(s, &l.ref)
	switch {
	case c == nil || c.Enc() == column.AllNull:
		t.settle(c, noRow)
		return nil
	case c.Enc() == column.Plain:
		t.step.Path = PathTexts
		t.settle(c, anyRow)
		return nil
	}
	codes, err := l.codeSet(w, c.Dict())
	if err != nil {
		return err
	}
	if n := uint64(c.Dict().Len()); n >= t.step.Values {
		t.step.Values, t.step.Passed = n, uint64(codes.passed)
	}
	t.settle(c, zoneOfCodes(c, codes))
	return nil
}

// lookAtEvents notes the blocks that a test over events reads in a chunk, or that the lifetime columns spare
// them.
func (t *traced) lookAtEvents(w *Worker, s *source, sel *selector, win plan.Window, prop *ref, did *didNode) {
	for i := range sel.events {
		tl := w.view.Tile(sel.events[i], s.chunk)
		if tl == nil {
			t.step.None++
			continue
		}
		if did != nil && did.existence() && did.lifeAnswers(tl, s.n) {
			t.step.Life++
			t.step.Skipped += uint64(len(tl.Blocks()))
			t.step.Bytes += uint64(4 * min(s.n, len(tl.Life().LastSeconds())))
			continue
		}
		t.step.Scanned++
		t.lookAtTile(w, tl, sel.only(i), win, s.chunk, prop)
	}
}

func (t *traced) lookAtTile(w *Worker, tl *tile.Tile, sel *selector, win plan.Window, chunk int, prop *ref) {
	read := 0
	for c := w.cursor(sel, win, chunk); c.advance(); read++ {
		n := uint64(c.block.Len())
		t.step.Bytes += 2 * n
		if win.From > c.block.MinTime() || c.block.MaxTime() > win.To {
			t.step.Bytes += 2 * n
		}
		if prop == nil {
			continue
		}
		if col := w.prop(&c, prop); col != nil && col.Enc() != column.AllNull {
			t.step.Bytes += chunkBytes(col)
		}
	}
	t.step.Blocks += uint64(read)
	t.step.Skipped += uint64(len(tl.Blocks()) - read)
}
