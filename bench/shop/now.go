package shop

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// Now draws what a few contacts of a shop are doing at an instant: visits, some with a cart, some with a
// purchase. Tables without rows are left out. r is the caller's; turn tells the orders of one call from those
// of another.
func (c Config) Now(r *rand.Rand, at time.Time, contacts, turn int) []Table {
	h := &history{clock: at.Add(time.Hour)}
	people := make([]*contact, contacts)
	for k := range people {
		people[k] = &contact{id: idOf(r.IntN(max(c.Contacts, 1))), land: &lands[0], favourite: uint8(r.IntN(len(shelves)))}
		h.visit(r, people[k], int32(k), at)
	}
	for i := range h.carts {
		h.carts[i].at = at.Unix()
	}
	for i := range h.purchases {
		h.purchases[i].at = at.Unix()
	}
	var out []Table
	for _, t := range []Table{visits(people, h.visits), carts(people, h.carts), purchases(people, h.purchases, "n"+strconv.Itoa(turn))} {
		if t.Rows.NumRows() > 0 {
			out = append(out, t)
		} else {
			t.Rows.Release()
		}
	}
	return out
}
