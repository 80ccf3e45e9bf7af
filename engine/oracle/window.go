package oracle

import (
	"math"
	"slices"
	"strings"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/schema"
)

// always and never are the ends of time, far enough from the limits of int64 to add to.
const (
	always = math.MaxInt64 / 4
	never  = -always
)

// reach is a resolved window: the instants [lo, hi) and the days [first, last] that a DATE must lie in.
// None is set where the window hangs on a null: no event lies in it and no aggregate is known.
type reach struct {
	lo, hi      int64
	first, last int64
	none        bool
}

func (r reach) holds(ms int64) bool { return r.lo <= ms && ms < r.hi }

// window compiles a window to what it reaches under a clock, for one contact.
func (c *compiler) window(w *ast.Window, sc scope) (func(*env) reach, error) {
	switch {
	case w == nil:
		return func(*env) reach { return reach{lo: never, hi: always, first: never, last: always} }, nil
	case w.Zone != nil:
		return nil, diag.New(diag.NotYet, w.At, "IN TIME ZONE is not yet in this version")
	}
	switch w.Kind {
	case ast.WinWithin, ast.WinWithinNext, ast.WinBetweenAgo, ast.WinBeforeAgo:
		return c.rolling(w)
	case ast.WinSince, ast.WinBefore:
		return c.sinceBefore(w, sc)
	case ast.WinDuring:
		return c.during(w.Period, sc)
	}
	return nil, diag.New(diag.NotYet, w.At, "this window is not yet in this version")
}

// rolling is (a, b] round the clock; a DATE is compared by days, both ends included.
func (c *compiler) rolling(w *ast.Window) (func(*env) reach, error) {
	d, err := parseDuration(w.D)
	if err != nil {
		return nil, err
	}
	d2 := span{}
	if w.Kind == ast.WinBetweenAgo {
		if d2, err = parseDuration(w.D2); err != nil {
			return nil, err
		}
		if (d.months == 0) == (d2.months == 0) && d.months <= d2.months && d.ms <= d2.ms {
			return nil, diag.New(diag.Invalid, w.At, "the shorter time comes first")
		}
	}
	z := c.db.zone
	at := func(en *env, d span, n int64) (ms, day int64) {
		return d.shift(z, en.clock, n), d.shiftDay(z, z.dayOf(en.clock), en.clock, n)
	}
	return func(en *env) reach {
		now, today := at(en, span{}, 1)
		ago, dayAgo := at(en, d, -1)
		switch w.Kind {
		case ast.WinWithinNext:
			to, dayTo := at(en, d, 1)
			return reach{lo: now + 1, hi: to + 1, first: today, last: dayTo}
		case ast.WinBetweenAgo:
			to, dayTo := at(en, d2, -1)
			return reach{lo: ago + 1, hi: to + 1, first: dayAgo, last: dayTo}
		case ast.WinBeforeAgo:
			return reach{lo: never, hi: ago + 1, first: never, last: dayAgo}
		}
		return reach{lo: ago + 1, hi: now + 1, first: dayAgo, last: today}
	}, nil
}

// edge is one end of a window: an instant, or a span of days.
type edge struct {
	moment
	null bool
}

// edge compiles an expression that stands for an instant or a day.
func (c *compiler) edge(e ast.Expr, sc scope) (func(*env) edge, error) {
	n, err := c.expr(e, sc)
	if err != nil {
		return nil, err
	}
	if n.lit != nil {
		m, ok := parseMoment(c.db.zone, *n.lit)
		if !ok {
			return nil, diag.New(diag.Type, n.at, "%q is no date", *n.lit)
		}
		return func(*env) edge { return edge{moment: m} }, nil
	}
	if n.t.kind != kTimestamp && n.t.kind != kDate {
		return nil, diag.New(diag.Type, n.at, "a date is expected, not %s", n.t)
	}
	return func(en *env) edge {
		v := n.ev(en)
		m := moment{ms: v.i}
		if n.t.kind == kDate {
			m = moment{dateOnly: true, from: v.i, to: v.i + 1}
		}
		return edge{moment: m, null: !v.ok}
	}, nil
}

func (c *compiler) dayOfEdge(e edge) int64 {
	if e.dateOnly {
		return e.from
	}
	return c.db.zone.dayOf(e.ms)
}

// sinceBefore is SINCE x (>= x) and BEFORE x (< x).
func (c *compiler) sinceBefore(w *ast.Window, sc scope) (func(*env) reach, error) {
	at, err := c.edge(w.X, sc)
	if err != nil {
		return nil, err
	}
	return func(en *env) reach {
		x := at(en)
		if x.null {
			return reach{none: true}
		}
		ms, day := c.start(x.moment), c.dayOfEdge(x)
		if w.Kind == ast.WinSince {
			return reach{lo: ms, hi: always, first: day, last: always}
		}
		return reach{lo: never, hi: ms, first: never, last: day - 1}
	}, nil
}

// days is the window of whole local days [from, to).
func (c *compiler) days(from, to int64) reach {
	return reach{lo: c.db.zone.midnight(from), hi: c.db.zone.midnight(to), first: from, last: to - 1}
}

