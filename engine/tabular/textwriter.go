package tabular

import (
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/engine/rowtext"
	"github.com/musterdb/muster/engine/scalar"
)

// Limits of what is collected before it is written: text, and the rows encoded at once.
const (
	flushBytes = 64 << 10
	textRows   = 1024
)

// PieceWriter is a Writer of a format that can be made in pieces: Encode, by any number of goroutines at once,
// and WritePiece in the order of the rows. Pieces and records may follow each other.
type PieceWriter interface {
	Writer
	// Encode appends the rows of a record as they stand in the format.
	Encode(dst []byte, rec arrow.Record) ([]byte, error)
	// WritePiece writes what Encode made.
	WritePiece(piece []byte) error
}

// textWriter writes CSV and NDJSON.
type textWriter struct {
	w   io.Writer
	enc *rowtext.Encoder
	buf []byte
}

func newTextWriter(w io.Writer, f rowtext.Form, s *arrow.Schema) (*textWriter, error) {
	enc, err := rowtext.New(f, s)
	if err != nil {
		return nil, err
	}
	return &textWriter{w: w, enc: enc, buf: enc.Head()}, nil
}

// Write writes the rows of a record.
func (t *textWriter) Write(rec arrow.Record) error {
	for from := int64(0); from < rec.NumRows(); from += textRows {
		part := rec.NewSlice(from, min(from+textRows, rec.NumRows()))
		err := t.part(part)
		part.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *textWriter) part(rec arrow.Record) (err error) {
	if t.buf, err = t.enc.Append(t.buf, rec); err != nil {
		return err
	}
	t.buf, err = flush(t.w, t.buf, flushBytes)
	return err
}

// Encode appends the rows of a record.
func (t *textWriter) Encode(dst []byte, rec arrow.Record) ([]byte, error) {
	return t.enc.Append(dst, rec)
}

// WritePiece writes rows that were encoded.
func (t *textWriter) WritePiece(piece []byte) error {
	if err := t.Flush(); err != nil || len(piece) == 0 {
		return err
	}
	_, err := t.w.Write(piece)
	return err
}

// Close writes what is left.
func (t *textWriter) Close() (err error) {
	t.buf, err = flush(t.w, t.buf, 1)
	return err
}

// Flush writes what is left without ending, so that a reader who waits sees it.
func (t *textWriter) Flush() error { return t.Close() }

// flush writes buf if it is long enough and returns what to append to next.
func flush(w io.Writer, buf []byte, at int) ([]byte, error) {
	if len(buf) < at {
		return buf, nil
	}
	_, err := w.Write(buf)
	return buf[:0], err
}

// Document writes one JSON document: {"columns":[{"name":…,"type":…}],"rows":[[…],…],…}.
type Document struct {
	textWriter
	rows bool // there is one
}

// NewDocument begins a document.
func NewDocument(w io.Writer, s *arrow.Schema) (*Document, error) {
	d := &Document{}
	var err error
	if d.enc, err = rowtext.New(rowtext.Arrays, s); err != nil {
		return nil, err
	}
	d.w, d.buf = w, []byte(`{"columns":[`)
	for i, f := range s.Fields() {
		t, err := rowtext.TypeOf(f.Type)
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
func (d *Document) Write(rec arrow.Record) error {
	if d.rows || rec.NumRows() == 0 {
		return d.textWriter.Write(rec)
	}
	first, err := d.enc.Append(nil, rec.NewSlice(0, 1))
	if err != nil {
		return err
	}
	if err := d.WritePiece(first); err != nil {
		return err
	}
	return d.textWriter.Write(rec.NewSlice(1, rec.NumRows()))
}

// WritePiece writes rows that were encoded: each has a comma before it, which the first does not need.
func (d *Document) WritePiece(piece []byte) error {
	if !d.rows && len(piece) > 0 {
		d.rows, piece = true, piece[1:]
	}
	return d.textWriter.WritePiece(piece)
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

// markdownWriter writes a table.
type markdownWriter struct {
	w   io.Writer
	m   *rowtext.Markdown
	buf []byte
}

func newMarkdownWriter(w io.Writer, s *arrow.Schema) (*markdownWriter, error) {
	m, err := rowtext.NewMarkdown(s)
	if err != nil {
		return nil, err
	}
	return &markdownWriter{w: w, m: m}, nil
}

// Write writes the rows of a record, or holds them back until the columns are as wide as they will be.
func (m *markdownWriter) Write(rec arrow.Record) (err error) {
	if m.buf, err = m.m.Append(m.buf, rec); err != nil {
		return err
	}
	m.buf, err = flush(m.w, m.buf, flushBytes)
	return err
}

// Close writes what is left.
func (m *markdownWriter) Close() (err error) {
	m.buf, err = flush(m.w, m.m.End(m.buf), 1)
	return err
}
