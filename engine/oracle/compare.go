package oracle

import (
	"regexp"
	"slices"
	"strings"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/zeebo/xxh3"
)

// adapt turns a text literal into what it stands opposite to: a day, an instant or a key.
func (c *compiler) adapt(n node, to typ) (node, error) {
	if n.lit == nil {
		return n, nil
	}
	switch to.kind {
	case kKey:
		return constant(to, val{ok: true, u: xxh3.HashString(*n.lit)}, n.at), nil
	case kDate, kTimestamp:
		m, ok := parseMoment(c.db.zone, *n.lit)
		if !ok || to.kind == kDate && !m.dateOnly {
			return n, diag.New(diag.Type, n.at, "%q is no %s", *n.lit, to)
		}
		if to.kind == kDate {
			return constant(to, instant(m.from), n.at), nil
		}
		return constant(to, instant(c.start(m)), n.at), nil
	}
	return n, nil
}

// start is the instant of a literal: the first midnight of a date-only one.
func (c *compiler) start(m moment) int64 {
	if m.dateOnly {
		return c.db.zone.midnight(m.from)
	}
	return m.ms
}

// asTimestamp makes instants of days.
func (c *compiler) asTimestamp(n node) node {
	if n.t.kind != kDate {
		return n
	}
	return node{t: typ{kind: kTimestamp}, at: n.at, ev: func(en *env) val {
		v := n.ev(en)
		if !v.ok {
			return null
		}
		return instant(c.db.zone.midnight(v.i))
	}}
}

func asKey(n node) node {
	if n.t.kind != kText {
		return n
	}
	return node{t: typ{kind: kKey}, at: n.at, ev: func(en *env) val {
		v := n.ev(en)
		return val{ok: v.ok, u: xxh3.HashString(v.s)}
	}}
}

// common brings expressions to one kind, so that their values compare; numbers keep their own types,
// because numbers of every type compare by value.
func (c *compiler) common(ns []node) ([]node, typ, error) {
	has := map[typ]bool{}
	for _, n := range ns {
		has[typ{kind: n.t.kind}] = true
	}
	t := c.commonKind(has)
	out := slices.Clone(ns)
	for i, n := range ns {
		n, err := c.adapt(n, t)
		if err != nil {
			return nil, t, err
		}
		switch t.kind {
		case kTimestamp:
			n = c.asTimestamp(n)
		case kKey:
			n = asKey(n)
		}
		if n.calendar() || n.t.kind != kNull && n.t.kind != t.kind && (!n.t.numeric() || !t.numeric()) {
			return nil, t, diag.New(diag.Type, n.at, "%s does not compare with %s", n.t, t)
		}
		out[i] = n
	}
	return out, t, nil
}

// commonKind picks the kind that the others turn into: KEY and dates win over text, TIMESTAMP over DATE.
func (c *compiler) commonKind(has map[typ]bool) typ {
	for _, k := range []typ{{kind: kKey}, {kind: kTimestamp}, {kind: kDate}, {kind: kFloat}, {kind: kDecimal}, {kind: kInt}} {
		if has[k] {
			return k
		}
	}
	for _, k := range []typ{{kind: kText}, {kind: kBool}, {kind: kSet}, {kind: kDuration}, {kind: kindVersion}} {
		if has[k] {
			return k
		}
	}
	return typ{}
}

// unify brings expressions to one type, so that each may be the value of CASE or COALESCE.
func (c *compiler) unify(ns []node) ([]node, typ, error) {
	out, t, err := c.common(ns)
	if err != nil || !t.numeric() {
		return out, t, err
	}
	for i, n := range out {
		if t.kind == kFloat {
			out[i] = asFloat(n)
			continue
		}
		if n.t.scale > t.scale {
			t.scale = n.t.scale
		}
		t.exact = t.exact || n.t.exact
	}
	return out, t, nil
}

// comparison is x op y; unknown if either is null.
func (c *compiler) comparison(op ast.Op, x, y node) (node, error) {
	ns, t, err := c.common([]node{x, y})
	if err != nil {
		return node{}, err
	}
	if op != ast.OpEq && op != ast.OpNe && (t.kind == kKey || t.kind == kSet) {
		return node{}, diag.New(diag.Type, x.at, "%s has no order", t)
	}
	return node{t: typ{kind: kBool}, ev: func(en *env) val {
		a, b := ns[0].ev(en), ns[1].ev(en)
		if !a.ok || !b.ok {
			return null
		}
		return boolean(holds(op, compare(t.kind, a, b)))
	}}, nil
}

