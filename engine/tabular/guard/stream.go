package guard

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// MagicArrow begins and ends an Arrow file.
const MagicArrow = "ARROW1"

// maxMetadata is the longest metadata of one IPC message: 2,000 columns take some 300 KB.
const maxMetadata = 4 << 20

// ErrMemory is the error of a block that wants more than its share.
var ErrMemory = errors.New("a block of the file needs more memory than allowed; write smaller row groups or record batches")

// Memory is an allocator with a limit on what is live. It panics with ErrMemory, as the interface has no
// error; whoever decodes recovers.
type Memory struct {
	mem   memory.Allocator
	limit int64
	live  atomic.Int64
}

// NewMemory returns an allocator that hands out at most limit bytes at a time.
func NewMemory(limit int64) *Memory {
	return &Memory{mem: memory.NewGoAllocator(), limit: limit}
}

func (c *Memory) take(n int) {
	if n < 0 || c.live.Add(int64(n)) > c.limit {
		panic(ErrMemory)
	}
}

// Allocate returns size bytes of zeros.
func (c *Memory) Allocate(size int) []byte {
	c.take(size)
	return c.mem.Allocate(size)
}

// Reallocate returns b with another size.
func (c *Memory) Reallocate(size int, b []byte) []byte {
	if size < 0 {
		panic(ErrMemory)
	}
	if more := size - len(b); more > 0 {
		c.take(more)
	} else {
		c.live.Add(int64(more))
	}
	return c.mem.Reallocate(size, b)
}

// Forget counts nothing as live any more: the page buffers of a row group that was read are garbage, given
// back or not.
func (c *Memory) Forget() { c.live.Store(0) }

// Free gives b back.
func (c *Memory) Free(b []byte) {
	c.live.Add(-int64(len(b)))
	c.mem.Free(b)
}

// Frames cuts an IPC stream into messages, in place of ipc's own reader, which believes every length it
// reads. Lengths are checked, a body is read as it comes (a length that lies costs nothing), and a schema is
// checked before the decoder sees it.
type Frames struct {
	r     io.Reader
	limit int64
	file  bool  // the stream lies in a file: a footer follows it
	begun bool  // a message was read
	err   error // why the stream ended
}

// NewFrames reads a stream whose bodies have at most limit bytes; file says that it lies in an Arrow file
// and is followed by its footer.
func NewFrames(r io.Reader, limit int64, file bool) *Frames {
	return &Frames{r: r, limit: limit, file: file}
}

// Err returns why the stream ended; the decoder takes any error for an end.
func (f *Frames) Err() error { return f.err }

// Retain is part of ipc.MessageReader, as Release is; the garbage collector does the work.
func (f *Frames) Retain() {}

// Release is part of ipc.MessageReader.
func (f *Frames) Release() {}

// Message returns the next message, io.EOF after the last.
func (f *Frames) Message() (*ipc.Message, error) {
	m, err := f.message()
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return m, err
}

func (f *Frames) message() (*ipc.Message, error) {
	size, err := f.length()
	if errors.Is(err, io.EOF) && f.file {
		err = f.footer()
	}
	if err != nil {
		return nil, err
	}
	f.begun = true
	meta := make([]byte, size)
	if _, err := io.ReadFull(f.r, meta); err != nil {
		return nil, torn(err)
	}
	bodySize, err := checkMessage(meta)
	if err != nil {
		return nil, err
	}
	if bodySize < 0 || bodySize > f.limit {
		return nil, ErrMemory
	}
	var body bytes.Buffer
	if n, err := io.CopyN(&body, f.r, bodySize); n != bodySize {
		return nil, torn(err)
	}
	return ipc.NewMessage(memory.NewBufferBytes(meta), memory.NewBufferBytes(body.Bytes())), nil
}

// length reads the length of the next metadata; the end is a length of zero or the end of the stream.
func (f *Frames) length() (int, error) {
	var word [4]byte
	if _, err := io.ReadFull(f.r, word[:]); err != nil {
		return 0, err // io.EOF: a stream may end without its mark
	}
	n := binary.LittleEndian.Uint32(word[:])
	if n == math.MaxUint32 { // the continuation mark; streams before 0.15 have none
		if _, err := io.ReadFull(f.r, word[:]); err != nil {
			return 0, torn(err)
		}
		n = binary.LittleEndian.Uint32(word[:])
	} else if f.file && f.begun {
		return 0, io.EOF // some writers of files end the stream with the footer's first bytes
	}
	if n == 0 {
		return 0, io.EOF
	}
	if n > maxMetadata {
		return 0, fmt.Errorf("the metadata of a message has %d bytes; the most is %d", n, maxMetadata)
	}
	return int(n), nil
}

// footer passes over a file's footer, which is not used, and checks that the file is whole: io.EOF.
func (f *Frames) footer() error {
	tail, buf := make([]byte, 0, 64<<10), make([]byte, 32<<10)
	for {
		n, err := f.r.Read(buf)
		tail = append(tail, buf[:n]...)
		if cut := len(tail) - len(MagicArrow); cut > 0 {
			tail = append(tail[:0], tail[cut:]...)
		}
		switch {
		case err == io.EOF && string(tail) == MagicArrow:
			return io.EOF
		case err == io.EOF:
			return errors.New("the Arrow file has no end; was it cut off?")
		case err != nil:
			return err
		}
	}
}

func torn(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the stream ends within a message")
	}
	return err
}
