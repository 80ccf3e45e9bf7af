// Package draw owns the draws from distributions that the synthetic bases share. It does not know what is
// drawn, and all chance comes from the caller's generator.
package draw

import (
	"math"
	"math/rand/v2"
)

// Weighted is a value and how often of a hundred it is drawn.
type Weighted struct {
	Value   string
	Percent int
}

// Pick draws one of the values; percents that do not make a hundred leave the rest to the first.
func Pick(r *rand.Rand, of []Weighted) string {
	n := r.IntN(100)
	for _, w := range of {
		if n -= w.Percent; n < 0 {
			return w.Value
		}
	}
	return of[0].Value
}

// Zipf draws 0 … n-1 with probability proportional to 1 / (k+1)^s by the alias method (Walker 1974;
// Vose 1991): exact for any s, one random number a draw.
type Zipf struct {
	prob  []float64
	alias []int
}

// NewZipf returns a Zipf over n ranks with exponent s.
func NewZipf(n int, s float64) *Zipf {
	weight, total := make([]float64, n), 0.0
	for k := range weight {
		weight[k] = math.Pow(float64(k+1), -s)
		total += weight[k]
	}
	z := &Zipf{prob: make([]float64, n), alias: make([]int, n)}
	var small, large []int
	for k := range weight {
		weight[k] *= float64(n) / total
		if weight[k] < 1 {
			small = append(small, k)
		} else {
			large = append(large, k)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		z.prob[s], z.alias[s] = weight[s], l
		weight[l] -= 1 - weight[s]
		if weight[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, k := range append(small, large...) {
		z.prob[k], z.alias[k] = 1, k
	}
	return z
}

// Draw returns one of 0 … n-1.
func (z *Zipf) Draw(r *rand.Rand) int {
	f := r.Float64() * float64(len(z.prob))
	k := int(f)
	if f-float64(k) < z.prob[k] {
		return k
	}
	return z.alias[k]
}
