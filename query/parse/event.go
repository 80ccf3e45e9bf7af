package parse

import (
	"strings"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/query/print"
)

// aggregates are the functions whose argument is a selector or a name.
var aggregates = map[string]bool{
	"count": true, "sum": true, "avg": true, "min": true, "max": true, "distinct": true, "days": true,
	"first": true, "last": true, "recency": true,
}

// selector reads ( name | ( names ) | ANY EVENT ) [ "[" condition "]" ].
func (p *parser) selector() (*ast.Selector, error) {
	s := &ast.Selector{At: spanOf(p.tok)}
	if err := p.events(s); err != nil {
		return nil, err
	}
	if p.punct("[") {
		open := spanOf(p.advance())
		x, err := p.condition()
		if err != nil {
			return nil, err
		}
		if err := p.close("]", open); err != nil {
			return nil, err
		}
		s.Filter = x
	}
	s.At = p.spanSince(s.At)
	return s, nil
}

// events reads the names of a selector.
func (p *parser) events(s *ast.Selector) error {
	if p.word == lex.Any && p.wordAhead(1) == lex.Event {
		p.advance()
		p.advance()
		s.Any = true
		return nil
	}
	if !p.punct("(") {
		n, err := p.ident("the name of an event")
		s.Events = []ast.Ident{n}
		return err
	}
	open := spanOf(p.advance())
	for {
		n, err := p.ident("the name of an event")
		if err != nil {
			return err
		}
		s.Events = append(s.Events, n)
		if !p.takePunct(",") {
			return p.close(")", open)
		}
	}
}

// aggregate reads what follows the function's name; see ast.Aggregate.
func (p *parser) aggregate(fn ast.Ident) (ast.Expr, error) {
	a := &ast.Aggregate{Fn: fn, At: fn.At}
	open := spanOf(p.advance())
	if err := p.argument(a); err != nil {
		return nil, err
	}
	for p.takePunct(",") {
		x, err := p.sum()
		if err != nil {
			return nil, err
		}
		a.Options = append(a.Options, x)
	}
	if err := p.close(")", open); err != nil {
		return nil, err
	}
	var err error
	if a.Pick, err = p.suffixes(); err != nil {
		return nil, err
	}
	err = p.windowAfter(a)
	a.At = p.spanSince(fn.At)
	return a, err
}

// windowAfter reads a window after the brackets.
func (p *parser) windowAfter(a *ast.Aggregate) error {
	if !p.windowAhead() {
		return nil
	}
	at := spanOf(p.tok)
	w, err := p.window()
	switch {
	case err != nil:
		return err
	case a.Window != nil:
		return syntax(at, "this aggregate has a window inside its brackets already").hint("write one window only")
	case a.Sel == nil:
		f := syntax(w.At, "a window belongs to an aggregate over events, not to a calculation")
		if y, ok := pushWindow(a.Arg, w); ok && a.Arg != nil {
			f = f.hint("write %s(%s)", a.Fn.Name, shorten(print.Expr(y), 300))
		}
		return f
	}
	a.Window, p.trailing = w, a
	return nil
}

// argument reads * | [ DISTINCT ] ( selector [ . name ] [ window ] | sum ).
func (p *parser) argument(a *ast.Aggregate) error {
	if p.punct("*") {
		p.advance()
		a.Star = true
		return nil
	}
	if p.word == lex.Distinct && startsOperand(p.ahead(1)) && (a.Fn.Name == "count" || !isPunct(p.ahead(1), "(")) {
		p.advance()
		a.Distinct = true
	}
	if !p.selectorAhead() {
		x, err := p.sum()
		a.Arg = x
		return err
	}
	var err error
	if a.Sel, err = p.selector(); err != nil {
		return err
	}
	if a.Prop, err = p.suffixes(); err != nil {
		return err
	}
	if p.windowAhead() {
		a.Window, err = p.window()
	}
	return err
}

// selectorAhead tells whether the argument is a selector: names, then what can follow a selector. It
// looks at names only, so that nothing is read twice but them.
func (p *parser) selectorAhead() bool {
	at := p.toks.MakeCheckpoint()
	defer p.back(at)
	if p.word == lex.Any && p.wordAhead(1) == lex.Event {
		return true
	}
	if p.punct("(") {
		return p.skipNames() && p.selectorEnd()
	}
	if !p.nameHere() || p.word.Reserved() && !p.word.Soft() {
		return false
	}
	p.advance()
	for p.punct(".") {
		p.advance()
		if !p.nameHere() {
			return false
		}
		p.advance()
	}
	return p.selectorEnd()
}

func (p *parser) nameHere() bool { return p.tok.Type == tokIdent || p.tok.Type == tokQuoted }

