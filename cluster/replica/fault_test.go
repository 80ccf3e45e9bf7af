package replica

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/raft-wal/fs"
	"github.com/hashicorp/raft-wal/types"
)

// faultFS lets a test fail or hold the syncs and writes of log segments.
type faultFS struct {
	*fs.FS
	onWrite atomic.Pointer[func() error]
	onSync  atomic.Pointer[func() error]
}

func newFaultFS() *faultFS { return &faultFS{FS: fs.New()} }

func (f *faultFS) Create(dir, name string, size uint64) (types.WritableFile, error) {
	w, err := f.FS.Create(dir, name, size)
	return &faultFile{w, f}, err
}

func (f *faultFS) OpenWriter(dir, name string) (types.WritableFile, error) {
	w, err := f.FS.OpenWriter(dir, name)
	if err != nil {
		return nil, err
	}
	return &faultFile{w, f}, nil
}

type faultFile struct {
	types.WritableFile
	fs *faultFS
}

func fault(p *atomic.Pointer[func() error]) error {
	if f := p.Load(); f != nil {
		return (*f)()
	}
	return nil
}

func (f *faultFile) WriteAt(b []byte, off int64) (int, error) {
	if err := fault(&f.fs.onWrite); err != nil {
		return 0, err
	}
	return f.WritableFile.WriteAt(b, off)
}

func (f *faultFile) Sync() error {
	if err := fault(&f.fs.onSync); err != nil {
		return err
	}
	return f.WritableFile.Sync()
}

// TestLogErrorIsFatal: after one failed write or sync nothing is stored or
// acknowledged any more, although the disk would work again.
func TestLogErrorIsFatal(t *testing.T) {
	for name, tc := range map[string]struct {
		hook func(*faultFS) *atomic.Pointer[func() error]
		err  error
	}{
		"ENOSPC on write": {func(f *faultFS) *atomic.Pointer[func() error] { return &f.onWrite }, syscall.ENOSPC},
		"EIO on sync":     {func(f *faultFS) *atomic.Pointer[func() error] { return &f.onSync }, syscall.EIO},
	} {
		t.Run(name, func(t *testing.T) {
			dir, files := t.TempDir(), newFaultFS()
			fatal := make(chan error, 10)
			g, j := start(t, Config{Dir: dir, vfs: files, Fatal: func(err error) { fatal <- err }})
			addN(t, g, 0, 5)
			failOnce := func() error { tc.hook(files).Store(nil); return tc.err }
			tc.hook(files).Store(&failOnce)
			_, err := g.Propose(t.Context(), Proposal{Kind: kindAdd, Payload: []byte("lost")})
			if !errors.Is(err, ErrOutcomeUnknown) || !errors.Is(err, tc.err) {
				t.Errorf("propose: %v, want ErrOutcomeUnknown and %v", err, tc.err)
			}
			if err := <-fatal; !errors.Is(err, ErrFatal) || !errors.Is(err, tc.err) {
				t.Errorf("Fatal was called with %v", err)
			}
			for range 20 { // raft elects itself again and again meanwhile
				if _, err := g.Propose(t.Context(), Proposal{Kind: kindAdd}); !errors.Is(err, ErrFatal) {
					t.Fatalf("propose after the failure: %v, want ErrFatal", err)
				}
				time.Sleep(10 * time.Millisecond)
			}
			wantN(t, j, 5)
			if err := g.WaitApplied(t.Context(), math.MaxUint64); !errors.Is(err, ErrFatal) {
				t.Errorf("wait: %v, want ErrFatal", err)
			}
			_ = g.Close()
			if len(fatal) != 0 {
				t.Error("Fatal was called more than once")
			}
			g, j = start(t, Config{Dir: dir}) // the process was started again
			if n := len(j.list()); n != 5 && n != 6 {
				t.Errorf("%d entries after restart, want the 5 acknowledged ones and perhaps the unknown one", n)
			}
			add(t, g, "x")
		})
	}
}

func TestStalledDiskIsFatal(t *testing.T) {
	files, release := newFaultFS(), make(chan struct{})
	fatal := make(chan error, 1)
	g, _ := start(t, Config{Dir: t.TempDir(), vfs: files, Fatal: func(err error) { fatal <- err }, Limits: Limits{StallTimeout: 50 * time.Millisecond}})
	hang := func() error { <-release; return nil }
	files.onSync.Store(&hang)
	f, err := g.ProposeAsync(t.Context(), Proposal{Kind: kindAdd})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-fatal:
		if !errors.Is(err, ErrFatal) || !strings.Contains(err.Error(), "hangs") {
			t.Errorf("Fatal was called with %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the watchdog did not bite")
	}
	close(release)
	if _, err := f.Wait(t.Context()); !errors.Is(err, ErrOutcomeUnknown) {
		t.Errorf("the stalled write: %v, want ErrOutcomeUnknown", err)
	}
}

