package shop

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/musterdb/muster/bench/draw"
)

// Events of a chunk before they are written, by type. at is in seconds since 1970, who the contact's number in
// the chunk; what is drawn from a list is its number there, which keeps the collector out of millions of them.
type (
	mailing struct {
		at       int64
		who      int32
		campaign int32
	}
	visit struct {
		at                    int64
		who                   int32
		shelf, device, source uint8
	}
	cart struct {
		at             int64
		who            int32
		shelf, product uint8
	}
	purchase struct {
		cart
		order  int32
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
	orders    int32 // numbered so far
	mails     []mail
}

// mail is a campaign and when it goes out.
type mail struct {
	at   time.Time
	name string
}

func newHistory(clock time.Time) *history {
	return &history{clock: clock, mails: campaigns(clock)}
}

// live draws what contact number who did since the horizon, and keeps its totals.
func (h *history) live(r *rand.Rand, x *contact, who int32) {
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
	h.mailings(r, x, who)
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
func (h *history) visit(r *rand.Rand, x *contact, who int32, at time.Time) {
	shelf := x.favourite
	if r.IntN(100) < 55 {
		shelf = shelfOf(r, at)
	}
	source := uint8(0) // direct
	if r.IntN(100) < 60 {
		source = 1 + index(r, sources)
	}
	h.visits = append(h.visits, visit{at.Unix(), who, shelf, index(r, devices), source})
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
	c := cart{at.Unix() + int64(30+r.IntN(1500)), who, shelf, uint8(r.IntN(len(shelves[shelf].products)))}
	if c.at > h.clock.Unix() {
		return
	}
	h.carts = append(h.carts, c)
	if x.orders > 3 {
		bought += 15
	}
	if r.IntN(100) < bought {
		h.buy(r, x, c, blackFriday(at))
	}
}

func (h *history) buy(r *rand.Rand, x *contact, c cart, promotion bool) {
	p := purchase{cart: c, items: 1}
	if p.at = c.at + int64(60+r.IntN(2400)); p.at > h.clock.Unix() {
		return
	}
	for p.items < 5 && r.IntN(100) < 28 {
		p.items++
	}
	p.cents = shelves[c.shelf].products[c.product].cents * p.items
	if p.coupon = r.IntN(100) < 18 || promotion && r.IntN(100) < 60; p.coupon {
		p.cents = p.cents * 85 / 100
	}
	h.orders++
	p.order = h.orders
	h.purchases = append(h.purchases, p)
	x.orders++
	x.cents += p.cents
}

// shelfOf draws a shelf by the season.
func shelfOf(r *rand.Rand, at time.Time) uint8 {
	for {
		k := r.IntN(len(shelves))
		if r.IntN(320) < shelves[k].season[at.Month()-1] {
			return uint8(k)
		}
	}
}

// index draws a value's number.
func index(r *rand.Rand, of []draw.Weighted) uint8 {
	n := r.IntN(100)
	for i, w := range of {
		if n -= w.Percent; n < 0 {
			return uint8(i)
		}
	}
	return 0
}

// campaigns goes out every second Tuesday at nine.
func campaigns(clock time.Time) (out []mail) {
	at := clock.Add(-horizon).Truncate(day).Add(9 * time.Hour)
	at = at.Add(time.Duration((9-int(at.Weekday()))%7) * day)
	for ; at.Before(clock); at = at.Add(14 * day) {
		out = append(out, mail{at, themes[at.Month()-1] + at.Format("_2006_01_02")})
	}
	return out
}

// mailings sends the campaigns to a contact now and then if it wants them; some it opens.
func (h *history) mailings(r *rand.Rand, x *contact, who int32) {
	if !x.emailOptIn {
		return
	}
	for i, m := range h.mails {
		if m.at.Before(x.created) || r.IntN(100) >= 10 {
			continue
		}
		h.send(r, x, mailing{m.at.Unix() + int64(r.IntN(1800)), who, int32(i)}, m.at)
	}
}

func (h *history) send(r *rand.Rand, x *contact, m mailing, at time.Time) {
	if m.at > h.clock.Unix() {
		return
	}
	h.sent = append(h.sent, m)
	reads := 12
	if at.Before(x.active) {
		reads = 44
	}
	m.at += 60 + int64(r.ExpFloat64()*9*3600)
	if r.IntN(100) < reads && m.at <= h.clock.Unix() {
		h.opened = append(h.opened, m)
	}
}

var themes = [12]string{"new_year", "winter_sale", "spring", "garden", "outdoor", "summer", "summer_sale", "back_to_school", "autumn", "cosy_home", "black_friday", "christmas"}