// selectorEnd tells whether the next token can follow the names of a selector.
func (p *parser) selectorEnd() bool {
	return p.punct(")") || p.punct("[") || p.punct(",") || p.punct(".") || p.end() || p.windowAhead()
}

// did reads DID [ NOT ] or NEVER DID and what follows.
func (p *parser) did() (ast.Expr, error) {
	d := &ast.Did{At: spanOf(p.tok)}
	if p.take(lex.Never) {
		d.Never = true
	}
	if err := p.need(lex.Did, " after NEVER"); err != nil {
		return nil, err
	}
	if p.word == lex.Not {
		if d.Never {
			return nil, syntax(spanOf(p.tok), "NEVER DID and NOT say the same twice").hint("write NEVER DID x or DID NOT x")
		}
		p.advance()
		d.Not = true
	}
	if p.word == lex.Sequence && isPunct(p.ahead(1), "(") {
		return nil, notYet(spanOf(p.tok), "sequences")
	}
	var err error
	if d.Sel, err = p.selector(); err != nil {
		return nil, err
	}
	for more := true; more; {
		if more, err = p.didPart(d); err != nil {
			return nil, err
		}
	}
	d.At = p.spanSince(d.At)
	return d, nil
}

// didPart reads a frequency or a window after the selector, and tells whether there was one.
func (p *parser) didPart(d *ast.Did) (bool, error) {
	at := spanOf(p.tok)
	switch {
	case p.windowAhead():
		w, err := p.window()
		if err == nil && d.Window != nil {
			err = syntax(at, "this clause has a window already").hint("join two clauses with AND")
		}
		d.Window = w
		return true, err
	case p.frequencyAhead():
		return true, p.didFrequency(d, at)
	}
	return false, p.afterSelector(d)
}

func (p *parser) didFrequency(d *ast.Did, at diag.Span) error {
	f, err := p.frequency()
	if err != nil {
		return err
	}
	if d.Freq != nil {
		return syntax(at, "this clause has a number of times already").hint("write BETWEEN 2 AND 5 TIMES, or join two clauses with AND")
	}
	if d.Not || d.Never {
		return p.negatedFrequency(d, f, at)
	}
	d.Freq = f
	return nil
}

// negatedFrequency reports DID NOT x AT LEAST n TIMES, which does not say what is meant.
func (p *parser) negatedFrequency(d *ast.Did, f *ast.Frequency, at diag.Span) error {
	word := "DID NOT"
	if d.Never {
		word = "NEVER DID"
	}
	e := syntax(p.spanSince(at), "%s means zero times and takes no number of times", word)
	right := &ast.Did{Sel: d.Sel, Window: d.Window, Freq: &ast.Frequency{Days: f.Days, N: f.N}}
	if p.windowAhead() && d.Window == nil {
		w, err := p.window()
		if err != nil {
			return err
		}
		right.Window = w
	}
	switch f.Bound {
	case ast.BoundAtLeast:
		right.Freq.Bound = ast.BoundFewerThan
	case ast.BoundMoreThan:
		right.Freq.Bound = ast.BoundAtMost
	case ast.BoundAtMost:
		right.Freq.Bound = ast.BoundMoreThan
	case ast.BoundFewerThan:
		right.Freq.Bound = ast.BoundAtLeast
	default: // EXACTLY and BETWEEN have no opposite of their own
		right.Freq = f
		return e.hint("write FEWER THAN n TIMES, or NOT (%s)", shorten(print.Expr(right), 300))
	}
	return e.hint("write %s", shorten(print.Expr(right), 300))
}

// afterSelector reports the words that people write after a selector and that mean something else.
func (p *parser) afterSelector(d *ast.Did) error {
	name := "x"
	if len(d.Sel.Events) > 0 {
		name = print.Name(d.Sel.Events[0])
	}
	switch {
	case p.word == lex.Without:
		return notYet(spanOf(p.tok), "WITHOUT")
	case p.word == lex.For:
		return notYet(spanOf(p.tok), "FOR … OF LAST")
	case p.word == lex.As && p.wordAhead(1) != lex.Of:
		return notYet(spanOf(p.tok), "names of steps (AS)")
	case p.word == lex.Where && d.Sel.Filter == nil, p.punct("("):
		return p.expected("a number of times or a window").hint("conditions on the event stand in square brackets: %s[amount > 50]", name)
	case p.word == lex.This, p.word == lex.Today, p.word == lex.Yesterday:
		return p.expected("a number of times or a window").hint("write DURING %s", p.periodWords())
	case p.word == lex.Last, p.word == lex.In && p.wordAhead(1) == lex.Last:
		return p.expected("a number of times or a window").hint("write WITHIN 30d, or DURING LAST MONTH for a calendar period")
	case p.tok.Type == tokInt && p.wordAhead(1) == lex.Times, p.tok.Type == tokInt && p.wordAhead(1) == lex.Time:
		return p.expected("AT LEAST, AT MOST, EXACTLY, MORE THAN or FEWER THAN").hint("write AT LEAST %s TIMES or EXACTLY %[1]s TIMES", p.tok.Value)
	case p.tok.Type == tokPunct && (p.punct(">") || p.punct(">=") || p.punct("=") || p.punct("<") || p.punct("<=")):
		return p.expected("a number of times or a window").hint("write DID %s AT LEAST 3 TIMES, or count(%[1]s) %s …", name, p.tok.Value)
	}
	return nil
}

