package group

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/musterdb/muster/engine/scalar"
)

// textSets is count(DISTINCT x) of TEXTs: all texts numbered in one table, and a set of numbers for each slot.
// A record holds each text once, behind the first row that has it: its texts are numbered from 0 in their order.
type textSets struct {
	texts keys
	sets  []numbers

	local []uint32 // of each text its number in the record being made, + 1
	sent  []uint32 // the texts of that record
}

func (d *textSets) width() int64   { return numbersBytes }
func (d *textSets) grow(slots int) { d.sets = grown(d.sets, slots) }

func (d *textSets) add(slot int32, v scalar.Value) int64 { return d.addText(slot, []byte(v.S)) }

func (d *textSets) addText(slot int32, text []byte) int64 {
	code, fresh := d.texts.find(text)
	grew := d.addCode(slot, code)
	if fresh {
		grew += keyBytes + 2*int64(len(text))
	}
	return grew
}

func (d *textSets) addCode(slot, code int32) int64 {
	_, grew := d.sets[slot].add(uint64(code), uint64(d.texts.len()))
	return grew
}

func (d *textSets) value(slot int32) (scalar.Value, error) { return sizeOf(&d.sets[slot]), nil }

func (d *textSets) field() arrow.DataType {
	return arrow.StructOf(
		arrow.Field{Name: "codes", Type: arrow.ListOfNonNullable(arrow.PrimitiveTypes.Uint32)},
		arrow.Field{Name: "texts", Type: arrow.ListOfNonNullable(arrow.BinaryTypes.Binary)},
	)
}

// begin begins a record.
func (d *textSets) begin() {
	for _, code := range d.sent {
		d.local[code] = 0
	}
	d.sent = d.sent[:0]
}

func (d *textSets) left(slot int32) bool { return d.sets[slot].n > 0 }

// appendState appends texts of a slot, up to a piece of them, and forgets them.
func (d *textSets) appendState(b array.Builder, slot int32) int {
	both := b.(*array.StructBuilder)
	both.Append(true)
	codes, texts := both.FieldBuilder(0).(*array.ListBuilder), both.FieldBuilder(1).(*array.ListBuilder)
	codes.Append(true)
	texts.Append(true)
	code, text := codes.ValueBuilder().(*array.Uint32Builder), texts.ValueBuilder().(*array.BinaryBuilder)
	if d.local == nil {
		d.local = make([]uint32, d.texts.len())
	}
	bytes := 16
	one := func(v uint64) {
		if d.local[v] == 0 {
			key := d.texts.key(int(v))
			text.Append(key)
			bytes += len(key) + 4
			d.sent = append(d.sent, uint32(v))
			d.local[v] = uint32(len(d.sent))
		}
		code.Append(d.local[v] - 1)
		bytes += 4
	}
	for s, n := &d.sets[slot], 0; s.n > 0 && n < pieceValues && bytes < maxBytes/4; n += smallPiece {
		s.take(smallPiece, one)
	}
	return bytes
}

// smallPiece is the number of texts after which it is seen how long they are.
const smallPiece = 64

// merge is not called: the numbers of texts are those of a whole column.
func (d *textSets) merge(int32, arrow.Array, int) (int64, error) { return 0, errValue }

// mergeAll adds state i of a column to slots[i].
func (d *textSets) mergeAll(slots []int32, col arrow.Array) (int64, error) {
	codes, texts, ok := textStates(col)
	if !ok {
		return 0, errValue
	}
	grew := int64(0)
	text := texts.ListValues().(*array.Binary)
	numbered := make([]int32, text.Len())
	for i := range numbered {
		code, fresh := d.texts.find(text.Value(i))
		if numbered[i] = code; fresh {
			grew += keyBytes + 2*int64(len(text.Value(i)))
		}
	}
	code := codes.ListValues().(*array.Uint32).Uint32Values()
	for i, slot := range slots {
		if col.IsNull(i) {
			continue
		}
		from, to := codes.ValueOffsets(i)
		for _, c := range code[from:to] {
			if int(c) >= len(numbered) {
				return grew, errValue
			}
			grew += d.addCode(slot, numbered[c])
		}
	}
	return grew, nil
}

// textStates returns the lists of a column of states.
func textStates(col arrow.Array) (codes, texts *array.List, ok bool) {
	both, ok := col.(*array.Struct)
	if !ok || both.NumField() != 2 {
		return nil, nil, false
	}
	codes, isCodes := both.Field(0).(*array.List)
	texts, isTexts := both.Field(1).(*array.List)
	if !isCodes || !isTexts {
		return nil, nil, false
	}
	_, isCodes = codes.ListValues().(*array.Uint32)
	_, isTexts = texts.ListValues().(*array.Binary)
	return codes, texts, isCodes && isTexts
}
