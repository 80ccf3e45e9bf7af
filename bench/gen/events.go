package gen

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// EventSchema returns the columns of event type t, an index into EventTypes.
func (c Config) EventSchema(t int) *arrow.Schema {
	fields := []arrow.Field{
		{Name: "contact", Type: arrow.BinaryTypes.String},
		{Name: "time", Type: typeTimestamp},
		{Name: "category", Type: arrow.BinaryTypes.String},
	}
	if EventTypes[t].Amount {
		fields = append(fields, arrow.Field{Name: "amount", Type: typeMoney})
	}
	return arrow.NewSchema(fields, nil)
}

// event is one event before it is written.
type event struct {
	contact  int32 // within the chunk
	category int32
	second   int64 // before the clock
	amount   int64 // cents
}

// EventRecords returns the events of a chunk's contacts, a record for each of EventTypes, in the order
// of their times.
func (c Config) EventRecords(chunk int) []arrow.Record {
	byType := c.drawEvents(chunk)
	out := make([]arrow.Record, len(EventTypes))
	for t := range EventTypes {
		slices.SortStableFunc(byType[t], func(a, b event) int { return int(b.second - a.second) })
		out[t] = c.eventRecord(chunk, t, byType[t])
	}
	return out
}

// drawEvents draws the events of a chunk by type: 30 % of contacts have none, the others exponentially
// many with mean 14.8, which makes 10 a contact over all.
func (c Config) drawEvents(chunk int) [][]event {
	r := c.rng(chunk, streamEvents)
	byType := make([][]event, len(EventTypes))
	for k := range c.ChunkLen(chunk) {
		if r.IntN(100) < 30 {
			continue
		}
		for range int(r.ExpFloat64() * 14.8) {
			t := drawType(r)
			e := event{contact: int32(k), category: int32(zipfCategory.Draw(r)), second: r.Int64N(EventDays * 86_400)}
			if EventTypes[t].Amount {
				e.amount = int64(math.Round(100 * math.Exp(4+0.9*r.NormFloat64())))
			}
			byType[t] = append(byType[t], e)
		}
	}
	return byType
}

func drawType(r *rand.Rand) int {
	n := r.IntN(100)
	for t, e := range EventTypes {
		if n -= e.Percent; n < 0 {
			return t
		}
	}
	return 0
}

func (c Config) eventRecord(chunk, t int, events []event) arrow.Record {
	b := array.NewRecordBuilder(memory.DefaultAllocator, c.EventSchema(t))
	defer b.Release()
	b.Reserve(len(events))
	clock := c.Clock.Truncate(time.Second).UnixMilli()
	for _, e := range events {
		id := c.contactID(chunk*ChunkContacts + int(e.contact))
		b.Field(0).(*array.StringBuilder).Append(strconv.FormatInt(id, 10))
		b.Field(1).(*array.TimestampBuilder).Append(arrow.Timestamp(clock - e.second*1000))
		b.Field(2).(*array.StringBuilder).Append("cat_" + pad(int(e.category), 2))
		if EventTypes[t].Amount {
			b.Field(3).(*array.Decimal128Builder).Append(decimal128.FromI64(e.amount))
		}
	}
	return b.NewRecord()
}
