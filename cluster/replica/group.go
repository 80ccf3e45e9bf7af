package replica

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
)

// Group is one raft group on this node. All methods may be called from any
// goroutine.
type Group struct {
	cfg    Config
	lock   io.Closer
	log    *logStore
	images *imageStore
	fsm    *machine
	raft   *raft.Raft
	start  time.Time

	proposeMu sync.Mutex
	lastStamp int64
	budget    *budget
	queue     chan inFlight
	completed chan struct{} // closed when complete has returned

	closeOnce sync.Once
	closeErr  error
	closing   chan struct{} // closed when Close begins
	loops     sync.WaitGroup
	ready     chan struct{} // closed when this node first leads and has applied everything
	fatal     atomic.Pointer[error]

	snapshotMu  sync.Mutex   // one image at a time in this group
	lastWrite   atomic.Int64 // monotonic ms of the last proposal
	lastImage   atomic.Int64 // monotonic ms of the last image
	imagedBytes atomic.Int64 // machine.bytes covered by the newest image
}

// Open recovers the group in cfg.Dir, or begins a new one, and returns when
// this node leads it and everything durable has been applied. Damage that
// neither an older image nor the log makes up for is a DamageError.
func Open(cfg Config) (*Group, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	g := &Group{
		cfg: cfg, fsm: newMachine(cfg), start: time.Now(),
		budget:  newBudget(cfg.Limits.Outstanding, cfg.Limits.OutstandingBytes),
		queue:   make(chan inFlight, 2*cfg.Limits.Outstanding),
		closing: make(chan struct{}), ready: make(chan struct{}), completed: make(chan struct{}),
	}
	if err := g.open(); err != nil {
		return nil, errors.Join(err, g.abandon())
	}
	return g, nil
}

// abandon undoes an open that failed.
func (g *Group) abandon() error {
	if g.raft != nil {
		return g.Close()
	}
	return g.closeFiles()
}

func (g *Group) open() error {
	if err := g.openFiles(); err != nil {
		return err
	}
	began := time.Now()
	r := &recovery{cfg: g.cfg, log: g.log, images: g.images, fsm: g.fsm}
	empty, err := r.run()
	if err != nil {
		return err
	}
	if err := r.setAside(); err != nil {
		return err
	}
	if empty {
		if err := bootstrap(g.cfg, g.log); err != nil {
			return fmt.Errorf("group %s: beginning the log: %w", g.cfg.Name, err)
		}
	}
	g.cfg.Logger.Debug("group recovered", "index", r.index, "replayed_bytes", r.replayed, "took", time.Since(began))
	return g.startRaft(r)
}

func (g *Group) openFiles() (err error) {
	if g.cfg.Dir == "" {
		g.images = newImageStore(g.cfg.Name, newMemImages(), g.cfg.Limits.SnapshotRate)
		g.log, err = openLog(g.cfg, "", g.onFatal)
		return err
	}
	if err := os.MkdirAll(g.cfg.Dir, 0o700); err != nil {
		return err
	}
	if g.lock, err = lockDir(g.cfg.Dir); err != nil {
		return err
	}
	disk, err := openDiskImages(filepath.Join(g.cfg.Dir, "snap"))
	if err != nil {
		return fmt.Errorf("group %s: opening the images: %w", g.cfg.Name, err)
	}
	g.images = newImageStore(g.cfg.Name, disk, g.cfg.Limits.SnapshotRate)
	g.log, err = openLog(g.cfg, filepath.Join(g.cfg.Dir, "log"), g.onFatal)
	return err
}

func (g *Group) startRaft(r *recovery) (err error) {
	if r.index > 0 {
		g.images.asRestored(&raft.SnapshotMeta{
			Version: raft.SnapshotVersionMax, ID: "restored", Index: r.index, Term: r.term,
			Configuration: raft.DecodeConfiguration(r.config), ConfigurationIndex: r.configIndex,
		})
	}
	g.raft, err = raft.NewRaft(raftConfig(g.cfg), g.fsm, g.log, g.log, g.images, newTransport(g.cfg))
	g.images.asRestored(nil)
	if err != nil {
		return fmt.Errorf("group %s: starting raft: %w", g.cfg.Name, err)
	}
	g.chooseSegmentSize()
	go g.complete()
	g.loops.Add(2)
	go g.watchLeadership()
	go g.policy()
	return g.awaitReady()
}

