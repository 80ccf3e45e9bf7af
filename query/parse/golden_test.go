package parse

import (
	"errors"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/print"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew from what the parser does")

// golden reads a file of cases: lines that begin with "> " are a statement, the lines after them up
// to an empty one are what is expected, lines that begin with # are comments and are kept.
func golden(t *testing.T, file string, answer func(t *testing.T, text string) string) (cases int) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, block := range strings.Split(strings.TrimSpace(string(raw)), "\n\n") {
		comment, text, want := cut(block)
		out.WriteString(comment)
		if text == "" {
			out.WriteString("\n")
			continue
		}
		cases++
		got := answer(t, text)
		if got != want && !*rewrite {
			t.Errorf("%s:\n%s\n--- got:\n%s\n--- want:\n%s", file, text, got, want)
		}
		out.WriteString("> " + strings.ReplaceAll(text, "\n", "\n> ") + "\n" + got + "\n\n")
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(strings.TrimSpace(out.String())+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return cases
}

func cut(block string) (comment, text, want string) {
	var texts, wants []string
	for _, line := range strings.Split(block, "\n") {
		switch {
		case strings.HasPrefix(line, "#"):
			comment += line + "\n"
		case strings.HasPrefix(line, "> "):
			texts = append(texts, line[2:])
		default:
			wants = append(wants, line)
		}
	}
	return comment, strings.Join(texts, "\n"), strings.Join(wants, "\n")
}

func TestGood(t *testing.T) {
	n := golden(t, "testdata/good.txt", func(t *testing.T, text string) string {
		s, err := Statement(text)
		if err != nil {
			t.Errorf("%s\n%s", text, render(err))
			return render(err)
		}
		return law(t, s)
	})
	if n < 120 {
		t.Errorf("%d statements; there should be at least 120", n)
	}
}

func TestErrors(t *testing.T) {
	n := golden(t, "testdata/errors.txt", func(t *testing.T, text string) string {
		s, err := Statement(text)
		if err == nil {
			t.Errorf("no error: %s\nit was read as: %s", text, print.Stmt(s))
			return "no error"
		}
		return render(err)
	})
	if n < 50 {
		t.Errorf("%d statements; there should be at least 50", n)
	}
}

func render(err error) string {
	var d *diag.Error
	if !errors.As(err, &d) {
		return "not a diag.Error: " + err.Error()
	}
	return string(d.Code) + " " + d.Render()
}

// law checks that the printed text parses to the same tree up to positions, and prints the same again.
func law(t *testing.T, s ast.Stmt) string {
	t.Helper()
	text := print.Stmt(s)
	again, err := Statement(text)
	if err != nil {
		t.Fatalf("the printed text does not parse: %s\n%s", text, render(err))
	}
	if twice := print.Stmt(again); twice != text {
		t.Fatalf("printing twice differs:\n%s\n%s", text, twice)
	}
	bare(reflect.ValueOf(s))
	bare(reflect.ValueOf(again))
	if !reflect.DeepEqual(s, again) {
		t.Fatalf("the printed text parses to another tree: %s", text)
	}
	return text
}

var (
	spanType  = reflect.TypeFor[ast.Span]()
	identType = reflect.TypeFor[ast.Ident]()
)

// bare sets every position in a tree to zero, and forgets which names were written in quotes.
func bare(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			bare(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			bare(v.Index(i))
		}
	case reflect.Struct:
		bareStruct(v)
	}
}

func bareStruct(v reflect.Value) {
	if v.Type() == spanType {
		v.SetZero()
		return
	}
	if v.Type() == identType {
		v.FieldByName("Quoted").SetBool(false)
	}
	for i := range v.NumField() {
		bare(v.Field(i))
	}
}
