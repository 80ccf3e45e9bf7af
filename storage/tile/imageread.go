package tile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"time"

	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// CorruptError says that an image does not hold what it must. The image cannot be used.
type CorruptError struct {
	Offset int64 // of the section
	Reason string
}

// Error says where and why.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("event image: section at byte %d: %s", e.Offset, e.Reason)
}

// Read returns the store that an image holds. It checks every byte that memory or answers depend on; what
// it allocates is bounded by what it reads. Errors are *CorruptError or the reader's own.
func Read(r io.Reader, arena *slab.Arena) (*Store, error) {
	ir := &imageReader{r: r, s: New(arena)}
	ir.s.takeScratch()
	err := ir.read()
	ir.s.giveScratch()
	if err != nil {
		ir.s.Free()
		return nil, err
	}
	return ir.s, nil
}

type imageReader struct {
	r    io.Reader
	at   int64 // offset behind the section
	from int64 // offset of the section
	s    *Store
	buf  bytes.Buffer
	p    []byte // what is left of the payload
	bad  string // why the section is damaged; the first reason stays
}

func (r *imageReader) fail(format string, args ...any) {
	if r.bad == "" {
		r.bad = fmt.Sprintf(format, args...)
	}
}

func (r *imageReader) err() error {
	if r.bad == "" {
		return nil
	}
	return &CorruptError{r.from, r.bad}
}

// take returns the next n bytes of the payload; zeros if they are missing.
func (r *imageReader) take(n int) []byte {
	if n < 0 || n > len(r.p) {
		r.fail("it ends early")
		r.p = nil
		return nil
	}
	b := r.p[:n]
	r.p = r.p[n:]
	return b
}

func (r *imageReader) number(n int) uint64 {
	var b [8]byte
	copy(b[:], r.take(n))
	return binary.LittleEndian.Uint64(b[:])
}

func (r *imageReader) u8() uint8   { return uint8(r.number(1)) }
func (r *imageReader) u16() uint16 { return uint16(r.number(2)) }
func (r *imageReader) u32() uint32 { return uint32(r.number(4)) }
func (r *imageReader) i64() int64  { return int64(r.number(8)) }

// section reads the next section.
func (r *imageReader) section() (kind uint8, err error) {
	var head [13]byte
	r.from = r.at
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		return 0, r.broken(err)
	}
	size := binary.LittleEndian.Uint64(head[1:])
	if size > 1<<40 {
		return 0, &CorruptError{r.from, fmt.Sprintf("a length of %d bytes", size)}
	}
	r.buf.Reset()
	if _, err := io.CopyN(&r.buf, r.r, int64(size)); err != nil {
		return 0, r.broken(err)
	}
	r.p = r.buf.Bytes()
	r.at += int64(len(head)) + int64(size)
	if sum := sumOf(head[0], r.p); sum != binary.LittleEndian.Uint32(head[9:]) {
		return 0, &CorruptError{r.from, "the checksum does not fit the bytes"}
	}
	return head[0], nil
}

func (r *imageReader) broken(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &CorruptError{r.from, "the image ends early"}
	}
	return err
}

func (r *imageReader) read() error {
	kind, err := r.section()
	if err != nil {
		return err
	}
	if version := r.u32(); kind != secHead || version != imageVersion {
		return &CorruptError{r.from, fmt.Sprintf("kind %d, version %d: this program reads images of version %d", kind, version, imageVersion)}
	}
	types := int(r.u32())
	for {
		if kind, err = r.section(); err != nil {
			return err
		}
		switch kind {
		case secType:
			r.readType()
		case secDict:
			r.readDict()
		case secTile:
			r.readTile()
		case secEnd:
			if len(r.s.types) != types {
				r.fail("%d event types where the head says %d", len(r.s.types), types)
			}
		default:
			r.fail("unknown kind %d", kind)
		}
		if len(r.p) > 0 {
			r.fail("%d bytes too many", len(r.p))
		}
		if err := r.err(); err != nil || kind == secEnd {
			return err
		}
	}
}

func (r *imageReader) readType() {
	info := &typeInfo{id: schema.EventID(r.u32()), hasID: r.u8() == 1, keep: r.i64()}
	if n := len(r.s.types); n > 0 && r.s.types[n-1].info.id >= info.id {
		r.fail("event type %d comes too late", info.id)
	}
	if info.keep < 0 || info.keep > int64(1<<63-1)/int64(time.Millisecond) {
		r.fail("a retention of %d ms", info.keep)
	}
	n := int(r.u16())
	for range n {
		p := propInfo{id: schema.PropID(r.u32()), typ: schema.Type{Kind: schema.Kind(r.u8()), Scale: r.u8()}}
		if r.bad != "" {
			return
		}
		if _, twice := info.slot(p.id); twice || !p.typ.Storable() {
			r.fail("property %d of event type %d is of type %v or there twice", p.id, info.id, p.typ)
			return
		}
		if p.typ.Kind == schema.KindText || p.typ.Kind == schema.KindSet {
			p.texts = column.NewDict(r.s.arena)
		}
		if p.typ.Kind == schema.KindSet {
			p.sets = column.NewDict(r.s.arena)
		}
		info.props = append(info.props, p)
	}
	r.s.types = append(r.s.types, eventType{info: info})
}

