package load

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/musterdb/muster/cluster/client"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/engine/tabular"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/diag"
)

// SegmentConfig is one CREATE STATIC SEGMENT … FROM 'file'.
type SegmentConfig struct {
	Client   *client.Client
	Base     string
	Stmt     *ast.CreateSegment
	Progress Progress
}

// Segment makes a static segment of the ids of a file: those of the column called id, else of the first. Rows
// without one are counted. Errors have no text of the statement.
func Segment(ctx context.Context, cfg SegmentConfig) (*client.Segment, error) {
	defer cfg.Progress.Done()
	if cfg.Base == "" {
		return nil, diag.New(diag.Name, cfg.Stmt.Name.At, "a segment needs a base and none was named").WithHint("name it with --base or USE")
	}
	r, err := openFile(cfg.Stmt.File)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	out, in := io.Pipe()
	ids := &idReader{SegmentConfig: cfg, rows: r, to: bufio.NewWriterSize(in, 1<<16)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		in.CloseWithError(ids.all())
	}()
	res, err := cfg.Client.FillSegment(ctx, cfg.Base, cfg.Stmt.Name.Name, cfg.Stmt.Replace, out)
	_ = out.Close() // the server may have answered before it had all
	<-ended
	switch {
	case ids.failed != nil:
		return nil, ids.failed // which is why the server has not got all
	case err != nil:
		return nil, err
	}
	res.Rejected += ids.skipped
	return res, nil
}

// idReader turns a file into CSV with one column, id.
type idReader struct {
	SegmentConfig
	rows    *tabular.Reader
	to      *bufio.Writer
	read    int64
	skipped int64
	failed  error // of the file
	cell    []byte
}

func (f *idReader) all() error {
	_, err := f.to.WriteString("id\n")
	for err == nil {
		b, next := f.rows.Next()
		if errors.Is(next, io.EOF) {
			return f.to.Flush()
		}
		if next != nil {
			f.failed = unreadable(f.Stmt.File, next)
			return f.failed
		}
		err = f.batch(b)
	}
	return err
}

func (f *idReader) batch(b *tabular.Batch) error {
	col, ok := b.Column("id")
	if !ok && len(b.Columns) > 0 {
		col = &b.Columns[0]
	}
	f.skipped += int64(len(b.RowErrors))
	f.read += int64(b.Source)
	for i := range b.Rows {
		if col == nil || col.Null(i) {
			f.skipped++
			continue
		}
		f.cell = scalar.AppendText(f.cell[:0], col.Value(i, calendar.UTC))
		if len(f.cell) == 0 {
			f.skipped++
			continue
		}
		if err := f.line(); err != nil {
			return err
		}
	}
	done, total := f.rows.Progress()
	f.Progress.Update(f.read, done, total)
	return nil
}

// line writes the cell, in quotes, which doubles those that it holds.
func (f *idReader) line() error {
	for i := 0; i < len(f.cell); i++ {
		if f.cell[i] == '"' {
			f.cell = slices.Insert(f.cell, i, '"')
			i++
		}
	}
	_ = f.to.WriteByte('"') // an error stays with the writer
	_, _ = f.to.Write(f.cell)
	_, err := f.to.WriteString("\"\n")
	return err
}
