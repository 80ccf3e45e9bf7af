package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
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
	workers int
}

// job is tasks of one statement.
type job struct {
	ctx    context.Context
	cancel context.CancelFunc
	run    func(ctx context.Context, task int) error
	after  func(task int, err error) // called when a task has ended, or was dropped by attempt

	// Under the pool's lock.
	next   int  // the next task to hand out
	tasks  int  // those handed in
	queued bool // among those that wait
}

// batch is the tasks of one call of Each.
type batch struct {
	job

	mu   sync.Mutex
	left int // tasks that have not ended
	err  error
	end  chan struct{}
}

// NewPool starts a pool of workers.
func NewPool(workers int) *Pool {
	p := &Pool{workers: workers}
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
	b := &batch{left: tasks, end: make(chan struct{})}
	b.job = job{ctx: jctx, cancel: cancel, run: run, after: b.after}
	if err := p.add(&b.job, tasks); err != nil {
		return err
	}
	<-b.end
	if b.err != nil {
		return b.err
	}
	return ctx.Err()
}

// add hands in n more tasks of a job.
func (p *Pool) add(j *job, n int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrPoolClosed
	}
	j.tasks += n
	if !j.queued {
		j.queued = true
		p.waiting = append(p.waiting, j)
	}
	if n == 1 {
		p.wake.Signal()
	} else {
		p.wake.Broadcast()
	}
	return nil
}

// drop takes back the tasks of a job that were not handed out and returns how many those are.
func (p *Pool) drop(j *job) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := j.tasks - j.next
	j.next = j.tasks
	if j.queued {
		j.queued = false
		p.waiting = slices.DeleteFunc(p.waiting, func(x *job) bool { return x == j })
	}
	return n
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
		j.after(task, j.attempt(task))
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
	if j.queued = j.next < j.tasks; j.queued {
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
	return Guarded(func() error { return j.run(j.ctx, task) })
}

// Guarded calls f and makes a PanicError of its panic. What evaluates on a goroutine of its own goes through
// it: there is nobody else who would keep the panic from ending the server.
func Guarded(f func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = &PanicError{Cause: cause, Stack: string(debug.Stack())}
		}
	}()
	return f()
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

// after counts a task that ended. The first error stays: later ones are its consequence.
func (b *batch) after(_ int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil && b.err == nil {
		b.err = err
		b.cancel()
	}
	if b.left--; b.left == 0 {
		close(b.end)
	}
}
