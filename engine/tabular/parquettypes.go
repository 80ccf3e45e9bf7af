package tabular

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	pq "github.com/apache/arrow/go/v17/parquet/schema"
	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/engine/tabular/guard"
	"github.com/musterdb/muster/storage/schema"
)

// describe chooses a leaf's type and how its values become cells.
func (c *parquetColumn) describe(leaf *pq.Column) {
	logical := leaf.LogicalType()
	kind := func(k schema.Kind) { c.col.Type.Kind = k }
	switch t := leaf.PhysicalType(); t {
	case parquet.Types.Boolean:
		kind(schema.KindBool)
		openAs(c, func(col *Column, row int, v bool) string { col.int(row, truth(v)); return "" })
	case parquet.Types.Int32:
		c.describeInt(logical, 32)
	case parquet.Types.Int64:
		c.describeInt(logical, 64)
	case parquet.Types.Int96:
		kind(schema.KindTimestamp)
		openAs(c, func(col *Column, row int, v parquet.Int96) string {
			return addTime(col, row, floorDiv(v.ToTime().UnixNano(), 1_000_000), arrow.Millisecond)
		})
	case parquet.Types.Float:
		kind(schema.KindFloat)
		openAs(c, func(col *Column, row int, v float32) string { col.float(row, float64(v)); return "" })
	case parquet.Types.Double:
		kind(schema.KindFloat)
		openAs(c, func(col *Column, row int, v float64) string { col.float(row, v); return "" })
	case parquet.Types.ByteArray:
		put := c.bytesAs(logical)
		openAs(c, func(col *Column, row int, v parquet.ByteArray) string { return put(col, row, v) })
	case parquet.Types.FixedLenByteArray:
		if _, ok := logical.(pq.UUIDLogicalType); ok {
			c.unsupported("UUID")
			return
		}
		put := c.bytesAs(logical)
		openAs(c, func(col *Column, row int, v parquet.FixedLenByteArray) string { return put(col, row, v) })
	default:
		c.unsupported(t.String())
	}
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// describeInt is a leaf of 32 or 64 bits: a number, a decimal, a day, an instant.
func (c *parquetColumn) describeInt(logical pq.LogicalType, width int) {
	put := func(col *Column, row int, v int64) string { col.int(row, v); return "" }
	c.col.Type.Kind = schema.KindInt
	switch t := logical.(type) {
	case pq.DateLogicalType, *pq.DateLogicalType:
		c.col.Type.Kind = schema.KindDate
	case *pq.DecimalLogicalType:
		put = c.decimalOf(t)
	case *pq.TimestampLogicalType:
		c.col.Type.Kind, c.col.Local = schema.KindTimestamp, !t.IsAdjustedToUTC()
		unit := unitOf(t.TimeUnit())
		put = func(col *Column, row int, v int64) string { return addTime(col, row, v, unit) }
	case *pq.TimeLogicalType:
		c.unsupported(t.String())
		return
	case *pq.IntLogicalType:
		if !t.IsSigned() {
			put = unsigned(width)
		}
	}
	if width == 32 {
		openAs(c, func(col *Column, row int, v int32) string { return put(col, row, int64(v)) })
		return
	}
	openAs(c, func(col *Column, row int, v int64) string { return put(col, row, v) })
}

func unsigned(width int) func(*Column, int, int64) string {
	return func(col *Column, row int, v int64) string {
		if width == 32 {
			v = int64(uint32(v))
		}
		if v < 0 {
			return fmt.Sprintf("%d is too large for INT", uint64(v))
		}
		col.int(row, v)
		return ""
	}
}

func unitOf(u pq.TimeUnitType) arrow.TimeUnit {
	switch u {
	case pq.TimeUnitMicros:
		return arrow.Microsecond
	case pq.TimeUnitNanos:
		return arrow.Nanosecond
	}
	return arrow.Millisecond
}

// decimalOf is a decimal stored as an integer.
func (c *parquetColumn) decimalOf(t *pq.DecimalLogicalType) func(*Column, int, int64) string {
	scale := c.scale(t)
	return func(col *Column, row int, v int64) string {
		return addDecimal(col, row, exact.Decimal(exact.Int(v), scale))
	}
}

// scale sets the column's type for a decimal and returns the scale that is stored.
func (c *parquetColumn) scale(t *pq.DecimalLogicalType) uint8 {
	scale := t.Scale()
	if scale < 0 || scale > exact.MaxScale {
		c.unsupported(t.String())
		return 0
	}
	c.col.Type = schema.Type{Kind: schema.KindDecimal, Scale: uint8(min(scale, schema.MaxScale))}
	return uint8(scale)
}

// bytesAs is a text, or a decimal stored as big-endian bytes.
func (c *parquetColumn) bytesAs(logical pq.LogicalType) func(*Column, int, []byte) string {
	t, ok := logical.(*pq.DecimalLogicalType)
	if !ok {
		c.col.Type.Kind = schema.KindText
		return addText
	}
	scale := c.scale(t)
	return func(col *Column, row int, v []byte) string {
		n, ok := bigEndian(v)
		if !ok {
			return "the decimal has more than 128 bits"
		}
		return addDecimal(col, row, exact.Decimal(n, scale))
	}
}

func addText(c *Column, row int, v []byte) string {
	if reason := checkText(v, schema.MaxTextBytes); reason != "" {
		return reason
	}
	c.text(row, v)
	return ""
}

// bigEndian reads a two's complement integer.
func bigEndian(v []byte) (exact.Int128, bool) {
	if len(v) == 0 || len(v) > 64 {
		return exact.Int128{}, len(v) == 0
	}
	n := new(big.Int).SetBytes(v)
	if v[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(v))))
	}
	return exact.FromBig(n)
}

