package storage

import (
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
)

// Stats says where a shard's memory goes: the lines of SHOW STORAGE. All sizes are bytes.
type Stats struct {
	Contacts, Rows, Unswept, Free int // Unswept and Free count deleted rows
	IDs, Index, Live              int64
	Attributes                    []AttributeStats // ascending by id
	Events                        []EventStats     // ascending by id
	Arena                         int64            // all that the shard holds, what only pins keep included
	Pinned                        int64            // what only pins keep
	Pins                          int
}

// AttributeStats is the memory of one attribute.
type AttributeStats struct {
	ID        schema.AttrID
	Values    int64
	Dict      int64
	Entries   int                     // of the dictionary
	Encodings map[column.Encoding]int // chunks by encoding
}

// EventStats is the number of events of one type, those of unswept rows included, and their memory.
type EventStats struct {
	ID     schema.EventID
	Events int
	Bytes  int64
}

// Stats returns where the shard's memory goes. It needs the latch that a reader needs.
func (s *Shard) Stats() Stats {
	st := Stats{Contacts: s.alive, Rows: s.rows, Unswept: s.Unswept(), Free: len(s.free), Index: s.index.bytes(), Pins: s.arena.Pins()}
	for c := range s.ids {
		st.IDs += s.ids[c].values.Bytes()
		st.Live += int64(cap(s.live[c].words)) * 8
	}
	for k := range s.cols {
		st.Attributes = append(st.Attributes, s.cols[k].stats())
	}
	for i := range s.schema.Events {
		id := s.schema.Events[i].ID
		st.Events = append(st.Events, EventStats{id, s.Events.Events(id), s.Events.Bytes(id)})
	}
	st.Arena, st.Pinned = s.arena.Used()
	return st
}

func (col *attrColumn) stats() AttributeStats {
	st := AttributeStats{ID: col.id, Encodings: map[column.Encoding]int{}}
	for _, c := range col.chunks {
		if c != nil {
			st.Values += c.Bytes()
			st.Encodings[c.Enc()]++
		}
	}
	if col.dict != nil {
		st.Dict, st.Entries = col.dict.Bytes(), col.dict.Len()
	}
	return st
}
