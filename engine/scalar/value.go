package scalar

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// Tri is a truth value of three-valued logic.
type Tri uint8

// The truth values.
const (
	False Tri = iota
	True
	Unknown
)

// Not returns the negation: unknown stays unknown.
func (t Tri) Not() Tri {
	switch t {
	case False:
		return True
	case True:
		return False
	}
	return Unknown
}

// Truth returns the truth value of a condition that is never unknown.
func Truth(b bool) Tri {
	if b {
		return True
	}
	return False
}

// Value is a value in the middle of an expression. A number (INT, DECIMAL, FLOAT) is in Num, exactly, and
// I, F and Scale are not used; Kind then says only which of the three it is. Every other kind is as
// schema.Value has it. The zero Value is null.
type Value struct {
	schema.Value
	Num exact.Number
}

// Of returns a column's value. A FLOAT that is NaN is null.
func Of(v schema.Value) Value {
	if v.Type().Numeric() {
		x, ok := exact.FromValue(v)
		if !ok {
			return Value{}
		}
		return Value{Value: schema.Value{Kind: v.Kind}, Num: x}
	}
	return Value{Value: v}
}

// Number returns a number as a Value.
func Number(x exact.Number) Value {
	kind := schema.KindInt
	switch {
	case x.Float():
		kind = schema.KindFloat
	case x.Quotient() || x.Scale() > 0:
		kind = schema.KindDecimal
	}
	return Value{Value: schema.Value{Kind: kind}, Num: x}
}

// Text returns a TEXT.
func Text(s string) Value { return Value{Value: schema.Value{Kind: schema.KindText, S: s}} }

// Bool returns a BOOL, null for Unknown.
func Bool(t Tri) Value {
	if t == Unknown {
		return Value{}
	}
	return whole(schema.KindBool, int64(t))
}

// whole returns a value of a kind that lives in I.
func whole(kind schema.Kind, i int64) Value {
	return Value{Value: schema.Value{Kind: kind, I: i}}
}

func intValue(i int64) Value { return Number(exact.FromInt(i)) }

// IsNumber says whether the value is a number, in Num.
func (v Value) IsNumber() bool { return v.Type().Numeric() }

// Tri returns the truth value of a condition's value.
func (v Value) Tri() Tri {
	if v.Null() {
		return Unknown
	}
	return Truth(v.I != 0)
}

// NewSet returns a SET of the texts, which may be in any order and repeat. It keeps and reorders elems.
func NewSet(elems []string) Value {
	slices.Sort(elems)
	return Value{Value: schema.Value{Kind: schema.KindSet, Set: slices.Compact(elems)}}
}

// Output returns the value as an answer's column of the type holds it: quotients are rounded half away
// from zero to the type's decimals. A number without a place in 64 bits is exact.ErrOverflow.
func Output(v Value, t plan.Type) (schema.Value, error) {
	if !v.IsNumber() {
		return v.Value, nil
	}
	if !t.Numeric() {
		t = plan.Of(v.Kind)
		t.Scale = uint8(min(v.Num.Scale(), schema.MaxScale))
	}
	return v.Num.ToValue(t)
}

// Compare orders two values that are not null: numbers by exact value, texts bytewise, sets by their
// sorted elements, KEYs as unsigned hashes, every other kind by its integer. The kinds must be the same,
// or both numbers.
func Compare(x, y Value) int {
	switch {
	case x.IsNumber() && y.IsNumber():
		return exact.Cmp(x.Num, y.Num)
	case x.Kind != y.Kind:
		return cmp.Compare(x.Kind, y.Kind)
	}
	switch x.Kind {
	case schema.KindText:
		return strings.Compare(x.S, y.S)
	case schema.KindSet:
		return slices.Compare(x.Set, y.Set)
	case schema.KindKey:
		return cmp.Compare(uint64(x.I), uint64(y.I))
	}
	return cmp.Compare(x.I, y.I)
}

// Append appends the value as text: as a cast to TEXT gives it, and as CSV and the shell show it. A SET is
// a JSON array, a KEY 16 hexadecimal digits, a DURATION such as 30d; null is nothing.
func (v Value) Append(dst []byte) []byte {
	if v.IsNumber() {
		return v.Num.Append(dst)
	}
	return AppendText(dst, v.Value)
}

// AppendText appends a column's value as Value.Append does.
func AppendText(dst []byte, v schema.Value) []byte {
	switch v.Kind {
	case schema.KindBool:
		if v.I != 0 {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case schema.KindInt, schema.KindDecimal:
		return exact.AppendDecimal(dst, v.I, v.Scale)
	case schema.KindFloat:
		return exact.AppendFloat(dst, v.F)
	case schema.KindText:
		return append(dst, v.S...)
	case schema.KindDate:
		return calendar.AppendDate(dst, v.I)
	case schema.KindTimestamp:
		return calendar.AppendTimestamp(dst, v.I)
	case schema.KindSet:
		return appendSet(dst, v.Set)
	case schema.KindKey:
		return AppendKey(dst, uint64(v.I))
	case schema.KindDuration:
		return append(dst, calendar.FormatDuration(v.I)...)
	}
	return dst
}

// AppendKey appends a KEY as 16 hexadecimal digits.
func AppendKey(dst []byte, hash uint64) []byte {
	const hex = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, hex[hash>>shift&15])
	}
	return dst
}

func appendSet(dst []byte, set []string) []byte {
	dst = append(dst, '[')
	for i, s := range set {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendJSONText(dst, s)
	}
	return append(dst, ']')
}

// AppendJSONText appends a text as a JSON string. Bytes that are not UTF-8 become U+FFFD, as JSON has no
// place for them.
func AppendJSONText[T string | []byte](dst []byte, s T) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	first, start, ascii := len(dst), 0, true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			ascii = ascii && c < 0x80
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\r':
			dst = append(dst, '\\', 'r')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	dst = append(dst, s[start:]...)
	if !ascii && !utf8.Valid(dst[first:]) {
		dst = append(dst[:first], bytes.ToValidUTF8(dst[first:], []byte("\uFFFD"))...)
	}
	return append(dst, '"')
}
