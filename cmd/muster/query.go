package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/musterdb/muster/cluster/client"
	"github.com/musterdb/muster/cmd/internal/session"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/parse"
)

// queryCmd carries out statements: those over files here, all others on the server.
type queryCmd struct {
	URL     string            `help:"Server." default:"http://127.0.0.1:7070" env:"MUSTER_URL" placeholder:"URL"`
	Base    string            `help:"Base that the statements are about; USE changes it." env:"MUSTER_BASE" placeholder:"NAME"`
	Format  string            `help:"Form of answers: ${enum}; auto is what the name of the -o file says, else table." enum:"auto,table,csv,json,ndjson,markdown,arrow,parquet" default:"auto" placeholder:"FORM"`
	Command string            `short:"c" help:"Statements, separated by semicolons." placeholder:"STMT" xor:"what"`
	File    string            `short:"f" help:"File of statements; - reads standard input." placeholder:"FILE" xor:"what"`
	Param   map[string]string `help:"Value of a parameter of the statements: $name or $1. A number, TRUE, FALSE, NULL or a 'text' as the language writes it; anything else is a text." placeholder:"NAME=VALUE" mapsep:"none"`
	Output  string            `short:"o" help:"File for the answers, instead of standard output." placeholder:"FILE"`
}

// Help is the example that --help shows.
func (queryCmd) Help() string {
	return `Examples:
  muster query -c "CREATE BASE shop"
  muster query --base shop -c "COPY contacts FROM 'contacts.csv' (id = customer_id, country = country)"
  muster query --base shop -o germans.csv -c "SELECT id, email FROM contacts WHERE country = 'DE'"
  muster query --base shop --param country=DE --param age=30 -c "COUNT country = $country AND age > $age"

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
	if err := c.chooseForm(io.out); err != nil {
		return err
	}
	out, err := createOutput(c.Output, io.out)
	if err != nil {
		return err
	}
	s := &session.Session{Client: server, Base: c.Base, Format: c.wire(), Notes: io.err, Terminal: io.terminal, Params: c.params()}
	s.Rows = c.rows(s, out)
	if err := s.Script(ctx, text); err != nil {
		return errors.Join(err, out.abort())
	}
	return out.commit()
}

// params returns the values of --param.
func (c *queryCmd) params() map[string]any {
	out := make(map[string]any, len(c.Param))
	for name, text := range c.Param {
		out[strings.TrimPrefix(name, "$")] = paramValue(text)
	}
	return out
}

// paramValue reads a value as a literal of the language if it is one, else it is a text: 30 is a number, '30'
// and PL and 007 are texts.
func paramValue(text string) any {
	x, err := parse.Condition(text)
	sign := ""
	if u, ok := x.(*ast.Unary); ok && err == nil && u.Op == ast.OpNeg {
		x, sign = u.X, "-"
	}
	lit, ok := x.(*ast.Literal)
	if err != nil || !ok {
		return text
	}
	switch lit.Kind {
	case ast.LitNull:
		return nil
	case ast.LitBool:
		return lit.Text == "TRUE"
	case ast.LitText:
		return lit.Text
	case ast.LitInt, ast.LitDecimal, ast.LitFloat:
		if json.Valid([]byte(sign + lit.Text)) {
			return json.Number(sign + lit.Text)
		}
	}
	return text
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
