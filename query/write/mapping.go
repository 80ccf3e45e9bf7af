package write

import (
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/names"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/typing"
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
func Mapping(s *ast.CopyFrom, columns []bind.Column, sch *schema.Schema, opt bind.Options) (*MappingPlan, error) {
	if err := bind.CheckParameters(s, opt.Params); err != nil {
		return nil, err
	}
	v, err := bind.OverColumns(columns, sch, opt)
	if err != nil {
		return nil, err
	}
	m := &mapper{binder: &binder{v, sch, opt.Clock}, columns: columns, stmt: s, out: &MappingPlan{}}
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
func checkColumns(s *ast.CopyFrom, columns []bind.Column) error {
	seen := make(map[string]bool, len(columns))
	for _, c := range columns {
		if seen[c.Name] {
			return diag.New(diag.Invalid, fileSpan(s), "the file has two columns called %s", phrase.Name(c.Name)).
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
func everyColumn(s *ast.CopyFrom, columns []bind.Column) []ast.Assign {
	out := make([]ast.Assign, len(columns))
	for i, c := range columns {
		n := ast.Name{Parts: []ast.Ident{{Name: c.Name, Quoted: true, At: fileSpan(s)}}}
		out[i] = ast.Assign{Name: n, X: &n}
	}
	return out
}

type mapper struct {
	*binder
	columns []bind.Column
	stmt    *ast.CopyFrom
	out     *MappingPlan
}

// table finds what the rows become.
func (m *mapper) table() error {
	n := m.stmt.Target
	if n.Name == bind.ContactsTable {
		return nil
	}
	if ev, ok := m.sch.Event(n.Name); ok {
		m.out.Event = ev
		return nil
	}
	if m.sch.Options.Mode == schema.Strict {
		e := phrase.Unknown(n.At, "event", n.Name, append(names.Events(m.sch), bind.ContactsTable))
		e.Msg += "; the base is strict"
		e.Hint = phrase.JoinHints(e.Hint, "create it with CREATE EVENT "+phrase.Name(n.Name)+" (…)")
		return e
	}
	if near, ok := diag.Suggest(n.Name, append(names.Events(m.sch), bind.ContactsTable)); ok && len(n.Name) > 3 {
		return diag.New(diag.Name, n.At, "there is no event %s", phrase.Name(n.Name)).
			WithHint("did you mean %s? If not, create it first with CREATE EVENT %s (…)", phrase.Name(near), phrase.Name(n.Name))
	}
	m.out.Event, m.out.NewEvent = &schema.EventType{Name: n.Name}, true
	return checkName(n.At, "an event", n.Name, reservedEvents)
}

func (m *mapper) assign(a ast.Assign) error {
	o, err := m.Operand(a.X)
	if err != nil {
		return err
	}
	if m.out.Event != nil {
		return m.assignEvent(a.Name, o)
	}
	switch name := ast.Dotted(a.Name.Parts); name {
	case "id":
		m.out.Contact, err = m.Assigned(name, schema.Type{Kind: schema.KindText}, o)
		return err
	case "created_at":
		m.out.Time, err = m.Assigned(name, schema.Type{Kind: schema.KindTimestamp}, o)
		return err
	}
	return m.assignAttr(a.Name, o)
}

func (m *mapper) assignAttr(n ast.Name, o typing.Operand) error {
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
	x, err := m.Assigned(attr.Name, attr.Type, o)
	m.out.Attrs = append(m.out.Attrs, MappedAttr{attr, x})
	return err
}

func (m *mapper) assignEvent(n ast.Name, o typing.Operand) (err error) {
	switch name := ast.Dotted(n.Parts); name {
	case "contact":
		m.out.Contact, err = m.Assigned(name, schema.Type{Kind: schema.KindText}, o)
		return err
	case "time":
		m.out.Time, err = m.Assigned(name, schema.Type{Kind: schema.KindTimestamp}, o)
		return err
	case "event_id":
		m.out.EventID, err = m.Assigned(name, schema.Type{Kind: schema.KindKey}, o)
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
	x, err := m.Assigned(p.Name, p.Type, o)
	if p.ID != 0 && p.ID == m.out.Event.IDProp && m.out.EventID == nil {
		m.out.EventID = keyOf(x)
	}
	m.out.Props = append(m.out.Props, MappedProp{p, x})
	return err
}

// inferMapped returns the type of a name that nobody declared: that of a typed column, TEXT for one of
// text. Arithmetic on texts could be of any type and must be declared.
func (m *mapper) inferMapped(n ast.Name, o typing.Operand) (t schema.Type, known bool, err error) {
	if c, ok := m.TextColumn(o.E); ok {
		if c.Infer.Storable() {
			return c.Infer, true, nil
		}
		return schema.Type{Kind: schema.KindText}, true, nil
	}
	if o.E.Type().Scale == plan.AnyScale {
		name := phrase.Name(ast.Dotted(n.Parts))
		create := "CREATE ATTRIBUTE " + name + " DECIMAL(2)"
		if m.out.Event != nil {
			create = "ALTER EVENT " + phrase.Name(m.out.Event.Name) + " ADD (" + name + " DECIMAL(2))"
			if m.out.NewEvent {
				create = "CREATE EVENT " + phrase.Name(m.out.Event.Name) + " (" + name + " DECIMAL(2), …)"
			}
		}
		return t, false, diag.New(diag.Type, o.X.Span(), "%s is not declared, and %s could be of any type", name, phrase.Expr(o.X)).WithHint("write %s first", create)
	}
	if t := o.E.Type(); t.Storable() && !t.Quotient {
		if _, isC := plan.AsConst(o.E); !isC {
			return t.Type, true, nil
		}
	}
	t, known = typing.InferExpr(o.E)
	return t, known, nil
}

// required checks that the rows say whose they are and, for events, when they happened.
func (m *mapper) required() error {
	need := "id"
	if m.out.Event != nil {
		need = "contact"
	}
	switch {
	case m.out.Contact == nil || plan.Nothing(m.out.Contact):
		return m.missing(need)
	case m.out.Event != nil && (m.out.Time == nil || plan.Nothing(m.out.Time)):
		return m.missing("time")
	}
	return m.checkConstants()
}

// missing is the error of a mapping without id, contact or time.
func (m *mapper) missing(what string) error {
	e := diag.New(diag.Invalid, fileSpan(m.stmt), "nothing is mapped to %s, which every row of %s needs", what, phrase.Name(m.stmt.Target.Name))
	var names []string
	for _, c := range m.columns {
		names = append(names, c.Name)
	}
	if near, ok := diag.Suggest(what, names); ok {
		return e.WithHint("did you mean %s = %s? The file's columns are %s", what, phrase.Name(near), phrase.List(names))
	}
	return e.WithHint("write (%s = …) over the file's columns %s", what, phrase.List(names))
}

// checkConstants refuses constants that no row could have.
func (m *mapper) checkConstants() error {
	if c, ok := plan.AsConst(m.out.Contact); ok {
		if err := checkID(fileSpan(m.stmt), "a contact's id", c.Value.S); err != nil {
			return err
		}
	}
	c, ok := plan.AsConst(m.out.Time)
	if m.out.Time == nil || m.out.Event == nil || !ok {
		return nil
	}
	return CheckEventTime(fileSpan(m.stmt), c.Value.I, m.clock)
}
