package node

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// groupedBase makes a base of so many shards, the same contacts and events in each.
func groupedBase(t *testing.T, n *Node, spread int) *schema.Schema {
	t.Helper()
	name := "base" + strconv.Itoa(spread)
	if _, err := n.CreateBase(t.Context(), name, schema.BaseOptions{Spread: spread}); err != nil {
		t.Fatal(err)
	}
	text, number, float := schema.Type{Kind: schema.KindText}, schema.Type{Kind: schema.KindDecimal, Scale: 2}, schema.Type{Kind: schema.KindFloat}
	sch, err := n.ChangeSchema(t.Context(), name, func(now *schema.Schema) (*schema.Schema, error) {
		to := now.Clone()
		for i, typ := range []schema.Type{text, text, number, float} {
			to.Attrs = append(to.Attrs, schema.Attribute{ID: to.NextAttr, Name: []string{"city", "mail", "ltv", "score"}[i], Type: typ})
			to.NextAttr++
		}
		to.Events = append(to.Events, schema.EventType{ID: to.NextEvent, Name: "buy"})
		to.NextEvent++
		return to, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const contacts, columns = 3000, 4
	rng := rand.New(rand.NewPCG(1, 1))
	up := &change.Upsert{}
	for i := range columns {
		up.Cols = append(up.Cols, change.Column{ID: uint32(sch.Attrs[i].ID), Type: sch.Attrs[i].Type})
	}
	for i := range contacts {
		up.IDs.AppendString(fmt.Sprintf("c%d", i))
		up.Cols[0].Texts.AppendString(fmt.Sprintf("city %d", min(rng.IntN(900), rng.IntN(900))))
		up.Cols[1].Texts.AppendString(fmt.Sprintf("%d@example.com", rng.IntN(2500)))
		up.Cols[2].Ints = append(up.Cols[2].Ints, rng.Int64N(1e5)-1000)
		up.Cols[3].Floats = append(up.Cols[3].Floats, rng.NormFloat64()*1e9)
	}
	for _, ch := range []*change.Change{{Parts: []change.Part{up}}, events(sch, 5000)} {
		if _, err := n.Write(t.Context(), sch, ch, Batch{}); err != nil {
			t.Fatal(err)
		}
	}
	return sch
}

func answerOf(t *testing.T, n *Node, sch *schema.Schema, text string) []string {
	t.Helper()
	stmt, err := parse.Statement(text)
	if err != nil {
		t.Fatal(err)
	}
	q, err := bind.Query(stmt, sch, bind.Options{Clock: n.Clock(sch)})
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	err = n.Select(t.Context(), q, sch, func(rec arrow.Record) error {
		for i := range int(rec.NumRows()) {
			row := ""
			for _, col := range rec.Columns() {
				row += col.ValueStr(i) + "|"
			}
			rows = append(rows, row)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return rows
}

// TestGroupsOverShards: grouped statements have one answer, whatever the number of shards.
func TestGroupsOverShards(t *testing.T) {
	n := open(t, Config{})
	one := groupedBase(t, n, 1)
	for _, spread := range []int{4, 16} {
		many := groupedBase(t, n, spread)
		for _, text := range []string{
			"SELECT city, count(*) FROM contacts GROUP BY city",
			"SELECT city, count(*), sum(ltv), avg(ltv), min(ltv), max(mail) FROM contacts WHERE ltv > 0 GROUP BY city HAVING count(*) > 2",
			"SELECT city, sum(score), avg(score) FROM contacts GROUP BY city ORDER BY count(*) DESC, city LIMIT 50",
			"SELECT city, count(DISTINCT mail), count(DISTINCT ltv), count(DISTINCT score) FROM contacts GROUP BY city",
			"SELECT count(DISTINCT mail), count(DISTINCT city), count(DISTINCT ltv / 7), min(mail), max(city) FROM contacts",
			"SELECT mail, count(DISTINCT lower(city)) FROM contacts GROUP BY mail ORDER BY mail DESC",
			"SELECT contact, count(*), min(time) FROM buy GROUP BY contact",
			"SELECT contact.city, count(DISTINCT contact), count(DISTINCT time) FROM buy GROUP BY contact.city",
		} {
			want, got := answerOf(t, n, one, text), answerOf(t, n, many, text)
			if len(want) == 0 || fmt.Sprint(want) != fmt.Sprint(got) {
				t.Errorf("%d shards: %s\n got %d %.500q\nwant %d %.500q", spread, text, len(got), got, len(want), want)
			}
		}
	}
}
