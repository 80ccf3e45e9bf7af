package slab

import "math/bits"

// Sizes. Four classes to a doubling keep the waste of rounding up below a fifth.
const (
	pageSize   = 64 << 10
	regionSize = 4 << 20
	maxSmall   = 32 << 10
	maxRun     = 2 << 20 // larger allocations have a mapping of their own
	numClasses = 32      // classOf(maxSmall) + 1
)

// classOf returns the class of an object of n bytes, 0 < n <= maxSmall: 64, 128, 192, 256, 320, …
func classOf(n int) int {
	units := (n + Align - 1) / Align
	if units <= 4 {
		return units - 1
	}
	// units in (2^k, 2^(k+1)], k >= 2: four steps of 2^(k-2) each.
	k := bits.Len(uint(units-1)) - 1
	step := 1 << (k - 2)
	return 4*(k-1) + (units-(1<<k)+step-1)/step - 1
}

// classSize returns the bytes of an object of a class.
func classSize(c int) int {
	if c < 4 {
		return (c + 1) * Align
	}
	k := c/4 + 1
	return (1<<k + (c%4+1)<<(k-2)) * Align
}

func roundSize(n int) int {
	switch {
	case n <= maxSmall:
		return classSize(classOf(n))
	default:
		return (n + pageSize - 1) / pageSize * pageSize
	}
}
