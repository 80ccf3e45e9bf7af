package bind

import (
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// inferredScale is the scale of a DECIMAL that open schema infers: types never change, so the first value
// must not decide how many decimals the later ones may have.
const inferredScale = 6

// Infer returns the type that open schema gives a name when this is its first value, and false for null,
// which says nothing about the type (LANGUAGE.md §5.15).
func Infer(v schema.Value) (schema.Type, bool) {
	switch v.Kind {
	case schema.KindNull, schema.KindDuration:
		return schema.Type{}, false
	case schema.KindDecimal:
		if v.Scale > inferredScale {
			return schema.Type{Kind: schema.KindFloat}, true
		}
		return schema.Type{Kind: schema.KindDecimal, Scale: inferredScale}, true
	case schema.KindText:
		return inferText(v.S), true
	}
	return schema.Type{Kind: v.Kind}, true
}

func inferText(s string) schema.Type {
	_, p, err := calendar.UTC.ParseInstant(s)
	switch {
	case err == nil && p == calendar.ToDay:
		return schema.Type{Kind: schema.KindDate}
	case err == nil && p > calendar.ToDay:
		return schema.Type{Kind: schema.KindTimestamp}
	}
	return schema.Type{Kind: schema.KindText}
}

// inferExpr is Infer for an expression that is not computed yet.
func inferExpr(e plan.Expr) (schema.Type, bool) {
	if c, ok := isConst(e); ok {
		return Infer(c.Value)
	}
	t := e.Type()
	if t.Quotient || t.Scale == plan.AnyScale {
		return schema.Type{Kind: schema.KindFloat}, true
	}
	return Infer(schema.Value{Kind: t.Kind, Scale: t.Scale})
}

// assigned binds the value of an assignment to a type: a constant of it, a plan.Cast that must fit, or a
// null constant.
func (b *binder) assigned(name string, t schema.Type, o operand) (plan.Expr, error) {
	c, ok := isConst(o.e)
	switch {
	case isNull(o.e):
		return &plan.Const{}, nil
	case ok:
		return b.assignedConst(name, t, o, c)
	case !assignable(b, o.e, t):
		return nil, b.noAssign(name, t, o)
	case o.e.Type().Type == t && !isFileText(b, o.e):
		return o.e, nil
	}
	return &plan.Cast{X: o.e, T: plan.Type{Type: t}, Must: true}, nil
}

// assignable says whether values of an expression's type may be stored as a type, row by row.
func assignable(b *binder, e plan.Expr, t schema.Type) bool {
	from := e.Type()
	switch {
	case isFileText(b, e), from.Kind == t.Kind, from.Numeric() && t.Numeric():
		return true
	case t.Kind == schema.KindText, t.Kind == schema.KindKey:
		return from.Kind == schema.KindInt || from.Kind == schema.KindText || from.Kind == schema.KindDecimal
	case from.Kind == schema.KindText:
		return true // a text column of a typed file may well hold dates and numbers
	}
	return from.Kind == schema.KindDate && t.Kind == schema.KindTimestamp
}

func (b *binder) noAssign(name string, t schema.Type, o operand) error {
	e := diag.New(diag.Type, o.x.Span(), "%s is %s; %s", quoted(name), t, o.describe())
	if isText(o.e) || isLiteral(o.x) {
		return e.WithHint("write %s = %s", quoted(name), example(t))
	}
	return e
}

func (b *binder) assignedConst(name string, t schema.Type, o operand, c *plan.Const) (plan.Expr, error) {
	v := c.Value
	switch {
	case c.T.Numeric() && t.Numeric():
		return b.assignedNumber(name, t, o, c)
	case v.Kind == schema.KindText && rank(t.Kind) > 0, v.Kind == schema.KindDate && t.Kind == schema.KindTimestamp:
		err := b.adapt(&o, plan.Type{Type: t})
		return o.e, err
	case v.Kind == schema.KindText && t.Kind == schema.KindSet:
		return b.setOfOne(name, o, v.S)
	case v.Kind != t.Kind:
		return nil, b.noAssign(name, t, o)
	case v.Kind == schema.KindText:
		return o.e, checkText(name, o.x.Span(), v.S)
	}
	return o.e, nil
}

func checkText(name string, at diag.Span, s string) error {
	if len(s) > schema.MaxTextBytes {
		return diag.New(diag.Limit, at, "the text of %s is %d bytes long; a TEXT has at most %d", quoted(name), len(s), schema.MaxTextBytes)
	}
	if !utf8.ValidString(s) {
		return diag.New(diag.Invalid, at, "the text of %s is not valid UTF-8", quoted(name))
	}
	return nil
}

func (b *binder) setOfOne(name string, o operand, s string) (plan.Expr, error) {
	if len(s) > schema.MaxSetValueBytes || !utf8.ValidString(s) {
		return nil, diag.New(diag.Limit, o.x.Span(), "a value of the set %s is UTF-8 of at most %d bytes", quoted(name), schema.MaxSetValueBytes)
	}
	return &plan.Const{Value: schema.Value{Kind: schema.KindSet, Set: []string{s}}, T: plan.Of(schema.KindSet)}, nil
}

// assignedNumber brings a constant number to a type without rounding.
func (b *binder) assignedNumber(name string, t schema.Type, o operand, c *plan.Const) (plan.Expr, error) {
	switch {
	case c.T.Type == t:
		return c, nil
	case t.Kind == schema.KindFloat:
		f, _ := strconv.ParseFloat(decimalText(c.Value), 64)
		return &plan.Const{Value: schema.Value{Kind: t.Kind, F: f}, T: plan.Type{Type: t}}, nil
	case c.T.Kind == schema.KindFloat:
		return &plan.Cast{X: c, T: plan.Type{Type: t}, Must: true}, nil
	}
	i, scale := c.Value.I, c.Value.Scale
	for ; scale > t.Scale && i%10 == 0; scale-- {
		i /= 10
	}
	if scale > t.Scale {
		return nil, diag.New(diag.Type, o.x.Span(), "%s has more decimals than %s, which is %s", text(o.x), quoted(name), t)
	}
	for ; scale < t.Scale; scale++ {
		if i*10/10 != i {
			return nil, diag.New(diag.Overflow, o.x.Span(), "%s is too large for %s, which is %s", text(o.x), quoted(name), t)
		}
		i *= 10
	}
	return &plan.Const{Value: schema.Value{Kind: t.Kind, Scale: t.Scale, I: i}, T: plan.Type{Type: t}}, nil
}

// decimalText returns an INT or DECIMAL as digits.
func decimalText(v schema.Value) string {
	return strconv.FormatInt(v.I, 10) + "e-" + strconv.Itoa(int(v.Scale))
}

// target finds the attribute that an assignment names. isNew is set for one that open schema will make,
// whose type is not known yet.
func (b *binder) target(n ast.Name) (a schema.Attribute, isNew bool, err error) {
	name := dotted(n.Parts)
	if name == "id" {
		return a, false, diag.New(diag.Invalid, n.Span(), "the id of a contact does not change").
			WithHint("write it after UPSERT CONTACT")
	}
	if a, ok := b.sch.Attr(name); ok {
		return a, false, nil
	}
	if b.sch.Options.Mode == schema.Strict {
		e := b.unknownAttribute(&n)
		e.Msg += "; the base is strict"
		e.Hint = joinHints(e.Hint, "create it with CREATE ATTRIBUTE "+quoted(name)+" …")
		return a, false, e
	}
	return schema.Attribute{Name: name}, true, checkName(n.Span(), "an attribute", name, reservedAttributes)
}

func joinHints(a, b string) string {
	if a == "" {
		return b
	}
	return a + " Or " + b
}

// twice reports a name that is assigned to twice.
func twice(assigns []ast.Assign) error {
	seen := make(map[string]bool, len(assigns))
	for _, a := range assigns {
		name := dotted(a.Name.Parts)
		if seen[name] {
			return diag.New(diag.Invalid, a.Name.Span(), "%s is assigned twice", quoted(name))
		}
		seen[name] = true
	}
	return nil
}

// ContactID binds the id of a contact: a text or a parameter that is one.
func ContactID(x ast.Expr, opt Options) (string, error) {
	b := &binder{zone: calendar.UTC, params: opt.Params, scope: scope{kind: ofConstant}, clock: opt.Clock, sch: &schema.Schema{}}
	return b.contactID(x)
}

func (b *binder) contactID(x ast.Expr) (string, error) {
	return b.idText(x, "a contact's id")
}

func (b *binder) idText(x ast.Expr, what string) (string, error) {
	o, err := b.operand(x)
	if err != nil {
		return "", err
	}
	c, ok := isConst(o.e)
	if !ok || c.Value.Kind != schema.KindText {
		return "", diag.New(diag.Type, x.Span(), "%s is text; %s", what, o.describe()).WithHint("write %s", quoteText(text(x)))
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
		return diag.New(diag.Invalid, at, "%s cannot be called %s: the system uses that name", what, quoted(name)).WithHint("choose another name")
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
