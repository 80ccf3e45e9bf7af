package guard

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

func words(v ...int32) *memory.Buffer {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, uint32(x))
	}
	return memory.NewBufferBytes(b)
}

// TestCheckArray holds what a decoder lets through and a value access would panic of.
func TestCheckArray(t *testing.T) {
	text, i32 := arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32
	data := func(t arrow.DataType, n, off int, bufs ...*memory.Buffer) *array.Data {
		return array.NewData(t, n, bufs, nil, 0, off)
	}
	abc := memory.NewBufferBytes([]byte("abc"))
	dict := &arrow.DictionaryType{IndexType: i32, ValueType: text}
	two := data(text, 2, 0, nil, words(0, 1, 3), abc)
	list := arrow.ListOf(text)
	str := arrow.StructOf(arrow.Field{Name: "x", Type: text})
	for _, c := range []struct {
		name string
		d    *array.Data
		bad  string
	}{
		{"good text", data(text, 2, 0, nil, words(0, 1, 3), abc), ""},
		{"good slice", data(text, 1, 1, nil, words(9, 1, 3), abc), ""},
		{"offsets past the end", data(text, 2, 0, nil, words(0, 1, 4), abc), "point past"},
		{"offsets that fall", data(text, 2, 0, nil, words(0, 2, 1), abc), "do not rise"},
		{"negative offset", data(text, 1, 0, nil, words(-1, 1), abc), "do not rise"},
		{"too few offsets", data(text, 3, 0, nil, words(0, 1, 3), abc), "shorter"},
		{"short numbers", data(i32, 3, 0, nil, words(1, 2)), "shorter"},
		{"short by the offset", data(i32, 2, 1, nil, words(1, 2)), "shorter"},
		{"short validity", data(i32, 9, 0, memory.NewBufferBytes([]byte{1}), words(1, 2, 3, 4, 5, 6, 7, 8, 9)), "shorter"},
		{"no buffer", data(i32, 1, 0, nil, nil), "shorter"},
		{"good dictionary", array.NewDataWithDictionary(dict, 2, []*memory.Buffer{nil, words(1, 0)}, 0, 0, two), ""},
		{"index past the end", array.NewDataWithDictionary(dict, 2, []*memory.Buffer{nil, words(0, 2)}, 0, 0, two), "past the end"},
		{"negative index", array.NewDataWithDictionary(dict, 2, []*memory.Buffer{nil, words(0, -1)}, 0, 0, two), "past the end"},
		{"index of a null", array.NewDataWithDictionary(dict, 2, []*memory.Buffer{memory.NewBufferBytes([]byte{1}), words(0, 9)}, 1, 0, two), ""},
		{"no dictionary", data(dict, 1, 0, nil, words(0)), "not there"},
		{"list past its values", array.NewData(list, 1, []*memory.Buffer{nil, words(0, 3)}, []arrow.ArrayData{two}, 0, 0), "point past"},
		{"bad values of a list", array.NewData(list, 1, []*memory.Buffer{nil, words(0, 1)}, []arrow.ArrayData{data(text, 1, 0, nil, words(0, 9), abc)}, 0, 0), "point past"},
		{"short child of a struct", array.NewData(str, 3, []*memory.Buffer{nil}, []arrow.ArrayData{two}, 0, 0), "shorter"},
		{"struct without fields", array.NewData(str, 1, []*memory.Buffer{nil}, nil, 0, 0), "without its fields"},
	} {
		err := checkArray(c.d, c.d.DataType(), 0)
		switch {
		case c.bad == "" && err != nil, c.bad != "" && (err == nil || !strings.Contains(err.Error(), c.bad)):
			t.Errorf("%s: %v, want %q", c.name, err, c.bad)
		}
	}
	s := arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.Null}}, nil)
	many := array.NewRecord(s, []arrow.Array{array.NewNull(1 << 20)}, 1<<20)
	if err := CheckRecord(many); err == nil || !strings.Contains(err.Error(), "without any value") {
		t.Errorf("a million nulls of no bytes: %v", err)
	}
	if err := CheckRecord(array.NewRecord(s, []arrow.Array{array.NewNull(MaxRows + 1)}, MaxRows+1)); err == nil {
		t.Error("a batch of any number of rows")
	}
}
