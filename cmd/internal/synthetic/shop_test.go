package synthetic

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/musterdb/muster/bench/shop"
	"github.com/musterdb/muster/cluster/api"
	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/cmd/internal/render"
)

// BenchmarkLoadShop is what the demo does before its first screen.
func BenchmarkLoadShop(b *testing.B) {
	for b.Loop() {
		n, err := node.Open(node.Config{})
		if err != nil {
			b.Fatal(err)
		}
		cfg := shop.Config{Seed: 1, Contacts: 200_000, Clock: time.Now().UTC()}
		if err := LoadShop(b.Context(), api.New(n, api.Config{}), "demo", cfg, render.NewProgress(io.Discard, false)); err != nil {
			b.Fatal(err)
		}
		if err := n.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
