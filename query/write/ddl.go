package write

import (
	"slices"
	"strings"
	"time"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/names"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/typing"
	"github.com/musterdb/muster/storage/schema"
)

// The names that the system uses.
var (
	reservedAttributes = []string{"id", "created_at"}
	reservedProps      = []string{"time", "event_id", "contact"}
	reservedEvents     = []string{bind.ContactsTable}
)

// CreateBase checks CREATE BASE and returns the base's options. Whether the name is free is for the
// catalog to say.
func CreateBase(s *ast.CreateBase) (schema.BaseOptions, error) {
	opt := schema.BaseOptions{TimeZone: "UTC", Mode: schema.Open, Spread: schema.Groups}
	if err := checkName(s.Name.At, "a base", s.Name.Name, nil); err != nil {
		return opt, err
	}
	seen := map[string]bool{}
	for _, o := range s.Options {
		key := strings.ToLower(o.Key.Name)
		if seen[key] {
			return opt, diag.New(diag.Invalid, o.Key.At, "%s is given twice", key)
		}
		seen[key] = true
		if err := baseOption(&opt, key, o); err != nil {
			return opt, err
		}
	}
	return opt, nil
}

var baseOptions = []string{"timezone", "schema", "spread"}

func baseOption(opt *schema.BaseOptions, key string, o ast.Option) error {
	switch key {
	case "timezone":
		z, err := calendar.Load(o.Value)
		if err != nil {
			return diag.New(diag.Invalid, o.At, "%v", err)
		}
		opt.TimeZone = z.Name()
		return nil
	case "schema":
		return schemaOption(opt, o)
	case "spread":
		n := map[string]int{"1": 1, "4": 4, "16": 16}[o.Value]
		if !schema.ValidSpread(n) {
			return diag.New(diag.Invalid, o.At, "a base is spread over 1, 4 or 16 groups, not %s", phrase.Short(o.Value))
		}
		opt.Spread = n
		return nil
	}
	e := phrase.Unknown(o.Key.At, "option", o.Key.Name, baseOptions)
	if e.Hint == "" {
		e = e.WithHint("the options are timezone, schema and spread")
	}
	return e
}

func schemaOption(opt *schema.BaseOptions, o ast.Option) error {
	switch strings.ToLower(o.Value) {
	case "open":
		opt.Mode = schema.Open
	case "strict":
		opt.Mode = schema.Strict
	default:
		e := diag.New(diag.Invalid, o.At, "a schema is open or strict, not %s", phrase.Text(o.Value))
		if near, ok := diag.Suggest(o.Value, []string{"open", "strict"}); ok {
			return e.WithHint("did you mean %s?", near)
		}
		return e
	}
	return nil
}

// edit returns a copy of the schema to be changed, one version on.
func edit(sch *schema.Schema) *schema.Schema {
	c := sch.Clone()
	c.Version++
	return c
}