func (c *compiler) during(p *ast.Period, sc scope) (func(*env) reach, error) {
	if p.Kind == ast.PeriodRange {
		return c.between2(p, sc)
	}
	if p.N > 1_000_000 {
		return nil, diag.New(diag.Overflow, p.At, "LAST %d is too long", p.N)
	}
	unit := strings.ToLower(p.Unit.String())
	return func(en *env) reach {
		today := c.db.zone.dayOf(en.clock)
		start := startOf(unit, today)
		switch p.Kind {
		case ast.PeriodToday:
			return c.days(today, today+1)
		case ast.PeriodYesterday:
			return c.days(today-1, today)
		case ast.PeriodThis:
			return c.days(start, stepUnit(unit, start, 1))
		}
		return c.days(stepUnit(unit, start, -int64(max(p.N, 1))), start)
	}, nil
}

// between2 is DURING x and DURING x TO y: [x, y), where a day or month after TO is included whole. One
// instant alone is no window.
func (c *compiler) between2(p *ast.Period, sc scope) (func(*env) reach, error) {
	from, err := c.edge(p.X, sc)
	if err != nil {
		return nil, err
	}
	to := from
	if p.Y != nil {
		if to, err = c.edge(p.Y, sc); err != nil {
			return nil, err
		}
	} else if err := c.wantsDays(p.X, sc); err != nil {
		return nil, err
	}
	if isText(p.X) && (p.Y == nil || isText(p.Y)) {
		if a, b := from(nil), to(nil); c.end(b.moment) <= c.start(a.moment) {
			return nil, diag.New(diag.Invalid, p.At, "the window ends before it begins")
		}
	}
	return func(en *env) reach {
		a, b := from(en), to(en)
		if a.null || b.null {
			return reach{none: true}
		}
		r := reach{lo: c.start(a.moment), hi: c.end(b.moment), first: c.dayOfEdge(a)}
		r.last = c.db.zone.dayOf(r.hi - 1)
		return r
	}, nil
}

func isText(e ast.Expr) bool {
	l, ok := e.(*ast.Literal)
	return ok && l.Kind == ast.LitText
}

// end is where a literal after TO ends: a day or a month is included whole.
func (c *compiler) end(m moment) int64 {
	if m.dateOnly {
		return c.db.zone.midnight(m.to)
	}
	return m.ms
}

// eventWindow is a window over events, which neither lie ahead nor before what retention keeps.
func (c *compiler) eventWindow(w *ast.Window, sc scope, events []*schema.EventType) (func(*env) reach, error) {
	if w == nil {
		return c.window(w, sc)
	}
	if w.Kind == ast.WinWithinNext {
		return nil, diag.New(diag.Invalid, w.At, "events do not lie ahead")
	}
	win, err := c.window(w, sc)
	if err != nil {
		return nil, err
	}
	if !fixedEnds(w) {
		return win, nil
	}
	lo := win(&env{db: c.db, clock: c.clock}).lo
	for _, t := range events {
		if outlived(t, lo, c.now) {
			return nil, diag.New(diag.Invalid, w.At, "the window reaches back beyond KEEP of %q", t.Name)
		}
	}
	return win, nil
}

// fixedEnds says whether a window is the same for every contact.
func fixedEnds(w *ast.Window) bool {
	ends := []ast.Expr{w.X}
	if w.Period != nil {
		ends = []ast.Expr{w.Period.X, w.Period.Y}
	}
	return !slices.ContainsFunc(ends, func(e ast.Expr) bool { return e != nil && !isText(e) })
}

// wantsDays refuses an instant where a day, month or DATE is needed.
func (c *compiler) wantsDays(e ast.Expr, sc scope) error {
	n, err := c.expr(e, sc)
	if err != nil {
		return err
	}
	if n.lit != nil {
		if m, _ := parseMoment(c.db.zone, *n.lit); m.dateOnly {
			return nil
		}
	}
	if n.t.kind == kDate {
		return nil
	}
	return diag.New(diag.Invalid, n.at, "DURING one instant is empty; write TO and a second one")
}

// inWindow tests an instant or a day. Unknown if it or what the window hangs on is null.
func (c *compiler) inWindow(e *ast.InWindow, sc scope) (node, error) {
	x, err := c.wants(e.X, sc, kTimestamp, kDate)
	if err != nil {
		return x, err
	}
	w, err := c.window(e.Window, sc)
	return node{t: typ{kind: kBool}, ev: func(en *env) val {
		v, r := x.ev(en), w(en)
		switch {
		case !v.ok || r.none:
			return null
		case x.t.kind == kDate:
			return boolean(r.first <= v.i && v.i <= r.last)
		}
		return boolean(r.holds(v.i))
	}}, err
}

// knownFor is created_at <= now - d.
func (c *compiler) knownFor(e *ast.KnownFor, sc scope) (node, error) {
	d, err := parseDuration(e.Duration)
	if err == nil && (sc.noData || sc.table || sc.g != nil) {
		err = diag.New(diag.Invalid, e.At, "KNOWN FOR is a condition on one contact")
	}
	return node{t: typ{kind: kBool}, ev: func(en *env) val {
		return boolean(en.c.created <= d.shift(c.db.zone, en.clock, -1))
	}}, err
}
