package render

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/rivo/uniseg"
)

// Expanded writes the rows with their values below each other.
func (t *Table) Expanded(w io.Writer, o Options) error {
	out := bufio.NewWriter(w)
	g := o.Style.glyphs()
	first, last := t.shown(o)
	names, width := t.names(o)
	for i := range first + last {
		row := i
		if i >= first {
			row = i + t.rows - first - last
		}
		if i == first && first+last < t.rows {
			fmt.Fprintf(out, "%s\n", o.Style.Paint(Dim, fmt.Sprintf("%s %s %s", g.more, Counted(t.rows-first-last, "more row"), g.more)))
		}
		title := strings.Repeat(g.across, 2) + " " + Thousands(row+1) + " "
		title += strings.Repeat(g.across, max(2, width+12-Width(title)))
		fmt.Fprintf(out, "%s\n", o.Style.Paint(Dim, title))
		t.values(out, o, row, names, width)
	}
	return out.Flush()
}

// Lines writes the values of the first column as they are, each on a line of its own.
func (t *Table) Lines(w io.Writer, o Options) error {
	out := bufio.NewWriter(w)
	for row := range t.head.rows {
		if col, i := t.head.at(row, 0); !col.IsNull(i) {
			fmt.Fprintln(out, o.Style.Harmless(Value(col, i), 0))
		}
	}
	return out.Flush()
}

// names returns the names of the columns and the width of the longest.
func (t *Table) names(o Options) (names []string, width int) {
	for _, f := range t.schema.Fields() {
		name := o.Style.Harmless(f.Name, plainCell)
		names = append(names, name)
		width = max(width, Width(name))
	}
	if o.Width > 0 {
		width = min(width, o.Width/2)
	}
	return names, width
}

// values writes the values of a row, each on lines of its own.
func (t *Table) values(out *bufio.Writer, o Options, row int64, names []string, width int) {
	g := o.Style.glyphs()
	down := o.Style.Paint(Dim, g.down)
	for c := range t.schema.Fields() {
		lines := []string{o.Style.Paint(Dim, null)}
		if col, i := t.value(row, c); col != nil && !col.IsNull(i) {
			lines = folded(o.Style.Harmless(t.text(c, col, i), maxCell), max(1, o.Width-width-3), o.Width > 0)
		}
		name := o.Style.Paint(Bold, pad(o.Style.Harmless(names[c], width), width, false))
		for _, line := range lines {
			fmt.Fprintf(out, "%s %s %s\n", name, down, line)
			name = strings.Repeat(" ", width)
		}
	}
}

// folded cuts a harmless text into lines of a width, if it is to be folded at all.
func folded(text string, width int, fold bool) []string {
	if !fold || Width(text) <= width {
		return []string{text}
	}
	var lines []string
	var line strings.Builder
	at := 0
	for state := -1; text != ""; {
		var cluster string
		cluster, text, _, state = uniseg.FirstGraphemeClusterInString(text, state)
		w := uniseg.StringWidth(cluster)
		if at+w > width && at > 0 {
			lines = append(lines, line.String())
			line.Reset()
			at = 0
		}
		line.WriteString(cluster)
		at += w
	}
	return append(lines, line.String())
}
