package plan

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"

	"github.com/musterdb/muster/storage/schema"
)

// String returns an expression in a compact form for tests and EXPLAIN: ids instead of names, windows as
// ms. It is not the language and is not read back.
func String(x Expr) string {
	var p printer
	p.expr(x)
	return p.String()
}

// String returns the query's plan, one clause a line.
func (q *Query) String() string {
	var p printer
	fmt.Fprintf(&p, "clock %d\n", q.Clock)
	if q.From != 0 {
		fmt.Fprintf(&p, "from event%d", q.From)
		if q.KeepFrom != 0 {
			fmt.Fprintf(&p, " since %d", q.KeepFrom)
		}
		p.WriteByte('\n')
	}
	if q.Where != nil {
		p.WriteString("where ")
		p.expr(q.Where)
		p.WriteByte('\n')
	}
	if q.Count {
		p.WriteString("count\n")
	}
	p.groups(q)
	for i, item := range q.Items {
		hidden := ""
		if i >= q.Visible {
			hidden = "hidden "
		}
		fmt.Fprintf(&p, "%sitem %s: %s = ", hidden, item.Name, item.X.Type())
		p.expr(item.X)
		p.WriteByte('\n')
	}
	for _, o := range q.Order {
		fmt.Fprintf(&p, "order %d%s\n", o.Item, map[bool]string{true: " desc"}[o.Desc])
	}
	if q.Limit >= 0 {
		fmt.Fprintf(&p, "limit %d\n", q.Limit)
	}
	return p.String()
}

var totalText = [...]string{"count", "count", "distinct", "sum", "avg", "min", "max"}

func (p *printer) groups(q *Query) {
	for i, g := range q.Group {
		fmt.Fprintf(p, "group%d: %s = %s\n", i, g.Type(), String(g))
	}
	for i, t := range q.Totals {
		fmt.Fprintf(p, "total%d: %s = %s", i, t.T, totalText[t.Fn])
		if t.X != nil {
			p.WriteByte(' ')
			p.expr(t.X)
		}
		p.WriteByte('\n')
	}
	if q.Having != nil {
		p.WriteString("having ")
		p.expr(q.Having)
		p.WriteByte('\n')
	}
}

// String returns the type; a quotient is DECIMAL(6)/.
func (t Type) String() string {
	if t.Quotient {
		return t.Type.String() + "/"
	}
	return t.Type.String()
}

type printer struct{ strings.Builder }

var arithText = [...]string{"+", "-", "*", "/"}
var cmpText = [...]string{"=", "<>", "<", "<=", ">", ">="}
var matchText = [...]string{"like", "ilike", "matches", "starts", "ends", "contains"}
var modeText = [...]string{"any", "all", "none"}
var aggText = [...]string{"count", "sum", "avg", "min", "max", "distinct", "days", "first", "last", "recency"}
var fnText = [...]string{
	"coalesce", "abs", "round", "least", "greatest", "lower", "upper", "length", "domain", "date_trunc", "hour", "weekday", "day", "month",
	"year", "years_since", "bucket", "size", "version", "distance_km",
}

func (p *printer) expr(x Expr) {
	switch x := x.(type) {
	case *Const:
		p.WriteString(valueText(x.Value))
	case *Attr:
		fmt.Fprintf(p, "attr%d", x.ID)
	case *Prop:
		p.prop(x)
	case *Arith:
		p.call(arithText[x.Op], x.X, x.Y)
	case *AddCalendar:
		p.call(fmt.Sprintf("%+dmo", x.Months), x.X)
	case *Neg:
		p.call("neg", x.X)
	case *Call:
		p.call(fnText[x.Fn], x.Args...)
	case *Case:
		p.caseOf(x)
	case *Cast:
		p.call(castText(x), x.X)
	default:
		p.condition(x)
	}
}

func (p *printer) condition(x Expr) {
	switch x := x.(type) {
	case *And:
		p.call("and", x.Terms...)
	case *Or:
		p.call("or", x.Terms...)
	case *Not:
		p.call("not", x.X)
	case *Cmp:
		op := cmpText[x.Op]
		if x.Version {
			op = "version" + op
		}
		p.call(op, x.X, x.Y)
	case *In:
		p.in(x)
	case *IsNull:
		p.call("null", x.X)
	case *IsDistinct:
		p.call("distinct-from", x.X, x.Y)
	case *Match:
		p.call(matchText[x.Op], x.X, &Const{Value: schema.Value{Kind: schema.KindText, S: x.Pattern}})
	case *SetHas:
		p.call("has-"+modeText[x.Mode], x.X, &Const{Value: schema.Value{Kind: schema.KindSet, Set: x.Values}})
	case *SetCmp:
		p.setCmp(x)
	default:
		p.behaviour(x)
	}
}

