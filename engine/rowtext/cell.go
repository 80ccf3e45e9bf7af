package rowtext

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/musterdb/muster/engine/digits"
	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/storage/schema"
)

// appendPlain appends cell i, which is neither null nor TEXT, as text without quotes: the text that reads
// back as the value. A SET is a JSON array.
func (c *column) appendPlain(dst []byte, i int) []byte {
	switch c.kind {
	case schema.KindInt:
		return digits.AppendInt(dst, c.ints[i])
	case schema.KindDecimal:
		return appendDecimal(dst, c.decimals[i], c.scale)
	case schema.KindTimestamp:
		return c.appendTimestamp(dst, c.ints[i])
	case schema.KindDate:
		return c.day.append(dst, int64(c.days[i]))
	case schema.KindFloat:
		return exact.AppendFloat(dst, c.floats[i])
	case schema.KindBool:
		return c.appendBool(dst, i)
	case schema.KindKey:
		return scalar.AppendKey(dst, c.keys[i])
	case schema.KindDuration:
		return append(dst, calendar.FormatDuration(c.ints[i])...)
	case schema.KindSet:
		return c.appendSet(dst, i)
	}
	return dst
}

func (c *column) appendBool(dst []byte, i int) []byte {
	if i += c.bit; c.bits[i>>3]>>(i&7)&1 != 0 {
		return append(dst, "true"...)
	}
	return append(dst, "false"...)
}

func appendDecimal(dst []byte, v decimal128.Num, scale uint8) []byte {
	low := int64(v.LowBits())
	if low>>63 == v.HighBits() && int(scale) <= digits.MaxScale {
		return digits.AppendDecimal(dst, low, scale)
	}
	return exact.Decimal(exact.Int128{Hi: v.HighBits(), Lo: v.LowBits()}, scale).Append(dst)
}

// appendSet appends a SET as a JSON array.
func (c *column) appendSet(dst []byte, i int) []byte {
	dst = append(dst, '[')
	for j := c.ends[i]; j < c.ends[i+1]; j++ {
		if j > c.ends[i] {
			dst = append(dst, ',')
		}
		dst = appendJSONText(dst, c.elems.at(j))
	}
	return append(dst, ']')
}

// dayText is the text of the day that a column printed last: days repeat from row to row.
type dayText struct {
	day  int64
	n    int
	text [24]byte
}

// append appends a day as 2026-04-01.
func (t *dayText) append(dst []byte, day int64) []byte {
	if t.n == 0 || t.day != day {
		t.day, t.n = day, len(calendar.AppendDate(t.text[:0], day))
	}
	return append(dst, t.text[:t.n]...)
}

const dayMS = 24 * 60 * 60 * 1000

// appendTimestamp appends an instant as calendar.AppendTimestamp does.
func (c *column) appendTimestamp(dst []byte, ms int64) []byte {
	day := ms / dayMS
	if ms%dayMS < 0 {
		day--
	}
	of := uint32(ms - day*dayMS)
	dst = c.day.append(dst, day)
	s := of / 1000
	h, m := s/3600, s/60%60
	dst = append(dst, 'T', byte('0'+h/10), byte('0'+h%10), ':', byte('0'+m/10), byte('0'+m%10), ':', byte('0'+s%60/10), byte('0'+s%10))
	if milli := of % 1000; milli != 0 {
		dst = append(dst, '.', byte('0'+milli/100), byte('0'+milli/10%10), byte('0'+milli%10))
	}
	return append(dst, 'Z')
}

// appendJSON appends cell i as a JSON value: numbers with all their digits, a FLOAT that is infinite as
// null, everything else but BOOL and SET as a string.
func (c *column) appendJSON(dst []byte, i int) []byte {
	if c.null(i) {
		return append(dst, "null"...)
	}
	switch c.kind {
	case schema.KindText:
		if !c.clean {
			return appendJSONText(dst, c.cell(i))
		}
		dst = append(dst, '"')
		dst = append(dst, c.cell(i)...)
		return append(dst, '"')
	case schema.KindFloat:
		if f := c.floats[i]; math.IsInf(f, 0) || f != f {
			return append(dst, "null"...)
		}
	case schema.KindDate, schema.KindTimestamp, schema.KindKey, schema.KindDuration:
		dst = c.appendPlain(append(dst, '"'), i)
		return append(dst, '"')
	}
	return c.appendPlain(dst, i)
}

// appendCSV appends cell i as a CSV field: null is empty, the empty text is "".
func (c *column) appendCSV(dst []byte, i int) []byte {
	if c.null(i) {
		return dst
	}
	switch c.kind {
	case schema.KindText:
		cell := c.cell(i)
		if c.clean && len(cell) > 0 {
			return append(dst, cell...)
		}
		return appendCSVText(dst, cell)
	case schema.KindSet:
		var own [256]byte
		return appendCSVText(dst, c.appendSet(own[:0], i))
	}
	return c.appendPlain(dst, i)
}
