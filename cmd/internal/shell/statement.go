package shell

import (
	"context"
	"errors"
	"strings"

	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/query/print"
)

// item carries out a statement or a command.
func (s *Shell) item(ctx context.Context, it item) error {
	if it.command {
		return s.command(ctx, it.text)
	}
	return s.statement(ctx, it.text)
}

// statement carries out a statement.
func (s *Shell) statement(ctx context.Context, text string) error {
	text, err := s.substituted(text)
	if err != nil {
		return err
	}
	stmt, err := parse.Statement(text)
	if err != nil {
		return err
	}
	s.asked = text
	if err := s.carryOut(ctx, text, stmt); err != nil {
		return err
	}
	s.remember(stmt)
	if s.cfg.Terminal && !s.watching {
		s.explainNobody(ctx, stmt)
	}
	return nil
}

// carryOut has the session carry out a statement while a line tells how long it takes.
func (s *Shell) carryOut(ctx context.Context, text string, stmt ast.Stmt) error {
	if _, load := stmt.(*ast.CopyFrom); s.cfg.Terminal && !load && !s.watching {
		s.spinner = render.NewSpinner(s.cfg.Err, s.style)
	}
	defer s.rest()
	s.begin()
	return s.session.Statement(ctx, text, stmt)
}

// remember keeps what later statements may refer to.
func (s *Shell) remember(stmt ast.Stmt) {
	switch stmt := stmt.(type) {
	case *ast.Count:
		s.where = condition(stmt.Where)
	case *ast.Select:
		s.where = condition(stmt.Where)
	case *ast.CreateBase:
		if s.session.Base == "" && s.cfg.Terminal {
			s.session.Base = stmt.Name.Name
		}
	case *ast.Drop:
		if stmt.Kind == ast.KindBase && stmt.Name.Name == s.session.Base {
			s.session.Base = ""
		}
	case *ast.Rename:
		if stmt.Kind == ast.KindBase && stmt.Name.Name == s.session.Base {
			s.session.Base = stmt.To.Name
		}
	}
}

// condition returns the text of a condition, in brackets; that of none holds for all.
func condition(x ast.Expr) string {
	if x == nil {
		return "TRUE"
	}
	return "(" + print.Expr(ast.Bare(x)) + ")"
}

// lastCondition is what stands for the last condition in a statement.
const lastCondition = "_"

// substituted puts the last condition in the place of _ and the values of \set in that of parameters.
// What does not lex is left to the parser, which says why.
func (s *Shell) substituted(text string) (string, error) {
	if !strings.ContainsAny(text, "_$") {
		return text, nil
	}
	tokens, err := lex.All(text)
	if err != nil {
		return text, nil //nolint:nilerr // the parser finds the same mistake and says where
	}
	var b strings.Builder
	at := 0
	for _, t := range tokens {
		value, ok, err := s.standsFor(t, text)
		if err != nil {
			return "", err
		}
		if ok {
			b.WriteString(text[at:t.Start] + value)
			at = t.End
		}
	}
	if at == 0 {
		return text, nil
	}
	b.WriteString(text[at:])
	return b.String(), nil
}

// standsFor returns what is put in the place of a token, if something is.
func (s *Shell) standsFor(t lex.Token, text string) (string, bool, error) {
	word := text[t.Start:t.End]
	switch {
	case t.Kind == lex.Ident && word == lastCondition:
		if s.where == "" {
			return "", false, diag.New(diag.Name, t.Span(), "there is no condition yet that _ could stand for").
				WithHint("_ is the condition of the last COUNT or SELECT: ask one first").In(text)
		}
		if s.cfg.Terminal {
			s.note("_ is %s", s.where)
		}
		return s.where, true, nil
	case t.Kind == lex.Param:
		if value, ok := s.params[word[1:]]; ok {
			return value, true, nil
		}
		return "", false, diag.New(diag.Name, t.Span(), "the parameter %s has no value", word).
			WithHint(`give it one: \set %s value`, word[1:]).In(text)
	}
	return "", false, nil
}

// literal returns a value of \set as it stands in a statement: a number, a duration, TRUE, FALSE, NULL or
// a text in quotes as it is, everything else as a text.
func literal(value string) string {
	tokens, err := lex.All(value)
	if err == nil && len(tokens) == 2 {
		switch tokens[0].Kind {
		case lex.Int, lex.Decimal, lex.Float, lex.Measure, lex.Text:
			return value
		case lex.Ident:
			switch lex.Lookup(value) {
			case lex.True, lex.False, lex.Null:
				return value
			}
		}
	}
	return lex.Quote(value, '\'')
}

// errNothing says that there is no answer to show again.
var errNothing = errors.New("there is no answer yet: ask something first")
