package oracle

import (
	"math/big"
	"slices"
	"strings"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/schema"
)

// selector is a compiled selector: which events of a contact it names.
type selector struct {
	types  []*schema.EventType
	filter node
	now    int64 // the statement's own clock, by which KEEP is measured
}

func (c *compiler) selector(s *ast.Selector, sc scope) (selector, error) {
	out := selector{now: c.now}
	switch {
	case sc.table:
		return out, diag.New(diag.Invalid, s.At, "a statement over an event looks at one event; write contact IN (DID ...)")
	case sc.event:
		return out, diag.New(diag.NotYet, s.At, "events within [...] are not yet in this version")
	case sc.noData:
		return out, diag.New(diag.Invalid, s.At, "AS OF takes one instant, not events")
	case sc.g != nil:
		return out, diag.New(diag.Invalid, s.At, "a number of one contact within a total; nest it: sum(...)")
	}
	if s.Any {
		for i := range c.s().Events {
			out.types = append(out.types, &c.s().Events[i])
		}
	}
	for _, id := range s.Events {
		et, ok := c.s().Event(id.Name)
		if !ok {
			return out, diag.New(diag.Name, id.At, "there is no event %q", id.Name)
		}
		out.types = append(out.types, et)
	}
	out.filter = constant(typ{kind: kBool}, boolean(true), s.At)
	if s.Filter == nil {
		return out, nil
	}
	var err error
	out.filter, err = c.condition(s.Filter, scope{event: true, types: out.types})
	return out, err
}

// events returns the contact's events that the selector names, no later than the clock, in total order.
func (s selector) events(en *env) []*event {
	var out []*event
	for _, e := range en.c.ordered() {
		if e.ms > en.clock || !s.holds(e) {
			continue
		}
		inner := *en
		inner.e = e
		if s.filter.ev(&inner).isTrue() {
			out = append(out, e)
		}
		en.err = inner.err
	}
	return out
}

// holds says whether the event is of a type named and has not outlived it.
func (s selector) holds(e *event) bool {
	return slices.ContainsFunc(s.types, func(t *schema.EventType) bool { return t.ID == e.typ && !outlived(t, e.ms, s.now) })
}

// outlived says whether an event is past its type's KEEP, so that it counts no more, swept or not.
func outlived(t *schema.EventType, ms, now int64) bool {
	return t.Keep > 0 && ms <= now-t.Keep.Milliseconds()
}

func within(events []*event, r reach) []*event {
	return slices.DeleteFunc(slices.Clone(events), func(e *event) bool { return !r.holds(e.ms) })
}

// did is DID, DID NOT and NEVER DID: never unknown.
func (c *compiler) did(d *ast.Did, sc scope) (node, error) {
	zero := d.Not || d.Never
	if zero && d.Freq != nil {
		return node{}, diag.New(diag.Syntax, d.Freq.At, "DID NOT means zero times; write FEWER THAN n TIMES")
	}
	if f := d.Freq; f != nil && (f.Bound == ast.BoundFewerThan && f.N == 0 || f.Bound == ast.BoundBetween && f.M < f.N) {
		return node{}, diag.New(diag.Invalid, f.At, "no number is meant")
	}
	sel, err := c.selector(d.Sel, sc)
	if err != nil {
		return node{}, err
	}
	win, err := c.eventWindow(d.Window, sc, sel.types)
	freq := d.Freq
	if freq == nil {
		freq = &ast.Frequency{Bound: ast.BoundAtLeast, N: 1}
	}
	return node{t: typ{kind: kBool}, ev: func(en *env) val {
		r := win(en)
		if r.none {
			return boolean(zero)
		}
		events := within(sel.events(en), r)
		n := uint64(len(events))
		if freq.Days {
			n = uint64(len(c.daysOf(events)))
		}
		return boolean(inBound(freq, n) != zero)
	}}, err
}

func (c *compiler) daysOf(events []*event) map[int64]bool {
	days := map[int64]bool{}
	for _, e := range events {
		days[c.db.zone.dayOf(e.ms)] = true
	}
	return days
}

func inBound(f *ast.Frequency, n uint64) bool {
	switch f.Bound {
	case ast.BoundAtLeast:
		return n >= f.N
	case ast.BoundAtMost:
		return n <= f.N
	case ast.BoundExactly:
		return n == f.N
	case ast.BoundMoreThan:
		return n > f.N
	case ast.BoundFewerThan:
		return n < f.N
	}
	return f.N <= n && n <= f.M
}

