package api

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/zeebo/xxh3"

	"github.com/musterdb/muster/cluster/catalog"
	"github.com/musterdb/muster/cluster/command"
	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/engine/ingest"
	"github.com/musterdb/muster/engine/tabular"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/write"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// maxReported is how many rejected rows an answer lists; all are counted.
const maxReported = 1000

// IngestRequest is a batch of rows of contacts or of one event type. Each column goes to the attribute
// or property of its name; contacts need id, events need contact and time.
type IngestRequest struct {
	Base     string
	Target   string // contacts, or an event type
	Event    bool   // Target is an event type
	Body     io.Reader
	Options  tabular.Options
	BatchKey string // if not empty, the batch takes effect once, however often it is sent
}

// RowError is a row that was rejected.
type RowError struct {
	Row    int64  `json:"row"`            // from 1
	Line   int64  `json:"line,omitempty"` // in formats with lines
	Column string `json:"column,omitempty"`
	Reason string `json:"reason"`
}

// IngestResult is what became of a batch.
type IngestResult struct {
	Rows       int64      `json:"rows"` // that came, rejected ones included
	Created    uint64     `json:"created"`
	Updated    uint64     `json:"updated"`
	Events     uint64     `json:"events"`
	Duplicates uint64     `json:"duplicates"`
	Repeated   uint64     `json:"repeated,omitempty"` // rows that an earlier sending of the same batch brought in
	Rejected   int64      `json:"rejected"`
	Errors     []RowError `json:"errors,omitempty"` // of the first rejected rows
}

// Ingest takes a batch. Rows that do not fit are rejected one by one; the others are durable and applied
// when it returns.
func (s *Service) Ingest(ctx context.Context, req IngestRequest) (*IngestResult, error) {
	stmt := &ast.CopyFrom{Target: ast.Ident{Name: req.Target}}
	if !req.Event && req.Target != "contacts" || req.Event && req.Target == "contacts" {
		return nil, diag.New(diag.Invalid, diag.Span{}, "%q is no event type", req.Target).
			WithHint("contacts come to /v1/bases/%s/contacts, events to /v1/bases/%s/events/TYPE", req.Base, req.Base)
	}
	r, err := tabular.NewReader(req.Body, req.Options)
	if err != nil {
		return nil, Unreadable(err)
	}
	defer func() { _ = r.Close() }()
	in := &intake{Service: s, base: req.Base, stmt: stmt, key: req.BatchKey, total: &IngestResult{}}
	for number := uint64(0); ; number++ {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			return in.total, nil
		}
		if err != nil {
			return nil, in.partly(Unreadable(err))
		}
		if err := in.batch(ctx, b, number); err != nil {
			return nil, in.partly(err)
		}
	}
}

// partly says of an error how many rows were in when it came.
func (in *intake) partly(err error) error {
	if in.total.Rows == 0 {
		return err
	}
	var known *diag.Error
	if !errors.As(err, &known) {
		known = diag.New(diag.Internal, diag.Span{}, "%v", err)
	}
	said := *known
	said.Msg += fmt.Sprintf("; the first %d rows are in", in.total.Rows-in.total.Rejected)
	if in.key == "" {
		said.Hint = strings.TrimPrefix(said.Hint+"; a Muster-Batch header lets a batch be sent again without counting twice", "; ")
	}
	return errors.Join(&said, err)
}

// Unreadable is the error of a body that is not what it claims to be. It wraps the cause.
func Unreadable(err error) error {
	var known *diag.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, tabular.ErrTooLarge):
		known = diag.New(diag.Limit, diag.Span{}, "%v", err).WithHint("send the rows in several batches")
	default:
		known = diag.New(diag.Invalid, diag.Span{}, "the rows cannot be read: %v", err)
	}
	return errors.Join(known, err)
}

// intake is one batch of a client under way, which may be several of tabular's.
type intake struct {
	*Service
	base   string
	stmt   *ast.CopyFrom
	key    string
	total  *IngestResult
	mapper *ingest.Mapper
	sch    *schema.Schema
	bound  int // columns of the file when mapper was bound
}

