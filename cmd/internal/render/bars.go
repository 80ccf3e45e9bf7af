package render

import (
	"bufio"
	"math"
	"strings"
)

// eighths are the parts of a block, from the left.
var eighths = []string{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}

// heights are the parts of a block, from the bottom.
var heights = []rune(" ▁▂▃▄▅▆▇█")

// asciiHeights take the place of heights.
var asciiHeights = []rune(" .:-=+*#%")

// bar returns a bar of a value in a range that holds zero, in at most width columns. Negative values reach
// from zero to the left.
func (s Style) bar(v, low, high float64, width int) string {
	if math.IsNaN(v) || high <= low {
		return ""
	}
	scale := float64(width) / (high - low)
	zero := int(math.Round(-low * scale))
	if v < 0 {
		n := max(1, min(zero, int(math.Round(-v*scale))))
		return strings.Repeat(" ", zero-n) + strings.Repeat(s.block(), n)
	}
	length := v * scale
	return strings.Repeat(" ", zero) + s.length(min(length, float64(width-zero)), v > 0)
}

// length returns a bar of a length in columns; something is drawn for what is not nothing.
func (s Style) length(length float64, something bool) string {
	if s.ASCII {
		n := int(math.Round(length))
		if something {
			n = max(n, 1)
		}
		return strings.Repeat(s.block(), n)
	}
	n := int(math.Round(length * 8))
	if something {
		n = max(n, 1)
	}
	return strings.Repeat(s.block(), n/8) + eighths[n%8]
}

func (s Style) block() string {
	if s.ASCII {
		return "#"
	}
	return "█"
}

// Spark returns values as a line of blocks of the height that each has between the smallest and the
// largest, in at most width columns: more values than that are averaged.
func (s Style) Spark(values []float64, width int) string {
	rows := s.curve(values, width, 1)
	return rows[0]
}

// curve returns values as rows of blocks, the highest row first.
func (s Style) curve(values []float64, width, rows int) []string {
	points := condensed(values, width)
	low, high := bounds(points)
	if low > 0 && rows > 1 { // tall curves stand on zero
		low = 0
	}
	steps, signs := float64(rows*8-1), heights
	if s.ASCII {
		signs = asciiHeights
	}
	lines := make([]strings.Builder, rows)
	for _, v := range points {
		filled := 0
		if !math.IsNaN(v) {
			filled = 1
			if high > low {
				filled += int(math.Round((v - low) / (high - low) * steps))
			}
		}
		for r := range lines {
			lines[r].WriteRune(signs[min(8, max(0, filled-8*(rows-1-r)))])
		}
	}
	out := make([]string, rows)
	for r := range lines {
		out[r] = strings.TrimRight(lines[r].String(), " ")
	}
	return out
}

// condensed returns at most n values, each the mean of as many neighbours as it takes.
func condensed(values []float64, n int) []float64 {
	if n < 1 || len(values) <= n {
		return values
	}
	out := make([]float64, n)
	for i := range out {
		sum, count := 0.0, 0
		for _, v := range values[i*len(values)/n : (i+1)*len(values)/n] {
			if !math.IsNaN(v) {
				sum += v
				count++
			}
		}
		out[i] = sum / float64(count) // NaN of none
	}
	return out
}

func bounds(values []float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if !math.IsNaN(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	return low, high
}

// curveRows is how many lines a curve takes.
const curveRows = 5

// curves draws each series of a time series as a curve with its largest value and its ends.
func (c *chart) curves(out *bufio.Writer) {
	for _, s := range c.series {
		low, high := s.largest()
		width := max(1, c.o.Width-1)
		title := s.name + "  " + c.o.Style.Paint(Dim, "smallest "+low+", largest "+high)
		out.WriteString(c.o.Style.Paint(Bold, s.name) + strings.TrimPrefix(title, s.name) + "\n")
		for _, line := range c.o.Style.curve(s.values, width, curveRows) {
			out.WriteString(c.o.Style.Paint(Cyan, line) + "\n")
		}
		first, last := c.labels[0], c.labels[len(c.labels)-1]
		points := min(width, len(s.values))
		gap := max(1, points-Width(first)-Width(last))
		out.WriteString(c.o.Style.Paint(Dim, first+strings.Repeat(" ", gap)+last) + "\n")
	}
}

// largest returns the smallest and the largest value as they are written.
func (s *series) largest() (low, high string) {
	l, h := -1, -1
	for i, v := range s.values {
		if math.IsNaN(v) {
			continue
		}
		if l < 0 || v < s.values[l] {
			l = i
		}
		if h < 0 || v > s.values[h] {
			h = i
		}
	}
	if l < 0 {
		return null, null
	}
	return s.texts[l], s.texts[h]
}
