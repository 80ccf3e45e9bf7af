package parse

import (
	"fmt"
	"strings"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/lex"
)

// windowAhead tells whether a window comes next. BETWEEN is one if AGO stands after its durations, IN if
// EACH follows; to tell, only the durations' tokens are read ahead.
func (p *parser) windowAhead() bool {
	switch p.word {
	case lex.Within, lex.Since, lex.Before, lex.During:
		return true
	case lex.In:
		return p.wordAhead(1) == lex.Each
	case lex.Between:
		return p.betweenAgo()
	}
	return false
}

// betweenAgo tells whether BETWEEN duration AND duration [AGO] comes next; without AGO only if a second
// duration is followed by nothing that could make it a comparison, so that the error can speak of AGO.
func (p *parser) betweenAgo() bool {
	at := p.toks.MakeCheckpoint()
	defer p.back(at)
	p.advance()
	return p.skipDuration() && p.take(lex.And) && p.skipDuration() && p.word == lex.Ago
}

// skipDuration passes over a duration of one or two tokens, if there is one.
func (p *parser) skipDuration() bool {
	switch {
	case p.tok.Type == tokMeasure:
		p.advance()
	case (p.tok.Type == tokInt || p.tok.Type == tokDecimal) && p.ahead(1).Type == tokIdent && unitNamed(p.ahead(1).Value) != "":
		p.advance()
		p.advance()
	default:
		return false
	}
	return true
}

// window reads a window and its time zone.
func (p *parser) window() (*ast.Window, error) {
	w := &ast.Window{At: spanOf(p.tok)}
	if err := p.windowForm(w); err != nil {
		return nil, err
	}
	if p.word == lex.In && p.wordAhead(1) == lex.Time {
		if err := p.zone(w); err != nil {
			return nil, err
		}
	}
	w.At = p.spanSince(w.At)
	return w, nil
}

func (p *parser) windowForm(w *ast.Window) (err error) {
	switch wordOf(p.advance()) {
	case lex.Within:
		return p.within(w)
	case lex.Between:
		return p.windowBetween(w)
	case lex.Before:
		return p.before(w)
	case lex.Since:
		w.Kind = ast.WinSince
		if p.tok.Type == tokMeasure {
			return p.expected("an instant after SINCE").hint("write WITHIN %s", p.tok.Value)
		}
		w.X, err = p.sum()
	case lex.During:
		w.Kind = ast.WinDuring
		w.Period, err = p.period()
	case lex.In:
		return p.eachOf(w)
	}
	return err
}

// periodInstead is what to write instead of a period after WITHIN: LAST 30 DAYS is a duration, LAST MONTH a period.
func (p *parser) periodInstead() string {
	n, unit := p.ahead(1), p.ahead(2)
	if p.word == lex.Last && n != nil && n.Type == tokInt && unit != nil && unit.Type == tokIdent {
		return fmt.Sprintf("write WITHIN %s %s, or DURING LAST %[1]s %[3]s for whole calendar units", shorten(n.Value, maxShown), strings.ToLower(shorten(unit.Value, maxShown)), strings.ToUpper(shorten(unit.Value, maxShown)))
	}
	return "calendar periods follow DURING: DURING LAST MONTH"
}

// within reads what follows WITHIN: NEXT duration | duration [ ( AFTER | BEFORE ) sum ].
func (p *parser) within(w *ast.Window) (err error) {
	w.Kind = ast.WinWithin
	if p.word == lex.Next {
		p.advance()
		w.Kind = ast.WinWithinNext
		w.D, err = p.duration("a duration such as 3d after WITHIN NEXT")
		return err
	}
	if p.word == lex.Last || p.word == lex.This || p.word == lex.Today || p.word == lex.Yesterday {
		return p.expected("a duration such as 30d after WITHIN").hint("%s", p.periodInstead())
	}
	if w.D, err = p.duration("a duration such as 30d after WITHIN"); err != nil {
		return err
	}
	switch p.word {
	case lex.After:
		w.Kind = ast.WinWithinAfter
	case lex.Before:
		w.Kind = ast.WinWithinBefore
	case lex.Ago:
		return p.expected("AND, OR or the end").hint("WITHIN %s counts back from now; AGO belongs to BEFORE %[1]s AGO", w.D.Text)
	default:
		return nil
	}
	p.advance()
	w.X, err = p.sum()
	return err
}

// windowBetween reads duration AND duration AGO after BETWEEN.
func (p *parser) windowBetween(w *ast.Window) (err error) {
	w.Kind = ast.WinBetweenAgo
	if w.D, err = p.duration("a duration such as 90d"); err != nil {
		return err
	}
	if err = p.need(lex.And, " and a second duration"); err != nil {
		return err
	}
	if w.D2, err = p.duration("a duration such as 30d"); err != nil {
		return err
	}
	return p.need(lex.Ago, " after the two durations")
}

