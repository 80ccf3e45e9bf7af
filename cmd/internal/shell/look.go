package shell

import (
	"context"
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/query/print"
	"github.com/musterdb/muster/storage/schema"
)

// ask has the server answer a statement of the shell's own.
func (s *Shell) ask(ctx context.Context, text string) (*render.Table, error) {
	a, err := s.cfg.Client.Query(ctx, s.session.Base, text, "arrow")
	if err != nil {
		return nil, err
	}
	defer a.Body.Close()
	r, err := ipc.NewReader(a.Body)
	if err != nil {
		return nil, fmt.Errorf("the answer cannot be read: %w", err)
	}
	defer r.Release()
	t := render.NewTable(r.Schema(), nil)
	for r.Next() {
		t.Add(r.Record())
	}
	return t, r.Err()
}

// count returns how many contacts there are, as it is shown.
func (s *Shell) count(ctx context.Context) (string, error) {
	t, err := s.ask(ctx, "COUNT")
	if err != nil {
		return "", err
	}
	defer t.Release()
	return thousands(t.Cell(0, 0)), nil
}

// thousands groups the digits of a number that is a text.
func thousands(text string) string {
	var n int64
	if _, err := fmt.Sscan(text, &n); err != nil {
		return text
	}
	return render.Thousands(n)
}

// inventory returns what is in the base: its schema, how many contacts there are, as it is shown, and how many
// events of each type.
func (s *Shell) inventory(ctx context.Context) (sch *schema.Schema, contacts string, events map[string]string, err error) {
	if sch, err = s.cfg.Client.Schema(ctx, s.session.Base); err != nil {
		return nil, "", nil, err
	}
	if contacts, err = s.count(ctx); err != nil {
		return nil, "", nil, err
	}
	events, err = s.eventCounts(ctx)
	return sch, contacts, events, err
}

// describe answers \d: about one name what DESCRIBE says, else an overview of the base.
func (s *Shell) describe(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return s.statement(ctx, "DESCRIBE "+nameOf(args))
	}
	if err := s.needBase(); err != nil {
		return err
	}
	sch, contacts, counts, err := s.inventory(ctx)
	if err != nil {
		return err
	}
	text := s.overview(sch, contacts, counts)
	return s.page(ctx, []byte(text))
}

// nameOf quotes a name as it needs it: what was written with quotes, dots or a word before it is left.
func nameOf(args []string) string {
	text := strings.Join(args, " ")
	if strings.ContainsAny(text, `".`) || len(args) > 1 && isKind(args[0]) {
		return text
	}
	return print.Name(ast.Ident{Name: text})
}

func isKind(word string) bool {
	switch strings.ToUpper(word) {
	case "BASE", "ATTRIBUTE", "EVENT", "SEGMENT":
		return true
	}
	return false
}

// eventCounts returns how many events there are of each type.
func (s *Shell) eventCounts(ctx context.Context) (map[string]string, error) {
	t, err := s.ask(ctx, "SHOW EVENTS")
	if err != nil {
		return nil, err
	}
	defer t.Release()
	name, events := column(t, "event"), column(t, "events")
	counts := map[string]string{}
	if name < 0 || events < 0 {
		return counts, nil
	}
	for row := range int(t.Rows()) {
		if n := t.Cell(row, events); n != "NULL" {
			counts[t.Cell(row, name)] = thousands(n)
		}
	}
	return counts, nil
}

// column returns the column of that name, or -1.
func column(t *render.Table, name string) int {
	found := t.Schema().FieldIndices(name)
	if len(found) == 0 {
		return -1
	}
	return found[0]
}

// overview is what there is in a base, to be read in one look.
func (s *Shell) overview(sch *schema.Schema, contacts string, counts map[string]string) string {
	var b strings.Builder
	zone := sch.Options.TimeZone
	if zone == "" {
		zone = "UTC"
	}
	fmt.Fprintf(&b, "%s  %s contacts, time zone %s\n\n", s.style.Paint(render.Bold, s.style.Harmless(sch.Name, 0)), contacts, zone)
	var fields []string
	for _, a := range append(schema.SystemAttributes(), sch.Attrs...) {
		fields = append(fields, s.field(a.Name, a.Type))
	}
	s.section(&b, "contacts", "", fields)
	for _, e := range sch.Events {
		fields = nil
		for _, p := range e.Props {
			fields = append(fields, s.field(p.Name, p.Type))
		}
		s.section(&b, "event "+print.Name(ast.Ident{Name: e.Name}), counts[e.Name], fields)
	}
	s.segmentLines(&b, sch.Segments)
	b.WriteString(s.style.Paint(render.Dim, `\d NAME shows the values of one`) + "\n")
	return b.String()
}

