package bind

import (
	"errors"
	"strconv"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/names"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/print"
	"github.com/musterdb/muster/storage/schema"
)

// ContactsTable is the one table.
const ContactsTable = "contacts"

func (b *binder) selectQuery(q *plan.Query, s *ast.Select) error {
	if err := b.from(q, s.From); err != nil {
		return err
	}
	if err := b.head(q, s.Where, s.AsOf); err != nil {
		return err
	}
	var err error
	switch {
	case countOnly(s):
		q.Count = true
	case b.grouped(s):
		err = b.groups(q, s)
	default:
		err = b.rows(q, s)
	}
	if err != nil {
		return err
	}
	return b.limit(q, s.Limit)
}

// rows binds the list and ORDER BY of a statement that answers rows.
func (b *binder) rows(q *plan.Query, s *ast.Select) error {
	if err := b.items(q, s.Items); err != nil {
		return err
	}
	q.Visible = len(q.Items)
	return b.orders(q, s)
}

func (b *binder) orders(q *plan.Query, s *ast.Select) error {
	for _, o := range s.Order {
		if err := b.order(q, s, o); err != nil {
			return err
		}
	}
	return nil
}

// Rows binds a question for the rows of a table that satisfy a condition, whose items are the contact's id,
// and for an event its contact and time.
func Rows(table string, where ast.Expr, sch *schema.Schema, opt Options) (*plan.Query, error) {
	s := &ast.Select{From: ast.Ident{Name: table}, Where: where}
	columns := []string{"id"}
	if table != ContactsTable {
		columns = []string{"contact", "time"}
	}
	for _, c := range columns {
		s.Items = append(s.Items, ast.Item{X: &ast.Name{Parts: []ast.Ident{{Name: c}}}})
	}
	return bindQuery(s, sch, opt)
}

// from finds the table: contacts, or an event type.
func (b *binder) from(q *plan.Query, n ast.Ident) error {
	if n.Name == ContactsTable {
		return nil
	}
	if ev, ok := b.sch.Event(n.Name); ok {
		q.From, q.KeepFrom = ev.ID, b.keptFrom(ev)
		b.scope = b.ofEvents([]*schema.EventType{ev}, true)
		return nil
	}
	e := phrase.Unknown(n.At, "table", n.Name, append(names.Events(b.sch), ContactsTable))
	if e.Hint == "" {
		e = e.WithHint("write FROM contacts, or FROM one of the events: %s", phrase.List(names.Events(b.sch)))
	}
	return e
}

// countOnly says whether a statement is SELECT count(*) FROM contacts [WHERE …] and nothing else, which
// needs no groups.
func countOnly(s *ast.Select) bool {
	if s.From.Name != ContactsTable || len(s.Items) != 1 || len(s.Group) > 0 || s.Having != nil || len(s.Order) > 0 || s.Limit != nil {
		return false
	}
	a, ok := ast.Bare(s.Items[0].X).(*ast.Aggregate)
	return ok && a.Star && a.Fn.Name == "count" && s.Items[0].Alias == nil
}

func (b *binder) items(q *plan.Query, items []ast.Item) error {
	for _, i := range items {
		if i.Star {
			if b.scope.group != nil {
				return starInGroups(i)
			}
			b.star(q)
			continue
		}
		e, err := b.expr(i.X)
		if err != nil {
			return err
		}
		if plan.Nothing(e) {
			return diag.New(diag.Type, i.X.Span(), "a column of NULL has no type").WithHint("leave it out")
		}
		q.Items = append(q.Items, plan.Item{Name: itemName(i), X: e})
	}
	seen := make(map[string]bool, len(q.Items))
	for n, i := range q.Items {
		if seen[i.Name] {
			return diag.New(diag.Invalid, items[min(n, len(items)-1)].At, "two columns are called %s", phrase.Name(i.Name)).
				WithHint("give one of them another name: … AS other_name")
		}
		seen[i.Name] = true
	}
	return nil
}

