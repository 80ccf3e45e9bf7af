package write

import (
	"slices"
	"unicode/utf8"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/names"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// binder binds one statement.
type binder struct {
	*bind.Values
	sch   *schema.Schema
	clock int64
}

func constants(sch *schema.Schema, opt bind.Options) (*binder, error) {
	v, err := bind.Constants(sch, opt)
	return &binder{v, sch, opt.Clock}, err
}

// target finds the attribute that an assignment names. isNew is set for one that open schema will make,
// whose type is not known yet.
func (b *binder) target(n ast.Name) (a schema.Attribute, isNew bool, err error) {
	name := ast.Dotted(n.Parts)
	if name == "id" {
		return a, false, diag.New(diag.Invalid, n.Span(), "the id of a contact does not change").
			WithHint("write it after UPSERT CONTACT")
	}
	if a, ok := b.sch.Attr(name); ok {
		return a, false, nil
	}
	if b.sch.Options.Mode == schema.Strict {
		e := names.UnknownAttribute(b.sch, &n)
		e.Msg += "; the base is strict"
		e.Hint = phrase.JoinHints(e.Hint, "create it with CREATE ATTRIBUTE "+phrase.Name(name)+" …")
		return a, false, e
	}
	return schema.Attribute{Name: name}, true, checkName(n.Span(), "an attribute", name, reservedAttributes)
}

// twice reports a name that is assigned to twice.
func twice(assigns []ast.Assign) error {
	seen := make(map[string]bool, len(assigns))
	for _, a := range assigns {
		name := ast.Dotted(a.Name.Parts)
		if seen[name] {
			return diag.New(diag.Invalid, a.Name.Span(), "%s is assigned twice", phrase.Name(name))
		}
		seen[name] = true
	}
	return nil
}

// ContactID binds the id of a contact, the only expression of its statement: a text or a parameter that is one.
func ContactID(x ast.Expr, opt bind.Options) (string, error) {
	if err := bind.CheckParameters(&ast.DeleteContact{ID: x}, opt.Params); err != nil {
		return "", err
	}
	b, err := constants(&schema.Schema{}, opt)
	if err != nil {
		return "", err
	}
	return b.contactID(x)
}

func (b *binder) contactID(x ast.Expr) (string, error) {
	return b.idText(x, "a contact's id")
}

func (b *binder) idText(x ast.Expr, what string) (string, error) {
	o, err := b.Operand(x)
	if err != nil {
		return "", err
	}
	c, ok := plan.AsConst(o.E)
	if !ok || c.Value.Kind != schema.KindText {
		return "", diag.New(diag.Type, x.Span(), "%s is text; %s", what, o.Describe()).WithHint("%s", phrase.AsText(x))
	}
	return c.Value.S, checkID(x.Span(), what, c.Value.S)
}

func checkID(at diag.Span, what, s string) error {
	switch {
	case s == "":
		return diag.New(diag.Invalid, at, "%s is not empty", what)
	case len(s) > schema.MaxIDBytes:
		return diag.New(diag.Limit, at, "%s is at most %d bytes long", what, schema.MaxIDBytes)
	case !utf8.ValidString(s):
		return diag.New(diag.Invalid, at, "%s is valid UTF-8", what)
	}
	return nil
}

// checkName checks a name that is to be created.
func checkName(at diag.Span, what, name string, reserved []string) error {
	switch {
	case name == "":
		return diag.New(diag.Invalid, at, "the name of %s is not empty", what)
	case len(name) > schema.MaxNameBytes:
		return diag.New(diag.Limit, at, "the name of %s is at most %d bytes long", what, schema.MaxNameBytes)
	case !utf8.ValidString(name) || hasControl(name):
		return diag.New(diag.Invalid, at, "the name of %s is UTF-8 without control characters", what)
	case slices.Contains(reserved, name):
		return diag.New(diag.Invalid, at, "%s cannot be called %s: the system uses that name", what, phrase.Name(name)).WithHint("choose another name")
	}
	return nil
}

func hasControl(s string) bool {
	for _, r := range s {
		if r < ' ' || r == 0x7f {
			return true
		}
	}
	return false
}
