package eval

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/engine/group"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
)

// grouping is the expressions that a grouped statement asks of each row.
type grouping struct {
	keys   []rowExpr
	totals []rowExpr // of count(*) the zero rowExpr
	coders []*coder  // of each key, nil if they are not dense
}

// rowExpr is one expression of a row.
type rowExpr struct {
	typ    plan.Type
	expr   *scalar.Expr
	events []eventsOf
	words  wordSource // of a total; nil if its values are no words
	float  *ref       // of a sum or avg: the FLOAT column that it is of
	own    *ref       // the column that it is, if it is one of the rows
	time   bool       // it is the time of an event
	// asStored says that a total takes values as the column, or the time of events, has them.
	asStored bool
	coder    *coder // of a total that asks only which values there are; nil if they may be many
}

func (c *compiler) grouping(q *plan.Query, p *Program) (*grouping, error) {
	g := &grouping{keys: make([]rowExpr, len(q.Group)), totals: make([]rowExpr, len(q.Totals))}
	var err error
	for i, x := range q.Group {
		if g.keys[i], err = c.rowExpr(x, q.From); err != nil {
			return nil, err
		}
	}
	for i, t := range q.Totals {
		if t.Fn == plan.TotalRows {
			continue
		}
		if g.totals[i], err = c.rowExpr(t.X, q.From); err != nil {
			return nil, err
		}
		if g.totals[i].words, err = c.wordsOf(&q.Totals[i], q.From); err != nil {
			return nil, err
		}
		if x := &g.totals[i]; x.own != nil && x.own.typ.Kind == schema.KindFloat && (t.Fn == plan.TotalSum || t.Fn == plan.TotalAvg) {
			x.float = x.own
		}
		g.totals[i].asStored = g.totals[i].stored(&q.Totals[i])
		g.totals[i].coder = c.coded(&q.Totals[i], &g.totals[i], p)
	}
	g.coders = c.codersOf(q, g, p)
	c.slow = c.slow || g.slow(q)
	return g, nil
}

// slow says whether rows are looked at one by one, which may take long.
func (g *grouping) slow(q *plan.Query) bool {
	if g.coders == nil {
		return true
	}
	for i, x := range g.totals {
		if x.expr != nil && x.words == nil && x.coder == nil && !group.ByContact(&q.Totals[i]) {
			return true
		}
	}
	return false
}

func (c *compiler) rowExpr(x plan.Expr, from schema.EventID) (rowExpr, error) {
	r := rowExpr{typ: x.Type(), time: from != 0 && pseudo(x, schema.PropTime)}
	if col, ok := c.column(x); ok && (col.props == nil) == (from == 0) && col.typ == r.typ.Type {
		r.own = &col
	}
	var err error
	if r.expr, err = scalar.Compile(x, c.env); err != nil {
		return r, err
	}
	r.events, err = c.eventsOf(usesOf(x).events)
	return r, err
}

// Groups answers a grouped statement with the shard's groups in records of group.Schema. What emit keeps it
// must Retain; its error ends the evaluation and is returned.
func (p *Program) Groups(ctx context.Context, emit func(arrow.Record) error) error {
	w := p.Worker()
	defer w.Close()
	g := p.grouper(w)
	if err := g.run(ctx); err != nil {
		return failure(err)
	}
	return failure(g.table.Send(emit))
}

func (p *Program) grouper(w *Worker) *grouper {
	g := &grouper{w: w, table: group.New(p.query, p.budget), once: make([]contactsOnce, len(p.query.Totals))}
	if p.groups.coders != nil {
		g.dense = newDense(g, p.groups.coders)
	}
	return g
}

// grouper is one run of a grouped statement over a shard.
type grouper struct {
	w     *Worker
	table *group.Table
	dense *dense // nil: row by row
	key   []byte
	text  []byte
	sets  *setSlots      // of a GROUP BY a SET
	once  []contactsOnce // of each total
}

func (g *grouper) run(ctx context.Context) error {
	if len(g.w.prog.query.Group) == 0 {
		if err := g.table.Whole(); err != nil {
			return err
		}
	}
	err := g.w.eachSource(ctx, func(s *source, rows []uint64) (bool, error) {
		if g.dense != nil {
			if done, err := g.dense.add(s, rows); done || err != nil {
				return false, err
			}
		}
		return false, g.rowByRow(s, rows)
	})
	if err != nil || g.dense == nil {
		return err
	}
	return g.dense.flush()
}

