package guard

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// MaxRows is the most rows of one record batch: a batch of nulls takes no bytes whatever it claims.
const MaxRows = 1 << 24

// maxEmptyRows is the most rows of a batch none of whose columns has a byte.
const maxEmptyRows = 8192

// CheckRecord checks, before any value is touched, that every buffer is as long as the rows need, that
// offsets rise and stay in bounds, and that dictionary indices exist: the decoder believes all of them.
func CheckRecord(rec arrow.Record) error {
	if n := rec.NumRows(); n < 0 || n > MaxRows {
		return fmt.Errorf("%d rows in one batch; the most is %d", n, MaxRows)
	}
	bytes := 0
	for i, a := range rec.Columns() {
		name := rec.ColumnName(i)
		if int64(a.Len()) != rec.NumRows() {
			return fmt.Errorf("column %s has %d rows, the batch %d", name, a.Len(), rec.NumRows())
		}
		if err := checkArray(a.Data(), a.DataType(), 0); err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
		for _, b := range a.Data().Buffers() {
			if b != nil {
				bytes += b.Len()
			}
		}
	}
	if bytes == 0 && rec.NumRows() > maxEmptyRows {
		return fmt.Errorf("%d rows without any value", rec.NumRows())
	}
	return nil
}

var errShort = errors.New("a buffer is shorter than the rows need")

// checkArray checks one array and its children.
func checkArray(d arrow.ArrayData, t arrow.DataType, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("types nest deeper than %d levels", maxDepth)
	}
	n, off := int64(d.Len()), int64(d.Offset())
	if n < 0 || off < 0 || n+off > 1<<32 {
		return errors.New("a length is out of range")
	}
	if valid := buffer(d, 0); len(valid) > 0 && int64(len(valid)) < (n+off+7)/8 {
		return errShort
	}
	switch t := t.(type) {
	case *arrow.NullType:
		return nil
	case *arrow.DictionaryType:
		return checkDictionary(d, t, depth)
	case *arrow.StringType, *arrow.BinaryType:
		_, err := checkOffsets(d, 4, int64(len(buffer(d, 2))))
		return err
	case *arrow.LargeStringType, *arrow.LargeBinaryType:
		_, err := checkOffsets(d, 8, int64(len(buffer(d, 2))))
		return err
	case *arrow.ListType:
		return checkList(d, t.Elem(), 4, depth)
	case *arrow.LargeListType:
		return checkList(d, t.Elem(), 8, depth)
	case *arrow.StructType:
		return checkStruct(d, t, depth)
	case arrow.FixedWidthDataType:
		if int64(len(buffer(d, 1))) < ((n+off)*int64(t.BitWidth())+7)/8 {
			return errShort
		}
	}
	return nil // no value of any other type is ever read
}

// buffer returns the bytes of buffer i, nil if there is none.
func buffer(d arrow.ArrayData, i int) []byte {
	if bufs := d.Buffers(); i < len(bufs) && bufs[i] != nil {
		return bufs[i].Bytes()
	}
	return nil
}

// checkOffsets checks that offsets rise from 0 or more to at most limit, and returns the last.
func checkOffsets(d arrow.ArrayData, width int, limit int64) (last int64, err error) {
	if d.Len() == 0 {
		return 0, nil
	}
	raw := buffer(d, 1)
	from, to := d.Offset()*width, (d.Offset()+d.Len()+1)*width
	if len(raw) < to {
		return 0, errShort
	}
	for ; from < to; from += width {
		v := int64(int32(binary.LittleEndian.Uint32(raw[from:])))
		if width == 8 {
			v = int64(binary.LittleEndian.Uint64(raw[from:]))
		}
		if v < last || v > limit {
			return 0, errors.New("offsets do not rise, or point past the end")
		}
		last = v
	}
	return last, nil
}

func checkList(d arrow.ArrayData, elem arrow.DataType, width, depth int) error {
	if len(d.Children()) != 1 {
		return errors.New("a list without its values")
	}
	child := d.Children()[0]
	if _, err := checkOffsets(d, width, int64(child.Len())); err != nil {
		return err
	}
	return checkArray(child, elem, depth+1)
}

func checkStruct(d arrow.ArrayData, t *arrow.StructType, depth int) error {
	if len(d.Children()) != t.NumFields() {
		return errors.New("a struct without its fields")
	}
	for i, child := range d.Children() {
		if child.Len() < d.Len()+d.Offset() {
			return errShort
		}
		if err := checkArray(child, t.Field(i).Type, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func checkDictionary(d arrow.ArrayData, t *arrow.DictionaryType, depth int) error {
	index, ok := t.IndexType.(arrow.FixedWidthDataType)
	if !ok {
		return errors.New("a dictionary whose indices are no integers")
	}
	width := index.BitWidth() / 8
	raw, valid := buffer(d, 1), buffer(d, 0)
	if len(raw) < (d.Len()+d.Offset())*width {
		return errShort
	}
	if dict, ok := d.Dictionary().(*array.Data); !ok || dict == nil {
		return errors.New("a dictionary that is not there")
	}
	values := uint64(d.Dictionary().Len())
	for i := d.Offset(); i < d.Offset()+d.Len(); i++ {
		null := len(valid) > 0 && valid[i>>3]>>(i&7)&1 == 0
		// A negative index is a large one when its bits are read as unsigned.
		if !null && littleEndian(raw[i*width:], width) >= values {
			return errors.New("a dictionary index points past the end")
		}
	}
	return checkArray(d.Dictionary(), t.ValueType, depth+1)
}

func littleEndian(b []byte, width int) (v uint64) {
	for i := width - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}