// batcher is what the typed column readers of the library have in common.
type batcher[T any] interface {
	ReadBatch(n int64, values []T, def, rep []int16) (total int64, read int, err error)
}

// openAs sets how a leaf's chunk is read: its values are of the physical type T.
func openAs[T any](c *parquetColumn, put func(c *Column, row int, v T) string) {
	lv := &c.levels
	c.open = func(chunk file.ColumnChunkReader) (values, error) {
		r, ok := chunk.(batcher[T])
		if !ok {
			return nil, errors.New("the column's type is not the schema's")
		}
		cells := &cells[T]{r: r, chunk: chunk, put: put, levels: *lv}
		if lv.list {
			return listCells[T]{cells}, nil
		}
		return cells, nil
	}
}

// readAhead is how many levels of a leaf are decoded at once.
const readAhead = 1024

// cells reads the cells of a leaf that is in no list.
type cells[T any] struct {
	r      batcher[T]
	chunk  file.ColumnChunkReader
	put    func(c *Column, row int, v T) string
	levels levels
	def    [readAhead]int16
	rep    [readAhead]int16
	vals   [readAhead]T
	at, n  int // levels
	val, m int // values
}

// more decodes the next levels; n is 0 at the end of the chunk.
func (s *cells[T]) more() error {
	total, read, err := s.r.ReadBatch(readAhead, s.vals[:], s.def[:], s.rep[:])
	if err == nil {
		err = s.chunk.Err()
	}
	if total < 0 || total > readAhead || read < 0 || read > readAhead {
		return guard.ErrParquet
	}
	s.at, s.n, s.val, s.m = 0, int(total), 0, read
	return err
}

// present says whether the next level has a value; ok is false at the end.
func (s *cells[T]) load() (ok bool, err error) {
	if s.at == s.n {
		err = s.more()
	}
	return s.at < s.n, err
}

// value returns the value that belongs to the current level.
func (s *cells[T]) value() (v T, err error) {
	if s.val == s.m {
		return v, errors.New("there are fewer values than rows")
	}
	s.val++
	return s.vals[s.val-1], nil
}

func (s *cells[T]) next(c *Column, row int) (string, error) {
	ok, err := s.load()
	if err != nil {
		return "", err
	}
	if !ok {
		return "", errors.New("the column has fewer rows than its row group")
	}
	s.at++
	if s.levels.maxDef > 0 && s.def[s.at-1] < s.levels.maxDef {
		c.null(row)
		return "", nil
	}
	v, err := s.value()
	if err != nil {
		return "", err
	}
	return s.put(c, row, v), nil
}

// listCells reads the cells of a list of texts.
type listCells[T any] struct{ s *cells[T] }

func (l listCells[T]) next(c *Column, row int) (reason string, err error) {
	s := l.s
	had, count := uint32(c.Texts.Len()), 0
	null := false
	for first := true; ; first = false {
		ok, err := s.load()
		if err != nil {
			return "", err
		}
		if !ok && first {
			return "", errors.New("the column has fewer rows than its row group")
		}
		if !ok || !first && s.rep[s.at] == 0 {
			break
		}
		def := s.def[s.at]
		s.at++
		null = null || def < s.levels.repDef-1
		if def < s.levels.maxDef {
			continue // an empty list, a null list or a null element
		}
		v, err := s.value()
		if err != nil {
			return "", err
		}
		if count++; reason == "" {
			reason = addElement(c, v, count)
		}
	}
	if reason != "" || null {
		c.cutTexts(had)
	}
	if reason == "" && null {
		c.null(row)
	} else if reason == "" {
		c.mark(row, true)
		c.endSet()
	}
	return reason, nil
}

// addElement adds an element of a SET.
func addElement[T any](c *Column, v T, count int) string {
	var text []byte
	switch v := any(v).(type) {
	case parquet.ByteArray:
		text = v
	case parquet.FixedLenByteArray:
		text = v
	}
	if count > schema.MaxSetValues {
		return fmt.Sprintf("the set has more than %d values", schema.MaxSetValues)
	}
	if reason := checkText(text, schema.MaxSetValueBytes); reason != "" {
		return reason
	}
	c.Texts.Append(text)
	return ""
}
