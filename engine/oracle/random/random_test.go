package random_test

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/musterdb/muster/engine/oracle"
	"github.com/musterdb/muster/engine/oracle/random"
	"github.com/musterdb/muster/engine/oracle/script"
	"github.com/musterdb/muster/query/diag"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the random runs; 0 takes the clock")

func seed(t *testing.T) uint64 {
	s := *seedFlag
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d (again: go test -run %s -seed %d)", s, t.Name(), s)
	return s
}

func load(t *testing.T, run *random.Run) *script.Oracle {
	t.Helper()
	o := &script.Oracle{}
	refused := 0
	for _, op := range run.Ops {
		if err := op.Apply(o); err != nil {
			refused++
		}
	}
	if refused > len(run.Ops)/5 {
		t.Fatalf("seed %d: %d of %d writes were refused", run.Seed, refused, len(run.Ops))
	}
	return o
}

var small = random.Size{Contacts: 60, Writes: 900, Large: 300}

// measuredSeed is the seed of the tests that measure the generator. They hold proportions, which a clock's
// seed would miss by chance now and then: a schema without numbers makes every seventh statement ill-typed.
const measuredSeed = 1

// TestStatementsAreNotTrivial measures what the generator is worth: few errors, answers that are neither
// nothing nor everything.
func TestStatementsAreNotTrivial(t *testing.T) {
	m := measure(t, (*random.Run).Statement, func(a oracle.Answer, contacts int) bool { return a.Count > 0 && a.Count != contacts })
	if m.telling*100 < m.total*35 || m.refused*100 > m.total*15 || m.overflow*100 > m.total*12 {
		t.Error("too few statements are telling")
	}
}

// TestSelectsAreNotTrivial measures SELECTs: a telling one has several rows, or one of several that match.
func TestSelectsAreNotTrivial(t *testing.T) {
	m := measure(t, (*random.Run).Select, func(a oracle.Answer, _ int) bool { return len(a.Rows) > 1 || len(a.Rows) == 1 && a.Count > 1 })
	if m.telling*100 < m.total*55 || m.refused*100 > m.total*15 || m.overflow*100 > m.total*15 {
		t.Error("too few statements are telling")
	}
}

type measured struct{ telling, dull, refused, overflow, total int }

// measure asks 60 statements of 32 runs.
func measure(t *testing.T, next func(*random.Run) string, telling func(a oracle.Answer, contacts int) bool) measured {
	t.Helper()
	var m measured
	s := cmp.Or(*seedFlag, measuredSeed)
	for i := range uint64(32) {
		run := random.New(s+i, small)
		o := load(t, run)
		for range 60 {
			text := next(run)
			a, err := o.Eval(text, run.Clock())
			m.total++
			var d *diag.Error
			switch {
			case err != nil && !errors.As(err, &d):
				t.Fatalf("seed %d: %s: %v", s+i, text, err)
			case err != nil && d.Code == diag.Syntax:
				t.Errorf("seed %d: no syntax: %s: %v", s+i, text, err)
			case err != nil && d.Code == diag.Overflow:
				m.overflow++
			case err != nil:
				m.refused++
				if testing.Verbose() {
					t.Log(text, err)
				}
			case telling(a, o.Len()):
				m.telling++
			default:
				m.dull++
			}
		}
	}
	t.Logf("%+v", m)
	return m
}

// TestThreeValuedLogic splits every condition: true, false and unknown make the whole.
func TestThreeValuedLogic(t *testing.T) {
	s := seed(t)
	for i := range uint64(4) {
		run := random.New(s+i, small)
		o := load(t, run)
		for range 60 {
			cond := run.Condition(4)
			sum, failed := 0, false
			for _, form := range []string{"COUNT %s", "COUNT NOT (%s)", "COUNT (%s) IS NULL"} {
				a, err := o.Eval(fmt.Sprintf(form, cond), run.Clock())
				failed = failed || err != nil
				sum += a.Count
			}
			if !failed && sum != o.Len() {
				t.Errorf("seed %d: the parts of %s make %d of %d", s+i, cond, sum, o.Len())
			}
		}
	}
}

// TestSameSeedSameRun holds the promise that a printed seed gives the failure again.
func TestSameSeedSameRun(t *testing.T) {
	s := seed(t)
	answers := func() string {
		run := random.New(s, small)
		o := load(t, run)
		out := fmt.Sprint(len(run.Ops), o.Len())
		for range 40 {
			text := run.Statement()
			a, err := o.Eval(text, run.Clock())
			out += fmt.Sprintln(text, a.IDs, a.Rows, err)
		}
		return out
	}
	if first, second := answers(), answers(); first != second {
		t.Error("two runs of one seed differ")
	}
}

// TestLargeArchetype has a contact with more than 65,536 events in an hour.
func TestLargeArchetype(t *testing.T) {
	s := seed(t)
	run := random.New(s, random.Size{Contacts: 5, Writes: 50, Large: 65537})
	o := load(t, run)
	a, err := o.Eval("COUNT DID ANY EVENT AT LEAST 65537 TIMES WITHIN 1h OR DID ANY EVENT FEWER THAN 65536 TIMES WITHIN 1h", run.Clock())
	if err != nil || a.Count == 0 {
		t.Errorf("seed %d: %d %v", s, a.Count, err)
	}
}

var _ oracle.Target = (*script.Oracle)(nil)
