package shell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/parse"
)

// How often \watch asks.
const (
	watchEvery    = 2 * time.Second
	shortestWatch = 100 * time.Millisecond
	longestWatch  = 24 * time.Hour
)

// watch asks the last statement again and again until Ctrl-C. On a terminal each answer takes the place of
// the one before.
func (s *Shell) watch(ctx context.Context, args []string) error {
	every := watchEvery
	if len(args) == 1 {
		seconds, err := strconv.ParseFloat(args[0], 64)
		every = time.Duration(seconds * float64(time.Second))
		if err != nil || !(seconds >= shortestWatch.Seconds() && seconds <= longestWatch.Seconds()) {
			return wrong(`\watch 5 asks every five seconds`, "%q is no number of seconds", args[0])
		}
	}
	if s.asked == "" {
		return wrong("", "there is no statement yet to watch: ask something first")
	}
	stmt, err := parse.Statement(s.asked)
	if err != nil {
		return err
	}
	if !reads(stmt) {
		return wrong("ask a COUNT, SELECT or SHOW", `\watch repeats statements that only read`)
	}
	return s.repeat(ctx, stmt, every)
}

// reads says whether a statement changes nothing.
func reads(stmt ast.Stmt) bool {
	switch stmt.(type) {
	case *ast.Count, *ast.Select, *ast.Show, *ast.Describe, *ast.Explain, *ast.ShowContact, *ast.ShowSegmentsOf:
		return true
	}
	return false
}

func (s *Shell) repeat(ctx context.Context, stmt ast.Stmt, every time.Duration) error {
	s.watching = true
	defer func() { s.watching = false }()
	out, lines := s.out, 0
	defer func() { s.out = out }()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		var b bytes.Buffer
		s.out = &b
		err := s.carryOut(ctx, s.asked, stmt)
		s.out = out
		if ctx.Err() != nil {
			return s.ended(ctx)
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(&b, s.style.Paint(render.Dim, fmt.Sprintf("every %s, %s; Ctrl-C ends it", every, time.Now().Format("15:04:05"))))
		if err := s.redraw(&b, &lines); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return s.ended(ctx)
		case <-tick.C:
		}
	}
}

// ended is how a watch ends: by Ctrl-C, which is no mistake.
func (s *Shell) ended(ctx context.Context) error {
	if s.cfg.Terminal && errors.Is(ctx.Err(), context.Canceled) {
		return errStopped
	}
	return ctx.Err()
}

// errStopped says that what runs until Ctrl-C was ended by it.
var errStopped = errors.New("stopped")

// redraw writes an answer over the one before, which took some lines.
func (s *Shell) redraw(b *bytes.Buffer, lines *int) error {
	if s.cfg.Terminal && s.file == nil {
		_, height := s.window()
		switch {
		case *lines > 0 && *lines < height:
			fmt.Fprintf(s.out, "\x1b[%dA\r\x1b[J", *lines)
		case *lines > 0:
			fmt.Fprint(s.out, "\x1b[H\x1b[2J")
		}
	}
	*lines = bytes.Count(b.Bytes(), []byte("\n"))
	_, err := s.out.Write(b.Bytes())
	return err
}
