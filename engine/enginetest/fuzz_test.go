package enginetest_test

import (
	"errors"
	"testing"

	"github.com/musterdb/muster/query/diag"
)

// FuzzStatement sends any text through parse, bind, compile and evaluation over a small base: an answer or
// an error of the language, never a panic.
func FuzzStatement(f *testing.F) {
	sc := newScenario(7, 60)
	b, err := sc.record(1)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range sc.statements {
		f.Add(s)
	}
	for _, s := range []string{
		"COUNT", "SELECT * FROM contacts ORDER BY 1 LIMIT 3", "COUNT version(id) < '1.x'", "SELECT * FROM purchase", "COUNT TRY_CAST(id AS DECIMAL(18)) > 1 AS OF '1970-01-01'",
		"COUNT DID ANY EVENT WITHIN 99999999999999999999d", "COUNT count(purchase) BETWEEN NULL AND -9223372036854775808", "COUNT id IN (NULL)",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := b.Eval(text, sc.clock)
		var d *diag.Error
		if err != nil && !errors.As(err, &d) {
			t.Errorf("an error without a code: %v", err)
		}
		if d != nil && d.Code == diag.Internal {
			t.Errorf("an internal error: %v", err)
		}
	})
}

// FuzzScenario takes a seed: `go test -fuzz FuzzScenario` plays random bases for as long as it is let.
func FuzzScenario(f *testing.F) {
	f.Add(uint64(1), uint8(3))
	f.Fuzz(func(t *testing.T, seed uint64, statements uint8) {
		sc := newScenario(seed, int(statements))
		if d := sc.play(new(tally)); d != nil {
			t.Errorf("MUSTER_SEED=%d: %v", seed, d)
		}
	})
}
