package bind

import (
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// A reference to a segment may have a clock of its own (AS OF), while a plan has one for the whole statement.
// What asks for the clock, instead of having it in its window, is therefore written in other terms there.

// moved says whether the clock is another than the statement's.
func (b *binder) moved() bool { return b.clock != b.asked }

// recencyThen is recency as seen from the clock, given that as seen from the statement's.
func (b *binder) recencyThen(e plan.Expr) plan.Expr {
	if !b.moved() {
		return e
	}
	return &plan.Arith{Op: plan.Sub, X: e, Y: plan.IntConst(schema.KindDuration, b.asked-b.clock), T: e.Type()}
}

// nthThen is the n-th event in the history up to the clock: LAST is some event in the window and none after
// it, the n-th at least n up to the window's end and fewer before it.
func (b *binder) nthThen(x *plan.Nth) plan.Expr {
	if !b.moved() {
		return x
	}
	w := x.Window
	if x.N == 0 {
		after := plan.Window{From: w.To + 1, To: b.clock}
		return &plan.And{Terms: []plan.Expr{&plan.Did{Sel: x.Sel, Window: w, Min: 1, Max: unbounded}, &plan.Did{Sel: x.Sel, Window: after}}}
	}
	enough := &plan.Did{Sel: x.Sel, Window: plan.Window{From: plan.MinTime, To: w.To}, Min: x.N, Max: unbounded}
	if w.Whole() {
		return enough
	}
	before := plan.Window{From: plan.MinTime, To: w.From - 1}
	return &plan.And{Terms: []plan.Expr{enough, &plan.Did{Sel: x.Sel, Window: before, Max: x.N - 1}}}
}

// yearsThen is years_since(x) as seen from the clock: the difference of the years, less one where the day has
// not yet returned.
func (b *binder) yearsThen(x *plan.Call) plan.Expr {
	if x.Fn != plan.FnYearsSince || !b.moved() {
		return x
	}
	year, month, day := calendar.DateOfDay(b.time().Today())
	part := func(fn plan.Fn) plan.Expr { return &plan.Call{Fn: fn, Args: x.Args, T: x.T} }
	number := func(i int64) plan.Expr { return plan.IntConst(schema.KindInt, i) }
	than := func(op plan.CmpOp, fn plan.Fn, i int) plan.Expr {
		return &plan.Cmp{Op: op, X: part(fn), Y: number(int64(i))}
	}
	toCome := &plan.Or{Terms: []plan.Expr{
		than(plan.Gt, plan.FnMonth, month),
		&plan.And{Terms: []plan.Expr{than(plan.Eq, plan.FnMonth, month), than(plan.Gt, plan.FnDay, day)}},
	}}
	less := &plan.Case{Whens: []plan.When{{Cond: toCome, Then: number(1)}}, Else: number(0), T: x.T}
	years := &plan.Arith{Op: plan.Sub, X: number(year), Y: part(plan.FnYear), T: x.T}
	return &plan.Arith{Op: plan.Sub, X: years, Y: less, T: x.T}
}
