package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// Pool is a fixed set of workers, one for each core, that all statements share. The tasks of a
// statement are its shards. Statements that wait take turns, a task at a time, so that a heavy one does
// not keep a light one waiting for longer than a task.
type Pool struct {
	mu      sync.Mutex
	waiting []*job // round robin: the worker takes a task of the first and moves it to the end
	wake    sync.Cond
	closed  bool
	done    sync.WaitGroup
}

// job is the tasks of one statement.
type job struct {
	ctx    context.Context
	cancel context.CancelFunc
	run    func(ctx context.Context, task int) error
	next   int // the next task to hand out
	tasks  int

	mu   sync.Mutex
	left int // tasks that have not ended
	err  error
	end  chan struct{}
}

// NewPool starts a pool of workers.
func NewPool(workers int) *Pool {
	p := &Pool{}
	p.wake.L = &p.mu
	p.done.Add(workers)
	for range workers {
		go p.work()
	}
	return p
}

// ErrPoolClosed is returned by Each after Close.
var ErrPoolClosed = errors.New("the server is stopping")

// Each runs task 0 … tasks-1 on the workers and returns when all have ended, with the first error. An
// error or the end of ctx cancels the context of the others and drops tasks that have not begun.
func (p *Pool) Each(ctx context.Context, tasks int, run func(ctx context.Context, task int) error) error {
	if tasks == 0 {
		return ctx.Err()
	}
	jctx, cancel := context.WithCancel(ctx)
	defer cancel()
	j := &job{ctx: jctx, cancel: cancel, run: run, tasks: tasks, left: tasks, end: make(chan struct{})}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return ErrPoolClosed
	}
	p.waiting = append(p.waiting, j)
	p.mu.Unlock()
	p.wake.Broadcast()
	<-j.end
	if j.err != nil {
		return j.err
	}
	return ctx.Err()
}

// Close lets the workers finish the tasks that wait and ends them.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.wake.Broadcast()
	p.done.Wait()
}

func (p *Pool) work() {
	defer p.done.Done()
	for {
		j, task, ok := p.take()
		if !ok {
			return
		}
		j.finish(j.attempt(task))
	}
}

// take waits for a task. It reports false when the pool is closed and nothing is left to do.
func (p *Pool) take() (*job, int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.waiting) == 0 {
		if p.closed {
			return nil, 0, false
		}
		p.wake.Wait()
	}
	j := p.waiting[0]
	task := j.next
	j.next++
	p.waiting = append(p.waiting[:0], p.waiting[1:]...)
	if j.next < j.tasks {
		p.waiting = append(p.waiting, j)
	}
	return j, task, true
}

// attempt runs a task, unless the statement has failed or was cancelled meanwhile.
// A panic is a bug of ours: it fails the statement, not the server and its other tenants.
func (j *job) attempt(task int) (err error) {
	if err := j.ctx.Err(); err != nil {
		return err
	}
	defer func() {
		if cause := recover(); cause != nil {
			err = &PanicError{Cause: cause, Stack: string(debug.Stack())}
		}
	}()
	return j.run(j.ctx, task)
}

// PanicError is a panic of evaluation, which is always a bug of Muster.
type PanicError struct {
	Cause any
	Stack string
}

// Error returns the cause without the stack.
func (e *PanicError) Error() string {
	return fmt.Sprintf("the statement hit a bug in Muster: %v; nothing was changed; please report the statement", e.Cause)
}

// finish counts a task that ended. The first error stays: later ones are its consequence.
func (j *job) finish(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil && j.err == nil {
		j.err = err
		j.cancel()
	}
	if j.left--; j.left == 0 {
		close(j.end)
	}
}
