package tabular

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/musterdb/muster/engine/tabular/guard"
)

// Format is the format of a file or stream.
type Format uint8

// The formats. An Arrow file and an Arrow stream are told apart by their first bytes.
const (
	Auto   Format = iota // by the name's extension, else by the first bytes
	CSV                  // RFC 4180 with a header, UTF-8
	NDJSON               // one JSON object per line
	Parquet
	Arrow     // IPC stream when written; either when read
	ArrowFile // IPC file when written
	Markdown  // a table of GitHub's Markdown; written only
)

var formatNames = [...]string{"auto", "csv", "ndjson", "parquet", "arrow", "arrow file", "markdown"}

// String returns the format's name.
func (f Format) String() string { return formatNames[f] }

var extensions = map[string]Format{
	".csv": CSV, ".ndjson": NDJSON, ".jsonl": NDJSON, ".json": NDJSON, ".parquet": Parquet,
	".arrow": ArrowFile, ".feather": ArrowFile, ".arrows": Arrow, ".ipc": Arrow, ".md": Markdown, ".markdown": Markdown,
}

// FormatOf returns the format and the compression ("", "gz", "zst") that a file's name says; Auto if it
// says none.
func FormatOf(name string) (Format, string) {
	compression := ""
	lower := strings.ToLower(filepath.Base(name))
	for _, c := range []string{"gz", "zst"} {
		if rest, ok := strings.CutSuffix(lower, "."+c); ok {
			lower, compression = rest, c
		}
	}
	return extensions[filepath.Ext(lower)], compression
}

// Options are the limits of a Reader. The zero Options are right for a user's own file; a server sets
// MaxBytes and MaxRatio for what strangers send.
type Options struct {
	Format    Format
	Comma     byte  // of CSV; 0 is ','
	Size      int64 // bytes of the stream, for progress; 0 is unknown
	MaxBytes  int64 // most bytes after decompression; 0 has no limit
	MaxRatio  int64 // most decompressed bytes per compressed byte, after the first MiB; 0 has no limit
	MaxMemory int64 // most memory for one block of a columnar file; 0 is DefaultMemory
}

// DefaultMemory is the most memory that one row group or record batch may take.
const DefaultMemory = 1 << 30

// ErrTooLarge is the error of a stream that exceeds Options.MaxBytes or MaxRatio.
var ErrTooLarge = errors.New("the decompressed stream is too large")

// Reader reads batches. It is not for concurrent use.
type Reader struct {
	src     source
	batch   Batch
	counter *counter
	size    int64
	closers []io.Closer
	next    int64 // number of the next source row
	err     error
}

// source fills batches: a source row at a time until the batch is full. It returns io.EOF when there are
// no more rows, which may be with rows in the batch.
type source interface {
	fill(b *Batch) error
}

// progressor is a source that knows its progress better than the bytes read do.
type progressor interface{ done() (rows, total int64) }

// Open opens a file by its name. The format and compression are those of the extension, or what the first
// bytes say.
func Open(path string, opt Options) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if opt.Format == Auto {
		opt.Format, _ = FormatOf(path)
	}
	if st, err := f.Stat(); err == nil {
		if st.IsDir() {
			_ = f.Close()
			return nil, fmt.Errorf("%s is a folder; name a file in it", path)
		}
		opt.Size = st.Size()
	}
	r, err := NewReader(f, opt)
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r.closers = append(r.closers, f)
	return r, nil
}

