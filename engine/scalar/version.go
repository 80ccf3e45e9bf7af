package scalar

import (
	"cmp"
	"strings"
)

// CompareVersions orders two version texts component by component: digits compare as numbers of any
// length, letters bytewise, letters come before digits, and a component that is missing counts as 0. So
// 2.9 < 2.10, 2.10 = 2.10.0, and 2.10.0-beta < 2.10.0. A v before the first digit and everything from a +
// on (build metadata) do not count; characters that are neither letter nor digit only separate.
func CompareVersions(x, y string) int {
	x, y = trimVersion(x), trimVersion(y)
	for x != "" || y != "" {
		var a, b string
		a, x = component(x)
		b, y = component(y)
		if c := compareComponents(a, b); c != 0 {
			return c
		}
	}
	return 0
}

func trimVersion(s string) string {
	if len(s) > 1 && (s[0] == 'v' || s[0] == 'V') && digit(s[1]) {
		s = s[1:]
	}
	s, _, _ = strings.Cut(s, "+")
	return s
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func letter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80 }

// component cuts off the first run of digits or of letters.
func component(s string) (first, rest string) {
	for s != "" && !digit(s[0]) && !letter(s[0]) {
		s = s[1:]
	}
	is := letter
	if s != "" && digit(s[0]) {
		is = digit
	}
	n := 0
	for n < len(s) && is(s[n]) {
		n++
	}
	return s[:n], s[n:]
}

func compareComponents(a, b string) int {
	numA, numB := a == "" || digit(a[0]), b == "" || digit(b[0])
	switch {
	case numA && numB:
		a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	case numA:
		return 1
	case numB:
		return -1
	}
	return strings.Compare(a, b)
}
