package oracle_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/musterdb/muster/engine/oracle"
	"github.com/musterdb/muster/engine/oracle/script"
	"github.com/musterdb/muster/storage/schema"
	_ "modernc.org/sqlite"
)

// The oracle against SQLite on what both can say: attribute predicates with nulls, counts, sums and
// extremes of events in windows, first and last, order and limit. SQLite was written by others from
// another text, so a shared misreading would have to be SQL's own.

const (
	sqlCases   = 2000
	sqlPerBase = 100
	sqlNow     = int64(1_775_044_800_000) // 2026-04-01 12:00 UTC
)

// both is one condition or number in the two languages.
type both struct{ muster, sql string }

type duel struct {
	r      *rand.Rand
	oracle *script.Oracle
	db     *sql.DB
}

func TestAgainstSQLite(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	some := 0
	for i := range sqlCases / sqlPerBase {
		d := newDuel(t, seed+uint64(i))
		for range sqlPerBase {
			some += d.ask(t, seed)
		}
		d.db.Close()
	}
	if some < sqlCases/3 {
		t.Errorf("only %d of %d questions selected some and not all", some, sqlCases)
	}
}

func newDuel(t *testing.T, seed uint64) *duel {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	d := &duel{r: rand.New(rand.NewPCG(seed, 1)), oracle: &script.Oracle{}, db: db}
	d.exec(t, "PRAGMA case_sensitive_like = 1")
	d.exec(t, "CREATE TABLE c (id TEXT, i INT, j INT, s TEXT, b INT)")
	d.exec(t, "CREATE TABLE e (contact TEXT, t INT, v INT, k TEXT)")
	if err := d.oracle.SetSchema(duelSchema()); err != nil {
		t.Fatal(err)
	}
	for n := range 40 {
		d.contact(t, fmt.Sprintf("c%02d", n))
	}
	return d
}

func (d *duel) exec(t *testing.T, q string, args ...any) {
	t.Helper()
	if _, err := d.db.Exec(q, args...); err != nil {
		t.Fatal(q, err)
	}
}

func duelSchema() *schema.Schema {
	s := schema.New(1, "duel", schema.BaseOptions{Mode: schema.Strict, Spread: 1})
	for i, name := range []string{"i", "j", "s", "b"} {
		kind := []schema.Kind{schema.KindInt, schema.KindInt, schema.KindText, schema.KindBool}[i]
		s.Attrs = append(s.Attrs, schema.Attribute{ID: schema.AttrID(16 + i), Name: name, Type: schema.Type{Kind: kind}})
	}
	s.Events = []schema.EventType{{ID: 1, Name: "e", Props: []schema.Property{
		{ID: 16, Name: "v", Type: schema.Type{Kind: schema.KindInt}}, {ID: 17, Name: "k", Type: schema.Type{Kind: schema.KindText}}}}}
	return s
}

var duelWords = []string{"", "a", "b", "A", "ab", "a%", "it's"}

// cell draws a value for both: null one time in five.
func (d *duel) cell(k schema.Kind) (schema.Value, any) {
	switch {
	case d.r.IntN(5) == 0:
		return schema.Value{}, nil
	case k == schema.KindText:
		w := duelWords[d.r.IntN(len(duelWords))]
		return schema.Value{Kind: k, S: w}, w
	case k == schema.KindBool:
		n := d.r.Int64N(2)
		return schema.Value{Kind: k, I: n}, n
	}
	n := d.r.Int64N(9) - 3
	return schema.Value{Kind: k, I: n}, n
}

