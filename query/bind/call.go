package bind

import (
	"regexp"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/names"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/typing"
	"github.com/musterdb/muster/storage/schema"
)

// call binds a function of single values.
func (b *binder) call(x *ast.Call) (plan.Expr, error) {
	f, ok := typing.Functions[x.Fn.Name]
	if !ok {
		return nil, b.noFunction(x)
	}
	if n := len(x.Args); n < f.Min || n > f.Max {
		return nil, diag.New(diag.Invalid, x.At, "%s takes %s, not %d", x.Fn.Name, f.Arity(), n).WithHint("write %s", f.Usage)
	}
	if f.Takes == typing.NoArgument {
		if x.Fn.Name == "now" {
			return plan.IntConst(schema.KindTimestamp, b.clock), nil
		}
		return plan.IntConst(schema.KindDate, b.time().Today()), nil
	}
	args, err := b.operands(x.Args)
	if err != nil {
		return nil, err
	}
	t, err := b.arguments(x, f, args)
	if err != nil {
		return nil, err
	}
	if f.Fn == plan.FnDateTrunc {
		if c, ok := plan.AsConst(args[1].E); ok && !c.Value.Null() {
			return b.truncated(args[0].E.(*plan.Const).Value.S, c), nil
		}
	}
	out := &plan.Call{Fn: f.Fn, T: t}
	for _, a := range args {
		out.Args = append(out.Args, a.E)
	}
	return b.yearsThen(out), nil
}

// truncated computes date_trunc of a constant, so that it may end a window.
func (b *binder) truncated(unit string, c *plan.Const) plan.Expr {
	u, _ := calendar.ParseUnit(unit)
	if c.T.Kind == schema.KindDate {
		return plan.IntConst(schema.KindDate, calendar.TruncDay(u, c.Value.I))
	}
	return plan.IntConst(schema.KindTimestamp, b.zone.Trunc(u, c.Value.I))
}

func (b *binder) noFunction(x *ast.Call) error {
	if x.Fn.Name == "version" {
		return diag.New(diag.Invalid, x.At, "version(…) stands in a comparison").WithHint("write version(app) < version('2.10.1')")
	}
	e := diag.New(diag.Name, x.Fn.At, "there is no function %s", phrase.Name(x.Fn.Name))
	if other, ok := typing.Foreign[x.Fn.Name]; ok {
		return e.WithHint("write %s", other)
	}
	if near, ok := diag.Suggest(x.Fn.Name, typing.FunctionNames()); ok {
		return e.WithHint("did you mean %s?", near)
	}
	if _, ok := b.sch.Event(x.Fn.Name); ok {
		return e.WithHint("%s is an event; conditions on it stand in square brackets: DID %[1]s[…]", phrase.Name(x.Fn.Name))
	}
	return e
}

// arguments checks and adapts a function's arguments and returns the function's type.
func (b *binder) arguments(x *ast.Call, f typing.Function, args []operand) (plan.Type, error) {
	switch f.Takes {
	case typing.AnyValues:
		t, err := b.unify(args, "the arguments of "+x.Fn.Name)
		if err == nil && f.Fn != plan.FnCoalesce && !typing.Ordered(t.Kind) {
			err = diag.New(diag.Type, x.At, "%s has no order, so there is no %s", phrase.Type(t), x.Fn.Name)
		}
		return t, err
	case typing.ANumber:
		return b.numbers(x, f, args)
	case typing.AUnit:
		return b.unitAndTime(args)
	case typing.ASalt:
		if !typing.IsText(args[0].E) {
			return plan.Type{}, diag.New(diag.Type, args[0].X.Span(), "bucket takes a fixed text").WithHint("write %s", f.Usage)
		}
		if b.scope.group != nil {
			return plan.Type{}, b.notGrouped(x, plan.Of(schema.KindInt))
		}
		if b.scope.Kind == names.OfFile || b.scope.Kind == names.OfConstant {
			return plan.Type{}, diag.New(diag.Invalid, x.At, "bucket(…) is asked of a contact, which is not known here")
		}
		return plan.Of(schema.KindInt), nil
	}
	return b.oneArgument(x, f, &args[0])
}

