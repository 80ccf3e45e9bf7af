package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/musterdb/muster/bench/gen"
	"github.com/musterdb/muster/cluster/api"
	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/engine/tabular"
)

// The base of the demo and the benchmark lives in this process: these helpers reach its service without
// a server between.

// tableSink collects an answer as a table.
type tableSink struct {
	table   *render.Table
	message string
	rows    int64
	keep    bool  // rows are kept for drawing
	first   int64 // the first value of an INT column, which is the count of a COUNT
}

// Begin begins the table.
func (s *tableSink) Begin(sch *arrow.Schema) error {
	s.table = render.NewTable(sch)
	return nil
}

// Record adds rows.
func (s *tableSink) Record(r arrow.Record) error {
	if s.keep {
		s.table.Add(r)
	}
	if s.rows == 0 && r.NumRows() > 0 {
		s.first = firstInt(r)
	}
	s.rows += r.NumRows()
	return nil
}

// Message keeps the message.
func (s *tableSink) Message(text string) error {
	s.message = text
	return nil
}

// ask carries out a statement that answers a count or rows, and returns which.
func ask(ctx context.Context, svc *api.Service, base, text string, keep bool) (*tableSink, api.Stats, error) {
	s := &tableSink{keep: keep}
	stats, err := svc.Query(ctx, api.Request{Base: base, Text: text}, s)
	return s, stats, err
}

// loadGenerated makes a base and brings a synthetic one into it.
func loadGenerated(ctx context.Context, svc *api.Service, base string, cfg gen.Config, progress *render.Progress) error {
	for _, s := range append([]string{"CREATE BASE " + base}, cfg.Declarations()...) {
		if _, _, err := ask(ctx, svc, base, s, false); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	rows := int64(0)
	for chunk := range cfg.Chunks() {
		for i, rec := range append([]arrow.Record{cfg.ContactRecord(chunk)}, cfg.EventRecords(chunk)...) {
			if err := ingestRecord(ctx, svc, base, targets()[i], i > 0, rec); err != nil {
				return err
			}
			rows += rec.NumRows()
			rec.Release()
		}
		progress.Update(rows, int64(chunk+1), int64(cfg.Chunks()))
	}
	return nil
}

func ingestRecord(ctx context.Context, svc *api.Service, base, target string, event bool, rec arrow.Record) error {
	var b bytes.Buffer
	w := ipc.NewWriter(&b, ipc.WithSchema(rec.Schema()))
	if err := w.Write(rec); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	res, err := svc.Ingest(ctx, api.IngestRequest{
		Base: base, Target: target, Event: event, Body: &b, Options: tabular.Options{Format: tabular.Arrow},
	})
	if err == nil && res.Rejected > 0 {
		err = fmt.Errorf("%d generated rows of %s were rejected: %s", res.Rejected, target, res.Errors[0].Reason)
	}
	return err
}

// firstInt returns the first value of a record whose first column is INT, else 0.
func firstInt(r arrow.Record) int64 {
	if col, ok := r.Column(0).(*array.Int64); ok {
		return col.Value(0)
	}
	return 0
}
