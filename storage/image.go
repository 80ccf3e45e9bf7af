package storage

import (
	"fmt"
	"io"
	"slices"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/section"
	"github.com/musterdb/muster/storage/slab"
	"github.com/musterdb/muster/storage/tile"
)

// ImageVersion is the version of the format of docs/reference/format-image.md that WriteImage writes.
// ReadImage also reads version 1, whose schema knows no segments.
const ImageVersion = 2

const oldestImage = 1 // that ReadImage reads

// The kinds of sections, in the order in which they occur.
const (
	sectionEnd    = 0 // nothing: the image is complete
	sectionHead   = 1 // version, schema, row lists
	sectionIDs    = 2 // one per chunk: live bits and ids
	sectionColumn = 3 // one per attribute with data: id and dictionary
	sectionChunk  = 4 // the column's chunks, after it
	sectionEvents = 5 // nothing; package tile's own image follows
)

// WriteImage writes all of a view, of a shard under its latch or of a pin. Shards that applied the same
// changes write the same bytes, also if one of them was restored from an image in between.
func WriteImage(v *View, out io.Writer) error {
	w := section.NewWriter(out)
	var e section.Encoder
	if err := w.Section(sectionHead, v.appendHead(&e)); err != nil {
		return err
	}
	for c := range v.Chunks() {
		e.Reset()
		section.Array(&e, v.live[c].words)
		e.Bool(v.ids[c].numeric())
		v.ids[c].values.AppendImage(&e)
		if err := w.Section(sectionIDs, e.B); err != nil {
			return err
		}
	}
	for k := range v.cols {
		if err := v.cols[k].write(w, &e); err != nil {
			return err
		}
	}
	if err := w.Section(sectionEvents, nil); err != nil {
		return err
	}
	if _, err := v.Events.WriteTo(out); err != nil {
		return fmt.Errorf("write image, events: %w", err)
	}
	return w.Section(sectionEnd, nil)
}

func (v *View) appendHead(e *section.Encoder) []byte {
	e.Uint(ImageVersion)
	e.Bytes(change.EncodeSchema(nil, v.schema))
	e.Uint(uint64(v.rows))
	for _, list := range [][]uint32{v.free, v.dead, v.sweep.rows} {
		e.Uint(uint64(len(list)))
		section.Array(e, list)
	}
	e.Uint(uint64(v.sweep.from.Event))
	e.Uint(uint64(v.sweep.from.Span))
	e.Uint(uint64(len(v.cols)))
	return e.B
}

func (col *attrColumn) write(w *section.Writer, e *section.Encoder) error {
	n := 0
	for _, c := range col.chunks {
		if c != nil {
			n++
		}
	}
	e.Reset()
	e.Uint(uint64(col.id))
	e.Uint(uint64(n))
	if col.dict != nil {
		col.dict.AppendImage(e, col.mark)
	}
	if err := w.Section(sectionColumn, e.B); err != nil {
		return err
	}
	for i, c := range col.chunks {
		if c == nil {
			continue
		}
		e.Reset()
		e.Uint(uint64(i))
		c.AppendImage(e)
		if err := w.Section(sectionChunk, e.B); err != nil {
			return err
		}
	}
	return nil
}

// ReadImage reads a shard that WriteImage wrote, and nothing after it. It believes nothing: a damaged or
// hostile image gives an error, a *section.Error with the section and the offset where it can say, and no
// memory stays taken.
func ReadImage(alloc *slab.Allocator, in io.Reader) (*Shard, error) {
	s := newShard(alloc)
	if err := s.read(section.NewReader(in), in); err != nil {
		s.Free()
		return nil, err
	}
	return s, nil
}

func (s *Shard) read(r *section.Reader, in io.Reader) error {
	cols, err := s.readHead(r)
	if err != nil {
		return err
	}
	for c := range s.Chunks() {
		if err := s.readIDs(r, c); err != nil {
			return err
		}
	}
	if err := s.checkLists(r); err != nil {
		return err
	}
	for range cols {
		if err := s.readColumn(r); err != nil {
			return err
		}
	}
	if err := s.checkCreated(r); err != nil {
		return err
	}
	if err := s.readEvents(r, in); err != nil {
		return err
	}
	d, err := r.Next(sectionEnd)
	if err != nil {
		return err
	}
	return d.End()
}

