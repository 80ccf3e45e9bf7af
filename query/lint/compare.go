package lint

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/storage/schema"
)

func isLiteral(x ast.Expr) bool {
	_, ok := literal(x)
	return ok
}

// literal returns a constant, a minus before it included in its text.
func literal(x ast.Expr) (ast.Literal, bool) {
	switch x := ast.Bare(x).(type) {
	case *ast.Literal:
		return *x, x.Kind != ast.LitNull
	case *ast.Unary:
		if l, ok := x.X.(*ast.Literal); ok && x.Op == ast.OpNeg && l.Kind != ast.LitNull {
			c := *l
			c.Text = "-" + l.Text
			return c, true
		}
	}
	return ast.Literal{}, false
}

// number returns a literal's value where it has one: of numbers, and of durations without months in ms.
func number(l ast.Literal) (*big.Rat, bool) {
	const longest = 40 // digits; an exponent has its own bound
	if len(l.Text) > longest {
		return nil, false
	}
	switch l.Kind {
	case ast.LitInt, ast.LitDecimal:
		return new(big.Rat).SetString(l.Text)
	case ast.LitPercent:
		r, ok := new(big.Rat).SetString(l.Text)
		if ok {
			r.Quo(r, big.NewRat(100, 1))
		}
		return r, ok
	case ast.LitDuration:
		d, err := calendar.ParseDuration(l.Text)
		return new(big.Rat).SetInt64(d.MS), err == nil && d.Months == 0
	}
	return nil, false
}

// order compares two constants that are opposite to a value of a type; ok is false if that takes more than
// their texts.
func order(a, b ast.Literal, t schema.Type) (cmp int, ok bool) {
	if a.Kind == ast.LitText && b.Kind == ast.LitText {
		switch t.Kind {
		case schema.KindText:
			return strings.Compare(a.Text, b.Text), true
		case schema.KindDate, schema.KindTimestamp:
			return days(a.Text, b.Text)
		}
		return 0, false
	}
	x, ok := number(a)
	y, also := number(b)
	if !ok || !also || (a.Kind == ast.LitDuration) != (b.Kind == ast.LitDuration) {
		return 0, false
	}
	return x.Cmp(y), true
}

// days compares two dates without a time of day.
func days(a, b string) (int, bool) {
	x, _, err := calendar.ParseDate(a)
	y, _, also := calendar.ParseDate(b)
	switch {
	case err != nil || also != nil:
		return 0, false
	case x < y:
		return -1, true
	case x > y:
		return 1, true
	}
	return 0, true
}

// dateOnly returns the precision of a text that is a day or a month without a time of day.
func dateOnly(x ast.Expr) (text string, month, ok bool) {
	l, is := literal(x)
	if !is || l.Kind != ast.LitText {
		return "", false, false
	}
	_, p, err := calendar.ParseDate(l.Text)
	return l.Text, p == calendar.ToMonth, err == nil
}

// leaf checks a predicate or a value.
func (u *unit) leaf(x ast.Expr, f *facts) {
	u.unequal(ast.Bare(x), f)
	ast.Walk(x, func(y ast.Expr) bool {
		if u.inner[y] && y != u.root {
			return false
		}
		u.part(y, f)
		return true
	})
}

// part checks one node by itself.
func (u *unit) part(x ast.Expr, f *facts) {
	switch x := x.(type) {
	case *ast.Binary:
		u.comparison(x)
	case *ast.Between:
		u.between(x)
	case *ast.In:
		u.nullInList(x)
	case *ast.Did:
		u.newcomers(x, f)
		u.frequency(x)
	case *ast.Aggregate:
		u.nested(x)
	}
}

func (u *unit) comparison(x *ast.Binary) {
	switch {
	case x.Op == ast.OpLike || x.Op == ast.OpILike:
		u.pattern(x)
	case x.Op >= ast.OpEq && x.Op <= ast.OpGe:
		u.withNull(x)
		u.midnight(x)
		u.outOfRange(x)
		u.counted(x)
	}
}

// withNull warns of a comparison with NULL, which is unknown for every contact.
func (u *unit) withNull(x *ast.Binary) {
	if l, ok := ast.Bare(x.Y).(*ast.Literal); !ok || l.Kind != ast.LitNull {
		return
	}
	test := "IS NULL"
	if x.Op == ast.OpNe {
		test = "IS NOT NULL"
	}
	u.warn(x.Y.Span(), "a comparison with NULL is never true", fmt.Sprintf("write %s %s", short(x.X), test))
}

