package shell

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"
)

// windowSize returns the columns and lines of the terminal.
func windowSize() (width, height int) {
	width, height, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		return 80, 24
	}
	return width, height
}

// interruptible returns a context that Ctrl-C ends.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt)
}

// onTermination has the terminal put in order when the process is told to end, and returns how to stop
// that.
func (s *Shell) onTermination() (stop func()) {
	state, err := term.GetState(int(os.Stdin.Fd()))
	if err != nil {
		return func() {}
	}
	told, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(told, syscall.SIGTERM)
	go func() {
		select {
		case <-told:
			_ = term.Restore(int(os.Stdin.Fd()), state)
			fmt.Fprintln(s.cfg.Out)
			os.Exit(exitTerminated)
		case <-done:
		}
	}()
	return func() {
		signal.Stop(told)
		close(done)
	}
}

// exitTerminated is what shells report of a process that SIGTERM ended.
const exitTerminated = 128 + int(syscall.SIGTERM)

// page shows a text, through the pager if it is taller than the window.
func (s *Shell) page(ctx context.Context, text []byte) error {
	_, height := s.window()
	pager := s.pager()
	if !s.cfg.Terminal || s.file != nil || s.watching || !s.set.pager || pager == "" || bytes.Count(text, []byte("\n")) < height {
		_, err := s.out.Write(text)
		return err
	}
	cmd := exec.CommandContext(ctx, "sh", "-c", pager)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(text), s.cfg.Out, s.cfg.Err
	cmd.Cancel = func() error { return nil } // Ctrl-C reaches the pager, and is for it alone
	cmd.Env = append(os.Environ(), "LESSSECURE=1", "LESSCHARSET=utf-8")
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		return fmt.Errorf("the pager cannot be run: %w; \\pager off does without", err)
	}
	return nil
}

// pager returns the command of the pager, or nothing if there is none.
func (s *Shell) pager() string {
	if p := s.cfg.Getenv("PAGER"); p != "" {
		return p
	}
	if _, err := exec.LookPath("less"); err == nil {
		return "less -FRSX"
	}
	return ""
}

// milliseconds writes a time as analysts read it.
func milliseconds(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}
