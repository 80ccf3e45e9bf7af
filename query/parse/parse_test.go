package parse

import (
	"fmt"
	"strings"
	"testing"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/print"
)

func TestScript(t *testing.T) {
	text := "COUNT a = ';'; -- one; two\n/* ; */ COUNT \"b;\" = 1 ;; COUNT (c = 1; COUNT d\n) ; CUONT e;\n COUNT f -- last"
	var got []string
	for p := range Script(text) {
		var answer string
		if p.Err == nil {
			answer = print.Stmt(p.Stmt)
		} else {
			answer, _, _ = strings.Cut(p.Err.Error(), ";")
		}
		if text[p.Span.Start:p.Span.End] != p.Text {
			t.Errorf("the span %v is not the text %q", p.Span, p.Text)
		}
		got = append(got, fmt.Sprintf("%d %v %s", p.Span.Start, p.Done, answer))
	}
	want := []string{
		`0 true COUNT a = ';'`,
		`35 true COUNT "b;" = 1`,
		`53 true 1:13: expected ) but found `,
		`79 true 1:1: expected a statement but found CUONT`,
		`89 false COUNT f`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestScriptStopsEarlyAndIsLazy(t *testing.T) {
	text := "COUNT a;" + strings.Repeat("COUNT '", 1<<20)
	for p := range Script(text) {
		if print.Stmt(p.Stmt) != "COUNT a" {
			t.Errorf("the first statement is %q", p.Text)
		}
		break
	}
}

// TestScriptOfManyStatements would take minutes if splitting looked at the rest of the text each time.
func TestScriptOfManyStatements(t *testing.T) {
	n := 0
	for p := range Script(strings.Repeat("UPSERT CONTACT 'c1' SET a = 1;\n", 50_000)) {
		if p.Err != nil {
			t.Fatal(p.Err)
		}
		n++
	}
	if n != 50_000 {
		t.Errorf("%d statements", n)
	}
}

func TestCondition(t *testing.T) {
	x, err := Condition("DID open WITHIN 3d AND a = 1")
	if err != nil || print.Expr(x) != "DID open WITHIN 3d AND a = 1" {
		t.Errorf("got %v, %v", x, err)
	}
	for text, want := range map[string]string{
		"":           "1:1: expected a condition or a value but found the end of the statement",
		"a = 1 b":    "1:7: expected AND, OR or the end of the statement but found b",
		"a = 1 AND ": "1:10: expected a condition or a value after AND but found the end of the statement",
	} {
		if _, err := Condition(text); err == nil || !strings.HasSuffix(want, err.Error()) && err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// TestNames uses words that are keywords elsewhere wherever a name can stand.
func TestNames(t *testing.T) {
	names := []string{"open", "order", "return", "group", "first", "last", "time", "segment", "any", "count", "event", "from", "where",
		"limit", "select", "having", "within", "before", "during", "since", "today", "this", "next", "on", "at", "once", "list", "days",
		"day", "known", "left", "entered", "sequence", "all", "none", "desc", "asc", "to", "id", "set", "now", "percent", "ago", "with"}
	forms := []string{
		"COUNT DID %s", "COUNT DID NOT %s", "COUNT NEVER DID %s WITHIN 3d", "COUNT DID %s AT LEAST 3 TIMES WITHIN 30d", "COUNT DID (%s, x)[a = 1]",
		"COUNT count(%s) > 3", "COUNT count(%s[a = 1] WITHIN 3d) > 3", "COUNT sum(x.%s) > 1", "COUNT sum(%s.amount WITHIN 90d) > 1",
		"COUNT first(%s).time < now()", "COUNT last(x).%s = 1", "COUNT recency(%s) > 3d",
		"COUNT %s = 1", "COUNT 1 = %s", "COUNT x AND %s > 3", "COUNT (%s IS NULL)", "COUNT %s IN (1, 2)", "COUNT DID x[%s = 1]", "COUNT lower(%s) = 'a'",
		"COUNT %s BETWEEN 1 AND 2 AND x", "COUNT x.%s = 1", "COUNT -%s < 3 AND %[1]s + %[1]s * 2 > 0", "COUNT %s HAS 'a'", "COUNT NOT %s LIKE 'x'",
		"SELECT id FROM %s", "SELECT %s, x AS %[1]s FROM contacts", "SELECT x, %s FROM contacts ORDER BY x",
		"CREATE EVENT %s (%[1]s INT) ID %[1]s", "CREATE ATTRIBUTE %s TEXT", "DROP EVENT %s", "RENAME EVENT %s TO %[1]s", "ALTER EVENT %s DROP %[1]s",
		"CREATE BASE %s", "USE %s", "SELECT x, %s FROM contacts GROUP BY x, %[1]s", "SELECT x FROM contacts GROUP BY %s HAVING %[1]s = 1 ORDER BY 1", "SELECT x FROM contacts WHERE a HAVING count(%s) > 1",
		"UPDATE %s SET %[1]s = 1 WHERE %[1]s = 2", "DELETE FROM %s WHERE %[1]s = 1", "CREATE SEGMENT %s AS %[1]s = 1", "CREATE STATIC SEGMENT %s FROM 'f'",
		"CREATE STATIC SEGMENT %s ('c')", "ALTER SEGMENT %s ADD 'c'", "ALTER SEGMENT %s REMOVE 'c'", "DROP SEGMENT %s", "RENAME SEGMENT %s TO %[1]s",
		"COUNT IN SEGMENT %s", "COUNT IN SEGMENT %s.%[1]s AND a", "COUNT IN SEGMENT %s FOR 3d OR IN ANY SEGMENT (%[1]s, a.%[1]s)", "COUNT IN SEGMENT %s AS OF now()",
		"DESCRIBE %s", "DESCRIBE EVENT %s", "DESCRIBE %s.%[1]s", "EXPLAIN COUNT %s = 1", "UPSERT CONTACT 'c' SET %s = 1, x = %[1]s + 1", "TRACK %s FOR 'c' (%[1]s = 1)", "COPY %s FROM 'f' (%[1]s = x)",
	}
	for _, form := range forms {
		for _, name := range names {
			text := fmt.Sprintf(form, name)
			s, err := Statement(text)
			if err != nil {
				t.Errorf("%s", render(err))
				continue
			}
			quoted, err := Statement(fmt.Sprintf(form, `"`+name+`"`))
			if err != nil {
				t.Errorf("%s", render(err))
				continue
			}
			if a, b := law(t, s), law(t, quoted); strings.ReplaceAll(a, `"`, "") != strings.ReplaceAll(b, `"`, "") {
				t.Errorf("%s: unquoted is read as %s, quoted as %s", text, a, b)
			}
		}
	}
}

// TestPrintBrackets prints trees that no text gives; the printer brackets them.
func TestPrintBrackets(t *testing.T) {
	name := func(s string) ast.Expr { return &ast.Name{Parts: []ast.Ident{{Name: s}}} }
	bin := func(op ast.Op, x, y ast.Expr) ast.Expr { return &ast.Binary{Op: op, X: x, Y: y} }
	a, b, c := name("a"), name("b"), name("c")
	for want, x := range map[string]ast.Expr{
		"(a AND b) OR c":     bin(ast.OpOr, bin(ast.OpAnd, a, b), c),
		"a OR (b OR c)":      bin(ast.OpOr, a, bin(ast.OpOr, b, c)),
		"a - (b - c)":        bin(ast.OpSub, a, bin(ast.OpSub, b, c)),
		"(a + b) * c":        bin(ast.OpMul, bin(ast.OpAdd, a, b), c),
		"(a < b) = c":        bin(ast.OpEq, bin(ast.OpLt, a, b), c),
		"NOT (a AND b)":      &ast.Unary{Op: ast.OpNot, X: bin(ast.OpAnd, a, b)},
		"-(a + b)":           &ast.Unary{Op: ast.OpNeg, X: bin(ast.OpAdd, a, b)},
		"(NOT a) = b":        bin(ast.OpEq, &ast.Unary{Op: ast.OpNot, X: a}, b),
		"(a IS NULL) IN (b)": &ast.In{X: &ast.IsNull{X: a}, Values: []ast.Expr{b}},
		"(IN SEGMENT v) = b": bin(ast.OpEq, &ast.InSegment{Names: []ast.SegmentName{{Name: ast.Ident{Name: "v"}}}}, b),
	} {
		if got := print.Expr(x); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if _, err := Condition(want); err != nil {
			t.Error(err)
		}
	}
}

// TestPrintAsOf prints statements whose AS OF follows a reference that it does not belong to.
func TestPrintAsOf(t *testing.T) {
	name := func(s string) ast.Expr { return &ast.Name{Parts: []ast.Ident{{Name: s}}} }
	ref := func() ast.Expr { return &ast.InSegment{Names: []ast.SegmentName{{Name: ast.Ident{Name: "v"}}}} }
	not := &ast.Unary{Op: ast.OpNot, X: ref()}
	and := &ast.Binary{Op: ast.OpAnd, X: name("a"), Y: not}
	contacts, now := ast.Ident{Name: "contacts"}, name("t")
	items := []ast.Item{{X: name("a")}}
	for want, s := range map[string]ast.Stmt{
		"COUNT (IN SEGMENT v) AS OF t":           &ast.Count{Where: ref(), AsOf: now},
		"COUNT (a AND NOT IN SEGMENT v) AS OF t": &ast.Count{Where: and, AsOf: now},
		"SELECT id FROM contacts ORDER BY (IN SEGMENT v) AS OF t": &ast.Select{
			Items: []ast.Item{{X: &ast.Name{Parts: []ast.Ident{{Name: "id"}}}}}, From: ast.Ident{Name: "contacts"}, Order: []ast.OrderItem{{X: ref()}}, AsOf: now},
		"COUNT IN SEGMENT v": &ast.Count{Where: ref()},
		"SELECT a FROM contacts WHERE (NOT IN SEGMENT v) AS OF t":                    &ast.Select{Items: items, From: contacts, Where: not, AsOf: now},
		"SELECT a FROM contacts WHERE NOT IN SEGMENT v GROUP BY a AS OF t":           &ast.Select{Items: items, From: contacts, Where: not, Group: []ast.Expr{name("a")}, AsOf: now},
		"SELECT a FROM contacts GROUP BY IN SEGMENT v, (IN SEGMENT v) AS OF t":       &ast.Select{Items: items, From: contacts, Group: []ast.Expr{ref(), ref()}, AsOf: now},
		"SELECT a FROM contacts GROUP BY IN SEGMENT v HAVING (IN SEGMENT v) AS OF t": &ast.Select{Items: items, From: contacts, Group: []ast.Expr{ref()}, Having: ref(), AsOf: now},
		"SELECT a FROM contacts HAVING IN SEGMENT v LIMIT 1 AS OF t": &ast.Select{Items: items, From: contacts, Having: ref(),
			Limit: &ast.Literal{Kind: ast.LitInt, Text: "1"}, AsOf: now},
	} {
		got := print.Stmt(s)
		again, err := Statement(got)
		if got != want || err != nil || print.Stmt(again) != got {
			t.Errorf("got %s, want %s; read again: %v", got, want, err)
		}
	}
}

const short = `SELECT id, email, sum(purchase.amount WITHIN 90d) AS spend FROM contacts WHERE country IN ('PL', 'DE', 'FR') AND ` +
	`DID purchase[category = 'shoes' AND amount > 50] AT LEAST 3 TIMES WITHIN 90d AND DID NOT open WITHIN 14d AND ` +
	`(ltv / orders > 50 OR tags HAS ANY ('vip', 'gold')) AND email_opt_in ORDER BY spend DESC LIMIT 1000`

func BenchmarkStatement(b *testing.B) {
	long := "COUNT x = 0" + strings.Repeat(" OR (country = 'PL' AND ltv / orders > 50.25)", 230)
	list := "COUNT x IN ('value1'" + strings.Repeat(", 'value1'", 1000) + ")"
	for _, c := range []struct{ name, text string }{{"300chars", short}, {"10KB", long}, {"10KBlist", list}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Statement(c.text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
