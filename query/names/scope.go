// Package names owns what names mean: attributes, properties, events, segments and the columns of a file, each
// where it stands, and what to write instead of one that means nothing. It binds names only, not expressions.
package names

import (
	"strings"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// Kind says what a bare name means.
type Kind uint8

// The kinds of scopes.
const (
	OfContact  Kind = iota // names are attributes
	OfEvent                // names are properties of the scope's events
	OfFile                 // names are columns of a file
	OfConstant             // there are no names: UPSERT, TRACK
)

// Scope is where a name stands.
type Scope struct {
	Schema  *schema.Schema
	Kind    Kind
	Events  []*schema.EventType // OfEvent: not empty
	Columns []Column            // OfFile
	Table   bool                // OfEvent: the statement's rows are events; else names stand inside […]
	Needs   *Needs              // notes what is named; nil: nobody asks
}

// Name binds a possibly dotted name.
func (s Scope) Name(x *ast.Name) (plan.Expr, error) {
	switch s.Kind {
	case OfEvent:
		return s.inEvent(x)
	case OfFile:
		return s.column(x)
	case OfConstant:
		return nil, noNames(x)
	}
	return s.ofContact(x)
}

// Attr returns the expression that an attribute is.
func Attr(a schema.Attribute) plan.Expr {
	return &plan.Attr{ID: a.ID, T: plan.Type{Type: a.Type}}
}

func (s Scope) ofContact(x *ast.Name) (plan.Expr, error) {
	name := ast.Dotted(x.Parts)
	if a, ok := s.Schema.Attr(name); ok {
		s.Needs.attr(a)
		return Attr(a), nil
	}
	return nil, UnknownAttribute(s.Schema, x)
}

// withWord returns the first names that have a word as their beginning or end: first_name, last_name of name.
func withWord(names []string, word string) (out []string) {
	const most = 3
	for _, n := range names {
		if l := strings.ToLower(n); strings.HasPrefix(l, strings.ToLower(word)+"_") || strings.HasSuffix(l, "_"+strings.ToLower(word)) {
			if out = append(out, n); len(out) == most {
				break
			}
		}
	}
	return out
}

// orList writes names with or before the last.
func orList(names []string) string {
	var b strings.Builder
	for i, n := range names {
		switch {
		case i > 0 && i == len(names)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(phrase.Name(n))
	}
	return b.String()
}

// UnknownAttribute says what the name could have been: an attribute nearly so called, a text in the
// wrong quotes, an event or an event's property.
func UnknownAttribute(sch *schema.Schema, x *ast.Name) *diag.Error {
	name, at := ast.Dotted(x.Parts), x.Span()
	e := diag.New(diag.Name, at, "there is no attribute %s", phrase.Name(name))
	first := x.Parts[0]
	if len(x.Parts) > 1 {
		if first.Name == "contact" {
			if a, ok := sch.Attr(ast.Dotted(x.Parts[1:])); ok {
				return e.WithHint("write %s; contact. stands before attributes inside […]", phrase.Name(a.Name))
			}
		}
		if ev, ok := sch.Event(first.Name); ok {
			return e.WithHint("for a property of the event %s write last(%[1]s).%s, or sum(%[1]s.%[2]s) and the like",
				phrase.Name(ev.Name), phrase.Name(ast.Dotted(x.Parts[1:])))
		}
	}
	if near, ok := diag.Suggest(name, Attributes(sch)); ok && (!first.Quoted || len(near) >= 3) {
		return e.WithHint("did you mean %s?%s", phrase.Name(near), phrase.TextInstead(x))
	}
	if ev, ok := sch.Event(name); ok {
		return e.WithHint("%s is an event; write DID %[1]s, or count(%[1]s) > 0", phrase.Name(ev.Name))
	}
	if first.Quoted && len(x.Parts) == 1 {
		return e.WithHint("did you mean the text %s? Text stands in single quotes", phrase.Text(name))
	}
	if owner, ok := ownerOf(sch, name); ok {
		return e.WithHint("%s is a property of the event %s; write last(%[2]s).%[1]s or DID %[2]s[%[1]s = …]", phrase.Name(name), phrase.Name(owner))
	}
	if parts := withWord(Attributes(sch), name); len(parts) > 0 {
		return e.WithHint("did you mean %s?", orList(parts))
	}
	if len(x.Parts) == 1 {
		return e.WithHint("the attributes are %s; a text is written %s", phrase.List(Attributes(sch)), phrase.Text(name))
	}
	return e.WithHint("the attributes are %s", phrase.List(Attributes(sch)))
}

// ownerOf returns the first event type that has a property.
func ownerOf(sch *schema.Schema, prop string) (string, bool) {
	for i := range sch.Events {
		if _, ok := sch.Events[i].Prop(prop); ok {
			return sch.Events[i].Name, true
		}
	}
	return "", false
}

// Attributes returns the names of a schema's attributes, those of the system last.
func Attributes(sch *schema.Schema) []string {
	var out []string
	for _, a := range sch.Attrs {
		out = append(out, a.Name)
	}
	for _, a := range schema.SystemAttributes() {
		out = append(out, a.Name)
	}
	return out
}

// Events returns the names of a schema's events.
func Events(sch *schema.Schema) []string {
	var out []string
	for _, e := range sch.Events {
		out = append(out, e.Name)
	}
	return out
}

// Contact stands before an attribute where names are properties.
const Contact = "contact"

// inEvent binds a name inside […]: a property, or contact. and an attribute.
func (s Scope) inEvent(x *ast.Name) (plan.Expr, error) {
	name := ast.Dotted(x.Parts)
	prop, err := s.Property(s.Events, name, x.Span())
	if err != nil {
		return nil, err
	}
	if x.Parts[0].Name != Contact || len(x.Parts) == 1 {
		if prop == nil {
			return nil, s.unknownProperty(x)
		}
		return prop, nil
	}
	attr, ok := s.Schema.Attr(ast.Dotted(x.Parts[1:]))
	switch {
	case ok && prop != nil:
		return nil, diag.New(diag.Invalid, x.Span(), "%s could be the property %s or the contact's attribute %s",
			name, phrase.Name(name), phrase.Name(attr.Name)).
			WithHint("rename one of them: RENAME ATTRIBUTE %s TO …", phrase.Name(attr.Name))
	case ok:
		s.Needs.attr(attr)
		return Attr(attr), nil
	case prop != nil:
		return prop, nil
	}
	return nil, phrase.Unknown(x.Span(), "attribute", ast.Dotted(x.Parts[1:]), Attributes(s.Schema))
}

// Property returns the property of that name of the events, or nil if none of them has it. Types that
// lack it have no entry; types that differ are an error.
func (s Scope) Property(events []*schema.EventType, name string, at diag.Span) (*plan.Prop, error) {
	out := &plan.Prop{Name: name, ByEvent: map[schema.EventID]schema.PropID{}}
	var first *schema.EventType
	for _, ev := range events {
		p, ok := FindProp(ev, name)
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
		s.Needs.prop(p)
		out.ByEvent[ev.ID] = p.ID
	}
	if first == nil {
		return nil, nil
	}
	return out, nil
}

// FindProp returns a property, the pseudo-properties included.
func FindProp(ev *schema.EventType, name string) (schema.Property, bool) {
	for id := schema.PropTime; id <= schema.PropContact; id++ {
		if p, _ := schema.PseudoProp(id); p.Name == name {
			return p, true
		}
	}
	return ev.Prop(name)
}

// Props returns the names of the properties of events, those that every event has last.
func Props(events []*schema.EventType) []string {
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

func (s Scope) unknownProperty(x *ast.Name) error {
	name, events := ast.Dotted(x.Parts), s.Events
	e := noProperty(x.Span(), events, name)
	if e.Hint != "" {
		e.Hint += phrase.TextInstead(x)
		return e
	}
	if _, ok := s.Schema.Attr(name); ok {
		return e.WithHint("%s is an attribute; %swrite contact.%[1]s", phrase.Name(name), s.inside(""))
	}
	if rest := x.Parts[1:]; len(rest) > 0 && len(events) == 1 && x.Parts[0].Name == events[0].Name {
		return e.WithHint("%swrite %s", s.inside(phrase.Name(events[0].Name)), phrase.Name(ast.Dotted(rest)))
	}
	if len(x.Parts) > 1 {
		return e.WithHint("earlier steps and look-ups (name.property) are not yet in this version; an attribute is contact.name")
	}
	if x.Parts[0].Quoted {
		return e.WithHint("did you mean the text %s? Text stands in single quotes", phrase.Text(name))
	}
	return e.WithHint("the properties are %s", phrase.List(Props(events)))
}

// inside says where names are properties, unless the whole statement is over an event.
func (s Scope) inside(event string) string {
	if s.Table {
		return ""
	}
	return "inside " + event + "[…] "
}

// noProperty says that none of the events has a property.
func noProperty(at diag.Span, events []*schema.EventType, name string) *diag.Error {
	what := "property"
	e := phrase.Unknown(at, what, name, Props(events))
	if len(events) == 1 {
		e.Msg += " of the event " + phrase.Name(events[0].Name)
	} else {
		e.Msg += " in any of these events"
	}
	return e
}

func noNames(x *ast.Name) error {
	e := diag.New(diag.Invalid, x.Span(), "%s is a name, but a value must stand here", phrase.Name(ast.Dotted(x.Parts)))
	return e.WithHint("text stands in single quotes: %s", phrase.Text(ast.Dotted(x.Parts)))
}

// Select returns the event types that a selector names, in creation order.
func (s Scope) Select(sel *ast.Selector) ([]*schema.EventType, error) {
	if sel.Any {
		if len(s.Schema.Events) == 0 {
			return nil, diag.New(diag.Invalid, sel.At, "this base has no events").WithHint("create one with CREATE EVENT, or TRACK one")
		}
		return s.inOrder(func(*schema.EventType) bool { return true }), nil
	}
	named := make(map[schema.EventID]bool, len(sel.Events))
	for _, n := range sel.Events {
		ev, ok := s.Schema.Event(n.Name)
		if !ok {
			return nil, UnknownEvent(s.Schema, n)
		}
		named[ev.ID] = true
		s.Needs.event(ev.ID)
	}
	return s.inOrder(func(ev *schema.EventType) bool { return named[ev.ID] }), nil
}

func (s Scope) inOrder(want func(*schema.EventType) bool) []*schema.EventType {
	var out []*schema.EventType
	for i := range s.Schema.Events { // in creation order: types are only ever appended
		if want(&s.Schema.Events[i]) {
			out = append(out, &s.Schema.Events[i])
		}
	}
	return out
}

// UnknownEvent is the error of an event that does not exist, with what may have been meant.
func UnknownEvent(sch *schema.Schema, n ast.Ident) *diag.Error {
	e := phrase.Unknown(n.At, "event", n.Name, Events(sch))
	switch a, ok := sch.Attr(n.Name); {
	case e.Hint != "":
	case ok:
		e = e.WithHint("%s is an attribute; write %[1]s IS NOT NULL, or compare it", phrase.Name(a.Name))
	case len(sch.Events) == 0:
		e = e.WithHint("this base has no events yet; create one with CREATE EVENT %s (…)", phrase.Name(n.Name))
	default:
		e = e.WithHint("the events are %s", phrase.List(Events(sch)))
	}
	return e
}

// NoProperty is the error of a property that no event of these has, with what may have been meant.
func NoProperty(at diag.Span, events []*schema.EventType, name string) *diag.Error {
	e := noProperty(at, events, name)
	if e.Hint == "" {
		e = e.WithHint("the properties are %s", phrase.List(Props(events)))
	}
	return e
}
