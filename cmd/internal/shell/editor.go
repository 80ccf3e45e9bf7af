package shell

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/reeflective/readline"

	"github.com/musterdb/muster/cmd/internal/render"
)

// Editor reads statements from a terminal. It is the one seam to the library that does.
type Editor interface {
	// ReadStatement reads a text that is whole: statements, or a command. It returns ErrInterrupt after
	// Ctrl-C, which dropped what was typed, and io.EOF after Ctrl-D.
	ReadStatement() (string, error)
	// AddHistory adds statements to what can be called back. ReadStatement adds what was typed.
	AddHistory(text string)
	// Printf prints a line above what is being typed.
	Printf(format string, args ...any)
	// Close gives the terminal back.
	Close() error
}

// ErrInterrupt is Ctrl-C at the prompt.
var ErrInterrupt = errors.New("interrupt")

// lineEditor is the editor of a terminal.
type lineEditor struct {
	shell *Shell
	lines *readline.Shell
	// pasted is a text too long to be shown while it is edited; a line stands for it.
	pasted, standIn string
}

// options of the library, as in an inputrc. A user's own ~/.inputrc is read too.
var editorOptions = map[string]any{
	"completion-ignore-case":    true,
	"enable-bracketed-paste":    true,
	"echo-control-characters":   true,
	"comment-begin":             "--",
	"bell-style":                "none",
	"completion-list-separator": " ",
	"multiline-column":          true,
	"history-autosuggest":       true,
	"keyseq-timeout":            50,
	// The library asks the terminal where the cursor is before each key, and loses keys that come together
	// with the answer. It need not ask if there is always room below the line: see reserve.
	"cursor-position-probe": false,
	// The first Tab puts in what all candidates begin with and shows them, the next ones go through them.
	"menu-complete-display-prefix": true,
}

func newEditor(s *Shell) Editor {
	e := &lineEditor{shell: s, lines: readline.NewShell()}
	for name, value := range editorOptions {
		_ = e.lines.Config.Set(name, value)
	}
	for _, keys := range []string{"emacs", "vi-insert"} {
		_ = e.lines.Config.Bind(keys, "\t", "menu-complete", false)
	}
	if !s.style.Colour {
		_ = e.lines.Config.Set("history-autosuggest", false)
		_ = e.lines.Config.Set("multiline-column", false)
		_ = e.lines.Config.Set("completion-selection-style", "")
	}
	e.lines.Prompt.Primary(func() string { return e.reserve() + s.prompt() })
	e.lines.Prompt.Secondary(s.continuation)
	e.lines.AcceptMultiline = func(line []rune) bool { return whole(string(line)) }
	e.lines.SyntaxHighlighter = func(line []rune) string { return highlight(s.style, string(line)) }
	e.lines.Completer = e.complete
	e.lines.PasteTransformer = e.paste
	e.lines.History.Add("history", &source{history: s.history, editor: e})
	return e
}

// reserve returns what makes room on the screen for the lines of the text and one more, without moving the
// cursor in the end: vertical tabs scroll at the bottom of the screen, as line feeds do, but the library takes
// them for characters without width. The library moves the cursor below the text and back again, which
// ends elsewhere if there is nothing below.
func (e *lineEditor) reserve() string {
	width, height := e.shell.window()
	text := string(*e.lines.Line())
	if suggested := string(e.lines.History.Suggest(e.lines.Line())); strings.HasPrefix(suggested, text) {
		text = suggested
	}
	rows := 1
	for line := range strings.Lines(text) {
		rows += (render.Width(e.shell.place()) + 2 + render.Width(strings.ReplaceAll(line, "\t", "     "))) / max(1, width)
		if strings.HasSuffix(line, "\n") {
			rows++
		}
	}
	rows = min(rows, height-1)
	return strings.Repeat("\v", rows) + fmt.Sprintf("\x1b[%dA", rows)
}

// prompt names the base.
func (s *Shell) prompt() string { return s.style.Paint(render.Bold, s.place()) + "> " }

// place is the base, or the program if there is none.
func (s *Shell) place() string {
	if s.session.Base == "" {
		return "muster"
	}
	return s.style.Harmless(s.session.Base, 30)
}

