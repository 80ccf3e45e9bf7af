// Package lex owns the words of the segment language: it cuts a statement's text into tokens, knows
// which words are keywords, and splits a script into statements. It enforces the limits that can be
// told without a grammar (length, nesting of brackets, length of one identifier or text), so that
// nothing behind it sees an input that is out of bounds. It does not know the grammar.
package lex

import (
	"strings"
	"unicode/utf8"

	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/schema"
)

// The limits of one statement, in bytes but for MaxDepth, which counts brackets open at once.
const (
	MaxStatement = schema.MaxStatementBytes
	MaxText      = schema.MaxTextBytes
	MaxIdent     = schema.MaxNameBytes
	MaxDepth     = schema.MaxNesting
)

// Kind says what a token is.
type Kind uint8

// The kinds of tokens.
const (
	EOF     Kind = iota
	Ident        // a word; keywords are words too
	Quoted       // a name in double quotes, never a keyword
	Int          // digits
	Decimal      // digits with a point
	Float        // with an exponent
	Measure      // digits directly followed by letters: 30d, 0.25h, 2ND
	Text         // a text in single quotes
	Param        // $1 or $name
	Punct        // an operator or a bracket
)

// Token is one word of a text: the bytes [Start, End), quotes included.
type Token struct {
	Kind       Kind
	Start, End int
}

// Span returns where the token stands.
func (t Token) Span() diag.Span { return diag.Span{Start: t.Start, End: t.End} }

// Scanner yields the tokens of one statement. The zero value is not usable; see New.
type Scanner struct {
	text  string
	pos   int
	depth int
}

// New returns a scanner of a statement. It fails if the text is longer than MaxStatement or is not
// UTF-8, before anything else is looked at.
func New(text string) (*Scanner, error) {
	if len(text) > MaxStatement {
		return nil, tooLong(len(text))
	}
	if !utf8.ValidString(text) {
		at := invalidAt(text)
		return nil, diag.New(diag.Syntax, diag.Span{Start: at, End: at + 1},
			"the text is not UTF-8: byte 0x%02x", text[at]).WithHint("save the file as UTF-8").In(text)
	}
	return &Scanner{text: text}, nil
}

func tooLong(n int) error {
	return diag.New(diag.Limit, diag.Span{}, "the statement has %d bytes; a statement may have %d (4 MiB)",
		n, MaxStatement).WithHint("put long lists of values into a file and load it with COPY")
}

// invalidAt returns the offset of the first byte that is not UTF-8.
func invalidAt(text string) int {
	for i, r := range text {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(text[i:]); n == 1 {
				return i
			}
		}
	}
	return len(text)
}

// All returns every token of a statement, the last of kind EOF.
func All(text string) ([]Token, error) {
	s, err := New(text)
	if err != nil {
		return nil, err
	}
	tokens := make([]Token, 0, len(text)/5+2)
	for {
		t, err := s.Next()
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
		if t.Kind == EOF {
			return tokens, nil
		}
	}
}

// Next returns the next token; at the end of the text it returns EOF, again and again. After an error
// the scanner must not be used.
func (s *Scanner) Next() (Token, error) {
	if err := s.skip(); err != nil {
		return Token{}, err
	}
	if s.pos >= len(s.text) {
		return Token{EOF, len(s.text), len(s.text)}, nil
	}
	switch c := s.text[s.pos]; class[c] {
	case classLetter:
		return s.ident()
	case classDigit:
		return s.number(), nil
	default:
		return s.other(c)
	}
}

func (s *Scanner) other(c byte) (Token, error) {
	switch c {
	case '\'':
		return s.quoted(Text, c)
	case '"':
		return s.quoted(Quoted, c)
	case '$':
		return s.param()
	case '(', '[':
		if s.depth++; s.depth > MaxDepth {
			return Token{}, s.fail(diag.Limit, s.pos, s.pos+1, "brackets are nested deeper than %d levels", MaxDepth)
		}
	case ')', ']':
		s.depth--
	}
	return s.punct(c)
}

// ident scans a word.
func (s *Scanner) ident() (Token, error) {
	start := s.pos
	for s.pos < len(s.text) && class[s.text[s.pos]]&classWord != 0 {
		s.pos++
	}
	if s.pos-start > MaxIdent {
		return Token{}, s.longName(start, s.pos-start)
	}
	if s.pos < len(s.text) && s.text[s.pos] >= utf8.RuneSelf && !isSpace(s.rune()) {
		return Token{}, s.foreignWord(start)
	}
	return Token{Ident, start, s.pos}, nil
}