func (in *intake) batch(ctx context.Context, b *tabular.Batch, number uint64) error {
	if now, err := in.Schema(in.base); err != nil {
		return err
	} else if in.mapper == nil || in.bound != len(b.Columns) || in.sch.Base != now.Base || in.sch.Version != now.Version {
		if err := in.bind(ctx, b); err != nil {
			return err
		}
	}
	res := in.mapper.Map(b)
	in.count(int64(b.Source), res.Rejected)
	if res.Part == nil {
		return nil
	}
	id := node.Batch{}
	if in.key != "" {
		id = node.Batch{Producer: producerOf("batch", in.sch.Base, in.stmt.Target.Name+"\x00"+in.key), Seq: number}
	}
	done, err := in.node.Write(ctx, in.sch, &change.Change{Parts: []change.Part{res.Part}}, id)
	if err != nil {
		return err
	}
	in.metrics.wrote(done.Result, len(res.Rejected)+len(done.Rejected))
	in.total.Rejected += int64(len(done.Rejected))
	in.total.Created += done.Created
	in.total.Updated += done.Updated
	in.total.Events += done.Events
	in.total.Duplicates += done.Duplicates
	in.total.Repeated += done.Repeated
	return nil
}

// bind maps the columns that the rows have so far, making what open schema infers.
func (in *intake) bind(ctx context.Context, b *tabular.Batch) error {
	cols := make([]bind.Column, len(b.Columns))
	for i := range b.Columns {
		cols[i] = ingest.FileColumn(&b.Columns[i], b.Rows)
	}
	p, sch, clock, err := in.Map(ctx, in.base, in.stmt, cols)
	if err != nil {
		return err
	}
	zone, err := bind.Zone(sch)
	if err != nil {
		return err
	}
	in.sch, in.bound = sch, len(b.Columns)
	in.mapper, err = ingest.New(p, clock, zone)
	return err
}

// Map binds a mapping under the newest schema and makes what open schema infers first. It returns the
// schema and the clock it was bound under.
func (s *Service) Map(ctx context.Context, base string, stmt *ast.CopyFrom, cols []bind.Column) (*write.MappingPlan, *schema.Schema, int64, error) {
	for {
		sch, err := s.Schema(base)
		if err != nil {
			return nil, nil, 0, err
		}
		clock := s.node.Clock(sch)
		p, err := write.Mapping(stmt, cols, sch, bind.Options{Clock: clock})
		if err != nil {
			return nil, nil, 0, err
		}
		switch {
		case p.NewEvent || len(p.NewProps) > 0:
			err = s.addEvent(ctx, base, p.Event.Name, p.NewProps)
		case len(p.NewAttrs) > 0:
			err = s.addAttributes(ctx, base, p.NewAttrs)
		default:
			return p, sch, clock, nil
		}
		if err != nil {
			return nil, nil, 0, err
		}
	}
}

func (in *intake) count(rows int64, rejected []tabular.RowError) {
	in.total.Rows += rows
	in.total.Rejected += int64(len(rejected))
	for _, r := range rejected {
		if len(in.total.Errors) < maxReported {
			in.total.Errors = append(in.total.Errors, RowError{r.Row, r.Line, r.Column, r.Reason})
		}
	}
}

// producerOf returns the producer of a key: a 128-bit hash, so that keys are as good as their names.
func producerOf(kind string, base schema.BaseID, key string) command.ProducerID {
	text := fmt.Sprintf("%s\x00%d\x00%s", kind, base, key)
	h := xxh3.HashString128(text)
	var id command.ProducerID
	binary.LittleEndian.PutUint64(id[:8], h.Lo)
	binary.LittleEndian.PutUint64(id[8:], h.Hi|1) // never the zero id, which is none
	return id
}

// Schema returns the newest schema of a base.
func (s *Service) Schema(base string) (*schema.Schema, error) { return s.node.Schema(base) }

// OpenLoad begins a load, or returns how far it has come.
func (s *Service) OpenLoad(ctx context.Context, base, key string, again bool) (catalog.Load, error) {
	sch, err := s.Schema(base)
	if err != nil {
		return catalog.Load{}, err
	}
	return s.node.OpenLoad(ctx, sch.Base, fmt.Sprintf("%d/%s", sch.Base, key), again)
}

