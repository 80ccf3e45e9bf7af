package script

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/musterdb/muster/storage/schema"
)

// tokens is the rest of a line: quoted texts, signs and words.
type tokens struct{ list []string }

var tokenForm = regexp.MustCompile(`'(?:[^']|'')*'|"(?:[^"]|"")*"|\+=|-=|[(){},=]|[^\s(){},=']+`)

// split cuts a line into tokens; a # that starts a word begins a comment.
func split(line string) []string {
	var out []string
	for _, tok := range tokenForm.FindAllString(line, -1) {
		if tok[0] == '#' {
			break
		}
		out = append(out, tok)
	}
	return out
}

func (t *tokens) more() bool { return len(t.list) > 0 }

// next returns the next token, "" at the end.
func (t *tokens) next() string {
	if !t.more() {
		return ""
	}
	s := t.list[0]
	t.list = t.list[1:]
	return s
}

// take skips the token if it is next, or if the line has ended and a bracket is awaited.
func (t *tokens) take(s string) bool {
	if !t.more() {
		return s == ")"
	}
	if t.list[0] != s {
		return false
	}
	t.next()
	return true
}

func (t *tokens) rest() string {
	s := strings.Join(t.list, " ")
	t.list = nil
	return s
}

func (t *tokens) done() error {
	if t.more() {
		return fmt.Errorf("%q is left over", t.rest())
	}
	return nil
}

// name is a word or a "quoted" one.
func (t *tokens) name() string {
	s := t.next()
	if strings.HasPrefix(s, `"`) && len(s) > 1 {
		return strings.ReplaceAll(s[1:len(s)-1], `""`, `"`)
	}
	return s
}

// typ reads TEXT or DECIMAL(2).
func (t *tokens) typ() (schema.Type, error) {
	name := t.next()
	var args []int
	if strings.EqualFold(name, "DECIMAL") && t.take("(") {
		n, err := strconv.Atoi(t.next())
		if err != nil {
			return schema.Type{}, err
		}
		args = append(args, n)
		t.take(")")
	}
	return schema.ParseType(name, args)
}

// unquote takes the quotes off a 'text'; a bare word stands for itself.
func unquote(s string) string {
	if len(s) < 2 || s[0] != '\'' {
		return s
	}
	return strings.ReplaceAll(s[1:len(s)-1], "''", "'")
}
