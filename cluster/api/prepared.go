package api

import (
	"container/list"
	"context"
	"encoding/hex"
	"errors"
	"sync"

	"github.com/zeebo/xxh3"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/query/write"
	"github.com/musterdb/muster/storage/schema"
)

// Limits of prepared statements. Beyond them the one that was not used for the longest time is forgotten.
const (
	maxPrepared      = 10_000
	maxPreparedBytes = 256 << 20 // as weight counts them
)

// weight is about the memory of a statement that is kept, at most: its tree takes up to sixty times its text, as
// in a list of numbers of one digit.
func weight(text string) int { return 64 * len(text) }

// Prepared is a statement that is parsed once and carried out often. Its id is made of its base and text, so
// that preparing it again, after it was forgotten or by somebody else, gives the same one.
type Prepared struct {
	ID     string   `json:"id"`
	Base   string   `json:"base,omitempty"`
	Text   string   `json:"statement"`
	Params []string `json:"params"` // in the order of their first use, without $
	Uses   uint64   `json:"uses"`

	stmt ast.Stmt
	at   *list.Element
}

// prepared keeps the statements, the one that was used last in front.
type prepared struct {
	mu    sync.Mutex
	byID  map[string]*Prepared
	used  list.List
	bytes int
}

// Prepare parses a statement and binds it, as far as that can be done without the values of its parameters.
func (s *Service) Prepare(base, text string) (Prepared, error) {
	stmt, err := parse.Statement(text)
	if err != nil {
		return Prepared{}, err
	}
	names := append([]string{}, bind.Parameters(stmt)...) // an empty list, not null
	if err := s.tryBind(base, stmt, names); err != nil {
		return Prepared{}, s.explain(context.Background(), Request{Text: text}, err)
	}
	sum := xxh3.HashString128(base + "\x00" + text).Bytes()
	return s.prepared.put(&Prepared{ID: hex.EncodeToString(sum[:]), Base: base, Text: text, Params: names, stmt: stmt}), nil
}

// tryBind binds a statement with null for each parameter. What cannot be named is an error whatever the values
// are; other errors may be those of the nulls, and are left to the execution unless there are no parameters.
func (s *Service) tryBind(base string, stmt ast.Stmt, params []string) error {
	if base == "" {
		return nil
	}
	sch, err := s.Schema(base)
	if err != nil {
		return err
	}
	opt := bind.Options{Clock: s.node.Clock(sch), Params: map[string]schema.Value{}}
	for _, name := range params {
		opt.Params[name] = schema.Value{}
	}
	switch stmt := stmt.(type) {
	case *ast.Count, *ast.Select:
		_, err = bind.Query(stmt, sch, opt)
	case *ast.Upsert:
		_, err = write.Upsert(stmt, sch, opt)
	case *ast.Track:
		_, err = write.Track(stmt, sch, opt)
	case *ast.Update:
		_, err = write.Update(stmt, sch, opt)
	case *ast.DeleteEvents:
		_, err = write.DeleteEvents(stmt, sch, opt)
	}
	var known *diag.Error
	if len(params) > 0 && errors.As(err, &known) && known.Code != diag.Name {
		return nil
	}
	return err
}

// Execute carries out a prepared statement with values for its parameters, under the schema of now.
func (s *Service) Execute(ctx context.Context, id string, req Request, to Sink) (Stats, error) {
	p, err := s.prepared.use(id)
	if err != nil {
		return Stats{}, err
	}
	req.Base, req.Text = p.Base, p.Text
	return s.run(ctx, req, p.stmt, to)
}

// PreparedStatements returns the statements that are prepared, the one that was used last in front.
func (s *Service) PreparedStatements() []Prepared { return s.prepared.list() }

// Unprepare forgets a prepared statement.
func (s *Service) Unprepare(id string) error { return s.prepared.drop(id) }

func (p *prepared) put(st *Prepared) Prepared {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byID == nil {
		p.byID = map[string]*Prepared{}
	}
	if old, ok := p.byID[st.ID]; ok {
		p.used.MoveToFront(old.at)
		return *old
	}
	st.at = p.used.PushFront(st)
	p.byID[st.ID] = st
	p.bytes += weight(st.Text)
	for p.used.Len() > maxPrepared || p.bytes > maxPreparedBytes {
		p.forget(p.used.Back().Value.(*Prepared))
	}
	return *st
}

func (p *prepared) forget(st *Prepared) {
	p.used.Remove(st.at)
	delete(p.byID, st.ID)
	p.bytes -= weight(st.Text)
}

func (p *prepared) use(id string) (Prepared, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	st, ok := p.byID[id]
	if !ok {
		return Prepared{}, noPrepared(id)
	}
	st.Uses++
	p.used.MoveToFront(st.at)
	return *st, nil
}

func (p *prepared) drop(id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	st, ok := p.byID[id]
	if !ok {
		return noPrepared(id)
	}
	p.forget(st)
	return nil
}

func (p *prepared) list() []Prepared {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]Prepared, 0, len(p.byID))
	for e := p.used.Front(); e != nil; e = e.Next() {
		all = append(all, *e.Value.(*Prepared))
	}
	return all
}

func noPrepared(id string) error {
	const most = 64
	return diag.New(diag.Name, diag.Span{}, "there is no prepared statement %q", id[:min(len(id), most)]).
		WithHint("prepare it again with POST /v1/statements: the server forgets statements at its stop, and those that were not used for long")
}
