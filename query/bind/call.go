package bind

import (
	"regexp"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// argument says what a function takes.
type argument uint8

const (
	noArgument argument = iota
	anyValues
	aText
	aNumber
	aTime // DATE or TIMESTAMP
	anInstant
	aSet
	aSalt // a constant text
	aUnit // a unit of date_trunc, then a time
)

type function struct {
	fn       plan.Fn
	takes    argument
	min, max int
	usage    string
}

const manyArguments = 100

var functions = map[string]function{
	"coalesce":    {plan.FnCoalesce, anyValues, 1, manyArguments, "coalesce(a, b)"},
	"least":       {plan.FnLeast, anyValues, 1, manyArguments, "least(a, b)"},
	"greatest":    {plan.FnGreatest, anyValues, 1, manyArguments, "greatest(a, b)"},
	"abs":         {plan.FnAbs, aNumber, 1, 1, "abs(x)"},
	"round":       {plan.FnRound, aNumber, 1, 2, "round(x) or round(x, 2)"},
	"lower":       {plan.FnLower, aText, 1, 1, "lower(name)"},
	"upper":       {plan.FnUpper, aText, 1, 1, "upper(name)"},
	"length":      {plan.FnLength, aText, 1, 1, "length(name)"},
	"domain":      {plan.FnDomain, aText, 1, 1, "domain(email)"},
	"date_trunc":  {plan.FnDateTrunc, aUnit, 2, 2, "date_trunc('month', x)"},
	"hour":        {plan.FnHour, anInstant, 1, 1, "hour(x)"},
	"weekday":     {plan.FnWeekday, aTime, 1, 1, "weekday(x)"},
	"day":         {plan.FnDay, aTime, 1, 1, "day(x)"},
	"month":       {plan.FnMonth, aTime, 1, 1, "month(x)"},
	"year":        {plan.FnYear, aTime, 1, 1, "year(x)"},
	"years_since": {plan.FnYearsSince, aTime, 1, 1, "years_since(birthday)"},
	"bucket":      {plan.FnBucket, aSalt, 1, 1, "bucket('experiment-42')"},
	"size":        {plan.FnSize, aSet, 1, 1, "size(tags)"},
	"distance_km": {plan.FnDistanceKM, aNumber, 4, 4, "distance_km(lat, lon, 52.23, 21.01)"},
	"now":         {0, noArgument, 0, 0, "now()"},
	"today":       {0, noArgument, 0, 0, "today()"},
}

func functionNames() []string {
	out := []string{"version", "count", "sum", "avg", "min", "max", "distinct", "days", "first", "last", "recency"}
	for n := range functions {
		out = append(out, n)
	}
	return out
}

// foreign are what other databases call the functions.
var foreign = map[string]string{
	"ifnull": "coalesce(a, b)", "nvl": "coalesce(a, b)", "len": "length(x)", "char_length": "length(x)", "current_date": "today()",
	"getdate": "now()", "current_timestamp": "now()", "datediff": "a - b", "dateadd": "x + 30d", "dayofweek": "weekday(x)", "ceil": "round(x)",
	"floor": "round(x)", "cast": "TRY_CAST(x AS INT)", "concat": "separate conditions", "array_length": "size(x)", "cardinality": "size(x)",
}

// call binds a function of single values.
func (b *binder) call(x *ast.Call) (plan.Expr, error) {
	f, ok := functions[x.Fn.Name]
	if !ok {
		return nil, b.noFunction(x)
	}
	if n := len(x.Args); n < f.min || n > f.max {
		return nil, diag.New(diag.Invalid, x.At, "%s takes %s, not %d", x.Fn.Name, arity(f), n).WithHint("write %s", f.usage)
	}
	if f.takes == noArgument {
		if x.Fn.Name == "now" {
			return plan.IntConst(schema.KindTimestamp, b.clock), nil
		}
		return plan.IntConst(schema.KindDate, b.today()), nil
	}
	args, err := b.operands(x.Args)
	if err != nil {
		return nil, err
	}
	t, err := b.arguments(x, f, args)
	if err != nil {
		return nil, err
	}
	if f.fn == plan.FnDateTrunc {
		if c, ok := plan.AsConst(args[1].e); ok && !c.Value.Null() {
			return b.truncated(args[0].e.(*plan.Const).Value.S, c), nil
		}
	}
	out := &plan.Call{Fn: f.fn, T: t}
	for _, a := range args {
		out.Args = append(out.Args, a.e)
	}
	return out, nil
}

// truncated computes date_trunc of a constant, so that it may end a window.
func (b *binder) truncated(unit string, c *plan.Const) plan.Expr {
	u, _ := calendar.ParseUnit(unit)
	if c.T.Kind == schema.KindDate {
		return plan.IntConst(schema.KindDate, calendar.TruncDay(u, c.Value.I))
	}
	return plan.IntConst(schema.KindTimestamp, b.zone.Trunc(u, c.Value.I))
}

func arity(f function) string {
	switch {
	case f.max == 0:
		return "no arguments"
	case f.max == manyArguments:
		return "1 to 100 arguments"
	case f.min == f.max && f.min == 1:
		return "one argument"
	case f.min == f.max:
		return string(rune('0'+f.min)) + " arguments"
	}
	return "one or two arguments"
}

func (b *binder) noFunction(x *ast.Call) error {
	if x.Fn.Name == "version" {
		return diag.New(diag.Invalid, x.At, "version(…) stands in a comparison").WithHint("write version(app) < version('2.10.1')")
	}
	e := diag.New(diag.Name, x.Fn.At, "there is no function %s", phrase.Name(x.Fn.Name))
	if other, ok := foreign[x.Fn.Name]; ok {
		return e.WithHint("write %s", other)
	}
	if near, ok := diag.Suggest(x.Fn.Name, sorted(functionNames())); ok {
		return e.WithHint("did you mean %s?", near)
	}
	if _, ok := b.sch.Event(x.Fn.Name); ok {
		return e.WithHint("%s is an event; conditions on it stand in square brackets: DID %[1]s[…]", phrase.Name(x.Fn.Name))
	}
	return e
}

// arguments checks and adapts a function's arguments and returns the function's type.
func (b *binder) arguments(x *ast.Call, f function, args []operand) (plan.Type, error) {
	switch f.takes {
	case anyValues:
		t, err := b.unify(args, "the arguments of "+x.Fn.Name)
		if err == nil && f.fn != plan.FnCoalesce && !ordered(t.Kind) {
			err = diag.New(diag.Type, x.At, "%s has no order, so there is no %s", phrase.Type(t), x.Fn.Name)
		}
		return t, err
	case aNumber:
		return b.numbers(x, f, args)
	case aUnit:
		return b.unitAndTime(args)
	case aSalt:
		if !isText(args[0].e) {
			return plan.Type{}, diag.New(diag.Type, args[0].x.Span(), "bucket takes a fixed text").WithHint("write %s", f.usage)
		}
		if b.scope.group != nil {
			return plan.Type{}, b.notGrouped(x, plan.Of(schema.KindInt))
		}
		if b.scope.kind == ofFile || b.scope.kind == ofConstant {
			return plan.Type{}, diag.New(diag.Invalid, x.At, "bucket(…) is asked of a contact, which is not known here")
		}
		return plan.Of(schema.KindInt), nil
	}
	return b.oneArgument(x, f, &args[0])
}

func (b *binder) oneArgument(x *ast.Call, f function, o *operand) (plan.Type, error) {
	want, result := schema.KindText, plan.Of(schema.KindInt)
	switch f.takes {
	case aTime, anInstant:
		if (isText(o.e) || isFileText(b, o.e)) && !isTime(o.e) {
			if err := b.adapt(o, plan.Of(schema.KindTimestamp)); err != nil {
				return result, err
			}
		}
		want = schema.KindTimestamp
		if f.takes == aTime && o.e.Type().Kind == schema.KindDate {
			want = schema.KindDate
		}
	case aSet:
		want = schema.KindSet
	default:
		if f.fn != plan.FnLength {
			result = plan.Of(schema.KindText)
		}
	}
	if k := o.e.Type().Kind; k != want && k != schema.KindNull {
		return result, b.wrongArgument(x, f, *o, want)
	}
	return result, nil
}

func (b *binder) wrongArgument(x *ast.Call, f function, o operand, want schema.Kind) error {
	what := want.String()
	if f.takes == aTime {
		what = "DATE or TIMESTAMP"
	}
	e := diag.New(diag.Type, o.x.Span(), "%s takes %s; %s", x.Fn.Name, what, o.describe())
	switch k := o.e.Type().Kind; {
	case f.fn == plan.FnLength && k == schema.KindSet:
		return e.WithHint("write size(%s)", phrase.Expr(o.x))
	case f.fn == plan.FnSize && k == schema.KindText:
		return e.WithHint("write length(%s)", phrase.Expr(o.x))
	case f.fn == plan.FnHour && k == schema.KindDate:
		return e.WithHint("a DATE is a day without hours")
	case f.takes == aTime && k == schema.KindText:
		return e.WithHint("if it holds dates, write %s(TRY_CAST(%s AS DATE))", x.Fn.Name, phrase.Expr(o.x))
	}
	return e
}

func (b *binder) numbers(x *ast.Call, f function, args []operand) (plan.Type, error) {
	for i := range args {
		b.number(&args[i])
		t := args[i].e.Type()
		if !t.Numeric() && t.Kind != schema.KindNull && (f.fn != plan.FnAbs || t.Kind != schema.KindDuration) {
			return t, diag.New(diag.Type, args[i].x.Span(), "%s takes numbers; %s", x.Fn.Name, args[i].describe())
		}
	}
	switch f.fn {
	case plan.FnDistanceKM:
		return plan.Of(schema.KindFloat), nil
	case plan.FnRound:
		return rounded(x, args)
	}
	return args[0].e.Type(), nil
}

// rounded is the type of round(x, n): a DECIMAL with n decimals, an INT without.
func rounded(x *ast.Call, args []operand) (plan.Type, error) {
	n := int64(0)
	if len(args) == 2 {
		c, ok := plan.AsConst(args[1].e)
		if !ok || c.Value.Kind != schema.KindInt || c.Value.I < -schema.MaxScale || c.Value.I > schema.MaxScale {
			return plan.Type{}, diag.New(diag.Type, args[1].x.Span(), "round takes a fixed number of decimals, at most %d", schema.MaxScale).
				WithHint("write round(%s, 2)", phrase.Expr(x.Args[0]))
		}
		n = c.Value.I
	}
	t := args[0].e.Type()
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
	c, ok := plan.AsConst(args[0].e)
	if !ok || c.Value.Kind != schema.KindText {
		return none, diag.New(diag.Type, args[0].x.Span(), "date_trunc takes a unit first").WithHint("write date_trunc('month', x)")
	}
	u, ok := calendar.ParseUnit(c.Value.S)
	if !ok {
		e := diag.New(diag.Invalid, args[0].x.Span(), "there is no unit %s", phrase.Text(c.Value.S))
		if near, ok := diag.Suggest(c.Value.S, calendar.UnitNames()); ok {
			return none, e.WithHint("did you mean '%s'?", near)
		}
		return none, e.WithHint("the units are %s", phrase.List(calendar.UnitNames()))
	}
	if isText(args[1].e) || isFileText(b, args[1].e) {
		if err := b.adapt(&args[1], plan.Of(schema.KindTimestamp)); err != nil {
			return none, err
		}
	}
	t := args[1].e.Type()
	if !isTime(args[1].e) && t.Kind != schema.KindNull {
		return none, diag.New(diag.Type, args[1].x.Span(), "date_trunc takes a DATE or TIMESTAMP; %s", args[1].describe())
	}
	if t.Kind == schema.KindDate && u < calendar.UnitDay {
		return none, diag.New(diag.Type, args[0].x.Span(), "a DATE has no %ss", u)
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
	if k := o.e.Type().Kind; k != schema.KindText {
		return nil, diag.New(diag.Type, arg.Span(), "a version is text; %s", o.describe()).WithHint("write version(app) < '2.10.1'")
	}
	if !called && !isText(o.e) {
		return nil, diag.New(diag.Type, arg.Span(), "a version compares with a version").WithHint("write version(%s)", phrase.Expr(arg))
	}
	if !called {
		return o.e, nil
	}
	return &plan.Call{Fn: plan.FnVersion, Args: []plan.Expr{o.e}, T: plan.Of(schema.KindText)}, nil
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
	if k := l.e.Type().Kind; k != schema.KindText {
		return nil, noMatch(x, l)
	}
	c, ok := plan.AsConst(r.e)
	switch {
	case !ok:
		return nil, phrase.NotYet(x.Y.Span(), "%s with a pattern that is not a fixed text", x.Op)
	case c.Value.Null():
		return unknownBool(), nil
	case c.Value.Kind != schema.KindText:
		return nil, diag.New(diag.Type, x.Y.Span(), "%s takes a text; %s", x.Op, r.describe()).WithHint("%s", phrase.AsText(x.Y))
	}
	out := &plan.Match{Op: plan.Like + plan.MatchOp(x.Op-ast.OpLike), X: l.e, Pattern: c.Value.S}
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
	e := diag.New(diag.Type, x.X.Span(), "%s tests a text; %s", x.Op, l.describe())
	switch l.e.Type().Kind {
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
	if len(values) == 1 && !x.Bracketed && values[0].e.Type().Kind == schema.KindSet {
		if x.Mode == ast.HasOne {
			return nil, diag.New(diag.Type, x.At, "HAS takes one value; %s", values[0].describe()).
				WithHint("write HAS ANY %s, HAS ALL %[1]s or HAS NONE %[1]s", phrase.Expr(x.Values[0]))
		}
		if c, ok := plan.AsConst(values[0].e); ok {
			return &plan.SetHas{X: l, Mode: mode, Values: c.Value.Set}, nil
		}
		return &plan.SetCmp{Mode: mode, X: l, Y: values[0].e}, nil
	}
	out := &plan.SetHas{X: l, Mode: mode}
	hasNull := false
	for _, v := range values {
		c, ok := plan.AsConst(v.e)
		switch {
		case plan.Nothing(v.e):
			hasNull = true
			continue
		case !ok && v.e.Type().Kind == schema.KindText:
			return nil, phrase.NotYet(v.x.Span(), "HAS with a value that is not a fixed text")
		case !ok || c.Value.Kind != schema.KindText:
			return nil, diag.New(diag.Type, v.x.Span(), "a set holds texts; %s", v.describe()).WithHint("%s", phrase.AsText(v.x))
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
		return unknownBool()
	case x.Mode == plan.SetAny:
		return &plan.Or{Terms: []plan.Expr{x, unknownBool()}}
	}
	return &plan.And{Terms: []plan.Expr{x, unknownBool()}}
}

func (b *binder) set(x ast.Expr) (plan.Expr, error) {
	o, err := b.operand(x)
	if err != nil {
		return nil, err
	}
	if k := o.e.Type().Kind; k != schema.KindSet {
		e := diag.New(diag.Type, x.Span(), "a SET is needed here; %s", o.describe())
		if k == schema.KindText {
			return nil, e.WithHint("write %s = 'a', or %[1]s CONTAINS 'a' for a part of the text", phrase.Expr(x))
		}
		return nil, e
	}
	return o.e, nil
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