func (b *binder) oneArgument(x *ast.Call, f typing.Function, o *operand) (plan.Type, error) {
	want, result := schema.KindText, plan.Of(schema.KindInt)
	switch f.Takes {
	case typing.ATime, typing.AnInstant:
		if (typing.IsText(o.E) || isFileText(b, o.E)) && !typing.IsTime(o.E) {
			if err := b.adapt(o, plan.Of(schema.KindTimestamp)); err != nil {
				return result, err
			}
		}
		want = schema.KindTimestamp
		if f.Takes == typing.ATime && o.E.Type().Kind == schema.KindDate {
			want = schema.KindDate
		}
	case typing.ASet:
		want = schema.KindSet
	default:
		if f.Fn != plan.FnLength {
			result = plan.Of(schema.KindText)
		}
	}
	if k := o.E.Type().Kind; k != want && k != schema.KindNull {
		return result, b.wrongArgument(x, f, *o, want)
	}
	return result, nil
}

func (b *binder) wrongArgument(x *ast.Call, f typing.Function, o operand, want schema.Kind) error {
	what := want.String()
	if f.Takes == typing.ATime {
		what = "DATE or TIMESTAMP"
	}
	e := diag.New(diag.Type, o.X.Span(), "%s takes %s; %s", x.Fn.Name, what, o.Describe())
	switch k := o.E.Type().Kind; {
	case f.Fn == plan.FnLength && k == schema.KindSet:
		return e.WithHint("write size(%s)", phrase.Expr(o.X))
	case f.Fn == plan.FnSize && k == schema.KindText:
		return e.WithHint("write length(%s)", phrase.Expr(o.X))
	case f.Fn == plan.FnHour && k == schema.KindDate:
		return e.WithHint("a DATE is a day without hours")
	case f.Takes == typing.ATime && k == schema.KindText:
		return e.WithHint("if it holds dates, write %s(TRY_CAST(%s AS DATE))", x.Fn.Name, phrase.Expr(o.X))
	}
	return e
}

func (b *binder) numbers(x *ast.Call, f typing.Function, args []operand) (plan.Type, error) {
	for i := range args {
		b.number(&args[i])
		t := args[i].E.Type()
		if !t.Numeric() && t.Kind != schema.KindNull && (f.Fn != plan.FnAbs || t.Kind != schema.KindDuration) {
			return t, diag.New(diag.Type, args[i].X.Span(), "%s takes numbers; %s", x.Fn.Name, args[i].Describe())
		}
	}
	switch f.Fn {
	case plan.FnDistanceKM:
		return plan.Of(schema.KindFloat), nil
	case plan.FnRound:
		return rounded(x, args)
	}
	return args[0].E.Type(), nil
}

// rounded is the type of round(x, n): a DECIMAL with n decimals, an INT without.
func rounded(x *ast.Call, args []operand) (plan.Type, error) {
	n := int64(0)
	if len(args) == 2 {
		c, ok := plan.AsConst(args[1].E)
		if !ok || c.Value.Kind != schema.KindInt || c.Value.I < -schema.MaxScale || c.Value.I > schema.MaxScale {
			return plan.Type{}, diag.New(diag.Type, args[1].X.Span(), "round takes a fixed number of decimals, at most %d", schema.MaxScale).
				WithHint("write round(%s, 2)", phrase.Expr(x.Args[0]))
		}
		n = c.Value.I
	}
	t := args[0].E.Type()
	switch {
	case t.Kind == schema.KindFloat || t.Kind == schema.KindNull:
		return t, nil
	case n <= 0 || t.Kind == schema.KindInt:
		return plan.Of(schema.KindInt), nil
	}
	return plan.Type{Type: schema.Type{Kind: schema.KindDecimal, Scale: uint8(n)}}, nil
}

