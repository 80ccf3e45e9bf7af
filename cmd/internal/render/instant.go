package render

import (
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/musterdb/muster/query/calendar"
)

// HasInstants says whether an answer has columns whose values depend on a zone when they are drawn.
func HasInstants(schema *arrow.Schema) bool {
	for _, f := range schema.Fields() {
		if f.Type.ID() == arrow.TIMESTAMP {
			return true
		}
	}
	return false
}

// lookAtInstants notes which columns have times of day.
func (t *Table) lookAtInstants(r arrow.Record) {
	for c, col := range r.Columns() {
		if at, ok := col.(*array.Timestamp); ok && !t.times[c] {
			t.times[c] = hasTimes(t.zone, at)
		}
	}
}

// hasTimes says whether some instant is not the first of its day.
func hasTimes(zone *calendar.Zone, col *array.Timestamp) bool {
	for i := range col.Len() {
		if at := int64(col.Value(i)); col.IsValid(i) && zone.Midnight(zone.DayOf(at)) != at {
			return true
		}
	}
	return false
}

// instant writes an instant of a column: its day if all the column's instants begin days.
func (t *Table) instant(column int, ms int64) string {
	if !t.times[column] {
		return calendar.FormatDate(t.zone.DayOf(ms))
	}
	return instant(t.zone, ms)
}

// instant writes an instant as a statement may hold it: by a zone's clock, with the milliseconds only if
// there are some, and with Z or the zone's distance from UTC, which tells apart what a clock shows twice.
func instant(zone *calendar.Zone, ms int64) string {
	local := strings.Replace(strings.TrimSuffix(calendar.FormatTimestamp(zone.Local(ms)), "Z"), "T", " ", 1)
	if zone.Name() == calendar.UTC.Name() {
		return local + "Z"
	}
	return local + offset(zone.Offset(ms))
}

// offset writes a distance from UTC as +01:00. Seconds, which zones had before they were agreed on, follow.
func offset(ms int64) string {
	sign := "+"
	if ms < 0 {
		sign, ms = "-", -ms
	}
	text := fmt.Sprintf("%s%02d:%02d", sign, ms/calendar.Hour, ms/calendar.Minute%60)
	if seconds := ms / calendar.Second % 60; seconds != 0 {
		text += fmt.Sprintf(":%02d", seconds)
	}
	return text
}
