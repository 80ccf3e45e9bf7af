package enginetest

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/zeebo/xxh3"

	"github.com/musterdb/muster/engine"
	"github.com/musterdb/muster/engine/oracle"
	"github.com/musterdb/muster/query/bind"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// Entry is one command of a shard's log.
type Entry struct {
	Stamp int64
	Bytes []byte // of the change
}

// Base is one base spread over shards as a node spreads it over groups. It is a script.System. Every
// change goes through its bytes. Writes that need no answer of their own wait until Batch rows of one kind
// and stamp can travel as one change, as rows of a bulk load do.
type Base struct {
	Spread int       // shards: 1, 4 or 16
	Batch  int       // rows of a change; 0 and 1 send each write by itself
	Keep   bool      // keep the log
	Log    [][]Entry // of each shard, if Keep is set

	alloc   *slab.Allocator
	shards  []*engine.Shard
	schema  *schema.Schema
	newest  int64 // the newest stamp, as the coordinator knows it
	pending *pending
}

// New returns a base that waits for its first schema.
func New(spread, batch int) *Base {
	b := &Base{Spread: spread, Batch: batch, alloc: slab.New(), Log: make([][]Entry, spread)}
	for range spread {
		b.shards = append(b.shards, engine.NewShard(b.alloc))
	}
	return b
}

// Close gives the memory back.
func (b *Base) Close() {
	for _, s := range b.shards {
		s.Close()
	}
}

// shardOf places a contact as cluster/node does.
func (b *Base) shardOf(id []byte) int {
	return schema.GroupOf(int(xxh3.Hash(id)%schema.Slots), b.Spread)
}

// apply sends a change to the shards that it concerns, each its own bytes.
func (b *Base) apply(ch *change.Change, stamp int64) (change.Result, error) {
	var sum change.Result
	for i, part := range change.Split(ch, b.Spread, b.shardOf) {
		if part == nil {
			continue
		}
		res, err := b.applyBytes(i, Entry{stamp, change.Encode(nil, part)})
		if err != nil {
			return sum, err
		}
		sum.Pending = sum.Pending || res.Pending
		sum.Events += res.Events
		sum.Duplicates += res.Duplicates
		sum.Updated += res.Updated
		sum.Rejected = append(sum.Rejected, res.Rejected...)
	}
	return sum, nil
}

func (b *Base) applyBytes(shard int, e Entry) (change.Result, error) {
	ch, err := change.Decode(e.Bytes)
	if err != nil {
		return change.Result{}, fmt.Errorf("decode a change of our own: %w", err)
	}
	if b.Keep {
		b.Log[shard] = append(b.Log[shard], e)
	}
	for _, p := range ch.Parts {
		if s, ok := p.(*change.Schema); ok {
			b.schema = s.To
		}
	}
	return b.shards[shard].Apply(ch, e.Stamp)
}

// Replay applies a shard's log to one shard after the other. restore returns before which entry of shard i
// the shard goes through an image; −1 is never.
func (b *Base) Replay(log [][]Entry, restore func(shard int) int) error {
	for i, entries := range log {
		at := restore(i)
		for k, e := range entries {
			if k == at {
				if err := b.restore(i); err != nil {
					return err
				}
			}
			if _, err := b.applyBytes(i, e); err != nil {
				return fmt.Errorf("shard %d, entry %d: %w", i, k, err)
			}
			b.newest = max(b.newest, e.Stamp)
		}
	}
	return nil
}

// SetSchema publishes a schema to all shards.
func (b *Base) SetSchema(s *schema.Schema) error {
	if err := b.Flush(); err != nil {
		return err
	}
	if _, err := bind.Zone(s); err != nil {
		return err
	}
	s = s.Clone()
	s.Options.Spread = b.Spread
	_, err := b.apply(&change.Change{Parts: []change.Part{&change.Schema{To: s}}}, b.newest)
	b.Name(s)
	return err
}

// Name tells the base the newest schema whole, after a Replay: logs hold no names and conditions of segments.
func (b *Base) Name(s *schema.Schema) { b.schema = s }

