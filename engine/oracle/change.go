package oracle

import (
	"math/big"
	"slices"
	"strings"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/schema"
)

// Changer is what a Target may also be: a system that takes writes of many rows. A system that is not one
// is spared them.
type Changer interface {
	// Change does UPDATE or DELETE FROM under a clock and returns the number of contacts or events that it
	// changed. A contact whose new value does not fit stays as it was; the others change.
	Change(stmt ast.Stmt, nowMS int64) (int, error)
	// SetMembers adds contacts to a static segment or removes them. Ids that no contact has are passed over;
	// who is a member already keeps the instant of adding.
	SetMembers(segment string, ids []string, add bool, nowMS int64) error
}

// Change does UPDATE and DELETE FROM: of what SELECT with the same WHERE would show.
func (db *DB) Change(stmt ast.Stmt, nowMS int64) (int, error) {
	clock := max(nowMS, db.newest)
	c := &compiler{db: db, now: clock, clock: clock}
	switch s := stmt.(type) {
	case *ast.Update:
		return c.update(s)
	case *ast.DeleteEvents:
		return c.deleteEvents(s)
	}
	return 0, refuse(diag.Invalid, "UPDATE or DELETE FROM is expected")
}

func (c *compiler) update(s *ast.Update) (int, error) {
	if s.Table.Name != "contacts" {
		return 0, diag.New(diag.Name, s.Table.At, "there is no table %q", s.Table.Name)
	}
	ops, err := Assignments(s, c.s(), c.now)
	if err != nil {
		return 0, err
	}
	found, err := c.match(s.Where, c.contacts(), c.clock)
	if err != nil {
		return 0, err
	}
	changed := 0
	for _, en := range found {
		if c.db.Upsert(en.c.id, c.now, ops) == nil {
			changed++
		}
	}
	return changed, nil
}

func (c *compiler) deleteEvents(s *ast.DeleteEvents) (int, error) {
	src, err := c.source(s.From)
	if err == nil && !src.scope.table {
		err = diag.New(diag.Invalid, s.From.At, "contacts are deleted one by one: DELETE CONTACT 'c1'")
	}
	if err != nil {
		return 0, err
	}
	found, err := c.match(s.Where, src, c.clock)
	if err != nil {
		return 0, err
	}
	gone := map[*event]bool{}
	for _, en := range found {
		gone[en.e] = true
	}
	for _, en := range found {
		en.c.events = slices.DeleteFunc(en.c.events, func(e *event) bool { return gone[e] })
	}
	c.db.newest = c.now
	return len(found), nil
}

// SetMembers changes a list; a deleted contact has left it.
func (db *DB) SetMembers(segment string, ids []string, add bool, nowMS int64) error {
	seg, ok := db.schema.Segment(segment)
	switch {
	case !ok:
		return refuse(diag.Name, "there is no segment %q", segment)
	case !seg.Static():
		return refuse(diag.Invalid, "segment %q is no list", segment)
	}
	db.newest = max(db.newest, nowMS)
	for _, id := range ids {
		c, ok := db.contacts[id]
		if !ok {
			continue
		}
		if _, in := c.lists[seg.ID]; !add {
			delete(c.lists, seg.ID)
		} else if !in {
			if c.lists == nil {
				c.lists = map[schema.SegmentID]int64{}
			}
			c.lists[seg.ID] = nowMS
		}
	}
	return nil
}

// Assignments returns what SET says: constants, or the old value plus or minus one.
func Assignments(s *ast.Update, sch *schema.Schema, nowMS int64) (map[schema.AttrID]Op, error) {
	db, err := New(sch)
	if err != nil {
		return nil, err
	}
	c := &compiler{db: db, now: nowMS, clock: nowMS}
	out := map[schema.AttrID]Op{}
	for _, a := range s.Set {
		attr, ok := sch.Attr(joinNames(a.Name.Parts))
		if !ok {
			return nil, diag.New(diag.Name, a.Name.Span(), "there is no attribute %q", joinNames(a.Name.Parts))
		}
		if out[attr.ID], err = c.assignment(a, attr.Type); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c *compiler) assignment(a ast.Assign, t schema.Type) (Op, error) {
	b, ok := ast.Bare(a.X).(*ast.Binary)
	if !ok || b.Op != ast.OpAdd && b.Op != ast.OpSub || !equal(b.X, &a.Name) {
		v, err := c.assigned(a.X, t)
		if v.Null() {
			return Op{Kind: OpNull}, err
		}
		return Op{Kind: OpSet, Value: v}, err
	}
	if t.Kind == schema.KindSet {
		v, err := c.assigned(b.Y, schema.Type{Kind: schema.KindText})
		op := Op{Kind: OpSetAdd, Value: schema.Value{Kind: schema.KindSet, Set: []string{v.S}}}
		if b.Op == ast.OpSub {
			op.Kind = OpSetRemove
		}
		return op, err
	}
	v, err := c.assigned(b.Y, t)
	if b.Op == ast.OpSub {
		v.I, v.F = -v.I, -v.F
	}
	return Op{Kind: OpAdd, Value: v}, err
}

// assigned is a constant as a value of a type.
func (c *compiler) assigned(e ast.Expr, t schema.Type) (schema.Value, error) {
	n, err := c.expr(e, scope{noData: true})
	if err != nil {
		return schema.Value{}, err
	}
	if n, err = c.adapt(n, typeOf(t)); err != nil {
		return schema.Value{}, err
	}
	v := n.ev(&env{db: c.db, clock: c.clock})
	if !v.ok {
		return schema.Value{}, nil
	}
	if n.t.kind != t.Kind && (!n.t.numeric() || !t.Numeric()) {
		return schema.Value{}, diag.New(diag.Type, e.Span(), "a %s does not fit in %s", n.t, t)
	}
	return c.stored(v, t, e)
}

func (c *compiler) stored(v val, t schema.Type, e ast.Expr) (schema.Value, error) {
	out := schema.Value{Kind: t.Kind, Scale: t.Scale, I: v.i, S: strings.Clone(v.s), Set: v.set}
	switch t.Kind {
	case kBool:
		out.I = int64(boolToInt(v.b))
	case kKey:
		out.I = int64(v.u)
	case kFloat:
		out.F, _ = v.r.Float64()
	case kInt, kDecimal:
		unscaled := new(big.Rat).Mul(v.r, pow10(int(t.Scale)))
		if !unscaled.IsInt() || !unscaled.Num().IsInt64() {
			return out, diag.New(diag.Type, e.Span(), "the number does not fit in %s", t)
		}
		out.I = unscaled.Num().Int64()
	}
	return out, nil
}
