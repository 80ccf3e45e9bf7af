package replica

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/musterdb/muster/cluster/command"
)

// journal is a state machine that remembers every payload in order. Kind 2
// refuses, kind 3 panics.
type journal struct {
	mu      sync.Mutex
	entries []string
	applies int
	healed  bool          // kind 3 is refused instead
	wait    chan struct{} // if set, images wait for it before writing
}

const (
	kindAdd    = 1
	kindRefuse = 2
	kindPanic  = 3
)

var errRefused = errors.New("refused")

func (j *journal) Apply(index uint64, cmd *command.Command) any {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch cmd.Kind {
	case kindRefuse:
		return errRefused
	case kindPanic:
		if j.healed {
			return errRefused
		}
		panic("kind 3")
	}
	j.applies++
	j.entries = append(j.entries, string(cmd.Payload))
	return len(j.entries)
}

func (j *journal) Snapshot() (Image, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return &journalImage{j.entries[:len(j.entries):len(j.entries)], j.wait}, nil
}

type journalImage struct {
	entries []string
	wait    chan struct{}
}

func (i *journalImage) Release() {}
func (i *journalImage) WriteTo(w io.Writer) (n int64, err error) {
	if i.wait != nil {
		<-i.wait
	}
	for _, e := range i.entries {
		k, err := w.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(e))), e...))
		if n += int64(k); err != nil {
			return n, err
		}
	}
	return n, nil
}

func (j *journal) Restore(r io.Reader) error {
	var entries []string
	for {
		var head [4]byte
		if _, err := io.ReadFull(r, head[:]); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		b := make([]byte, binary.LittleEndian.Uint32(head[:]))
		if _, err := io.ReadFull(r, b); err != nil {
			return err
		}
		entries = append(entries, string(b))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = entries
	return nil
}

func (j *journal) list() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.entries[:len(j.entries):len(j.entries)]
}

