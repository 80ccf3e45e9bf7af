package bind

import (
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// Values binds the expressions of a statement that writes: they are constants, or stand over the columns of
// a file.
type Values struct{ b *binder }

// Operand is a value as it was written and as it was bound.
type Operand struct {
	X ast.Expr
	E plan.Expr
}

// Describe says what the value is: "age is INT", "'x' is text".
func (o Operand) Describe() string { return phrase.Typed(o.X, o.E.Type()) }

// Constants returns a binder of values in which names have no meaning.
func Constants(sch *schema.Schema, opt Options) (*Values, error) {
	b, err := newBinder(sch, opt, scope{kind: ofConstant})
	return &Values{b}, err
}

// OverColumns returns a binder of values in which names are the columns of a file.
func OverColumns(columns []Column, sch *schema.Schema, opt Options) (*Values, error) {
	b, err := newBinder(sch, opt, scope{kind: ofFile, columns: columns})
	return &Values{b}, err
}

// OverContact returns a binder of values in which names are attributes of the contact that is changed.
func OverContact(sch *schema.Schema, opt Options) (*Values, error) {
	b, err := newBinder(sch, opt, scope{kind: ofContact})
	return &Values{b}, err
}

// Operand binds a value.
func (v *Values) Operand(x ast.Expr) (Operand, error) {
	o, err := v.b.operand(x)
	return Operand{o.x, o.e}, err
}

// Assigned binds a value to the type of the name it is assigned to: a constant of it, a plan.Cast that must
// fit, or a null constant.
func (v *Values) Assigned(name string, t schema.Type, o Operand) (plan.Expr, error) {
	return v.b.assigned(name, t, operand{o.E, o.X})
}

// Instant binds a constant that names an instant, in ms, or a day, whose first it is; after is the word
// that it follows, for errors.
func (v *Values) Instant(x ast.Expr, after string) (int64, error) {
	m, err := v.b.moment(x, after)
	return m.ms, err
}

// TextColumn returns the column of texts of any type that an expression is.
func (v *Values) TextColumn(e plan.Expr) (Column, bool) {
	if !isFileText(v.b, e) {
		return Column{}, false
	}
	return v.b.scope.columns[e.(*plan.Prop).ByEvent[0]], true
}

// UnknownAttribute is the error of an attribute that does not exist, with what may have been meant.
func UnknownAttribute(sch *schema.Schema, x *ast.Name) *diag.Error {
	return (&binder{sch: sch}).unknownAttribute(x)
}

// UnknownEvent is the error of an event that does not exist, with what may have been meant.
func UnknownEvent(sch *schema.Schema, n ast.Ident) *diag.Error {
	return (&binder{sch: sch}).unknownEvent(n)
}

// NoProperty is the error of a property that no event of these has, with what may have been meant.
func NoProperty(sch *schema.Schema, at diag.Span, events []*schema.EventType, name string) *diag.Error {
	return (&binder{sch: sch}).noAggregateProperty(at, events, name)
}

// EventNames returns the names of a schema's events.
func EventNames(sch *schema.Schema) []string { return (&binder{sch: sch}).eventNames() }
