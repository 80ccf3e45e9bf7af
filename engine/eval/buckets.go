package eval

import (
	"math"
	"slices"

	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/kernel"
	"github.com/musterdb/muster/storage/tile"
)

// pieces cuts a span of time so that no date function of a statement changes within a piece: at the borders
// of a calendar unit in the base's zone. The calendar is asked once for each piece, not for each row.
type pieces struct {
	start []int64 // of each piece, ascending; the first holds the span's first instant
	shift uint    // instants are looked up by (ms − start[0]) >> shift
	first []uint32
}

// cutTime makes the pieces of a term over instants; false if it looks at them otherwise than by date functions,
// or there are too many.
func (k *coder) cutTime(x, col plan.Expr, env scalar.Env, p *Program) bool {
	unit, ok := finestUnit(x, col)
	if !ok {
		return false
	}
	lo, hi, any, ok := k.timeSpan(p)
	if !ok {
		return false
	}
	k.pieces = &pieces{}
	if any {
		ok = k.pieces.cut(env.Zone, unit, lo, hi)
	}
	return ok && k.of(len(k.pieces.start))
}

// finestUnit returns a unit within which an expression over an instant does not change.
func finestUnit(x, col plan.Expr) (unit calendar.Unit, ok bool) {
	unit, ok = calendar.UnitYear, true
	var walk func(plan.Expr)
	walk = func(x plan.Expr) {
		if call, is := x.(*plan.Call); is {
			if u, is := unitOf(call); is && sameColumn(call.Args[len(call.Args)-1], col) {
				unit = min(unit, u)
				return
			}
		}
		if sameColumn(x, col) {
			ok = false
			return
		}
		for _, y := range operands(x) {
			walk(y)
		}
	}
	walk(x)
	return unit, ok
}

// unitOf returns the unit within which a date function does not change. A week is cut into days: weeks and
// months do not nest.
func unitOf(x *plan.Call) (calendar.Unit, bool) {
	switch x.Fn {
	case plan.FnDateTrunc:
		name, ok := plan.AsConst(x.Args[0])
		if !ok {
			return 0, false
		}
		u, ok := calendar.ParseUnit(name.Value.S)
		if u == calendar.UnitWeek {
			u = calendar.UnitDay
		}
		return u, ok
	case plan.FnHour:
		return calendar.UnitHour, true
	case plan.FnWeekday, plan.FnDay:
		return calendar.UnitDay, true
	case plan.FnMonth:
		return calendar.UnitMonth, true
	case plan.FnYear:
		return calendar.UnitYear, true
	}
	return 0, false
}

// timeSpan returns bounds of the instants that the program reads.
func (k *coder) timeSpan(p *Program) (lo, hi int64, any, ok bool) {
	lo, hi = math.MaxInt64, math.MinInt64
	if k.time {
		p.eachTile(func(w cursorWindow) bool {
			for _, b := range w.blocks {
				lo, hi, any = min(lo, b.MinTime()), max(hi, b.MaxTime()), true
			}
			return true
		})
		return max(lo, p.reach.win.From), min(hi, p.reach.win.To), any, true
	}
	ok = k.eachChunk(p, func(c *column.Chunk) bool {
		from, to, ok := c.MinMax()
		if !ok {
			return c.Enc() == column.AllNull
		}
		lo, hi, any = min(lo, from), max(hi, to), true
		return true
	})
	return lo, hi, any, ok
}

// cursorWindow is the blocks of one chunk that lie within a program's reach.
type cursorWindow struct{ blocks []tile.Block }

// eachTile calls f with the blocks of each chunk of a statement over an event type, until f says false.
func (p *Program) eachTile(f func(cursorWindow) bool) bool {
	for chunk := range p.view.Chunks() {
		t := p.view.Tile(p.query.From, chunk)
		if t == nil || !p.reach.visits(chunk) {
			continue
		}
		blocks := t.Blocks()[t.From(p.reach.win.From):]
		n, _ := slices.BinarySearchFunc(blocks, p.reach.win.To, func(b tile.Block, to int64) int {
			if b.MinTime() <= to {
				return -1
			}
			return 1
		})
		if !f(cursorWindow{blocks[:n]}) {
			return false
		}
	}
	return true
}

