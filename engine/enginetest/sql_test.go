package enginetest_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/musterdb/muster/engine/enginetest"
	"github.com/musterdb/muster/engine/oracle"
	"github.com/musterdb/muster/engine/oracle/script"
	"github.com/musterdb/muster/engine/oracle/twin"
)

const (
	twinContacts = 40
	twinsPerBase = 200
)

// twins are a base in the engine and in the oracle.
type twins struct {
	*twin.Base
	engine *enginetest.Base
	oracle *script.Oracle
}

func newTwins(t *testing.T, seed uint64, d twin.Dialect) *twins {
	t.Helper()
	w := &twins{twin.New(seed, d, twinContacts), enginetest.New([]int{1, 4, 16}[seed%3], 64), &script.Oracle{}}
	for _, target := range []oracle.Target{w.engine, w.oracle} {
		if err := w.Fill(target); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// answer is the engine's, as twin.Canon has it; the oracle must agree.
func (w *twins) answer(t *testing.T, text string) [][]string {
	t.Helper()
	got, err := w.engine.Eval(text, twin.Now)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if _, err := enginetest.Judge(w.oracle, text, twin.Now, got, nil); err != nil {
		t.Errorf("%s: %v", text, err)
	}
	out := [][]string{}
	for _, row := range got.Rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = twin.Canon(c)
		}
		out = append(out, cells)
	}
	return out
}

// TestAgainstSQLite asks engine, oracle and SQLite the same. Seeds come from the clock, as SQLite's answers
// are not a proportion that could fail by chance.
func TestAgainstSQLite(t *testing.T) {
	seed, given := firstSeed(t)
	enough, asked, several := newQuota(time.Second), 0, 0
	for s := seed; ; s++ {
		w := newTwins(t, s, twin.SQLite)
		db := openSQLite(t, w.SQL)
		for range twinsPerBase {
			p := w.Statement()
			want, got := askSQLite(t, db, p.SQL), w.answer(t, p.Muster)
			if fmt.Sprint(want) != fmt.Sprint(got) {
				t.Errorf("seed %d:\n%s\n%s\nSQLite %v\nengine %v", s, p.Muster, p.SQL, want, got)
			}
			if asked++; len(got) > 1 {
				several++
			}
		}
		w.engine.Close()
		_ = db.Close()
		if given || t.Failed() || enough.met(asked) {
			break
		}
	}
	t.Logf("seeds from %d: %d statements, of which %d have several rows", seed, asked, several)
}

func openSQLite(t *testing.T, statements []string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	for _, s := range append([]string{"PRAGMA case_sensitive_like = 1"}, statements...) {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(s, err)
		}
	}
	return db
}

func askSQLite(t *testing.T, db *sql.DB, text string) [][]string {
	t.Helper()
	rows, err := db.Query(text)
	if err != nil {
		t.Fatal(text, err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	out := [][]string{}
	for rows.Next() {
		cells, refs := make([]any, len(names)), make([]any, len(names))
		for i := range cells {
			refs[i] = &cells[i]
		}
		if err := rows.Scan(refs...); err != nil {
			t.Fatal(text, err)
		}
		line := make([]string, len(cells))
		for i, c := range cells {
			line[i] = "NULL"
			if c != nil {
				line[i] = fmt.Sprint(c)
			}
		}
		out = append(out, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(text, err)
	}
	return out
}

// question is a line of the file that testdata/askduck.py reads: statements to run, or one to ask with the
// answer that is expected.
type question struct {
	Run  []string   `json:"run,omitempty"`
	Ask  string     `json:"ask,omitempty"`
	Want [][]string `json:"want"`
	Said string     `json:"said,omitempty"` // the statement in the language
}

// TestAgainstDuckDB does the same with DuckDB, DECIMAL included. It needs a python3 with the module duckdb,
// or one that MUSTER_PYTHON names.
func TestAgainstDuckDB(t *testing.T) {
	python := os.Getenv("MUSTER_PYTHON")
	if python == "" {
		python = "python3"
	}
	if err := exec.Command(python, "-c", "import duckdb").Run(); err != nil {
		t.Skipf("SKIPPED: %s has no module duckdb (%v); pip install duckdb, and set MUSTER_PYTHON", python, err)
	}
	seed, given := firstSeed(t)
	enough, asked := newQuota(time.Second), 0
	for s := seed; ; s++ {
		w := newTwins(t, s, twin.DuckDB)
		var file bytes.Buffer
		lines := json.NewEncoder(&file)
		err := lines.Encode(question{Run: w.SQL})
		for range twinsPerBase {
			p := w.Statement()
			asked++
			if e := lines.Encode(question{Ask: p.SQL, Want: w.answer(t, p.Muster), Said: p.Muster}); e != nil {
				err = e
			}
		}
		w.engine.Close()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(python, "testdata/askduck.py")
		cmd.Stdin = &file
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("seed %d: %v\n%s", s, err, strings.TrimSpace(string(out)))
		}
		if given || t.Failed() || enough.met(asked) {
			break
		}
	}
	t.Logf("seeds from %d: %d statements", seed, asked)
}
