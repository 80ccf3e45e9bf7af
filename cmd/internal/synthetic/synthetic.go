// Package synthetic owns the way of made-up bases into a service in this process, without a server and files
// between: the benchmark's (bench/gen) and the demo's (bench/shop), which also goes on living. It does not make
// the rows.
package synthetic

import (
	"bytes"
	"context"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/musterdb/muster/bench/gen"
	"github.com/musterdb/muster/cluster/api"
	"github.com/musterdb/muster/engine/tabular"
)

// Progress is told how many rows are in and how much of the work is done.
type Progress interface {
	Update(rows, done, of int64)
}

// discard takes an answer that nobody wants.
type discard struct{}

func (discard) Begin(*arrow.Schema) error { return nil }
func (discard) Record(arrow.Record) error { return nil }
func (discard) Message(string) error      { return nil }

// run carries out statements whose answers do not matter.
func run(ctx context.Context, svc *api.Service, base string, statements []string) error {
	for _, text := range statements {
		if _, err := svc.Query(ctx, api.Request{Base: base, Text: text}, discard{}); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	return nil
}

// LoadBench makes a base and brings the benchmark's contacts and events into it.
func LoadBench(ctx context.Context, svc *api.Service, base string, cfg gen.Config, progress Progress) error {
	if err := run(ctx, svc, base, append([]string{"CREATE BASE " + base}, cfg.Declarations()...)); err != nil {
		return err
	}
	rows := int64(0)
	for chunk := range cfg.Chunks() {
		for i, rec := range append([]arrow.Record{cfg.ContactRecord(chunk)}, cfg.EventRecords(chunk)...) {
			target := "contacts"
			if i > 0 {
				target = gen.EventTypes[i-1].Name
			}
			if err := ingest(ctx, svc, base, target, i > 0, rec); err != nil {
				return err
			}
			rows += rec.NumRows()
			rec.Release()
		}
		progress.Update(rows, int64(chunk+1), int64(cfg.Chunks()))
	}
	return nil
}

// ingest brings a record in through the door for bulk rows. A row that does not fit is an error.
func ingest(ctx context.Context, svc *api.Service, base, target string, event bool, rec arrow.Record) error {
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
		err = fmt.Errorf("%d made-up rows of %s were rejected: %s", res.Rejected, target, res.Errors[0].Reason)
	}
	return err
}
