package group

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// newDistinct returns the tally of count(DISTINCT x).
func newDistinct(t *plan.Total) tally {
	kind := t.X.Type().Kind
	switch t.X.(type) {
	case *plan.Attr, *plan.Prop: // what is stored lives in 64 bits; what is computed may not
		if kind != schema.KindText && kind != schema.KindSet {
			return &wordSets{of: t.X.Type()}
		}
	}
	if kind == schema.KindText {
		return &textSets{}
	}
	return &distinct{of: t.X.Type()}
}

// wordSets is count(DISTINCT x) of stored values that live in 64 bits.
type wordSets struct {
	of   plan.Type
	sets []numbers
}

func (d *wordSets) width() int64   { return numbersBytes }
func (d *wordSets) grow(slots int) { d.sets = grown(d.sets, slots) }
func (d *wordSets) begin()         {}

func (d *wordSets) add(slot int32, v scalar.Value) int64 {
	switch {
	case d.of.Kind == schema.KindFloat:
		return d.addFloat(slot, v.Num.Float64())
	case v.IsNumber():
		w, _ := wordOf(v.Num, d.of) // a stored number fits
		return d.addWord(slot, uint64(w))
	}
	return d.addWord(slot, uint64(v.I))
}

func (d *wordSets) addFloat(slot int32, f float64) int64 {
	return d.addWord(slot, math.Float64bits(f+0)) // −0 + 0 is 0
}

func (d *wordSets) addWord(slot int32, w uint64) int64 {
	_, grew := d.sets[slot].add(w, math.MaxUint64)
	return grew
}

func (d *wordSets) value(slot int32) (scalar.Value, error) { return sizeOf(&d.sets[slot]), nil }

func sizeOf(s *numbers) scalar.Value { return scalar.Number(exact.FromUint(uint64(s.n))) }

func (d *wordSets) field() arrow.DataType {
	return arrow.ListOfNonNullable(arrow.PrimitiveTypes.Uint64)
}

func (d *wordSets) left(slot int32) bool { return d.sets[slot].n > 0 }

// appendState appends words of a slot, up to a piece of them, and forgets them.
func (d *wordSets) appendState(b array.Builder, slot int32) int {
	list := b.(*array.ListBuilder)
	list.Append(true)
	s := &d.sets[slot]
	n := min(s.n, pieceValues)
	values := list.ValueBuilder().(*array.Uint64Builder)
	values.Reserve(n)
	s.take(n, values.UnsafeAppend)
	return 8 + 8*n
}

func (d *wordSets) merge(slot int32, col arrow.Array, i int) (int64, error) {
	list, ok := col.(*array.List)
	if !ok {
		return 0, errValue
	}
	values, ok := list.ListValues().(*array.Uint64)
	if !ok {
		return 0, errValue
	}
	grew := int64(0)
	from, to := list.ValueOffsets(i)
	for _, w := range values.Uint64Values()[from:to] {
		grew += d.addWord(slot, w)
	}
	return grew, nil
}