// pattern warns of LIKE without % and _, and of the wildcards of other worlds.
func (u *unit) pattern(x *ast.Binary) {
	l, ok := literal(x.Y)
	if !ok || l.Kind != ast.LitText || strings.ContainsAny(l.Text, "%_") {
		return
	}
	left := short(x.X)
	if strings.ContainsAny(l.Text, "*?") {
		right := strings.NewReplacer("*", "%", "?", "_").Replace(l.Text)
		u.warn(x.Y.Span(), "* and ? stand for themselves after "+x.Op.String(),
			fmt.Sprintf("any text is written %%, one character _: %s %s %s", left, x.Op, quoted(right)))
		return
	}
	hint := fmt.Sprintf("write %s CONTAINS %s to look inside the text", left, quoted(l.Text))
	if x.Op == ast.OpLike {
		hint += fmt.Sprintf(", or %s = %s", left, quoted(l.Text))
	}
	u.warn(x.Y.Span(), fmt.Sprintf("%s without %% or _ compares the whole text", x.Op), hint)
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// between warns of ends in the wrong order, and of a last day that ends at its first midnight.
func (u *unit) between(x *ast.Between) {
	lo, ok := literal(x.Lo)
	hi, also := literal(x.Hi)
	if !ok || !also {
		return
	}
	t, _ := u.typeOf(x.X)
	if t.Kind == schema.KindNull && lo.Kind == ast.LitText {
		return
	}
	if cmp, ok := order(lo, hi, t); ok && cmp > 0 {
		says := "no value lies between these: the larger end stands first"
		if x.Not {
			says = "every value lies outside these: the larger end stands first"
		}
		u.warn(x.At, says, fmt.Sprintf("write %s BETWEEN %s AND %s", short(x.X), short(x.Hi), short(x.Lo)))
		return
	}
	from, _, isDate := dateOnly(x.Lo)
	to, _, alsoDate := dateOnly(x.Hi)
	if t.Kind == schema.KindTimestamp && isDate && alsoDate {
		u.warn(x.Hi.Span(), fmt.Sprintf("%s is an instant, so that BETWEEN ends at the first midnight of %s", short(x.X), quoted(to)),
			fmt.Sprintf("to take that whole time in write %s DURING %s TO %s", short(x.X), quoted(from), quoted(to)))
	}
}

// midnight warns of an instant compared with a day as if it were one.
func (u *unit) midnight(x *ast.Binary) {
	t, ok := u.typeOf(x.X)
	text, month, date := dateOnly(x.Y)
	if !ok || !date || t.Kind != schema.KindTimestamp {
		return
	}
	what := "day"
	if month {
		what = "month"
	}
	switch x.Op {
	case ast.OpEq, ast.OpNe:
		u.warn(x.Span(), fmt.Sprintf("%s is an instant and %s its first midnight, to the millisecond", short(x.X), quoted(text)),
			fmt.Sprintf("for the whole %s write %s DURING %s", what, short(x.X), quoted(text)))
	case ast.OpLe:
		u.warn(x.Span(), fmt.Sprintf("%s is an instant, so that <= ends at the first midnight of %s", short(x.X), quoted(text)),
			fmt.Sprintf("to take the whole %s in compare with the next one by <; to leave it out write %s < %s", what, short(x.X), quoted(text)))
	}
}

// ranges are the values that parts of a time and buckets have.
var ranges = map[string]struct{ lo, hi int64 }{
	"weekday": {1, 7}, "hour": {0, 23}, "month": {1, 12}, "day": {1, 31}, "bucket": {0, 9999},
}

// outOfRange warns of weekday(x) = 0, hour(x) = 24 and the like.
func (u *unit) outOfRange(x *ast.Binary) {
	call, ok := ast.Bare(x.X).(*ast.Call)
	l, is := literal(x.Y)
	if !ok || !is {
		return
	}
	r, known := ranges[call.Fn.Name]
	n, numeric := number(l)
	if !known || !numeric {
		return
	}
	lo, hi := n.Cmp(big.NewRat(r.lo, 1)), n.Cmp(big.NewRat(r.hi, 1))
	if truth, constant := constantCompare(x.Op, lo, hi); constant {
		hint := ""
		if call.Fn.Name == "weekday" {
			hint = "1 is Monday, 7 is Sunday"
		}
		u.warn(x.Span(), fmt.Sprintf("%s lies between %d and %d, so that this is %s true", call.Fn.Name, r.lo, r.hi, truth), hint)
	}
}

// constantCompare says whether a comparison of a value in [lo, hi] with n has one answer; lo and hi are n's
// order to the ends.
func constantCompare(op ast.Op, lo, hi int) (truth string, constant bool) {
	const never, always = "never", "always"
	switch {
	case op == ast.OpEq && (lo < 0 || hi > 0), op == ast.OpLt && lo <= 0, op == ast.OpLe && lo < 0,
		op == ast.OpGt && hi >= 0, op == ast.OpGe && hi > 0:
		return never, true
	case op == ast.OpNe && (lo < 0 || hi > 0), op == ast.OpLt && hi > 0, op == ast.OpLe && hi >= 0,
		op == ast.OpGt && lo < 0, op == ast.OpGe && lo <= 0:
		return always, true
	}
	return "", false
}

// nullInList warns of NULL in a list: it equals nothing, and makes NOT IN unknown for everything.
func (u *unit) nullInList(x *ast.In) {
	if len(x.Values) < 2 {
		return
	}
	for _, v := range x.Values {
		l, ok := ast.Bare(v).(*ast.Literal)
		if !ok || l.Kind != ast.LitNull {
			continue
		}
		if x.Not {
			u.warn(v.Span(), "NOT IN with a NULL in its list is never true", fmt.Sprintf("leave NULL out; write AND %s IS NOT NULL if that was meant", short(x.X)))
		} else {
			u.warn(v.Span(), "NULL in a list matches nothing", fmt.Sprintf("write OR %s IS NULL", short(x.X)))
		}
	}
}
