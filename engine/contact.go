package engine

import (
	"github.com/musterdb/muster/engine/eval"
	"github.com/musterdb/muster/storage/schema"
)

// Contact reads one contact of the shard, through a pin: a long timeline keeps no writer waiting. ok is false
// if the shard does not hold it.
func (s *Shard) Contact(sch *schema.Schema, id []byte, clock int64, limit int) (c eval.Contact, ok bool, err error) {
	pin, err := s.Pin()
	if err != nil {
		return c, false, err
	}
	defer pin.Release()
	c, ok = eval.ReadContact(pin.View(), sch, id, clock, limit)
	return c, ok, nil
}
