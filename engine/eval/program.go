package eval

import (
	"context"
	"errors"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage"
	"github.com/musterdb/muster/storage/kernel"
	"github.com/musterdb/muster/storage/schema"
)

// DefaultBudget is the memory in bytes that one program may hold beyond its scratch, unless SetBudget says
// otherwise: rows to be sorted, events gathered by contact.
const DefaultBudget = 256 << 20

// Program is a statement compiled for one shard's view, and valid as long as that. It is immutable once
// its budget is set; goroutines that evaluate it at once have a Worker each.
type Program struct {
	query  *plan.Query
	schema *schema.Schema
	view   *storage.View
	env    scalar.Env
	where  node
	from   [1]schema.EventID // the statement's event type, 0 for contacts
	reach  reach             // of a statement over an event type
	memos  int
	items  []item
	pruner *pruner   // of an ordered statement, if there is one
	groups *grouping // of a grouped statement, which has no items here
	budget int64
	slow   bool // a term of the condition is evaluated row by row
}

// Compile prepares a bound statement for a shard. Errors are *diag.Error: a plan that this version cannot
// evaluate, a pattern that is too long, or a CONFLICT where the schema has changed since the plan was bound.
func Compile(q *plan.Query, sch *schema.Schema, v *storage.View) (*Program, error) {
	zone, err := calendar.OfBase(q.Zone)
	if err != nil {
		return nil, diag.New(diag.Invalid, diag.Span{}, "%v", err)
	}
	if err := checkSchema(q, v.Schema()); err != nil {
		return nil, err
	}
	p := &Program{
		query: q, schema: sch, view: v, budget: DefaultBudget,
		from: [1]schema.EventID{q.From},
		env:  scalar.Env{Clock: q.Clock, Zone: zone},
	}
	c := &compiler{view: v, env: p.env}
	if err := p.compileWhere(c); err != nil {
		return nil, failure(err)
	}
	if q.Grouped {
		p.groups, err = c.grouping(q, p)
	} else {
		p.items, err = c.items(q)
	}
	if err != nil {
		return nil, failure(err)
	}
	if p.pruner, err = c.pruner(q); err != nil {
		return nil, failure(err)
	}
	p.memos, p.slow = c.memos, c.slow
	return p, nil
}

func (p *Program) compileWhere(c *compiler) error {
	where := p.query.Where
	var terms []node
	if p.query.From != 0 {
		where, terms, p.reach = c.narrow(p.query)
	}
	if where != nil {
		n, err := c.condition(where, p.scope(), false)
		if err != nil {
			return err
		}
		terms = append(terms, n)
	}
	p.where = andOf(terms)
	return nil
}

// SetBudget changes the program's memory budget in bytes. Call it before any Worker is made.
func (p *Program) SetBudget(bytes int64) { p.budget = bytes }

func (p *Program) scope() scope {
	if p.query.From != 0 {
		return ofEvent
	}
	return ofContact
}

// RowByRow says whether a term of the condition has no vector path, so that evaluation may take long.
func (p *Program) RowByRow() bool { return p.slow }

// Chunks returns the number of chunks that the program is evaluated over.
func (p *Program) Chunks() int { return p.view.Chunks() }

