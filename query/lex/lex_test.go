package lex

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// slowToken is the language's words as one regular expression, alternatives in order of preference.
var slowToken = regexp.MustCompile(`^(?:` + strings.Join([]string{
	`(?P<space>[ \t\n\r\v\f]+|--[^\n]*|/\*(?s:.*?)\*/)`,
	`(?P<ident>[A-Za-z_][A-Za-z0-9_]*)`,
	`(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?[A-Za-z0-9_]*)`,
	`(?P<text>'(?:[^']|'')*')`,
	`(?P<quoted>"(?:[^"]|"")+")`,
	`(?P<param>\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+))`,
	`(?P<punct><=|<>|>=|!=|[=<>+\-*/()\[\],.;:])`,
}, "|") + `)`)

var slowKinds = map[string]Kind{
	"ident": Ident, "number": Measure, "text": Text, "quoted": Quoted, "param": Param, "punct": Punct,
}

// slowAll scans by the regular expression; ok is false where it does not match.
func slowAll(text string) (out []Token, ok bool) {
	for at := 0; at < len(text); {
		m := slowToken.FindStringSubmatchIndex(text[at:])
		if m == nil {
			return out, false
		}
		for i, name := range slowToken.SubexpNames() {
			if name == "" || m[2*i] < 0 {
				continue
			}
			if kind, is := slowKinds[name]; is {
				out = append(out, Token{slowNumber(kind, text[at:at+m[1]]), at, at + m[1]})
			}
		}
		at += m[1]
	}
	return append(out, Token{EOF, len(text), len(text)}), true
}

var slowNumbers = map[Kind]*regexp.Regexp{
	Int:     regexp.MustCompile(`^[0-9]+$`),
	Decimal: regexp.MustCompile(`^[0-9]+\.[0-9]+$`),
	Float:   regexp.MustCompile(`^[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]+$`),
}

// slowNumber tells the kinds of tokens apart that begin with a digit.
func slowNumber(kind Kind, text string) Kind {
	for k, re := range slowNumbers {
		if kind == Measure && re.MatchString(text) {
			return k
		}
	}
	return kind
}

// FuzzLex compares the scanner with the regular expression on ASCII texts.
func FuzzLex(f *testing.F) {
	for _, s := range []string{
		"", "COUNT a = 1", "1e5 1E+5 1e 1e+ 1.5e-3d 1.5 1. .5 1.x 30d 0.25h 1_0 2ND", "'it''s' '' 'a", `"a""b" ""`,
		"a--b\nc /* d */ e /* f", "<=<>>=!=!<", "$1 $a $ $1a $_", "a;b:c.d,e[f](g)", "- - --", "==&&||", "1e5e5 1ee 0x1F", "/**/ /*/ */", "''''",
	} {
		f.Add(s)
	}
	if raw, err := os.ReadFile("../parse/testdata/good.txt"); err == nil {
		for _, line := range strings.Split(string(raw), "\n") {
			f.Add(strings.TrimPrefix(line, "> "))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 || strings.IndexFunc(text, func(r rune) bool { return r >= 0x80 }) >= 0 {
			checkBounds(t, text)
			return
		}
		checkAgainstSlow(t, text)
		checkSplit(t, text)
	})
}

func checkAgainstSlow(t *testing.T, text string) {
	t.Helper()
	got, err := All(text)
	want, ok := slowAll(text)
	if err != nil {
		if ok && !excused(text, err) {
			t.Fatalf("%q: the scanner fails (%v), the regular expression does not", text, err)
		}
		return
	}
	if !ok {
		t.Fatalf("%q: the scanner goes on where the regular expression stops after %v", text, want)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("%q:\ngot  %v\nwant %v", text, got, want)
	}
}

// excused tells the errors that are no matter of a regular expression.
func excused(text string, err error) bool {
	for _, s := range []string{"a name may have", "nested deeper", "is not an operator", "a parameter is written", "is not closed"} {
		if strings.Contains(err.Error(), s) {
			return true
		}
	}
	return false
}

// checkBounds checks that tokens lie in the text, in order.
func checkBounds(t *testing.T, text string) {
	t.Helper()
	tokens, err := All(text)
	if err != nil {
		return
	}
	end := 0
	for _, x := range tokens {
		if x.Start < end || x.End < x.Start || x.End > len(text) || x.Kind != EOF && x.End == x.Start {
			t.Fatalf("%q: token %v after %d", text, x, end)
		}
		end = x.End
	}
}

// checkSplit checks that the parts of a script are what the tokens say: split at semicolons at depth 0.
func checkSplit(t *testing.T, text string) {
	t.Helper()
	tokens, err := All(text)
	if err != nil {
		return
	}
	var want, got []string
	start, end, depth := -1, 0, 0
	for _, x := range tokens {
		word := text[x.Start:x.End]
		if x.Kind == EOF || word == ";" && depth <= 0 {
			if start >= 0 {
				want = append(want, text[start:end])
			}
			start, depth = -1, 0
			continue
		}
		if start < 0 {
			start = x.Start
		}
		end = x.End
		switch word {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		}
	}
	for at := 0; at < len(text); {
		span, next, _ := Split(text, at)
		if next <= at {
			t.Fatalf("%q: no progress at %d", text, at)
		}
		if at = next; span.End > span.Start {
			got = append(got, text[span.Start:span.End])
		}
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Fatalf("%q:\ngot  %q\nwant %q", text, got, want)
	}
}

func TestSpacesOfPastedText(t *testing.T) {
	got, err := All("\ufeffCOUNT\u00a0a\u2009=\u30001")
	if err != nil || len(got) != 5 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestColumnsCountRunes(t *testing.T) {
	_, err := All("COUNT a = 'zażółć gęślą' AND ?")
	if err == nil || !strings.HasPrefix(err.Error(), "1:30: ") {
		t.Errorf("got %v", err)
	}
}

func TestNotUTF8(t *testing.T) {
	_, err := All("COUNT a = '\xff'")
	if err == nil || !strings.HasPrefix(err.Error(), "1:12: the text is not UTF-8: byte 0xff") {
		t.Errorf("got %v", err)
	}
}

func TestWords(t *testing.T) {
	for w := And; w < lastWord; w++ {
		if w.String() == "" {
			t.Errorf("the keyword %d after %s has no text", w, w-1)
		}
		if len(w.String()) > longestWord {
			t.Errorf("%s is longer than longestWord", w)
		}
		if Lookup(strings.ToLower(w.String())) != w {
			t.Errorf("%s is not found", w)
		}
	}
	reserved := "AND OR NOT IN BETWEEN LIKE ILIKE IS NULL TRUE FALSE DID NEVER HAS AS OF CASE WHEN THEN ELSE END SELECT FROM WHERE GROUP HAVING ORDER LIMIT"
	var got []string
	for _, w := range Words() {
		if Lookup(w).Reserved() {
			got = append(got, w)
		}
	}
	if strings.Join(got, " ") != reserved {
		t.Errorf("the reserved words are %v", got)
	}
}

func BenchmarkAll(b *testing.B) {
	text := strings.Repeat("country = 'PL' AND ltv / orders > 50.25 OR ", 7)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := All(text); err != nil {
			b.Fatal(err)
		}
	}
}