func (p *printer) behaviour(x Expr) {
	switch x := x.(type) {
	case *Did:
		p.WriteString("(did ")
		p.selector(x.Sel, x.Window)
		unit := ""
		if x.Days {
			unit = " days"
		}
		fmt.Fprintf(p, " %d..%s%s)", x.Min, upper(x.Max), unit)
	case *Nth:
		fmt.Fprintf(p, "(nth %d ", x.N)
		p.selector(x.Sel, x.Window)
		p.WriteByte(')')
	case *IsTrue:
		p.call("is-true", x.X)
	case *Member:
		fmt.Fprintf(p, "(member attr%d)", x.Attr)
	case *GroupRef:
		fmt.Fprintf(p, "group%d", x.Index)
	case *TotalRef:
		fmt.Fprintf(p, "total%d", x.Index)
	case *Agg:
		p.WriteString("(agg-" + aggText[x.Fn] + " ")
		p.selector(x.Sel, x.Window)
		if x.Prop != nil {
			p.WriteByte(' ')
			p.prop(x.Prop)
		}
		p.WriteByte(')')
	default:
		fmt.Fprintf(p, "<%T>", x)
	}
}

func upper(n uint64) string {
	if n == math.MaxUint64 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

func (p *printer) call(name string, args ...Expr) {
	p.WriteString("(" + name)
	for _, a := range args {
		p.WriteByte(' ')
		p.expr(a)
	}
	p.WriteByte(')')
}

func (p *printer) prop(x *Prop) {
	ids := make([]int, 0, len(x.ByEvent))
	for e := range x.ByEvent {
		ids = append(ids, int(e))
	}
	sort.Ints(ids)
	p.WriteString("prop")
	for i, e := range ids {
		if i > 0 {
			p.WriteByte(',')
		}
		fmt.Fprintf(p, "%d.%d", e, x.ByEvent[schema.EventID(e)])
	}
}

func (p *printer) caseOf(x *Case) {
	p.WriteString("(case")
	for _, w := range x.Whens {
		p.WriteByte(' ')
		p.call("when", w.Cond, w.Then)
	}
	p.WriteByte(' ')
	p.expr(x.Else)
	p.WriteByte(')')
}

func castText(x *Cast) string {
	name := "cast-" + x.T.String()
	if x.T.Scale == AnyScale {
		name = "cast-NUMBER"
	}
	if x.Must {
		name += "!"
	}
	return name
}

func (p *printer) in(x *In) {
	values := make([]string, len(x.Values))
	for i, v := range x.Values {
		values[i] = valueText(v)
	}
	if x.HasNull {
		values = append(values, "null")
	}
	p.WriteString("(in ")
	p.expr(x.X)
	p.WriteString(" {" + strings.Join(values, ", ") + "})")
}

func (p *printer) setCmp(x *SetCmp) {
	if x.Subset {
		p.call("subset", x.X, x.Y)
		return
	}
	p.call("has-"+modeText[x.Mode], x.X, x.Y)
}

func (p *printer) selector(s *Selector, w Window) {
	ids := make([]string, len(s.Events))
	for i, e := range s.Events {
		ids[i] = strconv.Itoa(int(e))
	}
	p.WriteString("event" + strings.Join(ids, ","))
	for _, e := range s.Events {
		if from, ok := s.Keep[e]; ok {
			fmt.Fprintf(p, " keep%d:%d", e, from)
		}
	}
	if s.Filter != nil {
		p.WriteByte('[')
		p.expr(s.Filter)
		p.WriteByte(']')
	}
	from := ""
	if !w.Whole() {
		from = strconv.FormatInt(w.From, 10)
	}
	fmt.Fprintf(p, " %s..%d", from, w.To)
}

// valueText returns a value with its kind, so that 1 and 1.0 differ.
func valueText(v schema.Value) string {
	switch v.Kind {
	case schema.KindNull:
		return "null"
	case schema.KindBool:
		return strconv.FormatBool(v.I != 0)
	case schema.KindInt:
		return strconv.FormatInt(v.I, 10)
	case schema.KindFloat:
		return strconv.FormatFloat(v.F, 'g', -1, 64) + "f"
	case schema.KindDecimal:
		return fmt.Sprintf("%de-%d", v.I, v.Scale)
	case schema.KindText:
		return strconv.Quote(v.S)
	case schema.KindSet:
		return fmt.Sprintf("%q", v.Set)
	case schema.KindKey:
		return fmt.Sprintf("key:%016x", uint64(v.I))
	}
	return strings.ToLower(v.Kind.String()) + ":" + strconv.FormatInt(v.I, 10)
}
