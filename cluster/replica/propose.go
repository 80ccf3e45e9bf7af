package replica

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/raft"

	"github.com/musterdb/muster/cluster/command"
)

// Proposal is a command before the leader has stamped it.
type Proposal struct {
	Kind          uint8 // 1 to 255; 0 belongs to the group
	Payload       []byte
	SchemaVersion uint64
	Producer      command.Producer // zero for none
	// Critical commands (deletes, sweeps) pass the disk guard.
	Critical bool
}

// Future is a proposal under way.
type Future struct {
	done   chan struct{}
	result Result
	err    error
	bytes  int64
}

// Done is closed when the outcome is known.
func (f *Future) Done() <-chan struct{} { return f.done }

// Wait returns the outcome as Propose does. If ctx ends first, the command may
// still take effect: the error wraps ErrOutcomeUnknown and the context's.
func (f *Future) Wait(ctx context.Context) (Result, error) {
	select {
	case <-f.done:
		return f.result, f.err
	default:
	}
	select {
	case <-f.done:
		return f.result, f.err
	case <-ctx.Done():
		return Result{}, fmt.Errorf("%w: %w", ErrOutcomeUnknown, ctx.Err())
	}
}

// Propose appends a command to the log and returns once it is durable and
// applied. The error speaks about the log (see the errors of this package);
// what the state machine thought of the command is in Result.Err.
func (g *Group) Propose(ctx context.Context, p Proposal) (Result, error) {
	f, err := g.ProposeAsync(ctx, p)
	if err != nil {
		return Result{}, err
	}
	return f.Wait(ctx)
}

// ProposeAsync puts a command into the log's queue and returns. Commands of
// one caller enter the log in the order of the calls. It waits while the group
// has as many proposals in flight as Limits allow; an error means that nothing
// was proposed. The payload is copied.
func (g *Group) ProposeAsync(ctx context.Context, p Proposal) (*Future, error) {
	if p.Kind == command.KindMark {
		return nil, errors.New("replica: command kind 0 belongs to the group")
	}
	return g.propose(ctx, p)
}

func (g *Group) propose(ctx context.Context, p Proposal) (*Future, error) {
	if len(p.Payload) > command.MaxPayload {
		_, err := (&command.Command{Payload: p.Payload}).Append(nil)
		return nil, err
	}
	if err := g.usable(); err != nil {
		return nil, err
	}
	size := len(p.Payload) + command.MaxEncoded - command.MaxPayload
	if g.cfg.Disk != nil {
		if err := g.cfg.Disk.Admit(size, p.Critical); err != nil {
			return nil, err
		}
	}
	bytes := min(int64(size), g.cfg.Limits.OutstandingBytes)
	if err := g.budget.acquire(ctx, bytes, g.closing); err != nil {
		return nil, err
	}
	f := &Future{done: make(chan struct{}), bytes: bytes}
	if err := g.enqueue(p, f); err != nil {
		g.budget.release(bytes)
		return nil, err
	}
	return f, nil
}

// inFlight pairs raft's future with ours.
type inFlight struct {
	raft raft.ApplyFuture
	ours *Future
}

// enqueue stamps, encodes and hands over. It is one critical section so that
// stamps rise in log order. It does not block: raft's queue and ours hold as
// many commands as the budget lets through.
func (g *Group) enqueue(p Proposal, f *Future) error {
	g.proposeMu.Lock()
	defer g.proposeMu.Unlock()
	if err := g.usable(); err != nil {
		return err
	}
	g.lastStamp = max(g.lastStamp, g.cfg.Clock(), g.fsm.published.Load())
	cmd := command.Command{
		Kind: p.Kind, Stamp: g.lastStamp, CommitIndex: g.raft.CommitIndex(),
		SchemaVersion: p.SchemaVersion, Producer: p.Producer, Payload: p.Payload,
	}
	data, err := cmd.Append(make([]byte, 0, cmd.Size()))
	if err != nil {
		return err
	}
	g.lastWrite.Store(g.monotonic())
	g.queue <- inFlight{g.raft.Apply(data, 0), f}
	return nil
}

// complete settles proposals in log order until the queue closes.
func (g *Group) complete() {
	defer close(g.completed)
	for p := range g.queue {
		err := p.raft.Error()
		switch res := p.raft.Response().(type) {
		case Result:
			p.ours.result = res
		case error:
			err = res
		}
		p.ours.err = outcome(err)
		g.budget.release(p.ours.bytes)
		close(p.ours.done)
	}
}

// outcome sorts raft's errors into "nothing happened" and "unknown".
func outcome(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrPoisoned):
		return err
	case errors.Is(err, raft.ErrNotLeader), errors.Is(err, raft.ErrLeadershipTransferInProgress), errors.Is(err, raft.ErrAbortedByRestore):
		return fmt.Errorf("%w: %w", ErrNotLeader, err)
	}
	return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
}

// mark writes a command of the group's own and waits until it is applied.
func (g *Group) mark(ctx context.Context) (Result, error) {
	f, err := g.propose(ctx, Proposal{Kind: command.KindMark, Critical: true})
	if err != nil {
		return Result{}, err
	}
	return f.Wait(ctx)
}
