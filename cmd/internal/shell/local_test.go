package shell

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/storage/schema"
)

func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "history")
	h := openHistory(path)
	for _, e := range []string{"COUNT;", "COUNT;", "  ", "SELECT id\nFROM contacts;", strings.Repeat("x", maxHistoryEntry+1)} {
		if err := h.add(e); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"COUNT;", "SELECT id\nFROM contacts;"}
	if !reflect.DeepEqual(h.entries, want) || !reflect.DeepEqual(openHistory(path).entries, want) {
		t.Errorf("kept %q and then %q", h.entries, openHistory(path).entries)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("others may read the history: %v, %v", st.Mode(), err)
	}
	if none := openHistory(""); none.add("COUNT;") != nil || len(none.entries) != 1 {
		t.Error("without a file there is no history")
	}
}

func TestHistoryIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	text := "no JSON\n" + strings.Repeat("\"COUNT;\"\n", 2*maxHistory) + "\"last;\"\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		h := openHistory(path)
		if n := len(h.entries); n != maxHistory || h.entries[n-1] != "last;" {
			t.Fatalf("%d entries, the last is %q", n, h.entries[n-1])
		}
		after, err := os.ReadFile(path)
		if err != nil || strings.Count(string(after), "\n") != maxHistory {
			t.Fatalf("the file has %d lines, %v", strings.Count(string(after), "\n"), err)
		}
	}
}

func TestHistoryFile(t *testing.T) {
	for _, c := range []struct{ env, want string }{
		{"HOME=/h", "/h/.local/state/muster/history"},
		{"HOME=/h XDG_STATE_HOME=/s", "/s/muster/history"},
		{"HOME=/h XDG_STATE_HOME=s", "/h/.local/state/muster/history"},
		{"HOME=/h MUSTER_HISTORY=/m", "/m"},
		{"", ""},
	} {
		if got := historyFile(environment(c.env)); got != c.want {
			t.Errorf("%s: %s, want %s", c.env, got, c.want)
		}
	}
}

// environment looks up names in "A=x B=y".
func environment(text string) func(string) string {
	return func(name string) string {
		for _, pair := range strings.Fields(text) {
			if v, ok := strings.CutPrefix(pair, name+"="); ok {
				return v
			}
		}
		return ""
	}
}

func TestHighlight(t *testing.T) {
	plain := render.Style{}
	for _, text := range []string{"", "COUNT country = 'DE' AND x > 3.5 -- why", "COUNT 'open", `\d x`, "COUNT é ☃ \"", "SELECT $a\n  FROM\tcontacts;"} {
		if got := highlight(plain, text); got != text {
			t.Errorf("without colours %q becomes %q", text, got)
		}
		if got := unpainted(highlight(render.Style{Colour: true}, text)); got != text {
			t.Errorf("colours change %q to %q", text, got)
		}
	}
	got := highlight(render.Style{Colour: true}, "COUNT a = 'x'")
	if !strings.Contains(got, "mCOUNT\x1b[0m a = \x1b[32m'x'\x1b[0m") {
		t.Errorf("coloured as %q", got)
	}
}

func FuzzHighlight(f *testing.F) {
	f.Add("COUNT 'open -- \"")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "\x1b") {
			t.Skip()
		}
		if got := unpainted(highlight(render.Style{Colour: true}, text)); got != text {
			t.Fatalf("%q becomes %q", text, got)
		}
	})
}

// TestFitted holds what the editor's library puts in the place of what is typed: prefix is cut off before the
// cursor, value put in.
func TestFitted(t *testing.T) {
	for _, c := range []struct {
		what, text, candidate string
		from, at, to          int
		prefix, value         string
	}{
		{"word", "COUNT cou", "country", 6, 9, 9, "cou", "country"},
		{"nothing typed", "COUNT ", "country", 6, 6, 6, "", "country"},
		{"behind a bracket", "COUNT count(pur", "purchase", 12, 15, 15, "count(pur", "count(purchase"},
		{"case", "cou", "COUNT", 0, 3, 3, "cou", "COUNT"},
		{"middle of a word", "COUNT country = 1", "country", 6, 9, 13, "cou", "cou"},
		{"another word stands there", "COUNT couple = 1", "country", 6, 9, 12, "cou", ""},
		{"no prefix of it", "COUNT contry", "country", 6, 12, 12, "contry", ""},
		{"foreign text", "city = 'Łó", "'Łódź'", 7, 11, 11, "", ""},
		{"after foreign text", "city = 'Łod", "'Łodygowice'", 7, 12, 12, "od", "odygowice'"},
	} {
		prefix, values := fitted(c.text, c.at, completions{c.from, c.to, []candidate{{text: c.candidate}}})
		if values[0] != c.value || c.value != "" && prefix != c.prefix {
			t.Errorf("%s: %q, %q; want %q, %q", c.what, prefix, values[0], c.prefix, c.value)
		}
	}
}

