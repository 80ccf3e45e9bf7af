package shop

import (
	"hash/fnv"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/array"
)

var clock = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestSameArgumentsSameShop(t *testing.T) {
	digest := func(c Config) uint64 {
		h := fnv.New64a()
		for chunk := range c.Chunks() {
			for _, table := range c.Chunk(chunk) {
				text, _ := table.Rows.MarshalJSON()
				h.Write([]byte(table.Name))
				h.Write(text)
			}
		}
		return h.Sum64()
	}
	c := Config{Seed: 1, Contacts: 9000, Clock: clock}
	other := c
	other.Seed = 2
	if a, b := digest(c), digest(c); a != b || a == digest(other) {
		t.Fatalf("digests %x, %x of one seed and %x of another", a, b, digest(other))
	}
}

// TestBelievable holds what makes the shop one: nobody acts before signing up or after now, carts follow
// visits, orders and ltv are what the purchases say, Christmas sells more than summer.
func TestBelievable(t *testing.T) {
	c := Config{Seed: 1, Contacts: ChunkContacts, Clock: clock}
	r := c.rng(0, streamContacts)
	h := newHistory(clock)
	var months [13]int
	newcomers, buyers := 0, 0
	for k := range c.Contacts {
		x := c.contact(r, k)
		v, s, p := len(h.visits), len(h.carts), len(h.purchases)
		h.live(r, x, int32(k))
		checkTimes(t, h, x, v)
		if len(h.carts)-s > len(h.visits)-v || len(h.purchases)-p > len(h.carts)-s {
			t.Fatalf("contact %d: %d visits, %d carts, %d purchases", k, len(h.visits)-v, len(h.carts)-s, len(h.purchases)-p)
		}
		bought, cents := int64(0), int64(0)
		for _, e := range h.purchases[p:] {
			bought++
			cents += e.cents
			months[time.Unix(e.at, 0).UTC().Month()]++
		}
		if x.created.After(clock.Add(-horizon)) {
			newcomers++
			if bought != x.orders || cents != x.cents {
				t.Fatalf("contact %d: %d orders of %d cents, the purchases say %d of %d", k, x.orders, x.cents, bought, cents)
			}
		}
		if bought > 0 {
			buyers++
		}
	}
	if newcomers < c.Contacts/5 || buyers < c.Contacts/10 || months[11] < 2*months[7] {
		t.Errorf("%d newcomers, %d buyers, by month %v", newcomers, buyers, months)
	}
}

func checkTimes(t *testing.T, h *history, x *contact, from int) {
	t.Helper()
	for _, e := range h.visits[from:] {
		if e.at < x.created.Unix() || e.at > clock.Unix() {
			t.Fatalf("a visit at %d of a contact made at %s", e.at, x.created)
		}
	}
}

func TestNowIsNow(t *testing.T) {
	c := Config{Seed: 1, Contacts: 1000, Clock: clock}
	r := rand.New(rand.NewPCG(1, 2))
	seen := 0
	for turn := range 50 {
		for _, table := range c.Now(r, clock, 5, turn) {
			times := table.Rows.Column(1).(*array.Timestamp)
			for i := range times.Len() {
				seen++
				if int64(times.Value(i)) != clock.Unix()*1000 {
					t.Fatalf("%s at %d", table.Name, times.Value(i))
				}
			}
			table.Rows.Release()
		}
	}
	if seen < 250 {
		t.Errorf("%d events in 50 turns of 5 contacts", seen)
	}
}
