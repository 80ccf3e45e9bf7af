package enginetest

import (
	"context"

	"github.com/musterdb/muster/engine/oracle"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/write"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

var _ oracle.Changer = (*Base)(nil)

// Change does UPDATE and DELETE FROM as a node does: it asks every shard and applies what that calls for.
func (b *Base) Change(stmt ast.Stmt, nowMS int64) (int, error) {
	if err := b.Flush(); err != nil {
		return 0, err
	}
	b.newest = max(b.newest, nowMS)
	switch s := stmt.(type) {
	case *ast.Update:
		return b.update(s)
	case *ast.DeleteEvents:
		return b.deleteEvents(s)
	}
	return 0, refuse(diag.Invalid, "UPDATE or DELETE FROM is expected")
}

func (b *Base) update(s *ast.Update) (int, error) {
	p, err := write.Update(s, b.schema, bind.Options{Clock: b.newest})
	if err != nil {
		return 0, err
	}
	sets, err := oracle.Assignments(s, b.schema, b.newest)
	if err != nil {
		return 0, err
	}
	cells, _, err := b.cells(sets)
	if err != nil {
		return 0, err
	}
	ids, err := matching(b.readers(), b.schema, p.Rows)
	if err != nil {
		return 0, err
	}
	part := &change.Upsert{Existing: true}
	var rows change.Rows
	for _, id := range ids {
		part.IDs.AppendString(id)
		rows.Begin()
		for _, c := range cells {
			rows.Put(uint32(c.attr.ID), c.attr.Type, c.op, c.value)
		}
	}
	part.Cols = rows.Columns()
	res, err := b.apply(&change.Change{Parts: []change.Part{part}}, b.newest)
	return int(res.Updated), err
}

// deleteEvents applies each part while the shard that it came from is still being read through its pin.
func (b *Base) deleteEvents(s *ast.DeleteEvents) (int, error) {
	q, err := write.DeleteEvents(s, b.schema, bind.Options{Clock: b.newest})
	if err != nil {
		return 0, err
	}
	removed := 0
	for i, shard := range b.shards {
		err := shard.MatchEvents(context.Background(), q, b.schema, func(d *change.DeleteEvents) error {
			res, err := b.applyBytes(i, Entry{b.newest, change.Encode(nil, &change.Change{Parts: []change.Part{d}})})
			removed += int(res.Removed)
			return err
		})
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// SetMembers adds contacts to a static segment or removes them.
func (b *Base) SetMembers(segment string, ids []string, add bool, nowMS int64) error {
	if err := b.Flush(); err != nil {
		return err
	}
	seg, ok := b.schema.Segment(segment)
	switch {
	case !ok:
		return refuse(diag.Name, "there is no segment %q", segment)
	case !seg.Static():
		return refuse(diag.Invalid, "segment %q is no list", segment)
	}
	b.newest = max(b.newest, nowMS)
	part := &change.Upsert{Existing: true}
	col := change.Column{ID: uint32(seg.Attr), Type: schema.MemberType}
	op := change.OpNull
	if add {
		op = change.OpFill
	}
	for _, id := range ids {
		part.IDs.AppendString(id)
		col.Ops, col.Ints = append(col.Ops, op), append(col.Ints, nowMS)
	}
	part.Cols = []change.Column{col}
	_, err := b.apply(&change.Change{Parts: []change.Part{part}}, b.newest)
	return err
}
