package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/bench/gen"
	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/engine/tabular"
)

// genCmd writes a synthetic base.
type genCmd struct {
	Contacts int    `help:"Contacts; events come to about ten times as many." default:"100000"`
	Out      string `help:"Folder for the files, made if it does not exist." default:"." placeholder:"DIR"`
	Format   string `help:"Form of the files: ${enum}." enum:"parquet,csv,ndjson,arrow" default:"parquet"`
	Compress string `help:"Compression: ${enum}." enum:"none,gz,zst" default:"none"`
	Seed     uint64 `help:"The same seed, size and clock give the same files." default:"1"`
	Clock    string `help:"The instant at which the base is made, such as 2026-11-22T00:00:00Z." default:"2026-11-22T00:00:00Z"`
	Plain    bool   `help:"Only the 12 attributes of the benchmark, instead of 20."`
}

// Help is the example that --help shows.
func (genCmd) Help() string {
	return `Example:
  muster gen --contacts 1000000 --out ./base
  muster query -c "CREATE BASE big" && muster query --base big -f ./base/load.muster

load.muster holds the statements that declare and load what was written.`
}

// Run writes contacts, a file for each event type, and the script that loads them.
func (c *genCmd) Run(ctx context.Context, io streams) error {
	clock, err := time.Parse(time.RFC3339, c.Clock)
	if err != nil {
		return usagef("--clock %q is not an instant; write it like 2026-11-22T00:00:00Z", c.Clock)
	}
	if c.Contacts < 1 {
		return usagef("--contacts must be at least 1")
	}
	cfg := gen.Config{Seed: c.Seed, Contacts: c.Contacts, Clock: clock, Plain: c.Plain}
	ext := "." + c.Format
	if c.Compress != "none" {
		ext += "." + c.Compress
	}
	progress := render.NewProgress(io.err, io.terminal)
	rows, err := generate(ctx, cfg, c.Out, ext, progress)
	progress.Done()
	if err != nil {
		return err
	}
	fmt.Fprintf(io.err, "%s rows written to %s; load them with: muster query --base BASE -f %s\n",
		render.Thousands(rows), c.Out, filepath.Join(c.Out, loadScript))
	return nil
}

// loadScript is the name of the script beside the files.
const loadScript = "load.muster"

// generate writes the files of a base and returns how many rows they have.
func generate(ctx context.Context, cfg gen.Config, dir, ext string, progress *render.Progress) (rows int64, err error) {
	files, err := createFiles(cfg, dir, ext)
	if err != nil {
		return 0, err
	}
	defer files.abort()
	for chunk := range cfg.Chunks() {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		for i, rec := range append([]arrow.Record{cfg.ContactRecord(chunk)}, cfg.EventRecords(chunk)...) {
			rows += rec.NumRows()
			err := files[i].Write(rec)
			rec.Release()
			if err != nil {
				return 0, err
			}
		}
		progress.Update(rows, int64(chunk+1), int64(cfg.Chunks()))
	}
	return rows, files.commit(filepath.Join(dir, loadScript), script(cfg, dir, ext))
}

// script returns the statements that declare and load a base's files.
func script(cfg gen.Config, dir, ext string) string {
	var b strings.Builder
	for _, s := range cfg.Declarations() {
		b.WriteString(s + ";\n")
	}
	for _, target := range targets() {
		fmt.Fprintf(&b, "COPY %s FROM '%s';\n", target, strings.ReplaceAll(filepath.Join(dir, target+ext), "'", "''"))
	}
	return b.String()
}

// targets returns what the files hold, contacts first.
func targets() []string {
	all := []string{"contacts"}
	for _, e := range gen.EventTypes {
		all = append(all, e.Name)
	}
	return all
}

// outputs are the files under way, in the order of targets.
type outputs []*tabular.File

func createFiles(cfg gen.Config, dir, ext string) (outputs, error) {
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	var files outputs
	for i, target := range targets() {
		sch := cfg.ContactSchema()
		if i > 0 {
			sch = cfg.EventSchema(i - 1)
		}
		f, err := tabular.Create(filepath.Join(dir, target+ext), tabular.Auto, sch)
		if err != nil {
			files.abort()
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

func (o outputs) abort() {
	for _, f := range o {
		f.Abort()
	}
}

// commit gives the files their names, the script last: where it is, the files are whole.
func (o outputs) commit(path, text string) error {
	for _, f := range o {
		if err := f.Commit(); err != nil {
			return err
		}
	}
	return writeFile(path, text)
}
