package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// retailFile is the UCI Online Retail file beside the repository: 541,909 real order lines.
func retailFile(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../../../shared/data/online-retail.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skip("SKIPPED: the retail file is not here: ", path)
	}
	return path
}

// retailNow is the clock of all questions, AS OF '2011-12-10' in UTC.
var retailNow = time.Date(2011, 12, 10, 0, 0, 0, 0, time.UTC).UnixMilli()

// retailQuestions are conditions and what SQLite is asked instead: a condition over con x, where {…} is a
// subquery over the contact's events up to the clock and days(…) the instant so many days ago.
var retailQuestions = []struct{ muster, sql string }{
	{"country IS NOT NULL OR country IS NULL", "1"},
	{"country = 'Germany'", "country = 'Germany'"},
	{"country IN ('Germany', 'France', 'EIRE')", "country IN ('Germany', 'France', 'EIRE')"},
	{"NOT country = 'United Kingdom'", "country <> 'United Kingdom'"},
	{"country LIKE 'U%'", "country GLOB 'U*'"},
	{"country IS NULL", "country IS NULL"},
	{"country <> 'United Kingdom' AND NEVER DID purchase[quantity < 0]", "country <> 'United Kingdom' AND {count(*) | q < 0} = 0"},
	{"DID purchase WITHIN 30d", "{count(*) | t > days(30)} > 0"},
	{"DID NOT purchase WITHIN 90d", "{count(*) | t > days(90)} = 0"},
	{"DID purchase AT LEAST 100 TIMES", "{count(*)} >= 100"},
	{"DID purchase AT LEAST 10 TIMES WITHIN 90d", "{count(*) | t > days(90)} >= 10"},
	{"DID purchase ONCE", "{count(*)} = 1"},
	{"DID purchase FEWER THAN 3 TIMES", "{count(*)} < 3"},
	{"DID purchase BETWEEN 50 AND 100 TIMES", "{count(*)} BETWEEN 50 AND 100"},
	{"DID purchase[quantity < 0]", "{count(*) | q < 0} > 0"},
	{"DID purchase[quantity < 0] AT LEAST 5 TIMES", "{count(*) | q < 0} >= 5"},
	{"count(purchase[quantity < 0]) / count(purchase) > 0.1", "10 * {count(*) | q < 0} > {count(*)}"},
	{"DID purchase BETWEEN 60d AND 30d AGO", "{count(*) | t > days(60) AND t <= days(30)} > 0"},
	{"DID purchase BETWEEN 180d AND 90d AGO AND DID NOT purchase WITHIN 90d", "{count(*) | t > days(180) AND t <= days(90)} > 0 AND {count(*) | t > days(90)} = 0"},
	{"recency(purchase) > 180d", "{max(t)} < days(180)"},
	{"recency(purchase) <= 7d", "{max(t)} >= days(7)"},
	{"sum(purchase.amount) > 5000", "{sum(amt)} > 5000000"},
	{"sum(purchase.amount WITHIN 90d) > 1000", "{sum(amt) | t > days(90)} > 1000000"},
	{"sum(purchase.amount) < 0", "{sum(amt)} < 0"},
	{"sum(purchase.amount) = 0", "{sum(amt)} = 0"},
	{"sum(purchase.amount) BETWEEN 312.5 AND 1000.001", "{sum(amt)} BETWEEN 312500 AND 1000001"},
	{"sum(purchase.quantity WITHIN 30d) >= 1000", "{sum(q) | t > days(30)} >= 1000"},
	{"sum(purchase[quantity > 0].amount) - sum(purchase[quantity < 0].amount) > 10000", "{sum(amt) | q > 0} - {sum(amt) | q < 0} > 10000000"},
	{"distinct(purchase.invoice) >= 10", "{count(DISTINCT inv)} >= 10"},
	{"distinct(purchase.invoice WITHIN 90d) >= 3", "{count(DISTINCT inv) | t > days(90)} >= 3"},
	{"distinct(purchase.stock) > 100", "{count(DISTINCT stock)} > 100"},
	{"days(purchase) >= 20", "{count(DISTINCT t / 86400000)} >= 20"},
	{"days(purchase WITHIN 60d) >= 3", "{count(DISTINCT t / 86400000) | t > days(60)} >= 3"},
	{"DID purchase ON AT LEAST 5 DAYS WITHIN 90d", "{count(DISTINCT t / 86400000) | t > days(90)} >= 5"},
	{"avg(purchase.amount) > 50", "{sum(amt)} > 50000 * {count(*)}"},
	{"sum(purchase.amount) / count(purchase) > 30", "{sum(amt)} > 30000 * {count(*)}"},
	{"max(purchase.amount) > 1000", "{max(amt)} > 1000000"},
	{"min(purchase.amount) < -100", "{min(amt)} < -100000"},
	{"DID purchase DURING '2011-11'", "{count(*) | t >= at('2011-11-01') AND t < at('2011-12-01')} > 0"},
	{"DID purchase DURING '2011-03' TO '2011-04'", "{count(*) | t >= at('2011-03-01') AND t < at('2011-05-01')} > 0"},
	{"DID purchase DURING LAST MONTH", "{count(*) | t >= at('2011-11-01') AND t < at('2011-12-01')} > 0"},
	{"DID NOT purchase DURING LAST 3 MONTHS", "{count(*) | t >= at('2011-09-01') AND t < at('2011-12-01')} = 0"},
	{"DID purchase DURING THIS MONTH", "{count(*) | t >= at('2011-12-01')} > 0"},
	{"DID purchase DURING YESTERDAY", "{count(*) | t >= at('2011-12-09')} > 0"},
	{"DID purchase SINCE '2011-12-01'", "{count(*) | t >= at('2011-12-01')} > 0"},
	{"DID purchase BEFORE '2011-01-01'", "{count(*) | t < at('2011-01-01')} > 0"},
	{"FIRST purchase DURING '2011-06'", "{min(t)} >= at('2011-06-01') AND {min(t)} < at('2011-07-01')"},
	{"2ND purchase WITHIN 30d", "{t | 1 ORDER BY t, line LIMIT 1 OFFSET 1} > days(30)"},
	{"first(purchase).stock = '85123A'", "{stock | 1 ORDER BY t, line LIMIT 1} = '85123A'"},
	{"last(purchase).quantity < 0", "{q | 1 ORDER BY t DESC, line DESC LIMIT 1} < 0"},
	{"(first(purchase).time) >= '2011-10-01'", "{min(t)} >= at('2011-10-01')"},
	{"DID purchase[stock = '85123A']", "{count(*) | stock = '85123A'} > 0"},
	{"DID purchase[stock IN ('85123A', '22423')] AT LEAST 3 TIMES", "{count(*) | stock IN ('85123A', '22423')} >= 3"},
	{"DID purchase[stock LIKE '2242%' AND quantity >= 12] WITHIN 180d", "{count(*) | stock GLOB '2242*' AND q >= 12 AND t > days(180)} > 0"},
	{"DID purchase[amount BETWEEN 100 AND 200]", "{count(*) | amt BETWEEN 100000 AND 200000} > 0"},
	{"DID purchase[invoice STARTS WITH 'C']", "{count(*) | inv GLOB 'C*'} > 0"},
	{"country = 'Germany' AND (DID purchase[amount > 100] OR days(purchase) > 10)", "country = 'Germany' AND ({count(*) | amt > 100000} > 0 OR {count(DISTINCT t / 86400000)} > 10)"},
	{"NEVER DID purchase", "{count(*)} = 0"},
	{"DID NOT purchase[quantity > 0]", "{count(*) | q > 0} = 0"},
	{"DID purchase[contact.country = 'France' AND quantity > 100]", "country = 'France' AND {count(*) | q > 100} > 0"},
}

