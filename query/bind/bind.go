// Package bind owns the meaning of statements: it takes a syntax tree, a schema and a clock and returns a
// plan in which names are ids, literals have types and windows are instants, or the one error that says
// what is wrong and what to write instead. What names mean is package names', what windows mean package
// period's, which types there are package typing's. It binds the values of writes for package write, which knows
// what they are assigned to. It does not read rows, clocks or zone files, and does not make plans fast.
package bind

import (
	"math"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/names"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/typing"
	"github.com/musterdb/muster/storage/schema"
)

// Options are what a statement means besides its text and schema.
type Options struct {
	Clock  int64                   // ms; the statement's clock
	Params map[string]schema.Value // by name, without $
	// Sources, if it is not nil, gets what each bound expression was written as: the outermost of brackets, and
	// for a plain segment's condition that of its text.
	Sources map[plan.Expr]ast.Expr
}

// maxDepth bounds the recursion over a tree that did not come from the parser, which has a lower limit.
const maxDepth = 12_000

// binder binds one statement.
type binder struct {
	sch    *schema.Schema
	zone   *calendar.Zone
	now    int64 // the clock that the statement was given: retention counts from it
	asked  int64 // the clock under which the statement is asked: now, or its AS OF
	clock  int64 // the clock under which what is being bound is asked: asked, or AS OF of a segment
	params map[string]schema.Value
	scope  scope

	sources map[plan.Expr]ast.Expr // see Options
	depth   int
	steps   int // expressions bound so far, each as often as it was

	refs      references
	selectors int // bound so far
}

func newBinder(sch *schema.Schema, opt Options, sc names.Scope) (*binder, error) {
	zone, err := Zone(sch)
	if err != nil {
		return nil, err
	}
	sc.Schema = sch
	return &binder{sch: sch, zone: zone, now: opt.Clock, asked: opt.Clock, clock: opt.Clock, params: opt.Params, scope: scope{Scope: sc}, sources: opt.Sources}, nil
}

// within binds under another scope.
func (b *binder) within(sc scope, f func() error) error {
	outer := b.scope
	b.scope = sc
	defer func() { b.scope = outer }()
	return f()
}

// Query binds a *ast.Count or *ast.Select. Errors are *diag.Error without the statement's text.
func Query(stmt ast.Stmt, sch *schema.Schema, opt Options) (*plan.Query, error) {
	if err := CheckParameters(stmt, opt.Params); err != nil {
		return nil, err
	}
	return bindQuery(stmt, sch, opt)
}

// bindQuery is Query of a statement that may be a part of another, which has the parameters.
func bindQuery(stmt ast.Stmt, sch *schema.Schema, opt Options) (*plan.Query, error) {
	b, err := newBinder(sch, opt, names.Scope{})
	if err != nil {
		return nil, err
	}
	q := &plan.Query{Base: sch.Base, Schema: sch.Version, Zone: b.zone.Name(), Limit: -1}
	switch s := stmt.(type) {
	case *ast.Count:
		q.Count = true
		err = b.head(q, s.Where, s.AsOf)
	case *ast.Select:
		err = b.selectQuery(q, s)
	default:
		err = diag.New(diag.Invalid, diag.Span{}, "this statement is no question")
	}
	if err != nil {
		return nil, err
	}
	return q, nil
}

// head binds AS OF and WHERE.
func (b *binder) head(q *plan.Query, where, asOf ast.Expr) (err error) {
	if asOf != nil {
		if b.clock, err = b.asOf(asOf); err != nil {
			return err
		}
	}
	b.asked, q.Clock = b.clock, b.clock
	if where != nil {
		q.Where, err = b.condition(where)
	}
	return err
}

// asOf returns the instant to which AS OF moves the clock.
func (b *binder) asOf(x ast.Expr) (int64, error) {
	m, err := b.moment(x, "AS OF")
	return m.MS, err
}

// condition binds an expression that must be true or false.
func (b *binder) condition(x ast.Expr) (plan.Expr, error) {
	e, err := b.expr(x)
	if err != nil {
		return nil, err
	}
	if plan.Nothing(e) {
		return typing.Unknown(), nil
	}
	if e.Type().Kind != schema.KindBool {
		return nil, typing.NoCondition(x, e.Type())
	}
	return e, nil
}

// boolean returns the negation where not is set.
func negated(not bool, e plan.Expr) plan.Expr {
	if not {
		return &plan.Not{X: e}
	}
	return e
}

const unbounded = math.MaxUint64

// Zone returns the zone of a base, for evaluating what was bound.
func Zone(sch *schema.Schema) (*calendar.Zone, error) {
	zone, err := calendar.OfBase(sch.Options.TimeZone)
	if err != nil {
		return nil, diag.New(diag.Internal, diag.Span{}, "the base's time zone is not known to this node: %v", err)
	}
	return zone, nil
}