func (s *Shard) readHead(r *section.Reader) (columns int, err error) {
	d, err := r.Next(sectionHead)
	if err != nil {
		return 0, err
	}
	if v := d.Uint(); d.Err() == nil && (v < oldestImage || v > ImageVersion) {
		d.Fail("version %d of the format, this program knows %d to %d", v, oldestImage, ImageVersion)
		return 0, d.Err()
	}
	sch, err := change.DecodeSchema(d.Bytes(d.Left()))
	if err != nil {
		d.Fail("schema: %w", err)
		return 0, d.Err()
	}
	s.schema = sch
	s.rows = d.Count(schema.MaxRowsPerShard)
	for _, list := range []*[]uint32{&s.free, &s.dead, &s.sweep.rows} {
		*list = readRows(d, s.rows)
	}
	s.sweep.from = tile.Cursor{Event: schema.EventID(d.Uint32()), Span: d.Uint32()}
	columns = d.Count(schema.MaxAttributes + schema.MaxSegments + 1)
	if err := d.End(); err != nil {
		return 0, err
	}
	return columns, nil
}

// readRows reads a list of rows onto the Go heap.
func readRows(d *section.Decoder, rows int) []uint32 {
	n := d.Count(min(rows, d.Left()/4))
	list := section.Slice[uint32](d, goHeap{}, n)
	for _, row := range list {
		if int64(row) >= int64(rows) {
			d.Fail("row %d of %d", row, rows)
			return nil
		}
	}
	return list
}

// goHeap is a slab.Source of garbage-collected memory.
type goHeap struct{}

func (goHeap) Allocate(n int) []byte {
	return slab.Bytes(make([]uint64, (n+7)/8))[:n]
}

func (goHeap) Reallocate(n int, b []byte) []byte {
	out := goHeap{}.Allocate(n)
	copy(out, b)
	return out
}

func (goHeap) Free([]byte) {}

// readIDs reads a chunk's live bits and ids and puts them into the index.
func (s *Shard) readIDs(r *section.Reader, c int) error {
	d, err := r.Next(sectionIDs)
	if err != nil {
		return err
	}
	n := s.ChunkLen(c)
	l := liveBits{words: section.Slice[uint64](d, s.arena, (n+63)/64), born: s.arena.Epoch()}
	s.live = append(s.live, l)
	kind := schema.KindText
	if d.Bool() {
		kind = schema.KindInt
	}
	values := column.ReadChunk(d, s.arena, schema.Type{Kind: kind}, nil, n)
	if values == nil {
		values = column.NewPlain(s.arena)
	}
	s.ids = append(s.ids, &IDs{values})
	if err := d.End(); err != nil {
		return err
	}
	for i := range n {
		alive := l.words[i>>6]>>(i&63)&1 != 0
		if alive == values.Null(i) {
			d.Fail("row %d: live bit and id disagree", i)
			return d.Err()
		}
		if alive {
			if why := s.readID(c, i); why != "" {
				d.Fail("row %d: %s", i, why)
				return d.Err()
			}
		}
	}
	if n&63 != 0 && l.words[n>>6]>>(n&63) != 0 {
		d.Fail("live bits beyond the last row")
	}
	return d.Err()
}

// readID indexes the id of a live row.
func (s *Shard) readID(c, i int) string {
	var buf [64]byte
	k := keyOf(s.ids[c].Append(buf[:0], i))
	switch {
	case len(k.id) == 0 || len(k.id) > schema.MaxIDBytes:
		return fmt.Sprintf("an id of %d bytes", len(k.id))
	case s.ids[c].numeric() && !k.isNum:
		return "a negative id"
	}
	if _, found := s.Lookup(k.id); found {
		return fmt.Sprintf("the id %q occurs twice", k.id)
	}
	s.index.insert(&s.View, k.hash, uint32(c<<16|i))
	s.live[c].n++
	s.alive++
	return ""
}

// checkLists makes sure that every row is alive or in exactly one of the lists of dead rows.
func (s *Shard) checkLists(r *section.Reader) error {
	seen := make(map[uint32]bool, len(s.free)+len(s.dead)+len(s.sweep.rows))
	for _, list := range [][]uint32{s.free, s.dead, s.sweep.rows} {
		for _, row := range list {
			if seen[row] || s.Alive(row) {
				return badImage(r, "dead row %d is alive or listed twice", row)
			}
			seen[row] = true
		}
	}
	for _, row := range s.sweep.rows {
		if row>>16 != s.sweep.rows[0]>>16 {
			return badImage(r, "a sweep of more than one chunk")
		}
	}
	if len(seen) != s.rows-s.alive {
		return badImage(r, "%d rows are dead, but %d are listed", s.rows-s.alive, len(seen))
	}
	return nil
}

func badImage(r *section.Reader, format string, args ...any) error {
	return &section.Error{Offset: r.Offset(), Err: fmt.Errorf(format, args...)}
}

