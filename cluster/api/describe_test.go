package api

import (
	"strings"
	"testing"
	"time"
)

// explored returns a service with a small base of which everything is known.
func explored(t *testing.T) *Service {
	t.Helper()
	s := openService(t)
	for _, text := range []string{
		"CREATE ATTRIBUTE country TEXT", "CREATE ATTRIBUTE ltv DECIMAL(2)", "CREATE ATTRIBUTE tags SET", "CREATE ATTRIBUTE ok BOOL",
		"CREATE ATTRIBUTE f FLOAT", "CREATE ATTRIBUTE k KEY", "CREATE ATTRIBUTE day DATE", "CREATE ATTRIBUTE nothing INT",
		"UPSERT CONTACT 'a' SET created_at = '2026-01-01', country = 'PL', ltv = 1.50, tags = tags + 'x', ok = TRUE, f = 0.5, k = 'k1', day = '2026-02-01'",
		"UPSERT CONTACT 'b' SET created_at = '2026-01-02', country = 'PL', ltv = 2.50, tags = tags + 'x', ok = FALSE, k = 'k1'",
		"UPSERT CONTACT 'b' SET tags = tags + 'y'",
		"UPSERT CONTACT 'c' SET created_at = '2026-01-03', country = 'DE', ltv = 1.50",
		"UPSERT CONTACT 'd' SET created_at = '2026-01-04'",
		"CREATE EVENT buy (amount DECIMAL(2), what TEXT)",
		"TRACK buy FOR 'a' AT '2026-02-01' (amount = 5, what = 'shoes')",
		"TRACK buy FOR 'a' AT '2026-02-02' (amount = 7)",
		"TRACK buy FOR 'b' AT '2026-02-03' (amount = 5, what = 'hats')",
		"CREATE SEGMENT poles AS country = 'PL' AND DID buy[what = 'shoes']",
		"CREATE SEGMENT more AS IN SEGMENT poles OR ltv > 2",
		"CREATE STATIC SEGMENT list ('a', 'd')",
	} {
		mustDo(t, s, text)
	}
	return s
}

func lines(rows ...string) string { return strings.Join(rows, "\n") }

func TestDescribe(t *testing.T) {
	s := explored(t)
	says(t, s,
		"DESCRIBE contacts", lines(
			"id | TEXT | 4 | 0 | 0 | 4 | null | null | null",
			"created_at | TIMESTAMP | 4 | 0 | 0 | 4 | 2026-01-01T00:00:00Z | 2026-01-04T00:00:00Z | null",
			"country | TEXT | 3 | 1 | 0.25 | 2 | DE | PL | PL 2 (66.7 %), DE 1 (33.3 %)",
			"ltv | DECIMAL(2) | 3 | 1 | 0.25 | 2 | 1.50 | 2.50 | 1.50 2 (66.7 %), 2.50 1 (33.3 %)",
			"tags | SET | 2 | 2 | 0.5 | 2 | null | null | x 2 (100 %), y 1 (50 %)",
			"ok | BOOL | 2 | 2 | 0.5 | 2 | false | true | null",
			"f | FLOAT | 1 | 3 | 0.75 | 1 | 0.5 | 0.5 | null",
			"k | KEY | 2 | 2 | 0.5 | 1 | null | null | 81afbf86b72a36c5 2 (100 %)",
			"day | DATE | 1 | 3 | 0.75 | 1 | 2026-02-01 | 2026-02-01 | null",
			"nothing | INT | 0 | 4 | 1 | 0 | null | null | null",
		),
		"DESCRIBE buy", lines(
			"time | TIMESTAMP | 3 | 0 | 0 | 3 | 2026-02-01T00:00:00Z | 2026-02-03T00:00:00Z | null",
			"contact | TEXT | 3 | 0 | 0 | 2 | a | b | a 2 (66.7 %), b 1 (33.3 %)",
			"amount | DECIMAL(2) | 3 | 0 | 0 | 2 | 5.00 | 7.00 | 5.00 2 (66.7 %), 7.00 1 (33.3 %)",
			"what | TEXT | 2 | 1 | 0.3333 | 2 | hats | shoes | null",
		),
		"DESCRIBE ATTRIBUTE ltv", lines(
			"type | DECIMAL(2) | null | null", "values | null | 3 | 0.75", "nulls | null | 1 | 0.25", "distinct | null | 2 | null",
			"min | 1.50 | null | null", "max | 2.50 | null | null", "avg | 1.83333333 | null | null", "used by | segments more | null | null",
			"top | 1.50 | 2 | 0.6667", "top | 2.50 | 1 | 0.3333",
		),
		"DESCRIBE buy.what", lines(
			"type | TEXT | null | null", "values | null | 2 | 0.6667", "nulls | null | 1 | 0.3333", "distinct | null | 2 | null",
			"min | hats | null | null", "max | shoes | null | null", "used by | segments poles | null | null",
			"top | hats | 1 | 0.5", "top | shoes | 1 | 0.5",
		),
		"DESCRIBE tags", lines(
			"type | SET | null | null", "values | null | 2 | 0.5", "nulls | null | 2 | 0.5", "distinct | null | 2 | null",
			"top | x | 2 | 1", "top | y | 1 | 0.5",
		),
		"DESCRIBE f", lines(
			"type | FLOAT | null | null", "values | null | 1 | 0.25", "nulls | null | 3 | 0.75", "distinct | null | 1 | null",
			"min | 0.5 | null | null", "max | 0.5 | null | null", "avg | 0.5 | null | null", "top | 0.5 | 1 | 1",
		),
		"DESCRIBE EVENT buy.time", lines(
			"type | TIMESTAMP | null | null", "values | null | 3 | 1", "nulls | null | 0 | 0", "distinct | null | 3 | null",
			"min | 2026-02-01T00:00:00Z | null | null", "max | 2026-02-03T00:00:00Z | null | null",
			"top | 2026-02-01T00:00:00Z | 1 | 0.3333", "top | 2026-02-02T00:00:00Z | 1 | 0.3333", "top | 2026-02-03T00:00:00Z | 1 | 0.3333",
		),
	)
}

