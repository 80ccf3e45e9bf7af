// Package render owns how answers look on a terminal: tables that fit a window and whose columns line up,
// values below each other, bar charts and sparklines, progress, and that no value can steer the terminal.
// It does not ask, and the formats of files are engine/tabular's.
package render

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
)

// Limits of what is drawn, which is for people: everything else has formats.
const (
	// MaxRows is how many rows are drawn if the options do not say; the middle of more is left out.
	MaxRows = 1000
	// plainCell is how many columns a value takes if no window limits it and it does not stand alone.
	plainCell = 60
	// maxCell is how many columns a value takes at most.
	maxCell = 2000
)

// Options say how an answer is drawn.
type Options struct {
	Style Style
	Width int    // columns of the window; 0: a table is as wide as it needs to be
	Rows  int    // rows drawn at most, half of them from the end; 0: MaxRows
	Types bool   // the types of the columns stand under their names
	More  string // said where columns were left out
}

// Draw writes the table for something that is no window and, under it, the number of rows.
func (t *Table) Draw(w io.Writer) error {
	if err := t.Box(w, Options{}); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, t.Summary(Options{}))
	return err
}

// Summary returns the number of rows and, if not all were drawn, how many were.
func (t *Table) Summary(o Options) string {
	text := Counted(t.rows, "row")
	if first, last := t.shown(o); first+last < t.rows {
		text += fmt.Sprintf(" (%s shown)", Thousands(first+last))
	}
	return text
}

// shown returns how many rows are drawn from the beginning and from the end.
func (t *Table) shown(o Options) (first, last int64) {
	most := int64(o.Rows)
	if most <= 0 {
		most = MaxRows
	}
	if t.rows <= most && t.rows <= t.head.rows {
		return t.rows, 0
	}
	most = max(most, 2)
	first, last = min(most-most/2, t.head.rows), min(most/2, keepTail)
	return first, min(last, t.rows-first)
}

// Box writes the table.
func (t *Table) Box(w io.Writer, o Options) error {
	b := newBox(t, o)
	out := bufio.NewWriter(w)
	b.rule(out, b.g.top)
	b.header(out)
	b.rule(out, b.g.middle)
	for i, row := range b.cells {
		if b.left > 0 && int64(i) == b.first {
			b.elided(out)
		}
		b.row(out, row)
	}
	b.rule(out, b.g.bottom)
	if n := len(t.schema.Fields()) - b.drawn(); n > 0 {
		fmt.Fprintf(out, "%s\n", o.Style.Paint(Dim, Counted(int64(n), "column")+" left out"+o.More))
	}
	return out.Flush()
}

// cell is one value as it is drawn.
type cell struct {
	text  string
	null  bool
	right bool
}

// box is a table that is being drawn.
type box struct {
	o       Options
	g       *glyphs
	columns []int // of the schema; -1 stands for those left out
	names   []cell
	types   []cell
	cells   [][]cell
	first   int64 // rows before the ones left out
	left    int64 // rows left out
	width   []int
}

func newBox(t *Table, o Options) *box {
	b := &box{o: o, g: o.Style.glyphs()}
	first, last := t.shown(o)
	b.first, b.left = first, t.rows-first-last
	fields := t.schema.Fields()
	limits := make([]limit, len(fields))
	for c, f := range fields {
		limits[c] = b.limits(t, c, f, first, last)
	}
	b.columns, b.width = layout(limits, o.Width, b.minInner())
	b.fill(t, fields, first, last)
	return b
}

// limits returns how wide a column has to be and how wide it would like to be.
func (b *box) limits(t *Table, c int, f arrow.Field, first, last int64) limit {
	most := maxCell
	if b.o.Width == 0 && len(t.schema.Fields()) > 1 {
		most = plainCell
	}
	values := 0
	for i := range first + last {
		values = max(values, Width(b.cell(t, b.rowAt(i, first), c, f, most).text))
	}
	wish := max(values, min(most, Width(b.o.Style.Harmless(f.Name, most))), 1)
	if b.o.Types {
		wish = max(wish, Width(TypeName(f.Type)))
	}
	if isText(f.Type) {
		return limit{least: min(wish, minText), wish: wish}
	}
	return limit{least: min(wish, max(values, minName)), wish: wish}
}