func (b *binder) unitAndTime(args []operand) (plan.Type, error) {
	none := plan.Type{}
	c, ok := plan.AsConst(args[0].E)
	if !ok || c.Value.Kind != schema.KindText {
		return none, diag.New(diag.Type, args[0].X.Span(), "date_trunc takes a unit first").WithHint("write date_trunc('month', x)")
	}
	u, ok := calendar.ParseUnit(c.Value.S)
	if !ok {
		e := diag.New(diag.Invalid, args[0].X.Span(), "there is no unit %s", phrase.Text(c.Value.S))
		if near, ok := diag.Suggest(c.Value.S, calendar.UnitNames()); ok {
			return none, e.WithHint("did you mean '%s'?", near)
		}
		return none, e.WithHint("the units are %s", phrase.List(calendar.UnitNames()))
	}
	if typing.IsText(args[1].E) || isFileText(b, args[1].E) {
		if err := b.adapt(&args[1], plan.Of(schema.KindTimestamp)); err != nil {
			return none, err
		}
	}
	t := args[1].E.Type()
	if !typing.IsTime(args[1].E) && t.Kind != schema.KindNull {
		return none, diag.New(diag.Type, args[1].X.Span(), "date_trunc takes a DATE or TIMESTAMP; %s", args[1].Describe())
	}
	if t.Kind == schema.KindDate && u < calendar.UnitDay {
		return none, diag.New(diag.Type, args[0].X.Span(), "a DATE has no %ss", u)
	}
	return t, nil
}

func isVersion(x ast.Expr) bool {
	c, ok := ast.Bare(x).(*ast.Call)
	return ok && c.Fn.Name == "version"
}

// versionSide binds version(x), or a text opposite to one.
func (b *binder) versionSide(x ast.Expr) (plan.Expr, error) {
	arg := x
	c, called := ast.Bare(x).(*ast.Call)
	called = called && isVersion(x)
	if called {
		if len(c.Args) != 1 {
			return nil, diag.New(diag.Invalid, c.At, "version takes one argument").WithHint("write version(app)")
		}
		arg = c.Args[0]
	}
	o, err := b.operand(arg)
	if err != nil {
		return nil, err
	}
	if k := o.E.Type().Kind; k != schema.KindText {
		return nil, diag.New(diag.Type, arg.Span(), "a version is text; %s", o.Describe()).WithHint("write version(app) < '2.10.1'")
	}
	if !called && !typing.IsText(o.E) {
		return nil, diag.New(diag.Type, arg.Span(), "a version compares with a version").WithHint("write version(%s)", phrase.Expr(arg))
	}
	if !called {
		return o.E, nil
	}
	return &plan.Call{Fn: plan.FnVersion, Args: []plan.Expr{o.E}, T: plan.Of(schema.KindText)}, nil
}

func (b *binder) compareVersions(op ast.Op, x, y ast.Expr) (plan.Expr, error) {
	l, err := b.versionSide(x)
	if err != nil {
		return nil, err
	}
	r, err := b.versionSide(y)
	if err != nil {
		return nil, err
	}
	return &plan.Cmp{Op: cmpOp(op), X: l, Y: r, Version: true}, nil
}

func (b *binder) betweenVersions(x *ast.Between) (plan.Expr, error) {
	ge, err := b.compareVersions(ast.OpGe, x.X, x.Lo)
	if err != nil {
		return nil, err
	}
	le, err := b.compareVersions(ast.OpLe, x.X, x.Hi)
	if err != nil {
		return nil, err
	}
	return negated(x.Not, &plan.And{Terms: []plan.Expr{ge, le}}), nil
}

// maxPattern bounds a regular expression, in bytes.
const maxPattern = 1024

// match binds LIKE and its kind.
func (b *binder) match(x *ast.Binary) (plan.Expr, error) {
	l, r, err := b.sides(x)
	if err != nil {
		return nil, err
	}
	if k := l.E.Type().Kind; k != schema.KindText {
		return nil, noMatch(x, l)
	}
	c, ok := plan.AsConst(r.E)
	switch {
	case !ok:
		return nil, phrase.NotYet(x.Y.Span(), "%s with a pattern that is not a fixed text", x.Op)
	case c.Value.Null():
		return typing.Unknown(), nil
	case c.Value.Kind != schema.KindText:
		return nil, diag.New(diag.Type, x.Y.Span(), "%s takes a text; %s", x.Op, r.Describe()).WithHint("%s", phrase.AsText(x.Y))
	}
	out := &plan.Match{Op: plan.Like + plan.MatchOp(x.Op-ast.OpLike), X: l.E, Pattern: c.Value.S}
	if out.Op == plan.Matches {
		err = checkPattern(x.Y.Span(), c.Value.S)
	}
	return negated(x.Not, out), err
}