func (s *Scanner) longName(start, n int) error {
	return s.fail(diag.Limit, start, start+MaxIdent, "the name has %d bytes; a name may have %d", n, MaxIdent)
}

// foreignWord reports a word with letters that only a quoted name may have.
func (s *Scanner) foreignWord(start int) error {
	end := start
	for end < len(s.text) {
		r, n := utf8.DecodeRuneInString(s.text[end:])
		if r < utf8.RuneSelf && class[byte(r)]&classWord == 0 || isSpace(r) {
			break
		}
		end += n
	}
	err := s.fail(diag.Syntax, start, end, "a name without quotes has only the letters a-z, digits and _")
	if end-start <= MaxIdent {
		err = err.WithHint(`write "%s"`, s.text[start:end])
	}
	return err
}

// number scans digits, a fraction, an exponent and the letters that follow directly.
func (s *Scanner) number() Token {
	start, kind := s.pos, Int
	s.digits()
	if s.at(0) == '.' && class[s.at(1)] == classDigit {
		kind = Decimal
		s.pos++
		s.digits()
	}
	if n := s.exponent(); n > 0 {
		s.pos += n
		kind = Float
	}
	letters := s.pos
	for s.pos < len(s.text) && class[s.text[s.pos]]&classWord != 0 {
		s.pos++
	}
	if s.pos > letters {
		kind = Measure
	}
	return Token{kind, start, s.pos}
}

func (s *Scanner) digits() {
	for class[s.at(0)] == classDigit {
		s.pos++
	}
}

// exponent returns the length of the exponent at the position: e, an optional sign, digits.
func (s *Scanner) exponent() int {
	if s.at(0)|0x20 != 'e' {
		return 0
	}
	n := 1
	if c := s.at(1); c == '+' || c == '-' {
		n++
	}
	if class[s.at(n)] != classDigit {
		return 0
	}
	for class[s.at(n)] == classDigit {
		n++
	}
	return n
}

// at returns the byte i after the position, or 0 after the end.
func (s *Scanner) at(i int) byte {
	if s.pos+i < len(s.text) {
		return s.text[s.pos+i]
	}
	return 0
}

func (s *Scanner) rune() rune {
	r, _ := utf8.DecodeRuneInString(s.text[s.pos:])
	return r
}

// quoted scans a text or a quoted name; the quote itself is written twice inside.
func (s *Scanner) quoted(kind Kind, quote byte) (Token, error) {
	start := s.pos
	end := closing(s.text, start, quote)
	if end < 0 {
		return Token{}, s.unterminated(kind, start)
	}
	s.pos = end
	switch n := end - start - 2; {
	case kind == Text && n > MaxText:
		return Token{}, s.fail(diag.Limit, start, start+1, "the text has %d bytes; a text may have %d (1 MiB)", n, MaxText)
	case kind == Quoted && n > MaxIdent:
		return Token{}, s.longName(start, n)
	case kind == Quoted && n == 0:
		return Token{}, s.fail(diag.Syntax, start, end, "a name may not be empty").WithHint("an empty text is written ''")
	}
	return Token{kind, start, end}, nil
}

// closing returns the offset after the quote that closes the one at start, or -1.
func closing(text string, start int, quote byte) int {
	for i := start + 1; i < len(text); {
		n := strings.IndexByte(text[i:], quote)
		if n < 0 {
			return -1
		}
		i += n + 1
		if i >= len(text) || text[i] != quote {
			return i
		}
		i++
	}
	return -1
}

func (s *Scanner) unterminated(kind Kind, start int) error {
	if kind == Text {
		return s.fail(diag.Syntax, start, start+1, "the text that begins here is not closed").
			WithHint("close it with '; a ' inside a text is written twice: 'it''s'")
	}
	return s.fail(diag.Syntax, start, start+1, "the quoted name that begins here is not closed").
		WithHint(`close it with "; texts stand in single quotes`)
}

// param scans $1 or $name.
func (s *Scanner) param() (Token, error) {
	start := s.pos
	s.pos++
	for s.pos < len(s.text) && class[s.text[s.pos]]&classWord != 0 {
		s.pos++
	}
	if s.pos-start > MaxIdent {
		return Token{}, s.longName(start, s.pos-start)
	}
	name := s.text[start+1 : s.pos]
	if name == "" || class[name[0]] == classDigit && strings.Trim(name, "0123456789") != "" {
		return Token{}, s.fail(diag.Syntax, start, max(s.pos, start+1), "a parameter is written $1 or $name")
	}
	return Token{Param, start, s.pos}, nil
}

// punct scans an operator; the two-character ones first.
func (s *Scanner) punct(c byte) (Token, error) {
	start := s.pos
	switch d := s.at(1); {
	case c == '<' && (d == '=' || d == '>'), c == '>' && d == '=', c == '!' && d == '=':
		s.pos += 2
	case c == '=' && d == '=', c == '&' && d == '&', c == '|' && d == '|':
		return Token{}, s.fail(diag.Syntax, start, start+2, "%q is not an operator here", s.text[start:start+2]).
			WithHint("write %s", replacement[s.text[start:start+2]])
	case strings.IndexByte("=<>+-*/()[],.;:", c) >= 0:
		s.pos++
	default:
		return Token{}, s.stray(c)
	}
	return Token{Punct, start, s.pos}, nil
}

var replacement = map[string]string{"==": "=", "&&": "AND", "||": "OR between conditions; texts are not joined, so write the columns side by side"}

// stray reports a character that begins no token.
func (s *Scanner) stray(c byte) error {
	r, n := utf8.DecodeRuneInString(s.text[s.pos:])
	if hint := strayHint(r); hint != "" {
		return s.fail(diag.Syntax, s.pos, s.pos+n, "the character %q has no meaning here", r).WithHint("%s", hint)
	}
	if c >= utf8.RuneSelf {
		return s.foreignWord(s.pos)
	}
	return s.fail(diag.Syntax, s.pos, s.pos+n, "the character %q has no meaning here", r)
}

func strayHint(r rune) string {
	switch r {
	case '‘', '’', '‚', '‛', '´':
		return "texts stand in straight single quotes: 'PL'"
	case '“', '”', '„', '`':
		return `names stand in straight double quotes ("Order Completed"), texts in single ones ('PL')`
	case '–', '—', '−':
		return "write the minus sign -"
	case '≤', '≥', '≠':
		return "write <=, >= or <>"
	case '!':
		return "write NOT, or <> for “is not equal”"
	case '%':
		return "write 40 PERCENT; % has a meaning only inside the text after LIKE"
	case '&':
		return "write AND"
	case '|':
		return "write OR"
	case '?':
		return "parameters are written $1 or $name"
	case '{', '}':
		return "lists stand in round brackets, conditions on events in square ones"
	}
	return ""
}

// skip passes over white space and comments.
func (s *Scanner) skip() error {
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		switch {
		case class[c] == classSpace:
			s.pos++
		case c == '-' && s.at(1) == '-':
			s.pos = lineEnd(s.text, s.pos)
		case c == '/' && s.at(1) == '*':
			end := commentEnd(s.text, s.pos)
			if end < 0 {
				return s.fail(diag.Syntax, s.pos, s.pos+2, "the comment that begins here is not closed").WithHint("close it with */")
			}
			s.pos = end
		case c >= utf8.RuneSelf && isSpace(s.rune()):
			s.pos += utf8.RuneLen(s.rune())
		default:
			return nil
		}
	}
	return nil
}

func lineEnd(text string, from int) int {
	if n := strings.IndexByte(text[from:], '\n'); n >= 0 {
		return from + n
	}
	return len(text)
}

// commentEnd returns the offset after the */ that closes the comment at from, or -1. Comments do not nest.
func commentEnd(text string, from int) int {
	if n := strings.Index(text[from+2:], "*/"); n >= 0 {
		return from + 2 + n + 2
	}
	return -1
}

// isSpace tells the spaces outside ASCII that come with pasted text.
func isSpace(r rune) bool {
	switch r {
	case ' ', '\t', '\n', '\r', '\v', '\f', 0x85, 0xA0, 0x2028, 0x2029, 0x202F, 0x3000, 0xFEFF:
		return true
	}
	return r >= 0x2000 && r <= 0x200B
}

func (s *Scanner) fail(code diag.Code, start, end int, format string, args ...any) *diag.Error {
	return diag.New(code, diag.Span{Start: start, End: end}, format, args...).In(s.text)
}

// The classes of bytes. classWord matches the two that go on in a word.
const (
	classLetter = 1
	classDigit  = 2
	classSpace  = 4
	classWord   = classLetter | classDigit
)

var class = func() (c [256]byte) {
	for b := 'a'; b <= 'z'; b++ {
		c[b], c[b-'a'+'A'] = classLetter, classLetter
	}
	c['_'] = classLetter
	for b := '0'; b <= '9'; b++ {
		c[b] = classDigit
	}
	for _, b := range " \t\n\r\v\f" {
		c[b] = classSpace
	}
	return c
}()
