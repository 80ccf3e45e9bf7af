package bind

import (
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// MappingPlan says what each row of a file becomes: a contact, or an event where Event is set. All
// expressions are over plan.Prop with ByEvent{0: the column's index}; a plan.Cast with Must that fails
// rejects the row. Where NewEvent is set or NewAttrs or NewProps are not empty the base has to get them
// (their ids are 0) before the statement is bound again under the new schema.
type MappingPlan struct {
	Event    *schema.EventType // nil: contacts
	NewEvent bool

	Contact plan.Expr // TEXT: the contact's id; null rejects the row
	Time    plan.Expr // TIMESTAMP: of an event never nil, null rejects the row; of a contact created_at, or nil
	EventID plan.Expr // KEY, or nil
	Attrs   []MappedAttr
	Props   []MappedProp

	NewAttrs []schema.Attribute
	NewProps []schema.Property
}

// MappedAttr is one attribute's value; null stores null.
type MappedAttr struct {
	Attr schema.Attribute
	X    plan.Expr
}

// MappedProp is one property's value.
type MappedProp struct {
	Prop schema.Property
	X    plan.Expr
}

// Mapping binds COPY … FROM over the columns of the file. Without a list every column is mapped to the
// attribute or property that has its name.
func Mapping(s *ast.CopyFrom, columns []Column, sch *schema.Schema, opt Options) (*MappingPlan, error) {
	b, err := newBinder(sch, opt, scope{kind: ofFile, columns: columns})
	if err != nil {
		return nil, err
	}
	m := &mapper{binder: b, stmt: s, out: &MappingPlan{}}
	if err := checkColumns(s, columns); err != nil {
		return nil, err
	}
	if err := m.table(); err != nil {
		return nil, err
	}
	assigns := s.Map
	if len(assigns) == 0 {
		assigns = everyColumn(s, columns)
	}
	if err := twice(assigns); err != nil {
		return nil, err
	}
	for _, a := range assigns {
		if err := m.assign(a); err != nil {
			return nil, err
		}
	}
	return m.out, m.required()
}

// checkColumns refuses a header that names a column twice.
func checkColumns(s *ast.CopyFrom, columns []Column) error {
	seen := make(map[string]bool, len(columns))
	for _, c := range columns {
		if seen[c.Name] {
			return diag.New(diag.Invalid, fileSpan(s), "the file has two columns called %s", quoted(c.Name)).
				WithHint("rename one of them in the file's header")
		}
		seen[c.Name] = true
	}
	return nil
}

func fileSpan(s *ast.CopyFrom) diag.Span {
	if s.File == nil {
		return s.Target.At
	}
	return s.File.At
}

// everyColumn maps each column to its own name.
func everyColumn(s *ast.CopyFrom, columns []Column) []ast.Assign {
	out := make([]ast.Assign, len(columns))
	for i, c := range columns {
		n := ast.Name{Parts: []ast.Ident{{Name: c.Name, Quoted: true, At: fileSpan(s)}}}
		out[i] = ast.Assign{Name: n, X: &n}
	}
	return out
}

type mapper struct {
	*binder
	stmt *ast.CopyFrom
	out  *MappingPlan
}

// table finds what the rows become.
func (m *mapper) table() error {
	n := m.stmt.Target
	if n.Name == contactsTable {
		return nil
	}
	if ev, ok := m.sch.Event(n.Name); ok {
		m.out.Event = ev
		return nil
	}
	if m.sch.Options.Mode == schema.Strict {
		e := unknown(n.At, "event", n.Name, append(m.eventNames(), contactsTable))
		e.Msg += "; the base is strict"
		e.Hint = joinHints(e.Hint, "create it with CREATE EVENT "+quoted(n.Name)+" (…)")
		return e
	}
	if near, ok := diag.Suggest(n.Name, append(m.eventNames(), contactsTable)); ok && len(n.Name) > 3 {
		return diag.New(diag.Name, n.At, "there is no event %s", quoted(n.Name)).
			WithHint("did you mean %s? If not, create it first with CREATE EVENT %s (…)", quoted(near), quoted(n.Name))
	}
	m.out.Event, m.out.NewEvent = &schema.EventType{Name: n.Name}, true
	return checkName(n.At, "an event", n.Name, reservedEvents)
}

func (m *mapper) assign(a ast.Assign) error {
	o, err := m.operand(a.X)
	if err != nil {
		return err
	}
	if m.out.Event != nil {
		return m.assignEvent(a.Name, o)
	}
	switch name := dotted(a.Name.Parts); name {
	case "id":
		m.out.Contact, err = m.assigned(name, schema.Type{Kind: schema.KindText}, o)
		return err
	case "created_at":
		m.out.Time, err = m.assigned(name, schema.Type{Kind: schema.KindTimestamp}, o)
		return err
	}
	return m.assignAttr(a.Name, o)
}

func (m *mapper) assignAttr(n ast.Name, o operand) error {
	attr, isNew, err := m.target(n)
	if err != nil {
		return err
	}
	if isNew {
		var known bool
		if attr.Type, known, err = m.inferMapped(n, o); err != nil || !known {
			return err
		}
		m.out.NewAttrs = append(m.out.NewAttrs, attr)
	}
	x, err := m.assigned(attr.Name, attr.Type, o)
	m.out.Attrs = append(m.out.Attrs, MappedAttr{attr, x})
	return err
}

func (m *mapper) assignEvent(n ast.Name, o operand) (err error) {
	switch name := dotted(n.Parts); name {
	case "contact":
		m.out.Contact, err = m.assigned(name, schema.Type{Kind: schema.KindText}, o)
		return err
	case "time":
		m.out.Time, err = m.assigned(name, schema.Type{Kind: schema.KindTimestamp}, o)
		return err
	case "event_id":
		m.out.EventID, err = m.assigned(name, schema.Type{Kind: schema.KindKey}, o)
		return err
	}
	p, isNew, err := m.targetProp(m.out.Event, n)
	if err != nil {
		return err
	}
	if isNew {
		var known bool
		if p.Type, known, err = m.inferMapped(n, o); err != nil || !known {
			return err
		}
		m.out.NewProps = append(m.out.NewProps, p)
	}
	x, err := m.assigned(p.Name, p.Type, o)
	if p.ID != 0 && p.ID == m.out.Event.IDProp && m.out.EventID == nil {
		m.out.EventID = keyOf(x)
	}
	m.out.Props = append(m.out.Props, MappedProp{p, x})
	return err
}

// inferMapped returns the type of a name that nobody declared: that of a typed column, TEXT for one of
// text. Arithmetic on texts could be of any type and must be declared.
func (m *mapper) inferMapped(n ast.Name, o operand) (t schema.Type, known bool, err error) {
	if isFileText(m.binder, o.e) {
		if c := m.scope.columns[o.e.(*plan.Prop).ByEvent[0]]; c.Infer.Storable() {
			return c.Infer, true, nil
		}
		return schema.Type{Kind: schema.KindText}, true, nil
	}
	if o.e.Type().Scale == plan.AnyScale {
		name := quoted(dotted(n.Parts))
		create := "CREATE ATTRIBUTE " + name + " DECIMAL(2)"
		if m.out.Event != nil {
			create = "ALTER EVENT " + quoted(m.out.Event.Name) + " ADD (" + name + " DECIMAL(2))"
			if m.out.NewEvent {
				create = "CREATE EVENT " + quoted(m.out.Event.Name) + " (" + name + " DECIMAL(2), …)"
			}
		}
		return t, false, diag.New(diag.Type, o.x.Span(), "%s is not declared, and %s could be of any type", name, text(o.x)).WithHint("write %s first", create)
	}
	if t := o.e.Type(); t.Storable() && !t.Quotient {
		if _, isC := isConst(o.e); !isC {
			return t.Type, true, nil
		}
	}
	t, known = inferExpr(o.e)
	return t, known, nil
}

// required checks that the rows say whose they are and, for events, when they happened.
func (m *mapper) required() error {
	need := "id"
	if m.out.Event != nil {
		need = "contact"
	}
	switch {
	case m.out.Contact == nil || isNull(m.out.Contact):
		return m.missing(need)
	case m.out.Event != nil && (m.out.Time == nil || isNull(m.out.Time)):
		return m.missing("time")
	}
	return m.checkConstants()
}

// missing is the error of a mapping without id, contact or time.
func (m *mapper) missing(what string) error {
	e := diag.New(diag.Invalid, fileSpan(m.stmt), "nothing is mapped to %s, which every row of %s needs", what, quoted(m.stmt.Target.Name))
	var names []string
	for _, c := range m.scope.columns {
		names = append(names, c.Name)
	}
	if near, ok := diag.Suggest(what, names); ok {
		return e.WithHint("did you mean %s = %s? The file's columns are %s", what, quoted(near), listed(names))
	}
	return e.WithHint("write (%s = …) over the file's columns %s", what, listed(names))
}

// checkConstants refuses constants that no row could have.
func (m *mapper) checkConstants() error {
	if c, ok := isConst(m.out.Contact); ok {
		if err := checkID(fileSpan(m.stmt), "a contact's id", c.Value.S); err != nil {
			return err
		}
	}
	c, ok := isConst(m.out.Time)
	if m.out.Time == nil || m.out.Event == nil || !ok {
		return nil
	}
	return CheckEventTime(fileSpan(m.stmt), c.Value.I, m.clock)
}

// Zone returns the zone of a base, for evaluating what was bound.
func Zone(sch *schema.Schema) (*calendar.Zone, error) {
	b, err := newBinder(sch, Options{}, scope{})
	if err != nil {
		return nil, err
	}
	return b.zone, nil
}
