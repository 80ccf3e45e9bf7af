package node

import (
	"context"
	"errors"
	"reflect"

	"github.com/musterdb/muster/cluster/catalog"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// schemaCommand returns the command that makes one schema of another. Segments have commands of their own, so
// that an edit changes either one of them or what is no segment.
func schemaCommand(now, next *schema.Schema) (*catalogCommand, error) {
	changed, dropped := segmentDiff(now, next)
	if len(changed)+len(dropped) == 0 {
		lean := *next
		lean.Segments = nil
		return &catalogCommand{Op: catalog.OpSetSchema, Base: now.Base, Schema: &lean}, nil
	}
	if len(changed)+len(dropped) > 1 {
		return nil, diag.New(diag.Internal, diag.Span{}, "an edit of a schema changes %d segments at once", len(changed)+len(dropped))
	}
	cmd := &catalogCommand{Base: now.Base, Name: now.Name, Change: &catalog.SegmentChange{Version: now.Version}}
	if len(dropped) == 1 {
		cmd.Op, cmd.Change.ID = catalog.OpDropSegment, dropped[0]
	} else {
		cmd.Op, cmd.Change.Segment = catalog.OpPutSegment, changed[0]
	}
	return cmd, nil
}

// segmentDiff returns the segments of next that are new or differ, and the ids of those that it lacks.
func segmentDiff(now, next *schema.Schema) (changed []*schema.Segment, dropped []schema.SegmentID) {
	old := make(map[schema.SegmentID]*schema.Segment, len(now.Segments))
	for i := range now.Segments {
		old[now.Segments[i].ID] = &now.Segments[i]
	}
	for i := range next.Segments {
		seg := &next.Segments[i]
		if was := old[seg.ID]; was == nil || !reflect.DeepEqual(was, seg) {
			changed = append(changed, seg)
		}
		delete(old, seg.ID)
	}
	for i := range now.Segments {
		if id := now.Segments[i].ID; old[id] != nil {
			dropped = append(dropped, id)
		}
	}
	return changed, dropped
}

// PublishSegment ends the building of a static segment. Without replace it fails if a segment of its name was
// made meanwhile. The members that the segment of its name had are dropped.
func (n *Node) PublishSegment(ctx context.Context, base schema.BaseID, id schema.SegmentID, replace bool) (*schema.Schema, error) {
	n.ddl.Lock()
	defer n.ddl.Unlock()
	for {
		now, seg, err := n.building(base, id)
		if err != nil {
			return nil, err
		}
		if _, taken := now.Segment(seg.Name); taken && !replace {
			return nil, diag.New(diag.Exists, diag.Span{}, "there is a segment %q by now", seg.Name).WithHint("write CREATE OR REPLACE to take its place")
		}
		next, err := n.propose(ctx, now, &catalogCommand{
			Op: catalog.OpPublishSegment, Base: base, Name: now.Name, Change: &catalog.SegmentChange{Version: now.Version, ID: id},
		})
		if !errors.Is(err, catalog.ErrStale) {
			return next, err
		}
	}
}

// building returns a segment that is being built and its base's newest schema.
func (n *Node) building(base schema.BaseID, id schema.SegmentID) (*schema.Schema, *schema.Segment, error) {
	for _, s := range n.cat.Bases() {
		if s.Base != base {
			continue
		}
		for i := range s.Segments {
			if s.Segments[i].ID == id && s.Segments[i].Building {
				return s, &s.Segments[i], nil
			}
		}
		return nil, nil, diag.New(diag.Conflict, diag.Span{}, "the segment was begun again by somebody else while it was built").
			WithHint("run the statement once more")
	}
	return nil, nil, errBaseDropped
}

// DropBuilding gives a segment that is being built up, with the members that it has. That it is gone already
// is no error.
func (n *Node) DropBuilding(ctx context.Context, base schema.BaseID, id schema.SegmentID) error {
	n.ddl.Lock()
	defer n.ddl.Unlock()
	for {
		now, _, err := n.building(base, id)
		if err != nil {
			return nil // gone, or with its base
		}
		_, err = n.propose(ctx, now, &catalogCommand{
			Op: catalog.OpDropSegment, Base: base, Name: now.Name, Change: &catalog.SegmentChange{Version: now.Version, ID: id},
		})
		if !errors.Is(err, catalog.ErrStale) {
			return err
		}
	}
}

// propose brings a change of a schema to the catalog, and to the groups if data has no place any more.
func (n *Node) propose(ctx context.Context, now *schema.Schema, cmd *catalogCommand) (*schema.Schema, error) {
	res, err := n.proposeCatalog(ctx, cmd)
	if err != nil {
		return nil, err
	}
	next := res.Schema
	if drops(now, next) {
		err = n.everyGroup(ctx, n.groupsOf(next), next.Base, &change.Change{Parts: []change.Part{&change.Schema{To: next}}})
	}
	return next, err
}

// dropUnbuilt drops the segments whose building a stop of the process cut off: nobody goes on with them.
func (n *Node) dropUnbuilt(ctx context.Context) error {
	for _, s := range n.cat.Bases() {
		for i := range s.Segments {
			if !s.Segments[i].Building {
				continue
			}
			if err := n.DropBuilding(ctx, s.Base, s.Segments[i].ID); err != nil {
				return err
			}
		}
	}
	return nil
}
