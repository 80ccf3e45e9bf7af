package group

import (
	"encoding/binary"
	"errors"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// sum is sum and avg of INT, DECIMAL, quotients and DURATION. Words at the scale of the expression's type
// are added in 128 bits, which fewer than 2^63 of them cannot leave; other numbers go to more.
type sum struct {
	avg   bool
	of    plan.Type // of the expression
	typ   plan.Type // of the total
	n     []uint64
	whole []exact.Int128
	more  map[int32]*exact.Sum
	buf   []byte
}

func (s *sum) width() int64 { return 48 }

func (s *sum) grow(slots int) {
	s.n = grown(s.n, slots)
	s.whole = grown(s.whole, slots)
}

func (s *sum) add(slot int32, v scalar.Value) int64 {
	s.n[slot]++
	if !v.IsNumber() {
		s.whole[slot].AddInt64(v.I)
		return 0
	}
	if x := v.Num; !x.Quotient() && x.Scale() == int(s.of.Scale) {
		if n, err := x.Unscaled(s.of.Scale); err == nil {
			s.whole[slot].AddInt64(n)
			return 0
		}
	}
	m, grew := s.other(slot)
	before := m.Denominators()
	m.Add(v.Num)
	return grew + int64(m.Denominators()-before)*partBytes
}

// partBytes is what a denominator of a sum takes in its map; otherBytes what a sum of the map takes.
const (
	partBytes  = 96
	otherBytes = 128
)

func (s *sum) other(slot int32) (*exact.Sum, int64) {
	if m, ok := s.more[slot]; ok {
		return m, 0
	}
	if s.more == nil {
		s.more = map[int32]*exact.Sum{}
	}
	m := &exact.Sum{}
	s.more[slot] = m
	return m, otherBytes
}

// all returns the whole state as one sum.
func (s *sum) all(slot int32) *exact.Sum {
	total := &exact.Sum{}
	m := s.more[slot]
	if s.whole[slot] != (exact.Int128{}) || m == nil {
		total.AddDecimal(s.whole[slot], s.of.Scale)
	}
	if m != nil {
		total.Merge(m)
	}
	return total
}

func (s *sum) value(slot int32) (scalar.Value, error) {
	if s.n[slot] == 0 {
		return scalar.Value{}, nil
	}
	total := s.all(slot)
	var x exact.Number
	var err error
	if s.avg {
		x, err = total.Mean(s.n[slot])
	} else {
		x, err = total.Value()
	}
	if err != nil || s.typ.Kind != schema.KindDuration {
		return numberValue(x, plan.Type{Type: s.typ.Type}), err
	}
	ms, err := x.Unscaled(0)
	return scalar.Value{Value: schema.Value{Kind: schema.KindDuration, I: ms}}, err
}

func (s *sum) field() arrow.DataType { return arrow.BinaryTypes.Binary }

// appendState writes the number of terms and the sum: most are one integer of 128 bits.
func (s *sum) appendState(b array.Builder, slot int32) int {
	if s.n[slot] == 0 {
		b.AppendNull()
		return 1
	}
	state := binary.AppendUvarint(s.buf[:0], s.n[slot])
	if _, ok := s.more[slot]; ok {
		state = s.all(slot).Append(append(state, stateSum))
	} else {
		x := s.whole[slot]
		state = binary.LittleEndian.AppendUint64(append(state, stateWhole), uint64(x.Hi))
		state = binary.LittleEndian.AppendUint64(state, x.Lo)
	}
	s.buf = state
	b.(*array.BinaryBuilder).Append(state)
	return len(state) + 4
}

// What follows the number of terms: an integer at the scale of the expression's type, or an exact.Sum.
const (
	stateWhole = 0
	stateSum   = 1
)

func (s *sum) merge(slot int32, col arrow.Array, i int) (int64, error) {
	n, state, err := stateAt(col, i)
	if n == 0 || err != nil {
		return 0, err
	}
	if len(state) == 17 && state[0] == stateWhole {
		x := exact.Int128{Hi: int64(binary.LittleEndian.Uint64(state[1:])), Lo: binary.LittleEndian.Uint64(state[9:])}
		whole, ok := s.whole[slot].Add(x)
		if !ok {
			return 0, errValue // no number of words can come to that
		}
		s.n[slot], s.whole[slot] = s.n[slot]+n, whole
		return 0, nil
	}
	if len(state) == 0 || state[0] != stateSum {
		return 0, errValue
	}
	t, err := exact.ReadSum(state[1:])
	if err != nil {
		return 0, err
	}
	s.n[slot] += n
	m, grew := s.other(slot)
	before := m.Denominators()
	m.Merge(t)
	return grew + int64(m.Denominators()-before)*partBytes, nil
}

// stateAt returns the number of terms and the state after it; 0 if there is none.
func stateAt(col arrow.Array, i int) (uint64, []byte, error) {
	b, ok := col.(*array.Binary)
	if !ok {
		return 0, nil, errValue
	}
	if b.IsNull(i) {
		return 0, nil, nil
	}
	state := b.Value(i)
	n, used := binary.Uvarint(state)
	if used <= 0 {
		return 0, nil, errValue
	}
	return n, state[used:], nil
}

// floatSum is sum and avg of FLOAT.
type floatSum struct {
	avg  bool
	n    []uint64
	sums []*exact.FloatSum // nil: no term yet
}

// floatSumBytes is the size of an exact.FloatSum, rounded up.
const floatSumBytes = 640

func (s *floatSum) width() int64 { return 32 }

func (s *floatSum) grow(slots int) {
	s.n = grown(s.n, slots)
	s.sums = grown(s.sums, slots)
}

func (s *floatSum) sum(slot int32) (*exact.FloatSum, int64) {
	if f := s.sums[slot]; f != nil {
		return f, 0
	}
	s.sums[slot] = &exact.FloatSum{}
	return s.sums[slot], floatSumBytes
}

func (s *floatSum) add(slot int32, v scalar.Value) int64 {
	f, grew := s.sum(slot)
	f.Add(v.Num.Float64())
	s.n[slot]++
	return grew
}

func (s *floatSum) value(slot int32) (scalar.Value, error) {
	if s.n[slot] == 0 {
		return scalar.Value{}, nil
	}
	x, err := s.sums[slot].Float64()
	if s.avg {
		x, err = s.sums[slot].Mean(s.n[slot])
	}
	if errors.Is(err, exact.ErrNaN) {
		return scalar.Value{}, nil
	}
	return scalar.Number(exact.FromFloat(x)), err
}

func (s *floatSum) field() arrow.DataType { return arrow.BinaryTypes.Binary }

func (s *floatSum) appendState(b array.Builder, slot int32) int {
	if s.n[slot] == 0 {
		b.AppendNull()
		return 1
	}
	state := s.sums[slot].Append(binary.AppendUvarint(nil, s.n[slot]))
	b.(*array.BinaryBuilder).Append(state)
	return len(state) + 4
}

func (s *floatSum) merge(slot int32, col arrow.Array, i int) (int64, error) {
	n, state, err := stateAt(col, i)
	if n == 0 || err != nil {
		return 0, err
	}
	t, err := exact.ReadFloatSum(state)
	if err != nil {
		return 0, err
	}
	s.n[slot] += n
	f, grew := s.sum(slot)
	f.Merge(t)
	return grew, nil
}
