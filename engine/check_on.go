//go:build invariants

package engine

import (
	"bytes"
	"fmt"
	"sync/atomic"

	"github.com/musterdb/muster/storage"
	"github.com/musterdb/muster/storage/slab"
)

// applied counts changes of all shards, to check a large shard now and then only.
var applied atomic.Uint64

// check panics unless the shard survives its own image: ReadImage believes nothing and holds all parts
// against each other, and the state read back must have the same hash. A shard that is not small is
// checked at every 256th change of the process.
func (s *Shard) check() {
	const small, every = 200, 256
	if n := applied.Add(1); s.size() > small && n%every != 0 {
		return
	}
	var buf bytes.Buffer
	if err := storage.WriteImage(&s.st.View, &buf); err != nil {
		panic(fmt.Sprintf("engine: a shard cannot be written: %v", err))
	}
	back, err := storage.ReadImage(slab.New(), &buf)
	if err != nil {
		panic(fmt.Sprintf("engine: a shard is not valid: %v", err))
	}
	defer back.Free()
	if a, b := storage.StateHash(&s.st.View), storage.StateHash(&back.View); a != b {
		panic(fmt.Sprintf("engine: a shard with hash %x reads back with %x", a, b))
	}
}

// size is what an image costs, in contacts: about eight events make one.
func (s *Shard) size() int {
	events := 0
	for i := range s.st.Schema().Events {
		events += s.st.Events.Events(s.st.Schema().Events[i].ID)
	}
	return s.st.Rows() + events/8
}
