package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/musterdb/muster/cluster/client"
	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/cmd/internal/session"
	"github.com/musterdb/muster/engine/tabular"
	"github.com/musterdb/muster/query/calendar"
)

// formOf names the form of answers that goes with a file's format.
var formOf = map[tabular.Format]string{
	tabular.Auto: "table",
	tabular.CSV:  "csv", tabular.NDJSON: "ndjson", tabular.Markdown: "markdown", tabular.Parquet: "parquet",
	tabular.Arrow: "arrow", tabular.ArrowFile: "arrow",
}

// chooseForm makes the form definite, and refuses what would fill a terminal with bytes that are no text.
func (c *queryCmd) chooseForm(out io.Writer) error {
	if c.Format == "auto" {
		format, _ := tabular.FormatOf(c.Output)
		c.Format = formOf[format]
	}
	if f, ok := out.(*os.File); ok && c.Output == "" && c.binary() && isTerminal(f) {
		return usagef("%s is not text: write it to a file with -o FILE, or send it on through a pipe", c.Format)
	}
	return nil
}

// binary says whether the form is no text. Its answers cannot stand one after the other.
func (c *queryCmd) binary() bool { return c.Format == "arrow" || c.Format == "parquet" }

// wire returns the form in which the server answers.
func (c *queryCmd) wire() string {
	if c.Format == "table" {
		return "arrow"
	}
	return c.Format
}

// rows writes an answer in the form that was asked for, compressed if the file's name says so. Tables show
// instants by the zone of the session's base.
func (c *queryCmd) rows(s *session.Session, out io.Writer) func(context.Context, *client.Answer) error {
	answers := 0
	return func(ctx context.Context, answer *client.Answer) error {
		if answers++; answers > 1 && c.binary() {
			return fmt.Errorf("%s holds one answer: ask the second statement by itself, or choose csv or ndjson", c.Format)
		}
		format, how := tabular.FormatOf(c.Output)
		w, err := tabular.Compress(out, how)
		if err != nil {
			return err
		}
		if err := c.write(w, answer.Body, format, func() *calendar.Zone { return s.Zone(ctx) }); err != nil {
			return err
		}
		return w.Close()
	}
}

func (c *queryCmd) write(out io.Writer, body io.Reader, format tabular.Format, zone func() *calendar.Zone) error {
	switch {
	case c.Format == "table":
		return drawTable(body, out, zone)
	case c.Format == "arrow" && format == tabular.ArrowFile: // a file has an index at its end, a stream has none
		return copyRecords(body, out, format)
	}
	if _, err := io.Copy(out, body); err != nil {
		return cutOff(err)
	}
	return nil
}

func cutOff(err error) error {
	return fmt.Errorf("the answer was cut off, what is written is not whole: %w", err)
}

// copyRecords reads an Arrow stream and writes it in another format.
func copyRecords(body io.Reader, out io.Writer, format tabular.Format) error {
	var w tabular.Writer
	err := eachRecord(body, func(s *arrow.Schema) (err error) {
		w, err = tabular.NewWriter(out, format, s)
		return err
	}, func(rec arrow.Record) error { return w.Write(rec) })
	if err != nil {
		return err
	}
	return w.Close()
}

// drawTable reads an Arrow stream and draws it, instants by a zone that is asked for if there are some.
func drawTable(body io.Reader, out io.Writer, zone func() *calendar.Zone) error {
	var t *render.Table
	err := eachRecord(body, func(s *arrow.Schema) error {
		if t = render.NewTable(s, nil); render.HasInstants(s) {
			t = render.NewTable(s, zone())
		}
		return nil
	}, func(rec arrow.Record) error {
		t.Add(rec)
		return nil
	})
	if err != nil {
		return err
	}
	return t.Draw(out)
}

// eachRecord reads an Arrow stream: begin gets its schema, each its records.
func eachRecord(body io.Reader, begin func(*arrow.Schema) error, each func(arrow.Record) error) error {
	r, err := ipc.NewReader(body)
	if err != nil {
		return fmt.Errorf("the answer cannot be read: %w", err)
	}
	defer r.Release()
	if err := begin(r.Schema()); err != nil {
		return err
	}
	for r.Next() {
		if err := each(r.Record()); err != nil {
			return err
		}
	}
	if err := r.Err(); err != nil {
		return cutOff(err)
	}
	return nil
}