// rowByRow adds the rows of a source one after the other, every expression by package scalar.
func (g *grouper) rowByRow(s *source, rows []uint64) error {
	w := g.w
	lines, err := g.lines(s, rows)
	if err != nil {
		return err
	}
	defer w.give(lines)
	r := rowAt{w: w, lines: lines}
	for i := range rowsOf(rows) {
		r.at(s, i)
		slot, err := g.slot(&r)
		if err != nil {
			return err
		}
		if err := g.add(&r, slot); err != nil {
			return err
		}
		if err := w.check(); err != nil {
			return err
		}
	}
	return nil
}

// lines gathers the events that the expressions need of the rows.
func (g *grouper) lines(s *source, rows []uint64) ([]*timeline, error) {
	var lines []*timeline
	for _, xs := range [][]rowExpr{g.w.prog.groups.keys, g.w.prog.groups.totals} {
		for i := range xs {
			l, err := g.w.gatherAll(xs[i].events, s, rows)
			if err != nil {
				return nil, err
			}
			lines = append(lines, l...)
		}
	}
	return lines, nil
}

func (g *grouper) slot(r *rowAt) (int32, error) {
	keys := g.w.prog.groups.keys
	if len(keys) == 1 && keys[0].typ.Kind == schema.KindSet && keys[0].own != nil {
		if c := g.w.columnAt(r, keys[0].own); c != nil && r.i < c.Len() && !c.Null(r.i) {
			return g.setSlot(c, r)
		}
	}
	return g.keySlot(r)
}

// keySlot finds the slot of a row by the values of its terms.
func (g *grouper) keySlot(r *rowAt) (int32, error) {
	keys := g.w.prog.groups.keys
	g.key = g.key[:0]
	for i := range keys {
		if own := keys[i].own; own != nil && appendOwn(&g.key, g.w, r, own) {
			continue
		}
		v, err := keys[i].expr.Value(r)
		if err != nil {
			return 0, err
		}
		g.key = group.AppendValue(g.key, v, keys[i].typ)
	}
	return g.table.Slot(g.key)
}

// appendOwn appends the key of a column's value without making a value of it; false for a SET.
func appendOwn(key *[]byte, w *Worker, r *rowAt, col *ref) bool {
	c, i := w.columnAt(r, col), r.i
	switch {
	case c == nil || i >= c.Len() || c.Null(i):
		*key = group.AppendNull(*key)
	case col.typ.Kind == schema.KindText:
		*key = group.AppendText(*key, c.Text(i))
	case col.typ.Kind == schema.KindFloat:
		*key = group.AppendFloat(*key, c.Float(i))
	case integral(col.typ.Kind):
		*key = group.AppendWord(*key, c.Int(i))
	default:
		return false
	}
	return true
}

// columnAt returns the column of a row's own value. It lasts until another property is asked for.
func (w *Worker) columnAt(r *rowAt, col *ref) *column.Chunk {
	if col.props == nil {
		return w.view.Column(col.attr, r.chunk)
	}
	id, ok := col.props[r.event]
	if !ok {
		return nil
	}
	return w.props.at(r.block, id)
}

func (g *grouper) add(r *rowAt, slot int32) error {
	totals := g.w.prog.groups.totals
	for i := range totals {
		if totals[i].expr == nil {
			g.table.Rows(i, slot, 1)
			continue
		}
		if group.ByContact(&g.w.prog.query.Totals[i]) {
			if !r.isEvent || g.once[i].first(r.chunk, uint16(r.row), slot) {
				g.table.Rows(i, slot, 1)
			}
			continue
		}
		if err := g.addTotal(i, &totals[i], r, slot); err != nil {
			return err
		}
	}
	return nil
}

// addTotal adds the value of a row to a total that is not of rows or contacts.
func (g *grouper) addTotal(i int, x *rowExpr, r *rowAt, slot int32) error {
	if x.own != nil && (x.asStored || x.words != nil) {
		c := g.w.columnAt(r, x.own)
		switch {
		case c == nil || r.i >= c.Len() || c.Null(r.i):
			return nil
		case x.asStored:
			return g.addStored(i, slot, c, r.i)
		}
		g.table.AddWord(i, slot, c.Int(r.i))
		return nil
	}
	v, err := x.expr.Value(r)
	if err != nil {
		return err
	}
	return g.table.Add(i, slot, v)
}