func TestDescribeSegmentsAndBases(t *testing.T) {
	s := explored(t)
	got := mustDo(t, s, "DESCRIBE poles")
	for _, want := range []string{
		"kind | condition | null | null", "condition | country = 'PL' AND DID buy[what = 'shoes'] | null | null", "members | null | 1 | 0.25",
		"uses | attribute country | null | null", "uses | event buy | null | null", "uses | property buy.what | null | null", "used by | segment more | null | null",
	} {
		if !strings.Contains("\n"+got+"\n", "\n"+want+"\n") {
			t.Errorf("DESCRIBE poles does not say %q:\n%s", want, got)
		}
	}
	if got := mustDo(t, s, "DESCRIBE SEGMENT list"); !strings.HasPrefix(got, "kind | static | null | null\nmembers | null | 2 | 0.5\ncreated | 2") {
		t.Errorf("DESCRIBE list answers\n%s", got)
	}
	got = mustDo(t, s, "DESCRIBE BASE shop")
	for _, want := range []string{"timezone | UTC | null | null", "contacts | null | 4 | null", "event | buy | 3 | null", "segments | null | 3 | null"} {
		if !strings.Contains(got, want) {
			t.Errorf("DESCRIBE BASE does not say %q:\n%s", want, got)
		}
	}
	if mustDo(t, s, "DESCRIBE shop") != got {
		t.Error("DESCRIBE shop is another answer than DESCRIBE BASE shop")
	}
	mustDo(t, s, "CREATE SEGMENT country AS TRUE")
	says(t, s,
		"DESCRIBE country", "INVALID: country is the name of several things: attribute, segment",
		"DESCRIBE nobody", "UNKNOWN_NAME: there is no attribute, event, segment or base nobody",
		"DESCRIBE buy.nothing", "UNKNOWN_NAME: there is no property nothing of the event buy",
		"DESCRIBE EVENT bye", "UNKNOWN_NAME: there is no event bye",
		"DESCRIBE ATTRIBUTE contry", "UNKNOWN_NAME: there is no attribute contry",
		"DESCRIBE SEGMENT nobody", "UNKNOWN_NAME: there is no segment nobody",
		"DESCRIBE BASE shap", "UNKNOWN_NAME: there is no base \"shap\"",
	)
}

// TestDescribeEmpty: a base without contacts, an event type without events.
func TestDescribeEmpty(t *testing.T) {
	s := openService(t)
	mustDo(t, s, "CREATE EVENT buy (amount INT)")
	says(t, s,
		"DESCRIBE contacts", lines("id | TEXT | 0 | 0 | null | 0 | null | null | null", "created_at | TIMESTAMP | 0 | 0 | null | 0 | null | null | null"),
		"DESCRIBE buy.amount", lines("type | INT | null | null", "values | null | 0 | null", "nulls | null | 0 | null", "distinct | null | 0 | null"),
	)
}

func TestDescribeManyContacts(t *testing.T) {
	s := openService(t)
	manyContacts(t, s, 200_000)
	for range 3 {
		begin := time.Now()
		got := mustDo(t, s, "DESCRIBE contacts")
		t.Logf("%s\n%s", time.Since(begin), got)
	}
}
