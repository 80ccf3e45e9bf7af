package screens

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFirstMinute is what an analyst sees first; the tutorial shows these screens.
func TestFirstMinute(t *testing.T) {
	s := serve(t)
	w := open(t, s, 80, 48)
	w.start()
	shown := map[string]string{"start": w.note("start")}
	step := func(name, line, text string) {
		t.Helper()
		w.clear()
		w.ask(line, text)
		shown[name] = w.note(name)
	}
	step("count", "COUNT DID purchase AT LEAST 2 TIMES WITHIN 90d;", "1 row in")
	step("group", "SELECT country, count(*), avg(ltv) FROM contacts WHERE _ GROUP BY 1 ORDER BY 2 DESC LIMIT 8;", "rows in")
	step("chart", `\chart`, "█")
	step("months", "SELECT date_trunc('month', time) AS month, count(*), sum(amount) FROM purchase WHERE time >= '2025-10-01' GROUP BY 1 ORDER BY 1;", "rows in")
	step("again", `\chart`, "█")
	step("mistake", "COUNT contry = 'DE' AND DID purchase WITHIN 90d;", "hint:")
	step("mixed", "COUNT country = 'DE' AND orders > 3 OR email_opt_in;", "hint:")
	step("describe", "DESCRIBE country;", "rows in")
	step("overview", `\d`, "shows the values of one")
	golden(t, "first-minute.txt", w.log.String())
	tutorial(t, shown)
}

// TestEditing drives the editor: several lines, an empty line that ends a statement, Ctrl-C, completion of
// commands, and a history that outlives the shell.
func TestEditing(t *testing.T) {
	s := serve(t)
	w := open(t, s, 80, 24)
	w.start()
	w.clear()
	w.enter("COUNT country = 'DE'")
	w.wait("->")
	w.enter("  AND email_opt_in")
	w.ask(";", "1 row in")
	w.note("three lines")
	w.clear()
	w.enter("COUNT")
	w.wait("->")
	w.ask("", "1 row in")
	w.note("an empty line ends what lacks nothing")
	w.clear()
	w.enter("COUNT country = ")
	w.wait("->")
	w.keys("Enter")
	w.keys("C-c")
	w.prompt()
	w.note("Ctrl-C drops what is typed")
	w.clear()
	w.write(`\ex`)
	w.keys("Tab")
	w.wait("the last answer to x.csv")
	w.note("Tab")
	w.keys("C-c")
	w.prompt()
	w.clear()
	w.keys("C-d")
	w.start()
	w.clear()
	w.keys("C-r")
	w.write("email")
	w.wait("AND email_opt_in")
	w.keys("Enter")
	w.wait("1 row in")
	w.prompt()
	w.note("Ctrl-R after a restart")
	golden(t, "editing.txt", w.log.String())
}

// TestLongHistory holds that the list of Ctrl-R fits the window, and that what is searched may be no regular
// expression.
func TestLongHistory(t *testing.T) {
	s := serve(t)
	w := open(t, s, 80, 24)
	var lines strings.Builder
	for i := range 300 {
		fmt.Fprintf(&lines, "\"COUNT orders = %d;\"\n", i)
	}
	lines.WriteString("\"SELECT count(*) FROM contacts;\"\n")
	dir := filepath.Join(w.home, ".local", "state", "muster")
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "history"), []byte(lines.String()), 0o600)); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.clear()
	w.keys("C-r")
	w.wait("orders = 289;")
	w.note("Ctrl-R")
	w.write("= 77")
	w.wait("shop> COUNT orders = 77;")
	w.keys("Enter")
	w.wait("1 row in")
	w.prompt()
	w.clear()
	w.keys("C-r")
	w.write("count(")
	w.wait("count(_")
	w.keys("C-c")
	w.keys("C-c")
	w.waitFor("the prompt", func(s string) bool { return strings.HasSuffix(s, "shop>\n") })
	w.ask("COUNT;", "1 row in")
	golden(t, "long-history.txt", w.log.String())
}

// TestCompletion holds that Tab asks the server, and that what it says comes into the line.
func TestCompletion(t *testing.T) {
	s := serve(t)
	w := open(t, s, 80, 24)
	w.start()
	w.clear()
	w.write("COUNT countr")
	w.keys("Tab")
	w.wait("shop> COUNT country")
	w.write(" = ")
	w.keys("Tab")
	w.wait("'DE'")
	w.note("values")
	w.write("'D")
	w.keys("Tab")
	w.wait("shop> COUNT country = 'DE'")
	w.write(" AND DID purchase[cat")
	w.keys("Tab")
	w.wait("purchase[category")
	w.ask(" = 'books'] WITHIN 90d;", "1 row in")
	w.clear()
	w.write("SELECT sum(purchase.")
	w.keys("Tab")
	w.wait("items")
	w.note("properties")
	w.keys("C-c")
	golden(t, "completion.txt", w.log.String())
}

// TestInterrupt holds that Ctrl-C ends a statement on the server, and not the shell.
func TestInterrupt(t *testing.T) {
	s := serve(t)
	w := open(t, s, 80, 24)
	w.start()
	w.clear()
	w.enter("COUNT country = 'slow';")
	w.wait("; Ctrl-C ends it")
	w.keys("C-c")
	w.wait("interrupted after")
	w.prompt()
	w.waitFor("the statement's end on the server", func(string) bool { return s.interrupted.Load() == 1 })
	w.ask("COUNT country = 'DE';", "1 row in")
	if strings.Contains(w.screen(), "Ctrl-C ends it") {
		t.Errorf("the progress stays:\n%s", w.screen())
	}
	w.clear()
	w.ask("COUNT;", "1 row in")
	w.clear()
	w.enter(`\watch 0.1`)
	w.wait("every 100ms, 12:00:00; Ctrl-C ends it")
	w.waitFor("a few answers", func(string) bool { return true })
	w.keys("C-c")
	w.prompt()
	w.note("a watch that was ended")
	w.ask("COUNT;", "1 row in")
	golden(t, "watch.txt", w.log.String())
}