// sqlOf turns a question's second half into SQL.
func sqlOf(q string) string {
	for {
		open := strings.IndexByte(q, '{')
		if open < 0 {
			break
		}
		end := open + strings.IndexByte(q[open:], '}')
		what, where, found := strings.Cut(q[open+1:end], "|")
		if !found {
			where = "1"
		}
		q = fmt.Sprintf("%s(SELECT %s FROM ev WHERE c = x.id AND t <= %d AND %s)%s", q[:open], what, retailNow, where, q[end+1:])
	}
	q = replaceCalls(q, "days(", func(arg string) int64 {
		n, _ := strconv.ParseInt(arg, 10, 64)
		return retailNow - n*86_400_000
	})
	q = replaceCalls(q, "at('", func(arg string) int64 {
		day, _ := time.Parse(time.DateOnly, strings.TrimSuffix(arg, "'"))
		return day.UnixMilli()
	})
	return "SELECT count(*) FROM con x WHERE " + q
}

func replaceCalls(q, call string, value func(arg string) int64) string {
	for {
		at := strings.Index(q, call)
		if at < 0 {
			return q
		}
		end := at + strings.IndexByte(q[at:], ')')
		q = fmt.Sprint(q[:at], value(q[at+len(call):end]), q[end+1:])
	}
}

