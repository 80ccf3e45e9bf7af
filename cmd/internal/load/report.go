package load

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
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
	"github.com/musterdb/muster/query/diag"
)

// Report says what a load did.
type Report struct {
	begin   time.Time
	read    int64 // source rows of this run
	good    int64
	before  int64 // source rows that earlier runs brought in
	written client.Written
	reasons map[string]int64
	notes   []string // what else must be said
}

func (r *Report) add(w *client.Written) {
	r.written.Created += w.Created
	r.written.Updated += w.Updated
	r.written.Events += w.Events
	r.written.Duplicates += w.Duplicates
	r.written.Repeated += w.Repeated
}

func (r *Report) count(b block) {
	r.read += b.source
	r.good += b.good
	for _, bad := range b.rejected {
		text := kind(bad)
		if _, ok := r.reasons[text]; !ok && len(r.reasons) >= maxReasons {
			text = "other reasons"
		}
		r.reasons[text]++
	}
}

// maxReasons bounds how many reasons are told apart, which may hold a value each.
const maxReasons = 1000

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

// empty says whether there is nothing to report.
func (r *Report) empty() bool { return r.read == 0 && len(r.notes) == 0 }

// String returns the report as people read it.
func (r *Report) String() string {
	var b strings.Builder
	took := r.Elapsed()
	fmt.Fprintf(&b, "%s in", render.Counted(r.good, "row"))
	rejected := r.read - r.good
	if rejected > 0 {
		fmt.Fprintf(&b, ", %s rejected", render.Thousands(rejected))
	}
	if r.before > 0 {
		fmt.Fprintf(&b, ", after %s rows of the file that were read before", render.Thousands(r.before))
	}
	if n := r.written.Repeated; n > 0 {
		fmt.Fprintf(&b, ", %s of them had arrived before the cut", render.Thousands(int64(n)))
	}
	fmt.Fprintf(&b, " (%s, %s rows/s)", took.Round(10*time.Millisecond), render.Thousands(int64(float64(r.read)/took.Seconds())))
	if w := r.written; w.Created > 0 {
		fmt.Fprintf(&b, "; %s created", render.Counted(int64(w.Created), "contact"))
	}
	if r.written.Duplicates > 0 {
		fmt.Fprintf(&b, "; %s events were in already by their id", render.Thousands(int64(r.written.Duplicates)))
	}
	r.writeReasons(&b)
	for _, n := range r.notes {
		fmt.Fprintf(&b, "\n  %s", n)
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
		fmt.Fprintf(b, "\n  %s: %s", text, render.Counted(r.reasons[text], "row"))
	}
}

// rejectFile lists rejected rows: line, column, reason. A nil rejectFile lists nothing.
type rejectFile struct {
	f *os.File
	w *csv.Writer
}

// openRejects opens the file of REJECTS TO, if there is one. Of a load that goes on it keeps the rows of
// the blocks that are in, and drops those of a block that was cut off, which comes again.
func openRejects(stmt *ast.CopyFrom, keep uint64) (*rejectFile, error) {
	if stmt.RejectsTo == nil {
		return nil, nil
	}
	if sameFile(stmt.RejectsTo.Text, stmt.File.Text) {
		return nil, diag.New(diag.Invalid, stmt.RejectsTo.At, "the rejected rows cannot go into the file that is read").
			WithHint("give them a file of their own, for example 'rejects.csv'")
	}
	f, err := os.OpenFile(stmt.RejectsTo.Text, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, diag.New(diag.Invalid, stmt.RejectsTo.At, "the file for rejected rows cannot be written: %v", err).
			WithHint("name a file in a folder that exists and that you may write to")
	}
	end, err := endOfRejects(f, keep)
	if err == nil {
		err = f.Truncate(end)
	}
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	r := &rejectFile{f, csv.NewWriter(f)}
	if err == nil && end == 0 {
		err = r.w.Write([]string{"line", "column", "reason"})
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("the file for rejected rows cannot be written: %w", err)
	}
	return r, nil
}

func sameFile(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// endOfRejects returns where the header and the first rows of a list end; 0 if the list is to begin anew.
func endOfRejects(f *os.File, rows uint64) (int64, error) {
	if rows == 0 {
		return 0, nil
	}
	r := csv.NewReader(f)
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	end := int64(0)
	for range rows + 1 {
		if _, err := r.Read(); errors.Is(err, io.EOF) {
			break // the list of earlier runs went elsewhere
		} else if err != nil {
			return 0, err
		}
		end = r.InputOffset()
	}
	return end, nil
}

// write lists rows. They are in the file when it returns: the next run counts on it.
func (r *rejectFile) write(rows []tabular.RowError) error {
	if r == nil || len(rows) == 0 {
		return nil
	}
	for _, bad := range rows {
		if err := r.w.Write([]string{strconv.FormatInt(bad.Line, 10), bad.Column, bad.Reason}); err != nil {
			return err
		}
	}
	r.w.Flush()
	return r.w.Error()
}

func (r *rejectFile) close() error {
	if r == nil {
		return nil
	}
	r.w.Flush()
	return errors.Join(r.w.Error(), r.f.Close())
}
