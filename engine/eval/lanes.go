package eval

import (
	"math"
	"math/bits"

	"github.com/musterdb/muster/engine/group"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/kernel"
)

// lane is one total of dense groups.
type lane interface {
	// begin is called with each source and all its rows (nil: all), before its strips.
	begin(s *source, rows []uint64) error
	// add adds the n rows of a strip.
	add(s *source, st *strip, n int) error
	// end is called after the strips of a source.
	end()
	// flush hands over what is held of a code.
	flush(code int, slot int32) error
}

// newLane returns the lane of total i.
func (d *dense) newLane(i int) lane {
	t := &d.g.w.prog.query.Totals[i]
	at := laneAt{d: d, total: i}
	if t.Fn == plan.TotalRows {
		return &rowsLane{at}
	}
	x := &d.g.w.prog.groups.totals[i]
	if x.words == nil {
		return d.lookLane(at, t, x)
	}
	l := wordLane{laneAt: at, x: x, each: eachLane{laneAt: at, x: x}, n: make([]uint64, d.codes)}
	switch t.Fn {
	case plan.TotalCount:
		return &countLane{l}
	case plan.TotalSum, plan.TotalAvg:
		return &sumLane{wordLane: l, sum: make([]int64, d.codes)}
	}
	sign := 1
	if t.Fn == plan.TotalMin {
		sign = -1
	}
	return &extremeLane{wordLane: l, sign: sign, best: make([]int64, d.codes)}
}

// lookLane returns the lane of a total whose values are no words.
func (d *dense) lookLane(at laneAt, t *plan.Total, x *rowExpr) lane {
	from := d.g.w.prog.query.From
	switch {
	case group.ByContact(t) && from == 0:
		return &rowsLane{at}
	case group.ByContact(t):
		return &contactLane{laneAt: at, n: make([]uint64, d.codes), seen: make([]*[kernel.RowWords]uint64, d.codes), chunk: -1}
	case x.float != nil:
		return &floatLane{at, *x.float}
	}
	if x.coder != nil {
		if l := d.newCodesLane(at, x); l != nil {
			return l
		}
	}
	if x.asStored {
		return &storedLane{at, x}
	}
	return &eachLane{laneAt: at, x: x}
}

// laneAt is what all lanes know.
type laneAt struct {
	d     *dense
	total int
}

func (laneAt) begin(*source, []uint64) error { return nil }
func (laneAt) end()                          {}
func (laneAt) flush(int, int32) error        { return nil }

// rowsLane is count(*): the rows that are counted anyway.
type rowsLane struct{ laneAt }

func (*rowsLane) add(*source, *strip, int) error { return nil }

func (l *rowsLane) flush(code int, slot int32) error {
	l.d.g.table.Rows(l.total, slot, l.d.rows[code])
	return nil
}

// eachLane adds rows one after the other: totals and expressions without a table.
type eachLane struct {
	laneAt
	x     *rowExpr
	lines []*timeline
}

func (l *eachLane) begin(s *source, rows []uint64) (err error) {
	if len(l.x.events) == 0 {
		return nil
	}
	if rows == nil {
		rows = l.d.g.w.words(s.n)
		kernel.Fill(rows, s.n)
	}
	l.lines, err = l.d.g.w.gatherAll(l.x.events, s, rows)
	return err
}

func (l *eachLane) end() {
	l.d.g.w.give(l.lines)
	l.lines = nil
}

func (l *eachLane) add(s *source, st *strip, _ int) error {
	w := l.d.g.w
	r := rowAt{w: w, lines: l.lines}
	one := func(i, code int) error {
		slot, err := l.d.slot(code)
		if err != nil {
			return err
		}
		r.at(s, i)
		v, err := l.x.expr.Value(&r)
		if err != nil {
			return err
		}
		if err := l.d.g.table.Add(l.total, slot, v); err != nil {
			return err
		}
		return w.check()
	}
	return st.each(s.n, one)
}

// each calls f with the rows of a strip of a source of n rows, and their codes, until f fails.
func (st *strip) each(n int, f func(i, code int) error) error {
	if st.mask == nil {
		for i := range n {
			if err := f(i, st.code(i)); err != nil {
				return err
			}
		}
		return nil
	}
	for i := range rowsOf(st.mask) {
		if err := f(i, st.code(i)); err != nil {
			return err
		}
	}
	return nil
}

// code returns the code of a row of a strip.
func (st *strip) code(i int) int {
	switch {
	case st.u8 != nil:
		return st.off + int(st.u8[i])
	case st.u16 != nil:
		return st.off + int(st.u16[i])
	}
	return st.off
}

// wordLane is a total of words: what a column or an aggregate of events gives each row.
type wordLane struct {
	laneAt
	x    *rowExpr
	n    []uint64 // rows of each code that have a value
	vals words
	mask []uint64
	each eachLane // for sources whose values are no words, or too large to be added in 64 bits
}

func (l *wordLane) begin(s *source, rows []uint64) error {
	w := l.d.g.w
	l.mask = w.words(s.n)
	if err := l.x.words.of(w, s, &l.vals); err != nil {
		return err
	}
	if high, most := bits.Mul64(l.vals.most, uint64(s.n)); high != 0 || most > math.MaxInt64 {
		l.vals.slow = true
	}
	if l.vals.slow {
		return l.each.begin(s, rows)
	}
	return nil
}