// start opens a group over a fresh journal; it is closed at the end.
func start(t testing.TB, cfg Config) (*Group, *journal) {
	t.Helper()
	g, j, err := try(t, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g, j
}

func try(t testing.TB, cfg Config) (*Group, *journal, error) {
	t.Helper()
	j, _ := cfg.StateMachine.(*journal)
	if j == nil {
		j = new(journal)
		cfg.StateMachine = j
	}
	if cfg.Name == "" {
		cfg.Name = "t"
	}
	g, err := Open(cfg)
	if err == nil {
		t.Cleanup(func() { g.Close() })
	}
	return g, j, err
}

func add(t testing.TB, g *Group, payload string) Result {
	t.Helper()
	res, err := g.Propose(t.Context(), Proposal{Kind: kindAdd, Payload: []byte(payload)})
	if err != nil || res.Err != nil {
		t.Fatalf("propose %.20q: %v, %v", payload, err, res.Err)
	}
	return res
}

func addN(t testing.TB, g *Group, from, n int) {
	t.Helper()
	for i := range n {
		add(t, g, fmt.Sprint("entry ", from+i))
	}
}

func wantN(t testing.TB, j *journal, n int) {
	t.Helper()
	got := j.list()
	if len(got) != n {
		t.Fatalf("%d entries, want %d", len(got), n)
	}
	for i, e := range got {
		if want := fmt.Sprint("entry ", i); e != want {
			t.Fatalf("entry %d is %.20q, want %q", i, e, want)
		}
	}
}

// copyDir copies a group's directory as a crash would leave it.
func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

func closeGroup(t testing.TB, g *Group) {
	t.Helper()
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
}

func snapshot(t testing.TB, g *Group) {
	t.Helper()
	if err := g.SnapshotNow(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g, j := start(t, Config{Dir: dir})
	addN(t, g, 0, 10)
	wantN(t, j, 10)
	closeGroup(t, g)

	g, j = start(t, Config{Dir: dir}) // from the log alone
	wantN(t, j, 10)
	addN(t, g, 10, 5)
	snapshot(t, g)
	addN(t, g, 15, 5)
	closeGroup(t, g)

	g, j = start(t, Config{Dir: dir}) // from image and log
	wantN(t, j, 20)
	if j.applies != 5 {
		t.Errorf("%d commands replayed, want the 5 behind the image", j.applies)
	}
	snapshot(t, g) // nothing applied by raft itself yet
	closeGroup(t, g)

	g, j = start(t, Config{Dir: dir})
	wantN(t, j, 20)
	if j.applies != 0 {
		t.Errorf("%d commands replayed, want 0", j.applies)
	}
	addN(t, g, 20, 1)
}

func TestCopyOfALiveDirectoryOpens(t *testing.T) {
	dir := t.TempDir()
	g, _ := start(t, Config{Dir: dir})
	addN(t, g, 0, 40)
	copied := copyDir(t, dir)
	addN(t, g, 40, 1)
	_, j := start(t, Config{Dir: copied})
	wantN(t, j, 40)
}

func TestEphemeral(t *testing.T) {
	g, j := start(t, Config{})
	addN(t, g, 0, 10)
	snapshot(t, g)
	addN(t, g, 10, 10)
	if err := g.CutLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	addN(t, g, 20, 1)
	wantN(t, j, 21)
	if s := g.Stats(); s.ImageIndex == 0 || s.FirstLog <= s.ImageIndex {
		t.Errorf("log not cut: %+v", s)
	}
}

func TestResults(t *testing.T) {
	now := int64(1000)
	g, _ := start(t, Config{Clock: func() int64 { return now }})
	first := add(t, g, "entry 0")
	if first.Value != 1 || first.Stamp != 1000 || first.Index == 0 {
		t.Errorf("first result %+v", first)
	}
	now = 500 // the clock steps back, stamps do not
	second := add(t, g, "entry 1")
	if second.Stamp != 1000 || second.Index != first.Index+1 {
		t.Errorf("second result %+v", second)
	}
	res, err := g.Propose(t.Context(), Proposal{Kind: kindRefuse})
	if err != nil || !errors.Is(res.Err, errRefused) || res.Value != nil {
		t.Errorf("refusal: %+v, %v", res, err)
	}
	if g.Applied() != res.Index || g.CommitIndex() != res.Index || g.LastStamp() != 1000 {
		t.Errorf("applied %d, commit %d, stamp %d; want %d, %d, 1000", g.Applied(), g.CommitIndex(), g.LastStamp(), res.Index, res.Index)
	}
	if err := g.WaitApplied(t.Context(), g.CommitIndex()); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := g.WaitApplied(ctx, g.CommitIndex()+1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for the future: %v", err)
	}
}

func TestLargePayloadIsRefused(t *testing.T) {
	g, j := start(t, Config{})
	if _, err := g.Propose(t.Context(), Proposal{Kind: kindAdd, Payload: make([]byte, command.MaxPayload+1)}); !errors.Is(err, command.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	add(t, g, string(make([]byte, command.MaxPayload)))
	if n := len(j.list()); n != 1 {
		t.Errorf("%d entries", n)
	}
}

func TestPipelineKeepsOrder(t *testing.T) {
	dir := t.TempDir()
	g, j := start(t, Config{Dir: dir})
	const n = 500
	futures := make([]*Future, n)
	for i := range futures {
		f, err := g.ProposeAsync(t.Context(), Proposal{Kind: kindAdd, Payload: fmt.Append(nil, "entry ", i)})
		if err != nil {
			t.Fatal(err)
		}
		futures[i] = f
	}
	for i, f := range futures {
		if res, err := f.Wait(t.Context()); err != nil || res.Value != i+1 {
			t.Fatalf("future %d: %+v, %v", i, res, err)
		}
	}
	wantN(t, j, n)
}

func TestClosedGroupRefuses(t *testing.T) {
	g, _ := start(t, Config{})
	closeGroup(t, g)
	if _, err := g.Propose(t.Context(), Proposal{Kind: kindAdd}); !errors.Is(err, ErrClosed) {
		t.Errorf("propose: %v", err)
	}
	if err := g.WaitApplied(t.Context(), 1<<40); !errors.Is(err, ErrClosed) {
		t.Errorf("wait: %v", err)
	}
}

func TestDirectoryInUse(t *testing.T) {
	dir := t.TempDir()
	start(t, Config{Dir: dir})
	if _, _, err := try(t, Config{Dir: dir}); !errors.Is(err, ErrInUse) {
		t.Errorf("got %v, want ErrInUse", err)
	}
}

func TestCutLogErases(t *testing.T) {
	dir := t.TempDir()
	g, _ := start(t, Config{Dir: dir})
	secret := "a secret that must go"
	add(t, g, secret)
	snapshot(t, g)
	add(t, g, "other")
	snapshot(t, g)
	g.fsm.sm.(*journal).mu.Lock()
	g.fsm.sm.(*journal).entries = []string{"entry 0"} // the state machine has erased it
	g.fsm.sm.(*journal).mu.Unlock()

	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // writes go on
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				add(t, g, fmt.Sprint("entry ", i+1))
			}
		}
	})
	if grep(t, dir, secret) == 0 {
		t.Error("the secret is not on disk before the cut: the test tests nothing")
	}
	if err := g.CutLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := grep(t, dir, secret); n != 0 {
		t.Errorf("the secret is in %d files", n)
	}
	close(stop)
	wg.Wait()
	n := len(g.fsm.sm.(*journal).list())
	closeGroup(t, g)
	_, j := start(t, Config{Dir: dir})
	wantN(t, j, n)
}

// grep counts the files below dir that contain s.
func grep(t testing.TB, dir, s string) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(s)) {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
