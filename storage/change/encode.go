package change

import (
	"encoding/binary"
	"math"

	"github.com/musterdb/muster/storage/schema"
)

// Version is the first byte of an encoded change. The format is written down in
// docs/reference/format-change.md. Version 1, which Decode still reads, has no segments in its schemas, no
// kinds beyond Forget and no OpFill.
const Version = 2

const oldest = 1 // that Decode reads

// The kinds of parts in the order of their bytes: append only.
const (
	kindSchema byte = iota + 1
	kindDropBase
	kindUpsert
	kindTrack
	kindDelete
	kindMaintain
	kindForget
	kindExisting // an Upsert with Existing
	kindDeleteEvents
)

// Encode appends the bytes of a valid change to dst. Equal changes have equal bytes.
func Encode(dst []byte, ch *Change) []byte {
	e := encoder{append(dst, Version)}
	e.uint(uint64(len(ch.Parts)))
	for _, p := range ch.Parts {
		e.part(p)
	}
	return e.b
}

type encoder struct{ b []byte }

func (e *encoder) byte(v byte)       { e.b = append(e.b, v) }
func (e *encoder) uint(v uint64)     { e.b = binary.AppendUvarint(e.b, v) }
func (e *encoder) int(v int64)       { e.b = binary.AppendVarint(e.b, v) }
func (e *encoder) string(s string)   { e.uint(uint64(len(s))); e.b = append(e.b, s...) }
func (e *encoder) typ(t schema.Type) { e.b = append(e.b, byte(t.Kind), t.Scale) }

func (e *encoder) bool(v bool) {
	if v {
		e.byte(1)
	} else {
		e.byte(0)
	}
}

func (e *encoder) part(p Part) {
	switch p := p.(type) {
	case *Schema:
		e.byte(kindSchema)
		e.schema(p.To)
		e.segments(p.To)
	case *DropBase:
		e.byte(kindDropBase)
	case *Upsert:
		if p.Existing {
			e.byte(kindExisting)
		} else {
			e.byte(kindUpsert)
		}
		e.int(p.Stamp)
		e.strings(&p.IDs)
		e.columns(p.Cols)
	case *Track:
		e.byte(kindTrack)
		e.track(p)
	case *Delete:
		e.byte(kindDelete)
		e.strings(&p.IDs)
	case *DeleteEvents:
		e.byte(kindDeleteEvents)
		e.deleteEvents(p)
	case *Maintain:
		e.byte(kindMaintain)
		e.int(p.Stamp)
	case *Forget:
		e.byte(kindForget)
	default:
		panic("change: Encode of an unknown part")
	}
}

func (e *encoder) track(t *Track) {
	e.int(t.Stamp)
	e.uint(uint64(t.Event))
	e.uint(uint64(len(t.Times)))
	e.strings(&t.IDs)
	e.optional32(t.Codes)
	e.ints(t.Times)
	e.bool(t.EventIDs != nil)
	e.hashes(t.EventIDs)
	e.columns(t.Props)
}

func (e *encoder) deleteEvents(d *DeleteEvents) {
	e.uint(uint64(d.Event))
	e.uint(uint64(len(d.Times)))
	e.strings(&d.IDs)
	e.optional32(d.Codes)
	e.ints(d.Times)
	e.hashes(d.Hashes)
}

// hashes writes what is not worth narrowing. The reader knows how many there are.
func (e *encoder) hashes(v []uint64) {
	for _, h := range v {
		e.b = binary.LittleEndian.AppendUint64(e.b, h)
	}
}

func (e *encoder) columns(cols []Column) {
	e.uint(uint64(len(cols)))
	for i := range cols {
		e.column(&cols[i])
	}
}

func (e *encoder) column(c *Column) {
	e.uint(uint64(c.ID))
	e.typ(c.Type)
	e.bool(c.Ops != nil)
	for _, op := range c.Ops {
		e.byte(byte(op))
	}
	switch c.Type.Kind {
	case schema.KindFloat:
		for _, v := range c.Floats {
			e.b = binary.LittleEndian.AppendUint64(e.b, math.Float64bits(v))
		}
	case schema.KindText:
		e.strings(&c.Texts)
		e.optional32(c.Codes)
	case schema.KindSet:
		e.strings(&c.Texts)
		e.optional32(c.Codes)
		e.steps(c.SetOff)
	default:
		e.ints(c.Ints)
	}
}

// strings writes the number of texts, their lengths and their bytes.
func (e *encoder) strings(s *Strings) {
	e.uint(uint64(s.Len()))
	e.steps(s.Off)
	e.b = append(e.b, s.Bytes...)
}

// steps writes the differences of rising offsets that start at 0: one fewer than there are offsets.
func (e *encoder) steps(off []uint32) {
	if len(off) < 2 {
		return
	}
	lo, hi := ^uint32(0), uint32(0)
	for i := 1; i < len(off); i++ {
		d := off[i] - off[i-1]
		lo, hi = min(lo, d), max(hi, d)
	}
	w := e.narrow(int64(lo), uint64(hi-lo))
	for i := 1; i < len(off); i++ {
		e.raw(w, uint64(off[i]-off[i-1]-lo))
	}
}

// optional32 writes an array that may be nil: its length + 1, or 0.
func (e *encoder) optional32(v []uint32) {
	if v == nil {
		e.uint(0)
		return
	}
	e.uint(uint64(len(v)) + 1)
	if len(v) == 0 {
		return
	}
	lo, hi := v[0], v[0]
	for _, x := range v {
		lo, hi = min(lo, x), max(hi, x)
	}
	w := e.narrow(int64(lo), uint64(hi-lo))
	for _, x := range v {
		e.raw(w, uint64(x-lo))
	}
}

// ints writes integers as differences to the least, in as many bytes as the greatest needs. The reader
// knows how many there are.
func (e *encoder) ints(v []int64) {
	if len(v) == 0 {
		return
	}
	lo, hi := v[0], v[0]
	for _, x := range v {
		lo, hi = min(lo, x), max(hi, x)
	}
	w := e.narrow(lo, uint64(hi)-uint64(lo))
	for _, x := range v {
		e.raw(w, uint64(x)-uint64(lo))
	}
}

// narrow writes the head of a narrow array: bytes per value and the least value.
func (e *encoder) narrow(lo int64, span uint64) (width byte) {
	switch {
	case span == 0:
	case span <= math.MaxUint8:
		width = 1
	case span <= math.MaxUint16:
		width = 2
	case span <= math.MaxUint32:
		width = 4
	default:
		width = 8
	}
	e.byte(width)
	e.int(lo)
	return width
}

func (e *encoder) raw(width byte, v uint64) {
	switch width {
	case 1:
		e.b = append(e.b, byte(v))
	case 2:
		e.b = binary.LittleEndian.AppendUint16(e.b, uint16(v))
	case 4:
		e.b = binary.LittleEndian.AppendUint32(e.b, uint32(v))
	case 8:
		e.b = binary.LittleEndian.AppendUint64(e.b, v)
	}
}
