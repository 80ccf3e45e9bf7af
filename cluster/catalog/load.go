package catalog

import (
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/schema"
)

// Load is how far a COPY of one file into one target has come. Its blocks are numbered from 0 and hold
// 8,192 source rows each (the last one fewer). The hash of a block is announced before the block is sent,
// so that a file which changed after a load was cut off is known by the first block that differs. All
// blocks below In are in; one that is announced and not below In may be in as well, which its groups
// know: they drop what they already have, by (Producer, block).
type Load struct {
	Key      string        `json:"key"` // names target, file and mapping
	Base     schema.BaseID `json:"base"`
	Producer uint64        `json:"producer"`         // the log index that opened this run; unique for ever
	Hashes   []uint64      `json:"hashes,omitempty"` // of the blocks announced; none once the load is done
	In       uint64        `json:"in"`               // blocks that are in for certain
	Rows     uint64        `json:"rows"`             // source rows of these
	Rejected uint64        `json:"rejected"`         // of these, rows that were rejected
	Done     bool          `json:"done"`
}

// LoadChange opens a load or moves it on.
type LoadChange struct {
	Key      string        `json:"key"`
	Base     schema.BaseID `json:"base"`
	Again    bool          `json:"again,omitempty"` // open: forget what was loaded and load once more
	Producer uint64        `json:"producer,omitempty"`
	From     uint64        `json:"from,omitempty"`   // advance: the number of blocks announced before
	Hashes   []uint64      `json:"hashes,omitempty"` // advance: the blocks announced now, in order
	In       uint64        `json:"in,omitempty"`     // advance: blocks that are in, with those of before
	Rows     uint64        `json:"rows,omitempty"`   // advance: source rows of these
	Rejected uint64        `json:"rejected,omitempty"`
	Done     bool          `json:"done,omitempty"`
}

// Load returns the load with that key.
func (c *Catalog) Load(key string) (Load, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	l, ok := c.st.Loads[key]
	if !ok {
		return Load{}, false
	}
	return *l, true
}

// LoadOf returns the load that a producer's blocks belong to, unless it was forgotten, begun again or went
// with its base.
func (c *Catalog) LoadOf(producer uint64) (Load, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	l, ok := c.byProducer[producer]
	if !ok {
		return Load{}, false
	}
	return *l, true
}

func (c *Catalog) remember(l *Load) {
	if old := c.st.Loads[l.Key]; old != nil {
		delete(c.byProducer, old.Producer)
	}
	c.st.Loads[l.Key], c.byProducer[l.Producer] = l, l
}

func (c *Catalog) forget(l *Load) {
	delete(c.st.Loads, l.Key)
	delete(c.byProducer, l.Producer)
}

// openLoad returns the load with the key, made if it is new. A load that is not done is gone on with
// under the producer it has, whose sequence numbers the groups remember.
func (c *Catalog) openLoad(index uint64, in *LoadChange) (Result, error) {
	if in == nil || in.Key == "" || len(in.Key) > 4096 {
		return Result{}, diag.New(diag.Invalid, diag.Span{}, "a load needs a key of at most 4,096 bytes")
	}
	l := c.st.Loads[in.Key]
	if l != nil && !in.Again {
		return Result{Load: *l}, nil
	}
	c.forgetOldLoads()
	l = &Load{Key: in.Key, Base: in.Base, Producer: index}
	c.remember(l)
	return Result{Load: *l}, nil
}

// forgetOldLoads makes room for one more load: those opened first go first, finished ones before others.
func (c *Catalog) forgetOldLoads() {
	for len(c.st.Loads) >= MaxLoads {
		var oldest *Load
		for _, l := range c.st.Loads {
			if oldest == nil || older(l, oldest) {
				oldest = l
			}
		}
		c.forget(oldest)
	}
}

// older is a total order, because producers are unique: the choice does not depend on map order.
func older(a, b *Load) bool {
	if a.Done != b.Done {
		return a.Done
	}
	return a.Producer < b.Producer
}

func (c *Catalog) advanceLoad(in *LoadChange) (Result, error) {
	if in == nil {
		return Result{}, diag.New(diag.Internal, diag.Span{}, "an advance needs a load")
	}
	l := c.st.Loads[in.Key]
	switch {
	case l == nil || l.Producer != in.Producer:
		return Result{}, diag.New(diag.Conflict, diag.Span{}, "this load was begun again by somebody else").
			WithHint("run the COPY once more; what is in stays in")
	case l.Done, in.From != uint64(len(l.Hashes)):
		return Result{}, diag.New(diag.Conflict, diag.Span{}, "another COPY loads this file at the same time").
			WithHint("let it finish: every row counts once, whichever of the two brought it")
	case in.In < l.In, in.In > in.From+uint64(len(in.Hashes)):
		return Result{}, diag.New(diag.Invalid, diag.Span{}, "%d blocks cannot be in: %d were, and %d are announced", in.In, l.In, in.From+uint64(len(in.Hashes)))
	}
	next := *l
	// Loads that were handed out hold a shorter slice: they do not see what is appended.
	next.Hashes = append(l.Hashes, in.Hashes...)
	next.In, next.Rows, next.Rejected = in.In, in.Rows, in.Rejected
	if in.Done {
		next.Done, next.Hashes = true, nil
	}
	c.remember(&next)
	return Result{Load: next}, nil
}
