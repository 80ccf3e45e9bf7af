package change

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unsafe"

	"github.com/musterdb/muster/storage/schema"
)

// Limits of what Decode makes of bytes: equal values take none, so few bytes can stand for many values.
const (
	maxParts   = 1 << 16
	maxElems   = 1 << 24   // texts of one list
	maxDecoded = 512 << 20 // bytes of arrays of one change
)

// ErrBytes is wrapped by every error of Decode: the bytes are not those of a change.
var ErrBytes = errors.New("damaged change")

// Decode reads a change, all of it and nothing more, and checks it as Validate does. Texts and operations
// of the change alias b.
func Decode(b []byte) (*Change, error) {
	d := newDecoder(b)
	if d.version = d.byte(); d.err == nil && (d.version < oldest || d.version > Version) {
		return nil, fmt.Errorf("%w: version %d, this program knows %d to %d", ErrBytes, d.version, oldest, Version)
	}
	ch := &Change{}
	for n := d.count(maxParts, "parts"); n > 0 && d.err == nil; n-- {
		ch.Parts = append(ch.Parts, d.part())
	}
	if err := d.end(); err != nil {
		return nil, err
	}
	if err := Validate(ch); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBytes, err)
	}
	return ch, nil
}

// decoder reads bytes; after the first error it returns zeroes.
type decoder struct {
	b       []byte
	size    int // of all
	spare   int // bytes of arrays that may still be made
	version byte
	err     error
}

func newDecoder(b []byte) *decoder { return &decoder{b: b, size: len(b), spare: maxDecoded} }

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: byte %d: %s", ErrBytes, d.size-len(d.b), fmt.Sprintf(format, args...))
		d.b = nil
	}
}

func (d *decoder) end() error {
	if d.err == nil && len(d.b) > 0 {
		d.fail("%d bytes too many", len(d.b))
	}
	return d.err
}

func (d *decoder) bytes(n int) []byte {
	if n < 0 || n > len(d.b) {
		d.fail("%d bytes are missing", n-len(d.b))
		return nil
	}
	b := d.b[:n:n]
	d.b = d.b[n:]
	return b
}

func (d *decoder) byte() byte {
	if b := d.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) byteBelow(n byte, what string) byte {
	v := d.byte()
	if v >= n {
		d.fail("%s %d is not below %d", what, v, n)
		return 0
	}
	return v
}

func (d *decoder) bool() bool { return d.byteBelow(2, "flag") == 1 }

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail("a number is cut off or too long")
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail("a number is cut off or too long")
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) uint32() uint32 {
	v := d.uint()
	if v > math.MaxUint32 {
		d.fail("%d does not fit 32 bits", v)
		return 0
	}
	return uint32(v)
}

func (d *decoder) count(most int, what string) int {
	v := d.uint()
	if v > uint64(most) {
		d.fail("%d %s; at most %d are allowed", v, what, most)
		return 0
	}
	return int(v)
}

func (d *decoder) string(most int) string {
	return string(d.bytes(d.count(most, "bytes of a name")))
}

func (d *decoder) typ() schema.Type {
	return schema.Type{Kind: schema.Kind(d.byte()), Scale: d.byte()}
}

// take counts memory about to be made.
func (d *decoder) take(n int) bool {
	if d.spare -= n; d.spare < 0 {
		d.fail("the change holds more than %d bytes of values", maxDecoded)
		return false
	}
	return d.err == nil
}

func (d *decoder) part() Part {
	switch k := d.byte(); k {
	case kindSchema:
		s := &Schema{d.schema()}
		if d.version > 1 {
			d.segments(s.To)
		}
		return s
	case kindDropBase:
		return &DropBase{}
	case kindUpsert:
		return d.upsert(false)
	case kindExisting:
		return d.upsert(true)
	case kindTrack:
		return d.track()
	case kindDelete:
		return &Delete{d.strings(MaxRows)}
	case kindDeleteEvents:
		return d.deleteEvents()
	case kindMaintain:
		return &Maintain{d.int()}
	case kindForget:
		return &Forget{}
	default:
		d.fail("a part of unknown kind %d", k)
		return &DropBase{}
	}
}

func (d *decoder) upsert(existing bool) *Upsert {
	u := &Upsert{Stamp: d.int(), Existing: existing, IDs: d.strings(MaxRows)}
	u.Cols = d.columns(u.IDs.Len(), schema.MaxAttributes+1)
	return u
}

func (d *decoder) deleteEvents() *DeleteEvents {
	x := &DeleteEvents{Event: schema.EventID(d.uint32())}
	n := d.count(MaxRows, "rows")
	x.IDs = d.strings(MaxRows)
	x.Codes = d.optional32(MaxRows)
	x.Times = d.ints(n)
	x.Hashes = d.hashes(n)
	return x
}

