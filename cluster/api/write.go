package api

import (
	"context"
	"fmt"

	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/write"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// options returns what a statement means besides its text: parameters, and the clock, which is read here
// and nowhere else.
func (x *execution) options(sch *schema.Schema) bind.Options {
	x.clock = x.node.Clock(sch)
	return bind.Options{Clock: x.clock, Params: x.req.Params}
}

// upsert carries out UPSERT CONTACT. Attributes that open schema infers are made first.
func (x *execution) upsert(ctx context.Context, stmt *ast.Upsert) error {
	for {
		sch, err := x.schema()
		if err != nil {
			return err
		}
		p, err := write.Upsert(stmt, sch, x.options(sch))
		if err != nil {
			return err
		}
		if len(p.NewAttrs) > 0 {
			if err := x.addAttributes(ctx, sch.Name, p.NewAttrs); err != nil {
				return err
			}
			continue
		}
		part, err := x.upsertPart(sch, p)
		if err != nil {
			return err
		}
		return x.apply(ctx, sch, part, nil)
	}
}

func (x *execution) upsertPart(sch *schema.Schema, p *write.UpsertPlan) (*change.Upsert, error) {
	var rows change.Rows
	rows.Begin()
	for _, set := range p.Sets {
		var v schema.Value
		if set.Op != write.OpNull {
			var err error
			if v, err = x.constant(sch, set.Value); err != nil {
				return nil, fmt.Errorf("%s: %w", set.Attr.Name, err)
			}
		}
		rows.Put(uint32(set.Attr.ID), set.Attr.Type, operations[set.Op], v)
	}
	part := &change.Upsert{Cols: rows.Columns()}
	part.IDs.AppendString(p.ID)
	return part, nil
}

// operations maps the binder's operations to those of changes.
var operations = map[write.SetOp]change.Op{
	write.OpSet: change.OpSet, write.OpNull: change.OpNull, write.OpAdd: change.OpAdd, write.OpRemove: change.OpRemove,
}

// constant computes a value that does not depend on a row.
func (x *execution) constant(sch *schema.Schema, e plan.Expr) (schema.Value, error) {
	zone, err := bind.Zone(sch)
	if err != nil {
		return schema.Value{}, err
	}
	compiled, err := scalar.Compile(e, scalar.Env{Clock: x.clock, Zone: zone})
	if err != nil {
		return schema.Value{}, err
	}
	v, err := compiled.Value(nil)
	if err != nil {
		return schema.Value{}, err
	}
	return scalar.Output(v, e.Type())
}

// track carries out TRACK. The type and properties that open schema infers are made first.
func (x *execution) track(ctx context.Context, stmt *ast.Track) error {
	for {
		sch, err := x.schema()
		if err != nil {
			return err
		}
		p, err := write.Track(stmt, sch, x.options(sch))
		if err != nil {
			return err
		}
		if p.NewEvent || len(p.NewProps) > 0 {
			if err := x.addEvent(ctx, sch.Name, p.Event.Name, p.NewProps); err != nil {
				return err
			}
			continue
		}
		part, err := x.trackPart(sch, p)
		if err != nil {
			return err
		}
		return x.apply(ctx, sch, part, nil)
	}
}

func (x *execution) trackPart(sch *schema.Schema, p *write.TrackPlan) (*change.Track, error) {
	part := &change.Track{Event: p.Event.ID, Times: []int64{p.Time}}
	part.IDs.AppendString(p.Contact)
	if p.EventID != nil {
		id, err := x.constant(sch, p.EventID)
		if err != nil {
			return nil, err
		}
		part.EventIDs = []uint64{uint64(id.I)}
	}
	var rows change.Rows
	rows.Begin()
	for _, prop := range p.Props {
		v, err := x.constant(sch, prop.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", prop.Prop.Name, err)
		}
		rows.Put(uint32(prop.Prop.ID), prop.Prop.Type, change.OpSet, v)
	}
	part.Props = rows.Columns()
	return part, nil
}

// deleteContact carries out DELETE CONTACT. With NOW it answers when nothing of the contact is left on
// this node's disk.
func (x *execution) deleteContact(ctx context.Context, stmt *ast.DeleteContact) error {
	sch, err := x.schema()
	if err != nil {
		return err
	}
	id, err := write.ContactID(stmt.ID, x.options(sch))
	if err != nil {
		return err
	}
	part := &change.Delete{}
	part.IDs.AppendString(id)
	var after func() error
	if stmt.Now {
		after = func() error { return x.node.EraseNow(ctx, sch, [][]byte{[]byte(id)}) }
	}
	return x.apply(ctx, sch, part, after)
}

// apply writes a part and answers what it did, once after has run too.
func (x *execution) apply(ctx context.Context, sch *schema.Schema, part change.Part, after func() error) error {
	res, err := x.node.Write(ctx, sch, &change.Change{Parts: []change.Part{part}}, node.Batch{})
	if err != nil {
		return err
	}
	if after != nil {
		if err := after(); err != nil {
			return err
		}
	}
	x.metrics.wrote(res.Result, len(res.Rejected))
	if len(res.Rejected) > 0 {
		return rejected(res.Rejected[0])
	}
	return x.to.Message(summary(res.Result))
}
