// Package gen owns the synthetic base: contacts and events with the distributions of a marketing
// platform, any size, whose values are a function of (seed, size, clock) alone. It makes Arrow records;
// it does not write files (engine/tabular) and does not load them.
//
// Every choice of chunk c (65,536 contacts and all their events) comes from one generator seeded by
// (seed, c), so chunks can be made in any order, in parallel and in pieces.
package gen

import (
	"math/rand/v2"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/bench/draw"
)

// ChunkContacts is the number of contacts that share a random generator.
const ChunkContacts = 1 << 16

// EventDays is how far back from the clock events reach.
const EventDays = 180

// Config says which base is made.
type Config struct {
	Seed     uint64
	Contacts int
	Clock    time.Time
	Plain    bool // the 12 attributes of the benchmark; else 20
}

// Chunks returns the number of chunks.
func (c Config) Chunks() int { return (c.Contacts + ChunkContacts - 1) / ChunkContacts }

// ChunkLen returns the number of contacts of a chunk.
func (c Config) ChunkLen(chunk int) int { return min(ChunkContacts, c.Contacts-chunk*ChunkContacts) }

// The streams of a chunk: each has its own generator, so that events do not depend on how many
// attributes are made.
const (
	streamContacts = iota
	streamExtra
	streamEvents
)

func (c Config) rng(chunk int, stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(c.Seed, uint64(chunk)<<8|stream))
}

// contactID returns the id of contact i: 10,000,000,000 + 3 i + 0..2. The offset is a hash of i, so that
// an event's contact is known without making the contact.
func (c Config) contactID(i int) int64 {
	h := (uint64(i)+c.Seed)*0x9E3779B97F4A7C15 ^ uint64(i)>>7
	h ^= h >> 29
	return 10_000_000_000 + 3*int64(i) + int64(h%3)
}

// countries are the 60 country codes, most frequent first.
var countries = []string{
	"US", "GB", "DE", "PL", "FR", "ES", "IT", "NL", "BR", "CZ", "SE", "CA", "AU", "BE", "AT", "CH", "PT", "DK", "NO", "FI",
	"IE", "RO", "HU", "GR", "SK", "BG", "HR", "LT", "SI", "LV", "EE", "UA", "TR", "IL", "AE", "SA", "IN", "JP", "KR", "SG",
	"MY", "TH", "VN", "PH", "ID", "NZ", "ZA", "NG", "KE", "EG", "MX", "AR", "CL", "CO", "PE", "UY", "CR", "IS", "LU", "MT",
}

// zones are the time zones of the first countries; others live in UTC.
var zones = []string{
	"America/New_York", "Europe/London", "Europe/Berlin", "Europe/Warsaw", "Europe/Paris", "Europe/Madrid", "Europe/Rome",
	"Europe/Amsterdam", "America/Sao_Paulo", "Europe/Prague",
}

var firstNames = []string{
	"Anna", "Jan", "Maria", "Peter", "Sofia", "Lucas", "Emma", "Liam", "Olivia", "Noah", "Mia", "Leo", "Julia", "Adam", "Eva",
	"Max", "Lena", "Tom", "Nina", "Paul", "Clara", "Hugo", "Ines", "Mateo", "Zofia", "Jakub", "Alice", "Louis", "Chloe", "Marco",
	"Giulia", "Luca", "Sara", "David", "Laura", "Daniel", "Ella", "Oscar", "Freya", "Arthur", "Rosa", "Felix", "Ida", "Karl",
	"Elsa", "Viktor", "Petra", "Milan", "Irena", "Tomas",
}

var plans = []draw.Weighted{
	{Value: "free", Percent: 60},
	{Value: "starter", Percent: 18},
	{Value: "basic", Percent: 12},
	{Value: "pro", Percent: 8},
	{Value: "enterprise", Percent: 2},
}

var genders = []draw.Weighted{
	{Value: "", Percent: 10},
	{Value: "F", Percent: 45},
	{Value: "M", Percent: 43},
	{Value: "X", Percent: 2},
}

// EventTypes are the event types with their share of all events, in percent.
var EventTypes = []struct {
	Name    string
	Percent int
	Amount  bool // has amount DECIMAL(2) beside category TEXT
}{{"open", 50, false}, {"visit", 25, false}, {"click", 15, false}, {"add_to_cart", 6, false}, {"purchase", 4, true}}

var (
	zipfCountry  = draw.NewZipf(len(countries), 1.1)
	zipfCity     = draw.NewZipf(5000, 0.8)
	zipfOrders   = draw.NewZipf(60, 1.5)
	zipfTag      = draw.NewZipf(200, 0.5)
	zipfCategory = draw.NewZipf(30, 0.7)
)

// Types of the columns, as Arrow has them.
var (
	typeTimestamp = &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}
	typeMoney     = &arrow.Decimal128Type{Precision: 18, Scale: 2}
	typeTexts     = arrow.ListOf(arrow.BinaryTypes.String)
)
