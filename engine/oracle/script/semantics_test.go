package script_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/musterdb/muster/engine/oracle/script"
)

var block = regexp.MustCompile("(?s)```seg\n(.*?)```")

// TestSemanticsPage runs every example of docs/reference/semantics.md, so that the page cannot be wrong.
// The first block is the base from which the others start.
func TestSemanticsPage(t *testing.T) {
	page, err := os.ReadFile("../../../docs/reference/semantics.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := block.FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 30 {
		t.Fatalf("only %d examples were found", len(blocks))
	}
	for _, b := range blocks[1:] {
		text := b[1]
		if !strings.HasPrefix(text, "base ") {
			text = blocks[0][1] + text
		}
		res := script.Run("semantics.md", text, newOracle)
		if res.Evals == 0 {
			t.Errorf("an example asks nothing:\n%s", b[1])
		}
		for _, f := range res.Failures {
			t.Error(f)
		}
	}
}
