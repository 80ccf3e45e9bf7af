package tabular

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/storage/schema"
)

// maxDepth is how deep JSON objects and arrays may nest.
const maxDepth = 64

// maxColumns bounds the columns of a file: names that differ from row to row would make a batch of
// rows × columns cells.
const maxColumns = 4096

// ndjsonReader reads one JSON object per line. A key is a column, a nested object's keys are dotted, null is
// the same as absent. Columns appear in the batch in which a key first has a value.
type ndjsonReader struct {
	lines lineBuffer
	cells []cell
	spare []byte // unescaped strings and set texts of the row
	path  []byte
	guess int // where in the batch's columns the next key probably is
}

// cell is one value of the row being read.
type cell struct {
	column int
	kind   CellKind
	text   []byte
}

func newNDJSON(r *bufio.Reader) *ndjsonReader {
	if bom, err := r.Peek(3); err == nil && bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
		_, _ = r.Discard(3)
	}
	return &ndjsonReader{lines: lineBuffer{r: r, line: 1}}
}

func (r *ndjsonReader) fill(b *Batch) error {
	for !b.full() {
		text, line, long, err := r.lines.next()
		if err != nil {
			return err
		}
		switch text = bytes.Trim(text, " \t\r"); {
		case long > 0:
			b.addError(line, "", fmt.Sprintf("the line has %d bytes; the longest is %d", long, MaxLineBytes), nil)
		case len(text) > 0:
			r.add(b, text, line)
		}
	}
	return nil
}

func (r *ndjsonReader) add(b *Batch, text []byte, line int64) {
	r.cells, r.spare, r.path, r.guess = r.cells[:0], r.spare[:0], r.path[:0], 0
	p := &jsonParser{text: text, row: r, batch: b}
	if err := p.document(); err != nil {
		b.addError(line, p.column, err.Error(), text)
		return
	}
	for _, c := range r.cells {
		col := &b.Columns[c.column]
		if len(col.Kinds) > b.Rows {
			b.undo()
			b.addError(line, col.Name, fmt.Sprintf("column %s: the key occurs twice", col.Name), text)
			return
		}
		col.text(b.Rows, c.text)
		col.Kinds = append(col.Kinds, c.kind)
	}
	for i := range b.Columns {
		if col := &b.Columns[i]; len(col.Kinds) == b.Rows {
			col.null(b.Rows)
		}
	}
	b.addRow(line)
}

// undo takes the cells of the row that is being added back.
func (b *Batch) undo() {
	for i := range b.Columns {
		c := &b.Columns[i]
		if len(c.Kinds) <= b.Rows {
			continue
		}
		c.Kinds = c.Kinds[:b.Rows]
		c.Texts.Off = c.Texts.Off[:b.Rows+1]
		c.Texts.Bytes = c.Texts.Bytes[:c.Texts.Off[b.Rows]]
		c.Valid[b.Rows>>6] &^= 1 << (b.Rows & 63)
	}
}

// columnAt returns the column of the key path, which it may have to add.
func (r *ndjsonReader) columnAt(b *Batch) (int, error) {
	if r.guess < len(b.Columns) && b.Columns[r.guess].Name == string(r.path) {
		r.guess++
		return r.guess - 1, nil
	}
	i, ok := b.names[string(r.path)]
	if !ok {
		if len(b.Columns) == maxColumns {
			return 0, fmt.Errorf("the file has more than %d different keys", maxColumns)
		}
		if len(r.path) > schema.MaxTextBytes {
			return 0, errors.New("the key is too long")
		}
		i = b.addColumn(Column{Name: string(r.path), Type: schema.Type{Kind: schema.KindText}, Untyped: true, Kinds: make([]CellKind, 0, 16)})
	}
	r.guess = i + 1
	return i, nil
}

// jsonParser reads one object by the grammar of RFC 8259.
type jsonParser struct {
	text   []byte
	at     int
	row    *ndjsonReader
	batch  *Batch
	column string // the key at which an error stands
}

func (p *jsonParser) document() error {
	p.space()
	if p.at == len(p.text) || p.text[p.at] != '{' {
		return errors.New("the line is not a JSON object")
	}
	if err := p.object(1); err != nil {
		return err
	}
	if p.space(); p.at != len(p.text) {
		return p.errorf("text after the object")
	}
	return nil
}

func (p *jsonParser) errorf(format string, args ...any) error {
	return fmt.Errorf("not JSON: %s at byte %d", fmt.Sprintf(format, args...), p.at+1)
}

func (p *jsonParser) space() {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\t' || p.text[p.at] == '\r' || p.text[p.at] == '\n') {
		p.at++
	}
}

// take passes over a character if it is next, after space.
func (p *jsonParser) take(c byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

// object reads an object at {; its keys are dotted onto the path.
func (p *jsonParser) object(depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("objects and arrays nest deeper than %d levels", maxDepth)
	}
	p.at++
	if p.take('}') {
		return nil
	}
	base := len(p.row.path)
	for {
		p.space()
		key, err := p.string()
		if err != nil {
			return err
		}
		if base > 0 {
			p.row.path = append(p.row.path, '.')
		}
		p.row.path = append(p.row.path, key...)
		if !p.take(':') {
			return p.errorf("no colon after a key")
		}
		if err := p.member(depth); err != nil {
			if p.column == "" {
				p.column = string(p.row.path[:min(len(p.row.path), schema.MaxNameBytes)])
			}
			return err
		}
		p.row.path = p.row.path[:base]
		if p.take('}') {
			return nil
		}
		if !p.take(',') {
			return p.errorf("neither comma nor } after a value")
		}
	}
}

