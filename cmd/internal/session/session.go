// Package session owns a run of statements against one server: the base they are about, and what a client
// does on its own side because it is about files or the session (USE, COPY). It does not draw answers and
// knows nothing of where the statements come from.
package session

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/musterdb/muster/cluster/client"
	"github.com/musterdb/muster/cmd/internal/load"
	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/storage/schema"
)

// Session is a run of statements. It is for one goroutine.
type Session struct {
	Client *client.Client
	Base   string // that the statements are about; USE changes it
	Format string // asked of the server: json, ndjson, csv, arrow
	// Params are values of parameters, as client.Statement has them; a statement gets those that it names.
	Params map[string]any
	Notes  io.Writer // gets what is said beside the answers: messages, reports of loads
	// Terminal says that Notes is a terminal, on which progress may be drawn.
	Terminal bool
	// Rows takes the answer of a statement that has rows. The session closes it.
	Rows func(context.Context, *client.Answer) error

	zone   *calendar.Zone // of the base zoneOf, once somebody asked
	zoneOf string
}

// Script carries out the statements of a text in order and stops at the first that fails.
func (s *Session) Script(ctx context.Context, text string) error {
	for part := range parse.Script(text) {
		if part.Err != nil {
			return part.Err
		}
		if err := s.Statement(ctx, part.Text, part.Stmt); err != nil {
			return err
		}
	}
	return nil
}

// Statement carries out one statement, here if it is about a file or the session. Stmt is the parsed text.
func (s *Session) Statement(ctx context.Context, text string, stmt ast.Stmt) error {
	switch stmt := stmt.(type) {
	case *ast.CreateBase, *ast.Drop, *ast.Rename: // a base may come back by the same name in another zone
		s.zone = nil
	case *ast.Use:
		return s.Use(ctx, stmt.Base.Name)
	case *ast.CopyFrom:
		return s.copyFrom(ctx, text, stmt)
	case *ast.CopyTo:
		return s.copyTo(ctx, text, stmt)
	case *ast.CreateSegment:
		if stmt.File != nil && stmt.Kind == ast.SegmentStatic {
			return s.fillSegment(ctx, text, stmt)
		}
	}
	return s.ask(ctx, text, stmt)
}

// fillSegment makes a static segment of a file of ids.
func (s *Session) fillSegment(ctx context.Context, text string, stmt *ast.CreateSegment) error {
	seg, err := load.Segment(ctx, load.SegmentConfig{
		Client: s.Client, Base: s.Base, Stmt: stmt, Progress: render.NewProgress(s.Notes, s.Terminal),
	})
	if err != nil {
		return placed(err, text)
	}
	how := "created"
	if seg.Replaced {
		how = "replaced"
	}
	fmt.Fprintf(s.Notes, "segment %s %s with %s", seg.Name, how, render.Counted(seg.Members, "member"))
	if seg.Unknown > 0 {
		fmt.Fprintf(s.Notes, "; of %s there is no contact", render.Counted(seg.Unknown, "id"))
	}
	if seg.Rejected > 0 {
		fmt.Fprintf(s.Notes, "; %s without an id", render.Counted(seg.Rejected, "row"))
	}
	fmt.Fprintln(s.Notes)
	return nil
}

// params returns the values of the parameters that a statement names.
func (s *Session) params(stmt ast.Stmt) map[string]any {
	out := map[string]any{}
	for _, name := range bind.Parameters(stmt) {
		if v, ok := s.Params[name]; ok {
			out[name] = v
		}
	}
	return out
}

// Use makes a base the one that statements are about from here on. It must exist.
func (s *Session) Use(ctx context.Context, base string) error {
	sch, err := s.Client.Schema(ctx, base)
	if err != nil {
		return err
	}
	s.Base = base
	s.keepZone(sch)
	return nil
}

// Zone returns the zone in which people read the base's instants. It asks the server once for each base;
// without a base, or should the server not say, it is UTC.
func (s *Session) Zone(ctx context.Context) *calendar.Zone {
	if s.zone != nil && s.zoneOf == s.Base {
		return s.zone
	}
	if s.Base == "" {
		return calendar.UTC
	}
	sch, err := s.Client.Schema(ctx, s.Base)
	if err != nil {
		return calendar.UTC
	}
	return s.keepZone(sch)
}

// keepZone remembers the zone of the base. A name that this program's tables lack, as those of a server
// that is newer may, is not remembered.
func (s *Session) keepZone(sch *schema.Schema) *calendar.Zone {
	zone, err := calendar.OfBase(sch.Options.TimeZone)
	if err != nil {
		return calendar.UTC
	}
	s.zone, s.zoneOf = zone, s.Base
	return zone
}

func (s *Session) copyFrom(ctx context.Context, text string, stmt *ast.CopyFrom) error {
	report, err := load.Copy(ctx, load.Config{
		Client: s.Client, Base: s.Base, Text: text, Stmt: stmt, Progress: render.NewProgress(s.Notes, s.Terminal),
	})
	if report != nil {
		fmt.Fprintln(s.Notes, report)
	}
	return err
}

func (s *Session) copyTo(ctx context.Context, text string, stmt *ast.CopyTo) error {
	rows, err := load.Export(ctx, s.Client, s.Base, stmt, s.params(stmt))
	if err != nil {
		return placed(err, text)
	}
	fmt.Fprintf(s.Notes, "%s written to %s\n", render.Counted(rows, "row"), stmt.File.Text)
	return nil
}

// placed gives an error of this side the statement's text.
func placed(err error, text string) error {
	var known *diag.Error
	if errors.As(err, &known) && known.Text == "" && known.Span != (diag.Span{}) {
		return known.In(text)
	}
	return err
}

// ask has the server carry out a statement.
func (s *Session) ask(ctx context.Context, text string, stmt ast.Stmt) error {
	answer, err := s.Client.Ask(ctx, client.Statement{Base: s.Base, Text: text, Params: s.params(stmt)}, s.Format)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	for _, w := range answer.Warnings() {
		fmt.Fprintln(s.Notes, "note: "+w)
	}
	if answer.Message != "" {
		fmt.Fprintln(s.Notes, answer.Message)
		return nil
	}
	return s.Rows(ctx, answer)
}

// Rendered returns an error as people read it.
func Rendered(err error) string {
	var known *diag.Error
	if errors.As(err, &known) {
		return known.Render()
	}
	if errors.Is(err, context.Canceled) {
		return "error: interrupted"
	}
	var server *client.ServerError
	if errors.As(err, &server) {
		return server.Error()
	}
	return "error: " + err.Error()
}
