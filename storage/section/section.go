// Package section owns the framing of image files: sections with kind, length and CRC32C, and bounded
// reading and writing of what is in them. It does not know what the sections of a shard are; packages
// storage and tile do. The format is written down in docs/reference/format-image.md.
//
// Numbers are little endian. A damaged or hostile file gives an *Error with the section and the offset,
// never a panic and never an allocation beyond what the file holds.
package section

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// HeadSize is the number of bytes before each section's body: kind u32, CRC32C u32 over the other twelve
// bytes and the body, length of the body u64.
const HeadSize = 16

// MaxBody is the greatest length of a body.
const MaxBody = 1 << 40

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Error is what is wrong with an image.
type Error struct {
	Kind   uint32 // of the section; 0 if it is not known
	Offset int64  // in the file
	Err    error
}

// Error names the section and the offset.
func (e *Error) Error() string {
	return fmt.Sprintf("image: section of kind %d, byte %d: %v", e.Kind, e.Offset, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

var (
	errCRC   = errors.New("checksum does not match: the file is damaged")
	errShort = errors.New("the file ends too early")
)

// Writer writes sections.
type Writer struct {
	w   io.Writer
	off int64
}

// NewWriter returns a writer of sections to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Section writes one section.
func (w *Writer) Section(kind uint32, body []byte) error {
	var head [HeadSize]byte
	binary.LittleEndian.PutUint32(head[0:], kind)
	binary.LittleEndian.PutUint64(head[8:], uint64(len(body)))
	binary.LittleEndian.PutUint32(head[4:], checksum(head[:], body))
	for _, b := range [][]byte{head[:], body} {
		if _, err := w.w.Write(b); err != nil {
			return fmt.Errorf("write image at byte %d: %w", w.off, err)
		}
		w.off += int64(len(b))
	}
	return nil
}

func checksum(head, body []byte) uint32 {
	crc := crc32.Update(0, castagnoli, head[:4])
	crc = crc32.Update(crc, castagnoli, head[8:HeadSize])
	return crc32.Update(crc, castagnoli, body)
}

// Offset returns the number of bytes written.
func (w *Writer) Offset() int64 { return w.off }

// Reader reads sections. A section may be looked at with Peek before Next takes it.
type Reader struct {
	r      io.Reader
	off    int64 // of the section that comes next
	have   bool
	head   [HeadSize]byte
	buf    bytes.Buffer
	failed error
}

// NewReader returns a reader of sections from r.
func NewReader(r io.Reader) *Reader { return &Reader{r: r} }

// Peek returns the kind of the section that comes next.
func (r *Reader) Peek() (kind uint32, err error) {
	if r.failed != nil {
		return 0, r.failed
	}
	if !r.have {
		if _, err := io.ReadFull(r.r, r.head[:]); err != nil {
			return 0, r.fail(0, short(err))
		}
		r.have = true
	}
	return binary.LittleEndian.Uint32(r.head[:]), nil
}

func short(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errShort
	}
	return err
}

func (r *Reader) fail(kind uint32, err error) error {
	r.failed = &Error{kind, r.off, err}
	return r.failed
}

// Next reads the section that comes next, which must be of the kind given. The decoder's bytes are valid
// until the next call of Next.
func (r *Reader) Next(kind uint32) (*Decoder, error) {
	got, err := r.Peek()
	if err != nil {
		return nil, err
	}
	if got != kind {
		return nil, r.fail(got, fmt.Errorf("expected a section of kind %d", kind))
	}
	n := binary.LittleEndian.Uint64(r.head[8:])
	if n > MaxBody {
		return nil, r.fail(kind, fmt.Errorf("a length of %d bytes", n))
	}
	r.buf.Reset()
	// Copying grows the buffer with the bytes that are really there.
	if _, err := io.CopyN(&r.buf, r.r, int64(n)); err != nil {
		return nil, r.fail(kind, short(err))
	}
	if checksum(r.head[:], r.buf.Bytes()) != binary.LittleEndian.Uint32(r.head[4:]) {
		return nil, r.fail(kind, errCRC)
	}
	d := &Decoder{kind: kind, at: r.off + HeadSize, size: int(n), b: r.buf.Bytes()}
	r.off += HeadSize + int64(n)
	r.have = false
	return d, nil
}

// Offset returns the number of bytes of the sections taken.
func (r *Reader) Offset() int64 { return r.off }
