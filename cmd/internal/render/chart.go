package render

import (
	"bufio"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// ErrNoChart says that an answer has no shape that can be drawn.
var ErrNoChart = errors.New("a chart needs one column of names or times and one or more of numbers: " +
	"SELECT country, count(*) FROM contacts GROUP BY country")

// Limits of charts.
const (
	maxBars    = 60 // more rows of a time series become a curve, of names the first are drawn
	maxSeries  = 4  // columns of numbers drawn beside or below each other
	minBar     = 8  // columns a bar has at least
	maxBar     = 60
	chartWidth = 80 // if no window limits it
)

// series is one column of numbers.
type series struct {
	name   string
	values []float64 // NaN for null
	texts  []string
}

// chart is an answer that is being drawn.
type chart struct {
	o      Options
	labels []string
	times  bool // the labels are times, in order
	series []series
}

// Chart draws the rows that are kept as bars, one for each row and column of numbers, or, if they are a
// long time series, as a curve. Of many names the first are drawn. It fails with ErrNoChart if the answer has no such shape.
func (t *Table) Chart(w io.Writer, o Options) error {
	c, err := newChart(t, o)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	if c.times && len(c.labels) > maxBars {
		c.curves(out)
	} else {
		c.bars(out)
		if left := t.rows - int64(len(c.labels)); left > 0 {
			out.WriteString(o.Style.Paint(Dim, o.Style.glyphs().more+" "+Counted(left, "more row")) + "\n")
		}
	}
	return out.Flush()
}

// newChart chooses what is drawn: the one column that holds no numbers, or else the first, names the rows.
func newChart(t *Table, o Options) (*chart, error) {
	if o.Width <= 0 {
		o.Width = chartWidth
	}
	label, numbers := -1, []int(nil)
	for c, f := range t.schema.Fields() {
		switch {
		case isNumber(f.Type):
			numbers = append(numbers, c)
		case label < 0:
			label = c
		default:
			return nil, ErrNoChart
		}
	}
	if label < 0 && len(numbers) > 1 {
		label, numbers = numbers[0], numbers[1:]
	}
	if label < 0 || len(numbers) == 0 || t.rows == 0 {
		return nil, ErrNoChart
	}
	c := &chart{o: o, times: isTime(t.schema.Field(label).Type) && inOrder(t, label)}
	rows, most := t.head.rows, maxBars
	if o.Rows > 0 {
		most = min(o.Rows, maxBars)
	}
	if !c.times {
		rows = min(rows, int64(most))
	}
	c.read(t, rows, label, numbers[:min(len(numbers), maxSeries)])
	return c, nil
}

func (c *chart) read(t *Table, rows int64, label int, numbers []int) {
	fields := t.schema.Fields()
	for row := range rows {
		text := null
		if col, i := t.value(row, label); !col.IsNull(i) {
			text = t.text(label, col, i)
		}
		c.labels = append(c.labels, c.o.Style.Harmless(text, max(8, c.o.Width/3)))
	}
	for _, n := range numbers {
		s := series{name: c.o.Style.Harmless(fields[n].Name, 30)}
		for row := range rows {
			col, i := t.value(row, n)
			value, text := math.NaN(), null
			if !col.IsNull(i) {
				value, text = number(col, i), t.text(n, col, i)
			}
			s.values, s.texts = append(s.values, value), append(s.texts, text)
		}
		c.series = append(c.series, s)
	}
}

// bars draws a line for each row.
func (c *chart) bars(out *bufio.Writer) {
	shown, room := c.columns()
	label := widest(c.labels)
	c.head(out, label, shown, room)
	for row := range c.labels {
		var line strings.Builder
		line.WriteString(pad(c.labels[row], label, false))
		for _, s := range shown {
			low, high := s.extent()
			bar := pad(c.o.Style.bar(s.values[row], low, high, room), room, false)
			line.WriteString("  " + pad(s.texts[row], s.width(), true) + " " + c.o.Style.Paint(Cyan, bar))
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// head names the columns of numbers above their bars if there are several.
func (c *chart) head(out *bufio.Writer, label int, shown []series, room int) {
	if len(shown) < 2 {
		return
	}
	line := strings.Repeat(" ", label)
	for _, s := range shown {
		line += "  " + pad(c.o.Style.Harmless(s.name, s.width()+1+room), s.width()+1+room, false)
	}
	out.WriteString(c.o.Style.Paint(Bold, strings.TrimRight(line, " ")) + "\n")
}

// columns returns the series that have room beside each other, and how long their bars may be.
func (c *chart) columns() (shown []series, room int) {
	for n := len(c.series); ; n-- {
		room = c.o.Width - 1 - widest(c.labels)
		for _, s := range c.series[:n] {
			room -= s.width() + 3
		}
		if room /= n; room >= minBar || n == 1 {
			return c.series[:n], min(max(room, 1), maxBar)
		}
	}
}

// width returns how wide the values of a series are.
func (s *series) width() int { return widest(s.texts) }

// extent returns the range of the bars, which zero belongs to.
func (s *series) extent() (low, high float64) {
	for _, v := range s.values {
		if !math.IsNaN(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	return low, high
}

func widest(texts []string) int {
	n := 0
	for _, t := range texts {
		n = max(n, Width(t))
	}
	return n
}

func isNumber(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.INT64, arrow.FLOAT64, arrow.DECIMAL128:
		return true
	}
	return false
}

func isTime(t arrow.DataType) bool { return t.ID() == arrow.DATE32 || t.ID() == arrow.TIMESTAMP }

// inOrder says whether the times of a column rise and none is null.
func inOrder(t *Table, column int) bool {
	before := int64(math.MinInt64)
	for row := range t.head.rows {
		col, i := t.value(row, column)
		if col.IsNull(i) {
			return false
		}
		at := instantOf(col, i)
		if at <= before {
			return false
		}
		before = at
	}
	return true
}

func instantOf(col arrow.Array, i int) int64 {
	switch col := col.(type) {
	case *array.Date32:
		return int64(col.Value(i))
	case *array.Timestamp:
		return int64(col.Value(i))
	}
	return 0
}

// number returns a value near enough for drawing.
func number(col arrow.Array, i int) float64 {
	switch col := col.(type) {
	case *array.Int64:
		return float64(col.Value(i))
	case *array.Float64:
		return col.Value(i)
	}
	v, err := strconv.ParseFloat(Value(col, i), 64)
	if err != nil {
		return math.NaN()
	}
	return v
}
