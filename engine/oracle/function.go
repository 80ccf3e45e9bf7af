package oracle

import (
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/schema"
	"github.com/zeebo/xxh3"
)

type kindOf = schema.Kind

// call compiles a plain function of single values.
func (c *compiler) call(e *ast.Call, sc scope) (node, error) {
	fn := strings.ToLower(e.Fn.Name)
	if slices.Contains([]string{"distance_km", "local_hour", "anniversary", "ntile", "population"}, fn) {
		return node{}, diag.New(diag.NotYet, e.At, "%s is not yet in this version", fn)
	}
	lo, hi := arity(fn)
	switch {
	case hi == 0 && fn != "now" && fn != "today":
		return node{}, diag.New(diag.Name, e.Fn.At, "there is no function %q", e.Fn.Name)
	case len(e.Args) < lo || len(e.Args) > hi:
		return node{}, diag.New(diag.Invalid, e.At, "%s takes %d arguments", fn, lo)
	}
	switch fn {
	case "now":
		return node{t: typ{kind: kTimestamp}, ev: func(en *env) val { return instant(en.clock) }}, nil
	case "today":
		return node{t: typ{kind: kDate}, ev: func(en *env) val { return instant(c.db.zone.dayOf(en.clock)) }}, nil
	case "bucket":
		return c.bucket(e, sc)
	case "coalesce", "least", "greatest":
		return c.choice(fn, e, sc)
	case "date_trunc":
		return c.dateTrunc(e, sc)
	case "abs", "round":
		return c.numberFunction(fn, e, sc)
	case "hour", "weekday", "day", "month", "year", "years_since":
		return c.dateFunction(fn, e, sc)
	}
	return c.textFunction(fn, e, sc)
}

func arity(fn string) (lo, hi int) {
	switch fn {
	case "abs", "lower", "upper", "length", "domain", "hour", "weekday", "day", "month", "year",
		"years_since", "version", "size", "bucket":
		return 1, 1
	case "round":
		return 1, 2
	case "date_trunc":
		return 2, 2
	case "coalesce", "least", "greatest":
		return 1, 1 << 20
	}
	return 0, 0
}

// bucket is xxh3_64(salt ‖ 0x00 ‖ contact id) mod 10000.
func (c *compiler) bucket(e *ast.Call, sc scope) (node, error) {
	salt, err := c.expr(e.Args[0], sc)
	if err != nil {
		return salt, err
	}
	if salt.lit == nil {
		return salt, diag.New(diag.Type, salt.at, "bucket takes a text literal")
	}
	if sc.g != nil || sc.noData {
		return salt, diag.New(diag.Invalid, e.At, "bucket is a number of one contact")
	}
	return node{t: typ{kind: kInt}, ev: func(en *env) val {
		h := xxh3.HashString(*salt.lit + "\x00" + en.c.id)
		return integer(int64(h % 10000))
	}}, nil
}

// choice is COALESCE, least and greatest; the latter two are null if any argument is.
func (c *compiler) choice(fn string, e *ast.Call, sc scope) (node, error) {
	ns, err := c.exprs(e.Args, sc)
	if err != nil {
		return node{}, err
	}
	ns, t, err := c.unify(ns)
	if err != nil {
		return node{}, err
	}
	if fn != "coalesce" && (t.kind == kKey || t.kind == kSet) {
		return node{}, diag.New(diag.Type, e.At, "%s has no order", t)
	}
	if fn == "coalesce" {
		return node{t: t, ev: func(en *env) val { return firstKnown(ns, en) }}, nil
	}
	return node{t: t, ev: func(en *env) val {
		best := ns[0].ev(en)
		for _, n := range ns[1:] {
			v := n.ev(en)
			if !v.ok || !best.ok {
				best = null
				continue
			}
			if cmp := compare(t.kind, v, best); fn == "least" && cmp < 0 || fn == "greatest" && cmp > 0 {
				best = v
			}
		}
		return best
	}}, nil
}

func firstKnown(ns []node, en *env) val {
	for _, n := range ns {
		if v := n.ev(en); v.ok {
			return v
		}
	}
	return null
}

// numberFunction is abs(x), round(x) and round(x, digits): halves away from zero.
func (c *compiler) numberFunction(fn string, e *ast.Call, sc scope) (node, error) {
	x, err := c.expr(e.Args[0], sc)
	if err != nil {
		return x, err
	}
	if !x.t.numeric() && x.t.kind != kNull {
		return x, diag.New(diag.Type, x.at, "%s takes a number, not %s", fn, x.t)
	}
	if fn == "abs" {
		return mapped(x, x.t, func(en *env, v val) val {
			return c.bounded(en, new(big.Rat).Abs(v.r), x.t, e.At)
		}), nil
	}
	digits := 0
	if len(e.Args) == 2 {
		if digits, err = smallInt(e.Args[1]); err != nil {
			return x, err
		}
	}
	t := decimalType(digits)
	if x.t.kind == kFloat || x.t.kind == kInt {
		t = x.t
	}
	return mapped(x, t, func(en *env, v val) val {
		r, _ := new(big.Rat).SetString(v.r.FloatString(digits))
		return c.bounded(en, r, t, e.At)
	}), nil
}

func smallInt(e ast.Expr) (int, error) {
	l, ok := e.(*ast.Literal)
	if !ok || l.Kind != ast.LitInt {
		return 0, diag.New(diag.Invalid, e.Span(), "round takes the number of decimals as a number")
	}
	r, _ := new(big.Rat).SetString(l.Text)
	if r == nil || r.Cmp(integer(schema.MaxScale).r) > 0 {
		return 0, diag.New(diag.Invalid, e.Span(), "round takes 0 to %d decimals", schema.MaxScale)
	}
	return int(r.Num().Int64()), nil
}

