package storage

import (
	"fmt"
	"slices"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
)

// upsertStep creates contacts and stores values. Columns are stored one after the other; only if some
// operation depends on the value before it and may not fit, rows are.
type upsertStep struct {
	*targets
	part    int
	stamp   int64
	cols    []upsertColumn
	byRow   bool
	missing int
	origin  []uint32 // of an Existing: the part's rows that found their contact; nil if all did
}

// upsertColumn is one column of an upsert with its texts resolved to codes.
type upsertColumn struct {
	src  *change.Column
	name string
	attr schema.AttrID
	dict *column.Dict
	// codes of TEXT rows, or of all elements of SETs (row i's are codes[setOff[i]:setOff[i+1]], ascending
	// and unique). noCode is a text that a full dictionary does not hold.
	codes  []uint32
	setOff []uint32
}

const noCode = ^uint32(0)

func (p *Prepared) upsert(part int, c *change.Upsert) error {
	st := &upsertStep{part: part, stamp: c.Stamp, cols: make([]upsertColumn, 0, len(c.Cols))}
	if c.Existing {
		c = p.existing(st, c)
	}
	t, err := p.targets(&c.IDs)
	if err != nil {
		return err
	}
	st.targets = t
	p.serve = p.s.alive + len(t.created)
	for i := range c.Cols {
		if p.droppedAttr(c.Cols[i].ID) {
			continue
		}
		col, err := p.upsertColumn(&c.Cols[i], c.IDs.Len())
		if err != nil {
			return err
		}
		st.cols = append(st.cols, col)
		st.byRow = st.byRow || slices.Contains(c.Cols[i].Ops, change.OpAdd)
	}
	p.steps = append(p.steps, st)
	return nil
}

// existing returns the rows of a part whose contact exists; the others do nothing.
func (p *Prepared) existing(st *upsertStep, c *change.Upsert) *change.Upsert {
	n := c.IDs.Len()
	found := make([]uint32, 0, n)
	for i := range n {
		if _, ok := p.resolve(keyOf(c.IDs.At(i))); ok {
			found = append(found, uint32(i))
		}
	}
	if len(found) == n {
		return c
	}
	st.missing, st.origin = n-len(found), found
	return change.Pick(c, found).(*change.Upsert)
}

// droppedAttr says whether an attribute was there once. A change that was made before the drop and comes
// after it does what it would have done just before: its values for the attribute vanish.
func (p *Prepared) droppedAttr(id uint32) bool {
	_, ok := p.schema.AttrByID(schema.AttrID(id))
	return !ok && id >= uint32(schema.FirstAttrID) && id < uint32(p.schema.NextAttr)
}

func (p *Prepared) upsertColumn(c *change.Column, rows int) (upsertColumn, error) {
	a, ok := p.schema.AttrByID(schema.AttrID(c.ID))
	switch {
	case !ok:
		return upsertColumn{}, fmt.Errorf("the base has no attribute %d", c.ID)
	case a.ID == schema.AttrIDOf:
		return upsertColumn{}, fmt.Errorf("the id of a contact cannot be set")
	case a.Type != c.Type:
		return upsertColumn{}, fmt.Errorf("attribute %q is %v, the change holds %v", a.Name, a.Type, c.Type)
	}
	if err := c.Check(rows); err != nil {
		return upsertColumn{}, fmt.Errorf("attribute %q: %w", a.Name, err)
	}
	u := upsertColumn{src: c, name: a.Name, attr: a.ID}
	switch a.Type.Kind {
	case schema.KindText:
		u.dict = p.dictOf(a.ID)
		u.codes = textCodes(c, rows, u.dict)
	case schema.KindSet:
		u.dict = p.dictOf(a.ID)
		u.setCodes(rows)
	}
	return u, nil
}

// dictOf returns an attribute's dictionary. One that is new belongs to the change until it is committed.
func (p *Prepared) dictOf(attr schema.AttrID) *column.Dict {
	d := p.s.Dict(attr)
	if d == nil {
		d = p.dicts[attr]
	}
	if d == nil {
		if p.dicts == nil {
			p.dicts = map[schema.AttrID]*column.Dict{}
		}
		d = column.NewDict(p.s.arena)
		p.dicts[attr] = d
	}
	d.SetRows(p.serve)
	return d
}

