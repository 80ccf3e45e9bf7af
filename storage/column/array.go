package column

import (
	"fmt"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Array returns the chunk's raw values as an Arrow array without copying: unsigned integers as they are
// stored (value = Base + raw), booleans, or float64. It is a view under the rules of the package: it dies
// with the latch or pin, so it must not leave the engine. Encodings without a fixed width have none.
func (c *Chunk) Array() (arrow.Array, error) {
	dt, err := c.arrowType()
	if err != nil {
		return nil, err
	}
	var valid *memory.Buffer
	if v := c.Valid(); v != nil {
		valid = memory.NewBufferBytes(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*8))
	}
	data := array.NewData(dt, c.n, []*memory.Buffer{valid, memory.NewBufferBytes(c.data)}, nil, c.nulls, 0)
	defer data.Release()
	return array.MakeFromData(data), nil
}

func (c *Chunk) arrowType() (arrow.DataType, error) {
	switch c.enc {
	case Bits:
		return arrow.FixedWidthTypes.Boolean, nil
	case Floats:
		return arrow.PrimitiveTypes.Float64, nil
	case Narrow, Codes:
		switch c.width {
		case 1:
			return arrow.PrimitiveTypes.Uint8, nil
		case 2:
			return arrow.PrimitiveTypes.Uint16, nil
		case 4:
			return arrow.PrimitiveTypes.Uint32, nil
		}
		return arrow.PrimitiveTypes.Uint64, nil
	}
	return nil, fmt.Errorf("column: %v has no fixed-width array", c.enc)
}