// last returns the type that the section belongs to.
func (r *imageReader) last() *eventType {
	if len(r.s.types) == 0 {
		r.fail("it comes before an event type")
		return nil
	}
	return &r.s.types[len(r.s.types)-1]
}

func (r *imageReader) readDict() {
	slot, which, n := int(r.u16()), r.u8(), int(r.u32())
	t := r.last()
	if t == nil {
		return
	}
	if slot >= len(t.info.props) || which > 1 {
		r.fail("a dictionary of property %d, kind %d", slot, which)
		return
	}
	p := &t.info.props[slot]
	d := p.texts
	if which == 1 {
		d = p.sets
	}
	if d == nil {
		r.fail("a dictionary of property %d, which has none", p.id)
		return
	}
	for range n {
		text := r.take(int(r.u32()))
		if r.bad != "" {
			return
		}
		if column.IsForgotten(text) {
			d.AddForgotten()
			continue
		}
		if was := d.Len(); int(d.Add(text)) != was {
			r.fail("a text is there twice")
			return
		}
	}
}

func (r *imageReader) readTile() {
	chunk, todo, n := int(r.u32()), r.u32(), int(r.u32())
	t := r.last()
	if t == nil {
		return
	}
	if chunk < len(t.tiles) || chunk > schema.MaxRowsPerShard/schema.ChunkRows || n == 0 {
		r.fail("chunk %d with %d blocks", chunk, n)
		return
	}
	if !t.info.setsFit() {
		r.fail("a set of event type %d has a value beyond its dictionary", t.info.id)
		return
	}
	tile := &Tile{todo: todo}
	for len(t.tiles) <= chunk {
		t.tiles = append(t.tiles, nil)
	}
	t.tiles[chunk] = tile // so that Free finds it
	tx := &Tx{s: r.s}
	sums := &r.s.scr.rows
	sums.reset()
	end := uint32(0)
	for range n {
		h := r.readBlock(tx, t.info)
		if h == nil {
			break
		}
		tile.blocks = append(tile.blocks, Block{h})
		tile.starts = append(tile.starts, h.span)
		tile.n += int(h.n)
		if h.span < end {
			r.fail("blocks overlap")
			break
		}
		end = h.spanEnd()
		for i, row := range h.rows() {
			sums.put(lifeOp{ms: h.time(i), row: row, add: 1})
		}
	}
	if r.bad == "" {
		tile.life = tx.mergeLife(nil, sums)
		tile.life.own = false
	}
}

// setsFit says whether the sets' codes lie within the texts; sections of dictionaries precede tiles.
func (t *typeInfo) setsFit() bool {
	for i := range t.props {
		p := &t.props[i]
		if p.sets == nil || p.checked == p.sets.Len() {
			continue
		}
		for code := range p.sets.Len() {
			e := []byte(p.sets.Text(uint32(code)))
			n, ok := column.SetEntryLen(e)
			if !ok {
				return false
			}
			for j := range n {
				k := column.SetEntryCode(e, j)
				if int(k) >= p.texts.Len() || j > 0 && k <= column.SetEntryCode(e, j-1) {
					return false
				}
			}
		}
		p.checked = p.sets.Len()
	}
	return true
}

// readBlock reads one block, or returns nil with r.bad set.
func (r *imageReader) readBlock(tx *Tx, info *typeInfo) *header {
	sp := spec{span: r.u32(), k: r.u8()}
	resw, flags, nl, n := r.u8(), r.u8(), int(r.u16()), int(r.u32())
	sp.cap, sp.res, sp.ids = n, resw > 0, flags == flagIDs
	switch {
	case r.bad != "":
		return nil
	case sp.k < minK || sp.k > maxK || sp.span&(1<<(sp.k-minK)-1) != 0 || sp.span >= 1<<minK:
		r.fail("a block of 2^%d s at %d", sp.k, sp.span)
	case flags > flagIDs || resw != 0 && resw != resWidth(sp.k) || nl > len(info.props):
		r.fail("a block with residual of %d bytes, flags %d, %d properties", resw, flags, nl)
	case n == 0 || n > len(r.p)/4:
		r.fail("a block of %d events", n)
	}
	if r.bad != "" {
		return nil
	}
	times := []([]byte){r.take(2 * n), r.take(2 * n), r.take(int(resw) * n), nil}
	if sp.ids {
		times[3] = r.take(8 * n)
	}
	var values, valid [][]byte
	for range nl {
		l, v, ok := r.readLane(info, n, sp.lanes)
		if r.bad != "" {
			return nil
		}
		sp.lanes, values, valid = append(sp.lanes, l), append(values, v), append(valid, ok)
	}
	h := tx.newHeader(info, sp)
	h.flags &^= flagPending | flagOwnMem
	h.n = uint32(n)
	copy(bytesOf(h.rows()), times[0])
	copy(bytesOf(h.t()), times[1])
	copy(bytesOf(h.res16()), times[2])
	copy(bytesOf(h.res32()), times[2])
	copy(bytesOf(h.ids()), times[3])
	ls := h.laneList()
	for i := range ls {
		copy(h.laneBytes(&ls[i]), values[i])
		if valid[i] != nil {
			copy(bytesOf(h.words(ls[i].voff)), valid[i])
		}
		r.checkLane(tx, h, &ls[i])
	}
	r.checkTimes(h)
	if r.bad != "" {
		tx.s.arena.Free(h.bytes())
		return nil
	}
	return h
}

