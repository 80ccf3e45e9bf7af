package api

import (
	"context"
	"log/slog"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/storage/schema"
)

// Config are the limits of a service.
type Config struct {
	// StatementTime is how long a statement may take; default 10 minutes.
	StatementTime time.Duration
	// Logger gets a line for each statement that fails for a reason that is not the user's.
	Logger *slog.Logger
}

// Service answers statements and takes rows. Its methods are safe for concurrent use.
type Service struct {
	node     *node.Node
	cfg      Config
	metrics  *Metrics
	running  running
	prepared prepared
	filling  filling
	frequent frequent
}

// New returns the service of a node.
func New(n *node.Node, cfg Config) *Service {
	if cfg.StatementTime <= 0 {
		cfg.StatementTime = 10 * time.Minute
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{node: n, cfg: cfg, metrics: newMetrics()}
}

// Ready says why the service does not serve, or nil.
func (s *Service) Ready() error { return s.node.Ready() }

// Metrics returns the service's counters.
func (s *Service) Metrics() *Metrics { return s.metrics }

// Sink takes an answer. Begin comes once before the records; a statement that answers no rows calls
// Message instead. A record is valid during the call only.
type Sink interface {
	Begin(*arrow.Schema) error
	Record(arrow.Record) error
	Message(text string) error
}

// Request is a statement with what belongs to it.
type Request struct {
	Base   string // empty: statements over a base are refused
	Text   string
	Params map[string]schema.Value // by name, without $
	Client string                  // who asks, for SHOW QUERIES
	// Interrupt, if there is one, is called when the statement has been killed or has taken too long, from
	// another goroutine: it ends what the sink waits for.
	Interrupt func()
}

// Stats are what is said about a statement beside its answer.
type Stats struct {
	Rows    int64         // answered
	Elapsed time.Duration // from text to the last record
	Clock   int64         // the statement's clock in ms; 0 if it has none
	// Warnings are of what is legal but rarely meant; their places are in the statement's text.
	Warnings []diag.Warning
}

// Query carries out one statement and hands its answer to the sink. Errors of the user are *diag.Error
// with their place in the text.
func (s *Service) Query(ctx context.Context, req Request, to Sink) (Stats, error) {
	return s.run(ctx, req, nil, to)
}

// run carries out a statement, which it parses if that was not done before.
func (s *Service) run(ctx context.Context, req Request, stmt ast.Stmt, to Sink) (Stats, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.StatementTime, diag.New(diag.Limit, diag.Span{},
		"the statement took longer than the %s allowed", s.cfg.StatementTime))
	defer cancel()
	ctx, q := s.running.enter(ctx, req)
	defer s.running.leave(q)
	defer interrupted(ctx, req.Interrupt)()
	x := &execution{Service: s, req: req, to: watched{to, q}, query: q}
	err := x.parsed(ctx, stmt)
	stats := Stats{Rows: q.rows.Load(), Elapsed: time.Since(q.begin), Clock: x.clock, Warnings: x.warnings}
	err = s.explain(ctx, req, err)
	s.metrics.statement(stats, err)
	return stats, err
}

// parsed carries out a statement, nil if its text is yet to be parsed.
func (x *execution) parsed(ctx context.Context, stmt ast.Stmt) (err error) {
	if stmt == nil {
		if stmt, err = parse.Statement(x.req.Text); err != nil {
			return err
		}
	}
	x.warn(stmt)
	return x.statement(ctx, stmt)
}

// execution is one statement under way.
type execution struct {
	*Service
	req   Request
	to    Sink
	query *query
	clock int64

	warnings []diag.Warning
}

// statement carries out one statement.
func (x *execution) statement(ctx context.Context, stmt ast.Stmt) error {
	switch stmt := stmt.(type) {
	case *ast.Count, *ast.Select:
		return x.read(ctx, stmt)
	case *ast.Upsert:
		return x.upsert(ctx, stmt)
	case *ast.Track:
		return x.track(ctx, stmt)
	case *ast.DeleteContact:
		return x.deleteContact(ctx, stmt)
	case *ast.Update:
		return x.update(ctx, stmt)
	case *ast.DeleteEvents:
		return x.deleteEvents(ctx, stmt)
	case *ast.Explain:
		return x.explain(ctx, stmt)
	case *ast.Show:
		return x.show(ctx, stmt)
	case *ast.Kill:
		return x.kill(stmt)
	case *ast.Describe:
		return x.describe(ctx, stmt)
	case *ast.ShowContact:
		return x.showContact(ctx, stmt)
	case *ast.ShowSegmentsOf:
		return x.showSegmentsOf(ctx, stmt)
	case *ast.CopyFrom:
		return diag.New(diag.Invalid, diag.Span{Start: 0, End: 4}, "the server reads no files").
			WithHint("run COPY through the client, which reads the file and sends its rows: muster query -c \"COPY …\"")
	case *ast.CopyTo:
		return diag.New(diag.Invalid, diag.Span{Start: 0, End: 4}, "the server writes no files").
			WithHint("run COPY through the client, or ask the SELECT with format=csv, ndjson or arrow and keep the answer")
	case *ast.Use:
		return diag.New(diag.Invalid, diag.Span{Start: 0, End: 3}, "USE belongs to the client: requests are independent of each other").
			WithHint("name the base in the request: /v1/query?base=%s", stmt.Base.Name)
	}
	return x.define(ctx, stmt)
}

// schema returns the base's newest schema.
func (x *execution) schema() (*schema.Schema, error) {
	if x.req.Base == "" {
		return nil, diag.New(diag.Name, diag.Span{}, "the statement needs a base and none was named").
			WithHint("name it with --base, USE or ?base=; SHOW BASES lists those there are")
	}
	return x.node.Schema(x.req.Base)
}