// edited returns the schema, or the error alone.
func edited(s *schema.Schema, err error) (*schema.Schema, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// AddAttributes returns the schema with attributes that a write needs (UpsertPlan.NewAttrs and the like):
// those that exist already, because another write was first, are left as they are.
func AddAttributes(sch *schema.Schema, attrs []schema.Attribute) (*schema.Schema, error) {
	out := edit(sch)
	for _, a := range attrs {
		if _, ok := out.Attr(a.Name); ok {
			continue
		}
		if err := addAttribute(out, diag.Span{}, a); err != nil {
			return nil, err
		}
	}
	return unlessSame(sch, out), nil
}

// AddEvent returns the schema with an event type, and the properties that it lacks (TrackPlan.NewProps).
func AddEvent(sch *schema.Schema, name string, props []schema.Property) (*schema.Schema, error) {
	out := edit(sch)
	ev, ok := out.Event(name)
	if !ok {
		var err error
		if ev, err = addEvent(out, ast.Ident{Name: name}); err != nil {
			return nil, err
		}
	}
	for _, p := range props {
		if _, ok := ev.Prop(p.Name); ok {
			continue
		}
		if err := addProp(out, ev, ast.Ident{Name: p.Name}, p.Type); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// unlessSame returns the old schema if nothing was added.
func unlessSame(old, edited *schema.Schema) *schema.Schema {
	if len(old.Attrs) == len(edited.Attrs) {
		return old
	}
	return edited
}

// CreateAttribute returns the schema with the attribute.
func CreateAttribute(s *ast.CreateAttribute, sch *schema.Schema) (*schema.Schema, error) {
	t, err := typing.TypeOf(s.Type)
	if err != nil {
		return nil, err
	}
	if a, ok := sch.Attr(s.Name.Name); ok && a.ID >= schema.FirstAttrID {
		return nil, exists(s.Name, "attribute", a.Type)
	}
	out := edit(sch)
	return edited(out, addAttribute(out, s.Name.At, schema.Attribute{Name: s.Name.Name, Type: t, Personal: s.Personal}))
}

func exists(n ast.Ident, what string, t schema.Type) *diag.Error {
	e := diag.New(diag.Exists, n.At, "there is an %s %s already", what, phrase.Name(n.Name))
	if t.Kind != schema.KindNull {
		e.Msg += ", of type " + t.String()
		return e.WithHint("types never change; create another one, or DROP this one first")
	}
	return e
}

func addAttribute(s *schema.Schema, at diag.Span, a schema.Attribute) error {
	if err := checkName(at, "an attribute", a.Name, reservedAttributes); err != nil {
		return err
	}
	if len(s.Attrs) >= schema.MaxAttributes {
		return diag.New(diag.Limit, at, "a base has at most %d attributes", schema.MaxAttributes)
	}
	a.ID = s.NextAttr
	s.NextAttr++
	s.Attrs = append(s.Attrs, a)
	return nil
}

// CreateEvent returns the schema with the event type.
func CreateEvent(s *ast.CreateEvent, sch *schema.Schema) (*schema.Schema, error) {
	if _, ok := sch.Event(s.Name.Name); ok {
		e := exists(s.Name, "event", schema.Type{})
		return nil, e.WithHint("add properties with ALTER EVENT %s ADD (…)", phrase.Name(s.Name.Name))
	}
	out := edit(sch)
	ev, err := addEvent(out, s.Name)
	if err != nil {
		return nil, err
	}
	if err := addFields(out, ev, s.Fields); err != nil {
		return nil, err
	}
	if ev.Keep, err = keep(s.Keep); err != nil {
		return nil, err
	}
	return edited(out, idProperty(ev, s.ID))
}

func addEvent(s *schema.Schema, n ast.Ident) (*schema.EventType, error) {
	if err := checkName(n.At, "an event", n.Name, reservedEvents); err != nil {
		return nil, err
	}
	if len(s.Events) >= schema.MaxEventTypes {
		return nil, diag.New(diag.Limit, n.At, "a base has at most %d event types", schema.MaxEventTypes)
	}
	s.Events = append(s.Events, schema.EventType{ID: s.NextEvent, Name: n.Name})
	s.NextEvent++
	return &s.Events[len(s.Events)-1], nil
}

func addFields(s *schema.Schema, ev *schema.EventType, fields []ast.Field) error {
	for _, f := range fields {
		t, err := typing.TypeOf(f.Type)
		if err != nil {
			return err
		}
		if p, ok := ev.Prop(f.Name.Name); ok {
			e := diag.New(diag.Exists, f.Name.At, "the event %s has a property %s already, of type %s", phrase.Name(ev.Name), phrase.Name(p.Name), p.Type)
			return e.WithHint("types never change; give the new property another name")
		}
		if err := addProp(s, ev, f.Name, t); err != nil {
			return err
		}
	}
	return nil
}

func addProp(s *schema.Schema, ev *schema.EventType, n ast.Ident, t schema.Type) error {
	if err := checkName(n.At, "a property", n.Name, reservedProps); err != nil {
		return err
	}
	if len(ev.Props) >= schema.MaxProps {
		return diag.New(diag.Limit, n.At, "an event has at most %d properties", schema.MaxProps)
	}
	ev.Props = append(ev.Props, schema.Property{ID: s.NextProp, Name: n.Name, Type: t})
	s.NextProp++
	return nil
}

// maxKeep is the longest retention, 200 years: less than a time.Duration holds.
const maxKeep = 200 * 366 * calendar.Day

// keep reads KEEP: days and less, since months have no fixed length.
func keep(l *ast.Literal) (time.Duration, error) {
	if l == nil {
		return 0, nil
	}
	d, err := calendar.ParseDuration(l.Text)
	switch {
	case err != nil:
		return 0, diag.New(diag.Invalid, l.At, "%v", err)
	case d.Months != 0:
		return 0, diag.New(diag.Invalid, l.At, "%s has no fixed length", l.Text).WithHint("write KEEP %dd", d.Months*31)
	case d.MS == 0:
		return 0, diag.New(diag.Invalid, l.At, "KEEP %s would keep nothing", l.Text).WithHint("leave KEEP out to keep events for ever")
	case d.MS > maxKeep:
		return 0, diag.New(diag.Limit, l.At, "KEEP is at most 200 years").WithHint("leave it out to keep events for ever")
	}
	return time.Duration(d.MS) * time.Millisecond, nil
}

// idProperty sets the property that ID names.
func idProperty(ev *schema.EventType, n *ast.Ident) error {
	if n == nil {
		return nil
	}
	p, ok := ev.Prop(n.Name)
	if !ok {
		var names []string
		for _, p := range ev.Props {
			names = append(names, p.Name)
		}
		e := phrase.Unknown(n.At, "property", n.Name, names)
		if e.Hint == "" {
			e = e.WithHint("ID names one of the properties in the brackets: CREATE EVENT %s (%s KEY) ID %[2]s", phrase.Name(ev.Name), phrase.Name(n.Name))
		}
		return e
	}
	if k := p.Type.Kind; k != schema.KindText && k != schema.KindKey && k != schema.KindInt {
		return diag.New(diag.Type, n.At, "an ID is TEXT, KEY or INT; %s is %s", phrase.Name(p.Name), p.Type)
	}
	ev.HasID, ev.IDProp = true, p.ID
	return nil
}

// AlterEvent returns the schema with the properties added or the one dropped.
func AlterEvent(s *ast.AlterEvent, sch *schema.Schema) (*schema.Schema, error) {
	out := edit(sch)
	ev, ok := out.Event(s.Name.Name)
	if !ok {
		return nil, noEvent(s.Name, sch)
	}
	if s.Drop == nil {
		return edited(out, addFields(out, ev, s.Add))
	}
	i := slices.IndexFunc(ev.Props, func(p schema.Property) bool { return p.Name == s.Drop.Name })
	switch {
	case i < 0 && slices.Contains(reservedProps, s.Drop.Name):
		return nil, diag.New(diag.Invalid, s.Drop.At, "every event has %s; it cannot be dropped", s.Drop.Name)
	case i < 0:
		return nil, names.NoProperty(s.Drop.At, []*schema.EventType{ev}, s.Drop.Name)
	case ev.IDProp == ev.Props[i].ID:
		return nil, diag.New(diag.Invalid, s.Drop.At, "%s is the ID of %s: without it the same event could not be told twice", phrase.Name(s.Drop.Name), phrase.Name(ev.Name)).
			WithHint("create another event without ID and load the data into it")
	}
	if err := unused(*s.Drop, "property", "dropped", propertyUsers(sch, ev.Props[i].ID)); err != nil {
		return nil, err
	}
	ev.Props = slices.Delete(ev.Props, i, i+1)
	return out, nil
}

func noEvent(n ast.Ident, sch *schema.Schema) error {
	return names.UnknownEvent(sch, n)
}

func noAttribute(n ast.Ident, sch *schema.Schema) error {
	if slices.Contains(reservedAttributes, n.Name) {
		return diag.New(diag.Invalid, n.At, "every contact has %s; it cannot be dropped or renamed", n.Name)
	}
	return names.UnknownAttribute(sch, &ast.Name{Parts: []ast.Ident{n}})
}

// Drop returns the schema without the attribute or event type, unless segments use it. Bases are the
// catalog's; for segments there is DropSegment.
func Drop(s *ast.Drop, sch *schema.Schema) (*schema.Schema, error) {
	out := edit(sch)
	if s.Kind == ast.KindAttribute {
		i := attributeAt(out, s.Name.Name)
		if i < 0 {
			return nil, noAttribute(s.Name, sch)
		}
		if err := unused(s.Name, "attribute", "dropped", attributeUsers(sch, out.Attrs[i].ID)); err != nil {
			return nil, err
		}
		out.Attrs = slices.Delete(out.Attrs, i, i+1)
		return out, nil
	}
	i := eventAt(out, s.Name.Name)
	if i < 0 {
		return nil, noEvent(s.Name, sch)
	}
	if err := unused(s.Name, "event", "dropped", eventUsers(sch, &out.Events[i])); err != nil {
		return nil, err
	}
	out.Events = slices.Delete(out.Events, i, i+1)
	return out, nil
}

func attributeAt(s *schema.Schema, name string) int {
	return slices.IndexFunc(s.Attrs, func(a schema.Attribute) bool { return a.Name == name })
}

func eventAt(s *schema.Schema, name string) int {
	return slices.IndexFunc(s.Events, func(e schema.EventType) bool { return e.Name == name })
}

// Rename returns the schema with the attribute or event type under its new name, unless segments use it.
// Bases are the catalog's, whose names BaseName checks; for segments there is RenameSegment.
func Rename(s *ast.Rename, sch *schema.Schema) (*schema.Schema, error) {
	out := edit(sch)
	if s.Kind == ast.KindAttribute {
		i := attributeAt(out, s.Name.Name)
		if i < 0 {
			return nil, noAttribute(s.Name, sch)
		}
		if a, ok := sch.Attr(s.To.Name); ok && a.ID >= schema.FirstAttrID {
			return nil, exists(s.To, "attribute", schema.Type{})
		}
		if err := unused(s.Name, "attribute", "renamed", attributeUsers(sch, out.Attrs[i].ID)); err != nil {
			return nil, err
		}
		out.Attrs[i].Name = s.To.Name
		return edited(out, checkName(s.To.At, "an attribute", s.To.Name, reservedAttributes))
	}
	i := eventAt(out, s.Name.Name)
	if i < 0 {
		return nil, noEvent(s.Name, sch)
	}
	if eventAt(out, s.To.Name) >= 0 {
		return nil, exists(s.To, "event", schema.Type{})
	}
	if err := unused(s.Name, "event", "renamed", eventUsers(sch, &schema.EventType{ID: out.Events[i].ID})); err != nil {
		return nil, err
	}
	out.Events[i].Name = s.To.Name
	return edited(out, checkName(s.To.At, "an event", s.To.Name, reservedEvents))
}

// BaseName checks the name that a base is to have.
func BaseName(n ast.Ident) error { return checkName(n.At, "a base", n.Name, nil) }
