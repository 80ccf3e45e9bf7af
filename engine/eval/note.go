package eval

import "github.com/musterdb/muster/query/plan"

// notes says which part of the statement each node came from. It is kept for EXPLAIN only.
type notes map[node][]Part

// add notes what a node is compiled from. A node of several parts within each other is of the outermost.
func (t notes) add(n node, x plan.Expr, neg bool) {
	if _, ok := n.(constNode); !ok {
		t[n] = []Part{{X: x, Not: neg}}
	}
}

// joined notes what became of parts that were joined by AND or OR: ranges of one attribute became one range,
// which stands for all of them, and terms of terms became terms of the whole.
func (t notes) joined(whole node, parts []node) {
	for _, p := range parts {
		for _, term := range termsOf(p) {
			if said := t[term]; term != p && len(said) > 0 && len(t[p]) > 0 && said[0].Of == nil {
				said[0].Of = t[p][0].X
			}
		}
	}
	for _, term := range termsOf(whole) {
		l, ok := term.(*spanLeaf)
		if _, known := t[term]; !ok || known {
			continue
		}
		for _, p := range parts {
			if o, ok := p.(*spanLeaf); ok && o.props == nil && o.attr == l.attr {
				t[term] = append(t[term], t[p]...)
			}
		}
	}
}

// termsOf returns the terms of AND and OR, else the node itself.
func termsOf(n node) []node {
	switch x := n.(type) {
	case *andNode:
		return x.terms
	case *orNode:
		return x.terms
	}
	return []node{n}
}
