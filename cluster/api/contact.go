package api

import (
	"context"
	"fmt"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/musterdb/muster/engine/eval"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/write"
	"github.com/musterdb/muster/storage/schema"
)

// defaultTimeline is how many events SHOW CONTACT shows without LIMIT, mostTimeline how many it may.
const (
	defaultTimeline = 100
	mostTimeline    = 100_000
)

// showContact carries out SHOW CONTACT: the attributes that are not null, the segments that the contact is in,
// its newest events, and how many older ones there are.
func (x *execution) showContact(ctx context.Context, stmt *ast.ShowContact) error {
	sch, err := x.schema()
	if err != nil {
		return err
	}
	id, err := write.ContactID(stmt.ID, x.options(sch))
	if err != nil {
		return err
	}
	limit, err := timelineLimit(stmt.Limit)
	if err != nil {
		return err
	}
	c, ok, err := x.node.Contact(ctx, sch, id, x.clock, limit)
	if err != nil {
		return err
	}
	if !ok {
		return noContact(stmt.ID, id)
	}
	in, err := x.segmentsOf(ctx, sch, id, &c)
	if err != nil {
		return err
	}
	rows := attributeRows(sch, &c)
	for _, s := range in {
		rows = append(rows, []any{s.since, "segment", s.seg.Name, segmentKind(s.seg)})
	}
	rows = append(rows, eventRows(sch, &c)...)
	if c.More > 0 {
		rows = append(rows, []any{nil, "more", nil, fmt.Sprintf("%s; LIMIT %d shows all", counted(uint64(c.More), "older event"), c.More+len(c.Events))})
	}
	return x.table([]column{{"time", timeColumn}, {"what", textColumn}, {"name", textColumn}, {"value", textColumn}}, rows...)
}

func timelineLimit(l *ast.Literal) (int, error) {
	if l == nil {
		return defaultTimeline, nil
	}
	n, err := strconv.ParseUint(l.Text, 10, 63)
	if err != nil || n > mostTimeline {
		return 0, diag.New(diag.Limit, l.At, "a timeline shows at most %d events", mostTimeline).WithHint("for more, ask SELECT … FROM the event type WHERE contact = '…'")
	}
	return int(n), nil
}

func noContact(x ast.Expr, id string) error {
	prefix := []rune(id)
	prefix = prefix[:max(1, min(3, len(prefix)-1))]
	return diag.New(diag.Name, x.Span(), "there is no contact %s", phrase.Text(id)).
		WithHint("ids are compared byte by byte; SELECT id FROM contacts WHERE id STARTS WITH %s LIMIT 10 shows some", phrase.Text(string(prefix)))
}

func attributeRows(sch *schema.Schema, c *eval.Contact) [][]any {
	var rows [][]any
	for _, a := range c.Attrs {
		attr, _ := sch.AttrByID(a.ID)
		rows = append(rows, []any{nil, "attribute", attr.Name, string(scalar.AppendText(nil, a.Value))})
	}
	return rows
}

func eventRows(sch *schema.Schema, c *eval.Contact) [][]any {
	var rows [][]any
	for _, e := range c.Events {
		ev, _ := sch.EventByID(e.Event)
		rows = append(rows, []any{arrow.Timestamp(e.Time), "event", ev.Name, propsText(e.Props)})
	}
	return rows
}

// propsText writes the properties of an event as TRACK would: amount = 12.50, category = 'shoes'.
func propsText(props []eval.ContactProp) any {
	var text []byte
	for i, p := range props {
		if i > 0 {
			text = append(text, ", "...)
		}
		text = append(text, phrase.Name(p.Name)...)
		text = append(text, " = "...)
		value := scalar.AppendText(nil, p.Value)
		switch p.Value.Kind {
		case schema.KindText, schema.KindDate, schema.KindTimestamp:
			value = []byte(lex.Quote(string(value), '\''))
		}
		text = append(text, value...)
	}
	return orNil(string(text))
}

