//go:build race || invariants

package slab

import "testing"

// TestPoison shows what the tags are for: memory used after its end reads as poison, and freeing twice
// is found.
func TestPoison(t *testing.T) {
	a := New()
	b := a.Allocate(100)
	b[0] = 1
	a.Free(b)
	verify(t, b, Poison)
	defer func() {
		if recover() == nil {
			t.Fatal("second Free did not panic")
		}
	}()
	a.Free(b)
}
