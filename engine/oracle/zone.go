package oracle

import (
	"math"
	"time"
	_ "time/tzdata" // so that the answers do not depend on the machine's zone files

	"github.com/musterdb/muster/query/diag"
)

const dayMS = 24 * 3600 * 1000

// zone turns instants (ms since 1970 UTC) into local days and back.
type zone struct{ loc *time.Location }

func loadZone(name string) (zone, error) {
	if name == "" {
		return zone{time.UTC}, nil
	}
	if name[0] == '+' || name[0] == '-' {
		t, err := time.Parse("-07:00", name)
		if err != nil {
			return zone{}, refuse(diag.Invalid, "%q is no time zone", name)
		}
		return zone{t.Location()}, nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return zone{}, refuse(diag.Invalid, "there is no time zone %q", name)
	}
	return zone{loc}, nil
}

// offset is local minus UTC at an instant, in ms.
func (z zone) offset(ms int64) int64 {
	_, sec := time.UnixMilli(ms).In(z.loc).Zone()
	return int64(sec) * 1000
}

// local returns the local day (days since 1970-01-01) and the ms shown by the clock on the wall.
func (z zone) local(ms int64) (day, ofDay int64) {
	wall := ms + z.offset(ms)
	day = floorDiv(wall, dayMS)
	return day, wall - day*dayMS
}

func (z zone) dayOf(ms int64) int64 {
	day, _ := z.local(ms)
	return day
}

// instant returns the instant of a local time: the earlier where it exists twice; where it does not
// exist it moves forward by the length of the gap (02:30 becomes 03:30).
func (z zone) instant(day, ofDay int64) int64 {
	wall := day*dayMS + ofDay
	before, after := z.offset(wall-dayMS), z.offset(wall+dayMS)
	found := int64(math.MaxInt64)
	for _, off := range []int64{before, after} {
		if t := wall - off; z.offset(t) == off {
			found = min(found, t)
		}
	}
	if found != math.MaxInt64 {
		return found
	}
	return wall - before
}

// midnight returns the first instant of a local day.
func (z zone) midnight(day int64) int64 { return z.instant(day, 0) }

// addMonths steps the local calendar, keeps the time on the wall and clamps to the month's end.
func (z zone) addMonths(ms int64, n int64) int64 {
	day, ofDay := z.local(ms)
	return z.instant(addMonthsToDay(day, n), ofDay)
}

func addMonthsToDay(day, n int64) int64 {
	y, m, d := civil(day)
	first := dayOfCivil(y, m+int(n), 1)
	next := dayOfCivil(y, m+int(n)+1, 1)
	return min(first+int64(d)-1, next-1)
}

func civil(day int64) (year, month, dayOfMonth int) {
	t := time.Unix(day*86400, 0).UTC()
	return t.Year(), int(t.Month()), t.Day()
}

// dayOfCivil accepts months outside 1 … 12.
func dayOfCivil(year, month, dayOfMonth int) int64 {
	return floorDiv(time.Date(year, time.Month(month), dayOfMonth, 0, 0, 0, 0, time.UTC).Unix(), 86400)
}

// weekday is 1 for Monday … 7 for Sunday.
func weekday(day int64) int64 { return floorMod(day+3, 7) + 1 }

// startOf returns the first day of the unit that holds the day; unit is day, week, month, quarter or year.
func startOf(unit string, day int64) int64 {
	y, m, _ := civil(day)
	switch unit {
	case "week":
		return day - weekday(day) + 1
	case "month":
		return dayOfCivil(y, m, 1)
	case "quarter":
		return dayOfCivil(y, (m-1)/3*3+1, 1)
	case "year":
		return dayOfCivil(y, 1, 1)
	}
	return day
}

// stepUnit moves the first day of a unit by n units.
func stepUnit(unit string, day, n int64) int64 {
	switch unit {
	case "week":
		return day + 7*n
	case "month":
		return addMonthsToDay(day, n)
	case "quarter":
		return addMonthsToDay(day, 3*n)
	case "year":
		return addMonthsToDay(day, 12*n)
	}
	return day + n
}

// yearsBetween is the whole years from day a to day b; 29 February returns on 1 March in common years.
func yearsBetween(a, b int64) int64 {
	if b < a {
		return -yearsBetween(b, a)
	}
	ya, ma, da := civil(a)
	yb, _, _ := civil(b)
	if b < dayOfCivil(yb, ma, da) { // time.Date turns 29 February into 1 March
		yb--
	}
	return int64(yb - ya)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }
