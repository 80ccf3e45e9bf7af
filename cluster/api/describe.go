package api

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/names"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// How many frequent values are shown: of each column in an overview, and of one column.
const (
	topInOverview = 3
	topOfOne      = 20
)

// shareColumn holds shares of a whole, from 0 to 1.
var shareColumn = &arrow.Decimal128Type{Precision: 18, Scale: 4}

// describe carries out DESCRIBE.
func (x *execution) describe(ctx context.Context, stmt *ast.Describe) error {
	if stmt.Kind == ast.DescribeBase {
		return x.describeBase(ctx, stmt.Name)
	}
	sch, err := x.schema()
	if err != nil {
		return err
	}
	x.clock = x.node.Clock(sch)
	what, err := describedOf(stmt, sch, x.node.Catalog().Bases())
	if err != nil {
		return err
	}
	switch {
	case what.base:
		return x.describeBase(ctx, stmt.Name)
	case what.segment != nil:
		return x.describeSegment(ctx, sch, what.segment)
	case what.column != nil:
		return x.describeColumn(ctx, sch, what)
	case what.event != nil:
		return x.overview(ctx, &profiler{x, sch, what.event.ID}, "property", properties(what.event))
	}
	return x.overview(ctx, &profiler{x, sch, 0}, "attribute", attributes(sch))
}

// described is what DESCRIBE was asked for; nothing set means the contacts.
type described struct {
	base    bool
	segment *schema.Segment
	event   *schema.EventType // with column: the event of the property
	column  *profiled
	attr    schema.Attribute // of column, unless event is set
	prop    schema.Property  // of column, if event is set
}

// describedOf finds what a name means.
func describedOf(stmt *ast.Describe, sch *schema.Schema, bases []*schema.Schema) (described, error) {
	if stmt.Kind == ast.DescribeAny && ast.Dotted(stmt.Name.Parts) == bind.ContactsTable {
		return described{}, nil
	}
	var found []described
	var kinds []string
	for _, kind := range []ast.DescribeKind{ast.DescribeAttribute, ast.DescribeEvent, ast.DescribeSegment, ast.DescribeBase} {
		if stmt.Kind != ast.DescribeAny && stmt.Kind != kind {
			continue
		}
		if d, ok := lookUp(kind, stmt.Name, sch, bases); ok {
			found, kinds = append(found, d), append(kinds, kind.String())
		}
	}
	switch {
	case len(found) == 0:
		return described{}, notDescribed(stmt, sch)
	case len(found) > 1:
		name := phrase.Expr(&stmt.Name)
		return described{}, diag.New(diag.Invalid, stmt.Name.Span(), "%s is the name of several things: %s", name, strings.ToLower(strings.Join(kinds, ", "))).
			WithHint("write DESCRIBE %s %s or DESCRIBE %s %[2]s", kinds[0], name, kinds[1])
	}
	return found[0], nil
}

// lookUp returns the thing of a kind that has a name.
func lookUp(kind ast.DescribeKind, n ast.Name, sch *schema.Schema, bases []*schema.Schema) (described, bool) {
	name := ast.Dotted(n.Parts)
	switch kind {
	case ast.DescribeAttribute:
		a, ok := sch.Attr(name)
		return described{column: attributeColumn(a), attr: a}, ok
	case ast.DescribeSegment:
		seg, ok := sch.Segment(name)
		return described{segment: seg}, ok
	case ast.DescribeBase:
		return described{base: true}, slices.ContainsFunc(bases, func(s *schema.Schema) bool { return s.Name == name })
	}
	if ev, ok := sch.Event(name); ok {
		return described{event: ev}, true
	}
	ev, ok := sch.Event(n.Parts[0].Name)
	if !ok || len(n.Parts) == 1 {
		return described{}, false
	}
	prop, ok := names.FindProp(ev, ast.Dotted(n.Parts[1:]))
	return described{event: ev, prop: prop, column: propertyColumn(ev, prop)}, ok
}

