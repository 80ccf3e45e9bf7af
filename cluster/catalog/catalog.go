// Package catalog owns the state of the meta group: which bases there are, each base's schema and segments, and how
// far every load of a file has come. It is a pure state machine: Apply is a function of (state, index,
// command). It does not hold contacts or events, does not check statements (query/bind makes the new
// schema) and does not talk to other groups (cluster/node brings schemas to the shards).
//
// DDL is optimistic: the proposer edits a clone of the schema that it read and proposes the whole of it
// with the version it began from; a concurrent change makes Apply refuse, and the proposer begins again.
// Segments are changed one by one, in commands of their own, under the same versions.
// Commands and images are JSON: they are few and small, and a person can read them.
package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/musterdb/muster/cluster/command"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/schema"
)

// KindCatalog is the command kind of the meta group.
const KindCatalog = 1

// Limits of one catalog.
const (
	MaxBases = 10_000
	// MaxLoads is how many loads are remembered; beyond it the load that finished first is forgotten,
	// and running it again loads it again.
	MaxLoads = 20_000
)

// Op is what a catalog command does.
type Op string

// The operations.
const (
	OpCreateBase  Op = "create_base"
	OpDropBase    Op = "drop_base"
	OpRenameBase  Op = "rename_base"
	OpSetSchema   Op = "set_schema"
	OpOpenLoad    Op = "open_load"
	OpAdvanceLoad Op = "advance_load"

	OpPutSegment     Op = "put_segment"
	OpDropSegment    Op = "drop_segment"
	OpPublishSegment Op = "publish_segment"
)

// Command is one change of the catalog, as it lies in the log.
type Command struct {
	Op      Op                  `json:"op"`
	Name    string              `json:"name,omitempty"`     // of the base
	NewName string              `json:"new_name,omitempty"` // OpRenameBase
	Options *schema.BaseOptions `json:"options,omitempty"`  // OpCreateBase
	Base    schema.BaseID       `json:"base,omitempty"`
	Schema  *schema.Schema      `json:"schema,omitempty"` // OpSetSchema: Version is the expected one + 1, Segments are left out
	Load    *LoadChange         `json:"load,omitempty"`
	Change  *SegmentChange      `json:"change,omitempty"` // of a segment of the base Name, Base
}

// Encode returns the command's bytes.
func (c *Command) Encode() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // conditions are full of < and >
	if err := enc.Encode(c); err != nil {
		panic(fmt.Sprintf("catalog: a command holds plain data only: %v", err))
	}
	return b.Bytes()
}

// Result is what Apply answers: the base's schema after the change, or the load's state.
type Result struct {
	Schema *schema.Schema
	Load   Load
}

// state is all that the catalog knows. Schemas in it are never changed, only replaced.
type state struct {
	NextBase schema.BaseID             `json:"next_base"`
	Bases    map[string]*schema.Schema `json:"bases"`
	Loads    map[string]*Load          `json:"loads"`
}

// Catalog is the meta group's state machine. All methods are safe for concurrent use.
type Catalog struct {
	mu         sync.RWMutex
	st         state
	byProducer map[uint64]*Load // the loads of st
}

// New returns an empty catalog.
func New() *Catalog {
	return &Catalog{st: newState(), byProducer: map[uint64]*Load{}}
}

func newState() state {
	return state{NextBase: 1, Bases: map[string]*schema.Schema{}, Loads: map[string]*Load{}}
}

// Base returns the schema of the base with that name.
func (c *Catalog) Base(name string) (*schema.Schema, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	s, ok := c.st.Bases[name]
	return s, ok
}

// Bases returns the schemas of all bases, by name.
func (c *Catalog) Bases() []*schema.Schema {
	c.mu.RLock()
	defer c.mu.RUnlock()
	all := make([]*schema.Schema, 0, len(c.st.Bases))
	for _, name := range slices.Sorted(maps.Keys(c.st.Bases)) {
		all = append(all, c.st.Bases[name])
	}
	return all
}