// member reads the value of the key at the path.
func (p *jsonParser) member(depth int) error {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == '{' {
		return p.object(depth + 1)
	}
	kind, text, null, err := p.value(depth)
	if err != nil || null {
		return err
	}
	if len(text) > schema.MaxTextBytes {
		return fmt.Errorf("column %s: the value has %d bytes; the longest is %d", p.row.path[:min(len(p.row.path), schema.MaxNameBytes)], len(text), schema.MaxTextBytes)
	}
	i, err := p.row.columnAt(p.batch)
	p.row.cells = append(p.row.cells, cell{i, kind, text})
	return err
}

// value reads a value that is no object.
func (p *jsonParser) value(depth int) (kind CellKind, text []byte, null bool, err error) {
	if p.at == len(p.text) {
		return 0, nil, false, p.errorf("no value")
	}
	switch c := p.text[p.at]; {
	case c == '"':
		text, err = p.string()
		return CellText, text, false, err
	case c == '[':
		kind, text, err = p.array(depth + 1)
		return kind, text, false, err
	case c == '-' || '0' <= c && c <= '9':
		text, err = p.number()
		return CellNumber, text, false, err
	}
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(p.text[p.at:], []byte(word)) {
			p.at += len(word)
			return CellBool, []byte(word), word == "null", nil
		}
	}
	return 0, nil, false, p.errorf("%q begins no value", p.text[p.at])
}

// number reads a number and keeps its text.
func (p *jsonParser) number() ([]byte, error) {
	start := p.at
	p.accept('-')
	switch {
	case p.accept('0'):
	case p.digits() == 0:
		return nil, p.errorf("no digit")
	}
	if p.accept('.') && p.digits() == 0 {
		return nil, p.errorf("no digit after the point")
	}
	if p.accept('e') || p.accept('E') {
		_ = p.accept('+') || p.accept('-')
		if p.digits() == 0 {
			return nil, p.errorf("no digit in the exponent")
		}
	}
	return p.text[start:p.at], nil
}

func (p *jsonParser) accept(c byte) bool {
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *jsonParser) digits() (n int) {
	for ; p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9'; n++ {
		p.at++
	}
	return n
}

// array reads an array at [: of strings only it is a SET as compact JSON, else any JSON as written.
func (p *jsonParser) array(depth int) (CellKind, []byte, error) {
	start := p.at
	set, from := true, len(p.row.spare)
	out := []byte{'['}
	if depth > maxDepth {
		return 0, nil, fmt.Errorf("objects and arrays nest deeper than %d levels", maxDepth)
	}
	p.at++
	for first := true; !p.take(']'); first = false {
		if !first && !p.take(',') {
			return 0, nil, p.errorf("neither comma nor ] in an array")
		}
		p.space()
		text, isText, err := p.element(depth)
		if err != nil {
			return 0, nil, err
		}
		if set = set && isText; set {
			if !first {
				out = append(out, ',')
			}
			out = scalar.AppendJSONText(out, text)
		}
		p.row.spare = p.row.spare[:from] // the text is copied
	}
	if set {
		return CellSet, append(out, ']'), nil
	}
	return CellJSON, p.text[start:p.at], nil
}

// element reads a value within an array.
func (p *jsonParser) element(depth int) (text []byte, isText bool, err error) {
	if p.at < len(p.text) && p.text[p.at] == '{' {
		return nil, false, p.skipObject(depth + 1)
	}
	kind, text, null, err := p.value(depth)
	return text, kind == CellText && !null, err
}

// skipObject passes over an object within an array, whose keys are no columns.
func (p *jsonParser) skipObject(depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("objects and arrays nest deeper than %d levels", maxDepth)
	}
	p.at++
	for first := true; !p.take('}'); first = false {
		if !first && !p.take(',') {
			return p.errorf("neither comma nor } after a value")
		}
		p.space()
		if _, err := p.string(); err != nil {
			return err
		}
		if !p.take(':') {
			return p.errorf("no colon after a key")
		}
		p.space()
		if _, _, err := p.element(depth); err != nil {
			return err
		}
	}
	return nil
}

// string reads a string. The result aliases the line, or spare where something was escaped.
func (p *jsonParser) string() ([]byte, error) {
	if !p.accept('"') {
		return nil, p.errorf("no string")
	}
	start := p.at
	for ; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '"':
			s := p.text[start:p.at]
			p.at++
			if !utf8.Valid(s) {
				return nil, p.errorf("a string that is not UTF-8")
			}
			return s, nil
		case c == '\\':
			return p.escaped(start)
		case c < ' ':
			return nil, p.errorf("a control character in a string")
		}
	}
	return nil, p.errorf("a string is not closed")
}
