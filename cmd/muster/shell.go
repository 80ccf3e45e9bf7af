package main

import (
	"context"
	"os"

	"github.com/musterdb/muster/cluster/client"
	"github.com/musterdb/muster/cmd/internal/shell"
)

// shellCmd is the interactive shell.
type shellCmd struct {
	URL     string   `help:"Server." default:"http://127.0.0.1:7070" env:"MUSTER_URL" placeholder:"URL"`
	Base    string   `help:"Base to begin with." env:"MUSTER_BASE" placeholder:"NAME"`
	Command []string `short:"c" help:"Statements or a backslash command to carry out instead of reading; may be given again." placeholder:"STMT" sep:"none"`
	File    string   `short:"f" help:"File of statements and commands to carry out; - reads standard input." placeholder:"FILE"`
}

// Help is the example that --help shows.
func (shellCmd) Help() string {
	return `Examples:
  muster shell --base shop
  muster shell --base shop -c "SELECT country, count(*) FROM contacts GROUP BY country" -c "\chart"
  echo "COUNT country = 'DE'" | muster shell --base shop

Exit codes: 0 done, 1 a statement failed, 2 the command line is wrong, 3 the server cannot be reached.`
}

// Run opens the shell.
func (c *shellCmd) Run(ctx context.Context, io streams) error {
	server, err := client.New(c.URL)
	if err != nil {
		return usagef("%v", err)
	}
	return shell.Run(ctx, shell.Config{
		Client: server, Base: c.Base, In: os.Stdin, Out: io.out, Err: io.err,
		Terminal: isTerminal(os.Stdin) && io.out == os.Stdout && isTerminal(os.Stdout) && io.terminal,
		Script:   c.Command, File: c.File,
	})
}
