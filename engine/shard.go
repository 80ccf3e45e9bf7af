package engine

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/musterdb/muster/storage"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// Shard is one base's part in one group. Apply is called by one goroutine at a time; everything else may
// be called by any.
//
// The latch is held for writing only while a prepared change is committed, about a millisecond at most,
// and for reading only by evaluation that is known to be short. What takes longer goes through a Pin.
type Shard struct {
	latch  sync.RWMutex
	st     *storage.Shard
	closed bool // under the latch
}

// ErrShardClosed is returned by a shard after Close: its base was dropped, its group was brought to another
// image, or the server is stopping.
var ErrShardClosed = errors.New("the shard is closed")

// NewShard returns an empty shard, which knows no attributes until a change brings a schema.
func NewShard(alloc *slab.Allocator) *Shard {
	return &Shard{st: storage.New(alloc, &schema.Schema{})}
}

// ReadShard reads a shard from its image.
func ReadShard(alloc *slab.Allocator, r io.Reader) (*Shard, error) {
	st, err := storage.ReadImage(alloc, r)
	if err != nil {
		return nil, err
	}
	return &Shard{st: st}, nil
}

// Close gives the shard's memory back, once. Pins that are held stay valid; whoever asks the shard
// afterwards gets ErrShardClosed, or nothing where there is no error to give.
func (s *Shard) Close() {
	s.latch.Lock()
	defer s.latch.Unlock()
	if !s.closed {
		s.closed = true
		s.st.Free()
	}
}

// Apply applies one change under the stamp of its command. An error means that the change was refused
// and nothing was changed. A panic while committing leaves the shard between two states; the group then
// stops and is rebuilt from its image and log.
func (s *Shard) Apply(ch *change.Change, stamp int64) (change.Result, error) {
	if s.isClosed() {
		return change.Result{}, ErrShardClosed
	}
	setStamp(ch, stamp)
	prepared, err := s.st.Prepare(ch)
	s.latch.Lock()
	defer s.latch.Unlock()
	if err != nil {
		s.st.Settle()
		return change.Result{}, fmt.Errorf("prepare a change: %w", err)
	}
	res := prepared.Commit()
	s.check()
	return res, nil
}

// setStamp makes the time of the command the time of writing: the log says when, not the client.
func setStamp(ch *change.Change, stamp int64) {
	for _, p := range ch.Parts {
		switch p := p.(type) {
		case *change.Upsert:
			p.Stamp = stamp
		case *change.Track:
			p.Stamp = stamp
		case *change.Maintain:
			p.Stamp = stamp
		}
	}
}

// SchemaVersion returns the version of the schema that the shard knows, 0 before the first.
func (s *Shard) SchemaVersion() uint64 {
	s.latch.RLock()
	defer s.latch.RUnlock()
	if s.closed {
		return 0
	}
	return s.st.Schema().Version
}

func (s *Shard) isClosed() bool {
	s.latch.RLock()
	defer s.latch.RUnlock()
	return s.closed
}

// Read calls f with the shard as it is, under the read latch: f must be short and must not wait.
func (s *Shard) Read(f func(*storage.View) error) error {
	s.latch.RLock()
	defer s.latch.RUnlock()
	if s.closed {
		return ErrShardClosed
	}
	return f(&s.st.View)
}

// Pin keeps the shard readable as it is now while changes go on.
type Pin struct{ pin *storage.Pin }

// Pin takes a pin, which costs a copy of the headers. It must be released.
func (s *Shard) Pin() (*Pin, error) {
	s.latch.RLock()
	defer s.latch.RUnlock()
	if s.closed {
		return nil, ErrShardClosed
	}
	return &Pin{s.st.Pin()}, nil
}

// View returns the pinned state, valid until Release.
func (p *Pin) View() *storage.View { return p.pin.View() }

// WriteImage writes the pinned state.
func (p *Pin) WriteImage(w io.Writer) error { return storage.WriteImage(p.pin.View(), w) }

// Release lets the pinned state go.
func (p *Pin) Release() { p.pin.Release() }

// StateHash returns a hash of all that the shard holds, whatever its layout; 0 once it is closed.
func (s *Shard) StateHash() uint64 {
	p, err := s.Pin()
	if err != nil {
		return 0
	}
	defer p.Release()
	return storage.StateHash(p.View())
}

// Stats returns where the shard's memory goes.
func (s *Shard) Stats() storage.Stats {
	s.latch.RLock()
	defer s.latch.RUnlock()
	if s.closed {
		return storage.Stats{}
	}
	return s.st.Stats()
}
