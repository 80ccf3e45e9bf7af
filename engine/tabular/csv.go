package tabular

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/musterdb/muster/storage/schema"
)

// MaxLineBytes is the longest line of CSV and NDJSON.
const MaxLineBytes = 16 << 20

// csvReader reads RFC 4180: fields may be quoted, quoted fields may hold line breaks and doubled quotes.
// An empty field is null, a quoted empty field is the empty text.
type csvReader struct {
	lines  lineBuffer
	comma  byte
	header []string
	fields []field
	spare  []byte // unescaped quoted fields of the row
	open   bool   // the data ended within a quoted field
}

// field is one field of a row; text aliases the line buffer or spare.
type field struct {
	text   []byte
	quoted bool
}

func newCSV(r *bufio.Reader, opt Options) (source, error) {
	c := &csvReader{lines: lineBuffer{r: r, line: 1}, comma: opt.Comma}
	if bom, err := r.Peek(3); err == nil && bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
		_, _ = r.Discard(3)
	}
	if err := c.readHeader(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *csvReader) readHeader() error {
	row, err := c.row()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("the file is empty; its first line must name the columns")
	}
	if err != nil {
		return err
	}
	if row.bad != "" {
		return fmt.Errorf("line 1, the header: %s", row.bad)
	}
	if len(c.fields) > maxColumns {
		return fmt.Errorf("line 1, the header: %d columns; the most is %d", len(c.fields), maxColumns)
	}
	seen := map[string]bool{}
	for _, f := range c.fields {
		name := string(f.text)
		if seen[name] {
			return fmt.Errorf("line 1, the header: two columns are called %q", name)
		}
		if !utf8.ValidString(name) {
			return fmt.Errorf("line 1, the header: %q is not UTF-8", name)
		}
		seen[name] = true
		c.header = append(c.header, name)
	}
	return nil
}

func (c *csvReader) fill(b *Batch) error {
	if len(b.Columns) == 0 {
		for _, name := range c.header {
			b.addColumn(Column{Name: name, Type: schema.Type{Kind: schema.KindText}, Untyped: true})
		}
	}
	for !b.full() {
		row, err := c.row()
		if err != nil {
			return err
		}
		c.add(b, row)
	}
	return nil
}

func (c *csvReader) add(b *Batch, row csvRow) {
	column, reason := "", row.bad
	if reason == "" {
		column, reason = c.check()
	}
	if reason != "" {
		b.addError(row.line, column, reason, row.raw)
		return
	}
	for i, f := range c.fields {
		col := &b.Columns[i]
		if len(f.text) == 0 && !f.quoted {
			col.null(b.Rows)
		} else {
			col.text(b.Rows, f.text)
		}
	}
	b.addRow(row.line)
}

