package engine

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/engine/eval"
	"github.com/musterdb/muster/engine/gather"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// Limits of a stream: how much of it is made before it is asked for. They bound its memory, whatever the
// answer's length and however slowly it is taken.
const (
	pieceRows  = 8192    // the most rows of a piece: about a millisecond of work
	fewestRows = 64      // the least that pieces shrink to where rows are wide
	pieceBytes = 1 << 20 // what the names of a piece's rows may take, as texts repeat them in each row
)

// Stream hands out the rows of an unordered SELECT over contacts or events of many shards: one shard after
// the other, each in its own order, up to the plan's limit. The pool's workers choose rows, copy them and
// make pieces of them, at most as many ahead as the stream's bounds say; use gets the pieces in order, on the
// caller's goroutine. No worker ever waits for use, so a reader who stalls costs memory that is bounded and no
// worker. A shard is pinned from the first of its pieces to the last.
//
// encode is called by many workers at once with a record that is its own to read until it returns; its
// result must share no memory with it. use's error ends the stream and is returned.
func Stream[T any](ctx context.Context, pool *Pool, shards []*Shard, q *plan.Query, sch *schema.Schema,
	encode func(arrow.Record) (T, error), use func(T) error,
) error {
	s := newStream(ctx, pool, shards, q, sch, func(b *gather.Batch) (T, error) {
		defer b.Reset()
		rec := b.View()
		defer rec.Release()
		return encode(rec)
	})
	return s.run(use)
}

// Records is Stream of records. Each is valid during the call of use, and longer if it is retained.
func Records(ctx context.Context, pool *Pool, shards []*Shard, q *plan.Query, sch *schema.Schema, use func(arrow.Record) error) error {
	s := newStream(ctx, pool, shards, q, sch, func(b *gather.Batch) (arrow.Record, error) { return b.Take(), nil })
	return s.run(func(rec arrow.Record) error {
		defer rec.Release()
		return use(rec)
	})
}

// stream is a Stream under way. All of it but what tasks do belongs to the caller's goroutine.
type stream[T any] struct {
	*lane
	ctx    context.Context
	q      *plan.Query
	sch    *schema.Schema
	finish func(*gather.Batch) (T, error)

	shards  []*Shard // not yet begun
	open    *openShard
	opened  []*openShard
	chosen  []*choice   // chunks whose rows are being chosen, in order
	cut     *choice     // the chunk that is being cut into pieces
	from    int         // the first of its rows that is in no piece
	pieces  []*piece[T] // under way, in order
	batches chan *gather.Batch
	left    int64 // rows to go; −1: no limit
	rows    int   // the most of a piece
	ahead   int   // the most pieces under way
}

// openShard is a shard that is pinned. It is let go when nothing of it is under way any more.
type openShard struct {
	pin    *Pin
	prog   *eval.Program
	chunks int
	next   int // the next chunk
	users  int // chunks and pieces under way
}

// choice is a chunk with the rows that satisfy the condition.
type choice struct {
	future
	of     *openShard
	chunk  int
	picked *eval.Picked
}

// piece is rows of a chunk and what is made of them.
type piece[T any] struct {
	future
	of       *openShard
	picked   *eval.Picked
	from, to int
	next     int // the first row that is left out; to if none is
	out      T
}

// future is a task that ends some time.
type future struct {
	end chan struct{}
	err error
}

func (f *future) done(err error) { f.err = err; close(f.end) }

func newStream[T any](ctx context.Context, pool *Pool, shards []*Shard, q *plan.Query, sch *schema.Schema,
	finish func(*gather.Batch) (T, error),
) *stream[T] {
	s := &stream[T]{
		lane: pool.lane(ctx), ctx: ctx, q: q, sch: sch, finish: finish, shards: shards, left: q.Limit,
		ahead: 2*pool.workers + 2, rows: pieceRows,
	}
	names := 1
	for _, it := range q.Items {
		names += len(it.Name) + 4
	}
	s.rows = max(fewestRows, min(s.rows, pieceBytes/names))
	s.batches = make(chan *gather.Batch, pool.workers)
	return s
}

