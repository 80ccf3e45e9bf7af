package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/musterdb/muster/cluster/catalog"
	"github.com/musterdb/muster/cluster/replica"
	"github.com/musterdb/muster/engine"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// Config describes a node.
type Config struct {
	// Dir is the data folder, made if it does not exist. Empty keeps everything in memory, through the
	// same code.
	Dir string
	// Logger gets what happens; default discards.
	Logger *slog.Logger
	// Clock reads the wall clock in ms since 1970 UTC; default the host's.
	Clock func() int64
	// Fatal is called once when the log can no longer store: the process must end with
	// replica.ExitFatal and be started again. Nil panics.
	Fatal func(error)
	// Workers evaluate statements; default one for each core.
	Workers int
	// Disk says when writes are refused for want of space; zero fields take the defaults.
	Disk replica.DiskConfig
	// Limits are those of every group; zero fields take the defaults.
	Limits replica.Limits
}

// Node is this process's part of a cluster: all groups, on one node all of them leading.
type Node struct {
	cfg    Config
	lock   *os.File
	cat    *catalog.Catalog
	meta   *replica.Group
	data   [schema.Groups]*dataGroup
	alloc  *slab.Allocator // of all shards: small bases share what they do not fill
	pool   *engine.Pool
	upkeep *upkeep
	ddl    sync.Mutex // one schema change at a time on this node
}

// dataGroup is one data group with its state machine.
type dataGroup struct {
	*replica.Group
	sm *machine
}

// Open recovers the node's groups, all at once, and returns when they serve.
func Open(cfg Config) (*Node, error) {
	cfg = withDefaults(cfg)
	n := &Node{cfg: cfg, cat: catalog.New(), alloc: slab.New()}
	if err := n.open(); err != nil {
		return nil, errors.Join(err, n.closeGroups())
	}
	n.pool = engine.NewPool(cfg.Workers)
	n.upkeep = startUpkeep(n)
	if err := n.reconcile(context.Background()); err != nil {
		return nil, errors.Join(fmt.Errorf("bring the groups to the catalog's schemas: %w", err), n.Close(context.Background()))
	}
	if err := n.dropUnbuilt(context.Background()); err != nil {
		cfg.Logger.Warn("segments whose building was cut off could not be dropped; the next CREATE of their names does", "err", err)
	}
	return n, nil
}

func withDefaults(cfg Config) Config {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = func() int64 { return time.Now().UnixMilli() }
	}
	if cfg.Fatal == nil {
		cfg.Fatal = func(err error) { panic(err) }
	}
	if cfg.Workers <= 0 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	return cfg
}

func (n *Node) open() (err error) {
	var disk *replica.DiskGuard
	if n.cfg.Dir != "" {
		if n.lock, err = lockDataDir(n.cfg.Dir); err != nil {
			return err
		}
		if err := openDataDir(n.cfg.Dir); err != nil {
			return err
		}
		if disk, err = replica.NewDiskGuard(n.cfg.Dir, n.cfg.Disk); err != nil {
			return err
		}
	}
	gate := make(chan struct{}, 1)
	var wg sync.WaitGroup
	errs := make([]error, schema.Groups+1)
	wg.Go(func() {
		n.meta, errs[schema.Groups] = replica.Open(n.groupConfig("meta", n.cat, disk, gate))
	})
	for i := range n.data {
		wg.Go(func() {
			sm := newMachine(n.alloc)
			g, err := replica.Open(n.groupConfig(fmt.Sprintf("d%02d", i), sm, disk, gate))
			if err != nil {
				errs[i] = err
				return
			}
			n.data[i] = &dataGroup{g, sm}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (n *Node) groupConfig(name string, sm replica.StateMachine, disk *replica.DiskGuard, gate chan struct{}) replica.Config {
	dir := ""
	if n.cfg.Dir != "" {
		dir = filepath.Join(n.cfg.Dir, name)
	}
	return replica.Config{
		Dir: dir, Name: name, StateMachine: sm, Logger: n.cfg.Logger, Clock: n.cfg.Clock,
		Disk: disk, Fatal: n.cfg.Fatal, SnapshotGate: gate, Limits: n.cfg.Limits,
	}
}

// Catalog returns the bases, schemas and loads.
func (n *Node) Catalog() *catalog.Catalog { return n.cat }

// Dir returns the data folder, empty for an ephemeral node.
func (n *Node) Dir() string { return n.cfg.Dir }

// Ready says why the node does not serve, or nil.
func (n *Node) Ready() error {
	errs := []error{n.meta.Err()}
	for _, g := range n.data {
		errs = append(errs, g.Err())
	}
	return errors.Join(errs...)
}

// Wall returns the wall clock in ms.
func (n *Node) Wall() int64 { return n.cfg.Clock() }

// Clock returns the clock for a statement over a base: the wall clock, or the newest stamp of the
// groups that are read if that is later.
func (n *Node) Clock(sch *schema.Schema) int64 {
	clock := n.cfg.Clock()
	for _, g := range n.groupsOf(sch) {
		clock = max(clock, g.LastStamp())
	}
	return clock
}

// groupsOf returns the groups that hold a base.
func (n *Node) groupsOf(sch *schema.Schema) []*dataGroup {
	return n.data[:sch.Options.Spread]
}

// Close stops the node: statements that run are finished, every group writes an image for a short
// restart unless ctx ends before, and the logs are closed.
func (n *Node) Close(ctx context.Context) error {
	if n.upkeep != nil {
		n.upkeep.stop()
	}
	if n.pool != nil {
		n.pool.Close()
	}
	if n.cfg.Dir != "" {
		n.imageAll(ctx)
	}
	return n.closeGroups()
}

// imageAll writes an image of each group. Without one nothing is lost: the restart replays more log.
func (n *Node) imageAll(ctx context.Context) {
	for _, g := range n.replicas() {
		if err := g.SnapshotNow(ctx); err != nil {
			n.cfg.Logger.Warn("no image was written at the stop; the next start replays the log", "group", g.Name(), "err", err)
		}
	}
}

// replicas returns the groups that are open.
func (n *Node) replicas() []*replica.Group {
	var all []*replica.Group
	if n.meta != nil {
		all = append(all, n.meta)
	}
	for _, g := range n.data {
		if g != nil {
			all = append(all, g.Group)
		}
	}
	return all
}

func (n *Node) closeGroups() error {
	var errs []error
	for _, g := range n.replicas() {
		errs = append(errs, g.Close())
	}
	for _, g := range n.data {
		if g != nil {
			g.sm.close()
		}
	}
	if n.lock != nil {
		errs = append(errs, n.lock.Close())
	}
	return errors.Join(errs...)
}
