// Package script owns the conformance scripts of engine/testdata: it reads the text format that its
// README describes and runs a script against any system, the oracle first of all. It does not know what
// the right answers are; they stand in the scripts, worked out by hand.
package script

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/musterdb/muster/engine/oracle"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/storage/schema"
)

// System is what a script runs against. Eval answers one statement under a clock in ms.
type System interface {
	oracle.Target
	Eval(statement string, clockMS int64) (oracle.Answer, error)
}

// Oracle is the oracle as a System.
type Oracle struct{ *oracle.DB }

// SetSchema makes the base the first time.
func (o *Oracle) SetSchema(s *schema.Schema) error {
	if o.DB == nil {
		db, err := oracle.New(s)
		if err == nil {
			o.DB = db
		}
		return err
	}
	return o.DB.SetSchema(s)
}

// Eval parses and answers a statement.
func (o *Oracle) Eval(statement string, clockMS int64) (oracle.Answer, error) {
	stmt, err := parse.Statement(statement)
	if err != nil {
		return oracle.Answer{}, err
	}
	return o.DB.Eval(stmt, clockMS)
}

// Failure is a line of a script that did not hold.
type Failure struct {
	File string
	Line int
	Text string // the line
	Why  string
}

// Error says where and why.
func (f Failure) Error() string { return fmt.Sprintf("%s:%d: %s\n\t%s", f.File, f.Line, f.Why, f.Text) }

// Result is what a run found.
type Result struct {
	Evals    int // eval lines run
	Failures []Failure
}

// runner is one run of one script.
type runner struct {
	newSystem func() System
	sys       System
	schema    *schema.Schema
	clock     int64
	lines     []string
	at        int  // index of the line being run
	failing   bool // the line is expected to fail
	result    Result
}

// Run runs a script. Every `base` line starts a new system. A line that is malformed is a failure too.
func Run(file, text string, newSystem func() System) Result {
	r := &runner{newSystem: newSystem, lines: strings.Split(text, "\n")}
	for ; r.at < len(r.lines); r.at++ {
		line, start := strings.TrimSpace(r.lines[r.at]), r.at
		if line == "" || line[0] == '#' {
			continue
		}
		if err := r.line(line); err != nil {
			r.result.Failures = append(r.result.Failures, Failure{file, start + 1, line, err.Error()})
		}
	}
	return r.result
}

func (r *runner) line(line string) error {
	if rest, ok := strings.CutPrefix(line, "expect fail "); ok {
		code, rest, _ := strings.Cut(rest, " ")
		return r.expectFail(diag.Code(code), rest)
	}
	if rest, ok := strings.CutPrefix(line, "eval "); ok {
		return r.eval(rest)
	}
	return r.write(line)
}

func (r *runner) expectFail(code diag.Code, line string) error {
	var err error
	if statement, ok := strings.CutPrefix(line, "eval "); ok {
		r.result.Evals++
		if r.sys == nil {
			return errNoBase
		}
		_, err = r.sys.Eval(statement, r.clock)
	} else {
		r.failing = true
		err = r.write(line)
		r.failing = false
	}
	var d *diag.Error
	switch {
	case err == nil:
		return fmt.Errorf("want %s, got no error", code)
	case !errors.As(err, &d):
		return fmt.Errorf("want %s, got an error without a code: %w", code, err)
	case d.Code != code:
		return fmt.Errorf("want %s, got %s: %w", code, d.Code, err)
	}
	return nil
}

var _ oracle.Changer = (*Oracle)(nil)

var errNoBase = errors.New("the script has no base yet; write: base UTC")

// eval runs `STATEMENT -> EXPECTATION`.
func (r *runner) eval(rest string) error {
	r.result.Evals++
	i := strings.LastIndex(rest, " -> ")
	switch {
	case r.sys == nil:
		return errNoBase
	case i < 0:
		return errors.New("an eval line ends in: -> expectation")
	}
	want := strings.Fields(rest[i+4:])
	table := r.table()
	got, err := r.sys.Eval(rest[:i], r.clock)
	switch {
	case err != nil:
		return err
	case len(want) == 0:
		return errors.New("the expectation is empty")
	case want[0] == "rows":
		return sameRows(table, got.Rows, strings.Contains(rest[:i], " ORDER BY ") || strings.Contains(rest[:i], " GROUP BY "))
	case want[0] == "none":
		return sameIDs(nil, got.IDs)
	case want[0] == "ids":
		return sameIDs(want[1:], got.IDs)
	case fmt.Sprint(got.Count) != want[0]:
		return fmt.Errorf("want %s contacts, got %d: %v", want[0], got.Count, got.IDs)
	}
	return nil
}

// table takes the lines that start with | after the current one.
func (r *runner) table() []string {
	var rows []string
	for r.at+1 < len(r.lines) {
		line, ok := strings.CutPrefix(strings.TrimSpace(r.lines[r.at+1]), "|")
		if !ok {
			break
		}
		rows = append(rows, strings.TrimRight(strings.TrimPrefix(line, " "), " "))
		r.at++
	}
	return rows
}

func sameIDs(want, got []string) error {
	want, got = slices.Clone(want), slices.Clone(got)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		return fmt.Errorf("want %v, got %v", want, got)
	}
	return nil
}

// sameRows compares rows; without an order they come in any.
func sameRows(want []string, got [][]oracle.Cell, ordered bool) error {
	var text []string
	for _, row := range got {
		var cells []string
		for _, c := range row {
			cells = append(cells, c.String())
		}
		text = append(text, strings.TrimRight(strings.Join(cells, " | "), " "))
	}
	if !ordered {
		slices.Sort(want)
		slices.Sort(text)
	}
	if !slices.Equal(want, text) {
		return fmt.Errorf("want rows\n\t| %s\n\tgot\n\t| %s", strings.Join(want, "\n\t| "), strings.Join(text, "\n\t| "))
	}
	return nil
}
