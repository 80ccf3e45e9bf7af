package eval

import (
	"github.com/musterdb/muster/engine/group"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/kernel"
	"github.com/musterdb/muster/storage/schema"
)

// maxCodes is the number of codes that dense groups are counted by.
const maxCodes = 1 << 16

// coder gives the values of a term of GROUP BY small codes, so that rows are counted in a table and not by
// hashing. A term has a coder if it looks at one column only, and the column has few values: a code is a
// value of the column (or a stretch of time in which the term does not change), and the term is evaluated
// once for each code. Two codes may stand for one value of the term.
type coder struct {
	expr *scalar.Expr // nil if the term is the column itself
	typ  plan.Type
	col  ref
	time bool // the column is the pseudo-property time of an event
	// contact says that the column is of the contacts in a statement over an event type.
	contact bool

	dict   *column.Dict // of a TEXT
	lo     int64        // of a column of integers: the value of code 0
	pieces *pieces      // of instants
	codes  int          // null, the last one, included
}

func (k *coder) null() int { return k.codes - 1 }

// coder returns the coder of an expression, or nil if it has none.
func (c *compiler) coder(x plan.Expr, r *rowExpr, from *Program) *coder {
	col, ok := onlyColumn(x)
	if !ok {
		return nil
	}
	k := &coder{expr: r.expr, typ: r.typ, time: pseudo(col, schema.PropTime)}
	if !k.time {
		if k.col, ok = c.column(col); !ok {
			return nil
		}
		if from.query.From == 0 && k.col.props != nil {
			return nil
		}
		k.contact = from.query.From != 0 && k.col.props == nil
		if sameColumn(x, col) && k.col.typ == r.typ.Type {
			k.expr = nil
		}
	}
	switch kind := col.Type().Kind; {
	case k.time || kind == schema.KindTimestamp:
		ok = k.cutTime(x, col, c.env, from)
	case kind == schema.KindText:
		ok = k.byDict(from)
	case kind == schema.KindBool || kind == schema.KindInt || kind == schema.KindDate || kind == schema.KindDecimal:
		ok = k.byValue(from)
	default:
		ok = false
	}
	if !ok || k.codes > maxCodes {
		return nil
	}
	return k
}

// onlyColumn returns the attribute or property that an expression is a function of, if it is of one.
func onlyColumn(x plan.Expr) (plan.Expr, bool) {
	u := usesOf(x)
	if len(u.events) > 0 {
		return nil, false
	}
	var found plan.Expr
	one := true
	eachColumn(x, func(col plan.Expr) {
		if found != nil && !sameColumn(found, col) {
			one = false
		}
		found = col
	})
	return found, one && found != nil && !isID(found)
}

// eachColumn calls f with what an expression reads of a row; with the expression itself where that is not an
// attribute or property.
func eachColumn(x plan.Expr, f func(plan.Expr)) {
	switch x := x.(type) {
	case *plan.Attr, *plan.Prop:
		f(x)
		return
	case *plan.Member:
		f(&plan.Attr{ID: x.Attr, T: plan.Of(schema.KindTimestamp)})
		return
	case *plan.Call:
		if x.Fn == plan.FnBucket {
			f(&plan.Attr{ID: schema.AttrIDOf, T: plan.Of(schema.KindText)})
		}
	}
	for _, y := range operands(x) {
		eachColumn(y, f)
	}
}

func sameColumn(x, y plan.Expr) bool {
	switch x := x.(type) {
	case *plan.Attr:
		y, ok := y.(*plan.Attr)
		return ok && x.ID == y.ID
	case *plan.Prop:
		y, ok := y.(*plan.Prop)
		if !ok || len(x.ByEvent) != len(y.ByEvent) {
			return false
		}
		for e, p := range x.ByEvent {
			if y.ByEvent[e] != p {
				return false
			}
		}
		return true
	}
	return false
}