// textCodes resolves a TEXT column; texts of a dictionary in the change are looked up once each.
func textCodes(c *change.Column, rows int, d *column.Dict) []uint32 {
	codes := make([]uint32, rows)
	if c.Codes == nil {
		for i := range codes {
			if c.Op(i).Sets() {
				codes[i] = codeFor(d, c.Texts.At(i))
			}
		}
		return codes
	}
	memo := newMemo(c.Texts.Len())
	for i := range codes {
		if !c.Op(i).Sets() {
			continue
		}
		at := c.Codes[i]
		if !memo.known[at] {
			memo.known[at], memo.code[at] = true, codeFor(d, c.Texts.At(int(at)))
		}
		codes[i] = memo.code[at]
	}
	return codes
}

// memo remembers the codes of a change's own dictionary.
type memo struct {
	known []bool
	code  []uint32
}

func newMemo(n int) memo { return memo{make([]bool, n), make([]uint32, n)} }

// codeFor returns the code of a text, making one unless the dictionary is full.
func codeFor(d *column.Dict, text []byte) uint32 {
	if code, ok := d.Code(text); ok {
		return code
	}
	if d.Full() {
		return noCode
	}
	return d.Add(text)
}

// setCodes resolves a SET column. Elements to be removed that no set ever held have no code and are left
// out.
func (u *upsertColumn) setCodes(rows int) {
	c := u.src
	memo := newMemo(c.Texts.Len())
	u.setOff = make([]uint32, rows+1)
	for i := range rows {
		from := len(u.codes)
		op := c.Op(i)
		if op == change.OpSkip || op == change.OpNull {
			u.setOff[i+1] = uint32(from)
			continue
		}
		for e := c.SetOff[i]; e < c.SetOff[i+1]; e++ {
			u.codes = u.appendElem(&memo, e, op)
		}
		own := u.codes[from:]
		slices.Sort(own)
		u.codes = u.codes[:from+len(slices.Compact(own))]
		u.setOff[i+1] = uint32(len(u.codes))
	}
}

func (u *upsertColumn) appendElem(memo *memo, e uint32, op change.Op) []uint32 {
	at := e
	if u.src.Codes != nil {
		at = u.src.Codes[e]
	}
	if memo.known[at] {
		return append(u.codes, memo.code[at])
	}
	text := u.src.Texts.At(int(at))
	code, ok := u.dict.Code(text)
	if !ok {
		if op == change.OpRemove {
			return u.codes
		}
		code = u.dict.Add(text)
	}
	memo.known[at], memo.code[at] = true, code
	return append(u.codes, code)
}

func (u *upsertColumn) set(i int) []uint32 { return u.codes[u.setOff[i]:u.setOff[i+1]] }

func (st *upsertStep) commit(s *Shard, r *change.Result) {
	s.createAll(st.created, st.stamp, st.createdAt())
	rejected := 0
	if st.byRow {
		rejected = st.rowByRow(s, r)
	} else {
		for k := range st.cols {
			s.storeColumn(&st.cols[k], st.rows)
		}
	}
	r.Created += uint64(len(st.created))
	r.Updated += uint64(len(st.rows) - len(st.created) - rejected)
	r.Missing += uint64(st.missing)
}

// createdAt returns the part's column of created_at, or nil.
func (st *upsertStep) createdAt() *change.Column {
	for k := range st.cols {
		if st.cols[k].attr == schema.AttrCreatedAt {
			return st.cols[k].src
		}
	}
	return nil
}

// storeColumn stores a column without OpAdd.
func (s *Shard) storeColumn(u *upsertColumn, rows []uint32) {
	w := s.writer(u)
	switch kind := u.src.Type.Kind; {
	case u.src.Ops == nil && kind == schema.KindText:
		for i, row := range rows {
			w.text(w.at(row), row, i)
		}
	case u.src.Ops == nil && u.src.Ints != nil:
		for i, row := range rows {
			w.at(row).SetInt(int(row&0xffff), u.src.Ints[i])
		}
	default:
		for i, row := range rows {
			w.apply(row, i)
		}
	}
	w.leave()
}

