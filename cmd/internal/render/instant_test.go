package render

import (
	"bytes"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/musterdb/muster/query/calendar"
)

// instants makes a table of one column of instants, "" being null, in records of one row each.
func instants(t *testing.T, zone string, texts ...string) *Table {
	t.Helper()
	z, err := calendar.OfBase(zone)
	if err != nil {
		t.Fatal(err)
	}
	sch := arrow.NewSchema([]arrow.Field{
		{Name: "at", Type: &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}, Nullable: true},
		{Name: "n", Type: arrow.PrimitiveTypes.Int64},
	}, nil)
	table := NewTable(sch, z)
	for i, text := range texts {
		b := array.NewRecordBuilder(memory.DefaultAllocator, sch)
		if text == "" {
			b.Field(0).AppendNull()
		} else {
			ms, _, err := calendar.UTC.ParseInstant(text)
			if err != nil {
				t.Fatal(err)
			}
			b.Field(0).(*array.TimestampBuilder).Append(arrow.Timestamp(ms))
		}
		b.Field(1).(*array.Int64Builder).Append(int64(i + 1))
		table.Add(b.NewRecord())
		b.Release()
	}
	return table
}

func TestInstants(t *testing.T) {
	for _, c := range []struct {
		what, zone string
		values     []string // of UTC
		want       string
	}{
		{"times in UTC", "", []string{"2026-10-31 23:00", "2026-11-01 00:00:00.050"}, "2026-10-31 23:00:00Z|2026-11-01 00:00:00.050Z"},
		{"days in UTC", "UTC", []string{"2026-10-31", "", "2026-11-01"}, "2026-10-31|NULL|2026-11-01"},
		{"months of a zone", "Europe/Warsaw", []string{"2026-09-30 22:00", "2026-10-31 23:00"}, "2026-10-01|2026-11-01"},
		{"midnights of UTC in a zone", "Europe/Warsaw", []string{"2026-10-01", "2026-11-01"}, "2026-10-01 02:00:00+02:00|2026-11-01 01:00:00+01:00"},
		{"one is no midnight", "Europe/Warsaw", []string{"2026-10-31 23:00", "2026-10-31 23:00:00.001"}, "2026-11-01 00:00:00+01:00|2026-11-01 00:00:00.001+01:00"},
		{"the hour that comes twice", "Europe/Warsaw", []string{"2026-10-25 00:30", "2026-10-25 01:30"}, "2026-10-25 02:30:00+02:00|2026-10-25 02:30:00+01:00"},
		{"a day that begins at one", "America/Sao_Paulo", []string{"2018-11-04 03:00"}, "2018-11-04"},
		{"a fixed offset", "-05:30", []string{"2026-01-01 00:00"}, "2025-12-31 18:30:00-05:30"},
		{"an offset with seconds", "Europe/Warsaw", []string{"1900-01-01 12:00"}, "1900-01-01 13:24:00+01:24"},
		{"before 1970", "Europe/Warsaw", []string{"1969-12-31 22:59:59.999"}, "1969-12-31 23:59:59.999+01:00"},
		{"nulls alone", "", []string{""}, "NULL"},
	} {
		table := instants(t, c.zone, c.values...)
		var got []string
		for row := range c.values {
			text := table.Cell(row, 0)
			if col, i := table.value(int64(row), 0); !col.IsNull(i) {
				text = table.text(0, col, i)
			}
			got = append(got, text)
		}
		if text := strings.Join(got, "|"); text != c.want {
			t.Errorf("%s: %s, want %s", c.what, text, c.want)
		}
	}
}

// TestInstantsRead reads back what is shown, as somebody does who copies a value into a statement.
func TestInstantsRead(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Warsaw", "America/St_Johns", "+05:45"} {
		zone, err := calendar.OfBase(name)
		if err != nil {
			t.Fatal(err)
		}
		for ms := int64(1_700_000_000_001); ms < 1_800_000_000_000; ms += 999_999_937 {
			text := instant(zone, ms)
			if got, _, err := calendar.UTC.ParseInstant(text); got != ms || err != nil {
				t.Fatalf("%s: %s is %d, %v, and not %d", name, text, got, err, ms)
			}
		}
	}
}

// TestInstantsOfLastRows has a time of day in a row that is not kept: it still shows that the column has times.
func TestInstantsOfLastRows(t *testing.T) {
	table := instants(t, "", "2026-10-31", "2026-11-01")
	r := instants(t, "", "2026-11-02 10:00").head.records[0]
	table.lookAtInstants(r)
	col, i := table.value(0, 0)
	if got := table.text(0, col, i); got != "2026-10-31 00:00:00Z" {
		t.Error(got)
	}
}

// TestInstantsAreDrawn holds tables, expanded rows and charts to the zone.
func TestInstantsAreDrawn(t *testing.T) {
	table := instants(t, "Europe/Warsaw", "2026-09-30 22:00", "2026-10-31 23:00")
	for what, draw := range map[string]func(*bytes.Buffer) error{
		"box":      func(b *bytes.Buffer) error { return table.Box(b, Options{}) },
		"expanded": func(b *bytes.Buffer) error { return table.Expanded(b, Options{}) },
		"chart":    func(b *bytes.Buffer) error { return table.Chart(b, Options{}) },
	} {
		var b bytes.Buffer
		if err := draw(&b); err != nil {
			t.Fatal(err)
		}
		if text := b.String(); !strings.Contains(text, "2026-11-01 ") && !strings.Contains(text, "2026-11-01\n") || strings.Contains(text, ":00") {
			t.Errorf("%s:\n%s", what, text)
		}
	}
}
