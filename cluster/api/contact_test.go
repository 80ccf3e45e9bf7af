package api

import (
	"fmt"
	"strings"
	"testing"
)

func TestShowContact(t *testing.T) {
	s := openService(t)
	for _, text := range []string{
		"CREATE ATTRIBUTE tags SET", "CREATE ATTRIBUTE empty INT",
		"UPSERT CONTACT 'c1' SET created_at = '2026-01-01', country = 'PL', tags = tags + 'a'''",
		"CREATE EVENT buy (amount DECIMAL(2), what TEXT, day DATE)",
		"TRACK buy FOR 'c1' AT '2026-01-03 10:00' (amount = 12.5, what = 'it''s', day = '2026-01-03')",
		"TRACK open FOR 'c1' AT '2026-01-03 10:00'",
		"TRACK buy FOR 'c1' AT '2026-01-02'",
		"CREATE SEGMENT poles AS country = 'PL'", "CREATE SEGMENT others AS country <> 'PL'",
		"CREATE STATIC SEGMENT list ('c1')", "CREATE STATIC SEGMENT empty ('c2')",
	} {
		mustDo(t, s, text)
	}
	rows := strings.Split(mustDo(t, s, "SHOW CONTACT 'c1'"), "\n")
	want := []string{
		"null | attribute | id | c1",
		"null | attribute | created_at | 2026-01-01T00:00:00Z",
		"null | attribute | tags | [\"a'\"]",
		"null | attribute | country | PL",
		"null | segment | poles | condition",
		"(now) | segment | list | static",
		"2026-01-03 10:00:00Z | event | open | null",
		"2026-01-03 10:00:00Z | event | buy | amount = 12.50, what = 'it''s', day = '2026-01-03'",
		"2026-01-02 00:00:00Z | event | buy | null",
	}
	if len(rows) != len(want) {
		t.Fatalf("it shows\n%s", strings.Join(rows, "\n"))
	}
	for i, w := range want {
		if strings.HasPrefix(w, "(now)") {
			rows[i] = "(now)" + rows[i][strings.Index(rows[i], " | "):]
		}
		if rows[i] != w {
			t.Errorf("row %d is %s, want %s", i, rows[i], w)
		}
	}
	if got := mustDo(t, s, "SHOW CONTACT 'c1' LIMIT 1"); !strings.HasSuffix(got, "open | null\nnull | more | null | 2 older events; LIMIT 3 shows all") {
		t.Errorf("LIMIT 1 shows\n%s", got)
	}
	if got := mustDo(t, s, "SHOW SEGMENTS OF CONTACT 'c1'"); !strings.HasPrefix(got, "poles | condition | null\nlist | static | 2") {
		t.Errorf("SHOW SEGMENTS OF CONTACT answers\n%s", got)
	}
	says(t, s,
		"SHOW CONTACT 'nobody'", "UNKNOWN_NAME: there is no contact 'nobody'",
		"SHOW SEGMENTS OF CONTACT 'nobody'", "UNKNOWN_NAME: there is no contact 'nobody'",
		"SHOW CONTACT 'c1' LIMIT 1000000", "LIMIT: a timeline shows at most 100000 events",
	)
}

// TestSegmentsOfContactInManySegments: conditions are asked in batches.
func TestSegmentsOfContactInManySegments(t *testing.T) {
	s := openService(t)
	mustDo(t, s, "UPSERT CONTACT 'c1' SET n = 70")
	for i := range 150 {
		mustDo(t, s, fmt.Sprintf("CREATE SEGMENT s%d AS n > %d", i, i))
	}
	if got := strings.Count(mustDo(t, s, "SHOW SEGMENTS OF CONTACT 'c1'"), "\n") + 1; got != 70 {
		t.Errorf("the contact is in %d segments, want 70", got)
	}
}
