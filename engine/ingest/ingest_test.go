package ingest

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/musterdb/muster/engine/tabular"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/query/write"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// clock is 2026-01-10.
const clock = 1768003200000

// base returns a strict schema with a few attributes and an event with an ID.
func base(t *testing.T) *schema.Schema {
	t.Helper()
	sch := schema.New(1, "shop", schema.BaseOptions{Spread: 1, Mode: schema.Strict})
	for _, text := range []string{
		"CREATE ATTRIBUTE n INT", "CREATE ATTRIBUTE name TEXT", "CREATE ATTRIBUTE tags SET", "CREATE EVENT buy (amount DECIMAL(2), line KEY) ID line",
	} {
		stmt, err := parse.Statement(text)
		if err != nil {
			t.Fatal(err)
		}
		switch stmt := stmt.(type) {
		case *ast.CreateAttribute:
			sch, err = write.CreateAttribute(stmt, sch)
		case *ast.CreateEvent:
			sch, err = write.CreateEvent(stmt, sch)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return sch
}

// mapped maps the one batch of a text.
func mapped(t *testing.T, statement string, f tabular.Format, text string) Result {
	t.Helper()
	stmt, err := parse.Statement(statement)
	if err != nil {
		t.Fatal(err)
	}
	r, err := tabular.NewReader(strings.NewReader(text), tabular.Options{Format: f})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	cols := make([]bind.Column, len(b.Columns))
	for i := range b.Columns {
		cols[i] = FileColumn(&b.Columns[i], b.Rows)
	}
	p, err := write.Mapping(stmt.(*ast.CopyFrom), cols, base(t), bind.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(p, clock, calendar.UTC)
	if err != nil {
		t.Fatal(err)
	}
	res := m.Map(b)
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Fatalf("more than one batch: %v", err)
	}
	if res.Part != nil {
		if err := change.Validate(&change.Change{Parts: []change.Part{res.Part}}); err != nil {
			t.Errorf("the part is not valid: %v", err)
		}
	}
	return res
}

// rejects holds which rows are rejected and why: line, column and a word of the reason.
func rejects(t *testing.T, res Result, want ...[3]any) {
	t.Helper()
	if len(res.Rejected) != len(want) {
		t.Fatalf("rejected %+v, want %v", res.Rejected, want)
	}
	for i, w := range want {
		r := res.Rejected[i]
		if r.Line != int64(w[0].(int)) || r.Column != w[1] || !strings.Contains(r.Reason, w[2].(string)) {
			t.Errorf("rejected %+v, want %v", r, w)
		}
	}
}

func TestContacts(t *testing.T) {
	res := mapped(t, "COPY contacts FROM 'x' (id = key, n = n, name = upper(name), tags = tags)", tabular.CSV,
		"key,n,name,tags\na,1,x,\"[\"\"p\"\",\"\"q\"\"]\"\nb,,,\n,3,,\nc,four,,\nd,5,y,\n"+strings.Repeat("k", 1025)+",1,,\n\xff,1,,\n")
	up := res.Part.(*change.Upsert)
	if res.Rows != 3 || up.IDs.Len() != 3 || string(up.IDs.At(2)) != "d" {
		t.Fatalf("%d rows, ids %q", res.Rows, up.IDs.Bytes)
	}
	rejects(t, res, [3]any{4, "key", "the id is empty"}, [3]any{5, "n", "four"}, [3]any{7, "key", "1024 bytes"}, [3]any{8, "key", "UTF-8"})
	n, name := &up.Cols[0], &up.Cols[1]
	if n.Ints[0] != 1 || n.Op(1) != change.OpNull || n.Ints[2] != 5 || string(name.Text(0)) != "X" || name.Op(1) != change.OpNull {
		t.Errorf("columns %+v", up.Cols)
	}
}

func TestEvents(t *testing.T) {
	res := mapped(t, "COPY buy FROM 'x' (contact = c, time = t, amount = q * p, line = line)", tabular.NDJSON, `{"c":"a","t":"2026-01-02","q":3,"p":1.25,"line":"l1"}
{"c":"a","t":"2026-01-12T00:00:00Z","q":1,"p":1,"line":"l2"}
{"c":"a","t":"1969-12-31","q":1,"p":1,"line":"l3"}
{"c":"a","q":1,"p":1,"line":"l4"}
{"t":"2026-01-02","q":1,"p":1,"line":"l5"}
{"c":"a","t":"soon","q":1,"p":1,"line":"l6"}
{"c":"b","t":"2026-01-10T23:59:59Z","q":9223372036854775807,"p":1000000,"line":"l7"}
{"c":"b","t":"2026-01-10T23:59:59Z","q":2,"p":2}
`)
	tr := res.Part.(*change.Track)
	if res.Rows != 2 || tr.IDs.Len() != 2 || tr.Props[0].Ints[0] != 375 {
		t.Fatalf("%d rows, props %+v", res.Rows, tr.Props)
	}
	if len(tr.EventIDs) != 2 || tr.EventIDs[0] == 0 {
		t.Errorf("event ids %v", tr.EventIDs)
	}
	rejects(t, res, [3]any{2, "t", "24 hours ahead"}, [3]any{3, "t", "before 1970"}, [3]any{4, "t", "the time is empty"},
		[3]any{5, "c", "the contact is empty"}, [3]any{6, "t", "soon"}, [3]any{7, "", "amount"})
}

// TestAllRejected holds that a batch without a good row has no part.
func TestAllRejected(t *testing.T) {
	res := mapped(t, "COPY contacts FROM 'x'", tabular.CSV, "id,n\n,1\na,x\n")
	if res.Part != nil || res.Rows != 0 || len(res.Rejected) != 2 {
		t.Errorf("%+v", res)
	}
}

// TestSizes maps batches at awkward sizes with every third row bad.
func TestSizes(t *testing.T) {
	for _, n := range []int{1, 63, 64, 65, 1023, 1024, 1025, 8191, 8192} {
		var b strings.Builder
		b.WriteString("id,n\n")
		for i := range n {
			b.WriteString("c,")
			b.WriteString([]string{"1", "2", "x"}[i%3])
			b.WriteByte('\n')
		}
		res := mapped(t, "COPY contacts FROM 'x'", tabular.CSV, b.String())
		if bad := n / 3; res.Rows != n-bad || len(res.Rejected) != bad || res.Part.(*change.Upsert).IDs.Len() != n-bad {
			t.Errorf("%d rows: %d good, %d bad", n, res.Rows, len(res.Rejected))
		}
	}
}
