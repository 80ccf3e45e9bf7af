package gen

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/musterdb/muster/bench/draw"
)

const day = 24 * time.Hour

// ContactSchema returns the columns of the contacts, id first.
func (c Config) ContactSchema() *arrow.Schema {
	fields := []arrow.Field{
		{Name: "id", Type: arrow.BinaryTypes.String},
		{Name: "country", Type: arrow.BinaryTypes.String},
		{Name: "city", Type: arrow.BinaryTypes.String},
		{Name: "plan", Type: arrow.BinaryTypes.String},
		{Name: "gender", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "age", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "signup_date", Type: typeTimestamp},
		{Name: "last_open", Type: typeTimestamp, Nullable: true},
		{Name: "ltv", Type: typeMoney},
		{Name: "orders", Type: arrow.PrimitiveTypes.Int64},
		{Name: "email_opt_in", Type: arrow.FixedWidthTypes.Boolean},
		{Name: "sms_opt_in", Type: arrow.FixedWidthTypes.Boolean},
		{Name: "tags", Type: typeTexts},
	}
	if !c.Plain {
		fields = append(fields,
			arrow.Field{Name: "email", Type: arrow.BinaryTypes.String},
			arrow.Field{Name: "first_name", Type: arrow.BinaryTypes.String},
			arrow.Field{Name: "phone", Type: arrow.BinaryTypes.String, Nullable: true},
			arrow.Field{Name: "birthday", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
			arrow.Field{Name: "timezone", Type: arrow.BinaryTypes.String},
			arrow.Field{Name: "lat", Type: arrow.PrimitiveTypes.Float64},
			arrow.Field{Name: "lon", Type: arrow.PrimitiveTypes.Float64},
			arrow.Field{Name: "lists", Type: typeTexts},
		)
	}
	return arrow.NewSchema(fields, nil)
}

// Declarations returns the statements that declare the base's attributes and events.
func (c Config) Declarations() []string {
	types := [][2]string{
		{"country", "TEXT"}, {"city", "TEXT"}, {"plan", "TEXT"}, {"gender", "TEXT"}, {"age", "INT"}, {"signup_date", "TIMESTAMP"},
		{"last_open", "TIMESTAMP"}, {"ltv", "DECIMAL(2)"}, {"orders", "INT"}, {"email_opt_in", "BOOL"}, {"sms_opt_in", "BOOL"},
		{"tags", "SET"},
	}
	if !c.Plain {
		types = append(types, [][2]string{
			{"email", "TEXT PERSONAL"}, {"first_name", "TEXT PERSONAL"}, {"phone", "TEXT PERSONAL"}, {"birthday", "DATE"},
			{"timezone", "TEXT"}, {"lat", "FLOAT"}, {"lon", "FLOAT"}, {"lists", "SET"},
		}...)
	}
	var out []string
	for _, t := range types {
		out = append(out, "CREATE ATTRIBUTE "+t[0]+" "+t[1])
	}
	for _, e := range EventTypes {
		fields := "category TEXT"
		if e.Amount {
			fields += ", amount DECIMAL(2)"
		}
		out = append(out, "CREATE EVENT "+e.Name+" ("+fields+")")
	}
	return out
}

// ContactRecord returns the contacts of a chunk, in the order of their ids.
func (c Config) ContactRecord(chunk int) arrow.Record {
	b := array.NewRecordBuilder(memory.DefaultAllocator, c.ContactSchema())
	defer b.Release()
	n := c.ChunkLen(chunk)
	b.Reserve(n)
	plain, extra := c.rng(chunk, streamContacts), c.rng(chunk, streamExtra)
	for i := chunk * ChunkContacts; i < chunk*ChunkContacts+n; i++ {
		country := zipfCountry.Draw(plain)
		c.appendPlain(b, plain, i, country)
		if !c.Plain {
			appendExtra(b, extra, i, country, c.Clock)
		}
	}
	return b.NewRecord()
}

func (c Config) appendPlain(b *array.RecordBuilder, r *rand.Rand, i, country int) {
	text := func(col int, v string) { b.Field(col).(*array.StringBuilder).Append(v) }
	text(0, strconv.FormatInt(c.contactID(i), 10))
	text(1, countries[country])
	text(2, cityName(zipfCity.Draw(r)))
	text(3, draw.Pick(r, plans))
	if g := draw.Pick(r, genders); g == "" {
		b.Field(4).AppendNull()
	} else {
		text(4, g)
	}
	if r.IntN(100) < 8 {
		b.Field(5).AppendNull()
	} else {
		b.Field(5).(*array.Int64Builder).Append(int64(18 + r.IntN(73)))
	}
	appendTime(b, 6, c.signup(r, i))
	if r.IntN(100) < 30 {
		b.Field(7).AppendNull()
	} else {
		ago := min(r.ExpFloat64()*60, 3*365)
		appendTime(b, 7, c.Clock.Add(-time.Duration(ago*float64(day))))
	}
	ltv := int64(0)
	if r.IntN(100) >= 40 {
		ltv = int64(math.Round(100 * math.Exp(4.5+1.3*r.NormFloat64())))
	}
	b.Field(8).(*array.Decimal128Builder).Append(decimal128.FromI64(ltv))
	b.Field(9).(*array.Int64Builder).Append(int64(zipfOrders.Draw(r)))
	b.Field(10).(*array.BooleanBuilder).Append(r.IntN(100) < 65)
	b.Field(11).(*array.BooleanBuilder).Append(r.IntN(100) < 30)
	appendTexts(b, 12, r.IntN(9), func() string { return "tag_" + pad(zipfTag.Draw(r), 3) })
}

// signup is ordered with the id over five years before the clock, give or take 20 days, never after it.
func (c Config) signup(r *rand.Rand, i int) time.Time {
	span := 5 * 365 * day
	at := c.Clock.Add(-span + time.Duration(float64(span)*float64(i)/float64(max(c.Contacts, 1))))
	at = at.Add(time.Duration((r.Float64()*40 - 20) * float64(day)))
	if at.After(c.Clock) {
		return c.Clock
	}
	return at
}

func appendExtra(b *array.RecordBuilder, r *rand.Rand, i, country int, clock time.Time) {
	text := func(col int, v string) { b.Field(col).(*array.StringBuilder).Append(v) }
	name := firstNames[r.IntN(len(firstNames))]
	text(13, fmt.Sprintf("%s.%d@mail%02d.example", strings.ToLower(name), i, r.IntN(40)))
	text(14, name)
	if r.IntN(100) < 40 {
		b.Field(15).AppendNull()
	} else {
		text(15, "+"+pad(100_000_000+r.IntN(900_000_000), 9)+pad(i%100, 2))
	}
	if r.IntN(100) < 30 {
		b.Field(16).AppendNull()
	} else {
		age := time.Duration(18*365+r.IntN(72*365)) * day
		b.Field(16).(*array.Date32Builder).Append(arrow.Date32FromTime(clock.Add(-age)))
	}
	zone := "UTC"
	if country < len(zones) {
		zone = zones[country]
	}
	text(17, zone)
	b.Field(18).(*array.Float64Builder).Append(math.Round((r.Float64()*120-50)*1e5) / 1e5)
	b.Field(19).(*array.Float64Builder).Append(math.Round((r.Float64()*360-180)*1e5) / 1e5)
	appendTexts(b, 20, r.IntN(4), func() string { return "list_" + pad(r.IntN(25), 2) })
}

func appendTime(b *array.RecordBuilder, col int, t time.Time) {
	b.Field(col).(*array.TimestampBuilder).Append(arrow.Timestamp(t.Truncate(time.Second).UnixMilli()))
}

// appendTexts appends a list of n draws; what is drawn twice stands once.
func appendTexts(b *array.RecordBuilder, col, n int, draw func() string) {
	list := b.Field(col).(*array.ListBuilder)
	list.Append(true)
	values := list.ValueBuilder().(*array.StringBuilder)
	var seen [8]string
	for k := range n {
		v := draw()
		if !slices.Contains(seen[:k], v) {
			values.Append(v)
		}
		seen[k] = v
	}
}

func cityName(k int) string { return "city_" + pad(k, 4) }

// pad returns n in decimal with at least width digits.
func pad(n, width int) string {
	s := strconv.Itoa(n)
	for len(s) < width {
		s = "0" + s
	}
	return s
}
