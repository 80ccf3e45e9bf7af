// Command muster is the one binary of Muster: the server, the query tool, the generator of synthetic
// bases, the demo and the benchmark.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/musterdb/muster/cluster/client"
	"github.com/musterdb/muster/cmd/internal/session"
)

// Exit codes, the same for every command.
const (
	exitOK      = 0
	exitFailed  = 1 // the statement or the command failed
	exitUsage   = 2 // the command line is wrong
	exitConnect = 3 // the server cannot be reached
)

// cli is the command line.
type cli struct {
	Serve   serveCmd   `cmd:"" help:"Run the server."`
	Shell   shellCmd   `cmd:"" help:"Ask a server, interactively."`
	Query   queryCmd   `cmd:"" help:"Ask a server, or load files into it."`
	Gen     genCmd     `cmd:"" help:"Write a synthetic base to files."`
	Demo    demoCmd    `cmd:"" help:"Answer questions over a synthetic base in memory."`
	Bench   benchCmd   `cmd:"" help:"Measure load, memory, restart and questions."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// streams are where a command reads and writes; tests give their own.
type streams struct {
	out, err io.Writer
	terminal bool // err is a terminal: progress may be drawn
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code := run(ctx, os.Args[1:], streams{out: os.Stdout, err: os.Stderr, terminal: isTerminal(os.Stderr)})
	stop()
	os.Exit(code)
}

// run carries out a command line and returns the exit code.
func run(ctx context.Context, args []string, io streams) int {
	if len(args) == 0 {
		args = []string{"--help"}
	}
	exited := -1
	var c cli
	parser, err := kong.New(&c, kong.Name("muster"), kong.Description(description), kong.Writers(io.out, io.err),
		kong.Exit(func(code int) { exited = code }), kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(io),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}), kong.UsageOnError())
	if err != nil {
		fmt.Fprintln(io.err, err)
		return exitFailed
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintf(io.err, "muster: %v\nmuster --help shows the commands\n", err)
		return exitUsage
	}
	return exitCode(parsed.Run(), io)
}

const description = `Muster is a segmentation database: it counts and lists the contacts of a segment exactly, in about a millisecond.

Try it:    muster demo
Begin:     muster serve --data ./data
           muster query -c "CREATE BASE shop"
           muster query --base shop -c "COUNT country = 'PL' AND DID purchase WITHIN 30d"`

// exitCode prints an error as people read it and returns the code for it.
func exitCode(err error, io streams) int {
	if err == nil {
		return exitOK
	}
	var usage *usageError
	var unreachable *client.ConnectError
	switch {
	case errors.As(err, &usage):
		fmt.Fprintf(io.err, "muster: %v\n", err)
		return exitUsage
	case errors.As(err, &unreachable):
		fmt.Fprintf(io.err, "muster: %v\n", err)
		return exitConnect
	}
	fmt.Fprintln(io.err, session.Rendered(err))
	return exitFailed
}

// usageError is a command line that cannot be carried out.
type usageError struct{ msg string }

// Error returns the message.
func (e *usageError) Error() string { return e.msg }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }
