package parse

import (
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/storage/schema"
)

// The types in this file are the leaves of participle's grammar: each reads itself with the hand-written
// parser. A hook that fails moves on by a token, if there is one: participle, which runs with a
// look-ahead of 0, takes an error without progress for an absent optional part and would drop it.

// read runs a hook.
func read[T any](toks *lexer.PeekingLexer, into *T, f func(*parser) (T, error)) error {
	start := toks.Cursor()
	v, err := f(newParser(toks))
	if err != nil {
		if toks.Cursor() == start {
			toks.Next()
		}
		return err
	}
	*into = v
	return nil
}

// condHook is an optional condition: none before AS OF and at the end.
type condHook struct{ X ast.Expr }

func (h *condHook) Parse(toks *lexer.PeekingLexer) error {
	p := newParser(toks)
	if p.end() || p.word == lex.As && p.wordAhead(1) == lex.Of {
		return participle.NextMatch
	}
	return read(toks, &h.X, (*parser).countCondition)
}

// needHook is a condition that must be there.
type needHook struct{ X ast.Expr }

func (h *needHook) Parse(toks *lexer.PeekingLexer) error {
	return read(toks, &h.X, (*parser).condition)
}

// sumHook is a value.
type sumHook struct{ X ast.Expr }

func (h *sumHook) Parse(toks *lexer.PeekingLexer) error {
	return read(toks, &h.X, (*parser).sum)
}

// keyHook is the id of a contact or an event: a text or a parameter.
type keyHook struct{ X ast.Expr }

func (h *keyHook) Parse(toks *lexer.PeekingLexer) error {
	return read(toks, &h.X, (*parser).key)
}

func (p *parser) key() (ast.Expr, error) {
	if p.tok.Type != tokText && p.tok.Type != tokParam {
		f := p.expected("an id in single quotes")
		switch p.tok.Type {
		case tokInt, tokIdent, tokQuoted:
			f = f.hint("write '%s'", shorten(strings.Trim(p.tok.Value, `"`), maxShown))
		case lexer.EOF:
			f = f.hint("write 'c1'; SELECT id FROM contacts LIMIT 10 shows some")
		}
		return nil, f
	}
	return p.factor()
}

// fileHook is the name of a file.
type fileHook struct{ X *ast.Literal }

func (h *fileHook) Parse(toks *lexer.PeekingLexer) error {
	return read(toks, &h.X, (*parser).file)
}

func (p *parser) file() (*ast.Literal, error) {
	if p.tok.Type != tokText {
		return nil, p.expected("the name of a file in single quotes").hint("put it into quotes, as in 'contacts.csv'")
	}
	t := p.advance()
	return &ast.Literal{Kind: ast.LitText, Text: lex.Unquote(t.Value), At: spanOf(t)}, nil
}

// limitHook is the number after LIMIT.
type limitHook struct{ X *ast.Literal }

func (h *limitHook) Parse(toks *lexer.PeekingLexer) error {
	return read(toks, &h.X, func(p *parser) (*ast.Literal, error) { return p.whole("a whole number after LIMIT") })
}

// durationHook is a duration.
type durationHook struct{ X *ast.Literal }

func (h *durationHook) Parse(toks *lexer.PeekingLexer) error {
	return read(toks, &h.X, func(p *parser) (*ast.Literal, error) {
		return p.duration("a duration such as 400d")
	})
}

// The names, by what they name.
type (
	baseName      struct{ ast.Ident }
	attributeName struct{ ast.Ident }
	eventName     struct{ ast.Ident }
	propertyName  struct{ ast.Ident }
	segmentName   struct{ ast.Ident }
	anyName       struct{ ast.Ident }
	tableName     struct{ ast.Ident }
)

