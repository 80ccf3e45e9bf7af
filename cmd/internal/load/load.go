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
	"sync"
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
	defer l.close()
	if err := l.open(ctx); err != nil {
		return nil, l.placed(err)
	}
	if err := l.run(ctx); err != nil {
		if l.report.empty() {
			return nil, l.placed(err)
		}
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

	mu        sync.Mutex
	announced uint64   // blocks of which the server has the hash
	in        progress // what is in for certain
}

// progress is how much of the file is in, earlier runs included.
type progress struct{ blocks, rows, rejected uint64 }

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
		return diag.New(diag.Conflict, l.Stmt.File.At, "this file was loaded before, with the same columns: %d rows were read, %d of them rejected", l.session.Rows, l.session.Rejected).
			WithHint("write AGAIN at the end of the statement to load it once more, as it is now")
	}
	l.announced = uint64(len(l.session.Hashes))
	l.in = progress{l.session.In, l.session.Rows, l.session.Rejected}
	l.report.before = int64(l.session.Rows)
	l.rejects, err = openRejects(l.Stmt, l.session.Rejected)
	return err
}

func (l *loader) close() {
	if l.reader != nil {
		_ = l.reader.Close()
	}
	if err := l.rejects.close(); err != nil {
		l.report.notes = append(l.report.notes, fmt.Sprintf("the list of rejected rows is not whole: %v", err))
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
	return nil, unreadable(name, err)
}

// unreadable is the error of a file that is not what it should be.
func unreadable(name *ast.Literal, err error) *diag.Error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return diag.New(diag.Invalid, name.At, "the file %s is cut off: it ends in the middle", name.Text).
			WithHint("fetch or write it once more; a copy that was still under way looks like this")
	}
	return diag.New(diag.Invalid, name.At, "the file cannot be read: %v", err).
		WithHint("COPY reads csv with a header line, ndjson, parquet and arrow, each also as .gz or .zst")
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

// run reads and maps on one goroutine, announces on a second and sends on this one, in the file's order:
// the last row of an id must win, and events of equal time keep their order.
func (l *loader) run(ctx context.Context) error {
	failed := l.sendAll(ctx)
	if failed == nil {
		failed = ctx.Err()
	}
	if failed == nil {
		return l.advance(ctx, nil, true)
	}
	// What is in is recorded even if the load was interrupted: the next run goes on behind it.
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	if err := l.advance(last, nil, false); err != nil && !isUnreachable(err) {
		l.report.notes = append(l.report.notes, fmt.Sprintf("how far the load came could not be recorded: %v", err))
	}
	return l.interrupted(failed)
}

// sendAll sends the blocks that are not in yet. Nothing of the load runs when it returns.
func (l *loader) sendAll(ctx context.Context) (failed error) {
	var others sync.WaitGroup
	defer others.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	read, ready := make(chan block, 2), make(chan block, announceMost)
	others.Go(func() { l.readAll(ctx, read) })
	others.Go(func() { l.announceAll(ctx, read, ready) })
	for b := range ready {
		if failed != nil {
			continue // drain, so that the others end
		}
		if failed = b.err; failed == nil {
			failed = l.take(ctx, b)
		}
		if failed != nil {
			cancel()
		}
	}
	return failed
}

func isUnreachable(err error) bool {
	var unreachable *client.ConnectError
	return errors.As(err, &unreachable)
}

// interrupted says of a load that was cut off how it goes on. A load that stopped for its file's sake
// says that itself.
func (l *loader) interrupted(err error) error {
	var known *diag.Error
	if errors.As(err, &known) {
		return err
	}
	how := "run the statement once more to go on"
	if l.Stmt.Again {
		how += ", without AGAIN, which would begin from the first row"
	}
	if errors.Is(err, context.Canceled) {
		return diag.New(diag.Canceled, diag.Span{}, "the load was interrupted; %d rows of the file are in", l.in.rows).WithHint("%s", how)
	}
	l.report.notes = append(l.report.notes, how+": no row counts twice")
	return err
}

// announceMost is how many blocks are announced at most at once.
const announceMost = 8

