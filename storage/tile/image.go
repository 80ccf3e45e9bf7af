package tile

import (
	"encoding/binary"

	"hash/crc32"
	"io"
	"unsafe"

	"github.com/musterdb/muster/storage/column"
)

// An image is a sequence of sections: kind (1 byte), length of the payload (8), CRC-32C of kind and payload
// (4), payload; all numbers little endian. A head comes first, then per event type its description, its
// dictionaries and its tiles, and an end. Equal views give equal bytes.
const imageVersion = 1

const (
	secHead = 1 + iota // version u32, number of types u32
	secType            // see imageWriter.writeType
	secDict            // slot u16, 0 texts or 1 sets u8, count u32, then length u32 and bytes of each
	secTile            // see imageWriter.writeTile
	secEnd             // nothing
)

// dictSection is how many bytes of texts a section of a dictionary holds at most, one text apart.
const dictSection = 1 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// WriteTo writes an image of the view. Dropped properties, free room and indexes are left out, lifetime
// columns too: reading makes them again.
func (v *View) WriteTo(w io.Writer) (int64, error) {
	iw := &imageWriter{w: w}
	iw.u32(imageVersion)
	iw.u32(uint32(len(v.types)))
	iw.section(secHead)
	for i := range v.types {
		iw.writeType(&v.types[i])
	}
	iw.section(secEnd)
	return iw.n, iw.err
}

// imageWriter gathers the payload of one section; the first error stays.
type imageWriter struct {
	w   io.Writer
	buf []byte
	n   int64
	err error
}

func (w *imageWriter) u8(v uint8)   { w.buf = append(w.buf, v) }
func (w *imageWriter) u16(v uint16) { w.buf = binary.LittleEndian.AppendUint16(w.buf, v) }
func (w *imageWriter) u32(v uint32) { w.buf = binary.LittleEndian.AppendUint32(w.buf, v) }
func (w *imageWriter) u64(v uint64) { w.buf = binary.LittleEndian.AppendUint64(w.buf, v) }

func (w *imageWriter) section(kind uint8) {
	if w.err != nil {
		return
	}
	var head [13]byte
	head[0] = kind
	binary.LittleEndian.PutUint64(head[1:], uint64(len(w.buf)))
	binary.LittleEndian.PutUint32(head[9:], sumOf(kind, w.buf))
	for _, b := range [][]byte{head[:], w.buf} {
		n, err := w.w.Write(b)
		w.n += int64(n)
		if err != nil {
			w.err = err
			return
		}
	}
	w.buf = w.buf[:0]
}

func sumOf(kind uint8, payload []byte) uint32 {
	return crc32.Update(crc32.Checksum([]byte{kind}, castagnoli), castagnoli, payload)
}

// writeType writes id u32, HasID u8, KEEP in ms i64, number of properties u16 and per property id u32,
// kind u8, scale u8; then its dictionaries and tiles.
func (w *imageWriter) writeType(t *eventType) {
	w.u32(uint32(t.info.id))
	w.u8(flagIf(t.info.hasID))
	w.u64(uint64(t.info.keep))
	slots := make([]int, len(t.info.props)) // slot in the image, -1 if dropped
	n := 0
	for i := range t.info.props {
		slots[i] = -1
		if !t.info.props[i].dropped {
			slots[i] = n
			n++
		}
	}
	w.u16(uint16(n))
	for i, p := range t.info.props {
		if slots[i] >= 0 {
			w.u32(uint32(p.id))
			w.u8(uint8(p.typ.Kind))
			w.u8(p.typ.Scale)
		}
	}
	w.section(secType)
	w.writeDicts(t, slots)
	for c, tile := range t.tiles {
		if tile != nil {
			w.writeTile(c, tile, slots)
		}
	}
}

func flagIf(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

// writeDicts writes the dictionaries of properties whole, so that a store read from the image gives new
// texts the same codes.
func (w *imageWriter) writeDicts(t *eventType, slots []int) {
	for i, n := range t.lens() {
		p := &t.info.props[i]
		if slots[i] < 0 {
			continue
		}
		w.writeDict(slots[i], 1, p.sets, n.sets)
		w.writeDict(slots[i], 0, p.texts, n.texts)
	}
}

func (w *imageWriter) writeDict(slot int, which uint8, d *column.Dict, m column.DictMark) {
	n := m.Len()
	for from := 0; from < n; {
		to, size := from, 0
		for to < n && (to == from || size < dictSection) {
			size += len(d.ImageText(m, uint32(to)))
			to++
		}
		w.u16(uint16(slot))
		w.u8(which)
		w.u32(uint32(to - from))
		for ; from < to; from++ {
			text := d.ImageText(m, uint32(from))
			w.u32(uint32(len(text)))
			w.buf = append(w.buf, text...)
		}
		w.section(secDict)
	}
}

// writeTile writes chunk u32, todo u32, number of blocks u32, then per block span u32, k u8, bytes of a
// residual u8, flags u8 (1: ids), number of lanes u16, events u32, rows, times, residuals, ids; then per
// lane slot u16, width u8, flags u8, base i64, min i64, max i64, values and validity words.
func (w *imageWriter) writeTile(chunk int, t *Tile, slots []int) {
	w.u32(uint32(chunk))
	w.u32(t.todo)
	w.u32(uint32(len(t.blocks)))
	for _, b := range t.blocks {
		w.writeBlock(b.h, slots)
	}
	w.section(secTile)
}

func (w *imageWriter) writeBlock(h *header, slots []int) {
	w.u32(h.span)
	w.u8(h.k)
	w.u8(h.resw)
	w.u8(h.flags & flagIDs)
	nl := uint16(0)
	for _, l := range h.laneList() {
		if slots[l.slot] >= 0 {
			nl++
		}
	}
	w.u16(nl)
	w.u32(h.n)
	raw(w, h.rows())
	raw(w, h.t())
	raw(w, h.res16())
	raw(w, h.res32())
	raw(w, h.ids())
	ls := h.laneList()
	for i := range ls {
		if slots[ls[i].slot] >= 0 {
			w.writeLane(h, &ls[i], slots[ls[i].slot])
		}
	}
}

func (w *imageWriter) writeLane(h *header, l *lane, slot int) {
	w.u16(uint16(slot))
	w.u8(l.width)
	w.u8(l.flags)
	w.u64(uint64(l.base))
	w.u64(uint64(l.min))
	w.u64(uint64(l.max))
	raw(w, h.laneBytes(l))
	if l.flags&laneNulls != 0 {
		raw(w, h.words(l.voff)[:(h.n+63)/64])
	}
}

// laneBytes returns the memory of a lane's values.
func (h *header) laneBytes(l *lane) []byte {
	n := int(h.n) * int(l.width)
	if l.width == widthBits {
		n = (int(h.n) + 63) / 64 * 8
	}
	return sliceAt[byte](h, int(l.off)*8, n)
}

// raw appends numbers as they lie in memory: Muster runs on little-endian machines only.
func raw[T uint8 | uint16 | uint32 | uint64](w *imageWriter, s []T) {
	w.buf = append(w.buf, bytesOf(s)...)
}

func bytesOf[T uint8 | uint16 | uint32 | uint64](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), len(s)*int(unsafe.Sizeof(s[0])))
}