// periodWords returns the words of a period that comes next: THIS QUARTER, TODAY.
func (p *parser) periodWords() string {
	word := strings.ToUpper(p.tok.Value)
	if next := p.ahead(1); p.word == lex.This && next != nil && next.Type == tokIdent {
		word += " " + strings.ToUpper(shorten(next.Value, maxShown))
	}
	return word
}

// nthAhead tells whether FIRST x, LAST x or 2ND x comes next, and not an attribute named first.
func (p *parser) nthAhead() bool {
	if p.tok.Type == tokMeasure {
		_, _, ok := ordinal(p.tok.Value)
		return ok
	}
	if p.word != lex.First && p.word != lex.Last {
		return false
	}
	if isPunct(p.ahead(1), "(") {
		return p.bracketsThenFilter()
	}
	return p.nthSelector()
}

// bracketsThenFilter tells FIRST (open, click)[…] from first(open). Only names are read ahead.
func (p *parser) bracketsThenFilter() bool {
	at := p.toks.MakeCheckpoint()
	defer p.back(at)
	p.advance()
	return p.skipNames() && p.punct("[")
}

// skipNames passes over ( name { , name } ) if it comes next.
func (p *parser) skipNames() bool {
	p.advance()
	for p.nameHere() {
		p.advance()
		if !p.takePunct(",") {
			break
		}
	}
	return p.takePunct(")")
}

// nthSelector tells whether what follows FIRST begins a selector. After an attribute's name an operator
// would come; an event that is called like one shows itself by the window behind it.
func (p *parser) nthSelector() bool {
	next := p.ahead(1)
	w := wordOf(next)
	if next.Type == tokQuoted || next.Type == tokIdent && w != lex.Not && startsOperand(next) {
		return true
	}
	if w == lex.None || w == lex.And || w == lex.Or {
		return false
	}
	at := p.toks.MakeCheckpoint()
	defer p.back(at)
	p.advance()
	p.advance()
	return p.punct("[") || p.windowAhead()
}

// nth reads ( FIRST | LAST | ordinal ) selector window.
func (p *parser) nth() (ast.Expr, error) {
	n := &ast.Nth{At: spanOf(p.tok)}
	switch p.word {
	case lex.First:
		n.N = 1
	case lex.Last:
	default:
		number, right, _ := ordinal(p.tok.Value)
		if number == 0 || right != "" {
			return nil, syntax(n.At, "%s is no ordinal", p.tok.Value).hint("write %s", right)
		}
		n.N = number
	}
	p.advance()
	var err error
	if n.Sel, err = p.selector(); err != nil {
		return nil, err
	}
	if !p.windowAhead() {
		return nil, p.expected("a window such as WITHIN 30d").hint("FIRST, LAST and 2ND ask when the event was; to test its property write first(x).property = …")
	}
	n.Window, err = p.window()
	n.At = p.spanSince(n.At)
	return n, err
}

// firstBrackets turns first(x) WITHIN 30d, which the loop has read as an aggregate, into FIRST x WITHIN
// 30d: the brackets were those of the selector. It returns nil if it is something else.
func (p *parser) firstBrackets(x ast.Expr) ast.Expr {
	a, ok := x.(*ast.Aggregate)
	if !ok || a != p.trailing || len(a.Pick) > 0 || a.Sel == nil || len(a.Prop) > 0 || a.Fn.Name != "first" && a.Fn.Name != "last" {
		return nil
	}
	for _, o := range a.Options {
		n, ok := o.(*ast.Name)
		if !ok || len(n.Parts) > 1 || a.Sel.Filter != nil || a.Sel.Any {
			return nil
		}
		a.Sel.Events = append(a.Sel.Events, n.Parts[0])
	}
	n := &ast.Nth{Sel: a.Sel, Window: a.Window, At: a.At}
	if a.Fn.Name == "first" {
		n.N = 1
	}
	return n
}
