package replica

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/zeebo/xxh3"
)

// A state file is a magic number and frames: length, checksum, payload. The
// checksum covers the frame's number too, so that frames cannot change places.
const (
	stateMagic      = "MUSTSTA1"
	maxFrame        = 1 << 20
	frameHeaderSize = 8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func frameSum(seq uint32, payload []byte) uint32 {
	var n [4]byte
	binary.LittleEndian.PutUint32(n[:], seq)
	return crc32.Update(crc32.Checksum(n[:], castagnoli), castagnoli, payload)
}

// totals describe the payload of a whole state file.
type totals struct {
	bytes  uint64
	frames uint32
	root   uint64 // xxh3 of all payload bytes
}

// frameWriter cuts a stream into frames. Close writes the last one.
type frameWriter struct {
	w    io.Writer
	buf  []byte // header space and the frame being filled
	root *xxh3.Hasher
	sum  totals
}

func newFrameWriter(w io.Writer) (*frameWriter, error) {
	if _, err := io.WriteString(w, stateMagic); err != nil {
		return nil, err
	}
	return &frameWriter{w: w, buf: make([]byte, frameHeaderSize, frameHeaderSize+maxFrame), root: xxh3.New()}, nil
}

// Write implements io.Writer.
func (f *frameWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		k := min(len(p), cap(f.buf)-len(f.buf))
		f.buf, p = append(f.buf, p[:k]...), p[k:]
		if len(f.buf) == cap(f.buf) {
			if err := f.flush(); err != nil {
				return n - len(p), err
			}
		}
	}
	return n, nil
}

func (f *frameWriter) flush() error {
	payload := f.buf[frameHeaderSize:]
	if len(payload) == 0 {
		return nil
	}
	binary.LittleEndian.PutUint32(f.buf, uint32(len(payload)))
	binary.LittleEndian.PutUint32(f.buf[4:], frameSum(f.sum.frames, payload))
	if _, err := f.w.Write(f.buf); err != nil {
		return err
	}
	_, _ = f.root.Write(payload) // a hash never fails
	f.sum.bytes += uint64(len(payload))
	f.sum.frames++
	f.buf = f.buf[:frameHeaderSize]
	return nil
}

// finish writes the last frame and returns what the manifest must say.
func (f *frameWriter) finish() (totals, error) {
	err := f.flush()
	f.sum.root = f.root.Sum64()
	return f.sum, err
}

// frameError is damage found at an offset of a state file.
type frameError struct {
	offset int64
	what   string
}

func (e *frameError) Error() string { return fmt.Sprintf("%s at offset %d", e.what, e.offset) }

// frameReader verifies a state file while it is read. A frame's bytes are
// handed out after its checksum held, the last frame's only after count, size,
// root and end of file held: who has read all of it holds a verified image.
type frameReader struct {
	r      *bufio.Reader
	want   totals
	have   totals
	root   *xxh3.Hasher
	offset int64  // of the next frame
	buf    []byte // storage of the present frame
	rest   []byte // its bytes not yet handed out
	err    error
}

func newFrameReader(r io.Reader, want totals) *frameReader {
	return &frameReader{r: bufio.NewReaderSize(r, 256<<10), want: want, root: xxh3.New()}
}

// Read implements io.Reader.
func (f *frameReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(f.rest) == 0 && f.err == nil {
		f.err = f.next()
	}
	if len(f.rest) == 0 {
		return 0, f.err
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

func (f *frameReader) damaged(what string, args ...any) error {
	return &frameError{offset: f.offset, what: fmt.Sprintf(what, args...)}
}

// next loads one frame into rest, or returns io.EOF at a verified end.
func (f *frameReader) next() error {
	if f.offset == 0 {
		if err := f.readMagic(); err != nil {
			return err
		}
	}
	if f.have.bytes == f.want.bytes {
		return f.verifyEnd()
	}
	payload, err := f.readFrame()
	if err != nil {
		return err
	}
	_, _ = f.root.Write(payload)
	f.have.bytes += uint64(len(payload))
	f.have.frames++
	f.offset += frameHeaderSize + int64(len(payload))
	if f.have.bytes == f.want.bytes {
		if err := f.verifyEnd(); !errors.Is(err, io.EOF) {
			return err
		}
	}
	f.rest = payload
	return nil
}

func (f *frameReader) readMagic() error {
	var magic [len(stateMagic)]byte
	if _, err := io.ReadFull(f.r, magic[:]); err != nil {
		return f.readError(err)
	}
	if string(magic[:]) != stateMagic {
		return f.damaged("not a state file: it begins with %q", magic[:])
	}
	f.offset = int64(len(stateMagic))
	return nil
}

func (f *frameReader) readFrame() ([]byte, error) {
	var head [frameHeaderSize]byte
	if _, err := io.ReadFull(f.r, head[:]); err != nil {
		return nil, f.readError(err)
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n == 0 || n > maxFrame || f.have.bytes+uint64(n) > f.want.bytes {
		return nil, f.damaged("frame %d declares %d bytes", f.have.frames, n)
	}
	if cap(f.buf) < int(n) {
		f.buf = make([]byte, n)
	}
	payload := f.buf[:n]
	if _, err := io.ReadFull(f.r, payload); err != nil {
		return nil, f.readError(err)
	}
	if got, want := frameSum(f.have.frames, payload), binary.LittleEndian.Uint32(head[4:]); got != want {
		return nil, f.damaged("checksum of frame %d is %08x, stored %08x", f.have.frames, got, want)
	}
	return payload, nil
}

// verifyEnd returns io.EOF if the file is exactly what the manifest says.
func (f *frameReader) verifyEnd() error {
	f.have.root = f.root.Sum64()
	if f.have != f.want {
		return f.damaged("content does not match the manifest (%d frames, root %016x; manifest says %d, %016x)",
			f.have.frames, f.have.root, f.want.frames, f.want.root)
	}
	if _, err := f.r.ReadByte(); err == nil {
		return f.damaged("bytes after the last frame")
	} else if err != io.EOF {
		return err
	}
	return io.EOF
}

func (f *frameReader) readError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return f.damaged("file is cut off in frame %d", f.have.frames)
	}
	return fmt.Errorf("reading frame %d at offset %d: %w", f.have.frames, f.offset, err)
}
