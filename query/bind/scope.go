package bind

import (
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

type scopeKind uint8

const (
	ofContact  scopeKind = iota // names are attributes
	ofEvent                     // names are properties of the selector's events
	ofFile                      // names are columns of a file
	ofConstant                  // there are no names: UPSERT, TRACK
)

// scope says what a bare name means.
type scope struct {
	kind    scopeKind
	events  []*schema.EventType // ofEvent
	columns []Column            // ofFile
	table   bool                // ofEvent: the statement's rows are events; else names stand inside […]
	group   *grouping           // what is asked is a group of rows; nil: one row
	total   *ast.Aggregate      // the total in whose brackets the row is asked
}

// name binds a possibly dotted name.
func (b *binder) name(x *ast.Name) (plan.Expr, error) {
	if b.scope.group != nil {
		return b.nameInGroup(x)
	}
	switch b.scope.kind {
	case ofEvent:
		return b.nameInEvent(x)
	case ofFile:
		return b.column(x)
	case ofConstant:
		return nil, b.noNames(x)
	}
	return b.nameOfContact(x)
}

func attrExpr(a schema.Attribute) plan.Expr {
	return &plan.Attr{ID: a.ID, T: plan.Type{Type: a.Type}}
}

func (b *binder) nameOfContact(x *ast.Name) (plan.Expr, error) {
	name := ast.Dotted(x.Parts)
	if a, ok := b.sch.Attr(name); ok {
		b.useAttr(a)
		return attrExpr(a), nil
	}
	return nil, b.unknownAttribute(x)
}

// unknownAttribute says what the name could have been: an attribute nearly so called, a text in the
// wrong quotes, an event or an event's property.
func (b *binder) unknownAttribute(x *ast.Name) *diag.Error {
	name, at := ast.Dotted(x.Parts), x.Span()
	e := diag.New(diag.Name, at, "there is no attribute %s", phrase.Name(name))
	first := x.Parts[0]
	if len(x.Parts) > 1 {
		if first.Name == "contact" {
			if a, ok := b.sch.Attr(ast.Dotted(x.Parts[1:])); ok {
				return e.WithHint("write %s; contact. stands before attributes inside […]", phrase.Name(a.Name))
			}
		}
		if ev, ok := b.sch.Event(first.Name); ok {
			return e.WithHint("for a property of the event %s write last(%[1]s).%s, or sum(%[1]s.%[2]s) and the like",
				phrase.Name(ev.Name), phrase.Name(ast.Dotted(x.Parts[1:])))
		}
	}
	if near, ok := diag.Suggest(name, b.attributeNames()); ok && (!first.Quoted || len(near) >= 3) {
		return e.WithHint("did you mean %s?%s", phrase.Name(near), phrase.TextInstead(x))
	}
	if ev, ok := b.sch.Event(name); ok {
		return e.WithHint("%s is an event; write DID %[1]s, or count(%[1]s) > 0", phrase.Name(ev.Name))
	}
	if first.Quoted && len(x.Parts) == 1 {
		return e.WithHint("did you mean the text %s? Text stands in single quotes", phrase.Text(name))
	}
	if owner, ok := b.ownerOf(name); ok {
		return e.WithHint("%s is a property of the event %s; write last(%[2]s).%[1]s or DID %[2]s[%[1]s = …]", phrase.Name(name), phrase.Name(owner))
	}
	if len(x.Parts) == 1 {
		return e.WithHint("the attributes are %s; a text is written %s", phrase.List(b.attributeNames()), phrase.Text(name))
	}
	return e.WithHint("the attributes are %s", phrase.List(b.attributeNames()))
}

// ownerOf returns the first event type that has a property.
func (b *binder) ownerOf(prop string) (string, bool) {
	for i := range b.sch.Events {
		if _, ok := b.sch.Events[i].Prop(prop); ok {
			return b.sch.Events[i].Name, true
		}
	}
	return "", false
}

func (b *binder) attributeNames() []string {
	var out []string
	for _, a := range b.sch.Attrs {
		out = append(out, a.Name)
	}
	for _, a := range schema.SystemAttributes() {
		out = append(out, a.Name)
	}
	return out
}

func (b *binder) eventNames() []string {
	var out []string
	for _, e := range b.sch.Events {
		out = append(out, e.Name)
	}
	return out
}

// contactPrefix stands before an attribute inside […].
const contactPrefix = "contact"

// nameInEvent binds a name inside […]: a property, or contact. and an attribute.
func (b *binder) nameInEvent(x *ast.Name) (plan.Expr, error) {
	name := ast.Dotted(x.Parts)
	prop, err := b.property(b.scope.events, name, x.Span())
	if err != nil {
		return nil, err
	}
	if x.Parts[0].Name != contactPrefix || len(x.Parts) == 1 {
		if prop == nil {
			return nil, b.unknownProperty(x)
		}
		return prop, nil
	}
	attr, ok := b.sch.Attr(ast.Dotted(x.Parts[1:]))
	switch {
	case ok && prop != nil:
		return nil, diag.New(diag.Invalid, x.Span(), "%s could be the property %s or the contact's attribute %s",
			name, phrase.Name(name), phrase.Name(attr.Name)).
			WithHint("rename one of them: RENAME ATTRIBUTE %s TO …", phrase.Name(attr.Name))
	case ok:
		b.useAttr(attr)
		return attrExpr(attr), nil
	case prop != nil:
		return prop, nil
	}
	return nil, phrase.Unknown(x.Span(), "attribute", ast.Dotted(x.Parts[1:]), b.attributeNames())
}

// property returns the property of that name of the events, or nil if none of them has it. Types that
// lack it have no entry; types that differ are an error.
func (b *binder) property(events []*schema.EventType, name string, at diag.Span) (*plan.Prop, error) {
	out := &plan.Prop{Name: name, ByEvent: map[schema.EventID]schema.PropID{}}
	var first *schema.EventType
	for _, ev := range events {
		p, ok := findProp(ev, name)
		if !ok {
			continue
		}
		if first != nil && p.Type != out.T.Type {
			return nil, diag.New(diag.Type, at, "%s is %s in %s but %s in %s", phrase.Name(name), out.T, phrase.Name(first.Name), p.Type, phrase.Name(ev.Name)).
				WithHint("ask for the events one by one")
		}
		if first == nil {
			first, out.T = ev, plan.Type{Type: p.Type}
		}
		b.useProp(p)
		out.ByEvent[ev.ID] = p.ID
	}
	if first == nil {
		return nil, nil
	}
	return out, nil
}

// findProp returns a property, the pseudo-properties included.
func findProp(ev *schema.EventType, name string) (schema.Property, bool) {
	for id := schema.PropTime; id <= schema.PropContact; id++ {
		if p, _ := schema.PseudoProp(id); p.Name == name {
			return p, true
		}
	}
	return ev.Prop(name)
}

func propNames(events []*schema.EventType) []string {
	seen := map[string]bool{}
	var out []string
	for _, ev := range events {
		for _, p := range ev.Props {
			if !seen[p.Name] {
				seen[p.Name] = true
				out = append(out, p.Name)
			}
		}
	}
	return append(out, "time", "event_id", "contact")
}

func (b *binder) unknownProperty(x *ast.Name) error {
	name, events := ast.Dotted(x.Parts), b.scope.events
	e := b.noProperty(x.Span(), events, name)
	if e.Hint != "" {
		e.Hint += phrase.TextInstead(x)
		return e
	}
	if _, ok := b.sch.Attr(name); ok {
		return e.WithHint("%s is an attribute; %swrite contact.%[1]s", phrase.Name(name), b.inside(""))
	}
	if rest := x.Parts[1:]; len(rest) > 0 && len(events) == 1 && x.Parts[0].Name == events[0].Name {
		return e.WithHint("%swrite %s", b.inside(phrase.Name(events[0].Name)), phrase.Name(ast.Dotted(rest)))
	}
	if len(x.Parts) > 1 {
		return e.WithHint("earlier steps and look-ups (name.property) are not yet in this version; an attribute is contact.name")
	}
	if x.Parts[0].Quoted {
		return e.WithHint("did you mean the text %s? Text stands in single quotes", phrase.Text(name))
	}
	return e.WithHint("the properties are %s", phrase.List(propNames(events)))
}

// inside says where names are properties, unless the whole statement is over an event.
func (b *binder) inside(event string) string {
	if b.scope.table {
		return ""
	}
	return "inside " + event + "[…] "
}

// noProperty says that none of the events has a property.
func (b *binder) noProperty(at diag.Span, events []*schema.EventType, name string) *diag.Error {
	what := "property"
	e := phrase.Unknown(at, what, name, propNames(events))
	if len(events) == 1 {
		e.Msg += " of the event " + phrase.Name(events[0].Name)
	} else {
		e.Msg += " in any of these events"
	}
	return e
}

func (b *binder) noNames(x *ast.Name) error {
	e := diag.New(diag.Invalid, x.Span(), "%s is a name, but a value must stand here", phrase.Name(ast.Dotted(x.Parts)))
	return e.WithHint("text stands in single quotes: %s", phrase.Text(ast.Dotted(x.Parts)))
}

// events returns the event types that a selector names, in creation order.
func (b *binder) events(s *ast.Selector) ([]*schema.EventType, error) {
	if s.Any {
		if len(b.sch.Events) == 0 {
			return nil, diag.New(diag.Invalid, s.At, "this base has no events").WithHint("create one with CREATE EVENT, or TRACK one")
		}
		return b.inOrder(func(*schema.EventType) bool { return true }), nil
	}
	named := make(map[schema.EventID]bool, len(s.Events))
	for _, n := range s.Events {
		ev, ok := b.sch.Event(n.Name)
		if !ok {
			return nil, b.unknownEvent(n)
		}
		named[ev.ID] = true
		b.use(func(n *Needs) { n.Events = append(n.Events, ev.ID) })
	}
	return b.inOrder(func(ev *schema.EventType) bool { return named[ev.ID] }), nil
}

func (b *binder) inOrder(want func(*schema.EventType) bool) []*schema.EventType {
	var out []*schema.EventType
	for i := range b.sch.Events { // in creation order: types are only ever appended
		if want(&b.sch.Events[i]) {
			out = append(out, &b.sch.Events[i])
		}
	}
	return out
}

func (b *binder) unknownEvent(n ast.Ident) *diag.Error {
	e := phrase.Unknown(n.At, "event", n.Name, b.eventNames())
	switch a, ok := b.sch.Attr(n.Name); {
	case e.Hint != "":
	case ok:
		e = e.WithHint("%s is an attribute; write %[1]s IS NOT NULL, or compare it", phrase.Name(a.Name))
	case len(b.sch.Events) == 0:
		e = e.WithHint("this base has no events yet; create one with CREATE EVENT %s (…)", phrase.Name(n.Name))
	default:
		e = e.WithHint("the events are %s", phrase.List(b.eventNames()))
	}
	return e
}
