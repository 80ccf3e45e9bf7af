package scalar

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// row is a contact with attributes by id; its events answer as told.
type row struct {
	attrs map[schema.AttrID]schema.Value
	did   bool
}

func (r row) Attr(id schema.AttrID) schema.Value { return r.attrs[id] }
func (r row) Prop(p *plan.Prop) schema.Value     { return schema.Value{Kind: schema.KindText, S: p.Name} }
func (r row) ID() []byte                         { return []byte("c-1") }
func (r row) Agg(*plan.Agg) (Value, error)       { return intValue(3), nil }
func (r row) Did(*plan.Did) (bool, error)        { return r.did, nil }
func (r row) Nth(*plan.Nth) (bool, error)        { return r.did, nil }

func konst(v schema.Value) plan.Expr { return &plan.Const{Value: v, T: plan.Type{Type: v.Type()}} }
func num(s string) plan.Expr {
	x, err := exact.Parse(s)
	if err != nil {
		panic(err)
	}
	i, _ := x.Unscaled(uint8(x.Scale()))
	if x.Scale() == 0 {
		return konst(schema.Value{Kind: schema.KindInt, I: i})
	}
	return konst(schema.Value{Kind: schema.KindDecimal, Scale: uint8(x.Scale()), I: i})
}
func flt(f float64) plan.Expr { return konst(schema.Value{Kind: schema.KindFloat, F: f}) }
func str(s string) plan.Expr  { return konst(schema.Value{Kind: schema.KindText, S: s}) }
func set(s ...string) plan.Expr {
	return konst(NewSet(s).Value)
}
func boolean(b bool) plan.Expr { return konst(Bool(Truth(b)).Value) }
func dur(s string) plan.Expr {
	d, err := calendar.ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return konst(schema.Value{Kind: schema.KindDuration, I: d.MS})
}
func date(s string) plan.Expr {
	d, _, err := calendar.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return konst(schema.Value{Kind: schema.KindDate, I: d})
}
func at(s string) plan.Expr {
	ms, _, err := calendar.UTC.ParseInstant(s)
	if err != nil {
		panic(err)
	}
	return konst(schema.Value{Kind: schema.KindTimestamp, I: ms})
}

// null is a null of a kind, as an attribute without a value is.
func null(k schema.Kind) plan.Expr { return &plan.Const{T: plan.Of(k)} }

var (
	nullInt  = null(schema.KindInt)
	nullText = null(schema.KindText)
	nullBool = null(schema.KindBool)
	nullSet  = null(schema.KindSet)
	yes, no  = boolean(true), boolean(false)
)