// retailSQLite holds the file in SQLite, money in thousandths.
func retailSQLite(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	for _, s := range []string{
		"CREATE TABLE con (id TEXT PRIMARY KEY, country TEXT)",
		"CREATE TABLE ev (c TEXT, t INTEGER, amt INTEGER, q INTEGER, stock TEXT, inv TEXT, line INTEGER)",
		"BEGIN",
	} {
		mustExec(t, db, s)
	}
	contact, err := db.Prepare("INSERT INTO con VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET country = excluded.country")
	if err != nil {
		t.Fatal(err)
	}
	event, err := db.Prepare("INSERT INTO ev VALUES (?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		t.Fatal(err)
	}
	eachLine(t, path, func(line int, f []string) {
		if f[6] == "" {
			return
		}
		at, err := time.Parse(time.DateTime, f[4])
		if err != nil {
			t.Fatal(err)
		}
		quantity, err := strconv.ParseInt(f[3], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := contact.Exec(f[6], f[7]); err != nil {
			t.Fatal(err)
		}
		if _, err := event.Exec(f[6], at.UnixMilli(), quantity*thousandths(t, f[5]), quantity, f[1], f[0], line); err != nil {
			t.Fatal(err)
		}
	})
	mustExec(t, db, "COMMIT")
	mustExec(t, db, "CREATE INDEX ev_c ON ev (c, t)")
	return db
}

func mustExec(t *testing.T, db *sql.DB, s string) {
	t.Helper()
	if _, err := db.Exec(s); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
}

func eachLine(t *testing.T, path string, f func(line int, fields []string)) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(unzipped)
	for line := 1; ; line++ {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if line > 1 {
			f(line, fields)
		}
	}
}

// thousandths returns a price of at most three decimals as an integer.
func thousandths(t *testing.T, price string) int64 {
	whole, frac, _ := strings.Cut(price, ".")
	if len(frac) > 3 {
		t.Fatalf("the price %q has more than three decimals", price)
	}
	n, err := strconv.ParseInt(whole+frac+strings.Repeat("0", 3-len(frac)), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// retailLoad is what loads the file into Muster.
const retailLoad = `CREATE BASE retail;
USE retail;
CREATE EVENT purchase (amount DECIMAL(3), quantity INT, stock TEXT, invoice TEXT);
COPY contacts FROM '%[1]s' (id = CustomerID, country = Country) ON ERROR SKIP;
COPY purchase FROM '%[1]s' (contact = CustomerID, time = InvoiceDate, amount = Quantity * UnitPrice, quantity = Quantity, stock = StockCode, invoice = InvoiceNo) ON ERROR SKIP;`

// TestRetailAgainstSQLite loads the file as a user would and compares every answer with SQLite's.
func TestRetailAgainstSQLite(t *testing.T) {
	path := retailFile(t)
	url := testServer(t)
	report := muster(t, exitOK, "query", "--url", url, "-c", fmt.Sprintf(retailLoad, path))
	for _, want := range []string{"406,829", "135,080"} {
		if strings.Count(report, want) < 2 {
			t.Errorf("the loads' reports do not both say %s:\n%s", want, report)
		}
	}
	db := retailSQLite(t, path)
	for _, q := range retailQuestions {
		var want int64
		if err := db.QueryRow(sqlOf(q.sql)).Scan(&want); err != nil {
			t.Fatalf("%s: %v", sqlOf(q.sql), err)
		}
		out := muster(t, exitOK, "query", "--url", url, "--base", "retail", "--format", "csv", "-c", "COUNT "+q.muster+" AS OF '2011-12-10'")
		out, _, _ = strings.Cut(out, "note: ") // what is said beside the answer comes after it here
		_, text, _ := strings.Cut(strings.TrimSpace(out), "\n")
		if got := strings.TrimSpace(text); got != strconv.FormatInt(want, 10) {
			t.Errorf("COUNT %s\n  Muster %s, SQLite %d", q.muster, got, want)
		}
	}
	compareSpend(t, url, db)
}

// compareSpend compares an exact sum of every contact.
func compareSpend(t *testing.T, url string, db *sql.DB) {
	t.Helper()
	out := muster(t, exitOK, "query", "--url", url, "--base", "retail", "--format", "csv", "-c",
		"SELECT id, sum(purchase.amount) AS spend, count(purchase) AS n FROM contacts AS OF '2011-12-10'")
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 4372+1 {
		t.Errorf("%d rows were answered, want 4,372 and a header", len(rows))
	}
	for _, r := range rows[1:] {
		var amt, n int64
		if err := db.QueryRow("SELECT sum(amt), count(*) FROM ev WHERE c = ?", r[0]).Scan(&amt, &n); err != nil {
			t.Fatalf("%s: %v", r[0], err)
		}
		sign := ""
		if amt < 0 {
			sign, amt = "-", -amt
		}
		want := fmt.Sprintf("%s%d.%03d", sign, amt/1000, amt%1000)
		if r[1] != want || r[2] != strconv.FormatInt(n, 10) {
			t.Errorf("contact %s: Muster %s in %s, SQLite %s in %d", r[0], r[1], r[2], want, n)
		}
	}
}

// muster runs the command line and returns what it printed, results first.
func muster(t *testing.T, wantCode int, args ...string) string {
	t.Helper()
	var out, errOut bytes.Buffer
	code := run(context.Background(), args, streams{out: &out, err: &errOut})
	text := out.String() + errOut.String()
	if code != wantCode {
		t.Fatalf("muster %q ended with %d, want %d:\n%s", args, code, wantCode, text)
	}
	return text
}
