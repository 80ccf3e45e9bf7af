// Package replica runs one raft group on this node: it turns proposals into an
// ordered, durable log of commands, applies them to a state machine, and brings
// that state machine back after a stop, a crash or damage on disk.
//
// It owns the log store (raft-wal behind guards), the snapshot store (a format
// of its own), the proposer with its limits, the table of producers that makes
// batches take effect once, and the rules of restart. It is the only importer of
// hashicorp/raft and raft-wal. It does not own what a command means, which
// groups exist, or who may write to them.
//
// The shape of a start: the newest whole image is restored, the log after it is
// replayed and verified entry by entry, and only then is raft started, at the
// index the state machine has reached. Raft therefore never reads a damaged
// entry: every read it would do has been done before under verification.
//
// The directory, the image and the log records are described byte by byte in
// docs/reference/format-log.md.
package replica
