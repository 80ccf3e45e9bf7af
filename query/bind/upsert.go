package bind

import (
	"strconv"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
	"github.com/zeebo/xxh3"
)

// SetOp says what an assignment does to a value.
type SetOp uint8

// The operations of UPSERT.
const (
	OpSet    SetOp = iota
	OpNull         // store null
	OpAdd          // number: old + value; set: old with value
	OpRemove       // set: old without value
)

// Assignment is one attribute's change. Value is a constant of the attribute's type, or a plan.Cast over
// constants that the evaluator must fit; nil for OpNull.
type Assignment struct {
	Attr  schema.Attribute // ID 0: it is among NewAttrs
	Op    SetOp
	Value plan.Expr
}

// UpsertPlan is UPSERT CONTACT, bound. Where NewAttrs is not empty the base has to get these attributes
// (their ids are 0) before the statement is bound again under the new schema.
type UpsertPlan struct {
	ID       string
	Sets     []Assignment
	NewAttrs []schema.Attribute
}

// Upsert binds UPSERT CONTACT.
func Upsert(s *ast.Upsert, sch *schema.Schema, opt Options) (*UpsertPlan, error) {
	b, err := newBinder(sch, opt, scope{kind: ofConstant})
	if err != nil {
		return nil, err
	}
	out := &UpsertPlan{}
	if out.ID, err = b.contactID(s.ID); err != nil {
		return nil, err
	}
	if err := twice(s.Set); err != nil {
		return nil, err
	}
	for _, a := range s.Set {
		if err := b.upsertOne(out, a); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (b *binder) upsertOne(out *UpsertPlan, a ast.Assign) error {
	attr, isNew, err := b.target(a.Name)
	if err != nil {
		return err
	}
	if x, op, ok := selfReference(a); ok {
		return b.upsertChange(out, attr, isNew, op, x)
	}
	o, err := b.operand(a.X)
	if err != nil {
		return changeHint(err, a)
	}
	if isNew {
		var known bool
		if attr.Type, known = inferExpr(o.e); !known {
			return nil // null of what does not exist
		}
		out.NewAttrs = append(out.NewAttrs, attr)
	}
	return b.upsertValue(out, attr, OpSet, o)
}

func (b *binder) upsertValue(out *UpsertPlan, attr schema.Attribute, op SetOp, o operand) error {
	v, err := b.assigned(attr.Name, attr.Type, o)
	if err != nil {
		return err
	}
	if isNull(v) {
		if attr.ID == schema.AttrCreatedAt {
			return diag.New(diag.Invalid, o.x.Span(), "created_at is never null")
		}
		op, v = OpNull, nil
	}
	out.Sets = append(out.Sets, Assignment{attr, op, v})
	return nil
}

// selfReference recognises x = x + v and x = x - v.
func selfReference(a ast.Assign) (v ast.Expr, op ast.Op, ok bool) {
	bin, ok := bare(a.X).(*ast.Binary)
	if !ok || bin.Op != ast.OpAdd && bin.Op != ast.OpSub {
		return nil, 0, false
	}
	n, ok := bare(bin.X).(*ast.Name)
	return bin.Y, binOp(bin), ok && dotted(n.Parts) == dotted(a.Name.Parts)
}

func binOp(b *ast.Binary) ast.Op { return b.Op }

// changeHint adds what an assignment may say of the old value.
func changeHint(err error, a ast.Assign) error {
	d, ok := err.(*diag.Error)
	if !ok || d.Code != diag.Invalid || !mentions(a.X, dotted(a.Name.Parts)) {
		return err
	}
	name := quoted(dotted(a.Name.Parts))
	d.Msg = "an assignment may add to the old value or take from it, nothing else"
	return d.WithHint("write %s = %[1]s + 1, %[1]s = %[1]s - 1, or for a set %[1]s = %[1]s + 'vip', %[1]s = %[1]s - 'vip'", name)
}

// mentions says whether an arithmetic expression names something.
func mentions(x ast.Expr, name string) bool {
	switch x := bare(x).(type) {
	case *ast.Name:
		return dotted(x.Parts) == name
	case *ast.Binary:
		return mentions(x.X, name) || mentions(x.Y, name)
	case *ast.Unary:
		return mentions(x.X, name)
	case *ast.Call:
		for _, a := range x.Args {
			if mentions(a, name) {
				return true
			}
		}
	}
	return false
}

// upsertChange binds x = x + v and x = x - v.
func (b *binder) upsertChange(out *UpsertPlan, attr schema.Attribute, isNew bool, op ast.Op, x ast.Expr) error {
	o, err := b.operand(x)
	if err != nil {
		return err
	}
	if isNew {
		attr.Type = schema.Type{Kind: schema.KindSet}
		if o.e.Type().Numeric() {
			attr.Type, _ = inferExpr(o.e)
		}
		out.NewAttrs = append(out.NewAttrs, attr)
	}
	switch {
	case isNull(o.e):
		return diag.New(diag.Invalid, x.Span(), "NULL cannot be added").WithHint("write %s = NULL", quoted(attr.Name))
	case attr.Type.Kind == schema.KindSet && op == ast.OpAdd:
		return b.upsertValue(out, attr, OpAdd, o)
	case attr.Type.Kind == schema.KindSet:
		return b.upsertValue(out, attr, OpRemove, o)
	case !attr.Type.Numeric():
		return diag.New(diag.Type, x.Span(), "%s is %s; only numbers and sets can be added to", quoted(attr.Name), attr.Type)
	case op == ast.OpSub:
		o.e = negation(o.e)
	}
	return b.upsertValue(out, attr, OpAdd, o)
}

func negation(e plan.Expr) plan.Expr {
	if c, ok := isConst(e); ok && c.T.Numeric() {
		return negatedConst(c)
	}
	return &plan.Neg{X: e, T: e.Type()}
}

// PropValue is one property's value, as in Assignment; null values are left out.
type PropValue struct {
	Prop  schema.Property // ID 0: it is among NewProps
	Value plan.Expr
}

// TrackPlan is TRACK, bound. Where NewEvent is set or NewProps is not empty the base has to get them
// (their ids are 0) before the statement is bound again under the new schema.
type TrackPlan struct {
	Event    schema.EventType
	NewEvent bool
	Contact  string
	Time     int64     // ms
	EventID  plan.Expr // a KEY, or nil
	Props    []PropValue
	NewProps []schema.Property
}

// Track binds TRACK.
func Track(s *ast.Track, sch *schema.Schema, opt Options) (*TrackPlan, error) {
	b, err := newBinder(sch, opt, scope{kind: ofConstant})
	if err != nil {
		return nil, err
	}
	out := &TrackPlan{}
	if err := b.trackedEvent(out, s.Event); err != nil {
		return nil, err
	}
	if out.Contact, err = b.contactID(s.Contact); err != nil {
		return nil, err
	}
	if out.Time, err = b.trackTime(s.Time); err != nil {
		return nil, err
	}
	if err := twice(s.Props); err != nil {
		return nil, err
	}
	for _, a := range s.Props {
		if err := b.trackProp(out, a); err != nil {
			return nil, err
		}
	}
	return out, b.trackID(out, s.EventID)
}

func (b *binder) trackedEvent(out *TrackPlan, n ast.Ident) error {
	if ev, ok := b.sch.Event(n.Name); ok {
		out.Event = *ev
		return nil
	}
	if b.sch.Options.Mode == schema.Strict {
		e := b.unknownEvent(n).(*diag.Error)
		e.Msg += "; the base is strict"
		return e
	}
	out.Event, out.NewEvent = schema.EventType{Name: n.Name}, true
	return checkName(n.At, "an event", n.Name, reservedEvents)
}

// trackTime binds AT; without it the event is of now. Events more than a day ahead and before 1970 are
// refused.
func (b *binder) trackTime(x ast.Expr) (int64, error) {
	if x == nil {
		return b.clock, nil
	}
	m, err := b.moment(x, "AT")
	if err != nil {
		return 0, err
	}
	return m.ms, CheckEventTime(x.Span(), m.ms, b.clock)
}

// CheckEventTime says whether an event may have happened at an instant, as seen from the clock.
func CheckEventTime(at diag.Span, ms, clock int64) error {
	if ms < 0 {
		return diag.New(diag.Invalid, at, "%s is before 1970", calendar.FormatTimestamp(ms)).
			WithHint("events happened between 1970 and now; keep an older day as a DATE property")
	}
	if ms > clock && ms-clock > schema.MaxAheadOfClock.Milliseconds() {
		return diag.New(diag.Invalid, at, "%s is more than 24 hours ahead of the clock, which is %s",
			calendar.FormatTimestamp(ms), calendar.FormatTimestamp(clock)).
			WithHint("an event has happened; keep what lies ahead as a TIMESTAMP attribute, for WITHIN NEXT")
	}
	return nil
}

func (b *binder) trackProp(out *TrackPlan, a ast.Assign) error {
	p, isNew, err := b.targetProp(&out.Event, a.Name)
	if err != nil {
		return err
	}
	o, err := b.operand(a.X)
	if err != nil {
		return err
	}
	if isNew {
		var known bool
		if p.Type, known = inferExpr(o.e); !known {
			return nil
		}
		out.NewProps = append(out.NewProps, p)
	}
	v, err := b.assigned(p.Name, p.Type, o)
	if err == nil && !isNull(v) {
		out.Props = append(out.Props, PropValue{p, v})
	}
	return err
}

// targetProp finds the property that an assignment names.
func (b *binder) targetProp(ev *schema.EventType, n ast.Name) (p schema.Property, isNew bool, err error) {
	name := dotted(n.Parts)
	for id := schema.PropTime; id <= schema.PropContact; id++ {
		if q, _ := schema.PseudoProp(id); q.Name == name {
			clause := [...]string{"AT '…'", "ID '…'", "FOR '…'"}[id-schema.PropTime]
			return p, false, diag.New(diag.Invalid, n.Span(), "%s is no property of its own", name).
				WithHint("write TRACK %s FOR … %s", quoted(ev.Name), clause)
		}
	}
	if p, ok := ev.Prop(name); ok {
		return p, false, nil
	}
	if b.sch.Options.Mode == schema.Strict {
		e := b.noAggregateProperty(n.Span(), []*schema.EventType{ev}, name).(*diag.Error)
		e.Msg += "; the base is strict"
		e.Hint = joinHints(e.Hint, "add it with ALTER EVENT "+quoted(ev.Name)+" ADD ("+quoted(name)+" …)")
		return p, false, e
	}
	return schema.Property{Name: name}, true, checkName(n.Span(), "a property", name, reservedProps)
}

// trackID sets the event's id: ID, or the property that the type names by ID.
func (b *binder) trackID(out *TrackPlan, x ast.Expr) error {
	var idProp schema.Property
	if out.Event.IDProp != 0 {
		idProp, _ = out.Event.PropByID(out.Event.IDProp)
	}
	given := plan.Expr(nil)
	for _, p := range out.Props {
		if idProp.ID != 0 && p.Prop.ID == idProp.ID {
			given = p.Value
		}
	}
	if x == nil {
		out.EventID = keyOf(given)
		return nil
	}
	id, err := b.idText(x, "an event's id")
	if err != nil {
		return err
	}
	out.EventID = constant(schema.KindKey, int64(xxh3.HashString(id)))
	if given != nil {
		return sameID(x, out.EventID, keyOf(given), idProp.Name)
	}
	if idProp.ID == 0 {
		return nil
	}
	v, err := b.idAsProperty(idProp, id, x)
	out.Props = append(out.Props, PropValue{idProp, v})
	return err
}

func sameID(x ast.Expr, a, b plan.Expr, prop string) error {
	c, ok := isConst(b)
	if ok && a.(*plan.Const).Value.I == c.Value.I {
		return nil
	}
	return diag.New(diag.Invalid, x.Span(), "ID and the property %s say different ids", quoted(prop)).WithHint("write one of them")
}

// idAsProperty stores ID in the property that the type names.
func (b *binder) idAsProperty(p schema.Property, id string, x ast.Expr) (plan.Expr, error) {
	if p.Type.Kind != schema.KindInt {
		return b.assigned(p.Name, p.Type, operand{textConst(id), x})
	}
	return &plan.Cast{X: textConst(id), T: plan.Type{Type: p.Type}, Must: true}, nil
}

// keyOf returns the KEY of an id's text.
func keyOf(e plan.Expr) plan.Expr {
	c, ok := isConst(e)
	switch {
	case e == nil:
		return nil
	case e.Type().Kind == schema.KindKey:
		return e
	case ok && c.Value.Kind == schema.KindText:
		return constant(schema.KindKey, int64(xxh3.HashString(c.Value.S)))
	case ok && c.Value.Kind == schema.KindInt:
		return constant(schema.KindKey, int64(xxh3.HashString(strconv.FormatInt(c.Value.I, 10))))
	}
	return &plan.Cast{X: e, T: plan.Of(schema.KindKey), Must: true}
}