func (d *decoder) hashes(n int) []uint64 {
	b := d.bytes(8 * n)
	if n == 0 || d.err != nil || !d.take(8*n) {
		return nil
	}
	v := make([]uint64, n)
	for i := range v {
		v[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return v
}

func (d *decoder) track() *Track {
	t := &Track{Stamp: d.int(), Event: schema.EventID(d.uint32())}
	n := d.count(MaxRows, "rows")
	t.IDs = d.strings(MaxRows)
	t.Codes = d.optional32(MaxRows)
	t.Times = d.ints(n)
	if d.bool() {
		t.EventIDs = d.hashes(n)
	}
	t.Props = d.columns(n, schema.MaxProps)
	return t
}

func (d *decoder) columns(rows, most int) []Column {
	n := d.count(most, "columns")
	var cols []Column
	for ; n > 0 && d.err == nil; n-- {
		cols = append(cols, d.column(rows))
	}
	return cols
}

func (d *decoder) column(rows int) Column {
	c := Column{ID: d.uint32(), Type: d.typ()}
	if d.bool() {
		c.Ops = asOps(d.bytes(rows))
	}
	switch c.Type.Kind {
	case schema.KindFloat:
		c.Floats = d.floats(rows)
	case schema.KindText:
		c.Texts = d.strings(maxElems)
		c.Codes = d.optional32(rows)
	case schema.KindSet:
		c.Texts = d.strings(maxElems)
		c.Codes = d.optional32(maxElems)
		c.SetOff = d.steps(rows)
	default:
		c.Ints = d.ints(rows)
	}
	return c
}

// asOps views bytes as operations; Validate looks at their values.
func asOps(b []byte) []Op {
	return unsafe.Slice((*Op)(unsafe.SliceData(b)), len(b))
}

func (d *decoder) floats(n int) []float64 {
	b := d.bytes(8 * n)
	if n == 0 || d.err != nil || !d.take(8*n) {
		return nil
	}
	v := make([]float64, n)
	for i := range v {
		v[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return v
}

func (d *decoder) strings(most int) Strings {
	n := d.count(most, "texts")
	if n == 0 {
		return Strings{}
	}
	s := Strings{Off: d.steps(n)}
	if d.err != nil {
		return Strings{}
	}
	if total := int(s.Off[n]); total > 0 {
		s.Bytes = d.bytes(total)
	}
	return s
}

// steps reads n differences as n + 1 offsets from 0 on.
func (d *decoder) steps(n int) []uint32 {
	if !d.take(4 * (n + 1)) {
		return nil
	}
	if n == 0 {
		return []uint32{0}
	}
	r := d.narrow(n)
	if r.lo < 0 || r.lo > math.MaxUint32 {
		d.fail("a length of %d", r.lo)
	}
	if d.err != nil {
		return nil
	}
	off := make([]uint32, n+1)
	sum := uint64(0)
	for i := range n {
		v := r.at(i)
		if v > math.MaxUint32 {
			d.fail("a length of %d", v)
			return nil
		}
		if sum += uint64(r.lo) + v; sum > math.MaxUint32 {
			d.fail("texts or sets of more than 4 GiB")
			return nil
		}
		off[i+1] = uint32(sum)
	}
	return off
}

func (d *decoder) optional32(most int) []uint32 {
	n := d.count(most+1, "values") - 1
	if n < 0 || !d.take(4*n) {
		return nil
	}
	if n == 0 {
		return []uint32{}
	}
	r := d.narrow(n)
	if d.err != nil {
		return nil
	}
	v := make([]uint32, n)
	for i := range v {
		x := uint64(r.lo) + r.at(i)
		if x > math.MaxUint32 {
			d.fail("%d does not fit 32 bits", x)
			return nil
		}
		v[i] = uint32(x)
	}
	return v
}

func (d *decoder) ints(n int) []int64 {
	if n == 0 || !d.take(8*n) {
		return nil
	}
	r := d.narrow(n)
	if d.err != nil {
		return nil
	}
	v := make([]int64, n)
	for i := range v {
		v[i] = int64(uint64(r.lo) + r.at(i))
	}
	return v
}

// narrowArray is n values of a width, over a least value.
type narrowArray struct {
	width byte
	lo    int64
	raw   []byte
}

func (d *decoder) narrow(n int) narrowArray {
	w := d.byte()
	if w != 0 && w != 1 && w != 2 && w != 4 && w != 8 {
		d.fail("values of %d bytes", w)
	}
	return narrowArray{w, d.int(), d.bytes(n * int(w))}
}

func (r *narrowArray) at(i int) uint64 {
	switch r.width {
	case 1:
		return uint64(r.raw[i])
	case 2:
		return uint64(binary.LittleEndian.Uint16(r.raw[2*i:]))
	case 4:
		return uint64(binary.LittleEndian.Uint32(r.raw[4*i:]))
	case 8:
		return binary.LittleEndian.Uint64(r.raw[8*i:])
	}
	return 0
}
