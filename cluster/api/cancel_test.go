package api

import (
	"context"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestCancelAtEveryStage cancels statements of many rows at any moment: a segment is there whole or not at all,
// no shard stays pinned, and no goroutine is left. What ended is what it says.
func TestCancelAtEveryStage(t *testing.T) {
	s := openService(t)
	manyContacts(t, s, 3_000)
	mustDo(t, s, "CREATE EVENT seen (k INT)")
	const seed = 20261123
	r := rand.New(rand.NewPCG(seed, 0))
	before := runtime.NumGoroutine()
	whole := 0
	for round := range 150 {
		for _, statement := range []string{
			"CREATE OR REPLACE STATIC SEGMENT st AS n >= 0", "UPDATE contacts SET n = n WHERE TRUE", "DELETE FROM seen WHERE k >= 0",
			"CREATE OR REPLACE STATIC SEGMENT st ('c1', 'c2')", "SELECT id, n FROM contacts",
		} {
			ctx, cancel := context.WithCancel(t.Context())
			timer := time.AfterFunc(time.Duration(r.IntN(50*(1+round)))*time.Microsecond, cancel)
			if _, err := s.Query(ctx, Request{Base: "shop", Text: statement}, &answers{}); err == nil {
				whole++
			}
			timer.Stop()
			cancel()
		}
		if got := mustDo(t, s, "SHOW SEGMENTS"); strings.Contains(got, "filled") {
			t.Fatalf("round %d leaves\n%s", round, got)
		}
	}
	t.Logf("seed %d, %d statements of 750 came to their end", uint64(seed), whole)
	if got := mustDo(t, s, "SHOW STORAGE"); !strings.Contains(got, "kept by pins |  | 0") {
		t.Errorf("pins are left:\n%s", got)
	}
	for range 100 { // those that were told to end
		if runtime.NumGoroutine() <= before+2 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}
