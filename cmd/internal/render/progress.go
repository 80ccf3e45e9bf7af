package render

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Progress draws how far long work has come: on a terminal one line that is drawn anew, elsewhere a
// plain line now and then.
type Progress struct {
	w        io.Writer
	terminal bool
	begin    time.Time
	last     time.Time
	drawn    bool
}

// How often progress is drawn, and how long work may take in silence.
const (
	redrawEvery = 100 * time.Millisecond
	plainEvery  = 10 * time.Second
	quietFor    = 300 * time.Millisecond
)

// NewProgress returns a progress that draws to w.
func NewProgress(w io.Writer, terminal bool) *Progress {
	now := time.Now()
	return &Progress{w: w, terminal: terminal, begin: now, last: now}
}

// Update says that rows are done and that done of total units (bytes of a file, say) are read; total 0
// is not known.
func (p *Progress) Update(rows, done, total int64) {
	now := time.Now()
	every := plainEvery
	if p.terminal {
		every = redrawEvery
	}
	if now.Sub(p.begin) < quietFor || now.Sub(p.last) < every {
		return
	}
	p.last = now
	line := p.line(now, rows, done, total)
	if p.terminal {
		p.drawn = true
		fmt.Fprintf(p.w, "\r\x1b[K%s", line)
		return
	}
	fmt.Fprintln(p.w, line)
}

// line is the state in words: bar, share, rows, speed, time left.
func (p *Progress) line(now time.Time, rows, done, total int64) string {
	spent := now.Sub(p.begin)
	speed := float64(rows) / spent.Seconds()
	text := fmt.Sprintf("%s rows, %s rows/s", Thousands(rows), Thousands(int64(speed)))
	if total <= 0 || done <= 0 {
		return text
	}
	share := min(float64(done)/float64(total), 1)
	left := time.Duration(float64(spent) * (1 - share) / share).Round(time.Second)
	const width = 24
	full := int(share * width)
	bar := strings.Repeat("█", full) + strings.Repeat("░", width-full)
	return fmt.Sprintf("%s %3.0f %%  %s, %s left", bar, 100*share, text, left)
}

// Done clears the line.
func (p *Progress) Done() {
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = false
	}
}