// segmentLines writes a line for each segment with what it holds.
func (s *Shell) segmentLines(b *strings.Builder, segments []schema.Segment) {
	names := make([]string, len(segments))
	for i, g := range segments {
		names[i] = s.style.Harmless(print.Name(ast.Ident{Name: g.Name}), 40)
	}
	wide := 0
	for _, n := range names {
		wide = max(wide, render.Width(n))
	}
	if len(segments) > 0 {
		b.WriteString(s.style.Paint(render.Bold, "segments") + "\n")
	}
	width, _ := s.window()
	for i := range segments {
		if g := &segments[i]; !g.Building {
			fill := strings.Repeat(" ", wide-render.Width(names[i]))
			fmt.Fprintf(b, "  %s%s  %s\n", names[i], fill, s.style.Harmless(segmentText(g), max(20, width-wide-4)))
		}
	}
	if len(segments) > 0 {
		b.WriteString("\n")
	}
}

func segmentText(g *schema.Segment) string {
	if !g.Static() {
		return g.Text
	}
	if g.Text == "" {
		return "a list of contacts"
	}
	return "a list of contacts, made from: " + g.Text
}

func (s *Shell) field(name string, t schema.Type) string {
	return s.style.Harmless(print.Name(ast.Ident{Name: name}), 0) + " " + s.style.Paint(render.Dim, t.String())
}

// section writes a name with its parts under it.
func (s *Shell) section(b *strings.Builder, name, count string, parts []string) {
	title := s.style.Paint(render.Bold, s.style.Harmless(name, 0))
	if count != "" {
		title += "  " + count
	}
	b.WriteString(title + "\n")
	s.wrapped(b, parts)
	b.WriteByte('\n')
}

// wrapped writes parts with commas between them, indented, in lines that fit the window.
func (s *Shell) wrapped(b *strings.Builder, parts []string) {
	width, _ := s.window()
	if width <= 0 {
		width = 100
	}
	const indent = "  "
	at := 0
	for i, p := range parts {
		if i < len(parts)-1 {
			p += ","
		}
		n := render.Width(unpainted(p))
		switch {
		case at == 0:
			b.WriteString(indent)
			at = len(indent)
		case at+1+n > width:
			b.WriteString("\n" + indent)
			at = len(indent)
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(p)
		at += n
	}
	if at > 0 {
		b.WriteByte('\n')
	}
}

// unpainted returns a text without the codes of Paint.
func unpainted(text string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "\x1b[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		_, text, _ = strings.Cut(after, "m")
	}
}

// tables lists what SELECT can ask.
func (s *Shell) tables(ctx context.Context, _ []string) error {
	if err := s.needBase(); err != nil {
		return err
	}
	sch, contacts, counts, err := s.inventory(ctx)
	if err != nil {
		return err
	}
	names, rows := []string{"contacts"}, []string{contacts}
	for _, e := range sch.Events {
		names, rows = append(names, s.style.Harmless(print.Name(ast.Ident{Name: e.Name}), 0)), append(rows, counts[e.Name])
	}
	wide, long := 0, 0
	for i := range names {
		wide, long = max(wide, render.Width(names[i])), max(long, len(rows[i]))
	}
	for i := range names {
		unit := " events"
		if i == 0 {
			unit = " contacts"
		}
		fmt.Fprintf(s.out, "%s%s  %*s%s\n", names[i], strings.Repeat(" ", wide-render.Width(names[i])), long, rows[i], s.style.Paint(render.Dim, unit))
	}
	return nil
}

func (s *Shell) segments(ctx context.Context, _ []string) error {
	if err := s.needBase(); err != nil {
		return err
	}
	return s.statement(ctx, "SHOW SEGMENTS")
}

func (s *Shell) bases(ctx context.Context, _ []string) error { return s.statement(ctx, "SHOW BASES") }

// connect goes to another base.
func (s *Shell) connect(ctx context.Context, args []string) error {
	if len(args) == 0 {
		s.note("base %s at %s", s.session.Base, s.cfg.Client.URL())
		return nil
	}
	name := args[0]
	if strings.HasPrefix(name, `"`) && strings.HasSuffix(name, `"`) && len(name) > 2 {
		name = lex.Unquote(name)
	}
	if err := s.session.Use(ctx, name); err != nil {
		return err
	}
	contacts, err := s.count(ctx)
	if err == nil {
		s.note("base %s, %s contacts", name, contacts)
	}
	return err
}