// NewReader reads a stream. Parquet needs its end first: a stream that is no io.ReaderAt with a Size is read
// into memory, up to MaxMemory.
func NewReader(in io.Reader, opt Options) (*Reader, error) {
	if opt.MaxMemory == 0 {
		opt.MaxMemory = DefaultMemory
	}
	if opt.Comma == 0 {
		opt.Comma = ','
	}
	r := &Reader{counter: &counter{r: in}, size: opt.Size, next: 1}
	plain, err := r.decompress(opt)
	if err == nil {
		r.src, err = r.open(in, plain, opt)
	}
	if err != nil {
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Reader) open(in io.Reader, plain *bufio.Reader, opt Options) (source, error) {
	head, err := plain.Peek(8)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch sniff(head, opt.Format) {
	case CSV:
		return newCSV(plain, opt)
	case NDJSON:
		return newNDJSON(plain), nil
	case Parquet:
		return newParquet(in, plain, len(r.closers) > 0, opt)
	case Arrow, ArrowFile:
		return newArrow(plain, opt)
	case Markdown:
		return nil, errors.New("a Markdown table is written, not read; read the rows as .csv, .ndjson, .parquet or .arrow")
	}
	return nil, errors.New("cannot tell the format; name the file .csv, .ndjson, .parquet or .arrow (or these with .gz, .zst)")
}

var (
	magicParquet = []byte(guard.MagicParquet)
	magicArrow   = []byte(guard.MagicArrow)
)

// sniff returns the format that the first bytes show; names decide between texts.
func sniff(head []byte, named Format) Format {
	switch {
	case bytes.HasPrefix(head, magicParquet):
		return Parquet
	case bytes.HasPrefix(head, magicArrow):
		return ArrowFile
	case len(head) >= 4 && binary.LittleEndian.Uint32(head) == math.MaxUint32:
		return Arrow
	case named != Auto:
		return named
	case len(head) > 0 && head[0] == '{':
		return NDJSON
	}
	return Auto
}

// decompress returns the plain stream; compression is told by the first bytes.
func (r *Reader) decompress(opt Options) (*bufio.Reader, error) {
	raw := bufio.NewReaderSize(r.counter, 256<<10)
	head, err := raw.Peek(4)
	if err != nil && err != io.EOF {
		return nil, err
	}
	var plain io.Reader
	switch {
	case len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b:
		z, err := gzip.NewReader(raw)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		r.closers, plain = append(r.closers, z), z
	case len(head) == 4 && binary.LittleEndian.Uint32(head) == 0xfd2fb528:
		z, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(128<<20), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		r.closers, plain = append(r.closers, z.IOReadCloser()), z
	default:
		plain = raw
	}
	return bufio.NewReaderSize(&limited{r: plain, in: r.counter, opt: opt}, 256<<10), nil
}

// Next returns the next batch, io.EOF after the last. Any other error ends the file. The batch is valid
// until the next call.
func (r *Reader) Next() (b *Batch, err error) {
	if r.err != nil {
		return nil, r.err
	}
	// The decoders of the columnar formats panic on hostile input; whatever gets past the checks ends here.
	defer func() {
		if p := recover(); p != nil {
			b, err = nil, fmt.Errorf("the file is damaged: %v", p)
		}
		if err != nil {
			r.err = err
		}
	}()
	r.batch.reset(r.next)
	err = r.src.fill(&r.batch)
	r.next += int64(r.batch.Source)
	if errors.Is(err, io.EOF) && r.batch.Source > 0 {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	r.batch.seal()
	return &r.batch, nil
}

// Columns returns the names of the columns that the rows so far have, and after the last batch those of a header
// that no row follows.
func (r *Reader) Columns() []string {
	names := make([]string, len(r.batch.Columns))
	for i := range names {
		names[i] = r.batch.Columns[i].Name
	}
	return names
}

// Progress returns how much of the input has been read and how much there is, 0 if unknown.
func (r *Reader) Progress() (read, total int64) {
	if p, ok := r.src.(progressor); ok {
		rows, all := p.done()
		if errors.Is(r.err, io.EOF) {
			return r.size, r.size
		}
		return int64(float64(r.size) * float64(rows) / float64(max(all, 1))), r.size
	}
	return r.counter.n, r.size
}

// Close releases the reader; it closes the file that Open opened.
func (r *Reader) Close() error {
	var err error
	for _, c := range r.closers {
		err = errors.Join(err, c.Close())
	}
	r.closers = nil
	return err
}

// counter counts the bytes of the input.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// limited bounds what comes out of a decompressor.
type limited struct {
	r   io.Reader
	in  *counter
	opt Options
	n   int64
}

func (g *limited) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	g.n += int64(n)
	if g.opt.MaxBytes > 0 && g.n > g.opt.MaxBytes {
		return 0, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, g.opt.MaxBytes)
	}
	if g.opt.MaxRatio > 0 && g.n > 1<<20 && g.n > g.opt.MaxRatio*g.in.n {
		return 0, fmt.Errorf("%w: more than %d times what was sent", ErrTooLarge, g.opt.MaxRatio)
	}
	return n, err
}
