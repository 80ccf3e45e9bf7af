package parse

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/print"
)

// TestLimits sends what is too long, too deep or too many; each must be an error that says so, at once.
func TestLimits(t *testing.T) {
	rep := strings.Repeat
	cases := []struct {
		name, text, want string
		within           time.Duration
	}{
		{"12 MB", "COUNT a = '" + rep("x", 12<<20) + "'", "the statement has 12582924 bytes", 50 * time.Millisecond},
		{"just over 4 MiB", "COUNT a" + rep(" ", 4<<20-6), "the statement has 4194305 bytes", 50 * time.Millisecond},
		{"100,000 brackets", "COUNT " + rep("(", 100_000) + "a" + rep(")", 100_000), "brackets are nested deeper than 200", 50 * time.Millisecond},
		{"100,000 square brackets", "COUNT DID " + rep("a[DID ", 100_000), "brackets are nested deeper than 200", 50 * time.Millisecond},
		{"100,000 NOT", "COUNT " + rep("NOT ", 100_000) + "a", "nested deeper than 200", 200 * time.Millisecond},
		{"100,000 minus", "COUNT " + rep("- ", 100_000) + "a > 1", "nested deeper than 200", 200 * time.Millisecond},
		{"100,000 CASE", "COUNT " + rep("CASE WHEN ", 100_000) + "a", "nested deeper than 200", 200 * time.Millisecond},
		{"100,000 CASE ELSE", "COUNT " + rep("CASE WHEN a THEN b ELSE ", 10_000) + "a", "nested deeper than 200", 200 * time.Millisecond},
		{"100,000 calls", "COUNT " + rep("f(", 100_000) + "a", "nested deeper than 200", 50 * time.Millisecond},
		{"a 1 MB identifier", "COUNT " + rep("x", 1<<20) + " = 1", "the name has 1048576 bytes", 50 * time.Millisecond},
		{"a 1 MB quoted identifier", `COUNT "` + rep("x", 1<<20) + `" = 1`, "the name has 1048576 bytes", 50 * time.Millisecond},
		{"a 1 MB parameter", "COUNT a = $" + rep("x", 1<<20), "the name has 1048577 bytes", 50 * time.Millisecond},
		{"a 2 MB text", "COUNT a = '" + rep("x", 2<<20) + "'", "the text has 2097152 bytes", 50 * time.Millisecond},
		{"100,001 values", "COUNT a IN (1" + rep(",1", 100_000) + ")", "the list has more than 100000 values", time.Second},
		{"100,001 ids", "ALTER SEGMENT s ADD 'a'" + rep(",'a'", 100_000), "the list has more than 100000 ids", time.Second},
		{"100,001 ids in brackets", "CREATE STATIC SEGMENT s ('a'" + rep(",'a'", 100_000) + ")", "the list has more than 100000 ids", time.Second},
		{"100,000 EXPLAIN", rep("EXPLAIN ", 100_000) + "COUNT a", "expected a statement after EXPLAIN", 50 * time.Millisecond},
		{"100,000 groups", "SELECT a FROM contacts GROUP BY " + rep("(", 100_000), "brackets are nested deeper than 200", 50 * time.Millisecond},
		{"100,001 values of HAS", "COUNT a HAS ANY (1" + rep(",1", 100_000) + ")", "the list has more than 100000 values", time.Second},
		{"10,001 plus", "COUNT a" + rep("+a", 10_001) + " > 1", "more than 10000 operators", time.Second},
		{"10,001 OR", "COUNT a" + rep(" OR a", 10_001), "more than 10000 operators", time.Second},
		{"chains within chains", "COUNT " + rep("(", 100) + "a" + rep(rep(" OR a", 200)+")", 100), "more than 10000 operators", time.Second},
		{"300,000 mixed", "COUNT a" + rep(" OR a AND a", 300_000), "AND and OR are mixed", time.Second},
		{"a long number of days", "COUNT a WITHIN " + rep("9", 1<<20) + "d", "is too long", 50 * time.Millisecond},
		{"more months than fit", "COUNT a WITHIN 2147483648mo", "is too long", 50 * time.Millisecond},
		{"more days than fit", "COUNT a WITHIN 99999999999999d", "is too long", 50 * time.Millisecond},
		{"a large count", "COUNT DID a AT LEAST 99999999999999999999 TIMES", "too large to count", 50 * time.Millisecond},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			_, err := Statement(c.text)
			took := time.Since(start)
			var d *diag.Error
			if !errors.As(err, &d) || !strings.Contains(d.Msg, c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if len(d.Render()) > 4096 {
				t.Errorf("the message has %d bytes", len(d.Render()))
			}
			if took > 4*c.within { // a loaded machine is no failure; a quadratic parser is
				t.Errorf("it took %v; it should take %v", took, c.within)
			}
		})
	}
}

// TestAtLimits sends what is just allowed.
func TestAtLimits(t *testing.T) {
	rep := strings.Repeat
	cases := map[string]string{
		"4 MiB":                "COUNT a" + rep(" ", 4<<20-7),
		"199 brackets":         "COUNT " + rep("(", 199) + "a" + rep(")", 199),
		"199 NOT":              "COUNT " + rep("NOT ", 199) + "a",
		"100,000 values":       "COUNT a IN (1" + rep(",1", 99_999) + ")",
		"a name of 255":        "COUNT " + rep("x", 255) + " = 1",
		"a text of 1 MiB":      "COUNT a = '" + rep("x", 1<<20) + "'",
		"10,000 OR":            "COUNT a" + rep(" OR a", 10_000),
		"10,000 plus":          "COUNT a" + rep(" + a", 10_000) + " > 1",
		"many chains, not one": "COUNT a IN (" + rep("a + a + a + a, ", 20_000) + "1)",
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			s, err := Statement(text)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := Statement(print.Stmt(s)); err != nil || print.Stmt(again) != print.Stmt(s) {
				t.Errorf("it does not print and parse again: %v", err)
			}
		})
	}
}

// TestNoExponential parses what makes parsers that try one alternative after the other slow.
func TestNoExponential(t *testing.T) {
	for _, text := range []string{
		"COUNT " + strings.Repeat("((a + 1) > 2 AND ", 90) + "b" + strings.Repeat(")", 90),
		"COUNT " + strings.Repeat("sum((a), ", 150) + "1" + strings.Repeat(")", 150) + " > 1",
		"COUNT " + strings.Repeat("count(x[", 90) + "b" + strings.Repeat("])", 90),
		"COUNT " + strings.Repeat("first((a, b)[c]) ", 1000),
		"COUNT a BETWEEN " + strings.Repeat("count(a BETWEEN 1d AND 2d AGO) BETWEEN ", 1000) + "1 AND 2",
	} {
		start := time.Now()
		_, _ = Statement(text)
		if took := time.Since(start); took > 200*time.Millisecond {
			t.Errorf("%d bytes took %v: %.60s…", len(text), took, text)
		}
	}
}
