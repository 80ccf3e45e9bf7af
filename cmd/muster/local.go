package main

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/musterdb/muster/cluster/api"
	"github.com/musterdb/muster/cmd/internal/render"
)

// The benchmark's base lives in this process: these helpers reach its service without a server between.

// tableSink collects an answer as a table.
type tableSink struct {
	table *render.Table
	rows  int64
	keep  bool  // rows are kept for drawing
	first int64 // the first value of an INT column, which is the count of a COUNT
}

// Begin begins the table.
func (s *tableSink) Begin(sch *arrow.Schema) error {
	s.table = render.NewTable(sch, nil)
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

// Message passes over what is said: the benchmark asks for rows.
func (s *tableSink) Message(string) error { return nil }

// ask carries out a statement that answers a count or rows, and returns which.
func ask(ctx context.Context, svc *api.Service, base, text string, keep bool) (*tableSink, api.Stats, error) {
	s := &tableSink{keep: keep}
	stats, err := svc.Query(ctx, api.Request{Base: base, Text: text}, s)
	return s, stats, err
}

// firstInt returns the first value of a record whose first column is INT, else 0.
func firstInt(r arrow.Record) int64 {
	if col, ok := r.Column(0).(*array.Int64); ok {
		return col.Value(0)
	}
	return 0
}
