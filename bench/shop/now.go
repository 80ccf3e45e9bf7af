package shop

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Now draws what a few contacts of a shop are doing at an instant: visits, some with a cart, some with a
// purchase. Tables without rows are left out. r is the caller's; turn tells the orders of one call from those
// of another.
func (c Config) Now(r *rand.Rand, at time.Time, contacts, turn int) []Table {
	h := &history{clock: at.Add(time.Hour), chunk: -1}
	people := make([]*contact, contacts)
	for k := range people {
		people[k] = &contact{id: idOf(r.IntN(max(c.Contacts, 1))), land: &lands[0], favourite: r.IntN(len(shelves))}
		h.visit(r, people[k], k, at)
	}
	for i := range h.carts {
		h.carts[i].at = at
	}
	for i := range h.purchases {
		h.purchases[i].at, h.purchases[i].order = at, fmt.Sprintf("n%d-%d", turn, i)
	}
	var out []Table
	for _, t := range []Table{visits(people, h.visits), carts(people, h.carts), purchases(people, h.purchases)} {
		if t.Rows.NumRows() > 0 {
			out = append(out, t)
		} else {
			t.Rows.Release()
		}
	}
	return out
}