// Count returns the number of contacts, or of events in a statement over an event type, that satisfy the
// condition. It checks ctx once a chunk and about every thousand rows where rows are evaluated one by one.
func (p *Program) Count(ctx context.Context) (uint64, error) {
	w := p.Worker()
	defer w.Close()
	total := uint64(0)
	for chunk := range p.Chunks() {
		n, err := w.Count(ctx, chunk)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// Count returns the number of rows of one chunk that satisfy the condition. A worker that has its
// scratch allocates nothing here.
func (w *Worker) Count(ctx context.Context, chunk int) (uint64, error) {
	if err := w.begin(ctx); err != nil {
		return 0, err
	}
	total := uint64(0)
	for c := w.sources(chunk); c.advance(); {
		mark := w.mark()
		alive, err := c.alive()
		if err != nil {
			return 0, failure(err)
		}
		n, err := count(w.prog.where, w, c.src, alive)
		if err != nil {
			return 0, failure(err)
		}
		total += uint64(n)
		w.release(mark)
	}
	return total, nil
}

// Bits sets out to the contacts of a chunk that satisfy the condition: bit i is row i, in
// kernel.Words(view.ChunkLen(chunk)) words. The statement must be over contacts.
func (p *Program) Bits(ctx context.Context, chunk int, out []uint64) error {
	w := p.Worker()
	defer w.Close()
	return w.Bits(ctx, chunk, out)
}

// Bits is Program.Bits with this worker's scratch.
func (w *Worker) Bits(ctx context.Context, chunk int, out []uint64) error {
	if w.prog.query.From != 0 {
		return diag.New(diag.Internal, diag.Span{}, "bits of contacts were asked of a statement over events")
	}
	if err := w.begin(ctx); err != nil {
		return err
	}
	s := w.source()
	defer w.endSource()
	*s = source{n: w.view.ChunkLen(chunk), chunk: chunk}
	return failure(w.prog.where.eval(w, s, w.alive(chunk), out[:kernel.Words(s.n)]))
}

// sourceCursor walks what the statement is asked of in one chunk: the chunk itself, or its blocks of
// events of one type, up to the clock.
type sourceCursor struct {
	w      *Worker
	src    *source
	done   bool
	events cursor
	every  selector
}

func (w *Worker) sources(chunk int) *sourceCursor {
	c := &w.over
	*c = sourceCursor{w: w, src: &w.root}
	w.root = source{n: w.view.ChunkLen(chunk), chunk: chunk}
	if w.prog.query.From != 0 {
		if w.prog.reach.visits(chunk) {
			c.every = selector{events: w.prog.from[:]}
		}
		c.events = w.cursor(&c.every, w.prog.reach.win, chunk)
	}
	return c
}

func (c *sourceCursor) advance() bool {
	if c.w.prog.query.From == 0 {
		first := !c.done
		c.done = true
		return first
	}
	if !c.events.advance() {
		return false
	}
	e := &c.events
	*c.src = source{n: e.block.Len(), chunk: e.chunk, isBlock: true, event: e.event, block: e.block}
	return true
}

// alive returns the rows of the source that exist: live contacts, or events up to the clock of live ones.
func (c *sourceCursor) alive() ([]uint64, error) {
	if !c.src.isBlock {
		return c.w.alive(c.src.chunk), nil
	}
	taken, err := c.events.events()
	if err != nil {
		return nil, err
	}
	if c.w.view.ChunkLive(c.src.chunk) == c.w.view.ChunkLen(c.src.chunk) {
		return taken, nil
	}
	live := c.w.rowBits()
	copy(live[:], c.w.alive(c.src.chunk))
	of := c.w.words(c.src.n)
	kernel.GatherBits(of, live, c.src.block.Rows())
	kernel.And(taken, of)
	return taken, nil
}

// take counts bytes against the budget.
func (w *Worker) take(bytes int64) error {
	if w.used += bytes; w.used > w.prog.budget {
		return diag.New(diag.Limit, diag.Span{}, "the statement needs more than its %d MiB of memory", w.prog.budget>>20).
			WithHint("narrow the condition, or shorten the windows")
	}
	return nil
}

// checkEvery is the number of rows evaluated one by one between two looks at the context: about 1 ms.
const checkEvery = 1024

// check looks at the context now and then.
func (w *Worker) check() error {
	if w.steps++; w.steps%checkEvery != 0 {
		return nil
	}
	return w.ctx.Err()
}

// failure gives every error the one form that the doors render.
func failure(err error) error {
	var d *diag.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &d):
		return d
	case errors.Is(err, context.Canceled):
		return diag.New(diag.Canceled, diag.Span{}, "the statement was canceled")
	case errors.Is(err, context.DeadlineExceeded):
		return diag.New(diag.Limit, diag.Span{}, "the statement ran out of time")
	case errors.Is(err, exact.ErrOverflow):
		return diag.New(diag.Overflow, diag.Span{}, "%v", err)
	}
	return diag.New(diag.Invalid, diag.Span{}, "%v", err)
}
