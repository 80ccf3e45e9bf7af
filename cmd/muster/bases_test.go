package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"testing"
	"time"

	"github.com/musterdb/muster/bench/gen"
	"github.com/musterdb/muster/cluster/api"
	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/cmd/internal/synthetic"
)

// TestThousandBases makes 1,000 bases of 100 contacts with their events and holds the process to 1 GB,
// before and after a restart. It runs with MUSTER_SOAK=1; otherwise 50 bases are held to their share.
func TestThousandBases(t *testing.T) {
	bases, limit := 50, int64(300<<20) // the process itself takes a good part of it
	if os.Getenv("MUSTER_SOAK") != "" {
		bases, limit = 1000, 1<<30
	}
	tuneCollector()
	t.Cleanup(func() { debug.SetGCPercent(100) })
	dir := t.TempDir()
	n, err := node.Open(node.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	svc := api.New(n, api.Config{})
	begin := time.Now()
	for i := range bases {
		cfg := gen.Config{Seed: uint64(i), Contacts: 100, Clock: benchClock}
		if err := synthetic.LoadBench(context.Background(), svc, fmt.Sprintf("b%d", i), cfg, render.NewProgress(os.Stderr, false)); err != nil {
			t.Fatal(err)
		}
	}
	resident := func() int64 {
		for _, u := range n.ProcessUsage() {
			if u.Name == "resident" {
				return u.Bytes
			}
		}
		t.Skip("SKIPPED: this system does not say how much memory is resident")
		return 0
	}
	t.Logf("%d bases in %s, resident %d MiB", bases, time.Since(begin).Round(time.Millisecond), resident()>>20)
	if r := resident(); r > limit {
		t.Errorf("%d bases take %d MiB, more than %d", bases, r>>20, limit>>20)
	}
	if err := n.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	debug.FreeOSMemory() // a restart is another process, which does not find this one's heap
	begin = time.Now()
	if n, err = node.Open(node.Config{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	t.Logf("restart in %s, resident %d MiB", time.Since(begin).Round(time.Millisecond), resident()>>20)
	if r := resident(); r > limit {
		t.Errorf("after a restart %d bases take %d MiB, more than %d", bases, r>>20, limit>>20)
	}
	if err := n.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}
