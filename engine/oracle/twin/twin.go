// Package twin owns statements that are said twice: in the language and in SQL, over one random base that is
// written twice. Other people's databases then are a third opinion on what both can say: three-valued
// conditions, groups, HAVING, totals, numbers of one contact's events as sub-selects, events joined with
// their contacts, orders with nulls last, months and hours of UTC. It knows no answers.
package twin

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/musterdb/muster/engine/oracle"
	"github.com/musterdb/muster/storage/schema"
)

// Dialect is whose SQL is written.
type Dialect uint8

// The dialects. SQLite has no DECIMAL, so its bases have none.
const (
	SQLite Dialect = iota
	DuckDB
)

// Now is the clock of all statements: 2026-04-01 12:00 UTC.
const Now = int64(1_775_044_800_000)

// Base is a random base: contacts c (id, i, j, s, b, and d DECIMAL(2) in DuckDB) and their events e (n the
// arrival, contact, t the ms, v, k, and p DECIMAL(2)).
type Base struct {
	// SQL makes and fills the tables.
	SQL []string

	r       *rand.Rand
	dialect Dialect
	writes  []func(oracle.Target) error
	subs    []string // sub-selects of the statement being made
}

// Schema is the schema of every base.
func (b *Base) Schema() *schema.Schema {
	typ := func(k schema.Kind) schema.Type { return schema.Type{Kind: k} }
	s := schema.New(1, "twin", schema.BaseOptions{Mode: schema.Strict, Spread: 1})
	for i, name := range []string{"i", "j", "s", "b", "d"} {
		t := []schema.Type{typ(schema.KindInt), typ(schema.KindInt), typ(schema.KindText), typ(schema.KindBool), {Kind: schema.KindDecimal, Scale: 2}}[i]
		s.Attrs = append(s.Attrs, schema.Attribute{ID: s.NextAttr, Name: name, Type: t})
		s.NextAttr++
	}
	et := schema.EventType{ID: s.NextEvent, Name: "e"}
	s.NextEvent++
	for i, name := range []string{"v", "k", "p"} {
		t := []schema.Type{typ(schema.KindInt), typ(schema.KindText), {Kind: schema.KindDecimal, Scale: 2}}[i]
		et.Props = append(et.Props, schema.Property{ID: s.NextProp, Name: name, Type: t})
		s.NextProp++
	}
	s.Events = append(s.Events, et)
	return s
}

// New makes a base of so many contacts.
func New(seed uint64, d Dialect, contacts int) *Base {
	b := &Base{r: rand.New(rand.NewPCG(seed, 0x7477696e)), dialect: d}
	b.SQL = append(b.SQL, "CREATE TABLE c (id VARCHAR, i BIGINT, j BIGINT, s VARCHAR, b "+b.either("INT", "BOOLEAN")+", d DECIMAL(18, 2))",
		"CREATE TABLE e (n BIGINT, contact VARCHAR, t BIGINT, v BIGINT, k VARCHAR, p DECIMAL(18, 2))")
	s, arrival := b.Schema(), 0
	for n := range contacts {
		id := fmt.Sprintf("c%02d", n)
		b.contact(s, id)
		for range b.r.IntN(8) {
			arrival++
			b.event(s, id, arrival)
		}
	}
	return b
}

// either is what one dialect says and the other.
func (b *Base) either(sqlite, duck string) string {
	if b.dialect == SQLite {
		return sqlite
	}
	return duck
}

// Fill writes the base to a target.
func (b *Base) Fill(t oracle.Target) error {
	if err := t.SetSchema(b.Schema()); err != nil {
		return err
	}
	for _, w := range b.writes {
		if err := w(t); err != nil {
			return err
		}
	}
	return nil
}

var words = []string{"", "a", "b", "A", "ab", "a%", "it's"}

// value draws a value and its SQL: null one time in five.
func (b *Base) value(t schema.Type) (schema.Value, string) {
	v := schema.Value{Kind: t.Kind, Scale: t.Scale}
	switch {
	case b.r.IntN(5) == 0, t.Kind == schema.KindDecimal && b.dialect == SQLite:
		return schema.Value{}, "NULL"
	case t.Kind == schema.KindText:
		v.S = b.pick(words...)
		return v, quote(v.S)
	case t.Kind == schema.KindBool:
		v.I = b.r.Int64N(2)
		return v, b.either(strconv.FormatInt(v.I, 10), strconv.FormatBool(v.I > 0))
	case t.Kind == schema.KindDecimal:
		v.I = b.r.Int64N(2001) - 500
		return v, fmt.Sprintf("%d * 0.01", v.I)
	}
	v.I = b.r.Int64N(9) - 3
	return v, strconv.FormatInt(v.I, 10)
}

func (b *Base) contact(s *schema.Schema, id string) {
	set, row := map[schema.AttrID]oracle.Op{}, []string{quote(id)}
	for _, a := range s.Attrs {
		v, sql := b.value(a.Type)
		set[a.ID] = oracle.Op{Value: v}
		row = append(row, sql)
	}
	b.writes = append(b.writes, func(t oracle.Target) error { return t.Upsert(id, Now, set) })
	b.SQL = append(b.SQL, "INSERT INTO c VALUES ("+strings.Join(row, ", ")+")")
}

// event lies near an hour's end or anywhere in the last 200 days; a few lie ahead of the clock.
func (b *Base) event(s *schema.Schema, id string, arrival int) {
	at := Now - b.r.Int64N(5)*3600_000 + b.r.Int64N(3) - 1
	if b.r.IntN(2) == 0 {
		at = Now - b.r.Int64N(200*24*3600_000)
	}
	ev := oracle.Event{Type: "e", Contact: id, TimeMS: at, Props: map[schema.PropID]schema.Value{}}
	row := []string{strconv.Itoa(arrival), quote(id), strconv.FormatInt(at, 10)}
	for _, p := range s.Events[0].Props {
		v, sql := b.value(p.Type)
		ev.Props[p.ID] = v
		row = append(row, sql)
	}
	b.writes = append(b.writes, func(t oracle.Target) error { return t.Track(ev, Now) })
	b.SQL = append(b.SQL, "INSERT INTO e VALUES ("+strings.Join(row, ", ")+")")
}

// Canon is an answer's cell as Canon of SQL's value has it: times and durations in ms, truth as 1 and 0,
// decimals without zeros at their end.
func Canon(c oracle.Cell) string {
	switch {
	case c.Null:
		return "NULL"
	case c.Text == "true":
		return "1"
	case c.Text == "false":
		return "0"
	}
	text := strings.TrimSuffix(c.Text, "ms")
	if _, err := strconv.ParseFloat(text, 64); err == nil && strings.Contains(text, ".") {
		return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return text
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func (b *Base) pick(from ...string) string { return from[b.r.IntN(len(from))] }
