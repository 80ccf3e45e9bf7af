package parse

import (
	"io"

	"github.com/alecthomas/participle/v2/lexer"

	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/lex"
)

// definition gives participle the hand-written lexer. Of a token's position only the offset is set:
// lines and columns are computed by diag, and only for errors.
type definition struct{}

// typeOf maps a kind of token to participle's numbers, which are negative; EOF is -1 in both.
func typeOf(k lex.Kind) lexer.TokenType { return -1 - lexer.TokenType(k) }

// The same, as constants: participle asks for them while package variables are still being set.
const (
	tokIdent   = -1 - lexer.TokenType(lex.Ident)
	tokQuoted  = -1 - lexer.TokenType(lex.Quoted)
	tokInt     = -1 - lexer.TokenType(lex.Int)
	tokDecimal = -1 - lexer.TokenType(lex.Decimal)
	tokFloat   = -1 - lexer.TokenType(lex.Float)
	tokMeasure = -1 - lexer.TokenType(lex.Measure)
	tokText    = -1 - lexer.TokenType(lex.Text)
	tokParam   = -1 - lexer.TokenType(lex.Param)
	tokPunct   = -1 - lexer.TokenType(lex.Punct)
)

// Symbols names the kinds of tokens for the grammar.
func (definition) Symbols() map[string]lexer.TokenType {
	return map[string]lexer.TokenType{
		"EOF": lexer.EOF, "Ident": tokIdent, "Quoted": tokQuoted, "Int": tokInt, "Decimal": tokDecimal,
		"Float": tokFloat, "Measure": tokMeasure, "Text": tokText, "Param": tokParam, "Punct": tokPunct,
	}
}

// Lex is part of participle's contract; statements come as strings.
func (d definition) Lex(_ string, r io.Reader) (lexer.Lexer, error) {
	text, err := io.ReadAll(io.LimitReader(r, lex.MaxStatement+1))
	if err != nil {
		return nil, err
	}
	return newSource(string(text))
}

// source feeds the scanner's tokens to participle. A semicolon at the end of the text is left out.
type source struct {
	text string
	scan *lex.Scanner
	next *lex.Token // the token after it
}

func newSource(text string) (*source, error) {
	scan, err := lex.New(text)
	if err != nil {
		return nil, err
	}
	return &source{text: text, scan: scan}, nil
}

// Next returns the next token.
func (s *source) Next() (lexer.Token, error) {
	if s.next != nil {
		t := *s.next
		s.next = nil
		return s.token(t), nil
	}
	t, err := s.scan.Next()
	if err != nil {
		return lexer.Token{}, err
	}
	if t.Kind == lex.Punct && s.text[t.Start] == ';' {
		after, err := s.scan.Next()
		if err != nil {
			return lexer.Token{}, err
		}
		if after.Kind == lex.EOF {
			return s.token(lex.Token{Kind: lex.EOF, Start: t.Start, End: t.Start}), nil
		}
		s.next = &after
	}
	return s.token(t), nil
}

func (s *source) token(t lex.Token) lexer.Token {
	return lexer.Token{Type: typeOf(t.Kind), Value: s.text[t.Start:t.End], Pos: lexer.Position{Offset: t.Start}}
}

// spanOf returns where a token stands.
func spanOf(t *lexer.Token) diag.Span {
	return diag.Span{Start: t.Pos.Offset, End: t.Pos.Offset + len(t.Value)}
}
