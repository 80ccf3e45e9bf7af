// Package shell owns the place where an analyst sits: it reads statements and backslash commands from a
// terminal, a file or a pipe, has a session carry them out, and shows the answers. How answers look is
// render's business, how statements are carried out session's; what completes and what is right is the
// server's. The editor of lines is behind an interface, and a standard input that is no terminal never
// meets it.
package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/musterdb/muster/cluster/client"
	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/cmd/internal/session"
)

// Config says what a shell works with.
type Config struct {
	Client *client.Client
	Base   string // that the statements are about; empty: none yet
	// In is read unless Statements or File say what to do. Out gets the answers, Err what is said beside
	// them.
	In       io.Reader
	Out, Err io.Writer
	// Terminal says that standard input and output are a terminal: lines are edited, answers fit the window
	// and are coloured. In, Out and Err must then be the standard streams.
	Terminal bool
	Banner   string   // stands above the first screen of a terminal
	Script   []string // statements and commands to carry out instead of reading In
	File     string   // file of statements and commands to carry out after Script; - is In
	// Getenv looks up the environment; default os.Getenv.
	Getenv func(string) string
}

// Run carries out what it reads, until the end of it. From a terminal mistakes are shown and reading goes
// on; everything else stops at the first mistake and returns it. The end of ctx ends a statement under way
// and the reading of pipes; the interrupts of a terminal are for the statement under way only.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Getenv == nil {
		cfg.Getenv = os.Getenv
	}
	s := newShell(cfg)
	if len(cfg.Script) > 0 || cfg.File != "" {
		return s.scripts(ctx)
	}
	if !cfg.Terminal {
		return s.read(ctx, cfg.In)
	}
	return s.interact(context.WithoutCancel(ctx))
}

// Shell is one sitting.
type Shell struct {
	cfg      Config
	session  *session.Session
	set      settings
	style    render.Style // of Out
	window   func() (width, height int)
	editor   Editor
	history  *history
	out      io.Writer // of the answers: Out, or the file of \o
	file     *os.File  // of \o
	spinner  *render.Spinner
	last     *answer // the last that has rows
	asked    string  // the last statement
	where    string  // the condition of the last COUNT or SELECT
	params   map[string]string
	depth    int // of \i
	quit     bool
	watching bool
	began    time.Time // the statement under way
}

// settings are what commands change.
type settings struct {
	format   string // table, line, csv, json, ndjson, markdown
	timing   bool
	chart    bool
	pager    bool
	rows     int // drawn of a table at most; 0: as many as fit, allRows: all that are kept
	expanded bool
}

// How many rows of a table a terminal gets if nobody says otherwise, the middle of more being left out: what
// fits the window together with the table's frame, the prompt and what was asked.
const (
	mostRows  = 40
	leastRows = 6
	aroundTbl = 10
)

// allRows stands for as many rows as there are.
const allRows = -1

func newShell(cfg Config) *Shell {
	s := &Shell{
		cfg: cfg, out: cfg.Out, params: map[string]string{},
		style:  render.StyleOf(cfg.Terminal, cfg.Getenv),
		window: func() (int, int) { return 0, 0 },
		set:    settings{format: "table", rows: render.MaxRows},
	}
	if cfg.Terminal {
		s.window = windowSize
		s.set = settings{format: "table", timing: true, pager: true}
	}
	s.session = &session.Session{
		Client: cfg.Client, Base: cfg.Base, Format: "arrow", Notes: remarks{s}, Terminal: cfg.Terminal, Rows: s.take,
	}
	return s
}

// notes is where the session's remarks go: beside the answers, once nothing else is drawn there.
type notes struct{ *Shell }

// Write writes a remark.
func (n notes) Write(p []byte) (int, error) {
	n.rest()
	if n.cfg.Terminal {
		return n.cfg.Out.Write(p)
	}
	return n.cfg.Err.Write(p)
}

// remarks takes what the session says, in which anything may stand: names of a file's columns, ids.
type remarks struct{ *Shell }

