package eval

import (
	"cmp"
	"slices"

	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/kernel"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/tile"
)

// timeline is the events of one aggregate or condition, gathered by contact: one pass over the blocks of
// a chunk and a counting sort by row, whatever the number of contacts that are asked.
type timeline struct {
	of     plan.Expr
	sel    *selector
	win    plan.Window
	blocks []eventBlock
	start  []uint32 // of each row's moments; one more than rows
	at     []moment
}

type eventBlock struct {
	event schema.EventID
	block tile.Block
}

// moment is one event. At equal times the order of types, then of arrival, decides: blocks are numbered
// type after type in creation order, and all events of a type and time are in one block in arrival order.
type moment struct {
	time  int64
	block uint32
	i     uint32
}

const momentBytes = 16

func compareMoments(a, b moment) int {
	return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.block, b.block), cmp.Compare(a.i, b.i))
}

func sortMoments(events []moment) { slices.SortFunc(events, compareMoments) }

// extremeMoment returns the last event in total order if sign is 1, the first if it is −1.
func extremeMoment(events []moment, sign int) moment {
	best := events[0]
	for _, m := range events[1:] {
		if compareMoments(m, best)*sign > 0 {
			best = m
		}
	}
	return best
}

// row returns the events of a row, in no order.
func (l *timeline) row(i int) []moment { return l.at[l.start[i]:l.start[i+1]] }

// days counts the distinct days of the zone.
func (l *timeline) days(events []moment, zone *calendar.Zone) int {
	days := make([]int64, 0, 16)
	for _, m := range events {
		days = append(days, zone.DayOf(m.time))
	}
	slices.Sort(days)
	return len(slices.Compact(days))
}

// eventsOf is what a timeline of an expression gathers.
type eventsOf struct {
	of  plan.Expr
	sel *selector
	win plan.Window
}

// eventsOf compiles the selectors of the aggregates and event conditions in an expression.
func (c *compiler) eventsOf(xs []plan.Expr) ([]eventsOf, error) {
	out := make([]eventsOf, 0, len(xs))
	for _, x := range xs {
		e := eventsOf{of: x}
		var sel *plan.Selector
		switch x := x.(type) {
		case *plan.Agg:
			sel, e.win = x.Sel, x.Window
		case *plan.Did:
			sel, e.win = x.Sel, x.Window
		case *plan.Nth:
			sel, e.win = x.Sel, plan.Window{From: plan.MinTime, To: c.env.Clock}
		}
		var err error
		if e.sel, err = c.selector(sel); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// gather collects the events of the rows alive.
func (w *Worker) gather(e *eventsOf, chunk int, alive []uint64) (*timeline, error) {
	l := &timeline{of: e.of, sel: e.sel, win: e.win, start: make([]uint32, w.view.ChunkLen(chunk)+1)}
	mask := new([kernel.RowWords]uint64)
	copy(mask[:], alive)
	if err := l.count(w, chunk, mask); err != nil {
		return nil, err
	}
	total := uint32(0)
	for i, n := range l.start {
		l.start[i] = total
		total += n
	}
	if err := w.take(int64(total) * momentBytes); err != nil {
		return nil, err
	}
	l.at = make([]moment, total)
	return l, l.fill(w, chunk, mask)
}

// give returns the memory of timelines to the budget.
func (w *Worker) give(lines []*timeline) {
	for _, l := range lines {
		w.used -= int64(len(l.at)) * momentBytes
	}
}

// count notes the blocks and counts each row's events in start.
func (l *timeline) count(w *Worker, chunk int, mask *[kernel.RowWords]uint64) error {
	for c := w.cursor(l.sel, l.win, chunk); c.advance(); {
		mark := w.mark()
		taken, err := takenOf(&c, mask)
		if err != nil {
			return err
		}
		rows := c.block.Rows()
		for i := range rowsOf(taken) {
			l.start[rows[i]]++
		}
		w.release(mark)
		l.blocks = append(l.blocks, eventBlock{c.event, c.block})
		if err := w.check(); err != nil {
			return err
		}
	}
	return nil
}

// takenOf returns the events of the cursor's block that are taken and whose rows are in the mask.
func takenOf(c *cursor, mask *[kernel.RowWords]uint64) ([]uint64, error) {
	taken, err := c.events()
	if err != nil {
		return nil, err
	}
	wanted := c.w.words(c.block.Len())
	kernel.GatherBits(wanted, mask, c.block.Rows())
	kernel.And(taken, wanted)
	return taken, nil
}

// fill places the events: start[r] moves to the end of row r, which is the start of the next, and back.
func (l *timeline) fill(w *Worker, chunk int, mask *[kernel.RowWords]uint64) error {
	next := slices.Clone(l.start)
	n := uint32(0)
	for c := w.cursor(l.sel, l.win, chunk); c.advance(); n++ {
		mark := w.mark()
		taken, err := takenOf(&c, mask)
		if err != nil {
			return err
		}
		rows := c.block.Rows()
		for i := range rowsOf(taken) {
			r := rows[i]
			l.at[next[r]] = moment{c.block.Time(i), n, uint32(i)}
			next[r]++
		}
		w.release(mark)
	}
	return nil
}
