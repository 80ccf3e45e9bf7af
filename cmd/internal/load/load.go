// Package load owns COPY on the client's side: it reads a file, maps its rows and sends them block by
// block as a session that can be cut off and gone on with. The server never reads a file. It draws no
// progress itself and knows no command line.
package load

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/musterdb/muster/cluster/client"
	"github.com/musterdb/muster/engine/tabular"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/print"
)

// Progress is told how far a load has come.
type Progress interface {
	Update(rows, done, total int64)
	Done()
}

// Config is one COPY … FROM.
type Config struct {
	Client   *client.Client
	Base     string
	Text     string // the statement, for places in errors
	Stmt     *ast.CopyFrom
	Progress Progress
}

// Copy carries out COPY … FROM. The report says what is in even if an error ended the load.
func Copy(ctx context.Context, cfg Config) (*Report, error) {
	l := &loader{Config: cfg, report: &Report{begin: time.Now(), reasons: map[string]int64{}}}
	defer cfg.Progress.Done()
	if err := l.open(ctx); err != nil {
		return nil, l.placed(err)
	}
	defer l.close()
	if err := l.run(ctx); err != nil {
		return l.report, l.placed(err)
	}
	return l.report, nil
}

// loader is one COPY under way.
type loader struct {
	Config
	reader  *tabular.Reader
	session *client.Load
	mapping *mapping
	rejects *rejectFile
	report  *Report

	pending client.Advance // sent and acknowledged, not yet recorded
	saved   time.Time
}

func (l *loader) placed(err error) error {
	var known *diag.Error
	if errors.As(err, &known) && known.Text == "" && known.Span != (diag.Span{}) {
		return known.In(l.Text)
	}
	return err
}

func (l *loader) open(ctx context.Context) (err error) {
	if l.Base == "" {
		return diag.New(diag.Name, l.Stmt.Target.At, "COPY needs a base and none was named").WithHint("name it with --base or USE")
	}
	if l.reader, err = openFile(l.Stmt.File); err != nil {
		return err
	}
	if l.mapping, err = newMapping(ctx, l.Client, l.Base, l.Stmt); err != nil {
		return err
	}
	if l.session, err = l.Client.OpenLoad(ctx, l.Base, l.key(), l.Stmt.Again); err != nil {
		return err
	}
	if l.session.Done {
		return diag.New(diag.Conflict, l.Stmt.File.At, "this file is loaded already: %d rows were read, %d of them rejected", l.session.Rows, l.session.Rejected).
			WithHint("write AGAIN at the end of the statement to load it once more")
	}
	l.pending = client.Advance{Key: l.session.Key, Producer: l.session.Producer, From: uint64(len(l.session.Hashes))}
	l.saved = time.Now()
	l.rejects, err = openRejects(l.Stmt, len(l.session.Hashes) > 0)
	return err
}

func (l *loader) close() {
	_ = l.reader.Close()
	if err := l.rejects.close(); err != nil {
		l.report.rejectsErr = err
	}
}

// openFile opens the file that COPY names, relative to the folder the client runs in.
func openFile(name *ast.Literal) (*tabular.Reader, error) {
	r, err := tabular.Open(name.Text, tabular.Options{})
	if err == nil {
		return r, nil
	}
	if errors.Is(err, os.ErrNotExist) {
		dir, _ := os.Getwd()
		e := diag.New(diag.Invalid, name.At, "there is no file %s", name.Text)
		if near, ok := nearFile(name.Text); ok {
			return nil, e.WithHint("did you mean '%s'?", near)
		}
		return nil, e.WithHint("paths are relative to %s, where this client runs", dir)
	}
	return nil, diag.New(diag.Invalid, name.At, "the file cannot be read: %v", err)
}

// nearFile returns a file of the same folder whose name is nearly the one that was written.
func nearFile(path string) (string, bool) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return "", false
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	near, ok := diag.Suggest(filepath.Base(path), names)
	return filepath.Join(filepath.Dir(path), near), ok
}

// key names the load: the file's place and what its rows become. Whether bad rows are skipped and where
// their list goes may differ from run to run.
func (l *loader) key() string {
	path, err := filepath.Abs(l.Stmt.File.Text)
	if err != nil {
		path = l.Stmt.File.Text
	}
	plain := &ast.CopyFrom{Target: l.Stmt.Target, File: &ast.Literal{Kind: ast.LitText, Text: path}, Map: l.Stmt.Map}
	h := xxh3.HashString128(print.Stmt(plain)).Bytes()
	return l.Stmt.Target.Name + "-" + hex.EncodeToString(h[:])
}

// block is one block of the file, mapped and ready to be sent.
type block struct {
	number   uint64
	hash     uint64
	source   int64 // rows of the file
	good     int64
	first    int64 // number of the first source row
	bytes    []byte
	schema   uint64
	rejected []tabular.RowError
	read     int64
	total    int64
	err      error // the file cannot be read on, or a row stops the load
}

