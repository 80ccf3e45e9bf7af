package enginetest_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/musterdb/muster/engine/enginetest"
	"github.com/musterdb/muster/engine/oracle/random"
	"github.com/musterdb/muster/engine/oracle/script"
)

// stepKind is what a step of a scenario does.
type stepKind uint8

const (
	write    stepKind = iota
	maintain          // a slice of housekeeping; the oracle has none, so retention must not be due
	restart           // every shard through an image
	pin               // shards are pinned and asked at the end what the oracle says now
)

var stepNames = [...]string{"write", "maintain", "restart", "pin"}

type step struct {
	kind  stepKind
	op    random.Op
	stamp int64
	ask   []string // of a pin
}

// scenario is a base with its history, made from a seed alone, and statements about it.
type scenario struct {
	seed          uint64
	spread, batch int
	steps         []step
	clock         int64
	statements    []string
}

var sizes = []random.Size{
	{Contacts: 3, Writes: 60, Large: 5}, {Contacts: 60, Writes: 900, Large: 300}, {Contacts: 60, Writes: 900, Large: 300},
	{Contacts: 12, Writes: 2500, Large: 1000}, {Contacts: 1100, Writes: 3500, Large: 10},
}

// newScenario makes the scenario of a seed.
func newScenario(seed uint64, statements int) *scenario {
	r := rand.New(rand.NewPCG(seed, 0x656e67696e65))
	return makeScenario(r, random.New(seed, sizes[r.IntN(len(sizes))]), statements)
}

// newSelects is a scenario that is asked SELECTs alone.
func newSelects(seed uint64, statements int) *scenario {
	r := rand.New(rand.NewPCG(seed, 0x73656c656374))
	run := random.New(seed, sizes[r.IntN(len(sizes))])
	sc := makeScenario(r, run, 0)
	for range statements {
		sc.statements = append(sc.statements, run.Select())
	}
	return sc
}

func makeScenario(r *rand.Rand, run *random.Run, statements int) *scenario {
	sc := &scenario{
		seed: run.Seed, clock: run.Clock(),
		spread: []int{1, 1, 4, 16}[r.IntN(4)], batch: []int{1, 7, 300}[r.IntN(3)],
	}
	keeps := false
	for _, op := range run.Ops {
		sc.steps = append(sc.steps, step{kind: write, op: op, stamp: op.NowMS})
		if op.Kind == random.Schema {
			for _, et := range op.Schema.Events {
				keeps = keeps || et.Keep > 0
			}
		}
		if len(sc.steps) > 1 && r.IntN(len(run.Ops)) < 12 {
			sc.disturb(r, run, op.NowMS, keeps)
		}
	}
	for range statements {
		sc.statements = append(sc.statements, run.Statement())
	}
	return sc
}

func (sc *scenario) disturb(r *rand.Rand, run *random.Run, now int64, keeps bool) {
	s := step{kind: stepKind(1 + r.IntN(3)), stamp: now}
	switch s.kind {
	case maintain:
		if keeps {
			s.stamp = 0 // sweeps go on, but nothing is past its retention
		}
	case pin:
		for range 3 {
			s.ask = append(s.ask, run.Statement())
		}
	}
	sc.steps = append(sc.steps, s)
}

// difference is where engine and oracle part.
type difference struct {
	statement string // "" for a step
	err       error
}

func (d *difference) Error() string {
	if d.statement == "" {
		return d.err.Error()
	}
	return d.statement + "\n\t" + d.err.Error()
}

// tally counts verdicts.
type tally [enginetest.Differed + 1]int

func (t tally) String() string {
	return fmt.Sprintf("%d statements equal, %d refused by both, %d not comparable", t[enginetest.Same], t[enginetest.Refused], t[enginetest.Skipped])
}

// snapshot is a pin with what the oracle said of it.
type snapshot struct {
	*enginetest.Snapshot
	verdicts []func() (enginetest.Verdict, error)
	ask      []string
}

// player plays a scenario against oracle and engine at once.
type player struct {
	sc     *scenario
	oracle *script.Oracle
	base   *enginetest.Base
	pins   []*snapshot
	tally  *tally
}

