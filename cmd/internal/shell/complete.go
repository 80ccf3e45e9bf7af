package shell

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/musterdb/muster/query/lex"
)

// candidate is something that can stand at the cursor.
type candidate struct {
	text   string // put in the place of what is there
	kind   string // of the same kind stand together
	detail string
}

// completions are candidates that replace the bytes [from, to) of the text, which lie round the cursor.
type completions struct {
	from, to   int
	candidates []candidate
}

// fitted returns candidates as the library of the editor takes them, empty for one that it cannot. It
// replaces the word before the cursor, which it cuts at blanks, offers what begins with that word, leaves
// what is behind the cursor, and takes characters for bytes.
func fitted(text string, at int, found completions) (prefix string, values []string) {
	values = make([]string, len(found.candidates))
	word := text[strings.LastIndexAny(text[:at], " \t\n")+1 : at]
	typed, rest := text[min(found.from, at):at], text[at:max(found.to, at)]
	prefix = word[afterForeign(word):]
	if word != "" && prefix == "" || len(typed) > len(word) {
		return "", values
	}
	keep := word[:len(word)-len(typed)] // stands before the candidates, without a blank between
	for i, c := range found.candidates {
		value, ok := strings.CutSuffix(c.text, rest)
		if !ok || len(value) < len(typed) || !strings.EqualFold(value[:len(typed)], typed) {
			continue
		}
		value = keep + value
		if cut := len(word) - len(prefix); value[:cut] == word[:cut] {
			values[i] = value[cut:]
		}
	}
	return prefix, values
}

// afterForeign returns the offset after the last character that takes several bytes.
func afterForeign(text string) int {
	for i := len(text); i > 0; i-- {
		if text[i-1] >= utf8.RuneSelf {
			return i
		}
	}
	return 0
}

// complete returns what can stand at the cursor of a text: names of commands and files itself, everything
// else as the server says.
func (s *Shell) complete(text string, at int) completions {
	if strings.HasPrefix(strings.TrimLeft(text, " \n"), `\`) {
		return s.completeCommand(text, at)
	}
	return s.completeStatement(text, at)
}

// completionTime is how long the server may think about what can stand at the cursor while somebody types.
const completionTime = 500 * time.Millisecond

// completeStatement has the server complete the statement under the cursor. That it cannot is no mistake: it
// offers nothing.
func (s *Shell) completeStatement(text string, at int) completions {
	start, end := statementAround(text, at)
	ctx, cancel := context.WithTimeout(context.Background(), completionTime)
	defer cancel()
	found, err := s.cfg.Client.Complete(ctx, s.session.Base, text[start:end], at-start)
	if err != nil {
		return completions{from: at, to: at}
	}
	out := completions{from: start + found.Start, to: start + found.End}
	for _, c := range found.Candidates {
		out.candidates = append(out.candidates, candidate{c.Text, kindTitles[c.Kind], c.Detail})
	}
	return out
}

// kindTitles are the headings above candidates.
var kindTitles = map[string]string{
	"keyword": "keywords", "attribute": "attributes", "event": "events", "property": "properties", "segment": "segments",
	"value": "values", "function": "functions", "base": "bases", "snippet": "for example",
}

// statementAround returns the statement of a text that a cursor stands in.
func statementAround(text string, at int) (start, end int) {
	for start < at {
		_, next, done := lex.Split(text, start)
		if next > at || !done {
			return start, next
		}
		start = next
	}
	return start, len(text)
}

// completeCommand completes the name of a command, or its argument.
func (s *Shell) completeCommand(text string, at int) completions {
	before := text[:at]
	start := strings.Index(before, `\`)
	if start < 0 {
		return completions{from: at, to: at}
	}
	name, _, hasArgs := strings.Cut(before[start+1:], " ")
	if !hasArgs {
		return commandCandidates(start, at)
	}
	from := strings.LastIndexAny(before, " ") + 1
	out := completions{from: from, to: at}
	switch c, _ := lookup(strings.ToLower(name)); {
	case len(c.names) == 0:
	case c.args == "file" || c.args == "[file]":
		out.candidates = fileCandidates(before[from:])
	case c.names[0] == "format":
		for _, f := range formatNames {
			out.candidates = append(out.candidates, candidate{f, "format", ""})
		}
	case strings.HasPrefix(c.args, "[on|off"):
		out.candidates = []candidate{{"on", "switch", ""}, {"off", "switch", ""}}
	}
	return out
}

func commandCandidates(from, to int) completions {
	out := completions{from: from, to: to}
	for _, g := range groups {
		for _, c := range g.commands {
			for _, n := range c.names {
				out.candidates = append(out.candidates, candidate{`\` + n, g.title, c.what})
			}
		}
	}
	return out
}

// maxFiles bounds how many names of a folder are offered.
const maxFiles = 200

// fileCandidates returns the names in the folder of a path that begins so.
func fileCandidates(path string) []candidate {
	dir, part := filepath.Split(path)
	folder := dir
	if folder == "" {
		folder = "."
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	var out []candidate
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), part) || strings.HasPrefix(e.Name(), ".") && part == "" || len(out) == maxFiles {
			continue
		}
		name := dir + e.Name()
		if e.IsDir() {
			name += "/"
		}
		out = append(out, candidate{name, "file", ""})
	}
	return out
}
