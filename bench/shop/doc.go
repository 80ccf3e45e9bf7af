// Package shop owns the demo's base: a made-up online shop in twelve countries whose contacts sign up, get
// campaigns, visit, fill carts, buy and drift away, with weekends, summers and a Black Friday. It is made to
// be looked at, not to be measured (bench/gen is): names fit countries, carts follow visits, and what a
// contact has spent is what the purchases say. It does not load what it makes.
//
// All of it is a function of (seed, size, clock), and who the contacts are, apart from their dates and from what
// they bought, of (seed, size) alone. Every choice of a chunk comes from generators of its own, so that chunks
// can be made in any order and in parallel.
package shop

import (
	"math/rand/v2"
	"time"
)

// ChunkContacts is the number of contacts that share a random generator. It is small, so that a chunk can be
// made while the one before is loaded.
const ChunkContacts = 1 << 13

// Config says which shop is made.
type Config struct {
	Seed     uint64
	Contacts int
	Clock    time.Time // "now": nothing lies after it
}

// Chunks returns the number of chunks.
func (c Config) Chunks() int { return (c.Contacts + ChunkContacts - 1) / ChunkContacts }

func (c Config) chunkLen(chunk int) int { return min(ChunkContacts, c.Contacts-chunk*ChunkContacts) }

// The streams of a chunk: who the contacts are does not depend on what they did.
const (
	streamContacts = iota
	streamHistory
)

func (c Config) rng(chunk int, stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(c.Seed, uint64(chunk)<<8|stream))
}

// Declarations are the statements that declare the shop's attributes and events.
var Declarations = []string{
	"CREATE ATTRIBUTE email TEXT PERSONAL",
	"CREATE ATTRIBUTE first_name TEXT PERSONAL",
	"CREATE ATTRIBUTE last_name TEXT PERSONAL",
	"CREATE ATTRIBUTE country TEXT",
	"CREATE ATTRIBUTE city TEXT",
	"CREATE ATTRIBUTE language TEXT",
	"CREATE ATTRIBUTE gender TEXT",
	"CREATE ATTRIBUTE birthday DATE",
	"CREATE ATTRIBUTE source TEXT",
	"CREATE ATTRIBUTE email_opt_in BOOL",
	"CREATE ATTRIBUTE sms_opt_in BOOL",
	"CREATE ATTRIBUTE loyalty TEXT",
	"CREATE ATTRIBUTE orders INT",
	"CREATE ATTRIBUTE ltv DECIMAL(2)",
	"CREATE ATTRIBUTE last_visit TIMESTAMP",
	"CREATE ATTRIBUTE tags SET",
	"CREATE EVENT sent (campaign TEXT)",
	"CREATE EVENT open (campaign TEXT)",
	"CREATE EVENT visit (category TEXT, device TEXT, source TEXT)",
	"CREATE EVENT add_to_cart (product TEXT, category TEXT, price DECIMAL(2))",
	"CREATE EVENT purchase (order_id KEY, product TEXT, category TEXT, amount DECIMAL(2), items INT, coupon BOOL) ID order_id",
}

// Segments are the statements that make the shop's ready segments.
var Segments = []string{
	"CREATE SEGMENT customers AS DID purchase",
	"CREATE SEGMENT vip AS ltv > 500 AND orders >= 4",
	"CREATE SEGMENT abandoned_cart AS DID add_to_cart WITHIN 3d AND DID NOT purchase WITHIN 3d AND email_opt_in",
	"CREATE SEGMENT lapsed AS IN SEGMENT customers AND DID NOT visit WITHIN 120d",
	"CREATE SEGMENT newcomers AS created_at WITHIN 30d",
	"CREATE STATIC SEGMENT panel AS bucket('panel') < 50",
}

// Question is a question to begin with.
type Question struct{ What, Text string }

// Questions are answered when the demo is run without a terminal, and offered on its first screen.
var Questions = []Question{
	{"How many contacts are there, and in which countries?",
		"SELECT country, count(*) AS contacts, sum(orders) AS orders FROM contacts GROUP BY country ORDER BY contacts DESC LIMIT 5"},
	{"Who in Germany bought at least twice within a year?",
		"COUNT country = 'DE' AND DID purchase AT LEAST 2 TIMES WITHIN 365d"},
	{"Whose cart was left behind, and what is in it?",
		"SELECT id, first_name, last(add_to_cart).product AS product, last(add_to_cart).price AS price FROM contacts WHERE IN SEGMENT abandoned_cart ORDER BY price DESC LIMIT 5"},
	{"Who spent the most within 90 days?",
		"SELECT id, first_name, country, sum(purchase.amount WITHIN 90d) AS spend FROM contacts WHERE DID purchase WITHIN 90d ORDER BY spend DESC LIMIT 5"},
	{"How do sales go, month by month?",
		"SELECT date_trunc('month', time) AS month, count(*) AS orders, sum(amount) AS sales FROM purchase GROUP BY 1 ORDER BY 1"},
}
