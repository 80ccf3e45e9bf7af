package render

import (
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Counted writes a number of things: 1 row, 2 rows.
func Counted(n int64, what string) string {
	if n != 1 {
		what += "s"
	}
	return Thousands(n) + " " + what
}

// Thousands writes a number with a comma between groups of three digits.
func Thousands(n int64) string { return grouped(itoa(n)) }

// grouped puts a comma between groups of three digits of a number's whole part.
func grouped(text string) string {
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	whole, fraction, _ := strings.Cut(text, ".")
	var b strings.Builder
	b.WriteString(sign)
	for i, d := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	b.WriteString(text[len(whole):len(text)-len(fraction)] + fraction)
	return b.String()
}

// text returns a value of a column as Value does, but instants by the table's zone, and whole and decimal
// numbers with a comma between thousands. Years and numbers that identify something are left as they are;
// that is told by the column's name.
func (t *Table) text(column int, col arrow.Array, i int) string {
	if at, ok := col.(*array.Timestamp); ok {
		return t.instant(column, int64(at.Value(i)))
	}
	text, f := Value(col, i), t.schema.Field(column)
	switch f.Type.ID() {
	case arrow.INT64, arrow.DECIMAL128:
		if !isLabel(f.Name) {
			return grouped(text)
		}
	}
	return text
}

// isLabel says whether the numbers of a column are names rather than amounts.
func isLabel(name string) bool {
	name = strings.ToLower(name)
	return name == "id" || name == "year" || strings.HasPrefix(name, "year(") ||
		strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "_year") || strings.HasSuffix(name, ".id")
}
