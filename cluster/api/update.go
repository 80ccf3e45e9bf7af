package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/write"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// update carries out UPDATE contacts. Attributes that open schema infers are made first.
func (x *execution) update(ctx context.Context, stmt *ast.Update) error {
	for {
		sch, err := x.schema()
		if err != nil {
			return err
		}
		p, err := write.Update(stmt, sch, x.options(sch))
		if err != nil {
			return err
		}
		if len(p.NewAttrs) == 0 {
			return x.rewrite(ctx, sch, p)
		}
		if err := x.addAttributes(ctx, sch.Name, p.NewAttrs); err != nil {
			return err
		}
	}
}

// rewrite changes the contacts that a plan names, in batches that are durable one by one.
func (x *execution) rewrite(ctx context.Context, sch *schema.Schema, p *write.UpdatePlan) error {
	consts, err := x.constants(sch, p.Sets)
	if err != nil {
		return err
	}
	var misfits misfits
	done, err := x.node.Rewrite(ctx, p.Rows, sch, func(rec arrow.Record) (*change.Upsert, error) {
		x.query.done.Add(rec.NumRows())
		return updatePart(p, consts, rec, &misfits)
	})
	for _, r := range done.Rejected {
		misfits.reason = cmp.Or(misfits.reason, r.Reason)
	}
	misfits.n += done.Refused
	x.metrics.wrote(done.Result, int(misfits.n))
	if err == nil {
		err = misfits.err()
	}
	if err != nil {
		return partly(err, done.Updated, "contact", "updated")
	}
	return x.to.Message(updatedText(done))
}

// misfits are the contacts whose new values do not fit. They stay as they are, and the others are changed.
type misfits struct {
	mu     sync.Mutex
	n      uint64
	reason string // of one
}

func (m *misfits) add(reason error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.n++
	m.reason = cmp.Or(m.reason, reason.Error())
}

func (m *misfits) err() error {
	if m.n == 0 {
		return nil
	}
	return diag.New(diag.Overflow, diag.Span{}, "%s could not be changed: %s", counted(m.n, "contact"), m.reason).
		WithHint("leave them out by the condition, or give the attribute a wider type")
}

func updatedText(done node.Written) string {
	text := counted(done.Updated, "contact") + " updated"
	if done.Missing > 0 {
		text += fmt.Sprintf("; %d deleted meanwhile", done.Missing)
	}
	return text
}

// partly says of an error in the middle of a statement what is done all the same.
func partly(err error, done uint64, what, how string) error {
	if done == 0 {
		return err
	}
	var known *diag.Error
	if !errors.As(err, &known) {
		known = diag.New(diag.Canceled, diag.Span{}, "the statement was cancelled")
		if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			known = diag.New(diag.Internal, diag.Span{}, "%v", err)
		}
	}
	said := *known
	are := "are"
	if done == 1 {
		are = "is"
	}
	said.Msg += fmt.Sprintf("; %s %s %s", counted(done, what), are, how)
	if said.Hint == "" {
		said.Hint = "what is done stays; run the statement again for the rest"
	}
	return &said
}

// assigned is a constant change of an attribute.
type assigned struct {
	attr schema.Attribute
	op   change.Op
	v    schema.Value
}

// constants computes the values that are the same for every contact.
func (x *execution) constants(sch *schema.Schema, sets []write.Assignment) ([]assigned, error) {
	out := make([]assigned, len(sets))
	for i, set := range sets {
		out[i] = assigned{attr: set.Attr, op: operations[set.Op]}
		if set.Op == write.OpNull {
			continue
		}
		var err error
		if out[i].v, err = x.constant(sch, set.Value); err != nil {
			return nil, fmt.Errorf("%s: %w", set.Attr.Name, err)
		}
	}
	return out, nil
}

// updatePart makes the change of a batch of contacts, of which the first column is the id.
func updatePart(p *write.UpdatePlan, consts []assigned, rec arrow.Record, misfits *misfits) (*change.Upsert, error) {
	var ids change.Strings
	if err := appendIDs(&ids, rec); err != nil {
		return nil, err
	}
	part := &change.Upsert{Existing: true}
	var rows change.Rows
	values := make([]schema.Value, len(p.RowSets))
	for i := range int(rec.NumRows()) {
		if err := rowValues(p, rec, i, values); err != nil {
			misfits.add(err)
			continue
		}
		part.IDs.Append(ids.At(i))
		rows.Begin()
		for _, c := range consts {
			rows.Put(uint32(c.attr.ID), c.attr.Type, c.op, c.v)
		}
		for k, set := range p.RowSets {
			rows.Put(uint32(set.Attr.ID), set.Attr.Type, change.OpSet, values[k])
		}
	}
	if part.IDs.Len() == 0 {
		return nil, nil
	}
	part.Cols = rows.Columns()
	return part, nil
}

// rowValues reads what a contact's own row makes of the attributes.
func rowValues(p *write.UpdatePlan, rec arrow.Record, row int, into []schema.Value) (err error) {
	for k, set := range p.RowSets {
		if into[k], err = valueAt(rec.Column(set.Item), row, set.Attr.Type); err != nil {
			return err
		}
	}
	return nil
}

// deleteEvents carries out DELETE FROM an event type.
func (x *execution) deleteEvents(ctx context.Context, stmt *ast.DeleteEvents) error {
	sch, err := x.schema()
	if err != nil {
		return err
	}
	q, err := write.DeleteEvents(stmt, sch, x.options(sch))
	if err != nil {
		return err
	}
	done, err := x.node.DeleteEvents(ctx, q, sch)
	if err != nil {
		return partly(err, done.Removed, "event", "deleted")
	}
	return x.to.Message(counted(done.Removed, "event") + " deleted")
}
