package storage

import (
	"fmt"
	"math"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// rowByRow stores an upsert with sums or unions: each row is checked as the rows before it left the
// shard, and is rejected whole if one of its values does not fit.
func (st *upsertStep) rowByRow(s *Shard, r *change.Result) (rejected int) {
	for k := range st.cols {
		s.column(st.cols[k].attr, st.cols[k].src.Type, st.cols[k].dict)
	}
	// All columns are there now, so the writers' pointers to them stay.
	ws := make([]writer, len(st.cols))
	for k := range st.cols {
		ws[k] = s.writer(&st.cols[k])
	}
	for i, row := range st.rows {
		if reason := misfit(ws, row, i); reason != "" {
			r.Rejected = append(r.Rejected, change.Rejection{Part: st.part, Row: st.rowOf(i), Reason: reason})
			rejected++
			continue
		}
		for k := range ws {
			ws[k].apply(row, i)
		}
	}
	for k := range ws {
		ws[k].leave()
	}
	return rejected
}

// rowOf returns which of the part's rows element i is.
func (st *upsertStep) rowOf(i int) int {
	if st.origin != nil {
		return int(st.origin[i])
	}
	return i
}

// misfit says why element i cannot be applied, or "".
func misfit(ws []writer, row uint32, i int) string {
	for k := range ws {
		if w := &ws[k]; w.u.src.Op(i) == change.OpAdd {
			if reason := w.misfit(row, i); reason != "" {
				return fmt.Sprintf("attribute %q: %s", w.u.name, reason)
			}
		}
	}
	return ""
}

func (w *writer) misfit(row uint32, i int) string {
	src := w.u.src
	if src.Type.Kind == schema.KindSet {
		if n := len(w.union(row, i)); n > schema.MaxSetValues {
			return fmt.Sprintf("the set would have %d values; a SET holds at most %d", n, schema.MaxSetValues)
		}
		return ""
	}
	if w.null(row) {
		return ""
	}
	c, at := w.peek(row), int(row&0xffff)
	if src.Type.Kind == schema.KindFloat {
		if sum := c.Float(at) + src.Floats[i]; math.IsInf(sum, 0) || math.IsNaN(sum) {
			return fmt.Sprintf("%v + %v does not fit FLOAT", c.Float(at), src.Floats[i])
		}
		return ""
	}
	a, b := c.Int(at), src.Ints[i]
	if sum := a + b; (sum > a) != (b > 0) && b != 0 {
		return fmt.Sprintf("%s + %s does not fit %v", number(a, src.Type), number(b, src.Type), src.Type)
	}
	return ""
}

// number writes an INT or an unscaled DECIMAL as the language does.
func number(v int64, t schema.Type) string {
	if t.Scale == 0 {
		return fmt.Sprint(v)
	}
	sign, u := "", uint64(v)
	if v < 0 {
		sign, u = "-", -u
	}
	s := fmt.Sprintf("%0*d", int(t.Scale)+1, u)
	return sign + s[:len(s)-int(t.Scale)] + "." + s[len(s)-int(t.Scale):]
}
