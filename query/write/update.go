package write

import (
	"strconv"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/names"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/typing"
	"github.com/musterdb/muster/storage/schema"
)

// UpdatePlan is UPDATE contacts, bound. Rows asks for the contacts to change: its first item is the id, the
// others are what RowSets store. Sets change every one of them in the same way. Where NewAttrs is not empty
// the base has to get these attributes (their ids are 0) before the statement is bound again under the new
// schema.
type UpdatePlan struct {
	Rows     *plan.Query
	Sets     []Assignment
	RowSets  []RowSet
	NewAttrs []schema.Attribute
}

// RowSet stores the value of an item of UpdatePlan.Rows in an attribute, null too, except that created_at is
// never null. The item has the attribute's type; a plan.Cast with Must that does not fit is an error of the row.
type RowSet struct {
	Attr schema.Attribute // ID 0: it is among NewAttrs
	Item int
}

// Update binds UPDATE contacts SET … WHERE ….
func Update(s *ast.Update, sch *schema.Schema, opt bind.Options) (*UpdatePlan, error) {
	if err := updatable(s, sch); err != nil {
		return nil, err
	}
	if err := twice(s.Set); err != nil {
		return nil, err
	}
	if err := bind.CheckParameters(s, opt.Params); err != nil {
		return nil, err
	}
	u := &updater{binder: binder{sch: sch, clock: opt.Clock}}
	var err error
	if u.Values, err = bind.OverContact(sch, opt); err != nil {
		return nil, err
	}
	if u.out.Rows, err = bind.Rows(bind.ContactsTable, s.Where, sch, opt); err != nil {
		return nil, err
	}
	for _, a := range s.Set {
		if err := u.assign(a); err != nil {
			return nil, err
		}
	}
	u.out.Rows.Visible = len(u.out.Rows.Items)
	return &u.out, nil
}

// updatable checks the table and that there is a WHERE.
func updatable(s *ast.Update, sch *schema.Schema) error {
	n := s.Table
	if n.Name != bind.ContactsTable {
		if _, ok := sch.Event(n.Name); ok {
			return diag.New(diag.Invalid, n.At, "%s is an event; events that happened are not updated", phrase.Name(n.Name)).
				WithHint("remove them with DELETE FROM %s WHERE …, and TRACK or COPY what is right", phrase.Name(n.Name))
		}
		e := phrase.Unknown(n.At, "table", n.Name, []string{bind.ContactsTable})
		if e.Hint == "" {
			e = e.WithHint("write UPDATE contacts SET …")
		}
		return e
	}
	if s.Where == nil {
		return diag.New(diag.Invalid, n.At, "UPDATE without WHERE would change every contact").
			WithHint("add WHERE and a condition; WHERE TRUE if every contact is meant")
	}
	return nil
}

// updater binds the assignments of one UPDATE.
type updater struct {
	binder
	out UpdatePlan
}

func (u *updater) assign(a ast.Assign) error {
	attr, isNew, err := u.target(a.Name)
	if err != nil {
		return err
	}
	if x, op, ok := selfReference(a); ok {
		if done, err := u.change(attr, isNew, op, x); done || err != nil {
			return err
		}
	}
	o, err := u.Operand(a.X)
	if err != nil {
		return err
	}
	if isNew {
		var known bool
		if attr.Type, known = inferRow(o.E); !known {
			return nil // null of what does not exist
		}
		u.out.NewAttrs = append(u.out.NewAttrs, attr)
	}
	if _, ok := plan.AsConst(o.E); ok {
		return u.constant(func(up *UpsertPlan) error { return u.upsertValue(up, attr, OpSet, o) })
	}
	return u.row(attr, o)
}

// change binds x = x + v and x = x - v where v is a constant; done is false where it is not.
func (u *updater) change(attr schema.Attribute, isNew bool, op ast.Op, x ast.Expr) (done bool, err error) {
	o, err := u.Operand(x)
	if err != nil {
		return false, nil // the whole expression says what is wrong, or is right: birthday + 1mo
	}
	if _, ok := plan.AsConst(o.E); !ok || attr.ID == schema.AttrCreatedAt || !isNew && !attr.Type.Numeric() && attr.Type.Kind != schema.KindSet {
		return false, nil
	}
	return true, u.constant(func(up *UpsertPlan) error { return u.upsertChange(up, attr, isNew, op, x) })
}