// run makes pieces and has them used until there are no more.
func (s *stream[T]) run(use func(T) error) error {
	defer s.close()
	for {
		if err := s.fill(); err != nil {
			return err
		}
		var err error
		switch {
		case len(s.pieces) > 0:
			err = s.useFirst(use)
		case s.left != 0 && len(s.chosen) > 0: // fill cuts the first chunk once its rows are chosen
			err = s.wait(&s.chosen[0].future)
		default:
			return s.ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// close ends what runs and lets the shards go.
func (s *stream[T]) close() {
	s.end()
	for _, o := range s.opened {
		o.pin.Release()
	}
}

func (s *stream[T]) wait(f *future) error {
	select {
	case <-f.end:
		return f.err
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

// fill puts as much under way as may be.
func (s *stream[T]) fill() error {
	for s.left != 0 && len(s.pieces) < s.ahead {
		if err := s.choose(); err != nil {
			return err
		}
		if s.cut == nil && !s.nextCut() {
			if len(s.chosen) == 0 && s.more() {
				continue // none of the chunks that were chosen had a row
			}
			return nil
		}
		if err := s.cutPiece(); err != nil {
			return err
		}
	}
	return nil
}

// more says whether there are chunks of which no rows were chosen yet.
func (s *stream[T]) more() bool {
	return len(s.shards) > 0 || s.open != nil && s.open.next < s.open.chunks
}

// choose has rows chosen in the next chunks.
func (s *stream[T]) choose() error {
	for len(s.chosen) < s.pool.workers {
		o, err := s.shard()
		if err != nil || o == nil {
			return err
		}
		c := &choice{future: future{end: make(chan struct{})}, of: o, chunk: o.next}
		o.next++
		o.users++
		s.chosen = append(s.chosen, c)
		err = s.add(func(ctx context.Context) (err error) {
			c.picked, err = o.prog.Pick(ctx, c.chunk)
			return err
		}, c.done)
		if err != nil {
			return err
		}
	}
	return nil
}

// shard returns the shard of the next chunk, nil if there is none.
func (s *stream[T]) shard() (*openShard, error) {
	for s.open == nil || s.open.next == s.open.chunks {
		if len(s.shards) == 0 {
			return nil, nil
		}
		if s.open != nil {
			s.letGo(s.open)
		}
		pin, err := s.shards[0].Pin()
		if err != nil {
			return nil, err
		}
		s.shards = s.shards[1:]
		s.open = &openShard{pin: pin}
		s.opened = append(s.opened, s.open)
		if s.open.prog, err = eval.Compile(s.q, s.sch, pin.View()); err != nil {
			return nil, err
		}
		s.open.chunks = s.open.prog.Chunks()
	}
	return s.open, nil
}

// letGo releases a shard of which nothing is under way or to come.
func (s *stream[T]) letGo(o *openShard) {
	if o.users > 0 || o.next < o.chunks {
		return
	}
	o.pin.Release()
	for i, x := range s.opened {
		if x == o {
			s.opened = append(s.opened[:i], s.opened[i+1:]...)
			return
		}
	}
}

// nextCut takes the first chunk whose rows are chosen to be cut. It does not wait, and leaves an error to
// its turn.
func (s *stream[T]) nextCut() bool {
	for len(s.chosen) > 0 {
		c := s.chosen[0]
		select {
		case <-c.end:
		default:
			return false
		}
		if c.err != nil {
			return false
		}
		s.chosen = s.chosen[1:]
		if c.picked.Len() > 0 {
			s.cut, s.from = c, 0
			return true
		}
		s.leave(c.of)
	}
	return false
}

// leave notes that a chunk or piece is done with.
func (s *stream[T]) leave(o *openShard) {
	o.users--
	s.letGo(o)
}

// cutPiece has the next piece made of the chunk at hand.
func (s *stream[T]) cutPiece() error {
	c := s.cut
	to := min(s.from+s.rows, c.picked.Len())
	if s.left >= 0 {
		to = int(min(int64(to), int64(s.from)+s.left))
		s.left -= int64(to - s.from)
	}
	p := &piece[T]{of: c.of, picked: c.picked, from: s.from, to: to}
	s.from = to
	c.of.users++
	s.pieces = append(s.pieces, p)
	if err := s.begin(p); err != nil {
		return err
	}
	if s.from == c.picked.Len() {
		s.cut = nil
		s.leave(c.of)
	}
	return nil
}

// begin has a worker make a piece.
func (s *stream[T]) begin(p *piece[T]) error {
	p.end = make(chan struct{})
	return s.add(func(ctx context.Context) error {
		b := s.batch()
		next, err := p.of.prog.Gather(ctx, p.picked, p.from, p.to, b)
		if err != nil {
			return err
		}
		p.next = next
		if p.out, err = s.finish(b); err == nil {
			s.giveBatch(b)
		}
		return err
	}, p.done)
}

// batch returns a batch that is empty.
func (s *stream[T]) batch() *gather.Batch {
	select {
	case b := <-s.batches:
		return b
	default:
		return eval.NewBatch(s.q)
	}
}

func (s *stream[T]) giveBatch(b *gather.Batch) {
	select {
	case s.batches <- b:
	default:
	}
}

// useFirst waits for the first piece and has it used. Rows that had no place in it come next.
func (s *stream[T]) useFirst(use func(T) error) error {
	p := s.pieces[0]
	if err := s.wait(&p.future); err != nil {
		return err
	}
	if p.next < p.to {
		s.rows = max(s.rows/2, fewestRows)
		s.pieces[0] = &piece[T]{of: p.of, picked: p.picked, from: p.next, to: p.to}
		if err := s.begin(s.pieces[0]); err != nil {
			return err
		}
		return use(p.out)
	}
	s.pieces = s.pieces[1:]
	s.leave(p.of)
	err := s.fill() // before use, which may take its time
	if failed := use(p.out); failed != nil {
		return failed
	}
	return err
}