func holds(op ast.Op, cmp int) bool {
	switch op {
	case ast.OpEq:
		return cmp == 0
	case ast.OpNe:
		return cmp != 0
	case ast.OpLt:
		return cmp < 0
	case ast.OpLe:
		return cmp <= 0
	case ast.OpGt:
		return cmp > 0
	}
	return cmp >= 0
}

func negated(not_ bool, n node) node {
	if !not_ {
		return n
	}
	return node{t: n.t, ev: func(en *env) val { return not(n.ev(en)) }}
}

// between is x >= lo AND x <= hi.
func (c *compiler) between(b *ast.Between, sc scope) (node, error) {
	ns, err := c.exprs([]ast.Expr{b.X, b.Lo, b.Hi}, sc)
	if err != nil {
		return node{}, err
	}
	ge, err := c.comparison(ast.OpGe, ns[0], ns[1])
	if err != nil {
		return node{}, err
	}
	le, err := c.comparison(ast.OpLe, ns[0], ns[2])
	if err != nil {
		return node{}, err
	}
	both := node{t: typ{kind: kBool}, ev: func(en *env) val { return and(ge.ev(en), le.ev(en)) }}
	return negated(b.Not, both), nil
}

func (c *compiler) exprs(es []ast.Expr, sc scope) ([]node, error) {
	ns := make([]node, len(es))
	for i, e := range es {
		n, err := c.expr(e, sc)
		if err != nil {
			return nil, err
		}
		ns[i] = n
	}
	return ns, nil
}

// in is x = a OR x = b OR …
func (c *compiler) in(e *ast.In, sc scope) (node, error) {
	if e.List != nil {
		return node{}, diag.New(diag.NotYet, e.At, "lists are not yet in this version")
	}
	if n, ok, err := c.contactIn(e, sc); ok || err != nil {
		return n, err
	}
	x, err := c.expr(e.X, sc)
	if err != nil {
		return node{}, err
	}
	var eqs []node
	for _, v := range e.Values {
		y, err := c.expr(v, sc)
		if err != nil {
			return node{}, err
		}
		eq, err := c.comparison(ast.OpEq, x, y)
		if err != nil {
			return node{}, err
		}
		eqs = append(eqs, eq)
	}
	any := node{t: typ{kind: kBool}, ev: func(en *env) val {
		out := boolean(false)
		for _, eq := range eqs {
			out = or(out, eq.ev(en))
		}
		return out
	}}
	return negated(e.Not, any), nil
}

func (c *compiler) isNull(e *ast.IsNull, sc scope) (node, error) {
	x, err := c.expr(e.X, sc)
	return node{t: typ{kind: kBool}, ev: func(en *env) val { return boolean(x.ev(en).ok == e.Not) }}, err
}

func (c *compiler) isDistinct(e *ast.IsDistinct, sc scope) (node, error) {
	ns, err := c.exprs([]ast.Expr{e.X, e.Y}, sc)
	if err != nil {
		return node{}, err
	}
	ns, t, err := c.common(ns)
	if err != nil {
		return node{}, err
	}
	return node{t: typ{kind: kBool}, ev: func(en *env) val {
		a, b := ns[0].ev(en), ns[1].ev(en)
		distinct := a.ok != b.ok || a.ok && compare(t.kind, a, b) != 0
		return boolean(distinct != e.Not)
	}}, nil
}

// has compares a set with texts, or with another set.
func (c *compiler) has(e *ast.Has, sc scope) (node, error) {
	x, err := c.wants(e.X, sc, kSet)
	if err != nil {
		return node{}, err
	}
	ns, err := c.exprs(e.Values, sc)
	if err != nil {
		return node{}, err
	}
	whole := e.Mode != ast.HasOne && !e.Bracketed
	want := kText
	if whole {
		want = kSet
	}
	for _, n := range ns {
		if n.t.kind != want && n.t.kind != kNull {
			return node{}, diag.New(diag.Type, n.at, "HAS compares with %s, not %s", want, n.t)
		}
	}
	return node{t: typ{kind: kBool}, ev: func(en *env) val {
		set, items, ok := x.ev(en), []val(nil), true
		for _, n := range ns {
			items = append(items, n.ev(en))
		}
		if whole {
			items, ok = members(items[0])
		}
		if !set.ok || !ok {
			return null
		}
		return hasItems(e.Mode, set.set, items)
	}}, nil
}