// constant takes over what an assignment of UPSERT would be.
func (u *updater) constant(bound func(*UpsertPlan) error) error {
	up := UpsertPlan{}
	err := bound(&up)
	u.out.Sets, u.out.NewAttrs = append(u.out.Sets, up.Sets...), append(u.out.NewAttrs, up.NewAttrs...)
	return err
}

// row binds an assignment whose value differs from contact to contact. Nothing is rounded or read out of a
// text unless the statement says so.
func (u *updater) row(attr schema.Attribute, o typing.Operand) error {
	if err := fits(attr, o); err != nil {
		return err
	}
	x, err := u.Assigned(attr.Name, attr.Type, o)
	if err != nil {
		return err
	}
	u.out.RowSets = append(u.out.RowSets, RowSet{attr, len(u.out.Rows.Items)})
	u.out.Rows.Items = append(u.out.Rows.Items, plan.Item{Name: attr.Name, X: x})
	return nil
}

// fits refuses values that would have to be rounded or read.
func fits(attr schema.Attribute, o typing.Operand) error {
	from, to := o.E.Type(), attr.Type
	cast := "write TRY_CAST(" + phrase.Expr(o.X) + " AS " + to.String() + "), which is null where it does not fit"
	if to.Kind == schema.KindSet {
		cast = "a set takes fixed texts: write " + phrase.Name(attr.Name) + " = " + phrase.Name(attr.Name) + " + 'a'"
	}
	exact := to.Kind == schema.KindInt || to.Kind == schema.KindDecimal
	switch {
	case exact && from.Kind == schema.KindFloat, from.Kind == schema.KindText && to.Kind != schema.KindText && to.Kind != schema.KindKey:
		return diag.New(diag.Type, o.X.Span(), "%s is %s; %s", phrase.Name(attr.Name), to, o.Describe()).WithHint("%s", cast)
	case exact && from.Numeric() && (from.Quotient || from.Scale > to.Scale):
		return diag.New(diag.Type, o.X.Span(), "%s has more decimals than %s, which is %s", phrase.Expr(o.X), phrase.Name(attr.Name), to).
			WithHint("write round(%s%s)", phrase.Expr(o.X), decimals(to))
	}
	return nil
}

// decimals is the second argument of round.
func decimals(t schema.Type) string {
	if t.Scale == 0 {
		return ""
	}
	return ", " + strconv.Itoa(int(t.Scale))
}

// inferRow is the type of an attribute that nobody declared: that of the expression if it can be stored.
func inferRow(x plan.Expr) (schema.Type, bool) {
	t := x.Type()
	if _, ok := plan.AsConst(x); !ok && t.Storable() && !t.Quotient {
		return t.Type, true
	}
	return typing.InferExpr(x)
}

// DeleteEvents binds DELETE FROM event WHERE condition: a query over the events to remove, whose items are
// contact and time.
func DeleteEvents(s *ast.DeleteEvents, sch *schema.Schema, opt bind.Options) (*plan.Query, error) {
	n := s.From
	if n.Name == bind.ContactsTable {
		return nil, diag.New(diag.Invalid, n.At, "DELETE FROM removes events; contacts are deleted one by one").
			WithHint("write DELETE CONTACT 'id'")
	}
	if _, ok := sch.Event(n.Name); !ok {
		return nil, names.UnknownEvent(sch, n)
	}
	if s.Where == nil {
		return nil, diag.New(diag.Invalid, n.At, "DELETE FROM %s without WHERE would remove every event", phrase.Name(n.Name)).
			WithHint("add WHERE and a condition; WHERE TRUE, or DROP EVENT %s, if all are meant", phrase.Name(n.Name))
	}
	if err := bind.CheckParameters(s, opt.Params); err != nil {
		return nil, err
	}
	return bind.Rows(n.Name, s.Where, sch, opt)
}