// AdvanceLoad records which blocks of a load will come next and how many are in.
func (s *Service) AdvanceLoad(ctx context.Context, base string, to *catalog.LoadChange) (catalog.Load, error) {
	if _, err := s.Schema(base); err != nil {
		return catalog.Load{}, err
	}
	return s.node.AdvanceLoad(ctx, to)
}

// Block is one block of a load: an encoded change with one part, made under a version of the schema.
type Block struct {
	Producer uint64
	Number   uint64
	Schema   uint64
	Change   []byte
}

// LoadBlock takes a block. Sending it again changes nothing.
func (s *Service) LoadBlock(ctx context.Context, base string, b Block) (*IngestResult, error) {
	sch, err := s.Schema(base)
	if err != nil {
		return nil, err
	}
	if err := s.checkLoad(sch, b.Producer); err != nil {
		return nil, err
	}
	ch, err := change.Decode(b.Change)
	if err == nil {
		err = s.checkBlock(sch, ch)
	}
	if err == nil {
		if name, ok := missing(sch, ch); !ok {
			return nil, diag.New(diag.Conflict, diag.Span{}, "%s that the file is loaded into was dropped while the load ran", name).
				WithHint("make it again, or leave it out of the mapping, and run the COPY again")
		}
	}
	if err != nil {
		return nil, diag.New(diag.Invalid, diag.Span{}, "block %d cannot be taken: %v", b.Number, err)
	}
	id := node.Batch{Producer: producerOf("load", sch.Base, fmt.Sprint(b.Producer)), Seq: b.Number}
	res, err := s.node.Write(ctx, sch, ch, id)
	if err != nil {
		return nil, err
	}
	s.metrics.wrote(res.Result, len(res.Rejected))
	return &IngestResult{Created: res.Created, Updated: res.Updated, Events: res.Events, Duplicates: res.Duplicates, Repeated: res.Repeated}, nil
}

// checkLoad makes sure that a block belongs to a load of this base. A base of the same name that was made
// since the load began has other attributes under the ids that the blocks were made with.
func (s *Service) checkLoad(sch *schema.Schema, producer uint64) error {
	l, ok := s.node.Catalog().LoadOf(producer)
	if ok && l.Base == sch.Base {
		return nil
	}
	return diag.New(diag.Conflict, diag.Span{}, "the load is not one of base %q: it was begun again, or the base was dropped and made anew while it ran", sch.Name).
		WithHint("run the COPY once more")
}

// missing says what a change holds values for that the schema does not have any more.
func missing(sch *schema.Schema, ch *change.Change) (what string, ok bool) {
	for _, p := range ch.Parts {
		switch p := p.(type) {
		case *change.Upsert:
			for i := range p.Cols {
				if _, ok := sch.AttrByID(schema.AttrID(p.Cols[i].ID)); !ok {
					return "an attribute", false
				}
			}
		case *change.Track:
			ev, ok := sch.EventByID(p.Event)
			if !ok {
				return "the event type", false
			}
			for i := range p.Props {
				if _, ok := ev.PropByID(schema.PropID(p.Props[i].ID)); !ok {
					return "a property", false
				}
			}
		}
	}
	return "", true
}

// checkBlock refuses what a client of this version would not send: other parts than rows, and events
// that cannot have happened.
func (s *Service) checkBlock(sch *schema.Schema, ch *change.Change) error {
	if err := change.Validate(ch); err != nil {
		return err
	}
	latest := s.node.Clock(sch) + schema.MaxAheadOfClock.Milliseconds()
	for _, p := range ch.Parts {
		switch p := p.(type) {
		case *change.Upsert:
		case *change.Track:
			for _, t := range p.Times {
				if t < 0 || t > latest {
					return fmt.Errorf("an event is at %d ms, outside of what may have happened", t)
				}
			}
		default:
			return fmt.Errorf("a block holds rows, not a %T", p)
		}
	}
	return nil
}
