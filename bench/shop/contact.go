package shop

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/musterdb/muster/bench/draw"
)

const (
	day = 24 * time.Hour
	// yearsOfSignups is how far back the first contact signed up, horizon how far back events reach.
	yearsOfSignups = 3
	horizon        = 400 * day
)

// contact is one contact before it is written.
type contact struct {
	id                   string
	first, last, email   string
	land                 *land
	city                 string
	gender, source       string
	birthday             time.Time // zero: not known
	created              time.Time
	emailOptIn, smsOptIn bool
	favourite            uint8     // shelf
	eager                float64   // visits a year while it is active
	active               time.Time // last day on which it may visit
	orders               int64
	cents                int64
	lastVisit            time.Time // zero: none
	app                  bool
}

// idOf returns the id of contact i.
func idOf(i int) string { return "c" + strconv.Itoa(1_000_000+i) }

// contact draws contact i.
func (c Config) contact(r *rand.Rand, i int) *contact {
	l := drawLand(r)
	x := &contact{id: idOf(i), land: l, gender: draw.Pick(r, genders), favourite: uint8(r.IntN(len(shelves)))}
	x.city = l.cities[min(r.IntN(len(l.cities)), r.IntN(len(l.cities)))]
	names := l.women
	if x.gender == "M" || x.gender == "" && r.IntN(2) == 0 {
		names = l.men
	}
	x.first, x.last = names[r.IntN(len(names))], l.families[r.IntN(len(l.families))]
	x.email = ascii.Replace(strings.ToLower(x.first+"."+x.last)) + strconv.Itoa(i) + "@" + mailHosts[r.IntN(len(mailHosts))]
	x.source = draw.Pick(r, sources)
	if r.IntN(100) >= 18 {
		age := math.Abs(r.NormFloat64()*13+39) + 0.3
		x.birthday = c.Clock.Add(-time.Duration((16 + math.Min(age, 70)) * 365.25 * float64(day)))
	}
	x.created = c.signup(r, i)
	x.emailOptIn, x.smsOptIn, x.app = r.IntN(100) < 64, r.IntN(100) < 22, r.IntN(100) < 27
	x.eager = math.Exp(0.9 + 1.1*r.NormFloat64())
	x.active = c.Clock
	if r.IntN(100) < 55 { // drifts away some day
		x.active = x.created.Add(time.Duration(r.ExpFloat64() * 260 * float64(day)))
	}
	return x
}

var mailHosts = []string{"mail.example", "post.example", "inbox.example", "web.example"}

// signup is ordered with the id, ever more of them towards the clock.
func (c Config) signup(r *rand.Rand, i int) time.Time {
	share := math.Sqrt((float64(i) + r.Float64()) / float64(max(c.Contacts, 1)))
	at := c.Clock.Add(-time.Duration((1 - share) * yearsOfSignups * 365 * float64(day)))
	return at.Truncate(time.Second)
}

func drawLand(r *rand.Rand) *land {
	n := r.IntN(100)
	for i := range lands {
		if n -= lands[i].weight; n < 0 {
			return &lands[i]
		}
	}
	return &lands[0]
}

// loyalty is the tier that the orders make.
func (x *contact) loyalty() string {
	switch {
	case x.orders >= 8:
		return "gold"
	case x.orders >= 4:
		return "silver"
	case x.orders >= 1:
		return "bronze"
	}
	return "none"
}

func (x *contact) tags() []string {
	tags := []string{"likes_" + shelves[x.favourite].name}
	if x.emailOptIn {
		tags = append(tags, "newsletter")
	}
	if x.app {
		tags = append(tags, "app")
	}
	if x.orders >= 8 {
		tags = append(tags, "vip")
	}
	return tags
}
