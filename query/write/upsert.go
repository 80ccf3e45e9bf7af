package write

import (
	"errors"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/typing"
	"github.com/musterdb/muster/storage/schema"
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
func Upsert(s *ast.Upsert, sch *schema.Schema, opt bind.Options) (*UpsertPlan, error) {
	if err := bind.CheckParameters(s, opt.Params); err != nil {
		return nil, err
	}
	b, err := constants(sch, opt)
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
	o, err := b.Operand(a.X)
	if err != nil {
		return changeHint(err, a)
	}
	if isNew {
		var known bool
		if attr.Type, known = typing.InferExpr(o.E); !known {
			return nil // null of what does not exist
		}
		out.NewAttrs = append(out.NewAttrs, attr)
	}
	return b.upsertValue(out, attr, OpSet, o)
}

func (b *binder) upsertValue(out *UpsertPlan, attr schema.Attribute, op SetOp, o typing.Operand) error {
	v, err := b.Assigned(attr.Name, attr.Type, o)
	if err != nil {
		return err
	}
	if plan.Nothing(v) {
		if attr.ID == schema.AttrCreatedAt {
			return diag.New(diag.Invalid, o.X.Span(), "created_at is never null")
		}
		op, v = OpNull, nil
	}
	out.Sets = append(out.Sets, Assignment{attr, op, v})
	return nil
}

// selfReference recognises x = x + v and x = x - v.
func selfReference(a ast.Assign) (v ast.Expr, op ast.Op, ok bool) {
	bin, ok := ast.Bare(a.X).(*ast.Binary)
	if !ok || bin.Op != ast.OpAdd && bin.Op != ast.OpSub {
		return nil, 0, false
	}
	n, ok := ast.Bare(bin.X).(*ast.Name)
	return bin.Y, binOp(bin), ok && ast.Dotted(n.Parts) == ast.Dotted(a.Name.Parts)
}

func binOp(b *ast.Binary) ast.Op { return b.Op }

// changeHint adds what an assignment may say of the old value.
func changeHint(err error, a ast.Assign) error {
	d, ok := errors.AsType[*diag.Error](err)
	if !ok || d.Code != diag.Invalid || !mentions(a.X, ast.Dotted(a.Name.Parts)) {
		return err
	}
	name := phrase.Name(ast.Dotted(a.Name.Parts))
	d.Msg = "an assignment may add to the old value or take from it, nothing else"
	return d.WithHint("write %s = %[1]s + 1, %[1]s = %[1]s - 1, or for a set %[1]s = %[1]s + 'vip', %[1]s = %[1]s - 'vip'", name)
}

// mentions says whether an arithmetic expression names something.
func mentions(x ast.Expr, name string) bool {
	switch x := ast.Bare(x).(type) {
	case *ast.Name:
		return ast.Dotted(x.Parts) == name
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
	o, err := b.Operand(x)
	if err != nil {
		return err
	}
	if isNew {
		attr.Type = schema.Type{Kind: schema.KindSet}
		if o.E.Type().Numeric() {
			attr.Type, _ = typing.InferExpr(o.E)
		}
		out.NewAttrs = append(out.NewAttrs, attr)
	}
	switch {
	case plan.Nothing(o.E):
		return diag.New(diag.Invalid, x.Span(), "NULL cannot be added").WithHint("write %s = NULL", phrase.Name(attr.Name))
	case attr.Type.Kind == schema.KindSet && op == ast.OpAdd:
		return b.upsertValue(out, attr, OpAdd, o)
	case attr.Type.Kind == schema.KindSet:
		return b.upsertValue(out, attr, OpRemove, o)
	case !attr.Type.Numeric():
		return diag.New(diag.Type, x.Span(), "%s is %s; only numbers and sets can be added to", phrase.Name(attr.Name), attr.Type)
	case op == ast.OpSub:
		o.E = typing.Negation(o.E)
	}
	return b.upsertValue(out, attr, OpAdd, o)
}
