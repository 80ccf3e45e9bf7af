package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

func TestPoolRunsEachTaskOnce(t *testing.T) {
	p := NewPool(3)
	defer p.Close()
	var ran [100]atomic.Int32
	err := p.Each(context.Background(), len(ran), func(_ context.Context, i int) error {
		ran[i].Add(1)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range ran {
		if n := ran[i].Load(); n != 1 {
			t.Errorf("task %d ran %d times", i, n)
		}
	}
}

func TestPoolFirstErrorEndsTheStatement(t *testing.T) {
	p := NewPool(1)
	defer p.Close()
	boom := errors.New("boom")
	ran := 0
	err := p.Each(context.Background(), 10, func(context.Context, int) error {
		ran++
		return boom
	})
	if !errors.Is(err, boom) || ran != 1 {
		t.Errorf("Each = %v after %d tasks, want boom after 1", err, ran)
	}
}

func TestPoolStopsWhenTheClientLeaves(t *testing.T) {
	p := NewPool(1)
	defer p.Close()
	ctx, cancel := context.WithCancel(context.Background())
	ran := 0
	err := p.Each(ctx, 10, func(context.Context, int) error {
		ran++
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || ran != 1 {
		t.Errorf("Each = %v after %d tasks, want canceled after 1", err, ran)
	}
}

// TestPoolStatementsTakeTurns: with one worker, a statement of one task that arrives while a long one
// runs is answered before the long one's remaining tasks.
func TestPoolStatementsTakeTurns(t *testing.T) {
	p := NewPool(1)
	defer p.Close()
	started, release := make(chan struct{}), make(chan struct{})
	var order []string
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		_ = p.Each(context.Background(), 3, func(_ context.Context, i int) error {
			if i == 0 {
				close(started)
				<-release
			}
			order = append(order, "long")
			return nil
		})
	}()
	<-started
	go func() {
		defer wg.Done()
		_ = p.Each(context.Background(), 1, func(context.Context, int) error {
			order = append(order, "short")
			return nil
		})
	}()
	for waiting := 0; waiting < 2; {
		p.mu.Lock()
		waiting = len(p.waiting)
		p.mu.Unlock()
	}
	close(release)
	wg.Wait()
	if len(order) != 4 || order[3] == "short" {
		t.Errorf("the order was %v; the short statement waited for the whole long one", order)
	}
}

func TestPoolRefusesAfterClose(t *testing.T) {
	p := NewPool(1)
	p.Close()
	err := p.Each(context.Background(), 1, func(context.Context, int) error { return nil })
	if !errors.Is(err, ErrPoolClosed) {
		t.Errorf("Each after Close = %v", err)
	}
}

func TestPoolSurvivesAPanic(t *testing.T) {
	p := NewPool(1)
	defer p.Close()
	err := p.Each(context.Background(), 1, func(context.Context, int) error { panic("bug") })
	var bug *PanicError
	if !errors.As(err, &bug) || bug.Stack == "" {
		t.Fatalf("Each = %v, want a PanicError with its stack", err)
	}
	if err := p.Each(context.Background(), 1, func(context.Context, int) error { return nil }); err != nil {
		t.Fatalf("the worker is gone: %v", err)
	}
}
