package main

import "testing"

// TestTablesShowTheZone asks the same of bases of one name in two zones, and for a format of files.
func TestTablesShowTheZone(t *testing.T) {
	s := newShop(t)
	const ask = "CREATE EVENT buy (x INT); TRACK buy FOR 'a' AT '2026-10-31 23:00Z' (x = 1); TRACK buy FOR 'a' AT '2026-11-01 09:00Z' (x = 2); " +
		"SELECT date_trunc('month', time) AS month, count(*) FROM buy GROUP BY 1 ORDER BY 1; SELECT time FROM buy ORDER BY time; "
	out := muster(t, exitOK, "query", "--url", s.url, "-c",
		"CREATE BASE z WITH (timezone = 'Europe/Warsaw'); USE z; "+ask+"DROP BASE z; CREATE BASE z; USE z; "+ask)
	mustSay(t, out, "│ 2026-11-01 │        2 │", "│ 2026-11-01 00:00:00+01:00 │", "│ 2026-11-01 10:00:00+01:00 │",
		"│ 2026-10-01 │        1 │", "│ 2026-10-31 23:00:00Z │", "│ 2026-11-01 09:00:00Z │")
	out = muster(t, exitOK, "query", "--url", s.url, "--base", "z", "--format", "csv", "-c", "SELECT time FROM buy ORDER BY time")
	mustSay(t, out, "2026-10-31T23:00:00Z\n", "2026-11-01T09:00:00Z\n")
}
