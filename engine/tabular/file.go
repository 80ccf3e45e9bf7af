package tabular

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// File is a file being written. It appears under its name only when Commit has written all of it; until
// then, and after any error, there is nothing but what was there before.
type File struct {
	Writer
	path  string
	temp  *os.File
	chain []io.Closer // compressor, ended before the file
	buf   *bufio.Writer
	err   error
}

// Create begins a file. Its extension says the format and compression; f overrides the format unless Auto.
// An existing file is replaced by Commit.
func Create(path string, f Format, s *arrow.Schema) (*File, error) {
	named, compression := FormatOf(path)
	if f == Auto {
		f = named
	}
	if f == Auto {
		return nil, unnamed(path)
	}
	out, w, err := begin(path, compression)
	if err != nil {
		return nil, err
	}
	if out.Writer, err = NewWriter(w, f, s); err != nil {
		out.Abort()
		return nil, err
	}
	return out, nil
}

// BytesFile is a File whose content comes as bytes of its format, not as records.
type BytesFile struct {
	File
	w io.Writer
}

// CreateBytes begins a file as Create does. What is written is compressed as its name says.
func CreateBytes(path string) (*BytesFile, error) {
	_, compression := FormatOf(path)
	out, w, err := begin(path, compression)
	if err != nil {
		return nil, err
	}
	return &BytesFile{File: *out, w: w}, nil
}

// Write writes bytes. After an error Commit fails too.
func (f *BytesFile) Write(p []byte) (n int, err error) {
	if f.err == nil {
		n, f.err = f.w.Write(p)
	}
	return n, f.err
}

func unnamed(path string) error {
	return fmt.Errorf("%s: cannot tell the format; name the file .csv, .ndjson, .parquet, .arrow or .md (or these with .gz, .zst)", path)
}

// begin makes the file under another name, and the stream into it.
func begin(path, compression string) (*File, io.Writer, error) {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.part")
	if err != nil {
		return nil, nil, err
	}
	out := &File{path: path, temp: temp, buf: bufio.NewWriterSize(temp, 256<<10)}
	w, err := out.compress(compression)
	if err != nil {
		out.Abort()
		return nil, nil, err
	}
	return out, w, nil
}

func (f *File) compress(how string) (io.Writer, error) {
	if how == "" {
		return f.buf, nil
	}
	z, err := Compress(f.buf, how)
	if err != nil {
		return nil, err
	}
	f.chain = append(f.chain, z)
	return z, nil
}

// Compress returns a stream that compresses into w as FormatOf says: "gz", "zst", or "" for not at all. Its
// Close ends the compression and does not close w.
func Compress(w io.Writer, how string) (io.WriteCloser, error) {
	switch how {
	case "gz":
		return gzip.NewWriter(w), nil
	case "zst":
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	}
	return uncompressed{w}, nil
}

type uncompressed struct{ io.Writer }

// Close does nothing.
func (uncompressed) Close() error { return nil }

// Write writes the rows of a record. After an error Commit fails too.
func (f *File) Write(rec arrow.Record) error {
	if f.err == nil {
		f.err = f.Writer.Write(rec)
	}
	return f.err
}

// Close is Commit.
func (f *File) Close() error { return f.Commit() }

// Commit ends the file and gives it its name. On an error nothing is left.
func (f *File) Commit() error {
	if f.temp == nil {
		return f.err
	}
	err := f.finish()
	if err != nil {
		f.Abort()
		return fmt.Errorf("%s: %w", f.path, err)
	}
	return nil
}

func (f *File) finish() error {
	if f.err != nil {
		return f.err
	}
	if f.Writer != nil {
		if err := f.Writer.Close(); err != nil {
			return err
		}
	}
	for _, c := range f.chain {
		if err := c.Close(); err != nil {
			return err
		}
	}
	if err := errors.Join(f.buf.Flush(), f.temp.Chmod(0o644), f.temp.Sync()); err != nil {
		return err
	}
	if err := f.temp.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.temp.Name(), f.path); err != nil {
		return err
	}
	f.temp = nil
	return nil
}

// Abort removes what was written. After Commit it does nothing.
func (f *File) Abort() {
	if f.temp == nil {
		return
	}
	_ = f.temp.Close()
	_ = os.Remove(f.temp.Name())
	f.temp = nil
	if f.err == nil {
		f.err = errors.New("the file was given up")
	}
}