// mapped applies a function to a known value; null stays null.
func mapped(x node, t typ, f func(*env, val) val) node {
	return node{t: t, ev: func(en *env) val {
		v := x.ev(en)
		if !v.ok {
			return null
		}
		return f(en, v)
	}}
}

func (c *compiler) textFunction(fn string, e *ast.Call, sc scope) (node, error) {
	want := kText
	if fn == "size" {
		want = kSet
	}
	x, err := c.wants(e.Args[0], sc, want)
	if err != nil {
		return x, err
	}
	switch fn {
	case "size":
		return mapped(x, typ{kind: kInt}, func(_ *env, v val) val { return integer(int64(len(v.set))) }), nil
	case "length":
		return mapped(x, typ{kind: kInt}, func(_ *env, v val) val { return integer(int64(utf8.RuneCountInString(v.s))) }), nil
	case "lower":
		return mapped(x, typ{kind: kText}, func(_ *env, v val) val { return text(strings.ToLower(v.s)) }), nil
	case "upper":
		return mapped(x, typ{kind: kText}, func(_ *env, v val) val { return text(strings.ToUpper(v.s)) }), nil
	case "domain":
		return mapped(x, typ{kind: kText}, func(_ *env, v val) val { return domain(v.s) }), nil
	}
	return mapped(x, typ{kind: kindVersion}, func(_ *env, v val) val {
		return val{ok: validVersion(v.s), s: v.s}
	}), nil
}

// domain is what follows the last @, in lower case; null without one or if nothing follows.
func domain(s string) val {
	at := strings.LastIndexByte(s, '@')
	if at < 0 || at == len(s)-1 {
		return null
	}
	return text(strings.ToLower(s[at+1:]))
}

// dateFunction is a field of the day or instant in the base's zone.
func (c *compiler) dateFunction(fn string, e *ast.Call, sc scope) (node, error) {
	x, err := c.wants(e.Args[0], sc, kTimestamp, kDate)
	if err != nil {
		return x, err
	}
	if fn == "hour" && x.t.kind == kDate {
		return x, diag.New(diag.Type, x.at, "a DATE has no hour")
	}
	return mapped(x, typ{kind: kInt}, func(en *env, v val) val {
		day, ofDay := v.i, int64(0)
		if x.t.kind == kTimestamp {
			day, ofDay = c.db.zone.local(v.i)
		}
		return integer(c.dateField(fn, en, day, ofDay))
	}), nil
}

func (c *compiler) dateField(fn string, en *env, day, ofDay int64) int64 {
	y, m, d := civil(day)
	switch fn {
	case "hour":
		return ofDay / 3600_000
	case "weekday":
		return weekday(day)
	case "day":
		return int64(d)
	case "month":
		return int64(m)
	case "year":
		return int64(y)
	}
	return yearsBetween(day, c.db.zone.dayOf(en.clock))
}

// dateTrunc cuts an instant to the start of its local unit; a DATE stays a DATE.
func (c *compiler) dateTrunc(e *ast.Call, sc scope) (node, error) {
	unit, err := c.expr(e.Args[0], sc)
	if err != nil {
		return unit, err
	}
	x, err := c.wants(e.Args[1], sc, kTimestamp, kDate)
	if err != nil {
		return x, err
	}
	if unit.lit == nil {
		return x, diag.New(diag.Invalid, unit.at, "date_trunc takes its unit as a text literal")
	}
	name := strings.ToLower(*unit.lit)
	small, isSmall := map[string]int64{"hour": 3600_000, "minute": 60_000, "second": 1000}[name]
	switch {
	case isSmall && x.t.kind == kDate:
		return x, diag.New(diag.Type, unit.at, "a DATE has no %s", name)
	case isSmall:
		return mapped(x, x.t, func(_ *env, v val) val {
			_, ofDay := c.db.zone.local(v.i)
			return instant(v.i - ofDay%small)
		}), nil
	case !slices.Contains([]string{"day", "week", "month", "quarter", "year"}, name):
		return x, diag.New(diag.Invalid, unit.at, "there is no unit %q", *unit.lit)
	case x.t.kind == kDate:
		return mapped(x, x.t, func(_ *env, v val) val { return instant(startOf(name, v.i)) }), nil
	}
	return mapped(x, typ{kind: kTimestamp}, func(_ *env, v val) val {
		return instant(c.db.zone.midnight(startOf(name, c.db.zone.dayOf(v.i))))
	}), nil
}

// caseOf is CASE: the first arm whose condition is true; arms not reached are not computed.
func (c *compiler) caseOf(e *ast.Case, sc scope) (node, error) {
	var conds, values []node
	for _, w := range e.Whens {
		cond, err := c.condition(w.Cond, sc)
		if err != nil {
			return cond, err
		}
		v, err := c.expr(w.Then, sc)
		if err != nil {
			return v, err
		}
		conds, values = append(conds, cond), append(values, v)
	}
	last := constant(typ{}, null, e.At)
	if e.Else != nil {
		var err error
		if last, err = c.expr(e.Else, sc); err != nil {
			return last, err
		}
	}
	values, t, err := c.unify(append(values, last))
	return node{t: t, ev: func(en *env) val {
		for i, cond := range conds {
			if cond.ev(en).isTrue() {
				return values[i].ev(en)
			}
		}
		return values[len(conds)].ev(en)
	}}, err
}
