package tabular

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
	"github.com/musterdb/muster/engine/rowtext"
	"github.com/musterdb/muster/storage/schema"
)

// Writer writes records of one schema. The types are those of Field. Close ends the format but does not
// close the stream below; a Writer that failed is not to be closed into a whole file.
type Writer interface {
	Write(rec arrow.Record) error
	Close() error
}

// NewWriter writes a format to a stream. CSV begins with a header.
func NewWriter(w io.Writer, f Format, s *arrow.Schema) (Writer, error) {
	for _, field := range s.Fields() {
		if _, err := rowtext.TypeOf(field.Type); err != nil {
			return nil, fmt.Errorf("column %s: %w", field.Name, err)
		}
	}
	switch f {
	case CSV:
		return newTextWriter(w, rowtext.CSV, s)
	case NDJSON:
		return newTextWriter(w, rowtext.Lines, s)
	case Markdown:
		return newMarkdownWriter(w, s)
	case Arrow:
		return ipc.NewWriter(w, ipc.WithSchema(s)), nil
	case ArrowFile:
		return ipc.NewFileWriter(&position{w: w}, ipc.WithSchema(s))
	case Parquet:
		return newParquetWriter(w, s)
	}
	return nil, errors.New("choose a format to write: csv, ndjson, parquet, arrow or markdown")
}

// position is a stream that knows how far it is, which is all that the Arrow file writer seeks for.
type position struct {
	w io.Writer
	n int64
}

func (p *position) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	p.n += int64(n)
	return n, err
}

// Seek returns the position; it moves nowhere.
func (p *position) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekCurrent {
		return 0, errors.New("a stream cannot seek")
	}
	return p.n, nil
}

// parquetWriter collects records into row groups.
type parquetWriter struct {
	w      *pqarrow.FileWriter
	schema *arrow.Schema
	rows   int64 // in the current row group
	bytes  int64 // likewise, as Arrow has them
}

// The most rows of a row group written, and the bytes from which on one ends: a group is held in memory until
// it is whole.
const (
	parquetGroupRows  = 1 << 20
	parquetGroupBytes = 64 << 20
)

func newParquetWriter(w io.Writer, s *arrow.Schema) (*parquetWriter, error) {
	props := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd), parquet.WithCreatedBy("muster"))
	// A wrapper hides the stream's Close, which the library would call.
	fw, err := pqarrow.NewFileWriter(parquetSchema(s), struct{ io.Writer }{w}, props, pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, err
	}
	for _, f := range s.Fields() {
		t, _ := rowtext.TypeOf(f.Type)
		if t.Kind != schema.KindKey && t.Kind != schema.KindDuration {
			continue
		}
		// Parquet has no word for these either.
		if err := fw.AppendKeyValueMetadata(typeKey+":"+f.Name, t.String()); err != nil {
			return nil, err
		}
	}
	return &parquetWriter{w: fw, schema: parquetSchema(s)}, nil
}

// parquetSchema returns the schema with DURATION as its milliseconds.
func parquetSchema(s *arrow.Schema) *arrow.Schema {
	fields := s.Fields()
	for i, f := range fields {
		if f.Type.ID() == arrow.DURATION {
			fields[i].Type = arrow.PrimitiveTypes.Int64
		}
	}
	return arrow.NewSchema(fields, nil)
}

// Write writes the rows of a record.
func (p *parquetWriter) Write(rec arrow.Record) error {
	cols := slices.Clone(rec.Columns())
	for i, a := range cols {
		if a.DataType().ID() != arrow.DURATION {
			continue
		}
		d := a.Data()
		cols[i] = array.NewInt64Data(array.NewData(arrow.PrimitiveTypes.Int64, d.Len(), d.Buffers(), nil, d.NullN(), d.Offset()))
	}
	if p.rows == 0 || p.rows+rec.NumRows() > parquetGroupRows || p.bytes > parquetGroupBytes {
		p.w.NewBufferedRowGroup()
		p.rows, p.bytes = 0, 0
	}
	p.rows += rec.NumRows()
	for _, a := range cols {
		p.bytes += int64(a.Data().SizeInBytes())
	}
	return p.w.WriteBuffered(array.NewRecord(p.schema, cols, rec.NumRows()))
}

// Close writes the last row group and the footer.
func (p *parquetWriter) Close() error { return p.w.Close() }
