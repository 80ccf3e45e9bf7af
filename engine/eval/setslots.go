package eval

import (
	"encoding/binary"

	"github.com/musterdb/muster/storage/column"
)

// setSlots remembers the groups of SETs by the codes of their texts, so that the texts of each combination are put
// in order once. It is of one dictionary.
type setSlots struct {
	dict  *column.Dict
	slots map[string]int32
	codes []byte
}

// maxSetSlots is the number of combinations that are remembered.
const maxSetSlots = 1 << 16

// setSlot returns the slot of a row grouped by one SET, which is not null.
func (g *grouper) setSlot(c *column.Chunk, r *rowAt) (int32, error) {
	m := g.sets
	if m == nil || m.dict != c.Dict() {
		m = &setSlots{dict: c.Dict(), slots: map[string]int32{}}
		g.sets = m
	}
	m.codes = m.codes[:0]
	for j := range c.SetLen(r.i) {
		m.codes = binary.LittleEndian.AppendUint32(m.codes, c.SetCode(r.i, j))
	}
	if slot, ok := m.slots[string(m.codes)]; ok {
		return slot, nil
	}
	slot, err := g.keySlot(r)
	if err == nil && len(m.slots) < maxSetSlots {
		m.slots[string(m.codes)] = slot
	}
	return slot, err
}
