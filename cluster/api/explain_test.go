package api

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/engine/tabular"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/parse"
)

var update = flag.Bool("update", false, "write the golden files")

// explainBase makes 3,000 contacts and 2,000 purchases under a clock that stands.
func explainBase(t *testing.T) *Service {
	t.Helper()
	const clock = 1_790_000_000_000 // 2026-09-21
	s := serve(t, node.Config{Clock: func() int64 { return clock }})
	must(t, s, "", "CREATE BASE shop WITH (spread = 4)")
	var contacts, events strings.Builder
	at := func(hours int) string {
		return time.UnixMilli(clock - int64(hours)*3_600_000).UTC().Format(time.RFC3339)
	}
	contacts.WriteString("id,age,country,name,vip\n")
	for i := range 3000 {
		fmt.Fprintf(&contacts, "c%d,%d,%s,name %d,%v\n", i, i%90, []string{"PL", "DE", "FR", "AT"}[i%4], i, i%10 == 0)
	}
	events.WriteString("contact,time,amount,kind\n")
	for i := range 2000 {
		fmt.Fprintf(&events, "c%d,%s,%d.50,%s\n", i%1500, at(i), i%40, []string{"web", "shop"}[i%2])
	}
	must(t, s, "shop", "CREATE ATTRIBUTE age INT")
	must(t, s, "shop", "CREATE ATTRIBUTE vip BOOL")
	must(t, s, "shop", "CREATE EVENT purchase (amount DECIMAL(2), kind TEXT)")
	for i, body := range []string{contacts.String(), events.String()} {
		target := []string{"contacts", "purchase"}[i]
		_, err := s.Ingest(t.Context(), IngestRequest{Base: "shop", Target: target, Event: i == 1, Body: strings.NewReader(body), Options: tabular.Options{Format: tabular.CSV}})
		if err != nil {
			t.Fatal(err)
		}
	}
	must(t, s, "shop", "CREATE SEGMENT young AS age < 20 AND country = 'PL'")
	must(t, s, "shop", "CREATE STATIC SEGMENT list ('c1', 'c2', 'c3')")
	return s
}

var explained = []string{
	"COUNT TRUE",
	"COUNT age BETWEEN 20 AND 30 AND country IN ('PL', 'DE') AND DID purchase WITHIN 30d",
	"COUNT age > 20 AND age <= 30 AND NOT (country = 'PL' OR vip)",
	"COUNT NOT DID purchase[kind = 'web' AND contact.age > 30] AT LEAST 2 TIMES OR sum(purchase.amount) > 60",
	"COUNT IN SEGMENT young AND NOT IN SEGMENT list",
	"COUNT lower(country) = 'pl' AND length(name) > 8 AND name LIKE '%7%'",
	"COUNT id IN ('c1', 'c2', 'nobody')",
	"SELECT id, age FROM contacts WHERE age = 7 ORDER BY age DESC LIMIT 10",
	"SELECT country, count(*), sum(age) FROM contacts WHERE vip GROUP BY country HAVING count(*) > 5 ORDER BY 2 DESC",
	"SELECT date_trunc('month', time), count(*), sum(amount) FROM purchase WHERE time WITHIN 60d AND amount > 3 AND contact.age > 30 GROUP BY 1",
	"SELECT contact, amount FROM purchase WHERE contact IN ('c1', 'c2') LIMIT 3",
}

var times = regexp.MustCompile(`[0-9.,]+ (?:[µm]s|(rows a second))`)

// TestExplainGolden holds what EXPLAIN and, without times, EXPLAIN ANALYZE answer to testdata/explain.txt.
func TestExplainGolden(t *testing.T) {
	s := explainBase(t)
	var out strings.Builder
	for _, stmt := range explained {
		for _, verb := range []string{"EXPLAIN ", "EXPLAIN ANALYZE "} {
			fmt.Fprintf(&out, "> %s%s\n%s\n\n", verb, stmt, times.ReplaceAllString(must(t, s, "shop", verb+stmt), "… $1"))
		}
	}
	const file = "testdata/explain.txt"
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("got\n%s\nrun with -update if that is better", out.String())
	}
}

// TestExplainAgrees holds the numbers of EXPLAIN ANALYZE to the answers: what the condition lets pass is what
// COUNT counts, nothing is read that is not there, and steps hand on what the one before them let pass.
func TestExplainAgrees(t *testing.T) {
	s := explainBase(t)
	sch, err := s.Schema("shop")
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, u := range s.node.Usage(sch) {
		total = max(total, u.Bytes)
	}
	for _, text := range explained {
		stmt, err := parse.Statement(text)
		if err != nil {
			t.Fatal(err)
		}
		q, err := bind.Query(stmt, sch, bind.Options{Clock: s.node.Clock(sch)})
		if err != nil {
			t.Fatal(err)
		}
		x, err := s.node.Explain(t.Context(), q, sch, true)
		if err != nil {
			t.Fatal(err)
		}
		if x.Where == nil {
			continue
		}
		if _, ok := stmt.(*ast.Count); ok && (fmt.Sprint(x.Where.Out) != must(t, s, "shop", text) || x.Rows != x.Where.Out) {
			t.Errorf("%s: %d rows pass, %d are answered", text, x.Where.Out, x.Rows)
		}
		if n := bytesBelow(x.Where); n > uint64(total) {
			t.Errorf("%s: %d bytes read of %d", text, n, total)
		}
		if x.Where.In != x.Contacts && q.From == 0 {
			t.Errorf("%s: %d of %d contacts are asked", text, x.Where.In, x.Contacts)
		}
	}
}

// TestExplainRefuses: what EXPLAIN cannot explain is an error.
func TestExplainRefuses(t *testing.T) {
	s := explainBase(t)
	for _, stmt := range []string{"EXPLAIN UPSERT CONTACT 'a'", "EXPLAIN COUNT nothing = 3", "EXPLAIN EXPLAIN COUNT TRUE"} {
		if out, err := ask(s, "shop", stmt); err == nil {
			t.Errorf("%s answers\n%s", stmt, out)
		}
	}
}
