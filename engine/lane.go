package engine

import (
	"context"
	"sync"
)

// A lane hands tasks of one statement to the pool's workers one by one, as its owner finds them, where Each
// knows all of them beforehand. In the round robin it is one statement, however many of its tasks wait.
// A lane belongs to one goroutine, which must end it.
type lane struct {
	pool    *Pool
	job     *job
	running sync.WaitGroup

	mu    sync.Mutex
	tasks []laneTask
}

type laneTask struct {
	run  func(context.Context) error
	done func(error)
}

// lane returns a lane whose tasks run under a context that ends with ctx or the lane.
func (p *Pool) lane(ctx context.Context) *lane {
	l := &lane{pool: p}
	ctx, cancel := context.WithCancel(ctx)
	l.job = &job{ctx: ctx, cancel: cancel, run: l.attempt, after: l.after}
	return l
}

// add has a worker call run. done is told its error, on the worker, also where run was not called because
// the context has ended; after end it may not be called at all.
func (l *lane) add(run func(context.Context) error, done func(error)) error {
	l.mu.Lock()
	l.tasks = append(l.tasks, laneTask{run, done})
	l.mu.Unlock()
	l.running.Add(1)
	if err := l.pool.add(l.job, 1); err != nil {
		l.running.Done()
		return err
	}
	return nil
}

func (l *lane) task(i int) laneTask {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tasks[i]
}

func (l *lane) attempt(ctx context.Context, i int) error { return l.task(i).run(ctx) }

// after tells a task's owner that it has ended, and forgets it.
func (l *lane) after(i int, err error) {
	l.task(i).done(err)
	l.mu.Lock()
	l.tasks[i] = laneTask{}
	l.mu.Unlock()
	l.running.Done()
}

// end cancels what runs, drops what has not begun, and returns when no worker is in a task of the lane.
func (l *lane) end() {
	l.job.cancel()
	for range l.pool.drop(l.job) {
		l.running.Done()
	}
	l.running.Wait()
}
