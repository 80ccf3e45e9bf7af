package shell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/musterdb/muster/cluster/client"
	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/engine/tabular"
)

// answer is the last answer that has rows: as much of it as a table keeps.
type answer struct {
	text  string // the statement
	table *render.Table
	took  time.Duration
	// server is how long the server took of that, 0 if it does not say.
	server time.Duration
}

// begin starts the clock of a statement.
func (s *Shell) begin() { s.began = time.Now() }

// take takes an answer with rows: those of formats are written as they come, tables are drawn when they
// are whole.
func (s *Shell) take(ctx context.Context, a *client.Answer) error {
	r, err := ipc.NewReader(a.Body)
	if err != nil {
		return fmt.Errorf("the answer cannot be read: %w", err)
	}
	defer r.Release()
	got := &answer{text: s.asked, table: s.tableOf(ctx, r.Schema())}
	out, err := s.stream(r.Schema())
	if err != nil {
		return err
	}
	if err := s.receive(r, got.table, out); err != nil {
		got.table.Release()
		return err
	}
	got.took = time.Since(s.began)
	got.server, _ = a.Elapsed()
	s.keep(got)
	s.rest()
	if out != nil {
		return out.Close()
	}
	return s.show(got)
}

// tableOf returns an empty table that shows instants by the base's zone.
func (s *Shell) tableOf(ctx context.Context, sch *arrow.Schema) *render.Table {
	if !render.HasInstants(sch) {
		return render.NewTable(sch, nil)
	}
	return render.NewTable(sch, s.session.Zone(ctx))
}

// receive reads an answer to its end.
func (s *Shell) receive(r *ipc.Reader, table *render.Table, out tabular.Writer) error {
	for r.Next() {
		table.Add(r.Record())
		if s.spinner != nil {
			s.spinner.Rows(table.Rows())
		}
		if out == nil {
			continue
		}
		s.rest()
		if err := out.Write(r.Record()); err != nil {
			return err
		}
	}
	if err := r.Err(); err != nil {
		if errors.Is(err, context.Canceled) {
			return context.Canceled
		}
		return fmt.Errorf("the answer was cut off after %s: %w", render.Counted(table.Rows(), "row"), err)
	}
	return nil
}

// keep makes an answer the last one.
func (s *Shell) keep(a *answer) {
	if s.last != nil {
		s.last.table.Release()
	}
	s.last = a
}

// options are those of what is drawn now.
func (s *Shell) options() render.Options {
	width, height := s.window()
	o := render.Options{Style: s.style, Width: width, Rows: s.set.rows, Types: s.cfg.Terminal, More: `; \x _ shows them below each other`}
	if s.file != nil {
		o.Style.Colour, o.Width = false, 0
	}
	switch o.Rows {
	case 0:
		o.Rows = min(mostRows, max(leastRows, height-aroundTbl))
	case allRows:
		o.Rows = render.KeepRows
	}
	return o
}

// show draws an answer in the form that is set.
func (s *Shell) show(a *answer) error {
	var b bytes.Buffer
	o := s.options()
	draw := a.table.Box
	if isPlan(a.table) {
		draw = a.table.Lines
	}
	if s.set.expanded || s.set.format == formatLine {
		draw = a.table.Expanded
	}
	if err := draw(&b, o); err != nil {
		return err
	}
	if s.set.chart && a.table.Rows() > 1 {
		if err := a.table.Chart(&b, o); err != nil && !errors.Is(err, render.ErrNoChart) {
			return err
		}
	}
	if footer := s.footer(a, o); footer != "" {
		fmt.Fprintln(&b, o.Style.Paint(render.Dim, footer))
	}
	return s.page(context.Background(), b.Bytes())
}

// isPlan says whether an answer is the lines of a tree, which a box would cut.
func isPlan(t *render.Table) bool {
	fields := t.Schema().Fields()
	return len(fields) == 1 && fields[0].Name == "plan"
}

// footer counts the rows and tells how long they took.
func (s *Shell) footer(a *answer, o render.Options) string {
	text := a.table.Summary(o)
	if isPlan(a.table) { // its lines are no rows
		text = ""
	}
	if s.set.timing {
		text = strings.TrimPrefix(text+" in ", " ") + milliseconds(a.took)
		if a.server > 0 {
			text += " (server " + milliseconds(a.server) + ")"
		}
	}
	return text
}

// stream returns what writes the answer in a format of files, nil if it is drawn.
func (s *Shell) stream(sch *arrow.Schema) (tabular.Writer, error) {
	if s.set.expanded {
		return nil, nil
	}
	return writerOf(s.set.format, s.out, sch)
}

// The formats that are drawn.
const (
	formatTable = "table"
	formatLine  = "line"
)

// fileFormats are the others.
var fileFormats = map[string]tabular.Format{"csv": tabular.CSV, "ndjson": tabular.NDJSON, "markdown": tabular.Markdown}

// formatNames are all of them, as they are offered.
var formatNames = []string{formatTable, formatLine, "csv", "json", "ndjson", "markdown"}

// writerOf returns what writes records in a format, nil for one that is drawn.
func writerOf(format string, out io.Writer, sch *arrow.Schema) (tabular.Writer, error) {
	if f, ok := fileFormats[format]; ok {
		return tabular.NewWriter(out, f, sch)
	}
	if format == "json" {
		return tabular.NewDocument(out, sch)
	}
	return nil, nil
}

// again shows the last answer once more in a form of its own.
func (s *Shell) again(format string) error {
	if s.last == nil {
		return errNothing
	}
	w, err := writerOf(format, s.out, s.last.table.Schema())
	if err != nil {
		return err
	}
	if w == nil {
		before := s.set
		s.set.format, s.set.expanded = format, false
		defer func() { s.set = before }()
		return s.show(s.last)
	}
	for _, r := range s.last.table.Records() {
		if err := w.Write(r); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	if !s.last.table.Whole() {
		s.note("only the first %s of %s are kept here; \\export writes them all", render.Thousands(render.KeepRows), render.Counted(s.last.table.Rows(), "row"))
	}
	return nil
}
