package group

import (
	"encoding/binary"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/plan"
)

// distinct is count(DISTINCT x) of what is computed: all values of all slots in one table, each behind its slot.
type distinct struct {
	of     plan.Type
	n      []uint64
	values keys
	buf    []byte

	order []int32 // the values by slot, made by begin
	start []int   // of each slot in order; one more than slots
}

func (d *distinct) width() int64   { return 16 }
func (d *distinct) grow(slots int) { d.n = grown(d.n, slots) }

// slotBytes is the length of the slot before a value.
const slotBytes = 4

func (d *distinct) add(slot int32, v scalar.Value) int64 {
	d.buf = AppendValue(binary.LittleEndian.AppendUint32(d.buf[:0], uint32(slot)), v, d.of)
	return d.put(slot)
}

// put adds the value in buf.
func (d *distinct) put(slot int32) int64 {
	if _, fresh := d.values.find(d.buf); !fresh {
		return 0
	}
	d.n[slot]++
	return keyBytes + 2*int64(len(d.buf))
}

func (d *distinct) value(slot int32) (scalar.Value, error) {
	return scalar.Number(exact.FromUint(d.n[slot])), nil
}

func (d *distinct) field() arrow.DataType {
	return arrow.ListOfNonNullable(arrow.BinaryTypes.Binary)
}

func (d *distinct) left(slot int32) bool { return d.n[slot] > 0 }

// begin sorts the values by slot before the first record.
func (d *distinct) begin() {
	if d.start != nil {
		return
	}
	d.start = make([]int, len(d.n)+1)
	for i, n := range d.n {
		d.start[i+1] = d.start[i] + int(n)
	}
	d.order = make([]int32, d.values.len())
	next := append([]int(nil), d.start...)
	for i := range d.order {
		slot := binary.LittleEndian.Uint32(d.values.key(i))
		d.order[next[slot]] = int32(i)
		next[slot]++
	}
}

// pieceValues is the number of values that one row of a record holds at most.
const pieceValues = 4096

// appendState appends the values of a slot from begin's order, up to a piece of them, and forgets them.
func (d *distinct) appendState(b array.Builder, slot int32) int {
	list := b.(*array.ListBuilder)
	list.Append(true)
	values := list.ValueBuilder().(*array.BinaryBuilder)
	bytes := 8
	for range pieceValues {
		if d.n[slot] == 0 || bytes > maxBytes/4 {
			break
		}
		d.n[slot]--
		v := d.values.key(int(d.order[d.start[slot]+int(d.n[slot])]))[slotBytes:]
		values.Append(v)
		bytes += len(v) + 4
	}
	return bytes
}

func (d *distinct) merge(slot int32, col arrow.Array, i int) (int64, error) {
	list, ok := col.(*array.List)
	if !ok {
		return 0, errValue
	}
	values, ok := list.ListValues().(*array.Binary)
	if !ok {
		return 0, errValue
	}
	grew := int64(0)
	from, to := list.ValueOffsets(i)
	for j := int(from); j < int(to); j++ {
		d.buf = append(binary.LittleEndian.AppendUint32(d.buf[:0], uint32(slot)), values.Value(j)...)
		grew += d.put(slot)
	}
	return grew, nil
}