// notDescribed is the error of a name that nothing has.
func notDescribed(stmt *ast.Describe, sch *schema.Schema) error {
	first := stmt.Name.Parts[0]
	switch stmt.Kind {
	case ast.DescribeAttribute:
		return names.UnknownAttribute(sch, &stmt.Name)
	case ast.DescribeSegment:
		return names.UnknownSegment(sch, ast.Ident{Name: ast.Dotted(stmt.Name.Parts), At: stmt.Name.Span()})
	}
	if ev, ok := sch.Event(first.Name); ok && len(stmt.Name.Parts) > 1 {
		return names.NoProperty(stmt.Name.Span(), []*schema.EventType{ev}, ast.Dotted(stmt.Name.Parts[1:]))
	}
	if stmt.Kind == ast.DescribeEvent {
		return names.UnknownEvent(sch, first)
	}
	all := slices.Concat(names.Events(sch), names.Attributes(sch), []string{bind.ContactsTable})
	for i := range sch.Segments {
		all = append(all, sch.Segments[i].Name)
	}
	name := ast.Dotted(stmt.Name.Parts)
	e := diag.New(diag.Name, stmt.Name.Span(), "there is no attribute, event, segment or base %s", phrase.Name(name))
	if near, ok := diag.Suggest(name, all); ok {
		return e.WithHint("did you mean %s?", phrase.Name(near))
	}
	return e.WithHint("DESCRIBE contacts shows the attributes; SHOW EVENTS, SHOW SEGMENTS and SHOW BASES the rest")
}

// overview shows a row of statistics for each column of a table.
func (x *execution) overview(ctx context.Context, p *profiler, what string, cols []*profiled) error {
	if err := p.totals(ctx, cols); err != nil {
		return err
	}
	var rows [][]any
	for _, c := range cols {
		if n, ok := c.distinct.(int64); ok && n <= fewValues && (n < c.values || c.typ.Kind == schema.KindSet) {
			if err := p.frequent(ctx, c, topInOverview); err != nil {
				return err
			}
		} else {
			c.top = nil
		}
		rows = append(rows, []any{c.name, c.typ.String(), c.values, c.rows - c.values, share(c.rows-c.values, c.rows), c.distinct, c.min, c.max, c.topText()})
	}
	return x.table([]column{
		{what, textColumn}, {"type", textColumn}, {"values", intColumn}, {"nulls", intColumn}, {"null_share", shareColumn},
		{"distinct", intColumn}, {"min", textColumn}, {"max", textColumn}, {"top", textColumn},
	}, rows...)
}

// topText writes the frequent values with their counts and shares of the values: PL 120 (60 %), DE 80 (40 %).
func (c *profiled) topText() any {
	var parts []string
	for _, t := range c.top {
		parts = append(parts, fmt.Sprintf("%s %d (%s %%)", phrase.Short(t.value), t.count, percent(t.count, c.values)))
	}
	return orNil(strings.Join(parts, ", "))
}

// percent writes part ÷ whole in percent with at most one decimal.
func percent(part, whole int64) string {
	text := fmt.Sprintf("%.1f", 100*float64(part)/float64(max(whole, 1)))
	return strings.TrimSuffix(text, ".0")
}

// describeColumn shows all there is to say of an attribute or a property.
func (x *execution) describeColumn(ctx context.Context, sch *schema.Schema, d described) error {
	p, c := &profiler{execution: x, sch: sch}, d.column
	if d.event != nil {
		p.from = d.event.ID
	}
	if err := p.totals(ctx, []*profiled{c}); err != nil {
		return err
	}
	if err := p.average(ctx, c); err != nil {
		return err
	}
	if !c.id {
		if err := p.frequent(ctx, c, topOfOne); err != nil {
			return err
		}
	}
	rows := c.facts()
	if users := usersOf(sch, d); len(users) > 0 {
		rows = append(rows, fact("used by", "segments "+phrase.List(users)))
	}
	for _, t := range c.top {
		rows = append(rows, []any{"top", t.value, t.count, share(t.count, c.values)})
	}
	return x.facts(rows)
}

// facts is what is known of a column.
func (c *profiled) facts() [][]any {
	rows := [][]any{
		fact("type", c.typ.String()),
		{"values", nil, c.values, share(c.values, c.rows)},
		{"nulls", nil, c.rows - c.values, share(c.rows-c.values, c.rows)},
	}
	distinct := []any{"distinct", nil, c.distinct, nil}
	if c.distinct == nil {
		distinct[1] = "too many to count within a statement's memory"
	}
	rows = append(rows, distinct)
	for _, f := range []struct {
		what  string
		value any
	}{{"min", c.min}, {"max", c.max}, {"avg", c.avg}} {
		if f.value != nil {
			rows = append(rows, []any{f.what, f.value, nil, nil})
		}
	}
	return rows
}

