package replica

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// DiskConfig are the numbers of a DiskGuard. Zero fields take the default.
type DiskConfig struct {
	// Watermark is how many bytes must be free for ordinary writes; default
	// 512 MiB. It has to cover the log segments all groups may still start.
	Watermark uint64
	// Ballast is the size of a file that is given up for critical commands
	// when even they run out of room; default 64 MiB, negative for none.
	Ballast int64
	// Free returns the free bytes of a directory's volume; default statfs.
	Free func(dir string) (uint64, error)
	// Every is how long one measurement serves; default 100 ms, negative for
	// measuring each time.
	Every  time.Duration
	Logger *slog.Logger
}

// DiskGuard refuses writes before the volume of a data directory is full, so
// that the log itself never meets ENOSPC. One guard serves all groups of a
// data directory. It heals by itself when space comes back.
type DiskGuard struct {
	dir string
	cfg DiskConfig

	mu       sync.Mutex
	measured time.Time
	free     uint64
	ballast  bool // the ballast file exists
	refusing bool
}

// NewDiskGuard guards dir, which must exist, and lays down the ballast file if
// there is room for it above the watermark.
func NewDiskGuard(dir string, cfg DiskConfig) (*DiskGuard, error) {
	if cfg.Ballast == 0 {
		cfg.Ballast = 64 << 20
	}
	if cfg.Watermark == 0 {
		cfg.Watermark = 512 << 20
	}
	if cfg.Free == nil {
		cfg.Free = freeBytes
	}
	if cfg.Every == 0 {
		cfg.Every = 100 * time.Millisecond
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	g := &DiskGuard{dir: dir, cfg: cfg}
	if _, err := os.Stat(g.ballastPath()); err == nil {
		g.ballast = true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g, g.measure()
}

func (g *DiskGuard) ballastPath() string { return filepath.Join(g.dir, "ballast") }

// Admit decides whether n bytes may be written. Critical writes (deletes,
// sweeps: what makes room) are admitted below the watermark too, and get the
// ballast's room when the volume is nearly full.
func (g *DiskGuard) Admit(n int, critical bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cfg.Every < 0 || time.Since(g.measured) >= g.cfg.Every {
		if err := g.measure(); err != nil {
			return err
		}
	}
	need := g.cfg.Watermark + uint64(n)
	if g.free >= need {
		g.note(false)
		g.free -= uint64(n)
		return nil
	}
	if critical {
		return nil
	}
	g.note(true)
	return &DiskFullError{Dir: g.dir, Free: g.free, Needed: need}
}

// Room decides whether a file of n bytes may be written beside the log.
func (g *DiskGuard) Room(n uint64) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.measure(); err != nil {
		return err
	}
	if need := g.cfg.Watermark + n; g.free < need {
		return &DiskFullError{Dir: g.dir, Free: g.free, Needed: need}
	}
	return nil
}

// Free returns the bytes free at the last measurement.
func (g *DiskGuard) Free() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.free
}

// note logs the edges of refusing, not every refusal.
func (g *DiskGuard) note(refusing bool) {
	if refusing == g.refusing {
		return
	}
	g.refusing = refusing
	if refusing {
		g.cfg.Logger.Error("disk almost full, writes are refused", "dir", g.dir, "free", g.free, "watermark", g.cfg.Watermark)
		return
	}
	g.cfg.Logger.Info("disk has room again, writes are taken", "dir", g.dir, "free", g.free)
}

// measure reads the free space and gives up or restores the ballast. The gap
// between the two thresholds keeps it from flapping.
func (g *DiskGuard) measure() error {
	free, err := g.cfg.Free(g.dir)
	if err != nil {
		return err
	}
	g.free, g.measured = free, time.Now()
	if g.cfg.Ballast <= 0 {
		return nil
	}
	size := uint64(g.cfg.Ballast)
	switch {
	case g.ballast && free < min(size, g.cfg.Watermark/2):
		return g.dropBallast()
	case !g.ballast && free >= g.cfg.Watermark+2*size:
		return g.layBallast()
	}
	return nil
}

func (g *DiskGuard) dropBallast() error {
	if err := os.Remove(g.ballastPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	g.ballast = false
	g.cfg.Logger.Warn("disk full, ballast file given up for deletes", "dir", g.dir)
	return nil
}

func (g *DiskGuard) layBallast() error {
	f, err := os.OpenFile(g.ballastPath(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	g.ballast = true
	return errors.Join(allocate(f, g.cfg.Ballast), f.Close())
}