func (n *baseName) Parse(t *lexer.PeekingLexer) error {
	return named(t, &n.Ident, "the name of a base")
}
func (n *attributeName) Parse(t *lexer.PeekingLexer) error {
	return named(t, &n.Ident, "the name of an attribute")
}
func (n *eventName) Parse(t *lexer.PeekingLexer) error {
	return named(t, &n.Ident, "the name of an event")
}
func (n *propertyName) Parse(t *lexer.PeekingLexer) error {
	return named(t, &n.Ident, "the name of a property")
}
func (n *segmentName) Parse(t *lexer.PeekingLexer) error {
	return named(t, &n.Ident, "the name of a segment")
}
func (n *anyName) Parse(t *lexer.PeekingLexer) error { return named(t, &n.Ident, "a name") }
func (n *tableName) Parse(t *lexer.PeekingLexer) error {
	return named(t, &n.Ident, "contacts or the name of an event")
}

func named(toks *lexer.PeekingLexer, into *ast.Ident, what string) error {
	return read(toks, into, func(p *parser) (ast.Ident, error) { return p.ident(what) })
}

// typeHook is a type.
type typeHook struct{ T ast.TypeName }

func (h *typeHook) Parse(toks *lexer.PeekingLexer) error {
	return read(toks, &h.T, (*parser).typeName)
}

// typeGuess maps the types of other databases to ours.
var typeGuess = map[string]string{
	"VARCHAR": "TEXT", "CHAR": "TEXT", "STRING": "TEXT", "UUID": "TEXT", "JSON": "TEXT", "NUMERIC": "DECIMAL(2)",
	"NUMBER": "DECIMAL(2)", "MONEY": "DECIMAL(2)", "DOUBLE": "FLOAT", "REAL": "FLOAT", "INTEGER": "INT",
	"BIGINT": "INT", "SMALLINT": "INT", "BOOLEAN": "BOOL", "DATETIME": "TIMESTAMP", "TIMESTAMPTZ": "TIMESTAMP",
	"TIME": "TIMESTAMP", "ARRAY": "SET", "LIST": "SET",
}

var typeNames = []string{"BOOL", "INT", "FLOAT", "DECIMAL", "TEXT", "DATE", "TIMESTAMP", "SET", "KEY"}

// typeName reads name [ "(" int { "," int } ")" ]. Whether the numbers fit the type is not its matter.
func (p *parser) typeName() (ast.TypeName, error) {
	upper := strings.ToUpper(p.tok.Value)
	if p.tok.Type != tokIdent || !contains(typeNames, upper) {
		f := p.expected("a type: " + oneOf(typeNames))
		if guess, ok := typeGuess[upper]; ok {
			return ast.TypeName{}, f.hint("write %s", guess)
		}
		return ast.TypeName{}, f.suggest(typeNames...)
	}
	t := ast.TypeName{Name: upper, At: spanOf(p.advance())}
	if !p.punct("(") {
		return t, nil
	}
	open := spanOf(p.advance())
	for {
		n, err := p.count("a number of digits")
		if err != nil {
			return t, err
		}
		t.Args = append(t.Args, int(min(n, schema.MaxTextBytes))) // far over any scale; the binder refuses it
		if !p.takePunct(",") {
			break
		}
	}
	err := p.close(")", open)
	t.At = p.spanSince(t.At)
	return t, err
}

func contains(words []string, w string) bool {
	for _, x := range words {
		if x == w {
			return true
		}
	}
	return false
}

// The lists. Their elements are read by hand, commas included: participle would copy its state for each.
type (
	itemsHook   struct{ L []ast.Item }
	orderHook   struct{ L []ast.OrderItem }
	fieldsHook  struct{ L []ast.Field }
	assignsHook struct{ L []ast.Assign }
	optionsHook struct{ L []ast.Option }
)

func (h *itemsHook) Parse(t *lexer.PeekingLexer) error { return read(t, &h.L, listOf((*parser).item)) }
func (h *orderHook) Parse(t *lexer.PeekingLexer) error { return read(t, &h.L, listOf((*parser).order)) }
func (h *fieldsHook) Parse(t *lexer.PeekingLexer) error {
	return read(t, &h.L, listOf((*parser).field))
}
func (h *assignsHook) Parse(t *lexer.PeekingLexer) error {
	return read(t, &h.L, listOf((*parser).assign))
}
func (h *optionsHook) Parse(t *lexer.PeekingLexer) error {
	return read(t, &h.L, listOf((*parser).option))
}

