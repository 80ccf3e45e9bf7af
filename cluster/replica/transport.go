package replica

import (
	"time"

	"github.com/hashicorp/raft"
)

// newTransport is the seam for groups of several voters. With one voter there
// is nobody to talk to. A network transport must be wrapped so that
// SetHeartbeatHandler does nothing (the handler may raise the term beside the
// main loop, hashicorp/raft#695), as this one's does, and be made with
// MaxRPCsInFlight 1 (hashicorp/raft#612).
func newTransport(cfg Config) raft.Transport {
	_, t := raft.NewInmemTransport(raft.ServerAddress(cfg.NodeID))
	return t
}

// loneVoterTimeout makes a lone voter elect itself within 100 ms.
const loneVoterTimeout = 50 * time.Millisecond

// maxAppendEntries bounds a batch of the log by number: with entries of at
// most 1 MiB that is 32 MiB.
const maxAppendEntries = 32

// Bootstrap writes what raft.BootstrapCluster would, but can be repeated after
// a crash in its middle.
const (
	firstTerm = 1
)

var keyCurrentTerm = []byte("CurrentTerm")

func raftConfig(cfg Config) *raft.Config {
	c := raft.DefaultConfig()
	c.LocalID = raft.ServerID(cfg.NodeID)
	c.Logger = raftLogger(cfg.Logger)
	c.HeartbeatTimeout = loneVoterTimeout
	c.ElectionTimeout = loneVoterTimeout
	c.LeaderLeaseTimeout = loneVoterTimeout
	c.CommitTimeout = 100 * time.Millisecond
	c.MaxAppendEntries = maxAppendEntries
	// The queue in front of the main loop makes entries share an fsync. Its
	// known flaw, an enqueue timeout that does not hold, does not concern us:
	// the proposer lets no more through than the queue takes.
	c.BatchApplyCh = true
	c.ShutdownOnRemove = false
	c.NoLegacyTelemetry = true
	c.NoSnapshotRestoreOnStart = true
	// Images and log cuts are triggered here, by bytes and time, see policy.go.
	c.SnapshotThreshold = 1 << 62
	c.SnapshotInterval = 24 * time.Hour
	c.TrailingLogs = 1 << 62
	return c
}

// bootstrap writes the first configuration, with this node as the only voter.
func bootstrap(cfg Config, log *logStore) error {
	if err := log.SetUint64(keyCurrentTerm, firstTerm); err != nil {
		return err
	}
	conf := raft.Configuration{Servers: []raft.Server{{
		Suffrage: raft.Voter, ID: raft.ServerID(cfg.NodeID), Address: raft.ServerAddress(cfg.NodeID),
	}}}
	return log.StoreLog(&raft.Log{Index: 1, Term: firstTerm, Type: raft.LogConfiguration, Data: raft.EncodeConfiguration(conf)})
}
