package replica

import (
	"context"
	"sync"
)

// budget bounds proposals in flight by number and bytes. Waiters are served in
// order, so a large one is not starved by small ones.
type budget struct {
	mu      sync.Mutex
	slots   int
	bytes   int64
	waiting []*waiter
}

type waiter struct {
	bytes   int64
	granted chan struct{}
}

func newBudget(slots int, bytes int64) *budget { return &budget{slots: slots, bytes: bytes} }

// acquire takes one slot and n bytes, waiting for them until ctx ends or stop
// closes. More bytes than the whole budget count as the whole budget.
func (b *budget) acquire(ctx context.Context, n int64, stop <-chan struct{}) error {
	b.mu.Lock()
	if len(b.waiting) == 0 && b.fits(n) {
		b.take(n)
		b.mu.Unlock()
		return nil
	}
	w := &waiter{bytes: n, granted: make(chan struct{})}
	b.waiting = append(b.waiting, w)
	b.mu.Unlock()
	select {
	case <-w.granted:
		return nil
	case <-ctx.Done():
		b.abandon(w)
		return ctx.Err()
	case <-stop:
		b.abandon(w)
		return ErrClosed
	}
}

func (b *budget) fits(n int64) bool { return b.slots > 0 && b.bytes >= n }

func (b *budget) take(n int64) {
	b.slots--
	b.bytes -= n
}

// release gives back what acquire took.
func (b *budget) release(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.slots++
	b.bytes += n
	b.serve()
}

func (b *budget) serve() {
	for len(b.waiting) > 0 && b.fits(b.waiting[0].bytes) {
		b.take(b.waiting[0].bytes)
		close(b.waiting[0].granted)
		b.waiting = b.waiting[1:]
	}
}

// abandon removes a waiter, or gives back what it was granted meanwhile.
func (b *budget) abandon(w *waiter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, o := range b.waiting {
		if o == w {
			b.waiting = append(b.waiting[:i:i], b.waiting[i+1:]...)
			b.serve()
			return
		}
	}
	b.slots++
	b.bytes += w.bytes
	b.serve()
}
