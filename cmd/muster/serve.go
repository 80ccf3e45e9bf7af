package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/musterdb/muster/cluster/api"
	"github.com/musterdb/muster/cluster/httpd"
	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/cluster/replica"
)

// serveCmd runs the server until it is told to stop.
type serveCmd struct {
	Data      string `help:"Data folder, made if it does not exist." placeholder:"DIR" xor:"where"`
	Ephemeral bool   `help:"Keep everything in memory; nothing is left at the end." xor:"where"`
	HTTP      string `help:"Address of the HTTP door; loopback only in this version." default:"127.0.0.1:7070" placeholder:"HOST:PORT"`
	Log       string `help:"How much is logged: ${enum}." enum:"debug,info,warn,error" default:"info"`
}

// Help is the example that --help shows.
func (serveCmd) Help() string {
	return "Example:\n  muster serve --data ./data --http 127.0.0.1:7070\n\nSIGINT and SIGTERM stop it: statements end, images are written, the next start is short."
}

// stopWithin is how long a stop may take before it goes on without images.
const stopWithin = 60 * time.Second

// Run opens the node and the door, waits for the end, and closes them in reverse.
func (c *serveCmd) Run(ctx context.Context, io streams) error {
	if c.Data == "" && !c.Ephemeral {
		return usagef("say where the data lives: --data DIR, or --ephemeral to keep it in memory only")
	}
	tuneCollector()
	logger := newLogger(io, c.Log)
	listener, err := listen(c.HTTP)
	if err != nil {
		return err
	}
	defer listener.Close()
	gate := httpd.NewGate(httpd.Config{Version: version})
	server := httpServer(gate, logger)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	begin := time.Now()
	n, err := node.Open(node.Config{Dir: c.Data, Logger: logger, Fatal: fatal(logger)})
	if err != nil {
		return errors.Join(err, server.Close())
	}
	gate.Open(httpd.New(api.New(n, api.Config{Logger: logger}), httpd.Config{Version: version}))
	fmt.Fprintf(io.err, "Muster %s serves http://%s (%s, ready after %s)\n", version, listener.Addr(), where(c.Data), time.Since(begin).Round(time.Millisecond))
	err = untilDone(ctx, server, failed)
	fmt.Fprintln(io.err, "stopping: finishing statements, writing images")
	stopCtx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	return errors.Join(err, n.Close(stopCtx))
}

// httpServer returns a server that a stranger cannot hold up with headers that never end.
func httpServer(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}

// tuneCollector lets the Go heap grow by half of what is live instead of doubling it: contacts and events
// live outside of it, so that collections are short, and what is saved is theirs. GOGC overrides it.
func tuneCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
}

func where(dir string) string {
	if dir == "" {
		return "in memory only"
	}
	return "data in " + dir
}

// untilDone waits until ctx ends, or serving fails, then lets requests that run finish.
func untilDone(ctx context.Context, server *http.Server, failed <-chan error) error {
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		return server.Close()
	}
	return nil
}

// listen opens the door's socket. Other machines cannot reach it: there is no TLS and no login yet.
func listen(addr string) (net.Listener, error) {
	local, err := httpd.Loopback(addr)
	if err != nil {
		return nil, usagef("%v", err)
	}
	if !local {
		return nil, usagef("%s can be reached from other machines, and this version has no TLS and no login; listen on 127.0.0.1", addr)
	}
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("the address %s is in use by another process; stop it, or choose another with --http, for example --http 127.0.0.1:7071", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", addr, err)
	}
	return l, nil
}

// fatal ends the process when a log can no longer store: whatever was acknowledged is on disk, and
// going on could acknowledge what is not.
func fatal(logger *slog.Logger) func(error) {
	return func(err error) {
		logger.Error("the log cannot store any more; the process ends and must be started again", "err", err)
		os.Exit(replica.ExitFatal)
	}
}

func newLogger(io streams, level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(strings.ToUpper(level))); err != nil {
		l = slog.LevelInfo
	}
	opt := &slog.HandlerOptions{Level: l}
	if io.terminal {
		return slog.New(slog.NewTextHandler(io.err, opt))
	}
	return slog.New(slog.NewJSONHandler(io.err, opt))
}
