package load

import (
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/musterdb/muster/cluster/client"
	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/engine/tabular"
	"github.com/musterdb/muster/query/ast"
)

// Report says what a load did.
type Report struct {
	begin      time.Time
	read       int64 // source rows of this run
	good       int64
	before     int64 // source rows that earlier runs brought in
	written    client.Written
	reasons    map[string]int64
	stopped    bool
	rejectsErr error
}

func (r *Report) add(w *client.Written) {
	r.written.Created += w.Created
	r.written.Updated += w.Updated
	r.written.Events += w.Events
	r.written.Duplicates += w.Duplicates
}

func (r *Report) count(b block) {
	r.read += b.source
	r.good += b.good
	for _, bad := range b.rejected {
		r.reasons[kind(bad)]++
	}
}

// kind is a reason without the value, so that rows rejected for the same thing count together.
func kind(bad tabular.RowError) string {
	text := reason(bad)
	for {
		from := strings.IndexByte(text, '"')
		if from < 0 {
			return text
		}
		to := strings.IndexByte(text[from+1:], '"')
		if to < 0 {
			return text
		}
		text = text[:from] + "…" + text[from+1+to+1:]
	}
}

// Rows returns how many rows this run brought in.
func (r *Report) Rows() int64 { return r.good }

// Elapsed returns how long the run has taken.
func (r *Report) Elapsed() time.Duration { return time.Since(r.begin) }

// String returns the report as people read it.
func (r *Report) String() string {
	var b strings.Builder
	took := r.Elapsed()
	fmt.Fprintf(&b, "%s rows in", render.Thousands(r.good))
	rejected := r.read - r.good
	if rejected > 0 {
		fmt.Fprintf(&b, ", %s rejected", render.Thousands(rejected))
	}
	if r.before > 0 {
		fmt.Fprintf(&b, ", after %s rows that were in before", render.Thousands(r.before))
	}
	fmt.Fprintf(&b, " (%s, %s rows/s)", took.Round(10*time.Millisecond), render.Thousands(int64(float64(r.read)/took.Seconds())))
	if w := r.written; w.Created > 0 {
		fmt.Fprintf(&b, "; %s contacts created", render.Thousands(int64(w.Created)))
	}
	if r.written.Duplicates > 0 {
		fmt.Fprintf(&b, "; %s events were in already by their id", render.Thousands(int64(r.written.Duplicates)))
	}
	r.writeReasons(&b)
	if r.rejectsErr != nil {
		fmt.Fprintf(&b, "\n  the list of rejected rows is not whole: %v", r.rejectsErr)
	}
	return b.String()
}

// writeReasons lists the most frequent reasons.
func (r *Report) writeReasons(b *strings.Builder) {
	reasons := slices.SortedFunc(maps.Keys(r.reasons), func(x, y string) int {
		if r.reasons[x] != r.reasons[y] {
			return int(r.reasons[y] - r.reasons[x])
		}
		return strings.Compare(x, y)
	})
	const most = 5
	for i, text := range reasons {
		if i == most {
			fmt.Fprintf(b, "\n  and %d other reasons", len(reasons)-most)
			return
		}
		fmt.Fprintf(b, "\n  %s: %s rows", text, render.Thousands(r.reasons[text]))
	}
}

// rejectFile lists rejected rows: line, column, reason. A nil rejectFile lists nothing.
type rejectFile struct {
	f *os.File
	w *csv.Writer
}

// openRejects opens the file of REJECTS TO, if there is one. A load that goes on appends to it.
func openRejects(stmt *ast.CopyFrom, goesOn bool) (*rejectFile, error) {
	if stmt.RejectsTo == nil {
		return nil, nil
	}
	mode := os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	if goesOn {
		mode = os.O_CREATE | os.O_WRONLY | os.O_APPEND
	}
	f, err := os.OpenFile(stmt.RejectsTo.Text, mode, 0o644)
	if err != nil {
		return nil, fmt.Errorf("the file for rejected rows cannot be written: %w", err)
	}
	r := &rejectFile{f, csv.NewWriter(f)}
	if st, err := f.Stat(); err == nil && st.Size() > 0 {
		return r, nil
	}
	return r, r.w.Write([]string{"line", "column", "reason"})
}

func (r *rejectFile) write(rows []tabular.RowError) error {
	if r == nil {
		return nil
	}
	for _, bad := range rows {
		if err := r.w.Write([]string{strconv.FormatInt(bad.Line, 10), bad.Column, bad.Reason}); err != nil {
			return err
		}
	}
	return nil
}

func (r *rejectFile) close() error {
	if r == nil {
		return nil
	}
	r.w.Flush()
	if err := r.w.Error(); err != nil {
		return err
	}
	return r.f.Close()
}
