package rowtext

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/storage/schema"
)

// Limits of a Markdown table's layout. Columns are as wide as their widest cell of the rows that are held back
// for it, within a bound; cells that are wider stick out.
const (
	layoutRows  = 1000
	layoutBytes = 1 << 20
	widest      = 60
)

// Markdown writes rows as a table of GitHub Flavored Markdown. Rows are in the columns of the first thousand:
// what comes later may stick out, so that the memory does not grow with the answer. Numbers stand on the right;
// null is an empty cell, the empty text is "". It is stateful, unlike Encoder, and used by one goroutine.
type Markdown struct {
	schema *arrow.Schema
	right  []bool
	widths []int
	cells  [][]byte // the rows held back, one cell after the other
	bytes  int
	begun  bool
}

// NewMarkdown begins a table. A type that cannot be written is an error.
func NewMarkdown(s *arrow.Schema) (*Markdown, error) {
	m := &Markdown{schema: s}
	for _, f := range s.Fields() {
		t, err := TypeOf(f.Type)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", f.Name, err)
		}
		number := t.Kind == schema.KindInt || t.Kind == schema.KindDecimal || t.Kind == schema.KindFloat
		m.right = append(m.right, number)
		name := appendMarkdown(nil, []byte(f.Name))
		m.widths = append(m.widths, max(3, min(widest, utf8.RuneCount(name))))
		m.cells = append(m.cells, name)
	}
	return m, nil
}

// Append appends what the rows of a record add to the table: nothing while they are held back.
func (m *Markdown) Append(dst []byte, rec arrow.Record) ([]byte, error) {
	cols, err := columns(rec, func([]int32, []byte) bool { return false })
	if err != nil {
		return dst, err
	}
	for i := range int(rec.NumRows()) {
		if !m.begun {
			m.hold(cols, i)
			if len(m.cells) > layoutRows*len(cols) || m.bytes > layoutBytes {
				dst = m.begin(dst)
			}
			continue
		}
		for j := range cols {
			dst = m.appendCell(dst, j, cols[j].markdown(nil, i))
		}
		dst = append(dst, "|\n"...)
	}
	return dst, nil
}

// End appends what is held back.
func (m *Markdown) End(dst []byte) []byte {
	if m.begun {
		return dst
	}
	return m.begin(dst)
}

// hold keeps a row until the widths are known.
func (m *Markdown) hold(cols []column, i int) {
	for j := range cols {
		cell := cols[j].markdown(nil, i)
		m.widths[j] = max(m.widths[j], min(widest, utf8.RuneCount(cell)))
		m.cells = append(m.cells, cell)
		m.bytes += len(cell)
	}
}

// begin appends the head, the line under it and the rows held back.
func (m *Markdown) begin(dst []byte) []byte {
	m.begun = true
	n := len(m.widths)
	for k, cell := range m.cells {
		dst = m.appendCell(dst, k%n, cell)
		if k%n == n-1 {
			dst = append(dst, "|\n"...)
		}
		if k == n-1 {
			dst = m.appendRule(dst)
		}
	}
	m.cells = nil
	return dst
}

// appendRule appends the line under the head.
func (m *Markdown) appendRule(dst []byte) []byte {
	for j, w := range m.widths {
		dst = append(dst, "| "...)
		dst = append(dst, bytes.Repeat([]byte{'-'}, w)...)
		if m.right[j] {
			dst[len(dst)-1] = ':'
		}
		dst = append(dst, ' ')
	}
	return append(dst, "|\n"...)
}

// appendCell appends a cell of column j, padded to its width.
func (m *Markdown) appendCell(dst []byte, j int, cell []byte) []byte {
	pad := max(0, m.widths[j]-utf8.RuneCount(cell))
	dst = append(dst, "| "...)
	if m.right[j] {
		dst = append(dst, bytes.Repeat([]byte{' '}, pad)...)
	}
	dst = append(dst, cell...)
	if !m.right[j] {
		dst = append(dst, bytes.Repeat([]byte{' '}, pad)...)
	}
	return append(dst, ' ')
}

// markdown appends cell i as it stands in a table.
func (c *column) markdown(dst []byte, i int) []byte {
	switch {
	case c.null(i):
		return dst
	case c.kind == schema.KindText && len(c.cell(i)) == 0:
		return append(dst, `""`...)
	case c.kind == schema.KindText:
		return appendMarkdown(dst, c.cell(i))
	}
	return appendMarkdown(dst, c.appendPlain(nil, i))
}

// appendMarkdown appends a text so that it stays one cell and is read as what it is: a bar would end the cell
// and a line break the row, < would begin a tag and & may begin a character's name.
func appendMarkdown(dst, s []byte) []byte {
	for i, c := range s {
		switch c {
		case '|', '\\', '`', '*':
			dst = append(dst, '\\', c)
		case '<':
			dst = append(dst, "&lt;"...)
		case '&':
			dst = append(dst, "&amp;"...)
		case '\n':
			dst = append(dst, "<br>"...)
		case '\r':
			if i+1 == len(s) || s[i+1] != '\n' {
				dst = append(dst, "<br>"...)
			}
		default:
			if c < ' ' || c == 0x7f {
				c = ' '
			}
			dst = append(dst, c)
		}
	}
	if !utf8.Valid(dst) {
		return bytes.ToValidUTF8(dst, []byte("\uFFFD"))
	}
	return dst
}
