package replica

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"github.com/musterdb/muster/cluster/command"
)

// Result is what became of a proposed command.
type Result struct {
	Index uint64 // log index of the command
	Stamp int64  // its stamp, ms
	Value any    // what StateMachine.Apply returned, unless that was an error
	Err   error  // the state machine's refusal, or ErrProducerFenced
	// Duplicate: a command with this producer, epoch and sequence took effect
	// before; this one changed nothing.
	Duplicate bool
}

// machine is the raft FSM: it decodes, deduplicates and guards, and hands what
// is left to the state machine. Its fields belong to the apply goroutine (the
// opening goroutine before raft runs), unless they say otherwise.
type machine struct {
	group     string
	sm        StateMachine
	producers *producerTable
	applied   uint64
	stamp     int64

	progress  progress // published; any goroutine
	published atomic.Int64
	poison    atomic.Pointer[PoisonError]
	rate      applyRate
	bytes     atomic.Int64 // command bytes applied since the start of this process
	captured  atomic.Int64 // bytes at the last Snapshot
}

func newMachine(cfg Config) *machine {
	return &machine{
		group: cfg.Name, sm: cfg.StateMachine,
		producers: newProducerTable(cfg.Limits.MaxProducers, cfg.Limits.ProducerTTL.Milliseconds()),
	}
}

// Apply implements raft.FSM.
func (m *machine) Apply(log *raft.Log) any { return m.ApplyBatch([]*raft.Log{log})[0] }

// ApplyBatch implements raft.BatchingFSM. Raft passes configuration entries
// too; seeing them lets a snapshot cover them on a quiet group. The clock is
// read here, outside of apply, for the estimate of replay time only.
func (m *machine) ApplyBatch(logs []*raft.Log) []any {
	results := make([]any, len(logs))
	start := time.Now()
	size := 0
	for i, log := range logs {
		results[i] = m.applyEntry(log)
		size += len(log.Data)
	}
	m.rate.add(size, time.Since(start))
	m.publish()
	return results
}

// applyEntry applies one log entry and returns a Result or an error.
func (m *machine) applyEntry(log *raft.Log) any {
	if p := m.poison.Load(); p != nil {
		return error(p)
	}
	if log.Index <= m.applied {
		return fmt.Errorf("replica: group %s: entry %d was applied before, state is at %d", m.group, log.Index, m.applied)
	}
	if log.Type != raft.LogCommand {
		m.applied = log.Index
		return Result{Index: log.Index, Stamp: m.stamp}
	}
	cmd, err := command.Decode(log.Data)
	if err != nil {
		return m.quarantine(log.Index, err, "")
	}
	res, err := m.applyCommand(log.Index, cmd)
	if err != nil {
		return err
	}
	m.applied = log.Index
	m.bytes.Add(int64(len(log.Data)))
	return res
}

// applyCommand is a pure function of the machine's state and its arguments.
func (m *machine) applyCommand(index uint64, cmd *command.Command) (Result, error) {
	m.stamp = max(m.stamp, cmd.Stamp)
	cmd.Stamp = m.stamp
	res := Result{Index: index, Stamp: m.stamp}
	if cmd.Kind == command.KindMark {
		return res, nil
	}
	if !cmd.Producer.IsZero() {
		switch m.producers.judge(cmd.Producer, m.stamp) {
		case duplicate:
			res.Duplicate = true
			return res, nil
		case fenced:
			res.Err = ErrProducerFenced
			return res, nil
		}
	}
	value, err := m.protected(index, cmd)
	if err != nil {
		return Result{}, err
	}
	if refusal, ok := value.(error); ok {
		res.Err = refusal
		return res, nil
	}
	res.Value = value
	if !cmd.Producer.IsZero() {
		m.producers.record(cmd.Producer, m.stamp)
	}
	return res, nil
}

// protected calls the state machine and turns a panic into poison.
func (m *machine) protected(index uint64, cmd *command.Command) (value any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = m.quarantine(index, p, string(debug.Stack()))
		}
	}()
	return m.sm.Apply(index, cmd), nil
}

func (m *machine) quarantine(index uint64, cause any, stack string) error {
	p := &PoisonError{Group: m.group, Index: index, Cause: cause, Stack: stack}
	m.poison.Store(p)
	return p
}

// publish makes progress visible to waiters.
func (m *machine) publish() {
	m.published.Store(m.stamp)
	if p := m.poison.Load(); p != nil {
		m.progress.fail(p)
	}
	m.progress.advance(m.applied)
}

// Snapshot implements raft.FSM. Apart from the state machine's pin it copies
// the producer table (44 bytes a session).
func (m *machine) Snapshot() (raft.FSMSnapshot, error) {
	if p := m.poison.Load(); p != nil {
		return nil, p
	}
	image, err := m.sm.Snapshot()
	if err != nil {
		return nil, err
	}
	m.captured.Store(m.bytes.Load())
	return &pinned{image: image, index: m.applied, stamp: m.stamp, head: m.appendHead(nil)}, nil
}

// The group's own part stands before the state machine's bytes in an image.
const (
	headMagic = "MUSTREP1"
	headSize  = 8 + 8 + 8 + 4
)

func (m *machine) appendHead(b []byte) []byte {
	b = append(b, headMagic...)
	b = binary.LittleEndian.AppendUint64(b, m.applied)
	b = binary.LittleEndian.AppendUint64(b, uint64(m.stamp))
	return m.producers.appendTo(b)
}

// pinned is a raft.FSMSnapshot.
type pinned struct {
	image Image
	head  []byte
	index uint64
	stamp int64
}

// Persist implements raft.FSMSnapshot; raft closes or cancels the sink.
func (p *pinned) Persist(sink raft.SnapshotSink) error {
	if k, ok := sink.(*imageSink); ok {
		if p.index > k.meta.index {
			return fmt.Errorf("replica: state is at %d, ahead of raft's %d", p.index, k.meta.index)
		}
		k.meta.fsmIndex, k.meta.stamp = p.index, p.stamp
	}
	if _, err := sink.Write(p.head); err != nil {
		return err
	}
	_, err := p.image.WriteTo(sink)
	return err
}

// Release implements raft.FSMSnapshot.
func (p *pinned) Release() { p.image.Release() }

// Restore implements raft.FSM: it replaces the state by an image.
func (m *machine) Restore(r io.ReadCloser) error {
	defer r.Close()
	return m.restore(r)
}

// restore reads an image. The machine changes only if all of it was read and,
// the reader being a frameReader, verified.
func (m *machine) restore(r io.Reader) error {
	var head [headSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	if string(head[:8]) != headMagic {
		return fmt.Errorf("image begins with %q", head[:8])
	}
	le := binary.LittleEndian
	producers := newProducerTable(m.producers.max, m.producers.ttl)
	if err := producers.readFrom(r, le.Uint32(head[24:])); err != nil {
		return fmt.Errorf("producers: %w", err)
	}
	if err := m.sm.Restore(r); err != nil {
		return err
	}
	if n, err := io.Copy(io.Discard, r); err != nil || n > 0 {
		return errors.Join(fmt.Errorf("%w: the state machine left %d bytes", errUnread, n), err)
	}
	m.producers, m.applied, m.stamp = producers, le.Uint64(head[8:]), int64(le.Uint64(head[16:]))
	m.poison.Store(nil)
	m.publish()
	return nil
}

// errUnread means that a state machine was swapped before its image was
// verified to the end, so it cannot be used.
var errUnread = errors.New("image was not read to its end")