func fact(what, value string) []any { return []any{what, value, nil, nil} }

// facts answers what is known of one thing.
func (x *execution) facts(rows [][]any) error {
	return x.table([]column{{"what", textColumn}, {"value", textColumn}, {"count", intColumn}, {"share", shareColumn}}, rows...)
}

// usersOf returns the segments whose conditions name an attribute or a property.
func usersOf(sch *schema.Schema, d described) []string {
	return segmentNames(sch, func(g *schema.Segment) bool {
		if d.event != nil {
			return slices.Contains(g.Props, d.prop.ID)
		}
		return slices.Contains(g.Attrs, d.attr.ID)
	})
}

func segmentNames(sch *schema.Schema, which func(*schema.Segment) bool) []string {
	var out []string
	for i := range sch.Segments {
		if which(&sch.Segments[i]) {
			out = append(out, sch.Segments[i].Name)
		}
	}
	return out
}

// describeSegment shows all there is to say of a segment.
func (x *execution) describeSegment(ctx context.Context, sch *schema.Schema, seg *schema.Segment) error {
	q, err := bind.Query(&ast.Count{Where: inSegment(seg.Name)}, sch, bind.Options{Clock: x.clock})
	if err != nil {
		return err
	}
	members, err := x.node.Count(ctx, q, sch)
	if err != nil {
		return err
	}
	created := scalar.AppendText(nil, schema.Value{Kind: schema.KindTimestamp, I: seg.Created})
	rows := [][]any{fact("kind", segmentKind(seg))}
	if seg.Text != "" {
		rows = append(rows, fact("condition", seg.Text))
	}
	rows = append(rows, []any{"members", nil, int64(members), share(int64(members), x.node.Contacts(sch))}, fact("created", string(created)))
	for _, u := range uses(sch, seg) {
		rows = append(rows, fact("uses", u))
	}
	for _, name := range segmentNames(sch, func(g *schema.Segment) bool { return slices.Contains(g.Uses, seg.ID) }) {
		rows = append(rows, fact("used by", "segment "+phrase.Name(name)))
	}
	return x.facts(rows)
}

// uses names what a segment's condition needs.
func uses(sch *schema.Schema, seg *schema.Segment) []string {
	var out []string
	for _, id := range seg.Attrs {
		a, _ := sch.AttrByID(id)
		out = append(out, "attribute "+phrase.Name(a.Name))
	}
	for _, id := range seg.Events {
		if ev, ok := sch.EventByID(id); ok {
			out = append(out, "event "+phrase.Name(ev.Name))
		}
	}
	for i := range sch.Events {
		for _, p := range sch.Events[i].Props {
			if slices.Contains(seg.Props, p.ID) {
				out = append(out, "property "+phrase.Name(sch.Events[i].Name)+"."+phrase.Name(p.Name))
			}
		}
	}
	for _, name := range segmentNames(sch, func(g *schema.Segment) bool { return slices.Contains(seg.Uses, g.ID) }) {
		out = append(out, "segment "+phrase.Name(name))
	}
	return out
}

// describeBase shows what a base is and how much it holds.
func (x *execution) describeBase(ctx context.Context, n ast.Name) error {
	sch, err := x.node.Schema(ast.Dotted(n.Parts))
	if err != nil {
		return err
	}
	contacts, err := x.node.Count(ctx, &plan.Query{Base: sch.Base, Schema: sch.Version, Clock: x.node.Clock(sch), Zone: zoneName(sch), Count: true, Limit: -1}, sch)
	if err != nil {
		return err
	}
	rows := [][]any{
		fact("timezone", zoneName(sch)), fact("schema", sch.Options.Mode.String()),
		{"spread", nil, int64(sch.Options.Spread), nil}, {"contacts", nil, int64(contacts), nil},
		{"attributes", nil, int64(len(sch.Attrs)), nil},
	}
	for _, ev := range sch.Events {
		rows = append(rows, []any{"event", ev.Name, x.node.Events(sch, ev.ID), nil})
	}
	rows = append(rows, []any{"segments", nil, int64(len(sch.Segments)), nil})
	for _, u := range x.node.Usage(sch) {
		if u.Part == "total" {
			rows = append(rows, []any{"bytes", nil, u.Bytes, nil})
		}
	}
	return x.facts(rows)
}
