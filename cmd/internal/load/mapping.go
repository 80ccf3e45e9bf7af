package load

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/musterdb/muster/cluster/client"
	"github.com/musterdb/muster/engine/ingest"
	"github.com/musterdb/muster/engine/tabular"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/print"
	"github.com/musterdb/muster/query/write"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// mapping turns the blocks of a file into changes under the base's schema. It is bound anew when the
// file shows columns that it had not shown before, as NDJSON may.
type mapping struct {
	client *client.Client
	base   string
	stmt   *ast.CopyFrom
	sch    *schema.Schema
	mapper *ingest.Mapper
	bound  int // columns of the file when mapper was bound
}

func newMapping(ctx context.Context, c *client.Client, base string, stmt *ast.CopyFrom) (*mapping, error) {
	sch, err := c.Schema(ctx, base)
	return &mapping{client: c, base: base, stmt: stmt, sch: sch}, err
}

// event returns the event type that rows go to, empty for contacts.
func (m *mapping) event() string {
	if m.stmt.Target.Name == "contacts" {
		return ""
	}
	return m.stmt.Target.Name
}

// block maps a batch into a block.
func (m *mapping) block(ctx context.Context, b *tabular.Batch, to *block) error {
	if m.mapper == nil || m.bound != len(b.Columns) {
		if err := m.bind(ctx, b); err != nil {
			return err
		}
	}
	res := m.mapper.Map(b)
	to.good, to.rejected, to.schema = int64(res.Rows), res.Rejected, m.sch.Version
	if res.Part != nil {
		to.bytes = change.Encode(nil, &change.Change{Parts: []change.Part{res.Part}})
	}
	return nil
}

// bind binds the statement over the columns of the file, after the base got what open schema infers.
func (m *mapping) bind(ctx context.Context, b *tabular.Batch) error {
	cols := make([]bind.Column, len(b.Columns))
	for i := range b.Columns {
		cols[i] = ingest.FileColumn(&b.Columns[i], b.Rows)
	}
	clock := time.Now().UnixMilli()
	for range maxRounds {
		p, err := write.Mapping(m.stmt, cols, m.sch, bind.Options{Clock: clock})
		if err != nil {
			return m.otherSeparator(cols, err)
		}
		statements := missing(p)
		if len(statements) == 0 {
			return m.use(p, clock, len(b.Columns))
		}
		for _, s := range statements {
			if err := m.define(ctx, s); err != nil {
				return err
			}
		}
		if m.sch, err = m.client.Schema(ctx, m.base); err != nil {
			return err
		}
	}
	return diag.New(diag.Conflict, m.stmt.Target.At, "others change the base's schema all the time").
		WithHint("make the attributes or the event type first, with CREATE ATTRIBUTE or CREATE EVENT")
}

// otherSeparator tells a CSV whose fields are not separated by commas: its header is one column.
func (m *mapping) otherSeparator(cols []bind.Column, err error) error {
	if len(cols) != 1 || !cols[0].Text {
		return err
	}
	i := strings.IndexAny(cols[0].Name, ";\t|")
	if i < 0 {
		return err
	}
	return diag.New(diag.Invalid, m.stmt.File.At, "the file's fields are separated by %q; COPY reads fields separated by commas", cols[0].Name[i]).
		WithHint("write the file with commas, and in double quotes the fields that hold one")
}

// maxRounds bounds how often a mapping is bound anew because others changed the schema meanwhile.
const maxRounds = 10

func (m *mapping) use(p *write.MappingPlan, clock int64, columns int) error {
	zone, err := bind.Zone(m.sch)
	if err != nil {
		return err
	}
	m.bound = columns
	m.mapper, err = ingest.New(p, clock, zone)
	return err
}

// define makes what a mapping infers. That somebody else just did is no error.
func (m *mapping) define(ctx context.Context, statement string) error {
	a, err := m.client.Query(ctx, m.base, statement, "json")
	if err != nil {
		if isExists(err) {
			return nil
		}
		return err
	}
	return a.Body.Close()
}

func isExists(err error) bool {
	var server *client.ServerError
	return errors.As(err, &server) && server.Code == "EXISTS"
}

// missing returns the statements that make what a mapping infers.
func missing(p *write.MappingPlan) []string {
	var out []string
	for _, a := range p.NewAttrs {
		out = append(out, "CREATE ATTRIBUTE "+print.Name(ast.Ident{Name: a.Name})+" "+a.Type.String())
	}
	if len(p.NewProps) == 0 && !p.NewEvent {
		return out
	}
	fields := make([]string, len(p.NewProps))
	for i, f := range p.NewProps {
		fields[i] = print.Name(ast.Ident{Name: f.Name}) + " " + f.Type.String()
	}
	name, list := print.Name(ast.Ident{Name: p.Event.Name}), "("+strings.Join(fields, ", ")+")"
	if p.NewEvent {
		return append(out, fmt.Sprintf("CREATE EVENT %s %s", name, list))
	}
	return append(out, fmt.Sprintf("ALTER EVENT %s ADD %s", name, list))
}
