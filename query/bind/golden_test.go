package bind_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/query/write"
	"github.com/musterdb/muster/storage/schema"
)

// What the tests inside the package have.
var (
	clock    = bind.Clock
	shop     = bind.Shop
	rendered = bind.Rendered
	typ      = bind.Typ
	decimal  = bind.Decimal
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files")

// csv is the header of the file that COPY reads in the golden files; typed is the same of a typed file.
var csv = []bind.Column{{Name: "CustomerID", Text: true}, {Name: "InvoiceDate", Text: true}, {Name: "Quantity", Text: true},
	{Name: "UnitPrice", Text: true}, {Name: "Country", Text: true}, {Name: "Order ID", Text: true}}

var typed = []bind.Column{{Name: "id", Type: typ(schema.KindInt)}, {Name: "created_at", Type: typ(schema.KindTimestamp)},
	{Name: "age", Type: decimal(0)}, {Name: "nick", Type: typ(schema.KindText)}, {Name: "ok", Type: typ(schema.KindBool)}}

// TestGolden runs testdata/*.txt: blocks of a statement, a line of ----, and the plan or the error.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { golden(t, file) })
	}
}

func golden(t *testing.T, file string) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, block := range strings.Split(strings.TrimSpace(string(raw)), "\n\n") {
		stmt, want, _ := strings.Cut(block, "\n----\n")
		got := strings.TrimRight(answer(stmt, baseOf(file)), "\n")
		if !*rewrite && got != want {
			t.Errorf("%s\ngot\n%s\nwant\n%s", stmt, got, want)
		}
		fmt.Fprintf(&out, "%s\n----\n%s\n\n", stmt, got)
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(strings.TrimRight(out.String(), "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// answer binds a statement. Lines that begin with # are comments; "# strict" and "# typed" choose the base
// and the file.
func answer(block string, sch *schema.Schema) string {
	var stmt []string
	columns := csv
	for _, line := range strings.Split(block, "\n") {
		switch {
		case line == "# strict":
			sch.Options.Mode = schema.Strict
		case line == "# typed":
			columns = typed
		case !strings.HasPrefix(line, "#"):
			stmt = append(stmt, line)
		}
	}
	text := strings.Join(stmt, "\n")
	s, err := parse.Statement(text)
	if err != nil {
		return rendered(err, text)
	}
	out, err := bindAny(s, sch, columns)
	if err != nil {
		return rendered(err, text)
	}
	return out
}

// baseOf is the base of a golden file: that of segments.txt has segments.
func baseOf(file string) *schema.Schema {
	sch := shop("Europe/Warsaw")
	if filepath.Base(file) == "segments.txt" {
		addSegments(sch)
	}
	return sch
}

// addSegments adds plain and static segments, one that is being built, and one whose condition was broken.
func addSegments(sch *schema.Schema) {
	for _, s := range []schema.Segment{
		{Name: "polish", Text: "country = 'PL'", Attrs: []schema.AttrID{16}},
		{Name: "buyers", Text: "DID purchase[amount > 10] WITHIN 30d", Events: []schema.EventID{1}, Props: []schema.PropID{16}},
		{Name: "polish buyers", Text: "IN SEGMENT polish AND IN SEGMENT buyers", Uses: []schema.SegmentID{1, 2}},
		{Name: "newsletter", Attr: 50},
		{Name: "old_members", Text: "IN SEGMENT newsletter FOR 6mo", Uses: []schema.SegmentID{4}},
		{Name: "unfinished", Attr: 51, Building: true},
		{Name: "broken", Text: "contry = 'PL'"},
		{Name: "round", Text: "IN SEGMENT round OR age > 3", Attrs: []schema.AttrID{17}, Uses: []schema.SegmentID{8}},
		{Name: "on broken", Text: "IN SEGMENT broken", Uses: []schema.SegmentID{7}},
		{Name: "fresh", Text: "recency(purchase) < 5d AND LAST purchase BETWEEN 5d AND 2d AGO AND 2ND purchase WITHIN 5d AND FIRST purchase BEFORE 5d AGO", Events: []schema.EventID{1}},
		{Name: "grown_up", Text: "age >= years_since('2008-01-01')", Attrs: []schema.AttrID{17}},
	} {
		s.ID = schema.SegmentID(len(sch.Segments) + 1)
		sch.Segments = append(sch.Segments, s)
	}
	sch.NextSegment, sch.NextAttr = schema.SegmentID(len(sch.Segments)+1), 52
}

// values are what the parameters of the tests stand for.
var values = map[string]schema.Value{
	"1": {Kind: schema.KindInt, I: 30}, "c": {Kind: schema.KindText, S: "PL"}, "day": {Kind: schema.KindText, S: "2026-04-01"},
	"amount": {Kind: schema.KindDecimal, Scale: 2, I: 1250}, "yes": {Kind: schema.KindBool, I: 1}, "none": {},
}

func options() bind.Options { return bind.Options{Clock: clock} }

// optionsOf gives a statement the parameters that it has.
func optionsOf(s ast.Stmt) bind.Options {
	opt := options()
	opt.Params = map[string]schema.Value{}
	for _, name := range bind.Parameters(s) {
		if v, ok := values[name]; ok {
			opt.Params[name] = v
		}
	}
	return opt
}

func bindAny(s ast.Stmt, sch *schema.Schema, columns []bind.Column) (string, error) {
	options := func() bind.Options { return optionsOf(s) }
	switch s := s.(type) {
	case *ast.CreateSegment:
		g, err := write.CreateSegment(s, sch, options())
		return segmentText(g), err
	case *ast.AlterSegment:
		p, err := write.AlterSegment(s, sch, options())
		return fmt.Sprintf("%+v", p), err
	case *ast.Update:
		p, err := write.Update(s, sch, options())
		return updateText(p), err
	case *ast.DeleteEvents:
		q, err := write.DeleteEvents(s, sch, options())
		if err != nil {
			return "", err
		}
		return strings.TrimPrefix(q.String(), fmt.Sprintf("clock %d\n", clock)), nil
	case *ast.Upsert:
		p, err := write.Upsert(s, sch, options())
		return upsertText(p), err
	case *ast.Track:
		p, err := write.Track(s, sch, options())
		return trackText(p), err
	case *ast.CopyFrom:
		p, err := write.Mapping(s, columns, sch, options())
		return mappingText(p), err
	case *ast.CreateBase:
		opt, err := write.CreateBase(s)
		return fmt.Sprintf("%s %s %d", opt.TimeZone, opt.Mode, opt.Spread), err
	case *ast.DeleteContact:
		return write.ContactID(s.ID, options())
	case *ast.CreateAttribute, *ast.CreateEvent, *ast.AlterEvent:
		return ddl(s, sch)
	case *ast.Drop:
		if s.Kind == ast.KindSegment {
			id, err := write.DropSegment(s, sch)
			return fmt.Sprintf("drop segment %d", id), err
		}
		return ddl(s, sch)
	case *ast.Rename:
		if s.Kind == ast.KindSegment {
			g, err := write.RenameSegment(s, sch)
			return segmentText(g), err
		}
		return ddl(s, sch)
	}
	q, err := bind.Query(s, sch, options())
	if err != nil {
		return "", err
	}
	return strings.TrimPrefix(q.String(), fmt.Sprintf("clock %d\n", clock)), nil
}

func segmentText(g *schema.Segment) string {
	if g == nil {
		return ""
	}
	return fmt.Sprintf("segment %d %s attr=%d building=%v created=%d\ntext %s\nattrs %v events %v props %v uses %v",
		g.ID, g.Name, g.Attr, g.Building, g.Created, g.Text, g.Attrs, g.Events, g.Props, g.Uses)
}

func updateText(p *write.UpdatePlan) string {
	if p == nil {
		return ""
	}
	out := strings.TrimPrefix(p.Rows.String(), fmt.Sprintf("clock %d\n", clock))
	for _, a := range p.NewAttrs {
		out += fmt.Sprintf("new %s %s\n", a.Name, a.Type)
	}
	out += setText(p.Sets)
	for _, r := range p.RowSets {
		out += fmt.Sprintf("\n%s = item %d", r.Attr.Name, r.Item)
	}
	return strings.ReplaceAll(out, "\n\n", "\n")
}

func ddl(s ast.Stmt, sch *schema.Schema) (string, error) {
	before := schemaText(sch)
	var out *schema.Schema
	var err error
	switch s := s.(type) {
	case *ast.CreateAttribute:
		out, err = write.CreateAttribute(s, sch)
	case *ast.CreateEvent:
		out, err = write.CreateEvent(s, sch)
	case *ast.AlterEvent:
		out, err = write.AlterEvent(s, sch)
	case *ast.Drop:
		out, err = write.Drop(s, sch)
	case *ast.Rename:
		out, err = write.Rename(s, sch)
	}
	if strings.Join(schemaText(sch), "\n") != strings.Join(before, "\n") {
		return "the old schema was changed", nil
	}
	if err != nil {
		return "", err
	}
	return diff(before, schemaText(out)), nil
}

func schemaText(s *schema.Schema) []string {
	out := []string{fmt.Sprintf("version %d, next %d %d %d", s.Version, s.NextAttr, s.NextEvent, s.NextProp)}
	for _, a := range s.Attrs {
		out = append(out, fmt.Sprintf("attribute %d %s %s personal=%v", a.ID, a.Name, a.Type, a.Personal))
	}
	for _, e := range s.Events {
		out = append(out, fmt.Sprintf("event %d %s id=%v,%d keep=%s", e.ID, e.Name, e.HasID, e.IDProp, e.Keep))
		for _, p := range e.Props {
			out = append(out, fmt.Sprintf("event %d property %d %s %s", e.ID, p.ID, p.Name, p.Type))
		}
	}
	return out
}

func diff(before, after []string) string {
	had := map[string]bool{}
	for _, l := range before {
		had[l] = true
	}
	var out []string
	for _, l := range after {
		if !had[l] {
			out = append(out, "+ "+l)
		}
		delete(had, l)
	}
	var gone []string
	for l := range had {
		gone = append(gone, "- "+l)
	}
	sort.Strings(gone)
	return strings.Join(append(gone, out...), "\n")
}

func upsertText(p *write.UpsertPlan) string {
	if p == nil {
		return ""
	}
	out := "id " + p.ID
	for _, a := range p.NewAttrs {
		out += fmt.Sprintf("\nnew %s %s", a.Name, a.Type)
	}
	return out + setText(p.Sets)
}

func setText(sets []write.Assignment) string {
	out := ""
	for _, s := range sets {
		out += fmt.Sprintf("\n%s %s", s.Attr.Name, [...]string{"set", "null", "add", "remove"}[s.Op])
		if s.Value != nil {
			out += " " + plan.String(s.Value)
		}
	}
	return out
}

func trackText(p *write.TrackPlan) string {
	if p == nil {
		return ""
	}
	out := fmt.Sprintf("event %d %s new=%v, contact %s, time %d", p.Event.ID, p.Event.Name, p.NewEvent, p.Contact, p.Time)
	for _, a := range p.NewProps {
		out += fmt.Sprintf("\nnew %s %s", a.Name, a.Type)
	}
	if p.EventID != nil {
		out += "\nid " + plan.String(p.EventID)
	}
	for _, v := range p.Props {
		out += fmt.Sprintf("\n%s = %s", v.Prop.Name, plan.String(v.Value))
	}
	return out
}

func mappingText(p *write.MappingPlan) string {
	if p == nil {
		return ""
	}
	out := "contacts"
	if p.Event != nil {
		out = fmt.Sprintf("event %d %s new=%v", p.Event.ID, p.Event.Name, p.NewEvent)
	}
	out += "\ncontact = " + plan.String(p.Contact)
	if p.Time != nil {
		out += "\ntime = " + plan.String(p.Time)
	}
	if p.EventID != nil {
		out += "\nevent_id = " + plan.String(p.EventID)
	}
	for _, a := range p.NewAttrs {
		out += fmt.Sprintf("\nnew %s %s", a.Name, a.Type)
	}
	for _, a := range p.NewProps {
		out += fmt.Sprintf("\nnew %s %s", a.Name, a.Type)
	}
	for _, a := range p.Attrs {
		out += fmt.Sprintf("\n%s = %s", a.Attr.Name, plan.String(a.X))
	}
	for _, a := range p.Props {
		out += fmt.Sprintf("\n%s = %s", a.Prop.Name, plan.String(a.X))
	}
	return out
}
