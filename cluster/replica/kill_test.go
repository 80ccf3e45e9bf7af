package replica

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

const killEnv = "MUSTER_REPLICA_KILL_DIR"

// TestKillChild is the process TestKill kills: it writes until then, several
// writers at once, and prints what was acknowledged.
func TestKillChild(t *testing.T) {
	dir := os.Getenv(killEnv)
	if dir == "" {
		t.Skip("helper of TestKill")
	}
	g, j := start(t, Config{Dir: dir, Limits: Limits{SegmentSize: 8 << 10}})
	go func() {
		for {
			time.Sleep(20 * time.Millisecond)
			_ = g.SnapshotNow(t.Context())
		}
	}()
	for n := len(j.list()); ; n += 4 {
		var futures []*Future
		for i := range 4 {
			f, err := g.ProposeAsync(t.Context(), Proposal{Kind: kindAdd, Payload: fmt.Append(nil, "entry ", n+i)})
			if err != nil {
				t.Fatal(err)
			}
			futures = append(futures, f)
		}
		for i, f := range futures {
			if _, err := f.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			fmt.Printf("acked %d\n", n+i)
		}
	}
}

// TestKill kills a writing process with SIGKILL at random moments: everything
// acknowledged is there, in order, and at most what was in flight beyond it.
func TestKill(t *testing.T) {
	t.Parallel()
	rounds := 6
	if v := os.Getenv("MUSTER_KILL_ROUNDS"); v != "" {
		rounds, _ = strconv.Atoi(v)
	}
	dir, rnd := t.TempDir(), seeded(t)
	acked := 0
	for round := range rounds {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestKillChild$")
		cmd.Env = append(os.Environ(), killEnv+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(120+rnd.IntN(400))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var n int
			if _, err := fmt.Sscanf(lines.Text(), "acked %d", &n); err == nil {
				acked = n + 1
			} else {
				t.Log(lines.Text())
			}
		}
		_ = cmd.Wait()
		timer.Stop()
		j, err := recoverDir(t, dir)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		got := len(j.list())
		wantN(t, j, got)
		if got < acked || got > acked+4 {
			t.Fatalf("round %d: %d entries, %d were acknowledged", round, got, acked)
		}
	}
	t.Logf("%d acknowledged in %d rounds", acked, rounds)
}