// check says what is wrong with the fields of a row.
func (c *csvReader) check() (column, reason string) {
	if n := len(c.fields); n != len(c.header) {
		return "", fmt.Sprintf("the row has %d field%s, the header has %d", n, plural(n), len(c.header))
	}
	for i, f := range c.fields {
		if len(f.text) > schema.MaxTextBytes {
			return c.header[i], fmt.Sprintf("column %s: the field has %d bytes; the longest is %d", c.header[i], len(f.text), schema.MaxTextBytes)
		}
		if !utf8.Valid(f.text) {
			return c.header[i], fmt.Sprintf("column %s: the field is not UTF-8", c.header[i])
		}
	}
	return "", ""
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// csvRow is a row whose fields are in csvReader.fields.
type csvRow struct {
	line int64
	raw  []byte
	bad  string // why the fields could not be told apart
}

// row reads the next row that is not an empty line.
func (c *csvReader) row() (csvRow, error) {
	for {
		row, err := c.scan()
		if err != nil {
			return row, err
		}
		empty := len(c.fields) == 1 && !c.fields[0].quoted && len(c.fields[0].text) == 0
		// In a file of one column an empty line is a row with a null.
		if empty && row.bad == "" && len(c.header) != 1 {
			continue
		}
		return row, nil
	}
}

// scan reads one record. It parses what is in the buffer and starts again with more if that ends early.
func (c *csvReader) scan() (csvRow, error) {
	for {
		row, n, ok := c.parse(c.lines.data(), c.lines.eof)
		if ok {
			if n == 0 {
				return row, io.EOF
			}
			row.line = c.lines.line
			row.raw = c.lines.take(n)
			return row, nil
		}
		long, err := c.lines.more()
		if err != nil {
			return row, err
		}
		if long {
			return c.skipLong()
		}
	}
}

// skipLong passes over a row that is longer than a line may be.
func (c *csvReader) skipLong() (csvRow, error) {
	at := c.lines.line
	if c.open {
		return csvRow{}, fmt.Errorf("line %d: the row is longer than %d bytes, in a quoted field; is a quote not closed?", at, MaxLineBytes)
	}
	n, err := c.lines.skipLine()
	if err != nil && !errors.Is(err, io.EOF) {
		return csvRow{}, err
	}
	c.fields = c.fields[:0]
	return csvRow{line: at, bad: fmt.Sprintf("the line has %d bytes; the longest is %d", n, MaxLineBytes)}, nil
}

// parse splits the record at the beginning of data into fields. n is its length with its line break; ok is
// false if data ends within it and there may be more.
func (c *csvReader) parse(data []byte, eof bool) (row csvRow, n int, ok bool) {
	c.fields, c.spare, c.open = c.fields[:0], c.spare[:0], false
	if len(data) == 0 {
		return row, 0, eof
	}
	for {
		var end bool
		if n < len(data) && data[n] == '"' {
			n, end, ok, row.bad = c.quoted(data, n, eof)
			c.open = !ok
		} else {
			n, end, ok = c.plain(data, n, eof)
		}
		if !ok || end || row.bad != "" {
			return row, n, ok
		}
	}
}

// plain reads a field without quotes from n on; end says whether it is the record's last.
func (c *csvReader) plain(data []byte, n int, eof bool) (next int, end, ok bool) {
	start, comma := n, c.comma
	for ; n < len(data); n++ {
		switch data[n] {
		case comma:
			c.fields = append(c.fields, field{text: data[start:n]})
			return n + 1, false, true
		case '\n':
			c.fields = append(c.fields, field{text: cutReturn(data[start:n])})
			return n + 1, true, true
		}
	}
	if !eof {
		return n, false, false
	}
	c.fields = append(c.fields, field{text: cutReturn(data[start:n])})
	return n, true, true
}

func cutReturn(b []byte) []byte {
	if len(b) > 0 && b[len(b)-1] == '\r' {
		return b[:len(b)-1]
	}
	return b
}

// quoted reads a quoted field whose quote is at n.
func (c *csvReader) quoted(data []byte, n int, eof bool) (next int, end, ok bool, bad string) {
	n++
	start, kept := n, len(c.spare)
	c.fields = append(c.fields, field{quoted: true})
	f := &c.fields[len(c.fields)-1]
	for {
		i := bytes.IndexByte(data[n:], '"')
		switch {
		case i < 0 && eof:
			return len(data), true, true, "a quoted field is not closed"
		case i < 0 || n+i+1 == len(data) && !eof:
			return n, false, false, ""
		}
		n += i + 1
		if n < len(data) && data[n] == '"' { // a doubled quote stands for one
			c.spare = append(c.spare, data[start:n]...)
			n++
			start = n
			continue
		}
		f.text = data[start : n-1]
		if len(c.spare) > kept {
			c.spare = append(c.spare, f.text...)
			f.text = c.spare[kept:]
		}
		break
	}
	return c.afterQuote(data, n, eof)
}

// afterQuote reads what may follow a closing quote.
func (c *csvReader) afterQuote(data []byte, n int, eof bool) (next int, end, ok bool, bad string) {
	rest := data[n:]
	switch {
	case len(rest) == 0:
		return n, true, true, ""
	case rest[0] == c.comma:
		return n + 1, false, true, ""
	case rest[0] == '\n':
		return n + 1, true, true, ""
	case rest[0] == '\r' && len(rest) == 1 && !eof:
		return n, false, false, ""
	case rest[0] == '\r' && (len(rest) == 1 || rest[1] == '\n'):
		return min(n+2, len(data)), true, true, ""
	}
	i := bytes.IndexByte(rest, '\n')
	if i < 0 && !eof {
		return n, false, false, ""
	}
	if i < 0 {
		i = len(rest) - 1
	}
	return n + i + 1, true, true, "text follows a closing quote; a quote within a quoted field is written twice"
}