func members(set val) ([]val, bool) {
	var out []val
	for _, s := range set.set {
		out = append(out, text(s))
	}
	return out, set.ok
}

func hasItems(mode ast.HasMode, set []string, items []val) val {
	anyOf, allOf := boolean(false), boolean(true)
	for _, it := range items {
		one := null
		if it.ok {
			one = boolean(slices.Contains(set, it.s))
		}
		anyOf, allOf = or(anyOf, one), and(allOf, one)
	}
	switch mode {
	case ast.HasAll:
		return allOf
	case ast.HasNone:
		return not(anyOf)
	}
	return anyOf
}

func (c *compiler) subset(e *ast.SubsetOf, sc scope) (node, error) {
	x, err := c.wants(e.X, sc, kSet)
	if err != nil {
		return node{}, err
	}
	y, err := c.wants(e.Y, sc, kSet)
	return node{t: typ{kind: kBool}, ev: func(en *env) val {
		a, b := x.ev(en), y.ev(en)
		items, _ := members(a)
		if !a.ok || !b.ok {
			return null
		}
		return hasItems(ast.HasAll, b.set, items)
	}}, err
}

// textMatch is LIKE and its kind: x op pattern, both TEXT.
func (c *compiler) textMatch(b *ast.Binary, x, y node) (node, error) {
	for _, n := range []node{x, y} {
		if n.t.kind != kText && n.t.kind != kNull {
			return node{}, diag.New(diag.Type, n.at, "%s compares texts, not %s", b.Op, n.t)
		}
	}
	match, err := matcher(b.Op, y)
	if err != nil {
		return node{}, err
	}
	out := node{t: typ{kind: kBool}, ev: func(en *env) val {
		s, p := x.ev(en), y.ev(en)
		if !s.ok || !p.ok {
			return null
		}
		return boolean(match(s.s, p.s))
	}}
	return negated(b.Not, out), nil
}

func matcher(op ast.Op, pattern node) (func(s, p string) bool, error) {
	switch op {
	case ast.OpStartsWith:
		return strings.HasPrefix, nil
	case ast.OpEndsWith:
		return strings.HasSuffix, nil
	case ast.OpContains:
		return strings.Contains, nil
	case ast.OpLike:
		return func(s, p string) bool { return like([]rune(s), []rune(p)) }, nil
	case ast.OpILike:
		return func(s, p string) bool { return like([]rune(strings.ToLower(s)), []rune(strings.ToLower(p))) }, nil
	}
	if pattern.t.kind == kNull {
		return func(string, string) bool { return false }, nil
	}
	if pattern.lit == nil {
		return nil, diag.New(diag.Invalid, pattern.at, "the pattern of MATCHES must be a text literal")
	}
	re, err := regexp.Compile(*pattern.lit)
	if err != nil {
		return nil, diag.New(diag.Invalid, pattern.at, "%v", err)
	}
	return func(s, _ string) bool { return re.MatchString(s) }, nil
}

// like matches % as any texts and _ as one code point; nothing escapes them.
func like(s, p []rune) bool {
	row := make([]bool, len(s)+1) // row[j]: s[:j] matches the pattern so far
	row[0] = true
	for _, want := range p {
		next := make([]bool, len(s)+1)
		for j := range next {
			switch {
			case want == '%':
				next[j] = row[j] || j > 0 && next[j-1]
			case j > 0:
				next[j] = row[j-1] && (want == '_' || want == s[j-1])
			}
		}
		row = next
	}
	return row[len(s)]
}

// wants compiles an expression that must be of one kind, or NULL.
func (c *compiler) wants(e ast.Expr, sc scope, kinds ...kindOf) (node, error) {
	n, err := c.expr(e, sc)
	if err != nil {
		return n, err
	}
	if n.t.kind != kNull && !slices.Contains(kinds, n.t.kind) || n.calendar() {
		return n, diag.New(diag.Type, n.at, "%s is expected, not %s", typ{kind: kinds[0]}, n.t)
	}
	return n, nil
}
