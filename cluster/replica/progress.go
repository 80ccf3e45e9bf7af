package replica

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// progress is an applied index that can be waited for.
type progress struct {
	applied atomic.Uint64

	mu   sync.Mutex
	wake chan struct{} // closed at the next change; nil while nobody waits
	err  error         // why there will be no further change
}

func (p *progress) advance(index uint64) {
	p.applied.Store(index)
	p.notify(nil)
}

// fail makes present and later waiters return err.
func (p *progress) fail(err error) { p.notify(err) }

func (p *progress) notify(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
	}
	if p.wake != nil {
		close(p.wake)
		p.wake = nil
	}
}

// wait returns nil once index has been applied.
func (p *progress) wait(ctx context.Context, index uint64) error {
	for p.applied.Load() < index {
		wake, err := p.changed(index)
		if err != nil || wake == nil {
			return err
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// changed returns a channel closed at the next change, or nil if index was
// reached meanwhile.
func (p *progress) changed(index uint64) (<-chan struct{}, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.applied.Load() >= index {
		return nil, nil
	}
	if p.err != nil {
		return nil, p.err
	}
	if p.wake == nil {
		p.wake = make(chan struct{})
	}
	return p.wake, nil
}

// applyRate estimates how many command bytes a second this machine applies,
// from the recent past. Before anything was measured it assumes 20 MB/s.
type applyRate struct {
	mu    sync.Mutex
	bytes float64
	spent time.Duration
}

const (
	assumedRate = 20e6
	rateMemory  = 10 * time.Second // of applying, after which the past weighs half
	rateMinimum = 20 * time.Millisecond
)

func (r *applyRate) add(n int, d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bytes += float64(n)
	if r.spent += d; r.spent > rateMemory {
		r.bytes, r.spent = r.bytes/2, r.spent/2
	}
}

func (r *applyRate) perSecond() float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.spent < rateMinimum || r.bytes == 0 {
		return assumedRate
	}
	return r.bytes / r.spent.Seconds()
}
