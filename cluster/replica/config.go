package replica

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/hashicorp/raft-wal/fs"
	"github.com/hashicorp/raft-wal/types"

	"github.com/musterdb/muster/cluster/command"
)

// ExitFatal is the exit code of a process whose Config.Fatal was called:
// temporary failure, start again (EX_TEMPFAIL).
const ExitFatal = 75

// StateMachine is what a group drives. Apply and Snapshot are called from one
// goroutine in log order; Restore only before that goroutine starts or instead
// of it. All three must be pure functions of state and arguments.
type StateMachine interface {
	// Apply performs one command. A result that is an error is a refusal: it
	// must have changed nothing, and it is returned to the proposer as
	// Result.Err. A panic poisons the group. The payload may not be kept.
	Apply(index uint64, cmd *command.Command) (result any)
	// Snapshot pins the present state in O(1). It is called between two
	// commands; the image is written out while later commands are applied.
	Snapshot() (Image, error)
	// Restore replaces the state by an image's bytes. It must build aside and
	// swap at the end, so that an error (damage found half way) leaves the old
	// state, and it must read r to its end: the last bytes are handed out only
	// after the whole image has been verified.
	Restore(r io.Reader) error
}

// Image is a pinned state. WriteTo is called at most once, from another
// goroutine than Apply; Release exactly once, also when WriteTo was not called.
type Image interface {
	WriteTo(w io.Writer) (int64, error)
	Release()
}

// Config describes a group. Name and StateMachine are required.
type Config struct {
	// Dir is the group's own directory, created if missing. Empty means
	// ephemeral: log and images live in memory, on the same code path.
	Dir string
	// Name names the group in errors, logs and images: "m", "d00" …
	Name string
	// NodeID is this node's stable identity in the raft configuration.
	NodeID       string
	StateMachine StateMachine
	Logger       *slog.Logger
	// Clock reads the leader's clock, in milliseconds since 1970 UTC. It is
	// asked once per proposal and never during Apply.
	Clock func() int64
	// Disk guards the volume Dir lies on; groups of one data directory share
	// it. Nil means no guard.
	Disk *DiskGuard
	// Fatal is called at most once, from a goroutine of its own, when the log
	// can no longer be trusted to store (error or stall). The group refuses
	// everything from then on; a server exits with ExitFatal.
	Fatal func(error)
	// SnapshotGate is shared by the groups of a node so that one image is
	// written at a time: a channel of capacity 1. Nil means no sharing.
	SnapshotGate chan struct{}
	Limits       Limits

	vfs  types.VFS       // file operations of the log; tests inject faults
	meta types.MetaStore // segment list of the log; tests inject faults
}

// Limits are the numbers of a group. Zero fields take the default.
type Limits struct {
	Outstanding      int           // proposals in flight; default 32, at most 64
	OutstandingBytes int64         // their encoded bytes; default 8 MiB
	StallTimeout     time.Duration // one log write may take this long; default 10 s
	StartTimeout     time.Duration // from the end of replay to a leader; default 30 s

	SegmentSize      int   // bytes of a log segment; default 4 MiB
	LargeSegmentSize int   // the same when the data is large; default 16 MiB
	LargeDataSize    int64 // image bytes from which the data is large; default 1 GB

	SnapshotRate     int64         // bytes a second of a background image; default 100 MiB
	ReplayBudget     time.Duration // estimated replay time that starts an image; default 3 s
	MaxLogBytes      int64         // log bytes since the last image that start one; default 512 MiB
	QuietAfter       time.Duration // an image is written after this long without writes …; default 15 s
	QuietReplay      time.Duration // … if replay would take at least this; default 500 ms
	SnapshotInterval time.Duration // between two quiet images; default 60 s

	// MaxProducers and ProducerTTL bound the table of producers. They are part
	// of the replicated behaviour: every replica of a group must use the same.
	MaxProducers int           // default 100,000, least recently used in log order go first
	ProducerTTL  time.Duration // default 30 days, by command stamps
}

func (l Limits) withDefaults() Limits {
	orDefault(&l.Outstanding, 32)
	l.Outstanding = min(l.Outstanding, 64)
	orDefault(&l.OutstandingBytes, 8<<20)
	orDefault(&l.StallTimeout, 10*time.Second)
	orDefault(&l.StartTimeout, 30*time.Second)
	orDefault(&l.SegmentSize, 4<<20)
	orDefault(&l.LargeSegmentSize, 16<<20)
	orDefault(&l.LargeDataSize, 1<<30)
	orDefault(&l.SnapshotRate, 100<<20)
	orDefault(&l.ReplayBudget, 3*time.Second)
	orDefault(&l.MaxLogBytes, 512<<20)
	orDefault(&l.QuietAfter, 15*time.Second)
	orDefault(&l.QuietReplay, 500*time.Millisecond)
	orDefault(&l.SnapshotInterval, time.Minute)
	orDefault(&l.MaxProducers, 100_000)
	orDefault(&l.ProducerTTL, 30*24*time.Hour)
	return l
}

func orDefault[T int | int64 | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

func (c Config) withDefaults() (Config, error) {
	if c.Name == "" || len(c.Name) > maxNameLen {
		return c, fmt.Errorf("replica: Config.Name must have 1 to %d bytes, has %d", maxNameLen, len(c.Name))
	}
	if c.StateMachine == nil {
		return c, errors.New("replica: Config.StateMachine is missing")
	}
	if c.NodeID == "" {
		c.NodeID = "local"
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Logger = c.Logger.With("group", c.Name)
	if c.Clock == nil {
		c.Clock = func() int64 { return time.Now().UnixMilli() }
	}
	if c.SnapshotGate == nil {
		c.SnapshotGate = make(chan struct{}, 1)
	}
	if c.vfs == nil {
		c.vfs = fs.New()
	}
	c.Limits = c.Limits.withDefaults()
	return c, nil
}
