package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/musterdb/muster/bench/shop"
	"github.com/musterdb/muster/cluster/api"
	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/cmd/internal/synthetic"
)

// demoCmd answers questions over a synthetic base in memory.
type demoCmd struct {
	Contacts int    `help:"Contacts of the base; events come to about ten times as many." default:"200000"`
	Seed     uint64 `help:"The same seed gives the same base." default:"1"`
	Command  string `short:"c" help:"Answer this statement and exit." placeholder:"STMT"`
}

// Help is the example that --help shows.
func (demoCmd) Help() string {
	return "Example:\n  muster demo -c \"COUNT country = 'PL' AND DID purchase WITHIN 30d\"\n\nNothing is left on disk."
}

// demoQuestions are asked when no statement is given.
var demoQuestions = []struct{ what, text string }{
	{"How many contacts are there?", "COUNT"},
	{"Who in five countries may be mailed and has ordered?", "COUNT country IN ('PL', 'DE', 'FR', 'ES', 'IT') AND orders > 0 AND email_opt_in"},
	{"Who bought at least twice within 90 days?", "COUNT DID purchase AT LEAST 2 TIMES WITHIN 90d"},
	{"Who opened a mail this month but has not bought for 90 days?", "COUNT DID open WITHIN 30d AND DID NOT purchase WITHIN 90d"},
	{"Who spent the most within 90 days?", "SELECT id, first_name, country, sum(purchase.amount WITHIN 90d) AS spend FROM contacts WHERE DID purchase WITHIN 90d ORDER BY spend DESC LIMIT 5"},
}

const demoBase = "demo"

// Run makes the base, answers and leaves nothing behind.
func (c *demoCmd) Run(ctx context.Context, io streams) (err error) {
	begin := time.Now()
	n, err := node.Open(node.Config{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close(context.Background())) }()
	svc := api.New(n, api.Config{})
	cfg := shop.Config{Seed: c.Seed, Contacts: c.Contacts, Clock: time.Now().UTC()}
	progress := render.NewProgress(io.err, io.terminal)
	err = synthetic.LoadShop(ctx, svc, demoBase, cfg, progress)
	progress.Done()
	if err != nil {
		return err
	}
	fmt.Fprintf(io.err, "A base of %s contacts with their events is ready after %s.\n\n", render.Thousands(int64(c.Contacts)), time.Since(begin).Round(10*time.Millisecond))
	if c.Command != "" {
		return c.answer(ctx, svc, io, c.Command)
	}
	for _, q := range demoQuestions {
		fmt.Fprintf(io.out, "%s\n  %s\n", q.what, q.text)
		if err := c.answer(ctx, svc, io, q.text); err != nil {
			return err
		}
		fmt.Fprintln(io.out)
	}
	fmt.Fprint(io.out, demoGoOn)
	return nil
}

const demoGoOn = `Go on with a question of your own:
  muster demo -c "COUNT tags HAS 'newsletter' AND DID NOT visit WITHIN 14d"
or with a server and your own data:
  muster serve --data ./data
  muster query -c "CREATE BASE shop"
  muster query --base shop -c "COPY contacts FROM 'contacts.csv' (id = customer_id)"
`

func (c *demoCmd) answer(ctx context.Context, svc *api.Service, io streams, text string) error {
	s, stats, err := ask(ctx, svc, demoBase, text, true)
	if err != nil {
		return err
	}
	if s.table == nil {
		_, err = fmt.Fprintln(io.out, s.message)
		return err
	}
	if err := s.table.Draw(io.out); err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.out, "%.2f ms\n", float64(stats.Elapsed.Microseconds())/1000)
	return err
}