// run reads and maps on one goroutine and sends on this one, in the file's order: the last row of an id
// must win, and events of equal time keep their order.
func (l *loader) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	blocks := make(chan block, 2)
	go l.readAll(ctx, blocks)
	var failed error
	for b := range blocks {
		if failed != nil {
			continue // drain, so that the reader ends
		}
		if failed = b.err; failed == nil {
			failed = l.take(ctx, b)
		}
		if failed != nil {
			cancel()
		}
	}
	if failed != nil {
		l.report.stopped = true
		return errors.Join(failed, l.record(context.WithoutCancel(ctx), false))
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.record(ctx, true)
}

// readAll hands out the blocks that are not in yet.
func (l *loader) readAll(ctx context.Context, out chan<- block) {
	defer close(out)
	for number := uint64(0); ; number++ {
		b, err := l.reader.Next()
		if errors.Is(err, io.EOF) {
			if int(number) < len(l.session.Hashes) {
				send(ctx, out, block{err: l.changed(int64(number)*tabular.BatchRows+1, "ends before row")})
			}
			return
		}
		if err != nil {
			send(ctx, out, block{err: diag.New(diag.Invalid, l.Stmt.File.At, "the file cannot be read: %v", err)})
			return
		}
		next, skip := l.prepare(ctx, number, b)
		if skip {
			continue
		}
		if !send(ctx, out, next) || next.err != nil {
			return
		}
	}
}

func send(ctx context.Context, out chan<- block, b block) bool {
	select {
	case out <- b:
		return true
	case <-ctx.Done():
		return false
	}
}

// prepare maps a block, or checks that one that is in has not changed.
func (l *loader) prepare(ctx context.Context, number uint64, b *tabular.Batch) (next block, skip bool) {
	if int(number) < len(l.session.Hashes) {
		if l.session.Hashes[number] != b.Hash {
			return block{err: l.changed(b.First, "has other rows from row")}, false
		}
		return block{}, true
	}
	next = block{number: number, hash: b.Hash, source: int64(b.Source), first: b.First}
	next.read, next.total = l.reader.Progress()
	next.err = l.mapping.block(ctx, b, &next)
	if next.err == nil && len(next.rejected) > 0 && !l.Stmt.SkipBad {
		next.err = l.badRow(next.rejected[0], b.First)
	}
	return next, false
}

func (l *loader) changed(row int64, how string) error {
	return diag.New(diag.Conflict, l.Stmt.File.At, "the file is not the one of which %d rows are in: it %s %d on", l.session.Rows, how, row).
		WithHint("give back the file as it was to go on, or write AGAIN to load this one whole")
}

func (l *loader) badRow(bad tabular.RowError, first int64) error {
	where := fmt.Sprintf("row %d", bad.Row)
	if bad.Line != bad.Row {
		where = fmt.Sprintf("line %d", bad.Line)
	}
	return diag.New(diag.Invalid, l.Stmt.File.At, "%s of %s does not fit: %s; the %d rows before row %d are in", where, l.Stmt.File.Text, reason(bad), first-1, first).
		WithHint("mend the row and run the statement again, which goes on there, or write ON ERROR SKIP")
}

func reason(bad tabular.RowError) string {
	if bad.Column != "" {
		return "column " + bad.Column + ": " + bad.Reason
	}
	return bad.Reason
}

// take sends a block and counts it.
func (l *loader) take(ctx context.Context, b block) error {
	if b.good > 0 {
		w, err := l.Client.SendBlock(ctx, l.Base, client.Block{
			Event: l.mapping.event(), Producer: l.session.Producer, Number: b.number, Schema: b.schema, Change: b.bytes,
		})
		if err != nil {
			return err
		}
		l.report.add(w)
	}
	if err := l.rejects.write(b.rejected); err != nil {
		return err
	}
	l.report.count(b)
	l.pending.Hashes = append(l.pending.Hashes, b.hash)
	l.pending.Rows += uint64(b.source)
	l.pending.Rejected += uint64(len(b.rejected))
	l.Progress.Update(l.report.read, b.read, b.total)
	const blocksBetween, timeBetween = 64, time.Second
	if len(l.pending.Hashes) < blocksBetween && time.Since(l.saved) < timeBetween {
		return nil
	}
	return l.record(ctx, false)
}

// record tells the server that the blocks sent so far are in, so that the next run skips them.
func (l *loader) record(ctx context.Context, done bool) error {
	if len(l.pending.Hashes) == 0 && !done {
		return nil
	}
	l.pending.Done = done
	if err := l.Client.AdvanceLoad(ctx, l.Base, &l.pending); err != nil {
		return err
	}
	l.report.before = int64(l.session.Rows)
	l.pending = client.Advance{Key: l.session.Key, Producer: l.session.Producer, From: l.pending.From + uint64(len(l.pending.Hashes))}
	l.saved = time.Now()
	return nil
}