// nth asks whether the n-th (N 0: the last) of all matching events up to the clock lies in the window.
func (c *compiler) nth(e *ast.Nth, sc scope) (node, error) {
	sel, err := c.selector(e.Sel, sc)
	if err != nil {
		return node{}, err
	}
	win, err := c.eventWindow(e.Window, sc, sel.types)
	return node{t: typ{kind: kBool}, ev: func(en *env) val {
		events, r := sel.events(en), win(en)
		i := int64(e.N) - 1
		if e.N == 0 {
			i = int64(len(events)) - 1
		}
		in := i >= 0 && i < int64(len(events)) && !r.none && r.holds(events[i].ms)
		return boolean(in)
	}}, err
}

// aggregate is a number of one contact's events, or in a select list a total over contacts.
func (c *compiler) aggregate(a *ast.Aggregate, sc scope) (node, error) {
	fn := strings.ToLower(a.Fn.Name)
	switch fn {
	case "median", "mode", "share", "largest", "smallest", "gap":
		return node{}, diag.New(diag.NotYet, a.At, "%s is not yet in this version", fn)
	case "count", "sum", "avg", "min", "max", "distinct", "days", "recency", "first", "last":
	default:
		return node{}, diag.New(diag.Name, a.Fn.At, "there is no function %q", a.Fn.Name)
	}
	if len(a.Options) > 0 {
		return node{}, diag.New(diag.Invalid, a.At, "%s takes no options", fn)
	}
	total, err := c.isTotal(a, sc)
	switch {
	case err != nil:
		return node{}, err
	case total:
		return c.total(a, fn, sc)
	case len(a.Pick) > 0 != (fn == "first" || fn == "last"):
		return node{}, diag.New(diag.Invalid, a.At, "first and last pick a property of an event: last(x).time")
	}
	return c.eventAggregate(a, fn, sc)
}

// isTotal says whether the aggregate is over the statement's rows: count(*), an expression or an attribute;
// in a statement over an event every aggregate is. count(name) is of an event, if there is one.
func (c *compiler) isTotal(a *ast.Aggregate, sc scope) (bool, error) {
	if a.Sel == nil || sc.table {
		return true, nil
	}
	s := a.Sel
	if s.Any || len(s.Events) != 1 || s.Filter != nil {
		return false, nil
	}
	name, full := s.Events[0].Name, joinNames(append(slices.Clone(s.Events), a.Prop...))
	_, isAttr := c.s().Attr(full)
	et, isEvent := c.s().Event(name)
	if isEvent && len(a.Prop) > 0 {
		_, isEvent = propOf(et, joinNames(a.Prop))
	}
	fn := strings.ToLower(a.Fn.Name)
	takesSelector := slices.Contains([]string{"count", "first", "last", "recency", "days"}, fn)
	switch {
	case takesSelector && len(a.Prop) == 0 && !a.Distinct:
		return fn == "count" && isAttr && !isEvent, nil
	case isAttr && isEvent && len(a.Prop) > 0:
		return false, diag.New(diag.Invalid, a.At, "%q is an attribute and a property", full)
	}
	return isAttr, nil
}

func (c *compiler) eventAggregate(a *ast.Aggregate, fn string, sc scope) (node, error) {
	sel, err := c.selector(a.Sel, sc)
	if err != nil {
		return node{}, err
	}
	win, err := c.eventWindow(a.Window, sc, sel.types)
	if err != nil {
		return node{}, err
	}
	prop, err := c.aggregated(a, fn, sel)
	if err != nil {
		return node{}, err
	}
	t, f, err := c.fold(fn, prop, a.At)
	return node{t: t, ev: func(en *env) val {
		r := win(en)
		if r.none {
			return null
		}
		return f(en, within(sel.events(en), r))
	}}, err
}