// Shards returns the shards.
func (b *Base) Shards() []*engine.Shard { return b.shards }

// Schema returns the schema as published last.
func (b *Base) Schema() *schema.Schema { return b.schema }

// Delete deletes a contact.
func (b *Base) Delete(id string, nowMS int64) error {
	if err := b.Flush(); err != nil {
		return err
	}
	var ids change.Strings
	ids.AppendString(id)
	b.newest = max(b.newest, nowMS)
	_, err := b.apply(&change.Change{Parts: []change.Part{&change.Delete{IDs: ids}}}, nowMS)
	return err
}

// Retain does all housekeeping, so that retention has run.
func (b *Base) Retain(nowMS int64) error {
	for range 100_000 {
		left, err := b.Maintain(nowMS)
		if err != nil || !left {
			return err
		}
	}
	return errors.New("housekeeping does not come to an end")
}

// Maintain does one slice of housekeeping in every shard and says whether some is left.
func (b *Base) Maintain(nowMS int64) (bool, error) {
	if err := b.Flush(); err != nil {
		return false, err
	}
	res, err := b.apply(&change.Change{Parts: []change.Part{&change.Maintain{}}}, nowMS)
	return res.Pending, err
}

// Images returns the shards' images.
func (b *Base) Images() ([][]byte, error) {
	if err := b.Flush(); err != nil {
		return nil, err
	}
	var out [][]byte
	for i := range b.shards {
		img, err := b.image(i)
		if err != nil {
			return nil, err
		}
		out = append(out, img)
	}
	return out, nil
}

func (b *Base) image(i int) ([]byte, error) {
	pin, err := b.shards[i].Pin()
	if err != nil {
		return nil, err
	}
	defer pin.Release()
	var buf bytes.Buffer
	err = pin.WriteImage(&buf)
	return buf.Bytes(), err
}

// Restart puts every shard through an image, as a restart does, and compares hash and bytes.
func (b *Base) Restart() error {
	if err := b.Flush(); err != nil {
		return err
	}
	for i := range b.shards {
		if err := b.restore(i); err != nil {
			return fmt.Errorf("restart of shard %d: %w", i, err)
		}
	}
	return nil
}

func (b *Base) restore(i int) error {
	img, err := b.image(i)
	if err != nil {
		return err
	}
	s, err := engine.ReadShard(b.alloc, bytes.NewReader(img))
	if err != nil {
		return err
	}
	if was, is := b.shards[i].StateHash(), s.StateHash(); was != is {
		return fmt.Errorf("the state's hash was %x, after the image it is %x", was, is)
	}
	b.shards[i].Close()
	b.shards[i] = s
	again, err := b.image(i)
	if err == nil && !bytes.Equal(img, again) {
		err = errors.New("the image of the restored shard has other bytes")
	}
	return err
}

// StateHash returns the sum of the shards' hashes, which does not depend on the spread.
func (b *Base) StateHash() (uint64, error) {
	sum := uint64(0)
	if err := b.Flush(); err != nil {
		return 0, err
	}
	for _, s := range b.shards {
		sum += s.StateHash()
	}
	return sum, nil
}

// fit checks a value that is to be stored, as the binder and the loader do.
func fit(t schema.Type, v schema.Value) (schema.Value, error) {
	switch {
	case v.Null() || v.Kind == schema.KindFloat && math.IsNaN(v.F):
		return schema.Value{}, nil
	case v.Type() != t:
		return v, refuse(diag.Type, "a %s does not fit in %s", v.Type(), t)
	case v.Kind == schema.KindFloat && math.IsInf(v.F, 0):
		return v, refuse(diag.Overflow, "an infinite number cannot be stored")
	}
	return v, nil
}

func checkID(id string) error {
	if id == "" || len(id) > schema.MaxIDBytes {
		return refuse(diag.Invalid, "a contact id has 1 to %d bytes", schema.MaxIDBytes)
	}
	return nil
}

func refuse(code diag.Code, format string, args ...any) error {
	return diag.New(code, diag.Span{}, format, args...)
}

var _ oracle.Target = (*Base)(nil)
