package parse

import (
	"strings"

	"github.com/musterdb/muster/query/ast"
)

func (s *countStmt) node() (ast.Stmt, error) {
	n := &ast.Count{AsOf: s.AsOf.value()}
	if s.Where != nil {
		n.Where = s.Where.X
	}
	return n, nil
}

// value returns the hook's value, or nil.
func (h *sumHook) value() ast.Expr {
	if h == nil {
		return nil
	}
	return h.X
}

func (s *selectStmt) node() (ast.Stmt, error) { return s.query() }

func (s *selectStmt) query() (*ast.Select, error) {
	n := &ast.Select{Items: s.Items.L, From: s.From.Ident, Where: s.Where.value(), Group: s.Group.list(), Having: s.Having.value(), AsOf: s.AsOf.value()}
	if s.Early != nil {
		if n.AsOf != nil {
			return nil, syntax(n.AsOf.Span(), "the statement has two AS OF").hint("write one of them")
		}
		n.AsOf = s.Early.X
	}
	if s.Order != nil {
		n.Order = s.Order.L
	}
	if s.Limit != nil {
		n.Limit = s.Limit.X
	}
	return n, nil
}

func (s *createBaseStmt) node() (ast.Stmt, error) {
	n := &ast.CreateBase{Name: s.Name.Ident}
	if s.Options != nil {
		n.Options = s.Options.L
	}
	return n, nil
}

func (s *useStmt) node() (ast.Stmt, error) { return &ast.Use{Base: s.Base.Ident}, nil }

func (s *createAttributeStmt) node() (ast.Stmt, error) {
	return &ast.CreateAttribute{Name: s.Name.Ident, Type: s.Type.T, Personal: s.Personal}, nil
}

func (s *createEventStmt) node() (ast.Stmt, error) {
	n := &ast.CreateEvent{Name: s.Name.Ident, Fields: s.Fields.list()}
	if s.ID != nil {
		n.ID = &s.ID.Ident
	}
	if s.Keep != nil {
		n.Keep = s.Keep.X
	}
	return n, nil
}

// list returns the fields, or none.
func (h *fieldsHook) list() []ast.Field {
	if h == nil {
		return nil
	}
	return h.L
}

func (s *alterEventStmt) node() (ast.Stmt, error) {
	n := &ast.AlterEvent{Name: s.Name.Ident, Add: s.Add.list()}
	if s.Drop != nil {
		n.Drop = &s.Drop.Ident
	}
	return n, nil
}

var objectKinds = map[string]ast.ObjectKind{
	"BASE": ast.KindBase, "ATTRIBUTE": ast.KindAttribute, "EVENT": ast.KindEvent, "SEGMENT": ast.KindSegment,
}

func (s *dropStmt) node() (ast.Stmt, error) {
	return &ast.Drop{Kind: objectKinds[strings.ToUpper(s.Kind)], Name: s.Name.Ident}, nil
}

func (s *renameStmt) node() (ast.Stmt, error) {
	return &ast.Rename{Kind: objectKinds[strings.ToUpper(s.Kind)], Name: s.Name.Ident, To: s.To.Ident}, nil
}

// list returns the assignments, or none.
func (h *assignsHook) list() []ast.Assign {
	if h == nil {
		return nil
	}
	return h.L
}

func (s *upsertStmt) node() (ast.Stmt, error) {
	return &ast.Upsert{ID: s.ID.X, Set: s.Set.list()}, nil
}

func (s *trackStmt) node() (ast.Stmt, error) {
	n := &ast.Track{Event: s.Event.Ident, Contact: s.Contact.X, Time: s.Time.value(), Props: s.Props.list()}
	if s.EventID != nil {
		n.EventID = s.EventID.X
	}
	return n, nil
}

func (s *deleteContactStmt) node() (ast.Stmt, error) {
	return &ast.DeleteContact{ID: s.ID.X, Now: s.Now}, nil
}

func (s *copyFromStmt) node() (ast.Stmt, error) {
	n := &ast.CopyFrom{Target: s.Target.Ident, File: s.File.X, Map: s.Map.list(), SkipBad: s.Skip, Again: s.Again}
	if s.Rejects != nil {
		n.RejectsTo = s.Rejects.X
	}
	return n, nil
}

func (s *copyToStmt) node() (ast.Stmt, error) {
	q, err := s.Query.query()
	if err != nil {
		return nil, err
	}
	return &ast.CopyTo{Query: q, File: s.File.X}, nil
}
