package storage

import (
	"errors"
	"fmt"
	"slices"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/tile"
)

// Prepared is a change that was checked, resolved to rows and provided with memory. It ends with Commit
// or Abort; until then the shard must not be changed otherwise. It aliases the change.
type Prepared struct {
	s     *Shard
	tx    *tile.Tx
	steps []step
	done  bool

	maintained bool // has a Maintain

	schema *schema.Schema                 // as the parts so far leave it
	types  map[schema.AttrID]schema.Type  // of its attributes, once a part changed it
	next   int                            // rows as the parts so far leave them
	serve  int                            // contacts after the part at hand
	reuse  int                            // swept rows taken
	gone   map[uint32]bool                // existing rows that the change deletes
	dicts  map[schema.AttrID]*column.Dict // of columns that the change makes
	result change.Result
}

// step is the prepared work of one part. It cannot fail.
type step interface {
	commit(s *Shard, r *change.Result)
}

// ErrDropped is returned by Prepare for a DropBase: the shard's owner removes the whole shard.
var ErrDropped = errors.New("the base is dropped")

// Prepare checks a change against the shard, resolves ids to rows and texts to codes, and prepares the
// events. It changes nothing that a reader could see and may refuse, then with nothing done. Readers may
// go on meanwhile.
//
// An error means that the change does not fit the shard's schema or exceeds a limit; every replica finds
// the same. Rows that cannot be applied for their values are not errors but Rejections of the result.
func (s *Shard) Prepare(ch *change.Change) (*Prepared, error) {
	p := &Prepared{s: s, schema: s.schema, next: s.rows}
	s.match.reset()
	p.tx = s.store.Begin()
	for i, part := range ch.Parts {
		if err := p.part(i, part); err != nil {
			p.Abort()
			return nil, fmt.Errorf("part %d: %w", i, err)
		}
	}
	return p, nil
}

func (p *Prepared) part(i int, part change.Part) error {
	switch c := part.(type) {
	case *change.Schema:
		return p.setSchema(c)
	case *change.Upsert:
		return p.upsert(i, c)
	case *change.Track:
		return p.track(c)
	case *change.Delete:
		return p.delete(c)
	case *change.DeleteEvents:
		return p.deleteEvents(c)
	case *change.Maintain:
		if p.maintained {
			return nil // one slice a change
		}
		p.maintained = true
		return p.maintain(c)
	case *change.Forget:
		return p.forget()
	case *change.DropBase:
		return ErrDropped
	}
	return fmt.Errorf("a shard cannot apply a %T", part)
}

// Commit applies the change and says what it did. Readers must be kept out; it cannot fail.
func (p *Prepared) Commit() change.Result {
	p.finish()
	first := p.s.rows >> 16
	p.s.free = p.s.free[:len(p.s.free)-p.reuse]
	for _, st := range p.steps {
		st.commit(p.s, &p.result)
	}
	p.tx.Commit()
	p.s.level(min(first, p.s.rows>>16))
	p.s.Settle()
	return p.result
}

// Settle tells the dictionaries how many contacts they serve now and makes what they hold part of the
// shard's state. Commit does it; after a change that was refused, whose texts stay in the dictionaries, the
// shard's owner does, with readers kept out: else a replica that was restored from an image would give later
// texts other codes.
func (s *Shard) Settle() {
	for i := range s.cols {
		if col := &s.cols[i]; col.dict != nil {
			col.dict.SetRows(s.alive)
			col.mark = col.dict.Mark()
		}
	}
}

// Abort forgets the change, up to Settle.
func (p *Prepared) Abort() {
	p.finish()
	p.tx.Abort()
	for _, st := range p.steps {
		if f, ok := st.(*forgetStep); ok {
			f.abort()
		}
	}
	for _, d := range p.dicts {
		d.Free()
	}
}

func (p *Prepared) finish() {
	if p.done {
		panic("storage: a change is ended twice")
	}
	p.done = true
}

// resolve returns the row of a contact as the parts so far leave it.
func (p *Prepared) resolve(k key) (row uint32, ok bool) {
	if row, ok := p.s.Lookup(k.id); ok && !p.gone[row] {
		return row, true
	}
	if e := p.s.match.find(k); e != nil {
		return e.row, true
	}
	return 0, false
}

// reserve gives a new contact a row: a swept one if there is one, else the next.
func (p *Prepared) reserve(k key) (uint32, error) {
	var row uint32
	switch left := len(p.s.free) - p.reuse; {
	case left > 0:
		row = p.s.free[left-1]
		p.reuse++
	case p.next >= schema.MaxRowsPerShard:
		return 0, fmt.Errorf("the shard has %d rows, as many as it can hold: spread the base over more groups", p.next)
	default:
		row = uint32(p.next)
		p.next++
	}
	p.s.match.add(k, row)
	return row, nil
}

// targets resolves ids to rows and creates contacts for those that do not exist.
type targets struct {
	rows    []uint32
	created []created
}

// created is a contact to be made, by element i of the ids.
type created struct {
	i   int
	key key
	row uint32
}

func (p *Prepared) targets(ids *change.Strings) (*targets, error) {
	n := ids.Len()
	t := &targets{rows: make([]uint32, n)}
	for i := range n {
		k := keyOf(ids.At(i))
		if len(k.id) == 0 || len(k.id) > schema.MaxIDBytes {
			return nil, fmt.Errorf("row %d: a contact id of %d bytes; ids have 1 to %d", i, len(k.id), schema.MaxIDBytes)
		}
		row, ok := p.resolve(k)
		if !ok {
			var err error
			if row, err = p.reserve(k); err != nil {
				return nil, err
			}
			t.created = append(t.created, created{i, k, row})
		}
		t.rows[i] = row
	}
	return t, nil
}

