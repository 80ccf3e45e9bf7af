package write

import (
	"strconv"

	"github.com/zeebo/xxh3"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/names"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/typing"
	"github.com/musterdb/muster/storage/schema"
)

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
func Track(s *ast.Track, sch *schema.Schema, opt bind.Options) (*TrackPlan, error) {
	if err := bind.CheckParameters(s, opt.Params); err != nil {
		return nil, err
	}
	b, err := constants(sch, opt)
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
		e := names.UnknownEvent(b.sch, n)
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
	ms, err := b.Instant(x, "AT")
	if err != nil {
		return 0, err
	}
	return ms, CheckEventTime(x.Span(), ms, b.clock)
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
	o, err := b.Operand(a.X)
	if err != nil {
		return err
	}
	if isNew {
		var known bool
		if p.Type, known = typing.InferExpr(o.E); !known {
			return nil
		}
		out.NewProps = append(out.NewProps, p)
	}
	v, err := b.Assigned(p.Name, p.Type, o)
	if err == nil && !plan.Nothing(v) {
		out.Props = append(out.Props, PropValue{p, v})
	}
	return err
}

// targetProp finds the property that an assignment names.
func (b *binder) targetProp(ev *schema.EventType, n ast.Name) (p schema.Property, isNew bool, err error) {
	name := ast.Dotted(n.Parts)
	for id := schema.PropTime; id <= schema.PropContact; id++ {
		if q, _ := schema.PseudoProp(id); q.Name == name {
			clause := [...]string{"AT '…'", "ID '…'", "FOR '…'"}[id-schema.PropTime]
			return p, false, diag.New(diag.Invalid, n.Span(), "%s is no property of its own", name).
				WithHint("write TRACK %s FOR … %s", phrase.Name(ev.Name), clause)
		}
	}
	if p, ok := ev.Prop(name); ok {
		return p, false, nil
	}
	if b.sch.Options.Mode == schema.Strict {
		e := names.NoProperty(n.Span(), []*schema.EventType{ev}, name)
		e.Msg += "; the base is strict"
		e.Hint = phrase.JoinHints(e.Hint, "add it with ALTER EVENT "+phrase.Name(ev.Name)+" ADD ("+phrase.Name(name)+" …)")
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
	out.EventID = plan.IntConst(schema.KindKey, int64(xxh3.HashString(id)))
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
	c, ok := plan.AsConst(b)
	if ok && a.(*plan.Const).Value.I == c.Value.I {
		return nil
	}
	return diag.New(diag.Invalid, x.Span(), "ID and the property %s say different ids", phrase.Name(prop)).WithHint("write one of them")
}

// idAsProperty stores ID in the property that the type names.
func (b *binder) idAsProperty(p schema.Property, id string, x ast.Expr) (plan.Expr, error) {
	if p.Type.Kind != schema.KindInt {
		return b.Assigned(p.Name, p.Type, typing.Operand{X: x, E: plan.TextConst(id)})
	}
	return &plan.Cast{X: plan.TextConst(id), T: plan.Type{Type: p.Type}, Must: true}, nil
}

// keyOf returns the KEY of an id's text.
func keyOf(e plan.Expr) plan.Expr {
	c, ok := plan.AsConst(e)
	switch {
	case e == nil:
		return nil
	case e.Type().Kind == schema.KindKey:
		return e
	case ok && c.Value.Kind == schema.KindText:
		return plan.IntConst(schema.KindKey, int64(xxh3.HashString(c.Value.S)))
	case ok && c.Value.Kind == schema.KindInt:
		return plan.IntConst(schema.KindKey, int64(xxh3.HashString(strconv.FormatInt(c.Value.I, 10))))
	}
	return &plan.Cast{X: e, T: plan.Of(schema.KindKey), Must: true}
}