// aggregated compiles the property that an aggregate reads: before the bracket, or for first and last
// after it. The functions of whole events have none.
func (c *compiler) aggregated(a *ast.Aggregate, fn string, sel selector) (node, error) {
	if fn == "count" && a.Distinct && len(a.Prop) > 0 {
		return c.property(sel.types, joinNames(a.Prop), a.At)
	}
	switch fn {
	case "count", "days", "recency", "first", "last":
		if len(a.Prop) > 0 || a.Distinct {
			return node{}, diag.New(diag.Invalid, a.At, "%s takes events, not a property", fn)
		}
		if len(a.Pick) == 0 {
			return node{}, nil
		}
		return c.property(sel.types, joinNames(a.Pick), a.At)
	}
	if len(a.Prop) == 0 {
		return node{}, diag.New(diag.Invalid, a.At, "%s takes a property of the event", fn)
	}
	return c.property(sel.types, joinNames(a.Prop), a.At)
}

// folder makes one value of a contact's events.
type folder func(*env, []*event) val

func (c *compiler) fold(fn string, prop node, at diag.Span) (typ, folder, error) {
	if fn == "count" && prop.ev != nil {
		fn = "distinct"
	}
	read := func(en *env, e *event) val {
		inner := *en
		inner.e = e
		return prop.ev(&inner)
	}
	switch fn {
	case "count":
		return typ{kind: kInt}, func(_ *env, es []*event) val { return integer(int64(len(es))) }, nil
	case "days":
		return typ{kind: kInt}, func(_ *env, es []*event) val { return integer(int64(len(c.daysOf(es)))) }, nil
	case "recency":
		return typ{kind: kDuration}, func(en *env, es []*event) val {
			if len(es) == 0 {
				return null
			}
			return integer(en.clock - es[len(es)-1].ms)
		}, nil
	case "first", "last":
		return prop.t, func(en *env, es []*event) val {
			switch {
			case len(es) == 0:
				return null
			case fn == "first":
				return read(en, es[0])
			}
			return read(en, es[len(es)-1])
		}, nil
	}
	t, total, err := c.summary(fn, prop.t, at)
	return t, func(en *env, es []*event) val {
		var known []val
		for _, e := range es {
			if v := read(en, e); v.ok {
				known = append(known, v)
			}
		}
		return total(en, known)
	}, err
}

// summary is sum, avg, min, max or distinct of known values of one type. Sum, avg, min and max of none
// are null; distinct of none is 0.
func (c *compiler) summary(fn string, t typ, at diag.Span) (typ, func(*env, []val) val, error) {
	unordered := t.kind == kKey || t.kind == kSet || t.kind == kindVersion
	switch {
	case (fn == "sum" || fn == "avg") && !t.numeric() && t.kind != kNull,
		(fn == "min" || fn == "max") && unordered, fn == "distinct" && t.kind == kindVersion:
		return t, nil, diag.New(diag.Type, at, "there is no %s of %s", fn, t)
	}
	switch fn {
	case "distinct":
		return typ{kind: kInt}, func(_ *env, vs []val) val { return integer(int64(countDistinct(t, vs))) }, nil
	case "min", "max":
		return t, func(_ *env, vs []val) val { return extreme(fn, t, vs) }, nil
	case "sum":
		return t, func(en *env, vs []val) val {
			if len(vs) == 0 {
				return null
			}
			return c.bounded(en, sumOf(vs), t, at)
		}, nil
	}
	avg := typ{kind: kDecimal, scale: t.scale + 6, exact: true}
	if t.kind == kFloat {
		avg = t
	}
	return avg, func(en *env, vs []val) val {
		if len(vs) == 0 {
			return null
		}
		return c.bounded(en, new(big.Rat).Quo(sumOf(vs), integer(int64(len(vs))).r), avg, at)
	}, nil
}

func sumOf(vs []val) *big.Rat {
	sum := new(big.Rat)
	for _, v := range vs {
		sum.Add(sum, v.r)
	}
	return sum
}

func extreme(fn string, t typ, vs []val) val {
	best := null
	for _, v := range vs {
		cmp := 0
		if best.ok {
			cmp = compare(t.kind, v, best)
		}
		if !best.ok || fn == "min" && cmp < 0 || fn == "max" && cmp > 0 {
			best = v
		}
	}
	return best
}

func countDistinct(t typ, vs []val) int {
	sorted := slices.Clone(vs)
	slices.SortFunc(sorted, func(a, b val) int { return compare(t.kind, a, b) })
	return len(slices.CompactFunc(sorted, func(a, b val) bool { return compare(t.kind, a, b) == 0 }))
}