// continuation stands before the last line of a statement, as wide as the prompt before the first.
func (s *Shell) continuation() string {
	return s.style.Paint(render.Dim, strings.Repeat(" ", render.Width(s.place())-1)+"-> ")
}

// ReadStatement reads a text that is whole.
func (e *lineEditor) ReadStatement() (string, error) {
	text, err := e.lines.Readline()
	if pasted := e.pasted; pasted != "" {
		e.pasted = ""
		text = strings.Replace(text, e.standIn, pasted, 1)
	}
	switch {
	case errors.Is(err, readline.ErrInterrupt):
		return "", ErrInterrupt
	case errors.Is(err, io.EOF):
		return "", io.EOF
	}
	e.AddHistory(text)
	return text, err
}

// maxPaste is how many bytes of a paste are shown.
const maxPaste = 8 << 10

// paste takes a paste. One that is taller than half the window, at the beginning of a line, is kept aside:
// the library draws nothing sensible that does not fit.
func (e *lineEditor) paste(text string) string {
	_, height := e.shell.window()
	lines := strings.Count(strings.TrimRight(text, "\n"), "\n") + 1
	if e.lines.Line().Len() > 0 || lines <= height/2 && len(text) <= maxPaste {
		return text
	}
	n := 0
	for range items(text) {
		n++
	}
	e.pasted = text
	e.standIn = fmt.Sprintf(`\pasted %s, %s: Enter asks them, Ctrl-C drops them`,
		render.Counted(int64(lines), "line"), render.Counted(int64(n), "statement"))
	return e.standIn
}

// AddHistory adds each statement of a text.
func (e *lineEditor) AddHistory(text string) {
	for it := range items(text) {
		entry := it.text
		if !it.command {
			entry += ";"
		}
		_ = e.shell.history.add(entry)
	}
}

// Printf prints a line above what is being typed.
func (e *lineEditor) Printf(format string, args ...any) {
	_, _ = e.lines.PrintTransientf(format, args...)
}

// Close has nothing to give back: the library holds the terminal only while it reads.
func (e *lineEditor) Close() error { return nil }

// source shows the history to the library. While one searches it shows only the latest entries that match and
// fit the window, because the library lists them all.
type source struct {
	*history
	editor *lineEditor
	text   string       // searched for when found was made
	found  map[int]bool // by place; nil: not made
}

// Write does nothing: ReadStatement adds what was typed, with what a line may stand for.
func (s *source) Write(string) (int, error) { return len(s.entries), nil }

// GetLine returns an entry, the oldest first.
func (s *source) GetLine(i int) (string, error) {
	if i < 0 || i >= len(s.entries) || !s.shown(i) {
		return "", errors.New("there is no such entry")
	}
	return s.entries[i], nil
}

// searching is the library's name of the mode in which the history is searched.
const searching = "isearch"

// shown says whether an entry is among those that are shown now.
func (s *source) shown(i int) bool {
	lines := s.editor.lines
	if string(lines.Keymap.Local()) != searching {
		s.found = nil
		return true
	}
	if text := string(*lines.Line()); s.found == nil || text != s.text {
		_, height := s.editor.shell.window()
		s.text, s.found = text, s.latest(text, max(5, height/2))
	}
	return s.found[i]
}

// Len returns how many entries there are.
func (s *source) Len() int { return len(s.entries) }

// Dump returns all entries.
func (s *source) Dump() any { return s.entries }

// room returns how many candidates are shown: each may take a line, and the library draws nothing sensible if
// the text and the list together are taller than the window.
func (e *lineEditor) room(text string) int {
	const around, least = 8, 5
	_, height := e.shell.window()
	return max(least, height-around-strings.Count(text, "\n"))
}

// complete offers what can stand at the cursor.
func (e *lineEditor) complete(line []rune, cursor int) readline.Completions {
	text, at := string(line), len(string(line[:cursor]))
	found := e.shell.complete(text, at)
	prefix, values := fitted(text, at, found)
	list := make([]readline.Completion, 0, len(values))
	most := e.room(text)
	for i, c := range found.candidates {
		if values[i] != "" && len(list) < most {
			list = append(list, readline.Completion{
				Value: values[i], Display: c.text, Description: e.shell.style.Harmless(c.detail, 60), Tag: c.kind,
			})
		}
	}
	out := readline.CompleteRaw(list).NoSort()
	out.PREFIX = prefix
	return out
}