// TestResize holds that answers fit the window as it is now.
func TestResize(t *testing.T) {
	s := serve(t)
	w := open(t, s, 120, 30)
	w.start()
	for _, width := range []int{120, 60} {
		w.tmux("resize-window", "-x", fmt.Sprint(width), "-y", "30")
		w.clear()
		w.ask("SELECT id, email, city, country, ltv FROM contacts ORDER BY id LIMIT 3;", "3 rows in")
		w.note(fmt.Sprint(width, " columns"))
	}
	golden(t, "resize.txt", w.log.String())
}

// TestPaste pastes 200 lines, and a few.
func TestPaste(t *testing.T) {
	s := serve(t)
	w := open(t, s, 80, 24)
	w.start()
	w.clear()
	var text strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "COUNT orders = %d;\n", i)
	}
	w.paste(text.String())
	w.wait("200 statements")
	w.note("200 lines pasted")
	w.keys("Enter")
	w.wait("COUNT orders = 199")
	w.prompt()
	w.note("and asked")
	w.clear()
	w.paste("SELECT id\nFROM contacts\nORDER BY id\nLIMIT 1;")
	w.wait("LIMIT 1;")
	w.keys("Enter")
	w.wait("1 row in")
	w.prompt()
	w.note("four lines pasted")
	w.clear()
	w.keys("Up")
	w.wait("LIMIT 1;")
	w.keys("Up")
	w.wait("COUNT orders = 199;")
	golden(t, "paste.txt", w.log.String())
}

// TestPager holds that what is taller than the window goes through the pager, and can be kept from it.
func TestPager(t *testing.T) {
	s := serve(t)
	w := open(t, s, 80, 24, "PAGER=cat -n")
	w.start()
	w.clear()
	w.enter(`\?`)
	w.wait("EXPLAIN ANALYZE COUNT _;")
	w.prompt()
	w.note("paged by cat -n")
	w.ask(`\pager off`, "pager off")
	w.clear()
	w.enter(`\?`)
	w.wait("EXPLAIN ANALYZE COUNT _;")
	w.prompt()
	w.note("not paged")
	golden(t, "pager.txt", w.log.String())
}

// TestPipes holds that without a terminal there is neither prompt nor colour.
func TestPipes(t *testing.T) {
	s := serve(t)
	w := open(t, s, 80, 24)
	w.enter(`echo "COUNT country = 'DE'" | muster shell --base shop; echo "ended with $?"`)
	w.wait("ended with 0")
	w.shellPrompt()
	w.note("pipe in")
	w.clearShell()
	w.enter(`muster shell --base shop -c "SELECT country, count(*) FROM contacts GROUP BY 1 ORDER BY 2 DESC LIMIT 3" | cat`)
	w.wait("3 rows")
	w.shellPrompt()
	if w.note("pipe out"); strings.Contains(w.tmux("capture-pane", "-p", "-e"), "\x1b[") {
		t.Error("there are colours in a pipe")
	}
	w.clearShell()
	w.enter(`muster shell --base shop -c "COUNT contry = 'DE'"; echo "ended with $?"`)
	w.wait("ended with 1")
	w.shellPrompt()
	w.note("a mistake")
	golden(t, "pipes.txt", w.log.String())
}

// TestPlainTerminal holds that NO_COLOR is honoured, and that a terminal without UTF-8 gets ASCII.
func TestPlainTerminal(t *testing.T) {
	s := serve(t)
	w := open(t, s, 80, 24, "NO_COLOR=1", "LANG=C")
	if err := os.WriteFile(filepath.Join(w.home, ".musterrc"), []byte("\\timing off\nCOUNT country = 'DE';\n\\nosuch\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.note(".musterrc")
	w.ask("SELECT country, count(*) FROM contacts GROUP BY 1 ORDER BY 2 DESC LIMIT 3;", "3 rows")
	w.ask(`\chart`, "###")
	w.note("ASCII")
	if painted := w.tmux("capture-pane", "-p", "-e"); strings.Contains(painted, "\x1b[3") || strings.Contains(painted, "\x1b[1;3") {
		t.Errorf("there are colours: %q", painted)
	}
	golden(t, "plain.txt", w.log.String())
}

// tutorial holds that the tutorial shows the screens as they are.
func tutorial(t *testing.T, shown map[string]string) {
	t.Helper()
	path := filepath.Join("..", "..", "..", "..", "docs", "tutorial", "the-shell.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, found := withScreens(string(text), shown)
	if len(found) < 5 {
		t.Errorf("the tutorial shows only these screens: %v", found)
	}
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != string(text) {
		t.Errorf("the tutorial shows other screens: it differs at %s", firstDifference(string(text), got))
	}
}

// withScreens puts screens into the blocks that follow <!-- screen: NAME -->.
func withScreens(text string, shown map[string]string) (out string, found []string) {
	const mark, fence = "<!-- screen: ", "```text\n"
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(text, mark)
		b.WriteString(before)
		if !ok {
			return b.String(), found
		}
		name, rest, _ := strings.Cut(after, " -->\n"+fence)
		_, text, _ = strings.Cut(rest, "```\n")
		b.WriteString(mark + name + " -->\n" + fence + shown[name] + "```\n")
		found = append(found, name)
	}
}
