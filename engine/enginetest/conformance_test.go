package enginetest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/musterdb/muster/engine/enginetest"
	"github.com/musterdb/muster/engine/oracle"
	"github.com/musterdb/muster/engine/oracle/script"
)

// restarting asks from shards that have just been through an image.
type restarting struct{ *enginetest.Base }

func (r restarting) Eval(statement string, clockMS int64) (oracle.Answer, error) {
	if err := r.Restart(); err != nil {
		return oracle.Answer{}, err
	}
	return r.Base.Eval(statement, clockMS)
}

// systems are the forms in which the engine must hold every script.
func systems() map[string]func() script.System {
	out := map[string]func() script.System{
		"restart": func() script.System { return restarting{enginetest.New(4, 64)} },
	}
	for _, spread := range []int{1, 4, 16} {
		out[fmt.Sprint("spread ", spread)] = func() script.System { return enginetest.New(spread, spread) }
	}
	return out
}

// notYet marks the answers to what this version has no totals for: the oracle answers them already.
const notYet = "not yet in this version"

// hold runs a script against every form of the engine.
func hold(t *testing.T, file, text string) {
	for name, system := range systems() {
		t.Run(file+"/"+name, func(t *testing.T) {
			var bases []*enginetest.Base
			res := script.Run(file, text, func() script.System {
				s := system()
				switch s := s.(type) {
				case restarting:
					bases = append(bases, s.Base)
				case *enginetest.Base:
					bases = append(bases, s)
				}
				return s
			})
			for _, f := range res.Failures {
				if !strings.Contains(f.Why, notYet) {
					t.Error(f)
				}
			}
			for _, b := range bases {
				b.Close()
			}
		})
	}
}

func TestEngineHoldsTheScripts(t *testing.T) {
	files, err := filepath.Glob("../testdata/*.seg")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts (%v)", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		hold(t, filepath.Base(file), string(text))
	}
}

var example = regexp.MustCompile("(?s)```seg\n(.*?)```")

// TestEngineHoldsTheSemanticsPage runs the examples of docs/reference/semantics.md.
func TestEngineHoldsTheSemanticsPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference/semantics.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := example.FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 30 {
		t.Fatalf("only %d examples were found", len(blocks))
	}
	for i, b := range blocks[1:] {
		text := b[1]
		if !strings.HasPrefix(text, "base ") {
			text = blocks[0][1] + text
		}
		hold(t, fmt.Sprint("example ", i+1), text)
	}
}
