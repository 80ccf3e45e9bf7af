package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKillDuringWrites kills the server at random moments of statements that change many rows. After each start
// a segment is whole or not there, what was acknowledged is there, and the statement run again comes to its
// end. MUSTER_SOAK=1 makes it 60 rounds.
func TestKillDuringWrites(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short: kills processes")
	}
	rounds := 3
	if os.Getenv("MUSTER_SOAK") != "" {
		rounds = 60
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	const contacts = 50_000
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	p := startProcess(t, data)
	s := p.shop(t, dir)
	muster(t, exitOK, "query", "--url", p.url, "-c", "CREATE BASE shop; USE shop; CREATE EVENT seen (n INT)")
	path := s.file("in.csv", contactsCSV(contacts))
	must := func(statement string) {
		t.Helper()
		muster(t, exitOK, "query", "--url", p.url, "--base", "shop", "-c", statement)
	}
	must(fmt.Sprintf("COPY contacts FROM '%s'", path))
	must(fmt.Sprintf("COPY seen FROM '%s' (contact = id, time = '2026-01-01', n = n)", path))
	all := fmt.Sprint(contacts)
	killed := []struct{ statement, question, answer string }{
		{fmt.Sprintf("CREATE OR REPLACE STATIC SEGMENT st FROM '%s'", path), "COUNT IN SEGMENT st", all},
		{"CREATE OR REPLACE STATIC SEGMENT st AS told IS NULL", "COUNT IN SEGMENT st", all},
		{"UPDATE contacts SET told = -1 WHERE told IS NULL OR told = -1", "COUNT told = -1", all},
		{"DELETE FROM seen WHERE n >= 0", "SELECT count(*) FROM seen", "0"},
		{"DROP SEGMENT st", "COUNT told >= 0", "1"},
	}
	for round := range rounds {
		must("CREATE OR REPLACE STATIC SEGMENT st ('c1')")
		must(fmt.Sprintf("UPSERT CONTACT 'told' SET told = %d", round))
		k := killed[(int(seed%5)+round)%len(killed)]
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = run(context.Background(), []string{"query", "--url", p.url, "--base", "shop", "-c", k.statement}, streams{out: io.Discard, err: io.Discard})
		}()
		time.Sleep(time.Duration(r.IntN(250)) * time.Millisecond)
		p.kill(t)
		<-ended
		p = startProcess(t, data)
		s.url = p.url
		s.is("COUNT told = "+fmt.Sprint(round), "1")
		segments := muster(t, exitOK, "query", "--url", p.url, "--base", "shop", "--format", "csv", "-c", "SHOW SEGMENTS")
		if strings.Contains(segments, "filled") {
			t.Fatalf("round %d, %s: a segment is left over\n%s", round, k.statement, segments)
		}
		if strings.Contains(segments, "st,") && !strings.Contains(segments, "st,static,1,") && !strings.Contains(segments, fmt.Sprintf("st,static,%d,", contacts)) {
			t.Fatalf("round %d, %s: the segment is not whole\n%s", round, k.statement, segments)
		}
		var again bytes.Buffer
		if code := run(context.Background(), []string{"query", "--url", p.url, "--base", "shop", "-c", k.statement}, streams{out: &again, err: &again}); code != exitOK && !strings.Contains(again.String(), "there is no segment st") {
			t.Fatalf("round %d, %s again: %s", round, k.statement, again.String())
		}
		s.is(k.question, k.answer)
		must("UPDATE contacts SET told = NULL WHERE told = -1")
	}
	p.kill(t)
}