// showSegmentsOf carries out SHOW SEGMENTS OF CONTACT.
func (x *execution) showSegmentsOf(ctx context.Context, stmt *ast.ShowSegmentsOf) error {
	sch, err := x.schema()
	if err != nil {
		return err
	}
	id, err := write.ContactID(stmt.ID, x.options(sch))
	if err != nil {
		return err
	}
	c, ok, err := x.node.Contact(ctx, sch, id, x.clock, 0)
	if err != nil {
		return err
	}
	if !ok {
		return noContact(stmt.ID, id)
	}
	in, err := x.segmentsOf(ctx, sch, id, &c)
	if err != nil {
		return err
	}
	var rows [][]any
	for _, s := range in {
		rows = append(rows, []any{s.seg.Name, segmentKind(s.seg), s.since})
	}
	return x.table([]column{{"segment", textColumn}, {"kind", textColumn}, {"since", timeColumn}}, rows...)
}

// membership is a segment that a contact is in, since when if that is known.
type membership struct {
	seg   *schema.Segment
	since any // arrow.Timestamp or nil
}

// segmentsOf returns the segments that a contact is in, in the order in which they were made.
func (x *execution) segmentsOf(ctx context.Context, sch *schema.Schema, id string, c *eval.Contact) ([]membership, error) {
	since := make(map[schema.AttrID]int64, len(c.Lists))
	for _, l := range c.Lists {
		since[l.ID] = l.Value.I
	}
	holds, err := x.conditionsOf(ctx, sch, id)
	if err != nil {
		return nil, err
	}
	var in []membership
	for i := range sch.Segments {
		seg := &sch.Segments[i]
		if at, ok := since[seg.Attr]; ok && seg.Static() {
			in = append(in, membership{seg, arrow.Timestamp(at)})
		} else if holds[seg.ID] {
			in = append(in, membership{seg, nil})
		}
	}
	return in, nil
}

// askedAtOnce is how many conditions one statement asks of a contact: each is a column.
const askedAtOnce = 64

// conditionsOf returns the plain segments whose condition holds for a contact.
func (x *execution) conditionsOf(ctx context.Context, sch *schema.Schema, id string) (map[schema.SegmentID]bool, error) {
	holds := map[schema.SegmentID]bool{}
	var asked []*schema.Segment
	for i := range sch.Segments {
		if seg := &sch.Segments[i]; !seg.Static() {
			asked = append(asked, seg)
		}
		if len(asked) == askedAtOnce || i == len(sch.Segments)-1 && len(asked) > 0 {
			if err := x.askConditions(ctx, sch, id, asked, holds); err != nil {
				return nil, err
			}
			asked = asked[:0]
		}
	}
	return holds, nil
}

func (x *execution) askConditions(ctx context.Context, sch *schema.Schema, id string, segs []*schema.Segment, holds map[schema.SegmentID]bool) error {
	stmt := &ast.Select{
		From:  ast.Ident{Name: bind.ContactsTable},
		Where: &ast.Binary{Op: ast.OpEq, X: nameExpr("id"), Y: &ast.Literal{Kind: ast.LitText, Text: id}},
	}
	for _, seg := range segs {
		stmt.Items = append(stmt.Items, ast.Item{X: &ast.Paren{X: inSegment(seg.Name)}})
	}
	return x.internal(ctx, sch, stmt, func(rec arrow.Record) error {
		for i, seg := range segs {
			if b, ok := rec.Column(i).(*array.Boolean); ok && rec.NumRows() > 0 && b.Value(0) {
				holds[seg.ID] = true
			}
		}
		return nil
	})
}

// internal carries out a statement that the service makes itself, under the clock of the one that it is part of.
func (x *execution) internal(ctx context.Context, sch *schema.Schema, stmt *ast.Select, use func(arrow.Record) error) error {
	q, err := bind.Query(stmt, sch, bind.Options{Clock: x.clock})
	if err != nil {
		return err
	}
	return x.node.Select(ctx, q, sch, use)
}

func nameExpr(parts ...string) *ast.Name {
	n := &ast.Name{}
	for _, p := range parts {
		n.Parts = append(n.Parts, ast.Ident{Name: p, Quoted: true})
	}
	return n
}

func inSegment(name string) ast.Expr {
	return &ast.InSegment{Names: []ast.SegmentName{{Name: ast.Ident{Name: name, Quoted: true}}}}
}