func checkPattern(at diag.Span, pattern string) error {
	if len(pattern) > maxPattern {
		return diag.New(diag.Limit, at, "a regular expression is at most %d bytes long", maxPattern)
	}
	if _, err := regexp.Compile(pattern); err != nil {
		return diag.New(diag.Invalid, at, "this is no regular expression (RE2): %v", err)
	}
	return nil
}

func noMatch(x *ast.Binary, l operand) error {
	e := diag.New(diag.Type, x.X.Span(), "%s tests a text; %s", x.Op, l.Describe())
	switch l.E.Type().Kind {
	case schema.KindSet:
		return e.WithHint("write %s HAS %s", phrase.Expr(x.X), phrase.Expr(x.Y))
	case schema.KindDate, schema.KindTimestamp:
		return e.WithHint("write %s DURING '2026-04' for a month", phrase.Expr(x.X))
	}
	return e
}

var hasModes = [...]plan.SetMode{plan.SetAny, plan.SetAny, plan.SetAll, plan.SetNone}

// has binds HAS.
func (b *binder) has(x *ast.Has) (plan.Expr, error) {
	l, err := b.set(x.X)
	if err != nil {
		return nil, err
	}
	values, err := b.operands(x.Values)
	if err != nil {
		return nil, err
	}
	mode := hasModes[x.Mode]
	if len(values) == 1 && !x.Bracketed && values[0].E.Type().Kind == schema.KindSet {
		if x.Mode == ast.HasOne {
			return nil, diag.New(diag.Type, x.At, "HAS takes one value; %s", values[0].Describe()).
				WithHint("write HAS ANY %s, HAS ALL %[1]s or HAS NONE %[1]s", phrase.Expr(x.Values[0]))
		}
		if c, ok := plan.AsConst(values[0].E); ok {
			return &plan.SetHas{X: l, Mode: mode, Values: c.Value.Set}, nil
		}
		return &plan.SetCmp{Mode: mode, X: l, Y: values[0].E}, nil
	}
	out := &plan.SetHas{X: l, Mode: mode}
	hasNull := false
	for _, v := range values {
		c, ok := plan.AsConst(v.E)
		switch {
		case plan.Nothing(v.E):
			hasNull = true
			continue
		case !ok && v.E.Type().Kind == schema.KindText:
			return nil, phrase.NotYet(v.X.Span(), "HAS with a value that is not a fixed text")
		case !ok || c.Value.Kind != schema.KindText:
			return nil, diag.New(diag.Type, v.X.Span(), "a set holds texts; %s", v.Describe()).WithHint("%s", phrase.AsText(v.X))
		}
		out.Values = append(out.Values, c.Value.S)
	}
	return withNull(out, hasNull), nil
}

// withNull adds an unknown value to those of a HAS: it leaves unknown what the others do not decide.
func withNull(x *plan.SetHas, hasNull bool) plan.Expr {
	switch {
	case !hasNull:
		return x
	case len(x.Values) == 0:
		return typing.Unknown()
	case x.Mode == plan.SetAny:
		return &plan.Or{Terms: []plan.Expr{x, typing.Unknown()}}
	}
	return &plan.And{Terms: []plan.Expr{x, typing.Unknown()}}
}

func (b *binder) set(x ast.Expr) (plan.Expr, error) {
	o, err := b.operand(x)
	if err != nil {
		return nil, err
	}
	if k := o.E.Type().Kind; k != schema.KindSet {
		e := diag.New(diag.Type, x.Span(), "a SET is needed here; %s", o.Describe())
		if k == schema.KindText {
			return nil, e.WithHint("write %s = 'a', or %[1]s CONTAINS 'a' for a part of the text", phrase.Expr(x))
		}
		return nil, e
	}
	return o.E, nil
}

func (b *binder) subsetOf(x *ast.SubsetOf) (plan.Expr, error) {
	l, err := b.set(x.X)
	if err != nil {
		return nil, err
	}
	r, err := b.set(x.Y)
	if err != nil {
		return nil, err
	}
	return &plan.SetCmp{Subset: true, X: l, Y: r}, nil
}