// schemaStep brings the shard to another version of the schema.
type schemaStep struct {
	to   *schema.Schema
	stay map[schema.AttrID]schema.Type // the attributes of to
}

func (p *Prepared) setSchema(c *change.Schema) error {
	if c.To == nil {
		return errors.New("a schema change without a schema")
	}
	if c.To.Version <= p.schema.Version {
		return nil // seen already: deltas may arrive twice
	}
	if p.types == nil {
		p.types = typesByAttr(p.schema)
	}
	for _, a := range storedAttrs(c.To) {
		if old, ok := p.types[a.ID]; ok && old != a.Type {
			return fmt.Errorf("attribute %q cannot change from %v to %v: drop it and create it anew", a.Name, old, a.Type)
		}
	}
	if err := p.tx.SetSchema(c.To); err != nil {
		return err
	}
	p.schema, p.types = c.To, typesByAttr(c.To)
	p.steps = append(p.steps, schemaStep{c.To, p.types})
	return nil
}

func (st schemaStep) commit(s *Shard, r *change.Result) {
	r.Pending = r.Pending || losesProps(s.schema, st.to)
	s.dropColumns(st.stay)
	s.schema = st.to
}

// losesProps says whether an event type loses a property, whose values wait for Maintain.
func losesProps(from, to *schema.Schema) bool {
	for i := range from.Events {
		ev, ok := to.EventByID(from.Events[i].ID)
		if !ok {
			continue // freed by Commits
		}
		for _, p := range from.Events[i].Props {
			if _, ok := ev.PropByID(p.ID); !ok {
				return true
			}
		}
	}
	return false
}

// trackStep creates the contacts that events bring along; the events are the transaction's.
type trackStep struct {
	*targets
	stamp              int64
	events, duplicates int
}

func (p *Prepared) track(c *change.Track) error {
	ev, ok := p.schema.EventByID(c.Event)
	dropped := !ok && c.Event > 0 && c.Event < p.schema.NextEvent
	if !ok && !dropped {
		return fmt.Errorf("the base has no event type %d", c.Event)
	}
	t, err := p.targets(&c.IDs)
	if err != nil {
		return err
	}
	rows := t.rows
	if c.Codes != nil {
		rows = make([]uint32, len(c.Codes))
		for i, k := range c.Codes {
			rows[i] = t.rows[k]
		}
	}
	if dropped { // as if it had come before the drop: the contacts stay, the events vanish
		p.steps = append(p.steps, &trackStep{t, c.Stamp, len(rows), 0})
		return nil
	}
	dup, err := p.tx.Append(&tile.Batch{Event: c.Event, Rows: rows, Times: c.Times, IDs: c.EventIDs, Props: p.keptProps(ev, c.Props)})
	if err != nil {
		return err
	}
	p.steps = append(p.steps, &trackStep{t, c.Stamp, len(rows) - dup, dup})
	return nil
}

// keptProps returns the columns without those of properties that were dropped since the change was made.
func (p *Prepared) keptProps(ev *schema.EventType, cols []change.Column) []change.Column {
	dropped := func(c change.Column) bool {
		_, ok := ev.PropByID(schema.PropID(c.ID))
		return !ok && c.ID >= uint32(schema.FirstPropID) && c.ID < uint32(p.schema.NextProp)
	}
	if !slices.ContainsFunc(cols, dropped) {
		return cols
	}
	return slices.DeleteFunc(slices.Clone(cols), dropped)
}

func (st *trackStep) commit(s *Shard, r *change.Result) {
	s.createAll(st.created, st.stamp, nil)
	r.Created += uint64(len(st.created))
	r.Events += uint64(st.events)
	r.Duplicates += uint64(st.duplicates)
}

// createAll makes contacts. created_at is the stamp, but for those to whom the column at gives another.
func (s *Shard) createAll(list []created, stamp int64, at *change.Column) {
	col := s.column(schema.AttrCreatedAt, schema.Type{Kind: schema.KindTimestamp}, nil)
	for _, c := range list {
		s.create(c.row, c.key)
		if at == nil || !at.Op(c.i).Sets() {
			s.chunkFor(col, int(c.row>>16)).SetInt(int(c.row&0xffff), stamp)
		}
	}
}

// deleteStep removes contacts.
type deleteStep struct {
	rows    []uint32
	missing int
}

func (p *Prepared) delete(c *change.Delete) error {
	st := &deleteStep{}
	for i := range c.IDs.Len() {
		k := keyOf(c.IDs.At(i))
		row, ok := p.resolve(k)
		if !ok {
			st.missing++
			continue
		}
		if e := p.s.match.find(k); e != nil {
			e.gone = true
		} else {
			if p.gone == nil {
				p.gone = map[uint32]bool{}
			}
			p.gone[row] = true
		}
		st.rows = append(st.rows, row)
	}
	p.steps = append(p.steps, st)
	return nil
}

func (st *deleteStep) commit(s *Shard, r *change.Result) {
	for _, row := range st.rows {
		s.remove(row)
	}
	r.Deleted += uint64(len(st.rows))
	r.Pending = r.Pending || len(st.rows) > 0 // their events wait for a sweep
	r.Missing += uint64(st.missing)
}
