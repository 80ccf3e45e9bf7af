package shell

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/query/diag"
)

// command is one backslash command.
type command struct {
	names []string // psql's letter first, if it has one, then words
	args  string   // as \? shows them
	what  string
	run   func(*Shell, context.Context, []string) error
	most  int // arguments; -1: any number
}

// group is a heading of \?.
type group struct {
	title    string
	commands []command
}

// groups are all commands. They are set at start: help looks them up.
var groups []group

func init() {
	groups = []group{
		{"Look around", []command{
			{[]string{"d", "describe"}, "[name]", "the base, or one attribute, event type or segment", (*Shell).describe, -1},
			{[]string{"dt", "tables"}, "", "what SELECT can ask: contacts and the event types", (*Shell).tables, 0},
			{[]string{"ds", "segments"}, "", "the segments", (*Shell).segments, 0},
			{[]string{"l", "bases"}, "", "the bases of the server", (*Shell).bases, 0},
			{[]string{"c", "connect", "use"}, "base", "go to another base", (*Shell).connect, 1},
		}},
		{"Show answers", []command{
			{[]string{"x", "expanded"}, "[on|off|_]", "values below each other; _: the last answer only", (*Shell).expand, 1},
			{[]string{"chart"}, "[on|off]", "the last answer as bars or a curve; on: every one", (*Shell).chart, 1},
			{[]string{"format"}, "[name [_]]", strings.Join(formatNames, ", "), (*Shell).format, 2},
			{[]string{"rows"}, "[n|all|auto]", "how many rows of a table are drawn; auto: what fits", (*Shell).rowLimit, 1},
			{[]string{"timing"}, "[on|off]", "tell how long answers took", (*Shell).timing, 1},
			{[]string{"pager"}, "[on|off]", "page what is taller than the window", (*Shell).pagerSwitch, 1},
			{[]string{"_", "last"}, "", "the last answer again, without asking", (*Shell).showLast, 0},
		}},
		{"Files", []command{
			{[]string{"export"}, "file", "the last answer to x.csv, .ndjson, .parquet, .arrow, .md", (*Shell).export, 2},
			{[]string{"o", "out"}, "[file]", "answers go to a file; without one they come back", (*Shell).output, 1},
			{[]string{"i", "include"}, "file", "carry out what stands in a file", (*Shell).includeCommand, 1},
		}},
		{"Ask", []command{
			{[]string{"watch"}, "[seconds]", "ask the last statement over and over, until Ctrl-C", (*Shell).watch, 1},
			{[]string{"set"}, "[name [value]]", "a value for $name in statements", (*Shell).setParam, -1},
			{[]string{"e", "edit"}, "", "edit the last statement in $EDITOR and ask it", (*Shell).edit, 0},
			{[]string{"history"}, "[text]", "what was typed, if it holds a text", (*Shell).showHistory, -1},
			{[]string{"?", "h", "help"}, "", "this page", (*Shell).help, -1},
			{[]string{"q", "quit", "exit"}, "", "leave; so does Ctrl-D", (*Shell).leave, 0},
		}},
	}
}

// commandError is a command that cannot be carried out as it was written.
type commandError struct{ msg, hint string }

// Error returns the message with its hint.
func (e *commandError) Error() string {
	if e.hint == "" {
		return e.msg
	}
	return e.msg + "\n  hint: " + e.hint
}

func wrong(hint, format string, args ...any) error {
	return &commandError{fmt.Sprintf(format, args...), hint}
}

// command carries out a backslash command.
func (s *Shell) command(ctx context.Context, text string) error {
	name, rest, _ := strings.Cut(strings.TrimPrefix(text, `\`), " ")
	c, ok := lookup(strings.TrimSuffix(strings.ToLower(name), "()"))
	if !ok {
		return unknown(name)
	}
	args, err := words(rest)
	if err != nil {
		return err
	}
	if c.most >= 0 && len(args) > c.most {
		return wrong(fmt.Sprintf("\\%s %s: %s", c.names[0], c.args, c.what), "\\%s takes %s", name, atMost(c.most))
	}
	return c.run(s, ctx, args)
}

func atMost(n int) string {
	if n == 0 {
		return "no argument"
	}
	return "at most " + render.Counted(int64(n), "argument")
}

func lookup(name string) (command, bool) {
	for _, g := range groups {
		for _, c := range g.commands {
			if slices.Contains(c.names, name) {
				return c, true
			}
		}
	}
	return command{}, false
}

// commandNames returns every name of every command, with what it does.
func commandNames() (names []string, what map[string]string) {
	what = map[string]string{}
	for _, g := range groups {
		for _, c := range g.commands {
			for _, n := range c.names {
				names = append(names, n)
				what[n] = c.what
			}
		}
	}
	return names, what
}

// elsewhere are commands of other shells, and what they are here.
var elsewhere = map[string]string{
	"copy": `\export file.csv writes the last answer; COPY contacts FROM 'file.csv' loads a file`,
	"du":   "there are no users", "dn": `\l lists the bases`, "df": `Tab offers the functions where one can stand`,
	"g": "a statement ends with ;", "s": `\history shows what was typed`, "r": "Ctrl-C drops what was typed", "!": "leave with Ctrl-Z or \\q for a command of the system",
}

func unknown(name string) error {
	if hint := elsewhere[strings.ToLower(name)]; hint != "" {
		return wrong(hint, `there is no command \%s`, name)
	}
	hint := `\? lists the commands`
	names, _ := commandNames()
	if meant, ok := diag.Suggest(name, names); ok {
		hint = `did you mean \` + meant + `? ` + hint
	}
	return wrong(hint, `there is no command \%s`, name)
}

// onOff returns what a switch is set to; without an argument it is turned round.
func onOff(args []string, now bool) (bool, error) {
	if len(args) == 0 {
		return !now, nil
	}
	switch strings.ToLower(args[0]) {
	case "on", "true", "yes", "1":
		return true, nil
	case "off", "false", "no", "0":
		return false, nil
	}
	return now, wrong("write on or off", "%q is neither on nor off", args[0])
}

// word returns on or off.
func word(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// leave ends the sitting.
func (s *Shell) leave(context.Context, []string) error {
	s.quit = true
	return nil
}

// needBase fails if no base was chosen.
func (s *Shell) needBase() error {
	if s.session.Base == "" {
		return wrong(`\l lists the bases, \c NAME goes to one, CREATE BASE shop; makes one`, "no base is chosen")
	}
	return nil
}
