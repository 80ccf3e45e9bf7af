package complete

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/musterdb/muster/query/lex"
)

// FuzzComplete checks that every text and cursor has an answer of the right form.
func FuzzComplete(f *testing.F) {
	for _, s := range statements(f) {
		f.Add(s, len(s)/2)
	}
	f.Fuzz(func(t *testing.T, text string, cursor int) {
		if len(text) < 1<<14 {
			check(t, text, cursor)
		}
	})
}

// check completes and highlights, and puts each candidate into the text: if that could be cut into tokens before
// without the word at the cursor, it can be after.
func check(t *testing.T, text string, cursor int) {
	t.Helper()
	highlighted(t, text)
	res := Complete(text, cursor, shop())
	cursor = min(max(cursor, 0), len(text))
	if res.Start < 0 || res.Start > cursor || res.End < cursor || res.End > len(text) || res.Candidates == nil || len(res.Candidates) > maxCandidates {
		t.Fatalf("%q at %d: %+v", text, cursor, res)
	}
	before, after := text[:res.Start], text[res.End:]
	_, left := lex.All(before)
	_, right := lex.All(after)
	_, both := lex.All(before + " x " + after)
	for _, c := range res.Candidates {
		if _, err := lex.All(c.Text); err != nil || c.Kind == "" {
			t.Fatalf("%q at %d: the candidate %+v: %v", text, cursor, c, err)
		}
		if left != nil || right != nil || both != nil {
			continue
		}
		if _, err := lex.All(before + c.Text + after); err != nil {
			t.Fatalf("%q at %d: with %q: %v", text, cursor, c.Text, err)
		}
	}
}

// highlighted checks that the words lie in order and hold all that is no white space, and that they are the
// lexer's where it has no complaint.
func highlighted(t *testing.T, text string) {
	t.Helper()
	at := 0
	var tokens []Token
	for _, w := range Highlight(text) {
		if w.Start < at || w.End <= w.Start || w.End > len(text) || w.Class > Error {
			t.Fatalf("%q: %+v after %d", text, w, at)
		}
		at = w.End
		if w.Class != Comment {
			tokens = append(tokens, w)
		}
	}
	want, err := lex.All(text)
	if err != nil {
		return
	}
	if len(want)-1 != len(tokens) {
		t.Fatalf("%q: %d words, the lexer has %d", text, len(tokens), len(want)-1)
	}
	for i, w := range tokens {
		if w.Start != want[i].Start || w.End != want[i].End || w.Class == Error {
			t.Fatalf("%q: %+v, the lexer has %+v", text, w, want[i])
		}
	}
}

// statements are the parser's golden statements.
func statements(t testing.TB) (out []string) {
	for _, file := range []string{"../parse/testdata/good.txt", "../parse/testdata/errors.txt"} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(string(raw), "\n") {
			if s, ok := strings.CutPrefix(line, "> "); ok {
				out = append(out, s)
			}
		}
	}
	return out
}

// TestEverywhere completes at every byte of the parser's statements.
func TestEverywhere(t *testing.T) {
	for _, s := range statements(t) {
		for at := range len(s) + 1 {
			check(t, s, at)
		}
	}
}

// TestBroken completes in statements with pieces cut out and put elsewhere.
func TestBroken(t *testing.T) {
	const seed = 7
	r := rand.New(rand.NewPCG(seed, 1))
	all := statements(t)
	for range 3000 {
		s := all[r.IntN(len(all))]
		other := all[r.IntN(len(all))]
		i, j := r.IntN(len(s)+1), r.IntN(len(other)+1)
		text := s[:i] + other[j:]
		check(t, text, r.IntN(len(text)+1))
	}
	for _, text := range []string{"", "|", "\x00", "'", `"`, "/*", "--", "$", "\xff\xfe", strings.Repeat("(", 500), strings.Repeat("a.", 500), "SELECT \u00a0 x"} {
		for at := -1; at <= len(text)+1; at++ {
			check(t, text, at)
		}
	}
}
