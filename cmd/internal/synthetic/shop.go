package synthetic

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/musterdb/muster/bench/shop"
	"github.com/musterdb/muster/cluster/api"
)

// LoadShop makes a base and brings a shop with its ready segments into it. Chunks are made ahead of those
// that are loaded.
func LoadShop(ctx context.Context, svc *api.Service, base string, cfg shop.Config, progress Progress) error {
	if err := run(ctx, svc, base, append([]string{"CREATE BASE " + base}, shop.Declarations...)); err != nil {
		return err
	}
	making, stop := context.WithCancel(ctx)
	defer stop()
	rows, chunks := int64(0), int64(0)
	for tables := range ahead(making, cfg) {
		n, err := loadTables(ctx, svc, base, tables)
		if err != nil {
			return err
		}
		rows, chunks = rows+n, chunks+1
		progress.Update(rows, chunks, int64(cfg.Chunks()))
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return run(ctx, svc, base, shop.Segments)
}

// ahead makes the chunks one after the other until ctx ends.
func ahead(ctx context.Context, cfg shop.Config) <-chan []shop.Table {
	made := make(chan []shop.Table)
	go func() {
		defer close(made)
		for chunk := range cfg.Chunks() {
			select {
			case made <- cfg.Chunk(chunk):
			case <-ctx.Done():
				return
			}
		}
	}()
	return made
}

// loadTables brings tables in side by side, the contacts first: an event makes a contact that is not there,
// which would then be as old as now.
func loadTables(ctx context.Context, svc *api.Service, base string, tables []shop.Table) (rows int64, err error) {
	var wg sync.WaitGroup
	errs := make([]error, len(tables))
	for i, t := range tables {
		rows += t.Rows.NumRows()
		load := func() {
			defer t.Rows.Release()
			errs[i] = ingest(ctx, svc, base, t.Name, t.Event, t.Rows)
		}
		if t.Event {
			wg.Go(load)
		} else {
			load()
		}
	}
	wg.Wait()
	return rows, errors.Join(errs...)
}

// beat is how often a living shop has events.
const beat = 500 * time.Millisecond

// Live lets contacts of a loaded shop go on visiting and buying until ctx ends, about perSecond visits a
// second. An error ends it: the shop then stands still.
func Live(ctx context.Context, svc *api.Service, base string, cfg shop.Config, perSecond int) error {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	r := rand.New(rand.NewPCG(cfg.Seed, uint64(cfg.Clock.UnixNano())))
	for turn := 0; ; turn++ {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			visitors := max(1, perSecond*int(beat)/int(time.Second))
			if _, err := loadTables(ctx, svc, base, cfg.Now(r, now.UTC(), visitors, turn)); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}