// eachChunk calls f with the chunks of the coder's column that the program reads, until f says false.
func (k *coder) eachChunk(p *Program, f func(*column.Chunk) bool) bool {
	if k.col.props == nil {
		for chunk := range p.view.Chunks() {
			if c := p.view.Column(k.col.attr, chunk); c != nil && !f(c) {
				return false
			}
		}
		return true
	}
	var values column.Chunk
	id, ok := k.col.props[p.query.From]
	if !ok {
		return true
	}
	return p.eachTile(func(w cursorWindow) bool {
		for _, b := range w.blocks {
			if b.PropInto(id, &values) && !f(&values) {
				return false
			}
		}
		return true
	})
}

// byDict takes the codes of the dictionary.
func (k *coder) byDict(p *Program) bool {
	if k.col.props == nil {
		if k.dict = p.view.Dict(k.col.attr); k.dict == nil {
			return k.eachChunk(p, func(c *column.Chunk) bool { return c.Enc() == column.AllNull }) && k.of(0)
		}
		return k.of(k.dict.Len())
	}
	k.eachChunk(p, func(c *column.Chunk) bool {
		k.dict = c.Dict()
		return k.dict == nil
	})
	if k.dict == nil {
		return k.of(0)
	}
	return k.of(k.dict.Len())
}

func (k *coder) of(values int) bool {
	k.codes = values + 1
	return values < maxCodes
}

// byValue takes the distance from the smallest value.
func (k *coder) byValue(p *Program) bool {
	lo, hi, any := int64(0), int64(-1), false
	ok := k.eachChunk(p, func(c *column.Chunk) bool {
		from, to, ok := c.MinMax()
		switch {
		case !ok:
			return c.Enc() == column.AllNull
		case !any:
			lo, hi, any = from, to, true
		}
		if c.Enc() == column.Narrow && c.Width() <= 2 {
			from = min(from, c.Base()) // raw values become codes by adding a distance that is not negative
		}
		lo, hi = min(lo, from), max(hi, to)
		return uint64(hi)-uint64(lo) < maxCodes
	})
	k.lo = lo
	return ok && k.of(int(hi-lo)+1)
}

// appendKey appends the key of the term's value for a code.
func (k *coder) appendKey(dst []byte, code int) ([]byte, error) {
	if k.expr == nil {
		switch {
		case code == k.null():
			return group.AppendNull(dst), nil
		case k.dict != nil:
			return group.AppendText(dst, k.dict.Text(uint32(code))), nil
		case k.pieces == nil:
			return group.AppendWord(dst, k.lo+int64(code)), nil
		}
	}
	v, err := k.expr.Value(oneValue{v: k.value(code)})
	return group.AppendValue(dst, v, k.typ), err
}

// value returns the column's value that a code stands for.
func (k *coder) value(code int) schema.Value {
	switch t := k.col.typ; {
	case code == k.null():
		return schema.Value{}
	case k.pieces != nil:
		return schema.Value{Kind: schema.KindTimestamp, I: k.pieces.start[code]}
	case k.dict != nil:
		return schema.Value{Kind: schema.KindText, S: k.dict.Text(uint32(code))}
	default:
		return schema.Value{Kind: t.Kind, Scale: t.Scale, I: k.lo + int64(code)}
	}
}

// oneValue is a row all of whose columns have one value.
type oneValue struct {
	noRowAt
	v schema.Value
}

// Attr returns the value.
func (r oneValue) Attr(schema.AttrID) schema.Value { return r.v }

// Prop returns the value.
func (r oneValue) Prop(*plan.Prop) schema.Value { return r.v }

// strip is rows of a source with their codes: off + u8[i] or off + u16[i], or off where there is neither. Rows
// that are not in the mask have none; a nil mask takes all.
type strip struct {
	mask []uint64
	u8   []uint8
	u16  []uint16
	off  int
	// hist is how many rows each code of u8 has, if that is known and all rows count.
	hist []uint32
}

// codeBufs is the memory of one coder in one run.
type codeBufs struct {
	codes   []uint16
	contact []uint16 // of the contacts of a chunk, for a coder of contacts in a statement over events
	chunk   int      // which; −1: none
	strips  []strip
	src     source
}

