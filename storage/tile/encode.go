package tile

import (
	"fmt"
	"math"
	"slices"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
)

// values is one property of a batch as 64-bit numbers: integers as they are, floats as bits, texts and
// sets as codes.
type values struct {
	slot uint16
	kind schema.Kind
	v    []int64
	ok   []uint8 // 1 where not null, 0 else; nil if no value is null
}

// encode resolves the columns of a batch. Texts that are new are added to the dictionary at once: it is
// shared, append-only and no part of the state, so an aborted change leaves them there.
func (tx *Tx) encode(info *typeInfo, b *Batch) ([]values, error) {
	out := make([]values, len(b.Props))
	for i := range b.Props {
		col := &b.Props[i]
		slot, ok := info.slot(schema.PropID(col.ID))
		if !ok {
			return nil, fmt.Errorf("event type %d has no property %d: the change is older or newer than the shard's schema", info.id, col.ID)
		}
		p := &info.props[slot]
		if p.typ != col.Type {
			return nil, fmt.Errorf("property %d of event type %d is %v, the change holds %v", col.ID, info.id, p.typ, col.Type)
		}
		out[i] = values{slot: uint16(slot), kind: p.typ.Kind}
		if err := out[i].read(p, col, len(b.Rows)); err != nil {
			return nil, fmt.Errorf("property %d of event type %d: %w", col.ID, info.id, err)
		}
	}
	return out, nil
}

// slot returns the place of a property that was not dropped.
func (t *typeInfo) slot(id schema.PropID) (int, bool) {
	for i := range t.props {
		if t.props[i].id == id && !t.props[i].dropped {
			return i, true
		}
	}
	return 0, false
}

func (v *values) read(p *propInfo, col *change.Column, n int) error {
	if err := col.Check(n); err != nil {
		return err
	}
	v.readNulls(col, n)
	switch v.kind {
	case schema.KindFloat:
		v.readFloats(col.Floats)
	case schema.KindText:
		v.readTexts(p.texts, col, n)
	case schema.KindSet:
		v.readSets(p, col, n)
	default:
		v.v = col.Ints
	}
	return nil
}

func (v *values) readNulls(col *change.Column, n int) {
	if col.Ops == nil {
		return
	}
	for i, op := range col.Ops {
		if op != change.OpSet {
			v.null(i, n)
		}
	}
}

// null marks one of n values as null.
func (v *values) null(i, n int) {
	if v.ok == nil {
		v.ok = make([]uint8, n)
		for j := range v.ok {
			v.ok[j] = 1
		}
	}
	v.ok[i] = 0
}

func (v *values) set(i int) bool { return v.ok == nil || v.ok[i] != 0 }

func (v *values) readFloats(floats []float64) {
	v.v = make([]int64, len(floats))
	for i, f := range floats {
		if f != f {
			v.null(i, len(floats))
			continue
		}
		v.v[i] = int64(math.Float64bits(f + 0)) // -0 becomes +0
	}
}

const noCode = math.MaxInt64

func (v *values) readTexts(d *column.Dict, col *change.Column, n int) {
	v.v = make([]int64, n)
	if col.Codes == nil {
		for i := range n {
			if v.set(i) {
				v.v[i] = int64(d.Add(col.Texts.At(i)))
			}
		}
		return
	}
	codes := newTranslation(d, col)
	for i, c := range col.Codes {
		if v.set(i) {
			v.v[i] = codes.of(c)
		}
	}
}

// translation maps the codes of a column's own dictionary to the shard's, each once.
type translation struct {
	d     *column.Dict
	col   *change.Column
	codes []int64
}

func newTranslation(d *column.Dict, col *change.Column) *translation {
	t := &translation{d, col, make([]int64, col.Texts.Len())}
	for i := range t.codes {
		t.codes[i] = noCode
	}
	return t
}

func (t *translation) of(code uint32) int64 {
	if t.codes[code] == noCode {
		t.codes[code] = int64(t.d.Add(t.col.Texts.At(int(code))))
	}
	return t.codes[code]
}

func (v *values) readSets(p *propInfo, col *change.Column, n int) {
	v.v = make([]int64, n)
	var codes []uint32
	var entry []byte
	for i := range n {
		if !v.set(i) {
			continue
		}
		codes = codes[:0]
		for j := range col.SetLen(i) {
			codes = append(codes, p.texts.Add(col.SetElem(i, j)))
		}
		slices.Sort(codes)
		entry = column.SetEntry(entry[:0], slices.Compact(codes))
		v.v[i] = int64(p.sets.Add(entry))
	}
}

// stats describes the values of some events.
func (v *values) stats(run []uint32) stats {
	if v.kind == schema.KindFloat {
		return v.floatStats(run)
	}
	s := stats{min: math.MaxInt64, max: math.MinInt64}
	if v.ok == nil {
		for _, e := range run {
			s.min, s.max = min(s.min, v.v[e]), max(s.max, v.v[e])
		}
		s.some = true
		return s
	}
	for _, e := range run {
		if v.ok[e] == 0 {
			s.nulls = true
			continue
		}
		s.some = true
		s.min, s.max = min(s.min, v.v[e]), max(s.max, v.v[e])
	}
	return s
}

func (v *values) floatStats(run []uint32) stats {
	var s stats
	for _, e := range run {
		if !v.set(int(e)) {
			s.nulls = true
			continue
		}
		f := floatOf(v.v[e])
		if !s.some || f < floatOf(s.min) {
			s.min = v.v[e]
		}
		if !s.some || f > floatOf(s.max) {
			s.max = v.v[e]
		}
		s.some = true
	}
	return s
}

// cells takes some events' values in the form a lane stores them.
func (v *values) cells(c *cells, run []uint32, base int64) {
	c.resize(len(run))
	if v.ok == nil {
		for i, e := range run {
			c.v[i] = uint64(v.v[e]) - uint64(base)
			c.ok[i] = 1
		}
		return
	}
	for i, e := range run {
		ok := v.ok[e]
		c.v[i] = (uint64(v.v[e]) - uint64(base)) * uint64(ok)
		c.ok[i] = ok
	}
}