func (g *Group) awaitReady() error {
	select {
	case <-g.ready:
		return nil
	case <-time.After(g.cfg.Limits.StartTimeout):
		if err := g.usable(); err != nil {
			return err
		}
		return fmt.Errorf("group %s: no leader after %s", g.cfg.Name, g.cfg.Limits.StartTimeout)
	}
}

// watchLeadership writes a mark whenever this node comes to lead. Raft's own
// first entry of a term never reaches the state machine; after the mark,
// applied catches up with the commit index.
func (g *Group) watchLeadership() {
	defer g.loops.Done()
	for {
		select {
		case leads := <-g.raft.LeaderCh():
			if leads && g.usable() == nil {
				g.takeLead()
			}
		case <-g.closing:
			return
		}
	}
}

func (g *Group) takeLead() {
	ctx, cancel := context.WithTimeout(context.Background(), g.cfg.Limits.StartTimeout)
	defer cancel()
	if _, err := g.mark(ctx); err != nil {
		g.cfg.Logger.Error("leading, but the first entry failed", "err", err)
		return
	}
	select {
	case <-g.ready:
	default:
		close(g.ready)
	}
}

// usable says why the group takes no proposals, nil if it does.
func (g *Group) usable() error {
	select {
	case <-g.closing:
		return ErrClosed
	default:
	}
	if p := g.fatal.Load(); p != nil {
		return *p
	}
	if p := g.fsm.poison.Load(); p != nil {
		return p
	}
	return nil
}

// onFatal makes the group refuse everything and tells the process.
func (g *Group) onFatal(err error) {
	if !g.fatal.CompareAndSwap(nil, &err) {
		return
	}
	g.cfg.Logger.Error("log failed, the process must be restarted", "err", err)
	g.fsm.progress.fail(err)
	if g.cfg.Fatal != nil {
		g.cfg.Fatal(err)
	}
}

// Name returns Config.Name.
func (g *Group) Name() string { return g.cfg.Name }

// Applied returns the log index the state machine has reached.
func (g *Group) Applied() uint64 { return g.fsm.progress.applied.Load() }

// CommitIndex returns the highest log index known to be committed.
func (g *Group) CommitIndex() uint64 { return g.raft.CommitIndex() }

// LastStamp returns the group's clock: the newest stamp applied, ms.
func (g *Group) LastStamp() int64 { return g.fsm.published.Load() }

// Err returns why the group takes no proposals (ErrPoisoned, ErrFatal,
// ErrClosed), or nil.
func (g *Group) Err() error { return g.usable() }

// WaitApplied returns once the state machine has reached index. With one voter
// a read is linearizable after WaitApplied(ctx, CommitIndex()).
func (g *Group) WaitApplied(ctx context.Context, index uint64) error {
	return g.fsm.progress.wait(ctx, index)
}

// monotonic returns milliseconds since the group was opened.
func (g *Group) monotonic() int64 { return time.Since(g.start).Milliseconds() }

// closeDrain is how long Close waits for proposals in flight.
const closeDrain = 15 * time.Second

// Close refuses new proposals, waits for those in flight, and stops. It writes
// no image; call SnapshotNow before it for a short restart.
func (g *Group) Close() error {
	g.closeOnce.Do(func() { g.closeErr = g.close() })
	return g.closeErr
}

func (g *Group) close() error {
	close(g.closing)
	g.fsm.progress.fail(ErrClosed)
	g.images.abort()
	g.proposeMu.Lock() // after this, nothing enters the queue
	close(g.queue)
	g.proposeMu.Unlock()
	g.loops.Wait()
	select {
	case <-g.completed:
	case <-time.After(closeDrain):
		g.cfg.Logger.Error("proposals were still in flight at close")
	}
	return errors.Join(g.raft.Shutdown().Error(), g.closeFiles())
}

// closeFiles closes what openFiles opened.
func (g *Group) closeFiles() error {
	var errs []error
	if g.log != nil {
		errs = append(errs, g.log.Close())
	}
	if g.lock != nil {
		errs = append(errs, g.lock.Close())
	}
	return errors.Join(errs...)
}
