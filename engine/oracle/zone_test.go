package oracle

import (
	"testing"
	"time"
)

func ms(t *testing.T, s string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixMilli()
}

func TestInstantAtClockChanges(t *testing.T) {
	for _, tc := range []struct{ zone, local, want string }{
		{"Europe/Warsaw", "2026-01-15 12:00", "2026-01-15T11:00:00Z"},
		{"Europe/Warsaw", "2026-03-29 02:30", "2026-03-29T01:30:00Z"},    // does not exist: 03:30 summer time
		{"Europe/Warsaw", "2026-10-25 02:30", "2026-10-25T00:30:00Z"},    // twice: the earlier
		{"America/New_York", "2026-03-08 02:00", "2026-03-08T07:00:00Z"}, // 03:00 summer time
		{"America/New_York", "2026-11-01 01:30", "2026-11-01T05:30:00Z"},
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"}, // midnight did not exist: 01:00
		{"America/Havana", "2025-11-02", "2025-11-02T04:00:00Z"},    // midnight twice
		{"-05:00", "2026-01-15 12:00", "2026-01-15T17:00:00Z"},
		{"Europe/Warsaw", "2026-01-15 12:00:01.5Z", "2026-01-15T12:00:01.5Z"},
		{"Europe/Warsaw", "2026-01-15 12:00+02:00", "2026-01-15T10:00:00Z"},
		{"Europe/Warsaw", "2026-02", "2026-01-31T23:00:00Z"},
	} {
		got, err := ParseInstant(tc.zone, tc.local)
		if err != nil || got != ms(t, tc.want) {
			t.Errorf("%s in %s: got %s (%v), want %s", tc.local, tc.zone, time.UnixMilli(got).UTC(), err, tc.want)
		}
	}
}

func TestCalendarStepsClamp(t *testing.T) {
	z, err := loadZone("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		from string
		n    int64
		want string
	}{
		{"2026-03-31T10:00:00Z", -1, "2026-02-28T11:00:00Z"}, // 12:00 summer time to 12:00 winter time
		{"2024-02-29T11:00:00Z", 12, "2025-02-28T11:00:00Z"},
		{"2026-01-29T01:30:00Z", 2, "2026-03-29T01:30:00Z"}, // 02:30 does not exist
	} {
		if got := z.addMonths(ms(t, tc.from), tc.n); got != ms(t, tc.want) {
			t.Errorf("%s + %dmo: got %s, want %s", tc.from, tc.n, time.UnixMilli(got).UTC(), tc.want)
		}
	}
}

func TestBadLiterals(t *testing.T) {
	for _, s := range []string{"", "2026", "2026-13", "2026-02-30", "26-01-01", "2026-01-01T10:00", "2026-01-01 24:00", "01.02.2026", "2026-01-01 10:00+2"} {
		if _, err := ParseInstant("UTC", s); err == nil {
			t.Errorf("%q was read as a date", s)
		}
	}
}

func TestYearsBetween(t *testing.T) {
	for _, tc := range []struct {
		from, to string
		want     int64
	}{
		{"2000-02-29", "2025-02-28", 24}, {"2000-02-29", "2025-03-01", 25}, {"2000-02-29", "2024-02-29", 24},
		{"2000-06-15", "2026-06-14", 25}, {"2000-06-15", "2026-06-15", 26}, {"2026-06-15", "2026-04-01", 0}, {"2027-06-15", "2026-04-01", -1},
	} {
		a, _ := ParseDay(tc.from)
		b, _ := ParseDay(tc.to)
		if got := yearsBetween(a, b); got != tc.want {
			t.Errorf("%s to %s: got %d, want %d", tc.from, tc.to, got, tc.want)
		}
	}
}

func TestCompareVersions(t *testing.T) {
	rising := []string{"1.9", "1.10.0-alpha", "1.10.0-alpha.1", "1.10.0-alpha.beta", "1.10.0-beta.2", "1.10.0-beta.11", "1.10", "1.10.1", "v2", "2.10.1"}
	for i, a := range rising {
		for j, b := range rising {
			if got := compareVersions(a, b); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("%s against %s: %d", a, b, got)
			}
		}
	}
	if compareVersions("1.10", "v1.10.0+build7") != 0 || validVersion("1..2") || validVersion("abc") {
		t.Error("missing numbers are 0, builds do not count, other texts are no versions")
	}
}

func TestLike(t *testing.T) {
	for _, tc := range []struct {
		s, p string
		want bool
	}{
		{"", "", true}, {"", "%", true}, {"", "_", false}, {"żółw", "ż__w", true}, {"abc", "a%c", true}, {"abc", "a%b", false},
		{"a%b", `a\%b`, false}, {"aaab", "%a_b", true}, {"abc", "%%%", true}, {"a\nb", "a_b", true},
	} {
		if got := like([]rune(tc.s), []rune(tc.p)); got != tc.want {
			t.Errorf("%q LIKE %q: %v", tc.s, tc.p, got)
		}
	}
}