// star is id, created_at and every attribute; of events contact, time, event_id if the type has ids, and
// every property.
func (b *binder) star(q *plan.Query) {
	if b.scope.Table {
		b.starOfEvents(q)
		return
	}
	for _, a := range append(schema.SystemAttributes(), b.sch.Attrs...) {
		q.Items = append(q.Items, plan.Item{Name: a.Name, X: names.Attr(a)})
	}
}

// itemName is the alias, an attribute's own name or the canonical text.
func itemName(i ast.Item) string {
	if i.Alias != nil {
		return i.Alias.Name
	}
	if n, ok := ast.Bare(i.X).(*ast.Name); ok {
		return ast.Dotted(n.Parts)
	}
	return print.Expr(i.X)
}

// order binds one term of ORDER BY: a column number, an alias, or an expression, which becomes a hidden
// item unless it is a column already.
func (b *binder) order(q *plan.Query, s *ast.Select, o ast.OrderItem) error {
	n, err := b.orderItem(q, s, o.X)
	if err != nil {
		return err
	}
	if t := q.Items[n].X.Type(); t.Kind == schema.KindSet || t.Kind == schema.KindKey {
		return diag.New(diag.Type, o.X.Span(), "%s has no order", t)
	}
	q.Order = append(q.Order, plan.Order{Item: n, Desc: o.Desc})
	return nil
}

func (b *binder) orderItem(q *plan.Query, s *ast.Select, x ast.Expr) (int, error) {
	if l, ok := x.(*ast.Literal); ok {
		return position(q, l)
	}
	name := print.Expr(x)
	if n, ok := x.(*ast.Name); ok {
		name = ast.Dotted(n.Parts)
	}
	for i, item := range q.Items[:q.Visible] {
		if item.Name == name {
			return i, nil
		}
	}
	for i, item := range s.Items { // an expression that has an alias in the list
		if !item.Star && len(s.Items) == q.Visible && print.Expr(item.X) == print.Expr(x) {
			return i, nil
		}
	}
	e, err := b.expr(x)
	if err != nil {
		return 0, b.orderHint(q, x, err)
	}
	q.Items = append(q.Items, plan.Item{Name: name, X: e})
	return len(q.Items) - 1, nil
}

// orderHint adds the columns' names to the error of an unknown name.
func (b *binder) orderHint(q *plan.Query, x ast.Expr, err error) error {
	d, ok := errors.AsType[*diag.Error](err)
	if !ok || d.Code != diag.Name {
		return err
	}
	var columns []string
	for _, i := range q.Items[:q.Visible] {
		columns = append(columns, i.Name)
	}
	if n, ok := ast.Bare(x).(*ast.Name); ok {
		if near, ok := diag.Suggest(ast.Dotted(n.Parts), append(columns, names.Attributes(b.sch)...)); ok {
			return d.WithHint("did you mean %s?", phrase.Name(near))
		}
	}
	return d.WithHint("ORDER BY takes an expression or a column: %s", phrase.List(columns))
}

func position(q *plan.Query, l *ast.Literal) (int, error) {
	return columnNumber(l, q.Visible, "order by")
}

// columnNumber reads the number of one of n columns, from 1 on, as an index.
func columnNumber(l *ast.Literal, n int, to string) (int, error) {
	i, err := strconv.Atoi(l.Text)
	if l.Kind != ast.LitInt || err != nil || i < 1 || i > n {
		return 0, diag.New(diag.Invalid, l.At, "there is no column %s to %s", phrase.Short(l.Text), to).
			WithHint("write a number from 1 to %d, or a name", n)
	}
	return i - 1, nil
}

func (b *binder) limit(q *plan.Query, l *ast.Literal) error {
	if l == nil {
		return nil
	}
	n, err := strconv.ParseInt(l.Text, 10, 64)
	if l.Kind != ast.LitInt || err != nil || n < 0 {
		return diag.New(diag.Invalid, l.At, "LIMIT takes a whole number").WithHint("write LIMIT 100")
	}
	q.Limit = n
	return nil
}
