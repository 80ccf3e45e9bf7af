package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKillDuringLoad kills the server at random moments of a load, starts it and runs the load again,
// until it finishes: in the end every line is in exactly once. MUSTER_SOAK=1 makes it 50 rounds.
func TestKillDuringLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short: kills processes for half a minute")
	}
	rounds := 6
	if os.Getenv("MUSTER_SOAK") != "" {
		rounds = 50
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	const lines, contacts = 300_000, 5_000
	dir := t.TempDir()
	file := filepath.Join(dir, "events.csv")
	total := writeEvents(t, file, lines, contacts)
	data := filepath.Join(dir, "data")
	p := startProcess(t, data)
	muster(t, exitOK, "query", "--url", p.url, "-c", "CREATE BASE shop")
	muster(t, exitOK, "query", "--url", p.url, "--base", "shop", "-c", "CREATE EVENT buy (amount INT)")
	copyStatement := fmt.Sprintf("COPY buy FROM '%s' (contact = contact, time = time, amount = amount)", file)
	for round := 0; ; round++ {
		finished := loadAndKill(t, p, copyStatement, round < rounds, time.Duration(50+r.IntN(700))*time.Millisecond)
		if finished {
			t.Logf("finished after %d kills", round)
			break
		}
		p = startProcess(t, data)
	}
	check := func(question, want string) {
		t.Helper()
		out := muster(t, exitOK, "query", "--url", p.url, "--base", "shop", "--format", "csv", "-c", question)
		if got := strings.Split(strings.TrimSpace(out), "\n")[1]; got != want {
			t.Errorf("%s = %s, want %s", question, got, want)
		}
	}
	check("SELECT id, count(buy), sum(buy.amount) FROM contacts WHERE id = 'c7'", total["c7"])
	check("COUNT", fmt.Sprint(contacts))
	check(fmt.Sprintf("COUNT count(buy) = %d", lines/contacts), fmt.Sprint(contacts))
	again := muster(t, exitFailed, "query", "--url", p.url, "--base", "shop", "-c", copyStatement)
	if !strings.Contains(again, "AGAIN") {
		t.Errorf("a finished load that is run again does not speak of AGAIN:\n%s", again)
	}
}

// loadAndKill runs the load and, if kill is set, kills the server after a while. It reports whether the
// load finished.
func loadAndKill(t *testing.T, p *process, statement string, kill bool, after time.Duration) bool {
	t.Helper()
	type end struct {
		code int
		text string
	}
	done := make(chan end, 1)
	go func() {
		var out bytes.Buffer
		code := run(context.Background(), []string{"query", "--url", p.url, "--base", "shop", "-c", statement}, streams{out: &out, err: &out})
		done <- end{code, out.String()}
	}()
	if kill {
		time.Sleep(after)
		p.kill(t)
	}
	e := <-done
	if !kill && strings.Contains(e.text, "loaded before") {
		return true // it finished in the moment before the last kill
	}
	if e.code != exitOK && !kill {
		t.Fatalf("the load failed: %s", e.text)
	}
	return e.code == exitOK && !kill
}

// writeEvents writes a CSV of events and returns what SELECT must answer for some contacts.
func writeEvents(t *testing.T, path string, lines, contacts int) map[string]string {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("contact,time,amount\n")
	sums, counts := map[int]int{}, map[int]int{}
	for i := range lines {
		c := i % contacts
		at := time.Date(2026, 1, 1, 0, 0, i%86_400, 0, time.UTC).Add(time.Duration(i/86_400) * 24 * time.Hour)
		fmt.Fprintf(&b, "c%d,%s,%d\n", c, at.Format(time.DateTime), i)
		sums[c] += i
		counts[c]++
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for c := range sums {
		out[fmt.Sprint("c", c)] = fmt.Sprintf("c%d,%d,%d", c, counts[c], sums[c])
	}
	return out
}
