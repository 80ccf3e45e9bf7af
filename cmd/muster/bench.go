package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/musterdb/muster/bench"
	"github.com/musterdb/muster/bench/gen"
	"github.com/musterdb/muster/cluster/api"
	"github.com/musterdb/muster/cluster/client"
	"github.com/musterdb/muster/cluster/httpd"
	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/cmd/internal/load"
	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/parse"
)

// benchCmd measures a node of its own: load from Parquet, memory, questions, restart.
type benchCmd struct {
	Contacts int    `help:"Contacts; events come to about ten times as many." default:"1000000"`
	Plain    bool   `help:"Only the 12 attributes of the benchmark, instead of 20."`
	Dir      string `help:"Folder for files and data; what is there from before is used again." default:"./bench-data" placeholder:"DIR"`
	Runs     int    `help:"Runs of each question." default:"21"`
	Keep     bool   `help:"Do not load: ask the data that an earlier run loaded."`
}

// Help is the example that --help shows.
func (benchCmd) Help() string {
	return "Example:\n  muster bench --contacts 10000000 --dir /var/tmp/bench\n\nPrints Markdown: load, memory, restart and questions."
}

const benchBase = "bench"

var benchClock = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// Run measures and prints.
func (c *benchCmd) Run(ctx context.Context, io streams) error {
	name := fmt.Sprintf("%d-%d", c.Contacts, map[bool]int{true: 12, false: 20}[c.Plain])
	files, data := filepath.Join(c.Dir, "files-"+name), filepath.Join(c.Dir, "data-"+name)
	cfg := gen.Config{Seed: 1, Contacts: c.Contacts, Clock: benchClock, Plain: c.Plain}
	if err := c.files(ctx, io, cfg, files); err != nil {
		return err
	}
	fmt.Fprintf(io.out, "%s contacts; %s\n\n", render.Thousands(int64(c.Contacts)), bench.Machine())
	if !c.Keep {
		if err := os.RemoveAll(data); err != nil {
			return err
		}
		if err := c.load(ctx, io, cfg, files, data); err != nil {
			return err
		}
	}
	return c.questions(ctx, io, data)
}

// files makes the files unless they are there.
func (c *benchCmd) files(ctx context.Context, io streams, cfg gen.Config, dir string) error {
	if _, err := os.Stat(filepath.Join(dir, loadScript)); err == nil {
		return nil
	}
	progress := render.NewProgress(io.err, io.terminal)
	defer progress.Done()
	_, err := generate(ctx, cfg, dir, ".parquet", progress)
	return err
}

// load brings the files in through the HTTP door, as a user would, and stops the node.
func (c *benchCmd) load(ctx context.Context, io streams, cfg gen.Config, files, data string) (err error) {
	n, err := node.Open(node.Config{Dir: data})
	if err != nil {
		return err
	}
	defer func() {
		begin := time.Now()
		err = errors.Join(err, n.Close(context.Background()))
		fmt.Fprintf(io.out, "\nstop, with images: %s\n", time.Since(begin).Round(time.Millisecond))
	}()
	svc := api.New(n, api.Config{})
	listener, err := listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	server := httpServer(httpd.New(svc, httpd.Config{Version: version}), slog.New(slog.DiscardHandler))
	go func() { _ = server.Serve(listener) }() // ends with Close
	defer server.Close()
	cl, err := client.New("http://" + listener.Addr().String())
	if err != nil {
		return err
	}
	if _, _, err := ask(ctx, svc, benchBase, "CREATE BASE "+benchBase, false); err != nil {
		return err
	}
	fmt.Fprintf(io.out, "| load | rows | seconds | rows/s |\n|---|---:|---:|---:|\n")
	for part := range parse.Script(script(cfg, files, ".parquet")) {
		if part.Err != nil {
			return part.Err
		}
		if err := c.loadOne(ctx, io, svc, cl, part); err != nil {
			return err
		}
	}
	return memoryTable(ctx, io.out, svc)
}

func (c *benchCmd) loadOne(ctx context.Context, io streams, svc *api.Service, cl *client.Client, part parse.Part) error {
	stmt, ok := part.Stmt.(*ast.CopyFrom)
	if !ok {
		_, _, err := ask(ctx, svc, benchBase, part.Text, false)
		return err
	}
	report, err := load.Copy(ctx, load.Config{Client: cl, Base: benchBase, Text: part.Text, Stmt: stmt, Progress: render.NewProgress(io.err, io.terminal)})
	if err != nil {
		return err
	}
	took := report.Elapsed()
	fmt.Fprintf(io.out, "| %s | %d | %.1f | %.0f |\n", stmt.Target.Name, report.Rows(), took.Seconds(), float64(report.Rows())/took.Seconds())
	return nil
}

// memoryTable prints SHOW STORAGE in mebibytes.
func memoryTable(ctx context.Context, out io.Writer, svc *api.Service) error {
	s, _, err := ask(ctx, svc, benchBase, "SHOW STORAGE", true)
	if err != nil {
		return err
	}
	fmt.Fprintln(out)
	return s.table.Draw(out)
}

// questions starts a node over the data, which is the restart that is timed, and asks.
func (c *benchCmd) questions(ctx context.Context, io streams, data string) (err error) {
	begin := time.Now()
	n, err := node.Open(node.Config{Dir: data})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close(context.Background())) }()
	fmt.Fprintf(io.out, "\nrestart: %s\n\n", time.Since(begin).Round(time.Millisecond))
	svc := api.New(n, api.Config{})
	id, err := someID(ctx, svc)
	if err != nil {
		return err
	}
	timings, err := bench.Measure(bench.Questions(id), c.Runs, func(text string) (int64, error) {
		s, _, err := ask(ctx, svc, benchBase, text, false)
		if err != nil {
			return 0, err
		}
		if s.rows == 1 && s.first != 0 {
			return s.first, nil
		}
		return s.rows, nil
	})
	if err != nil {
		return err
	}
	bench.WriteTable(io.out, timings)
	return memoryTable(ctx, io.out, svc)
}

// someID returns the id of a contact.
func someID(ctx context.Context, svc *api.Service) (string, error) {
	s, _, err := ask(ctx, svc, benchBase, "SELECT id FROM contacts LIMIT 1", true)
	if err != nil {
		return "", err
	}
	if s.rows == 0 {
		return "", errors.New("the base is empty; run without --keep")
	}
	return s.table.Cell(0, 0), nil
}
