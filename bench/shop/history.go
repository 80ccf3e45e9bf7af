package shop

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/musterdb/muster/bench/draw"
)

func pickGender(r *rand.Rand) string { return draw.Pick(r, genders) }
func pickSource(r *rand.Rand) string { return draw.Pick(r, sources) }

// Events of a chunk before they are written, by type. who is the contact's number in the chunk.
type (
	mailing struct {
		who      int
		at       time.Time
		campaign string
	}
	visit struct {
		who                      int
		at                       time.Time
		category, device, source string
	}
	cart struct {
		who     int
		at      time.Time
		shelf   int
		product int
	}
	purchase struct {
		cart
		order  string
		cents  int64
		items  int64
		coupon bool
	}
)

// history is all that the contacts of a chunk did.
type history struct {
	clock     time.Time
	sent      []mailing
	opened    []mailing
	visits    []visit
	carts     []cart
	purchases []purchase
	orders    int // numbered so far
	chunk     int
}

// live draws what contact number who did since the horizon, and keeps its totals.
func (h *history) live(r *rand.Rand, x *contact, who int) {
	from := x.created
	if old := h.clock.Add(-horizon); from.Before(old) {
		x.orders, x.cents = earlierOrders(r, x, old)
		from = old
	}
	to := h.clock
	if x.active.Before(to) {
		to = x.active
	}
	if span := to.Sub(from); span > 0 {
		for range poisson(r, x.eager*float64(span)/float64(365*day)) {
			h.visit(r, x, who, seasonal(r, x.land, from, span))
		}
	}
	h.campaigns(r, x, who)
}

// earlierOrders are those of before the horizon, whose events are not in the base.
func earlierOrders(r *rand.Rand, x *contact, until time.Time) (orders, cents int64) {
	if x.active.Before(until) {
		until = x.active
	}
	n := poisson(r, 0.12*x.eager*until.Sub(x.created).Hours()/24/365)
	return int64(n), int64(n) * (2500 + r.Int64N(6000))
}

// poisson draws a count (Knuth), bounded for means far beyond a shop's.
func poisson(r *rand.Rand, mean float64) int {
	limit, p := math.Exp(-min(mean, 60)), 1.0
	for n := 0; ; n++ {
		if p *= r.Float64(); p <= limit {
			return n
		}
	}
}

// seasonal draws an instant of a span: more before Christmas and at weekends, fewer in summer, by day and
// not by night.
func seasonal(r *rand.Rand, l *land, from time.Time, span time.Duration) time.Time {
	for {
		at := from.Add(time.Duration(r.Float64() * float64(span)))
		if r.IntN(260) < busy(at, l) {
			return at.Truncate(time.Second)
		}
	}
}

// busy is how busy the shop is at an instant, in percent.
func busy(at time.Time, l *land) int {
	b := monthly[at.Month()-1]
	if wd := at.Weekday(); wd == time.Saturday || wd == time.Sunday {
		b = b * 5 / 4
	}
	if blackFriday(at) {
		b = b * 3 / 2
	}
	return b * hourly[(at.Hour()+l.utc+24)%24] / 100
}

var (
	monthly = [12]int{95, 85, 90, 95, 95, 85, 75, 75, 95, 100, 135, 150}
	hourly  = [24]int{15, 8, 5, 4, 5, 10, 25, 50, 70, 80, 85, 90, 100, 95, 90, 90, 95, 105, 120, 130, 135, 120, 80, 40}
)

// blackFriday says whether an instant lies in the week of the fourth Friday of November.
func blackFriday(at time.Time) bool {
	return at.Month() == time.November && at.Day() >= 22 && at.Day() <= 29
}

// visit is a visit and what may follow it within the hour: a cart, a purchase.
func (h *history) visit(r *rand.Rand, x *contact, who int, at time.Time) {
	shelf := x.favourite
	if r.IntN(100) < 55 {
		shelf = shelfOf(r, at)
	}
	source := "direct"
	if r.IntN(100) < 60 {
		source = pickSource(r)
	}
	h.visits = append(h.visits, visit{who, at, shelves[shelf].name, draw.Pick(r, devices), source})
	if at.After(x.lastVisit) {
		x.lastVisit = at
	}
	carted, bought := 26, 42
	if blackFriday(at) {
		carted, bought = 38, 55
	}
	if r.IntN(100) >= carted {
		return
	}
	c := cart{who, at.Add(time.Duration(30+r.IntN(1500)) * time.Second), shelf, r.IntN(len(shelves[shelf].products))}
	if c.at.After(h.clock) {
		return
	}
	h.carts = append(h.carts, c)
	if x.orders > 3 {
		bought += 15
	}
	if r.IntN(100) < bought {
		h.buy(r, x, c)
	}
}

func (h *history) buy(r *rand.Rand, x *contact, c cart) {
	p := purchase{cart: c, items: 1}
	if p.at = c.at.Add(time.Duration(60+r.IntN(2400)) * time.Second); p.at.After(h.clock) {
		return
	}
	for p.items < 5 && r.IntN(100) < 28 {
		p.items++
	}
	p.cents = shelves[c.shelf].products[c.product].cents * p.items
	if p.coupon = r.IntN(100) < 18 || blackFriday(p.at) && r.IntN(100) < 60; p.coupon {
		p.cents = p.cents * 85 / 100
	}
	h.orders++
	p.order = fmt.Sprintf("o%d-%05d", h.chunk, h.orders)
	h.purchases = append(h.purchases, p)
	x.orders++
	x.cents += p.cents
}

// shelfOf draws a shelf by the season.
func shelfOf(r *rand.Rand, at time.Time) int {
	for {
		k := r.IntN(len(shelves))
		if r.IntN(320) < shelves[k].season[at.Month()-1] {
			return k
		}
	}
}

// campaigns sends a mail every second Tuesday to some of those who want it, of whom some open it.
func (h *history) campaigns(r *rand.Rand, x *contact, who int) {
	if !x.emailOptIn {
		return
	}
	for at := firstTuesday(h.clock.Add(-horizon)); at.Before(h.clock); at = at.Add(14 * day) {
		if at.Before(x.created) || r.IntN(100) >= 10 {
			continue
		}
		name := campaignOf(at)
		h.sent = append(h.sent, mailing{who, at.Add(time.Duration(r.IntN(1800)) * time.Second), name})
		reads := 12
		if at.Before(x.active) {
			reads = 44
		}
		opened := at.Add(time.Hour/2 + time.Duration(r.ExpFloat64()*float64(9*time.Hour))).Truncate(time.Second)
		if r.IntN(100) < reads && opened.Before(h.clock) {
			h.opened = append(h.opened, mailing{who, opened, name})
		}
	}
}

func firstTuesday(at time.Time) time.Time {
	at = at.Truncate(day).Add(9 * time.Hour)
	return at.Add(time.Duration((9-int(at.Weekday()))%7) * day)
}

var themes = [12]string{"new_year", "winter_sale", "spring", "garden", "outdoor", "summer", "summer_sale", "back_to_school", "autumn", "cosy_home", "black_friday", "christmas"}

// campaignOf names the campaign of a day, such as black_friday_2026_11_24.
func campaignOf(at time.Time) string {
	return themes[at.Month()-1] + at.Format("_2006_01_02")
}