// strips appends the codes of rows (nil: all) of a source; false if the column has none there. They are
// scratch of the worker, or lie in b.
func (k *coder) strips(w *Worker, s *source, rows []uint64, b *codeBufs, out []strip) ([]strip, bool) {
	if !k.contact {
		return k.ownStrips(w, s, rows, &b.codes, out)
	}
	if b.chunk != s.chunk && !k.contactCodes(w, s.chunk, b) {
		return out, false
	}
	codes := sized(&b.codes, s.n)
	kernel.Gather16(codes, b.contact, s.block.Rows())
	return append(out, strip{mask: rows, u16: codes}), true
}

// contactCodes gives each contact of a chunk its code.
func (k *coder) contactCodes(w *Worker, chunk int, b *codeBufs) bool {
	b.chunk = -1
	b.src = source{n: w.view.ChunkLen(chunk), chunk: chunk}
	b.contact = sized(&b.contact, kernel.Rows)
	clear(b.contact)
	strips, ok := k.ownStrips(w, &b.src, nil, &b.codes, b.strips[:0])
	if b.strips = strips; !ok {
		return false
	}
	for i := range strips {
		combine(b.contact[:b.src.n], &strips[i], 1)
	}
	b.chunk = chunk
	return true
}

// ownStrips appends the codes of rows of a source whose own the column is.
func (k *coder) ownStrips(w *Worker, s *source, rows []uint64, buf *[]uint16, out []strip) ([]strip, bool) {
	if k.pieces != nil {
		return k.timeStrips(w, s, rows, buf, out)
	}
	c := w.column(s, &k.col)
	if c == nil || c.Enc() == column.AllNull {
		return append(out, strip{mask: rows, off: k.null()}), true
	}
	if c.Len() < s.n {
		return out, false
	}
	whole := rows == nil && c.Len() == s.n
	if valid := c.Valid(); valid != nil {
		null, some := w.words(s.n), w.words(s.n)
		kernel.NotOf(null, valid[:len(null)], s.n)
		copy(some, valid)
		kernel.Trim(some, s.n)
		if rows != nil {
			kernel.And(null, rows)
			kernel.And(some, rows)
		}
		if kernel.Any(null) {
			out = append(out, strip{mask: null, off: k.null()})
			rows = some
		}
	}
	out, ok := k.valueStrips(w, s, c, rows, buf, out)
	if last := len(out) - 1; whole && ok && out[last].u8 != nil {
		out[last].hist = c.Histogram()
	}
	return out, ok
}

// valueStrips appends the codes of rows that are not null.
func (k *coder) valueStrips(w *Worker, s *source, c *column.Chunk, rows []uint64, buf *[]uint16, out []strip) ([]strip, bool) {
	st := strip{mask: rows}
	switch c.Enc() {
	case column.Const:
		st.off = int(c.Base() - k.lo)
		return append(out, st), true
	case column.Bits:
		yes, no := w.words(s.n), w.words(s.n)
		copy(yes, c.Bits())
		kernel.Trim(yes, s.n)
		if rows == nil {
			kernel.NotOf(no, yes, s.n)
		} else {
			kernel.And(yes, rows)
			copy(no, rows)
			kernel.AndNot(no, yes)
		}
		return append(out, strip{mask: yes, off: int(1 - k.lo)}, strip{mask: no, off: int(0 - k.lo)}), true
	case column.Codes, column.Narrow:
		if c.Width() > 2 || c.Base() < k.lo { // wider than its values need
			st.u16 = sized(buf, s.n)
			for i := range st.u16 {
				st.u16[i] = uint16(c.Int(i) - k.lo)
			}
			return append(out, st), true
		}
		st.off = int(c.Base() - k.lo)
		if c.Width() == 1 {
			st.u8 = c.U8()[:s.n]
		} else {
			st.u16 = c.U16()[:s.n]
		}
		return append(out, st), true
	}
	return out, false
}
