package replica

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/musterdb/muster/cluster/command"
)

// imageBytes returns what an image of the group would hold now.
func imageBytes(t testing.TB, m *machine) []byte {
	t.Helper()
	snap, err := m.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	p := snap.(*pinned)
	buf := bytes.NewBuffer(p.head)
	if _, err := p.image.WriteTo(buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// TestDeterminism: one log applied twice, in other batches, at other times,
// with and without an image in the middle, gives the same bytes.
func TestDeterminism(t *testing.T) {
	rnd := seeded(t)
	var logs []*raft.Log
	for i := range 400 {
		cmd := command.Command{Kind: uint8(rnd.IntN(3)), Stamp: rnd.Int64N(1000), Payload: fmt.Append(nil, "entry ", i)}
		if rnd.IntN(2) == 0 {
			cmd.Producer = command.Producer{ID: pid(byte(1 + rnd.IntN(9))), Epoch: uint32(rnd.IntN(3)), Seq: rnd.Uint64N(200)}
		}
		data, err := cmd.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		logs = append(logs, &raft.Log{Index: uint64(i + 1), Data: data})
	}
	limits := Limits{MaxProducers: 6, ProducerTTL: 500 * time.Millisecond}
	run := func(restoreAt int) []byte {
		cfg, _ := Config{Name: "t", StateMachine: new(journal), Limits: limits}.withDefaults()
		m := newMachine(cfg)
		for at := 0; at < len(logs); {
			n := min(1+rnd.IntN(32), len(logs)-at)
			m.ApplyBatch(logs[at : at+n])
			if at += n; restoreAt > 0 && at >= restoreAt {
				image := imageBytes(t, m)
				cfg.StateMachine, restoreAt = new(journal), 0
				m = newMachine(cfg)
				if err := m.restore(bytes.NewReader(image)); err != nil {
					t.Fatal(err)
				}
			}
		}
		return imageBytes(t, m)
	}
	want := run(0)
	for i := range 20 {
		runtime.GOMAXPROCS([]int{1, 8}[i%2])
		if got := run(i % 2 * (1 + rnd.IntN(400))); !bytes.Equal(got, want) {
			t.Errorf("run %d: %d bytes differ from the first run's %d", i, len(got), len(want))
		}
	}
	runtime.GOMAXPROCS(runtime.NumCPU())
}

// TestEntriesAreAppliedOnce: what recovery applied is not applied again, should
// raft hand it over.
func TestEntriesAreAppliedOnce(t *testing.T) {
	cfg, _ := Config{Name: "t", StateMachine: new(journal)}.withDefaults()
	m := newMachine(cfg)
	data, err := (&command.Command{Kind: kindAdd, Payload: []byte("entry 0")}).Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		_, failed := m.Apply(&raft.Log{Index: 5, Data: data}).(error)
		if failed != (i > 0) {
			t.Errorf("round %d: failed %t", i, failed)
		}
	}
	wantN(t, cfg.StateMachine.(*journal), 1)
}

// TestSeventeenGroups holds an empty node's disk use and start time.
func TestSeventeenGroups(t *testing.T) {
	const groups = 17
	dir, gate := t.TempDir(), make(chan struct{}, 1)
	open := func() []*Group {
		all := make([]*Group, groups)
		var wg sync.WaitGroup
		for i := range all {
			wg.Go(func() {
				g, err := Open(Config{Dir: filepath.Join(dir, fmt.Sprint(i)), Name: fmt.Sprint("d", i), StateMachine: new(journal), SnapshotGate: gate})
				if err != nil {
					t.Error(err)
					return
				}
				all[i] = g
			})
		}
		wg.Wait()
		return all
	}
	for _, round := range []string{"created", "reopened"} {
		began := time.Now()
		all := open()
		took := time.Since(began)
		if t.Failed() {
			return
		}
		used := diskUse(t, dir)
		t.Logf("%s in %s, %d KiB on disk", round, took.Round(time.Millisecond), used>>10)
		if took > 10*time.Second {
			t.Errorf("%s in %s", round, took)
		}
		if used > groups*(4<<20+256<<10) {
			t.Errorf("%d KiB on disk", used>>10)
		}
		for _, g := range all {
			addN(t, g, 0, 1)
			closeGroup(t, g)
		}
	}
}

// diskUse counts allocated blocks.
func diskUse(t testing.TB, dir string) (n int64) {
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// sink is a state machine that keeps nothing, for benchmarks.
type sink struct{ journal }

func (*sink) Apply(uint64, *command.Command) any { return nil }

func BenchmarkPropose(b *testing.B) {
	for _, tc := range []struct {
		name      string
		ephemeral bool
		writers   int
		size      int
	}{
		{"disk/writers=1/64KiB", false, 1, 64 << 10},
		{"disk/writers=16/64KiB", false, 16, 64 << 10},
		{"disk/writers=16/1KiB", false, 16, 1 << 10},
		{"memory/writers=16/64KiB", true, 16, 64 << 10},
	} {
		b.Run(tc.name, func(b *testing.B) {
			cfg := Config{Name: "b", StateMachine: new(sink), Limits: Limits{SegmentSize: 16 << 20}}
			if !tc.ephemeral {
				cfg.Dir = b.TempDir()
			}
			g, err := Open(cfg)
			if err != nil {
				b.Fatal(err)
			}
			defer g.Close()
			payload := make([]byte, tc.size)
			b.SetBytes(int64(tc.size))
			b.ResetTimer()
			next := make(chan struct{})
			var wg sync.WaitGroup
			for range tc.writers {
				wg.Go(func() {
					for range next {
						if _, err := g.Propose(context.Background(), Proposal{Kind: kindAdd, Payload: payload}); err != nil {
							b.Error(err)
						}
					}
				})
			}
			for range b.N {
				next <- struct{}{}
			}
			close(next)
			wg.Wait()
		})
	}
}

// BenchmarkReplay measures verification and decoding without a state machine.
func BenchmarkReplay(b *testing.B) {
	dir := b.TempDir()
	g, err := Open(Config{Dir: dir, Name: "b", StateMachine: new(sink), Limits: Limits{SegmentSize: 16 << 20}})
	if err != nil {
		b.Fatal(err)
	}
	payload := make([]byte, 64<<10)
	const n = 1000
	futures := make([]*Future, n)
	for i := range n {
		if futures[i], err = g.ProposeAsync(context.Background(), Proposal{Kind: kindAdd, Payload: payload}); err != nil {
			b.Fatal(err)
		}
	}
	for _, f := range futures {
		<-f.Done()
	}
	closeGroup(b, g)
	_ = os.RemoveAll(filepath.Join(dir, "snap"))
	b.SetBytes(int64(n * len(payload)))
	for b.Loop() {
		if _, err := recoverDir(b, dir); err != nil {
			b.Fatal(err)
		}
	}
}

func TestCloseLeavesNothingBehind(t *testing.T) {
	files := func() int { l, _ := os.ReadDir("/proc/self/fd"); return len(l) }
	dir := t.TempDir()
	cycle := func() {
		g, err := Open(Config{Dir: dir, Name: "t", StateMachine: new(journal)})
		if err != nil {
			t.Fatal(err)
		}
		add(t, g, "x")
		snapshot(t, g)
		closeGroup(t, g)
	}
	cycle()
	goroutines, fds := runtime.NumGoroutine(), files()
	for range 5 {
		cycle()
	}
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > goroutines && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		buf := make([]byte, 1<<16)
		t.Errorf("%d goroutines became %d\n%s", goroutines, n, buf[:runtime.Stack(buf, true)])
	}
	if n := files(); n > fds {
		t.Errorf("%d open files became %d", fds, n)
	}
}
