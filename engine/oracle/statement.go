package oracle

import (
	"math/big"
	"slices"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/schema"
)

// Answer is what a statement says. Count and IDs are the contacts that match, IDs in byte order, neither
// HAVING nor LIMIT applied; of a statement over an event Count is the number of events and IDs is empty.
// Rows are SELECT's rows: ordered as ORDER BY says, equal ones (all, without ORDER BY) by contact id, then
// an event's time and arrival; groups by their terms.
type Answer struct {
	Count   int
	IDs     []string
	Columns []string
	Rows    [][]Cell
}

// Eval answers COUNT and SELECT under a clock in ms, which is at least the newest write's stamp. An error
// is a *diag.Error whose Code is meant and whose text is not. Nothing is skipped: a statement fails with
// OVERFLOW wherever a value of it overflows, except in arms of CASE and COALESCE that are not reached.
func (db *DB) Eval(stmt ast.Stmt, clockMS int64) (Answer, error) {
	clock := max(clockMS, db.newest)
	c := &compiler{db: db, now: clock, clock: clock}
	switch s := stmt.(type) {
	case *ast.Count:
		return c.count(s, clock)
	case *ast.Select:
		return c.selectRows(s, clock)
	}
	return Answer{}, refuse(diag.Invalid, "the oracle answers COUNT and SELECT")
}

// asOf moves the clock.
func (c *compiler) asOf(e ast.Expr, clock int64) (int64, error) {
	if e == nil {
		return clock, nil
	}
	at, err := c.edge(e, scope{noData: true})
	if err != nil {
		return 0, err
	}
	x := at(&env{db: c.db, clock: clock})
	if x.null {
		return 0, diag.New(diag.Invalid, e.Span(), "AS OF is null")
	}
	c.clock = c.start(x.moment)
	return c.clock, nil
}

// match returns the rows of a source that satisfy the condition, in the order in which equal ones come, and
// checks the condition even if there are none.
func (c *compiler) match(where ast.Expr, src source, clock int64) ([]*env, error) {
	cond := constant(typ{kind: kBool}, boolean(true), diag.Span{})
	if where != nil {
		var err error
		if cond, err = c.condition(where, src.scope); err != nil {
			return nil, err
		}
	}
	var out []*env
	for _, en := range src.rows(clock) {
		if cond.ev(en).isTrue() {
			out = append(out, en)
		}
		if en.err != nil {
			return nil, en.err
		}
	}
	return out, nil
}

func (c *compiler) count(s *ast.Count, clock int64) (Answer, error) {
	clock, err := c.asOf(s.AsOf, clock)
	if err != nil {
		return Answer{}, err
	}
	found, err := c.match(s.Where, c.contacts(), clock)
	if err != nil {
		return Answer{}, err
	}
	a := answerOf(found)
	a.Columns, a.Rows = []string{"count"}, [][]Cell{{cell(typ{kind: kInt}, integer(int64(a.Count)))}}
	return a, nil
}

func answerOf(found []*env) Answer {
	a := Answer{Count: len(found)}
	for _, en := range found {
		if en.e == nil {
			a.IDs = append(a.IDs, en.c.id)
		}
	}
	return a
}

// column is one item of a select list.
type column struct {
	name string
	node
}

// selection is a compiled SELECT whose rows are contacts, events or groups of them.
type selection struct {
	cols  []column
	order []sortKey
	limit int
}

func (c *compiler) selectRows(s *ast.Select, clock int64) (Answer, error) {
	src, err := c.source(s.From)
	if err != nil {
		return Answer{}, err
	}
	if clock, err = c.asOf(s.AsOf, clock); err != nil {
		return Answer{}, err
	}
	if c.isGrouped(s, src.scope) {
		return c.groupedRows(s, src, clock)
	}
	sel, err := c.selection(s, src.scope, src.scope)
	if err != nil {
		return Answer{}, err
	}
	found, err := c.match(s.Where, src, clock)
	if err != nil {
		return Answer{}, err
	}
	return sel.answer(answerOf(found), found)
}

// selection compiles list, ORDER BY and LIMIT; order is the scope of ORDER BY, in which aliases have a meaning.
func (c *compiler) selection(s *ast.Select, list, order scope) (sel selection, err error) {
	if sel.cols, err = c.columns(s.Items, list); err != nil {
		return sel, err
	}
	if sel.order, err = c.order(s.Order, sel.cols, order); err != nil {
		return sel, err
	}
	sel.limit, err = limitOf(s.Limit)
	return sel, err
}

// answer fills an answer with the rows of envs.
func (sel selection) answer(a Answer, envs []*env) (Answer, error) {
	for _, col := range sel.cols {
		a.Columns = append(a.Columns, col.name)
	}
	var err error
	a.Rows, err = rows(envs, sel.cols, sel.order, sel.limit)
	return a, err
}

func limitOf(l *ast.Literal) (int, error) {
	if l == nil {
		return -1, nil
	}
	n, ok := new(big.Int).SetString(l.Text, 10)
	if l.Kind != ast.LitInt || !ok || n.Sign() < 0 {
		return 0, diag.New(diag.Invalid, l.At, "LIMIT takes a whole number")
	}
	return int(min(n.Uint64(), 1<<40)), nil
}