func (l *wordLane) end() {
	if l.vals.slow {
		l.each.end()
	}
}

// passed adds a strip where there is nothing to add, or row by row, and says that it did.
func (l *wordLane) passed(s *source, st *strip, n int) (bool, error) {
	if l.vals.slow {
		return true, l.each.add(s, st, n)
	}
	return l.vals.none, nil
}

// known returns the rows of a strip that have a value: nil for all.
func (l *wordLane) known(st *strip) []uint64 {
	switch {
	case l.vals.valid == nil:
		return st.mask
	case st.mask == nil:
		return l.vals.valid
	}
	copy(l.mask, st.mask)
	kernel.And(l.mask, l.vals.valid[:len(l.mask)])
	return l.mask
}

// countLane is count(x).
type countLane struct{ wordLane }

func (l *countLane) add(s *source, st *strip, n int) error {
	if done, err := l.passed(s, st, n); done || err != nil {
		return err
	}
	known := *st
	if known.mask = l.known(st); l.vals.valid != nil {
		known.hist = nil
	}
	countStrip(l.n, s, &known, l.d.g.w.prog.rowsIn(s, &known))
	return nil
}

func (l *countLane) flush(code int, slot int32) error {
	l.d.g.table.Rows(l.total, slot, l.n[code])
	return nil
}

// sumLane is sum(x) and avg(x). Sums are of 64 bits as long as bound shows that none can pass them; then they
// are handed over, and begin anew.
type sumLane struct {
	wordLane
	sum   []int64
	bound uint64
}

func (l *sumLane) add(s *source, st *strip, n int) error {
	if done, err := l.passed(s, st, n); done || err != nil {
		return err
	}
	if err := l.admit(n); err != nil {
		return err
	}
	mask := l.known(st)
	switch v := &l.vals; {
	case v.u8 != nil:
		sumStrip(l.n, l.sum, st, v.u8, v.base, mask)
	case v.u16 != nil:
		sumStrip(l.n, l.sum, st, v.u16, v.base, mask)
	case v.u32 != nil:
		sumStrip(l.n, l.sum, st, v.u32, v.base, mask)
	case v.u64 != nil:
		sumStrip(l.n, l.sum, st, v.u64, v.base, mask)
	default:
		sumStrip(l.n, l.sum, st, v.i64, 0, mask)
	}
	return nil
}

// admit makes sure that n more values fit.
func (l *sumLane) admit(n int) error {
	more := l.vals.most * uint64(n) // begin has seen that it fits
	if l.bound+more <= math.MaxInt64 {
		l.bound += more
		return nil
	}
	l.bound = more
	for code := range l.d.codes {
		if l.n[code] == 0 {
			continue
		}
		slot, err := l.d.slot(code)
		if err != nil {
			return err
		}
		if err := l.flush(code, slot); err != nil {
			return err
		}
		l.n[code], l.sum[code] = 0, 0
	}
	return nil
}

func sumStrip[V group.Word](n []uint64, sum []int64, st *strip, values []V, base int64, mask []uint64) {
	switch {
	case st.u8 != nil:
		group.SumCodes(n[st.off:], sum[st.off:], st.u8, values, base, mask)
	case st.u16 != nil:
		group.SumCodes(n[st.off:], sum[st.off:], st.u16, values, base, mask)
	default:
		k, total := group.Sum(values, base, mask)
		n[st.off] += k
		sum[st.off] += total
	}
}

func (l *sumLane) flush(code int, slot int32) error {
	l.d.g.table.AddSum(l.total, slot, l.n[code], l.sum[code])
	return nil
}

// extremeLane is min(x) and max(x).
type extremeLane struct {
	wordLane
	sign int
	best []int64
	zero []uint8
}

func (l *extremeLane) add(s *source, st *strip, n int) error {
	if done, err := l.passed(s, st, n); done || err != nil {
		return err
	}
	mask := l.known(st)
	one := *st
	if one.u8 == nil && one.u16 == nil {
		if cap(l.zero) < s.n {
			l.zero = make([]uint8, max(s.n, kernel.Rows))
		}
		one.u8 = l.zero[:s.n]
	}
	switch v := &l.vals; {
	case v.u8 != nil:
		extremeStrip(l, &one, v.u8, v.base, mask)
	case v.u16 != nil:
		extremeStrip(l, &one, v.u16, v.base, mask)
	case v.u32 != nil:
		extremeStrip(l, &one, v.u32, v.base, mask)
	case v.u64 != nil:
		extremeStrip(l, &one, v.u64, v.base, mask)
	default:
		extremeStrip(l, &one, v.i64, 0, mask)
	}
	return nil
}

func extremeStrip[V group.Word](l *extremeLane, st *strip, values []V, base int64, mask []uint64) {
	if st.u8 != nil {
		group.ExtremeCodes(l.n[st.off:], l.best[st.off:], l.sign, st.u8, values, base, mask)
	} else {
		group.ExtremeCodes(l.n[st.off:], l.best[st.off:], l.sign, st.u16, values, base, mask)
	}
}

func (l *extremeLane) flush(code int, slot int32) error {
	if l.n[code] > 0 {
		l.d.g.table.AddWord(l.total, slot, l.best[code])
	}
	return nil
}
