package parse

import (
	"strconv"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/query/print"
)

// frequencyAhead tells whether a frequency comes next.
func (p *parser) frequencyAhead() bool {
	switch p.word {
	case lex.At, lex.Exactly, lex.More, lex.Fewer, lex.Once, lex.Twice, lex.On, lex.Between:
		return true
	}
	return p.is("LESS")
}

// frequency reads bound ( n TIMES | ONCE | TWICE ) | ONCE | TWICE | BETWEEN n AND m TIMES | ON bound n DAYS.
func (p *parser) frequency() (*ast.Frequency, error) {
	f := &ast.Frequency{Bound: ast.BoundExactly, At: spanOf(p.tok)}
	var err error
	switch p.word {
	case lex.Once, lex.Twice:
		f.N = p.onceTwice()
	case lex.Between:
		err = p.betweenTimes(f)
	case lex.On:
		err = p.onDays(f)
	default:
		err = p.boundTimes(f)
	}
	f.At = p.spanSince(f.At)
	return f, err
}

func (p *parser) onceTwice() uint64 {
	if wordOf(p.advance()) == lex.Once {
		return 1
	}
	return 2
}

func (p *parser) betweenTimes(f *ast.Frequency) (err error) {
	p.advance()
	f.Bound = ast.BoundBetween
	if p.tok.Type == tokMeasure {
		return p.expected("a number of times").hint("a window is written BETWEEN 90d AND 30d AGO")
	}
	if p.tok.Type == tokText {
		return p.expected("a number of times").hint("dates are written DURING '2026-04-01' TO '2026-04-30'")
	}
	if f.N, err = p.count("a number of times"); err != nil {
		return err
	}
	if err = p.need(lex.And, " and the upper end of BETWEEN"); err != nil {
		return err
	}
	if f.M, err = p.count("the upper number of times"); err != nil {
		return err
	}
	return p.times(f)
}

// times reads TIMES or TIME.
func (p *parser) times(frequency *ast.Frequency) error {
	if p.take(lex.Times) || p.take(lex.Time) {
		return nil
	}
	f := p.expected("TIMES after the number").suggest("TIMES")
	if f.err.Hint == "" {
		f = f.hint("write %s", print.Frequency(frequency))
	}
	return f
}

func (p *parser) boundTimes(f *ast.Frequency) (err error) {
	if f.Bound, err = p.bound(); err != nil {
		return err
	}
	if p.word == lex.Once || p.word == lex.Twice {
		f.N = p.onceTwice()
		return nil
	}
	if f.N, err = p.count("a number of times"); err != nil {
		return err
	}
	if p.word == lex.Days || p.word == lex.Day {
		return p.expected("TIMES after the number").hint("write ON AT LEAST %d DAYS to count days with an event", f.N)
	}
	return p.times(f)
}

func (p *parser) onDays(f *ast.Frequency) (err error) {
	p.advance()
	f.Days = true
	if p.tok.Type == tokInt {
		return p.expected("AT LEAST, AT MOST, EXACTLY, MORE THAN or FEWER THAN").hint("write ON AT LEAST %s DAYS", p.tok.Value)
	}
	if f.Bound, err = p.bound(); err != nil {
		return err
	}
	if f.N, err = p.count("a number of days"); err != nil {
		return err
	}
	if p.take(lex.Days) || p.take(lex.Day) {
		return nil
	}
	return p.expected("DAYS after the number").suggest("DAYS")
}

// bound reads AT LEAST | AT MOST | EXACTLY | MORE THAN | FEWER THAN.
func (p *parser) bound() (ast.Bound, error) {
	first := p.tok
	p.advance()
	switch wordOf(first) {
	case lex.Exactly:
		return ast.BoundExactly, nil
	case lex.At:
		if p.take(lex.Least) {
			return ast.BoundAtLeast, nil
		}
		if p.take(lex.Most) {
			return ast.BoundAtMost, nil
		}
		return 0, p.expected("LEAST or MOST after AT").suggest("LEAST", "MOST")
	case lex.More, lex.Fewer:
		if !p.is("THAN") {
			return 0, p.expected("THAN after " + wordOf(first).String())
		}
		p.advance()
		if wordOf(first) == lex.More {
			return ast.BoundMoreThan, nil
		}
		return ast.BoundFewerThan, nil
	}
	f := syntax(spanOf(first), "expected AT LEAST, AT MOST, EXACTLY, MORE THAN or FEWER THAN but found %s", describe(first))
	if isWord(first, "LESS") {
		f = f.hint("write FEWER THAN")
	}
	return 0, f
}

// count reads a whole number.
func (p *parser) count(what string) (uint64, error) {
	if p.tok.Type != tokInt {
		return 0, p.expected(what)
	}
	n, err := strconv.ParseUint(p.tok.Value, 10, 64)
	if err != nil {
		return 0, fail(diag.Limit, spanOf(p.tok), "the number %s is too large to count with", shorten(p.tok.Value, maxShown)).failure()
	}
	p.advance()
	return n, nil
}
