package group

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// tally is the states of one total, one for each slot.
type tally interface {
	// width is the bytes that each slot takes whatever is added.
	width() int64
	// grow makes room for so many slots.
	grow(slots int)
	// add adds a value that is not null and returns by how many bytes the state grew.
	add(slot int32, v scalar.Value) int64
	// value returns the total; exact.ErrOverflow if it does not fit.
	value(slot int32) (scalar.Value, error)

	// field is the Arrow type of a state. A state of null is that of no value.
	field() arrow.DataType
	// appendState appends the state of a slot, what distinct holds excepted.
	appendState(b array.Builder, slot int32) (bytes int)
	// merge adds state i of a column to a slot and returns by how many bytes the state grew.
	merge(slot int32, col arrow.Array, i int) (int64, error)
}

// lists is a tally whose states may be long, and then travel in several rows: appendState appends a part and
// forgets it.
type lists interface {
	tally
	// begin is called before each record.
	begin()
	// left says whether there is something of a slot to append.
	left(slot int32) bool
}

// columns is a tally that merges all states of a record at once.
type columns interface {
	// mergeAll adds state i of a column to slots[i] and returns by how many bytes the states grew.
	mergeAll(slots []int32, col arrow.Array) (int64, error)
}

func newTally(t *plan.Total) tally {
	switch t.Fn {
	case plan.TotalRows, plan.TotalCount:
		return &count{}
	case plan.TotalDistinct:
		if ByContact(t) {
			return &count{}
		}
		return newDistinct(t)
	case plan.TotalSum, plan.TotalAvg:
		if t.T.Kind == schema.KindFloat {
			return &floatSum{avg: t.Fn == plan.TotalAvg}
		}
		return &sum{avg: t.Fn == plan.TotalAvg, of: t.X.Type(), typ: t.T}
	case plan.TotalMin:
		return newExtreme(t, -1)
	}
	return newExtreme(t, 1)
}

// ByContact says whether a total counts different contacts. All rows of a contact are in one chunk of one shard,
// so whoever adds them counts each contact once (Table.Rows), and the counts of all shards add up.
func ByContact(t *plan.Total) bool { return t.Fn == plan.TotalDistinct && plan.IsContact(t.X) }

// grown returns s with so many elements, new ones zero.
func grown[T any](s []T, n int) []T {
	if n <= cap(s) {
		return s[:n]
	}
	out := make([]T, n, max(2*n, 64))
	copy(out, s)
	return out
}

// count is count(*) and count(x).
type count struct{ n []uint64 }

func (c *count) width() int64   { return 16 }
func (c *count) grow(slots int) { c.n = grown(c.n, slots) }

func (c *count) add(slot int32, _ scalar.Value) int64 {
	c.n[slot]++
	return 0
}

func (c *count) value(slot int32) (scalar.Value, error) {
	return scalar.Number(exact.FromUint(c.n[slot])), nil
}

func (c *count) field() arrow.DataType { return arrow.PrimitiveTypes.Uint64 }

func (c *count) appendState(b array.Builder, slot int32) int {
	b.(*array.Uint64Builder).Append(c.n[slot])
	return 8
}

// array returns the counts of some slots as a column over their own memory.
func (c *count) array(from, to int) arrow.Array {
	data := array.NewData(arrow.PrimitiveTypes.Uint64, to-from, []*memory.Buffer{
		nil, memory.NewBufferBytes(arrow.Uint64Traits.CastToBytes(c.n[from:to])),
	}, nil, 0, 0)
	defer data.Release()
	return array.NewUint64Data(data)
}

func (c *count) mergeAll(slots []int32, col arrow.Array) (int64, error) {
	n, ok := col.(*array.Uint64)
	if !ok {
		return 0, errValue
	}
	for i, v := range n.Uint64Values() {
		c.n[slots[i]] += v
	}
	return 0, nil
}

func (c *count) merge(slot int32, col arrow.Array, i int) (int64, error) {
	n, ok := col.(*array.Uint64)
	if !ok {
		return 0, errValue
	}
	c.n[slot] += n.Value(i)
	return 0, nil
}
