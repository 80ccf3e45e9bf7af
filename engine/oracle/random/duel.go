package random

import (
	"errors"
	"fmt"
	"slices"

	"github.com/musterdb/muster/engine/oracle"
	"github.com/musterdb/muster/engine/oracle/script"
	"github.com/musterdb/muster/query/diag"
)

// Duel applies the run to two systems, asks both n statements and returns the first difference as an
// error that says how to see it again. Want is the oracle. Refusals must agree; of failed statements the
// codes must. A statement that overflows in the oracle is not compared, since the other side may skip
// values that the answer does not need. IDs are compared only if got gives them.
func Duel(run *Run, want, got script.System, n int) error {
	for i, op := range run.Ops {
		if err := sameRefusal(op.Apply(want), op.Apply(got)); err != nil {
			return fmt.Errorf("seed %d, write %d (%+v): %w", run.Seed, i, op, err)
		}
	}
	for i := range n {
		text := run.Statement()
		a, errA := want.Eval(text, run.Clock())
		b, errB := got.Eval(text, run.Clock())
		if err := sameAnswer(a, errA, b, errB); err != nil {
			return fmt.Errorf("seed %d, statement %d: %s: %w", run.Seed, i, text, err)
		}
	}
	return nil
}

func sameRefusal(want, got error) error {
	if (want == nil) != (got == nil) {
		return fmt.Errorf("want refusal %v, got %v", want, got) //nolint:errorlint // a report; one of the two is nil
	}
	return nil
}

func codeOf(err error) diag.Code {
	var d *diag.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &d):
		return d.Code
	}
	return "no code"
}

func sameAnswer(a oracle.Answer, errA error, b oracle.Answer, errB error) error {
	switch want, got := codeOf(errA), codeOf(errB); {
	case want == diag.Overflow:
		return nil
	case want != got:
		return fmt.Errorf("want error %q (%v), got %q (%v)", want, errA, got, errB) //nolint:errorlint // a report; one of the two may be nil
	case errA != nil:
		return nil
	}
	if b.IDs != nil && !slices.Equal(a.IDs, b.IDs) {
		return fmt.Errorf("want contacts %q, got %q", a.IDs, b.IDs)
	}
	if !slices.EqualFunc(a.Rows, b.Rows, func(x, y []oracle.Cell) bool { return slices.Equal(x, y) }) {
		return fmt.Errorf("want rows %v, got %v", a.Rows, b.Rows)
	}
	return nil
}