func TestCommandCompletion(t *testing.T) {
	s := newShell(Config{Getenv: environment("")})
	t.Chdir(t.TempDir())
	for _, name := range []string{"b.csv", "a b.csv", ".hidden"} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]string{`\ex`: `\export`, `\format n`: "ndjson", `\timing `: "off", `\i b`: "b.csv"} {
		found := s.complete(text, len(text))
		ok := false
		for _, c := range found.candidates {
			ok = ok || c.text == want
		}
		if !ok {
			t.Errorf("%s does not offer %s but %v", text, want, found.candidates)
		}
	}
	for _, text := range []string{`\nosuch x`, `\`, `  \`, `\d`} {
		for at := range len(text) + 1 {
			s.complete(text, at)
		}
	}
}

func TestLiteral(t *testing.T) {
	for value, want := range map[string]string{
		"3": "3", "3.5": "3.5", "30d": "30d", "TRUE": "TRUE", "null": "null", "'it''s'": "'it''s'", "DE": "'DE'", "it's": "'it''s'",
		"1 OR TRUE": "'1 OR TRUE'", "-3": "'-3'", "country": "'country'", "": "''", "1; DROP": "'1; DROP'",
	} {
		if got := literal(value); got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
}

func TestSuggestionsParse(t *testing.T) {
	full := schema.New(1, "shop", schema.BaseOptions{})
	full.Attrs = []schema.Attribute{{Name: "email", Type: schema.Type{Kind: schema.KindText}}, {Name: "country", Type: schema.Type{Kind: schema.KindText}}}
	full.Events = []schema.EventType{
		{Name: "open"}, {Name: "Order Completed", Props: []schema.Property{{Name: "order total", Type: schema.Type{Kind: schema.KindDecimal, Scale: 2}}}},
	}
	bare := schema.New(1, "shop", schema.BaseOptions{})
	for _, c := range []struct {
		sch   *schema.Schema
		empty bool
	}{{full, false}, {bare, false}, {bare, true}} {
		for _, text := range suggestions(c.sch, c.empty) {
			text = strings.Replace(text, "_ ", "TRUE ", 1)
			for it := range items(text) {
				if _, err := parse.Statement(it.text); err != nil && !it.command {
					t.Errorf("%s: %v", text, err)
				}
			}
		}
	}
	if got := strings.Join(suggestions(full, false), "\n"); !strings.Contains(got, `DID "Order Completed"`) || !strings.Contains(got, "GROUP BY") {
		t.Errorf("suggests\n%s", got)
	}
}

// TestHelpFits holds that the page of help fits 80 columns and names every command.
func TestHelpFits(t *testing.T) {
	var out strings.Builder
	s := newShell(Config{Out: &out, Getenv: environment("")})
	if err := s.help(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if n := render.Width(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	names, _ := commandNames()
	for _, n := range names {
		if err := s.help(t.Context(), []string{n}); err != nil {
			t.Error(err)
		}
	}
	for it := range items(examples) {
		if _, err := parse.Statement(strings.ReplaceAll(it.text, "_", "TRUE")); err != nil && !it.command && !strings.Contains(it.text, "date_trunc") {
			t.Errorf("%s: %v", it.text, err)
		}
	}
}

func TestHistoryLatest(t *testing.T) {
	h := &history{entries: []string{"COUNT a;", "COUNT b;", "SELECT count(*) FROM contacts;", "COUNT a;", "COUNT c;"}}
	for _, c := range []struct {
		text string
		most int
		want map[int]bool
	}{
		{"", 2, map[int]bool{4: true, 3: true}},
		{"count", 9, map[int]bool{4: true, 3: true, 2: true, 1: true}},
		{"count(", 9, map[int]bool{2: true}},
		{"a;$", 9, map[int]bool{3: true}},
		{"nothing", 9, map[int]bool{}},
	} {
		if got := h.latest(c.text, c.most); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %v, want %v", c.text, got, c.want)
		}
	}
}