func TestPanicPoisonsTheGroup(t *testing.T) {
	dir := t.TempDir()
	g, j := start(t, Config{Dir: dir})
	other, _ := start(t, Config{})
	addN(t, g, 0, 3)
	_, err := g.Propose(t.Context(), Proposal{Kind: kindPanic})
	var p *PoisonError
	if !errors.As(err, &p) || p.Cause != "kind 3" || !strings.Contains(p.Stack, "journal") || p.Index != g.Applied()+1 {
		t.Fatalf("got %v, want a PoisonError with cause and stack", err)
	}
	if _, err := g.Propose(t.Context(), Proposal{Kind: kindAdd}); !errors.Is(err, ErrPoisoned) {
		t.Errorf("propose: %v", err)
	}
	if err := g.SnapshotNow(t.Context()); !errors.Is(err, ErrPoisoned) {
		t.Errorf("snapshot: %v", err)
	}
	if err := g.WaitApplied(t.Context(), p.Index); !errors.Is(err, ErrPoisoned) {
		t.Errorf("wait: %v", err)
	}
	wantN(t, j, 3)
	add(t, other, "entry 0")
	closeGroup(t, g)
	if _, _, err := try(t, Config{Dir: dir}); !errors.Is(err, ErrPoisoned) {
		t.Errorf("reopening with the same state machine: %v", err)
	}
	g, j = start(t, Config{Dir: dir, StateMachine: &journal{healed: true}}) // a build that was repaired
	wantN(t, j, 3)
	addN(t, g, 3, 1)
}

func TestFullDiskRefusesFirst(t *testing.T) {
	dir := t.TempDir()
	var free atomic.Uint64
	free.Store(1 << 30)
	guard, err := NewDiskGuard(dir, DiskConfig{Watermark: 100 << 20, Ballast: 1 << 20, Every: -1, Free: func(string) (uint64, error) { return free.Load(), nil }})
	if err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(dir, "ballast")
	if st, err := os.Stat(ballast); err != nil || st.Size() != 1<<20 {
		t.Fatalf("ballast: %v, %v", st, err)
	}
	g, j := start(t, Config{Dir: filepath.Join(dir, "g"), Disk: guard})
	addN(t, g, 0, 1)

	free.Store(99 << 20)
	_, err = g.Propose(t.Context(), Proposal{Kind: kindAdd, Payload: []byte("entry 1")})
	var full *DiskFullError
	if !errors.As(err, &full) || !errors.Is(err, ErrDiskFull) || full.Free != 99<<20 || full.Dir != dir || !strings.Contains(err.Error(), "99 MiB free") {
		t.Fatalf("got %v, want a DiskFullError", err)
	}
	critical := Proposal{Kind: kindAdd, Payload: []byte("entry 1"), Critical: true}
	if _, err := g.Propose(t.Context(), critical); err != nil {
		t.Errorf("a delete was refused: %v", err)
	}
	if _, err := os.Stat(ballast); err != nil {
		t.Errorf("the ballast went too early: %v", err)
	}
	if err := g.SnapshotNow(t.Context()); !errors.Is(err, ErrDiskFull) {
		t.Errorf("an image may take the log's room: %v", err)
	}
	free.Store(1 << 19)
	critical.Payload = []byte("entry 2")
	if _, err := g.Propose(t.Context(), critical); err != nil {
		t.Errorf("a delete was refused: %v", err)
	}
	if _, err := os.Stat(ballast); !os.IsNotExist(err) {
		t.Errorf("the ballast was not given up: %v", err)
	}
	free.Store(1 << 30) // space came back: no restart needed
	addN(t, g, 3, 1)
	wantN(t, j, 4)
	if _, err := os.Stat(ballast); err != nil {
		t.Errorf("the ballast was not laid again: %v", err)
	}
	if err := g.Err(); err != nil {
		t.Error(err)
	}
}

