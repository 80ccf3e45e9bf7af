package shop

import (
	"slices"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Types of the columns, as Arrow has them.
var (
	typeText  = arrow.BinaryTypes.String
	typeTime  = &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}
	typeMoney = &arrow.Decimal128Type{Precision: 18, Scale: 2}
	typeInt   = arrow.PrimitiveTypes.Int64
	typeBool  = arrow.FixedWidthTypes.Boolean
	typeDate  = arrow.FixedWidthTypes.Date32
	typeTexts = arrow.ListOf(arrow.BinaryTypes.String)
)

// Table is rows of contacts (Event false) or of one event type, by name.
type Table struct {
	Name  string
	Event bool
	Rows  arrow.Record
}

// Chunk makes a chunk: the contacts, then the five event types, each in the order of time. The receiver
// releases the records.
func (c Config) Chunk(chunk int) []Table {
	who, did := c.rng(chunk, streamContacts), c.rng(chunk, streamHistory)
	first, n := chunk*ChunkContacts, c.chunkLen(chunk)
	h := newHistory(c.Clock)
	people := make([]*contact, n)
	for k := range people {
		people[k] = c.contact(who, first+k)
		h.live(did, people[k], int32(k))
	}
	return []Table{
		{"contacts", false, contactRecord(people)},
		mailings("sent", people, h.sent, h.mails), mailings("open", people, h.opened, h.mails), visits(people, h.visits),
		carts(people, h.carts), purchases(people, h.purchases, "o"+strconv.Itoa(chunk)),
	}
}

func field(name string, t arrow.DataType) arrow.Field {
	return arrow.Field{Name: name, Type: t, Nullable: true}
}

var contactSchema = arrow.NewSchema([]arrow.Field{
	field("id", typeText), field("created_at", typeTime), field("email", typeText), field("first_name", typeText), field("last_name", typeText),
	field("country", typeText), field("city", typeText), field("language", typeText), field("gender", typeText), field("birthday", typeDate),
	field("source", typeText), field("email_opt_in", typeBool), field("sms_opt_in", typeBool), field("loyalty", typeText), field("orders", typeInt),
	field("ltv", typeMoney), field("last_visit", typeTime), field("tags", typeTexts),
}, nil)

func contactRecord(people []*contact) arrow.Record {
	b := newRows(contactSchema, len(people))
	for _, x := range people {
		b.text(x.id).time(x.created).text(x.email).text(x.first).text(x.last).
			text(x.land.code).text(x.city).text(x.land.language).textOrNull(x.gender).date(x.birthday).
			text(x.source).bool(x.emailOptIn).bool(x.smsOptIn).text(x.loyalty()).int(x.orders).
			money(x.cents).time(x.lastVisit).texts(x.tags()).end()
	}
	return b.record()
}

func eventSchema(props ...arrow.Field) *arrow.Schema {
	return arrow.NewSchema(append([]arrow.Field{field("contact", typeText), field("time", typeTime)}, props...), nil)
}

var (
	mailingSchema  = eventSchema(field("campaign", typeText))
	visitSchema    = eventSchema(field("category", typeText), field("device", typeText), field("source", typeText))
	cartSchema     = eventSchema(field("product", typeText), field("category", typeText), field("price", typeMoney))
	purchaseSchema = eventSchema(field("order_id", typeText), field("product", typeText), field("category", typeText), field("amount", typeMoney),
		field("items", typeInt), field("coupon", typeBool))
)

// order returns the numbers of events by time; those of one second stay as they were drawn. A chunk has fewer
// than 2^24 events, which leaves room for the seconds.
func order[E any](events []E, at func(*E) int64) []int {
	keys := make([]int64, len(events))
	for i := range events {
		keys[i] = at(&events[i])<<24 | int64(i)
	}
	slices.Sort(keys)
	out := make([]int, len(keys))
	for i, k := range keys {
		out[i] = int(k & (1<<24 - 1))
	}
	return out
}

