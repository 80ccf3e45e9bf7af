package gen

import (
	"hash/fnv"
	"math"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/array"
)

var clock = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// TestSameArgumentsSameBase holds the base to (seed, size, clock): the digest below may only change on
// purpose, because published numbers name a seed.
func TestSameArgumentsSameBase(t *testing.T) {
	digest := func(c Config) uint64 {
		h := fnv.New64a()
		for chunk := range c.Chunks() {
			text, _ := c.ContactRecord(chunk).MarshalJSON()
			h.Write(text)
			for _, r := range c.EventRecords(chunk) {
				text, _ := r.MarshalJSON()
				h.Write(text)
			}
		}
		return h.Sum64()
	}
	c := Config{Seed: 1, Contacts: 1000, Clock: clock}
	if a, b := digest(c), digest(c); a != b {
		t.Fatalf("the same arguments gave two bases: %x and %x", a, b)
	}
	other := c
	other.Seed = 2
	if digest(c) == digest(other) {
		t.Fatal("another seed gave the same base")
	}
}

func TestDistributions(t *testing.T) {
	c := Config{Seed: 7, Contacts: ChunkContacts, Clock: clock}
	r := c.ContactRecord(0)
	n := float64(r.NumRows())
	share := func(name string, is func(i int) bool) float64 {
		hits := 0
		for i := range int(r.NumRows()) {
			if is(i) {
				hits++
			}
		}
		return float64(hits) / n
	}
	country := r.Column(1).(*array.String)
	near(t, "country US", share("country", func(i int) bool { return country.Value(i) == "US" }), 0.25, 0.03)
	near(t, "age null", float64(r.Column(5).NullN())/n, 0.08, 0.005)
	near(t, "gender null", float64(r.Column(4).NullN())/n, 0.10, 0.005)
	near(t, "last_open null", float64(r.Column(7).NullN())/n, 0.30, 0.01)
	tags := r.Column(12).(*array.List)
	near(t, "tags a contact", float64(tags.ListValues().Len())/n, 3.9, 0.1)
	events := 0.0
	for _, e := range c.EventRecords(0) {
		rows := float64(e.NumRows())
		events += rows
	}
	near(t, "events a contact", events/n, 10, 0.2)
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s is %.4f, want %.4f ± %.4f", what, got, want, tolerance)
	}
}
