package replica

import (
	"errors"
	"fmt"
	"strings"
)

// Errors of a group. They are wrapped with detail; test with errors.Is.
var (
	// ErrClosed means that the group was closed; nothing was proposed.
	ErrClosed = errors.New("replica: group is closed")
	// ErrNotLeader means that this node does not lead the group; nothing was
	// proposed.
	ErrNotLeader = errors.New("replica: this node does not lead the group")
	// ErrOutcomeUnknown means that a command may or may not take effect. A
	// producer sends the same sequence again and learns which.
	ErrOutcomeUnknown = errors.New("replica: outcome unknown")
	// ErrPoisoned means that applying a command panicked. The group stopped at
	// the command before it; other groups of the process go on.
	ErrPoisoned = errors.New("replica: group is poisoned")
	// ErrFatal means that the log failed to store an entry. The process must
	// be started again.
	ErrFatal = errors.New("replica: log failed, restart the process")
	// ErrInUse means that another process has the group's directory open.
	ErrInUse = errors.New("replica: directory is in use by another process")
	// ErrDamaged is wrapped by every DamageError.
	ErrDamaged = errors.New("replica: damage on disk")
	// ErrDiskFull is wrapped by every DiskFullError.
	ErrDiskFull = errors.New("replica: disk is full")
	// ErrProducerFenced is a Result.Err: a newer epoch of the producer exists.
	ErrProducerFenced = errors.New("replica: producer is fenced by a newer epoch")
)

// DamageError reports bytes on disk that are not what was written and that no
// older image and no log could replace.
type DamageError struct {
	Group  string
	File   string // path of the damaged file
	Offset int64  // byte offset in File, -1 if unknown
	Index  uint64 // log index or image index concerned, 0 if unknown
	What   string // what was found
	Remedy string // what to do
	Err    error  // cause, may be nil
}

// Error names file, place, finding and remedy on one line.
func (e *DamageError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "group %s: %s is damaged", e.Group, e.File)
	if e.Offset >= 0 {
		fmt.Fprintf(&b, " at offset %d", e.Offset)
	}
	if e.Index > 0 {
		fmt.Fprintf(&b, " (index %d)", e.Index)
	}
	fmt.Fprintf(&b, ": %s", e.What)
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	fmt.Fprintf(&b, "; %s", e.Remedy)
	return b.String()
}

// Unwrap makes errors.Is find ErrDamaged and the cause.
func (e *DamageError) Unwrap() []error {
	if e.Err == nil {
		return []error{ErrDamaged}
	}
	return []error{ErrDamaged, e.Err}
}

const remedyRestore = "nothing was applied beyond it and nothing was changed: check the disk, restore this directory from a backup, then start again"

// DiskFullError refuses a write before it reaches the log.
type DiskFullError struct {
	Dir    string
	Free   uint64 // bytes free now
	Needed uint64 // bytes that must be free for writes to be taken
}

// Error says what is missing and how writing resumes.
func (e *DiskFullError) Error() string {
	return fmt.Sprintf("disk of %s is almost full: %d MiB free, writes need %d MiB; free some space or delete data (reads and deletes still work), writing resumes by itself",
		e.Dir, e.Free>>20, (e.Needed+1<<20-1)>>20)
}

// Unwrap makes errors.Is find ErrDiskFull.
func (e *DiskFullError) Unwrap() error { return ErrDiskFull }

// PoisonError carries the panic that stopped a group.
type PoisonError struct {
	Group string
	Index uint64 // the command that panicked; it was not applied
	Cause any    // the panic value
	Stack string
}

// Error names the command and the panic, without the stack.
func (e *PoisonError) Error() string {
	return fmt.Sprintf("group %s is poisoned: applying the command at index %d panicked: %v; it serves no writes until it is reopened", e.Group, e.Index, e.Cause)
}

// Unwrap makes errors.Is find ErrPoisoned.
func (e *PoisonError) Unwrap() error { return ErrPoisoned }
