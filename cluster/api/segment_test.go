package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/musterdb/muster/query/diag"
)

// says carries out statements and compares what each answers.
func says(t *testing.T, s *Service, cases ...string) {
	t.Helper()
	for i := 0; i < len(cases); i += 2 {
		to, err := do(s, cases[i])
		got := to.String()
		if err != nil {
			c, msg := code(err)
			got = fmt.Sprintf("%s: %s", c, msg)
		}
		if got != cases[i+1] {
			t.Errorf("%s\n got %s\nwant %s", cases[i], got, cases[i+1])
		}
	}
}

func TestSegments(t *testing.T) {
	s := openService(t)
	manyContacts(t, s, 1000)
	says(t, s,
		"CREATE SEGMENT low AS n < 100", "segment low created",
		"COUNT IN SEGMENT low", "100",
		"CREATE SEGMENT low AS n < 10", "EXISTS: there is a segment low already",
		"CREATE OR REPLACE SEGMENT low AS n < 10", "segment low replaced",
		"COUNT IN SEGMENT low", "10",
		"CREATE SEGMENT odd AS NOT IN SEGMENT low AND n < 20", "segment odd created",
		"COUNT IN ANY SEGMENT (low, odd)", "20",
		"DROP SEGMENT low", "CONFLICT: the segment low cannot be dropped: it is used by the segment odd",
		"RENAME SEGMENT low TO lower", "CONFLICT: the segment low cannot be renamed: it is used by the segment odd",
		"DROP ATTRIBUTE n", "CONFLICT: the attribute n cannot be dropped: it is used by the segments low, odd",
		"CREATE OR REPLACE SEGMENT low AS IN SEGMENT odd", "INVALID: the segment would refer to itself: low → odd → low",
		"RENAME SEGMENT odd TO rest", "segment odd is called rest now",
		"COUNT IN SEGMENT rest", "10",
		"CREATE STATIC SEGMENT list AS n < 300", "segment list created with 300 members",
		"COUNT IN SEGMENT list", "300",
		"UPSERT CONTACT 'c1' SET n = 5000", "1 contact updated",
		"COUNT IN SEGMENT list AND n = 5000", "1",
		"CREATE OR REPLACE STATIC SEGMENT list AS n < 5", "segment list replaced with 4 members",
		"CREATE STATIC SEGMENT ids ('c1', 'c2', 'nobody', 'c2')", "segment ids created with 2 members; 1 id is unknown",
		"CREATE STATIC SEGMENT none ()", "segment none created with 0 members",
		"ALTER SEGMENT ids ADD 'c3', 'c1', 'nobody', 'noone'", "segment ids has 3 members now; 2 ids are unknown",
		"ALTER SEGMENT ids REMOVE 'c1', 'c7'", "segment ids has 2 members now",
		"SELECT id FROM contacts WHERE IN SEGMENT ids ORDER BY id", "c2\nc3",
		"DELETE CONTACT 'c2'", "1 contact deleted",
		"COUNT IN SEGMENT ids", "1",
		"CREATE STATIC SEGMENT ids AS n < 3", "EXISTS: there is a segment ids already",
		"CREATE STATIC SEGMENT bad AS nothing = 1", "UNKNOWN_NAME: there is no attribute nothing",
		"CREATE STATIC SEGMENT f FROM 'ids.csv'", "INVALID: the server reads no files",
		"ALTER SEGMENT low ADD 'c1'", "INVALID: low is a condition, so nobody can be added to it or removed from it",
		"COUNT IN SEGMENT nobody", "UNKNOWN_NAME: there is no segment nobody",
		"DROP SEGMENT rest", "segment rest dropped",
		"DROP SEGMENT low", "segment low dropped",
		"DROP SEGMENT list", "segment list dropped",
	)
	rows := strings.Split(mustDo(t, s, "SHOW SEGMENTS"), "\n")
	if len(rows) != 2 || !strings.HasPrefix(rows[0], "ids | static | 1 | null | 2") || !strings.HasPrefix(rows[1], "none | static | 0 | null | 2") {
		t.Errorf("SHOW SEGMENTS answers\n%s", strings.Join(rows, "\n"))
	}
	sch, _ := s.Schema("shop")
	for i := range sch.Segments {
		if sch.Segments[i].Building {
			t.Errorf("%s is left over", sch.Segments[i].Name)
		}
	}
}

