package scalar

import (
	"cmp"
	"strings"
)

// CompareVersions orders two versions: numbers of any length with points between them, a v before them
// allowed, a pre-release after -, a build after +. Numbers compare one by one and a missing one is 0, a
// pre-release comes before its release, and the build does not count, as in SemVer. It returns false if
// one of the texts is no version.
func CompareVersions(x, y string) (order int, ok bool) {
	x, preX, ok := splitVersion(x)
	if !ok {
		return 0, false
	}
	y, preY, ok := splitVersion(y)
	if !ok {
		return 0, false
	}
	for x != "" || y != "" {
		var a, b string
		a, x, _ = strings.Cut(x, ".")
		b, y, _ = strings.Cut(y, ".")
		if c := compareDigits(a, b); c != 0 {
			return c, true
		}
	}
	return comparePre(preX, preY), true
}

// splitVersion returns the numbers and the pre-release of a version.
func splitVersion(s string) (numbers, pre string, ok bool) {
	s, build, hasBuild := strings.Cut(strings.TrimPrefix(s, "v"), "+")
	s, pre, hasPre := strings.Cut(s, "-")
	for part := range strings.SplitSeq(s, ".") {
		if !digits(part) {
			return "", "", false
		}
	}
	ok = (!hasPre || identifiers(pre)) && (!hasBuild || identifiers(build))
	return s, pre, ok
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// identifiers says whether a text may be a pre-release or a build.
func identifiers(s string) bool {
	for i := range len(s) {
		c := s[i]
		if known := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-' || c == '.'; !known {
			return false
		}
	}
	return s != ""
}

// compareDigits compares numbers of any length; none is 0.
func compareDigits(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// comparePre compares pre-releases: none is the release, numbers come before texts, a prefix before the
// longer.
func comparePre(x, y string) int {
	switch {
	case x == y:
		return 0
	case x == "":
		return 1
	case y == "":
		return -1
	}
	as, bs := strings.Split(x, "."), strings.Split(y, ".")
	for i := range min(len(as), len(bs)) {
		if c := comparePart(as[i], bs[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(as), len(bs))
}

func comparePart(a, b string) int {
	switch numA, numB := digits(a), digits(b); {
	case numA && numB:
		return compareDigits(a, b)
	case numA:
		return -1
	case numB:
		return 1
	}
	return strings.Compare(a, b)
}