func (c *compiler) columns(items []ast.Item, sc scope) ([]column, error) {
	var out []column
	for _, it := range items {
		if it.Star && sc.g != nil {
			return nil, diag.New(diag.Invalid, it.At, "* has no meaning in a grouped statement")
		}
		if it.Star {
			star, err := c.star(sc, it.At)
			if err != nil {
				return nil, err
			}
			out = append(out, star...)
			continue
		}
		n, err := c.expr(it.X, sc)
		if err != nil {
			return nil, err
		}
		if n.t.kind == kindVersion || n.calendar() {
			return nil, diag.New(diag.Type, n.at, "a %s cannot be shown", n.t)
		}
		name := ""
		if it.Alias != nil {
			name = it.Alias.Name
		}
		out = append(out, column{name, n})
	}
	return out, nil
}

// star is every attribute (id, created_at, then in creation order), or contact, time, event_id of a type
// that has one, and every property.
func (c *compiler) star(sc scope, at diag.Span) ([]column, error) {
	names := []string{"id", "created_at"}
	for _, a := range c.s().Attrs {
		names = append(names, a.Name)
	}
	if sc.table {
		names = []string{"contact", "time"}
		if sc.types[0].HasID {
			names = append(names, "event_id")
		}
		for _, p := range sc.types[0].Props {
			names = append(names, p.Name)
		}
	}
	var out []column
	for _, name := range names {
		n, err := c.name(&ast.Name{Parts: []ast.Ident{{Name: name, At: at}}}, sc)
		if err != nil {
			return nil, err
		}
		out = append(out, column{name, n})
	}
	return out, nil
}

// sortKey is one term of ORDER BY: nulls come last, up and down.
type sortKey struct {
	node
	desc bool
}

func (c *compiler) order(items []ast.OrderItem, cols []column, sc scope) ([]sortKey, error) {
	var out []sortKey
	for _, it := range items {
		n, err := c.orderTerm(it.X, cols, sc)
		if err != nil {
			return nil, err
		}
		if n.t.kind == kKey || n.t.kind == kSet {
			return nil, diag.New(diag.Type, it.X.Span(), "%s has no order", n.t)
		}
		out = append(out, sortKey{n, it.Desc})
	}
	return out, nil
}

// orderTerm is a column number, an alias or an expression, in this order of preference.
func (c *compiler) orderTerm(e ast.Expr, cols []column, sc scope) (node, error) {
	if l, ok := e.(*ast.Literal); ok {
		n, ok := new(big.Int).SetString(l.Text, 10)
		if !ok || l.Kind != ast.LitInt || n.Sign() <= 0 || n.Cmp(big.NewInt(int64(len(cols)))) > 0 {
			return node{}, diag.New(diag.Invalid, l.At, "there is no column %s", l.Text)
		}
		return cols[n.Int64()-1].node, nil
	}
	if name, ok := e.(*ast.Name); ok && len(name.Parts) == 1 {
		for _, col := range cols {
			if col.name == name.Parts[0].Name {
				return col.node, nil
			}
		}
	}
	return c.expr(e, sc)
}

// shown is the value as a column shows it, by which ORDER BY orders too.
func (n node) shown(en *env) val {
	v := n.ev(en)
	switch {
	case !v.ok:
	case n.t.kind == kInt && !v.r.Num().IsInt64():
		return en.fail(diag.New(diag.Overflow, n.at, "a column of INT holds 64 bits"))
	case n.t.kind == kDecimal:
		r, _ := new(big.Rat).SetString(shown(v.r, n.t.scale))
		if n.t.scale = min(n.t.scale, schema.MaxScale); !fits128(r, typ{kind: kDecimal, scale: n.t.scale}) {
			return en.fail(diag.New(diag.Overflow, n.at, "a column of DECIMAL holds 128 bits"))
		}
		v.r = r
	}
	return v
}

type row struct {
	cells []Cell
	keys  []val
}

func rows(envs []*env, cols []column, order []sortKey, limit int) ([][]Cell, error) {
	var all []row
	for _, en := range envs {
		var r row
		for _, col := range cols {
			r.cells = append(r.cells, cell(col.t, col.shown(en)))
		}
		for _, k := range order {
			r.keys = append(r.keys, k.shown(en))
		}
		if en.err != nil {
			return nil, en.err
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b row) int { return compareKeys(order, a.keys, b.keys) })
	var out [][]Cell
	for i, r := range all {
		if i == limit {
			break
		}
		out = append(out, r.cells)
	}
	return out, nil
}

// sortedBy sorts rows by their keys; equal ones keep their order.
func sortedBy(rows []*env, keys []sortKey) []*env {
	out := slices.Clone(rows)
	slices.SortStableFunc(out, func(a, b *env) int { return compareKeys(keys, a.keys, b.keys) })
	return out
}

func compareKeys(order []sortKey, a, b []val) int {
	for i, k := range order {
		var cmp int
		switch {
		case !a[i].ok || !b[i].ok:
			cmp = boolToInt(!a[i].ok) - boolToInt(!b[i].ok)
		case k.desc:
			cmp = compare(k.t.kind, b[i], a[i])
		default:
			cmp = compare(k.t.kind, a[i], b[i])
		}
		if cmp != 0 {
			return cmp
		}
	}
	return 0
}
