package shell

import (
	"context"
	"fmt"
	"strings"

	"github.com/musterdb/muster/cmd/internal/render"
)

const aboutStatements = `A statement ends with ; or with an empty line. Tab completes, Ctrl-R searches
what was typed, Ctrl-C ends a statement under way. In a statement _ stands for
the condition of the last COUNT or SELECT: ask COUNT country = 'DE'; and then
COUNT _ AND email_opt_in; for those of them who may be mailed.
`

// windows are the forms of time that cannot be guessed from another SQL.
const windows = `  COUNT DID purchase DURING THIS QUARTER;        or LAST MONTH, TODAY, '2026-04'
  COUNT DID purchase WITHIN 30d;                 30 times 24 hours back from now
  COUNT DID visit SINCE '2026-01-01' AND DID NOT purchase BEFORE '2026-04-01';
`

const examples = `  COUNT country = 'DE' AND DID purchase AT LEAST 2 TIMES WITHIN 90d;
  SELECT country, count(*) FROM contacts WHERE _ GROUP BY 1 ORDER BY 2 DESC;
  \chart
  SELECT id, email FROM contacts WHERE _;
  \export germans.csv
  CREATE SEGMENT german_buyers AS country = 'DE' AND DID purchase;
  COUNT IN SEGMENT german_buyers;
  SELECT date_trunc('month', time), sum(amount) FROM purchase GROUP BY 1;
  COPY contacts FROM 'contacts.csv' (id = customer_id, country = country);
  EXPLAIN ANALYZE COUNT _;
`

// help answers \?: all commands, or one.
func (s *Shell) help(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return s.helpOn(ctx, args[0])
	}
	var b strings.Builder
	b.WriteString(aboutStatements)
	for _, g := range groups {
		b.WriteString("\n" + s.style.Paint(render.Bold, g.title) + "\n")
		for _, c := range g.commands {
			fmt.Fprintf(&b, "  %-20s %s\n", `\`+c.names[0]+" "+c.args, c.what)
		}
	}
	b.WriteString("\nWords do as well: \\quit, \\describe, \\connect; \\? connect explains one.\n")
	b.WriteString("\n" + s.style.Paint(render.Bold, "Examples") + "\n" + examples)
	b.WriteString("\n" + s.style.Paint(render.Bold, "Times") + "\n" + windows)
	return s.page(ctx, []byte(b.String()))
}

func (s *Shell) helpOn(ctx context.Context, name string) error {
	c, ok := lookup(strings.ToLower(strings.TrimPrefix(name, `\`)))
	if !ok && strings.HasPrefix(name, `\`) {
		return unknown(strings.TrimPrefix(name, `\`))
	}
	if !ok { // HELP SELECT: statements have no pages of their own
		return s.help(ctx, nil)
	}
	names := `\` + strings.Join(c.names, `, \`)
	_, err := fmt.Fprintf(s.out, "%s %s\n  %s\n", names, c.args, c.what)
	return err
}

// showHistory lists what was typed.
func (s *Shell) showHistory(ctx context.Context, args []string) error {
	if s.history == nil {
		return wrong("", `\history needs a terminal`)
	}
	part := strings.ToLower(strings.Join(args, " "))
	var b strings.Builder
	for _, e := range s.history.entries {
		if strings.Contains(strings.ToLower(e), part) {
			b.WriteString(s.style.Lines(e) + "\n")
		}
	}
	return s.page(ctx, []byte(b.String()))
}
