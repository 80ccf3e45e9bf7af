package engine

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/engine/eval"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage"
	"github.com/musterdb/muster/storage/schema"
)

// Count returns how many rows of the shard satisfy the plan's condition.
func (s *Shard) Count(ctx context.Context, q *plan.Query, sch *schema.Schema) (n uint64, err error) {
	err = s.answer(q, sch, func(p *eval.Program) error {
		n, err = p.Count(ctx)
		return err
	})
	return n, err
}

// Select hands the shard's rows of a plan to emit, which may be slow: the shard is pinned meanwhile,
// except for a plan that asks for one contact by its id, whose row is copied under the latch.
func (s *Shard) Select(ctx context.Context, q *plan.Query, sch *schema.Schema, emit func(arrow.Record) error) error {
	if !AsksForOne(q) {
		return s.pinned(q, sch, func(p *eval.Program) error { return p.Select(ctx, emit) })
	}
	var held []arrow.Record
	defer func() {
		for _, r := range held {
			r.Release()
		}
	}()
	err := s.Read(func(v *storage.View) error {
		return compiled(q, sch, v, func(p *eval.Program) error {
			return p.Select(ctx, func(r arrow.Record) error {
				r.Retain()
				held = append(held, r)
				return nil
			})
		})
	})
	for _, r := range held {
		if err == nil {
			err = emit(r)
		}
	}
	return err
}

// answer evaluates a plan in one hold of the latch if it is short, else through a pin.
func (s *Shard) answer(q *plan.Query, sch *schema.Schema, f func(*eval.Program) error) error {
	short := false
	err := s.Read(func(v *storage.View) error {
		return compiled(q, sch, v, func(p *eval.Program) error {
			if short = !p.RowByRow(); short {
				return f(p)
			}
			return nil
		})
	})
	if err != nil || short {
		return err
	}
	return s.pinned(q, sch, f)
}

func (s *Shard) pinned(q *plan.Query, sch *schema.Schema, f func(*eval.Program) error) error {
	pin, err := s.Pin()
	if err != nil {
		return err
	}
	defer pin.Release()
	return compiled(q, sch, pin.View(), f)
}

// compiled compiles a plan for a view and calls f with the program, which is valid as long as the view.
func compiled(q *plan.Query, sch *schema.Schema, v *storage.View, f func(*eval.Program) error) error {
	p, err := eval.Compile(q, sch, v)
	if err != nil {
		return err
	}
	return f(p)
}

// AsksForOne says whether a plan is about one contact at most, by its id.
func AsksForOne(q *plan.Query) bool {
	ids, ok := q.Asks()
	return ok && len(ids) <= 1
}
