package api

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
)

// running is the list of statements under way, for SHOW QUERIES and KILL.
type running struct {
	mu   sync.Mutex
	last uint64
	all  map[uint64]*query
}

// query is one statement under way.
type query struct {
	number uint64
	req    Request
	begin  time.Time
	rows   atomic.Int64 // answered so far
	done   atomic.Int64 // changed so far, by a statement that writes
	cancel context.CancelCauseFunc
}

// enter adds a statement. The context ends when KILL is told its number.
func (r *running) enter(ctx context.Context, req Request) (context.Context, *query) {
	ctx, cancel := context.WithCancelCause(ctx)
	q := &query{req: req, begin: time.Now(), cancel: cancel}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	q.number = r.last
	if r.all == nil {
		r.all = map[uint64]*query{}
	}
	r.all[q.number] = q
	return ctx, q
}

func (r *running) leave(q *query) {
	q.cancel(nil)
	r.mu.Lock()
	delete(r.all, q.number)
	r.mu.Unlock()
}

// interrupted has call called if ctx ends before the function that it returns is called. call may be nil.
func interrupted(ctx context.Context, call func()) (stop func() bool) {
	if call == nil {
		return func() bool { return false }
	}
	return context.AfterFunc(ctx, call)
}

// list returns the statements under way, the oldest first.
func (r *running) list() []*query {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedFunc(maps.Values(r.all), func(a, b *query) int {
		if a.number < b.number {
			return -1
		}
		return 1
	})
}

// kill ends a statement, which answers why. It says whether the statement runs.
func (r *running) kill(number uint64) bool {
	r.mu.Lock()
	q, ok := r.all[number]
	r.mu.Unlock()
	if ok {
		q.cancel(diag.New(diag.Canceled, diag.Span{}, "killed by KILL %d", number))
	}
	return ok
}

// watched is a sink that counts the rows that pass.
type watched struct {
	Sink
	q *query
}

// Record passes rows on, unless the statement was killed meanwhile.
func (w watched) Record(r arrow.Record) error {
	w.q.rows.Add(r.NumRows())
	return w.Sink.Record(r)
}

// kill carries out KILL.
func (x *execution) kill(stmt *ast.Kill) error {
	number, err := strconv.ParseUint(stmt.Query.Text, 10, 64)
	if err != nil || number == x.query.number || !x.running.kill(number) {
		return diag.New(diag.Name, stmt.Query.At, "no statement with number %s runs", stmt.Query.Text).
			WithHint("SHOW QUERIES lists those that run; one that has ended is not among them")
	}
	return x.to.Message("statement " + stmt.Query.Text + " killed")
}

// showQueries lists the statements under way but itself.
func (x *execution) showQueries() error {
	var rows [][]any
	for _, q := range x.running.list() {
		if q == x.query {
			continue
		}
		rows = append(rows, []any{
			int64(q.number), orNil(q.req.Base), shortened(q.req.Text), time.Since(q.begin).Seconds(), q.rows.Load() + q.done.Load(), orNil(q.req.Client),
		})
	}
	return x.table([]column{
		{"query", intColumn}, {"base", textColumn}, {"statement", textColumn}, {"seconds", floatColumn}, {"rows", intColumn}, {"client", textColumn},
	}, rows...)
}

// orNil returns nil for an empty text, which is shown as null.
func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// shortened returns a statement in one line of at most 200 characters.
func shortened(text string) string {
	const most = 200
	if len(text) > 16*most {
		text = text[:16*most] // what follows is not shown, however much of this is blank
	}
	text = strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
