// Package command defines the envelope in which every write lies in a group's log.
//
// It owns the bytes round a payload: format version, kind, the leader's stamp,
// the commit index known when the command was proposed, the schema version it
// was bound against, the producer that sent it, and a CRC32C over all of it.
// It does not own the payload, whose meaning belongs to the state machine the
// group drives, nor the order of commands, which belongs to cluster/replica.
//
// The format is described byte by byte in docs/reference/format-command.md.
package command
