package script_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterdb/muster/engine/oracle/script"
)

const scripts = "../../testdata/*.seg"

func newOracle() script.System { return &script.Oracle{} }

func TestOracleHoldsTheScripts(t *testing.T) {
	files, err := filepath.Glob(scripts)
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in %s (%v)", scripts, err)
	}
	evals := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		res := script.Run(filepath.Base(file), string(text), newOracle)
		evals += res.Evals
		for _, f := range res.Failures {
			t.Error(f)
		}
	}
	if least := 1000; evals < least {
		t.Errorf("only %d eval lines, want at least %d", evals, least)
	}
	t.Logf("%d eval lines in %d files", evals, len(files))
}

// TestRunnerSeesRed runs lines that do not hold: each must be one failure, or the scripts prove nothing.
func TestRunnerSeesRed(t *testing.T) {
	const head = "base UTC\nas of 2026-04-01\nattribute x INT\nupsert a x = 1\nupsert b\n"
	for _, line := range []string{
		"eval COUNT x = 1 -> 2",
		"eval COUNT x = 1 -> ids b",
		"eval COUNT x = 1 -> none",
		"eval COUNT x = 1",
		"eval COUNT y = 1 -> 1",
		"eval SELECT id FROM contacts -> rows\n| a",
		"eval SELECT id FROM contacts ORDER BY id -> rows\n| b\n| a",
		"expect fail SYNTAX eval COUNT x = 1",
		"expect fail SYNTAX eval COUNT y = 1",
		"expect fail INVALID upsert c",
		"upsert c x = 'text'",
		"upsert c z = 1",
		"upsert c x = 1 nonsense",
		"track e a '2026-04-01'",
		"frobnicate",
	} {
		if res := script.Run("red", head+line, newOracle); len(res.Failures) != 1 {
			t.Errorf("%s: %d failures, want 1", line, len(res.Failures))
		}
	}
	if res := script.Run("red", "upsert a\neval COUNT -> 1\nexpect fail INVALID eval COUNT", newOracle); len(res.Failures) != 3 {
		t.Errorf("lines before a base: %v", res.Failures)
	}
	if res := script.Run("green", head+"eval COUNT x = 1 -> ids a", newOracle); len(res.Failures) != 0 {
		t.Errorf("a line that holds: %v", res.Failures)
	}
}

func FuzzRun(f *testing.F) {
	f.Add("base UTC\nevent e (a INT) ID a\ntrack e c '2026-01-01' (a = 1)\neval COUNT DID e -> 1")
	f.Add("base X\nupsert 'a' x={'")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "repeat") {
			t.Skip("counts may be large")
		}
		script.Run("fuzz", text, newOracle)
	})
}
