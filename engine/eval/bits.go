package eval

import (
	"iter"
	"math/bits"
)

// bitsOf yields the numbers of the bits set in a word, ascending.
func bitsOf(word uint64) iter.Seq[int] {
	return func(yield func(int) bool) {
		for ; word != 0; word &= word - 1 {
			if !yield(bits.TrailingZeros64(word)) {
				return
			}
		}
	}
}

// rowsOf yields the numbers of the bits set in words, ascending.
func rowsOf(words []uint64) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, word := range words {
			for ; word != 0; word &= word - 1 {
				if !yield(i<<6 + bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}
