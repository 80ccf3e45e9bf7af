package gather

import (
	"github.com/musterdb/muster/storage/column"
)

// run returns the rows as a stretch from..to if they are one: rows ascend.
func run(rows []uint32) (from, to int, ok bool) {
	if len(rows) == 0 {
		return 0, 0, false
	}
	from, to = int(rows[0]), int(rows[len(rows)-1])+1
	return from, to, to-from == len(rows)
}

// loadRun is loadInts of rows that ascend: a stretch without a gap is read without its row numbers.
func loadRun(dst []int64, c *column.Chunk, rows []uint32) []int64 {
	from, to, ok := run(rows)
	if !ok || c.Enc() != column.Narrow || c.Unit() != 1 {
		return loadInts(dst, c, rows)
	}
	dst = dst[:len(rows)]
	switch c.Width() {
	case 1:
		widen(dst, c.U8()[from:to], c.Base())
	case 2:
		widen(dst, c.U16()[from:to], c.Base())
	case 4:
		widen(dst, c.U32()[from:to], c.Base())
	default:
		widen(dst, c.U64()[from:to], c.Base())
	}
	return dst
}

func widen[T uint8 | uint16 | uint32 | uint64](dst []int64, raw []T, base int64) {
	dst = dst[:len(raw)]
	for i, v := range raw {
		dst[i] = base + int64(v)
	}
}

// loadInts sets dst to the values of rows of an integer column, one for each, and returns it. Those of null
// rows mean nothing.
func loadInts(dst []int64, c *column.Chunk, rows []uint32) []int64 {
	dst = dst[:len(rows)]
	if c.Enc() != column.Narrow {
		for i, row := range rows {
			dst[i] = c.Int(int(row))
		}
		return dst
	}
	switch c.Width() {
	case 1:
		load(dst, c.U8(), c.Base(), rows)
	case 2:
		load(dst, c.U16(), c.Base(), rows)
	case 4:
		load(dst, c.U32(), c.Base(), rows)
	default:
		load(dst, c.U64(), c.Base(), rows)
	}
	if unit := c.Unit(); unit != 1 {
		inUnits(dst, unit, c.MS(), rows)
	}
	return dst
}

// load adds base to raw values.
func load[T uint8 | uint16 | uint32 | uint64](dst []int64, raw []T, base int64, rows []uint32) {
	for i, row := range rows {
		dst[i] = base + int64(raw[row])
	}
}

// inUnits makes milliseconds of seconds and the rest that is stored beside them.
func inUnits(dst []int64, unit int64, ms []uint16, rows []uint32) {
	if ms == nil {
		for i := range dst {
			dst[i] *= unit
		}
		return
	}
	for i, row := range rows {
		dst[i] = dst[i]*unit + int64(ms[row])
	}
}
