package api

import (
	"context"
	"fmt"
	"strings"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/write"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// define carries out a statement that changes which bases there are or what a base's schema names.
func (x *execution) define(ctx context.Context, stmt ast.Stmt) error {
	switch stmt := stmt.(type) {
	case *ast.CreateBase:
		return x.createBase(ctx, stmt)
	case *ast.CreateSegment:
		return x.createSegment(ctx, stmt)
	case *ast.AlterSegment:
		return x.alterSegment(ctx, stmt)
	case *ast.Drop:
		switch stmt.Kind {
		case ast.KindBase:
			return x.done(x.node.DropBase(ctx, stmt.Name.Name), "base %s dropped", stmt.Name.Name)
		case ast.KindSegment:
			return x.dropSegment(ctx, stmt)
		}
	case *ast.Rename:
		switch stmt.Kind {
		case ast.KindBase:
			return x.renameBase(ctx, stmt)
		case ast.KindSegment:
			return x.renameSegment(ctx, stmt)
		}
	}
	sch, err := x.schema()
	if err != nil {
		return err
	}
	_, err = x.node.ChangeSchema(ctx, sch.Name, func(now *schema.Schema) (*schema.Schema, error) { return edited(stmt, now) })
	return x.done(err, "%s", defined(stmt))
}

// edited returns the schema as a statement leaves it.
func edited(stmt ast.Stmt, now *schema.Schema) (*schema.Schema, error) {
	switch stmt := stmt.(type) {
	case *ast.CreateAttribute:
		return write.CreateAttribute(stmt, now)
	case *ast.CreateEvent:
		return write.CreateEvent(stmt, now)
	case *ast.AlterEvent:
		return write.AlterEvent(stmt, now)
	case *ast.Drop:
		return write.Drop(stmt, now)
	case *ast.Rename:
		return write.Rename(stmt, now)
	}
	return nil, fmt.Errorf("the service does not know the statement %T", stmt)
}

// done answers that something was done, unless it was not.
func (x *execution) done(err error, format string, args ...any) error {
	if err != nil {
		return err
	}
	return x.to.Message(fmt.Sprintf(format, args...))
}

func (x *execution) createBase(ctx context.Context, stmt *ast.CreateBase) error {
	opt, err := write.CreateBase(stmt)
	if err != nil {
		return err
	}
	_, err = x.node.CreateBase(ctx, stmt.Name.Name, opt)
	return x.done(err, "base %s created", stmt.Name.Name)
}

func (x *execution) renameBase(ctx context.Context, stmt *ast.Rename) error {
	if err := write.BaseName(stmt.To); err != nil {
		return err
	}
	return x.done(x.node.RenameBase(ctx, stmt.Name.Name, stmt.To.Name), "base %s is called %s now", stmt.Name.Name, stmt.To.Name)
}

// defined says what a statement over a base's schema did.
func defined(stmt ast.Stmt) string {
	switch stmt := stmt.(type) {
	case *ast.CreateAttribute:
		return "attribute " + stmt.Name.Name + " created"
	case *ast.CreateEvent:
		return "event " + stmt.Name.Name + " created"
	case *ast.AlterEvent:
		return "event " + stmt.Name.Name + " changed"
	case *ast.Drop:
		return strings.ToLower(stmt.Kind.String()) + " " + stmt.Name.Name + " dropped"
	case *ast.Rename:
		return strings.ToLower(stmt.Kind.String()) + " " + stmt.Name.Name + " is called " + stmt.To.Name + " now"
	}
	return "done"
}

// addAttributes makes attributes that open schema inferred, unless somebody else just did.
func (s *Service) addAttributes(ctx context.Context, base string, attrs []schema.Attribute) error {
	_, err := s.node.ChangeSchema(ctx, base, func(now *schema.Schema) (*schema.Schema, error) { return write.AddAttributes(now, attrs) })
	return err
}

// addEvent makes an event type or properties that open schema inferred, unless somebody else just did.
func (s *Service) addEvent(ctx context.Context, base, event string, props []schema.Property) error {
	_, err := s.node.ChangeSchema(ctx, base, func(now *schema.Schema) (*schema.Schema, error) { return write.AddEvent(now, event, props) })
	return err
}

// summary says in words what a write did.
func summary(r change.Result) string {
	var parts []string
	add := func(n uint64, one, many string) {
		switch {
		case n == 1:
			parts = append(parts, "1 "+one)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", n, many))
		}
	}
	add(r.Created, "contact created", "contacts created")
	add(r.Updated, "contact updated", "contacts updated")
	add(r.Events, "event stored", "events stored")
	add(r.Duplicates, "duplicate dropped", "duplicates dropped")
	add(r.Deleted, "contact deleted", "contacts deleted")
	add(r.Missing, "id did not exist", "ids did not exist")
	if len(parts) == 0 {
		return "nothing changed"
	}
	return strings.Join(parts, ", ")
}

// rejected is the error of a single row that could not be applied.
func rejected(r change.Rejection) error {
	return diag.New(diag.Overflow, diag.Span{}, "%s", r.Reason).WithHint("nothing was changed")
}
