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
	n := &ast.Select{From: s.From.Ident, AsOf: s.AsOf.value()}
	if s.Early != nil {
		if n.AsOf != nil {
			return nil, syntax(n.AsOf.Span(), "the statement has two AS OF").hint("write one of them")
		}
		n.AsOf = s.Early.X
	}
	for _, i := range s.Items {
		n.Items = append(n.Items, i.I)
	}
	if s.Where != nil {
		n.Where = s.Where.X
	}
	for _, o := range s.Order {
		n.Order = append(n.Order, ast.OrderItem{X: o.X.X, Desc: o.Desc})
	}
	if s.Limit != nil {
		n.Limit = s.Limit.X
	}
	return n, nil
}

func (s *createBaseStmt) node() (ast.Stmt, error) {
	n := &ast.CreateBase{Name: s.Name.Ident}
	for _, o := range s.Options {
		n.Options = append(n.Options, o.O)
	}
	return n, nil
}

func (s *useStmt) node() (ast.Stmt, error) { return &ast.Use{Base: s.Base.Ident}, nil }

func (s *createAttributeStmt) node() (ast.Stmt, error) {
	return &ast.CreateAttribute{Name: s.Name.Ident, Type: s.Type.T, Personal: s.Personal}, nil
}

func (s *createEventStmt) node() (ast.Stmt, error) {
	n := &ast.CreateEvent{Name: s.Name.Ident, Fields: fields(s.Fields)}
	if s.ID != nil {
		n.ID = &s.ID.Ident
	}
	if s.Keep != nil {
		n.Keep = s.Keep.X
	}
	return n, nil
}

func fields(fs []field) []ast.Field {
	var out []ast.Field
	for _, f := range fs {
		out = append(out, ast.Field{Name: f.Name.Ident, Type: f.Type.T})
	}
	return out
}

func (s *alterEventStmt) node() (ast.Stmt, error) {
	n := &ast.AlterEvent{Name: s.Name.Ident, Add: fields(s.Add)}
	if s.Drop != nil {
		n.Drop = &s.Drop.Ident
	}
	return n, nil
}

var objectKinds = map[string]ast.ObjectKind{
	"BASE": ast.KindBase, "ATTRIBUTE": ast.KindAttribute, "EVENT": ast.KindEvent,
}

func (s *dropStmt) node() (ast.Stmt, error) {
	return &ast.Drop{Kind: objectKinds[strings.ToUpper(s.Kind)], Name: s.Name.Ident}, nil
}

func (s *renameStmt) node() (ast.Stmt, error) {
	return &ast.Rename{Kind: objectKinds[strings.ToUpper(s.Kind)], Name: s.Name.Ident, To: s.To.Ident}, nil
}

func assigns(hs []assignHook) []ast.Assign {
	var out []ast.Assign
	for _, h := range hs {
		out = append(out, h.A)
	}
	return out
}

func (s *upsertStmt) node() (ast.Stmt, error) {
	return &ast.Upsert{ID: s.ID.X, Set: assigns(s.Set)}, nil
}

func (s *trackStmt) node() (ast.Stmt, error) {
	n := &ast.Track{Event: s.Event.Ident, Contact: s.Contact.X, Time: s.Time.value(), Props: assigns(s.Props)}
	if s.EventID != nil {
		n.EventID = s.EventID.X
	}
	return n, nil
}

func (s *deleteContactStmt) node() (ast.Stmt, error) {
	return &ast.DeleteContact{ID: s.ID.X, Now: s.Now}, nil
}

func (s *copyFromStmt) node() (ast.Stmt, error) {
	n := &ast.CopyFrom{Target: s.Target.Ident, File: s.File.X, Map: assigns(s.Map), SkipBad: s.Skip, Again: s.Again}
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

var showKinds = map[string]ast.ShowKind{
	"BASES": ast.ShowBases, "ATTRIBUTES": ast.ShowAttributes, "EVENTS": ast.ShowEvents, "STORAGE": ast.ShowStorage,
}

func (s *showStmt) node() (ast.Stmt, error) {
	return &ast.Show{Kind: showKinds[strings.ToUpper(s.What)]}, nil
}
