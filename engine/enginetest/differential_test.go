package enginetest_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/musterdb/muster/engine/enginetest"
	"github.com/musterdb/muster/engine/oracle/random"
	"github.com/musterdb/muster/engine/oracle/script"
)

// firstSeed is MUSTER_SEED, or the clock.
func firstSeed(t testing.TB) (seed uint64, given bool) {
	if s := os.Getenv("MUSTER_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("MUSTER_SEED: %v", err)
		}
		return n, true
	}
	return uint64(time.Now().UnixNano()), false
}

// budget is how long a random test goes on: with MUSTER_SOAK=1 four hundred times as long, so that those of
// this package together take an hour.
func budget(short time.Duration) time.Duration {
	if os.Getenv("MUSTER_SOAK") == "1" {
		return 400 * short
	}
	return short
}

const statementsPerBase = 150

// TestDifferential holds the engine to the oracle on random bases: with MUSTER_SEED the base of that seed
// alone, else as many as the time allows.
func TestDifferential(t *testing.T) {
	differential(t, newQuota(3*time.Second), newScenario)
}

// quota is how long a random test goes on, or with MUSTER_SELECTS how many statements it asks at least.
type quota struct {
	end   time.Time
	least int
}

func newQuota(long time.Duration) quota {
	least, _ := strconv.Atoi(os.Getenv("MUSTER_SELECTS"))
	return quota{time.Now().Add(budget(long)), least}
}

func (q quota) met(asked int) bool {
	if q.least > 0 {
		return asked >= q.least
	}
	return time.Now().After(q.end)
}

// TestSelects does so with SELECTs alone: groups, totals, events as a table.
func TestSelects(t *testing.T) {
	differential(t, newQuota(3*time.Second), newSelects)
}

func differential(t *testing.T, enough quota, scenarioOf func(seed uint64, statements int) *scenario) {
	seed, given := firstSeed(t)
	var sum tally
	bases, bad := 0, 0
	for s := seed; ; s++ {
		sc := scenarioOf(s, statementsPerBase)
		if d := sc.play(&sum); d != nil {
			report(t, sc, d)
			if bad++; bad > 3 {
				break
			}
		}
		bases++
		if asked := sum[enginetest.Same] + sum[enginetest.Refused]; given || enough.met(asked) {
			break
		}
	}
	t.Logf("seeds from %d: %d bases, %v", seed, bases, sum)
}

// TestMistakesHaveOneCode compares the codes of statements with one mistake each.
func TestMistakesHaveOneCode(t *testing.T) {
	for seed := range uint64(8) {
		run := random.New(seed, sizes[0])
		o, b := &script.Oracle{}, enginetest.New(1, 300)
		for _, op := range run.Ops {
			_, _ = op.Apply(o), op.Apply(b) // refusals are the differential test's
		}
		for range 60 {
			text := run.Mistake()
			_, want := o.Eval(text, run.Clock())
			_, got := b.Eval(text, run.Clock())
			if w, g := enginetest.CodeOf(want), enginetest.CodeOf(got); w != g || w == "" {
				t.Errorf("%s: want %q (%v), got %q (%v)", text, w, want, g, got)
			}
		}
		b.Close()
	}
}

// report shrinks a difference and says how to see it again.
func report(t *testing.T, sc *scenario, d *difference) {
	t.Helper()
	small, d := shrink(sc, d, time.Now().Add(10*time.Second))
	t.Errorf("seed %d: %v\nagain: MUSTER_SEED=%d go test ./engine/enginetest -run '^%s$'\nsmallest base found: %v", sc.seed, d, sc.seed, t.Name(), small)
}

// shrink looks for the shortest history with the one statement that still shows a difference.
func shrink(sc *scenario, d *difference, end time.Time) (*scenario, *difference) {
	small := *sc
	if d.statement != "" {
		small.statements = []string{d.statement}
	} else {
		small.statements = nil
	}
	differs := func(steps []step) bool {
		try := small
		try.steps = steps
		now := try.play(new(tally))
		if now != nil && (now.statement == "") == (d.statement == "") {
			d = now
			return true
		}
		return false
	}
	if !differs(small.steps) {
		return sc, d // it needs the other statements
	}
	small.steps = prefix(small.steps, differs)
	for n := len(small.steps) / 2; n > 0 && time.Now().Before(end); n /= 2 {
		for i := 1; i < len(small.steps) && time.Now().Before(end); { // step 0 is the schema
			rest := append(append([]step(nil), small.steps[:i]...), small.steps[min(i+n, len(small.steps)):]...)
			if differs(rest) {
				small.steps = rest
			} else {
				i += n
			}
		}
	}
	return &small, d
}

// prefix finds by bisection a short prefix that differs.
func prefix(steps []step, differs func([]step) bool) []step {
	lo, hi := 1, len(steps)
	for lo < hi {
		mid := (lo + hi) / 2
		if differs(steps[:mid]) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	if !differs(steps[:hi]) {
		return steps
	}
	return steps[:hi]
}
