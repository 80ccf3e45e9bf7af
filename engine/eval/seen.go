package eval

import (
	"github.com/musterdb/muster/engine/group"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/kernel"
	"github.com/musterdb/muster/storage/schema"
)

// codesLane is count(DISTINCT x), min(x) or max(x) of what has a coder: a bit for each group's code and each of
// x that occurs with it. Values are looked at once for each bit, not for each row.
type codesLane struct {
	laneAt
	k     *coder
	rows  lane     // of sources without codes
	words int      // of the bits of a group's code
	seen  []uint64 // by the group's code
	slow  bool     // the source at hand has no codes
	fresh bool     // no text has a number yet
	texts []int32  // of each code of x: its text's number, + 1

	codes  []uint16 // of x, of the source at hand
	strips []strip
	bufs   codeBufs
}

// maxSeenBits bounds the bits of a codesLane: 4 MiB.
const maxSeenBits = 1 << 25

// coded returns the coder of a total that asks only which values there are; nil if it has none, or is another.
func (c *compiler) coded(t *plan.Total, r *rowExpr, p *Program) *coder {
	switch {
	case group.ByContact(t) || r.words != nil:
		return nil
	case t.Fn == plan.TotalDistinct || t.Fn == plan.TotalMin || t.Fn == plan.TotalMax:
		return c.coder(t.X, r, p)
	}
	return nil
}

// newCodesLane returns the lane of a total with a coder; nil if that is too large.
func (d *dense) newCodesLane(at laneAt, x *rowExpr) lane {
	words := kernel.Words(x.coder.codes)
	if d.codes*words > maxSeenBits/64 {
		return nil
	}
	l := &codesLane{laneAt: at, k: x.coder, rows: &eachLane{laneAt: at, x: x}, words: words, seen: make([]uint64, d.codes*words)}
	if x.asStored {
		l.rows = &storedLane{at, x}
	}
	l.bufs.chunk = -1
	return l
}

func (l *codesLane) begin(s *source, rows []uint64) error {
	strips, ok := l.k.strips(l.d.g.w, s, rows, &l.bufs, l.strips[:0])
	if l.strips, l.slow = strips, !ok; l.slow {
		return l.rows.begin(s, rows)
	}
	codes := sized(&l.codes, s.n)
	clear(codes)
	for i := range strips {
		combine(codes, &strips[i], 1)
	}
	return nil
}

func (l *codesLane) end() {
	if l.slow {
		l.rows.end()
	}
}

func (l *codesLane) add(s *source, st *strip, n int) error {
	if l.slow {
		return l.rows.add(s, st, n)
	}
	seen, values := l.seen[st.off*l.words:], l.codes[:s.n]
	switch {
	case st.u8 != nil:
		group.MarkCodes(seen, l.words, st.u8, values, st.mask)
	case st.u16 != nil:
		group.MarkCodes(seen, l.words, st.u16, values, st.mask)
	default:
		group.Mark(seen, values, st.mask)
	}
	return nil
}

func (l *codesLane) flush(code int, slot int32) error {
	counts, numbers := l.d.g.table.Stored(l.total)
	add := l.adder(counts, numbers)
	if l.texts == nil && counts {
		l.texts, l.fresh = make([]int32, l.k.codes), l.d.g.table.Texts(l.total) == 0
	}
	for x := range rowsOf(l.seen[code*l.words : (code+1)*l.words]) {
		if x == l.k.null() && l.k.expr == nil {
			continue
		}
		if err := add(slot, x); err != nil {
			return err
		}
	}
	return nil
}

// adder returns what adds the value of a code to a total that counts texts or numbers, or is another.
func (l *codesLane) adder(texts, numbers bool) func(slot int32, x int) error {
	switch {
	case l.k.expr != nil || l.k.pieces != nil:
		return l.addValue
	case l.k.dict != nil && texts:
		return l.addNumbered
	case l.k.dict != nil:
		return l.addText
	case numbers:
		return l.addNumber
	}
	return l.addValue
}

// addNumber adds a whole number.
func (l *codesLane) addNumber(slot int32, x int) error {
	return l.d.g.table.AddNumber(l.total, slot, l.k.lo+int64(x))
}

// addValue adds the value that a code stands for.
func (l *codesLane) addValue(slot int32, x int) error {
	v, err := l.d.g.w.prog.groups.totals[l.total].expr.Value(oneValue{v: l.k.value(x)})
	if err != nil {
		return err
	}
	return l.d.g.table.Add(l.total, slot, v)
}

// addText adds the text of a code.
func (l *codesLane) addText(slot int32, x int) error {
	return l.d.g.table.AddText(l.total, slot, l.text(x))
}

// addNumbered adds the text of a code to a count of different ones, which is told each text once.
func (l *codesLane) addNumbered(slot int32, x int) error {
	if l.texts[x] == 0 {
		n, err := l.d.g.table.Text(l.total, l.text(x), l.fresh)
		if err != nil {
			return err
		}
		l.texts[x] = n + 1
	}
	return l.d.g.table.AddCode(l.total, slot, l.texts[x]-1)
}

// text returns the text of a code, until the next call.
func (l *codesLane) text(x int) []byte {
	l.d.g.text = append(l.d.g.text[:0], l.k.dict.Text(uint32(x))...)
	return l.d.g.text
}

// storedLane is count(DISTINCT x) of a column, or min or max of a TEXT, without a coder: many values.
type storedLane struct {
	laneAt
	x *rowExpr
}

func (l *storedLane) add(s *source, st *strip, _ int) error {
	var c *column.Chunk
	if !l.x.time {
		if c = l.d.g.w.column(s, l.x.own); c == nil || c.Enc() == column.AllNull {
			return nil
		}
	}
	return st.each(s.n, func(i, code int) error {
		if c != nil && (i >= c.Len() || c.Null(i)) {
			return nil
		}
		slot, err := l.d.slot(code)
		if err != nil {
			return err
		}
		if c == nil {
			return l.d.g.table.AddNumber(l.total, slot, s.block.Time(i))
		}
		return l.d.g.addStored(l.total, slot, c, i)
	})
}

// stored says whether a total takes the column's values as they are stored.
func (x *rowExpr) stored(t *plan.Total) bool {
	switch {
	case group.ByContact(t) || x.own == nil && !x.time:
		return false
	case t.Fn == plan.TotalDistinct:
		return x.typ.Kind != schema.KindSet
	}
	return (t.Fn == plan.TotalMin || t.Fn == plan.TotalMax) && x.typ.Kind == schema.KindText
}

// addStored adds a column's value that is not null to a total that is stored.
func (g *grouper) addStored(total int, slot int32, c *column.Chunk, i int) error {
	switch c.Type().Kind {
	case schema.KindText:
		return g.table.AddText(total, slot, c.Text(i))
	case schema.KindFloat:
		return g.table.AddFloatNumber(total, slot, c.Float(i))
	}
	return g.table.AddNumber(total, slot, c.Int(i))
}