// rowAt returns the row of the table that is drawn at a place: from the end after the first ones.
func (b *box) rowAt(i, first int64) int64 {
	if i < first {
		return i
	}
	return i + b.left
}

// fill makes the texts of what is drawn.
func (b *box) fill(t *Table, fields []arrow.Field, first, last int64) {
	for k, c := range b.columns {
		if c < 0 {
			b.names = append(b.names, cell{text: b.g.more})
			b.types = append(b.types, cell{})
			continue
		}
		f := fields[c]
		right := rightAligned(f.Type)
		b.names = append(b.names, cell{text: b.o.Style.Harmless(f.Name, b.width[k]), right: right})
		b.types = append(b.types, cell{text: b.o.Style.Harmless(TypeName(f.Type), b.width[k]), right: right})
	}
	for i := range first + last {
		row := make([]cell, len(b.columns))
		for k, c := range b.columns {
			row[k] = cell{text: b.g.more}
			if c >= 0 {
				row[k] = b.cell(t, b.rowAt(i, first), c, fields[c], b.width[k])
			}
		}
		b.cells = append(b.cells, row)
	}
}

// cell returns a value as it is drawn in a width.
func (b *box) cell(t *Table, row int64, c int, f arrow.Field, width int) cell {
	col, i := t.value(row, c)
	right := rightAligned(f.Type)
	if col == nil || col.IsNull(i) {
		return cell{text: null, null: true, right: right}
	}
	return cell{text: b.o.Style.Harmless(t.text(c, col, i), width), right: right}
}

// drawn returns how many columns are drawn.
func (b *box) drawn() int {
	n := 0
	for _, c := range b.columns {
		if c >= 0 {
			n++
		}
	}
	return n
}

func (b *box) rule(out *bufio.Writer, ends [3]string) {
	var line strings.Builder
	line.WriteString(ends[0])
	for k := range b.columns {
		if k > 0 {
			line.WriteString(ends[1])
		}
		line.WriteString(strings.Repeat(b.g.across, b.width[k]+2))
	}
	line.WriteString(ends[2])
	out.WriteString(b.o.Style.Paint(Dim, line.String()) + "\n")
}

func (b *box) header(out *bufio.Writer) {
	b.line(out, b.names, Bold)
	if b.o.Types {
		b.line(out, b.types, Dim)
	}
}

func (b *box) row(out *bufio.Writer, row []cell) { b.line(out, row, "") }

// line writes one line of cells, painted with a code if there is one.
func (b *box) line(out *bufio.Writer, cells []cell, code string) {
	down := b.o.Style.Paint(Dim, b.g.down)
	for k, c := range cells {
		text := pad(c.text, b.width[k], c.right)
		switch {
		case c.null:
			text = b.o.Style.Paint(Dim, text)
		case code != "":
			text = b.o.Style.Paint(code, text)
		}
		out.WriteString(down + " " + text + " ")
	}
	out.WriteString(down + "\n")
}

// leftOut is what stands for the rows left out.
func (b *box) leftOut() string {
	return fmt.Sprintf("%s %s %s", b.g.more, Counted(b.left, "more row"), b.g.more)
}

// minInner returns how wide the lines must be between their ends.
func (b *box) minInner() int {
	if b.left == 0 {
		return 0
	}
	return Width(b.leftOut()) + 2
}

// elided writes the line that counts the rows left out.
func (b *box) elided(out *bufio.Writer) {
	inner := len(b.width) - 1
	for _, w := range b.width {
		inner += w + 2
	}
	text := b.o.Style.Harmless(b.leftOut(), inner)
	before := (inner - Width(text)) / 2
	down := b.o.Style.Paint(Dim, b.g.down)
	out.WriteString(down + b.o.Style.Paint(Dim, pad(strings.Repeat(" ", before)+text, inner, false)) + down + "\n")
}

func rightAligned(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.INT64, arrow.FLOAT64, arrow.DECIMAL128, arrow.DURATION:
		return true
	}
	return false
}

func isText(t arrow.DataType) bool { return t.ID() == arrow.STRING || t.ID() == arrow.LIST }
