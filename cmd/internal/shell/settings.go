package shell

import (
	"bytes"
	"context"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/lex"
)

// again is the argument that means the last answer.
const lastAnswer = "_"

func (s *Shell) expand(_ context.Context, args []string) (err error) {
	if len(args) == 1 && args[0] == lastAnswer {
		return s.again(formatLine)
	}
	if s.set.expanded, err = onOff(args, s.set.expanded); err == nil {
		s.note("values below each other: %s", word(s.set.expanded))
	}
	return err
}

func (s *Shell) chart(ctx context.Context, args []string) (err error) {
	if len(args) == 1 && args[0] != lastAnswer {
		if s.set.chart, err = onOff(args, s.set.chart); err == nil {
			s.note("a chart below each answer that has one: %s", word(s.set.chart))
		}
		return err
	}
	if s.last == nil {
		return errNothing
	}
	var b bytes.Buffer
	if err := s.last.table.Chart(&b, s.options()); err != nil {
		return err
	}
	return s.page(ctx, b.Bytes())
}

func (s *Shell) format(_ context.Context, args []string) error {
	if len(args) == 0 {
		s.note("format %s; there are %s", s.set.format, strings.Join(formatNames, ", "))
		return nil
	}
	name := strings.ToLower(args[0])
	if name == "md" {
		name = "markdown"
	}
	if !slices.Contains(formatNames, name) {
		hint := "write one of " + strings.Join(formatNames, ", ")
		if meant, ok := diag.Suggest(name, formatNames); ok {
			hint = "did you mean " + meant + "? " + hint
		}
		return wrong(hint, "there is no format %q", name)
	}
	if len(args) == 2 {
		if args[1] != lastAnswer {
			return wrong(`\format csv _ shows the last answer as CSV`, "%q is not known here", args[1])
		}
		return s.again(name)
	}
	s.set.format = name
	s.note("format %s", name)
	return nil
}

func (s *Shell) rowLimit(_ context.Context, args []string) error {
	if len(args) == 1 {
		n, err := strconv.Atoi(args[0])
		switch {
		case args[0] == "all":
			n = allRows
		case args[0] == "auto":
			n = 0
		case err != nil || n < 2:
			return wrong(`write a number of at least 2, all or auto`, "%q is no number of rows", args[0])
		}
		s.set.rows = n
	}
	switch s.set.rows {
	case allRows:
		s.note("all rows of a table are drawn, up to %s", render.Thousands(render.KeepRows))
	case 0:
		s.note("as many rows of a table are drawn as fit the window, up to %d", mostRows)
	default:
		s.note("%s of a table are drawn", render.Counted(int64(s.set.rows), "row"))
	}
	return nil
}

func (s *Shell) timing(_ context.Context, args []string) (err error) {
	if s.set.timing, err = onOff(args, s.set.timing); err == nil {
		s.note("timing %s", word(s.set.timing))
	}
	return err
}

func (s *Shell) pagerSwitch(_ context.Context, args []string) (err error) {
	if s.set.pager, err = onOff(args, s.set.pager); err == nil {
		s.note("pager %s", word(s.set.pager))
	}
	return err
}

func (s *Shell) showLast(context.Context, []string) error {
	if s.last == nil {
		return errNothing
	}
	return s.again(s.set.format)
}

// setParam gives a parameter a value, takes it away, or lists them all.
func (s *Shell) setParam(_ context.Context, args []string) error {
	if len(args) == 0 {
		names := make([]string, 0, len(s.params))
		for n := range s.params {
			names = append(names, n)
		}
		sort.Strings(names)
		for _, n := range names {
			s.note("$%s = %s", n, s.params[n])
		}
		return nil
	}
	name := strings.TrimPrefix(args[0], "$")
	if tokens, err := lex.All("$" + name); err != nil || len(tokens) != 2 || tokens[0].Kind != lex.Param {
		return wrong(`\set since '2026-04-01' gives $since a value`, "%q is no name of a parameter", args[0])
	}
	if len(args) == 1 {
		delete(s.params, name)
		s.note("$%s has no value", name)
		return nil
	}
	s.params[name] = literal(strings.Join(args[1:], " "))
	s.note("$%s = %s", name, s.params[name])
	return nil
}