func TestImageErrorLeavesTheGroupAlone(t *testing.T) {
	dir := t.TempDir()
	g, j := start(t, Config{Dir: dir})
	addN(t, g, 0, 3)
	g.images.fs = fullImages{g.images.fs}
	if err := g.SnapshotNow(t.Context()); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("got %v, want ENOSPC", err)
	}
	addN(t, g, 3, 1)
	g.images.fs = g.images.fs.(fullImages).imageFS
	snapshot(t, g)
	wantN(t, j, 4)
	if left, _ := filepath.Glob(filepath.Join(dir, "snap", "*"+tmpSuffix)); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// fullImages is an imageFS on a full disk.
type fullImages struct{ imageFS }

func (f fullImages) create(id string) (imageFile, error) {
	w, err := f.imageFS.create(id)
	return fullFile{w}, err
}

type fullFile struct{ imageFile }

func (fullFile) Sync() error { return syscall.ENOSPC }

func TestOutstandingIsCapped(t *testing.T) {
	files, release := newFaultFS(), make(chan struct{})
	g, j := start(t, Config{Dir: t.TempDir(), vfs: files, Limits: Limits{Outstanding: 4}})
	hang := func() error { <-release; return nil }
	files.onSync.Store(&hang)
	futures := make([]*Future, 4)
	for i := range futures {
		var err error
		if futures[i], err = g.ProposeAsync(t.Context(), Proposal{Kind: kindAdd, Payload: fmt.Append(nil, "entry ", i)}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := g.ProposeAsync(ctx, Proposal{Kind: kindAdd}); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrOutcomeUnknown) {
		t.Errorf("the fifth proposal: %v, want to wait for room", err)
	}
	if _, err := futures[0].Wait(ctx); !errors.Is(err, ErrOutcomeUnknown) {
		t.Errorf("a caller that gave up: %v, want ErrOutcomeUnknown", err)
	}
	close(release)
	for _, f := range futures {
		if _, err := f.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	}
	addN(t, g, 4, 1)
	wantN(t, j, 5)
}

func TestBudget(t *testing.T) {
	b := newBudget(3, 100)
	var mu sync.Mutex
	slots, bytes := 0, int64(0)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			n := int64(1 + i*7%100)
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%5+1)*time.Millisecond)
			defer cancel()
			if b.acquire(ctx, n, nil) != nil {
				return
			}
			mu.Lock()
			slots, bytes = slots+1, bytes+n
			if slots > 3 || bytes > 100 {
				t.Errorf("%d slots and %d bytes in use", slots, bytes)
			}
			mu.Unlock()
			time.Sleep(100 * time.Microsecond)
			mu.Lock()
			slots, bytes = slots-1, bytes-n
			mu.Unlock()
			b.release(n)
		})
	}
	wg.Wait()
	if b.slots != 3 || b.bytes != 100 || len(b.waiting) != 0 {
		t.Errorf("budget not whole again: %+v", b)
	}
}

func TestWritesGoOnDuringAnImage(t *testing.T) {
	j := &journal{wait: make(chan struct{})}
	dir := t.TempDir()
	g, _ := start(t, Config{Dir: dir, StateMachine: j})
	addN(t, g, 0, 5)
	done := make(chan error, 1)
	go func() { done <- g.SnapshotNow(context.Background()) }()
	addN(t, g, 5, 5)
	close(j.wait)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	addN(t, g, 10, 1)
	closeGroup(t, g)
	_, j2 := start(t, Config{Dir: dir})
	wantN(t, j2, 11)
}

func TestCloseAbortsAnImage(t *testing.T) {
	j := &journal{wait: make(chan struct{})}
	g, _ := start(t, Config{Dir: t.TempDir(), StateMachine: j})
	addN(t, g, 0, 5)
	done := make(chan error, 1)
	go func() { done <- g.SnapshotNow(context.Background()) }()
	time.Sleep(10 * time.Millisecond)
	go func() { time.Sleep(10 * time.Millisecond); close(j.wait) }()
	closeGroup(t, g)
	<-done
}

func TestPolicyWritesImages(t *testing.T) {
	for name, l := range map[string]Limits{
		"replay too long": {ReplayBudget: 1},
		"log too large":   {MaxLogBytes: 1},
		"quiet":           {QuietAfter: 1, QuietReplay: 1, SnapshotInterval: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, _ := start(t, Config{Dir: t.TempDir(), Limits: l})
			addN(t, g, 0, 5)
			for deadline := time.Now().Add(5 * time.Second); g.Stats().ImageIndex == 0; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("no image")
				}
			}
		})
	}
}
