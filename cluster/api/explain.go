package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/print"
	"github.com/musterdb/muster/storage/schema"
)

// explain carries out EXPLAIN and EXPLAIN ANALYZE: a tree of what would be, or was, done, a line a row.
func (x *execution) explain(ctx context.Context, s *ast.Explain) error {
	sch, err := x.schema()
	if err != nil {
		return err
	}
	opt := x.options(sch)
	opt.Sources = map[plan.Expr]ast.Expr{}
	q, err := bind.Query(s.Stmt, sch, opt)
	if err != nil {
		return err
	}
	x.clock = q.Clock
	facts, err := x.node.Explain(ctx, q, sch, s.Analyze)
	if err != nil {
		return err
	}
	e := explainer{q: q, sch: sch, sources: opt.Sources, facts: facts, analyze: s.Analyze}
	var rows [][]any
	for _, line := range e.lines(print.Stmt(s.Stmt)) {
		rows = append(rows, []any{line})
	}
	return x.table([]column{{"plan", arrow.BinaryTypes.String}}, rows...)
}

// explainer writes what EXPLAIN answers.
type explainer struct {
	q       *plan.Query
	sch     *schema.Schema
	sources map[plan.Expr]ast.Expr
	facts   *node.Explanation
	analyze bool
}

// branch is a line with those below it.
type branch struct {
	text string
	subs []*branch
}

func (b *branch) add(text string) *branch {
	sub := &branch{text: text}
	b.subs = append(b.subs, sub)
	return sub
}

// lines draws the branches below the first.
func (b *branch) lines(dst []string, indent string) []string {
	for i, sub := range b.subs {
		mark, next := "├─ ", "│  "
		if i == len(b.subs)-1 {
			mark, next = "└─ ", "   "
		}
		dst = append(dst, indent+mark+sub.text)
		dst = sub.lines(dst, indent+next)
	}
	return dst
}

func (e *explainer) lines(statement string) []string {
	top := &branch{}
	e.source(e.condition(e.answer(top)))
	out := top.lines([]string{statement}, "")
	if e.analyze {
		return append(out, e.total())
	}
	return append(out, "EXPLAIN ANALYZE runs the statement and adds what each step was handed and let pass, and its time.")
}

// join puts the parts of a line together that are not empty.
func join(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, " · ")
}

// answer writes what is made of the rows that satisfy the condition: the last step first.
func (e *explainer) answer(b *branch) *branch {
	q := e.q
	if q.Count {
		return b.add(join("count", e.ifRun(rows(e.facts.Rows))))
	}
	text := fmt.Sprintf("answer with %s", plural(uint64(q.Visible), "column"))
	if q.Limit >= 0 && len(q.Order) == 0 {
		text += fmt.Sprintf(", the first %s", rows(uint64(q.Limit)))
	}
	b = b.add(join(text, e.ifRun(rows(e.facts.Rows))))
	if len(q.Order) > 0 {
		b = b.add(join(e.order(), e.ordered()))
	}
	if q.Grouped {
		b = e.groups(b)
	}
	return b
}

func (e *explainer) order() string {
	var by []string
	for _, o := range e.q.Order {
		dir := ""
		if o.Desc {
			dir = " DESC"
		}
		by = append(by, e.q.Items[o.Item].Name+dir)
	}
	if e.q.Limit < 0 {
		return "sort by " + strings.Join(by, ", ")
	}
	return fmt.Sprintf("top %s by %s", number(uint64(e.q.Limit)), strings.Join(by, ", "))
}

// ordered says how many rows were put in order; of groups it is not known.
func (e *explainer) ordered() string {
	if !e.analyze || e.q.Grouped {
		return ""
	}
	in := e.asked()
	if e.facts.Where != nil {
		in = e.facts.Where.Out
	}
	return fmt.Sprintf("%s → %s", number(in), rows(e.facts.Rows))
}

// asked returns how many contacts or events there are to ask.
func (e *explainer) asked() uint64 {
	if e.q.From != 0 {
		return e.facts.Events
	}
	return e.facts.Contacts
}

func (e *explainer) groups(b *branch) *branch {
	if e.q.Having != nil {
		b = b.add("having " + e.written(e.q.Having))
	}
	if len(e.q.Group) == 0 {
		return b.add("one group of all rows, " + plural(uint64(len(e.q.Totals)), "total"))
	}
	var by []string
	for _, x := range e.q.Group {
		by = append(by, e.written(x))
	}
	how := "hash of the values, row by row"
	if e.facts.Dense {
		how = "small codes, counted in a table"
	}
	return b.add(join("group by "+strings.Join(by, ", "), how, plural(uint64(len(e.q.Totals)), "total")))
}

// source writes where the rows come from.
func (e *explainer) source(b *branch) {
	f := e.facts
	where := fmt.Sprintf("%s of %s", plural(uint64(f.Chunks), "chunk"), plural(uint64(f.Shards), "shard"))
	if ev, ok := e.sch.EventByID(e.q.From); ok {
		b.add(join(fmt.Sprintf("from %s of %s", plural(f.Events, "event"), print.Name(ast.Ident{Name: ev.Name})),
			fmt.Sprintf("%s in the time asked for, %s outside", plural(f.Blocks, "block"), number(f.Skipped)), where))
		return
	}
	b.add(join("from "+plural(f.Contacts, "contact"), where))
}

// total writes what the statement took altogether.
func (e *explainer) total() string {
	f := e.facts
	work, speed := took(time.Duration(f.Work))+" of work", ""
	if f.Where != nil {
		work += fmt.Sprintf(", %s of it for the condition", took(time.Duration(f.Where.Nanos)))
	}
	if s := f.Wall.Seconds(); s > 0 {
		speed = number(uint64(float64(e.asked())/s)) + " rows a second"
	}
	return join("total: "+rows(f.Rows), bytesOf(f.Where), work, took(f.Wall)+" by the clock", speed)
}

// written returns an expression as the statement has it.
func (e *explainer) written(x plan.Expr) string {
	if src, ok := e.sources[x]; ok {
		return print.Expr(ast.Bare(src))
	}
	return "what the statement says"
}

func (e *explainer) ifRun(text string) string {
	if !e.analyze {
		return ""
	}
	return text
}
