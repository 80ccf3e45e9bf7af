// Package render owns how answers look on a terminal: tables whose columns line up, numbers to the
// right, nulls told from empty texts. It does not ask and does not decide formats of files.
package render

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
)

// Limits of a table, which is for people: everything else has formats.
const (
	// MaxRows is how many rows of an answer are drawn; the others are counted.
	MaxRows = 1000
	// maxCell is how many characters of a value are drawn.
	maxCell = 60
)

// Table collects an answer and draws it.
type Table struct {
	schema *arrow.Schema
	cells  [][]string
	rows   int64
}

// NewTable returns an empty table.
func NewTable(schema *arrow.Schema) *Table { return &Table{schema: schema} }

// Add takes the rows of a record, of which only the first MaxRows of the table are kept.
func (t *Table) Add(r arrow.Record) {
	for i := range int(r.NumRows()) {
		if len(t.cells) >= MaxRows {
			break
		}
		row := make([]string, r.NumCols())
		for c := range row {
			row[c] = cell(r.Column(c), i)
		}
		t.cells = append(t.cells, row)
	}
	t.rows += r.NumRows()
}

// Rows returns how many rows were added, drawn or not.
func (t *Table) Rows() int64 { return t.rows }

// Cell returns a value of a row that is kept, as it is drawn.
func (t *Table) Cell(row, column int) string { return t.cells[row][column] }

// cell returns a value as it is drawn, on one line.
func cell(col arrow.Array, i int) string {
	if col.IsNull(i) {
		return "NULL"
	}
	return clip(Value(col, i))
}

// clip makes a value one line of at most maxCell characters that cannot steer the terminal: line ends are
// drawn, other control characters become replacement characters.
func clip(text string) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		switch {
		case r == '\r':
			continue
		case r == '\n':
			r = '⏎'
		case r == '\t':
			r = ' '
		case !unicode.IsGraphic(r):
			r = utf8.RuneError
		}
		if n == maxCell {
			return cutLast(b.String()) + "…"
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

func cutLast(text string) string {
	_, size := utf8.DecodeLastRuneInString(text)
	return text[:len(text)-size]
}

// Draw writes the table and, under it, the number of rows.
func (t *Table) Draw(w io.Writer) error {
	out := bufio.NewWriter(w)
	fields := t.schema.Fields()
	width := t.widths()
	line := func(left, mid, right string) {
		out.WriteString(left)
		for c := range fields {
			if c > 0 {
				out.WriteString(mid)
			}
			out.WriteString(strings.Repeat("─", width[c]+2))
		}
		out.WriteString(right + "\n")
	}
	line("┌", "┬", "┐")
	for c, f := range fields {
		fmt.Fprintf(out, "│ %s ", fit(clip(f.Name), width[c], false))
	}
	out.WriteString("│\n")
	line("├", "┼", "┤")
	for _, row := range t.cells {
		for c := range fields {
			fmt.Fprintf(out, "│ %s ", fit(row[c], width[c], rightAligned(fields[c].Type)))
		}
		out.WriteString("│\n")
	}
	line("└", "┴", "┘")
	t.footer(out)
	return out.Flush()
}

func (t *Table) footer(out *bufio.Writer) {
	out.WriteString(Counted(t.rows, "row"))
	if left := t.rows - int64(len(t.cells)); left > 0 {
		fmt.Fprintf(out, " (%s of them not shown; ask with --format csv for all)", Thousands(left))
	}
	out.WriteString("\n")
}

func (t *Table) widths() []int {
	fields := t.schema.Fields()
	width := make([]int, len(fields))
	for c, f := range fields {
		width[c] = utf8.RuneCountInString(clip(f.Name))
		for _, row := range t.cells {
			width[c] = max(width[c], utf8.RuneCountInString(row[c]))
		}
	}
	return width
}

// fit pads a text to a width.
func fit(text string, width int, right bool) string {
	pad := strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
	if right {
		return pad + text
	}
	return text + pad
}

func rightAligned(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.INT64, arrow.FLOAT64, arrow.DECIMAL128, arrow.DURATION:
		return true
	}
	return false
}

// Counted writes a number of things: 1 row, 2 rows.
func Counted(n int64, what string) string {
	if n != 1 {
		what += "s"
	}
	return Thousands(n) + " " + what
}

// Thousands writes a number with a comma between groups of three digits.
func Thousands(n int64) string {
	text := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, text = "-", text[1:]
	}
	var b strings.Builder
	for i, d := range text {
		if i > 0 && (len(text)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}