// play runs a scenario up to the first difference.
func (sc *scenario) play(t *tally) *difference {
	p := &player{sc: sc, oracle: &script.Oracle{}, base: enginetest.New(sc.spread, sc.batch), tally: t}
	defer p.base.Close()
	defer func() {
		for _, s := range p.pins {
			s.Release()
		}
	}()
	for i, s := range sc.steps {
		if err := p.step(s); err != nil {
			return &difference{err: fmt.Errorf("step %d (%s): %w", i, describe(s), err)}
		}
	}
	if err := p.base.Flush(); err != nil {
		return &difference{err: err}
	}
	for _, text := range sc.statements {
		got, err := p.base.Eval(text, sc.clock)
		v, err := enginetest.Judge(p.oracle, text, sc.clock, got, err)
		t[v]++
		if err != nil {
			return &difference{text, err}
		}
	}
	return p.askPins()
}

func (p *player) step(s step) error {
	switch s.kind {
	case write:
		want, got := s.op.Apply(p.oracle), s.op.Apply(p.base)
		if (want == nil) != (got == nil) { // of several reasons each may find another first
			return fmt.Errorf("want refusal %v, got %v", want, got) //nolint:errorlint // a report; one of the two is nil
		}
		return nil
	case maintain:
		_, err := p.base.Maintain(s.stamp)
		return err
	case restart:
		return p.base.Restart()
	}
	return p.pin(s)
}

// pin asks the oracle at once, and a copy of the answers is held against the pin at the end.
func (p *player) pin(s step) error {
	held, err := p.base.Pin()
	if err != nil {
		return err
	}
	snap := &snapshot{Snapshot: held, ask: s.ask}
	p.pins = append(p.pins, snap)
	for _, text := range s.ask {
		live, err := p.base.Eval(text, s.stamp)
		if _, err := enginetest.Judge(p.oracle, text, s.stamp, live, err); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
		snap.verdicts = append(snap.verdicts, func() (enginetest.Verdict, error) {
			later, laterErr := held.Eval(text, s.stamp)
			if enginetest.CodeOf(laterErr) != enginetest.CodeOf(err) {
				return enginetest.Differed, fmt.Errorf("pinned: error %v became %v", err, laterErr) //nolint:errorlint // a report; one of the two may be nil
			}
			if a, b := fmt.Sprint(live), fmt.Sprint(later); a != b {
				return enginetest.Differed, fmt.Errorf("pinned: %.400s became %.400s", a, b)
			}
			return enginetest.Same, nil
		})
	}
	return nil
}

func (p *player) askPins() *difference {
	for _, s := range p.pins {
		for i, verdict := range s.verdicts {
			v, err := verdict()
			p.tally[v]++
			if err != nil {
				return &difference{s.ask[i], err}
			}
		}
	}
	return nil
}

func describe(s step) string {
	if s.kind != write {
		return fmt.Sprintf("%s at %d", stepNames[s.kind], s.stamp)
	}
	switch op := s.op; op.Kind {
	case random.Schema:
		return fmt.Sprintf("schema %d", op.Schema.Version)
	case random.Upsert:
		return fmt.Sprintf("upsert %.20q at %d: %v", op.ID, op.NowMS, op.Set)
	case random.Track:
		return fmt.Sprintf("track %s of %.20q at %d, written %d, id %q: %v", op.Event.Type, op.Event.Contact, op.Event.TimeMS, op.NowMS, op.Event.EventID, op.Event.Props)
	case random.Delete:
		return fmt.Sprintf("delete %.20q at %d", op.ID, op.NowMS)
	case random.Members:
		return fmt.Sprintf("members of %q at %d: %.20q, add %v", op.ID, op.NowMS, op.IDs, op.Add)
	case random.Change:
		return fmt.Sprintf("%s at %d", op.Text, op.NowMS)
	}
	return fmt.Sprintf("retain at %d", s.op.NowMS)
}

// String lists the steps of a scenario that was shrunk.
func (sc *scenario) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "spread %d, batches of %d, %d steps, clock %d\n", sc.spread, sc.batch, len(sc.steps), sc.clock)
	for i, s := range sc.steps {
		if i == 25 {
			b.WriteString("…\n")
			break
		}
		if s.kind == write && s.op.Kind == random.Schema {
			fmt.Fprintf(&b, "%+v\n", *s.op.Schema)
			continue
		}
		b.WriteString(describe(s) + "\n")
	}
	return b.String()
}
