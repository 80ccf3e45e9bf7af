package eval

import (
	"context"

	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage"
	"github.com/musterdb/muster/storage/kernel"
	"github.com/musterdb/muster/storage/schema"
)

// StepKind says what a step of a condition does.
type StepKind uint8

// The kinds of steps. All, Any, Contact and Not have steps of their own.
const (
	StepAll     StepKind = iota // all steps hold, in their order
	StepAny                     // some step holds, in their order
	StepContact                 // asked of the contacts of events
	StepNot                     // the complement
	StepTest                    // a test; Filter holds the condition on the events that it looks at, if there is one
)

// Path is how a test gets at its answer.
type Path uint8

// The paths.
const (
	PathColumn   Path = iota // a column of numbers or instants, its bounds first
	PathCodes                // a dictionary's codes: Passed of Values texts pass
	PathTexts                // texts that are not in a dictionary, one by one
	PathPresence             // the bits of who has a value
	PathPostings             // the rows kept for each value of a set
	PathIDs                  // the index of contact ids: Passed were found
	PathEvents               // blocks of events in a window, a bit or a number for each contact
	PathTimes                // times or ids of the events themselves
	PathRows                 // row by row
)

// Step is a part of a compiled condition, and what is expected of it or was measured.
type Step struct {
	Kind   StepKind
	Parts  []Part // of the statement; none for a step of the program's own
	Path   Path   // of a test
	Sums   bool   // PathEvents: adds up a property, else counts or notes
	Counts bool   // PathEvents: counts events, else notes that there is one
	Steps  []*Step
	Tally
}

// Part is a part of the statement: X, or NOT X. If X is none of the statement's own expressions, because it was
// rewritten, it is a piece of Of.
type Part struct {
	X   plan.Expr
	Not bool
	Of  plan.Expr
}

// Tally is numbers of a step. Chunks are those of contacts, or blocks of a statement over an event type.
type Tally struct {
	In, Out        uint64 // rows handed to the step, and those of which it is true
	Nanos          int64
	None, All      uint64 // chunks that bounds answer for all their rows
	Scanned        uint64 // chunks whose values are looked at
	Life           uint64 // chunks answered by the time of each contact's last event
	Blocks, Passed uint64 // blocks of events read; values of the largest dictionary, or ids, that pass
	Skipped        uint64 // blocks of the event types that lie outside of the window
	Values         uint64 // of the largest dictionary
	Bytes          uint64 // of the values looked at
}

// add sums, but for the dictionary, which is the largest one's.
func (t *Tally) add(o *Tally) {
	t.In += o.In
	t.Out += o.Out
	t.Nanos += o.Nanos
	t.None += o.None
	t.All += o.All
	t.Scanned += o.Scanned
	t.Life += o.Life
	t.Blocks += o.Blocks
	t.Skipped += o.Skipped
	t.Bytes += o.Bytes
	switch {
	case o.Values > t.Values:
		t.Values, t.Passed = o.Values, o.Passed
	case o.Values == 0:
		t.Passed += o.Passed
	}
}

// Merge adds what another shard says of the same step. Steps that the shards do not have in common, which
// constants may leave out, are kept.
func (s *Step) Merge(o *Step) {
	s.add(&o.Tally)
	for _, theirs := range o.Steps {
		if mine := s.like(theirs); mine != nil {
			mine.Merge(theirs)
		} else {
			s.Steps = append(s.Steps, theirs)
		}
	}
}

// like returns the step of s that came from the same part of the statement.
func (s *Step) like(o *Step) *Step {
	for _, mine := range s.Steps {
		if mine.Kind == o.Kind && len(mine.Parts) == len(o.Parts) && (len(o.Parts) == 0 || mine.Parts[0] == o.Parts[0]) {
			return mine
		}
	}
	return nil
}

// Explained is a program that tells its steps. It is used by one goroutine at a time.
type Explained struct {
	*Program
	Where *Step // nil: all rows
	Dense bool  // groups are counted by small codes, not by hashing
	tests []*traced
	clock func() int64
}

// Explain compiles a statement as Compile does, for EXPLAIN: every step of the condition notes what it is
// handed and what it finds, which makes it slower. The steps take their times, in ns, from clock.
func Explain(q *plan.Query, sch *schema.Schema, v *storage.View, clock func() int64) (*Explained, error) {
	p, err := Compile(q, sch, v)
	if err != nil {
		return nil, err
	}
	c := &compiler{view: v, env: p.env, memos: p.memos, notes: notes{}}
	if err := p.compileWhere(c); err != nil {
		return nil, failure(err)
	}
	p.memos = c.memos
	e := &Explained{Program: p, clock: clock, Dense: p.groups != nil && p.groups.coders != nil}
	if all, ok := p.where.(constNode); !ok || !bool(all) {
		e.Where, p.where = e.trace(p.where, c.notes)
	}
	return e, nil
}

// trace returns the step of a node and the node that reports to it.
func (e *Explained) trace(n node, said notes) (*Step, node) {
	s := &Step{Kind: StepTest, Parts: said[n]}
	t := &traced{node: n, step: s, clock: e.clock}
	switch x := n.(type) {
	case *andNode:
		s.Kind, t.node = StepAll, &andNode{e.traceAll(s, x.terms, said)}
	case *orNode:
		s.Kind, t.node = StepAny, &orNode{e.traceAll(s, x.terms, said)}
	case *gatherNode:
		s.Kind, t.node = StepContact, &gatherNode{e.traceAll(s, []node{x.inner}, said)[0], x.memo}
	case *complementNode:
		s.Kind, t.node = StepNot, &complementNode{e.traceAll(s, []node{x.of}, said)[0]}
	case *didNode:
		d := *x
		d.sel = e.traceFilter(s, x.sel, said)
		d.each = nil
		for i := range d.sel.events {
			d.each = append(d.each, d.sel.only(i))
		}
		t.node = &d
	case *sumNode:
		d := *x
		d.sel = e.traceFilter(s, x.sel, said)
		t.node = &d
	}
	describe(s, n)
	e.tests = append(e.tests, t)
	return s, t
}

func (e *Explained) traceAll(s *Step, terms []node, said notes) []node {
	out := make([]node, len(terms))
	for i, n := range terms {
		var sub *Step
		sub, out[i] = e.trace(n, said)
		s.Steps = append(s.Steps, sub)
	}
	return out
}

func (e *Explained) traceFilter(s *Step, sel *selector, said notes) *selector {
	out := *sel
	if sel.filter != nil {
		out.filter = e.traceAll(s, []node{sel.filter}, said)[0]
	}
	return &out
}

// traced is a node that notes its work. It takes part in no fusing of terms.
type traced struct {
	node
	step  *Step
	clock func() int64
	idle  bool // looks were counted by Expect
}

func (t *traced) eval(w *Worker, s *source, alive, out []uint64) error {
	st := t.step
	began := t.clock()
	err := t.node.eval(w, s, alive, out)
	st.Nanos += t.clock() - began
	st.In += uint64(kernel.Count(alive))
	st.Out += uint64(kernel.Count(out))
	if err == nil && !t.idle {
		err = t.look(w, s)
	}
	return err
}

// Blocks returns how many blocks of a statement over an event type are read, and how many lie outside of the
// time or the contacts that it asks for.
func (e *Explained) Blocks() (read, skipped uint64) {
	if e.query.From == 0 {
		return 0, 0
	}
	w := e.Worker()
	defer w.Close()
	for chunk := range e.Chunks() {
		for c := w.sources(chunk); c.advance(); {
			read++
		}
		if t := e.view.Tile(e.query.From, chunk); t != nil {
			skipped += uint64(len(t.Blocks()))
		}
	}
	return read, skipped - read
}

// sampleRows is how many rows Expect looks at where rows are looked at one by one.
const sampleRows = 1024

// Expect fills the steps in without running the statement: the chunks and blocks that it would read, from
// bounds, and of a sample, if it is asked for, the rows that each step lets pass.
func (e *Explained) Expect(ctx context.Context, sample bool) error {
	w := e.Worker()
	defer w.Close()
	if err := w.begin(ctx); err != nil {
		return failure(err)
	}
	for _, t := range e.tests {
		t.idle = true
	}
	for chunk := range e.Chunks() {
		for c := w.sources(chunk); c.advance(); {
			if err := e.expect(w, c.src); err != nil {
				return failure(err)
			}
		}
	}
	if !sample || e.Where == nil {
		return nil
	}
	return failure(e.sample(ctx, w))
}

// expect has every test that is asked of this source, and no filter of events, look at it.
func (e *Explained) expect(w *Worker, s *source) error {
	defer w.release(w.mark())
	for _, t := range e.tests {
		if e.asks(e.Where, t.step, s.isBlock) {
			if err := t.look(w, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// asks says whether a step below from is asked of a source: of a chunk's contacts, or of a block's events.
func (e *Explained) asks(from, step *Step, events bool) bool {
	if from == step {
		return true
	}
	if from.Kind == StepTest || from.Kind == StepContact && events {
		return false
	}
	for _, s := range from.Steps {
		if e.asks(s, step, events) {
			return true
		}
	}
	return false
}

// sample evaluates the condition over the first rows that there are.
func (e *Explained) sample(ctx context.Context, w *Worker) error {
	left := kernel.Rows
	if e.RowByRow() {
		left = sampleRows
	}
	for chunk := 0; chunk < e.Chunks() && left > 0; chunk++ {
		if err := w.begin(ctx); err != nil {
			return err
		}
		for c := w.sources(chunk); left > 0 && c.advance(); {
			n, err := e.sampleOf(w, c, left)
			if err != nil {
				return err
			}
			left -= n
		}
	}
	return nil
}

func (e *Explained) sampleOf(w *Worker, c *sourceCursor, most int) (int, error) {
	defer w.release(w.mark())
	alive, err := c.alive()
	if err != nil {
		return 0, err
	}
	some, out := w.words(c.src.n), w.words(c.src.n)
	clear(some)
	n := 0
	for i := range rowsOf(alive) {
		if n == most {
			break
		}
		some[i>>6] |= 1 << (i & 63)
		n++
	}
	return n, e.where.eval(w, c.src, some, out)
}
