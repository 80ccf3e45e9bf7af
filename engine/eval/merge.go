package eval

import (
	"bytes"
	"cmp"
	"container/heap"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/plan"
)

// Merger makes one answer of the partial answers of many shards, the same whatever the order in which
// they come in. Parts are numbered; each part's records are added in the part's own order, and Done is
// called once it is complete. A Merger is used by one goroutine at a time.
//
// An unordered answer is the parts one after the other, up to the limit; records of a part are held back
// until those before it are complete. An ordered one is merged when the last part is done. What is held
// is bounded by the budget, beyond which Add returns a diag.Limit.
type Merger struct {
	query  *plan.Query
	emit   func(arrow.Record) error
	total  uint64
	parts  []part
	next   int   // parts before it are complete and sent off
	left   int64 // rows to be sent off; −1: no limit
	held   int64
	budget int64
}

type part struct {
	records []arrow.Record
	done    bool
}

// NewMerger returns a merger of so many parts. The answer's records, of AnswerSchema, go to emit, which
// must Retain what it keeps; emit may be nil for a Count.
func NewMerger(q *plan.Query, parts int, emit func(arrow.Record) error) *Merger {
	return &Merger{query: q, emit: emit, parts: make([]part, parts), left: q.Limit, budget: DefaultBudget}
}

// SetBudget changes the bytes that may be held.
func (m *Merger) SetBudget(bytes int64) { m.budget = bytes }

// AddCount adds a part's count.
func (m *Merger) AddCount(n uint64) { m.total += n }

// Total returns the sum of the counts.
func (m *Merger) Total() uint64 { return m.total }

// Full says whether the answer is complete although parts are not: the rest need not be evaluated.
func (m *Merger) Full() bool { return m.left == 0 }

// Add takes a record of a part. The merger retains it as long as it needs it.
func (m *Merger) Add(p int, rec arrow.Record) error {
	switch {
	case m.Full():
		return nil
	case len(m.query.Order) == 0 && p == m.next:
		return m.send(rec)
	}
	if m.held += recordBytes(rec); m.held > m.budget {
		return diag.New(diag.Limit, diag.Span{}, "the answer needs more than %d MiB to be put in order", m.budget>>20).
			WithHint("add a LIMIT, or leave out ORDER BY")
	}
	rec.Retain()
	m.parts[p].records = append(m.parts[p].records, rec)
	return nil
}

// recordBytes is the memory of a record's buffers.
func recordBytes(rec arrow.Record) int64 {
	n := int64(0)
	for _, c := range rec.Columns() {
		n += int64(c.Data().SizeInBytes())
	}
	return n
}

// Done says that a part is complete; the last call sends off what is left of the answer.
func (m *Merger) Done(p int) error {
	m.parts[p].done = true
	if len(m.query.Order) > 0 {
		for i := range m.parts {
			if !m.parts[i].done {
				return nil
			}
		}
		return m.mergeOrdered()
	}
	for m.next < len(m.parts) && m.parts[m.next].done {
		m.next++
		if m.next == len(m.parts) {
			return nil
		}
		if err := m.sendHeld(m.next); err != nil {
			return err
		}
	}
	return nil
}

// sendHeld sends off what came of a part before its turn.
func (m *Merger) sendHeld(p int) error {
	for _, rec := range m.parts[p].records {
		m.held -= recordBytes(rec)
		err := m.send(rec)
		rec.Release()
		if err != nil {
			m.parts[p].records = nil
			return err
		}
	}
	m.parts[p].records = nil
	return nil
}

// send passes a record on, cut at the limit.
func (m *Merger) send(rec arrow.Record) error {
	if m.left < 0 {
		return m.emit(rec)
	}
	if m.left == 0 {
		return nil
	}
	n := min(m.left, rec.NumRows())
	m.left -= n
	cut := rec.NewSlice(0, n)
	defer cut.Release()
	return m.emit(cut)
}

// Close releases what is held; further calls do nothing.
func (m *Merger) Close() {
	for i := range m.parts {
		for _, rec := range m.parts[i].records {
			rec.Release()
		}
		m.parts[i].records = nil
	}
}

// mergeOrdered merges the parts, each sorted in itself.
func (m *Merger) mergeOrdered() error {
	defer m.Close()
	b := newBatcher(AnswerSchema(m.query), m.emit)
	defer b.release()
	h := &heads{order: m.query.Order}
	for i := range m.parts {
		if c := (&head{part: i, records: m.parts[i].records}); c.settle() {
			h.heads = append(h.heads, c)
		}
	}
	heap.Init(h)
	for ; len(h.heads) > 0 && m.left != 0; m.left-- {
		first := h.heads[0]
		if err := m.appendHead(b, first); err != nil {
			return err
		}
		first.row++
		if first.settle() {
			heap.Fix(h, 0)
		} else {
			heap.Pop(h)
		}
	}
	return b.flush()
}

func (m *Merger) appendHead(b *batcher, h *head) error {
	cells := make([]scalar.Value, m.query.Visible)
	size := 0
	for i := range cells {
		cells[i] = h.cell(i)
		size += cellBytes(cells[i])
	}
	if err := b.room(1, size); err != nil {
		return err
	}
	for i, v := range cells {
		if err := appendCell(b.build.Field(i), v, m.query.Items[i].X.Type()); err != nil {
			return err
		}
	}
	return nil
}

// head is the first row of a part that is not merged yet.
type head struct {
	part    int
	records []arrow.Record
	row     int
}

// settle moves past records that are used up; false at the part's end.
func (h *head) settle() bool {
	for len(h.records) > 0 && int64(h.row) >= h.records[0].NumRows() {
		h.records, h.row = h.records[1:], 0
	}
	return len(h.records) > 0
}

func (h *head) cell(i int) scalar.Value { return cellAt(h.records[0].Column(i), h.row) }

func (h *head) tie() []byte {
	rec := h.records[0]
	return rec.Column(int(rec.NumCols()) - 1).(*array.Binary).Value(h.row)
}

// heads is a heap of the parts' first rows. A contact is in one part only, so the contact's id decides
// between parts and the part's number never has to.
type heads struct {
	order []plan.Order
	heads []*head
}

func (h *heads) Len() int { return len(h.heads) }

func (h *heads) Less(i, j int) bool {
	a, b := h.heads[i], h.heads[j]
	return cmp.Or(compareCellsBy(h.order, a.cell, b.cell), bytes.Compare(a.tie(), b.tie()), cmp.Compare(a.part, b.part)) < 0
}

func (h *heads) Swap(i, j int) { h.heads[i], h.heads[j] = h.heads[j], h.heads[i] }

// Push adds a head; use heap.Push.
func (h *heads) Push(x any) { h.heads = append(h.heads, x.(*head)) }

// Pop removes the head that heap.Pop has moved to the end.
func (h *heads) Pop() any {
	last := h.heads[len(h.heads)-1]
	h.heads = h.heads[:len(h.heads)-1]
	return last
}
