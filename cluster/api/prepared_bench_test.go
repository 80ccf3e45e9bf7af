package api

import (
	"context"
	"fmt"
	"testing"

	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/storage/schema"
)

// BenchmarkOneContact asks for one contact by its id, as text and as a prepared statement.
func BenchmarkOneContact(b *testing.B) {
	n, err := node.Open(node.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer n.Close(context.Background())
	s := New(n, Config{})
	for _, text := range []string{"CREATE BASE shop", "UPSERT CONTACT 'c1' SET country = 'PL', age = 31, city = 'Łódź', email = 'a@b.example', opt_in = TRUE"} {
		if _, err := do(s, text); err != nil {
			b.Fatal(err)
		}
	}
	const text = "SELECT * FROM contacts WHERE id = "
	b.Run("text", func(b *testing.B) {
		for i := range b.N {
			if _, err := do(s, fmt.Sprintf("%s'c%d'", text, i&1)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("prepared", func(b *testing.B) {
		p, err := s.Prepare("shop", text+"$id")
		if err != nil {
			b.Fatal(err)
		}
		for i := range b.N {
			params := map[string]schema.Value{"id": {Kind: schema.KindText, S: fmt.Sprintf("c%d", i&1)}}
			if _, err := s.Execute(context.Background(), p.ID, Request{Params: params}, &answers{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
