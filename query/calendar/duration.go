package calendar

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Duration is a length of time: months, which step the local calendar, or milliseconds. A written
// duration has one of the two.
type Duration struct {
	Months int
	MS     int64
}

// The longest durations that can be written, 10,000 years: sums with an instant cannot overflow.
const (
	MaxMonths = 10_000 * 12
	MaxMS     = 10_000 * 366 * Day
)

var units = []struct {
	name   string
	ms     int64
	months int
}{
	{"ms", 1, 0}, {"s", Second, 0}, {"m", Minute, 0}, {"h", Hour, 0}, {"d", Day, 0}, {"w", Week, 0},
	{"mo", 0, 1}, {"q", 0, 3}, {"y", 0, 12},
}

// ParseDuration reads a number directly followed by ms s m h d w mo q y: 30d, 0.25h. A fraction must
// come to whole milliseconds; months, quarters and years have none.
func ParseDuration(s string) (Duration, error) {
	i := strings.IndexFunc(s, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if i <= 0 {
		return Duration{}, fmt.Errorf("a duration is a number directly followed by ms, s, m, h, d, w, mo, q or y, such as 30d")
	}
	for _, u := range units {
		if u.name == s[i:] {
			return scaled(s[:i], u.ms, u.months)
		}
	}
	if s[i:] == "M" {
		return Duration{}, fmt.Errorf("there is no unit M; write %sm for minutes or %smo for months", s[:i], s[:i])
	}
	return Duration{}, fmt.Errorf("there is no unit %q; the units are ms, s, m, h, d, w, mo, q and y", s[i:])
}

func scaled(number string, ms int64, months int) (Duration, error) {
	whole, frac, point := strings.Cut(number, ".")
	frac = strings.TrimRight(frac, "0")
	if point && whole == "" || strings.Contains(frac, ".") {
		return Duration{}, fmt.Errorf("%q is not a number", number)
	}
	if months > 0 {
		if frac != "" {
			return Duration{}, fmt.Errorf("months, quarters and years have no fractions; write days or hours")
		}
		n, ok := product(whole, int64(months), MaxMonths)
		if !ok {
			return Duration{}, errTooLong
		}
		return Duration{Months: int(n)}, nil
	}
	n, ok := product(whole, ms, MaxMS)
	if !ok {
		return Duration{}, errTooLong
	}
	part, ok := fraction(frac, ms)
	if !ok {
		return Duration{}, fmt.Errorf("a duration comes to whole milliseconds")
	}
	return Duration{MS: n + part}, nil
}

var errTooLong = fmt.Errorf("a duration is at most 10000 years")

// product returns digits * unit, if that is at most limit.
func product(digits string, unit, limit int64) (int64, bool) {
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil {
		return 0, false
	}
	hi, lo := bits.Mul64(n, uint64(unit))
	return int64(lo), hi == 0 && lo <= uint64(limit)
}

// fraction returns 0.digits * unit, if that is whole.
func fraction(digits string, unit int64) (int64, bool) {
	const longest = 9 // more digits of a week are never whole milliseconds
	if digits == "" {
		return 0, true
	}
	if len(digits) > longest {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	scale := int64(math.Pow10(len(digits)))
	return n * unit / scale, err == nil && n*unit%scale == 0
}

// Zero says whether the duration has no length.
func (d Duration) Zero() bool { return d.Months == 0 && d.MS == 0 }

// String returns the duration in the longest unit that gives a whole number; the units are ms, s, m, h,
// d, mo and y. Both parts, which only arithmetic yields, are joined by a plus.
func (d Duration) String() string {
	switch {
	case d.Months != 0 && d.MS != 0:
		return Duration{Months: d.Months}.String() + " + " + Duration{MS: d.MS}.String()
	case d.Months != 0 && d.Months%12 == 0:
		return strconv.Itoa(d.Months/12) + "y"
	case d.Months != 0:
		return strconv.Itoa(d.Months) + "mo"
	}
	return FormatDuration(d.MS)
}

// FormatDuration returns a length of ms in the longest of ms, s, m, h and d that gives a whole number.
func FormatDuration(ms int64) string {
	for _, u := range []struct {
		name string
		ms   int64
	}{{"d", Day}, {"h", Hour}, {"m", Minute}, {"s", Second}} {
		if ms%u.ms == 0 && ms != 0 {
			return strconv.FormatInt(ms/u.ms, 10) + u.name
		}
	}
	return strconv.FormatInt(ms, 10) + "ms"
}