func (d *duel) contact(t *testing.T, id string) {
	t.Helper()
	set, args := map[schema.AttrID]oracle.Op{}, []any{id}
	for _, a := range duelSchema().Attrs {
		v, arg := d.cell(a.Type.Kind)
		set[a.ID] = oracle.Op{Value: v}
		args = append(args, arg)
	}
	if err := d.oracle.Upsert(id, sqlNow, set); err != nil {
		t.Fatal(err)
	}
	d.exec(t, "INSERT INTO c VALUES (?, ?, ?, ?, ?)", args...)
	for range d.r.IntN(8) {
		at := sqlNow - d.r.Int64N(5)*3600_000 + d.r.Int64N(3) - 1
		v, va := d.cell(schema.KindInt)
		k, ka := d.cell(schema.KindText)
		ev := oracle.Event{Type: "e", Contact: id, TimeMS: at, Props: map[schema.PropID]schema.Value{16: v, 17: k}}
		if err := d.oracle.Track(ev, sqlNow); err != nil {
			t.Fatal(err)
		}
		d.exec(t, "INSERT INTO e VALUES (?, ?, ?, ?)", id, at, va, ka)
	}
}

// ask compares one question and says whether its answer is some and not all.
func (d *duel) ask(t *testing.T, seed uint64) int {
	t.Helper()
	c := d.cond(3)
	order := d.number()
	desc := []string{"", " DESC"}[d.r.IntN(2)]
	limit := d.r.IntN(45)
	m := fmt.Sprintf("SELECT id, (%s) FROM contacts WHERE %s ORDER BY (%s)%s LIMIT %d", order.muster, c.muster, order.muster, desc, limit)
	q := fmt.Sprintf("SELECT id, (%[1]s) AS n FROM c WHERE %[2]s ORDER BY n IS NULL, n%[3]s, id LIMIT %[4]d", order.sql, c.sql, desc, limit)
	a, err := d.oracle.Eval(m, sqlNow)
	if err != nil {
		t.Fatalf("seed %d: %s: %v", seed, m, err)
	}
	want := d.rows(t, q)
	var got []string
	for _, row := range a.Rows {
		got = append(got, row[0].Text+" "+row[1].String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("seed %d: %s\n%s\noracle %v\nsqlite %v", seed, m, q, got, want)
	}
	if a.Count > 0 && a.Count < 40 {
		return 1
	}
	return 0
}

func (d *duel) rows(t *testing.T, q string) []string {
	t.Helper()
	rows, err := d.db.Query(q)
	if err != nil {
		t.Fatal(q, err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id string
		var n sql.NullInt64
		if err := rows.Scan(&id, &n); err != nil {
			t.Fatal(q, err)
		}
		text := "NULL"
		if n.Valid {
			text = strconv.FormatInt(n.Int64, 10)
		}
		out = append(out, id+" "+text)
	}
	return out
}

func (d *duel) pick(from ...string) string { return from[d.r.IntN(len(from))] }

func (d *duel) lit() string {
	return d.pick("-2", "0", "1", "2", "3", "5", "NULL")
}

func (d *duel) word() string {
	return "'" + strings.ReplaceAll(duelWords[d.r.IntN(len(duelWords))], "'", "''") + "'"
}

func same(s string) both { return both{s, s} }

func (d *duel) cond(depth int) both {
	if depth > 0 && d.r.IntN(3) > 0 {
		a, b := d.cond(depth-1), d.cond(depth-1)
		join := d.pick(") AND (", ") OR (")
		if d.r.IntN(4) == 0 {
			return both{"NOT (" + a.muster + ")", "NOT (" + a.sql + ")"}
		}
		return both{"(" + a.muster + join + b.muster + ")", "(" + a.sql + join + b.sql + ")"}
	}
	op := d.pick(" = ", " <> ", " < ", " <= ", " > ", " >= ")
	switch d.r.IntN(9) {
	case 0:
		return both{"b", "b"}
	case 1:
		return same("i" + d.pick("", " NOT") + " IN (" + d.lit() + ", " + d.lit() + ", 1)")
	case 2:
		return same("j" + d.pick("", " NOT") + " BETWEEN " + d.lit() + " AND " + d.lit())
	case 3:
		return same(d.pick("i", "s", "b", "j + i") + d.pick(" IS NULL", " IS NOT NULL"))
	case 4:
		return same(d.pick("i IS DISTINCT FROM j", "i IS NOT DISTINCT FROM j", "s IS DISTINCT FROM "+d.word()))
	case 5:
		return same("s" + d.pick(" LIKE 'a%'", " LIKE '_'", " NOT LIKE '%b'", op+d.word(), " IN ("+d.word()+", NULL)"))
	case 6:
		w := d.window()
		return both{d.pick("DID e", "NOT DID NOT e", "NOT NEVER DID e") + w.muster, "EXISTS (SELECT 1 FROM e WHERE contact = id" + w.sql + ")"}
	}
	a, b := d.number(), d.number()
	return both{"(" + a.muster + ")" + op + "(" + b.muster + ")", "(" + a.sql + ")" + op + "(" + b.sql + ")"}
}

// window is a filter in brackets and a window, and what SQL says for them.
func (d *duel) window() both {
	filter := both{"", ""}
	if d.r.IntN(2) == 0 {
		f := d.pick("v > 1", "v IS NULL", "k = 'a'", "NOT k = 'a'", "k IN ('a', NULL)", "v > 0 AND k <> 'b'")
		filter = both{"[" + f + "]", " AND (" + f + ")"}
	}
	past := fmt.Sprintf(" AND t <= %d", sqlNow)
	h := func(n int) int64 { return sqlNow - int64(n)*3600_000 }
	a, b := d.r.IntN(5), d.r.IntN(5)
	w := both{"", past}
	switch d.r.IntN(5) {
	case 0:
		w = both{fmt.Sprintf(" WITHIN %dh", a), past + fmt.Sprintf(" AND t > %d", h(a))}
	case 1:
		a, b = max(a, b)+1, min(a, b)
		w = both{fmt.Sprintf(" BETWEEN %dh AND %dh AGO", a, b), past + fmt.Sprintf(" AND t > %d AND t <= %d", h(a), h(b))}
	case 2:
		w = both{fmt.Sprintf(" BEFORE %dh AGO", a), past + fmt.Sprintf(" AND t <= %d", h(a))}
	case 3:
		at := time.UnixMilli(h(a)).UTC().Format("'2006-01-02 15:04Z'")
		w = both{" SINCE " + at, past + fmt.Sprintf(" AND t >= %d", h(a))}
	}
	return both{filter.muster + w.muster, filter.sql + w.sql}
}

// number is a whole number of one contact.
func (d *duel) number() both {
	switch d.r.IntN(5) {
	case 0:
		return same(d.pick("i", "j", "i + j", "i - j * 2", "abs(i)", "COALESCE(i, j, 7)", "CASE WHEN i > 1 THEN j WHEN b THEN 5 END",
			"-i", "length(s)", "CASE WHEN s = 'a' THEN 1 ELSE i END"))
	case 1:
		return same(d.pick("1", "2", "0", "-1"))
	}
	w := d.window()
	filter, win, _ := strings.Cut(w.muster, "]")
	if filter != w.muster {
		filter += "]"
	} else {
		filter, win = "", w.muster
	}
	from := " FROM e WHERE contact = id" + w.sql
	switch fn := d.pick("count", "sum", "min", "max", "distinct", "last", "first"); fn {
	case "count":
		return both{"count(e" + w.muster + ")", "SELECT count(*)" + from}
	case "distinct":
		return both{"distinct(e" + filter + ".k" + win + ")", "SELECT count(DISTINCT k)" + from}
	case "last":
		return both{"last(e" + w.muster + ").v", "SELECT v" + from + " ORDER BY t DESC, e.rowid DESC LIMIT 1"}
	case "first":
		return both{"first(e" + w.muster + ").v", "SELECT v" + from + " ORDER BY t, e.rowid LIMIT 1"}
	default:
		return both{fn + "(e" + filter + ".v" + win + ")", "SELECT " + fn + "(v)" + from}
	}
}
