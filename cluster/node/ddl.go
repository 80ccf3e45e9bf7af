package node

import (
	"context"
	"errors"
	"sync"

	"github.com/musterdb/muster/cluster/catalog"
	"github.com/musterdb/muster/cluster/replica"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

type (
	catalogCommand = catalog.Command
	catalogResult  = catalog.Result
)

const kindCatalog = catalog.KindCatalog

// CreateBase makes a base.
func (n *Node) CreateBase(ctx context.Context, name string, opt schema.BaseOptions) (*schema.Schema, error) {
	res, err := n.proposeCatalog(ctx, &catalogCommand{Op: catalog.OpCreateBase, Name: name, Options: &opt})
	return res.Schema, err
}

// RenameBase gives a base another name.
func (n *Node) RenameBase(ctx context.Context, name, to string) error {
	_, err := n.proposeCatalog(ctx, &catalogCommand{Op: catalog.OpRenameBase, Name: name, NewName: to})
	return err
}

// DropBase removes a base and all it holds.
func (n *Node) DropBase(ctx context.Context, name string) error {
	res, err := n.proposeCatalog(ctx, &catalogCommand{Op: catalog.OpDropBase, Name: name})
	if err != nil {
		return err
	}
	// Groups without a shard are told too: a write that is under way must not make one.
	return n.everyGroup(ctx, n.groupsOf(res.Schema), res.Schema.Base, &change.Change{Parts: []change.Part{&change.DropBase{}}})
}

// ChangeSchema edits the schema of a base: edit gets the newest version, which it must not change, and
// returns the edited clone, the same schema if there is nothing to do, or an error. An edit changes one segment,
// or none and all the rest. Data that the new
// schema no longer names is dropped in all groups before it returns; what was added reaches a group with
// the first write that needs it.
func (n *Node) ChangeSchema(ctx context.Context, name string, edit func(*schema.Schema) (*schema.Schema, error)) (*schema.Schema, error) {
	n.ddl.Lock()
	defer n.ddl.Unlock()
	for {
		now, ok := n.cat.Base(name)
		if !ok {
			return nil, n.noBase(name)
		}
		next, err := edit(now)
		if err != nil || next == now {
			return next, err
		}
		next.Version = now.Version + 1
		cmd, err := schemaCommand(now, next)
		if err != nil {
			return nil, err
		}
		done, err := n.propose(ctx, now, cmd)
		if !errors.Is(err, catalog.ErrStale) {
			return done, err
		}
	}
}

// drops says whether data of the old schema has no place in the new one, or must be kept for a shorter
// time.
func drops(old, next *schema.Schema) bool {
	for _, a := range old.Attrs {
		if _, ok := next.AttrByID(a.ID); !ok {
			return true
		}
	}
	for i := range old.Segments {
		if seg := &old.Segments[i]; seg.Static() {
			if _, ok := next.AttrByID(seg.Attr); !ok {
				return true
			}
		}
	}
	for _, e := range old.Events {
		kept, ok := next.EventByID(e.ID)
		if !ok || kept.Keep != e.Keep {
			return true
		}
		for _, p := range e.Props {
			if _, ok := kept.PropByID(p.ID); !ok {
				return true
			}
		}
	}
	return false
}

func (n *Node) noBase(name string) error {
	var have []string
	for _, s := range n.cat.Bases() {
		have = append(have, s.Name)
	}
	return catalog.NoBase(name, have)
}

// Schema returns the newest schema of a base.
func (n *Node) Schema(name string) (*schema.Schema, error) {
	if s, ok := n.cat.Base(name); ok {
		return s, nil
	}
	return nil, n.noBase(name)
}

// everyGroup brings one change to the shards of a base: in each of the groups that has one, and a drop in
// all.
func (n *Node) everyGroup(ctx context.Context, groups []*dataGroup, base schema.BaseID, ch *change.Change) error {
	errs := make([]error, len(groups))
	var wg sync.WaitGroup
	for i, g := range groups {
		if g.sm.shard(base) == nil && !isDrop(ch) {
			continue
		}
		wg.Go(func() {
			res, err := settle(g.Propose(ctx, replica.Proposal{Kind: KindData, Payload: encodeData(base, ch), Critical: true}))
			errs[i] = err
			if res.Pending {
				n.upkeep.poke(g, base)
			}
		})
	}
	wg.Wait()
	return firstError(errs)
}

// reconcile finishes at the start what a stop cut off: shards of bases that are gone are dropped, and
// shards that lag behind the catalog are brought to its schema.
func (n *Node) reconcile(ctx context.Context) error {
	byID := map[schema.BaseID]*schema.Schema{}
	for _, s := range n.cat.Bases() {
		byID[s.Base] = s
	}
	for _, g := range n.data {
		for _, base := range g.sm.bases() {
			part := change.Part(&change.DropBase{})
			if s := byID[base]; s != nil {
				if g.knows(s) {
					n.upkeep.poke(g, base)
					continue
				}
				part = &change.Schema{To: s}
			}
			ch := &change.Change{Parts: []change.Part{part}}
			if err := n.everyGroup(ctx, []*dataGroup{g}, base, ch); err != nil {
				return err
			}
		}
	}
	return nil
}

// OpenLoad begins or goes on with a load.
func (n *Node) OpenLoad(ctx context.Context, base schema.BaseID, key string, again bool) (catalog.Load, error) {
	res, err := n.proposeCatalog(ctx, &catalogCommand{Op: catalog.OpOpenLoad, Load: &catalog.LoadChange{Key: key, Base: base, Again: again}})
	return res.Load, err
}

// AdvanceLoad records which blocks of a load will come next and how many are in. After the last block the groups write images, so that
// a restart need not replay the load.
func (n *Node) AdvanceLoad(ctx context.Context, to *catalog.LoadChange) (catalog.Load, error) {
	res, err := n.proposeCatalog(ctx, &catalogCommand{Op: catalog.OpAdvanceLoad, Load: to})
	if err == nil && res.Load.Done && n.cfg.Dir != "" {
		n.upkeep.image()
	}
	return res.Load, err
}