// announceAll tells the server which blocks come next before they are sent, as many at once as have been
// read: while one is sent the next is announced, so it costs no time.
func (l *loader) announceAll(ctx context.Context, read <-chan block, ready chan<- block) {
	defer close(ready)
	for b := range read {
		waiting := []block{b}
		for more := true; more && len(waiting) < announceMost && b.err == nil; {
			select {
			case next, ok := <-read:
				if more = ok; ok {
					waiting, b = append(waiting, next), next
				}
			default:
				more = false
			}
		}
		err := l.announce(ctx, waiting)
		for _, b := range waiting {
			if err != nil {
				b = block{err: err}
			}
			if !send(ctx, ready, b) || err != nil {
				return
			}
		}
	}
}

// announce announces the blocks that were not announced before.
func (l *loader) announce(ctx context.Context, blocks []block) error {
	var hashes []uint64
	for _, b := range blocks {
		if b.err == nil && b.number >= l.announced {
			hashes = append(hashes, b.hash)
		}
	}
	if len(hashes) == 0 {
		return nil
	}
	// An announcement is not given up half-way: what is recorded after an interruption builds on it.
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), announceWithin)
	defer stop()
	return l.advance(ctx, hashes, false)
}

// announceWithin is how long an announcement may take.
const announceWithin = 30 * time.Second

// advance announces blocks and records what is in.
func (l *loader) advance(ctx context.Context, hashes []uint64, done bool) error {
	l.mu.Lock()
	in := l.in
	l.mu.Unlock()
	err := l.Client.AdvanceLoad(ctx, l.Base, &client.Advance{
		Key: l.session.Key, Producer: l.session.Producer, From: l.announced, Hashes: hashes,
		In: in.blocks, Rows: in.rows, Rejected: in.rejected, Done: done,
	})
	if err == nil {
		l.announced += uint64(len(hashes))
	}
	return err
}

// readAll hands out the blocks that are not in yet.
func (l *loader) readAll(ctx context.Context, out chan<- block) {
	defer close(out)
	for number := uint64(0); ; number++ {
		b, err := l.reader.Next()
		if errors.Is(err, io.EOF) {
			if number < uint64(len(l.session.Hashes)) {
				send(ctx, out, block{err: l.changed(int64(number)*tabular.BatchRows+1, "ends before row")})
			}
			return
		}
		if err != nil {
			known := unreadable(l.Stmt.File, err)
			if number > 0 {
				known.Msg += fmt.Sprintf("; the first %d rows are in", int64(number)*tabular.BatchRows)
			}
			send(ctx, out, block{err: known})
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

// prepare maps a block. One that was announced before must be the same still; one that is in is skipped.
func (l *loader) prepare(ctx context.Context, number uint64, b *tabular.Batch) (next block, skip bool) {
	if number < uint64(len(l.session.Hashes)) && l.session.Hashes[number] != b.Hash {
		return block{err: l.changed(b.First, "has other rows from row")}, false
	}
	if number < l.session.In {
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
	return diag.New(diag.Conflict, l.Stmt.File.At, "a load of this file was cut off after %d rows, and the file has changed since: it %s %d on", l.session.Rows, how, row).
		WithHint("give back the file as it was to go on, or write AGAIN to load this one from its first row")
}

func (l *loader) badRow(bad tabular.RowError, first int64) error {
	where := fmt.Sprintf("row %d", bad.Row)
	if bad.Line != bad.Row {
		where = fmt.Sprintf("line %d", bad.Line)
	}
	in := "no row is in"
	if first > 1 {
		in = fmt.Sprintf("the %d rows before row %d are in", first-1, first)
	}
	return diag.New(diag.Invalid, l.Stmt.File.At, "%s of %s does not fit: %s; %s", where, l.Stmt.File.Text, reason(bad), in).
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
		return fmt.Errorf("the file for rejected rows cannot be written: %w", err)
	}
	l.report.count(b)
	l.mu.Lock()
	l.in.blocks++
	l.in.rows += uint64(b.source)
	l.in.rejected += uint64(len(b.rejected))
	l.mu.Unlock()
	l.Progress.Update(l.report.read, b.read, b.total)
	return nil
}
