package eval

import (
	"context"
	"math/bits"
	"slices"

	"github.com/musterdb/muster/engine/gather"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/kernel"
)

// Picked are the rows of one chunk that satisfy a statement's condition: contacts, or events, in the order
// in which the chunk holds them. It shares no memory with the view and may be read by many goroutines.
type Picked struct {
	chunk   int
	sources []pickedRows // the chunk itself, or its blocks of events
	n       int
}

// pickedRows are rows of one source.
type pickedRows struct {
	words []uint64 // empty where there are none
	n     int
}

// Len returns the number of rows.
func (k *Picked) Len() int { return k.n }

// Pick evaluates the condition over a chunk. It checks ctx as Count does.
func (p *Program) Pick(ctx context.Context, chunk int) (*Picked, error) {
	w := p.Worker()
	defer w.Close()
	if err := w.begin(ctx); err != nil {
		return nil, err
	}
	k := &Picked{chunk: chunk}
	for c := w.sources(chunk); c.advance(); {
		rows, err := w.pick(c)
		if err != nil {
			return nil, failure(err)
		}
		k.sources = append(k.sources, rows)
		k.n += rows.n
	}
	return k, nil
}

func (w *Worker) pick(c *sourceCursor) (pickedRows, error) {
	defer w.release(w.mark())
	alive, err := c.alive()
	if err != nil {
		return pickedRows{}, err
	}
	out := w.words(c.src.n)
	if err := w.prog.where.eval(w, c.src, alive, out); err != nil {
		return pickedRows{}, err
	}
	n := kernel.Count(out)
	if n == 0 {
		return pickedRows{}, nil
	}
	return pickedRows{slices.Clone(out), n}, nil
}

// NewBatch returns a batch for the rows of an unordered SELECT.
func NewBatch(q *plan.Query) *gather.Batch {
	return gather.New(AnswerSchema(q), MaxBatchRows, MaxBatchBytes)
}

// Gather copies the rows from rank from up to rank to of those picked into a batch of NewBatch, and returns
// the rank of the first row that it left out because the batch was full; to if there is none. A batch that
// was empty takes at least one row. It checks ctx about every thousand rows.
func (p *Program) Gather(ctx context.Context, k *Picked, from, to int, b *gather.Batch) (next int, err error) {
	if from < 0 || to > k.n {
		return 0, diag.New(diag.Internal, diag.Span{}, "rows %d to %d of %d are not there", from, to, k.n)
	}
	w := p.Worker()
	defer w.Close()
	if err := w.begin(ctx); err != nil {
		return 0, err
	}
	next, base := from, 0 // base is the rank of the source's first row
	c := w.sources(k.chunk)
	for i := 0; next < to && c.advance(); i++ {
		rows := k.sources[i]
		until := min(to, base+rows.n)
		if next < until {
			took, err := w.project(c.src, rows.words, next-base, until-base, b)
			if next += took; err != nil || next < until {
				return next, failure(err)
			}
		}
		base += rows.n
	}
	return next, nil
}

// project adds the rows from a rank to a rank of those set, and returns how many the batch took.
func (w *Worker) project(s *source, rows []uint64, from, to int, b *gather.Batch) (took int, err error) {
	p := projector{w: w, s: s, b: b}
	if w.prog.gathers() {
		defer w.release(w.mark())
		some := w.words(s.n)
		between(some, rows, from, to)
		if p.row.lines, err = w.itemLines(s, some); err != nil {
			return 0, err
		}
		defer w.give(p.row.lines)
	}
	p.row.w = w
	numbers := make([]uint32, 0, gather.Stride)
	for c := (cursorOf(rows, from)); took < to-from; {
		numbers = c.take(numbers[:0], min(gather.Stride, to-from-took, b.Room()))
		if len(numbers) == 0 {
			return took, nil
		}
		kept, err := p.stride(numbers)
		if took += kept; err != nil || kept < len(numbers) {
			return took, err
		}
	}
	return took, nil
}

// gathers says whether an item needs events that are gathered by contact.
func (p *Program) gathers() bool {
	for i := range p.items {
		if len(p.items[i].events) > 0 {
			return true
		}
	}
	return false
}

// between sets out to the rows of rank from up to rank to.
func between(out, rows []uint64, from, to int) {
	clear(out)
	c := cursorOf(rows, from)
	for _, i := range c.take(nil, to-from) {
		out[i>>6] |= 1 << (i & 63)
	}
}

// bitCursor walks the bits set in words.
type bitCursor struct {
	words []uint64
	at    int    // index of the word at hand
	word  uint64 // its bits that are left
}

// cursorOf returns a cursor past the first skip bits.
func cursorOf(words []uint64, skip int) bitCursor {
	c := bitCursor{words: words}
	for c.at < len(words) {
		n := bits.OnesCount64(words[c.at])
		if n > skip {
			break
		}
		skip -= n
		c.at++
	}
	if c.at < len(words) {
		c.word = words[c.at]
		for range skip {
			c.word &= c.word - 1
		}
	}
	return c
}

// take appends the numbers of the next most bits, or of as many as there are.
func (c *bitCursor) take(dst []uint32, most int) []uint32 {
	for most > 0 && c.at < len(c.words) {
		if c.word == 0 {
			if c.at++; c.at < len(c.words) {
				c.word = c.words[c.at]
			}
			continue
		}
		base := uint32(c.at) << 6
		for ; c.word != 0 && most > 0; most-- {
			dst = append(dst, base+uint32(bits.TrailingZeros64(c.word)))
			c.word &= c.word - 1
		}
	}
	return dst
}
