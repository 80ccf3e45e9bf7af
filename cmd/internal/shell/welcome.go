package shell

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/print"
	"github.com/musterdb/muster/storage/schema"
)

// welcome is the first screen: where one is, what there is, and what to try. It fails only if the server
// does not answer or the base that was asked for does not exist.
func (s *Shell) welcome(ctx context.Context) error {
	if s.cfg.Banner != "" {
		fmt.Fprintln(s.cfg.Out, s.cfg.Banner)
	}
	bases, err := s.ask(ctx, "SHOW BASES")
	if err != nil {
		return err
	}
	defer bases.Release()
	if s.session.Base == "" && bases.Rows() == 1 {
		s.session.Base = bases.Cell(0, 0)
	}
	if s.session.Base == "" {
		s.welcomeWithoutBase(bases)
		return nil
	}
	return s.welcomeTo(ctx)
}

func (s *Shell) welcomeWithoutBase(bases *render.Table) {
	out := s.cfg.Out
	fmt.Fprintf(out, "Muster at %s\n", s.cfg.Client.URL())
	if bases.Rows() == 0 {
		fmt.Fprintf(out, "There is no base yet. Make one:\n\n%s\n", s.tries([]string{"CREATE BASE shop;", "COPY contacts FROM 'contacts.csv' (id = customer_id);"}))
		return
	}
	fmt.Fprintf(out, "Choose a base, for example %s:\n\n", s.style.Paint(render.Bold, `\c `+s.style.Harmless(bases.Cell(0, 0), 0)))
	name, contacts := column(bases, "base"), column(bases, "contacts")
	for row := range min(int(bases.Rows()), 20) {
		fmt.Fprintf(out, "  %-20s %s contacts\n", s.style.Harmless(bases.Cell(row, name), 40), thousands(bases.Cell(row, contacts)))
	}
	fmt.Fprintf(out, "\n%s\n\n", s.style.Paint(render.Dim, `\? helps, Ctrl-D leaves`))
}

func (s *Shell) welcomeTo(ctx context.Context) error {
	sch, contacts, counts, err := s.inventory(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.cfg.Out, "Base %s at %s: %s contacts\n", s.style.Paint(render.Bold, s.style.Harmless(sch.Name, 0)), s.cfg.Client.URL(), contacts)
	var b strings.Builder
	s.wrapped(&b, s.eventParts(sch, counts))
	fmt.Fprintf(s.cfg.Out, "%s\nTry:\n%s\n", b.String(), s.tries(suggestions(sch, contacts == "0")))
	fmt.Fprintln(s.cfg.Out, s.style.Paint(render.Dim, `_ is the condition of the last statement. \d shows what there is,`))
	fmt.Fprintln(s.cfg.Out, s.style.Paint(render.Dim, `Tab completes, \? helps, Ctrl-D leaves.`)+"\n")
	return nil
}

// eventParts counts the events of the first types.
func (s *Shell) eventParts(sch *schema.Schema, counts map[string]string) []string {
	const most = 8
	var parts []string
	for i, e := range sch.Events {
		if i == most {
			return append(parts, fmt.Sprintf("%d more types", len(sch.Events)-most))
		}
		parts = append(parts, counts[e.Name]+" "+s.style.Paint(render.Bold, s.style.Harmless(e.Name, 30)))
	}
	return parts
}

func (s *Shell) tries(statements []string) string {
	var b strings.Builder
	for _, t := range statements {
		b.WriteString("  " + highlight(s.style, t) + "\n")
	}
	return b.String()
}

// suggestions are statements that work on this very base and show what it is for.
func suggestions(sch *schema.Schema, empty bool) []string {
	if empty {
		return []string{"COPY contacts FROM 'contacts.csv' (id = customer_id);", "UPSERT CONTACT 'c1' SET country = 'PL';", "COUNT;"}
	}
	event, money := likelyEvent(sch)
	group := likelyGroup(sch)
	out := []string{"COUNT KNOWN FOR 30d;"}
	if event != "" {
		out = []string{fmt.Sprintf("COUNT DID %s AT LEAST 2 TIMES WITHIN 90d;", event)}
	}
	if group != "" {
		out = append(out, fmt.Sprintf("SELECT %s, count(*) FROM contacts WHERE _ GROUP BY 1 ORDER BY 2 DESC;", group), `\chart`)
	}
	if money != "" {
		out = append(out, fmt.Sprintf("SELECT id, sum(%s.%s) FROM contacts WHERE _ ORDER BY 2 DESC LIMIT 5;", event, money))
	}
	if len(out) < 3 {
		out = append(out, "DESCRIBE contacts;")
	}
	return out
}

// eventNames are event types that are most worth asking about.
var eventNames = []string{"purchase", "order", "Order Completed", "sale"}

// likelyEvent returns the event type that is most worth asking about, and an amount of it if it has one.
func likelyEvent(sch *schema.Schema) (event, money string) {
	best, most := -1, 0
	for i := range sch.Events {
		worth := 1
		if amount(&sch.Events[i]) != "" {
			worth = 2
		}
		if n := slices.Index(eventNames, sch.Events[i].Name); n >= 0 {
			worth += 2 + len(eventNames) - n
		}
		if worth > most {
			best, most = i, worth
		}
	}
	if best < 0 {
		return "", ""
	}
	e := &sch.Events[best]
	return print.Name(ast.Ident{Name: e.Name}), amount(e)
}

// amount returns the first property that is an amount of money, quoted as it needs it.
func amount(e *schema.EventType) string {
	for _, p := range e.Props {
		if p.Type.Kind == schema.KindDecimal {
			return print.Name(ast.Ident{Name: p.Name})
		}
	}
	return ""
}

// groupNames are attributes that commonly have few values, the most telling first.
var groupNames = []string{"country", "plan", "tier", "segment", "region", "gender", "language", "source", "channel", "status", "city"}

// likelyGroup returns an attribute with few values.
func likelyGroup(sch *schema.Schema) string {
	for _, name := range groupNames {
		if slices.ContainsFunc(sch.Attrs, func(a schema.Attribute) bool { return a.Name == name }) {
			return name
		}
	}
	for _, a := range sch.Attrs {
		if a.Type.Kind == schema.KindBool {
			return print.Name(ast.Ident{Name: a.Name})
		}
	}
	return ""
}