func (r *imageReader) readLane(info *typeInfo, n int, before []lane) (l lane, values, valid []byte) {
	l = lane{slot: r.u16(), width: r.u8(), flags: r.u8(), base: r.i64(), min: r.i64(), max: r.i64()}
	if r.bad != "" {
		return
	}
	if int(l.slot) >= len(info.props) || len(before) > 0 && before[len(before)-1].slot >= l.slot || l.flags > laneNulls|laneSome {
		r.fail("property %d in the wrong place", l.slot)
		return
	}
	if kind := info.props[l.slot].typ.Kind; !l.suits(kind) {
		r.fail("%v values of %d bytes over %d", kind, l.width, l.base)
		return
	}
	words := (n + 63) / 64 * 8
	if l.width == widthBits {
		values = r.take(words)
	} else {
		values = r.take(n * int(l.width))
	}
	if l.flags&laneNulls != 0 {
		valid = r.take(words)
	}
	return
}

// suits says whether a kind's values may be stored in such a lane.
func (l *lane) suits(kind schema.Kind) bool {
	w := l.width
	switch kind {
	case schema.KindBool:
		return w == widthBits && l.base == 0
	case schema.KindFloat:
		return w == 8 && l.base == 0
	case schema.KindText, schema.KindSet:
		return (w == 1 || w == 2 || w == 4) && l.base == 0
	case schema.KindTimestamp:
		return w == 0 || w == 8
	}
	return w == 0 || w == 1 || w == 2 || w == 4 || w == 8
}

// checkLane holds that values lie within the lane's bounds, codes within their dictionary, that null cells
// are 0 and that no bit lies beyond the last event.
func (r *imageReader) checkLane(tx *Tx, h *header, l *lane) {
	p := &h.info.props[l.slot]
	if l.flags&laneNulls != 0 && tailBits(h.words(l.voff), int(h.n)) || l.width == widthBits && tailBits(h.words(l.off), int(h.n)) {
		r.fail("property %d has bits beyond its last value", p.id)
	}
	limit := int64(1)<<62 + (1<<62 - 1)
	if p.sets != nil {
		limit = int64(p.sets.Len()) - 1
	} else if p.texts != nil {
		limit = int64(p.texts.Len()) - 1
	}
	c := &tx.s.scr.cells
	c.load(h, l, tx.s.scr.all(int(h.n)))
	for i, v := range c.v {
		x := int64(v + uint64(l.base))
		switch {
		case c.ok[i] == 0 && v != 0:
			r.fail("property %d has a value where it is null", p.id)
		case c.ok[i] == 0:
		case l.empty():
			r.fail("property %d has a value and no bounds", p.id)
		case p.typ.Kind == schema.KindFloat:
			if f := floatOf(x); !(f >= floatOf(l.min) && f <= floatOf(l.max)) {
				r.fail("property %d: %v is not within its bounds", p.id, f)
			}
		case x < l.min || x > l.max || x > limit:
			r.fail("property %d: %d is not within its bounds", p.id, x)
		}
	}
	if p.texts != nil && l.max > limit {
		r.fail("property %d: bound %d is beyond the dictionary", p.id, l.max)
	}
}

func tailBits(words []uint64, n int) bool {
	return n&63 != 0 && bits.Len64(words[n>>6]) > n&63
}

// checkTimes holds residuals below the unit and sets the bounds of time.
func (r *imageReader) checkTimes(h *header) {
	h.min, h.max = h.time(0), h.time(0)
	for i := range int(h.n) {
		t := h.time(i)
		h.min, h.max = min(h.min, t), max(h.max, t)
	}
	top := uint64(0)
	for _, v := range h.res16() {
		top = max(top, uint64(v))
	}
	for _, v := range h.res32() {
		top = max(top, uint64(v))
	}
	if top >= uint64(h.unit()) || h.max >= MaxTime {
		r.fail("a time beyond its block")
	}
}
