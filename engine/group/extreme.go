package group

import (
	"cmp"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// newExtreme returns the tally of max if sign is 1, of min if it is −1.
func newExtreme(t *plan.Total, sign int) tally {
	e := extreme{of: t.X.Type(), sign: sign}
	switch {
	case e.of.Quotient:
	case e.of.Kind == schema.KindInt, e.of.Kind == schema.KindDecimal, e.of.Kind == schema.KindBool,
		e.of.Kind == schema.KindDate, e.of.Kind == schema.KindTimestamp, e.of.Kind == schema.KindDuration:
		return &wordExtreme{extreme: e}
	}
	return &e
}

// extreme is min or max of values of any type with an order.
type extreme struct {
	of   plan.Type
	sign int
	best []scalar.Value
}

// bestBytes is the size of a scalar.Value, rounded up, while slices grow.
const bestBytes = 320

func (e *extreme) width() int64   { return bestBytes }
func (e *extreme) grow(slots int) { e.best = grown(e.best, slots) }

func (e *extreme) add(slot int32, v scalar.Value) int64 {
	b := &e.best[slot]
	if !b.Null() && scalar.Compare(v, *b)*e.sign <= 0 {
		return 0
	}
	grew := int64(len(v.S) - len(b.S))
	*b = v
	return max(grew, 0)
}

// addText is add of a text, which is copied only if it is kept.
func (e *extreme) addText(slot int32, text []byte) int64 {
	b := &e.best[slot]
	if !b.Null() && cmp.Compare(string(text), b.S)*e.sign <= 0 {
		return 0
	}
	grew := int64(len(text) - len(b.S))
	*b = scalar.Text(string(text))
	return max(grew, 0)
}

func (e *extreme) value(slot int32) (scalar.Value, error) { return e.best[slot], nil }

func (e *extreme) field() arrow.DataType { return arrow.BinaryTypes.Binary }

func (e *extreme) appendState(b array.Builder, slot int32) int {
	v, _ := e.value(slot)
	return appendBest(b, v, e.of)
}

func appendBest(b array.Builder, v scalar.Value, t plan.Type) int {
	if v.Null() {
		b.AppendNull()
		return 1
	}
	state := AppendValue(nil, v, t)
	b.(*array.BinaryBuilder).Append(state)
	return len(state) + 4
}

func (e *extreme) merge(slot int32, col arrow.Array, i int) (int64, error) {
	v, err := bestAt(col, i, e.of)
	if err != nil || v.Null() {
		return 0, err
	}
	return e.add(slot, v), nil
}

func bestAt(col arrow.Array, i int, t plan.Type) (scalar.Value, error) {
	b, ok := col.(*array.Binary)
	if !ok {
		return scalar.Value{}, errValue
	}
	if b.IsNull(i) {
		return scalar.Value{}, nil
	}
	v, _, err := readValue(b.Value(i), t)
	return v, err
}

// wordExtreme is min or max of a type whose values live in 64 bits, which only results of arithmetic can
// leave: those are kept beside.
type wordExtreme struct {
	extreme
	words []int64
	has   []bool
	wide  map[int32]scalar.Value
}

func (e *wordExtreme) width() int64 { return 24 }

func (e *wordExtreme) grow(slots int) {
	e.words = grown(e.words, slots)
	e.has = grown(e.has, slots)
}

func (e *wordExtreme) add(slot int32, v scalar.Value) int64 {
	w, ok := v.I, true
	if v.IsNumber() {
		w, ok = wordOf(v.Num, e.of)
	}
	if ok {
		e.addWord(slot, w)
		return 0
	}
	if old, ok := e.wide[slot]; ok && scalar.Compare(v, old)*e.sign <= 0 {
		return 0
	}
	if e.wide == nil {
		e.wide = map[int32]scalar.Value{}
	}
	e.wide[slot] = v
	return bestBytes
}

func (e *wordExtreme) addWord(slot int32, w int64) {
	if !e.has[slot] || e.sign > 0 && w > e.words[slot] || e.sign < 0 && w < e.words[slot] {
		e.has[slot], e.words[slot] = true, w
	}
}

func (e *wordExtreme) value(slot int32) (scalar.Value, error) {
	v, ok := e.wide[slot]
	if !e.has[slot] {
		return v, nil
	}
	w := wordValue(e.words[slot], e.of)
	if ok && scalar.Compare(v, w)*e.sign > 0 {
		return v, nil
	}
	return w, nil
}

func (e *wordExtreme) appendState(b array.Builder, slot int32) int {
	v, _ := e.value(slot)
	return appendBest(b, v, e.of)
}

func (e *wordExtreme) merge(slot int32, col arrow.Array, i int) (int64, error) {
	v, err := bestAt(col, i, e.of)
	if err != nil || v.Null() {
		return 0, err
	}
	return e.add(slot, v), nil
}
