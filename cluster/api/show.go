package api

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/engine/eval"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

var (
	textColumn  = arrow.BinaryTypes.String
	intColumn   = arrow.PrimitiveTypes.Int64
	floatColumn = arrow.PrimitiveTypes.Float64
	timeColumn  = eval.ArrowType(plan.Of(schema.KindTimestamp))
)

// show carries out SHOW.
func (x *execution) show(ctx context.Context, stmt *ast.Show) error {
	switch stmt.Kind {
	case ast.ShowBases:
		return x.showBases()
	case ast.ShowStorage:
		return x.showStorage()
	case ast.ShowQueries:
		return x.showQueries()
	}
	sch, err := x.schema()
	if err != nil {
		return err
	}
	switch stmt.Kind {
	case ast.ShowAttributes:
		return x.showAttributes(sch)
	case ast.ShowSegments:
		return x.showSegments(ctx, sch)
	}
	return x.showEvents(sch)
}

func (x *execution) showBases() error {
	var rows [][]any
	for _, s := range x.node.Catalog().Bases() {
		rows = append(rows, []any{s.Name, zoneName(s), s.Options.Mode.String(), int64(s.Options.Spread), x.node.Contacts(s)})
	}
	return x.table([]column{{"base", textColumn}, {"timezone", textColumn}, {"schema", textColumn}, {"spread", intColumn}, {"contacts", intColumn}}, rows...)
}

func zoneName(s *schema.Schema) string {
	if s.Options.TimeZone == "" {
		return "UTC"
	}
	return s.Options.TimeZone
}

func (x *execution) showAttributes(sch *schema.Schema) error {
	var rows [][]any
	for _, a := range append(schema.SystemAttributes(), sch.Attrs...) {
		personal := "no"
		if a.Personal {
			personal = "yes"
		}
		rows = append(rows, []any{a.Name, a.Type.String(), personal})
	}
	return x.table([]column{{"attribute", textColumn}, {"type", textColumn}, {"personal", textColumn}}, rows...)
}

func (x *execution) showEvents(sch *schema.Schema) error {
	var rows [][]any
	for _, e := range sch.Events {
		rows = append(rows, []any{e.Name, nil, nil, x.node.Events(sch, e.ID)})
		for _, p := range e.Props {
			rows = append(rows, []any{e.Name, p.Name, p.Type.String(), nil})
		}
	}
	return x.table([]column{{"event", textColumn}, {"property", textColumn}, {"type", textColumn}, {"events", intColumn}}, rows...)
}

// showStorage lists where the memory is: by base and part, then the process as the system sees it.
func (x *execution) showStorage() error {
	var rows [][]any
	for _, s := range x.node.Catalog().Bases() {
		if x.req.Base != "" && x.req.Base != s.Name {
			continue
		}
		for _, u := range x.node.Usage(s) {
			rows = append(rows, []any{s.Name, u.Part, u.Name, u.Bytes})
		}
	}
	for _, u := range x.node.ProcessUsage() {
		rows = append(rows, []any{nil, u.Part, u.Name, u.Bytes})
	}
	return x.table([]column{{"base", textColumn}, {"part", textColumn}, {"name", textColumn}, {"bytes", intColumn}}, rows...)
}
