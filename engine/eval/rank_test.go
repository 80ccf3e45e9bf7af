package eval

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// TestPruning holds the first rows of an order by every column and aggregate, whose values are few and so tie,
// against the same without passing over rows.
func TestPruning(t *testing.T) {
	_, s := newModel(t, rand.New(rand.NewPCG(4, 4)), 3000)
	sel := &plan.Selector{Events: []schema.EventID{eBuy}}
	terms := []plan.Expr{
		&plan.Agg{Fn: plan.AggCount, Sel: sel, Window: within(30), T: plan.Of(schema.KindInt)},
		&plan.Agg{Fn: plan.AggSum, Sel: sel, Prop: prop("amount"), Window: within(90), T: prop("amount").T},
	}
	for id := aBool; id <= aNever; id++ {
		terms = append(terms, attr(id))
	}
	pruned := 0
	for _, x := range terms {
		for _, desc := range []bool{false, true} {
			for _, limit := range []int64{1, 10, 500} {
				q := &plan.Query{
					Clock: testClock, Zone: "Europe/Warsaw", Limit: limit, Visible: 2, Order: []plan.Order{{Item: 1, Desc: desc}},
					Items: []plan.Item{{Name: "id", X: attr(schema.AttrIDOf)}, {Name: "x", X: x}},
				}
				var answers [2]collect
				for i := range answers {
					p, err := Compile(q, s.Schema(), &s.View)
					if err != nil {
						t.Fatal(err)
					}
					if i == 1 {
						p.pruner = nil
					} else if p.pruner != nil {
						pruned++
					}
					if err := p.Select(context.Background(), answers[i].take); err != nil {
						t.Fatal(err)
					}
				}
				if !slices.Equal(answers[0].rows, answers[1].rows) {
					t.Fatalf("rows differ of\n%s\ngot  %.600q\nwant %.600q", q, answers[0].rows, answers[1].rows)
				}
			}
		}
	}
	if pruned < 6*10 {
		t.Errorf("only %d statements passed over rows", pruned)
	}
}
