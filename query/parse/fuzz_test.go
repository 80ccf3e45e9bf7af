package parse

import (
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/lex"
)

// samples are the statements of the golden files.
func samples(t testing.TB) (texts []string) {
	for _, file := range []string{"testdata/good.txt", "testdata/errors.txt"} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split(string(raw), "\n\n") {
			if _, text, _ := cut(block); text != "" {
				texts = append(texts, text)
			}
		}
	}
	return texts
}

// FuzzStatement checks that no text panics, that every error has its form, and that what parses holds
// the law of printing.
func FuzzStatement(f *testing.F) {
	for _, s := range samples(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<16 {
			return
		}
		checkStatement(t, text)
	})
}

func checkStatement(t *testing.T, text string) {
	t.Helper()
	s, err := Statement(text)
	if err == nil {
		law(t, s)
		return
	}
	var d *diag.Error
	if !errors.As(err, &d) {
		t.Fatalf("%q: the error is a %T: %v", text, err, err)
	}
	if d.Msg == "" || d.Text != text || d.Span.Start < 0 || d.Span.End < d.Span.Start || d.Span.End > len(text) {
		t.Fatalf("%q: a malformed error: %+v", text, d)
	}
	if strings.Contains(d.Msg, "unexpected token") || strings.Contains(d.Msg, "sub-expression") {
		t.Fatalf("%q: participle shows through: %s", text, d.Msg)
	}
	_ = d.Render()
}

// TestShuffled parses statements put together at random from the words of the samples: neighbours
// swapped, dropped, doubled and taken from elsewhere.
func TestShuffled(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if !testing.Verbose() {
		seed = 1
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	texts := samples(t)
	var parsed int
	for range 20_000 {
		text := shuffled(r, texts)
		if _, err := Statement(text); err == nil {
			parsed++
		}
		checkStatement(t, text)
	}
	if parsed < 500 {
		t.Errorf("only %d of the texts are statements; the test tests little", parsed)
	}
}

func shuffled(r *rand.Rand, texts []string) string {
	words := wordsOf(texts[r.IntN(len(texts))])
	for range 1 + r.IntN(3) {
		if len(words) < 2 {
			break
		}
		i := r.IntN(len(words))
		switch r.IntN(4) {
		case 0:
			words = append(words[:i:i], words[i+1:]...)
		case 1:
			words[i], words[len(words)-1-i] = words[len(words)-1-i], words[i]
		case 2:
			other := wordsOf(texts[r.IntN(len(texts))])
			if len(other) > 0 {
				words[i] = other[r.IntN(len(other))]
			}
		default:
			words = append(words[:i:i], append([]string{words[i]}, words[i:]...)...)
		}
	}
	return strings.Join(words, " ")
}

func wordsOf(text string) (out []string) {
	tokens, err := lex.All(text)
	if err != nil {
		return nil
	}
	for _, t := range tokens[:len(tokens)-1] {
		out = append(out, text[t.Start:t.End])
	}
	return out
}
