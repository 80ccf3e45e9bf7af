package tile

import (
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// Batch is events of one type to append, in order of arrival.
type Batch struct {
	Event schema.EventID
	Rows  []uint32        // shard row of each event's contact
	Times []int64         // ms, from 0 to before 2^32 s
	IDs   []uint64        // id hashes, 0 for none; nil if no event has one
	Props []change.Column // as long as Rows; a cell that is not OpSet is null
}

// Cursor is a place in the order (event type, chunk, time) where bounded work goes on. The zero Cursor is
// the start.
type Cursor struct {
	Event schema.EventID
	Chunk uint32
	Span  uint32 // in units of 2^16 s
}

// Tx is one change being prepared. Its methods change nothing that a reader can see until Commit.
type Tx struct {
	s *Store
}

type (
	texts      struct{}
	sets       struct{}
	indexCache struct{}
	scratch    struct{}
)