// readColumn reads one attribute's dictionary and chunks.
func (s *Shard) readColumn(r *section.Reader) error {
	d, err := r.Next(sectionColumn)
	if err != nil {
		return err
	}
	id, chunks := schema.AttrID(d.Uint32()), d.Count(s.Chunks())
	a, ok := s.schema.AttrByID(id)
	if !ok || id == schema.AttrIDOf || len(s.cols) > 0 && s.cols[len(s.cols)-1].id >= id {
		d.Fail("attribute %d is not in the schema or out of order", id)
	}
	col := attrColumn{id: id, typ: a.Type}
	if d.Err() == nil && (a.Type.Kind == schema.KindText || a.Type.Kind == schema.KindSet) {
		if col.dict = column.ReadDict(d, s.arena); col.dict != nil {
			col.mark = col.dict.Mark()
		}
	}
	s.cols = append(s.cols, col) // from here on Free finds it
	if err := d.End(); err != nil {
		return err
	}
	for range chunks {
		if err := s.readChunk(r, &s.cols[len(s.cols)-1]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Shard) readChunk(r *section.Reader, col *attrColumn) error {
	d, err := r.Next(sectionChunk)
	if err != nil {
		return err
	}
	c := d.Count(s.Chunks())
	if c >= s.Chunks() || c < len(col.chunks) {
		d.Fail("chunk %d of %d is out of order", c, s.Chunks())
		return d.Err()
	}
	values := column.ReadChunk(d, s.arena, col.typ, col.dict, s.ChunkLen(c))
	for len(col.chunks) < c {
		col.chunks = append(col.chunks, nil)
	}
	col.chunks = append(col.chunks, values)
	if err := d.End(); err != nil {
		return err
	}
	for i := range s.ChunkLen(c) {
		if !values.Null(i) && !s.Alive(uint32(c<<16|i)) {
			d.Fail("dead row %d has a value", i)
			return d.Err()
		}
	}
	return nil
}

// readEvents reads package tile's image, which begins right behind its section, and makes sure that it
// fits the schema and the rows.
func (s *Shard) readEvents(r *section.Reader, in io.Reader) error {
	d, err := r.Next(sectionEvents)
	if err != nil {
		return err
	}
	if err := d.End(); err != nil {
		return err
	}
	store, err := tile.Read(in, s.arena)
	if err != nil {
		return &section.Error{Kind: sectionEvents, Offset: r.Offset(), Err: err}
	}
	s.store.Free()
	s.store, s.Events = store, &store.View
	tx := store.Begin()
	if err := tx.SetSchema(s.schema); err != nil {
		tx.Abort()
		return badImage(r, "events: %w", err)
	}
	tx.Commit()
	return s.checkEvents(r)
}

// checkEvents makes sure that every event is of a contact, or of a deleted one that waits for its sweep.
func (s *Shard) checkEvents(r *section.Reader) error {
	may := make([][]uint64, s.Chunks())
	for c := range may {
		may[c] = slices.Clone(s.Live(c))
	}
	for _, list := range [][]uint32{s.dead, s.sweep.rows} {
		for _, row := range list {
			may[row>>16][row&0xffff>>6] |= 1 << (row & 63)
		}
	}
	for i := range s.schema.Events {
		id := s.schema.Events[i].ID
		if s.Events.Chunks(id) > len(may) {
			return badImage(r, "events of chunk %d of %d", s.Events.Chunks(id)-1, len(may))
		}
		for c := range may {
			if row, ok := strange(s.Tile(id, c), may[c]); ok {
				return badImage(r, "an event of row %d of chunk %d, which holds no contact", row, c)
			}
		}
	}
	return nil
}

// strange returns a row of a tile's events that is not among the given ones.
func strange(t *tile.Tile, rows []uint64) (uint16, bool) {
	if t == nil {
		return 0, false
	}
	for _, b := range t.Blocks() {
		for _, r := range b.Rows() {
			if w := int(r >> 6); w >= len(rows) || rows[w]>>(r&63)&1 == 0 {
				return r, true
			}
		}
	}
	return 0, false
}

// checkCreated makes sure that every contact has created_at.
func (s *Shard) checkCreated(r *section.Reader) error {
	for c := range s.Chunks() {
		values := s.Column(schema.AttrCreatedAt, c)
		if s.live[c].n > 0 && (values == nil || values.Len()-values.NullCount() != s.live[c].n) {
			return badImage(r, "a contact of chunk %d has no created_at", c)
		}
	}
	return nil
}
