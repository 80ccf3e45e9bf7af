package section

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"github.com/musterdb/muster/storage/slab"
)

// Encoder builds the body of a section.
type Encoder struct{ B []byte }

// Reset empties the encoder and keeps its memory.
func (e *Encoder) Reset() { e.B = e.B[:0] }

// Byte appends a byte.
func (e *Encoder) Byte(v byte) { e.B = append(e.B, v) }

// Bool appends 0 or 1.
func (e *Encoder) Bool(v bool) {
	if v {
		e.Byte(1)
	} else {
		e.Byte(0)
	}
}

// Uint appends an unsigned number in 1 to 10 bytes.
func (e *Encoder) Uint(v uint64) { e.B = binary.AppendUvarint(e.B, v) }

// Int appends a signed number in 1 to 10 bytes (zigzag).
func (e *Encoder) Int(v int64) { e.B = binary.AppendVarint(e.B, v) }

// Fixed64 appends a number in 8 bytes.
func (e *Encoder) Fixed64(v uint64) { e.B = binary.LittleEndian.AppendUint64(e.B, v) }

// Bytes appends a length and bytes.
func (e *Encoder) Bytes(b []byte) {
	e.Uint(uint64(len(b)))
	e.B = append(e.B, b...)
}

// Array appends the elements of a slice, without their number.
func Array[T slab.Number](e *Encoder, v []T) {
	if len(v) == 0 {
		return
	}
	var zero T
	raw := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(zero)))
	if bigEndian {
		raw = swap(raw, int(unsafe.Sizeof(zero)))
	}
	e.B = append(e.B, raw...)
}

var bigEndian = func() bool {
	v := uint16(1)
	return *(*byte)(unsafe.Pointer(&v)) == 0
}()

// swap returns b with the bytes of each element in the other order.
func swap(b []byte, size int) []byte {
	out := make([]byte, len(b))
	for i := range b {
		out[i] = b[i-i%size+size-1-i%size]
	}
	return out
}

// Decoder reads the body of a section. After the first error it returns zeroes; Err and End tell it.
type Decoder struct {
	kind uint32
	at   int64 // offset of the body in the file
	size int
	b    []byte
	err  error
}

// NewDecoder returns a decoder of bytes that are not in a file.
func NewDecoder(b []byte) *Decoder { return &Decoder{b: b, size: len(b)} }

// Fail notes an error at the place reached, unless there is one already.
func (d *Decoder) Fail(format string, args ...any) {
	if d.err == nil {
		d.err = &Error{d.kind, d.at + int64(d.size-len(d.b)), fmt.Errorf(format, args...)}
		d.b = nil
	}
}

// Err returns the first error.
func (d *Decoder) Err() error { return d.err }

// End returns the first error, which may be that bytes are left.
func (d *Decoder) End() error {
	if d.err == nil && len(d.b) > 0 {
		d.Fail("%d bytes too many", len(d.b))
	}
	return d.err
}

// Left returns the number of bytes not read yet.
func (d *Decoder) Left() int { return len(d.b) }

// Raw returns the next n bytes; they alias the section.
func (d *Decoder) Raw(n int) []byte {
	if n < 0 || n > len(d.b) {
		d.Fail("%d bytes are missing", n-len(d.b))
		return nil
	}
	b := d.b[:n:n]
	d.b = d.b[n:]
	return b
}

// Byte reads a byte.
func (d *Decoder) Byte() byte {
	if b := d.Raw(1); b != nil {
		return b[0]
	}
	return 0
}

// Bool reads 0 or 1.
func (d *Decoder) Bool() bool {
	v := d.Byte()
	if v > 1 {
		d.Fail("%d is neither 0 nor 1", v)
	}
	return v == 1
}

// Uint reads what Encoder.Uint wrote.
func (d *Decoder) Uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.Fail("a number is cut off or too long")
		return 0
	}
	d.b = d.b[n:]
	return v
}

// Int reads what Encoder.Int wrote.
func (d *Decoder) Int() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.Fail("a number is cut off or too long")
		return 0
	}
	d.b = d.b[n:]
	return v
}

// Uint32 reads an unsigned number that fits 32 bits.
func (d *Decoder) Uint32() uint32 {
	v := d.Uint()
	if v > math.MaxUint32 {
		d.Fail("%d does not fit 32 bits", v)
		return 0
	}
	return uint32(v)
}

// Count reads a number from 0 to most.
func (d *Decoder) Count(most int) int {
	v := d.Uint()
	if v > uint64(most) {
		d.Fail("%d is more than %d", v, most)
		return 0
	}
	return int(v)
}

// Fixed64 reads a number of 8 bytes.
func (d *Decoder) Fixed64() uint64 {
	if b := d.Raw(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// Bytes reads a length of at most that many, and the bytes; they alias the section.
func (d *Decoder) Bytes(most int) []byte { return d.Raw(d.Count(most)) }

// Slice reads n elements into memory of src; nil for n = 0 or after an error.
func Slice[T slab.Number](d *Decoder, src slab.Source, n int) []T {
	var zero T
	size := int(unsafe.Sizeof(zero))
	if n < 0 || n > len(d.b)/size {
		d.Fail("%d elements of %d bytes are missing", n, size)
		return nil
	}
	raw := d.Raw(n * size)
	if n == 0 || d.err != nil {
		return nil
	}
	if bigEndian {
		raw = swap(raw, size)
	}
	v := slab.Make[T](src, n)
	copy(slab.Bytes(v), raw)
	return v
}
