package api

import (
	"context"
	"errors"
	"fmt"

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
	done, err := x.node.Rewrite(ctx, p.Rows, sch, func(rec arrow.Record) (*change.Upsert, error) {
		x.query.done.Add(rec.NumRows())
		return updatePart(p, consts, rec)
	})
	x.metrics.wrote(done.Result, len(done.Rejected))
	if err != nil {
		return partly(err, done.Updated, "contact", "updated")
	}
	return x.to.Message(updatedText(done))
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
func updatePart(p *write.UpdatePlan, consts []assigned, rec arrow.Record) (*change.Upsert, error) {
	part := &change.Upsert{Existing: true}
	if err := appendIDs(&part.IDs, rec); err != nil {
		return nil, err
	}
	var rows change.Rows
	for i := range int(rec.NumRows()) {
		rows.Begin()
		for _, c := range consts {
			rows.Put(uint32(c.attr.ID), c.attr.Type, c.op, c.v)
		}
		for _, set := range p.RowSets {
			v, err := valueAt(rec.Column(set.Item), i, set.Attr.Type)
			if err != nil {
				return nil, err
			}
			rows.Put(uint32(set.Attr.ID), set.Attr.Type, change.OpSet, v)
		}
	}
	part.Cols = rows.Columns()
	return part, nil
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