func mailings(name string, people []*contact, events []mailing, mails []mail) Table {
	b := newRows(mailingSchema, len(events))
	for _, i := range order(events, func(e *mailing) int64 { return e.at }) {
		e := &events[i]
		b.text(people[e.who].id).second(e.at).text(mails[e.campaign].name).end()
	}
	return Table{name, true, b.record()}
}

func visits(people []*contact, events []visit) Table {
	b := newRows(visitSchema, len(events))
	for _, i := range order(events, func(e *visit) int64 { return e.at }) {
		e := &events[i]
		source := "direct"
		if e.source > 0 {
			source = sources[e.source-1].Value
		}
		b.text(people[e.who].id).second(e.at).text(shelves[e.shelf].name).text(devices[e.device].Value).text(source).end()
	}
	return Table{"visit", true, b.record()}
}

func carts(people []*contact, events []cart) Table {
	b := newRows(cartSchema, len(events))
	for _, i := range order(events, func(e *cart) int64 { return e.at }) {
		e := &events[i]
		p := shelves[e.shelf].products[e.product]
		b.text(people[e.who].id).second(e.at).text(p.name).text(shelves[e.shelf].name).money(p.cents).end()
	}
	return Table{"add_to_cart", true, b.record()}
}

// purchases numbers the orders after the series that they belong to.
func purchases(people []*contact, events []purchase, series string) Table {
	b := newRows(purchaseSchema, len(events))
	for _, i := range order(events, func(e *purchase) int64 { return e.at }) {
		e := &events[i]
		b.text(people[e.who].id).second(e.at).text(series + "-" + strconv.Itoa(int(e.order))).text(shelves[e.shelf].products[e.product].name).
			text(shelves[e.shelf].name).money(e.cents).int(e.items).bool(e.coupon).end()
	}
	return Table{"purchase", true, b.record()}
}

// rows builds a record cell by cell, in the order of its columns.
type rows struct {
	build *array.RecordBuilder
	col   int
}

func newRows(s *arrow.Schema, n int) *rows {
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	b.Reserve(n)
	return &rows{build: b}
}

func (b *rows) record() arrow.Record {
	defer b.build.Release()
	return b.build.NewRecord()
}

func (b *rows) next() array.Builder {
	b.col++
	return b.build.Field(b.col - 1)
}

func (b *rows) end() { b.col = 0 }

func (b *rows) text(s string) *rows {
	b.next().(*array.StringBuilder).Append(s)
	return b
}

func (b *rows) textOrNull(s string) *rows {
	if s == "" {
		b.next().AppendNull()
		return b
	}
	return b.text(s)
}

func (b *rows) time(t time.Time) *rows {
	to := b.next().(*array.TimestampBuilder)
	if t.IsZero() {
		to.AppendNull()
	} else {
		to.Append(arrow.Timestamp(t.UnixMilli()))
	}
	return b
}

func (b *rows) second(s int64) *rows {
	b.next().(*array.TimestampBuilder).Append(arrow.Timestamp(s * 1000))
	return b
}

func (b *rows) date(t time.Time) *rows {
	to := b.next().(*array.Date32Builder)
	if t.IsZero() {
		to.AppendNull()
	} else {
		to.Append(arrow.Date32FromTime(t))
	}
	return b
}

func (b *rows) bool(v bool) *rows {
	b.next().(*array.BooleanBuilder).Append(v)
	return b
}

func (b *rows) int(v int64) *rows {
	b.next().(*array.Int64Builder).Append(v)
	return b
}

func (b *rows) money(cents int64) *rows {
	b.next().(*array.Decimal128Builder).Append(decimal128.FromI64(cents))
	return b
}

func (b *rows) texts(v []string) *rows {
	list := b.next().(*array.ListBuilder)
	list.Append(true)
	for _, s := range v {
		list.ValueBuilder().(*array.StringBuilder).Append(s)
	}
	return b
}
