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
	"github.com/musterdb/muster/engine/scalar"
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
		if _, err := typeOf(field.Type); err != nil {
			return nil, fmt.Errorf("column %s: %w", field.Name, err)
		}
	}
	switch f {
	case CSV:
		return &csvWriter{w: w, buf: csvHeader(s)}, nil
	case NDJSON:
		return &ndjsonWriter{w: w, keys: jsonKeys(s)}, nil
	case Arrow:
		return ipc.NewWriter(w, ipc.WithSchema(s)), nil
	case ArrowFile:
		return ipc.NewFileWriter(&position{w: w}, ipc.WithSchema(s))
	case Parquet:
		return newParquetWriter(w, s)
	}
	return nil, errors.New("choose a format to write: csv, ndjson, parquet or arrow")
}

// flushBytes is how much text is collected before it is written.
const flushBytes = 64 << 10

type csvWriter struct {
	w    io.Writer
	buf  []byte
	cols []textual
}

func csvHeader(s *arrow.Schema) (buf []byte) {
	for i, f := range s.Fields() {
		if i > 0 {
			buf = append(buf, ',')
		}
		from := len(buf)
		buf = quoteCSV(append(buf, f.Name...), from, ',')
	}
	return append(buf, '\n')
}

// Write writes the rows of a record.
func (c *csvWriter) Write(rec arrow.Record) (err error) {
	if c.cols, err = textuals(c.cols, rec); err != nil {
		return err
	}
	for i := range int(rec.NumRows()) {
		for j := range c.cols {
			if j > 0 {
				c.buf = append(c.buf, ',')
			}
			c.buf = c.cols[j].appendCSV(c.buf, i, ',')
		}
		c.buf = append(c.buf, '\n')
		if c.buf, err = flush(c.w, c.buf, flushBytes); err != nil {
			return err
		}
	}
	return nil
}

// Close writes what is left.
func (c *csvWriter) Close() (err error) {
	c.buf, err = flush(c.w, c.buf, 1)
	return err
}

// flush writes buf if it is long enough and returns what to append to next.
func flush(w io.Writer, buf []byte, at int) ([]byte, error) {
	if len(buf) < at {
		return buf, nil
	}
	_, err := w.Write(buf)
	return buf[:0], err
}

type ndjsonWriter struct {
	w    io.Writer
	buf  []byte
	keys [][]byte
	cols []textual
}

// jsonKeys returns what stands before each value of a row.
func jsonKeys(s *arrow.Schema) (keys [][]byte) {
	for i, f := range s.Fields() {
		key := []byte{','}
		if i == 0 {
			key[0] = '{'
		}
		key = scalar.AppendJSONText(key, f.Name)
		keys = append(keys, append(key, ':'))
	}
	return keys
}

// Write writes the rows of a record, one object per line.
func (n *ndjsonWriter) Write(rec arrow.Record) (err error) {
	if n.cols, err = textuals(n.cols, rec); err != nil {
		return err
	}
	for i := range int(rec.NumRows()) {
		if len(n.cols) == 0 {
			n.buf = append(n.buf, '{')
		}
		for j := range n.cols {
			n.buf = append(n.buf, n.keys[j]...)
			n.buf = n.cols[j].appendJSON(n.buf, i)
		}
		n.buf = append(n.buf, '}', '\n')
		if n.buf, err = flush(n.w, n.buf, flushBytes); err != nil {
			return err
		}
	}
	return nil
}

// Close writes what is left.
func (n *ndjsonWriter) Close() (err error) {
	n.buf, err = flush(n.w, n.buf, 1)
	return err
}

// Flush writes what is left without ending, so that a reader who waits sees it.
func (n *ndjsonWriter) Flush() error { return n.Close() }

// Document writes one JSON document: {"columns":[{"name":…,"type":…}],"rows":[[…],…],…}.
type Document struct {
	w    io.Writer
	buf  []byte
	cols []textual
	rows int
}

// NewDocument begins a document.
func NewDocument(w io.Writer, s *arrow.Schema) (*Document, error) {
	d := &Document{w: w, buf: []byte(`{"columns":[`)}
	for i, f := range s.Fields() {
		t, err := typeOf(f.Type)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", f.Name, err)
		}
		if i > 0 {
			d.buf = append(d.buf, ',')
		}
		d.buf = append(d.buf, `{"name":`...)
		d.buf = scalar.AppendJSONText(d.buf, f.Name)
		d.buf = append(d.buf, `,"type":`...)
		d.buf = append(scalar.AppendJSONText(d.buf, t.String()), '}')
	}
	d.buf = append(d.buf, `],"rows":[`...)
	return d, nil
}

// Write writes the rows of a record.
func (d *Document) Write(rec arrow.Record) (err error) {
	if d.cols, err = textuals(d.cols, rec); err != nil {
		return err
	}
	for i := range int(rec.NumRows()) {
		if d.rows++; d.rows > 1 {
			d.buf = append(d.buf, ',')
		}
		d.buf = append(d.buf, '[')
		for j := range d.cols {
			if j > 0 {
				d.buf = append(d.buf, ',')
			}
			d.buf = d.cols[j].appendJSON(d.buf, i)
		}
		d.buf = append(d.buf, ']')
		if d.buf, err = flush(d.w, d.buf, flushBytes); err != nil {
			return err
		}
	}
	return nil
}

// Finish ends the document. more is further members, such as `"elapsed_ms":3`, or empty.
func (d *Document) Finish(more string) (err error) {
	d.buf = append(d.buf, ']')
	if more != "" {
		d.buf = append(append(d.buf, ','), more...)
	}
	d.buf, err = flush(d.w, append(d.buf, '}', '\n'), 1)
	return err
}

// Close ends the document without further members.
func (d *Document) Close() error { return d.Finish("") }

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
}

// parquetGroupRows is the most rows of a row group written.
const parquetGroupRows = 1 << 20

func newParquetWriter(w io.Writer, s *arrow.Schema) (*parquetWriter, error) {
	props := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd), parquet.WithCreatedBy("muster"))
	// A wrapper hides the stream's Close, which the library would call.
	fw, err := pqarrow.NewFileWriter(parquetSchema(s), struct{ io.Writer }{w}, props, pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, err
	}
	for _, f := range s.Fields() {
		t, _ := typeOf(f.Type)
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
	if p.rows == 0 || p.rows+rec.NumRows() > parquetGroupRows {
		p.w.NewBufferedRowGroup()
		p.rows = 0
	}
	p.rows += rec.NumRows()
	return p.w.WriteBuffered(array.NewRecord(p.schema, cols, rec.NumRows()))
}

// Close writes the last row group and the footer.
func (p *parquetWriter) Close() error { return p.w.Close() }
