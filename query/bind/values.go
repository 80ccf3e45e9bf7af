package bind

import (
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/names"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/typing"
	"github.com/musterdb/muster/storage/schema"
)

// Values binds the expressions of a statement that writes: they are constants, or stand over the columns of
// a file.
type Values struct{ b *binder }

// Constants returns a binder of values in which names have no meaning.
func Constants(sch *schema.Schema, opt Options) (*Values, error) {
	b, err := newBinder(sch, opt, names.Scope{Kind: names.OfConstant})
	return &Values{b}, err
}

// OverColumns returns a binder of values in which names are the columns of a file.
func OverColumns(columns []Column, sch *schema.Schema, opt Options) (*Values, error) {
	b, err := newBinder(sch, opt, names.Scope{Kind: names.OfFile, Columns: columns})
	return &Values{b}, err
}

// OverContact returns a binder of values in which names are attributes of the contact that is changed.
func OverContact(sch *schema.Schema, opt Options) (*Values, error) {
	b, err := newBinder(sch, opt, names.Scope{})
	return &Values{b}, err
}

// Operand binds a value.
func (v *Values) Operand(x ast.Expr) (typing.Operand, error) { return v.b.operand(x) }

// Assigned binds a value to the type of the name it is assigned to: a constant of it, a plan.Cast that must
// fit, or a null constant.
func (v *Values) Assigned(name string, t schema.Type, o typing.Operand) (plan.Expr, error) {
	return v.b.assigned(name, t, o)
}

// Instant binds a constant that names an instant, in ms, or a day, whose first it is; after is the word
// that it follows, for errors.
func (v *Values) Instant(x ast.Expr, after string) (int64, error) {
	m, err := v.b.moment(x, after)
	return m.MS, err
}

// TextColumn returns the column of texts of any type that an expression is.
func (v *Values) TextColumn(e plan.Expr) (Column, bool) {
	if !isFileText(v.b, e) {
		return Column{}, false
	}
	return v.b.scope.Columns[e.(*plan.Prop).ByEvent[0]], true
}
