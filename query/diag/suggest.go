package diag

import "strings"

// Suggest returns the candidate nearest to the name a user wrote, if one is near enough to be what was
// meant: at most a third of its letters differ, case apart.
func Suggest(name string, candidates []string) (string, bool) {
	const longest = 64 // longer names are not typing mistakes of each other; bounds the work
	if len(name) > longest {
		return "", false
	}
	best, bestDistance := "", len(name)/3+2
	for _, c := range candidates {
		if len(c) > longest {
			continue
		}
		if d := distance(strings.ToLower(name), strings.ToLower(c)); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best, best != "" && bestDistance <= max(1, max(len(name), len(best))/3)
}

// distance is the optimal string alignment distance over bytes: insert, delete, replace, swap neighbours.
func distance(a, b string) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
