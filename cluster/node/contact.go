package node

import (
	"context"

	"github.com/musterdb/muster/engine"
	"github.com/musterdb/muster/engine/eval"
	"github.com/musterdb/muster/storage/schema"
)

// Contact reads one contact with its newest events. ok is false if there is no such contact.
func (n *Node) Contact(ctx context.Context, sch *schema.Schema, id string, clock int64, limit int) (c eval.Contact, ok bool, err error) {
	g := n.data[GroupOf([]byte(id), sch.Options.Spread)]
	if err := g.WaitApplied(ctx, g.CommitIndex()); err != nil {
		return c, false, unread(err)
	}
	s := g.sm.shard(sch.Base)
	if s == nil {
		return c, false, nil
	}
	c, ok, err = s.Contact(sch, []byte(id), clock, limit)
	return c, ok, gone(err)
}

// FewValues says whether an attribute has at most about a number of different values, so that its groups are few.
// Each shard has texts of its own.
func (n *Node) FewValues(sch *schema.Schema, attr schema.AttrID, most int64) bool {
	few := true
	n.eachShard(sch, func(s *engine.Shard) { few = few && s.FewValues(attr, most/int64(sch.Options.Spread), most) })
	return few
}
