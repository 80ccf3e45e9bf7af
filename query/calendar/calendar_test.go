package calendar

import (
	"math"
	"math/rand"
	"strings"
	"testing"
	"time"
)

func at(t *testing.T, s string) int64 {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v.UnixMilli()
}

func zone(t testing.TB, name string) *Zone {
	t.Helper()
	z, err := Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestDaysAgainstTime(t *testing.T) {
	for day := DayOfDate(-5, 1, 1); day < DayOfDate(2500, 1, 1); day++ {
		want := time.Unix(day*86400, 0).UTC()
		y, m, d := DateOfDay(day)
		if y != int64(want.Year()) || m != int(want.Month()) || d != want.Day() || DayOfDate(y, m, d) != day {
			t.Fatalf("day %d is %d-%d-%d, want %s", day, y, m, d, want)
		}
		if wd := (int(want.Weekday())+6)%7 + 1; Weekday(day) != wd {
			t.Fatalf("%s: weekday %d, want %d", want, Weekday(day), wd)
		}
	}
}

func TestOffsetsAgainstTime(t *testing.T) {
	seed := time.Now().UnixNano()
	rng := rand.New(rand.NewSource(seed))
	t.Logf("seed %d", seed)
	for _, name := range []string{"Europe/Warsaw", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe", "Africa/Casablanca", "UTC", "-05:00"} {
		z := zone(t, name)
		for range 5000 {
			ms := rng.Int63n(8e12) - 3e12 // 1874 to 2128
			want := time.UnixMilli(ms).In(z.loc)
			y, m, d := z.Date(ms)
			if y != int64(want.Year()) || m != int(want.Month()) || d != want.Day() || z.Hour(ms) != want.Hour() {
				t.Fatalf("%s %d: %d-%d-%d %dh, want %s", name, ms, y, m, d, z.Hour(ms), want)
			}
			if back := z.Instant(z.Local(ms)); back > ms || z.Local(back) != z.Local(ms) {
				t.Fatalf("%s %d: Instant(Local) is %d", name, ms, back)
			}
		}
	}
}

// TestMidnightIsFirst asks for every day round every change of offset: the instant before a day's
// midnight is never of that day, unless the day begins twice.
func TestMidnightIsFirst(t *testing.T) {
	for _, name := range []string{"Europe/Warsaw", "America/New_York", "Pacific/Apia", "America/St_Johns", "America/Havana", "America/Toronto", "Australia/Lord_Howe", "Africa/Cairo"} {
		z := zone(t, name)
		for _, s := range z.spans[1:] {
			for day := z.DayOf(s.from) - 2; day <= z.DayOf(s.from)+2; day++ {
				at := z.Midnight(day)
				if z.DayOf(at) < day || z.DayOf(at-1) >= day {
					t.Errorf("%s: midnight of %s is %s", name, FormatDate(day), FormatTimestamp(at))
				}
			}
		}
	}
}

func TestLocalClock(t *testing.T) {
	for _, c := range []struct{ zone, local, want string }{
		{"Europe/Warsaw", "2026-03-29 01:59", "2026-03-29T00:59:00Z"},
		{"Europe/Warsaw", "2026-03-29 02:30", "2026-03-29T01:30:00Z"}, // does not exist: 03:30 local
		{"Europe/Warsaw", "2026-03-29 03:00", "2026-03-29T01:00:00Z"},
		{"Europe/Warsaw", "2026-10-25 02:30", "2026-10-25T00:30:00Z"}, // twice: the earlier
		{"Europe/Warsaw", "2026-10-25 03:00", "2026-10-25T02:00:00Z"},
		{"Europe/Warsaw", "2026-10-25", "2026-10-24T22:00:00Z"},
		{"Europe/Warsaw", "2026-10-26", "2026-10-25T23:00:00Z"},
		{"Europe/Warsaw", "2026-04", "2026-03-31T22:00:00Z"},
		{"Europe/Warsaw", "2026-04-01 10:00Z", "2026-04-01T10:00:00Z"},
		{"Europe/Warsaw", "2026-04-01T10:00:00.25-05:00", "2026-04-01T15:00:00.250Z"},
		{"Europe/Warsaw", "2026-04-01 10:00:00+00", "2026-04-01T10:00:00Z"},
		{"Europe/Warsaw", "2026-04-01 10:00:00.123999Z", "2026-04-01T10:00:00.123Z"},
		{"America/New_York", "2026-03-08 02:30", "2026-03-08T07:30:00Z"},
		{"America/New_York", "2026-11-01 01:30", "2026-11-01T05:30:00Z"},
		{"America/Havana", "2026-03-08", "2026-03-08T05:00:00Z"},  // midnight does not exist: 01:00 local
		{"America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"},  // midnight twice: the earlier
		{"America/Toronto", "1919-03-31", "1919-03-31T04:30:00Z"}, // 23:30 was followed by 00:30
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"},    // the day that was left out
		{"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"},    //
		{"-05:00", "2026-04-01", "2026-04-01T05:00:00Z"},          //
		{"+05:45", "2026-04-01 00:00:00.001", "2026-03-31T18:15:00.001Z"},
	} {
		got, _, err := zone(t, c.zone).ParseInstant(c.local)
		if err != nil || got != at(t, c.want) {
			t.Errorf("%s %s: %s, %v; want %s", c.zone, c.local, FormatTimestamp(got), err, c.want)
		}
	}
}

func TestAddMonths(t *testing.T) {
	for _, c := range []struct {
		zone, from string
		n          int
		want       string
	}{
		{"UTC", "2026-01-31T10:00:00Z", 1, "2026-02-28T10:00:00Z"},
		{"UTC", "2024-01-31T10:00:00Z", 1, "2024-02-29T10:00:00Z"},
		{"UTC", "2024-02-29T10:00:00Z", 12, "2025-02-28T10:00:00Z"},
		{"UTC", "2026-03-31T00:00:00Z", -1, "2026-02-28T00:00:00Z"},
		{"UTC", "2026-01-15T00:00:00Z", -13, "2024-12-15T00:00:00Z"},
		{"Europe/Warsaw", "2026-02-28T01:30:00Z", 1, "2026-03-28T01:30:00Z"},
		{"Europe/Warsaw", "2026-02-28T23:00:00Z", 1, "2026-03-31T22:00:00Z"},  // 1 March local
		{"Europe/Warsaw", "2026-04-29T00:30:00Z", -1, "2026-03-29T01:30:00Z"}, // into the gap, then 03:30
		{"Europe/Warsaw", "2026-09-25T00:30:00Z", 1, "2026-10-25T00:30:00Z"},  // 02:30, the earlier
		{"America/New_York", "2026-02-08T07:30:00Z", 1, "2026-03-08T07:30:00Z"},
		{"America/New_York", "2026-10-01T05:30:00Z", 1, "2026-11-01T05:30:00Z"},
	} {
		if got := zone(t, c.zone).AddMonths(at(t, c.from), c.n); got != at(t, c.want) {
			t.Errorf("%s %s %+d: %s, want %s", c.zone, c.from, c.n, FormatTimestamp(got), c.want)
		}
	}
}

func TestTrunc(t *testing.T) {
	for _, c := range []struct{ zone, unit, from, want string }{
		{"UTC", "second", "2026-04-01T10:11:12Z", "2026-04-01T10:11:12Z"},
		{"Asia/Kolkata", "minute", "2026-04-01T10:11:12Z", "2026-04-01T10:11:00Z"},
		{"Asia/Kolkata", "hour", "2026-04-01T10:11:12Z", "2026-04-01T09:30:00Z"},
		{"Europe/Warsaw", "hour", "2026-10-25T01:30:00Z", "2026-10-25T01:00:00Z"}, // the second 02:00
		{"Europe/Warsaw", "day", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z"},
		{"Europe/Warsaw", "week", "2026-03-30T12:00:00Z", "2026-03-29T22:00:00Z"},
		{"Europe/Warsaw", "week", "2026-03-29T12:00:00Z", "2026-03-22T23:00:00Z"},
		{"Europe/Warsaw", "month", "2026-04-15T12:00:00Z", "2026-03-31T22:00:00Z"},
		{"Europe/Warsaw", "quarter", "2026-12-31T22:59:00Z", "2026-09-30T22:00:00Z"},
		{"Europe/Warsaw", "year", "2026-12-31T23:00:00Z", "2026-12-31T23:00:00Z"},
		{"America/New_York", "year", "2026-01-01T04:59:00Z", "2025-01-01T05:00:00Z"},
	} {
		u, ok := ParseUnit(c.unit)
		if got := zone(t, c.zone).Trunc(u, at(t, c.from)); !ok || got != at(t, c.want) {
			t.Errorf("%s %s %s: %s, want %s", c.zone, c.unit, c.from, FormatTimestamp(got), c.want)
		}
	}
}

func TestDatesThatAreNone(t *testing.T) {
	for s, want := range map[string]string{
		"2026-02-29":                     "2026-02 has 28 days, not 29",
		"2026-13-01":                     "no month 13",
		"2026-00":                        "no month 0",
		"2026-04-31":                     "30 days",
		"2026-04-00":                     "30 days",
		"0000-01-01":                     "no year 0",
		"2026-04-01 24:00":               "no such time of day",
		"2026-04-01 10:60":               "no such time of day",
		"2026-04-01 10:00:60":            "no such time of day",
		"01.04.2026":                     "not a date",
		"04/01/2026":                     "not a date",
		"2026-4-1":                       "not a date",
		"2026-04-01 ":                    "not a date",
		"2026-04-01 10":                  "not a date",
		"2026-04-01 10:00:00.":           "not a date",
		"2026-04-01 10:00:00.1234567890": "not a date",
		"2026-04-01 10:00 +02:00":        "not a date",
		"2026-04-01 10:00+99:00":         "not a date",
		"2026-04Z":                       "not a date",
		"":                               "not a date",
		"２０２６-04":                        "not a date",
	} {
		if _, _, err := UTC.ParseInstant(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", s, err, want)
		}
	}
	if _, _, err := ParseDate("2026-04-01 10:00"); err == nil {
		t.Error("a DATE took a time of day")
	}
	if day, p, err := ParseDate("2026-04"); err != nil || p != ToMonth || FormatDate(day) != "2026-04-01" {
		t.Error(day, p, err)
	}
}

func TestDurations(t *testing.T) {
	for s, want := range map[string]string{
		"30d": "30d", "0.25h": "15m", "1.5s": "1500ms", "90s": "90s", "2w": "14d", "48h": "2d", "0d": "0ms",
		"1mo": "1mo", "2q": "6mo", "12mo": "1y", "3y": "3y", "0.001s": "1ms", "1.0mo": "1mo", "10000y": "10000y",
	} {
		d, err := ParseDuration(s)
		if err != nil || d.String() != want {
			t.Errorf("%s: %s, %v; want %s", s, d, err, want)
		}
	}
	for s, want := range map[string]string{
		"3M": "3m for minutes or 3mo", "3x": "no unit", "d": "a number directly", "": "a number directly", "1.5mo": "no fractions",
		"0.0001s": "whole milliseconds", "10001y": "at most", "99999999999999999999d": "at most", "0.3333333333333h": "whole milliseconds",
		"1.2.3d": "not a number", ".5d": "not a number", "9223372036854775807w": "at most",
	} {
		if _, err := ParseDuration(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", s, err, want)
		}
	}
}

func TestUnknownZones(t *testing.T) {
	for name, want := range map[string]string{
		"Europe/Warszawa": `did you mean "Europe/Warsaw"`,
		"europe/warsaw":   `did you mean "Europe/Warsaw"`,
		"Warsaw":          `did you mean "Europe/Warsaw"`,
		"new york":        `did you mean "America/New_York"`,
		"-19:00":          "write an IANA name",
		"../etc/passwd":   "write an IANA name",
		"Local":           "there is no time zone",
		"":                "there is no time zone",
		"Europe/":         "there is no time zone",
	} {
		if _, err := Load(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
	}
}

func TestEveryZoneLoads(t *testing.T) {
	for name := range archive() {
		z := zone(t, name)
		if z.Midnight(z.DayOf(0)) > 0 || z.Name() != name {
			t.Errorf("%s: 1970 begins after 1970", name)
		}
	}
}

func TestExtremesStay(t *testing.T) {
	z := zone(t, "Europe/Warsaw")
	for _, ms := range []int64{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, math.MaxInt64 - 1, math.MaxInt64} {
		for u := UnitSecond; u <= UnitYear; u++ {
			z.Trunc(u, ms)
		}
		z.Add(ms, Duration{Months: MaxMonths, MS: MaxMS})
		z.Sub(ms, Duration{Months: MaxMonths, MS: MaxMS})
		FormatTimestamp(ms)
		FormatDate(ms)
		AddMonthsToDay(ms, -MaxMonths)
	}
	if z.Midnight(math.MaxInt64) != math.MaxInt64 && z.Midnight(math.MaxInt64) < math.MaxInt64-maxOffset {
		t.Error("a late midnight came round again")
	}
}

// The instants that UTC writes with a year of four digits, from 0001 on.
const firstYear, lastYear = -62135596800000, 253402300800000

func FuzzParse(f *testing.F) {
	for _, s := range []string{"2026-04-01", "2026-04", "2026-04-01 10:00:00.5+02:00", "30d", "0.25h"} {
		f.Add(s)
	}
	z := zone(f, "Europe/Warsaw")
	f.Fuzz(func(t *testing.T, s string) {
		if ms, _, err := z.ParseInstant(s); err == nil && ms >= firstYear && ms < lastYear { // beyond, UTC's year has not four digits
			again, _, err := z.ParseInstant(FormatTimestamp(ms))
			if err != nil || again != ms {
				t.Fatalf("%q: %d, printed %d, %v", s, ms, again, err)
			}
		}
		if d, err := ParseDuration(s); err == nil {
			if again, err := ParseDuration(d.String()); err != nil || again != d {
				t.Fatalf("%q: %v, printed %v, %v", s, d, again, err)
			}
		}
	})
}

func BenchmarkDayOf(b *testing.B) {
	z := zone(b, "Europe/Warsaw")
	for i := range b.N {
		z.DayOf(1767225600000 + int64(i)*3600000%1e11)
	}
}

func BenchmarkParseInstant(b *testing.B) {
	z := zone(b, "Europe/Warsaw")
	for range b.N {
		_, _, _ = z.ParseInstant("2026-04-01 10:00:00")
	}
}
