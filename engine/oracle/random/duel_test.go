package random_test

import (
	"testing"

	"github.com/musterdb/muster/engine/oracle"
	"github.com/musterdb/muster/engine/oracle/random"
	"github.com/musterdb/muster/engine/oracle/script"
)

// flawed is an oracle with one mistake.
type flawed struct {
	script.Oracle
	late, refuse, clock bool
	tracked             int
}

func (f *flawed) Track(ev oracle.Event, nowMS int64) error {
	f.tracked++
	if f.late {
		ev.TimeMS++
	}
	if f.refuse && f.tracked%100 == 0 {
		return f.Oracle.Track(oracle.Event{Type: "nosuch"}, nowMS)
	}
	return f.Oracle.Track(ev, nowMS)
}

func (f *flawed) Eval(text string, clockMS int64) (oracle.Answer, error) {
	if f.clock {
		clockMS += 500
	}
	return f.Oracle.Eval(text, clockMS)
}

// TestDuelSeesRed gives the duel systems that are one millisecond, one row or one clock wrong.
func TestDuelSeesRed(t *testing.T) {
	s := seed(t)
	if err := random.Duel(random.New(s, small), &script.Oracle{}, &script.Oracle{}, 100); err != nil {
		t.Errorf("the oracle differs from itself: %v", err)
	}
	for name, f := range map[string]func() *flawed{
		"late":   func() *flawed { return &flawed{late: true} },
		"refuse": func() *flawed { return &flawed{refuse: true} },
		"clock":  func() *flawed { return &flawed{clock: true} },
	} {
		seen := false
		for i := uint64(0); i < 5 && !seen; i++ {
			seen = random.Duel(random.New(s+i, small), &script.Oracle{}, f(), 150) != nil
		}
		if !seen {
			t.Errorf("seed %d: five runs did not see the flaw %q", s, name)
		}
	}
}
