package enginetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/musterdb/muster/engine/oracle"
	"github.com/musterdb/muster/engine/oracle/script"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/parse"
)

// Verdict says how a comparison ended.
type Verdict uint8

// The verdicts.
const (
	Same     Verdict = iota // equal answers
	Refused                 // both refuse
	Skipped                 // not comparable: an overflow in the oracle, or not in this version
	Differed                // an error says how
)

// Judge answers a statement with the oracle and compares: whether it is refused (of several
// reasons each side may find another first), or count, ids and the
// exact text of every cell. Groups are compared in their order; other rows without ORDER BY as a multiset, and
// with LIMIT as part of one. A statement that overflows in the oracle, which skips nothing, is not compared.
func Judge(o *script.Oracle, statement string, clockMS int64, got oracle.Answer, gotErr error) (Verdict, error) {
	want, wantErr := o.Eval(statement, clockMS)
	switch w, g := CodeOf(wantErr), CodeOf(gotErr); {
	case w == diag.Overflow && (g == "" || g == diag.Overflow), g == diag.NotYet, w == "" && g == diag.Overflow && divides(statement):
		return Skipped, nil
	case (w == "") != (g == ""), strings.HasPrefix(string(g), "no code"):
		return Differed, fmt.Errorf("want error %q (%v), got %q (%v)", w, wantErr, g, gotErr) //nolint:errorlint // a report; one of the two may be nil
	case wantErr != nil:
		return Refused, nil
	}
	err := sameContacts(want, got)
	if err == nil {
		err = sameRows(o, statement, clockMS, want, got)
	}
	if err != nil {
		return Differed, err
	}
	return Same, nil
}

// divides says whether a statement has quotients, whose terms hold 128 bits in the engine and any number in
// the oracle.
func divides(statement string) bool {
	return strings.Contains(statement, "/") || strings.Contains(statement, "avg(")
}

// CodeOf returns the code of an error of the language, "" for none.
func CodeOf(err error) diag.Code {
	var d *diag.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &d):
		return d.Code
	}
	return diag.Code("no code: " + err.Error())
}

func sameContacts(want, got oracle.Answer) error {
	if !slices.Equal(want.IDs, got.IDs) {
		return fmt.Errorf("want contacts %.300q, got %.300q; missing %.200q, too many %.200q", want.IDs, got.IDs, without(want.IDs, got.IDs), without(got.IDs, want.IDs))
	}
	if want.Count != got.Count {
		return fmt.Errorf("want count %d, got %d", want.Count, got.Count)
	}
	return nil
}

// without returns the texts of a that b has not.
func without(a, b []string) []string {
	left := map[string]int{}
	for _, s := range b {
		left[s]++
	}
	var out []string
	for _, s := range a {
		if left[s]--; left[s] < 0 {
			out = append(out, s)
		}
	}
	return out
}

func sameRows(o *script.Oracle, statement string, clockMS int64, want, got oracle.Answer) error {
	w, g := lines(want.Rows), lines(got.Rows)
	stmt, err := parse.Statement(statement)
	if err != nil {
		return err
	}
	s, ok := stmt.(*ast.Select)
	switch {
	case !ok || len(s.Order) > 0 || len(s.Group) > 0:
		return sameLines(w, g)
	case s.Limit == nil:
		slices.Sort(w)
		slices.Sort(g)
		return sameLines(w, g)
	case len(w) != len(g):
		return fmt.Errorf("want %d rows, got %d", len(w), len(g))
	}
	s.Limit = nil
	all, err := o.DB.Eval(s, clockMS)
	if err != nil {
		return err
	}
	if bad := without(g, lines(all.Rows)); len(bad) > 0 {
		return fmt.Errorf("rows that no contact has: %q", bad)
	}
	return nil
}

func sameLines(want, got []string) error {
	if slices.Equal(want, got) {
		return nil
	}
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			return fmt.Errorf("want row %d of %d: %s, got: %s", i, len(want), want[i], got[i])
		}
	}
	return fmt.Errorf("want %d rows, got %d", len(want), len(got))
}

func lines(rows [][]oracle.Cell) []string {
	out := make([]string, len(rows))
	for i, row := range rows {
		cells := make([]string, len(row))
		for k, c := range row {
			cells[k] = c.String()
		}
		out[i] = strings.Join(cells, " | ")
	}
	return out
}