// before reads duration AGO | sum after BEFORE.
func (p *parser) before(w *ast.Window) error {
	at := spanOf(p.tok)
	x, err := p.sum()
	if err != nil {
		return err
	}
	d, ok := x.(*ast.Literal)
	ok = ok && d.Kind == ast.LitDuration
	switch {
	case ok && p.take(lex.Ago):
		w.Kind, w.D = ast.WinBeforeAgo, d
	case ok:
		return p.expected("AGO after BEFORE "+d.Text).hint("write BEFORE %s AGO", d.Text)
	case p.word == lex.Ago:
		return syntax(p.spanSince(at), "AGO needs a duration before it").hint("write BEFORE 10m AGO")
	default:
		w.Kind, w.X = ast.WinBefore, x
	}
	return nil
}

// eachOf reads EACH OF LAST n ( PERIODS OF duration | CALENDAR unit ) after IN.
func (p *parser) eachOf(w *ast.Window) (err error) {
	w.Kind = ast.WinEachOf
	p.advance()
	if err = p.need(lex.Of, " after IN EACH"); err != nil {
		return err
	}
	if err = p.need(lex.Last, " after IN EACH OF"); err != nil {
		return err
	}
	w.Period = &ast.Period{Kind: ast.PeriodLast, At: spanOf(p.tok)}
	if w.Period.N, err = p.count("a number of periods"); err != nil {
		return err
	}
	switch {
	case p.is("PERIODS"):
		p.advance()
		if err = p.need(lex.Of, " after PERIODS"); err != nil {
			return err
		}
		w.D, err = p.duration("the duration of one period")
	case p.is("CALENDAR"):
		p.advance()
		w.Period.Unit, err = p.unit("DAYS, WEEKS, MONTHS, QUARTERS or YEARS after CALENDAR")
	default:
		return p.expected("PERIODS OF 30d or CALENDAR MONTHS").suggest("PERIODS", "CALENDAR")
	}
	w.Period.At = p.spanSince(w.Period.At)
	return err
}

// zone reads IN TIME ZONE text.
func (p *parser) zone(w *ast.Window) error {
	p.advance()
	p.advance()
	if !p.is("ZONE") {
		return p.expected("ZONE after IN TIME").suggest("ZONE")
	}
	p.advance()
	if p.tok.Type != tokText {
		return p.expected("a zone such as 'Europe/Paris' or '-05:00'")
	}
	t := p.advance()
	w.Zone = &ast.Literal{Kind: ast.LitText, Text: lex.Unquote(t.Value), At: spanOf(t)}
	return nil
}

// period reads what follows DURING.
func (p *parser) period() (*ast.Period, error) {
	d := &ast.Period{At: spanOf(p.tok)}
	if err := p.periodForm(d); err != nil {
		return nil, err
	}
	d.At = p.spanSince(d.At)
	return d, nil
}

func (p *parser) periodForm(d *ast.Period) (err error) {
	next := p.ahead(1)
	call := isPunct(next, "(") || isPunct(next, ".")
	switch {
	case p.word == lex.Today && !call:
		d.Kind = ast.PeriodToday
		p.advance()
	case p.word == lex.Yesterday && !call:
		d.Kind = ast.PeriodYesterday
		p.advance()
	case p.word == lex.This && !call:
		p.advance()
		d.Kind = ast.PeriodThis
		d.Unit, err = p.unit("DAY, WEEK, MONTH, QUARTER or YEAR after THIS")
	case p.word == lex.Last && !call:
		p.advance()
		err = p.lastUnits(d)
	case p.tok.Type == tokMeasure || p.tok.Type == tokInt:
		return p.expected("a period after DURING").hint("write DURING LAST 30 DAYS, DURING '2026-04', or WITHIN 30d for a rolling window")
	default:
		return p.periodRange(d)
	}
	return err
}

// lastUnits reads [ n ] unit after LAST.
func (p *parser) lastUnits(d *ast.Period) (err error) {
	d.Kind, d.N = ast.PeriodLast, 1
	if p.tok.Type == tokMeasure {
		return p.expected("a number and a calendar unit after LAST").hint("write DURING LAST 30 DAYS, or WITHIN %s for a rolling window", p.tok.Value)
	}
	if p.tok.Type == tokInt {
		if d.N, err = p.count("a number"); err != nil {
			return err
		}
	}
	d.Unit, err = p.unit("DAY, WEEK, MONTH, QUARTER or YEAR")
	return err
}

func (p *parser) periodRange(d *ast.Period) (err error) {
	d.Kind = ast.PeriodRange
	if d.X, err = p.sum(); err != nil {
		return err
	}
	if !p.is("TO") {
		return nil
	}
	p.advance()
	d.Y, err = p.sum()
	return err
}

// unit reads a calendar unit.
func (p *parser) unit(what string) (ast.Unit, error) {
	u, ok := calendarUnits[unitNamed(p.tok.Value)]
	if p.tok.Type != tokIdent || !ok {
		return 0, p.expected(what).suggest("DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "DAYS", "WEEKS", "MONTHS", "QUARTERS", "YEARS")
	}
	p.advance()
	return u, nil
}

var calendarUnits = map[string]ast.Unit{
	"d": ast.UnitDay, "w": ast.UnitWeek, "mo": ast.UnitMonth, "q": ast.UnitQuarter, "y": ast.UnitYear,
}