// Apply applies one command. It answers a Result, or an error if it refuses, which changes nothing.
func (c *Catalog) Apply(index uint64, cmd *command.Command) any {
	var in Command
	if err := json.Unmarshal(cmd.Payload, &in); err != nil {
		return diag.New(diag.Internal, diag.Span{}, "the catalog command at index %d cannot be read: %v", index, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	res, err := c.applyLocked(index, &in)
	if err != nil {
		return err
	}
	return res
}

func (c *Catalog) applyLocked(index uint64, in *Command) (Result, error) {
	switch in.Op {
	case OpCreateBase:
		return c.createBase(in)
	case OpDropBase:
		return c.dropBase(in)
	case OpRenameBase:
		return c.renameBase(in)
	case OpSetSchema:
		return c.setSchema(in)
	case OpOpenLoad:
		return c.openLoad(index, in.Load)
	case OpAdvanceLoad:
		return c.advanceLoad(in.Load)
	case OpPutSegment, OpDropSegment, OpPublishSegment:
		return c.changeSegment(in)
	}
	return Result{}, diag.New(diag.Internal, diag.Span{}, "the catalog does not know the operation %q", in.Op).
		WithHint("the log was written by a newer version of Muster")
}

func (c *Catalog) createBase(in *Command) (Result, error) {
	switch {
	case in.Options == nil:
		return Result{}, diag.New(diag.Internal, diag.Span{}, "a base needs options")
	case c.st.Bases[in.Name] != nil:
		return Result{}, exists(in.Name)
	case len(c.st.Bases) >= MaxBases:
		return Result{}, diag.New(diag.Limit, diag.Span{}, "there are already %d bases, the most there can be", MaxBases)
	}
	s := schema.New(c.st.NextBase, in.Name, *in.Options)
	c.st.NextBase++
	c.st.Bases[in.Name] = s
	return Result{Schema: s}, nil
}

func (c *Catalog) dropBase(in *Command) (Result, error) {
	s := c.st.Bases[in.Name]
	if s == nil {
		return Result{}, c.noBase(in.Name)
	}
	delete(c.st.Bases, in.Name)
	for _, l := range c.st.Loads {
		if l.Base == s.Base {
			c.forget(l)
		}
	}
	return Result{Schema: s}, nil
}

func (c *Catalog) renameBase(in *Command) (Result, error) {
	s := c.st.Bases[in.Name]
	if s == nil {
		return Result{}, c.noBase(in.Name)
	}
	if c.st.Bases[in.NewName] != nil {
		return Result{}, exists(in.NewName)
	}
	renamed := s.Clone()
	renamed.Name = in.NewName
	renamed.Version++
	delete(c.st.Bases, in.Name)
	c.st.Bases[in.NewName] = renamed
	return Result{Schema: renamed}, nil
}

func (c *Catalog) setSchema(in *Command) (Result, error) {
	if in.Schema == nil {
		return Result{}, diag.New(diag.Internal, diag.Span{}, "a schema change needs a schema")
	}
	now := c.st.Bases[in.Schema.Name]
	if now == nil || now.Base != in.Schema.Base {
		return Result{}, c.noBase(in.Schema.Name)
	}
	if in.Schema.Version != now.Version+1 {
		return Result{}, ErrStale
	}
	if err := keepSegments(now, in.Schema); err != nil {
		return Result{}, err
	}
	c.st.Bases[in.Schema.Name] = in.Schema
	return Result{Schema: in.Schema}, nil
}

// ErrStale is returned when a schema change began from a version that is no longer the newest: read the
// schema again and repeat the change.
var ErrStale = diag.New(diag.Conflict, diag.Span{}, "the schema was changed by somebody else at the same time")

func (c *Catalog) noBase(name string) error {
	return NoBase(name, slices.Sorted(maps.Keys(c.st.Bases)))
}

func exists(name string) error {
	return diag.New(diag.Exists, diag.Span{}, "there is already a base %q", name).
		WithHint("go on with it, choose another name, or give it another one with RENAME BASE; DROP BASE deletes it with all that it holds")
}

// NoBase is the error of a base that does not exist.
func NoBase(name string, have []string) *diag.Error {
	err := diag.New(diag.Name, diag.Span{}, "there is no base %q", name)
	if near, ok := diag.Suggest(name, have); ok {
		return err.WithHint("did you mean %q?", near)
	}
	if len(have) == 0 {
		return err.WithHint("there are no bases yet; make one with CREATE BASE %s", name)
	}
	return err.WithHint("SHOW BASES lists those there are")
}
