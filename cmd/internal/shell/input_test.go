package shell

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

func TestItems(t *testing.T) {
	for _, c := range []struct {
		text string
		want []item
	}{
		{"", nil},
		{" ;; -- nothing\n", nil},
		{"COUNT;", []item{{"COUNT", false, true}}},
		{"COUNT", []item{{"COUNT", false, false}}},
		{"COUNT;\\x\nCOUNT a = ';';", []item{{"COUNT", false, true}, {`\x`, true, true}, {"COUNT a = ';'", false, true}}},
		{`\d purchase;`, []item{{`\d purchase`, true, true}}},
		{"\\export 'a b.csv'\n\n\\q", []item{{`\export 'a b.csv'`, true, true}, {`\q`, true, true}}},
		{"SELECT id\nFROM contacts\n\\x\n;", []item{{"SELECT id\nFROM contacts\n\\x", false, true}}},
		{"help\nquit;\nexit", []item{{"help", true, true}, {"quit", true, true}, {"exit", true, true}}},
		{"help = 3;", []item{{"help = 3", false, true}}},
		{"COUNT a = 'open; \\q", []item{{"COUNT a = 'open; \\q", false, false}}},
		{"/* open ; \\q", nil},
	} {
		var got []item
		for it := range items(c.text) {
			got = append(got, it)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %v, want %v", c.text, got, c.want)
		}
	}
}

func TestWhole(t *testing.T) {
	for text, want := range map[string]bool{
		"":                       true,
		"   \n":                  true,
		"COUNT":                  false,
		"COUNT;":                 true,
		"COUNT; -- all":          true,
		"COUNT; COUNT":           false,
		"COUNT country =\n":      false,
		"COUNT\n":                true,
		"COUNT\n  ":              true,
		"COUNT country = 'x\n":   false,
		"COUNT (country = 'x'\n": false,
		`\d`:                     true,
		"quit":                   true,
		"SELECT id\nFROM":        false,
		"SELECT id\nFROM\n":      false,
	} {
		if got := whole(text); got != want {
			t.Errorf("%q is whole: %v, want %v", text, got, want)
		}
	}
}

// TestReader holds that a pipe is read statement by statement, and no further.
func TestReader(t *testing.T) {
	in, out := io.Pipe()
	r := newReader(in)
	lines := []string{"COUNT\n", "country = 'a;b'\n", ";\n", "\\x\n", "help\n", "COUNT"}
	go func() {
		for _, l := range lines {
			_, _ = io.WriteString(out, l)
		}
		out.Close()
	}()
	for _, want := range []string{"COUNT\ncountry = 'a;b'\n;\n", "\\x\n", "help\n"} {
		if got, err := r.next(); got != want || err != nil {
			t.Fatalf("read %q, %v; want %q", got, err, want)
		}
	}
	if got, err := r.next(); got != "COUNT" || !errors.Is(err, io.EOF) {
		t.Fatalf("at the end: %q, %v", got, err)
	}
}

// TestReaderOfLongStatement holds that a statement of many lines takes linear time.
func TestReaderOfLongStatement(t *testing.T) {
	text := "COUNT id IN (" + strings.Repeat("'abcdefghij',\n", 200_000) + "'x');\n"
	if got, err := newReader(strings.NewReader(text)).next(); got != text || err != nil {
		t.Fatalf("%d of %d bytes, %v", len(got), len(text), err)
	}
}

func TestWords(t *testing.T) {
	for text, want := range map[string][]string{
		"":                   nil,
		"  a  b ":            {"a", "b"},
		"'a b' c":            {"a b", "c"},
		"'it''s'":            {"it's"},
		"since '2026-04-01'": {"since", "2026-04-01"},
		`/tmp/x.csv 'y\z'`:   {"/tmp/x.csv", `y\z`},
	} {
		if got, err := words(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
	if _, err := words("'open"); err == nil {
		t.Error("an open quote is taken")
	}
}

func FuzzItems(f *testing.F) {
	f.Add("COUNT;\\x\nCOUNT")
	f.Fuzz(func(t *testing.T, text string) {
		for it := range items(text) {
			if it.text == "" || it.command && strings.Contains(it.text, "\n") {
				t.Fatalf("%q yields %+v", text, it)
			}
		}
		whole(text)
	})
}
