package eval

import (
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/kernel"
	"github.com/musterdb/muster/storage/schema"
)

// isTrue compiles a set of contacts given by a condition, whose complement takes in the rows of which the
// condition is unknown.
func (c *compiler) isTrue(x *plan.IsTrue, in scope, neg bool) (node, error) {
	n, err := c.condition(x.X, ofContact, false)
	if err != nil {
		return nil, err
	}
	switch k, isConst := n.(constNode); {
	case isConst:
		n = constNode(bool(k) != neg)
	case neg:
		n = &complementNode{n}
	}
	return c.ofContact(n, in), nil
}

// member compiles membership of a static segment.
func (c *compiler) member(x *plan.Member, in scope, neg bool) node {
	r := ref{attr: x.Attr, typ: schema.Type{Kind: schema.KindTimestamp}}
	return c.ofContact(&nullLeaf{r, !neg}, in)
}

// ofContact asks a condition over contacts of what the scope holds.
func (c *compiler) ofContact(n node, in scope) node {
	if _, isConst := n.(constNode); in == ofContact || isConst {
		return n
	}
	return c.gather(n)
}

// complementNode is true of the rows alive of which another condition is not.
type complementNode struct{ of node }

func (n *complementNode) cost() int { return n.of.cost() }

func (n *complementNode) eval(w *Worker, s *source, alive, out []uint64) error {
	defer w.release(w.mark())
	is := w.words(s.n)
	if err := n.of.eval(w, s, alive, is); err != nil {
		return err
	}
	copy(out, alive)
	kernel.AndNot(out, is)
	return nil
}