// cut makes the pieces from lo to hi; false if there are too many.
func (s *pieces) cut(zone *calendar.Zone, unit calendar.Unit, lo, hi int64) bool {
	if lo > hi {
		return true
	}
	for at := lo; ; {
		s.start = append(s.start, at)
		next, ok := nextPiece(zone, unit, at)
		if !ok || len(s.start) >= maxCodes {
			return false
		}
		if next > hi {
			break
		}
		at = next
	}
	for s.shift = 10; uint64(hi-lo)>>s.shift > 4*uint64(len(s.start))+64; s.shift++ {
	}
	s.first = make([]uint32, uint64(hi-lo)>>s.shift+1)
	piece := 0
	for i := range s.first {
		for piece+1 < len(s.start) && s.start[piece+1] <= lo+int64(i)<<s.shift {
			piece++
		}
		s.first[i] = uint32(piece)
	}
	return true
}

// nextPiece returns the first instant after at in another unit, or under another offset from UTC: within one,
// local days follow each other, which they need not where clocks are set back over a midnight.
func nextPiece(zone *calendar.Zone, unit calendar.Unit, at int64) (int64, bool) {
	if at > math.MaxInt64/4 || at < math.MinInt64/4 {
		return 0, false
	}
	offset := zone.Offset(at)
	local := at + offset
	var border int64
	switch unit {
	case calendar.UnitSecond:
		border = (floorDiv(local, calendar.Second) + 1) * calendar.Second
	case calendar.UnitMinute:
		border = (floorDiv(local, calendar.Minute) + 1) * calendar.Minute
	case calendar.UnitHour:
		border = (floorDiv(local, calendar.Hour) + 1) * calendar.Hour
	default:
		border = calendar.StepDay(unit, floorDiv(local, calendar.Day), 1) * calendar.Day
	}
	return min(border-offset, zone.NextOffset(at)), true
}

// of returns the piece of an instant within the span.
func (s *pieces) of(ms int64) int {
	piece := int(s.first[uint64(ms-s.start[0])>>s.shift])
	for piece+1 < len(s.start) && s.start[piece+1] <= ms {
		piece++
	}
	return piece
}

// fewPieces is the number of pieces in a block up to which comparing its events with each piece beats looking
// each event up.
const fewPieces = 16

// timeStrips appends the pieces of rows of a source.
func (k *coder) timeStrips(w *Worker, s *source, rows []uint64, buf *[]uint16, out []strip) ([]strip, bool) {
	if k.time {
		return k.blockStrips(w, s, rows, buf, out), true
	}
	c := w.column(s, &k.col)
	if c == nil || c.Enc() == column.AllNull {
		return append(out, strip{mask: rows, off: k.null()}), true
	}
	if c.Len() < s.n {
		return out, false
	}
	codes := sized(buf, s.n)
	for i := range codes {
		codes[i] = uint16(k.null())
	}
	if rows == nil {
		rows = w.words(s.n)
		kernel.Fill(rows, s.n)
	}
	if valid := c.Valid(); valid == nil {
		for i := range rowsOf(rows) {
			codes[i] = uint16(k.pieces.of(c.Int(i)))
		}
	} else {
		for i := range rowsOf(rows) {
			if valid[i>>6]>>(i&63)&1 != 0 {
				codes[i] = uint16(k.pieces.of(c.Int(i)))
			}
		}
	}
	return append(out, strip{mask: rows, u16: codes}), true
}

// blockStrips appends the pieces of the events of a block, which mostly is one.
func (k *coder) blockStrips(w *Worker, s *source, rows []uint64, buf *[]uint16, out []strip) []strip {
	start := k.pieces.start
	first := k.pieces.of(max(s.block.MinTime(), start[0]))
	last := first
	for last+1 < len(start) && start[last+1] <= s.block.MaxTime() {
		last++
	}
	if first == last {
		return append(out, strip{mask: rows, off: first})
	}
	if last-first >= fewPieces {
		return append(out, k.eachEvent(w, s, rows, buf))
	}
	for piece := first; piece <= last; piece++ {
		win := plan.Window{From: start[piece], To: math.MaxInt64}
		if piece+1 < len(start) {
			win.To = start[piece+1] - 1
		}
		mask := w.words(s.n)
		testTimes(mask, s.block, win)
		if rows != nil {
			kernel.And(mask, rows)
		}
		out = append(out, strip{mask: mask, off: piece})
	}
	return out
}

// sized returns n elements of a buffer that is kept.
func sized[T any](buf *[]T, n int) []T {
	if cap(*buf) < n {
		*buf = make([]T, max(n, kernel.Rows))
	}
	return (*buf)[:n]
}

func (k *coder) eachEvent(w *Worker, s *source, rows []uint64, buf *[]uint16) strip {
	codes := sized(buf, s.n)
	if rows == nil {
		rows = w.words(s.n)
		kernel.Fill(rows, s.n)
	}
	for i := range rowsOf(rows) {
		codes[i] = uint16(k.pieces.of(s.block.Time(i)))
	}
	return strip{mask: rows, u16: codes}
}