func warsaw(t *testing.T) Env {
	t.Helper()
	z, err := calendar.Load("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	clock, _, _ := calendar.UTC.ParseInstant("2026-03-01 00:30Z")
	return Env{Clock: clock, Zone: z}
}

// show evaluates a constant expression and prints it; null is NULL.
func show(t *testing.T, x plan.Expr) string {
	t.Helper()
	e, err := Compile(x, warsaw(t))
	if err != nil {
		return "compile: " + err.Error()
	}
	v, err := e.Value(row{did: true, attrs: map[schema.AttrID]schema.Value{16: {Kind: schema.KindInt, I: 7}}})
	if err != nil {
		return "error: " + err.Error()
	}
	truth, err := e.Test(row{did: true})
	if x.Type().Kind == schema.KindBool && (err != nil || truth != v.Tri()) {
		t.Errorf("test and value of %T differ: %v, %v", x, truth, v)
	}
	out, err := Output(v, x.Type())
	if err != nil {
		return "error: " + err.Error()
	}
	if out.Null() {
		return "NULL"
	}
	return string(AppendText(nil, out))
}

type example struct {
	x    plan.Expr
	want string
}

func check(t *testing.T, examples []example) {
	t.Helper()
	for i, e := range examples {
		if got := show(t, e.x); got != e.want {
			t.Errorf("%d: %+v = %s, want %s", i, e.x, got, e.want)
		}
	}
}

func cmpOf(op plan.CmpOp, x, y plan.Expr) plan.Expr { return &plan.Cmp{Op: op, X: x, Y: y} }

func TestLogic(t *testing.T) {
	and := func(x ...plan.Expr) plan.Expr { return &plan.And{Terms: x} }
	or := func(x ...plan.Expr) plan.Expr { return &plan.Or{Terms: x} }
	not := func(x plan.Expr) plan.Expr { return &plan.Not{X: x} }
	check(t, []example{
		{and(yes, yes), "true"}, {and(yes, no), "false"}, {and(yes, nullBool), "NULL"}, {and(nullBool, no), "false"}, {and(no, nullBool), "false"}, {and(nullBool, nullBool), "NULL"},
		{or(no, no), "false"}, {or(no, yes), "true"}, {or(no, nullBool), "NULL"}, {or(nullBool, yes), "true"}, {or(yes, nullBool), "true"}, {or(nullBool, nullBool), "NULL"},
		{not(yes), "false"}, {not(no), "true"}, {not(nullBool), "NULL"},
		{&plan.IsNull{X: nullInt}, "true"}, {&plan.IsNull{X: num("0")}, "false"}, {&plan.IsNull{X: nullBool}, "true"},
		{&plan.IsDistinct{X: nullInt, Y: nullInt}, "false"}, {&plan.IsDistinct{X: nullInt, Y: num("1")}, "true"},
		{&plan.IsDistinct{X: num("1.0"), Y: num("1")}, "false"}, {&plan.IsDistinct{X: num("2"), Y: num("1")}, "true"},
		{&plan.Did{}, "true"}, {&plan.Nth{}, "true"}, {cmpOf(plan.Ge, &plan.Agg{T: plan.Of(schema.KindInt)}, num("3")), "true"},
		{&plan.Attr{ID: 16, T: plan.Of(schema.KindInt)}, "7"}, {&plan.Attr{ID: 17, T: plan.Of(schema.KindInt)}, "NULL"},
		{&plan.Prop{Name: "p", T: plan.Of(schema.KindText)}, "p"},
	})
}

func TestCompare(t *testing.T) {
	third := &plan.Arith{Op: plan.Div, X: num("1"), Y: num("3"), T: plan.Type{Type: schema.Type{Kind: schema.KindDecimal, Scale: 6}, Quotient: true}}
	check(t, []example{
		{cmpOf(plan.Eq, num("1.50"), num("1.5")), "true"}, {cmpOf(plan.Ne, num("1.50"), num("1.5")), "false"},
		{cmpOf(plan.Lt, num("1"), num("2")), "true"}, {cmpOf(plan.Le, num("2"), num("2")), "true"}, {cmpOf(plan.Gt, num("2"), num("2")), "false"}, {cmpOf(plan.Ge, num("2"), num("2")), "true"},
		{cmpOf(plan.Eq, nullInt, num("1")), "NULL"}, {cmpOf(plan.Ne, num("1"), nullInt), "NULL"}, {cmpOf(plan.Eq, nullInt, nullInt), "NULL"},
		{cmpOf(plan.Eq, num("0.1"), flt(0.1)), "false"}, {cmpOf(plan.Eq, num("0.5"), flt(0.5)), "true"},
		{cmpOf(plan.Gt, third, num("0.333333")), "true"}, {cmpOf(plan.Lt, third, num("0.333334")), "true"}, {third, "0.333333"},
		{cmpOf(plan.Lt, str("Z"), str("a")), "true"}, {cmpOf(plan.Eq, str("a"), str("A")), "false"}, {cmpOf(plan.Eq, nullText, str("")), "NULL"},
		{cmpOf(plan.Lt, no, yes), "true"}, {cmpOf(plan.Eq, set("b", "a"), set("a", "b")), "true"},
		{cmpOf(plan.Eq, date("2026-03-01"), at("2026-02-28 23:00Z")), "true"}, // Warsaw's midnight
		{cmpOf(plan.Eq, konst(schema.Value{Kind: schema.KindKey, I: int64(HashKey("x"))}), str("x")), "true"},
		{&plan.Cmp{Op: plan.Lt, X: str("2.9"), Y: str("2.10.1"), Version: true}, "true"}, {&plan.Cmp{Op: plan.Lt, X: nullText, Y: str("2"), Version: true}, "NULL"},
	})
}

func TestVersions(t *testing.T) {
	rising := []string{"0.9", "1.0.0-7", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta", "1.0.0-rc.2", "1.0.0-rc.10", "1", "1.0.1", "1.9", "1.10", "2.0", "10", "99999999999999999999999.1", "100000000000000000000000"}
	for i, x := range rising {
		for j, y := range rising {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got, ok := CompareVersions(x, y); got != want || !ok {
				t.Errorf("version %s against %s is %d, want %d", x, y, got, want)
			}
		}
	}
	for _, p := range [][2]string{{"1", "1.0.0"}, {"v1.2", "1.2"}, {"1.2+build7", "1.2"}, {"01.2", "1.02"}} {
		if order, ok := CompareVersions(p[0], p[1]); order != 0 || !ok {
			t.Errorf("%q and %q are one version", p[0], p[1])
		}
	}
	for _, s := range []string{"", "beta", "v", "1.", ".1", "1..2", "1-", "1+", "1 ", "1.x", "1-ä", "V1"} {
		if _, ok := CompareVersions(s, "1"); ok {
			t.Errorf("%q is no version", s)
		}
	}
}

func TestIn(t *testing.T) {
	value := func(x plan.Expr) schema.Value { return x.(*plan.Const).Value }
	in := func(x plan.Expr, null bool, values ...plan.Expr) plan.Expr {
		out := &plan.In{X: x, HasNull: null}
		for _, v := range values {
			out.Values = append(out.Values, value(v))
		}
		return out
	}
	check(t, []example{
		{in(num("2"), false, num("3"), num("1"), num("2.0")), "true"}, {in(num("4"), false, num("3"), num("1")), "false"},
		{in(num("4"), true, num("3")), "NULL"}, {in(num("3"), true, num("3")), "true"}, {in(nullInt, false, num("3")), "NULL"},
		{in(nullInt, false), "false"}, {in(num("1"), false), "false"}, {in(num("1"), true), "NULL"}, {in(flt(0.5), false, num("0.5")), "true"},
		{in(str("a"), false, str("b"), str("a")), "true"}, {in(str("A"), false, str("a")), "false"}, {in(str("A"), true, str("a")), "NULL"}, {in(nullText, false, str("a")), "NULL"},
		{in(at("2026-02-28 23:00Z"), false, date("2026-03-01")), "true"},
		{in(konst(schema.Value{Kind: schema.KindKey, I: int64(HashKey("x"))}), false, str("y"), str("x")), "true"},
	})
}

func TestSets(t *testing.T) {
	has := func(x plan.Expr, m plan.SetMode, v ...string) plan.Expr {
		return &plan.SetHas{X: x, Mode: m, Values: v}
	}
	ab := set("b", "a")
	check(t, []example{
		{has(ab, plan.SetAny, "c", "a"), "true"}, {has(ab, plan.SetAny, "c"), "false"}, {has(ab, plan.SetAll, "b", "a", "a"), "true"}, {has(ab, plan.SetAll, "a", "c"), "false"},
		{has(ab, plan.SetNone, "c"), "true"}, {has(ab, plan.SetNone, "a"), "false"}, {has(nullSet, plan.SetAny, "a"), "NULL"}, {has(nullSet, plan.SetNone, "a"), "NULL"},
		{has(set(), plan.SetAny, "a"), "false"}, {has(set(), plan.SetNone, "a"), "true"},
		{&plan.SetCmp{Subset: true, X: set("a"), Y: ab}, "true"}, {&plan.SetCmp{Subset: true, X: ab, Y: set("a")}, "false"}, {&plan.SetCmp{Subset: true, X: set(), Y: ab}, "true"},
		{&plan.SetCmp{Subset: true, X: nullSet, Y: ab}, "NULL"}, {&plan.SetCmp{Mode: plan.SetAny, X: ab, Y: nullSet}, "NULL"}, {&plan.SetCmp{Mode: plan.SetAll, X: ab, Y: set("a")}, "true"},
	})
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		op      plan.MatchOp
		pattern string
		hit     []string
		miss    []string
	}{
		{plan.Like, "abc", []string{"abc"}, []string{"", "ab", "abcd", "ABC"}},
		{plan.Like, "", []string{""}, []string{"a"}},
		{plan.Like, "%", []string{"", "a", "żółw"}, nil},
		{plan.Like, "a%", []string{"a", "ab"}, []string{"", "ba"}},
		{plan.Like, "%a", []string{"a", "ba"}, []string{"", "ab"}},
		{plan.Like, "a%a", []string{"aa", "aba"}, []string{"a", "ab"}},
		{plan.Like, "%ab%ba%", []string{"abba", "xabyba"}, []string{"aba", "ba ab"}},
		{plan.Like, "_", []string{"a", "ż", "\xff"}, []string{"", "ab"}},
		{plan.Like, "a_c%_", []string{"abcd", "ażcde"}, []string{"abc", "acd"}},
		{plan.Like, "%_b", []string{"ab", "xżb"}, []string{"b"}},
		{plan.Like, "%x_z%", []string{"xxyz", "xyz"}, []string{"xz", "xyy"}},
		{plan.Like, `a\%`, []string{`a\`, `a\b`}, []string{"a%"}},
		{plan.ILike, "straSSe", []string{"STRASSE", "strasse"}, []string{"straße"}},
		{plan.ILike, "k%ż", []string{"KŻ", "\u212Aż", "kxŻ"}, []string{"k"}},
		{plan.ILike, "%ΣΑ_", []string{"σας", "ςαx", "xxσαs"}, []string{"σα"}},
		{plan.ILike, "s", []string{"S", "ſ"}, []string{"ß"}},
		{plan.Matches, "^New ", []string{"New York"}, []string{"A New York", "new y"}},
		{plan.Matches, "b+", []string{"abbc"}, []string{"ac"}},
		{plan.StartsWith, "ab", []string{"ab", "abc"}, []string{"a", "xab"}},
		{plan.EndsWith, "ab", []string{"ab", "cab"}, []string{"b", "abx"}},
		{plan.Contains, "", []string{"", "x"}, nil},
		{plan.Contains, "%", []string{"5%"}, []string{"5"}},
	} {
		m, err := CompileMatch(c.op, c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range c.hit {
			if !m(s) {
				t.Errorf("%d %q misses %q", c.op, c.pattern, s)
			}
		}
		for _, s := range c.miss {
			if m(s) {
				t.Errorf("%d %q takes %q", c.op, c.pattern, s)
			}
		}
	}
	check(t, []example{{&plan.Match{Op: plan.Like, X: nullText, Pattern: "%"}, "NULL"}, {&plan.Match{Op: plan.Matches, X: nullText, Pattern: "a"}, "NULL"}})
	for _, p := range []string{"(", strings.Repeat("a", MaxRegexBytes+1), "a{1001}"} {
		if _, err := CompileMatch(plan.Matches, p); err == nil {
			t.Errorf("the regular expression %.20q… is taken", p)
		}
	}
	if _, err := CompileMatch(plan.Like, strings.Repeat("_", MaxLikeBytes+1)); err == nil {
		t.Error("a pattern of any length is taken")
	}
}

// slowLike is the definition of LIKE.
func slowLike(p, s []rune) bool {
	switch {
	case len(p) == 0:
		return len(s) == 0
	case p[0] == '%':
		return slowLike(p[1:], s) || len(s) > 0 && slowLike(p, s[1:])
	}
	return len(s) > 0 && (p[0] == '_' || p[0] == s[0]) && slowLike(p[1:], s[1:])
}

func TestLikeAgainstDefinition(t *testing.T) {
	words := func(alphabet string, n int) (out []string) {
		out = []string{""}
		for start := 0; n > 0; n-- {
			end := len(out)
			for _, w := range out[start:end] {
				for _, c := range alphabet {
					out = append(out, w+string(c))
				}
			}
			start = end
		}
		return out
	}
	texts := words("aż", 5)
	for _, p := range words("aż_%", 5) {
		m := compileLike(p, false)
		i := compileLike(strings.ToUpper(p), true)
		for _, s := range texts {
			want := slowLike([]rune(p), []rune(s))
			if m(s) != want || i(s) != want {
				t.Fatalf("%q LIKE %q: %v, folded %v, want %v", s, p, m(s), i(s), want)
			}
		}
	}
}

func TestArith(t *testing.T) {
	typ := func(k schema.Kind, scale uint8) plan.Type { return plan.Type{Type: schema.Type{Kind: k, Scale: scale}} }
	a := func(op plan.ArithOp, x, y plan.Expr, t plan.Type) plan.Expr {
		return &plan.Arith{Op: op, X: x, Y: y, T: t}
	}
	integer, dec2, dec6 := typ(schema.KindInt, 0), typ(schema.KindDecimal, 2), typ(schema.KindDecimal, 6)
	duration, instant, day, float := typ(schema.KindDuration, 0), typ(schema.KindTimestamp, 0), typ(schema.KindDate, 0), typ(schema.KindFloat, 0)
	big := num("9223372036854775807")
	ops := []plan.ArithOp{plan.Add, plan.Sub, plan.Mul, plan.Div}
	for _, op := range ops {
		check(t, []example{{a(op, nullInt, num("1"), integer), "NULL"}, {a(op, num("1"), nullInt, integer), "NULL"}, {a(op, null(schema.KindNull), str("x"), integer), "NULL"}})
	}
	check(t, []example{
		{a(plan.Add, num("1.25"), num("2"), dec2), "3.25"}, {a(plan.Sub, num("1.25"), num("2"), dec2), "-0.75"}, {a(plan.Mul, num("-1.5"), num("0.5"), dec2), "-0.75"},
		{a(plan.Div, num("2"), num("3"), dec6), "0.666667"}, {a(plan.Div, num("-2"), num("3"), dec6), "-0.666667"}, {a(plan.Div, num("1"), num("0"), dec6), "NULL"}, {a(plan.Div, num("0"), num("0.00"), dec6), "NULL"},
		{a(plan.Mul, a(plan.Div, num("1"), num("3"), dec6), num("3"), integer), "1"},
		{a(plan.Add, big, num("1"), integer), "error: " + exact.ErrOverflow.Error()}, {a(plan.Sub, a(plan.Add, big, num("1"), integer), num("1"), integer), "9223372036854775807"},
		{a(plan.Add, flt(0.5), num("1"), float), "1.5"}, {a(plan.Div, flt(1), flt(0), float), "NULL"}, {a(plan.Mul, flt(math.MaxFloat64), num("10"), float), "error: " + exact.ErrOverflow.Error()},
		{a(plan.Sub, at("2026-03-02 12:00Z"), at("2026-03-01 11:00Z"), duration), "25h"}, {a(plan.Sub, date("2026-03-01"), date("2026-02-28"), duration), "1d"},
		{a(plan.Add, at("2026-03-01 11:00Z"), dur("90m"), instant), "2026-03-01T12:30:00Z"}, {a(plan.Add, dur("1d"), at("2026-03-01 11:00Z"), instant), "2026-03-02T11:00:00Z"},
		{a(plan.Add, date("2026-02-28"), dur("1d"), day), "2026-03-01"}, {a(plan.Sub, date("2026-03-01"), dur("2d"), day), "2026-02-27"}, {a(plan.Add, date("2026-03-01"), dur("1h"), instant), "2026-03-01T00:00:00Z"},
		{a(plan.Add, dur("1h"), dur("30m"), duration), "90m"}, {a(plan.Sub, dur("1h"), dur("2h"), duration), "-1h"}, {a(plan.Mul, dur("1h"), num("1.5"), duration), "90m"}, {a(plan.Mul, num("2"), dur("1h"), duration), "2h"},
		{a(plan.Div, dur("1s"), num("3"), duration), "333ms"}, {a(plan.Div, dur("1s"), num("0"), duration), "NULL"}, {a(plan.Div, dur("1h"), dur("40m"), dec6), "1.500000"}, {a(plan.Div, dur("1h"), dur("0s"), dec6), "NULL"},
		{a(plan.Add, null(schema.KindTimestamp), dur("1h"), instant), "NULL"}, {a(plan.Sub, date("2026-03-01"), null(schema.KindDate), duration), "NULL"},
		{a(plan.Add, konst(schema.Value{Kind: schema.KindTimestamp, I: math.MaxInt64}), dur("1h"), instant), "error: " + exact.ErrOverflow.Error()},
		{&plan.AddCalendar{X: date("2026-01-31"), Months: 1, T: day}, "2026-02-28"}, {&plan.AddCalendar{X: at("2026-03-31 10:00Z"), Months: -1, T: instant}, "2026-02-28T11:00:00Z"}, {&plan.AddCalendar{X: null(schema.KindDate), Months: 1, T: day}, "NULL"},
		{&plan.Neg{X: num("1.50"), T: dec2}, "-1.50"}, {&plan.Neg{X: dur("1h"), T: duration}, "-1h"}, {&plan.Neg{X: nullInt, T: integer}, "NULL"},
	})
}

func TestFunctions(t *testing.T) {
	call := func(fn plan.Fn, k schema.Kind, args ...plan.Expr) plan.Expr {
		return &plan.Call{Fn: fn, Args: args, T: plan.Of(k)}
	}
	decimal := func(scale uint8, fn plan.Fn, args ...plan.Expr) plan.Expr {
		return &plan.Call{Fn: fn, Args: args, T: plan.Type{Type: schema.Type{Kind: schema.KindDecimal, Scale: scale}}}
	}
	const i, s, f, d, ts = schema.KindInt, schema.KindText, schema.KindFloat, schema.KindDate, schema.KindTimestamp
	for fn := plan.FnAbs; fn <= plan.FnDistanceKM; fn++ {
		if fn == plan.FnDateTrunc {
			continue
		}
		check(t, []example{{call(fn, i, nullInt, nullInt, nullInt, nullInt), "NULL"}})
	}
	night := at("2026-02-28 23:30Z") // 00:30 on Sunday 1 March in Warsaw
	check(t, []example{
		{call(plan.FnCoalesce, i, nullInt, num("2"), num("3")), "2"}, {call(plan.FnCoalesce, i, nullInt, nullInt), "NULL"},
		{call(plan.FnAbs, i, num("-3")), "3"}, {decimal(2, plan.FnAbs, num("-3.25")), "3.25"}, {call(plan.FnAbs, schema.KindDuration, &plan.Neg{X: dur("1h"), T: plan.Of(schema.KindDuration)}), "1h"},
		{call(plan.FnRound, i, num("2.5")), "3"}, {call(plan.FnRound, i, num("-2.5")), "-3"}, {decimal(1, plan.FnRound, num("2.25"), num("1")), "2.3"}, {call(plan.FnRound, i, num("1250"), num("-2")), "1300"}, {call(plan.FnRound, i, num("1"), nullInt), "NULL"},
		{decimal(1, plan.FnLeast, num("1.5"), num("2")), "1.5"}, {call(plan.FnLeast, i, num("1"), nullInt), "NULL"}, {call(plan.FnGreatest, i, num("1"), num("2")), "2"}, {call(plan.FnGreatest, i, nullInt, num("2")), "NULL"}, {call(plan.FnGreatest, s, str("a"), str("b")), "b"},
		{call(plan.FnLower, s, str("ŻÓŁW")), "żółw"}, {call(plan.FnUpper, s, str("żółw")), "ŻÓŁW"}, {call(plan.FnLength, i, str("żółw")), "4"}, {call(plan.FnLength, i, str("")), "0"},
		{call(plan.FnDomain, s, str("a@b@Example.COM")), "example.com"}, {call(plan.FnDomain, s, str("nobody")), "NULL"},
		{call(plan.FnDateTrunc, ts, str("month"), night), "2026-02-28T23:00:00Z"}, {call(plan.FnDateTrunc, ts, str("hour"), night), "2026-02-28T23:00:00Z"}, {call(plan.FnDateTrunc, d, str("week"), date("2026-03-01")), "2026-02-23"},
		{call(plan.FnDateTrunc, d, str("year"), null(schema.KindDate)), "NULL"},
		{call(plan.FnHour, i, night), "0"}, {call(plan.FnWeekday, i, night), "7"}, {call(plan.FnDay, i, night), "1"}, {call(plan.FnMonth, i, night), "3"}, {call(plan.FnYear, i, night), "2026"}, {call(plan.FnHour, i, date("2026-03-01")), "0"}, {call(plan.FnWeekday, i, date("2026-03-02")), "1"},
		// The clock is 1 March 2026, 01:30 in Warsaw.
		{call(plan.FnYearsSince, i, date("2000-02-29")), "26"}, {call(plan.FnYearsSince, i, date("2000-03-01")), "26"}, {call(plan.FnYearsSince, i, date("2000-03-02")), "25"}, {call(plan.FnYearsSince, i, date("2026-03-02")), "-1"},
		{call(plan.FnSize, i, set("a", "b", "a")), "2"}, {call(plan.FnSize, i, set()), "0"},
		{call(plan.FnDistanceKM, i, num("52.23"), num("21.01"), num("52.23"), num("21.01")), "0"}, {call(plan.FnDistanceKM, f, num("91"), num("0"), num("0"), num("0")), "NULL"},
		{call(plan.FnRound, i, call(plan.FnDistanceKM, f, num("52.2297"), num("21.0122"), num("50.0647"), num("19.945"))), "252"}, // Warsaw to Kraków
		{call(plan.FnBucket, i, str("experiment-42")), fmt.Sprint(Bucket("experiment-42", []byte("c-1")))},
		{&plan.Case{Whens: []plan.When{{Cond: nullBool, Then: num("1")}, {Cond: yes, Then: num("2")}}, T: plan.Of(i)}, "2"},
		{&plan.Case{Whens: []plan.When{{Cond: no, Then: num("1")}}, Else: num("9"), T: plan.Of(i)}, "9"}, {&plan.Case{Whens: []plan.When{{Cond: no, Then: num("1")}}, T: plan.Of(i)}, "NULL"},
	})
}

// TestBucketVectors holds the vectors of docs/reference: they never change.
func TestBucketVectors(t *testing.T) {
	for _, c := range []struct {
		salt, id string
		want     int64
	}{
		{"", "a", 3892}, {"a", "", 6843}, {"experiment-42", "c-1", 3483}, {"experiment-42", "c-2", 9774}, {"experiment-43", "c-1", 8547}, {"żółw", "17850.0", 1904},
	} {
		if got := Bucket(c.salt, []byte(c.id)); got != c.want {
			t.Errorf("bucket(%q) of %q = %d, want %d", c.salt, c.id, got, c.want)
		}
	}
}

func TestCast(t *testing.T) {
	cast := func(x plan.Expr, k schema.Kind, scale ...uint8) *plan.Cast {
		c := &plan.Cast{X: x, T: plan.Of(k)}
		if len(scale) > 0 {
			c.T.Scale = scale[0]
		}
		return c
	}
	const b, i, f, dec, s, d, ts, st, key = schema.KindBool, schema.KindInt, schema.KindFloat, schema.KindDecimal, schema.KindText, schema.KindDate, schema.KindTimestamp, schema.KindSet, schema.KindKey
	for k := b; k <= schema.KindDuration; k++ {
		check(t, []example{{cast(nullText, k), "NULL"}, {cast(nullInt, k), "NULL"}})
	}
	for _, c := range []struct {
		x          *plan.Cast
		want, must string
	}{
		{cast(str("Yes"), b), "true", ""}, {cast(str("0"), b), "false", ""}, {cast(str("maybe"), b), "NULL", `"maybe" is not true or false`}, {cast(num("1"), b), "true", ""}, {cast(num("2"), b), "NULL", "2 is not true or false"},
		{cast(str(" 42 "), i), "42", ""}, {cast(str("42.0"), i), "42", ""}, {cast(str("1e3"), i), "1000", ""}, {cast(str("12,5"), i), "NULL", `"12,5" is not a number`}, {cast(str("3.5"), i), "4", `"3.5" is not a whole number`},
		{cast(str("9223372036854775808"), i), "NULL", `"9223372036854775808" is too large for INT`}, {cast(num("3.7"), i), "4", "3.7 is not a whole number"}, {cast(flt(3), i), "3", ""}, {cast(flt(1e30), i), "NULL", "1e+30 is too large for INT"}, {cast(yes, i), "1", ""},
		{cast(str("1.25"), dec, 2), "1.25", ""}, {cast(str("1.5"), dec, 2), "1.50", ""}, {cast(str("1.250"), dec, 2), "1.25", ""}, {cast(str("1.255"), dec, 2), "1.26", `"1.255" has more than 2 decimals`}, {cast(flt(2.55), dec, 2), "2.55", ""},
		{cast(str("1.2345"), dec, plan.AnyScale), "1.2345", ""}, {cast(str("-7"), dec, plan.AnyScale), "-7", ""}, {cast(str("x"), dec, plan.AnyScale), "NULL", `"x" is not a number`},
		{cast(str("1e400"), f), "NULL", `"1e400" is out of the range of numbers`}, {cast(str("0.1"), f), "0.1", ""}, {cast(str("inf"), f), "NULL", `"inf" is not a number`}, {cast(num("0.25"), f), "0.25", ""}, {cast(date("2026-01-01"), f), "NULL", "DATE is no FLOAT"},
		{cast(num("1.50"), s), "1.50", ""}, {cast(yes, s), "true", ""}, {cast(date("2026-03-01"), s), "2026-03-01", ""}, {cast(at("2026-03-01 10:00Z"), s), "2026-03-01T10:00:00Z", ""}, {cast(set("b", `a"`), s), `["a\"","b"]`, ""}, {cast(flt(0.1), s), "0.1", ""},
		{cast(str("2026-03-01"), d), "2026-03-01", ""}, {cast(str("2026-03-01 00:00:00"), d), "2026-03-01", ""}, {cast(str("2026-03-01T00:00:00.000Z"), d), "2026-03-01", ""},
		{cast(str("2026-03-01 08:26"), d), "NULL", `"2026-03-01 08:26" has a time of day, which a DATE does not`}, {cast(str("2026-03"), d), "NULL", `"2026-03" is a month, not a day`}, {cast(at("2026-02-28 23:30Z"), d), "2026-03-01", ""}, {cast(num("1"), d), "NULL", "INT is no DATE"},
		{cast(str("2026-03-01 10:00"), ts), "2026-03-01T09:00:00Z", ""}, {cast(str("2026-03-01T10:00:00.5Z"), ts), "2026-03-01T10:00:00.500Z", ""}, {cast(str("2026-03-01"), ts), "2026-02-28T23:00:00Z", ""}, {cast(date("2026-03-01"), ts), "2026-02-28T23:00:00Z", ""}, {cast(num("1"), ts), "NULL", "INT is no TIMESTAMP"},
		{cast(str(`["b","a","b"]`), st), `["a","b"]`, ""}, {cast(str("a,b"), st), `["a,b"]`, ""}, {cast(str("[1]"), st), `["[1]"]`, ""}, {cast(num("1"), st), `["1"]`, ""},
		{cast(str("x"), key), fmt.Sprintf("%016x", HashKey("x")), ""}, {cast(str("90m"), schema.KindDuration), "90m", ""}, {cast(str("1mo"), schema.KindDuration), "NULL", `"1mo": months have no fixed length`},
	} {
		check(t, []example{{c.x, c.want}})
		must := *c.x
		must.Must = true
		want := c.want
		if c.must != "" {
			want = "error: " + c.must
		}
		check(t, []example{{&must, want}})
	}
	check(t, []example{{cast(str(""), i), "NULL"}, {&plan.Cast{X: str(""), T: plan.Of(i), Must: true}, "NULL"}, {cast(str(""), s), ""}, {&plan.Cast{X: str(""), T: plan.Of(s), Must: true}, ""}})
	e, err := Compile(&plan.Cast{X: str("12,5"), T: plan.Of(i), Must: true}, Env{})
	if err != nil {
		t.Fatal(err)
	}
	var castErr *CastError
	if _, err = e.Value(row{}); !errors.As(err, &castErr) {
		t.Errorf("a cast that must fit fails with %v", err)
	}
}

func TestDatesThatAreNone(t *testing.T) {
	for _, s := range []string{"01.12.2011", "12/1/2011 8:26", "2011-02-30", "2011-13-01", "soon", ""} {
		if v, err := Cast(Text(s), schema.Type{Kind: schema.KindTimestamp}, calendar.UTC); err == nil {
			t.Errorf("%q is the instant %v", s, v)
		} else if !strings.Contains(err.Error(), fmt.Sprintf("%q", s)) {
			t.Errorf("the error of %q does not show it: %v", s, err)
		}
	}
}

func TestDepth(t *testing.T) {
	x := num("1")
	for range maxDepth + 1 {
		x = &plan.Neg{X: x, T: plan.Of(schema.KindInt)}
	}
	if _, err := Compile(x, Env{}); err == nil || !strings.Contains(err.Error(), "nests deeper") {
		t.Errorf("a tree of any depth compiles: %v", err)
	}
}

func FuzzParseFixed(f *testing.F) {
	for _, s := range []string{"1", "-0.5", "12.340", "999999999999999999", "-.5", "1e2", " 7", "1.", "-"} {
		f.Add(s, uint8(2))
	}
	f.Fuzz(func(t *testing.T, s string, scale uint8) {
		scale %= schema.MaxScale + 1
		fast, ok := parseShort(s, scale)
		if !ok {
			return
		}
		x, err := exact.Parse(s)
		if err != nil {
			t.Fatalf("parseShort takes %q, which is no number: %v", s, err)
		}
		if slow, fits := x.Fits(scale); !fits || slow != fast {
			t.Fatalf("%q at scale %d: fast %d, exact %d %v", s, scale, fast, slow, fits)
		}
	})
}

func FuzzLike(f *testing.F) {
	f.Add("%a_b%", "xxaYb")
	f.Add("_%\xff", "ż\xff")
	f.Fuzz(func(t *testing.T, p, s string) {
		if len(p) > 12 || len(s) > 40 {
			return
		}
		runes := func(s string) (out []rune) {
			for s != "" {
				c, n := next(s, false)
				out, s = append(out, c), s[n:]
			}
			return out
		}
		if got, want := compileLike(p, false)(s), slowLike(runes(p), runes(s)); got != want {
			t.Fatalf("%q LIKE %q = %v, want %v", s, p, got, want)
		}
	})
}
