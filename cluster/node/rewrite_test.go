package node

import (
	"errors"
	"fmt"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/engine"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/storage/change"
)

// TestRewriteSurvivesPanics: a bug met while rows are changed fails the statement, not the server.
func TestRewriteSurvivesPanics(t *testing.T) {
	n := open(t, Config{Clock: func() int64 { return 1_000_000 }})
	sch := withEvent(t, n, 4)
	up := &change.Upsert{}
	for i := range 100 {
		up.IDs.AppendString(fmt.Sprintf("c%d", i))
	}
	if _, err := n.Write(t.Context(), sch, &change.Change{Parts: []change.Part{up}}, Batch{}); err != nil {
		t.Fatal(err)
	}
	q, err := bind.Rows(bind.ContactsTable, nil, sch, bind.Options{Clock: n.Clock(sch)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = n.Rewrite(t.Context(), q, sch, func(arrow.Record) (*change.Upsert, error) { panic("a bug") })
	var bug *engine.PanicError
	if !errors.As(err, &bug) || bug.Stack == "" {
		t.Fatalf("Rewrite = %v, want a PanicError with its stack", err)
	}
}
