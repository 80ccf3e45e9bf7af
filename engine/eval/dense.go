package eval

import (
	"github.com/musterdb/muster/engine/group"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/kernel"
)

// dense counts groups by codes: every term of GROUP BY has a coder, and the combinations are so few that a
// total is a table with a place for each. Rows of a source come as strips; where one has no codes (a column
// whose texts became too many), the source is grouped row by row.
type dense struct {
	g      *grouper
	keys   []*coder
	stride []int
	codes  int      // combinations
	slots  []int32  // of each code in the group.Table, −1 before its first use
	rows   []uint64 // of each code
	lanes  []lane   // of each total

	strips   []strip
	bufs     []codeBufs // of each key
	combined []uint16
}

// maxLanes bounds the memory of the tables: each takes about a megabyte.
const maxLanes = 16

// codersOf returns the coders of a grouped statement, or nil if a term has none or there are too many
// combinations.
func (c *compiler) codersOf(q *plan.Query, g *grouping, p *Program) []*coder {
	if len(q.Totals) > maxLanes {
		return nil
	}
	most := maxCodes
	for i := range q.Totals {
		if group.ByContact(&q.Totals[i]) && q.From != 0 {
			most = maxSeen
		}
	}
	keys := make([]*coder, 0, len(q.Group)) // not nil, also where there are no terms
	codes := 1
	for i, x := range q.Group {
		k := c.coder(x, &g.keys[i], p)
		if k == nil {
			return nil
		}
		if codes *= k.codes; codes > most {
			return nil
		}
		keys = append(keys, k)
	}
	return keys
}

func newDense(g *grouper, keys []*coder) *dense {
	d := &dense{g: g, keys: keys, codes: 1, stride: make([]int, len(keys)), bufs: make([]codeBufs, len(keys))}
	for i, k := range keys {
		d.bufs[i].chunk = -1
		d.stride[i] = d.codes
		d.codes *= k.codes
	}
	d.slots = make([]int32, d.codes)
	for i := range d.slots {
		d.slots[i] = -1
	}
	d.rows = make([]uint64, d.codes)
	for i := range g.w.prog.query.Totals {
		d.lanes = append(d.lanes, d.newLane(i))
	}
	return d
}

// add groups the rows of a source; false if it has to be done row by row.
func (d *dense) add(s *source, rows []uint64) (bool, error) {
	w := d.g.w
	defer w.release(w.mark())
	if kernel.Count(rows) == s.n {
		rows = nil
	}
	strips, ok := d.stripsOf(s, rows)
	if !ok {
		return false, nil
	}
	for _, l := range d.lanes {
		if err := l.begin(s, rows); err != nil {
			return true, err
		}
	}
	for i := range strips {
		if err := d.addStrip(s, &strips[i]); err != nil {
			return true, err
		}
	}
	for _, l := range d.lanes {
		l.end()
	}
	return true, nil
}

func (d *dense) addStrip(s *source, st *strip) error {
	n := d.g.w.prog.rowsIn(s, st)
	if n == 0 {
		return nil
	}
	countStrip(d.rows, s, st, n)
	for _, l := range d.lanes {
		if err := l.add(s, st, n); err != nil {
			return err
		}
	}
	return nil
}

// rowsIn returns how many rows a strip has.
func (p *Program) rowsIn(s *source, st *strip) int {
	if st.mask == nil {
		return s.n
	}
	return kernel.Count(st.mask)
}

// countStrip counts the rows of each code of a strip that has n of them.
func countStrip(rows []uint64, _ *source, st *strip, n int) {
	switch {
	case st.hist != nil:
		rows = rows[st.off:]
		for code, n := range st.hist[:min(len(st.hist), len(rows))] { // codes are below len(rows)
			rows[code] += uint64(n)
		}
	case st.u8 != nil:
		group.CountCodes(rows[st.off:], st.u8, st.mask)
	case st.u16 != nil:
		group.CountCodes(rows[st.off:], st.u16, st.mask)
	default:
		rows[st.off] += uint64(n)
	}
}

// stripsOf returns the combined codes of the rows of a source.
func (d *dense) stripsOf(s *source, rows []uint64) ([]strip, bool) {
	d.strips = d.strips[:0]
	if len(d.keys) == 0 {
		d.strips = append(d.strips, strip{mask: rows})
		return d.strips, true
	}
	if len(d.keys) == 1 {
		var ok bool
		d.strips, ok = d.keys[0].strips(d.g.w, s, rows, &d.bufs[0], d.strips)
		return d.strips, ok
	}
	combined := sized(&d.combined, s.n)
	clear(combined)
	for i, k := range d.keys {
		strips, ok := k.strips(d.g.w, s, rows, &d.bufs[i], d.strips[:0])
		if d.strips = strips; !ok {
			return nil, false
		}
		for j := range d.strips {
			combine(combined, &d.strips[j], d.stride[i])
		}
	}
	d.strips = append(d.strips[:0], strip{mask: rows, u16: combined})
	return d.strips, true
}

func combine(combined []uint16, st *strip, stride int) {
	switch {
	case st.u8 != nil:
		group.AddCodes(combined, st.u8, st.off, stride, st.mask)
	case st.u16 != nil:
		group.AddCodes(combined, st.u16, st.off, stride, st.mask)
	default:
		group.AddCode(combined, st.off*stride, st.mask)
	}
}

// slot returns the slot of a code's group.
func (d *dense) slot(code int) (int32, error) {
	if s := d.slots[code]; s >= 0 {
		return s, nil
	}
	slot, err := d.newSlot(code, d.g.table.Slot)
	d.slots[code] = slot
	return slot, err
}

// newSlot makes the key of a code's group and has the slot made or found.
func (d *dense) newSlot(code int, slot func([]byte) (int32, error)) (int32, error) {
	key, rest := d.g.key[:0], code
	for _, k := range d.keys {
		var err error
		if key, err = k.appendKey(key, rest%k.codes); err != nil {
			return 0, err
		}
		rest /= k.codes
	}
	d.g.key = key
	return slot(key)
}

// distinct says whether no two codes stand for one group.
func (d *dense) distinct() bool {
	for _, k := range d.keys {
		if k.expr != nil {
			return false
		}
	}
	return true
}

// flush hands the tables to the groups.
func (d *dense) flush() error {
	used := 0
	for _, n := range d.rows {
		if n > 0 {
			used++
		}
	}
	slot := d.slot
	if d.g.table.Len() == 0 && d.distinct() {
		d.g.table.Room(used)
		slot = func(code int) (int32, error) { return d.newSlot(code, d.g.table.Append) }
	} else {
		d.g.table.Expect(used)
	}
	for code, n := range d.rows {
		if n > 0 {
			if err := d.flushCode(code, slot); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *dense) flushCode(code int, slotOf func(int) (int32, error)) error {
	slot, err := slotOf(code)
	if err != nil {
		return err
	}
	for _, l := range d.lanes {
		if err := l.flush(code, slot); err != nil {
			return err
		}
	}
	return nil
}