// TestStaticSegmentIsKilled: what was filled when the statement was killed is dropped.
func TestStaticSegmentIsKilled(t *testing.T) {
	s := openService(t)
	manyContacts(t, s, 200_000)
	ended := make(chan error)
	go func() {
		_, err := do(s, "CREATE STATIC SEGMENT big AS n >= 0")
		ended <- err
	}()
	number := uint64(0)
	for number == 0 {
		for _, q := range s.running.list() {
			if strings.HasPrefix(q.req.Text, "CREATE STATIC") && q.done.Load() > 0 {
				number = q.number
			}
		}
		select {
		case err := <-ended:
			t.Fatalf("it ended before it could be killed: %v", err)
		default:
		}
	}
	says(t, s, "CREATE OR REPLACE STATIC SEGMENT big ('c1')", "CONFLICT: the segment big is being filled by another statement")
	mustDo(t, s, fmt.Sprintf("KILL %d", number))
	if c, msg := code(<-ended); c != diag.Canceled || !strings.HasPrefix(msg, "killed by KILL") {
		t.Errorf("it answers %s %s", c, msg)
	}
	says(t, s, "SHOW SEGMENTS", "", "CREATE STATIC SEGMENT big ('c1')", "segment big created with 1 member")
}

func TestUpdate(t *testing.T) {
	s := openService(t)
	manyContacts(t, s, 30_000)
	mustDo(t, s, "CREATE ATTRIBUTE tags SET")
	mustDo(t, s, "CREATE ATTRIBUTE d DECIMAL(2)")
	says(t, s,
		"UPDATE contacts SET d = 1.50, tags = tags + 'old' WHERE n < 25000", "25000 contacts updated",
		"COUNT d = 1.5 AND tags HAS 'old'", "25000",
		"UPDATE contacts SET d = d * 2, n = n + 1 WHERE d IS NOT NULL", "25000 contacts updated",
		"SELECT count(*), sum(d), min(n), max(n) FROM contacts WHERE d = 3", "25000 | 75000 | 1 | 25000",
		"UPDATE contacts SET n = n * 2, plan = 'gold' WHERE n <= 10", "10 contacts updated",
		"SELECT sum(n) FROM contacts WHERE plan = 'gold'", "110",
		"UPDATE contacts SET n = NULL WHERE id = 'c7'", "1 contact updated",
		"UPDATE contacts SET n = 1 WHERE id = 'nobody'", "0 contacts updated",
		"UPDATE contacts SET n = 1", "SYNTAX: UPDATE without WHERE would change every contact",
		"UPDATE contacts SET n = 9223372036854775807 WHERE id = 'c8'", "1 contact updated",
		"UPDATE contacts SET n = n + 1 WHERE id = 'c8'",
		`OVERFLOW: 1 contact could not be changed: attribute "n": 9223372036854775807 + 1 does not fit INT`,
		// The others are changed, whichever group they are in, and whoever finds that a value does not fit.
		"UPDATE contacts SET n = n + 1, plan = 'all' WHERE TRUE",
		`OVERFLOW: 1 contact could not be changed: attribute "n": 9223372036854775807 + 1 does not fit INT; 29999 contacts are updated`,
		"COUNT plan = 'all' AND n IS NOT NULL", "29999",
		"UPDATE contacts SET d = 90000000000000000.00, plan = 'rich' WHERE id = 'c9'", "1 contact updated",
		"UPDATE contacts SET d = COALESCE(d, 0.01) * 2, plan = 'twice' WHERE id IN ('c9', 'c10')",
		`OVERFLOW: 1 contact could not be changed: 180000000000000000.00 does not fit into DECIMAL(2), which holds 18 digits; 1 contact is updated`,
		"COUNT plan = 'twice'", "1",
		"COUNT plan = 'rich'", "1",
	)
}

func TestDeleteEvents(t *testing.T) {
	s := openService(t)
	for i := range 50 {
		mustDo(t, s, fmt.Sprintf("TRACK buy FOR 'c%d' AT '2026-01-%02d' (amount = %d)", i%5, i%28+1, i))
	}
	says(t, s,
		"DELETE FROM buy WHERE amount < 10", "10 events deleted",
		"SELECT count(*), min(amount) FROM buy", "40 | 10",
		"DELETE FROM buy WHERE contact = 'c1' AND amount = 11", "1 event deleted",
		"DELETE FROM buy WHERE contact = 'c1' AND amount = 11", "0 events deleted",
		"DELETE FROM contacts WHERE id = 'c1'", "SYNTAX: DELETE FROM deletes events; contacts are deleted by their ids",
		"DELETE FROM buy WHERE TRUE", "39 events deleted",
		"SELECT count(*) FROM buy", "0",
	)
}
