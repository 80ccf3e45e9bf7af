package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/musterdb/muster/bench/shop"
	"github.com/musterdb/muster/cluster/api"
	"github.com/musterdb/muster/cluster/client"
	"github.com/musterdb/muster/cluster/httpd"
	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/cmd/internal/shell"
	"github.com/musterdb/muster/cmd/internal/synthetic"
)

// demoCmd opens a shell on a made-up shop in memory.
type demoCmd struct {
	Contacts int    `help:"Contacts of the shop, up to 10,000,000; events come to about five times as many." default:"200000"`
	Seed     uint64 `help:"The same seed gives the same contacts." default:"1"`
	HTTP     string `help:"Address of the HTTP door, loopback only; without it 127.0.0.1:7070, or another port if that is taken." placeholder:"HOST:PORT"`
	Command  string `short:"c" help:"Answer these statements and exit." placeholder:"STMT" xor:"what"`
	Serve    bool   `help:"Serve until Ctrl-C, without a shell." xor:"what"`
	Rate     int    `help:"Visits a second that keep arriving; 0 lets the shop stand still." default:"10"`
}

// Help is the example that --help shows.
func (demoCmd) Help() string {
	return `Examples:
  muster demo
  muster demo -c "COUNT country = 'DE' AND DID purchase AT LEAST 2 TIMES WITHIN 90d"
  muster demo --serve --http 127.0.0.1:7070

Without a terminal it answers five questions and exits. Nothing is left on disk.`
}

const (
	demoBase     = "demo"
	demoAddress  = "127.0.0.1:7070"
	mostDemo     = 10_000_000
	mostDemoRate = 10_000
)

// Run makes the shop, opens the door, does what was asked, and leaves nothing behind.
func (c *demoCmd) Run(ctx context.Context, io streams) (err error) {
	if c.Contacts < 1 || c.Contacts > mostDemo || c.Rate < 0 || c.Rate > mostDemoRate {
		return usagef("the demo has 1 to %s contacts, of whom 0 to %s a second come by", render.Thousands(mostDemo), render.Thousands(mostDemoRate))
	}
	listener, err := c.listen()
	if err != nil {
		return err
	}
	defer listener.Close()
	tuneCollector()
	n, err := node.Open(node.Config{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close(context.Background())) }()
	svc := api.New(n, api.Config{})
	cfg := shop.Config{Seed: c.Seed, Contacts: c.Contacts, Clock: time.Now().UTC()}
	if err := c.fill(ctx, svc, cfg, io); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, 1)
	server := httpServer(httpd.New(svc, httpd.Config{Version: version}), slog.New(slog.DiscardHandler))
	go func() { failed <- server.Serve(listener) }()
	err = c.attend(ctx, svc, cfg, "http://"+listener.Addr().String(), io)
	stop()
	return errors.Join(err, untilDone(ctx, server, failed))
}

// listen opens the address that was asked for, or the usual one, or any.
func (c *demoCmd) listen() (net.Listener, error) {
	if c.HTTP != "" {
		return listen(c.HTTP)
	}
	if l, err := listen(demoAddress); err == nil {
		return l, nil
	}
	return listen("127.0.0.1:0")
}

// fill loads the shop and says how long it took.
func (c *demoCmd) fill(ctx context.Context, svc *api.Service, cfg shop.Config, io streams) error {
	begin := time.Now()
	progress := render.NewProgress(io.err, io.terminal)
	err := synthetic.LoadShop(ctx, svc, demoBase, cfg, progress)
	progress.Done()
	if err != nil {
		return err
	}
	fmt.Fprintf(io.err, "A shop with %s contacts and what they did in 400 days is in memory after %s.\n", render.Thousands(int64(c.Contacts)), time.Since(begin).Round(10*time.Millisecond))
	return nil
}

// attend does what the demo was started for.
func (c *demoCmd) attend(ctx context.Context, svc *api.Service, cfg shop.Config, url string, io streams) error {
	terminal := isTerminal(os.Stdin) && io.out == os.Stdout && isTerminal(os.Stdout) && io.terminal
	switch {
	case c.Command != "":
		return (&queryCmd{URL: url, Base: demoBase, Format: "table", Command: c.Command}).Run(ctx, io)
	case !terminal && !c.Serve:
		return c.questions(ctx, url, io)
	}
	go c.live(ctx, svc, cfg, io)
	if c.Serve {
		fmt.Fprintf(io.err, "%s\nStop it with Ctrl-C.\n", c.banner(url))
		<-ctx.Done()
		return nil
	}
	server, err := client.New(url)
	if err != nil {
		return err
	}
	return shell.Run(ctx, shell.Config{Client: server, Base: demoBase, In: os.Stdin, Out: io.out, Err: io.err, Terminal: true, Banner: c.banner(url)})
}

// live lets events arrive while the demo runs.
func (c *demoCmd) live(ctx context.Context, svc *api.Service, cfg shop.Config, io streams) {
	if c.Rate == 0 {
		return
	}
	if err := synthetic.Live(ctx, svc, demoBase, cfg, c.Rate); err != nil {
		fmt.Fprintf(io.err, "the shop stands still: %v\n", err)
	}
}

// banner says where the demo is to be found, and how from elsewhere.
func (c *demoCmd) banner(url string) string {
	moving := "It stands still."
	if c.Rate > 0 {
		moving = fmt.Sprintf("About %d visits a second keep arriving.", c.Rate)
	}
	return fmt.Sprintf("The shop is served at %s until you leave. %s\nFrom another window:\n  curl '%s/v1/query?base=%s' --data \"COUNT DID visit WITHIN 1m\"", url, moving, url, demoBase)
}

// questions asks the five that one begins with.
func (c *demoCmd) questions(ctx context.Context, url string, io streams) error {
	for _, q := range shop.Questions {
		fmt.Fprintf(io.out, "\n%s\n  %s\n", q.What, q.Text)
		begin := time.Now()
		if err := (&queryCmd{URL: url, Base: demoBase, Format: "table", Command: q.Text}).Run(ctx, io); err != nil {
			return err
		}
		fmt.Fprintf(io.out, "%.1f ms\n", float64(time.Since(begin).Microseconds())/1000)
	}
	_, err := fmt.Fprint(io.out, demoGoOn)
	return err
}

const demoGoOn = `
Go on in the shell:
  muster demo
or with a server and your own data:
  muster serve --data ./data
  muster shell
`