// listOf reads x { , x }.
func listOf[T any](one func(*parser) (T, error)) func(*parser) ([]T, error) {
	return func(p *parser) (out []T, err error) {
		for {
			x, err := one(p)
			if err != nil {
				return nil, err
			}
			if out = append(out, x); !p.takePunct(",") {
				return out, nil
			}
		}
	}
}

// assign reads name { "." name } = sum.
func (p *parser) assign() (a ast.Assign, err error) {
	first, err := p.ident("a name and = with its value")
	if err != nil {
		return a, err
	}
	rest, err := p.suffixes()
	if err != nil {
		return a, err
	}
	a.Name.Parts = append([]ast.Ident{first}, rest...)
	if err = p.needPunct("=", " after the name"); err != nil {
		return a, err
	}
	a.X, err = p.sum()
	return a, err
}

// field reads name type.
func (p *parser) field() (f ast.Field, err error) {
	if f.Name, err = p.ident("the name of a property"); err != nil {
		return f, err
	}
	f.Type, err = p.typeName()
	return f, err
}

// order reads sum [ ASC | DESC ].
func (p *parser) order() (o ast.OrderItem, err error) {
	p.inItem = true
	if o.X, err = p.condition(); err != nil {
		return o, err
	}
	if o.Desc = p.is("DESC"); o.Desc || p.is("ASC") {
		p.advance()
	}
	return o, nil
}

// item reads one column of a select list.
func (p *parser) item() (i ast.Item, err error) {
	start := spanOf(p.tok)
	if p.punct("*") {
		p.advance()
		return ast.Item{Star: true, At: start}, nil
	}
	if p.word == lex.Did || p.word == lex.Never {
		return i, syntax(start, "in a select list a DID clause stands in brackets").hint("write (%s …)", p.word)
	}
	if p.distinctAhead() {
		return i, p.selectDistinct()
	}
	if err := p.selectTop(); err != nil {
		return i, err
	}
	p.inItem = true
	if i.X, err = p.condition(); err != nil {
		return i, err
	}
	if p.take(lex.As) {
		alias, err := p.ident("a name after AS")
		if err != nil {
			return i, err
		}
		i.Alias = &alias
	}
	i.At = p.spanSince(start)
	return i, nil
}

// option reads key = value of a WITH list.
func (p *parser) option() (o ast.Option, err error) {
	start := spanOf(p.tok)
	if o.Key, err = p.ident("the name of an option"); err != nil {
		return o, err
	}
	if err = p.needPunct("=", " after the option's name"); err != nil {
		return o, err
	}
	switch p.tok.Type {
	case tokText, tokQuoted:
		o.Value = lex.Unquote(p.tok.Value)
	case tokIdent, tokInt:
		o.Value = p.tok.Value
	default:
		return o, p.expected("a text, a number or a word")
	}
	p.advance()
	o.At = p.spanSince(start)
	return o, nil
}

// whereMeant tells whether a token after the name of a table is WHERE, or what a typing mistake made of it:
// the words that may follow an attribute are left alone.
func whereMeant(t *lexer.Token) bool {
	if t.Type != tokIdent || wordOf(t) != lex.None {
		return wordOf(t) == lex.Where
	}
	_, ok := diag.Suggest(t.Value, []string{"WHERE"})
	return ok
}

// countCondition is the condition of COUNT, where people write a table first.
func (p *parser) countCondition() (ast.Expr, error) {
	switch {
	case p.word == lex.Where:
		if startsOperand(p.ahead(1)) {
			return nil, p.expected("a condition").hint("COUNT takes the condition without WHERE: COUNT country = 'PL'")
		}
	case p.tok.Type == tokIdent && !p.word.Reserved() && whereMeant(p.ahead(1)):
		return nil, p.expected("a condition").hint("COUNT takes the condition directly: COUNT country = 'PL'; or write SELECT count(*) FROM %s WHERE …", p.tok.Value)
	case p.punct("(") && isPunct(p.ahead(1), "*"):
		return nil, p.expected("a condition").hint("write SELECT count(*) FROM contacts")
	}
	return p.condition()
}
