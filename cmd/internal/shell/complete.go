package shell

import (
	"os"
	"path/filepath"
	"strings"
)

// candidate is something that can stand at the cursor.
type candidate struct {
	text   string // put in the place of what is there
	kind   string // of the same kind stand together
	detail string
}

// completions are candidates that replace the text from an offset on up to the cursor.
type completions struct {
	from       int
	candidates []candidate
}

// complete returns what can stand at the cursor of a text: names of commands and files itself, everything
// else as the server says.
func (s *Shell) complete(text string, at int) completions {
	if strings.HasPrefix(strings.TrimLeft(text, " \n"), `\`) {
		return s.completeCommand(text, at)
	}
	return completions{from: at}
}

// completeCommand completes the name of a command, or its argument.
func (s *Shell) completeCommand(text string, at int) completions {
	before := text[:at]
	start := strings.Index(before, `\`)
	if start < 0 {
		return completions{from: at}
	}
	name, _, hasArgs := strings.Cut(before[start+1:], " ")
	if !hasArgs {
		return commandCandidates(start)
	}
	from := strings.LastIndexAny(before, " ") + 1
	out := completions{from: from}
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

func commandCandidates(from int) completions {
	out := completions{from: from}
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
