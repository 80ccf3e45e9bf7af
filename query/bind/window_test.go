package bind

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/names"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/query/period"
	"github.com/musterdb/muster/query/plan"
)

// closed reads an interval such as (2026-06-22T10, 2026-07-22T10] as closed ms; hours may stand alone and
// -inf and inf are the open ends.
func closed(t *testing.T, s string) (from, to int64) {
	t.Helper()
	l, r, _ := strings.Cut(strings.Trim(s, "()[]"), ", ")
	from, to = instant(t, l), instant(t, r)
	if s[0] == '(' && from != plan.MinTime {
		from++
	}
	if s[len(s)-1] == ')' && to != math.MaxInt64 {
		to--
	}
	return from, to
}

func instant(t *testing.T, s string) int64 {
	t.Helper()
	switch s {
	case "-inf":
		return plan.MinTime
	case "inf":
		return math.MaxInt64
	}
	for _, form := range []string{"2006-01-02T15", "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if at, err := time.Parse(form, s); err == nil {
			return at.UnixMilli()
		}
	}
	t.Fatalf("%q is no instant", s)
	return 0
}

func reachOf(t *testing.T, zone string, clock int64, window string) period.Reach {
	t.Helper()
	x, err := parse.Condition("signup_at " + window)
	if err != nil {
		t.Fatalf("%s: %v", window, err)
	}
	b, err := newBinder(shop(zone), Options{Clock: clock}, names.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := b.time().Reach(x.(*ast.InWindow).Window, b.moment)
	if err != nil {
		t.Fatalf("%s %s: %v", zone, window, err)
	}
	return r
}

// windows were computed by hand; everything is UTC, Warsaw is +1 and +2 in summer, New York −5 and −4.
var windows = []struct{ zone, clock, window, want string }{
	// Wednesday, 22 July 2026, 12:00 in Warsaw
	{"Europe/Warsaw", "2026-07-22T10", "WITHIN 30d", "(2026-06-22T10, 2026-07-22T10]"},
	{"Europe/Warsaw", "2026-07-22T10", "WITHIN 1h", "(2026-07-22T09, 2026-07-22T10]"},
	{"Europe/Warsaw", "2026-07-22T10", "WITHIN 0.25h", "(2026-07-22T09:45, 2026-07-22T10]"},
	{"Europe/Warsaw", "2026-07-22T10", "WITHIN 500ms", "(2026-07-22T09:59:59.500, 2026-07-22T10]"},
	{"Europe/Warsaw", "2026-07-22T10", "WITHIN 1w", "(2026-07-15T10, 2026-07-22T10]"},
	{"Europe/Warsaw", "2026-07-22T10", "WITHIN 1mo", "(2026-06-22T10, 2026-07-22T10]"},
	{"Europe/Warsaw", "2026-07-22T10", "WITHIN 1q", "(2026-04-22T10, 2026-07-22T10]"},
	{"Europe/Warsaw", "2026-07-22T10", "WITHIN 6mo", "(2026-01-22T11, 2026-07-22T10]"},
	{"Europe/Warsaw", "2026-07-22T10", "WITHIN 1y", "(2025-07-22T10, 2026-07-22T10]"},
	{"Europe/Warsaw", "2026-07-22T10", "WITHIN NEXT 3d", "(2026-07-22T10, 2026-07-25T10]"},
	{"Europe/Warsaw", "2026-07-22T10", "WITHIN NEXT 6mo", "(2026-07-22T10, 2027-01-22T11]"},
	{"Europe/Warsaw", "2026-07-22T10", "BETWEEN 90d AND 30d AGO", "(2026-04-23T10, 2026-06-22T10]"},
	{"Europe/Warsaw", "2026-07-22T10", "BETWEEN 1y AND 1mo AGO", "(2025-07-22T10, 2026-06-22T10]"},
	{"Europe/Warsaw", "2026-07-22T10", "BEFORE 10m AGO", "(-inf, 2026-07-22T09:50]"},
	{"Europe/Warsaw", "2026-07-22T10", "BEFORE 1mo AGO", "(-inf, 2026-06-22T10]"},
	{"Europe/Warsaw", "2026-07-22T10", "SINCE '2026-04-01'", "[2026-03-31T22, inf)"},
	{"Europe/Warsaw", "2026-07-22T10", "SINCE '2026-04-01 10:00'", "[2026-04-01T08, inf)"},
	{"Europe/Warsaw", "2026-07-22T10", "SINCE '2026-04-01 10:00Z'", "[2026-04-01T10, inf)"},
	{"Europe/Warsaw", "2026-07-22T10", "SINCE '2026-04-01 10:00:00.250+05:30'", "[2026-04-01T04:30:00.250, inf)"},
	{"Europe/Warsaw", "2026-07-22T10", "SINCE '2026-04'", "[2026-03-31T22, inf)"},
	{"Europe/Warsaw", "2026-07-22T10", "BEFORE '2026-01-01'", "(-inf, 2025-12-31T23)"},
	{"Europe/Warsaw", "2026-07-22T10", "BEFORE '2026-02'", "(-inf, 2026-01-31T23)"},
	{"Europe/Warsaw", "2026-07-22T10", "SINCE now() - 7d", "[2026-07-15T10, inf)"},
	{"Europe/Warsaw", "2026-07-22T10", "SINCE today()", "[2026-07-21T22, inf)"},
	{"Europe/Warsaw", "2026-07-22T10", "SINCE today() - 1mo", "[2026-06-21T22, inf)"},
	{"Europe/Warsaw", "2026-07-22T10", "BEFORE now() - 1y", "(-inf, 2025-07-22T10)"},
	{"Europe/Warsaw", "2026-07-22T10", "SINCE date_trunc('quarter', now())", "[2026-06-30T22, inf)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING TODAY", "[2026-07-21T22, 2026-07-22T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING YESTERDAY", "[2026-07-20T22, 2026-07-21T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING THIS DAY", "[2026-07-21T22, 2026-07-22T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING THIS WEEK", "[2026-07-19T22, 2026-07-26T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING THIS MONTH", "[2026-06-30T22, 2026-07-31T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING THIS QUARTER", "[2026-06-30T22, 2026-09-30T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING THIS YEAR", "[2025-12-31T23, 2026-12-31T23)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING LAST DAY", "[2026-07-20T22, 2026-07-21T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING LAST WEEK", "[2026-07-12T22, 2026-07-19T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING LAST MONTH", "[2026-05-31T22, 2026-06-30T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING LAST QUARTER", "[2026-03-31T22, 2026-06-30T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING LAST YEAR", "[2024-12-31T23, 2025-12-31T23)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING LAST 3 MONTHS", "[2026-03-31T22, 2026-06-30T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING LAST 7 DAYS", "[2026-07-14T22, 2026-07-21T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING LAST 2 WEEKS", "[2026-07-05T22, 2026-07-19T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING LAST 2 QUARTERS", "[2025-12-31T23, 2026-06-30T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING LAST 5 YEARS", "[2020-12-31T23, 2025-12-31T23)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING '2026-04'", "[2026-03-31T22, 2026-04-30T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING '2026-04-01'", "[2026-03-31T22, 2026-04-01T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING '2026-04' TO '2026-06'", "[2026-03-31T22, 2026-06-30T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING '2026-04-15' TO '2026-06'", "[2026-04-14T22, 2026-06-30T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING '2026-04' TO '2026-05-10'", "[2026-03-31T22, 2026-05-10T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING '2026-04-01 10:00' TO '2026-04-01 12:00'", "[2026-04-01T08, 2026-04-01T10)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING '2026-04-01' TO '2026-04-01 12:00'", "[2026-03-31T22, 2026-04-01T10)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING now() - 1d TO now()", "[2026-07-21T10, 2026-07-22T10)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING today()", "[2026-07-21T22, 2026-07-22T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING today() - 7d TO today() - 1d", "[2026-07-14T22, 2026-07-21T22)"},
	{"Europe/Warsaw", "2026-07-22T10", "DURING '2024-02'", "[2024-01-31T23, 2024-02-29T23)"},
	// 29 March 2026, 12:00 in Warsaw: the clock went from 02:00 to 03:00 (01:00 UTC)
	{"Europe/Warsaw", "2026-03-29T10", "WITHIN 1d", "(2026-03-28T10, 2026-03-29T10]"},
	{"Europe/Warsaw", "2026-03-29T10", "WITHIN 1mo", "(2026-02-28T11, 2026-03-29T10]"},
	{"Europe/Warsaw", "2026-03-29T10", "DURING TODAY", "[2026-03-28T23, 2026-03-29T22)"},
	{"Europe/Warsaw", "2026-03-29T10", "DURING YESTERDAY", "[2026-03-27T23, 2026-03-28T23)"},
	{"Europe/Warsaw", "2026-03-29T10", "DURING THIS WEEK", "[2026-03-22T23, 2026-03-29T22)"},
	{"Europe/Warsaw", "2026-03-29T10", "DURING THIS MONTH", "[2026-02-28T23, 2026-03-31T22)"},
	{"Europe/Warsaw", "2026-03-29T10", "DURING '2026-03-29'", "[2026-03-28T23, 2026-03-29T22)"},
	{"Europe/Warsaw", "2026-03-29T10", "SINCE '2026-03-29 02:30'", "[2026-03-29T01:30, inf)"},
	{"Europe/Warsaw", "2026-03-29T10", "DURING '2026-03-29 01:30' TO '2026-03-29 03:30'", "[2026-03-29T00:30, 2026-03-29T01:30)"},
	{"Europe/Warsaw", "2026-04-29T00:30", "WITHIN 1mo", "(2026-03-29T01:30, 2026-04-29T00:30]"},
	{"Europe/Warsaw", "2026-03-31T10", "WITHIN 1mo", "(2026-02-28T11, 2026-03-31T10]"},
	{"Europe/Warsaw", "2026-03-31T10", "WITHIN 13mo", "(2025-02-28T11, 2026-03-31T10]"},
	{"Europe/Warsaw", "2028-03-31T10", "WITHIN 1mo", "(2028-02-29T11, 2028-03-31T10]"},
	{"Europe/Warsaw", "2028-02-29T11", "WITHIN 1y", "(2027-02-28T11, 2028-02-29T11]"},
	// 25 October 2026, 13:00 in Warsaw: the clock went from 03:00 back to 02:00 (01:00 UTC)
	{"Europe/Warsaw", "2026-10-25T12", "WITHIN 1d", "(2026-10-24T12, 2026-10-25T12]"},
	{"Europe/Warsaw", "2026-10-25T12", "DURING TODAY", "[2026-10-24T22, 2026-10-25T23)"},
	{"Europe/Warsaw", "2026-10-25T12", "SINCE '2026-10-25 02:30'", "[2026-10-25T00:30, inf)"},
	{"Europe/Warsaw", "2026-10-25T12", "DURING '2026-10-25 02:00' TO '2026-10-25 03:00'", "[2026-10-25T00, 2026-10-25T02)"},
	{"Europe/Warsaw", "2026-10-25T12", "WITHIN 1mo", "(2026-09-25T11, 2026-10-25T12]"},
	{"Europe/Warsaw", "2026-11-25T01:30", "WITHIN 1mo", "(2026-10-25T00:30, 2026-11-25T01:30]"},
	// 8 March 2026, 12:00 in New York: the clock went from 02:00 to 03:00 (07:00 UTC)
	{"America/New_York", "2026-03-08T16", "DURING TODAY", "[2026-03-08T05, 2026-03-09T04)"},
	{"America/New_York", "2026-03-08T16", "DURING YESTERDAY", "[2026-03-07T05, 2026-03-08T05)"},
	{"America/New_York", "2026-03-08T16", "SINCE '2026-03-08 02:15'", "[2026-03-08T07:15, inf)"},
	{"America/New_York", "2026-03-08T16", "WITHIN 1mo", "(2026-02-08T17, 2026-03-08T16]"},
	{"America/New_York", "2026-03-08T16", "DURING LAST WEEK", "[2026-02-23T05, 2026-03-02T05)"},
	{"America/New_York", "2026-03-08T16", "DURING THIS WEEK", "[2026-03-02T05, 2026-03-09T04)"},
	// 1 November 2026, 12:00 in New York: the clock went from 02:00 back to 01:00 (06:00 UTC)
	{"America/New_York", "2026-11-01T17", "DURING TODAY", "[2026-11-01T04, 2026-11-02T05)"},
	{"America/New_York", "2026-11-01T17", "SINCE '2026-11-01 01:30'", "[2026-11-01T05:30, inf)"},
	{"America/New_York", "2026-11-01T17", "DURING LAST MONTH", "[2026-10-01T04, 2026-11-01T04)"},
	{"America/New_York", "2026-11-01T17", "DURING THIS MONTH", "[2026-11-01T04, 2026-12-01T05)"},
	{"America/New_York", "2026-11-01T17", "DURING THIS QUARTER", "[2026-10-01T04, 2027-01-01T05)"},
	{"America/New_York", "2026-11-01T05:30", "WITHIN 1mo", "(2026-10-01T05:30, 2026-11-01T05:30]"},
	// New Year's Eve, 22:00 in New York
	{"America/New_York", "2026-01-01T03", "DURING THIS YEAR", "[2025-01-01T05, 2026-01-01T05)"},
	{"America/New_York", "2026-01-01T03", "DURING LAST MONTH", "[2025-11-01T04, 2025-12-01T05)"},
	{"America/New_York", "2026-01-01T03", "DURING TODAY", "[2025-12-31T05, 2026-01-01T05)"},
	{"-05:00", "2026-01-01T03", "DURING TODAY", "[2025-12-31T05, 2026-01-01T05)"},
	{"UTC", "2026-01-01T03", "DURING THIS YEAR", "[2026-01-01T00, 2027-01-01T00)"},
	{"UTC", "2026-01-31T12", "WITHIN NEXT 1mo", "(2026-01-31T12, 2026-02-28T12]"},
}

func TestWindows(t *testing.T) {
	for _, c := range windows {
		r := reachOf(t, c.zone, instant(t, c.clock), c.window)
		if from, to := closed(t, c.want); r.From != from || r.To != to {
			t.Errorf("%s at %s, %s: %s to %s, want %s", c.zone, c.clock, c.window,
				calendar.FormatTimestamp(r.From), calendar.FormatTimestamp(r.To), c.want)
		}
	}
}

// TestWindowsOfDays are windows over a DATE: the days of which some instant lies in the window.
func TestWindowsOfDays(t *testing.T) {
	for _, c := range []struct{ zone, clock, window, first, last string }{
		{"Europe/Warsaw", "2026-07-22T10", "WITHIN 30d", "2026-06-22", "2026-07-22"},
		{"Europe/Warsaw", "2026-07-22T10", "WITHIN NEXT 30d", "2026-07-22", "2026-08-21"},
		{"Europe/Warsaw", "2026-07-22T10", "WITHIN 1mo", "2026-06-22", "2026-07-22"},
		{"Europe/Warsaw", "2026-07-22T10", "WITHIN NEXT 1mo", "2026-07-22", "2026-08-22"},
		{"Europe/Warsaw", "2026-07-22T10", "WITHIN 12h", "2026-07-22", "2026-07-22"},
		{"Europe/Warsaw", "2026-07-22T10", "WITHIN 13h", "2026-07-21", "2026-07-22"},
		{"Europe/Warsaw", "2026-07-22T10", "BETWEEN 90d AND 30d AGO", "2026-04-23", "2026-06-22"},
		{"Europe/Warsaw", "2026-07-22T10", "BEFORE 30d AGO", "", "2026-06-22"},
		{"Europe/Warsaw", "2026-07-22T10", "SINCE '2026-04-01'", "2026-04-01", ""},
		{"Europe/Warsaw", "2026-07-22T10", "SINCE '2026-04'", "2026-04-01", ""},
		{"Europe/Warsaw", "2026-07-22T10", "BEFORE '2026-04-01'", "", "2026-03-31"},
		{"Europe/Warsaw", "2026-07-22T10", "SINCE now() - 7d", "2026-07-15", ""},
		{"Europe/Warsaw", "2026-07-22T10", "BEFORE now()", "", "2026-07-21"},
		{"Europe/Warsaw", "2026-07-22T10", "DURING TODAY", "2026-07-22", "2026-07-22"},
		{"Europe/Warsaw", "2026-07-22T10", "DURING THIS MONTH", "2026-07-01", "2026-07-31"},
		{"Europe/Warsaw", "2026-07-22T10", "DURING LAST 3 MONTHS", "2026-04-01", "2026-06-30"},
		{"Europe/Warsaw", "2026-07-22T10", "DURING '2026-04' TO '2026-06'", "2026-04-01", "2026-06-30"},
		{"Europe/Warsaw", "2026-07-22T10", "DURING today() TO today() + 6d", "2026-07-22", "2026-07-28"},
		{"Europe/Warsaw", "2026-07-22T10", "DURING '2026-04-01 10:00' TO '2026-04-03 12:00'", "2026-04-01", "2026-04-03"},
		{"Europe/Warsaw", "2026-07-22T10", "DURING '2026-04-01' TO '2026-04-03 00:00'", "2026-04-01", "2026-04-02"},
		{"America/New_York", "2026-07-22T02", "WITHIN 1d", "2026-07-20", "2026-07-21"},
		{"Europe/Warsaw", "2026-03-31T10", "WITHIN 1mo", "2026-02-28", "2026-03-31"},
	} {
		r := reachOf(t, c.zone, instant(t, c.clock), c.window)
		first, last := int64(plan.MinTime), int64(math.MaxInt64)
		if c.first != "" {
			first, _, _ = calendar.ParseDate(c.first)
		}
		if c.last != "" {
			last, _, _ = calendar.ParseDate(c.last)
		}
		if r.First != first || r.Last != last {
			t.Errorf("%s at %s, %s: %s to %s, want %s to %s", c.zone, c.clock, c.window,
				calendar.FormatDate(r.First), calendar.FormatDate(r.Last), c.first, c.last)
		}
	}
}

// TestEventWindowsEndAtTheClock holds that no window over events reaches beyond the clock, whatever its
// form says.
func TestEventWindowsEndAtTheClock(t *testing.T) {
	for _, w := range []string{"", "WITHIN 3d", "DURING TODAY", "DURING THIS YEAR", "SINCE '2026-01-01'", "BEFORE '2027-01-01'", "DURING '2026-07' TO '2027-02'", "SINCE '2027-01-01'"} {
		text := strings.TrimSpace("COUNT DID purchase " + w)
		s, err := parse.Statement(text)
		if err != nil {
			t.Fatal(err)
		}
		q, err := Query(s, shop("Europe/Warsaw"), Options{Clock: clock})
		if err != nil {
			t.Fatal(text, err)
		}
		if got := q.Where.(*plan.Did).Window.To; got > clock {
			t.Errorf("%s ends at %s", text, calendar.FormatTimestamp(got))
		}
	}
}
