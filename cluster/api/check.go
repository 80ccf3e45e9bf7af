package api

import (
	"context"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/lint"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/query/print"
	"github.com/musterdb/muster/query/write"
	"github.com/musterdb/muster/storage/schema"
)

// Checked is what can be said of a statement without carrying it out.
type Checked struct {
	Canonical string         // its canonical text; empty if it does not parse
	Err       error          // a *diag.Error with its place in the text, or nil
	Warnings  []diag.Warning // of what is legal but rarely meant
}

// Check parses and binds a statement and runs nothing. What depends on data, such as whether a contact or a
// file is there, is not looked at, and neither are the values of parameters.
func (s *Service) Check(ctx context.Context, base, text string) Checked {
	req := Request{Base: base, Text: text}
	stmt, err := parse.Statement(text)
	if err != nil {
		return Checked{Err: s.explain(ctx, req, err)}
	}
	x := &execution{Service: s, req: req}
	c := Checked{Canonical: print.Stmt(stmt), Err: s.explain(ctx, req, x.bound(stmt))}
	if c.Err == nil {
		c.Warnings = x.lint(stmt)
	}
	return c
}

// bound says why a statement does not bind.
func (x *execution) bound(stmt ast.Stmt) error {
	if baseless(stmt) || len(bind.Parameters(stmt)) > 0 {
		return nil
	}
	sch, err := x.schema()
	if err != nil {
		return err
	}
	opt := x.options(sch)
	switch stmt := stmt.(type) {
	case *ast.Explain:
		return x.bound(stmt.Stmt)
	case *ast.CopyTo:
		return x.bound(stmt.Query)
	case *ast.Count, *ast.Select:
		_, err = bind.Query(stmt, sch, opt)
	case *ast.Describe:
		_, err = describedOf(stmt, sch, x.node.Catalog().Bases())
	case *ast.Upsert, *ast.Track, *ast.Update, *ast.DeleteEvents:
		err = boundWrite(stmt, sch, opt)
	default:
		err = boundChange(stmt, sch, opt)
	}
	return err
}

// baseless tells the statements that are over no base, or that need none to be looked at.
func baseless(stmt ast.Stmt) bool {
	switch stmt := stmt.(type) {
	case *ast.CreateBase, *ast.Use, *ast.Kill:
		return true
	case *ast.Show:
		return stmt.Kind == ast.ShowBases || stmt.Kind == ast.ShowStorage || stmt.Kind == ast.ShowQueries
	case *ast.Drop:
		return stmt.Kind == ast.KindBase
	case *ast.Rename:
		return stmt.Kind == ast.KindBase
	}
	return false
}

func boundWrite(stmt ast.Stmt, sch *schema.Schema, opt bind.Options) (err error) {
	switch stmt := stmt.(type) {
	case *ast.Upsert:
		_, err = write.Upsert(stmt, sch, opt)
	case *ast.Track:
		_, err = write.Track(stmt, sch, opt)
	case *ast.Update:
		_, err = write.Update(stmt, sch, opt)
	case *ast.DeleteEvents:
		_, err = write.DeleteEvents(stmt, sch, opt)
	}
	return err
}

// boundChange looks at the statements that change a schema.
func boundChange(stmt ast.Stmt, sch *schema.Schema, opt bind.Options) (err error) {
	switch stmt := stmt.(type) {
	case *ast.CreateSegment:
		_, err = write.CreateSegment(stmt, sch, opt)
	case *ast.AlterSegment:
		_, err = write.AlterSegment(stmt, sch, opt)
	case *ast.CreateAttribute, *ast.CreateEvent, *ast.AlterEvent:
		_, err = edited(stmt, sch)
	case *ast.Drop:
		if stmt.Kind == ast.KindSegment {
			_, err = write.DropSegment(stmt, sch)
			return err
		}
		_, err = edited(stmt, sch)
	case *ast.Rename:
		if stmt.Kind == ast.KindSegment {
			_, err = write.RenameSegment(stmt, sch)
			return err
		}
		_, err = edited(stmt, sch)
	}
	return err
}

// lint returns the warnings of a statement. A mistake in finding them is logged and costs the warnings, never the
// statement.
func (x *execution) lint(stmt ast.Stmt) (found []diag.Warning) {
	sch, err := x.node.Schema(x.req.Base)
	if err != nil {
		return nil
	}
	defer func() {
		if cause := recover(); cause != nil {
			x.cfg.Logger.Error("looking for warnings panicked", "cause", cause, "statement", clip(x.req.Text))
			found = nil
		}
	}()
	return lint.Check(stmt, sch)
}

// warn looks for warnings and tells the sink before the answer begins, if it wants to know.
func (x *execution) warn(stmt ast.Stmt) {
	x.warnings = x.lint(stmt)
	if w, ok := x.to.(watched); ok && len(x.warnings) > 0 {
		if to, ok := w.Sink.(Warner); ok {
			to.Warn(x.warnings)
		}
	}
}

// Warner is a Sink that wants the warnings before the answer.
type Warner interface {
	Warn([]diag.Warning)
}
