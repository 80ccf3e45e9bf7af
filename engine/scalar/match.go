package scalar

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/musterdb/muster/query/plan"
)

// The longest patterns. They bound the work of one test; the binder reports them by name.
const (
	MaxRegexBytes = 1024
	MaxLikeBytes  = 4096
)

// Matcher is a compiled text test. It may be used by several goroutines.
type Matcher func(text string) bool

func (c *compiler) match(x *plan.Match) (test, error) {
	m, err := CompileMatch(x.Op, x.Pattern)
	if err != nil {
		return nil, err
	}
	v, err := c.value(x.X)
	if err != nil {
		return nil, err
	}
	return func(r Row) (Tri, error) {
		got, err := v(r)
		if err != nil || got.Null() {
			return Unknown, err
		}
		return Truth(m(got.S)), nil
	}, nil
}

// CompileMatch prepares a text test, for a row at a time or for all texts of a dictionary. The error says
// what is wrong with the pattern.
func CompileMatch(op plan.MatchOp, pattern string) (Matcher, error) {
	switch op {
	case plan.Like, plan.ILike:
		if len(pattern) > MaxLikeBytes {
			return nil, tooLong("pattern of LIKE", len(pattern), MaxLikeBytes)
		}
		return compileLike(pattern, op == plan.ILike), nil
	case plan.Matches:
		return compileRegex(pattern)
	case plan.StartsWith:
		return func(s string) bool { return strings.HasPrefix(s, pattern) }, nil
	case plan.EndsWith:
		return func(s string) bool { return strings.HasSuffix(s, pattern) }, nil
	}
	return func(s string) bool { return strings.Contains(s, pattern) }, nil
}

func tooLong(what string, n, limit int) error {
	return fmt.Errorf("the %s has %d bytes; the longest is %d", what, n, limit)
}

func compileRegex(pattern string) (Matcher, error) {
	if len(pattern) > MaxRegexBytes {
		return nil, tooLong("regular expression", len(pattern), MaxRegexBytes)
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("MATCHES '%s': %w (the syntax is RE2's: no look-around, no back-references)", pattern, err)
	}
	return re.MatchString, nil
}

// compileLike splits a pattern at its %: the pieces between them hold literal code points and _, and each
// is found greedily as early as possible, which is right because only the first and the last are anchored.
func compileLike(pattern string, fold bool) Matcher {
	pieces := []piece{}
	for _, p := range strings.Split(pattern, "%") {
		pieces = append(pieces, newPiece(p, fold))
	}
	first, last := pieces[0], pieces[len(pieces)-1]
	if len(pieces) == 1 {
		return func(s string) bool { return first.prefix(fold, s) == len(s) }
	}
	middle := pieces[1 : len(pieces)-1]
	return func(s string) bool {
		n := first.prefix(fold, s)
		if n < 0 {
			return false
		}
		s = s[n:]
		for i := range middle {
			if s, n = middle[i].find(fold, s); n < 0 {
				return false
			}
		}
		return last.suffix(fold, s)
	}
}

// anyRune stands for _ in a piece; it is no code point.
const anyRune = -1

// piece is a part of a pattern without %.
type piece struct {
	runes []rune // folded if the test folds; broken bytes are runes above utf8.MaxRune
	plain string // the piece as bytes if it has no _ and the test does not fold
	bytes bool   // plain is set
}

func newPiece(p string, fold bool) piece {
	out := piece{plain: p, bytes: !fold && !strings.Contains(p, "_")}
	for s := p; s != ""; {
		c, n := next(s, fold)
		if s[0] == '_' {
			c = anyRune
		}
		out.runes = append(out.runes, c)
		s = s[n:]
	}
	return out
}

// next returns the first code point of a text that is not empty. A byte that is not UTF-8 is a code point
// of its own, equal only to the same byte.
func next(s string, fold bool) (rune, int) {
	c := rune(s[0])
	if c < utf8.RuneSelf {
		if fold {
			c = foldRune(c)
		}
		return c, 1
	}
	c, n := utf8.DecodeRuneInString(s)
	if c == utf8.RuneError && n == 1 {
		return unicode.MaxRune + 1 + rune(s[0]), 1
	}
	if fold {
		c = foldRune(c)
	}
	return c, n
}

// foldRune returns the smallest code point of those equal under Unicode simple case folding.
func foldRune(c rune) rune {
	if c < utf8.RuneSelf && c != 'K' && c != 'k' && c != 'S' && c != 's' {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		return c
	}
	least := c
	for f := unicode.SimpleFold(c); f != c; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	return least
}

// prefix returns how many bytes of s the piece takes at its beginning, −1 if it does not match there.
func (p *piece) prefix(fold bool, s string) int {
	if p.bytes {
		if !strings.HasPrefix(s, p.plain) {
			return -1
		}
		return len(p.plain)
	}
	at := 0
	for _, want := range p.runes {
		if at == len(s) {
			return -1
		}
		c, n := next(s[at:], fold)
		if want != anyRune && c != want {
			return -1
		}
		at += n
	}
	return at
}

// find returns what follows the first place where the piece matches, and −1 if there is none.
func (p *piece) find(fold bool, s string) (rest string, n int) {
	if p.bytes {
		i := strings.Index(s, p.plain)
		if i < 0 {
			return s, -1
		}
		return s[i+len(p.plain):], 0
	}
	for {
		if n := p.prefix(fold, s); n >= 0 {
			return s[n:], 0
		}
		if s == "" {
			return s, -1
		}
		_, n := next(s, fold)
		s = s[n:]
	}
}

// suffix says whether the piece matches at the end of s. It walks back as many code points as it has.
func (p *piece) suffix(fold bool, s string) bool {
	if p.bytes {
		return strings.HasSuffix(s, p.plain)
	}
	at := len(s)
	for range p.runes {
		if at == 0 {
			return false
		}
		_, n := utf8.DecodeLastRuneInString(s[:at])
		at -= n
	}
	return p.prefix(fold, s[at:]) == len(s)-at
}
