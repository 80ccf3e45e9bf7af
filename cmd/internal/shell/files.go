package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/engine/tabular"
	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/query/parse"
)

// export writes the last answer to a file: what is kept of it if that is all, else the statement is asked
// again.
func (s *Shell) export(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == lastAnswer {
		args = args[1:]
	}
	if len(args) != 1 {
		return wrong(`\export germans.csv`, `\export needs the name of a file`)
	}
	if s.last == nil {
		return errNothing
	}
	if !s.last.table.Whole() {
		return s.exportAgain(ctx, args[0])
	}
	f, err := tabular.Create(args[0], tabular.Auto, s.last.table.Schema())
	if err != nil {
		return cannotWrite(args[0], err)
	}
	defer f.Abort()
	for _, r := range s.last.table.Records() {
		if err := f.Write(r); err != nil {
			return err
		}
	}
	if err := f.Commit(); err != nil {
		return err
	}
	s.note("%s written to %s", render.Counted(s.last.table.Rows(), "row"), args[0])
	return nil
}

// exportAgain has the last statement answer into a file.
func (s *Shell) exportAgain(ctx context.Context, file string) error {
	text := "COPY (" + s.last.text + ") TO " + lex.Quote(file, '\'')
	stmt, err := parse.Statement(text)
	if err != nil {
		return wrong("ask a SELECT", "only an answer to a SELECT can be exported when it has more than %s rows", render.Thousands(render.KeepRows))
	}
	return s.carryOut(ctx, text, stmt)
}

func cannotWrite(name string, err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return wrong("name a file in a folder that exists and that you may write to", "%s cannot be written: %v", name, err)
}

// output sends the answers to a file, or back.
func (s *Shell) output(_ context.Context, args []string) error {
	if err := s.closeFile(); err != nil {
		return err
	}
	if len(args) == 0 {
		return nil
	}
	f, err := os.Create(args[0])
	if err != nil {
		return cannotWrite(args[0], err)
	}
	s.file, s.out = f, f
	s.note("answers go to %s; \\o brings them back", args[0])
	return nil
}

func (s *Shell) closeFile() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file, s.out = nil, s.cfg.Out
	return err
}

// maxDepth bounds files that include each other.
const maxDepth = 16

func (s *Shell) includeCommand(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return wrong(`\i report.sql`, `\i needs the name of a file`)
	}
	return s.include(ctx, args[0])
}

// include carries out the statements and commands of a file.
func (s *Shell) include(ctx context.Context, name string) error {
	if s.depth++; s.depth > maxDepth {
		return wrong("look whether a file includes itself", "files include each other more than %d deep", maxDepth)
	}
	defer func() { s.depth-- }()
	f, err := os.Open(name)
	if err != nil {
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return wrong("name a file of statements", "%s cannot be read: %v", name, err)
	}
	defer f.Close()
	return s.read(ctx, f)
}

// startupFiles are the places of .musterrc; the first that exists is read.
func (s *Shell) startupFiles() []string {
	get := s.cfg.Getenv
	if path := get("MUSTERRC"); path != "" {
		return []string{path}
	}
	var out []string
	if home := get("HOME"); home != "" {
		out = append(out, filepath.Join(home, ".musterrc"))
		if get("XDG_CONFIG_HOME") == "" {
			out = append(out, filepath.Join(home, ".config", "muster", "musterrc"))
		}
	}
	if dir := get("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		out = append(out, filepath.Join(dir, "muster", "musterrc"))
	}
	return out
}

// startup carries out .musterrc. A mistake in it is told and does not keep the shell from starting.
func (s *Shell) startup(ctx context.Context) {
	for _, name := range s.startupFiles() {
		if _, err := os.Stat(name); err != nil {
			continue
		}
		s.try(ctx, func(ctx context.Context) error {
			if err := s.include(ctx, name); err != nil {
				return fmt.Errorf("%s: %w", s.short(name), err)
			}
			return nil
		})
		return
	}
}

// short writes a path in the home folder as shells do.
func (s *Shell) short(path string) string {
	home := s.cfg.Getenv("HOME")
	if rest, ok := strings.CutPrefix(path, home+string(filepath.Separator)); ok && home != "" {
		return filepath.Join("~", rest)
	}
	return path
}

// edit has $EDITOR change the last statement, and asks what it left.
func (s *Shell) edit(ctx context.Context, _ []string) error {
	if !s.cfg.Terminal {
		return wrong("", `\e needs a terminal`)
	}
	f, err := os.CreateTemp("", "muster-*.sql")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if s.asked != "" {
		_, err = io.WriteString(f, s.asked+";\n")
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "sh", "-c", s.editorCommand()+` "$1"`, "sh", f.Name())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, s.cfg.Out, s.cfg.Err
	cmd.Cancel = func() error { return nil } // Ctrl-C is for the editor
	if err := cmd.Run(); err != nil {
		return wrong("set EDITOR to the command of your editor", "the editor ended with an error: %v", err)
	}
	text, err := os.ReadFile(f.Name())
	if err != nil || strings.TrimSpace(string(text)) == "" {
		return err
	}
	fmt.Fprintln(s.cfg.Out, highlight(s.style, s.style.Lines(strings.TrimSpace(string(text)))))
	s.editor.AddHistory(string(text))
	return s.all(ctx, string(text))
}

func (s *Shell) editorCommand() string {
	for _, name := range []string{"VISUAL", "EDITOR"} {
		if e := s.cfg.Getenv(name); e != "" {
			return e
		}
	}
	return "vi"
}
