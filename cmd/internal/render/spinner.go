package render

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Spinner draws on a line of a terminal that a statement is under way, once it has taken some time.
type Spinner struct {
	w     io.Writer
	style Style
	rows  atomic.Int64
	stop  chan struct{}
	done  sync.WaitGroup
}

// NewSpinner begins to wait; Stop must be called.
func NewSpinner(w io.Writer, style Style) *Spinner {
	s := &Spinner{w: w, style: style, stop: make(chan struct{})}
	s.done.Go(s.run)
	return s
}

// Rows says how many rows have come. It may be called while others draw.
func (s *Spinner) Rows(n int64) { s.rows.Store(n) }

// Stop ends the drawing and clears the line. The terminal is the caller's again when it returns.
func (s *Spinner) Stop() {
	close(s.stop)
	s.done.Wait()
}

func (s *Spinner) run() {
	begin, turn, drawn := time.Now(), 0, false
	wait := time.NewTimer(quietFor)
	defer wait.Stop()
	for {
		select {
		case <-s.stop:
			if drawn {
				fmt.Fprint(s.w, "\r\x1b[K")
			}
			return
		case now := <-wait.C:
			fmt.Fprint(s.w, "\r\x1b[K"+s.style.Paint(Dim, s.line(now.Sub(begin), turn)))
			turn, drawn = turn+1, true
			wait.Reset(redrawEvery)
		}
	}
}

// line is the state in words.
func (s *Spinner) line(spent time.Duration, turn int) string {
	signs := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	if s.style.ASCII {
		signs = []rune(`|/-\`)
	}
	text := fmt.Sprintf("%c %.1f s", signs[turn%len(signs)], spent.Seconds())
	if n := s.rows.Load(); n > 0 {
		text += ", " + Counted(n, "row")
	}
	return text + "; Ctrl-C ends it"
}
