//go:build !race && !invariants

package slab

import "testing"

func TestFindRun(t *testing.T) {
	for _, c := range []struct {
		free uint64
		n    int
		want int
	}{{^uint64(0), 64, 0}, {1<<64 - 2, 64, -1}, {0b1011, 2, 0}, {0b11101, 3, 2}, {0, 1, -1}, {1 << 63, 1, 63}, {0xff00, 8, 8}, {0xff00, 9, -1}} {
		if got := findRun(c.free, c.n); got != c.want {
			t.Errorf("findRun(%b, %d) = %d, want %d", c.free, c.n, got, c.want)
		}
	}
}