// writer stores the cells of one column; it keeps the chunk of the row before.
type writer struct {
	s     *Shard
	u     *upsertColumn
	col   *attrColumn
	c     int
	chunk *column.Chunk
	buf   []uint32
}

func (s *Shard) writer(u *upsertColumn) writer {
	return writer{s: s, u: u, col: s.column(u.attr, u.src.Type, u.dict), c: -1}
}

// at returns the chunk of a row, to be written.
func (w *writer) at(row uint32) *column.Chunk {
	if c := int(row >> 16); c != w.c {
		w.leave()
		w.c, w.chunk = c, w.s.chunkFor(w.col, c)
	}
	return w.chunk
}

// peek returns the chunk of a row, to be read; nil if there is none.
func (w *writer) peek(row uint32) *column.Chunk {
	if c := int(row >> 16); c < len(w.col.chunks) {
		return w.col.chunks[c]
	}
	return nil
}

// leave makes the chunk that was written as long as its rows.
func (w *writer) leave() {
	if w.chunk != nil {
		w.chunk.ExtendNull(w.s.ChunkLen(w.c))
	}
	w.c, w.chunk = -1, nil
}

func (w *writer) null(row uint32) bool { return absent(w.peek(row), int(row&0xffff)) }

func (w *writer) text(c *column.Chunk, row uint32, i int) {
	if code := w.u.codes[i]; code != noCode {
		c.SetTextCode(int(row&0xffff), code)
		return
	}
	c.SetText(int(row&0xffff), w.u.src.Text(i))
}

// apply does what the column does to element i's row. An OpAdd must have been checked to fit.
func (w *writer) apply(row uint32, i int) {
	switch w.u.src.Op(i) {
	case change.OpSet:
		w.set(row, i)
	case change.OpNull:
		if w.u.attr != schema.AttrCreatedAt && !w.null(row) {
			w.at(row).SetNull(int(row & 0xffff))
		}
	case change.OpFill:
		if w.null(row) {
			w.set(row, i)
		}
	case change.OpAdd:
		w.add(row, i)
	case change.OpRemove:
		if !w.null(row) {
			c, at := w.at(row), int(row&0xffff)
			w.buf = c.AppendSet(w.buf[:0], at)
			c.SetCodes(at, without(w.buf, w.u.set(i)))
		}
	}
}

func (w *writer) set(row uint32, i int) {
	c, at, src := w.at(row), int(row&0xffff), w.u.src
	switch src.Type.Kind {
	case schema.KindText:
		w.text(c, row, i)
	case schema.KindSet:
		c.SetCodes(at, w.u.set(i))
	case schema.KindFloat:
		c.SetFloat(at, src.Floats[i])
	default:
		c.SetInt(at, src.Ints[i])
	}
}

func (w *writer) add(row uint32, i int) {
	at, src := int(row&0xffff), w.u.src
	switch {
	case src.Type.Kind == schema.KindSet:
		w.at(row).SetCodes(at, w.union(row, i))
	case w.null(row):
		w.set(row, i)
	case src.Type.Kind == schema.KindFloat:
		c := w.at(row)
		c.SetFloat(at, c.Float(at)+src.Floats[i])
	default:
		c := w.at(row)
		c.SetInt(at, c.Int(at)+src.Ints[i])
	}
}

// union returns the row's set with the elements of element i; it is valid until the next call.
func (w *writer) union(row uint32, i int) []uint32 {
	w.buf = w.buf[:0]
	if !w.null(row) {
		w.buf = w.peek(row).AppendSet(w.buf, int(row&0xffff))
	}
	w.buf = append(w.buf, w.u.set(i)...)
	slices.Sort(w.buf)
	w.buf = slices.Compact(w.buf)
	return w.buf
}

// without removes from a the elements of b, both ascending, in place.
func without(a, b []uint32) []uint32 {
	out := a[:0]
	for _, v := range a {
		if _, found := slices.BinarySearch(b, v); !found {
			out = append(out, v)
		}
	}
	return out
}