// Write writes a remark. Progress is drawn on one line and holds numbers alone.
func (r remarks) Write(p []byte) (int, error) {
	text := string(p)
	if !strings.HasPrefix(text, "\r") {
		text = r.style.Lines(text)
	}
	_, err := io.WriteString(notes(r), text)
	return len(p), err
}

// scripts carries out what the command line named.
func (s *Shell) scripts(ctx context.Context) error {
	for _, text := range s.cfg.Script {
		if err := s.all(ctx, text); err != nil || s.quit {
			return err
		}
	}
	switch s.cfg.File {
	case "":
		return nil
	case "-":
		return s.read(ctx, s.cfg.In)
	}
	return s.include(ctx, s.cfg.File)
}

// all carries out every statement and command of a text and stops at the first mistake.
func (s *Shell) all(ctx context.Context, text string) error {
	echo := s.cfg.Terminal && several(text)
	for item := range items(text) {
		if echo {
			fmt.Fprintln(s.cfg.Out, s.prompt()+highlight(s.style, s.style.Lines(item.text)))
		}
		if err := s.item(ctx, item); err != nil {
			return err
		}
		if s.quit {
			return nil
		}
	}
	return nil
}

// several says whether a text holds more than one statement, whose answers have to be told apart.
func several(text string) bool {
	n := 0
	for range items(text) {
		if n++; n > 1 {
			return true
		}
	}
	return false
}

// read carries out what comes from a pipe, each statement as soon as it is whole.
func (s *Shell) read(ctx context.Context, in io.Reader) error {
	r := newReader(in)
	for !s.quit {
		text, err := r.next()
		if text != "" {
			if err := s.all(ctx, text); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// interact reads from the terminal until the analyst leaves.
func (s *Shell) interact(ctx context.Context) (err error) {
	s.history = openHistory(historyFile(s.cfg.Getenv))
	s.editor = newEditor(s)
	defer func() { err = errors.Join(err, s.editor.Close(), s.closeFile()) }()
	defer s.onTermination()()
	if err := s.welcome(ctx); err != nil {
		return err
	}
	s.startup(ctx)
	for !s.quit {
		text, err := s.editor.ReadStatement()
		if errors.Is(err, ErrInterrupt) {
			continue
		}
		if errors.Is(err, io.EOF) {
			fmt.Fprintln(s.cfg.Out)
			return nil
		}
		if err != nil {
			return err
		}
		s.try(ctx, func(ctx context.Context) error { return s.all(ctx, text) })
	}
	return nil
}

// try does something that Ctrl-C ends, and shows what went wrong.
func (s *Shell) try(ctx context.Context, do func(context.Context) error) {
	ctx, stop := interruptible(ctx)
	defer stop()
	begin := time.Now()
	err := do(ctx)
	s.rest()
	if err == nil || errors.Is(err, errStopped) {
		return
	}
	if ctx.Err() != nil {
		s.warn(fmt.Sprintf("interrupted after %s", milliseconds(time.Since(begin))))
		return
	}
	s.fail(err)
}

// fail shows a mistake.
func (s *Shell) fail(err error) {
	fmt.Fprintln(s.cfg.Err, s.painted(s.style.Lines(session.Rendered(err))))
}

// painted colours the first word of a mistake.
func (s *Shell) painted(text string) string {
	if rest, ok := strings.CutPrefix(text, "error"); ok {
		return s.style.Paint(render.Red, "error") + rest
	}
	return text
}

// warn shows a remark that stands for no answer.
func (s *Shell) warn(text string) { fmt.Fprintln(s.cfg.Err, s.style.Paint(render.Yellow, text)) }

// note says something beside the answers.
func (s *Shell) note(format string, args ...any) {
	text := s.style.Harmless(fmt.Sprintf(format, args...), 0)
	fmt.Fprintln(notes{s}, s.style.Paint(render.Dim, text))
}

// rest ends the drawing of progress, if there is one.
func (s *Shell) rest() {
	if s.spinner != nil {
		s.spinner.Stop()
		s.spinner = nil
	}
}
