package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/musterdb/muster/cluster/client"
	"github.com/musterdb/muster/cmd/internal/load"
	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/parse"
)

// queryCmd carries out statements: those over files here, all others on the server.
type queryCmd struct {
	URL     string `help:"Server." default:"http://127.0.0.1:7070" env:"MUSTER_URL" placeholder:"URL"`
	Base    string `help:"Base that the statements are about; USE changes it." env:"MUSTER_BASE" placeholder:"NAME"`
	Format  string `help:"Form of answers: ${enum}." enum:"table,json,ndjson,csv" default:"table"`
	Command string `short:"c" help:"Statements, separated by semicolons." placeholder:"STMT" xor:"what"`
	File    string `short:"f" help:"File of statements; - reads standard input." placeholder:"FILE" xor:"what"`
	Output  string `short:"o" help:"File for the answers, instead of standard output." placeholder:"FILE"`
}

// Help is the example that --help shows.
func (queryCmd) Help() string {
	return `Examples:
  muster query -c "CREATE BASE shop"
  muster query --base shop -c "COPY contacts FROM 'contacts.csv' (id = customer_id, country = country)"
  muster query --base shop --format csv -o germans.csv -c "SELECT id, email FROM contacts WHERE country = 'DE'"

Exit codes: 0 done, 1 a statement failed, 2 the command line is wrong, 3 the server cannot be reached.`
}

// Run carries out the statements in order and stops at the first that fails.
func (c *queryCmd) Run(ctx context.Context, io streams) error {
	text, err := c.text()
	if err != nil {
		return err
	}
	server, err := client.New(c.URL)
	if err != nil {
		return usagef("%v", err)
	}
	out, err := createOutput(c.Output, io.out)
	if err != nil {
		return err
	}
	s := &session{client: server, base: c.Base, format: c.Format, out: out, io: io}
	if err := s.script(ctx, text); err != nil {
		return errors.Join(err, out.abort())
	}
	return out.commit()
}

// text returns the statements.
func (c *queryCmd) text() (string, error) {
	switch {
	case c.Command != "":
		return c.Command, nil
	case c.File == "-":
		text, err := io.ReadAll(os.Stdin)
		return string(text), err
	case c.File != "":
		text, err := os.ReadFile(c.File)
		if err != nil {
			return "", usagef("the statements cannot be read: %v; -f names a file of statements, -c is followed by a statement", err)
		}
		return string(text), nil
	}
	return "", usagef("say what to ask: -c STATEMENT or -f FILE")
}

// session is a run of statements with the base they are about.
type session struct {
	client *client.Client
	base   string
	format string
	out    io.Writer
	io     streams
}

func (s *session) script(ctx context.Context, text string) error {
	for part := range parse.Script(text) {
		if part.Err != nil {
			return part.Err
		}
		if err := s.statement(ctx, part.Text, part.Stmt); err != nil {
			return err
		}
	}
	return nil
}

// statement carries out one statement, here if it is about a file or the session.
func (s *session) statement(ctx context.Context, text string, stmt ast.Stmt) error {
	switch stmt := stmt.(type) {
	case *ast.Use:
		if _, err := s.client.Schema(ctx, stmt.Base.Name); err != nil {
			return err
		}
		s.base = stmt.Base.Name
		return nil
	case *ast.CopyFrom:
		return s.copyFrom(ctx, text, stmt)
	case *ast.CopyTo:
		return s.copyTo(ctx, text, stmt)
	}
	return s.ask(ctx, text)
}

func (s *session) copyFrom(ctx context.Context, text string, stmt *ast.CopyFrom) error {
	report, err := load.Copy(ctx, load.Config{
		Client: s.client, Base: s.base, Text: text, Stmt: stmt, Progress: render.NewProgress(s.io.err, s.io.terminal),
	})
	if report != nil {
		fmt.Fprintln(s.io.err, report)
	}
	return err
}

func (s *session) copyTo(ctx context.Context, text string, stmt *ast.CopyTo) error {
	rows, err := load.Export(ctx, s.client, s.base, stmt)
	if err != nil {
		return placed(err, text)
	}
	fmt.Fprintf(s.io.err, "%s written to %s\n", render.Counted(rows, "row"), stmt.File.Text)
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

// ask has the server carry out a statement and writes the answer.
func (s *session) ask(ctx context.Context, text string) error {
	wire := s.format
	if wire == "table" {
		wire = "arrow"
	}
	answer, err := s.client.Query(ctx, s.base, text, wire)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.Message != "" {
		fmt.Fprintln(s.io.err, answer.Message)
		return nil
	}
	if s.format == "table" {
		return drawTable(answer.Body, s.out)
	}
	if _, err := io.Copy(s.out, answer.Body); err != nil {
		return fmt.Errorf("the answer was cut off, what is written is not whole: %w", err)
	}
	return nil
}

// drawTable reads an Arrow stream and draws it.
func drawTable(body io.Reader, out io.Writer) error {
	r, err := ipc.NewReader(body)
	if err != nil {
		return fmt.Errorf("the answer cannot be read: %w", err)
	}
	defer r.Release()
	t := render.NewTable(r.Schema())
	for r.Next() {
		t.Add(r.Record())
	}
	if err := r.Err(); err != nil {
		return fmt.Errorf("the answer was cut off: %w", err)
	}
	return t.Draw(out)
}

// rendered returns an error as people read it.
func rendered(err error) string {
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
