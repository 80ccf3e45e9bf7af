package eval

import (
	"context"
	"sync"

	"github.com/musterdb/muster/storage"
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/kernel"
)

// Worker evaluates one program in one goroutine. Its scratch memory is kept from chunk to chunk, and after
// Close from program to program, so that nothing is allocated per chunk.
type Worker struct {
	*scratch
	prog *Program
	view *storage.View
	ctx  context.Context

	memo  []memo
	over  sourceCursor
	root  source
	steps uint
	used  int64 // bytes that timelines and the like hold now

	ranked words // of a pruner
}

// scratch is the memory of a worker that depends on no program.
type scratch struct {
	pool  [][]uint64 // words, used as a stack
	top   int
	accs  []*accumulators // likewise
	deep  int
	srcs  []*source // likewise
	srcAt int
	table kernel.Table8
	leaf  column.Chunk // the property that a leaf looks at
	term  column.Chunk // the property that a sum adds
	props propCell
}

// scratches keeps the scratch of closed workers.
var scratches = sync.Pool{New: func() any { return &scratch{} }}

// memo is what a gatherNode knows of one chunk.
type memo struct {
	chunk int // −1: nothing
	bits  *[kernel.RowWords]uint64
}

// accumulators are one counter of each width for each row of a chunk.
type accumulators struct {
	u8  *[kernel.Rows]uint8
	u16 *[kernel.Rows]uint16
	u32 *[kernel.Rows]uint32
	i64 *[kernel.Rows]int64
}

// Worker returns a worker for the program. Close it when the program is done with.
func (p *Program) Worker() *Worker {
	w := &Worker{
		scratch: scratches.Get().(*scratch), prog: p, view: p.view, ctx: context.Background(), memo: make([]memo, p.memos),
	}
	for i := range w.memo {
		w.memo[i].chunk = -1
	}
	return w
}

// Close gives the scratch back. The worker must not be used then.
func (w *Worker) Close() {
	s := w.scratch
	if s == nil {
		return
	}
	w.scratch = nil
	s.top, s.deep, s.srcAt = 0, 0, 0
	s.leaf, s.term, s.props = column.Chunk{}, column.Chunk{}, propCell{} // they alias the view's memory
	for _, x := range s.srcs {
		*x = source{}
	}
	scratches.Put(s)
}

func (w *Worker) mark() int { return w.top }

// release gives back all scratch words taken since the mark.
func (w *Worker) release(mark int) { w.top = mark }

// words returns scratch for n bits, with whatever is in it. A chunk's worth is the least that is kept, so
// that blocks of all sizes share it, and rowBits can hand it out whole.
func (w *Worker) words(n int) []uint64 {
	if w.top == len(w.pool) {
		w.pool = append(w.pool, nil)
	}
	need := max(kernel.Words(n), kernel.RowWords)
	if cap(w.pool[w.top]) < need {
		w.pool[w.top] = make([]uint64, need)
	}
	x := w.pool[w.top][:kernel.Words(n)]
	w.top++
	return x
}

// rowBits returns scratch with a bit for each of kernel.Rows rows, all zero.
func (w *Worker) rowBits() *[kernel.RowWords]uint64 {
	x := (*[kernel.RowWords]uint64)(w.words(kernel.Rows))
	clear(x[:])
	return x
}

// acc returns the accumulators of the next depth; endAcc gives them back.
func (w *Worker) acc() *accumulators {
	if w.deep == len(w.accs) {
		w.accs = append(w.accs, &accumulators{})
	}
	w.deep++
	return w.accs[w.deep-1]
}

func (w *Worker) endAcc() { w.deep-- }

// source returns a source to fill; endSource gives it back.
func (w *Worker) source() *source {
	if w.srcAt == len(w.srcs) {
		w.srcs = append(w.srcs, &source{})
	}
	w.srcAt++
	return w.srcs[w.srcAt-1]
}

func (w *Worker) endSource() { w.srcAt-- }

// begin makes the worker ready for another run.
func (w *Worker) begin(ctx context.Context) error {
	w.ctx, w.top, w.deep, w.srcAt, w.used = ctx, 0, 0, 0, 0
	w.props.id = 0
	for i := range w.memo {
		w.memo[i].chunk = -1
	}
	if err := ctx.Err(); err != nil {
		return failure(err)
	}
	return nil
}

// remember returns the contacts of a chunk for which g's condition is true.
func (w *Worker) remember(g *gatherNode, chunk int) (*[kernel.RowWords]uint64, error) {
	m := &w.memo[g.memo]
	if m.chunk == chunk {
		return m.bits, nil
	}
	if m.bits == nil {
		m.bits = new([kernel.RowWords]uint64)
	}
	s := w.source()
	defer w.endSource()
	*s = source{n: w.view.ChunkLen(chunk), chunk: chunk}
	clear(m.bits[:])
	if err := g.inner.eval(w, s, w.alive(chunk), m.bits[:kernel.Words(s.n)]); err != nil {
		return nil, err
	}
	m.chunk = chunk
	return m.bits, nil
}

// alive returns the live rows of a chunk, as many words as its rows take.
func (w *Worker) alive(chunk int) []uint64 {
	return w.view.Live(chunk)[:kernel.Words(w.view.ChunkLen(chunk))]
}
